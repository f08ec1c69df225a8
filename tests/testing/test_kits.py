"""Each kit lets built-in plugins pass, and finds what is wrong with one that is broken on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from tests.models.loopback import serving

from regrade.plugin_files import load_plugin, unload_plugin
from regrade.testing import (
    ContractError,
    check_aggregation,
    check_card_metric,
    check_chat_format,
    check_engine,
    check_filter,
    check_metric,
    check_model,
    check_operator,
    check_reader,
)

Load = Callable[[str], None]

HEAD = """
import random
from regrade.plugins import *

def said(request, model):
    return address_answer(
        Answer(sample_id="", text="x"), request, request_hash=request_hash(request, model.identity)
    )
"""


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Load a plugin from its code; it is gone after the test."""
    loaded = []

    def plugin(code: str) -> None:
        file = tmp_path / "plugin.py"
        file.write_text(HEAD + dedent(code), encoding="utf-8")
        loaded.append(load_plugin(file))

    yield plugin
    for one in loaded:
        unload_plugin(one)


METRICS = {
    "says 1 now and 0 then": (
        """
        @register("metric", "mine")
        class Mine(Metric):
            aggregation = "mean"
            def measure(self, case):
                return random.random()
        """,
        "measure is deterministic",
    ),
    "imports while it measures": (
        """
        @register("metric", "mine")
        class Mine(Metric):
            aggregation = "mean"
            def measure(self, case):
                import tabnanny
                return 1.0
        """,
        "import",
    ),
    "names an aggregation that is not there": (
        """
        @register("metric", "mine")
        class Mine(Metric):
            aggregation = "meen"
            def measure(self, case):
                return 1.0
        """,
        "names a registered aggregation",
    ),
    "gives what does not pickle": (
        """
        @register("metric", "mine")
        class Mine(Metric):
            aggregation = "mean"
            def measure(self, case):
                return lambda: 1.0
        """,
        "measure is deterministic|pickled",
    ),
    "has a good value for the worst": (
        """
        @register("metric", "mine")
        class Mine(Metric):
            aggregation = "mean"
            higher_is_better = False
            worst = 0.0
            def measure(self, case):
                return 1.0
        """,
        "worst value",
    ),
    "is wrong": (
        """
        @register("metric", "mine")
        class Mine(Metric):
            aggregation = "mean"
            def measure(self, case):
                return 0.0
        """,
        "author says|right value|values",
    ),
}


@pytest.mark.parametrize("fault", METRICS)
def test_a_metric_that(fault: str, load: Load) -> None:
    code, rule = METRICS[fault]
    load(code)
    with pytest.raises(ContractError, match=rule):
        check_metric("mine", [("a", "b"), ("a", "a")], values=[1.0, 1.0])


def test_built_in_metrics() -> None:
    check_metric("exact_match", [("a", "a"), ("b", "a"), ("c", "a")], values=[1.0, 0.0, 0.0], score=1 / 3)
    check_metric("exact_match", [("A", "a"), ("b", "a")], arguments={"ignore_case": True}, values=[1.0, 0.0], score=0.5)


AGGREGATIONS = {
    "depends on what was reduced before": (
        """
        @register("aggregation", "mine")
        class Mine(Aggregation):
            calls = [0]
            def reduce(self, column):
                self.calls[0] += 1
                return float(self.calls[0])
        """,
        "deterministic",
    ),
    "has other widths than it says": (
        """
        @register("aggregation", "mine")
        class Mine(Aggregation):
            width = 2
            def statistics(self, value):
                return (float(value),)
            def reduce(self, column):
                return 0.0
        """,
        "width",
    ),
    "resamples by another formula": (
        """
        from regrade.metrics.resampler import Resampler
        class Off(Resampler):
            def replicates(self, indices):
                return super().replicates(indices) + 1
        @register("aggregation", "mine")
        class Mine(Aggregation):
            def reduce(self, column):
                return sum(column.data) / len(column.data)
            def resampler(self, column):
                usual = self.by_reducing(column)
                return Off(usual.units, usual._reduce, usual.names)
        """,
        "its resampler gives what reduce gives",
    ),
    "is wrong": (
        """
        @register("aggregation", "mine")
        class Mine(Aggregation):
            def reduce(self, column):
                return max(column.data)
        """,
        "author says",
    ),
}


@pytest.mark.parametrize("fault", AGGREGATIONS)
def test_an_aggregation_that(fault: str, load: Load) -> None:
    code, rule = AGGREGATIONS[fault]
    load(code)
    with pytest.raises(ContractError, match=rule):
        check_aggregation("mine", [1.0, 2.0, 3.0, 6.0], score=3.0)


