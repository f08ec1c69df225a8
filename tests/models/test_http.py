"""The way to a server and back: redirects, sizes, certificates, sockets, headers; each told by name."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from tests.models.asking import HASTY, chat

from regrade.errors import UsageError
from regrade.models.asking import ModelError
from regrade.models.http import Address, parse_address
from regrade.models.openai import OpenAIModel
from regrade.schema import Answer, Request

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SAID = json.dumps({"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}).encode()


def ask(handler: Handler, *, socket: Path | None = None, path: str = "/v1", **options: object) -> Answer:
    """The answer to one question by a server that does as ``handler`` says."""

    async def go() -> Answer:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.UnixSite(runner, str(socket)) if socket else web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            host = str(socket).replace("/", "%2F") if socket else f"127.0.0.1:{runner.addresses[0][1]}"
            scheme = "http+unix" if socket else "http"
            model = OpenAIModel("m", base_url=f"{scheme}://{host}{path}", limits=HASTY, **options)  # type: ignore[arg-type]

            async def questions() -> object:
                for request in chat("q"):
                    yield request

            [answer] = [answer async for answer in model.answer(questions())]  # type: ignore[arg-type]
            return answer
        finally:
            await runner.cleanup()

    return asyncio.run(go())


def says(body: bytes = SAID, **more: object) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body, **more)  # type: ignore[arg-type]

    return handler


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    seen = []

    async def moved(request: web.Request) -> web.Response:
        seen.append((request.method, request.path))
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:9/v2/chat/completions"})

    with pytest.raises(
        ModelError, match=r"points to http://127\.0\.0\.1:9/v2/chat/completions; nothing was sent there"
    ):
        ask(moved)
    assert set(seen) == {("POST", "/v1/chat/completions")}


def test_a_reply_that_is_too_large_is_refused_and_not_asked_for_again() -> None:
    asked = []

    async def large(request: web.Request) -> web.Response:
        asked.append(1)
        return web.Response(body=json.dumps({"choices": [{"message": {"content": "a" * 50_000}}]}).encode())

    answer = ask(large, max_reply=10_000)
    assert answer.error is not None
    assert "larger than 10,000 bytes (--max-reply)" in answer.error.message
    assert len(asked) == 1
    assert ask(large, max_reply=100_000).text == "a" * 50_000


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_the_limit_holds_after_decompression(name: str) -> None:
    import zlib

    bomb = b"a" * 20_000_000
    packed = gzip.compress(bomb) if name == "gzip" else zlib.compress(bomb)
    answer = ask(says(packed, headers={"Content-Encoding": name}), max_reply=1_000_000)
    assert answer.error is not None
    assert "larger than 1,000,000 bytes" in answer.error.message
    packed = gzip.compress(SAID) if name == "gzip" else zlib.compress(SAID)
    assert ask(says(packed, headers={"Content-Encoding": name})).text == "yes"


def test_a_unix_socket(tmp_path: Path) -> None:
    assert ask(says(), socket=tmp_path / "s").text == "yes"


def test_a_query_follows_every_path_and_headers_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    async def note(request: web.Request) -> web.Response:
        seen.update(path=request.path_qs, key=request.headers.get("api-key"))
        return web.Response(body=SAID)

    monkeypatch.setenv("MY_KEY", " abc \n")
    path = "/openai/deployments/d?api-version=2024-10-21"
    assert ask(note, path=path, headers={"api-key": "env:MY_KEY"}).text == "yes"
    assert seen == {"path": "/openai/deployments/d/chat/completions?api-version=2024-10-21", "key": "abc"}
    with pytest.raises(UsageError, match="NOT_SET is not set"):
        OpenAIModel("m", headers={"X": "env:NOT_SET"})


def test_white_space_around_a_key_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.Response(body=SAID)

    monkeypatch.setenv("OPENAI_API_KEY", "abc123\n")
    assert ask(note).text == "yes"
    assert seen == ["Bearer abc123"]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("http://h:1/v1/", Address("http://h:1/v1")),
        ("https://h/v1/chat/completions", Address("https://h/v1")),
        ("https://h/v1/completions/?a=b", Address("https://h/v1", "?a=b")),
        ("http+unix://%2Frun%2Fs/v1", Address("http://localhost/v1", "", "/run/s")),
    ],
)
def test_addresses(given: str, read: Address) -> None:
    assert parse_address(given) == read


@pytest.mark.parametrize(
    "given", ["localhost:8000", "ftp://h/v1", "http:///v1", "", "https://a:b@h/v1", "https://h?key=x"]
)
def test_addresses_that_are_refused(given: str) -> None:
    with pytest.raises(UsageError):
        parse_address(given)


def test_a_page_in_place_of_a_reply_is_told() -> None:
    answer = ask(says(b"<!doctype html><title>Login</title>", content_type="text/html"))
    assert answer.error is not None
    assert "a page, and not JSON" in answer.error.message


def test_out_of_quota_is_told_as_that() -> None:
    error = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    with pytest.raises(ModelError, match="no quota left"):
        ask(says(json.dumps(error).encode(), status=429))


def test_a_failed_generation_is_retried_then_failed() -> None:
    asked = []

    async def failing(request: web.Request) -> web.Response:
        asked.append(1)
        return web.json_response({"choices": [{"error": {"code": 502, "message": "Upstream"}, "message": {}}]})

    answer = ask(failing)
    assert answer.error is not None
    assert (answer.error.kind, answer.error.status, answer.error.message) == ("server", 502, "Upstream")
    assert len(asked) == 1 + HASTY.retries


@pytest.mark.parametrize("value", ["0", "-1", "nan", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_time_to_come_that_is_none_uses_up_retries(value: str) -> None:
    asked = []

    async def busy(request: web.Request) -> web.Response:
        asked.append(1)
        return web.Response(status=429, headers={"Retry-After": value})

    assert ask(busy).error is not None
    assert len(asked) == 1 + HASTY.retries


def test_what_a_family_of_models_refuses_is_left_out_of_the_recipe_alone() -> None:
    from regrade.asking.requests import requests_of
    from regrade.schema import Sample

    sample = Sample(sample_id="s", doc={}, prompt="p")
    recipe = {"max_tokens": 100, "temperature": 0, "stop": ["x"]}
    model = OpenAIModel("o3-mini")

    def sent(own: dict[str, object], name: OpenAIModel = model) -> dict[str, object]:
        [request] = requests_of([sample], recipe, 1, "chat", own=own, fit=name.fit)
        assert isinstance(request, Request)
        return request.parameters

    assert sent({}) == {"max_completion_tokens": 100}
    assert sent({"temperature": 1}) == {"max_completion_tokens": 100, "temperature": 1}
    assert sent({"max_tokens": 5}) == {"max_tokens": 5}
    assert sent({"max_tokens": None}) == {}
    assert sent({"stop": None}, OpenAIModel("gpt-4o")) == {"max_tokens": 100, "temperature": 0}


SETTINGS = bytes.fromhex("000006040000000000000300000064") + bytes.fromhex("0000080700000000000000000000000001")
"""How a server for HTTP/2 begins: frames SETTINGS and GOAWAY with a protocol error (RFC 9113, 6.5 and 6.8)."""


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (SETTINGS, "is not HTTP/1.1; is it a server or proxy for HTTP/2 only?"),
        (
            b"HTTP/1.1 505 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "wants another version of HTTP than 1.1",
        ),
        (
            b"HTTP/1.1 426 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "wants another version of HTTP than 1.1",
        ),
    ],
)
def test_a_server_for_http_2_only_ends_the_run_at_once(reply: bytes, message: str) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read(1 << 16)
        writer.write(reply)
        await writer.drain()
        writer.close()

    async def go() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        model = OpenAIModel("m", base_url=f"http://127.0.0.1:{port}/v1", limits=HASTY)

        async def requests() -> AsyncIterator[Request]:
            for request in chat(*map(str, range(200))):
                yield request

        async with server:
            try:
                async for _ in model.answer(requests()):
                    pass
            finally:
                await model.close()

    with pytest.raises(ModelError, match=re.escape(message)):
        asyncio.run(go())
    assert connections < 40
