"""Grounding: which sentences of the articles support a sentence of an answer, and whether they do.

Everything here is code over words and offsets; the language model's own judgement of a sentence
is read elsewhere and handed in. This module knows nothing of prompts, engines or HTTP.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import pairwise
from operator import attrgetter

from index.index import STOP_WORDS
from index.registry import Passage
from index.sentences import Span
from service.counts import bounds_hold, counts_hold
from service.dates import mentions
from service.dates_held import Derived, Held, held
from service.opposites import not_opposed
from service.roles import causes_hold, done, not_graver, offices_missing, same_roles
from service.wording import (
    CALENDAR_STEMS,
    NEGATORS,
    OPENERS,
    is_content,
    names,
    quoted,
    runs,
    stems,
    words,
)

# Words after a negator that it denies: of a claim, and of a text that may say it in more words.
NEGATED_WITHIN, DENIED_WITHIN = 3, 8
_ASKS_WHO = re.compile(r"\bwho\b|\bwhich (?:person|individual|man|woman)\b", re.IGNORECASE)
_PRONOUNS = frozenset(
    "he she they it his her hers their theirs its him them himself herself who i we my our".split()
)
_SUBJECT_PRONOUN = re.compile(r"(?:He|She)\b")
_HIS = frozenset(["he", "his", "him", "himself"])
_HER = frozenset(["she", "her", "hers", "herself"])
_NO_SUCH = re.compile(r"^\W*no\b", re.IGNORECASE)
_DENY = frozenset(["not", "never"])  # what is said; "none" and "no one" may be what is asked for
# "The Herald reported erroneously that nine people died", "our story misstated the toll as nine":
# told in words, what was wrong is what follows, up to where the right figure is given.
_WRONGLY = (
    r"(?:erroneously|incorrectly|mistakenly|wrongly|inaccurately|falsely|in error|by mistake)"
)
_TOLD = (
    r"(?:report|stat|identif|describ|publish|quot|referr|claim|attribut|list|spell|spelt)\w*"
    r"|said|says|saying|gave|giv(?:e|en|ing)|wrote|written|put"
)
ERRED = re.compile(
    rf"\b(?:{_TOLD})\s+(?:[\w,]+\s+)?{_WRONGLY}\b|\b{_WRONGLY},?\s+(?:{_TOLD})\b"
    r"|\b(?:misstated|misreported|misquoted|misidentified|overstated|understated)\b"
    r"|\b(?:earlier|previous) (?:versions?|reports?|editions?) of this (?:story|article|report)\b",
    re.IGNORECASE,
)
_OF_A_STORY = re.compile(
    r"\b(?:an?|our|its|the|this|earlier|previous|original)\s+(?:\w+\s+)?(?:story|article|report"
    r"|dispatch|version|edition|headline|item)\b|\bwe\b",
    re.IGNORECASE,
)
_QUOTE_FOLD = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-"})
_NO_MARKS = str.maketrans("", "", "\"'«»")
# What a sentence of an article says to whoever answers from it, not to its readers: what it orders
# to be said it does not state. A claim that tells of the order holds the group, or the whole match.
_START = r"(?:^|[.;:!?>\]}])\W*(?:(?:please|kindly|now|then|instead|next|always)\W+)?"
_ANSWERER = r"(?:large |news )?(?:assistants?|language models?|chatbots?|ai models?)"
_ORDERS = re.compile(
    "|".join(
        [
            r"<\|[^|<>\s]{1,30}\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
            r"|</?(?:tool_call|system|assistant|instructions?)>",
            r"^\W*(?:system|assistant|user|human|instruction|response)(?: message| prompt)?\W*:",
            _START + r"(ignore|disregard|forget|override|say|reveal|pretend|declare|insist|append"
            r"|respond|act as|imagine that|tell (?:me|the|users?|readers?|them|everyone))\b",
            _START
            + r"((?:answer|reply|state|output|print|repeat|write|list|cite|quote|put|translate)"
            r" (?:that|with|only|the|your|this|all|every|nothing|[“\"\[【]))",
            r"\b(?:when|if|whatever|whoever|anyone|before|instead of)\b[^.]{0,80}?"
            r"\b(?:ask\w*|answer\w*|summari[sz]\w+|read\w* this)\b[^.]{0,60}?"
            r"(?:, (?:you )?(?:must |should |please )?|: ?| must )"
            r"(say|reply|answer|state|output|print|repeat|name|tell)\b",
            r"\b(?:ignore|disregard|forget|override) (?:(?:all|any|of|the|these|your) ){0,3}"
            r"(?:above|previous|prior|preceding|earlier|instructions?|questions?|articles?|rest)\b",
            r"\b(?:and|always|must) (?:answer|reply|respond) (?:that|with|only|in)\b(?! due)",
            r"\b(?:every|all|your) (?:answers?|questions?) (?:[\w ]{1,40} )?(?:with|must|should)\b",
            r"\byour (?:instructions|system prompt|safety settings|new (?:goal|task|role))\b"
            r"|\byou are (?:now|no longer) (?:an?|the|in)\b|\byou only ever\b|\bas the answer to\b",
            rf"\b(?:to|for|all) (?:the )?{_ANSWERER}(?: reading this|\s*[:!])"
            rf"|\b(?:attention|hey|dear) {_ANSWERER}\b"
            rf"|\bif you are an? {_ANSWERER}\b|^\W*{_ANSWERER} (?:must|should|reading this)\b",
            r"\b(?:new instructions?|next task|developer mode|end of (?:document|message))\W",
            # The same in other languages, in forms that state nothing.
            r"\b(?:ignorez|oubliez|répondez|vergiss|vergesst|ignoriere|antworte|olvida lo"
            r"|ignora todo|dimentica|rispondi|esqueça)\b",
            r"\b(?:игнорируй|забудь|отвечай|ответь)(?:те)?\b|忽略|只回答|请回答|تجاهل|أجب",
        ]
    ),
    re.IGNORECASE | re.MULTILINE,
)

# A sentence whose words are covered this much less than the best one's is no other place for it.
ALSO_MARGIN = 0.9
MOST_SOURCES = 3
# Share of a claim's words that the sentence before or after has to add, to be cited too.
BESIDE_ADDS = 0.1
BREAK = 4  # characters between two sentences at most, all of them spaces: a new paragraph
# A sentence that covers much less of the claim than the best is no candidate to be cited for it.
CANDIDATES = 6
CANDIDATE_MARGIN = 0.6
AS_NEAR = 0.3  # the same of another article's, all of whose checks hold
QUESTION_WEIGHT = 0.15
_TITLES = frozenset(
    "mr mrs ms miss dr prof professor president minister governor senator mayor judge justice sir "
    "dame lord lady king queen prince princess captain colonel general sergeant inspector chief "
    "deputy secretary chancellor ambassador bishop pope sheikh".split()
)
# Words of a claim within which its subject is named: "Deputy Prime Minister Karl Holm said".
LEADING = 6
# Sentences that together tell what one sentence of an answer gathers; the share of its words that
# the second has to add, and both to hold.
TOLD_TOGETHER, LEAST_ADDED, LEAST_TOLD = 2, 0.08, 0.25
# Characters beyond twice a claim's that are looked through for it: they may be spent on spaces.
MARGIN = 40
# A name of so many letters may be another misspelt, from so much alike on.
LEAST_MISSPELT, MISSPELT = 6, 0.84


@dataclass(frozen=True)
class Evidence:
    """A sentence of an article that may support one of an answer."""

    passage: Passage
    span: Span
    text: str


@dataclass(frozen=True)
class Cited:
    """What is cited from one article: one sentence, or two that follow one another."""

    passage: Passage
    span: Span
    text: str


@dataclass(frozen=True)
class Field:
    """What stands only in an article's title or date field."""

    passage: Passage
    field: str
    text: str


