"""What the service counts, for Prometheus: `/metrics`."""

import time
from collections.abc import Callable
from functools import partial

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.contract import Answer, Briefing

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each was first counted
METHODS = frozenset("DELETE GET HEAD OPTIONS POST PUT".split())
# Seconds: a reply from what is kept, a refusal, an answer, a briefing, one that waited.
BUCKETS = (0.01, 0.05, 0.25, 1, 2.5, 5, 10, 20, 40, 60, 120, 300)


class Metrics:
    """A registry of its own for each application."""

    def __init__(self, waiting: Callable[[], float], working: Callable[[], float]) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        counter = partial(Counter, registry=registry)
        self._requests = counter(
            "dateline_requests", "Requests, by address and status.", ["method", "path", "status"]
        )
        self._seconds = Histogram(
            "dateline_request_seconds",
            "From a request's headers to the end of its reply.",
            ["method", "path"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._made = counter(
            "dateline_made", "Answers and briefings, given or why not.", ["kind", "outcome"]
        )
        self._tokens = counter(
            "dateline_tokens", "Theirs: of prompts, of these found in the cache, written.", ["kind"]
        )
        self._stages = counter("dateline_stage_seconds", "Time that they took.", ["stage"])
        for name, what, value in (
            ("dateline_queue_waiting", "Requests that wait for a turn at the model.", waiting),
            ("dateline_queue_working", "Requests that have one.", working),
        ):
            Gauge(name, what, registry=registry).set_function(value)

    def count(self, made: object) -> None:
        """From any thread."""
        if not isinstance(made, Answer | Briefing):
            return
        kind = "answer" if isinstance(made, Answer) else "briefing"
        outcome = made.refusal.reason if made.refusal else made.incomplete or "given"
        self._made.labels(kind, outcome).inc()
        for kind, tokens in made.usage.model_dump().items():
            self._tokens.labels(kind.removesuffix("_tokens")).inc(tokens)
        for stage, milliseconds in made.timings_ms.model_dump().items():
            if stage != "total":
                self._stages.labels(stage).inc(milliseconds / 1000)

    def observe(self, method: str, path: str, status: str, seconds: float) -> None:
        """A request that ended; `path` is a pattern: addresses themselves have no end."""
        method = method if method in METHODS else "other"
        self._requests.labels(method, path, status).inc()
        self._seconds.labels(method, path).observe(seconds)

    def exposed(self) -> Response:
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


class Counted:
    """Tells of each request once it has ended, whoever ended it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = "none", time.monotonic()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            path = getattr(scope.get("route"), "path", "other")
            self._metrics.observe(scope["method"], path, status, time.monotonic() - began)