@pytest.mark.parametrize(("name", "score"), [("mean", 3.0), ("median", 3.0), ("nanmean", 3.0)])
def test_built_in_aggregations(name: str, score: float) -> None:
    check_aggregation(name, [1.0, 2.0, 3.0, 6.0], score=score)


FILTERS = {
    "draws": (
        """
        @register("filter", "mine")
        class Mine(ElementFilter):
            def apply_one(self, response, doc):
                return str(random.random())
        """,
        "deterministic",
    ),
    "changes what it gets": (
        """
        @register("filter", "mine")
        class Mine(Filter):
            def apply(self, responses, doc):
                responses[:] = ["x" for _ in responses]
                return responses
        """,
        "chang",
    ),
    "imports late": (
        """
        @register("filter", "mine")
        class Mine(ElementFilter):
            def apply_one(self, response, doc):
                import tabnanny
                return response
        """,
        "import",
    ),
    "is wrong": (
        """
        @register("filter", "mine")
        class Mine(ElementFilter):
            def apply_one(self, response, doc):
                return response[:1]
        """,
        "extract|author",
    ),
}


@pytest.mark.parametrize("fault", FILTERS)
def test_a_filter_that(fault: str, load: Load) -> None:
    code, rule = FILTERS[fault]
    load(code)
    with pytest.raises(ContractError, match=rule):
        check_filter("mine", ["answer 1", "answer 2"], extracted=["answer 1", "answer 2"])


def test_built_in_filters() -> None:
    check_filter("lowercase", ["A", "b"], extracted=["a", "b"])
    check_filter("regex", ["x 1", "none"], arguments={"regex_pattern": r"(\d)"}, extracted=["1", None])


OPERATORS = {
    "changes its rows": (
        """
        @artifact("mine")
        class Mine(RowOperator):
            def process_row(self, row, stream=None):
                row["list"].append(1)
                return row
        """,
        "rows are not changed",
    ),
    "counts": (
        """
        @artifact("mine")
        class Mine(FieldOperator):
            seen = [0]
            def process_value(self, value):
                self.seen[0] += 1
                return self.seen[0]
        """,
        "deterministic",
    ),
    "is wrong": (
        """
        @artifact("mine")
        class Mine(FieldOperator):
            def process_value(self, value):
                return value * 2
        """,
        "author says|expected",
    ),
}


@pytest.mark.parametrize("fault", OPERATORS)
def test_an_operator_that(fault: str, load: Load) -> None:
    code, rule = OPERATORS[fault]
    load(code)
    field = {} if fault == "changes its rows" else {"field": "a"}
    with pytest.raises(ContractError, match=rule):
        check_operator(
            {"__type__": "mine", **field}, [{"a": 1, "list": []}, {"a": 2, "list": []}], [{"a": 1}, {"a": 2}]
        )


def test_built_in_operators() -> None:
    check_operator({"__type__": "rename", "field": "a", "to_field": "b"}, [{"a": 1}], [{"b": 1}])
    check_operator({"__type__": "set", "fields": {"c": 3}}, [{"a": 1}, {"a": 2}], [{"a": 1, "c": 3}, {"a": 2, "c": 3}])


MODELS = {
    "leaves one out": (
        """
        @register("model", "mine")
        class Mine(Model):
            kinds = ("chat", "completion")
            identity = {"type": "mine"}
            async def answer(self, requests):
                async for request in requests:
                    if request.position % 2:
                        yield said(request, self)
        """,
        "each request has one answer",
    ),
    "says who it is at random": (
        """
        @register("model", "mine")
        class Mine(Model):
            kinds = ("chat", "completion")
            @property
            def identity(self):
                return {"type": "mine", "seed": random.random()}
            async def answer(self, requests):
                async for request in requests:
                    yield said(request, self)
        """,
        "identity|same each time",
    ),
    "waits for all requests": (
        """
        @register("model", "mine")
        class Mine(Model):
            kinds = ("chat", "completion")
            identity = {"type": "mine"}
            async def answer(self, requests):
                for request in [request async for request in requests]:
                    yield said(request, self)
        """,
        "when there is room",
    ),
}


@pytest.mark.parametrize("fault", MODELS)
def test_a_model_that(fault: str, load: Load) -> None:
    code, rule = MODELS[fault]
    load(code)
    with pytest.raises(ContractError, match=rule):
        check_model("mine:x", ["one", "two", "three"])


def test_built_in_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with serving() as server:
        options = {"base_url": server.url}
        check_model("openai:m", ["one", "two"], options=options, answers=["echo one", "echo two"])


