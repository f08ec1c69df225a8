"""Random task configurations for lm-evaluation-harness, with documents and canned answers; a seed gives one, always."""

from __future__ import annotations

import random
from typing import Any

Doc = dict[str, Any]

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
    "people:",
    "date:",
    "Kenya",
    "$12",
    "don't",
    "co-op",
    "3/4",
    "☂",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "lazy",
    "dog",
]
LETTERS = ["A", "B", "C", "D", "E"]
PATTERNS: list[dict[str, Any]] = [
    {},
    {"regex_pattern": r"answer is (\S+)"},
    {"regex_pattern": r"(?i)answer is:?\s*(.+?)\.?$", "group_select": -1},
    {"regex_pattern": r"(-?[$0-9.,]{2,})|(-?[0-9]+)", "group_select": -1},
    {"regex_pattern": r"(-?[$0-9.,]{2,})|(-?[0-9]+)", "group_select": -1, "fallback": ""},
    {"regex_pattern": r"\(([A-E])\)", "fallback": "[none]"},
    {"regex_pattern": r"(\w+)\W*$"},
    {"regex_pattern": r"(a)?(b)?e", "group_select": -1},
    {"regex_pattern": r"^\s*(.*?)\s*$"},
    {"regex_pattern": r"#### (\-?[0-9\.\,]+)"},
    {"regex_pattern": r"x*"},
]
EXACT_MATCH: list[dict[str, Any]] = [
    {},
    {"ignore_case": True},
    {"ignore_punctuation": True},
    {"ignore_numbers": True},
    {"ignore_case": True, "ignore_punctuation": True},
    {"regexes_to_ignore": [",", r"\$", r"(?s).*#### ", r"\.$"]},
    {"regexes_to_ignore": [r"(?i)the answer is ", r"\W"], "ignore_case": True},
]


class _Draw:
    """What one configuration is drawn with."""

    def __init__(self, seed: int, modern: bool) -> None:
        self.random = random.Random(seed)
        self.modern = modern

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def one(self, *options: Any) -> Any:
        return self.random.choice(options)

    def phrase(self, least: int, most: int) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randint(least, most)))


def draw_run(seed: int, *, modern: bool = True) -> dict[str, Any]:
    """One run of the harness: tasks with documents and answers, groups, and another set of filters to try.

    Args:
        seed: The seed; equal seeds give equal runs.
        modern: Whether the harness knows what came after 0.4.9 (``chrf++``, ``acc_bytes``).
    """
    draw = _Draw(seed, modern)
    count = draw.random.choice([1, 1, 1, 2, 3, 4])
    kind = draw.one(
        "generate_until", "generate_until", "multiple_choice", "multiple_choice", "loglikelihood", "rolling"
    )
    first = _draw_task(draw, f"task_{seed}_0", kind)
    tasks = [first]
    for number in range(1, count):
        if draw.chance(0.7):  # subtasks alike, as in most groups, of other sizes
            tasks.append(_like(draw, first, f"task_{seed}_{number}"))
        else:
            tasks.append(_draw_task(draw, f"task_{seed}_{number}", kind))
    groups = _draw_groups(draw, seed, tasks) if count > 1 else []
    run: dict[str, Any] = {
        "seed": seed,
        "tasks": tasks,
        "groups": groups,
        "run": [groups[-1]["group"]] if groups else [task["config"]["task"] for task in tasks],
        "bootstrap_iters": draw.one(0, 100, 100, 200),
        "limit": draw.one(None, None, None, 3, 5),
        "num_fewshot": draw.one(None, None, None, 2),
    }
    if kind == "generate_until" and count == 1:
        run["other_filters"] = _draw_filters(draw, tasks[0]["config"].get("repeats", 1)) or None
        run["other_metric"] = draw.one(None, *EXACT_MATCH[1:])
    return run


