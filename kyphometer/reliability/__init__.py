"""Reliability: how far readings can be trusted, from planning a study to its statistics.

`analyse` makes everything of a table of readings; the functions behind it take plain arrays.
"""

from kyphometer.reliability.accuracy import Accuracy, accuracy, table_accuracy
from kyphometer.reliability.agreement import BlandAltman, LimitBounds, bland_altman
from kyphometer.reliability.agreement_repeated import (
    RepeatedLimits,
    limits_true_value_constant,
    limits_true_value_varies,
)
from kyphometer.reliability.analysis import GroupAnalysis, ReliabilityAnalysis, analyse
from kyphometer.reliability.bootstrap import ClusterBootstrap, cluster_bootstrap
from kyphometer.reliability.categorical import (
    Kappa,
    KappaWeights,
    MultiObserverAgreement,
    cohen_kappa,
    multi_observer_agreement,
)
from kyphometer.reliability.category_csv import read_category_table
from kyphometer.reliability.category_table import (
    CategoryAnalysis,
    CategoryRow,
    analyse_categories,
)
from kyphometer.reliability.collected import (
    CollectedReadings,
    HiddenPair,
    HiddenResult,
    ReliabilityResults,
    evaluate,
)
from kyphometer.reliability.component_intervals import Precision
from kyphometer.reliability.components import VarianceComponents, variance_components
from kyphometer.reliability.control_charts import (
    ControlChart,
    individuals_chart,
    mean_and_sd_charts,
    share_chart,
)
from kyphometer.reliability.disagreements import Disagreement, gross_disagreements
from kyphometer.reliability.gauge import GaugeStudy, gauge_study
from kyphometer.reliability.grras import ChecklistItem, StudyFacts, grras_checklist
from kyphometer.reliability.icc import (
    IntraclassCorrelation,
    IntraclassCorrelations,
    intraclass_correlations,
)
from kyphometer.reliability.landmark_readings import (
    LandmarkAnalysis,
    MarkedFilm,
    landmark_analysis,
)
from kyphometer.reliability.landmarks import (
    AngleError,
    EndplatePrecision,
    angle_error,
    endplate_error,
)
from kyphometer.reliability.limit_factors import (
    LimitFactors,
    individual_factors,
    pair_factors,
    tolerance_factor,
)
from kyphometer.reliability.observers import ObserverResult, observer_results
from kyphometer.reliability.planning_icc import (
    SampleSize,
    films_for_icc,
    films_for_icc_lower_limit,
    films_for_icc_walter,
    films_for_icc_width,
    icc_power,
    sem_interval_factors,
)
from kyphometer.reliability.planning_limits import limits_power, pairs_for_limits
from kyphometer.reliability.repeatability import Repeatability, repeatability
from kyphometer.reliability.table import ReadingTable, ValueRow
from kyphometer.reliability.table_csv import parse_reading_table, read_reading_table
from kyphometer.reliability.words import Verdict, at_most, change_sentence, icc_words, within
from kyphometer.stats.estimate import Estimate, NotComputed, Result

__all__ = [
    "Accuracy",
    "AngleError",
    "BlandAltman",
    "CategoryAnalysis",
    "CategoryRow",
    "ChecklistItem",
    "ClusterBootstrap",
    "CollectedReadings",
    "ControlChart",
    "Disagreement",
    "EndplatePrecision",
    "Estimate",
    "GaugeStudy",
    "GroupAnalysis",
    "HiddenPair",
    "HiddenResult",
    "IntraclassCorrelation",
    "IntraclassCorrelations",
    "Kappa",
    "KappaWeights",
    "LandmarkAnalysis",
    "LimitBounds",
    "LimitFactors",
    "MarkedFilm",
    "MultiObserverAgreement",
    "NotComputed",
    "ObserverResult",
    "Precision",
    "ReadingTable",
    "ReliabilityAnalysis",
    "ReliabilityResults",
    "Repeatability",
    "RepeatedLimits",
    "Result",
    "SampleSize",
    "StudyFacts",
    "ValueRow",
    "VarianceComponents",
    "Verdict",
    "accuracy",
    "analyse",
    "analyse_categories",
    "angle_error",
    "at_most",
    "bland_altman",
    "change_sentence",
    "cluster_bootstrap",
    "cohen_kappa",
    "endplate_error",
    "evaluate",
    "films_for_icc",
    "films_for_icc_lower_limit",
    "films_for_icc_walter",
    "films_for_icc_width",
    "gauge_study",
    "gross_disagreements",
    "grras_checklist",
    "icc_power",
    "icc_words",
    "individual_factors",
    "individuals_chart",
    "intraclass_correlations",
    "landmark_analysis",
    "limits_power",
    "limits_true_value_constant",
    "limits_true_value_varies",
    "mean_and_sd_charts",
    "multi_observer_agreement",
    "observer_results",
    "pair_factors",
    "pairs_for_limits",
    "parse_reading_table",
    "read_category_table",
    "read_reading_table",
    "repeatability",
    "sem_interval_factors",
    "share_chart",
    "table_accuracy",
    "tolerance_factor",
    "variance_components",
    "within",
]
