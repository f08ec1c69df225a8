"""Random Unitxt recipes with their rows: cards, templates, formats, demonstrations, serializers, metrics."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Catalog = dict[str, list[str]]

WORDS = [
    "river",
    "stone",
    "maps",
    "Paris",
    "42",
    "1,200",
    "blue",
    "İstanbul",
    "schön",
    "naïve",
    "東京",
    "7.5",
    "the",
    "of",
    "and",
    "time",
    "yes",
    "no",
    "maybe",
    "Über",
    "seven",
    "Kenya",
    "dog's",
    "$12",
    "don't",
    "co-op",
    "3/4",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "lazy",
    "cat",
    "a",
    "an",
    "Ann",
    "Bob",
]
CLASSES = ["sports", "World News", "sci-fi", "naïve", "none", "Not sports"]
TEXT_METRICS = [
    "accuracy",
    "f1_micro",
    "f1_macro",
    "f1_weighted",
    "rouge",
    "rouge",
    "token_overlap",
    "string_containment",
    "anls",
    "char_edit_distance",
    "char_edit_dist_accuracy",
    "normalized_sacrebleu",
    "sacrebleu",
    "squad",
    "f1_strings",
    "prediction_length",
    "exact_match_mm",
    "websrc_squad_f1",
    "relaxed_correctness",
    "meteor",
    "wer",
    "jaccard_index_words",
    "is_code_mixed",
]
LABEL_METRICS = [
    "f1_micro_multi_label",
    "f1_macro_multi_label",
    "precision_micro_multi_label",
    "precision_macro_multi_label",
    "recall_micro_multi_label",
    "recall_macro_multi_label",
    "accuracy",
    "jaccard_index",
    "unsorted_list_exact_match",
]
NUMBER_METRICS = ["spearman", "pearson", "kendalltau_b", "mean_squared_error", "root_mean_squared_error"]
BINARY_METRICS = [
    "accuracy_binary",
    "f1_binary",
    "precision_binary",
    "recall_binary",
    "roc_auc",
    "max_f1_binary",
    "max_accuracy_binary",
    "spearman",
    "kendalltau_b",
]
TEXT_PROCESSORS = [
    "lower_case",
    "take_first_non_empty_line",
    "take_last_non_empty_line",
    "to_string_stripped",
    "first_character",
    "lower_case_till_punc",
    "take_first_word",
    "remove_articles",
    "remove_punctuations",
    "fix_whitespace",
    "get_string_after_colon",
    "capitalize",
    "upper_case",
    "substring",
    "extract_from_double_brackets",
]
NUMBER_PROCESSORS = [
    "cast_to_float_return_nan_if_failed",
    "cast_to_float_return_zero_if_failed",
    "cast_to_float_return_0_5_if_failed",
    "extract_mt_bench_rating_judgment",
    "extract_arena_hard_numerical_judgment",
    "str_to_float_format",
]


@cache
def catalog() -> Catalog:
    """The names of the installed Unitxt's catalog, by kind."""
    spec = importlib.util.find_spec("unitxt")
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent / "catalog"
    names: Catalog = {}
    for path in sorted(root.rglob("*.json")):
        parts = path.relative_to(root).with_suffix("").parts
        names.setdefault(parts[0], []).append(".".join(parts))
    return names


class _Draw:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def one(self, *options: Any) -> Any:
        return self.random.choice(options)

    def words(self, least: int, most: int) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randint(least, most)))

    def some(self, options: list[Any], least: int, most: int) -> list[Any]:
        return self.random.sample(options, min(len(options), self.random.randint(least, most)))

    def named(self, kind: str, prefix: str, *without: str) -> str:
        names = [name for name in catalog()[kind] if name.startswith(prefix) and not any(w in name for w in without)]
        return self.random.choice(names)


# -- families: task, rows, what may be used with them ------------------------------------------------------------------