def _draw_task(draw: _Draw, name: str, kind: str) -> dict[str, Any]:
    build = {
        "generate_until": _generation,
        "multiple_choice": _choice,
        "loglikelihood": _continuation,
        "rolling": _rolling,
    }[kind]
    size = draw.random.choice([2, 5, 9, 14, 25])
    config: dict[str, Any] = {"task": name, "output_type": "loglikelihood_rolling" if kind == "rolling" else kind}
    config |= {"dataset_path": "json", "test_split": "test", "metadata": {"version": draw.one(0, 1.0, 2)}}
    if draw.chance(0.2):
        config["description"] = draw.one("Answer the questions.\n\n", "About {{topic}}.\n")
    if draw.chance(0.15):
        config["task_alias"] = f"alias of {name}"
    if draw.chance(0.3):
        config["target_delimiter"] = draw.one("", " ", "\n", " -> ")
    if draw.chance(0.3):
        config["repeats"] = draw.one(2, 3, 5)
    task = {"config": config, "docs": [_doc(draw, place) for place in range(size)]}
    build(draw, task)
    return task


def _like(draw: _Draw, task: dict[str, Any], name: str) -> dict[str, Any]:
    size = draw.random.choice([2, 4, 7, 12])
    other = {
        "config": {**task["config"], "task": name},
        "docs": [_doc(draw, place) for place in range(size)],
        "shape": task["shape"],
    }
    _answer(draw, other)
    return other


def _doc(draw: _Draw, place: int) -> Doc:
    choices = [draw.phrase(1, 3) for _ in range(4)]
    if draw.chance(0.7):
        choices = [f"{letter} {choice}" for letter, choice in zip(LETTERS, choices, strict=False)]
    label = draw.random.randrange(4)
    answer = draw.one(draw.phrase(1, 1), draw.phrase(1, 2), str(draw.random.randint(-20, 2000)), draw.phrase(4, 9))
    return {
        "id": place,
        "topic": draw.one("maps", "rivers"),
        "question": draw.phrase(3, 8) + "?",
        "answer": answer,
        "answers": [answer, *(draw.phrase(1, 6) for _ in range(2))],
        "number": draw.random.randint(-3, 1500),
        "price": draw.random.choice([0.5, 2.0, 12.25, 1e-5, 100.0]),
        "flag": draw.chance(0.5),
        "choices": choices,
        "label": label,
        "letter": LETTERS[label],
        "labels": sorted(draw.random.sample(range(4), 2)),
        "right": choices[label],
        "binary": draw.random.randrange(2),
        "text": draw.one(draw.phrase(5, 30), draw.phrase(1, 4) + "\n\n" + draw.phrase(2, 9), " " + draw.phrase(2, 3)),
    }


# -- generation --------------------------------------------------------------------------------------------------------


def _generation(draw: _Draw, task: dict[str, Any]) -> None:
    config = task["config"]
    config["doc_to_text"] = draw.one("question", "Q: {{question}}\nA:", "{{ topic }}: {{question|upper}}")
    shape = draw.one(
        "answer",
        "answer",
        "answers",
        "number",
        "price",
        "flag",
        "choice",
        "letter",
        "literal",
        "fixed",
        "words",
        "spaced",
    )
    config["doc_to_target"] = {
        "answer": draw.one("answer", "{{answer}}"),
        "answers": draw.one("answers", "{{answers}}"),
        "number": draw.one("number", "{{number}}"),
        "price": draw.one("price", "{{price}}"),
        "flag": draw.one("flag", "{{flag}}"),
        "choice": draw.one("label", "{{label}}"),
        "letter": "{{['A','B','C','D'][label]}}",
        "literal": "{{[answer, number]}}",
        "fixed": draw.one("river", ["river", "maps"]),
        "words": "{{answer.split()[0]}}",
        "spaced": " {{answer}}\n",
    }[shape]
    if shape == "choice":
        config["doc_to_choice"] = draw.one("choices", "{{choices}}", ["A", "B", "C", "D"])
    task["shape"] = shape
    filters = _draw_filters(draw, config.get("repeats", 1))
    if filters:
        config["filter_list"] = filters
    if draw.chance(0.4):
        config["generation_kwargs"] = {"until": draw.one(["\n\n"], ["</s>", "Q:"]), "do_sample": False}
    _generation_metrics(draw, config)
    _answer(draw, task)


