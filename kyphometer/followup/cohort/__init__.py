"""Every result of the study, as plain result objects for tables, figures and reports.

`analysis.analyse_cohort` gives all of them at once: `flow` (who was there when), `table_one`,
`endpoints` (a number over visits: VAS, ODI, angles), `radiographic`, `neurology`, `complications`.
"""
