"""Tasks of the harness from end to end, beside the harness: a server sees the same, and the scores are equal."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from regrade.cli import main
from regrade.errors import UsageError
from regrade.lm_eval.prepare import Choices, prepare_task, prepare_tasks

DOCS = [
    {"q": f"What is {n} + {n}?", "a": str(2 * n), "options": [str(2 * n), str(n)], "label": n % 2} for n in range(9)
]
TRAIN = [{**doc, "q": doc["q"].replace("What", "And what")} for doc in DOCS]
GENERATE = {
    "task": "sums",
    "doc_to_text": "Q: {{q}}\nA:",
    "doc_to_target": "{{a}}",
    "output_type": "generate_until",
    "fewshot_split": "train",
    "num_fewshot": 3,
    "generation_kwargs": {"until": ["Q:", "\n\n"], "max_gen_toks": 17},
    "filter_list": [
        {"name": "first", "filter": [{"function": "regex", "regex_pattern": "(\\d+)"}, {"function": "take_first"}]},
        {"name": "whole", "filter": [{"function": "take_first"}]},
    ],
    "metric_list": [
        {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True, "regexes_to_ignore": ["\\."]}
    ],
    "metadata": {"version": 2},
}
CHOOSE = {
    "task": "choose",
    "doc_to_text": "Q: {{q}}\nA:",
    "doc_to_choice": "options",
    "doc_to_target": "label",
    "output_type": "multiple_choice",
    "fewshot_split": "train",
    "num_fewshot": 1,
    "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}, {"metric": "acc_bytes"}],
}
BLANK = {
    "task": "blank",
    "doc_to_text": "{{label}}",
    "doc_to_choice": "{{['It is ' + options[0], 'Is it ' + options[1]]}}",
    "doc_to_target": "{{a}} so",
    "output_type": "multiple_choice",
    "metric_list": [{"metric": "acc"}],
}
LIKELY = {
    "task": "likely",
    "doc_to_text": "Q: {{q}}\nA:",
    "doc_to_target": " {{a}}",
    "output_type": "loglikelihood",
    "metric_list": [{"metric": "perplexity"}, {"metric": "acc"}],
}


def said(text: str) -> str:
    """An answer that is right, wrong or nothing, by what is asked last."""
    number = int(re.findall(r"hat is (\d+)", text)[-1])
    return [f"{2 * number}.", f" It is {2 * number}.", "Nobody knows."][number % 3]


def logprob(character: str) -> float:
    """How likely a character is; 0 is what greedy decoding would have given."""
    return -(ord(character) % 7) / 10


class Recorder:
    """A server that keeps what was posted."""

    def __init__(self) -> None:
        recorder = self
        self.bodies: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                recorder.bodies.append(body)
                reply = json.dumps(recorder.reply(body)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                return None

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
        if "messages" in body:
            choice["message"] = {"role": "assistant", "content": said(body["messages"][-1]["content"])}
        elif body.get("echo"):
            text = body["prompt"]
            choice |= {
                "text": text,
                "logprobs": {
                    "tokens": list(text),
                    "token_logprobs": [None, *map(logprob, text[1:])],
                    "top_logprobs": [None, *({"best": 0.0} for _ in text[1:])],
                    "text_offset": list(range(len(text))),
                },
            }
        else:
            choice["text"] = said(body["prompt"])
        return {"model": "m", "choices": [choice]}

    def seen(self) -> list[str]:
        """What was posted since the last time, without seeds, in order of content."""
        bodies, self.bodies = self.bodies, []
        return sorted(json.dumps({k: v for k, v in body.items() if k != "seed"}, sort_keys=True) for body in bodies)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


@pytest.fixture
def write_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], Path]:
    monkeypatch.chdir(tmp_path)  # a task may name documents below the working folder
    for name, docs in (("test", DOCS), ("train", TRAIN)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(doc) + "\n" for doc in docs))

    def write(config: dict[str, Any]) -> Path:
        files = {split: str(tmp_path / f"{split}.jsonl") for split in ("test", "train")}
        data = {
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": files, "cache_dir": str(tmp_path / "cache")},
            "test_split": "test",
        }
        folder = tmp_path / "tasks"
        folder.mkdir(exist_ok=True)
        (folder / f"{config['task']}.yaml").write_text(yaml.safe_dump({**data, **config}))
        return folder / f"{config['task']}.yaml"

    return write


def evaluate(file: Path, model: Any, **how: Any) -> dict[str, Any]:
    """The values that the installed harness gives the task."""
    lm_eval = pytest.importorskip("lm_eval")
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(file.parent), include_defaults=False)
    found = lm_eval.simple_evaluate(
        model, tasks=[file.stem], task_manager=manager, log_samples=False, bootstrap_iters=1000, **how
    )
    return _values(found["results"][file.stem])


def _values(results: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in results.items() if "," in key}


def canned() -> Any:
    """A model of the harness that finds everything as likely as the server does."""
    pytest.importorskip("lm_eval")
    from lm_eval.api.model import LM

    class Canned(LM):
        def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> list[tuple[float, bool]]:
            pairs = [instance.args[1] for instance in requests]
            return [(sum(map(logprob, text)), all(logprob(c) == 0 for c in text)) for text in pairs]

        def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> Any:
            raise NotImplementedError

        def generate_until(self, requests: Any, disable_tqdm: bool = False) -> Any:
            raise NotImplementedError

    return Canned()


def run_task(
    file: Path, url: str, workspace: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(
        ["run", "--task", str(file), "--model", "m", "--base-url", url, "--workspace", str(workspace), "--json", *more]
    )
    return code, json.loads(capsys.readouterr().out)["results"][file.stem]


@pytest.mark.parametrize("name", ["local-chat-completions", "local-completions"])
def test_the_server_sees_what_the_harness_sends_and_the_scores_are_equal(
    name: str,
    recorder: Recorder,
    write_task: Callable[[dict[str, Any]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    file = write_task(GENERATE)
    chat = "chat" in name
    arguments = {"model": "m", "base_url": recorder.url + ("/chat/completions" if chat else "/completions")}
    arguments |= {"tokenizer_backend": None, "tokenized_requests": False}
    theirs = evaluate(file, name, model_args=arguments, apply_chat_template=chat, system_instruction="Be brief.")
    sent = recorder.seen()
    code, ours = run_task(
        file,
        recorder.url,
        tmp_path / "runs",
        capsys,
        *("--system-prompt", "Be brief.", "--send-as", "chat" if chat else "completion"),
    )
    assert code == 0
    assert recorder.seen() == sent
    assert len(sent) == 9
    assert _values(ours) == pytest.approx(theirs)
    assert ours["exact_match,first"] == pytest.approx(6 / 9)
    assert ours["exact_match,whole"] == pytest.approx(3 / 9)


@pytest.mark.parametrize("config", [CHOOSE, BLANK, LIKELY], ids=lambda config: config["task"])
def test_likelihoods_score_as_in_the_harness(
    config: dict[str, Any],
    recorder: Recorder,
    write_task: Callable[[dict[str, Any]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write_task(config)
    code, ours = run_task(file, recorder.url, tmp_path / "runs", capsys)
    assert code == 0
    theirs = evaluate(file, canned())
    assert _values(ours).keys() == theirs.keys()
    for key, value in theirs.items():
        if not key.startswith("perplexity_stderr"):  # a bootstrap, with another number of resamples
            assert ours[key] == pytest.approx(value), key


def test_repeats_are_asked_for(
    recorder: Recorder,
    write_task: Callable[[dict[str, Any]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write_task({**GENERATE, "repeats": 3})
    code, _ = run_task(file, recorder.url, tmp_path / "runs", capsys, "--limit", "2", "--fresh")
    assert code == 0
    (journal,) = (tmp_path / "runs").glob("*/answers.jsonl")
    answers = [json.loads(line) for line in journal.read_text().splitlines()]
    assert sorted((one["sample_id"], one.get("repeat", 0)) for one in answers) == [
        (sample, repeat) for sample in "01" for repeat in range(3)
    ]


def test_each_task_of_a_group_is_a_run_of_its_own(
    recorder: Recorder,
    write_task: Callable[[dict[str, Any]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_task(GENERATE)
    file = write_task(CHOOSE)
    group = file.with_name("both.yaml")
    group.write_text(yaml.safe_dump({"group": "both", "task": ["sums", {"task": "choose", "num_fewshot": 2}]}))
    workspace = tmp_path / "runs"
    arguments = ["run", "--task", str(group), "--model", "m", "--base-url", recorder.url, "--workspace", str(workspace)]
    assert main([*arguments, "--limit", "4"]) == 0
    assert sorted(folder.name for folder in workspace.iterdir() if folder.is_dir()) == ["choose--m", "sums--m"]
    made = json.loads((workspace / "choose--m" / "run.json").read_text())
    assert made["recipe"]["config"]["num_fewshot"] == 2
    assert made["data"]["documents"] == 4
    assert made["data"]["of"] == 9
    with pytest.raises(UsageError, match="stands for 2 tasks"):
        prepare_task(str(group))
    with pytest.raises(UsageError, match="is one file"):
        prepare_tasks(str(group), data=tmp_path / "test.jsonl")
    assert [one.name for one in prepare_tasks(str(group), Choices(limit=1))] == ["sums", "choose"]


def test_documents_of_a_file(write_task: Callable[[dict[str, Any]], Path], tmp_path: Path) -> None:
    """One file holds what is asked about; examples still come from the task's own data."""
    other = tmp_path / "mine.csv"
    other.write_text("q,a\nWhat is 40 + 40?,80\n")
    prepared = prepare_task(str(write_task(GENERATE)), data=other)
    (sample,) = prepared.samples
    assert (sample.prompt or "").endswith("\n\nQ: What is 40 + 40?\nA:")
    assert sample.doc == {"q": "What is 40 + 40?", "a": 80}
    assert sample.target == "80"
    assert prepared.data["files"][0] == str(other)
    assert len(prepared.data["documents_sha256"]) == 64


def test_a_seed_and_a_number_of_examples_are_part_of_what_is_asked(
    write_task: Callable[[dict[str, Any]], Path],
) -> None:
    file = str(write_task(GENERATE))
    plain, seeded, fewer = prepare_task(file), prepare_task(file, seed=5), prepare_task(file, num_fewshot=1)
    assert len({plain.recipe_hash, seeded.recipe_hash, fewer.recipe_hash}) == 3
    prompts = [next(iter(prepared.samples)).prompt for prepared in (plain, seeded, fewer)]
    assert len(set(prompts)) == 3
    assert prepare_task(file).recipe_hash == plain.recipe_hash
