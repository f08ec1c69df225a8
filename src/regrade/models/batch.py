"""``batch:NAME``: OpenAI's Batch API: half the price, an answer within a day.

A run hands in what is missing and ends; ``regrade resume`` collects what has come, and hands in again what expired or
failed. What was handed in is known in three places, so that nothing is handed in twice: the file itself
(``RUN/batches/N.jsonl``), written before it is sent; the batch's number (``N.json``), written when the server has
accepted it; and the batch's metadata at the server, which is looked through where ``N.json`` is missing because the
process died in between.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from regrade.atomic import make_folder, replacing
from regrade.errors import UsageError
from regrade.models.asking import Failure, ModelError
from regrade.models.openai import PATHS, OpenAIModel
from regrade.models.proxies import proxy_of
from regrade.models.request import address_answer, request_hash
from regrade.models.secrets import without_secrets
from regrade.registry import register
from regrade.schema import Answer, AnswerError, Request, RequestKind

if TYPE_CHECKING:
    import aiohttp

MOST_REQUESTS = 50_000
MOST_BYTES = 190_000_000
"""OpenAI takes 50,000 requests and 200 MB in a batch."""

_ENDED = frozenset(("completed", "expired", "cancelled", "failed"))
_ENCODE = msgspec.json.Encoder().encode


class _Gone(ModelError):
    """The provider has deleted the file that was to be fetched."""


class _Note(msgspec.Struct):
    """What is known of a batch: ``RUN/batches/N.json``."""

    batch_id: str = ""
    token: str = ""
    status: str = ""
    collected: bool = False


class _Result(msgspec.Struct):
    """A line of an output or error file."""

    custom_id: str
    response: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


@register("model", "batch")
class BatchModel(OpenAIModel):
    """A model behind OpenAI's Batch API, or a server that speaks it.

    Its answers are those of the same model asked directly: a run may be begun with the one and resumed with the other.

    Args:
        name: The model's name.
        wait: Stay until the batches have ended, and look every ``poll_s`` seconds, instead of leaving.
        poll_s: Seconds between two looks.
        window: The time that the server may take.
        options: As :class:`regrade.models.openai.OpenAIModel`.
    """

    kinds: ClassVar[tuple[RequestKind, ...]] = ("chat", "completion", "embedding")

    def __init__(
        self, name: str, *, wait: bool = False, poll_s: float = 30.0, window: str = "24h", **options: Any
    ) -> None:
        super().__init__(name, **options)
        self.wait = wait
        self.poll_s = poll_s
        self._session: aiohttp.ClientSession | None = None
        self.window = window
        self.folder: Path | None = None
        self.forgotten: frozenset[str] = frozenset()
        """Samples that are asked anew: what batches said of them that were collected before does not count."""

    def forget(self, samples: frozenset[str]) -> None:
        self.forgotten = samples

    def attach(self, folder: Path) -> None:
        self.folder = folder / "batches"
        make_folder(self.folder, private=True)

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        import aiohttp

        if self.folder is None:
            raise UsageError(
                "batches need the folder of a run", where=self.place, hint="ask by regrade run, or Card.run"
            )
        identity = self.identity
        wanted = {_custom_id(request, identity): request async for request in requests}
        timeout = aiohttp.ClientTimeout(total=self.limits.timeout_s)
        headers = {name: value for name, value in self.headers.items() if name != "Content-Type"}
        async with aiohttp.ClientSession(
            timeout=timeout, headers=headers, proxy=proxy_of(self.base_url)
        ) as self._session:
            async for answer in self._collect(wanted):
                yield answer
            handed_in = self._handed_in()
            self._hand_in_files([(key, request) for key, request in wanted.items() if key not in handed_in])
            await self._send_files()
            while self.wait and wanted and self._open():
                self.status.note = f"{len(wanted)} answers in {len(self._open())} batches to come"
                await asyncio.sleep(self.poll_s)
                async for answer in self._collect(wanted):
                    yield answer
            self.pending = len(wanted) if self._open() else 0

    # -- the notes -------------------------------------------------------------------------------------------------

    def _files(self) -> Iterator[tuple[Path, _Note]]:
        """Each batch's file, with what is known of it."""
        assert self.folder is not None
        for file in sorted(self.folder.glob("*.jsonl")):
            note = file.with_suffix(".json")
            yield file, msgspec.json.decode(note.read_bytes(), type=_Note) if note.exists() else _Note()

    def _open(self) -> list[tuple[Path, _Note]]:
        return [(file, note) for file, note in self._files() if not note.collected]

    def _handed_in(self) -> set[str]:
        """What the batches that are under way will answer."""
        keys: set[str] = set()
        for file, _ in self._open():
            for line in file.read_bytes().splitlines():
                keys.add(msgspec.json.decode(line)["custom_id"])
        return keys

    def _hand_in_files(self, items: list[tuple[str, Request]]) -> None:
        """Write what is to be handed in, in files as large as the server takes."""
        group: list[bytes] = []
        size, kind = 0, None
        for key, request in items:
            line = _ENCODE(
                {"custom_id": key, "method": "POST", "url": f"/v1{PATHS[request.kind]}", "body": self.body(request)}
            )
            if group and (len(group) >= MOST_REQUESTS or size + len(line) > MOST_BYTES or request.kind != kind):
                self._write_file(group)
                group, size = [], 0
            group.append(line)
            size, kind = size + len(line) + 1, request.kind
        if group:
            self._write_file(group)

    def _write_file(self, lines: list[bytes]) -> None:
        assert self.folder is not None
        number = sum(1 for _ in self._files()) + 1
        _write(self.folder / f"{number:04}.json", _ENCODE(_Note(token=secrets.token_hex(8))))
        _write(self.folder / f"{number:04}.jsonl", b"\n".join(lines) + b"\n")

    # -- the server ------------------------------------------------------------------------------------------------

    async def _send_files(self) -> None:
        """Hand in every file that the server does not have yet."""
        for file, note in self._open():
            if note.batch_id:
                continue
            note.batch_id = await self._find(note.token) or await self._create(file, note.token)
            note.status = "validating"
            _write(file.with_suffix(".json"), _ENCODE(note))

    async def _find(self, token: str) -> str | None:
        """The batch that a process which died had handed in."""
        try:
            listed = await self._call("GET", "/batches?limit=100")
        except ModelError:  # a server that cannot list them
            return None
        for batch in listed.get("data", ()):
            if (batch.get("metadata") or {}).get("regrade") == token:
                return str(batch["id"])
        return None

    async def _create(self, file: Path, token: str) -> str:
        import aiohttp

        data = file.read_bytes()
        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        form.add_field("file", data, filename=file.name, content_type="application/jsonl")
        uploaded = await self._call("POST", "/files", data=form)
        endpoint = msgspec.json.decode(data[: data.index(b"\n")])["url"]
        body = {
            "input_file_id": uploaded["id"],
            "endpoint": endpoint,
            "completion_window": self.window,
            "metadata": {"regrade": token},
        }
        return str((await self._call("POST", "/batches", json=body))["id"])

    async def _collect(self, wanted: dict[str, Request]) -> AsyncGenerator[Answer, None]:
        """The answers of every batch that has ended; they are taken out of ``wanted``.

        Results are kept beside the batch's file before they are used, and looked through again by later calls: an
        answer that was collected by a process which died before writing it down is not asked for again.
        """
        for file, note in list(self._files()):
            seen = note.collected
            if note.batch_id and not seen:
                try:
                    batch = await self._call("GET", f"/batches/{note.batch_id}")
                    note.status = str(batch["status"])
                    if note.status in _ENDED:
                        for name in ("output", "error"):
                            if batch.get(f"{name}_file_id"):
                                _write(file.with_suffix(f".{name}"), await self._download(batch[f"{name}_file_id"]))
                        note.collected = True
                except _Gone:  # its questions are handed in anew, together with what no batch answered
                    note.status, note.collected = "deleted", True
                    self.status.note = f"the results of {note.batch_id} were deleted; its questions are handed in anew"
                _write(file.with_suffix(".json"), _ENCODE(note))
            if not note.collected:
                continue
            for name in ("output",) if seen else ("output", "error"):
                kept = file.with_suffix(f".{name}")
                for result in _results(kept.read_bytes() if kept.exists() else b""):
                    request = wanted.get(result.custom_id)
                    if request is not None and not (seen and request.sample_id in self.forgotten):
                        del wanted[result.custom_id]
                        yield self._answer_of(result, request)
            if note.status == "failed" and not seen:
                hint = "mend what it names, then: regrade resume RUN"
                raise ModelError(f"the batch was refused: {_reasons(batch)}", where=self.place, hint=hint)

    def _answer_of(self, result: _Result, request: Request) -> Answer:
        response = result.response or {}
        status = int(response.get("status_code") or 0)
        try:
            if status == 200:
                answer = self.read(request, _ENCODE(response.get("body")))
            elif response:
                raise self.failure(status, _ENCODE(response.get("body")), {})
            else:
                error = result.error or {}
                said = f"{error.get('code') or 'no reply'}: {error.get('message') or 'the batch ended without it'}"
                raise Failure(AnswerError("server", said))
        except Failure as failure:
            answer = Answer(sample_id="", error=failure.error)
        return address_answer(
            answer,
            request,
            request_hash=result.custom_id.partition("-")[0],
            extra={**answer.extra, "batch": True},
        )

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        found = msgspec.json.decode(await self._fetch(method, path, **options))
        if not isinstance(found, dict):
            raise ModelError("replied what is no object", where=f"{self.base_url}{path}")
        return found

    async def _download(self, file_id: str) -> bytes:
        return await self._fetch("GET", f"/files/{file_id}/content")

    async def _fetch(self, method: str, path: str, **options: Any) -> bytes:
        """One call, tried again a few times where that may help."""
        import aiohttp

        from regrade.models.limits import backoff_s, retry_after_s

        assert self._session is not None
        for attempt in range(1, self.limits.retries + 2):
            pause: float | None = None
            try:
                async with self._session.request(method, self.address.url(path), **options) as reply:
                    data = await reply.read()
                    if reply.status < 300:
                        return data
                    failure = self.failure(reply.status, data, reply.headers)
                    if path.startswith("/files/") and reply.status in (404, 410):
                        raise _Gone(failure.error.message, where=f"{self.base_url}{path}")
                    said, retry, pause = failure.error.message, failure.retry, retry_after_s(reply.headers)
            except (aiohttp.ClientError, TimeoutError) as error:
                said, retry = without_secrets(str(error) or type(error).__name__), True
            # A form can be sent once only, and a batch that may have been created must not be created again.
            if not retry or attempt > self.limits.retries or method == "POST":
                break
            await asyncio.sleep(pause if pause is not None else backoff_s(attempt, self.limits))
        raise ModelError(
            said, where=f"{self.base_url}{path}", hint="what was handed in is kept; then: regrade resume RUN"
        )


def _custom_id(request: Request, identity: dict[str, Any]) -> str:
    draw = f"-{request.draw}" if request.draw else ""
    return f"{request_hash(request, identity)}-{request.repeat}{draw}"


def _results(data: bytes) -> Iterator[_Result]:
    for line in data.splitlines():
        if line.strip():
            yield msgspec.json.decode(line, type=_Result)


def _reasons(batch: dict[str, Any]) -> str:
    listed = (batch.get("errors") or {}).get("data") or []
    return "; ".join(str(error.get("message")) for error in listed[:3]) or "no reason given"


def _write(path: Path, data: bytes) -> None:
    with replacing(path, private=True) as temporary:
        temporary.write_bytes(data)
