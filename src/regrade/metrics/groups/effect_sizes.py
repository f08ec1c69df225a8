"""How much scores of one kind of question differ from those of another: drop rate, Cohen's h, Hedges' g.

Each takes scores by kind (``original``, ``paraphrase``), the kinds to compare against, and the kinds compared. Scores
that are nan do not count; without any on one side the result is nan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from regrade.metrics.reductions import nan_mean

ScoresByKind = Mapping[str, Sequence[float]]

LARGEST_G = 5.0
"""Hedges' g beyond this counts as this, and is 1 once normalised."""

_SIZES = (
    (0.01, "essentially zero"),
    (0.2, "very small"),
    (0.5, "small"),
    (0.8, "medium"),
    (1.2, "large"),
    (2.0, "very large"),
)


def chosen(scores: ScoresByKind, kinds: Sequence[str]) -> list[float]:
    """The scores of some kinds, without nan; a kind named twice counts once.

    Raises:
        TypeError: ``kinds`` is no list.
    """
    if not isinstance(kinds, list | tuple):
        raise TypeError(f"a list of kinds is wanted, not {kinds!r}")
    return [score for kind in dict.fromkeys(kinds) for score in scores.get(kind, ()) if not math.isnan(score)]


def mean_subgroup_score(subgroup_scores_dict: ScoresByKind, subgroup_types: Sequence[str]) -> float:
    """The mean score of some kinds.

    >>> mean_subgroup_score({"original": [1.0, 0.0], "paraphrase": [0.0]}, ["original"])
    0.5
    """
    return nan_mean(chosen(subgroup_scores_dict, subgroup_types))


def performance_drop_rate(
    subgroup_scores_dict: ScoresByKind, control_subgroup_types: Sequence[str], comparison_subgroup_types: Sequence[str]
) -> float:
    """By what share the mean score falls; nan where it falls from 0 to something.

    >>> performance_drop_rate({"original": [1.0], "paraphrase": [0.5, 0.0]}, ["original"], ["paraphrase"])
    0.75

    Source: Zhu et al., "PromptBench" (arXiv:2306.04528), section 3.3.
    """
    control = chosen(subgroup_scores_dict, control_subgroup_types)
    compared = chosen(subgroup_scores_dict, comparison_subgroup_types)
    if not control or not compared:
        return math.nan
    before, after = nan_mean(control), nan_mean(compared)
    if before == 0:
        return 0.0 if after == 0 else math.nan
    return 1 - after / before


def interpret_effect_size(x: float) -> str:
    """What an effect size is commonly called.

    >>> interpret_effect_size(-0.6)
    'medium'

    Source: Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988); Sawilowsky, "New effect size rules
    of thumb" (2009).
    """
    return next((name for bound, name in _SIZES if abs(x) < bound), "huge")


def normalized_cohens_h(
    subgroup_scores_dict: ScoresByKind,
    control_subgroup_types: Sequence[str],
    comparison_subgroup_types: Sequence[str],
    interpret: bool = False,
) -> Any:
    """Cohen's h between two mean scores in [0, 1], divided by pi: from -1 to 1.

    h = 2 (arcsin(sqrt(p2)) - arcsin(sqrt(p1))).

    Args:
        subgroup_scores_dict: Scores by kind.
        control_subgroup_types: Kinds that p1 is the mean of.
        comparison_subgroup_types: Kinds that p2 is the mean of.
        interpret: Give also what the size of h is commonly called.

    Raises:
        ValueError: a score is not in [0, 1].

    >>> normalized_cohens_h({"original": [0.0], "paraphrase": [1.0]}, ["original"], ["paraphrase"])
    1.0
    """
    control = chosen(subgroup_scores_dict, control_subgroup_types)
    compared = chosen(subgroup_scores_dict, comparison_subgroup_types)
    outside = [score for scores in subgroup_scores_dict.values() for score in scores if score < 0 or score > 1]
    if outside:
        raise ValueError(f"scores must be between 0 and 1, not {outside[0]}")
    if not control or not compared:
        effect = normalised = math.nan
    else:
        before, after = nan_mean(control), nan_mean(compared)
        effect = 2 * (math.asin(math.sqrt(after)) - math.asin(math.sqrt(before)))
        normalised = min(1.0, max(-1.0, effect / math.pi))
    return (normalised, interpret_effect_size(effect)) if interpret else normalised


def normalized_hedges_g(
    subgroup_scores_dict: ScoresByKind,
    control_subgroup_types: Sequence[str],
    comparison_subgroup_types: Sequence[str],
    interpret: bool = False,
) -> Any:
    """Hedges' g between two means, within -5 and 5, divided by 5: from -1 to 1.

    The difference of the means by the pooled standard deviation, corrected for 4 to 49 scores. Nan where a side is
    empty, or both have one score only.

    Args:
        subgroup_scores_dict: Scores by kind.
        control_subgroup_types: Kinds of the first mean.
        comparison_subgroup_types: Kinds of the second mean.
        interpret: Give also what the size of g is commonly called.

    >>> round(normalized_hedges_g({"a": [0.0, 1.0], "b": [1.0, 1.0]}, ["a"], ["b"]), 12)
    0.080812203564

    Source: Hedges, "Distribution theory for Glass's estimator of effect size" (1981); NIST's Dataplot on Hedges' g.
    """
    sides = [chosen(subgroup_scores_dict, kinds) for kinds in (control_subgroup_types, comparison_subgroup_types)]
    if not all(sides) or all(len(side) <= 1 for side in sides):
        effect = normalised = math.nan
    else:
        effect = _hedges_g(*sides)
        normalised = effect / LARGEST_G
    return (normalised, interpret_effect_size(effect)) if interpret else normalised


def _hedges_g(control: list[float], compared: list[float]) -> float:
    difference = nan_mean(compared) - nan_mean(control)
    if difference == 0:
        return 0.0
    n = len(control) + len(compared)
    pooled = math.sqrt((_squares(control) + _squares(compared)) / (n - 2))
    effect = difference / pooled if pooled else math.copysign(math.inf, difference)
    if 3 < n < 50:
        effect *= (n - 3) / (n - 2.25) * math.sqrt((n - 2) / n)
    return min(LARGEST_G, max(-LARGEST_G, effect))


def _squares(scores: list[float]) -> float:
    """Sum of squared differences from the mean."""
    mean = nan_mean(scores)
    return math.fsum((score - mean) ** 2 for score in scores)