def _generation_metrics(draw: _Draw, config: dict[str, Any]) -> None:
    if draw.chance(0.1):
        return
    names = ["exact_match"] if draw.chance(0.75) else []
    if draw.chance(0.4) or not names:
        names += draw.random.sample(["bleu", "chrf", "ter"] + ["chrf++"] * draw.modern, draw.random.randint(1, 2))
    if draw.chance(0.05):
        names.append(draw.one("acc", "f1", "mcc", "bypass"))
    config["metric_list"] = []
    for name in names:
        entry = {"metric": name}
        if name == "exact_match":
            entry |= draw.random.choice(EXACT_MATCH)
        if draw.chance(0.7):
            entry["aggregation"] = {"f1": "f1", "mcc": "matthews_corrcoef", "bypass": "bypass"}.get(
                name,
                name if name in ("bleu", "chrf", "ter", "chrf++") else draw.one("mean", "mean", "median", "nanmean"),
            )
        if draw.chance(0.7):
            entry["higher_is_better"] = name != "ter"
        config["metric_list"].append(entry)


def _draw_filters(draw: _Draw, repeats: int) -> list[dict[str, Any]]:
    if draw.chance(0.3):
        return []
    return [
        {"name": draw.one("strict", "flexible", "get answer", "none") + str(place), "filter": _steps(draw, repeats)}
        for place in range(draw.random.choice([1, 1, 2, 3]))
    ]


def _steps(draw: _Draw, repeats: int) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    if repeats > 1 and draw.chance(0.4):
        steps.append({"function": "take_first_k", "k": draw.random.randint(1, repeats)})
    for _ in range(draw.random.choice([0, 1, 1, 2, 3])):
        name = draw.one(
            "regex",
            "regex",
            "regex",
            "remove_whitespace",
            "lowercase",
            "uppercase",
            "map",
            "multi_choice_regex",
            "format_span",
            "regex_pos",
        )
        step: dict[str, Any] = {"function": name}
        if name == "regex":
            step |= draw.random.choice(PATTERNS)
        elif name == "multi_choice_regex":
            step |= draw.random.choice([p for p in PATTERNS if "regex_pattern" in p])
            step |= draw.one(
                {}, {"ignore_case": True}, {"ignore_punctuation": True}, {"regexes_to_ignore": ["the", ","]}
            )
        elif name == "map":
            step["mapping_dict"] = {"A": "river", "[invalid]": "none", "42": "yes", "(A)": "A", "": "blank"}
            if draw.chance(0.8):
                step["default_value"] = draw.one("other", "[invalid]", "")
        steps.append(step)
    if repeats > 1 and draw.chance(0.6):
        steps.append({"function": "majority_vote"})
    if draw.chance(0.97):
        steps.append({"function": "take_first"})
    return steps


def _answer(draw: _Draw, task: dict[str, Any]) -> None:
    """Canned answers: per document and request, one per repeat."""
    repeats = task["config"].get("repeats", 1)
    kind = task["config"]["output_type"]
    task["answers"] = {}
    for doc in task["docs"]:
        if kind == "generate_until":
            requests: list[list[Any]] = [[_text(draw, task, doc) for _ in range(repeats)]]
        elif kind == "multiple_choice":
            requests = _choice_answers(draw, task, doc, repeats)
        elif kind == "loglikelihood":
            requests = [[[_loglikelihood(draw), draw.chance(0.5)] for _ in range(repeats)]]
        else:
            requests = [[_loglikelihood(draw) * 9 for _ in range(repeats)]]
        task["answers"][str(doc["id"])] = requests


