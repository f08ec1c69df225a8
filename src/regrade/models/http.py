"""HTTP to a model's server: one address, its headers, replies within bounds. Retries are the business of ``asking``."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from regrade.errors import UsageError
from regrade.models.asking import Failure
from regrade.models.proxies import proxy_of
from regrade.models.secrets import refuse_password
from regrade.schema import AnswerError, ErrorKind

if TYPE_CHECKING:
    import ssl

    import aiohttp

MAX_REPLY_BYTES: Final = 32_000_000
"""Bytes that a reply may have after decompression, where nothing else is said."""

_ENDPOINTS = re.compile(r"/(chat/completions|completions|embeddings)/?$")
_BLOCK = 1 << 16


class Address(NamedTuple):
    """Where a server is.

    Attributes:
        base: The address that paths are appended to: ``https://host/v1``.
        query: What follows each path, with its question mark: ``?api-version=2024-10-21``; or nothing.
        socket: Path of the Unix socket that the server listens on, instead of a host.
    """

    base: str
    query: str = ""
    socket: str | None = None

    def url(self, path: str) -> str:
        """The address of an endpoint."""
        return f"{self.base}{path}{self.query}"


def parse_address(text: str) -> Address:
    """Read what ``--base-url`` says.

    The address of an endpoint (``.../chat/completions``) stands for the one that it is under. A query is kept for all
    endpoints, as Azure wants it. ``http+unix://%2Frun%2Fvllm.sock/v1`` is a server on a Unix socket.

    Raises:
        UsageError: it is not an address, or holds a password.
    """
    refuse_password(text)
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https", "http+unix") or not parts.netloc:
        raise UsageError(
            f"expected an address, got {text!r}", where="--base-url", hint="for example http://localhost:8000/v1"
        )
    path = _ENDPOINTS.sub("", parts.path).rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    if parts.scheme == "http+unix":
        return Address(f"http://localhost{path}", query, unquote(parts.netloc))
    return Address(f"{parts.scheme}://{parts.netloc}{path}", query)


def read_headers(given: Mapping[str, str]) -> dict[str, str]:
    """Headers with the values that they have now: ``env:NAME`` is that of a variable of the environment.

    Raises:
        UsageError: the variable is not set.
    """
    headers = {}
    for name, value in given.items():
        if value.startswith("env:"):
            variable = value.removeprefix("env:")
            found = os.environ.get(variable)
            if found is None:
                raise UsageError(f"the variable {variable} is not set", where=f"--header {name}=env:{variable}")
            headers[name] = found.strip()
        else:
            headers[name] = value
    return headers


class HttpClient:
    """Posts to one server.

    Args:
        address: The server.
        headers: Sent with each request.
        ca_file: Certificates (PEM) that are trusted beside the system's, for a server that signs its own.
        max_reply_bytes: Larger replies are refused.
    """

    def __init__(
        self,
        address: Address,
        headers: Mapping[str, str],
        *,
        ca_file: str | None = None,
        max_reply_bytes: int = MAX_REPLY_BYTES,
    ) -> None:
        if ca_file is not None:
            _trusting(ca_file)  # what is wrong with it is told before anything is made
        self.address = address
        self.headers = headers
        self.ca_file = ca_file
        self.max_reply_bytes = max_reply_bytes
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def hold_connections(self) -> AsyncIterator[None]:
        """Hold connections open while requests are sent."""
        import aiohttp

        context: Any = True if self.ca_file is None else _trusting(self.ca_file)
        if self.address.socket is not None:
            connector: aiohttp.BaseConnector = aiohttp.UnixConnector(self.address.socket, limit=0)
            proxy = None
        else:
            connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=60, ssl=context)
            proxy = proxy_of(self.address.base)
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=30),
            headers={"Accept-Encoding": "gzip, deflate", **self.headers},
            proxy=proxy,
            auto_decompress=False,
        ) as self._session:
            yield

    async def post(self, path: str, body: bytes, *, beside: bool = False) -> tuple[int, bytes, Mapping[str, str]]:
        """Send a request once.

        Args:
            path: The endpoint, below the server's address.
            body: What is sent.
            beside: Whether the endpoint lies beside ``/v1``, and not in it.

        Returns:
            Status, content and headers of the reply, whatever the status but a redirect.

        Raises:
            Failure: there is no reply, it points elsewhere, or it is too large.
        """
        import aiohttp

        assert self._session is not None
        address = self.address._replace(base=self.address.base.removesuffix("/v1")) if beside else self.address
        try:
            async with self._session.post(address.url(path), data=body, allow_redirects=False) as reply:
                if 300 <= reply.status < 400:
                    raise self._moved(reply.status, reply.headers.get("Location", ""))
                return reply.status, await self._content(reply), reply.headers
        except aiohttp.ClientConnectorCertificateError as error:
            why = getattr(error.certificate_error, "verify_message", None) or str(error.certificate_error)
            raise _unreachable(f"{self.place}: its certificate is not trusted: {why}", final=True) from None
        except aiohttp.ClientConnectorDNSError:
            raise _unreachable(f"{self.place}: no such host") from None
        except aiohttp.ClientConnectorError as error:
            said = os.strerror(error.errno) if error.errno else str(error.os_error)
            raise _unreachable(f"nothing answers at {self.place}: {said}") from None
        except aiohttp.ClientHttpProxyError as error:
            raise _unreachable(f"the proxy answers {error.status} {error.message}", final=error.status == 407) from None
        except aiohttp.ClientPayloadError as error:
            raise _broken(f"the reply broke off: {error}") from None
        except aiohttp.ClientResponseError as error:
            what = f"what {self.place} answers is not HTTP/1.1; is it a server or proxy for HTTP/2 only?"
            raise _unreachable(f"{what} ({' '.join(error.message.split())[:100]})") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise _broken(str(error) or type(error).__name__) from None
        except TimeoutError:
            raise _unreachable(f"no connection to {self.place} within 30 s") from None

    @property
    def place(self) -> str:
        """The server, for messages."""
        return self.address.socket or self.address.base

    def _moved(self, status: int, location: str) -> Failure:
        where = location if "://" in location else f"{location} of the same server"
        message = (
            f"HTTP {status}: the server points to {where}; nothing was sent there. Name that address by --base-url"
        )
        return Failure(AnswerError("refused", message, status))

    async def _content(self, reply: aiohttp.ClientResponse) -> bytes:
        """The content of a reply, decompressed."""
        encoding = reply.headers.get("Content-Encoding", "identity").lower()
        if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
            raise _broken(f"the reply is compressed as {encoding}, which was not asked for", retry=False)
        unpacker = None if encoding in ("identity", "") else zlib.decompressobj(47 if "gzip" in encoding else 15)
        parts, size = [], 0
        async for packed in reply.content.iter_chunked(_BLOCK):
            block = packed
            while block:
                if unpacker is None:
                    part, block = block, b""
                else:
                    try:
                        part = unpacker.decompress(block, self.max_reply_bytes + 1 - size)
                    except zlib.error as error:
                        raise _broken(f"the reply cannot be decompressed: {error}") from None
                    block = unpacker.unconsumed_tail
                size += len(part)
                if size > self.max_reply_bytes:
                    raise _broken(f"the reply is larger than {self.max_reply_bytes:,} bytes (--max-reply)", retry=False)
                parts.append(part)
        return b"".join(parts)


def _trusting(ca_file: str) -> ssl.SSLContext:
    """A context that trusts the certificates in a file beside the system's."""
    import ssl

    if not Path(ca_file).is_file():
        raise UsageError("there is no such file", where=f"--ca-file {ca_file}")
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except (ssl.SSLError, OSError) as error:
        raise UsageError(f"holds no certificates: {error}", where=f"--ca-file {ca_file}") from None
    return context


def _unreachable(message: str, *, final: bool = False) -> Failure:
    return Failure(AnswerError("connection", message), retry=not final, trouble=True, unreachable=True)


def _broken(message: str, *, retry: bool = True) -> Failure:
    kind: ErrorKind = "connection" if retry else "reply"
    return Failure(AnswerError(kind, message), retry=retry, trouble=retry)