@dataclass
class Grounds:
    """What supports a claim, and which of the checks made by code hold."""

    cited: list[Cited]
    fields: list[Field] = field(default_factory=list)
    also: list[Cited] = field(default_factory=list)
    coverage: float = 0.0
    checks: dict[str, bool] = field(default_factory=dict)
    dates: Held = field(default_factory=Held)

    @property
    def derived(self) -> list[Derived]:
        return self.dates.derived

    @property
    def dated(self) -> frozenset[str]:
        """Stems of the claim's dates that the cited text holds in another form."""
        return frozenset().union(*map(stems, self.dates.told))

    @property
    def failed(self) -> list[str]:
        return [name for name, holds in self.checks.items() if not holds]


def evidence(passages: Sequence[Passage]) -> list[Evidence]:
    """The sentences of the passages, each once, in the order of articles and of their text."""
    articles = {p.article_id: None for p in passages}
    found = []
    for article_id in articles:
        seen: dict[Span, Evidence] = {}
        for passage in passages:
            if passage.article_id == article_id:
                for span in passage.sentences:
                    shifted = Span(span.start - passage.span.start, span.end - passage.span.start)
                    seen.setdefault(span, Evidence(passage, span, shifted.of(passage.text)))
        found += [seen[span] for span in sorted(seen)]
    return found


