"""How a server is treated: how much at once, how fast, how often again, and when to give up."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec


class RequestLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests a server is sent at once, how fast, how often again, and when it is given up.

    Attributes:
        concurrency: Requests in flight at most.
        requests_per_minute: Requests sent per minute at most; None for no limit.
        tokens_per_minute: Tokens per minute at most, estimated from the prompt and ``max_tokens``.
        timeout_s: Seconds that one reply may take.
        total_timeout_s: Seconds that an answer may take in all, with every retry.
        retries: How often a request that failed is sent again; one that is to wait (429) is sent until its time is up.
        patience_s: Seconds without a single success after which the run is given up.
        backoff_s: First pause before a request is sent again; doubled each time.
        longest_backoff_s: Longest such pause.
    """

    concurrency: int = 64
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout_s: float = 600.0
    total_timeout_s: float = 3600.0
    retries: int = 8
    patience_s: float = 300.0
    backoff_s: float = 0.5
    longest_backoff_s: float = 60.0


class AdaptiveLimit:
    """How many requests may be in flight: found out by trying.

    Doubles with each round that was full and clean until the first sign of trouble (slow start), then grows by one per
    such round; a round is as many answers as may be in flight. A sign of trouble (429, 5xx, a lost connection) halves
    it, once for all requests that were sent before the cut. (TCP's AIMD: Chiu and Jain 1989; RFC 5681.)

    Args:
        most: Never more than this.
        start: How many at first.
    """

    def __init__(self, most: int, start: int = 8) -> None:
        self.most = max(1, most)
        self.allowed = min(self.most, max(1, start))
        self.in_flight = 0
        self.slow_start = True
        self._clean = 0
        self._full = False
        self._cut_at = -1.0
        self._waiting: asyncio.Queue[None] | None = None
        self._freed = asyncio.Event()

    async def enter(self) -> None:
        """Wait for room, and take it."""
        while self.in_flight >= self.allowed:
            self._full = True
            self._freed.clear()
            await self._freed.wait()
        self.in_flight += 1
        if self.in_flight >= self.allowed:
            self._full = True

    def leave(self) -> None:
        """Give the room back."""
        self.in_flight -= 1
        self._freed.set()

    def clean(self) -> None:
        """An answer came without trouble."""
        self._clean += 1
        if self._clean < self.allowed:
            return
        if self._full and self.allowed < self.most:
            grown = self.allowed * 2 if self.slow_start else self.allowed + 1
            self.allowed = min(self.most, grown)
            self._freed.set()
        self._clean, self._full = 0, False

    def trouble(self, sent_at: float) -> bool:
        """A request that was sent at ``sent_at`` (monotonic) met trouble; returns whether the limit was cut."""
        if sent_at <= self._cut_at:
            return False
        self._cut_at = time.monotonic()
        self.slow_start = False
        self.allowed = max(1, self.allowed // 2)
        self._clean, self._full = 0, False
        return True


class Bucket:
    """A token bucket: so much per minute, in bursts of a few seconds' worth at most.

    Args:
        per_minute: How much; None for no limit.
        clock: Seconds; for tests.
    """

    def __init__(self, per_minute: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = per_minute / 60.0 if per_minute else None
        self.size = max(1.0, (per_minute or 0.0) / 20.0)
        self.level = self.size
        self._clock = clock
        self._at = clock()

    def wait_s(self, amount: float) -> float:
        """Take ``amount`` out; returns how many seconds to wait before using it. May go into debt."""
        if self.rate is None:
            return 0.0
        now = self._clock()
        self.level = min(self.size, self.level + (now - self._at) * self.rate)
        self._at = now
        self.level -= amount
        return max(0.0, -self.level / self.rate)


class Gate:
    """Holds everybody back until a time that the server named."""

    def __init__(self) -> None:
        self.until = 0.0

    def close_for(self, seconds: float) -> None:
        """Hold everybody back for so long from now, if that is longer than before."""
        self.until = max(self.until, time.monotonic() + seconds)

    async def wait(self) -> None:
        """Wait until the gate is open; those who waited go on spread over a second."""
        waited = False
        while (left := self.until - time.monotonic()) > 0:
            waited = True
            await asyncio.sleep(left)
        if waited:
            await asyncio.sleep(random.random())


def backoff_s(attempt: int, limits: RequestLimits) -> float:
    """A pause before attempt ``attempt`` (1 is the first retry): exponential, with full jitter."""
    longest = min(limits.longest_backoff_s, limits.backoff_s * 2 ** (attempt - 1))
    return random.uniform(longest / 2, longest)


def retry_after_s(headers: Any) -> float | None:
    """What a reply's headers say about when to come again: ``retry-after-ms``, ``Retry-After`` (seconds or a date).

    Returns:
        Seconds; 0 where the header names no time to come (a past date, a negative number, NaN); None without a header.
    """
    if (value := headers.get("retry-after-ms")) is not None and (pause := _seconds(value)) is not None:
        return pause / 1000
    if (value := headers.get("Retry-After")) is None:
        return None
    if (pause := _seconds(value)) is not None:
        return pause
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def _seconds(value: Any) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else 0.0
