"""Every Eval Ever's JSON, schema 0.3.0: one record per run and task, and a line per sample and value beside it.

Files lie as the project's data repository has them: ``data/TASK/DEVELOPER/MODEL/UUID.json`` and ``UUID_samples.jsonl``.
The identifier is made of the content, so that the same run is exported under the same name.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from regrade import __version__
from regrade.recorded_values import encode_other, plain
from regrade.reports.export.scored import Scored, kept_sources, scored_samples
from regrade.reports.export.whole_folder import whole_folder
from regrade.reports.tables import answer_texts_of, prompt_of

if TYPE_CHECKING:
    from regrade.scoring.browse import Outcome
    from regrade.scoring.results import Result, SourceScores
    from regrade.scoring.scores import ScoredSources, SourceBlock

SCHEMA: Final = "0.3.0"
_GENERATION: Final = ("temperature", "top_p", "top_k", "max_tokens")
_UNKNOWN: Final = "unknown"
_encode: Final = msgspec.json.Encoder(enc_hook=encode_other).encode


def write_records(scores: ScoredSources, path: Path, *, organization: str | None = None) -> int:
    """Write a record for each run and task that was scored; how many samples there were.

    Args:
        scores: The scores, with per-sample values.
        path: The folder; ``data/`` is made in it.
        organization: Who ran the evaluation.

    Raises:
        UsageError: there is something in the folder, or per-sample values were not kept.
    """
    count = 0
    with whole_folder(path) as folder:
        for block in kept_sources(scores):
            count += _Record(scores, block, organization or _UNKNOWN).write(folder)
    return count


class _Record:
    """The record of one task of one run."""

    def __init__(self, scores: ScoredSources, block: SourceBlock, organization: str) -> None:
        source = block.source
        self.block = block
        self.part = _part(scores, block)
        self.level = scores.options.level
        self.organization = organization
        self.model = source.run.model or source.run.name
        self.developer, _, self.short = self.model.rpartition("/")
        moment = str(_seconds(source.run.date) or int(time.time()))
        self.when = _seconds(source.run.date)
        self.id = f"{_plain(source.task)}/{self.model.replace('/', '_')}/{moment}"
        self.results = [result for result in self.part.whole if _is_number(result.value)]

    def write(self, folder: Path) -> int:
        """Write the record and its samples; how many of these there were."""
        content = _encode(
            [self.id, self.block.source.run.name, [msgspec.to_builtins(result) for result in self.results]]
        )
        name = str(UUID(bytes=hashlib.sha256(content).digest()[:16], version=4))
        inside = f"data/{_plain(self.block.source.task)}/{_plain(self.developer) or _UNKNOWN}/{_plain(self.short)}"
        place = folder / inside
        place.mkdir(parents=True, exist_ok=True)
        samples = place / f"{name}_samples.jsonl"
        checksum = hashlib.sha256()
        rows = count = 0
        with samples.open("wb") as file:
            for sample in scored_samples(self.block):
                count += 1
                for row in self.instances(sample):
                    line = _encode(row) + b"\n"
                    checksum.update(line)
                    file.write(line)
                    rows += 1
        whole = self.whole()
        if rows:
            whole["detailed_evaluation_results"] = {
                "format": "jsonl",
                "file_path": f"{inside}/{samples.name}",
                "hash_algorithm": "sha256",
                "checksum": checksum.hexdigest(),
                "total_rows": rows,
            }
        else:
            samples.unlink()
        (place / f"{name}.json").write_bytes(msgspec.json.format(_encode(whole), indent=2) + b"\n")
        return count

    def whole(self) -> dict[str, Any]:
        """The record without its samples."""
        run = self.block.source.run
        identity: dict[str, Any] = (self.block.source.options.get("model") or {}).get("identity") or {}
        host = urlsplit(str(identity.get("base_url") or "")).hostname
        local = identity.get("type") in ("transformers", "vllm") or host in ("localhost", "127.0.0.1", "::1")
        deployed = "self_deployed" if local else "externally_managed" if host else _UNKNOWN
        whole: dict[str, Any] = {
            "schema_version": SCHEMA,
            "evaluation_id": self.id,
            "retrieved_timestamp": str(int(time.time())),
            "source_metadata": {
                "source_name": run.name,
                "source_type": "evaluation_run",
                "source_organization_name": self.organization,
                "evaluator_relationship": "other",
            },
            "eval_library": {"name": "regrade", "version": __version__},
            "model_info": {
                "name": self.model,
                "id": self.model if self.developer else f"{_UNKNOWN}/{self.model}",
                **({"developer": self.developer} if self.developer else {}),
                **({"inference_platform": host} if host and not local else {}),
                "additional_details": {"deployment_type": deployed, "model_availability": _UNKNOWN},
            },
            "evaluation_results": [self.result(result) for result in self.results],
        }
        return whole if self.when is None else {**whole, "evaluation_timestamp": str(self.when)}

    def result(self, result: Result) -> dict[str, Any]:
        """One value."""
        proportion = result.interval_method == "wilson"
        counts = self.part.counts
        details = {"filter": result.filter, "n": result.n, "scored": result.scored, "unparsed": result.unparsed}
        details |= {"failed": result.failed, "missing": counts.missing}
        score: dict[str, Any] = {
            "score": float(result.value),
            "details": {name: str(value) for name, value in details.items()},
        }
        if uncertainty := self.uncertainty(result):
            score["uncertainty"] = uncertainty
        return {
            "evaluation_result_id": self.result_id(result),
            "evaluation_name": result.task,
            "source_data": self.data(),
            "metric_config": {
                "metric_id": result.metric,
                "metric_name": result.metric,
                "lower_is_better": not result.higher_is_better,
                "score_type": "continuous",
                "min_score": 0.0 if proportion else None,
                "max_score": 1.0 if proportion else None,
                **({"metric_unit": "proportion"} if proportion else {}),
                "additional_details": {"filter": result.filter, "method": result.method},
            },
            "score_details": score,
            "generation_config": self.generation(),
        }

    def result_id(self, result: Result) -> str:
        """What samples refer to a value by."""
        return f"{result.task}.{result.filter}.{result.metric}"

    def uncertainty(self, result: Result) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if _is_number(result.stderr):
            found["standard_error"] = {"value": result.stderr, "method": "as in lm-evaluation-harness"}
        if result.interval is not None:
            low, high = result.interval
            found["confidence_interval"] = {
                "lower": low,
                "upper": high,
                "confidence_level": self.level,
                "method": result.interval_method or _UNKNOWN,
            }
        return {**found, "num_samples": result.scored} if found else {}

    def data(self) -> dict[str, Any]:
        """Where the questions come from."""
        data: dict[str, Any] = self.block.source.options.get("data") or {}
        config = self.block.plan.recipe.metadata
        path = data.get("dataset") or config.get("dataset_path")
        count = self.part.counts.selected
        if isinstance(path, str) and re.fullmatch(r"[\w.-]+/[\w.-]+", path):
            split = data.get("split") or config.get("test_split")
            return {
                "dataset_name": path.rpartition("/")[2],
                "source_type": "hf_dataset",
                "hf_repo": path,
                **({"hf_split": str(split)} if split else {}),
                "samples_number": count,
            }
        return {
            "dataset_name": self.block.source.task,
            "source_type": "other",
            "additional_details": {"samples_number": str(count)},
        }

    def generation(self) -> dict[str, Any]:
        parameters: dict[str, Any] = dict(self.block.source.options.get("parameters") or {})
        extra = parameters.pop("extra_body", None) or {}
        known = {name: parameters.pop(name, extra.pop(name, None)) for name in _GENERATION}
        arguments = {name: value for name, value in known.items() if _is_number(value)}
        rest = {name: _text(value) for name, value in {**parameters, **extra}.items()}
        return {"generation_args": arguments, **({"additional_details": rest} if rest else {})}

    def instances(self, sample: Scored) -> Iterator[dict[str, Any]]:
        """A line for each value of a sample that is a number."""
        record, details = sample.record, sample.details
        prompt = prompt_of(record)
        raw = _last_question(prompt)
        reference = _references(record.target)
        choices = [str(request[1]) for request in record.arguments if len(request) > 1 and isinstance(request[1], str)]
        usage = details.get("usage") or {}
        tokens = usage.get("input_tokens", 0), usage.get("output_tokens", 0)
        told = {name: _text(value) for name, value in record.metadata.items() if name not in ("answer", "answers")}
        common: dict[str, Any] = {
            "schema_version": SCHEMA,
            "evaluation_id": self.id,
            "model_id": self.model if self.developer else f"{_UNKNOWN}/{self.model}",
            "evaluation_name": self.block.source.task,
            "sample_id": str(record.sample_id),
            "sample_hash": hashlib.sha256("".join([raw, *reference]).encode("utf-8", "surrogatepass")).hexdigest(),
            "interaction_type": "single_turn",
            "input": {
                "raw": raw,
                "formatted": _text(prompt),
                "reference": reference,
                **({"choices": choices} if len(choices) > 1 else {}),
            },
            "output": {
                "raw": answer_texts_of(record),
                **({"reasoning_trace": [details["thinking"]]} if details.get("thinking") else {}),
            },
            **({"metadata": told} if told else {}),
        }
        if usage:
            common["token_usage"] = {
                "input_tokens": tokens[0],
                "output_tokens": tokens[1],
                "total_tokens": sum(tokens),
                "input_tokens_cache_read": usage.get("cached_tokens", 0),
                "reasoning_tokens": usage.get("thinking_tokens", 0),
            }
        if details.get("latency_s"):
            common["performance"] = {"latency_ms": details["latency_s"] * 1000}
        for result in self.results:
            outcome = next((one for one in sample.outcomes if one.filter == result.filter), None)
            score = None if outcome is None else _score(outcome.values.get(result.metric))
            if outcome is not None and score is not None:
                yield {
                    **common,
                    "evaluation_result_id": self.result_id(result),
                    "answer_attribution": [_attribution(outcome)],
                    # What is right by a measure that has no right and wrong is for its reader to say; 1 is right here.
                    "evaluation": {"score": score, "is_correct": score == 1.0},
                }


def _part(scores: ScoredSources, block: SourceBlock) -> SourceScores:
    own = (block.source.path, block.source.task, block.source.run.name)
    return next(part for part in reversed(scores.parts) if (part.path, part.task, part.run) == own)


def _attribution(outcome: Outcome) -> dict[str, Any]:
    extracted = plain(outcome.extracted)
    if isinstance(extracted, list) and len(extracted) == 1:
        extracted = extracted[0]
    return {
        "turn_idx": 0,
        "source": "output.raw",
        "extracted_value": "" if outcome.unparsed else _text(extracted),
        "extraction_method": outcome.filter,
        "is_terminal": True,
    }


def _score(value: Any) -> float | None:
    """A sample's value as a number: itself, or the share of checks that are met; None where it is neither."""
    value = plain(value)
    if isinstance(value, list) and value and all(isinstance(item, bool) for item in value):
        return sum(map(bool, value)) / len(value)
    return float(value) if _is_number(value) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _last_question(prompt: Any) -> str:
    """What is asked: the last message of a conversation, or the whole text."""
    if isinstance(prompt, list) and prompt and isinstance(prompt[-1], dict):
        asked = [message for message in prompt if message.get("role") == "user"] or prompt
        return _text(asked[-1].get("content"))
    return _text(prompt)


def _references(target: Any) -> list[str]:
    return [_text(item) for item in target] if isinstance(target, list) else [] if target is None else [_text(target)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else _encode(value).decode()


def _plain(name: str) -> str:
    """A name as part of a path."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")


def _seconds(iso: str | None) -> int | None:
    try:
        return int(datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()) if iso else None
    except ValueError:
        return None
