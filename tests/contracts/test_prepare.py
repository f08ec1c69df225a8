"""What is done once is done before an answer is timed: after ``prepare``, measuring and filtering import nothing.

Every registered metric and filter is asked in a process of its own, so that none finds imported what another one needs.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = r'''
import json, os, sys
from regrade.registry import lookup, registered
from regrade.artifacts import build
from regrade.lm_eval.templates import TaskTemplates
from regrade.schema import FilterPipeline, FilterStep, MetricSpec, Recipe, Record
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.case import Case
from regrade.filters import Pipeline
from regrade.versions import LATEST

TOOLS = {"__tools__": [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}],
         "group_id": 1, "variant_type": "original", "options": ["a", "b"]}
CALL = {"name": "add", "arguments": {"a": 1}}
CARD_CASES = [
    ("The cat sat. On a mat.", ["A cat sat. On the mat."]), (0.5, [1.0]), (1, [0]), (["a"], [["a", "b"]]),
    ([["Jane Doe", "Person"]], [[["Jane Do", "Person"]]]), ({"a": "b"}, [{"a": "b"}]), (CALL, [CALL]),
    ([CALL], [[CALL]]),
    ("SELECT a FROM b", ["SELECT b FROM a"]), (["a", "b"], [["b", "a"]]), ("yes", [["yes"]]),
    ({"id": "1", "prediction_text": "a"}, [{"id": "1", "answers": {"text": ["a"], "answer_start": [0]}}]),
]
ARGUMENTS = {"pass@k": {"k": 1}, "pass^k": {"k": 1}, "maj@k": {"k": 1}, "regex": {"regex_pattern": "([0-9]+)"},
             "processor": {"processor": {"__type__": "lower"}}, "map": {"mapping_dict": {"a": "b"}},
             "take_first_k": {"k": 1}, "card": {"metric": {"__type__": "accuracy"}}}

def of_card(name):
    metric = build({"__type__": name}, CardMetric)
    metric.prepare()
    yield
    for prediction, references in CARD_CASES:
        yield lambda p=prediction, r=references: metric.statistics(p, r, TOOLS)

def of_harness(name):
    cls = lookup("metric", name)
    metric = cls(**ARGUMENTS.get(name, {}))
    metric.compat = LATEST
    metric.prepare()
    yield
    for kind in cls.output_types:
        choices = ["a", "b"] if kind == "multiple_choice" else None
        target = 0 if choices else "The cat sat. On a mat."
        recipe = Recipe(task="t", output_type=kind, doc_to_target="{{t}}", doc_to_choice=choices)
        pairs = [(-1.0, True), (-2.0, False)]
        for extracted in ([["a cat", "a cat"]], ["a cat"], [1.0], pairs):
            record = Record(1, 1, [[one] for one in extracted], doc={"t": target}, target=[str(target)])
            case = Case(record, TaskTemplates(recipe, record), extracted)
            yield lambda: metric.measure(case)

def of_filter(name):
    pipeline = Pipeline(FilterPipeline("f", [FilterStep(name, ARGUMENTS.get(name, {}))]))
    pipeline.prepare()
    yield
    yield lambda: pipeline.apply([["The answer is (A), 42. #### 42"]], {"choices": ["a", "b"], "text": "x"})
    yield lambda: pipeline.apply([["<think>a</think> [[A]] Rating: [[5]]"]], {"choices": ["a"]})

def ask(make, name):
    """Imported after prepare, and whether a case could be measured; None where it cannot be made without arguments."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            cases = make(name)
            try:
                next(cases)
            except Exception as error:
                result = [None, type(error).__name__ + ": " + str(error)]
            else:
                before, done = set(sys.modules), False
                while True:
                    try:
                        case = next(cases, None)
                        if case is None:
                            break
                        case()
                        done = True
                    except Exception:
                        continue
                result = [sorted(set(sys.modules) - before), done]
            os.write(write, json.dumps(result).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        found = json.loads(pipe.read() or "[null, \"died\"]")
    os.waitpid(child, 0)
    return found

def all_names(kind):
    return [name for name, _ in registered(kind)]

results = {}
for kind, make in (("metric", of_harness), ("filter", of_filter)):
    for name in all_names(kind):
        results[f"{kind} {name}"] = ask(make, name)
for name in all_names("artifact"):
    if issubclass(lookup("artifact", name), CardMetric):
        results[f"card metric {name}"] = ask(of_card, name)
print(json.dumps(results))
'''


LATE = {"metric exact_match": "numpy"}
"""What is imported for rare answers only, since it would double the time that a start takes; the limit does not charge
an import to an answer."""


@pytest.mark.slow
def test_nothing_is_imported_while_an_answer_is_timed() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    late = {
        name: imported
        for name, (imported, _) in results.items()
        if imported and not (name in LATE and LATE[name] in imported)
    }
    assert not late, f"import these in prepare(): {late}"
    measured = [name for name, (_, case) in results.items() if case is True]
    assert len(measured) >= 100, sorted(set(results) - set(measured))  # most have a case here that can be measured
