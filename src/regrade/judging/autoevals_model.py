"""Judges of the autoevals package, run so that every call they make is ours.

A scorer asks a model several times, and what it asks next depends on what it was told. To the run it is one model that
is asked once per judged answer (:class:`AutoevalsModel`); below it, each of its calls goes through the model that was
named, with its limits, retries and errors, and is on disk in ``calls.jsonl`` (sample id ``SAMPLE#1``, ``SAMPLE#2``)
before the scorer sees it. A scorer that is run again is given the calls that are kept and asks for the others.

autoevals would send calls that have no client to a gateway of its maker; here every one has ours.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import aclosing
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from regrade import extras
from regrade.errors import UnavailableError, UsageError
from regrade.models.asking import ModelError
from regrade.models.limits import RequestLimits
from regrade.models.model import Model
from regrade.models.named import named_model, split_name
from regrade.models.openai_replies import total_usage
from regrade.models.request import address_answer, request_hash
from regrade.registry import register
from regrade.schema import Answer, AnswerError, Request, RequestKind
from regrade.store.journal import read
from regrade.store.journal_writer import Journal

CALLS: Final = "calls.jsonl"
EMBEDDING_MODEL: Final = "text-embedding-3-small"
_AT_ONCE: Final = 64
_USE: Final = "a scorer of autoevals"
_IN_GROUPS: Final = ("batch", "transformers", "vllm")
"""Kinds of models that wait for several requests before they answer one."""


class CallFailed(Exception):
    """A scorer's call that brought no answer."""

    def __init__(self, error: AnswerError) -> None:
        super().__init__(error.message)
        self.error = error


@register("model", "autoevals")
class AutoevalsModel(Model):
    """A scorer of the autoevals package that asks the model named after the colon; made by ``regrade judge``.

    An answer's text is JSON: ``score`` (None where there is none, with ``why``), ``metadata`` as the scorer tells it,
    and ``calls``, how often it asked. Its tokens are those of its calls.

    Args:
        name: The model, as ``--judge`` takes it: ``gpt-4o-mini``, ``openai:qwen3-8b``.
        embedding_model: The same server's model of embeddings, for scorers that compare meanings.
        tools: Whether the model can call tools; if not, it is asked for the arguments as JSON.
        limits: How many requests at once, how fast, how often again.
        options: Options of the model that is asked.

    Raises:
        UnavailableError: autoevals is not installed.
        UsageError: the model answers in groups.
    """

    kinds: ClassVar[tuple[RequestKind, ...]] = ("chat",)

    def __init__(
        self,
        name: str,
        *,
        embedding_model: str = EMBEDDING_MODEL,
        tools: bool = True,
        limits: RequestLimits | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name)
        extras.check_installed("autoevals", to=_USE, where="--with")
        self.version = version("autoevals")
        self.asked = named_model(name, options, limits)
        kind, _ = split_name(name)
        if kind in _IN_GROUPS:
            raise UsageError(
                f"answers in groups ({kind}), and a scorer waits for each answer before it asks on",
                where=f"--judge {name}",
                hint="serve the model, and name it openai:NAME with --base-url",
            )
        self.name = self.asked.name
        self.status = self.asked.status
        self.costs = self.asked.costs  # type: ignore[misc]
        self.embedding_model = embedding_model
        self.tools = tools
        self.at_once = limits.concurrency if limits is not None else _AT_ONCE
        self.folder: Path | None = None
        self.forgotten: frozenset[str] = frozenset()
        """Samples whose kept calls are made anew."""

    @property
    def identity(self) -> dict[str, Any]:
        return {
            "type": "autoevals",
            "version": self.version,
            "model": self.name,
            "asked": self.asked.identity,
            "embedding_model": self.embedding_model,
            "tools": self.tools,
        }

    def attach(self, folder: Path) -> None:
        self.folder = folder

    def forget(self, samples: frozenset[str]) -> None:
        self.forgotten = samples

    async def close(self) -> None:
        await self.asked.close()

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        if self.folder is None:
            raise RuntimeError("attach() tells where the calls are kept")
        calls = _Calls(self.asked, self.folder / CALLS, self.forgotten)
        scoring = _Scoring(self, calls, requests)
        pumping = asyncio.ensure_future(calls.pump())
        feeding = asyncio.ensure_future(scoring.feed())
        try:
            while True:
                taken = asyncio.ensure_future(scoring.answers.get())
                await asyncio.wait({taken, pumping}, return_when=asyncio.FIRST_COMPLETED)
                if not taken.done():
                    taken.cancel()
                    pumping.result()  # raises what ended it
                    raise ModelError("the model stopped answering", where=self.name)
                if (answer := taken.result()) is None:
                    break
                yield answer
            await feeding
        finally:
            feeding.cancel()
            calls.give_up()
            pumping.cancel()
            await asyncio.gather(feeding, pumping, return_exceptions=True)
            await scoring.end()
            calls.journal.close()


