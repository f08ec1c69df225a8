"""Record what lm-evaluation-harness itself makes of filters, metrics and aggregations, version by version.

    python tests/record_harness.py 0.4.0=SOURCES/0.4.0/lm_eval ... 0.4.13=SOURCES/0.4.13/lm_eval

Run it with the Python of an environment where lm-eval 0.4.13 is installed (its dependencies serve the older versions
too); each argument names a version and its unpacked ``lm_eval`` folder. Only ``api`` and ``filters`` of each are
imported. Writes ``filters/recorded.json``, ``metrics/recorded.json`` and ``aggregation/recorded.json`` beside this
file: cases with their outcomes, each outcome under the first version that has it.
"""

from __future__ import annotations

import importlib
import itertools
import json
import math
import multiprocessing.pool
import os
import random
import subprocess
import sys
import types
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FOLDERS = {"filters": HERE / "filters", "metrics": HERE / "metrics", "aggregation": HERE / "metrics" / "aggregation"}

# -- cases -------------------------------------------------------------------------------------------------------------

TEXTS = [
    "",
    "42",
    " 7 ",
    "#### 12",
    "#### -1,234.50 and #### 9",
    "The answer is (B). No: the answer is (C)",
    "Natalia sold 48/2 = 24 clips.\n48+24 = $72 in all.\n#### 72",
    "ab bx ax x",
    "xyyy xy x",
    "İstanbul ist ẞchön — naïve",
    "  \tspaced out\n",
    "Yes\0",
    "(A) because: B",
    "Paris, London: C",
    "<think>2 + 2 = 5</think> 4",
]
PATTERNS: list[dict[str, Any]] = [
    {},
    {"regex_pattern": r"(-?[$0-9.,]{2,})|(-?[0-9]+)", "group_select": -1},
    {"regex_pattern": r"(-?[$0-9.,]{2,})|(-?[0-9]+)", "group_select": 1, "fallback": ""},
    {"regex_pattern": r"(?i)answer is \(?([A-D])\)?"},
    {"regex_pattern": r"\d+", "group_select": -1, "fallback": "  none "},
    {"regex_pattern": r"(a)?(b)?x"},
    {"regex_pattern": r"(a)?(b)?x", "group_select": -1, "fallback": " z "},
    {"regex_pattern": r"x(y*)"},
    {"regex_pattern": r"(\w+) (\w+)"},
    {"regex_pattern": r"^\s*(.*?)\s*$"},
    {"regex_pattern": r"(", "fallback": "?"},
]


