"""Sample sizes: Miller's formula by hand, its inverses, and a simulation's answer."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics.paired import paired_difference
from regrade.statistics.power import (
    achieved_power,
    detectable,
    detectable_effect,
    mcnemar_power,
    needed_samples,
    of_discordance,
    of_proportions,
    of_variance,
    power_at,
    samples_needed,
)
from regrade.statistics.sign_tests import mcnemar_from_counts

Z = 1.959963984540054 + 0.8416212335729143


def test_by_hand() -> None:
    assert samples_needed(0.03, 1 / 9) == math.ceil(Z**2 / 9 / 0.03**2) == 969
    assert samples_needed(-0.03, 1 / 9, 1 / 6, 1 / 6) == math.ceil(Z**2 * (4 / 9) / 0.03**2)
    assert samples_needed(0.03, 1 / 9, 1 / 6, 1 / 6, repeats_a=10, repeats_b=5) == math.ceil(
        Z**2 * (1 / 9 + 1 / 60 + 1 / 30) / 0.03**2
    )
    assert detectable_effect(198, 1 / 9, 1 / 6, 1 / 6) == pytest.approx(Z * math.sqrt(4 / 9 / 198), rel=1e-14)
    assert detectable_effect(100, 0.25, level=0.9, power=0.5) == pytest.approx(1.6448536269514722 * 0.05, rel=1e-12)
    assert achieved_power(969, 0.03, 1 / 9) == pytest.approx(0.8, abs=1e-3)


@given(
    st.floats(0.001, 0.5),
    st.floats(0, 0.5),
    st.floats(0.001, 0.25),
    st.integers(1, 20),
    st.floats(0.6, 0.99),
    st.floats(0.5, 0.99),
)
def test_inverses(effect: float, between: float, within: float, repeats: int, level: float, power: float) -> None:
    n = samples_needed(effect, between, within, within, repeats_a=repeats, repeats_b=repeats, level=level, power=power)

    def shown_by(samples: int) -> float:
        return detectable_effect(
            samples, between, within, within, repeats_a=repeats, repeats_b=repeats, level=level, power=power
        )

    assert shown_by(n) <= effect * (1 + 1e-9)
    assert n == 1 or shown_by(n - 1) >= effect * (1 - 1e-9)
    found = achieved_power(n, shown_by(n), between, within, within, repeats_a=repeats, repeats_b=repeats, level=level)
    assert found == pytest.approx(power, abs=1e-9)


def test_a_simulation_finds_the_promised_share() -> None:
    rng = np.random.default_rng(0)
    effect, spread = 0.1, 0.5
    n = samples_needed(effect, spread**2)
    hits = sum(paired_difference(rng.normal(effect, spread, n), np.zeros(n)).interval.low > 0 for _ in range(2000))
    assert hits / 2000 == pytest.approx(0.8, abs=0.03)


def test_nothing_varies() -> None:
    assert samples_needed(0.1, 0.0) == 1
    assert detectable_effect(10, 0.0) == 0
    assert achieved_power(10, 0.1, 0.0) == 1
    assert achieved_power(10, 0.0, 0.0) == pytest.approx(0.025)


@pytest.mark.parametrize(
    "arguments",
    [
        {"effect": 0.0},
        {"effect": math.nan},
        {"between": -0.1},
        {"between": math.nan},
        {"within_a": -0.1},
        {"repeats_a": 0},
        {"level": 95},
        {"power": 1.0},
    ],
)
def test_errors(arguments: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        samples_needed(**{"effect": 0.1, "between": 0.2, **arguments})  # type: ignore[arg-type]


def test_samples_must_be_some() -> None:
    with pytest.raises(UsageError, match="samples"):
        detectable_effect(0, 0.2)


@pytest.mark.parametrize(("n", "effect", "baseline"), [(500, 0.03, 0.7), (80, 0.2, 0.4), (3000, 0.02, 0.9)])
def test_proportions_as_statsmodels_has_them(n: int, effect: float, baseline: float) -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    theirs = proportion.power_proportions_2indep(effect, baseline, n, alpha=0.025, alternative="larger")
    design = of_proportions(baseline)
    assert power_at(design, n, effect) == pytest.approx(float(theirs.power), rel=1e-9)
    size = proportion.samplesize_proportions_2indep_onetail(effect, baseline, 0.8, alpha=0.05, alternative="two-sided")
    assert needed_samples(design, effect) == math.ceil(float(size))
    assert power_at(of_proportions(1 - baseline, -1.0), n, -effect) == pytest.approx(power_at(design, n, effect))


@pytest.mark.parametrize(("n", "effect", "variance"), [(500, 0.03, 0.2), (80, 0.2, 1.4)])
def test_means_as_statsmodels_has_them(n: int, effect: float, variance: float) -> None:
    stats = pytest.importorskip("statsmodels.stats.power")
    theirs = stats.normal_power_het(effect, n, 0.025, math.sqrt(variance), math.sqrt(variance), alternative="larger")
    assert power_at(of_variance(variance), n, effect) == pytest.approx(float(theirs), rel=1e-9)
    size = stats.normal_sample_size_one_tail(effect, 0.8, 0.025, math.sqrt(variance), math.sqrt(variance))
    assert needed_samples(of_variance(variance), effect) == math.ceil(float(size))


def test_many_discordant_samples_as_statsmodels_has_them() -> None:
    """Connor's formula: no difference varies by the discordance, a difference d by less, d squared."""
    stats = pytest.importorskip("statsmodels.stats.power")
    spread = math.sqrt(0.3), math.sqrt(0.3 - 0.01**2)
    theirs = stats.normal_power_het(0.01, 20_000, 0.025, *spread, alternative="larger")
    assert power_at(of_discordance(0.3), 20_000, 0.01) == pytest.approx(float(theirs), rel=1e-9)
    size = stats.normal_sample_size_one_tail(0.01, 0.8, 0.025, *spread)
    assert needed_samples(of_discordance(0.3), 0.01) == math.ceil(float(size))