class Family:
    """A task with what makes its rows, the catalog's templates that suit it, and metrics that suit its predictions."""

    def __init__(
        self,
        task: str,
        row: Callable[[_Draw], Row],
        templates: str | None,
        metrics: list[str],
        *,
        without: tuple[str, ...] = (),
        own: Callable[[_Draw], dict[str, Any]] | None = None,
        processors: list[str] | None = None,
    ) -> None:
        self.task, self.row, self.templates, self.metrics = task, row, templates, metrics
        self.without, self.own, self.processors = without, own, processors


def _classes(draw: _Draw) -> Row:
    return {
        "text": draw.words(3, 9),
        "text_type": draw.one("text", "Post"),
        "type_of_class": draw.one("topic", "Label"),
        "classes": CLASSES[:4],
        "label": draw.one(*CLASSES[:4]),
    }


def _relation(draw: _Draw) -> Row:
    return {
        "text_a": draw.words(3, 6),
        "text_a_type": "premise",
        "text_b": draw.words(2, 6),
        "text_b_type": "hypothesis",
        "classes": ["entailment", "neutral", "contradiction"],
        "type_of_relation": "entailment",
        "label": draw.one("entailment", "neutral", "contradiction"),
    }


def _labels(draw: _Draw) -> Row:
    return {
        "text": draw.words(3, 9),
        "text_type": "text",
        "type_of_classes": draw.one("topics", "Labels"),
        "classes": CLASSES[:5],
        "labels": draw.some(CLASSES[:4], 0, 3),
    }


def _zero_or_one(draw: _Draw) -> Row:
    label = draw.random.randrange(2)
    return {"text": draw.words(3, 9), "text_type": "text", "class": "toxic", "label": label}


def _question(draw: _Draw) -> Row:
    return {
        "question": draw.words(3, 7) + "?",
        "answers": [draw.words(1, 4) for _ in range(draw.one(1, 1, 2, 3))],
        "context": draw.words(8, 20),
        "context_type": draw.one("passage", "Document"),
    }


def _table(draw: _Draw) -> Row:
    width = draw.random.randint(1, 4)
    header = [draw.one("name", "year", "a|b", "Größe", "n o t e") + str(place) for place in range(width)]
    cells = (draw.one(draw.words(1, 2), draw.random.randint(0, 3000), 2.5, None, True, ""),)
    rows = [[draw.one(*cells, draw.words(1, 1)) for _ in range(width)] for _ in range(draw.random.randint(1, 4))]
    return {**_question(draw), "context": {"header": header, "rows": rows}, "context_type": "table"}


def _dialog(draw: _Draw) -> Row:
    turns = [
        {"role": ("user", "assistant")[place % 2], "content": draw.words(2, 6)} for place in range(draw.one(1, 2, 3, 5))
    ]
    return {**_question(draw), "context": turns, "context_type": "dialog"}


def _choices(draw: _Draw) -> Row:
    choices = [f"{draw.words(1, 3)} {place}" for place in range(draw.random.randint(2, 5))]
    answer = draw.random.randrange(len(choices))
    return {
        "topic": draw.words(1, 1),
        "question": draw.words(3, 7) + "?",
        "choices": choices,
        "answer": answer,
        "context": draw.words(5, 9),
        "context_type": "text",
    }


def _chosen(draw: _Draw) -> Row:
    row = _choices(draw)
    return {**row, "answer": row["choices"][row["answer"]]}


def _summary(draw: _Draw) -> Row:
    return {
        "document": "\n".join(draw.words(4, 12) + "." for _ in range(2)),
        "document_type": "article",
        "summaries": [draw.words(3, 9) + "." for _ in range(draw.one(1, 2))],
    }


def _translation(draw: _Draw) -> Row:
    return {
        "text": draw.words(3, 8),
        "source_language": "english",
        "target_language": draw.one("german", "french", "japanese", "chinese"),
        "translation": draw.words(3, 8),
    }


def _generation(draw: _Draw) -> Row:
    return {
        "input": draw.words(3, 8),
        "type_of_input": "request",
        "type_of_output": "reply",
        "output": draw.words(2, 8),
    }