def filter_cases() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = []

    def add(steps: list[dict[str, Any]], responses: Any, doc: Any = None) -> None:
        cases.append({"steps": steps, "responses": responses, "doc": doc or {}})

    for arguments in PATTERNS:
        add([{"function": "regex", **arguments}], TEXTS)
        for text in TEXTS:
            add([{"function": "regex", **arguments}, {"function": "take_first"}], [text])
    for odd in ([None], [5], [["a", "b"]], ["#### 1", None]):
        add([{"function": "regex"}, {"function": "take_first"}], odd)
        add([{"function": "multi_choice_regex"}, {"function": "take_first"}], odd, {"choices": ["one", "two"]})
    add([{"function": "take_first"}, {"function": "regex", "regex_pattern": r"(\d)"}], ["a1", "b2"])
    for name in ("lowercase", "uppercase", "remove_whitespace", "regex_pos", "format_span"):
        add([{"function": name}], TEXTS)
        add([{"function": name}, {"function": "take_first"}], ["  Ab cD "])
    add([{"function": "remove_whitespace"}], ["  two", " one", "\ttab", "end  ", " \u00a0no-break ", ""])
    tagged = "[('Nairobi', 'PROPN'), ('is', 'AUX'), ('', 'X'), ('big', '')]"
    add([{"function": "regex_pos"}], [tagged, "('a', 'B')", "no tags", ""])
    add([{"function": "regex_pos"}, {"function": "take_first"}], [tagged])
    add([{"function": "regex_pos", "fallback": ["none"]}, {"function": "take_first"}], ["no tags"])
    spans = [
        "person: Ann, Bob $$ location: Kenya $$ date: none",
        "PER: Ann\nLOC: Nairobi, Mombasa\nORG: none",
        "Persons : Ann $$ time: 5 pm $$ organization: United Peoples of the Continent",
        "loc: super market, personal place $$ per: Perry",
        "nothing here",
        "$$ $ org: $$ a, b",
        "per: a $$ per: b$$",
    ]
    add([{"function": "format_span"}], spans)
    add([{"function": "format_span"}, {"function": "take_first"}], spans[:1])
    for responses in (
        ["a", "b", "a"],
        ["b", "a"],
        ["a", "b", "b", "a"],
        ["x"],
        [1, 1.0, True, "1"],
        [],
        [["a"]],
        "abca",
    ):
        add([{"function": "majority_vote"}], responses)
        add([{"function": "majority_vote"}, {"function": "take_first"}], responses)
        add([{"function": "take_first"}], responses)
        for k in (1, 2):
            add(
                [{"function": "take_first_k", "k": k}, {"function": "majority_vote"}, {"function": "take_first"}],
                responses,
            )
    add([{"function": "take_first_k"}], ["a"])
    mapping = {"a": 1, "b": "two", "[invalid]": "none at all", "": 0}
    for default in (None, "other", -1, ["l"]):
        step = {"function": "map", "mapping_dict": mapping, "default_value": default}
        add([step], ["a", "b", "c", "", "[invalid]"])
        add([{"function": "regex", "regex_pattern": "[abc]$"}, step, {"function": "take_first"}], ["xa", "b", "xyz"])
    add([{"function": "map"}], ["a"])
    add([{"function": "map", "mapping_dict": mapping}], [["a"]])
    choice_docs = [
        {"choices": ["Paris", "London", "Berlin"]},
        {"choices": ["Guilty", "Guilty of Romance", "Not guilty"]},
        {"choices": [" a.b ", "a*b", "(A) because", ""]},
        {"choices": ["no", "No!", "NO, never"]},
        {"choices": []},
        {},
    ]
    answers = [
        "#### 2",
        "The film is Guilty of Romance.",
        "I think not guilty",
        "Answer: B",
        "answer :   C or so",
        "paris!",
        "a*b",
        "axb",
        "no, NEVER",
        "#### ",
        "",
        "(B)",
        ":Z",
    ]
    for doc in choice_docs:
        for options in (
            {},
            {"ignore_case": True},
            {"ignore_case": True, "ignore_punctuation": True},
            {"regexes_to_ignore": ["[!.]", "^The "], "regex_pattern": r"(\([A-Z]\))"},
            {"regex_pattern": r"(\([A-Z]\))|(#+) *(\d)?", "group_select": -1, "fallback": "none"},
            {"regexes_to_ignore": "ab"},
        ):
            add([{"function": "multi_choice_regex", **options}], answers, doc)
            add([{"function": "multi_choice_regex", **options}, {"function": "take_first"}], answers[4:5], doc)
    return cases


