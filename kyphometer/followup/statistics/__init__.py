"""Statistics of repeated visits, on plain arrays.

Every function takes numbers, states what it did in its result, and refuses what it cannot do;
none chooses a test by looking at the data. See SCIENCE 3.6 to 3.9 for the choices.

`options` (own choices and SPSS's), `descriptive`, `normality`, `paired`, `signed_rank`,
`families` (all pairs, Holm), `repeated` (RM-ANOVA, Friedman), `mixed` (missing visits),
`ordinal` (AIS transitions), `association` (Fisher, chi-square), `proportions`, `formatting`.
"""
