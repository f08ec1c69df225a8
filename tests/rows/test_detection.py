"""Which reader opens which file: every file of the shared data has exactly one winner, or none that knows it."""

from pathlib import Path

import pytest

from regrade.cli import main
from regrade.errors import InputError
from regrade.files import reading as files
from regrade.registry import iterate_registered
from regrade.rows.discover import detect, discover
from regrade.rows.source import Reader


def expected_reader(path: str) -> str | None:
    """The reader that should open a file of the shared data, by its place there."""
    parts = path.split("/")
    name = parts[-1]
    if parts[0] == "lighteval_metric_cases" and name.endswith(".json"):
        return "table"  # an object that holds its cases in one list
    if parts[0] in ("lighteval_metric_cases", "nltk_data") or name in ("LICENSE", "README.md"):
        return None if parts[0] != "nltk_data" or not name.endswith(".tab") else "table"
    if parts[0] == "inspect_ai" or "data/inspect" in path:
        return None if name == "log_invalid.txt" else "inspect"
    if parts[0] == "lm_eval":
        samples = name.startswith("samples_") or name.endswith((".jsonl", "write_out_info.json"))
        return "lm-eval" if samples else None
    if "skill_reference_conversion" in parts and name.endswith("_samples.jsonl"):
        return "every-eval-ever"
    if name == "annotations.json":
        return "alpaca-eval"
    if name == "per_instance_stats.json":
        return "helm"
    if "model_judgment" in parts:
        return "mt-bench"
    if "evaluation_results" in parts:
        return "scored-repeats"
    if name.endswith((".jsonl", ".csv", ".tsv")) or name in (
        "model_outputs.json",
        "dataset.json",
        "result.json",
        "generations.json",
    ):
        return "table"
    if name == "stats.json":
        return "table"
    return "unknown"


def test_every_file_of_the_shared_data_has_its_one_reader(shared_data: Path) -> None:
    readers: dict[str, Reader] = {name: cls() for name, cls in iterate_registered("reader")}
    wrong = []
    for path in sorted(p for p in shared_data.rglob("*") if p.is_file()):
        place = path.relative_to(shared_data).as_posix()
        expected = expected_reader(place)
        head = files.read_head(path)
        matching = {name: reader.priority for name, reader in readers.items() if reader.matches(path, head)}
        best = [name for name, priority in matching.items() if priority == max(matching.values())]
        assert len(best) <= 1, (place, matching)
        match = detect(path)
        found = match.reader if match is not None else None
        assert (best[0] if best else None) == found
        if found != expected and expected != "unknown":
            wrong.append((place, found, expected))
    assert wrong == []


def test_every_reader_introduces_itself() -> None:
    for name, cls in iterate_registered("reader"):
        assert cls.title, name
        assert cls.__doc__, name
        assert len(cls.__doc__) > 40, name


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 1000,
        b"\xff\xfe{\0",
        b"PK\x03\x04",
        b"PAR1",
        b"{",
        b"[",
        b'{"a"',
        b"[[[[[[[[" * 5000,
        b'"',
        b"\x1f\x8b\x08",
        b"BZh9",
    ],
    ids=repr,
)
def test_hostile_beginnings_are_no_crash(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(InputError):
        discover([path], {})


def test_results_of_an_earlier_scoring_are_not_said_to_be_the_harness_s(tmp_path: Path) -> None:
    (tmp_path / "table.jsonl").write_text('{"id": "1", "answer": "4", "expected": "4"}\n')
    kept = tmp_path / "kept"
    assert main(["score", str(tmp_path / "table.jsonl"), "--metric", "exact_match", "--out", str(kept)]) == 0
    for path in (kept, kept / "results.json"):
        with pytest.raises(InputError, match="scores that Regrade wrote") as raised:
            discover([path], {})
        assert raised.value.where == str(kept / "results.json")
    (kept / "results.json").write_text('{"results": {"t": {"acc,none": 1.0}}, "config": {"model": "hf"}}')
    with pytest.raises(InputError, match="results file of lm-evaluation-harness"):
        discover([kept / "results.json"], {})


def test_a_results_file_that_is_cut_off_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"results": {"t": {"acc,none": 1.0')
    with pytest.raises(InputError, match="it breaks off"):
        discover([tmp_path / "results.json"], {})