def ground(claim: str, question: str, offered: Sequence[Evidence]) -> Grounds | None:
    """The grounds of `claim` among the sentences offered; None where nothing shares a word with it.

    The best sentence is the one that holds most of the claim's words, rare ones counting more,
    and, between equals, most of the question's. Of the best few, the first whose checks all hold
    is taken, else the one with the fewest that fail.
    """
    common = frozenset(w.text for e in offered for w in words(e.text) if w.text.islower())
    weights = weights_of(claim, offered)
    ranked = _ranked(weights, question, offered)

    def told(e: Evidence) -> float:
        """Without what the headline and the day say of every sentence."""
        about = frozenset().union(*(stems(f.text) for f in _fields(e.passage)))
        return covered({s: w for s, w in weights.items() if s not in about} or weights, e.text)

    least = CANDIDATE_MARGIN * told(ranked[0]) if ranked else 0
    candidates = [e for e in ranked[:CANDIDATES] if (t := told(e)) and t >= least]
    # All that the claim tells may be in the headline, too.
    candidates = candidates or [e for e in ranked[:1] if covered(weights, e.text)]
    tried = [_grounds(claim, e, ranked, weights, common) for e in candidates]
    found = min(tried, key=lambda grounds: len(grounds.failed), default=None)
    # Who did it is told best where most of it is told.
    if found and "roles" in tried[0].failed and found.coverage < ALSO_MARGIN * tried[0].coverage:
        found = tried[0]
    if found is None or not found.failed:
        return found
    # What one article tells otherwise another may tell so, in other words.
    firsts = {e.passage.article_id: e for e in reversed(ranked)}
    others = [e for e in firsts.values() if e not in candidates]
    tried = [_grounds(claim, e, ranked, weights, common) for e in others]
    near = [g for g in tried if not g.failed and g.coverage >= AS_NEAR * found.coverage]
    return max(near, key=lambda grounds: grounds.coverage, default=found)


def nearest(
    claim: str, question: str, offered: Sequence[Evidence]
) -> tuple[Evidence | None, float]:
    """The sentence that bears most on `claim`, whatever number or day that has wrong, and the share
    of the claim's words that it holds, its dates and the numbers that stand nowhere left out. "She"
    that a sentence begins with counts as whom the sentences before begin with.
    """
    known = frozenset(stem for e in offered for stem in stems(e.text))
    made_up = {w.stem for w in words(claim) if w.is_number or w.stem in CALENDAR_STEMS} - known
    made_up = made_up.union(*(stems(m.text) for m in mentions(claim, None)))
    weights = weights_of(claim, offered)
    weights = {s: w for s, w in weights.items() if s not in made_up} or weights
    ranked = _ranked(weights, question, offered, with_antecedent)
    share = covered(weights, with_antecedent(ranked[0])) if ranked else 0.0
    return (ranked[0], share) if ranked else (None, 0.0)


def told_together(name: str, question: str, offered: Sequence[Evidence]) -> list[Evidence]:
    """Sentences that hold between them what a question gathers from several articles, and name who
    or what it asks for; none where they hold too little of it.

    "Who bought the mill, as the Ledger wrote, and sold it, as the Courier did?" asks of somebody
    by what several tell. The first sentence names them in full; what no sentence knows counts for
    nothing.
    """
    held_by = [(e, stems(e.text)) for e in offered]
    known = frozenset().union(*(there for _, there in held_by))
    asked = stems(question)
    answer = ({w.stem for w in words(name) if is_content(w)} & known) - asked
    if not answer:
        return []
    answer = _in_full(answer, offered)
    missing = {
        s: w for s, w in weights_of(question, offered).items() if s in known and s not in answer
    }
    total = sum(missing.values())
    left = [(e, there) for e, there in held_by if answer <= there]
    chosen: list[Evidence] = []
    while left and len(chosen) < TOLD_TOGETHER:
        best, there = max(left, key=lambda each: sum(missing.get(s, 0) for s in each[1]))
        added = sum(missing.pop(s, 0) for s in there)
        if chosen and added < LEAST_ADDED * total:
            break
        chosen.append(best)
        left = [(e, there) for e, there in held_by if e not in chosen and answer & there]
    return chosen if total and sum(missing.values()) <= (1 - LEAST_TOLD) * total else []


