"""Limits, buckets and pauses."""

from __future__ import annotations

import asyncio
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.models.limits import AdaptiveLimit, Bucket, RequestLimits, backoff_s, retry_after_s


def full_round(limit: AdaptiveLimit) -> None:
    """As many clean answers as may be in flight, with all of them in flight."""

    async def fill() -> None:
        while limit.in_flight < limit.allowed:
            await limit.enter()

    asyncio.run(fill())
    for _ in range(limit.allowed):
        limit.leave()
        limit.clean()


def test_slow_start_doubles_then_grows_by_one_after_trouble() -> None:
    limit = AdaptiveLimit(100, start=8)
    full_round(limit)
    assert limit.allowed == 16
    full_round(limit)
    assert limit.allowed == 32
    assert limit.trouble(sent_at=float("inf"))
    assert limit.allowed == 16
    full_round(limit)
    assert limit.allowed == 17


def test_a_limit_that_is_not_used_up_does_not_grow() -> None:
    limit = AdaptiveLimit(100, start=8)
    for _ in range(100):
        limit.clean()
    assert limit.allowed == 8


def test_one_cut_for_all_that_were_sent_before_it() -> None:
    limit = AdaptiveLimit(64, start=64)
    assert limit.trouble(sent_at=1e18)
    assert not limit.trouble(sent_at=0.0)
    assert limit.allowed == 32


@given(st.lists(st.booleans(), max_size=300))
def test_a_limit_stays_between_one_and_its_most(events: list[bool]) -> None:
    limit = AdaptiveLimit(20, start=8)
    for place, clean in enumerate(events):
        if clean:
            full_round(limit)
        else:
            limit.trouble(sent_at=1e18 + place)
        assert 1 <= limit.allowed <= 20


def test_a_bucket_of_sixty_a_minute_gives_one_a_second() -> None:
    time = [0.0]
    bucket = Bucket(60, clock=lambda: time[0])
    assert [bucket.wait_s(1) for _ in range(5)] == [0.0, 0.0, 0.0, 1.0, 2.0]
    time[0] = 2.0
    assert bucket.wait_s(1) == 1.0
    time[0] = 1000.0
    assert bucket.wait_s(1) == 0.0


@given(st.lists(st.floats(0, 5), min_size=1, max_size=100))
def test_a_bucket_never_gives_more_than_its_rate_and_its_size(pauses: list[float]) -> None:
    time = [0.0]
    bucket = Bucket(120, clock=lambda: time[0])
    used: list[float] = []
    for pause in pauses:
        time[0] += pause
        used.append(time[0] + bucket.wait_s(1))
    for start in used:
        assert sum(start <= moment <= start + 10 for moment in used) <= 10 * 2 + bucket.size + 1


def test_pauses_double_up_to_the_longest() -> None:
    limits = RequestLimits(backoff_s=1.0, longest_backoff_s=5.0)
    for attempt, longest in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (9, 5.0)):
        assert longest / 2 <= backoff_s(attempt, limits) <= longest


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after-ms": "250", "Retry-After": "7"}, 0.25),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": formatdate(0)}, 0.0),
    ],
)
def test_when_to_come_again(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds
