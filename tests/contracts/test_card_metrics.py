"""Every metric of cards along the paths that a person has: samples with answers, and a run; values recorded of Unitxt.

``record_card_metrics.py`` recorded them. A metric that is registered and stands in no table makes
:func:`test_every_metric_of_cards_is_here` fail.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.card_metric_inputs import INPUTS, Inputs
from tests.contracts.sources import write_answered, write_run

import regrade
from regrade import load_card
from regrade.metrics.card_metric import CardMetric
from regrade.registry import iterate_registered

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("card_metrics.json").read_text(encoding="utf-8"))

#: Tested elsewhere, or not carried out.
ELSEWHERE = {
    "asks a model: said so, and not carried out": (
        "bert_score detector faithfulness_hhem granite_guardian_agentic_risk granite_guardian_assistant_risk "
        "granite_guardian_custom_risk granite_guardian_rag_risk granite_guardian_user_risk is_code_mixed "
        "llama_index_correctness llama_index_faithfulness perplexity regard_metric remote_metric reward safety_metric "
        "sentence_bert llm_as_judge llm_judge_direct llm_judge_pairwise task_based_ll_mas_judge"
    ),
    "stands for a metric of the other family: tests/metrics/test_named.py": "registered_metric",
    "executes queries: refused": "sql_execution_accuracy sql_execution_logic_accuracy",
    "its package or data are not to be had where values are recorded: tests/metrics": (
        "f1_strings huggingface_bulk_metric huggingface_instance_metric huggingface_metric matthews_correlation meteor "
        "meteor_fast rouge_hf sql_non_execution_accuracy squad wer"
    ),
    "made of other metrics: tests/metrics/test_composed.py": (
        "group_metric metric_pipeline metrics_ensemble multi_turn_metric random_forest_metrics_ensemble"
    ),
    "wants samples of its own kind: tests/metrics": (
        "fin_qa_eval kpa metric_based_ner multi_turn_tool_calling_metric reflection_tool_calling_metric "
        "reflection_tool_calling_metric_syntactic rerank_recall tool_call_key_value_extraction "
        "weighted_win_rate_correlation"
    ),
}


def test_every_metric_of_cards_is_here() -> None:
    elsewhere = {name for names in ELSEWHERE.values() for name in names.split()}
    registered_ones = {name for name, one in iterate_registered("artifact") if issubclass(one, CardMetric)}
    assert registered_ones == {*RECORDED, *elsewhere}
    assert not elsewhere & set(RECORDED)


def _type_of(values: list[Any]) -> str:
    kinds = {type(value) for value in values}
    if kinds == {str}:
        return "str"
    if kinds == {float}:
        return "float"
    if kinds == {dict}:
        return "Dict[str, Any]"
    return "List[Tuple[str, str]]" if any(isinstance(one, list) for value in values for one in value) else "List[str]"


def card(name: str, inputs: Inputs) -> dict[str, Any]:
    """A card whose task has one metric; what is no text is written as JSON, and read by a postprocessor."""
    texts = _type_of(inputs.predictions) == "str"
    rows = [
        {
            "id": f"q{number}",
            "question": f"question {number}",
            "references": [one if texts else json.dumps(one) for one in references],
            **(inputs.task_data[number] if inputs.task_data else {}),
        }
        for number, references in enumerate(inputs.references)
    ]
    extra = dict.fromkeys(inputs.task_data[0], "Any") if inputs.task_data else {}
    return {
        "__type__": "task_card",
        "loader": {"__type__": "load_from_dictionary", "data": {"test": rows}},
        "sample_id": "id",
        "task": {
            "__type__": "task",
            "input_fields": {"question": "str"},
            "reference_fields": {"references": "List[str]", **extra},
            "prediction_type": _type_of(inputs.predictions),
            "metrics": [{"__type__": name, **inputs.arguments}],
        },
        "templates": [
            {
                "__type__": "multi_reference_template",
                "input_format": "{question}",
                "references_field": "references",
                "postprocessors": [] if texts else ["processors.load_json"],
            }
        ],
    }


def said(inputs: Inputs) -> list[list[str]]:
    return [[one if isinstance(one, str) else json.dumps(one)] for one in inputs.predictions]


def ids(inputs: Inputs) -> list[str]:
    return [f"q{number}" for number in range(len(inputs.predictions))]


PATHS = {"samples": write_answered, "run": write_run}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", RECORDED)
def test_values_are_those_of_unitxt(tmp_path: Path, name: str, path: str) -> None:
    inputs, recorded = INPUTS[name], RECORDED[name]
    made = load_card(card(name, inputs)).samples()
    source = PATHS[path](tmp_path, made, ids(inputs), said(inputs))
    scores = regrade.score(source.path, **source.options)
    found = {result.metric: result for result in scores.results}
    wanted = {
        key: value
        for key, value in recorded["scores"].items()
        if key not in ("score", "num_of_instances") and not isinstance(value, str)
    }
    assert recorded["score_name"] in found
    assert {key: found[key].value for key in wanted if key in found} == {
        key: pytest.approx(value, rel=1e-9) for key, value in wanted.items() if key in found
    }
    assert not any(result.failed or result.method == "unavailable" for result in scores.results)
    assert math.isfinite(found[recorded["score_name"]].value)


def test_the_command_gives_the_same(tmp_path: Path, cli: Callable[..., Any]) -> None:
    for number, name in enumerate(("accuracy", "token_overlap", "f1_macro_multi_label", "pearsonr", "ner")):
        folder = tmp_path / str(number)
        folder.mkdir()
        inputs = INPUTS[name]
        source = write_answered(folder, load_card(card(name, inputs)).samples(), ids(inputs), said(inputs))
        ran = cli("score", source.path, "--answers", source.options["answers"], "--json")
        assert ran.code == 0, ran.err
        [found] = json.loads(ran.out)["results"].values()
        [value] = [v for key, v in found.items() if key.startswith(f"{RECORDED[name]['score_name']},")]
        assert value == pytest.approx(RECORDED[name]["value"], rel=1e-9)