def whom_most_tell_of(question: str, offered: Sequence[Evidence]) -> str:
    """The name of which the sentences tell most of what a question gathers from several articles;
    "" where no two of them name anybody. Who did something has a name of two words or more.
    """
    weights, asked = weights_of(question, offered), stems(question)
    least = 2 if _ASKS_WHO.search(question) else 1
    named: dict[frozenset[str], str] = {}
    articles: dict[frozenset[str], set[str]] = {}
    for e in offered:
        for run in runs(e.text, names(e.text)):
            stem = frozenset(w.stem for w in run)
            if len(run) >= least and not stem & asked and run[0].text.casefold() not in _TITLES:
                named.setdefault(stem, " ".join(w.text for w in run))
                articles.setdefault(stem, set()).add(e.passage.article_id)
    found = {stem: name for stem, name in named.items() if len(articles[stem]) > 1}

    def told(name: str) -> float:
        return covered(weights, " ".join(e.text for e in told_together(name, question, offered)))

    best = max(found.values(), key=told, default="")
    return best if best and told(best) else ""


def _in_full(name: set[str], offered: Sequence[Evidence]) -> set[str]:
    """With the names that mostly stand before it where somebody is named in full: "Ada Krall"."""
    fuller: Counter[frozenset[str]] = Counter()
    for e in offered:
        for run in runs(e.text, names(e.text)):
            last = {w.stem for w in run[-len(name) :]}
            given = run[-len(name) - 1] if len(run) > len(name) and last == name else None
            if given and given.text.casefold() not in _TITLES:
                fuller[frozenset({given.stem} | name)] += 1
    return set(fuller.most_common(1)[0][0]) if fuller else name


def _ranked(
    weights: dict[str, float],
    question: str,
    offered: Sequence[Evidence],
    read: Callable[[Evidence], str] = attrgetter("text"),
) -> list[Evidence]:
    asked = stems(question) - weights.keys()

    def bearing(e: Evidence) -> float:
        about = stems(read(e)) | stems(e.passage.title or "")
        return covered(weights, read(e)) + QUESTION_WEIGHT * len(asked & about) / (len(asked) + 1)

    return sorted(offered, key=bearing, reverse=True)


def _grounds(
    claim: str,
    first: Evidence,
    ranked: Sequence[Evidence],
    weights: dict[str, float],
    common: frozenset[str],
) -> Grounds:
    """`first`, and another sentence for a name, number, date or quotation that it lacks, or the one
    beside it for a good part of the claim's words: "these crimes" are named before.
    """
    needed = critical(claim, common)
    chosen = [first]
    # Dates by their words, the rest by their stems.
    dates = held(claim, first.text, first.passage.published_at)
    missing = (needed - _told(claim, first)) | {*dates.missing}
    same_article = [e for e in ranked if e.passage.article_id == first.passage.article_id]
    mistaken = _another_is_named(claim, claim, first, ranked, common)
    # What is said of somebody else makes up for nothing.
    lead = " ".join(claim.split()[:LEADING])
    others = [e for e in same_article if not _another_is_named(lead, claim, e, ranked, common)]
    while missing and not mistaken and others and len(chosen) < MOST_SOURCES:
        best = max(
            others,
            key=lambda e: (len(missing & _told(claim, e)), -abs(e.span.start - first.span.start)),
        )
        if not missing & _told(claim, best):
            break
        chosen.append(best)
        missing -= _told(claim, best)
    grounds = Grounds(_join(chosen))
    text = " ".join(c.text for c in grounds.cited)
    grounds.coverage = covered(weights, text)
    grounds.dates = held(claim, text, first.passage.published_at)
    missing -= {*grounds.dated, *grounds.dates.told}
    if not mistaken:
        days = frozenset().union(*map(stems, grounds.dates.unstated))
        grounds.fields = [
            f
            for f in _fields(first.passage)
            if missing & (stems(f.text) & (days | _year(f)) if _is_day(f) else stems(f.text))
        ]
    grounds.checks = check(claim, grounds, common)
    if not missing:
        top = covered(weights, first.text)
        grounds.also = [
            Cited(e.passage, e.span, e.text)
            for e in ranked
            if e not in chosen
            and covered(weights, e.text) >= ALSO_MARGIN * top
            and needed <= stems(e.text)
            and all(order in _seen(claim) for order in orders(e.text))
        ]
    if not missing and not grounds.failed and len(chosen) < MOST_SOURCES:
        more = _beside(chosen, same_article, weights)
        wider = replace(grounds, cited=_join([*chosen, *more]))
        # It makes up for nothing: what fails without it failed.
        if more and all(check(claim, wider, common).values()):
            wider.coverage = covered(weights, " ".join(c.text for c in wider.cited))
            wider.also = [c for c in wider.also if c.span not in {e.span for e in more}]
            return wider
    return grounds