def measure_cases() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = []
    rng = random.Random(7)

    def add(
        output_type: str, metrics: Any, doc: dict[str, Any], results: Any, first: Any = None, **templates: Any
    ) -> None:
        metrics = {name: {} for name in metrics} if isinstance(metrics, list) else metrics
        case = {"output_type": output_type, "metrics": metrics, "doc": doc, "results": results}
        case |= {"first": first} if first else {}
        case |= {"doc_to_choice": "choices"} if templates["doc_to_choice"] else {}
        cases.append(case)

    plain = ["acc", "acc_norm", "acc_bytes", "exact_match", "f1", "mcc", "brier_score", "likelihood"]
    fields = {"doc_to_text": "q", "doc_to_target": "gold", "doc_to_choice": "choices"}
    choice_sets = [["a", "bb", "cccc"], ["ja", "nein, größer", "日本語", "é"], ["", "x"], ["yes", "no"], ["x", "", "y"]]
    inf, nan = math.inf, math.nan
    for choices in choice_sets:
        n = len(choices)
        rows: list[list[float]] = [[-1.0] * n, [0.0] * n, [-inf] * n]
        rows += [[round(rng.uniform(-9, 0), rng.choice([0, 1, 3])) for _ in range(n)] for _ in range(4)]
        for odd in (nan, inf, -inf):
            row = [-2.0] * n
            row[rng.randrange(n)] = odd
            rows.append(row)
        rows.append([nan, *[inf] * (n - 1)])
        rows.append([inf, *[-inf] * (n - 1)])
        for row in rows:
            greedy = [rng.random() < 0.4 for _ in range(n)]
            results = [[value, is_greedy] for value, is_greedy in zip(row, greedy, strict=True)]
            golds = rng.sample([*range(n), n, -1, -100, choices[-1], "absent", True, False, str(n - 1)], 2)
            for gold in golds:
                doc = {"q": "Q", "gold": gold, "choices": choices}
                add("multiple_choice", plain, doc, results, **fields)
            several = rng.choice([[0], [0, n - 1], [n, 0], [n + 3], [], [1, -100]])
            doc = {"q": "Q", "gold": several, "choices": choices}
            add("multiple_choice", plain, doc, results, {**doc, "gold": [0, 1]}, **fields)
            doubled = results + [[round(rng.uniform(-9, 0), 2), rng.random() < 0.4] for _ in range(n)]
            doc = {"q": "Q", "gold": rng.randrange(n), "choices": choices}
            add("multiple_choice", [*plain, "acc_mutual_info"], doc, doubled, **fields)
            doc = {"q": rng.randrange(n), "gold": "continuation", "choices": choices}
            add("multiple_choice", plain, doc, results, **fields)
    doc = {"q": "Q", "gold": 1, "choices": ["a", "b", "c"]}
    add("multiple_choice", plain, doc, [[-1.0, True], [-2.0, False]], **fields)
    add("multiple_choice", plain, {**doc, "gold": None}, [[-1.0, True]] * 3, **fields)
    add("multiple_choice", plain, {**doc, "gold": 1.0}, [[-1.0, True]] * 3, **fields)
    add("multiple_choice", plain, {**doc, "gold": [1]}, [[-1.0, True]] * 3, doc, **fields)
    add("multiple_choice", plain, doc, [[-1.0, True]] * 3, {**doc, "gold": [1, 2]}, **fields)

    for value, is_greedy in ((-1.25, True), (-0.0, False), (-inf, False)):
        add("loglikelihood", ["perplexity", "acc"], {"q": "Q", "gold": "g"}, [[value, is_greedy]], **_texts)
    for text in ("one two  three", "", " lead", "größe\n\n日本", "a\u00a0b"):
        names = ["word_perplexity", "byte_perplexity", "bits_per_byte"]
        add("loglikelihood_rolling", names, {"q": "", "gold": text}, [-12.5], **_texts)

    options: list[dict[str, Any]] = [
        {},
        {"ignore_case": True},
        {"ignore_punctuation": True},
        {"ignore_numbers": True},
        {"ignore_case": True, "ignore_punctuation": True, "ignore_numbers": True},
        {"regexes_to_ignore": [",", r"\$", "(?s).*#### ", r"\.$"]},
        {"regexes_to_ignore": [",", r"\$", "(?s).*#### ", r"\.$"], "ignore_case": True, "ignore_punctuation": False},
        {"regexes_to_ignore": "ab", "ignore_case": True},
        {"regexes_to_ignore": []},
        {"unknown": 1},
    ]
    pairs: list[tuple[Any, Any]] = [
        ("72", "72"),
        ("72", "72 "),
        (72, "72"),
        (72.0, "72.0"),
        (None, "None"),
        (True, "True"),
        ("The total is\n#### 1,234.", "$1234"),
        ("Paris!", "paris"),
        ("abba", "BB"),
        ("İstanbul", "i̇stanbul"),
        ("İstanbul", "i̇stanbu"),
        ("ẞ", "ß"),
        ("ß", "ẞ"),
        ("nul\0", "nul"),
        ("nul", "nul\0\0"),
        ("\0", ""),
        ("a\0b", "A\0B"),
        ("a,\0", "a"),
        ("", ""),
        ("", "?!"),
        ("room 101", "room "),
        ("x", "[invalid]"),
        ({"a": 1}, "{'a': 1}"),
        (["a", "b"], "['a', 'b']"),
        (3, 3),
        ("3", 3),
        ("three", 3),
        (3, 3.0),
        ("a", None),
        ("a", ["a"]),
        ("a", ["a", "b"]),
        ("A", ["a", "a", "b"]),
        ("ab", ["a", "b"]),
        (5, ["5", "5"]),
        (["a", "b"], ["a", "x"]),
        ("a", []),
        ("İ", ["i̇", "i", "xi̇"]),
    ]
    for option, (gold, answer) in itertools.product(options, pairs):
        first = {"q": "Q", "gold": "one"}
        add("generate_until", {"exact_match": option}, {"q": "Q", "gold": gold}, [answer], first, **_texts)
    many: list[tuple[Any, Any]] = [
        (["a", "b"], "b"),
        (["a", "b"], "B"),
        (["a", "b"], "c"),
        ([], "c"),
        ("ab", "b"),
        (["a b", "1,000"], "1000"),
        ([1, 2], "2"),
        (["a", 2], "2"),
        (["İ", "longer"], "i̇"),
        (["i̇", "x"], "İ"),
        (["a", "b"], ["a", "b"]),
        (["a", "b"], ["b", "a"]),
        (["a", "b"], ["x", "y", "z"]),
        (["a"], ["x", "a", "z"]),
        (["a", "b", "c"], ["c"]),
        (["a\0", "b"], "a"),
        ([["a"], ["b"]], "a"),
        (7, "7"),
    ]
    for option, (gold, answer) in itertools.product(options[:-1], many):
        if gold == [] and option == {"regexes_to_ignore": []}:
            continue  # 0.4.0 differs here from all others
        first = {"q": "Q", "gold": ["one", "two"]}
        add("generate_until", {"exact_match": option}, {"q": "Q", "gold": gold}, [answer], first, **_texts)
    for gold, answer in ((0, "yes"), (1, "yes"), (True, "no"), ("yes", "yes"), (5, "no"), (-1, "no")):
        doc = {"q": "Q", "gold": gold, "choices": ["yes", "no"]}
        add("generate_until", ["exact_match"], doc, [answer], {**doc, "gold": 0}, **fields)
    for names in (["bleu"], ["chrf", "ter"], ["f1", "mcc"], ["acc"], ["exact_match", "bleu"], ["bypass"]):
        add("generate_until", names, {"q": "Q", "gold": "a b"}, ["a c"], **_texts)
        add("generate_until", names, {"q": "Q", "gold": 4}, ["4"], **_texts)
        add("generate_until", names, {"q": "Q", "gold": "a"}, [["a", "b"]], **_texts)
    return cases