def _pair(draw: _Draw) -> Row:
    return {
        "input_a": _table(draw)["context"],
        "type_of_input_a": "table",
        "input_b": draw.words(2, 5),
        "type_of_input_b": "hint",
        "type_of_output": "text",
        "output": draw.words(3, 8),
    }


def _value(draw: _Draw) -> Row:
    return {
        "text": draw.words(3, 8),
        "text1": draw.words(3, 6),
        "text2": draw.words(3, 6),
        "attribute_name": "similarity",
        "min_value": 0.0,
        "max_value": 5.0,
        "attribute_value": float(draw.random.randint(0, 50)) / 10,
    }


def _spans(draw: _Draw) -> Row:
    words = draw.random.choices(WORDS, k=6)
    text, starts, ends = "", [], []
    chosen = sorted(draw.some(list(range(6)), 0, 3))
    for place, word in enumerate(words):
        text += " " if text else ""
        if place in chosen:
            starts.append(len(text))
            ends.append(len(text) + len(word))
        text += word
    return {
        "text": text,
        "text_type": "text",
        "entity_types": ["Person", "Place", "Thing"],
        "spans_starts": starts,
        "spans_ends": ends,
        "labels": [draw.one("Person", "Place", "Thing") for _ in chosen],
    }


def _single_entity(draw: _Draw) -> Row:
    row = _spans(draw)
    return {**row, "entity_type": "Person", "labels": ["Person"] * len(row["labels"])}


def _keys(draw: _Draw) -> Row:
    keys = ["name", "city", "Age"]
    pairs = {key: draw.one(draw.words(1, 2), draw.words(1, 3)) for key in keys if draw.chance(0.8)}
    return {"input": draw.words(4, 9), "keys": keys, "key_value_pairs_answer": pairs or {"name": "Ann"}}


def _completion(draw: _Draw) -> Row:
    return {
        "context": draw.words(4, 9),
        "context_type": "story",
        "completion_type": "ending",
        "completion": draw.words(2, 6),
    }


def _completion_choice(draw: _Draw) -> Row:
    row = _choices(draw)
    return {"context": row["context"], "context_type": "story", "choices": row["choices"], "answer": row["answer"]}


def _correction(draw: _Draw) -> Row:
    return {"original_text": draw.words(3, 7), "corrected_texts": [draw.words(3, 7) for _ in range(draw.one(1, 2))]}


def _rewriting(draw: _Draw) -> Row:
    return {
        "input_text": draw.words(3, 7),
        "input_text_type": "text",
        "text_type": "text",
        "output_text_type": "text",
        "required_attribute": "politer",
        "output_text": draw.words(3, 7),
    }


def _selection(draw: _Draw) -> Row:
    texts = [f"{draw.words(2, 4)} {place}" for place in range(3)]
    return {
        "required_attribute": "long",
        "attribute_type": "style",
        "choices_texts": texts,
        "choices_text_type": "sentences",
        "choice": draw.one(*texts),
    }


def _language(draw: _Draw) -> Row:
    return {"text": draw.words(3, 7), "label": draw.one("english", "german", "Türkçe")}


def _rating(draw: _Draw) -> Row:
    pairs = [["user", draw.words(2, 5)], ["assistant", draw.words(2, 9)]]
    return {
        "question": draw.words(3, 6),
        "answer": draw.words(3, 9),
        "reference_answer": draw.words(2, 5),
        "dialog": pairs * 2,
        "reference_dialog": pairs,
        "rating": float(draw.random.randint(1, 10)),
    }


def _pairwise(draw: _Draw) -> Row:
    row = _rating(draw)
    return {
        **row,
        "answer_a": draw.words(2, 6),
        "answer_b": draw.words(2, 6),
        "dialog_a": row["dialog"],
        "dialog_b": row["reference_dialog"],
        "winner": draw.one("choice_a", "choice_b", "tie"),
    }