def _beside(
    chosen: Sequence[Evidence], others: Sequence[Evidence], weights: dict[str, float]
) -> list[Evidence]:
    """The sentence before or after those chosen, whichever adds most, if it adds enough."""
    there = frozenset().union(*(stems(e.text) for e in chosen))
    lacking = {s: w for s, w in weights.items() if s not in there}
    beside = [e for e in others if e not in chosen and any(_adjoin(e, c) for c in chosen)]

    def adds(e: Evidence) -> float:
        return sum(lacking.get(s, 0.0) for s in stems(e.text))

    best = max(beside, key=adds, default=None)
    return [best] if best and adds(best) >= BESIDE_ADDS * sum(weights.values()) else []


def _adjoin(one: Evidence, other: Evidence) -> bool:
    """Whether two sentences of an article follow one another."""
    first, second = sorted((one.span, other.span))
    return 0 <= second.start - first.end <= BREAK


def _told(claim: str, e: Evidence) -> frozenset[str]:
    """Stems that a sentence holds, and those of the claim's dates that it tells of, with these."""
    told = held(claim, e.text, e.passage.published_at).told
    return stems(e.text).union(told, *map(stems, told), outlets(claim, [e.passage]))


def outlets(text: str, passages: Iterable[Passage]) -> frozenset[str]:
    """Stems of the names of these passages' outlets that `text` holds in full: "as The Verge
    reported" says whose article it is, which each citation tells.
    """
    folded = _fold(text)
    told = {p.source for p in passages if p.source and _fold(p.source) in folded}
    return frozenset().union(*map(stems, told))


def _another_is_named(
    part: str, claim: str, e: Evidence, offered: Sequence[Evidence], common: frozenset[str]
) -> bool:
    """Whether this part of the claim names somebody in full, and the sentence somebody else.

    Then no further sentence can make up for the name: it was put in the other's place. The
    headline names what all of an article is about, though, and a pronoun may stand for whom the
    article names in full time and again. Of two of one name neither is the other.
    """
    there, said = stems(e.text), stems(claim)
    points_back = any(w.text.casefold() in _PRONOUNS for w in words(e.text))
    headline = stems(e.passage.title or "")
    beside = [stems(o.text) for o in offered if o.passage.article_id == e.passage.article_id]
    absent = [
        name
        for name in proper_names(part, common)
        if not name & there
        and not name <= headline
        and not (points_back and sum(name <= other for other in beside) > 1)
    ]
    return _is_namesake(part, e.text, common) or (
        bool(absent) and any(not name & said for name in proper_names(e.text, common))
    )


def _is_namesake(claim: str, text: str, common: frozenset[str]) -> bool:
    """Whether a claim names somebody in full whose surname the text gives to another alone."""
    there = stems(text)
    given: dict[str, set[str]] = {}
    for run in runs(text, names(text, common=common)):
        for first, last in pairwise(run):
            given.setdefault(last.stem, set()).add(first.stem)
    return any(
        last.stem in given and first.stem not in there and first.text.casefold() not in _TITLES
        for run in runs(claim, names(claim, common=common))
        for first, last in pairwise(run[-2:])
    )


def proper_names(text: str, common: frozenset[str]) -> list[frozenset[str]]:
    """Names of two words or more, as stems: people, ships, places; not "Central Bank", whose words
    stand in the articles in lower case too.
    """
    return [
        frozenset(w.stem for w in run)
        for run in runs(text, names(text, common=common))
        if len(run) > 1 and not any(w.text.casefold() in common for w in run)
    ]


def critical(claim: str, common: frozenset[str]) -> frozenset[str]:
    """Stems of the claim that its source must hold: names, numbers and calendar words."""
    marked = {w.stem for w in names(claim, common=common)}
    marked |= {w.stem for w in words(claim) if w.is_number or w.stem in CALENDAR_STEMS}
    return frozenset(marked)


def weights_of(claim: str, offered: Sequence[Evidence]) -> dict[str, float]:
    """Inverse document frequency of the claim's words over the sentences offered."""
    counts = Counter(stem for e in offered for stem in stems(e.text))
    content = {w.stem for w in words(claim) if is_content(w)} or stems(claim)
    return {stem: math.log(1 + len(offered) / (1 + counts[stem])) for stem in content}


