"""``regrade run`` beside lm-evaluation-harness and Inspect: the same prompts to the same server of fixed latency.

Linux only, for memory is read from /proc. See README.md in this folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process_tree import Usage, adopt_orphans, run

SOURCE = Path(__file__).resolve().parent.parent / "src"
HERE = Path(__file__).parent
PEERS = {
    "lm-eval": ("lm-eval[api]==0.4.13",),
    "inspect": ("inspect-ai", "openai"),
}
WAYS = ("lm-eval", "inspect", "regrade")


@dataclass
class Case:
    """One way at one concurrency."""

    way: str
    prompts: int
    concurrency: int
    runs: list[Usage] = field(default_factory=list)
    pss_mb: float = 0.0
    most_in_flight: int = 0
    start_cpu_s: float = 0.0
    complaint: str | None = None

    def figure(self, measure: str) -> float:
        """The median of one measure."""
        return statistics.median(getattr(usage, measure) for usage in self.runs)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "regrade-bench"
    parser.add_argument("--prompts", type=int, default=2000, help="prompts for all ways (default: %(default)s)")
    parser.add_argument("--many", type=int, default=100_000, help="prompts for Regrade alone; 0 for none")
    parser.add_argument("--concurrency", default="64,1000", help="requests at once (default: %(default)s)")
    parser.add_argument("--latency", type=float, default=0.25, help="seconds before each reply (default: %(default)s)")
    parser.add_argument("--ways", default=",".join(WAYS), help="which to measure (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="timed runs of each, interleaved (default: %(default)s)")
    parser.add_argument("--workdir", type=Path, default=cache, help="where files and environments are kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    return parser.parse_args()


def peer(way: str, workdir: Path) -> Path:
    """A Python with a peer; its environment is made on first use.

    Raises:
        CalledProcessError: it cannot be installed.
    """
    python = workdir / f"peer-{way}" / "bin" / "python"
    installed = python.parent.parent / "installed"
    if not installed.exists():
        print(f"installing {', '.join(PEERS[way])} ...", flush=True)
        venv.create(python.parent.parent, with_pip=True, clear=True)
        command = [python, "-m", "pip", "install", "--quiet", *PEERS[way]]
        subprocess.run(command, check=True, capture_output=True, text=True)
        installed.touch()
    return python


def installable(ways: list[str], workdir: Path) -> list[str]:
    """The ways that can be measured here; why one cannot is printed."""
    found = []
    for way in ways:
        try:
            if way in PEERS:
                peer(way, workdir)
            found.append(way)
        except (subprocess.CalledProcessError, OSError) as error:
            said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
            print(f"{way} is skipped, for it cannot be installed: {said[:200]}", flush=True)
    return found


@contextmanager
def server(latency_s: float) -> Iterator[str]:
    """The chat server; gives its base URL."""
    command = [sys.executable, HERE / "chat_server.py", str(latency_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def counts(base_url: str) -> dict[str, int]:
    """What the server was asked since the last look."""
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/counts", timeout=60) as reply:
        found: dict[str, int] = json.load(reply)
    return found


def write_prompts(folder: Path, prompts: int) -> Path:
    """The questions, and what each way wants beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / f"prompts-{prompts}.jsonl"
    with data.open("w", encoding="utf-8") as file:
        for number in range(prompts):
            question = f"Question {number}: what is {number} times {number + 7}? " + "Explain every step of it. " * 12
            file.write(json.dumps({"question": question, "answer": str(number * (number + 7))}) + "\n")
    (folder / f"card-{prompts}.yaml").write_text(
        "__type__: task_card\n"
        f"loader: {{__type__: load_json_file, files: {{test: {data}}}, lines: true}}\n"
        "task: {__type__: task, input_fields: {question: str}, reference_fields: {answer: str}, prediction_type: str, "
        "metrics: [metrics.accuracy]}\n"
        'templates: [{__type__: input_output_template, input_format: "{question}", output_format: "{answer}"}]\n'
    )
    tasks = folder / f"tasks-{prompts}"
    tasks.mkdir(exist_ok=True)
    (tasks / "asked.yaml").write_text(
        "task: asked\ndataset_path: json\ndataset_kwargs: {data_files: {test: " + str(data) + "}}\ntest_split: test\n"
        "output_type: generate_until\ndoc_to_text: question\ndoc_to_target: answer\n"
        "generation_kwargs: {until: [], max_gen_toks: 64, do_sample: false}\n"
        "metric_list: [{metric: exact_match}]\n"
    )
    (folder / f"inspect_{prompts}.py").write_text(
        "from inspect_ai import Task, task\nfrom inspect_ai.dataset import FieldSpec, json_dataset\n"
        "from inspect_ai.solver import generate\n\n\n@task\ndef asked():\n"
        f"    return Task(dataset=json_dataset({str(data)!r}, FieldSpec(input='question', target='answer')),\n"
        "                solver=generate())\n"
    )
    return data


