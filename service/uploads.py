"""Articles out of requests: JSON, plain text, documents in forms, files of many lines."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from starlette.datastructures import UploadFile
from starlette.requests import Request

from index.articles import NewArticle, json_object, parse_article
from index.documents import MEDIA_TYPES, completed, plain_text, read_documents
from index.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from service.problems import media_type
from service.turns import Places

# What a form may say of its document.
FIELDS = [name for name in NewArticle.model_fields if name != "text"]

ARTICLE_BODY = {
    # Read by hand, since it comes in several forms; so the schema has to be told of it.
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": NewArticle.model_json_schema()},
            "text/plain": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        **{name: {"type": "string"} for name in FIELDS},
                    },
                }
            },
        },
    }
}


async def sent_article(
    request: Request, article_id: str | None, most: int, writes: Places
) -> NewArticle:
    """The article in a body: JSON, plain text with its other fields in the query, or a form.

    `most` is how many bytes its text may have; it is read in one of the `writes`. Raises what tells
    the caller what to mend.
    """
    kind = media_type(request)
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=len(FIELDS)) as form:
            document = form.get("file")
            if not isinstance(document, UploadFile):
                raise InvalidRequest("file: send the document in this field of the form.")
            fields = {name: value for name, value in form.items() if name != "file"}
            data = await document.read(most + 1)
        if len(data) > most:
            raise _too_large(most)
        name = document.filename or "The file"
        _name_it(fields, article_id)
        article = await writes.run(partial(_document, name, data, document.content_type, fields))
    elif kind == "text/plain":
        text = plain_text("The body", await request.body(), request.headers["content-type"])
        fields = {**request.query_params, "text": text}
        _name_it(fields, article_id)
        article = parse_article(fields, "The article")
    elif kind == "application/json":
        body = await request.body()
        article = await writes.run(partial(_from_json, body, article_id))
    else:
        raise UnsupportedMediaType(
            "Send the article as application/json, its text alone as text/plain, or a document "
            "as multipart/form-data."
        )
    if len(article.text.encode()) > most:
        raise _too_large(most)
    return await writes.run(partial(completed, article))


def _from_json(body: bytes, article_id: str | None) -> NewArticle:
    fields = json_object(body, "The body")
    _name_it(fields, article_id)
    return parse_article(fields, "The article")


def _document(
    name: str, data: bytes, content_type: str | None, fields: dict[str, Any]
) -> NewArticle:
    """The one article in an uploaded document. Its name's suffix says more than what a client
    takes its type for, and the form's own `media_type` more than both."""
    if unknown := set(fields) - set(FIELDS):
        raise InvalidRequest(f"{min(unknown)}: there is no such field.")
    known = Path(name).suffix.lower() in MEDIA_TYPES and "charset" not in (content_type or "")
    taken = fields.pop("media_type", None) or (None if known else content_type)
    found = read_documents(name, data, media_type=taken, **fields)
    if len(found) != 1:
        raise InvalidRequest(
            f"{name} holds {len(found)} articles. Add a feed with `dateline add`, or send its "
            "entries to articles:import."
        )
    return found[0]


def _name_it(fields: dict[str, Any], article_id: str | None) -> None:
    """Puts the id of the address among the fields."""
    if article_id is not None:
        if fields.get("id") not in (None, article_id):
            raise InvalidRequest("id: the body names another id than the address.")
        fields["id"] = article_id


def _too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"An article may hold {most:,} bytes at most.")


async def spooled(request: Request, path: Path) -> int:
    """Writes the body to `path` as it arrives. Gives the number of lines that are not blank."""
    lines, blank = 0, True
    async with await anyio.open_file(path, "wb") as file:
        async for chunk in request.stream():
            await file.write(chunk)
            first, *rest = chunk.split(b"\n")
            blank = blank and not first.strip()
            for part in rest:
                lines += not blank
                blank = not part.strip()
        await file.flush()
        await anyio.to_thread.run_sync(os.fsync, file.wrapped.fileno())
    return lines + (not blank)