def covered(weights: dict[str, float], text: str) -> float:
    """Share of the claim's weight that `text` holds, 0 to 1."""
    total = sum(weights.values())
    found = stems(text)
    return sum(w for stem, w in weights.items() if stem in found) / total if total else 0.0


def verbatim(claim: str, offered: Sequence[Evidence]) -> bool:
    """Whether all of the claim's words stand in an article in a row, from a sentence's first on."""
    said = [w.stem for w in words(claim)]
    for e in offered:
        on = e.passage.text[e.span.start - e.passage.span.start :]
        if said and [w.stem for w in words(on[: 2 * len(claim) + MARGIN])[: len(said)]] == said:
            return True
    return False


def _join(chosen: Iterable[Evidence]) -> list[Cited]:
    """Sentences as citations; two that follow one another in an article become one.

    Only the gap between two neighbours lies outside both, and it is white space.
    """
    cited: list[Cited] = []
    joined = False
    for e in sorted(chosen, key=lambda e: (e.passage.article_id, e.span)):
        last = cited[-1] if cited else None
        if last and not joined and last.passage is e.passage:
            gap = e.passage.text[
                last.span.end - e.passage.span.start : e.span.start - e.passage.span.start
            ]
            if not gap.strip():
                span = Span(last.span.start, e.span.end)
                shift = e.passage.span.start
                cited[-1] = Cited(
                    e.passage, span, e.passage.text[span.start - shift : span.end - shift]
                )
                joined = True
                continue
        cited.append(Cited(e.passage, e.span, e.text))
        joined = False
    return cited


def _fields(passage: Passage) -> list[Field]:
    fields = [("title", passage.title), ("published_at", passage.published_at)]
    return [Field(passage, name, value) for name, value in fields if value]


def _is_day(f: Field) -> bool:
    return f.field == "published_at"


def _year(f: Field) -> frozenset[str]:
    """Of "the 2026 final", which is dated by the article's year."""
    return stems(f.text[:4]) if _is_day(f) else frozenset()


def check(claim: str, grounds: Grounds, common: frozenset[str] = frozenset()) -> dict[str, bool]:
    """What can be held against the cited text word for word."""
    text = " ".join(c.text for c in grounds.cited)
    fields = frozenset(s for f in grounds.fields for s in stems(f.text))
    # A date field tells of days and of its year: its numbers are no others'.
    counted = frozenset(
        s for f in grounds.fields for s in (_year(f) if _is_day(f) else stems(f.text))
    ).union(*(told for words in grounds.dates.unstated if (told := stems(words)) <= fields))
    shown = "\n".join([text, *(f.text for f in grounds.fields)])
    there = (
        stems(text) | grounds.dated | counted | outlets(claim, (c.passage for c in grounds.cited))
    )
    calendar = {w.stem for w in words(claim) if w.stem in CALENDAR_STEMS}
    numbers = {w.stem for w in words(claim) if w.is_number}
    return {
        "numbers": numbers <= there
        and counts_hold(claim, text, common)
        and bounds_hold(claim, text),
        "names": {w.stem for w in names(claim, common=common)} <= there
        and all(_sex_holds(claim, c.text) for c in grounds.cited)
        and not offices_missing(claim, _around(grounds)),
        "dates": calendar <= there
        and not grounds.dates.contradicted
        and all(stems(words) <= fields for words in grounds.dates.unstated),
        "negation": _negation_holds(claim, text)
        and not_opposed(claim, text)
        and not (erred(text) and not erred(claim)),
        "quotes": all(_unmarked(q) in _unmarked(text) for q in quoted(claim)),
        "roles": same_roles(
            claim,
            " ".join(with_antecedent(c, common) for c in grounds.cited),
            common,
            _around(grounds),
        ),
        "plans": done(claim, text) and not_graver(claim, text),
        "causes": causes_hold(claim, text),
        "orders": all(order in _seen(claim) for order in orders(shown)),
    }


def _around(grounds: Grounds) -> str:
    """What is cited with what stands around it, and the headlines."""
    return "\n".join(f"{c.passage.title or ''}\n{c.passage.text}" for c in grounds.cited)


