"""Random samples for each card metric: what hypothesis draws statistics from."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from regrade.artifacts import build
from regrade.metrics.card_metric import CardMetric

LABELS = st.sampled_from(["cat", "dog", "fish", "owl"])
LABEL_LISTS = st.lists(LABELS, max_size=3)
TEXTS = st.lists(st.sampled_from(["a", "cat", "sat", "on", "mat", "."]), max_size=5).map(" ".join)
#: Quarters: numbers of very different sizes would cancel each other, by whichever formula.
NUMBERS = st.integers(-20, 20).map(lambda quarters: quarters / 4)
SHARES = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1, width=16))
CLASSES = st.integers(0, 1)
GROUPS = st.fixed_dictionaries(
    {"group_id": st.integers(0, 3), "variant_type": st.sampled_from(["original", "paraphrase"])}
)


class Kind(NamedTuple):
    """A metric and what its samples are."""

    data: dict[str, Any]
    predictions: st.SearchStrategy[Any]
    references: st.SearchStrategy[Any]
    task_data: st.SearchStrategy[dict[str, Any]] = st.just({})

    @property
    def metric(self) -> CardMetric:
        return build(self.data, CardMetric)

    def statistics(self, smallest: int = 2, largest: int = 12) -> st.SearchStrategy[list[Any]]:
        metric = self.metric
        sample = st.tuples(self.predictions, st.lists(self.references, min_size=1, max_size=1), self.task_data)
        return st.lists(sample.map(lambda one: metric.statistics(*one)), min_size=smallest, max_size=largest)


def _labels(*names: str) -> dict[str, Kind]:
    return {name: Kind({"__type__": name}, LABELS, LABELS) for name in names}


KINDS: dict[str, Kind] = {
    **_labels("accuracy", "accuracy_fast", "max_accuracy", "f1", "f1_macro", "f1_micro", "f1_weighted"),
    **_labels("f1_fast", "matthews_correlation", "string_containment", "string_containment_old"),
    **{
        name: Kind({"__type__": name}, LABEL_LISTS, LABEL_LISTS)
        for name in (
            "f1_macro_multi_label",
            "f1_micro_multi_label",
            "precision_macro_multi_label",
            "precision_micro_multi_label",
            "recall_macro_multi_label",
            "recall_micro_multi_label",
            "unsorted_list_exact_match",
        )
    },
    **{
        name: Kind({"__type__": name}, SHARES, CLASSES)
        for name in ("f1_binary", "precision_binary", "recall_binary", "binary_max_f1", "binary_accuracy")
    },
    "f1_binary_pos_only": Kind({"__type__": "f1_binary_pos_only", "ci_scores": ["f1_binary"]}, SHARES, CLASSES),
    "binary_max_accuracy": Kind({"__type__": "binary_max_accuracy"}, SHARES, CLASSES),
    "roc_auc": Kind({"__type__": "roc_auc"}, SHARES, CLASSES.map(float)),
    "token_overlap": Kind({"__type__": "token_overlap"}, TEXTS, TEXTS),
    "anls": Kind({"__type__": "anls", "ci_scores": ["anls"]}, TEXTS, TEXTS),
    "jaccard_index": Kind({"__type__": "jaccard_index"}, LABEL_LISTS, LABEL_LISTS.filter(bool)),
    **{
        name: Kind({"__type__": name}, NUMBERS, NUMBERS)
        for name in ("mean_squared_error", "root_mean_squared_error", "spearmanr", "pearsonr", "kendall_tau_metric")
    },
    "group_mean_accuracy": Kind({"__type__": "group_mean_accuracy"}, LABELS, LABELS, GROUPS),
    "group_mean_token_overlap": Kind({"__type__": "group_mean_token_overlap"}, TEXTS, TEXTS, GROUPS),
    "fixed_group_mean_accuracy": Kind({"__type__": "fixed_group_mean_accuracy"}, LABELS, LABELS, GROUPS),
    "fixed_group_pdr_paraphrase_accuracy": Kind(
        {"__type__": "fixed_group_pdr_paraphrase_accuracy"}, LABELS, LABELS, GROUPS
    ),
}
