"""Conversation: what a question refers to, out of the turns before it.

"And when did he sign it?" becomes a question that stands by itself. Code decides whether one needs
that, the model rewrites it, and code holds the rewriting against what was said. Earlier turns tell
what words refer to; they are never evidence.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from index.errors import ContextTooLong
from index.index import STOP_WORDS
from index.sentences import Span, sentence_spans
from service.asked import unmet
from service.contract import Message
from service.wording import Word, names, words

# Of the last turns, so much of each is read; a longer question says what it means.
MOST_TURNS = 6
MOST_TURN_CHARS = 600
MOST_QUESTION_CHARS = 400
# A rewriting that brings in more words than these names more than the question refers to.
MOST_BROUGHT = 10
# A question of so few words that tell something, none a name or a number, leaves something out.
FEW_WORDS = 2
MOST_NAMED = 4
HEADING = "Earlier in this conversation"

_ASKING = frozenset("how what when where which who whom whose why".split())
_AUXILIARIES = frozenset(
    "am are can could did do does had has have is may might must shall should was were will "
    "would".split()
)
_BEING = frozenset("am are be been being is was were has have had will".split())
_CONNECTIVES = frozenset("also and but ok okay or so then".split())
_DETERMINERS = frozenset("a an any each every no the".split())
_LINKS = frozenset(
    "about after against and as at before between but by during for from in into of on or over "
    "since than through to under until when where while with without".split()
)
_ONES = frozenset("former latter one ones".split())
# Words that may come and go without a change of what is asked.
_FILLING = (
    STOP_WORDS
    | _LINKS
    | _CONNECTIVES
    | _ONES
    | frozenset("exactly happen happened just me please too".split())
)
_PERSONS = frozenset("he her hers herself him himself his she".split())
_THINGS = frozenset("it its itself their theirs them themselves they".split())
_ABOUT = re.compile(r"^\W*(?:\w+\W+)?(?:what|how) about\b", re.IGNORECASE)
_NO_REFERENCE = re.compile(
    r"\bit (?:(?:\w+ )?(?:clear|known|legal|likely|possible|true|rain\w*|snow\w*)\b"
    r"|(?:take|cost)s? .*\bto\b)|\bth[oe]se who\b|\bthis (?:week|month|year|season)\b|\bthe then\b",
    re.IGNORECASE,
)
_MARKS = re.compile(r"\s*\[\d+\]")  # footnotes of an earlier answer
_LABEL = re.compile(r"^(?:rewritten |standalone )?question: *", re.IGNORECASE)


@dataclass(frozen=True)
class Standalone:
    """`question` is what the model is asked, `query` what the index is searched for."""

    question: str
    query: str


@dataclass(frozen=True)
class _Turn:
    role: str
    text: str


def standalone(
    question: str, messages: Sequence[Message], rewrite: Callable[[dict[str, Any], str], str]
) -> Standalone:
    """The question by itself, out of the turns before it; `messages` begin with the oldest.

    `rewrite` asks the model, and is called only where the question refers to something. It gets
    what the prompts' head needs, and the words to begin with. A rewriting that does not hold is
    not used: then the questions before help to find the articles, and what was named stands beside
    a question that points at something.
    """
    asked = " ".join(question.split())
    turns = _considered(messages, asked)
    if not turns or not refers(asked):
        return Standalone(question, question)
    earlier = "\n".join(f"{turn.role.capitalize()}: {turn.text}" for turn in turns)
    context = {"articles": [{"heading": HEADING, "text": earlier}], "question": asked}
    try:
        written = tidied(rewrite(context, opening(asked, _asked(turns))))
    except ContextTooLong:
        written = ""
    if holds(written, asked, turns):
        return Standalone(written, written)
    since = _since(turns)
    named = _named(since) if _leaves_out(asked) or _pointing(asked) else ()
    beside = f"{asked} ({', '.join(named)})" if named else asked
    return Standalone(beside, " ".join([*_asked(since), beside]))


def _considered(messages: Sequence[Message], question: str) -> list[_Turn]:
    """The last turns, each on one line, without the question itself where it was sent with them."""
    turns = [
        _Turn(message.role, " ".join(_MARKS.sub("", message.text).split())[:MOST_TURN_CHARS])
        for message in messages
        if message.role in ("user", "assistant") and message.text.strip()
    ]
    if turns and turns[-1].role == "user" and turns[-1].text == question[:MOST_TURN_CHARS]:
        turns.pop()
    return turns[-MOST_TURNS:]


def _asked(turns: Sequence[_Turn]) -> list[str]:
    return [turn.text for turn in turns if turn.role == "user"]


def _since(turns: Sequence[_Turn]) -> Sequence[_Turn]:
    """The turns from the last question on that stands by itself; all where there is none."""
    for i in reversed(range(len(turns))):
        if turns[i].role == "user" and not refers(turns[i].text):
            return turns[i:]
    return turns


def _named(turns: Sequence[_Turn]) -> list[str]:
    """What the turns name, each once; a capital that opens a turn may be no name."""
    common = frozenset(w.text for turn in turns for w in words(turn.text) if w.text.islower())
    found: list[str] = []
    for turn in turns:
        runs: list[Span] = []
        for word in names(turn.text, common=common):
            end = word.start + len(word.text)
            if runs and turn.text[runs[-1].end : word.start] in (" ", "-", "' ", "’ "):
                runs[-1] = Span(runs[-1].start, end)
            else:
                runs.append(Span(word.start, end))
        for name in (run.of(turn.text) for run in runs):
            if turn.text.startswith(name) and " " not in name:
                continue
            if not any(name in other for other in found):
                found.append(name)
    return found[:MOST_NAMED]


def refers(question: str) -> bool:
    """Whether it needs what was said before it, as far as its words tell. English only."""
    if len(question) > MOST_QUESTION_CHARS:
        return False
    if _ABOUT.match(question):
        return True
    said = [_plain(word) for word in words(_bare(question))]
    if not _asks(said):
        return _bare(question) != question or len(_content(question)) <= FEW_WORDS
    return _is_short(question) or bool(_pointing(question))


def _is_short(question: str) -> bool:
    """Whether so little is named that something has to be known to understand it."""
    named = len(names(question)) or any(word.is_number for word in words(question))
    return not named and len(_content(question) - {"mani", "much"}) <= FEW_WORDS


def _pointing(question: str) -> list[int]:
    """Where the words stand whose meaning lies outside the question."""
    masked = _NO_REFERENCE.sub(lambda match: "x" * len(match[0]), question)
    sequence = words(masked)
    said = [_plain(word) for word in sequence]
    named = {word.start for word in names(masked)} - {w.start for w in sequence[:1]}
    return [sequence[i].start for i in range(len(said)) if _unresolved(said, i, sequence, named)]


def opening(question: str, asked: Sequence[str]) -> str:
    """The words that a rewriting begins with: the question's own before it points at something;
    of a question that leaves them out those of the last one.
    """
    if _leaves_out(question):
        last = next((q for q in reversed(asked) if not _leaves_out(q)), "")
        for word in words(_bare(last)):
            if _plain(word) in _AUXILIARIES:
                return _bare(last)[: word.start + len(word.text)]
        return " ".join(_bare(last).split()[:2])
    bare = _bare(question)
    pointing = _pointing(bare)
    return _capital(bare[: pointing[0]] if pointing else bare).rstrip(" ?.!,")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _leaves_out(question: str) -> bool:
    """Whether it takes what it asks from an earlier one: "And in 2023?", "What about Basra?"."""
    return bool(_ABOUT.match(question)) or not _asks([_plain(w) for w in words(_bare(question))])


def _unresolved(said: list[str], i: int, sequence: Sequence[Word], named: set[int]) -> bool:
    """Whether a word stands for something that the question itself does not name before."""
    word = said[i]
    before = said[i - 1] if i else ""
    after = said[i + 1] if i + 1 < len(said) else ""
    ends = not after or after in _LINKS
    a_name_before = any(start < sequence[i].start for start in named)
    if word in _PERSONS:
        return before in _AUXILIARIES or not a_name_before
    if word in _THINGS:
        a_thing_before = a_name_before or any(w in _DETERMINERS for w in said[: max(i - 1, 0)])
        object_ = word == "them" or (word == "it" and ends)
        return before in _AUXILIARIES or object_ or not a_thing_before
    if word == "that":
        return not before or not after or before in _AUXILIARIES | _ASKING | _LINKS
    if word in ("this", "these", "those", "then"):
        return True
    if word == "there":
        return not after or not {before, after} & _BEING
    return word in _ONES and before in (
        "another first last next other second that the third this which".split()
    )


def holds(written: str, question: str, turns: Sequence[_Turn]) -> bool:
    """Whether a rewriting asks what the question does, in words that were said before."""
    if not written or len(written) > MOST_QUESTION_CHARS or len(sentence_spans(written)) != 1:
        return False
    asked = _asked(turns)
    known = " ".join([*(turn.text for turn in turns), question])
    brought = _content(written) - _content(question)
    if not brought or not brought <= _content(known):
        return False
    if len(brought - _content(" ".join(asked))) > MOST_BROUGHT:
        return False
    if not _content(question) <= _content(written):
        return False
    left_out = _leaves_out(question)
    kinds = {_kind(text) for text in asked[-2:]} if left_out else {_kind(question)}
    if _kind(written) not in kinds:
        return False
    denials = f"{question} {asked[-1]}" if left_out and asked else question
    return not unmet(written, [known], denials) and not unmet(question, [written], written)


def tidied(written: str) -> str:
    """A rewriting as one question, without a label or marks around it."""
    return _LABEL.sub("", " ".join(written.split())).strip(" \"'“”")


def _bare(question: str) -> str:
    """Without an "And" before it."""
    first, _, rest = question.partition(" ")
    return _capital(rest) if first.strip(",").casefold() in _CONNECTIVES else question


def _asks(said: Sequence[str]) -> bool:
    return any(word in _ASKING for word in said) or (bool(said) and said[0] in _AUXILIARIES)


def _kind(question: str) -> str:
    """Its question word; "" for one that is answered by yes or no, or is none."""
    said = [_plain(word) for word in words(_bare(question))]
    if said[:1] and said[0] in _AUXILIARIES:
        return ""
    return next((word for word in said if word in _ASKING), "")


def _plain(word: Word) -> str:
    """In lower case, without what was drawn together with it: "who's" is "who", "isn't" "is"."""
    folded = word.text.casefold().replace("’", "'")
    return folded.removesuffix("n't").partition("'")[0]


def _content(text: str) -> frozenset[str]:
    """Stems of the words that tell something."""
    return frozenset(word.stem for word in words(text) if _plain(word) not in _FILLING)