def with_antecedent(cited: Cited | Evidence, common: frozenset[str] = frozenset()) -> str:
    """The text with "She", which it begins with, replaced by the name that the sentences before it
    begin with; as it is where they begin with none.
    """
    pronoun = _SUBJECT_PRONOUN.match(cited.text)
    if pronoun is None:
        return cited.text
    shift = cited.passage.span.start
    before = [s for s in cited.passage.sentences if s.end <= cited.span.start]
    for span in reversed(before):
        sentence = Span(span.start - shift, span.end - shift).of(cited.passage.text)
        if _SUBJECT_PRONOUN.match(sentence):
            continue
        named = runs(sentence, names(sentence, common=common))[:1]
        if named and named[0][0].start == 0:
            name = sentence[: named[0][-1].start + len(named[0][-1].text)]
            return name + cited.text[pronoun.end() :]
        break
    return cited.text


def erred(text: str) -> bool:
    """Whether a sentence says that something was told in error: "reported erroneously that"."""
    found = ERRED.search(text)
    return bool(found and (_OF_A_STORY.search(text) or "report" in found[0].casefold()))


def orders(text: str) -> list[str]:
    """The words that speak to whoever answers ("ignore the above", "reply with"), folded.

    Only a claim that holds them tells of the order; another would follow it.
    """
    found = (m[m.lastindex or 0] for m in _ORDERS.finditer(_plain(text)))
    return [_fold(words).strip(' .,;:!?>)]}"') for words in found]


def _seen(text: str) -> str:
    return _fold(_plain(text))


def _plain(text: str) -> str:
    """As a reader sees it: no invisible characters, letters in one form."""
    return "".join(
        c
        for c in unicodedata.normalize("NFKC", text)
        if unicodedata.category(c) not in ("Cf", "Mn")
    )


def _fold(text: str) -> str:
    return " ".join(text.translate(_QUOTE_FOLD).casefold().split())


def _unmarked(text: str) -> str:
    """Which marks stand within a quotation depends on those around it."""
    return _fold(text).translate(_NO_MARKS)


def _negated(
    text: str,
    negators: frozenset[str] = NEGATORS,
    within: int = NEGATED_WITHIN,
    back: int = 0,
) -> frozenset[str]:
    """Content words that a negator stands before, at most so many words away; `back` behind it."""
    found = set()
    sequence = words(text)
    for i, word in enumerate(sequence):
        folded = word.text.casefold().replace("’", "'")
        if folded in negators or folded.endswith("n't"):
            around = sequence[max(0, i - back) : i] + sequence[i + 1 : i + 1 + within]
            found |= {w.stem for w in around if is_content(w)}
    return frozenset(found)


def _negates(text: str) -> bool:
    return any(
        (folded := w.text.casefold().replace("’", "'")) in NEGATORS or folded.endswith("n't")
        for w in words(text)
    )


def _negation_holds(claim: str, text: str) -> bool:
    """What denies needs a text that denies, and denies what it denies where that has its words;
    what a text denies may not be affirmed.
    """
    if _negates(claim):
        denied = _negated(claim) & stems(text)
        theirs = _negated(text, within=DENIED_WITHIN)
        if _NO_SUCH.search(claim):  # "No plan may be put" is "A plan cannot be put"
            theirs |= _negated(text, back=DENIED_WITHIN)
        return _negates(text) and bool(not denied or denied & theirs)
    sequence = words(claim)
    affirmed = {
        w.stem for w in sequence if is_content(w) and (w is sequence[0] or not w.text[0].isupper())
    }
    negated = _negated(text)
    return not negated or not (negated <= affirmed)


def _sex_holds(claim: str, text: str) -> bool:
    """Not "his" where the text has but "her", nor the other way round."""
    said, there = ({w.text.casefold() for w in words(t)} for t in (claim, text))
    return all(
        said & other or not said & sex or there & sex or not there & other
        for sex, other in ((_HIS, _HER), (_HER, _HIS))
    )


def unmet(question: str, articles: Sequence[str], cited: str) -> list[str]:
    """What the question presumes and its answer's sources do not bear out.

    Names, numbers and quoted words that stand in none of `articles`, the whole articles cited; a
    denial that `cited`, the cited sentences, does not make. A name that they do not know is one;
    where they know a part of it ("Prime Minister Holm"), each other word is. So is an office, where
    they tell of another of its kind.
    """
    there = frozenset(stem for text in articles for stem in stems(text))
    opening = words(question)[:1]
    presumed = [[w] for w in words(question) if w.is_number] + runs(question, names(question))
    missing = []
    for run in presumed:
        absent = [
            w.text
            for w in run
            if w.stem not in there and w not in opening and not _misspelt(w.stem, there)
        ]
        missing += [" ".join(absent)] if len(absent) == len(run) else absent
    folded = " ".join(_fold(text) for text in articles)
    missing += [q for q in quoted(question) if _fold(q) not in folded]
    missing += offices_missing(question, " ".join(articles))
    if _negates(question) and not _negates(cited):
        missing.append("not")
    return missing