READERS = {
    "claims everything": (
        """
        from regrade.rows.readers.table import TableReader
        @register("reader", "mine")
        class Mine(ScoredLog):
            title = "mine"
            registered = "mine"
            priority = 99
            def matches(self, path, head):
                return "it is a file"
            def about(self, path):
                return About(task="t")
            def rows(self, path):
                return lines_of(path)
            def entry(self, row):
                return Entry(row["item"], {"points": row["points"]}, {}, ["x"])
        """,
        "claim|other format",
    ),
    "goes by the file's name": (
        """
        @register("reader", "mine")
        class Mine(ScoredLog):
            title = "mine"
            registered = "mine"
            priority = 99
            def matches(self, path, head):
                return "its name" if path.name == "mine.jsonl" else None
            def about(self, path):
                return About(task="t")
            def rows(self, path):
                return lines_of(path)
            def entry(self, row):
                return Entry(row["item"], {"points": row["points"]}, {}, ["x"])
        """,
        "whatever its name",
    ),
    "leaves rows out": (
        """
        @register("reader", "mine")
        class Mine(ScoredLog):
            title = "mine"
            registered = "mine"
            priority = 99
            def matches(self, path, head):
                return "mine" if b'"minelog"' in head.partition(b"\\n")[0] else None
            def about(self, path):
                return About(task="t")
            def rows(self, path):
                return (row for row in lines_of(path) if isinstance(row, tuple) and row[1]["item"] != 2)
            def entry(self, row):
                return Entry(row["item"], {"points": row["points"]}, {}, ["x"])
        """,
        "samples|malformed",
    ),
}


@pytest.mark.parametrize("fault", READERS)
def test_a_reader_that(fault: str, load: Load, tmp_path: Path) -> None:
    code, rule = READERS[fault]
    load(code)
    file = tmp_path / "mine.jsonl"
    rows = [{"minelog": 1, "item": n, "points": n % 2} for n in range(1, 6)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(ContractError, match=rule):
        check_reader("mine", file, samples=5)


CHAT_FORMATS = {
    "takes the rows of others": (
        """
        @register("chat_format", "mine")
        class Mine(ChatFormat):
            title = shape = "mine"
            def could(self, columns):
                return True
            def matches(self, row):
                return "it is a row"
            def to_messages(self, row):
                return Conversation([{"role": "user", "content": "x"}], {})
        """,
        "told",
    ),
    "gives messages of no known role": (
        """
        @register("chat_format", "mine")
        class Mine(ChatFormat):
            title = shape = "mine"
            def could(self, columns):
                return "mine" in columns
            def matches(self, row):
                return "it has `mine`" if "mine" in row else None
            def to_messages(self, row):
                return Conversation([{"role": "visitor", "content": row["mine"]}], {})
        """,
        "conversation of the schema",
    ),
}


@pytest.mark.parametrize("fault", CHAT_FORMATS)
def test_a_chat_format_that(fault: str, load: Load) -> None:
    code, rule = CHAT_FORMATS[fault]
    load(code)
    with pytest.raises(ContractError, match=rule):
        check_chat_format("mine", [{"mine": "hello"}])


def test_built_in_chat_formats() -> None:
    row = {"conversations": [{"from": "human", "value": "Hi!"}, {"from": "gpt", "value": "Hello."}]}
    messages = [{"role": "user", "content": "Hi!"}, {"role": "assistant", "content": "Hello."}]
    check_chat_format("sharegpt", [row], messages=[messages])


class Backwards:
    """An engine that gives the last result first."""

    def __init__(self, workers: int | None = None, address: str | None = None, debug: bool = False) -> None:
        self.workers = workers

    def run(self, function: Callable[[Any], Any], items: Any) -> Iterator[Any]:
        """Do the work."""
        yield from (function(item) for item in reversed(items))


def test_an_engine_that_gives_results_in_another_order() -> None:
    with pytest.raises(ContractError, match="in their order"):
        check_engine(Backwards)  # type: ignore[arg-type]


def test_built_in_engines() -> None:
    check_engine("local")


CARD_METRICS = {
    "draws": (
        """
        @artifact("mine")
        class Mine(InstanceMetric):
            main_score = "mine"
            def measure(self, prediction, references, task_data):
                return {"mine": random.random()}
        """,
        "deterministic",
    ),
}


@pytest.mark.parametrize("fault", CARD_METRICS)
def test_a_metric_of_cards_that(fault: str, load: Load) -> None:
    code, rule = CARD_METRICS[fault]
    load(code)
    with pytest.raises(ContractError, match=rule):
        check_card_metric("mine", [("a", ["a"], {}), ("b", ["a"], {})])


def test_built_in_metrics_of_cards() -> None:
    check_card_metric("accuracy", [("a", ["a"], {}), ("b", ["a"], {})], scores={"accuracy": 0.5})