def _comparative(draw: _Draw) -> Row:
    return {
        **_pairwise(draw),
        "model_a": draw.one("m1", "m2"),
        "model_b": "m3",
        "answer_a_preference": draw.random.randint(-3, 3),
    }


def _rag(draw: _Draw) -> Row:
    return {
        "question": draw.words(3, 6),
        "contexts": [draw.words(4, 9) for _ in range(2)],
        "contexts_ids": [1, 2],
        "reference_answers": [draw.words(2, 6) for _ in range(draw.one(1, 2))],
    }


def _rag_eval(draw: _Draw) -> Row:
    right = draw.random.randrange(2)
    word = ["no", "yes"][right]
    return {
        "question": draw.words(3, 6),
        "answer": draw.words(3, 6),
        "contexts": [draw.words(4, 9)],
        "choices": ["yes", "no"],
        "ground_truths": [draw.words(2, 3)],
        "is_correct": [word],
        "is_relevant": [word],
        "is_faithful": [word],
        "is_context_relevant": [word],
        "number_val": right,
    }


TOOL_TYPES = {"city": "string", "days": "integer", "celsius": "boolean", "limit": "number"}


def _tools(draw: _Draw) -> list[Row]:
    tools = []
    for name in draw.some(["get_weather", "find_flights", "convert", "book"], 1, 3):
        properties = {
            key: {"type": TOOL_TYPES[key], "description": draw.words(1, 3)} for key in draw.some(list(TOOL_TYPES), 1, 3)
        }
        required = draw.some(list(properties), 0, 2)
        tools.append(
            {
                "name": name,
                "description": draw.words(2, 5),
                "parameters": {"type": "object", "properties": properties, "required": required},
            }
        )
    return tools


def _call(draw: _Draw, tools: list[Row]) -> Row:
    tool = draw.one(*tools)
    values = {"city": draw.words(1, 1), "days": draw.random.randint(1, 9), "celsius": draw.chance(0.5), "limit": 2.5}
    return {"name": tool["name"], "arguments": {key: values[key] for key in tool["parameters"]["properties"]}}


def _tool_call(draw: _Draw) -> Row:
    tools = _tools(draw)
    return {
        "query": draw.words(3, 8),
        "tools": tools,
        "reference_calls": [_call(draw, tools) for _ in range(draw.one(1, 1, 2))],
    }


def _tool_turns(draw: _Draw) -> Row:
    row = _tool_call(draw)
    dialog = [
        {"role": "user", "content": draw.words(2, 5)},
        {"role": "assistant", "content": draw.words(2, 5)},
        {"role": "user", "content": row["query"]},
    ]
    return {"dialog": dialog[draw.one(0, 2) :], "tools": row["tools"], "reference_calls": row["reference_calls"]}


def _schema(draw: _Draw) -> Row:
    schema = [f"{table}.{column}" for table in ("city", "river") for column in ("id", "name", "length")]
    return {
        "id": draw.words(1, 1),
        "utterance": draw.words(3, 7),
        "hint": draw.words(1, 4),
        "schema": schema,
        "linked_schema": draw.some(schema, 1, 3),
    }


def _own_text(*fields: str, output: str) -> Callable[[_Draw], dict[str, Any]]:
    """An input-output template of one's own over fields of the task."""

    def make(draw: _Draw) -> dict[str, Any]:
        template: dict[str, Any] = {
            "__type__": "input_output_template",
            "input_format": draw.one(" ", "\n", " - ").join(f"{field.title()}: {{{field}}}" for field in fields),
            "output_format": f"{{{output}}}",
        }
        if draw.chance(0.4):
            template["instruction"] = draw.one("Answer the question.", "Say what is asked:\n")
        if draw.chance(0.3):
            template["target_prefix"] = draw.one("Answer: ", "A:")
        return template

    return make


def _own_references(*fields: str, references: str) -> Callable[[_Draw], dict[str, Any]]:
    def make(draw: _Draw) -> dict[str, Any]:
        return {
            **_own_text(*fields, output=references)(draw),
            "__type__": "multi_reference_template",
            "references_field": references,
        }

    return make


