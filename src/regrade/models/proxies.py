"""Proxies, as the environment names them: ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``."""

from __future__ import annotations

from urllib.parse import urlsplit

from regrade.errors import UsageError

_HERE = ("localhost", "127.0.0.1", "::1")


def proxy_of(url: str) -> str | None:
    """The proxy by which an address is to be reached; None if directly, as this machine itself always is.

    Raises:
        UsageError: it is one that cannot be used.
    """
    from urllib.request import getproxies, proxy_bypass  # which takes 15 ms to import

    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _HERE or proxy_bypass(host):
        return None
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if found and "://" not in found:
        found = f"http://{found}"
    if found and not found.startswith(("http://", "https://")):
        raise UsageError(
            f"{urlsplit(found).scheme} proxies are not supported",
            where=f"{parts.scheme.upper()}_PROXY",
            hint=f"name an HTTP proxy, or exempt the server: NO_PROXY={host}",
        )
    return found or None