def command_of(case: Case, folder: Path, base_url: str, out: Path) -> list[str | Path]:
    """How a way is run."""
    if case.way == "regrade":
        return [
            *(sys.executable, "-m", "regrade", "run", folder / f"card-{case.prompts}.yaml"),
            *("--model", "openai:m", "--base-url", base_url, "--param", "max_tokens=64", "--no-score"),
            *("--concurrency", str(case.concurrency), "--workspace", out),
        ]
    if case.way == "lm-eval":
        arguments = f"model=m,base_url={base_url}/chat/completions,num_concurrent={case.concurrency},max_retries=3"
        return [
            *(peer("lm-eval", folder.parent), "-m", "lm_eval", "--model", "local-chat-completions"),
            *("--model_args", arguments, "--tasks", "asked", "--include_path", folder / f"tasks-{case.prompts}"),
            *("--apply_chat_template", "--log_samples", "--output_path", out),
        ]
    return [
        *(peer("inspect", folder.parent), "-m", "inspect_ai", "eval", f"inspect_{case.prompts}.py"),
        *("--model", "openai/m", "--model-base-url", base_url, "--max-connections", str(case.concurrency)),
        *("--max-tokens", "64", "--display", "none", "--log-dir", out),
        *("--max-samples", str(case.concurrency), "-M", "responses_api=false"),
    ]


def environment(way: str, workdir: Path) -> dict[str, str]:
    """Its variables: no network but loopback."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")}
    kept |= {"OPENAI_API_KEY": "none", "NO_PROXY": "127.0.0.1"}
    if way == "regrade":
        return {**kept, "PYTHONPATH": str(SOURCE)}
    return {**kept, "HF_HOME": str(workdir / "huggingface"), "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}


def run_once(case: Case, folder: Path, base_url: str, *, memory: bool) -> None:
    """Run with nothing left from before, and count what the server saw."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    os.chdir(folder)  # Inspect wants its task's file by a relative path
    counts(base_url)
    usage = run(command_of(case, folder, base_url, out), environment(case.way, folder.parent), memory=memory)
    seen = counts(base_url)
    if usage.returncode or seen["requests"] < case.prompts:
        said = (usage.stderr.strip() or usage.stdout.strip() or "no message").splitlines()[-1]
        case.complaint = f"exit code {usage.returncode}, {seen['requests']} requests: {said[:200]}"
        return
    case.most_in_flight = max(case.most_in_flight, seen["most_in_flight"])
    if memory:
        case.pss_mb = usage.pss_mb
    else:
        case.runs.append(usage)


def measure_start(case: Case, folder: Path, base_url: str, repeat: int) -> None:
    """The median CPU time of the whole command with one prompt."""
    single = Case(case.way, 1, case.concurrency)
    for _ in range(repeat + 1):  # the first fills caches of byte code
        if single.complaint is None:
            run_once(single, folder, base_url, memory=False)
    case.complaint = single.complaint
    if single.complaint is None:
        del single.runs[0]
        case.start_cpu_s = single.figure("cpu_s")


def print_cases(cases: list[Case], latency_s: float) -> None:
    """The figures."""
    columns = (
        f"{'wall s':>8}{'per s':>8}{'of most':>9}{'CPU s':>8}{'start':>8}{'net/1,000':>11}{'peak MB':>9}{'at once':>9}"
    )
    print(f"  {'':10}{columns}")
    for case in cases:
        if case.complaint:
            print(f"  {case.way:10} FAILED: {case.complaint}")
            continue
        wall, cpu = case.figure("wall_s"), case.figure("cpu_s")
        rate, most = case.prompts / wall, case.concurrency / latency_s
        print(
            f"  {case.way:10}{wall:8.2f}{rate:8.0f}{rate / most:9.0%}{cpu:8.2f}{case.start_cpu_s:8.2f}"
            f"{1000 * (cpu - case.start_cpu_s) / case.prompts:11.2f}"
            f"{case.pss_mb:9.0f}{case.most_in_flight:9}"
        )


def main() -> int:
    """Run every way; 1 if Regrade failed."""
    args = parse_arguments()
    args.workdir = args.workdir.absolute()
    folder = args.workdir / "ask"
    adopt_orphans()
    ways = installable(args.ways.split(","), args.workdir)
    everything: list[Case] = []
    with server(args.latency) as base_url:
        for concurrency in map(int, args.concurrency.split(",")):
            groups = [(args.prompts, ways, args.repeat)]
            if args.many and "regrade" in ways:
                groups.append((args.many, ["regrade"], 1))
            for prompts, which, repeat in groups:
                write_prompts(folder, prompts)
                write_prompts(folder, 1)
                cases = [Case(way, prompts, concurrency) for way in which]
                for case in cases:
                    measure_start(case, folder, base_url, args.repeat)
                for number in range(repeat + 1):
                    for case in cases:
                        if case.complaint is None:
                            run_once(case, folder, base_url, memory=number == repeat)
                most = concurrency / args.latency
                print(f"\n{prompts:,} prompts, {concurrency} at once, {args.latency} s: {most:,.0f} per second at most")
                print_cases(cases, args.latency)
                everything += cases
    if args.json:
        args.json.write_text(json.dumps([as_json(case) for case in everything], indent=1), encoding="utf-8")
    return int(any(case.complaint for case in everything if case.way == "regrade"))


def as_json(case: Case) -> dict[str, Any]:
    """Every figure of every run."""
    return {
        "way": case.way,
        "prompts": case.prompts,
        "concurrency": case.concurrency,
        "wall_s": [usage.wall_s for usage in case.runs],
        "cpu_s": [usage.cpu_s for usage in case.runs],
        "start_cpu_s": case.start_cpu_s,
        "pss_mb": case.pss_mb,
        "most_in_flight": case.most_in_flight,
        "complaint": case.complaint,
    }


if __name__ == "__main__":
    sys.exit(main())