def _text(draw: _Draw, task: dict[str, Any], doc: Doc) -> str:
    shape = task["shape"]
    target = {
        "answers": draw.random.choice(doc["answers"]),
        "literal": draw.one(doc["answer"], str(doc["number"])),
        "number": draw.one(str(doc["number"]), f"{doc['number']:,}", f"${doc['number']}"),
        "price": str(doc["price"]),
        "flag": str(doc["flag"]),
        "choice": draw.one(doc["right"], doc["letter"], doc["right"]),
        "letter": doc["letter"],
        "fixed": draw.one("river", "maps"),
        "words": doc["answer"].split()[0],
        "spaced": f" {doc['answer']}\n",
    }.get(shape, doc["answer"])
    if draw.chance(0.35):
        target = draw.one(draw.phrase(1, 3), doc["letter"], str(draw.random.randint(-5, 50)))
    words = target.split()
    draw.random.shuffle(words)
    return draw.one(
        target,
        target,
        target,
        target.upper(),
        f" {target} ",
        f"The answer is {target}.",
        f"Well.\nThe answer is: {target}",
        f"#### {target}",
        f"({doc['letter']})",
        f"It is ({doc['letter']}), so {target}",
        "",
        "\n",
        " ".join(words),
        f"{target}, {draw.phrase(1, 2)}",
        f"person: {target} $$ date: none",
        f"[('{target}', 'NOUN'), ('is', 'AUX')]",
        f"<think>{draw.phrase(2, 5)}</think> {target}",
        f"\u00a0{target}\u200b",
    )


def _loglikelihood(draw: _Draw) -> float:
    return draw.one(-draw.random.expovariate(0.2), -float(draw.random.randint(0, 6)), -0.25, -1e-9, -40.5)


# -- choices and likelihoods -------------------------------------------------------------------------------------------


def _choice(draw: _Draw, task: dict[str, Any]) -> None:
    config = task["config"]
    shape = draw.one("label", "label", "label", "right", "labels", "multiple_input", "fixed", "letters", "out", "yesno")
    config["doc_to_text"] = draw.one("question", "Q: {{question}}\nA:")
    config["doc_to_choice"] = draw.one("choices", "{{choices}}")
    config["doc_to_target"] = {
        "label": draw.one("label", "{{label}}"),
        "right": draw.one("right", "{{right}}"),
        "labels": draw.one("labels", "{{labels}}"),
        "multiple_input": draw.one("topic", "{{topic}} it is"),
        "fixed": draw.one(2, "2"),
        "letters": draw.one("letter", "{{['A','B','C','D'].index(letter)}}"),
        "out": "{{label + (label == 3)|int * 9}}",
        "yesno": draw.one("binary", "{{binary}}"),
    }[shape]
    if shape == "multiple_input":
        config["doc_to_text"] = draw.one("{{label}}", "label")
    if shape == "letters":
        config["doc_to_choice"] = draw.one(["A", "B", "C", "D"], {"a": "A", "b": "B", "c": "C", "d": "D"})
    if shape == "yesno":
        config["doc_to_choice"] = ["no", "yes"]
    task["shape"] = shape
    metrics = ["acc", "acc_norm", "acc_norm", "exact_match", "mcc", "brier_score", "acc_mutual_info"]
    metrics += ["f1"] * 3 if shape == "yesno" else ["f1"] * draw.chance(0.05)
    metrics += ["acc_bytes"] * 2 * draw.modern
    if draw.chance(0.9):
        own = {"f1": "f1", "mcc": "matthews_corrcoef", "brier_score": "brier_score", "likelihood": "brier_score"}
        config["metric_list"] = []
        for name in dict.fromkeys(draw.random.choices(metrics, k=draw.random.randint(1, 4))):
            entry: dict[str, Any] = {"metric": name}
            if draw.chance(0.6):
                entry["aggregation"] = own.get(name, draw.one("mean", "mean", "mean", "median", "nanmean"))
            if draw.chance(0.6):
                entry["higher_is_better"] = name != "brier_score"
            config["metric_list"].append(entry)
    if config.get("repeats", 1) > 1 and draw.chance(0.3):
        config["filter_list"] = [
            {"name": "first", "filter": [{"function": "take_first"}]},
            {"name": "maj", "filter": [{"function": "majority_vote"}, {"function": "take_first"}]},
        ]
    _answer(draw, task)