_texts = {"doc_to_text": "q", "doc_to_target": "gold", "doc_to_choice": None}


def aggregation_cases() -> list[dict[str, Any]]:
    rng = random.Random(11)
    cases: list[dict[str, Any]] = []

    def add(name: str, items: list[Any], iterations: int = 20) -> None:
        cases.append({"aggregation": name, "items": items, "iterations": iterations})

    numbers: list[list[Any]] = [
        [1.0],
        [0, 1],
        [0.0, 1.0, 1.0],
        [rng.random() for _ in range(7)],
        [rng.gauss(0, 3) for _ in range(150)],
        [int(rng.random() < 0.3) for _ in range(40)],
        [True, False, True, True],
        [0.1] * 10,
        [-rng.expovariate(0.1) for _ in range(300)],
    ]
    for items in numbers:
        for name in ("mean", "median", "perplexity", "nanmean"):
            add(name, items)
    gaps = [math.nan if i % 3 == 0 else rng.random() for i in range(30)]
    add("nanmean", gaps)
    add("nanmean", [math.nan, math.nan])
    add("mean", gaps)
    for n in (1, 2, 25):
        weighted = [[-rng.random() * 50, rng.randrange(1, 30)] for _ in range(n)]
        add("weighted_perplexity", weighted)
        add("bits_per_byte", weighted)
    add("bypass", [None, None])
    label_sets: list[list[Any]] = [[0, 1], [0, 1, 2], [1], [0], [True, False], ["a", "b"], [0, 2], [-100, 0, 1]]
    for labels in label_sets:
        for n in (1, 2, 12, 60):
            items = [[rng.choice(labels), rng.choice(labels)] for _ in range(n)]
            add("f1", items)
            add("matthews_corrcoef", items)
            add("weighted_f1", items)
    add("f1", [[1, 0], [1, 1], [0, 0]])
    add("matthews_corrcoef", [[0, 0], [0, 1]])
    words = "the cat sat on a mat while dogs , cats and mice ran . größer weiß 日本".split()  # noqa: SIM905

    def sentence(low: int, high: int) -> str:
        return " ".join(rng.choice(words) for _ in range(rng.randrange(low, high)))

    for n in (1, 2, 9):
        items = [[sentence(3, 12), sentence(0, 12)] for _ in range(n)]
        near = [[text, " ".join(w for w in text.split() if rng.random() < 0.8)] for text, _ in items]
        several = [[[text, sentence(2, 9)], [answer]] for text, answer in near]
        for name, few in itertools.product(("bleu", "chrf", "chrf++", "ter"), (items, near, several)):
            add(name, few, 12)
    add("bleu", [["a b c d e", "a b c d e"], ["", ""], ["x", ""], ["", "y"]], 12)
    add("ter", [["", ""], ["x", ""], ["", "y"]], 12)
    add("chrf", [["", ""], ["x", ""], ["", "y"]], 12)
    for n, choices in ((1, 3), (5, 2), (40, 4)):
        items = []
        for _ in range(n):
            powers = [rng.random() for _ in range(choices)]
            items.append([rng.randrange(choices), [p / sum(powers) for p in powers]])
        add("brier_score", items)
        add("brier_score", [[0, p] for _, p in items])
        add("brier_score", [[min(gold, choices - 2), p] for gold, p in items])
    add("brier_score", [[0, [0.5, 0.5]], [1, [0.2, 0.3, 0.5]]])
    questions = []
    for paragraph, question, answer in itertools.product(range(3), range(2), range(3)):
        doc = {"idx": {"paragraph": paragraph, "question": question, "answer": answer}, "label": rng.randrange(2)}
        questions.append([rng.random() < 0.5 if paragraph else doc["label"] == 1, doc])
    add("acc_all", questions)
    return cases


