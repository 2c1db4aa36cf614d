"""The results of a paper in sentences: each endpoint from first to last visit, complications."""

from __future__ import annotations

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.reports.journal_words import say
from kyphometer.stats.formatting import format_mean_sd, format_number, format_p_statement


def journal_sentences(cohort: CohortResults) -> list[str]:
    """A sentence for each endpoint that was compared, and one on complications."""
    labels = cohort.rules.windows.labels
    units = {"deg": "°", "%": " %"}
    found = []
    for endpoint in _endpoints(cohort):
        pair = endpoint.first_to_last
        if pair is None or pair.t is None:
            continue
        t = pair.t
        found.append(
            say(
                "journal.said",
                name=endpoint.name,
                unit=units.get(endpoint.unit, ""),
                first=labels.get(pair.first, pair.first),
                last=labels.get(pair.second, pair.second),
                first_mean=format_mean_sd(t.mean_first, t.sd_first),
                last_mean=format_mean_sd(t.mean_second, t.sd_second),
                count=t.n,
                change=format_number(-t.mean_difference),
                low=format_number(-t.high),
                high=format_number(-t.low),
                p=format_p_statement(pair.p_t_holm),
            )
        )
    share = cohort.complications.any
    if share.total and share.exact_low is not None and share.exact_high is not None:
        found.append(
            say(
                "journal.complications",
                count=share.count,
                total=share.total,
                low=format_number(100 * share.exact_low),
                high=format_number(100 * share.exact_high),
            )
        )
    return found


def _endpoints(cohort: CohortResults) -> list[EndpointAnalysis]:
    return [*(item.endpoint for item in cohort.angles), *cohort.scores]
