"""The Batch API: handed in, left, collected; expiry, partial failure, and a process that died in between."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from regrade.asking.ask import Again, Tally, ask
from regrade.models.asking import ModelError
from regrade.models.batch import BatchModel
from regrade.models.openai import OpenAIModel
from regrade.schema import Answer, Request
from regrade.store.manifest import Manifest
from regrade.store.run import Run, now


class Provider:
    """A provider of batches, in memory. ``ending`` says how the next batches end; ``lost`` requests are left out."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.ending = "completed"
        self.lost: set[str] = set()
        self.failing: dict[str, int] = {}
        self.asked: list[str] = []
        self.die_after_create = False

    def app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 28)
        app.router.add_post("/v1/files", self.upload)
        app.router.add_get("/v1/files/{id}/content", self.content)
        app.router.add_post("/v1/batches", self.create)
        app.router.add_get("/v1/batches", self.listed)
        app.router.add_get("/v1/batches/{id}", self.get)
        return app

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        name = f"file-{len(self.files)}"
        self.files[name] = form["file"].file.read()  # type: ignore[union-attr]
        return web.json_response({"id": name})

    async def content(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if name not in self.files:
            return web.json_response({"error": {"message": "no such file"}}, status=404)
        return web.Response(body=self.files[name])

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        name = f"batch-{len(self.batches)}"
        self.batches[name] = {"id": name, "status": "validating", **body}
        self.asked += [json.loads(line)["custom_id"] for line in self.files[body["input_file_id"]].splitlines()]
        if self.die_after_create:
            return web.Response(status=500, text="the line went dead")
        return web.json_response(self.batches[name])

    async def listed(self, request: web.Request) -> web.Response:
        return web.json_response({"data": list(self.batches.values())})

    async def get(self, request: web.Request) -> web.Response:
        return web.json_response(self.batches[request.match_info["id"]])

    def finish(self) -> None:
        """End every batch that is under way."""
        for batch in self.batches.values():
            if batch["status"] != "validating":
                continue
            good, bad = [], []
            if self.ending != "failed":
                for line in self.files[batch["input_file_id"]].splitlines():
                    asked = json.loads(line)
                    text = asked["body"]["messages"][-1]["content"]
                    if text in self.lost:
                        error = {"code": "batch_expired", "message": "This request could not be executed in time."}
                        bad.append({"custom_id": asked["custom_id"], "response": None, "error": error})
                    elif text in self.failing:
                        response = {"status_code": self.failing[text], "body": {"error": {"message": "too long"}}}
                        bad.append({"custom_id": asked["custom_id"], "response": response, "error": None})
                    else:
                        message = {"role": "assistant", "content": f"{text}!"}
                        reply = {"model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}
                        good.append({"custom_id": asked["custom_id"], "response": {"status_code": 200, "body": reply}})
            batch["status"] = self.ending
            if self.ending == "failed":
                batch["errors"] = {"data": [{"message": "line 1: no such endpoint"}]}
            for field, rows in (("output_file_id", good), ("error_file_id", bad)):
                if rows:
                    batch[field] = f"file-{len(self.files)}"
                    self.files[batch[field]] = "\n".join(map(json.dumps, reversed(rows))).encode() + b"\n"


def questions(texts: str) -> list[Request]:
    return [
        Request(sample_id=f"s{place}", position=place, messages=[{"role": "user", "content": text}])
        for place, text in enumerate(texts)
    ]


def go(provider: Provider, folder: Path, texts: str, again: frozenset[str] = frozenset(), **options: Any) -> Tally:
    async def work() -> Tally:
        async with TestServer(provider.app()) as server:
            # Who is asked is part of the question, so the address stays the same from one server to the next.
            class Here(BatchModel):
                @property
                def identity(self) -> dict[str, Any]:
                    return {"type": "openai", "base_url": "provider", "model": self.name}

            model = Here("m", base_url=str(server.make_url("/v1")), **options)
            model.forget(again)
            return await ask(run_in(folder, len(texts)), model, questions(texts), again=Again(samples=again))

    return asyncio.run(work())


def run_in(folder: Path, samples: int) -> Run:
    if folder.exists():
        return Run(folder)
    return Run.create(folder, Manifest(name="r", created=now(), samples=samples))


def texts_of(folder: Path) -> dict[str, str | None]:
    return {a.sample_id: a.text for a in Run(folder).read_answers() if isinstance(a, Answer) and a.error is None}


def test_hand_in_leave_collect(tmp_path: Path) -> None:
    provider, folder = Provider(), tmp_path / "r"
    go(provider, folder, "abc")
    assert Run(folder).manifest.status == "waiting"
    go(provider, folder, "abc")  # too early: nothing has come, nothing is handed in again
    assert len(provider.asked) == 3
    provider.finish()
    tally = go(provider, folder, "abc")
    assert (tally.answered, tally.missing) == (3, 0)
    assert Run(folder).manifest.status == "complete"
    assert texts_of(folder) == {"s0": "a!", "s1": "b!", "s2": "c!"}
    assert len(provider.batches) == 1


def test_what_expired_is_handed_in_again_and_nothing_else(tmp_path: Path) -> None:
    provider, folder = Provider(), tmp_path / "r"
    provider.ending, provider.lost = "expired", {"b"}
    go(provider, folder, "abc")
    provider.finish()
    tally = go(provider, folder, "abc")
    assert (tally.answered, tally.failed) == (2, 1)
    provider.ending, provider.lost = "completed", set()
    go(provider, folder, "abc")
    provider.finish()
    go(provider, folder, "abc")
    assert texts_of(folder) == {"s0": "a!", "s1": "b!", "s2": "c!"}
    assert len(provider.asked) == 4


def test_questions_whose_results_the_provider_has_deleted_are_handed_in_again(tmp_path: Path) -> None:
    provider = Provider()
    go(provider, tmp_path / "r", "ab", wait=False)
    provider.finish()
    for name in [batch["output_file_id"] for batch in provider.batches.values()]:
        del provider.files[name]
    go(provider, tmp_path / "r", "ab", wait=False)
    assert len(provider.batches) == 2
    provider.finish()
    tally = go(provider, tmp_path / "r", "ab", wait=False)
    assert texts_of(tmp_path / "r") == {"s0": "a!", "s1": "b!"}
    assert tally.missing == 0
    assert len(provider.batches) == 2


def test_a_request_that_fails_is_recorded_with_its_reason(tmp_path: Path) -> None:
    provider, folder = Provider(), tmp_path / "r"
    provider.failing = {"b": 400}
    go(provider, folder, "ab")
    provider.finish()
    go(provider, folder, "ab")
    errors = [item.error for item in Run(folder).read_answers() if isinstance(item, Answer) and item.error is not None]
    assert [(error.kind, error.status, error.message) for error in errors] == [("bad_request", 400, "too long")]
    assert texts_of(folder) == {"s0": "a!"}


def test_a_batch_that_is_refused_as_a_whole_is_told(tmp_path: Path) -> None:
    provider, folder = Provider(), tmp_path / "r"
    provider.ending = "failed"
    go(provider, folder, "ab")
    provider.finish()
    with pytest.raises(ModelError, match="no such endpoint"):
        go(provider, folder, "ab")
    provider.ending = "completed"
    go(provider, folder, "ab")
    provider.finish()
    go(provider, folder, "ab")
    assert len(texts_of(folder)) == 2


def test_a_batch_whose_number_was_never_heard_is_found_again(tmp_path: Path) -> None:
    provider, folder = Provider(), tmp_path / "r"
    provider.die_after_create = True
    with pytest.raises(ModelError):
        go(provider, folder, "abc")
    provider.die_after_create = False
    go(provider, folder, "abc")
    assert len(provider.batches) == 1
    provider.finish()
    go(provider, folder, "abc")
    assert len(texts_of(folder)) == 3
    assert len(provider.asked) == 3


def test_what_is_asked_again_is_handed_in_again_and_nothing_else(tmp_path: Path) -> None:
    provider, folder = Provider(), tmp_path / "r"
    go(provider, folder, "ab")
    provider.finish()
    go(provider, folder, "ab")
    go(provider, folder, "ab", again=frozenset({"s1"}))
    assert len(provider.asked) == 3
    provider.finish()
    tally = go(provider, folder, "ab", again=frozenset({"s1"}))
    assert (tally.answered, tally.missing) == (1, 0)
    assert len(provider.asked) == 3


def test_a_run_begun_as_a_batch_may_be_ended_by_asking_directly() -> None:
    batch, direct = BatchModel("m", base_url="http://h/v1"), OpenAIModel("m", base_url="http://h/v1")
    assert batch.identity == direct.identity
