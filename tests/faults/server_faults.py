"""Replies as broken servers send them, byte for byte, and what is to become of each.

A question names the fault that its reply has; where nothing is wrong with what is said, that is ``yes``.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

RIGHT: Final = "right"
SHORT: Final = "short"


@dataclass(frozen=True)
class Fault:
    """A fault of a server.

    Attributes:
        reply: All that is sent.
        outcome: ``right``, the kind of error that is recorded, or ``short``: the answer is told to fall short.
        says: What the recorded error says, or the kind of shortfall.
        reset: Whether the connection is reset after the reply, and not closed.
        stalls: Whether it stays open after what is sent, until the client goes.
    """

    reply: bytes
    outcome: str = RIGHT
    says: str = ""
    reset: bool = False
    stalls: bool = False


def http(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """A reply of HTTP/1.1, after which the connection is closed."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if not any(header.startswith("Transfer-Encoding") for header in headers):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def said(content: Any = "yes", *, message: Any = None, choice: Any = None, **top: Any) -> bytes:
    """A reply of a chat, with fields put over the usual ones."""
    words = {"role": "assistant", "content": content, **(message or {})}
    one = {"index": 0, "message": words, "finish_reason": "stop", **(choice or {})}
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    return json.dumps({"model": "m", "choices": [one], "usage": usage, **top}).encode()


def events(*pieces: Any, done: bool = True, newline: str = "\n") -> bytes:
    """Server-sent events."""
    lines = [piece if isinstance(piece, str) else f"data: {json.dumps(piece)}" for piece in pieces]
    return (newline * 2).join([*lines, *(["data: [DONE]"] if done else []), ""]).encode()


def delta(content: Any, reason: str | None = None, **more: Any) -> dict[str, Any]:
    """One piece of a stream."""
    return {"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": reason, **more}]}


def chunked(*blocks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(block), block) for block in blocks) + end


GOOD: Final = said()
SSE: Final = "Content-Type: text/event-stream"
IN_CHUNKS: Final = "Transfer-Encoding: chunked"
PAGE: Final = b"<!DOCTYPE html><html><body>Sign in</body></html>"
ERROR: Final = b'{"error": {"message": "the reason"}}'
_TOOL_CALL: Final = {"type": "function", "id": "c", "function": {"name": "add", "arguments": "{}"}}