def _own_choices(draw: _Draw) -> dict[str, Any]:
    template: dict[str, Any] = {
        "__type__": "multiple_choice_template",
        "input_format": draw.one("{question}\n{choices}", "Q: {question}\nOptions: {choices}\nOne of {numerals}:"),
        "target_field": "answer",
        "enumerator": draw.one("capitals", "lowercase", "numbers", "roman", ["α", "β", "γ", "δ", "ε"]),
        "choices_separator": draw.one("\n", ", ", " | "),
    }
    if draw.chance(0.4):
        template["shuffle_choices"] = True
    if draw.chance(0.3):
        template["target_choice_format"] = draw.one("{choice_text}", "{choice_numeral}. {choice_text}")
    if draw.chance(0.3):
        template["source_choice_format"] = "({choice_numeral}) {choice_text}"
    return template


_QA = _own_references("context", "question", references="answers")
_SQUAD = ["squad", "rouge", "token_overlap", "accuracy", "f1_strings", "anls", "string_containment"]

FAMILIES: list[Family] = [
    Family(
        "classification.multi_class",
        _classes,
        "templates.classification.multi_class.",
        TEXT_METRICS,
        without=("relation", "with_classes"),
        own=_own_text("text", "classes", output="label"),
    ),
    Family(
        "classification.multi_class.relation", _relation, "templates.classification.multi_class.relation.", TEXT_METRICS
    ),
    Family(
        "classification.multi_class.topic_classification",
        _classes,
        "templates.classification.multi_class.",
        TEXT_METRICS,
        without=("relation", "with_classes"),
    ),
    Family("classification.multi_label", _labels, "templates.classification.multi_label.", LABEL_METRICS),
    Family(
        "classification.binary.zero_or_one",
        _zero_or_one,
        None,
        [*BINARY_METRICS, "accuracy"],
        own=_own_text("text", "class", output="label"),
        processors=["predictions_yes_1_else_0", *NUMBER_PROCESSORS[:2]],
    ),
    Family(
        "qa.open", _question, "templates.qa.open", TEXT_METRICS, own=_own_references("question", references="answers")
    ),
    Family("qa.extractive", _question, "templates.qa.extractive", _SQUAD, own=_QA),
    Family("qa.extractive", _table, None, _SQUAD, own=_QA),
    Family("qa.with_context", _question, "templates.qa.with_context.", TEXT_METRICS, own=_QA),
    Family("qa.with_context", _table, "templates.qa.with_context.", TEXT_METRICS, own=_QA),
    Family("qa.with_context", _dialog, "templates.qa.with_context.", TEXT_METRICS, own=_QA),
    Family("qa.multiple_choice.open", _choices, "templates.qa.multiple_choice.open.", TEXT_METRICS, own=_own_choices),
    Family("qa.multiple_choice.open", _chosen, "templates.qa.multiple_choice.open.", TEXT_METRICS, own=_own_choices),
    Family(
        "qa.multiple_choice.with_topic",
        _choices,
        "templates.qa.multiple_choice.with_topic.",
        TEXT_METRICS,
        own=_own_choices,
    ),
    Family(
        "qa.multiple_choice.with_context",
        _chosen,
        "templates.qa.multiple_choice.with_context.",
        TEXT_METRICS,
        own=_own_choices,
        without=("with_topic",),
    ),
    Family(
        "summarization.abstractive",
        _summary,
        "templates.summarization.abstractive.",
        TEXT_METRICS,
        own=_own_references("document", references="summaries"),
    ),
    Family("translation.directed", _translation, "templates.translation.directed.", TEXT_METRICS),
    Family("generation", _generation, "templates.generation.", TEXT_METRICS, without=("from_pair",)),
    Family(
        "generation.from_pair",
        _pair,
        "templates.generation.from_pair.",
        TEXT_METRICS,
        own=_own_text("input_a", "input_b", output="output"),
    ),
    Family(
        "regression.two_texts", _value, "templates.regression.two_texts.", NUMBER_METRICS, processors=NUMBER_PROCESSORS
    ),
    Family(
        "regression.single_text",
        _value,
        "templates.regression.single_text.",
        NUMBER_METRICS,
        own=_own_text("text", output="attribute_value"),
        processors=NUMBER_PROCESSORS,
    ),
    Family("span_labeling.extraction", _spans, "templates.span_labeling.extraction.", ["ner", "fuzzyner"]),
    Family("ner.single_entity_type", _single_entity, "templates.span_labeling.extraction.", ["ner"]),
    Family(
        "key_value_extraction",
        _keys,
        "templates.key_value_extraction.",
        ["key_value_extraction.accuracy", "key_value_extraction.token_overlap"],
    ),
    Family("completion.abstractive", _completion, "templates.completion.abstractive.", TEXT_METRICS),
    Family("completion.multiple_choice", _completion_choice, "templates.completion.multiple_choice.", TEXT_METRICS),
    Family("grammatical_error_correction", _correction, "templates.grammatical_error_correction.", TEXT_METRICS),
    Family("rewriting.by_attribute", _rewriting, "templates.rewriting.by_attribute.", TEXT_METRICS),
    Family("rewriting.paraphrase", _rewriting, "templates.rewriting.paraphrase.", TEXT_METRICS),
    Family("selection.by_attribute", _selection, "templates.selection.by_attribute.", ["accuracy", "f1_micro"]),
    Family("language_identification", _language, "templates.language_identification.", TEXT_METRICS),
    Family(
        "response_assessment.rating.single_turn",
        _rating,
        "templates.response_assessment.rating.",
        NUMBER_METRICS,
        without=("multi_turn", "with_reference"),
        processors=NUMBER_PROCESSORS,
    ),
    Family(
        "response_assessment.rating.multi_turn",
        _rating,
        "templates.response_assessment.rating.",
        NUMBER_METRICS,
        without=("single_turn", "with_reference"),
    ),
    Family(
        "response_assessment.pairwise_comparison.single_turn",
        _pairwise,
        "templates.response_assessment.pairwise_comparison.",
        ["accuracy", "f1_micro", "f1_macro"],
        without=("multi_turn", "with_reference"),
    ),
    Family(
        "response_assessment.pairwise_comparison.multi_turn_with_reference",
        _pairwise,
        "templates.response_assessment.pairwise_comparison.mt_bench_multi_turn_with",
        ["accuracy", "f1_macro"],
    ),
    Family(
        "response_assessment.pairwise_comparative_rating.single_turn",
        _comparative,
        "templates.response_assessment.pairwise_comparative_rating.",
        ["weighted_win_rate_correlation", "accuracy"],
    ),
    Family(
        "rag.response_generation",
        _rag,
        "templates.rag.response_generation.",
        [
            "rag.response_generation.correctness.token_overlap",
            "rag.response_generation.faithfullness.token_overlap",
            "rouge",
        ],
    ),
    Family("rag_eval.answer_correctness.binary", _rag_eval, "templates.rag_eval.answer_correctness.", BINARY_METRICS),
    Family("rag_eval.faithfulness.binary", _rag_eval, "templates.rag_eval.faithfulness.", BINARY_METRICS),
    Family("rag_eval.context_relevance.binary", _rag_eval, "templates.rag_eval.context_relevance.", BINARY_METRICS),
    Family(
        "tool_calling.supervised",
        _tool_call,
        "templates.tool_calling.base",
        [
            "tool_calling",
            "tool_calling.key_value.accuracy",
            "tool_calling.key_value.token_overlap",
            "tool_calling.reflection.syntactic",
        ],
    ),
    Family("tool_calling.supervised", _tool_call, "templates.tool_calling.base", ["tool_calling"]),
    Family(
        "tool_calling.multi_turn",
        _tool_turns,
        "templates.tool_calling.multi_turn",
        ["tool_calling.multi_turn.validity", "tool_calling"],
    ),
    Family("schema_linking", _schema, "templates.schema_linking.", LABEL_METRICS),
]


