"""A server that kills its client, and the commands that are killed: what it takes to count lost and repeated answers.

Everything is counted by the server. Each reply holds a number of its own, and a client without pipelining sends the
next request on a connection only when it has read the reply before: of the requests on a connection, all but the last
were answered and the answer was received.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

Moment = Literal["arrived", "half", "sent"]
"""When a client is killed: its request has arrived, half of the reply was sent, the whole reply was sent."""

MOMENTS: tuple[Moment, ...] = ("arrived", "half", "sent")

CARD = """\
__type__: task_card
loader: {__type__: load_csv, files: {test: questions.csv}}
task:
  __type__: task
  input_fields: {question: str}
  reference_fields: {answer: str}
  prediction_type: str
  metrics: [metrics.accuracy]
templates:
  - {__type__: input_output_template, input_format: "{question}", output_format: "{answer}"}
"""

#: Put before the command by the interpreter's own hook: each flush of a file to the disk takes so long.
SLOW_DISK = """\
import os, time
if delay := float(os.environ.get("SLOW_DISK_S", 0)):
    def slow(flush):
        def flushed(handle):
            time.sleep(delay)
            flush(handle)
        return flushed
    os.fsync, os.fdatasync = slow(os.fsync), slow(os.fdatasync)
"""


@dataclass
class Exchange:
    """A request and its reply.

    Attributes:
        serial: The number that the reply holds.
        text: What was asked.
        connection: Number of the connection that it came on.
        status: The status of the reply.
    """

    serial: int
    text: str
    connection: int
    status: int


@dataclass
class KillingServer:
    """A server on loopback that answers every question, and kills who asks at the moment that it is told.

    Attributes:
        poison: Whether the questions that end in 9 are refused as wrong (400).
        moments: Draws the delays of the replies.
        exchanges: All that was asked, in order of arrival.
    """

    poison: bool
    moments: random.Random
    exchanges: list[Exchange] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self._connections: dict[int, tuple[Any, int]] = {}
        self._armed = threading.Event()
        self._client: tuple[int, int, Moment] | None = None
        self._by = signal.SIGKILL

    def arm(self, client: int, after: int, moment: Moment, by: signal.Signals = signal.SIGKILL) -> None:
        """Kill process ``client`` when it has sent ``after`` requests; nothing is answered before this is called."""
        self._by = by
        self._client = client, len(self.exchanges) + after, moment
        self._armed.set()

    def disarm(self) -> None:
        """Answer everybody."""
        self._client = None
        self._armed.set()

    def wait_for_arms(self) -> None:
        """Answer nobody until :meth:`arm` or :meth:`disarm` is called."""
        self._armed.clear()

    def in_flight(self, start: int) -> list[Exchange]:
        """Of what arrived since ``start``, the last exchange of each connection: it may not have been received."""
        return list({exchange.connection: exchange for exchange in self.exchanges[start:]}.values())

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        text = json.loads(await request.read())["messages"][-1]["content"]
        transport = request.transport
        _, connection = self._connections.setdefault(id(transport), (transport, len(self._connections)))
        status = 400 if self.poison and text.endswith("9") else 200
        exchange = Exchange(len(self.exchanges), text, connection, status)
        self.exchanges.append(exchange)
        place = len(self.exchanges)
        while not self._armed.is_set():
            await asyncio.sleep(0.001)
        client, last, moment = self._client or (0, 0, "arrived")
        is_last = bool(client) and place == last
        if is_last and moment == "arrived":
            os.kill(client, self._by)
        await asyncio.sleep(self.moments.random() * 0.004)
        body = json.dumps(_reply(exchange)).encode()
        response = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        if is_last and moment == "half":
            os.kill(client, self._by)
        await response.write(body[len(body) // 2 :])
        await response.write_eof()
        if is_last and moment == "sent":
            os.kill(client, self._by)
        return response

    @contextmanager
    def running(self) -> Iterator[KillingServer]:
        """Serve in a thread until the block ends."""
        loop = asyncio.new_event_loop()
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=False)

        async def start() -> None:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()

        loop.run_until_complete(start())
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


def _reply(exchange: Exchange) -> dict[str, Any]:
    if exchange.status != 200:
        return {"error": {"message": f"{exchange.text} is refused"}}
    message = {"role": "assistant", "content": f"echo {exchange.text}, reply {exchange.serial}"}
    return {"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


@dataclass(frozen=True)
class Hardship:
    """What stands in a run's way.

    Attributes:
        poison: Every tenth question is refused.
        slow_disk: Each flush to the disk takes 50 ms.
        locked_cache: Another process holds the cache's database all the time, and lets nobody read it either.
        moved: After each kill the workspace is renamed, and resumed from another working folder.
    """

    poison: bool
    slow_disk: bool
    locked_cache: bool
    moved: bool


HARDSHIPS = [Hardship(*(bool(number >> bit & 1) for bit in range(4))) for number in range(16)]


@dataclass
class Outcome:
    """What became of a run that was killed.

    Attributes:
        kills: How often it was.
        asked: Requests until it was finished.
        in_flight: Of them, how many were under way at a kill.
        lost: Numbers of replies that were received and are not in the journal.
        repeated: Questions asked again though none of their requests was under way at a kill.
        again: Answers that the server gave to the second ``resume`` and the second ``run``.
        missing: Questions without an answer in the journal, though not refused.
        codes: Exit codes of the finishing ``resume``, the second one, and the second ``run``.
        said: What these printed.
    """

    kills: int = 0
    asked: int = 0
    in_flight: int = 0
    lost: list[int] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    said: str = ""


def kill_and_resume(folder: Path, hardship: Hardship, *, kills: int, rows: int, seed: int) -> Outcome:
    """Kill a run and its resumptions at random moments, let it end, and count.

    Args:
        folder: An empty folder.
        hardship: What stands in its way.
        kills: How often it is killed.
        rows: How many questions are asked.
        seed: Of the moments.
    """
    moments = random.Random(seed)
    driver = Driver(folder, hardship, rows)
    outcome = Outcome()
    under_way: list[Exchange] = []
    with KillingServer(hardship.poison, random.Random(seed)).running() as server, driver.locked_cache():
        asking = driver.run(server.url)
        for left in range(kills, 0, -1):
            start = len(server.exchanges)
            unasked = rows - len({exchange.text for exchange in server.exchanges})
            after = moments.randint(1, max(1, unasked // left))
            server.wait_for_arms()
            process = driver.start(asking)
            server.arm(process.pid, after, moments.choice(MOMENTS))
            said = process.communicate()[0]
            assert process.returncode == -signal.SIGKILL, said
            outcome.kills += 1
            under_way += server.in_flight(start)
            driver.move()
            asking = driver.resume()
        server.disarm()
        _finish(driver, server, outcome, asking, under_way)
        finished = len(server.exchanges)
        for command in (driver.resume(), driver.run(server.url)):
            driver.complete(command, outcome)
        outcome.again = [exchange.text for exchange in server.exchanges[finished:] if exchange.status == 200]
    return outcome


def _finish(
    driver: Driver, server: KillingServer, outcome: Outcome, asking: list[str], under_way: list[Exchange]
) -> None:
    """Let a run end, and compare its journal with what the server saw."""
    driver.complete(asking, outcome)
    outcome.asked, outcome.in_flight = len(server.exchanges), len(under_way)
    kept = driver.kept()
    excused = {exchange.serial for exchange in under_way}
    outcome.lost = [
        exchange.serial
        for exchange in server.exchanges
        if exchange.status == 200 and exchange.serial not in excused and exchange.serial not in kept.values()
    ]
    interrupted = {exchange.text for exchange in under_way}
    asked: set[str] = set()
    for exchange in server.exchanges:
        if exchange.text in asked and exchange.text not in interrupted:
            outcome.repeated.append(exchange.text)
        asked.add(exchange.text)
    refused = {exchange.text for exchange in server.exchanges if exchange.status != 200}
    outcome.missing = [text for text in driver.questions if text not in kept and text not in refused]


class Driver:
    """The commands, the folder they work in, and what makes it hard for them."""

    def __init__(self, folder: Path, hardship: Hardship, rows: int) -> None:
        self.hardship = hardship
        self.home = folder / "home"
        self.elsewhere = folder / "elsewhere"
        self.workspace = folder / "workspace-0"
        self.questions = [f"question {place}" for place in range(rows)]
        for made in (self.home, self.elsewhere, self.workspace, folder / "hook"):
            made.mkdir()
        (self.home / "card.yaml").write_text(CARD)
        table = "".join(f"{question},echo {question}\n" for question in self.questions)
        (self.home / "questions.csv").write_text("question,answer\n" + table)
        (folder / "hook" / "sitecustomize.py").write_text(SLOW_DISK)
        self.folder = self.home
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "REGRADE_WORKSPACE"},
            "OPENAI_API_KEY": "none",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PYTHONPATH": os.pathsep.join([str(folder / "hook"), os.environ.get("PYTHONPATH", "")]),
            "SLOW_DISK_S": "0.05" if hardship.slow_disk else "0",
        }
        self._lock: sqlite3.Connection | None = None
        self._moves = 0

    def run(self, url: str) -> list[str]:
        """A new run of all questions."""
        card = str(self.home / "card.yaml")
        how = ["--base-url", url, "--concurrency", "8", "--retries", "0", "--workspace", str(self.workspace)]
        return ["run", card, "--model", "m", "--name", "r", "--no-score", *how]

    def resume(self) -> list[str]:
        """The run resumed."""
        return ["resume", str(self.workspace / "r"), "--no-score"]

    def start(self, command: list[str]) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("regrade")), *command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def complete(self, command: list[str], outcome: Outcome) -> None:
        """Let a command end, and note how."""
        process = self.start(command)
        outcome.said += process.communicate()[0]
        outcome.codes.append(process.returncode)

    def move(self) -> None:
        """Rename the workspace and work in another folder, if that is to be."""
        if self.hardship.moved:
            self._moves += 1
            self.workspace = self.workspace.rename(self.workspace.with_name(f"workspace-{self._moves}"))
            self.folder = self.elsewhere

    @contextmanager
    def locked_cache(self) -> Iterator[None]:
        """Hold the cache's database, if that is to be."""
        if self.hardship.locked_cache:
            self._lock = sqlite3.connect(self.workspace / "answers.sqlite", isolation_level=None)
            self._lock.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._lock.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            self.unlock()

    def unlock(self) -> None:
        """Let the cache's database go."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kept(self) -> dict[str, int]:
        """The questions that are answered in the journal, with the number of the reply."""
        kept: dict[str, int] = {}
        for line in (self.workspace / "r" / "answers.jsonl").read_text().splitlines():
            answer = json.loads(line)
            if not answer.get("error"):
                said, _, serial = answer["text"].partition(", reply ")
                text = said.removeprefix("echo ")
                assert text not in kept, f"{text} has two answers"
                kept[text] = int(serial)
        return kept
