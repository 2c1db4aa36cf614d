"""Writing a study for a statistician: tidy file in three formats, codebook, R program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kyphometer.errors import StudyRefusedError
from kyphometer.followup.clinical.record import ClinicalTable
from kyphometer.followup.cohort.arms import one_spelling
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.store import Study
from kyphometer.tables.data_file import (
    write_codebook_csv,
    write_data_csv,
    write_data_sav,
    write_data_xlsx,
)
from kyphometer.workflow.analysis_file import analysis_file
from kyphometer.workflow.analysis_script import analysis_script
from kyphometer.workflow.study import (
    DEFAULT_CHOICES,
    AnalysisChoices,
    analyse_study,
    clinical_table,
)


def analysed_for(
    study: Study, folder: Path, choices: AnalysisChoices
) -> tuple[StudyResults, ClinicalTable]:
    """Results and clinical table of one moment, for files in a new folder.

    Raises
    ------
    StudyRefusedError
        If the folder holds anything already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyRefusedError("folder_there", folder=folder)
    with study.snapshot(choices.codes) as still:
        return analyse_study(still, choices), clinical_table(still)


def export_analysis(
    study: Study, folder: Path, choices: AnalysisChoices = DEFAULT_CHOICES
) -> dict[str, int]:
    """Write `analysis.csv`, `.xlsx`, `.sav`, `codebook.csv` and `analysis.R` into a new folder.

    Returns
    -------
    Rows and columns of the tidy file, by name.

    Raises
    ------
    StudyRefusedError
        If the folder holds anything already.
    """
    results, table = analysed_for(study, folder, choices)
    records, _ = one_spelling(table.records)
    data = analysis_file(results, replace(table, records=tuple(records)))
    folder.mkdir(parents=True, exist_ok=True)
    write_data_csv(data, folder / "analysis.csv")
    write_data_xlsx(data, folder / "analysis.xlsx")
    write_data_sav(data, folder / "analysis.sav")
    write_codebook_csv(data, folder / "codebook.csv")
    (folder / "analysis.R").write_text(analysis_script(results), encoding="utf-8")
    return {"rows": len(data.rows), "columns": len(data.columns)}