# -- the harness -------------------------------------------------------------------------------------------------------


def load(folder: str) -> None:
    """Make ``lm_eval`` importable out of ``folder`` without running its ``__init__``, which loads models."""
    package = types.ModuleType("lm_eval")
    package.__path__ = [folder]
    sys.modules["lm_eval"] = package
    # The oldest versions fetch exact_match from a hub; what needs it is recorded as an error there.
    hub = types.ModuleType("evaluate")
    hub.load = lambda *_, **__: types.SimpleNamespace(compute=None)  # type: ignore[attr-defined]
    sys.modules["evaluate"] = hub
    for name in ("api.registry", "api.filter", "api.metrics", "filters", "api.task"):
        importlib.import_module(f"lm_eval.{name}")


def outcome(function: Any) -> dict[str, Any]:
    try:
        return {"value": plain(function())}
    except LookupError as error:
        return {"missing": True} if str(error) == "'missing'" else {"error": type(error).__name__}
    except Exception as error:
        return {"error": type(error).__name__}


def plain(value: Any) -> Any:
    import numpy as np

    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def run_filter(case: dict[str, Any]) -> Any:
    from lm_eval.filters import get_filter

    responses: Any = [case["responses"]]
    for step in case["steps"]:
        arguments = {key: value for key, value in step.items() if key != "function"}
        try:
            cls = get_filter(step["function"])
        except KeyError:
            raise KeyError("missing") from None
        if cls is None or isinstance(cls, str):
            raise KeyError("missing")
        responses = cls(**arguments).apply(responses, [case["doc"]])
    return list(responses)[0]  # noqa: RUF015