def draw_recipe(seed: int) -> dict[str, Any]:
    """A recipe as Unitxt's JSON, with its rows in it; equal seeds give equal recipes."""
    draw = _Draw(seed)
    family = FAMILIES[seed % len(FAMILIES)]
    train = [{**family.row(draw), "place": place} for place in range(draw.random.randint(6, 12))]
    test = [{**family.row(draw), "place": place} for place in range(draw.random.randint(3, 14))]
    card: dict[str, Any] = {
        "__type__": "task_card",
        "loader": {
            "__type__": "load_from_dictionary",
            "data": {"train": train, "test": test},
            "data_classification_policy": ["public"],
        },
        "preprocess_steps": _steps(draw),
        "task": f"tasks.{family.task}",
    }
    recipe: dict[str, Any] = {"__type__": "dataset_recipe", "card": card, "template": _template(draw, family)}
    if draw.chance(0.5):
        recipe["format"] = draw.named("formats", "formats.", "tokenizer", "models.")
    if draw.chance(0.25):
        recipe["format"] = draw.one("formats.chat_api", _own_format(draw))
    if draw.chance(0.25):
        recipe["system_prompt"] = draw.named("system_prompts", "system_prompts.")
    if draw.chance(0.5):
        recipe["num_demos"] = draw.random.randint(1, 3)
        recipe["demos_pool_size"] = draw.one(4, 5, -1)
        if draw.chance(0.2):
            recipe["demos_removed_from_data"] = False
    if draw.chance(0.6):
        recipe["metrics"] = [f"metrics.{name}" for name in dict.fromkeys(draw.some(family.metrics, 1, 3))]
    if draw.chance(0.35):
        pool = family.processors or (TEXT_PROCESSORS if family.metrics in (TEXT_METRICS, _SQUAD) else None)
        if pool:
            recipe["postprocessors"] = [f"processors.{name}" for name in draw.some(pool, 1, 2)]
    if family.row in (_table, _pair):
        if draw.chance(0.7):
            recipe["serializer"] = draw.named("serializers", "serializers.table.", "image")
        if draw.chance(0.3):
            recipe["augmentor"] = draw.named("augmentors", "augmentors.table.")
    if draw.chance(0.15):
        recipe["max_test_instances"] = draw.random.randint(2, 6)
    if draw.chance(0.1):
        recipe["loader_limit"] = draw.random.randint(5, 9)
    return recipe


