"""What can go wrong, as one tree.

    DatelineError
    ├── InvalidRequest            the caller can mend it
    │   ├── PayloadTooLarge
    │   ├── UnreadableDocument
    │   ├── UnsupportedMediaType
    │   ├── ContextTooLong
    │   ├── Unauthorized
    │   ├── HostNotAllowed
    │   ├── OriginNotAllowed
    │   └── MethodNotAllowed
    ├── NotFound
    │   └── ArticleNotFound
    ├── Unavailable               try again: `retry_after` says when
    │   ├── QueueFull
    │   ├── ModelLoading
    │   └── Deadline              (of a check; an answer or a briefing refuses)
    ├── AlreadyRunning            another process owns the data directory
    ├── StorageFull
    └── ModelError                a model file is missing, damaged or cannot be had

`status` is the HTTP status, `code` the stable word of the contract, and the message says what to
do. A message never holds a path of the machine, unless the error is for the command line alone.
"""


class DatelineError(Exception):
    status = 500
    code = "internal_error"
    title = "Something went wrong in the service"

    @property
    def message(self) -> str:
        return str(self)


class InvalidRequest(DatelineError):
    status = 422
    code = "invalid_request"
    title = "The request cannot be used as it is"


class PayloadTooLarge(InvalidRequest):
    status = 413
    code = "payload_too_large"
    title = "The request is too large"


class UnreadableDocument(InvalidRequest):
    code = "unreadable_document"
    title = "The document cannot be read"


class UnsupportedMediaType(InvalidRequest):
    status = 415
    code = "unsupported_media_type"
    title = "This kind of document is not read here"


class ContextTooLong(InvalidRequest):
    code = "context_too_long"
    title = "The text does not fit into the model's context"


class Unauthorized(InvalidRequest):
    status = 401
    code = "unauthorized"
    title = "An API key is needed"


class HostNotAllowed(InvalidRequest):
    status = 403
    code = "host_not_allowed"
    title = "This request may not come from there"


class OriginNotAllowed(InvalidRequest):
    status = 403
    code = "origin_not_allowed"
    title = "This request may not come from there"


class MethodNotAllowed(InvalidRequest):
    status = 405
    code = "method_not_allowed"
    title = "This method is not allowed here"


class NotFound(DatelineError):
    status = 404
    code = "not_found"
    title = "There is nothing here"


class ArticleNotFound(NotFound):
    code = "article_not_found"
    title = "There is no such article"


class Unavailable(DatelineError):
    status = 503
    code = "unavailable"
    title = "Not now"
    retry_after = 5  # seconds


class QueueFull(Unavailable):
    code = "queue_full"
    title = "Too many questions are waiting"


class ModelLoading(Unavailable):
    code = "model_loading"
    title = "The model is still being loaded"


class Deadline(Unavailable):
    code = "deadline_exceeded"
    title = "There was not enough time"


class AlreadyRunning(DatelineError):
    status = 409
    code = "already_running"
    title = "Another process owns this data directory"


DISK_FULL = "The disk is full: nothing was changed. Make room and send it again."


class StorageFull(DatelineError):
    status = 507
    code = "storage_full"
    title = "The disk is full"


class ModelError(DatelineError):
    status = 503
    code = "model_unavailable"
    title = "The model cannot be used"