def _choice_answers(draw: _Draw, task: dict[str, Any], doc: Doc, repeats: int) -> list[list[Any]]:
    count = 2 if task["shape"] == "yesno" else 4
    right = doc["binary"] if task["shape"] == "yesno" else doc["label"]
    requests = []
    for place in range(count * 2):  # the second half is asked for mutual information only
        bonus = 3.0 if place == right and draw.chance(0.6) else 0.0
        requests.append([[_loglikelihood(draw) - 3.0 + bonus, draw.chance(0.3)] for _ in range(repeats)])
    if draw.chance(0.1):  # ties
        requests[1] = [list(answer) for answer in requests[0]]
    return requests


def _continuation(draw: _Draw, task: dict[str, Any]) -> None:
    config = task["config"]
    config["doc_to_text"] = draw.one("question", "{{question}}", "")
    config["doc_to_target"] = draw.one("answer", " {{answer}}", "{{text.split(' ')[-1]}}")
    task["shape"] = "answer"
    if draw.chance(0.8):
        config["metric_list"] = []
        for name in draw.random.sample(["perplexity", "acc"], draw.random.randint(1, 2)):
            entry: dict[str, Any] = {"metric": name}
            if draw.chance(0.6):
                entry |= {"aggregation": "perplexity" if name == "perplexity" else "mean"}
            if draw.chance(0.6):
                entry |= {"higher_is_better": name == "acc"}
            config["metric_list"].append(entry)
    _answer(draw, task)


def _rolling(draw: _Draw, task: dict[str, Any]) -> None:
    config = task["config"]
    config["doc_to_text"] = ""
    config["doc_to_target"] = draw.one("text", "{{text}}", "{{text|trim}}")
    task["shape"] = "answer"
    own = {"bits_per_byte": "bits_per_byte"}
    if draw.chance(0.8):
        config["metric_list"] = []
        for name in draw.random.sample(
            ["word_perplexity", "byte_perplexity", "bits_per_byte"], draw.random.randint(1, 3)
        ):
            entry: dict[str, Any] = {"metric": name}
            if draw.chance(0.5):
                entry |= {"aggregation": own.get(name, "weighted_perplexity"), "higher_is_better": False}
            config["metric_list"].append(entry)
    _answer(draw, task)


# -- groups ------------------------------------------------------------------------------------------------------------


def _draw_groups(draw: _Draw, seed: int, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if draw.chance(0.2):
        return []
    names = [task["config"]["task"] for task in tasks]
    groups = []
    if len(names) > 2 and draw.chance(0.5):
        groups.append(_group(draw, f"inner_{seed}", names[:2], tasks))
        names = [f"inner_{seed}", *names[2:]]
    groups.append(_group(draw, f"group_{seed}", names, tasks))
    return groups


def _group(draw: _Draw, name: str, members: list[str], tasks: list[dict[str, Any]]) -> dict[str, Any]:
    group: dict[str, Any] = {"group": name, "task": members, "metadata": {"version": 1}}
    if draw.chance(0.3):
        group["group_alias"] = f"{name} for short"
    known = [entry["metric"] for task in tasks for entry in task["config"].get("metric_list", ())]
    known = list(dict.fromkeys(known)) or {
        "generate_until": ["exact_match"],
        "multiple_choice": ["acc", "acc_norm"],
        "loglikelihood": ["acc", "perplexity"],
    }.get(tasks[0]["config"]["output_type"], ["word_perplexity"])
    filters = [pipeline["name"] for task in tasks for pipeline in task["config"].get("filter_list", ())] or ["none"]
    if draw.chance(0.85):
        group["aggregate_metric_list"] = []
        for metric in draw.random.sample(known, min(len(known), draw.random.randint(1, 2))):
            entry: dict[str, Any] = {"metric": metric, "aggregation": "mean"}
            if draw.chance(0.6):
                entry["weight_by_size"] = draw.chance(0.4)
            if not draw.modern or filters != ["none"] or draw.chance(0.3):
                entry["filter_list"] = draw.one(filters[0], filters[:1], list(dict.fromkeys(filters)))
            group["aggregate_metric_list"].append(entry)
    return group
