"""A server on loopback for the tests of models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.models.loopback import Loopback, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Loopback]:
    """A well-behaved server."""
    with serving() as running:
        yield running
