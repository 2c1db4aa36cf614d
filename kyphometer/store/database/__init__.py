"""Connections, tables, migrations, audit trail and integrity."""