def run_measure(case: dict[str, Any]) -> Any:
    from lm_eval.api import registry
    from lm_eval.api.task import ConfigurableTask, TaskConfig

    known = getattr(registry, "METRIC_REGISTRY", None) or registry.metric_registry
    task = object.__new__(ConfigurableTask)
    first = case.get("first", case["doc"])
    templates = {"doc_to_text": "q", "doc_to_target": "gold", "doc_to_choice": case.get("doc_to_choice")}
    task._config = TaskConfig(task="t", output_type=case["output_type"], **templates)
    task.OUTPUT_TYPE = case["output_type"]
    task.features = list(first)
    task.prompt = None
    task.multiple_input = task.multiple_target = 0
    names = {name: arguments for name, arguments in case["metrics"].items() if name in known}
    task._metric_fn_list = {name: known[name] if hasattr(known, "__getitem__") else known.get(name) for name in names}
    task._metric_fn_kwargs = names
    task._aggregation_list, task._higher_is_better = {}, {}
    if templates["doc_to_choice"] and isinstance(task.doc_to_text(first), int):
        task.multiple_input = len(task.doc_to_choice(first))
    target = task.doc_to_target(first)
    task.multiple_target = len(target) if isinstance(target, list) else 0
    results = [tuple(r) if case["output_type"] in ("multiple_choice", "loglikelihood") else r for r in case["results"]]
    return task.process_results(case["doc"], results)


def run_aggregation(case: dict[str, Any]) -> Any:
    from lm_eval import utils
    from lm_eval.api import metrics

    names = {"f1": "f1_score", "weighted_f1": "weighted_f1_score", "chrf++": "chrfpp", "bypass": "bypass_agg"}
    name = names.get(case["aggregation"], case["aggregation"])
    function = getattr(metrics, name, None) or getattr(utils, name, None)
    if function is None:
        raise KeyError("missing")
    return function(case["items"])


def run_stderr(case: dict[str, Any]) -> Any:
    from lm_eval import utils
    from lm_eval.api import metrics

    names = {"f1": "f1_score", "weighted_f1": "weighted_f1_score", "chrf++": "chrfpp", "bypass": "bypass_agg"}
    name = names.get(case["aggregation"], case["aggregation"])
    function = getattr(metrics, name, None) or getattr(utils, name, None)
    if function is None:
        raise KeyError("missing")
    stderr = metrics.stderr_for_metric(function, case["iterations"])
    return stderr(case["items"]) if stderr and len(case["items"]) > 1 else "N/A"


SUITES: dict[str, tuple[Any, dict[str, Any]]] = {
    "filters": (filter_cases, {"outcomes": run_filter}),
    "metrics": (measure_cases, {"outcomes": run_measure}),
    "aggregation": (aggregation_cases, {"outcomes": run_aggregation, "stderrs": run_stderr}),
}


def record_one(folder: str) -> None:
    """Print the outcomes of one version as JSON."""
    # Older versions start a pool of processes for each standard error; one thread does.
    multiprocessing.Pool = lambda *_: multiprocessing.pool.ThreadPool(1)  # type: ignore[assignment, misc]
    # multi_choice_regex goes through all of Unicode for each document; the cases hold nothing beyond plane 1.
    sys.maxunicode = 0x1FFFF
    out = sys.stdout
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    warnings.simplefilter("ignore")
    load(folder)
    import logging

    logging.disable()
    found = {
        suite: {key: [outcome(lambda c=case, r=run: r(c)) for case in make()] for key, run in runs.items()}
        for suite, (make, runs) in SUITES.items()
    }
    json.dump(found, out)


def record_version(argument: str) -> tuple[str, Any]:
    version, _, folder = argument.partition("=")
    run = subprocess.run([sys.executable, __file__, folder], stdout=subprocess.PIPE, check=True)
    return version, json.loads(run.stdout)


def main(arguments: list[str]) -> None:
    if len(arguments) == 1 and "=" not in arguments[0]:
        record_one(arguments[0])
        return
    recorded: dict[str, Any] = {}
    versions = []
    with multiprocessing.pool.ThreadPool(6) as pool:
        for version, found in pool.imap(record_version, arguments):
            print(version, file=sys.stderr)
            recorded[version] = found
            versions.append(version)
    for suite, (make, runs) in SUITES.items():
        cases = make()
        for i, case in enumerate(cases):
            for key in runs:
                changes: list[list[Any]] = []
                for version in versions:
                    found = recorded[version][suite][key][i]
                    if not changes or json.dumps(changes[-1][1]) != json.dumps(found):
                        changes.append([version, found])
                case[key] = changes
        file = FOLDERS[suite] / "recorded.json"
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
        file.write_text(f'{{"versions": {json.dumps(versions)}, "cases": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
