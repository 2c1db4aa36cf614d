"""From angles and a clinical table to what changed: visits, correction, outcomes, tests.

The parts, in the order in which a study uses them:

- `visits`: film dates against the surgery date give pre-op, discharge, 1 month and 6 months;
- `correction`: change and loss of each patient, judged against measurement error;
- `clinical`: the clinical table (pain, disability, neurology, complications) and its import;
- `cohort`: every result of the study as plain result objects.

Descriptive numbers and tests come from `kyphometer.stats`. Nothing here reads films or draws:
angles come in as numbers with their endplate pair.
"""
