"""The clinical table: one row a patient, documented columns, imported whole or not at all.

`columns` documents every column, `template` writes an empty table, `reader` reads CSV and XLSX and
reports every problem with file, row, column and remedy, `record` is what comes out.
"""
