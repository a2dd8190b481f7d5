"""Who may send requests, and how large: looked at before a body is read."""

import hmac
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.errors import (
    DatelineError,
    HostNotAllowed,
    OriginNotAllowed,
    PayloadTooLarge,
    Unauthorized,
)
from service.problems import for_path, problem
from service.settings import Settings

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
# A JSON body spells some characters with six bytes, and names fields beside the text.
BODY_FACTOR, BODY_SPARE = 6, 1 << 20
IMPORT_PATH = "/v1/articles:import"
# What is held against articles is itself no article: its fields' longest texts, written with the
# most bytes that JSON has for a character, are below this.
CHECK_PATHS = frozenset({"/v1/checks", "/v1/quotes:verify"})
MOST_CHECK_BYTES = 16_000_000


class Guard:
    """Turns away, before a body is read, what a web page or a stranger sends.

    A page that a browser shows can make it send requests to loopback: their `Origin` is not ours,
    or (DNS rebinding) their `Host` is not a name of this machine's loopback.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._most_bytes = settings.max_article_bytes * BODY_FACTOR + BODY_SPARE
        self._keys = [key.encode() for key in settings.keys]
        self._hosts = {host.lower() for host in settings.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        refused = self._refusal(scope["path"], headers)
        if refused is not None:
            await for_path(scope["path"], problem(refused))(scope, receive, send)
            return
        if scope["path"] == IMPORT_PATH:  # spooled to disk as it arrives, whatever its size
            await self._app(scope, receive, send)
            return
        most = left = self._most(scope["path"])

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise _too_large(most)
            return message

        await self._app(scope, counted, send)

    def _refusal(self, path: str, headers: dict[str, str]) -> DatelineError | None:
        host = headers.get("host", "").lower()
        name = _split(f"//{host}")[1]
        if name not in LOOPBACK_NAMES | self._hosts and not (self._keys and not self._hosts):
            return HostNotAllowed(
                "The Host header names another machine. Add it to DATELINE_ALLOWED_HOSTS."
            )
        origin = headers.get("origin")
        if origin is not None and _split(origin.lower())[0] not in {host} - {""}:
            return OriginNotAllowed("Web pages of other origins may not use this service.")
        if self._keys and path.startswith("/v1"):
            scheme, _, given = headers.get("authorization", "").partition(" ")
            sent = given.strip().encode("latin-1")  # as they came: a header is bytes
            matches = [hmac.compare_digest(sent, key) for key in self._keys]
            if scheme.lower() != "bearer" or not any(matches):
                return Unauthorized("Send `Authorization: Bearer KEY` with one of the API keys.")
        length = headers.get("content-length", "0")
        if path != IMPORT_PATH and length.isdecimal() and int(length[:20]) > self._most(path):
            return _too_large(self._most(path))
        return None

    def _most(self, path: str) -> int:
        return min(self._most_bytes, MOST_CHECK_BYTES) if path in CHECK_PATHS else self._most_bytes


def _too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"A request may hold {most:,} bytes at most.")


def _split(url: str) -> tuple[str, str]:
    """A URL's host with its port, and without; empty where it has none that can be read."""
    try:
        parts = urlsplit(url)
        return parts.netloc, parts.hostname or ""
    except ValueError:
        return "", ""
