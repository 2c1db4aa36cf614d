"""Acceptance of an installation, after every upgrade: films with truth, and what must come out.

`run.accept` works through `steps` on the two films in `films/` and on one that is simulated on the
spot, and holds what it finds against `films/expected.json`; `records` keeps runs and finds the last
one. `benchmarks/acceptance_films.py` made films and list.
"""
