"""Errors.

    DatelineError
    ├── Unreachable               no service answers there
    └── Problem                   the service said no: `status`, `code`, `title`, `detail`, `errors`
        ├── InvalidRequest
        │   ├── PayloadTooLarge, UnsupportedMediaType, UnreadableDocument, ContextTooLong
        │   └── Unauthorized, HostNotAllowed, OriginNotAllowed, MethodNotAllowed
        ├── NotFound
        │   └── ArticleNotFound
        ├── Unavailable           `retry_after`, in seconds
        │   └── QueueFull, ModelLoading, ModelUnavailable, DeadlineExceeded
        ├── AlreadyRunning
        ├── StorageFull
        └── InternalError

A code that is not known here is the class that its status tells of.
"""

from collections.abc import Iterator, Mapping
from typing import Any


class DatelineError(Exception):
    """Everything that this package raises."""


class Unreachable(DatelineError):
    """No service answers there, or it stopped in the middle."""


class Problem(DatelineError):
    """An RFC 9457 problem. `errors` are `{field, message}`, where fields are wrong."""

    code_of_class = ""

    def __init__(self, status: int, body: Mapping[str, Any], retry_after: float = 0) -> None:
        self.status = status
        self.code = str(body.get("code") or self.code_of_class)
        self.title = str(body.get("title") or "")
        self.detail = str(body.get("detail") or f"The service answered {status}.")
        self.errors: list[dict[str, str]] = list(body.get("errors") or [])
        self.retry_after = retry_after
        super().__init__(self.detail)


class InvalidRequest(Problem):
    code_of_class = "invalid_request"


class PayloadTooLarge(InvalidRequest):
    code_of_class = "payload_too_large"


class UnsupportedMediaType(InvalidRequest):
    code_of_class = "unsupported_media_type"


class UnreadableDocument(InvalidRequest):
    code_of_class = "unreadable_document"


class ContextTooLong(InvalidRequest):
    code_of_class = "context_too_long"


class Unauthorized(InvalidRequest):
    code_of_class = "unauthorized"


class HostNotAllowed(InvalidRequest):
    code_of_class = "host_not_allowed"


class OriginNotAllowed(InvalidRequest):
    code_of_class = "origin_not_allowed"


class MethodNotAllowed(InvalidRequest):
    code_of_class = "method_not_allowed"


class NotFound(Problem):
    code_of_class = "not_found"


class ArticleNotFound(NotFound):
    code_of_class = "article_not_found"


class Unavailable(Problem):
    code_of_class = "unavailable"


class QueueFull(Unavailable):
    code_of_class = "queue_full"


class ModelLoading(Unavailable):
    code_of_class = "model_loading"


class ModelUnavailable(Unavailable):
    code_of_class = "model_unavailable"


class DeadlineExceeded(Unavailable):
    code_of_class = "deadline_exceeded"


class AlreadyRunning(Problem):
    code_of_class = "already_running"


class StorageFull(Problem):
    code_of_class = "storage_full"


class InternalError(Problem):
    code_of_class = "internal_error"


def _all(root: type[Problem]) -> Iterator[type[Problem]]:
    for child in root.__subclasses__():
        yield child
        yield from _all(child)


BY_CODE = {cls.code_of_class: cls for cls in _all(Problem)}
_BY_STATUS = {
    404: NotFound,
    409: AlreadyRunning,
    429: QueueFull,
    503: Unavailable,
    507: StorageFull,
}


def problem(status: int, body: Mapping[str, Any], retry_after: float = 0) -> Problem:
    """The error that a reply tells of. OpenAI's `{"error": {...}}` is read too."""
    inner = body.get("error")
    if isinstance(inner, Mapping):
        body = {"detail": inner.get("message"), "code": inner.get("code"), **inner}
    general = InternalError if status >= 500 else InvalidRequest
    cls = BY_CODE.get(str(body.get("code"))) or _BY_STATUS.get(status, general)
    return cls(status, body, retry_after)
