"""The service as it is in use: uvicorn on a loopback port, SQLite, Chroma and the embedder; only
the language model is scripted."""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fakes import ScriptedChat

from service.app import Service, create_app
from service.cli import _bound
from service.settings import Settings

ARTICLE = (
    "Aldous Finch opened the new bridge at Harrow Mere on 3 May 2024. "
    "The bridge is 212 metres long and carries two tram lines. "
    "Residents of Harrow Mere had waited nine years for it."
)
QUESTION = "Who opened the new bridge at Harrow Mere?"
ANSWER = "Aldous Finch opened the new bridge at Harrow Mere."


@dataclass
class Served:
    url: str
    client: httpx.Client
    chat: ScriptedChat
    settings: Settings
    service: Service

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def add(self, text: str = ARTICLE, **fields: Any) -> dict[str, Any]:
        response = self.client.post("/v1/articles", json={"text": text, **fields})
        assert response.status_code in (200, 201), response.text
        article: dict[str, Any] = response.json()["article"]
        return article

    def ask(self, question: str = QUESTION, **fields: Any) -> httpx.Response:
        return self.client.post("/v1/answers", json={"question": question, **fields})

    def send(self, *parts: bytes) -> socket.socket:
        """A connection on which `parts` were sent as they are."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        for part in parts:
            connection.sendall(part)
        return connection

    def exchange(self, *parts: bytes) -> bytes:
        """Everything that comes back, until the service closes the connection."""
        with closing(self.send(*parts)) as connection:
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def sent_question(self, question: str = QUESTION) -> socket.socket:
        """A connection that waits for an answer, or leaves when it is closed."""
        body = json.dumps({"question": question}).encode()
        return self.send(
            b"POST /v1/answers HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body),
            body,
        )


@contextmanager
def serving(data_dir: Path, *, ready: bool = True, **settings: Any) -> Iterator[Served]:
    chat = ScriptedChat(text=ANSWER)
    settings = {"threads": 1, "keep_replies": False, "at_once": 1, **settings}
    chosen = Settings(data_dir=data_dir, **settings)
    with _bound("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(chosen, url=url, chat=chat)
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=5)
        )
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        try:
            until(lambda: server.started)
            with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
                if ready:
                    until(lambda: client.get("/readyz").status_code == 200, 60)
                yield Served(url, client, chat, chosen, app.state.service)
        finally:
            chat.release()
            server.should_exit = True
            thread.join(120)
            assert not thread.is_alive(), "the service did not end"


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Waits for what happens on another thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def is_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body, which is a problem as the contract has it and tells nothing of the machine."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert (body["status"], body["code"]) == (status, code)
    assert all(isinstance(body[field], str) for field in ("type", "title", "detail", "code"))
    assert len(response.content) < 20_000
    assert not re.search(r"Traceback|\.py\b|/tmp/|/home/|/usr/|site-packages", response.text)
    if status in (429, 503):
        assert int(response.headers["retry-after"]) > 0
    return body