def call_hash(request: Request) -> str:
    """What tells the calls of one run apart. Who is asked is not in it: the same model may have moved."""
    return request_hash(request, {})


class _Calls:
    """The calls of all scorers: kept ones by what they ask, others through the model."""

    def __init__(self, model: Model, path: Path, forgotten: frozenset[str]) -> None:
        self.model = model
        self.kept: dict[tuple[str, int, str], list[Answer]] = {}
        for answer in read(path):
            sample = answer.sample_id.rpartition("#")[0] if isinstance(answer, Answer) else ""
            if isinstance(answer, Answer) and answer.error is None and sample not in forgotten:
                self.kept.setdefault((sample, answer.repeat, answer.request_hash), []).append(answer)
        self.loop = asyncio.get_running_loop()
        self.journal = Journal(path, counted=self._on_disk)
        self.queue: asyncio.Queue[Request | None] = asyncio.Queue()
        self.waiting: dict[int, Future[Answer]] = {}
        self.hashes: dict[int, str] = {}
        self.numbers = count()
        self.ended = False

    def kept_for(self, request: Request, occurrence: int) -> Answer | None:
        """The kept answer to a call, where a scorer makes the same one several times to the ``occurrence``-th."""
        sample = request.sample_id.rpartition("#")[0]
        known = self.kept.get((sample, request.repeat, call_hash(request)), [])
        return known[occurrence] if occurrence < len(known) else None

    def ask(self, request: Request) -> Answer:
        """Make a call; used from a scorer's thread, which waits until the answer is on disk.

        Raises:
            CancelledError: nobody will answer any more.
        """
        future: Future[Answer] = Future()

        def put() -> None:
            if self.ended:
                future.cancel()
                return
            number = next(self.numbers)
            self.waiting[number], self.hashes[number] = future, call_hash(request)
            self.queue.put_nowait(msgspec.structs.replace(request, position=number))

        self.loop.call_soon_threadsafe(put)
        return future.result()

    async def pump(self) -> None:
        """Hand the calls to the model, and its answers to the journal, until nobody wants more."""

        async def each() -> AsyncIterator[Request]:
            while (request := await self.queue.get()) is not None:
                yield request

        async with aclosing(self.model.answer(each())) as answers:
            async for answer in answers:
                self.journal.put(msgspec.structs.replace(answer, request_hash=self.hashes.pop(answer.position)))
                await self.journal.room()

    def _on_disk(self, group: list[Answer]) -> None:
        for answer in group:
            if (future := self.waiting.pop(answer.position, None)) is not None:
                future.set_result(answer)

    def give_up(self) -> None:
        """Let every scorer that waits go."""
        self.ended = True
        for future in self.waiting.values():
            future.cancel()
        self.waiting.clear()


