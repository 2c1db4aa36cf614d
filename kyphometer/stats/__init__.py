"""Statistics on plain arrays, shared by the follow-up of patients and the reliability of readings.

Every function takes numbers, states what it did in its result, and refuses what it cannot do;
none chooses a test by looking at the data. See science.md#change for the choices.

- what goes in and comes out: `options` (own choices and SPSS's), `values`, `estimate` (a number
  with its interval), `tabular` (results as rows), `formatting` (the one printing of p);
- visits of the same patients: `descriptive`, `normality`, `paired`, `signed_rank`, `families` (all
  pairs, Holm), `repeated` (RM-ANOVA, Friedman), `mixed` (missing visits, on
  `linear_reml`: REML of a linear covariance with Kenward-Roger);
- counts: `ordinal` (AIS transitions), `association` (Fisher, chi-square), `proportions`;
- `distributions` and `pivots` (generalised confidence intervals).
"""
