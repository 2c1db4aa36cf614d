"""The clinical table: one row a patient, documented columns, imported whole or not at all.

`columns` documents every column, `template` writes an empty table, `reader` reads the cells of
`kyphometer.tables` and reports every problem with file, row, column and remedy, `record` is what
comes out.
"""
