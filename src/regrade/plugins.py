"""The contracts that plugins subclass, in one place; :mod:`regrade.testing` checks what keeps to them.

===========  =======================================  =========================================================
kind         subclass                                 what it does
===========  =======================================  =========================================================
metric       :class:`Metric`                          the value of one sample
aggregation  :class:`Aggregation`                     from the values of many samples to one
filter       :class:`Filter`, :class:`ElementFilter`  from what a model said to the answer in it
reader       :class:`Reader`, :class:`ScoredLog`      a format of logs or tables
chat_format  :class:`ChatFormat`                      a format of chat datasets
artifact     :class:`FieldOperator`, ...              a step or metric of cards; registered by :func:`artifact`
model        :class:`Model`                           who is asked
engine       :class:`Engine`                          where the work is done
===========  =======================================  =========================================================

Everything else is registered by :func:`register`. Names are loaded when they are first used. No room imports this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_HOMES = {
    "EngineError": "regrade.errors",
    "request_hash": "regrade.models.request",
    "address_answer": "regrade.models.request",
    "About": "regrade.rows.readers.scored_log",
    "Aggregation": "regrade.metrics.aggregation",
    "Answer": "regrade.schema",
    "AnswerError": "regrade.schema",
    "Artifact": "regrade.artifacts",
    "ArtifactError": "regrade.artifacts",
    "CardMetric": "regrade.metrics.card_metric",
    "Case": "regrade.metrics.case",
    "ChatFormat": "regrade.chat.format",
    "ChatRowError": "regrade.chat.row_error",
    "Chunk": "regrade.files.chunk",
    "Column": "regrade.metrics.column",
    "Conversation": "regrade.chat.format",
    "ElementFilter": "regrade.filters",
    "Engine": "regrade.engine",
    "Entry": "regrade.rows.readers.scored_log",
    "FieldOperator": "regrade.artifacts.operator",
    "Filter": "regrade.filters",
    "GlobalMetric": "regrade.metrics.card_metric",
    "InputError": "regrade.errors",
    "InstanceMetric": "regrade.metrics.card_metric",
    "Malformed": "regrade.schema",
    "MapReduceMetric": "regrade.metrics.card_metric",
    "Message": "regrade.chat.message",
    "Metric": "regrade.metrics",
    "Model": "regrade.models.model",
    "Operator": "regrade.artifacts.operator",
    "Reader": "regrade.rows.source",
    "Record": "regrade.schema",
    "RegradeError": "regrade.errors",
    "Request": "regrade.schema",
    "RequestKind": "regrade.schema",
    "RowOperator": "regrade.artifacts.operator",
    "RowsOperator": "regrade.artifacts.operator",
    "Run": "regrade.rows.source",
    "ScoredLog": "regrade.rows.readers.scored_log",
    "Source": "regrade.rows.source",
    "StreamOperator": "regrade.artifacts.operator",
    "UnavailableError": "regrade.errors",
    "Unparsed": "regrade.filters",
    "UnparsedList": "regrade.filters",
    "Usage": "regrade.schema",
    "UsageError": "regrade.errors",
    "Written": "regrade.chat.format",
    "artifact": "regrade.artifacts.artifact",
    "lines_of": "regrade.rows.readers.scored_log",
    "load_plugin": "regrade.plugin_files",
    "register": "regrade.registry",
}

if TYPE_CHECKING:
    from regrade.artifacts import Artifact, ArtifactError
    from regrade.artifacts.artifact import artifact
    from regrade.artifacts.operator import FieldOperator, Operator, RowOperator, RowsOperator, StreamOperator
    from regrade.chat.format import ChatFormat, Conversation, Written
    from regrade.chat.message import Message
    from regrade.chat.row_error import ChatRowError
    from regrade.engine import Engine
    from regrade.errors import EngineError, InputError, RegradeError, UnavailableError, UsageError
    from regrade.files.chunk import Chunk
    from regrade.filters import ElementFilter, Filter, Unparsed, UnparsedList
    from regrade.metrics import Metric
    from regrade.metrics.aggregation import Aggregation
    from regrade.metrics.card_metric import CardMetric, GlobalMetric, InstanceMetric, MapReduceMetric
    from regrade.metrics.case import Case
    from regrade.metrics.column import Column
    from regrade.models.model import Model
    from regrade.models.request import address_answer, request_hash
    from regrade.plugin_files import load_plugin
    from regrade.registry import register
    from regrade.rows.readers.scored_log import About, Entry, ScoredLog, lines_of
    from regrade.rows.source import Reader, Run, Source
    from regrade.schema import Answer, AnswerError, Malformed, Record, Request, RequestKind, Usage

__all__ = [
    "About",
    "Aggregation",
    "Answer",
    "AnswerError",
    "Artifact",
    "ArtifactError",
    "CardMetric",
    "Case",
    "ChatFormat",
    "ChatRowError",
    "Chunk",
    "Column",
    "Conversation",
    "ElementFilter",
    "Engine",
    "EngineError",
    "Entry",
    "FieldOperator",
    "Filter",
    "GlobalMetric",
    "InputError",
    "InstanceMetric",
    "Malformed",
    "MapReduceMetric",
    "Message",
    "Metric",
    "Model",
    "Operator",
    "Reader",
    "Record",
    "RegradeError",
    "Request",
    "RequestKind",
    "RowOperator",
    "RowsOperator",
    "Run",
    "ScoredLog",
    "Source",
    "StreamOperator",
    "UnavailableError",
    "Unparsed",
    "UnparsedList",
    "Usage",
    "UsageError",
    "Written",
    "address_answer",
    "artifact",
    "lines_of",
    "load_plugin",
    "register",
    "request_hash",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'regrade.plugins' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