@pytest.mark.parametrize(
    ("n", "effect", "discordance"), [(14, 0.5, 0.6), (25, 0.2, 0.3), (18, 0.4, 0.4), (9, 0.1, 1.0)]
)
def test_mcnemar_s_power_is_the_sum_over_all_tables(n: int, effect: float, discordance: float) -> None:
    better, worse = (discordance + effect) / 2, (discordance - effect) / 2
    expected = 0.0
    for wins in range(n + 1):
        for losses in range(n + 1 - wins):
            if wins > losses and mcnemar_from_counts(losses, wins).p_exact < 0.05:
                ways = math.comb(n, wins) * math.comb(n - wins, losses)
                expected += ways * better**wins * worse**losses * (1 - discordance) ** (n - wins - losses)
    assert mcnemar_power(n, effect, discordance) == pytest.approx(expected, rel=1e-9)


def test_what_is_detectable_is_found_with_the_power() -> None:
    for design, n in ((of_discordance(0.2), 300), (of_proportions(0.6), 300), (of_variance(0.3), 300)):
        effect = detectable(design, n, power=0.9)
        assert power_at(design, n, effect, level=0.95) == pytest.approx(0.9, abs=1e-6)
        assert needed_samples(design, effect, power=0.9) == pytest.approx(
            n, abs=6
        )  # exact power goes up and down with n
    assert math.isnan(detectable(of_discordance(0.01), 50))
    assert needed_samples(of_discordance(1.0), 1.0) == 6  # six of six: p = 2 / 64


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: of_discordance(0.0), "share of samples"),
        (lambda: of_discordance(1.2), "share of samples"),
        (lambda: of_proportions(1.2), "baseline"),
        (lambda: of_variance(-1.0), "variance"),
        (lambda: power_at(of_discordance(0.1), 10, 0.2), "0.1 is the largest"),
        (lambda: power_at(of_proportions(0.9), 10, 0.2), "0.1 is the largest"),
        (lambda: power_at(of_variance(1.0), 0, 0.2), "samples"),
        (lambda: needed_samples(of_variance(1.0), 0.0), "other than 0"),
        (lambda: needed_samples(of_variance(1.0), 0.1, power=80), "power"),
    ],
)
def test_what_cannot_be_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()
