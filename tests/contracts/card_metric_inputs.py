"""Inputs for every metric of cards that is carried out: predictions, references, what else it looks at.

Nothing of Regrade is imported, so that the script that records Unitxt's values can use it, too.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Inputs(NamedTuple):
    """What a metric gets.

    Attributes:
        predictions: What was predicted, one for each sample; where all are texts, no postprocessor reads them.
        references: Of each sample its references.
        task_data: Of each sample what else the metric looks at; None for nothing.
        arguments: Arguments of the metric.
    """

    predictions: list[Any]
    references: list[list[Any]]
    task_data: list[dict[str, Any]] | None = None
    arguments: dict[str, Any] = {}


_LABELS = Inputs(["cat", "dog", "dog", "owl", "bird"], [["cat"], ["cat"], ["dog"], ["owl"], ["dog"]])
_TEXTS = Inputs(
    ["the cat sat on the mat", "A dog barks.", "no", "rain in spain stays", "12"],
    [["the cat sat on a mat"], ["A dog barks."], ["yes"], ["the rain in Spain"], ["It is 12"]],
)
_LISTS = Inputs(
    [["cat", "dog"], ["owl"], [], ["cat", "fish", "owl"], ["dog"]],
    [[["cat"]], [["owl"]], [["dog"]], [["fish", "cat", "owl"]], [["cat", "dog"]]],
)
_SHARES = Inputs([0.9, 0.2, 0.4, 0.7, 0.6], [[1], [0], [1], [0], [1]])
_NUMBERS = Inputs([1.0, 2.5, 2.0, 4.5, 3.5], [[1.5], [2.0], [3.0], [4.0], [5.0]])
_ENTITIES = Inputs(
    [[["Paris", "place"], ["Ann", "person"]], [["Rome", "place"]], [], [["Bob", "place"]]],
    [[[["Paris", "place"]]], [[["Rome", "place"]]], [[["Eve", "person"]]], [[["Bob", "person"]]]],
)
_SPANS = [{"text": "Paris and Ann"}, {"text": "Rome"}, {"text": "Eve"}, {"text": "Bob"}]
_DICTS = Inputs(
    [{"name": "Ann", "age": "7"}, {"name": "Bob"}, {"name": "Eve", "age": "9", "town": "Rome"}],
    [[{"name": "Ann", "age": "8"}], [{"name": "Bob", "age": "3"}], [{"name": "Eve", "age": "9"}]],
)
_GROUPED = Inputs(
    ["cat", "dog", "cat", "owl", "a cat", "dog"],
    [["cat"], ["cat"], ["cat"], ["owl"], ["cat"], ["dog"]],
    [
        {"group_id": f"g{place // 3}", "variant_type": kind}
        for place, kind in enumerate(["original", "paraphrase", "paraphrase", "original", "paraphrase", "paraphrase"])
    ],
)
_RANKED = Inputs(
    [["a", "b", "c"], ["d", "e"], ["x", "a"], ["b"]],
    [[["a"]], [["e", "f"]], [["b"]], [["b", "c"]]],
)
_CALLS = Inputs(
    [
        {"name": "add", "arguments": {"a": 1, "b": 2}},
        {"name": "add", "arguments": {"a": 1}},
        {"name": "sub", "arguments": {"a": 3, "b": 2}},
    ],
    [
        [{"name": "add", "arguments": {"a": 1, "b": 2}}],
        [{"name": "add", "arguments": {"a": 1, "b": 2}}],
        [{"name": "add", "arguments": {"a": 3, "b": 2}}],
    ],
    [
        {
            "__tools__": [
                {
                    "type": "function",
                    "function": {
                        "name": name,
                        "description": "numbers",
                        "parameters": {
                            "type": "object",
                            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
                            "required": ["a", "b"],
                        },
                    },
                }
                for name in ("add", "sub")
            ]
        }
    ]
    * 3,
)

INPUTS: dict[str, Inputs] = {
    **dict.fromkeys(
        ("accuracy", "accuracy_fast", "max_accuracy", "exact_match_mm", "f1", "f1_fast", "f1_macro", "f1_micro"),
        _LABELS,
    ),
    **dict.fromkeys(("f1_weighted",), _LABELS),
    **dict.fromkeys(("string_containment", "string_containment_old", "token_overlap", "anls"), _TEXTS),
    **dict.fromkeys(("prediction_length", "rouge"), _TEXTS),
    **dict.fromkeys(("char_edit_distance", "char_edit_distance_accuracy"), _TEXTS),
    **dict.fromkeys(("normalized_sacrebleu",), _TEXTS),
    **dict.fromkeys(("jaccard_index", "unsorted_list_exact_match"), _LISTS),
    **dict.fromkeys(
        (
            "f1_macro_multi_label",
            "f1_micro_multi_label",
            "f1_multi_label",
            "precision_macro_multi_label",
            "precision_micro_multi_label",
            "recall_macro_multi_label",
            "recall_micro_multi_label",
        ),
        _LISTS,
    ),
    **dict.fromkeys(
        ("binary_accuracy", "binary_max_accuracy", "binary_max_f1", "f1_binary", "f1_binary_pos_only"), _SHARES
    ),
    **dict.fromkeys(("precision_binary", "recall_binary"), _SHARES),
    "roc_auc": _SHARES._replace(references=[[1.0], [0.0], [1.0], [0.0], [1.0]]),
    **dict.fromkeys(
        ("mean_squared_error", "root_mean_squared_error", "pearsonr", "spearmanr", "kendall_tau_metric"), _NUMBERS
    ),
    "ner": _ENTITIES,
    "fuzzy_ner": _ENTITIES,
    "key_value_extraction": _DICTS._replace(arguments={"metric": "metrics.accuracy"}),
    **dict.fromkeys(
        (
            "group_mean_accuracy",
            "group_mean_string_containment",
            "group_mean_token_overlap",
            "fixed_group_mean_accuracy",
            "fixed_group_mean_string_containment",
            "fixed_group_mean_baseline_accuracy",
            "fixed_group_mean_baseline_string_containment",
            "fixed_group_mean_paraphrase_accuracy",
            "fixed_group_mean_paraphrase_string_containment",
            "fixed_group_pdr_paraphrase_accuracy",
            "fixed_group_pdr_paraphrase_string_containment",
            "fixed_group_norm_cohens_h_paraphrase_accuracy",
            "fixed_group_norm_cohens_h_paraphrase_string_containment",
            "fixed_group_norm_hedges_g_paraphrase_accuracy",
            "fixed_group_norm_hedges_g_paraphrase_string_containment",
            "fixed_group_absval_norm_cohens_h_paraphrase_accuracy",
            "fixed_group_absval_norm_cohens_h_paraphrase_string_containment",
            "fixed_group_absval_norm_hedges_g_paraphrase_accuracy",
            "fixed_group_absval_norm_hedges_g_paraphrase_string_containment",
        ),
        _GROUPED,
    ),
    **dict.fromkeys(("map", "mrr", "ndcg", "retrieval_at_k"), _RANKED),
    "tool_calling_metric": _CALLS,
}
INPUTS["retrieval_at_k"] = _RANKED._replace(arguments={"k_list": [1, 2]})
INPUTS["string_containment_ratio"] = Inputs(
    ["Paris and Rome", "Ann"],
    [["x"], ["y"]],
    [{"entities": ["Paris", "Oslo"]}, {"entities": ["Ann"]}],
    {"field": "entities"},
)
INPUTS["ndcg"] = Inputs(
    [0.9, 0.4, 0.7, 0.2, 0.8], [[2.0], [0.0], [1.0], [1.0], [0.0]], [{"query": q} for q in ("a", "a", "a", "b", "b")]
)
INPUTS["jaccard_index_string"] = _TEXTS._replace(arguments={"splitter": {"__type__": "regex_split", "by": " "}})
INPUTS["websrc_squad_f1"] = _TEXTS._replace(task_data=[{"domain": name} for name in ("a", "a", "b", "b", "b")])
INPUTS["relaxed_correctness"] = Inputs(
    ["7", "10.2", "yes", "11"], [["7"], ["10"], ["no"], ["10"]],
    [{"type": kind} for kind in ("human_test", "human_test", "augmented_test", "augmented_test")],
)  # fmt: skip