class _Scoring:
    """The scorers at work, one thread for each judged answer."""

    def __init__(self, model: AutoevalsModel, calls: _Calls, requests: AsyncIterator[Request]) -> None:
        self.model, self.calls, self.requests = model, calls, requests
        self.identity = model.identity
        self.answers: asyncio.Queue[Answer | None] = asyncio.Queue()
        self.room = asyncio.Semaphore(model.at_once)
        self.threads = ThreadPoolExecutor(model.at_once, thread_name_prefix="autoevals")
        self.tasks: set[asyncio.Task[None]] = set()

    async def feed(self) -> None:
        async for request in self.requests:
            await self.room.acquire()
            task = asyncio.ensure_future(self.one(request))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        await asyncio.gather(*self.tasks)
        self.answers.put_nowait(None)

    async def one(self, request: Request) -> None:
        began = time.monotonic()
        client = _Client(self.model, self.calls, request)
        try:
            loop = asyncio.get_running_loop()
            text, error = await loop.run_in_executor(self.threads, _score, request, client)
        finally:
            self.room.release()
        answer = Answer(
            sample_id="",
            text=text,
            error=error,
            model=self.model.name,
            finish_reason="stop" if error is None else None,
            usage=total_usage(client.answers),
            latency_s=round(time.monotonic() - began, 6),
            at=time.time(),
        )
        self.answers.put_nowait(address_answer(answer, request, request_hash=request_hash(request, self.identity)))

    async def end(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        # The loop goes on meanwhile: a scorer that makes a call just now is told there that nobody answers any more.
        await asyncio.to_thread(self.threads.shutdown)


class _Client:
    """What a scorer takes for OpenAI's client; used from its thread, one call after the other."""

    def __init__(self, model: AutoevalsModel, calls: _Calls, request: Request) -> None:
        self.model, self.calls, self.request = model, calls, request
        self.answers: list[Answer] = []
        self.times: dict[str, int] = {}
        self.failed: AnswerError | None = None

    def complete(self, **given: Any) -> dict[str, Any]:
        given = {**self.request.parameters, **given}
        messages, tools = given.pop("messages"), given.get("tools")
        given.pop("model", None)
        if tools and not self.model.tools:
            messages = _asking_for_json(messages, tools[0]["function"])
            given.pop("tools"), given.pop("tool_choice", None)
        answer = self._ask(kind="chat", messages=messages, parameters=given)
        message: dict[str, Any] = {"role": "assistant", "content": answer.text}
        called = answer.tool_calls or (_call_in_words(answer.text, tools[0]["function"]["name"]) if tools else None)
        if called:
            message["tool_calls"] = called
        return {"choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason or "stop"}]}

    def embed(self, **given: Any) -> dict[str, Any]:
        if "embedding" not in self.calls.model.kinds:
            raise UnavailableError(f"{self.model.name} gives no embeddings")
        text = str(given.pop("input"))
        answer = self._ask(kind="embedding", prompt=text, parameters=given)
        return {"data": [{"index": 0, "embedding": answer.embedding}]}

    def moderation(self, **given: Any) -> Any:
        raise UnavailableError("asks for a moderation, which is no question to a model")

    def _ask(self, **what: Any) -> Answer:
        request = Request(
            sample_id=f"{self.request.sample_id}#{len(self.answers) + 1}", repeat=self.request.repeat, **what
        )
        asked = call_hash(request)
        occurrence = self.times.get(asked, 0)
        self.times[asked] = occurrence + 1
        answer = self.calls.kept_for(request, occurrence) or self.calls.ask(request)
        if answer.error is not None:
            self.failed = answer.error
            raise CallFailed(answer.error)
        self.answers.append(answer)
        return answer


def _score(request: Request, client: _Client) -> tuple[str | None, AnswerError | None]:
    """Run a scorer: its result as JSON, or the error of a call that failed."""
    assert request.messages is not None
    asked = msgspec.json.decode(request.messages[0]["content"])
    result: dict[str, Any]
    try:
        score = _scorer(asked, client).eval(**asked["given"])
        result = {"score": score.score, "metadata": score.metadata}
        if score.score is None:
            result["why"] = "the scorer gives no score"
    except CancelledError:
        return None, AnswerError("connection", "stopped before all calls were answered")
    except ZeroDivisionError:
        result = {"score": None, "why": "the judge found no statements, and the score is a share of them"}
    except Exception as error:
        if client.failed is not None:
            return None, client.failed
        result = {"score": None, "why": f"{type(error).__name__}: {error}"[:500]}
    return msgspec.json.encode({**result, "calls": len(client.answers)}, enc_hook=_plain).decode(), None


def _scorer(asked: dict[str, Any], client: _Client) -> Any:
    """The scorer, with our client everywhere: its own, and the default of what it makes inside."""
    autoevals = extras.require("autoevals", to=_USE)
    for module in ("oai", "ragas", "string"):
        extras.require(f"autoevals.{module}", to=_USE)

    base: Any = autoevals.oai.LLMClient

    class Client(base):  # type: ignore[misc]
        def __post_init__(self) -> None:
            """Take the functions as they are given, instead of those of OpenAI's package."""

    ours = Client(
        openai=None,
        complete=client.complete,
        embed=client.embed,
        moderation=client.moderation,
        RateLimitError=_NeverRaised,
    )
    # It keeps vectors for the life of the process; a call that was not made could not be kept with its sample.
    autoevals.string.EmbeddingSimilarity._CACHE = _Forgetful()
    autoevals.init(
        client=ours, default_model={"completion": client.model.name, "embedding": client.model.embedding_model}
    )
    made: Callable[..., Any] = getattr(autoevals, asked["scorer"], None) or getattr(autoevals.ragas, asked["scorer"])
    return made(client=ours, **asked["arguments"])


class _NeverRaised(Exception):
    """What autoevals would ask again for; asking again is the model's business."""


class _Forgetful(dict[Any, Any]):
    """A dict that keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        return


def _asking_for_json(messages: list[dict[str, Any]], function: dict[str, Any]) -> list[dict[str, Any]]:
    schema = json.dumps(function["parameters"])
    words = (
        f"You cannot call tools. Instead of calling {function['name']}, answer with its arguments: one JSON object, "
    )
    words += f"and nothing else, that is valid by this JSON Schema:\n{schema}"
    *before, last = messages
    return [*before, {**last, "content": f"{last['content']}\n\n{words}"}]


def _call_in_words(text: str | None, name: str) -> list[dict[str, Any]] | None:
    """The call of a tool that a model wrote down as JSON instead of making it."""
    start, end = (text or "").find("{"), (text or "").rfind("}")
    if text is None or start < 0 or end < start:
        return None
    try:
        arguments = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    if isinstance(arguments.get("arguments"), dict) and arguments.get("name") == name:
        arguments = arguments["arguments"]
    function = {"name": name, "arguments": json.dumps(arguments)}
    return [{"id": "call_1", "type": "function", "function": function}]


def _plain(value: Any) -> Any:
    """Scores within scores, and whatever else a scorer tells."""
    return value.as_dict() if hasattr(value, "as_dict") else repr(value)
