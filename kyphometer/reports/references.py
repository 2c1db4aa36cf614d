"""The software and the publications that a study's methods rest on, as they were used."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.study import StudyResults

_PACKAGES = (
    ("NumPy", "numpy", "Harris and others, Nature 2020;585:357, doi 10.1038/s41586-020-2649-2"),
    ("SciPy", "scipy", "Virtanen and others, Nat Methods 2020;17:261, doi "
     "10.1038/s41592-019-0686-2"),
    ("Matplotlib", "matplotlib", "Hunter, Comput Sci Eng 2007;9:90, doi 10.1109/MCSE.2007.55"),
)  # fmt: skip
_PUBLICATIONS: tuple[tuple[Callable[[StudyResults], bool], str], ...] = (
    (lambda r: any(item.precision for item in r.cohort.angles),
     "Minimal detectable change: Weir, J Strength Cond Res 2005;19:231, doi 10.1519/15184.1."),
    (lambda r: bool(r.cohort.angles or r.cohort.scores),
     "Adjusted p values: Holm, Scand J Stat 1979;6:65."),
    (lambda r: any(e.anova for e in _endpoints(r)),
     "Repeated measures: Greenhouse and Geisser, Psychometrika 1959;24:95, doi "
     "10.1007/BF02289823."),
    (lambda r: any(e.mixed for e in _endpoints(r)),
     "Mixed model: Kenward and Roger, Biometrics 1997;53:983, doi 10.2307/2533558."),
    (lambda r: bool(r.cohort.complications.any.total),
     "Exact intervals: Clopper and Pearson, Biometrika 1934;26:404, doi 10.1093/biomet/26.4.404."),
    (lambda r: bool(r.cohort.symptoms),
     "Symptoms: McNemar, Psychometrika 1947;12:153, doi 10.1007/BF02295996; Tango, Stat Med "
     "1998;17:891."),
    (lambda r: bool(r.cohort.times),
     "Time to an event: Kaplan and Meier, J Am Stat Assoc 1958;53:457, doi "
     "10.1080/01621459.1958.10501452; Fay, Brittain and Proschan, Biostatistics 2013;14:723, doi "
     "10.1093/biostatistics/kxt016."),
    (lambda r: r.cohort.arms is not None,
     "Treatment groups: Newcombe, Stat Med 1998;17:873; Laud, Pharm Stat 2017;16:334, doi "
     "10.1002/pst.1813; Pustejovsky and Tipton, J Bus Econ Stat 2018;36:672, doi "
     "10.1080/07350015.2016.1247004; important changes: Ostelo and others, Spine 2008;33:90, doi "
     "10.1097/BRS.0b013e31815e3a10."),
    (lambda r: bool(r.cohort.lost),
     "Missing values: White, Carpenter and Horton, Stat Sinica 2018;28:1985."),
    (lambda _: True,
     "Reporting: von Elm and others (STROBE), Lancet 2007;370:1453, doi "
     "10.1016/S0140-6736(07)61602-X."),
)  # fmt: skip


def references(results: StudyResults) -> tuple[str, ...]:
    """One line each: the program, the packages that computed, and the methods that were used."""
    packages = [
        f"{name} {installed}: {cited}."
        for name, package, cited in _PACKAGES
        if (installed := _installed(package))
    ]
    program = results.software[:1].upper() + results.software[1:]
    return (
        f"{program}: kyphosis on lateral spine films; cite it as its file CITATION.cff says.",
        *packages,
        *(text for used, text in _PUBLICATIONS if used(results)),
    )


def _endpoints(results: StudyResults) -> list[EndpointAnalysis]:
    cohort = results.cohort
    return [*(item.endpoint for item in cohort.angles), *cohort.scores]


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # frozen into a program of its own
        return ""