def _statuses() -> dict[str, Fault]:
    faults = {}
    for status in (400, 402, 405, 406, 410, 411, 413, 415, 418, 422, 431, 451, 408, 409, 425):
        kind = "refused" if status == 402 else "bad_request"
        faults[f"status {status}"] = Fault(http(ERROR, f"{status} No"), kind, "the reason")
    for status in (500, 501, 502, 503, 504, 507, 520, 529, 599):
        faults[f"status {status}"] = Fault(http(ERROR, f"{status} No"), "server", "the reason")
    for value in ("0", "-1", "nan", "inf-", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"):
        reply = http(ERROR, "429 Too Many Requests", f"Retry-After: {value}")
        faults[f"429, Retry-After {value}"] = Fault(reply, "rate_limit", "the reason")
    faults |= {
        "status 401": Fault(http(ERROR, "401 No"), "refused", "the reason"),
        "status 403": Fault(http(ERROR, "403 No"), "refused", "the reason"),
        "status 404": Fault(http(ERROR, "404 No"), "refused", "the reason"),
        "status 301": Fault(http(b"", "301 Moved", "Location: http://127.0.0.1:9/v1"), "refused", "127.0.0.1:9"),
        "status 302": Fault(http(b"", "302 Found", "Location: /login"), "refused", "/login"),
        "status 304": Fault(http(b"", "304 Not Modified"), "refused", "304"),
        "status 307": Fault(http(b"", "307 Moved", "Location: http://127.0.0.1:9/v1"), "refused", "127.0.0.1:9"),
        "status 308": Fault(http(GOOD, "308 Moved", "Location: http://127.0.0.1:9/v1"), "refused", "127.0.0.1:9"),
        "out of quota": Fault(
            http(b'{"error": {"message": "no quota", "code": "insufficient_quota"}}', "429 No"), "refused", "no quota"
        ),
        "out of quota by type": Fault(
            http(b'{"error": {"message": "no quota", "type": "insufficient_quota", "code": null}}', "429 No"),
            "refused",
            "no quota",
        ),
        "out of quota in a list": Fault(
            http(b'[{"error": {"message": "no quota", "code": "insufficient_quota"}}]', "429 No"), "refused", "no quota"
        ),
        "500 with a page": Fault(http(PAGE, "500 No"), "server", "Sign in"),
        "500 with nothing": Fault(http(b"", "500 No"), "server", "500"),
        "500 with bad UTF-8": Fault(http(b"\xff\xfe out", "500 No"), "server", "out"),
        "500 with a deep error": Fault(http(b'{"error": ' + b"[" * 50_000, "500 No"), "server", "error"),
        "422 with a list": Fault(
            http(b'{"detail": [{"loc": ["body"], "msg": "field required"}]}', "422 No"), "bad_request", "field required"
        ),
        "201": Fault(http(GOOD, "201 Created")),
        "204": Fault(http(b"", "204 No Content"), "reply", "no answer"),
        "202 not yet": Fault(http(b'{"id": "job-1"}', "202 Accepted"), "reply", "no choices"),
        "100 first": Fault(b"HTTP/1.1 100 Continue\r\n\r\n" + http(GOOD)),
    }
    return faults


def _bodies() -> dict[str, Fault]:
    wrong = {
        "nothing": b"",
        "null": b"null",
        "a number": b"7",
        "{}": b"{}",
        "a list": b"[" + GOOD + b"]",
        "no choices": b'{"choices": []}',
        "choices null": b'{"choices": null}',
        "choices an object": b'{"choices": {"message": {"content": "no"}}}',
        "choices of texts": b'{"choices": ["no"]}',
        "choices of nulls": b'{"choices": [null]}',
        "no message": b'{"choices": [{"index": 0}]}',
        "message null": b'{"choices": [{"message": null}]}',
        "message a text": b'{"choices": [{"message": "no"}]}',
        "message a list": b'{"choices": [{"message": [{"content": "no"}]}]}',
        "text in place of a message": b'{"choices": [{"text": "no"}]}',
        "cut JSON": GOOD[:-20],
        "two replies": GOOD + GOOD,
        "a page": PAGE,
        "XML": b"<?xml version='1.0'?><r>{}</r>",
        "plain text": b"yes",
        "another protocol": b'{"output": [{"content": [{"text": "no"}]}]}',
        "another server": b'{"message": {"role": "assistant", "content": "no"}, "done": true}',
        "an old error": b'{"object": "error", "message": "too long", "code": 40303}',
        "a detail": b'{"detail": "Not Found"}',
        "too deep": b'{"choices": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "too deep beside": GOOD[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "a number of 5,000 digits": GOOD.replace(b'"yes"', b"9" * 5000),
    }
    return {f"body: {name}": Fault(http(body), "reply", "no answer") for name, body in wrong.items()} | {
        "error in 200": Fault(http(ERROR), "server", "the reason"),
        "error with code 400 in 200": Fault(
            http(b'{"error": {"message": "the reason", "code": 400}}'), "bad_request", "the reason"
        ),
        "error with code 429 in 200": Fault(
            http(b'{"error": {"message": "the reason", "code": "429"}}'), "rate_limit", "the reason"
        ),
        "error a text in 200": Fault(http(b'{"error": "the reason"}'), "server", "the reason"),
        "error a list in 200": Fault(http(b'{"error": ["the reason"]}'), "server", "the reason"),
        "error beside an answer": Fault(http(said("no", error={"message": "the reason"})), "server", "the reason"),
        "error in the choice": Fault(
            http(said("no", choice={"error": {"message": "the reason", "code": 502}})), "server", "the reason"
        ),
        "finish_reason error": Fault(http(said("no", choice={"finish_reason": "error"})), "server", "finish_reason"),
    }


def _fields() -> dict[str, Fault]:
    beside = {
        "error null": said(error=None),
        "no finish_reason": GOOD.replace(b'"finish_reason": "stop"', b'"x": 1'),
        "finish_reason a number": said(choice={"finish_reason": 0}),
        "finish_reason an object": said(choice={"finish_reason": {"type": "stop"}}),
        "index a text": said(choice={"index": "0"}),
        "model a number": said(model=7),
        "another model": said(model="other-7b"),
        "usage null": said(usage=None),
        "usage a list": said(usage=[1]),
        "usage a text": said(usage="3"),
        "usage of fractions": said(usage={"prompt_tokens": 1.5, "completion_tokens": "2"}),
        "usage negative": said(usage={"prompt_tokens": -1, "completion_tokens": None}),
        "usage of 400 digits": said(usage={"prompt_tokens": 10**400, "completion_tokens": 1}),
        "usage infinite": GOOD.replace(b'"prompt_tokens": 3', b'"prompt_tokens": Infinity'),
        "details a text": said(usage={"prompt_tokens": 3, "prompt_tokens_details": "x"}),
        "logprobs a text": said(choice={"logprobs": "none"}),
        "logprobs NaN": GOOD.replace(b'"index"', b'"logprobs": {"content": [{"logprob": NaN}]}, "index"'),
        "logprobs -Infinity": GOOD.replace(b'"index"', b'"logprobs": {"content": [{"logprob": -Infinity}]}, "index"'),
        "logprobs 1e999": GOOD.replace(b'"index"', b'"logprobs": {"content": [{"logprob": 1e999}]}, "index"'),
        "tool_calls a text": said(message={"tool_calls": "none"}),
        "tool_calls empty": said(message={"tool_calls": []}),
        "reasoning an object": said(message={"reasoning": {"text": "hm"}}),
        "reasoning a number": said(message={"reasoning_content": 7}),
        "annotations a number": said(message={"annotations": 7, "audio": "x"}),
        "role null": said(message={"role": None}),
        "content in parts": said([{"type": "text", "text": "ye"}, {"type": "text", "text": "s"}]),
        "content parts of null": said([{"type": "text", "text": None}, {"type": "text", "text": "yes"}]),
        "content an object": said({"type": "text", "text": "yes"}),
        "two choices": said(choices=[json.loads(GOOD)["choices"][0], json.loads(said("no"))["choices"][0]]),
        "half a surrogate pair beside": GOOD.replace(b'"model": "m"', rb'"model": "m\ud83d"'),
        "bad UTF-8 beside": GOOD.replace(b'"model": "m"', b'"model": "m\xff\xfe"'),
        "byte order mark": b"\xef\xbb\xbf" + GOOD,
        "lines before": b": PROCESSING\n\n" + GOOD,
        "prompt_logprobs an object": said(prompt_logprobs={"a": 1}),
        "data a list": said(data=[1]),
    }
    told: dict[str, tuple[bytes, str]] = {
        "empty": (said(""), "empty"),
        "content null": (said(None), "empty"),
        "no content": (GOOD.replace(b'"content"', b'"contents"'), "empty"),
        "cut off": (said("ye", choice={"finish_reason": "length"}), "cut off"),
        "cut off, as Anthropic says": (said("ye", choice={"finish_reason": "max_tokens"}), "cut off"),
        "filtered": (said("ye", choice={"finish_reason": "content_filter"}), "withheld"),
        "refused": (said(None, message={"refusal": "I cannot"}), "refused"),
        "a tool called": (said(None, message={"tool_calls": [_TOOL_CALL]}), "called a tool"),
        "thoughts only": (said(None, message={"reasoning_content": "hm"}), "empty"),
        "an open thought": (said("<think>hm"), "empty"),
    }
    return {f"beside: {name}": Fault(http(body)) for name, body in beside.items()} | {
        f"told: {name}": Fault(http(body), SHORT, kind) for name, (body, kind) in told.items()
    }


def _ways() -> dict[str, Fault]:
    packed = gzip.compress(GOOD)
    return {
        "gzip": Fault(http(packed, "200 OK", "Content-Encoding: gzip")),
        "deflate": Fault(http(zlib.compress(GOOD), "200 OK", "Content-Encoding: deflate")),
        "gzip cut": Fault(http(packed[:-12], "200 OK", "Content-Encoding: gzip"), "reply", "no answer"),
        "gzip of nothing": Fault(http(b"", "200 OK", "Content-Encoding: gzip"), "reply", "no answer"),
        "gzip said and not done": Fault(http(GOOD, "200 OK", "Content-Encoding: gzip"), "connection", "decompress"),
        "gzip bomb": Fault(
            http(gzip.compress(b" " * 3_000_000 + GOOD), "200 OK", "Content-Encoding: gzip"), "reply", "larger"
        ),
        "too large": Fault(http(b" " * 2_000_000 + GOOD), "reply", "larger"),
        "not asked for": Fault(http(GOOD, "200 OK", "Content-Encoding: br"), "reply", "br"),
        "too short": Fault(http(GOOD, length=len(GOOD) + 10), "connection", "broke off"),
        "too long": Fault(http(GOOD, length=len(GOOD) - 10), "connection", ""),
        "reset": Fault(http(GOOD, length=len(GOOD) + 10), "connection", "", reset=True),
        "reset before a word": Fault(b"", "connection", "", reset=True),
        "closed before a word": Fault(b"", "connection", ""),
        "closed in the headers": Fault(b"HTTP/1.1 200 OK\r\nContent-", "connection", ""),
        "no HTTP": Fault(b"220 mail.example.org ESMTP\r\n", "connection", ""),
        "a header of 100 kB": Fault(http(GOOD, "200 OK", "X-Long: " + "x" * 100_000), "connection", ""),
        "length of letters": Fault(b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n" + GOOD, "connection", ""),
        "HTTP/1.0 without length": Fault(b"HTTP/1.0 200 OK\r\n\r\n" + GOOD),
        "chunks": Fault(http(chunked(GOOD[:9], GOOD[9:]), "200 OK", IN_CHUNKS)),
        "chunks cut": Fault(http(chunked(GOOD[:9], end=b""), "200 OK", IN_CHUNKS), "connection", "broke off"),
        "last chunk missing": Fault(http(chunked(GOOD, end=b""), "200 OK", IN_CHUNKS), "connection", "broke off"),
        "bad chunk": Fault(http(b"zz\r\n" + GOOD, "200 OK", IN_CHUNKS), "connection", ""),
    }


def _streams() -> dict[str, Fault]:
    begin, end = delta("ye"), delta("s", "stop")
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    right = {
        "stream": events(begin, end, usage),
        "stream of CRLF": events(begin, end, newline="\r\n"),
        "stream without DONE": events(begin, end, done=False),
        "stream without a reason": events(begin, delta("s")),
        "stream with a heartbeat": events(": ping", begin, ": ping", end),
        "stream with null deltas": events(begin, {"choices": [{"index": 0, "delta": None}]}, end),
        "stream of two choices": events(begin, {"choices": [{"index": 1, "delta": {"content": "no"}}]}, end),
        "stream with separators of lines": events(
            "data: " + json.dumps({"id": "a\u2028b\x85c", **begin}, ensure_ascii=False), end
        ),
        "stream with an odd event": events(begin, 7, {"choices": None}, end),
    }
    wrong = {
        "stream that breaks off": (events(begin, done=False), "reply"),
        "stream that breaks off in an event": (events(begin, end, done=False)[:-30], "reply"),
        "stream of nothing": (events(), "reply"),
        "stream with an error": (events(begin, {"error": {"message": "the reason"}}), "server"),
        "stream with an error event": (
            events(begin, 'event: error\ndata: {"message": "the reason", "code": 500}'),
            "server",
        ),
        "stream with an error in a choice": (events(begin, delta("", error={"message": "the reason"})), "server"),
        "stream that ends in an error": (events(begin, delta("s", "error")), "server"),
        "stream of text deltas": (events({"choices": [{"index": 0, "delta": "yes"}]}), "reply"),
        "stream of odd choices": (events({"choices": 7}), "reply"),
        "stream of odd tool calls": (events({"choices": [{"index": 0, "delta": {"tool_calls": ["x"]}}]}), "reply"),
        "stream of a page": (events("data: <html>"), "reply"),
    }
    return {name: Fault(http(body, "200 OK", SSE)) for name, body in right.items()} | {
        name: Fault(http(body, "200 OK", SSE), kind) for name, (body, kind) in wrong.items()
    }


FAULTS: Final[dict[str, Fault]] = {**_statuses(), **_bodies(), **_fields(), **_ways(), **_streams()}

STALLS: Final[dict[str, Fault]] = {
    name: Fault(reply, "timeout", "no reply within", stalls=True)
    for name, reply in {
        "silence": b"",
        "half a header": b"HTTP/1.1 200 OK\r\nContent-",
        "headers alone": http(b"", length=len(GOOD)),
        "half a body": http(GOOD[:9], length=len(GOOD)),
        "all but a byte": http(GOOD[:-1], length=len(GOOD)),
        "one chunk": http(chunked(GOOD, end=b""), "200 OK", IN_CHUNKS),
        "half a stream": http(chunked(events(delta("ye"), done=False), end=b""), "200 OK", SSE, IN_CHUNKS),
        "half a gzip": http(gzip.compress(GOOD)[:9], "200 OK", "Content-Encoding: gzip", length=99),
    }.items()
}
"""What never comes to its end."""


class FaultyServer:
    """Sends what a question names: a fault, or else a good reply.

    Attributes:
        url: Its base URL.
        asked: How often each question came.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: Counter[str] = Counter()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            body = await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
            question = json.loads(body)["messages"][-1]["content"]
            self.asked[question] += 1
            fault = FAULTS.get(question) or STALLS.get(question) or Fault(http(GOOD))
            writer.write(fault.reply)
            await writer.drain()
            if fault.stalls:
                await reader.read()
            if fault.reset:
                lingering = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has read enough
        finally:
            writer.close()

    @contextmanager
    def running(self) -> Iterator[FaultyServer]:
        """Serve in a thread until the block ends."""
        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        async def close() -> None:
            server.close()
            await server.wait_closed()

        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