def _steps(draw: _Draw) -> list[dict[str, Any]]:
    options: list[dict[str, Any]] = [
        {"__type__": "shuffle", "page_size": draw.one(3, 5, 1000)},
        {"__type__": "set", "fields": {"origin": "made up"}},
        {"__type__": "filter_by_condition", "values": {"place": 2}, "condition": draw.one("gt", "ne", "le")},
        {"__type__": "copy", "field": "place", "to_field": "seat"},
        {"__type__": "rename", "field": "place", "to_field": "seat"},
    ]
    return draw.some(options, 0, 2)


def _template(draw: _Draw, family: Family) -> Any:
    if family.own is not None and (family.templates is None or draw.chance(0.4)):
        template = family.own(draw)
        pool = family.processors or TEXT_PROCESSORS
        if draw.chance(0.5):
            template["postprocessors"] = [f"processors.{name}" for name in draw.some(pool, 1, 2)]
        return template
    return draw.named("templates", family.templates or "", *family.without)


def _own_format(draw: _Draw) -> dict[str, Any]:
    return {
        "__type__": "system_format",
        "demo_format": draw.one("{source}\\N{target_prefix}{target}\n\n", "Q: {source}\nA: {target_prefix}{target}\n"),
        "model_input_format": draw.one(
            "{system_prompt}\\N{instruction}\\N{demos}{source}\\N{target_prefix}",
            "[{instruction}]\\N\\N{demos}<{source}>",
        ),
    }
