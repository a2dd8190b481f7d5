"""The command that briefs: on articles, or on a topic."""

import asyncio
from typing import Annotated, Any

import typer
from rich.text import Text

from index.errors import InvalidRequest
from service.contract import MOST_WORDS
from service.settings import Settings
from service.terminal import (
    PATIENCE,
    Since,
    Until,
    call,
    connect,
    footnoted,
    json_text,
    load_settings,
    out,
    plain,
    print_dropped,
    print_notes,
    working,
)


def brief(
    articles: Annotated[list[str] | None, typer.Argument(metavar="ARTICLE...")] = None,
    topic: Annotated[str | None, typer.Option(help="On this, and not on articles named.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only from this source.")] = None,
    since: Since = None,
    until: Until = None,
    words: Annotated[int, typer.Option(help="Words at most.", min=1, max=MOST_WORDS)] = 80,
    max_seconds: Annotated[float, typer.Option(help="Time for the briefing.")] = PATIENCE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole reply.")] = False,
) -> None:
    """Write one paragraph on the articles with these ids, or on a topic, every sentence cited.

    A refusal is an answer too: it exits with 0.
    """
    if not articles and topic is None:
        raise InvalidRequest(
            'Name the articles by their ids (`dateline list`), or give --topic "...".'
        )
    if articles and topic is not None:
        raise InvalidRequest("Give articles or --topic, not both.")
    if articles and (source or since or until):
        raise InvalidRequest("--source, --since and --until go with --topic: articles are named.")
    filters = {"sources": source or [], "published_from": since, "published_to": until}
    request: dict[str, Any] = {
        "article_ids": articles or [],
        "topic": topic,
        "max_words": words,
        "max_seconds": max_seconds,
    }
    if any(filters.values()):
        request["filters"] = filters
    reply = asyncio.run(_brief(load_settings(), request))
    if as_json:
        typer.echo(json_text(reply))
    else:
        _print(reply)


async def _brief(settings: Settings, request: dict[str, Any]) -> dict[str, Any]:
    async with connect(settings) as client:
        with working("Reading the articles"):
            reply: dict[str, Any] = await call(client, "POST", "/v1/briefings", json=request)
        return reply


def _print(reply: dict[str, Any]) -> None:
    """The paragraph, its footnotes, how many sources each event has, and what they dispute."""
    if refusal := reply["refusal"]:
        out.print(Text("No briefing. ", "bold yellow") + Text(plain(refusal["message"])))
        notes = refusal["nearest"]
        if notes:
            out.print(Text("\nThe nearest passages:", "dim"))
    else:
        line, notes = footnoted([_without_days(c) for c in reply["citations"]])
        out.print(line)
    print_notes(notes, numbered=not refusal)
    for item in reply["items"]:
        if len(item["article_ids"]) > 1:
            n = item["independent_sources"]
            said = f"{n} independent source{'s' if n > 1 else ''}: "
            out.print(Text(f"\n{said}{plain(', '.join(item['article_ids']))}", "dim"))
    for conflict in reply["conflicts"]:
        outlets = [side["sources"][0] for side in conflict["sides"]]
        named = [
            f"{plain(s.get('source') or s['article_id'])} [{notes.index(s) + 1}]" for s in outlets
        ]
        said = f"{', '.join(named[:-1])} and {named[-1]}"
        out.print(Text(f"\nDisputed: {said} do not agree.", "yellow"))
    _print_unread(reply["articles"])
    _print_in_part(reply["articles"])
    print_dropped(reply["dropped"])
    if reply["incomplete"]:
        out.print(Text("\nIncomplete: the time was over. Allow more with --max-seconds.", "yellow"))


def _without_days(citation: dict[str, Any]) -> dict[str, Any]:
    """Without the article's day among the sources: the footnote on its sentence tells it."""
    sources = [s for s in citation["sources"] if s.get("field") != "published_at"]
    return {**citation, "sources": sources}


def _print_unread(articles: list[dict[str, Any]]) -> None:
    """How many of the articles found there was no room or no time to read."""
    why = [a["unread"] for a in articles]
    left, off = why.count("no_room") + why.count("no_time"), why.count("off_topic")
    if left:
        said = f"Of {len(why)} articles found, {why.count(None)} were used"
        said += f", {off} have nothing on the topic," if off else ""
        said += f" and {left} were not read. "
        said += "--since, --until and --source find fewer, --words asks for more."
        out.print(Text(f"\n{said}", "dim"))


def _print_in_part(articles: list[dict[str, Any]]) -> None:
    """How much was read of the articles that were not read whole."""
    part = [a for a in articles if a["read"] and a["read_share"] < 1]
    if part:
        said = ", ".join(f"{plain(a['id'])} ({max(1, int(100 * a['read_share']))} %)" for a in part)
        out.print(Text(f"\nRead in part: {said}. --words asks for more.", "dim"))
