"""The report: for each assertion the answer and its sources side by side, verdicts marked.

One HTML file without scripts; everything that comes from a text is escaped.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --good: #1a7f3733; --bad: #cf222e40; --line: #8888; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; overflow-wrap: anywhere; margin-top: 2.5rem }
h3 { font-size: .9rem; margin: .5rem 0 } section { border-top: 1px solid var(--line) }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem }
.pair > div { min-width: 0 }
p, .message { white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0 }
.message { font: 13px/1.45 ui-monospace, monospace; border-left: 4px solid #cf222e;
  padding: .5rem .8rem; overflow-x: auto; white-space: pre }
mark { color: inherit; border-radius: 3px; padding: 0 1px }
mark.good { background: var(--good); border-bottom: 2px solid #1a7f37 }
mark.bad { background: var(--bad); border-bottom: 2px dashed #cf222e }
mark.none { background: none; border-bottom: 1px dotted var(--line) }
mark a { color: inherit; text-decoration: none } mark:target { outline: 2px solid }
small { opacity: .75 } summary { cursor: pointer }
@media (max-width: 50rem) { .pair { grid-template-columns: 1fr } }
"""


_LEGEND = (
    '<p><small><mark class="good">borne out</mark>, <mark class="bad">not borne out</mark>, '
    '<mark class="none">states nothing</mark>. A mark leads to its place in the source; scores '
    "are shown where the pointer rests.</small></p>"
)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # a terminal's, which pytest may have asked for


@dataclass(frozen=True)
class Reported:
    """A test. `assertions` are `Outcome.data`; `error` is what else it failed by, if anything."""

    name: str
    outcome: str
    assertions: Sequence[Mapping[str, Any]]
    error: str = ""


def page(tests: Sequence[Reported]) -> str:
    assertions = [a for test in tests for a in test.assertions]
    bad = sum(bool(a["message"]) for a in assertions)
    count = f"{len(assertions)} assertion{'' if len(assertions) == 1 else 's'}"
    summary = f"{count}, {bad} of which {'does' if bad == 1 else 'do'} not hold."
    if failed := sum(bool(test.error) for test in tests):
        summary += f" {failed} test{' fails' if failed == 1 else 's fail'} by something else."
    sections = []
    for i, test in enumerate(tests):
        for j, assertion in enumerate(test.assertions):
            sections.append(_assertion(f"a{i}-{j}", test.name, test.outcome, assertion))
        if test.error:
            head = f"✗ {escape(test.name)} <small>test {escape(test.outcome)}</small>"
            said = escape(_COLOURS.sub("", test.error))
            sections.append(
                f'<section><h2>{head}</h2>\n<div class="message">{said}</div></section>'
            )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Dateline report</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>Dateline report</h1>\n<p>{summary}</p>\n{_LEGEND}\n"
        + "\n".join(sections)
        + "\n</body></html>\n"
    )


def _assertion(anchor: str, name: str, outcome: str, a: Mapping[str, Any]) -> str:
    marks = a["marks"]
    answer = _marked(
        a["text"],
        [
            (*mark["span"], mark["verdict"], mark["note"], f"{anchor}-m{n}", _target(anchor, mark))
            for n, mark in enumerate(marks)
        ],
    )
    sources = "\n".join(
        _source(f"{anchor}-s{number}", source, number, marks, len(a["sources"]) == 1)
        for number, source in enumerate(a["sources"])
    )
    plain = _COLOURS.sub("", a["message"])
    message = f'<div class="message">{escape(plain)}</div>' if plain else ""
    sign = "✗" if a["message"] else "✓"
    return (
        f'<section id="{anchor}"><h2>{sign} {escape(name)} '
        f"<small>{escape(a['assertion'])}, test {escape(outcome)}</small></h2>\n{message}"
        f'<div class="pair"><div><h3>Answer</h3><p>{answer or "<small>(empty)</small>"}</p></div>\n'
        f"<div>{sources}</div></div></section>"
    )


def _target(anchor: str, mark: Mapping[str, Any]) -> str:
    if not mark["places"]:
        return ""
    number, (start, _) = mark["places"][0]
    return f"#{anchor}-s{number}-{start}"


def _source(
    anchor: str,
    source: Mapping[str, Any],
    number: int,
    marks: Iterable[Mapping[str, Any]],
    alone: bool,
) -> str:
    places = {
        (*span, mark["verdict"], mark["note"], f"{anchor}-{span[0]}", "")
        for mark in marks
        for where, span in mark["places"]
        if where == number
    }
    about = ", ".join(escape(source[k]) for k in ("title", "published_at") if source[k])
    text = _marked(source["text"], sorted(places))
    return (
        f"<details{' open' if places or alone else ''}><summary>{escape(source['name'])} "
        f"<small>{about}</small></summary><p>{text}</p></details>"
    )


def _marked(text: str, marks: Iterable[tuple[int, int, str, str, str, str]]) -> str:
    """The text as HTML. Of marks that overlap the first keeps what they share."""
    out, last = [], 0
    for start, end, verdict, note, anchor, target in sorted(marks):
        start, end = max(start, last), min(end, len(text))
        if start >= end:
            continue
        inner = escape(text[start:end])
        if target:
            inner = f'<a href="{escape(target)}">{inner}</a>'
        out.append(escape(text[last:start]))
        out.append(
            f'<mark class="{escape(verdict)}" id="{anchor}" title="{escape(note)}">{inner}</mark>'
        )
        last = end
    return "".join(out) + escape(text[last:])
