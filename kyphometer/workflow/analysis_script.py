"""The R program that reads a study's tidy file and repeats the report's main results."""

from __future__ import annotations

from collections.abc import Sequence

from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.workflow.analysis_file import column_name

_HEAD = """# Reads analysis.csv beside this file and repeats the main results of the report.
# Base R is enough: Rscript analysis.R
at <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
here <- if (length(at)) dirname(at[1]) else "."
d <- read.csv(file.path(here, "analysis.csv"), na.strings = "", stringsAsFactors = FALSE)
visits <- c({visits})
d$visit <- factor(d$visit, levels = visits)

# Paired t test from one visit to another. Of angles, `stated` is the column that is empty where a
# change may not be stated (positions that differ or are not known).
paired <- function(name, first, last, stated = name) {{
  x <- d[d$visit == first, c("patient", name)]
  y <- d[d$visit == last & !is.na(d[[stated]]), c("patient", name)]
  m <- merge(x, y, by = "patient")
  m <- m[complete.cases(m), ]
  if (nrow(m) < 2) return(NULL)
  test <- t.test(m[[2]], m[[3]], paired = TRUE, conf.level = {confidence})
  data.frame(
    endpoint = name, first = first, last = last, n = nrow(m),
    mean_first = mean(m[[2]]), sd_first = sd(m[[2]]),
    mean_last = mean(m[[3]]), sd_last = sd(m[[3]]),
    difference = unname(test$estimate), low = test$conf.int[1], high = test$conf.int[2],
    p = test$p.value
  )
}}

cat("From the first to the last visit\\n")
print(rbind(
{pairs}
), digits = 10)
"""

_ARMS = """
# Treatment groups: difference from the reference at a visit, adjusted for the value before surgery.
adjusted <- function(name, visit, group, stated = name) {{
  x <- d[d$visit == "{baseline}", c("patient", name)]
  names(x)[2] <- "before"
  y <- d[d$visit == visit & d$arm %in% c(group, "{reference}") & !is.na(d[[stated]]), ]
  m <- merge(x, y, by = "patient")
  m$group <- as.integer(m$arm == group)
{covariates}
  fit <- lm(reformulate(c("group", "before"{terms}), name), data = m)
  difference <- unname(coef(fit)["group"])
{errors}
  half <- qt(0.5 + {confidence} / 2, df) * error
  data.frame(
    endpoint = name, visit = visit, group = group, n = nobs(fit), difference = difference,
    low = difference - half, high = difference + half, df = df,
    p = 2 * pt(-abs(difference / error), df)
  )
}}

cat("\\nTreatment groups, difference from {reference}\\n")
print(rbind(
{effects}
), digits = 10)
"""


_EQUAL = """  error <- summary(fit)$coefficients["group", 2]
  df <- fit$df.residual"""
_UNEQUAL = """  # errors that hold where groups scatter unequally: HC2, df of Bell and McCaffrey
  x <- model.matrix(fit)
  b <- solve(crossprod(x))
  free <- 1 - rowSums((x %*% b) * x)
  pull <- ifelse(free < 1e-10, 0, (x %*% b[, "group"]) / sqrt(pmax(free, 1e-10)))
  error <- sqrt(sum((pull * resid(fit))^2))
  g <- diag(as.vector(pull^2)) - (x * as.vector(pull)) %*% b %*% t(x * as.vector(pull))
  df <- sum(diag(g))^2 / sum(g^2)"""


def analysis_script(results: StudyResults) -> str:
    """The program's text."""
    cohort = results.cohort
    confidence = f"{cohort.options.confidence:g}"
    endpoints = [
        *((item.endpoint, True) for item in cohort.angles),
        *((s, False) for s in cohort.scores),
    ]
    baseline = str(cohort.rules.windows.baseline)
    text = _HEAD.format(
        visits=", ".join(_quoted(str(v)) for v in cohort.rules.windows.visits),
        confidence=confidence,
        pairs=",\n".join(
            f"  paired({_arguments(endpoint, endpoint.visits[-1], angle, baseline)})"
            for endpoint, angle in endpoints
        ),
    )
    if cohort.arms is None:
        return text
    angles = {item.code for item in cohort.angles}
    rows = [
        _effect(effect.endpoint, effect.visit, effect.arm, effect.endpoint in angles)
        for effect in cohort.arms.effects
        if effect.adjusted is not None
    ]
    if not rows:
        return text
    return text + _ARMS.format(
        baseline=baseline,
        reference=_escaped(cohort.arms.reference),
        confidence=confidence,
        errors=_EQUAL if cohort.options.equal_scatter else _UNEQUAL,
        effects=",\n".join(rows),
        covariates=_prepared(cohort.arms.rules.covariates),
        terms="".join(f", {_quoted(_term(name))}" for name in cohort.arms.rules.covariates),
    )


def _arguments(endpoint: EndpointAnalysis, last: str, angle: bool, baseline: str) -> str:
    name, first = column_name(endpoint.name), endpoint.visits[0]
    given = [_quoted(name), _quoted(first), _quoted(last)]
    if angle and first == baseline and last != first:
        given.append(_quoted(f"{name}_correction"))
    return ", ".join(given)


def _effect(endpoint: str, visit: str, arm: str, angle: bool) -> str:
    name = column_name(endpoint)
    given = [_quoted(name), _quoted(visit), _quoted(arm)]
    if angle:
        given.append(_quoted(f"{name}_correction"))
    return f"  adjusted({', '.join(given)})"


def _prepared(covariates: Sequence[str]) -> str:
    """Lines that make numbers of covariates that are words."""
    line = '  m$female <- ifelse(m$sex == "female", 1, ifelse(m$sex == "male", 0, NA))'
    return line if "sex" in covariates else ""


def _term(covariate: str) -> str:
    return "female" if covariate == "sex" else column_name(covariate)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'