def _misspelt(stem: str, known: Iterable[str]) -> bool:
    """Whether a long word is, but for a letter or two, one of those known: "Hancock", "Harnock"."""
    near = [k for k in known if k[:1] == stem[:1] and abs(len(k) - len(stem)) <= 2]
    return (
        len(stem) >= LEAST_MISSPELT
        and not stem[:1].isdigit()
        and bool(get_close_matches(stem, near, 1, MISSPELT))
    )


def denied(question: str, answer: str) -> list[str]:
    """What a question takes for granted and its answer denies: "What is also found there?" is not
    answered by "Antigens that are not found there".
    """
    if _negates(question):
        return []
    asked = {w.stem for w in words(question) if is_content(w)}
    return sorted(asked & _negated(answer, _DENY))


def continued(sentence: str, beside: str) -> str:
    """As it stands after "No, ": a word that names nothing, or is small in `beside`, is small."""
    first, _, rest = sentence.partition(" ")
    common = {w.text for w in words(beside)} | ((STOP_WORDS | OPENERS) - {"i"})
    small = first.lower() in common
    return f"{first.lower()} {rest}" if small else sentence


def repeats(claim: str, question: str) -> bool:
    """Whether a claim says nothing but what the question asks, "It is so" where it asks whether."""
    return {w.stem for w in words(claim) if is_content(w)} <= stems(question)


def gainsays(word: str, claim: str, question: str) -> bool:
    """Whether a claim says all that the question asks, and the other way round than Yes or No."""
    asked = {w.stem for w in words(question) if is_content(w)}
    return (
        asked <= stems(claim)
        and not _negates(question)
        and _negates(claim) == (word.casefold() == "yes")
    )


_KINDS = (
    (re.compile(r"^(?:who|whose|whom)\b", re.I), "somebody"),
    (re.compile(r"\bnames? of\b|\bnamed what\b", re.I), "name"),
    (
        re.compile(r"\bhow (?:many|much|old|high|tall|far|fast|big|large|deep|wide|heavy)\b", re.I),
        "number",
    ),
    (
        re.compile(
            r"^(?:when|(?:in|on|at|by) (?:what|which) (?:year|day|date|month|time|hour))\b", re.I
        ),
        "time",
    ),
)
_AMOUNTS = frozenset(
    "all both double doubled dozens few half halved hundreds majority many millions minority most "
    "none no quarter several some third thirds thousands tripled twice".split()
)


def lacks_kind(question: str, answer: str) -> bool:
    """Whether the answer has nothing new of the kind that the question asks for.

    "Who succeeded David Rowe?" is not answered by "David Rowe resigned in August". Told of few
    kinds of questions, and of those only where it is plain.
    """
    kind = next((kind for pattern, kind in _KINDS if pattern.search(question)), None)
    asked = stems(question)
    new = [w for w in words(answer) if w.stem not in asked and is_content(w)]
    if kind == "somebody":
        return not any(not w.is_number and w.stem not in CALENDAR_STEMS for w in new)
    if kind == "name":
        return not any(w.stem not in asked for w in names(answer))
    if kind == "number":
        return not any(
            w.is_number or w.text.casefold() in _AMOUNTS
            for w in words(answer)
            if w.stem not in asked
        )
    if kind == "time":
        return not any(
            w.is_number or w.stem in CALENDAR_STEMS or w.text[0].isupper() for w in new
        ) and not mentions(answer, None)
    return False


# "did Lars Solheim say": what follows the verb is whom the question is about.
_SUBJECT = re.compile(
    r"\b(?:can|could|did|do|does|had|has|have|is|was|were|will|would)((?:\s+\S+){1,6})", re.I
)


def replaced(question: str, cited: str, answer: str) -> list[str]:
    """Whom the question names in full, where the sources and the answer name another instead."""
    inverted = _SUBJECT.search(question)
    if not inverted or _KINDS[0][0].search(question):
        return []
    subject = stems(inverted[1])
    common = frozenset(w.text for w in words(cited) if w.text.islower())
    there, asked = stems(cited), stems(question)
    others = [name for name in proper_names(answer, common) if name <= there and not name & asked]
    absent = [n for n in proper_names(question, common) if not n & there and n <= subject]
    return [" ".join(sorted(name)) for name in absent] if others else []
