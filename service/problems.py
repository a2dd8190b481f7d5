"""Errors as replies: RFC 9457 problems, which tell nothing of the machine."""

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from index.errors import (
    DatelineError,
    Deadline,
    InvalidRequest,
    MethodNotAllowed,
    ModelError,
    NotFound,
    Unavailable,
    UnsupportedMediaType,
)

logger = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
# Where errors are as OpenAI's clients read them.
OPENAI_PATHS = ("/v1/models", "/v1/chat/completions")
Handler = Callable[[Request, Exception], Awaitable[JSONResponse]]
ENDING = "The service is ending. Try again when it runs."
# What every call may reply, for `/openapi.json`.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, and what to do (RFC 9457). `code` is a stable word.",
        "content": {
            PROBLEM: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail", "code"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "code": {"type": "string"},
                        "errors": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "properties": {
                                    "field": {"type": "string"},
                                    "message": {"type": "string"},
                                },
                            },
                        },
                    },
                }
            }
        },
    }
}
# The same at OPENAI_PATHS.
OPENAI_ERRORS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, and what to do, as OpenAI's API tells it.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {
                        "error": {
                            "type": "object",
                            "required": ["message", "type", "param", "code"],
                            "properties": {
                                "message": {"type": "string"},
                                "type": {"type": "string"},
                                "param": {"type": ["string", "null"]},
                                "code": {"type": "string"},
                            },
                        }
                    },
                }
            }
        },
    }
}
MOST_DETAIL = 1000  # characters of an error's message, which may quote the request


def problem(error: DatelineError, **more: Any) -> JSONResponse:
    body = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": _sayable(error.message),
        "code": error.code,
        **more,
    }
    headers = {}
    if error.status == 503:
        wait = error.retry_after if isinstance(error, Unavailable) else Unavailable.retry_after
        headers["Retry-After"] = str(wait)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, error.status, headers, media_type=PROBLEM)


def for_path(path: str, response: JSONResponse) -> JSONResponse:
    """A problem as whoever asked for `path` reads it: OpenAI's clients have an object of theirs."""
    if not path.startswith(OPENAI_PATHS):
        return response
    body = json.loads(bytes(response.body))
    fields = [error["field"] for error in body.get("errors", ())]
    kept = ("retry-after", "www-authenticate", "allow", "connection")
    headers = {name: value for name, value in response.headers.items() if name in kept}
    error = {
        "message": body["detail"],
        "type": "invalid_request_error" if body["status"] < 500 else "server_error",
        "param": fields[0] if fields else None,
        "code": body["code"],
    }
    return JSONResponse({"error": error}, response.status_code, headers)


def spoken(handle: Handler) -> Handler:
    """The handler of an exception, for whatever path."""

    async def handled(request: Request, error: Exception) -> JSONResponse:
        return for_path(request.url.path, await handle(request, error))

    return handled


def _sayable(message: str) -> str:
    """A message may quote the request: what is no text there cannot be sent, nor a megabyte."""
    return message[:MOST_DETAIL].encode(errors="replace").decode()


async def on_dateline_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DatelineError)
    if isinstance(error, ModelError):
        # Its message is for the machine's owner: it may name a path.
        logger.error("%s", error.message)
        error = ModelError("The model cannot be used. The service's log says what to do.")
    return problem(error)


def invalid(request: Request, found: Sequence[Any]) -> JSONResponse:
    """For a request that does not fit its model; `found` are pydantic's errors."""
    kind = found[0]["type"]
    if kind == "json_invalid":
        return problem(InvalidRequest("The body is not valid JSON."))
    if tuple(found[0]["loc"]) == ("body",):
        if kind == "value_error":  # its fields don't go together
            return problem(InvalidRequest(_sayable(found[0]["msg"].removeprefix("Value error, "))))
        # It is no object.
        if kind != "missing" and not media_type(request).endswith("json"):
            return problem(UnsupportedMediaType("Send the request as application/json."))
        return problem(InvalidRequest("Send a JSON object. `/docs` tells its fields."))
    errors = [
        {
            "field": _sayable(".".join(str(part) for part in e["loc"][1:])),
            "message": _sayable(_in_words(e)),
        }
        for e in found[:20]
    ]
    detail = "{field}: {message}".format(**errors[0])
    return problem(InvalidRequest(detail), errors=errors)


def _in_words(error: Any) -> str:
    """Pydantic's message; of a text it would speak of items."""
    if error["type"] == "too_long" and isinstance(error["input"], str):
        has, most = len(error["input"]), error["ctx"]["max_length"]
        return f"has {has:,} characters and may have {most:,}: shorten it, or send it in parts"
    return str(error["msg"].removeprefix("Value error, "))


def media_type(request: Request) -> str:
    """A body's, without its parameters; empty where none is told."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return problem(NotFound("There is nothing at this address. `/docs` lists the calls."))
    if error.status_code == 405:
        response = problem(MethodNotAllowed("This address does not take that method. See `/docs`."))
        response.headers.update(error.headers or {})
        return response
    if isinstance(error.__cause__, DatelineError):  # while FastAPI read the body
        return problem(error.__cause__)
    if error.status_code == 400 and media_type(request) == "multipart/form-data":
        return problem(InvalidRequest(str(error.detail)))
    if error.status_code == 400:  # FastAPI's word for JSON that is no UTF-8, or nested too deep
        return problem(InvalidRequest("The body is not valid JSON."))
    failure = InvalidRequest(str(error.detail))
    failure.status = error.status_code
    return problem(failure)


async def on_departure(_: Request, error: Exception) -> JSONResponse:
    return problem(Deadline("The client left."))  # to nobody


async def on_anything(_: Request, error: Exception) -> JSONResponse:
    response = problem(DatelineError("Something went wrong. The service's log says what."))
    response.headers["Connection"] = "close"  # uvicorn will: the client must not send more on it
    return response
