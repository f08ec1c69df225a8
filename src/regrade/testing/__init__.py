"""Check a plugin of your own against its kind's contract. Works within pytest, unittest, or a script.

::

    from regrade.testing import check_metric

    def test_starts_with():
        check_metric("starts_with", [("Paris, France", "Paris"), ("Rome", "Paris")], values=[1.0, 0.0])

Each function raises :class:`ContractError`, an ``AssertionError`` that says which rule is broken, what was expected and
what was found. What the plugin's author knows (the right values) is given; the rest is the contract's.

=======================  =============================================================================================
:mod:`.contract`         the error, and rules that every kind shares
:mod:`.processes`        a new interpreter, as a worker is one: what it imports late, whether it finds the same
:mod:`.metrics`          ``check_metric``: a value per sample
:mod:`.aggregations`     ``check_aggregation``: from values to one
:mod:`.card_metrics`     ``check_card_metric``: metrics of cards
:mod:`.filters`          ``check_filter``: what is taken from an answer
:mod:`.readers`          ``check_reader``: a format of logs or tables
:mod:`.other_formats`    small files and rows of other formats, which a reader or chat format must not claim
:mod:`.chat_formats`     ``check_chat_format``: a format of chat datasets
:mod:`.operators`        ``check_operator``: steps of cards
:mod:`.models`           ``check_model``: who is asked
:mod:`.engines`          ``check_engine``: where the work is done
=======================  =============================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_HOMES = {
    "ContractError": "regrade.testing.contract",
    "check_aggregation": "regrade.testing.aggregations",
    "check_card_metric": "regrade.testing.card_metrics",
    "check_chat_format": "regrade.testing.chat_formats",
    "check_engine": "regrade.testing.engines",
    "check_filter": "regrade.testing.filters",
    "check_metric": "regrade.testing.metrics",
    "check_model": "regrade.testing.models",
    "check_operator": "regrade.testing.operators",
    "check_reader": "regrade.testing.readers",
}

if TYPE_CHECKING:
    from regrade.testing.aggregations import check_aggregation
    from regrade.testing.card_metrics import check_card_metric
    from regrade.testing.chat_formats import check_chat_format
    from regrade.testing.contract import ContractError
    from regrade.testing.engines import check_engine
    from regrade.testing.filters import check_filter
    from regrade.testing.metrics import check_metric
    from regrade.testing.models import check_model
    from regrade.testing.operators import check_operator
    from regrade.testing.readers import check_reader

__all__ = [
    "ContractError",
    "check_aggregation",
    "check_card_metric",
    "check_chat_format",
    "check_engine",
    "check_filter",
    "check_metric",
    "check_model",
    "check_operator",
    "check_reader",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'regrade.testing' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
