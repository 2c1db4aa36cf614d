"""A whole archive measured: every film once, on all cores or on a cluster, whatever stops it.

`run_batch` is the door. `task` is what is done to one film, in a process of its own; `spread`
hands films out and outlives a film that ends its process; `journal` keeps what is done, so that a
run that was stopped goes on; `table` writes the results.
"""

from __future__ import annotations

from kyphometer.workflow.batch.run import BatchPlan, BatchReport, run_batch
from kyphometer.workflow.batch.task import COLUMNS, FilmTask

__all__ = ["COLUMNS", "BatchPlan", "BatchReport", "FilmTask", "run_batch"]
