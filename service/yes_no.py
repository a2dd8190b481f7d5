"""Yes or No: which of the two a sentence of an article comes to, as far as its words tell.

A denial of what the question asks is a No, and so is the opposite; a sentence that has all of the
question's words and denies nothing is a Yes. Where the words do not tell plainly, neither is told.
This module knows nothing of the language model, which reads the rest. English only.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from index.sentences import sentence_spans
from service.measures import SCALES, SIGNS, UNITS
from service.opposites import (
    FELL_SHORT,
    REFUSED_TO,
    not_opposed,
    opposites,
    turned_by_prefix,
)
from service.wording import (
    CALENDAR_STEMS,
    DENIES,
    NEGATORS,
    NUMBERS,
    Word,
    fold,
    is_content,
    names,
    negates,
    quoted,
    runs,
    stems,
    words,
)

# "Not Yes": something of what is asked is denied, which need not be all of it. "Not No": all of it
# but when or where is affirmed.
Told = Literal["Yes", "No", "not Yes", "not No", ""]

# Said in two words, or in another one; "doubled" is a rise. What was not done is denied.
_IN_OTHER_WORDS = [
    (re.compile(rf"\b(?:{said})\b", re.IGNORECASE), plain)
    for said, plain in (
        (r"(?:go|goes|going|gone|went) up|doubled|tripled|quadrupled", "rose"),
        (r"(?:go|goes|going|gone|went) down|halved", "fell"),
        (
            r"turn(?:s|ed|ing)? down|declin(?:es?|ed|ing)(?= (?:an?|the|his|her|its|their)\b)",
            "rejected",
        ),
        (r"up from|higher than", "rose"),
        (r"down from|lower than", "fell"),
        (r"vot(?:es?|ed|ing) against", "opposed"),
        (r"vot(?:es?|ed|ing) (?:for|in favou?r of)", "supported"),
        (r"deaths?|dead|dying|killed", "died"),
        (r"hurt|wounded", "injured"),
        (r"sacked|fired|laid off", "dismissed"),
        (r"rul(?:es?|ed|ing) out", "rule out"),
        (r"found guilty", "convicted"),
        (r"found not guilty|exonerated|cleared(?= of (?:all|any|both|every|the)\b)", "acquitted"),
        (
            r"(?:an? )?(?:part|member) of|t(?:ake|akes|aken|aking|ook) part in"
            r"|participat(?:es?|ed|ing) in",
            "involved in",
        ),
        (r"research(?: (?:team|group|project))?|study (?:team|group)", "study"),
        (r"not only|no doubt|no (?:fewer|less|later|more) than", ""),
    )
]
_JOINS = "and|but|while|although|though|whereas|or"
_CLAUSE = re.compile(rf"[;:–—]|,\s|\s(?:{_JOINS})\s")
# Words of a question that ask for nothing by themselves.
_EMPTY = re.compile(
    r"\b(?:anybody|anyone|anything|somebody|someone|something|ever|yet|still|already|really|get|got"
    r"|have to|had to|be able to|according to|whether|going to)\b",
    re.IGNORECASE,
)
_IS_OVER = re.compile(r"\bover(?= ?(?:[,.;?!]|\Z))", re.IGNORECASE)
_IS_STILL = re.compile(r"\bstill\b", re.IGNORECASE)
_PASSIVE = re.compile(
    r"\b(?:was|were|is|are|be|been|being)\s+(?:\w+ly\s+)?(\w+)\b(\s+by\s+(?!\d))?", re.IGNORECASE
)
_STILL = re.compile(r"\b(?:still|yet|already|only|all|every|most)\b", re.IGNORECASE)
# What is said by somebody, is to come, or may be.
_HEDGED = re.compile(
    r"\b(?:may|might|could|would|will|should|if|whether|unless|alleg\w*|accus\w*|suspect\w*"
    r"|claim\w*|den(?:y|ies|ied)|refus\w*|fail(?:s|ed|ing)?|ask\w*|urg\w*|request\w*|demand\w*|plan\w*"
    r"|propos\w*|promis\w*|hop\w*|expect\w*|tri(?:es|ed)|try\w*|want\w*|call\w* (?:for|to)|nearly"
    r"|almost|threat\w*|withdr\w*|reject\w*|oppos\w*|block\w*|veto\w*|against|cancel\w*"
    r"|except|instead|unlikely|hardly|barely|few|little|rule out)\b",
    re.IGNORECASE,
)
_ATTRIBUTION = re.compile(r",?\s+according to .*$|,\s[^,]{1,60}\ssaid\b[^,]*$", re.MULTILINE)
_WHEN = re.compile(r"\b(?:when|while|after|because|during|over|at|into|since)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"(?:he|she|it|they)\b", re.IGNORECASE)
# A denial that goes less far, or of something else: "not only", "not until May", "not clear whether
# it leaked", "no sign that", "not rule out".
_LESS = frozenset(
    "again all alone always because before certain clear confirm confirmed doubt enough every "
    "evidence exclude excluded expect expected guarantee if indication just know known longer many "
    "more most much only proof rule ruled say sign sure think unless until whether why".split()
)
# "Hold a referendum": what is done is told by the noun.
_LIGHT = stems("hold take make give")
# Share of the question's words from which on a sentence that denies nothing is no No; and below
# which it is no reply.
MOST_HELD, LEAST_BORNE = 0.5, 0.3
# Share of the question's words that a sentence has to have; its article has to have the others.
LEAST_HELD = 0.5
# What befell others did not befall it.
_SPARED = re.compile(r"\b(?:(?:not|n['’]t)(?: be| been| being)? affected|unaffected)\b", re.I)
_MISSES = re.compile(r"\b(?:short|fail\w*|lack\w*|los(?:e|es|ing|t)|miss\w*)\b", re.IGNORECASE)
_GUILT = stems("convict guilty imprison jail sentence")
_ACQUITTED_OF = re.compile(
    r"\bacquitted o[fn] (?!(?:all|any|both|every|the)\b|charges\b)([^,.;]+)", re.IGNORECASE
)
_UNANIMOUS = re.compile(r"\bunanim", re.IGNORECASE)
_COUNT = rf"(?:\d+|{'|'.join(n for n in NUMBERS if n != 'zero')})"
# Votes for and against.
_SPLIT = re.compile(
    r"\b(?:vot(?:es?|ed|ing)|ballot|approved|backed|passed|carried|adopted|rejected|ruled|decided"
    rf"|found|verdict)\b[^.;]{{0,60}}?(?<!from )\b{_COUNT}(?: votes?)?(?: to |-|–)(?!0\b){_COUNT}\b"
    rf"|\b{_COUNT}(?: to |-|–)(?!0\b){_COUNT} vote\b|\b(?:voted against|dissented)\b",
    re.IGNORECASE,
)


_MEASURE = re.compile(
    rf"(?:\b(?P<before>\w+(?: than| least| most)?) )?(?P<sign>[$€£¥])?(?<!\d[.,])\b"
    rf"(?P<number>\d[\d,]*(?:\.\d+)?|{'|'.join(NUMBERS)})(?:[ -](?P<scale>{'|'.join(SCALES)}))?"
    rf"(?:[ -]?(?P<unit>{'|'.join(UNITS)})s?(?!\w))?",
    re.IGNORECASE,
)
_BOUND = frozenset(
    "about above almost approximately around below nearly over roughly some under up".split()
)
_RELATIVE = frozenset("by from of to".split())  # "rose by 2 percent" is not "rose to 2 percent"
NEARLY = 0.05  # what is rounded


def told(question: str, text: str, headline: str = "", around: str = "") -> Told:
    """What the sentences of `text` say to a question; `around` is their article."""
    if negates(question):
        return ""
    if _IS_OVER.search(question):
        question, text = (_IS_OVER.sub("ended", t) for t in (question, text))
    if _UNANIMOUS.search(question):
        text = _SPLIT.sub(r"\g<0>, not unanimous", text)
    asked_in = _EMPTY.sub(" ", _plain(question, undone=True))
    said_in = _in_reply(question, text)
    there = stems(said_in)
    asked = _content(_WHEN.sub(" ", asked_in))
    whom = {w.stem for w in names(asked_in)} & asked
    first = _content(_WHEN.split(asked_in)[0])
    main = first - whom - CALENDAR_STEMS or asked
    heavy = main - _LIGHT or main
    turned = {stem for stem in asked if opposites(stem) & there}
    turned |= asked & turned_by_prefix(asked_in, said_in)
    known = there | turned | stems(_plain(f"{headline} {around}", undone=True))
    enough = (
        bool(main)
        and len(heavy & there | heavy & turned) >= LEAST_HELD * len(heavy)
        and asked - _LIGHT <= known
        and _of_no_other(whom - stems(headline), said_in)
    )
    scopes = list(_denials(said_in))
    denied = main & {w.stem for _, scope in scopes for w in scope} - {*_affirmed(said_in)}
    if any(opposites(s) & {w.stem for _, scope in scopes for w in scope} for s in asked - there):
        return ""  # "not allowed" is banned
    if denied:
        others = _content(" ".join(w.text for w in names(said_in))) - asked
        asking = asked | stems(question)
        plain = all(
            # What somebody denies may still be.
            negator not in DENIES and not any(_goes_less_far(w, asking, others) for w in scope)
            for negator, scope in scopes
            if denied & {w.stem for w in scope}
        )
        return "No" if plain and enough else "not Yes"
    if asked <= known | stems(_figures(asked_in)) and _measured_otherwise(
        asked_in, said_in, asked - (stems(headline) - there), around
    ):
        return "No"
    still = asks_still(question)
    if (
        turned
        and enough
        and not (still and _turned_since(turned, said_in, back=True))
        and not (turned & _GUILT and _may_be_guilty(asked, said_in))
    ):
        unsaid = whom
        if any(_by_nobody(stem, said_in) for stem in turned):
            unsaid = whom | _LIGHT | stems(headline) - turned
        if _opposed(_without(unsaid - there, asked_in), said_in) or _opposed_within(
            whom, _without(unsaid - there, asked_in), said_in
        ):
            return "No"
    if (
        _SPARED.search(said_in)
        and asked - whom - there
        and asked <= there | stems(headline)
        and asked & there - stems(headline)
    ):
        return "No"
    if still and enough and _turned_since(main, said_in):
        return "No"
    if (
        main | whom & first <= there
        and asked <= known
        and not turned
        and not negates(said_in)
        and not _STILL.search(question)
        and not _goes_further(question, said_in)
        and _in_order(asked, asked_in, said_in)
    ):
        return "Yes" if asked <= there else "not No"
    return ""


def asks_still(question: str) -> bool:
    return bool(_IS_STILL.search(question))


def asked_for(question: str) -> set[str]:
    """Stems of the words that tell what is asked."""
    return _content(_EMPTY.sub(" ", _plain(question, undone=True)))


def bears_on(question: str, text: str, least: float = LEAST_BORNE) -> bool:
    """Whether a text has enough of what is asked to be a reply."""
    asked = asked_for(question)
    return len(asked & stems(_plain(text, undone=True))) >= least * len(asked)


def holds_half(question: str, text: str) -> bool:
    """Whether a text has half of what is asked, beside whom and what it is asked of: else it is no
    reply without a Yes or No.
    """
    asked = asked_for(question) - {w.stem for w in names(question)}
    return 2 * len(asked & stems(_plain(text, undone=True))) >= len(asked)


def may_be_no(question: str, text: str) -> bool:
    """Whether what was read as a No may be one, as far as its words tell: it denies something, or
    has some of what is asked and no more than half, so that it may have something else instead.
    """
    if not bears_on(question, text):
        return False
    said_in = _in_reply(question, text)
    asked_in = _EMPTY.sub(" ", _plain(question, undone=True))
    asked, there = _content(asked_in), stems(said_in)
    if negates(said_in) or any(opposites(stem) & there for stem in asked):
        return True
    main = _content(_WHEN.split(asked_in)[0]) - {w.stem for w in names(asked_in)} - CALENDAR_STEMS
    return len(main & there) <= MOST_HELD * len(main)


def _content(text: str) -> set[str]:
    return {w.stem for w in words(text) if is_content(w)}


def _without(left_out: set[str], text: str) -> str:
    """The question's main clause without some of its names."""
    kept = [w.text for w in words(_WHEN.split(text)[0])]
    return " ".join(w for w in kept if not stems(w) <= left_out)


def _of_no_other(whom: set[str], text: str) -> bool:
    """False where the question names somebody and the text somebody else, or one whom it calls but
    "she".
    """
    named = _content(" ".join(w.text for w in names(_ATTRIBUTION.sub("", text))))
    return whom <= stems(text) or not (named - whom or _PRONOUN.match(text))


def _plain(text: str, *, undone: bool) -> str:
    """In plainer words; what was declined or failed counts as denied unless `undone` is asked."""
    for said, plain in _IN_OTHER_WORDS:
        text = said.sub(plain, text)
    return text if undone else REFUSED_TO.sub("not", text)


def _in_reply(question: str, text: str) -> str:
    """In plainer words: what is asked counts as denied where it was declined, or fallen short of,
    unless that is asked.
    """

    def denied(match: re.Match[str]) -> str:
        missed = _CLAUSE.split(text[match.end() :], maxsplit=1)[0]
        return "not" if asked_for(question) & stems(missed) else match[0]

    if not _MISSES.search(question):
        text = FELL_SHORT.sub(denied, text)
    return _plain(text, undone=bool(REFUSED_TO.search(question)))


def _clauses(text: str) -> list[str]:
    return [part for span in sentence_spans(text) for part in _CLAUSE.split(span.of(text))]


def _opposed(claim: str, text: str) -> bool:
    """By a sentence, or by a clause of one that denies something else."""
    return any(not not_opposed(claim, part) for part in [text, *_clauses(text)])


def _opposed_within(whom: set[str], claim: str, text: str) -> bool:
    """By a clause that goes on about whom its sentence begins with, and about nothing but what is
    asked: "Dale's wages fell while rents rose", not "while commercial rents rose".
    """
    asked = stems(claim)
    opposed = frozenset().union(*map(opposites, asked))
    for span in sentence_spans(text):
        first, *clauses = _CLAUSE.split(span.of(text))
        whose = whom & asked & stems(first)
        for clause in clauses if whose else ():
            sequence = words(clause)
            at = next((i for i, w in enumerate(sequence) if w.stem in opposed), 0)
            about = {w.stem for w in sequence[:at] if is_content(w)} - stems(_JOINS)
            if names(clause) or negates(clause) or not about <= asked or _OF_OTHERS.search(clause):
                continue
            if not not_opposed(_without(whose - stems(clause), claim), clause):
                return True
    return False


def _figures(text: str) -> str:
    """The measures that a text has, as they are written."""
    found = [m for m in _MEASURE.finditer(text) if m["unit"] or m["sign"]]
    return " ".join(text[m.start("number") : m.end()] for m in found)


def _measures(text: str) -> Iterator[tuple[str, float, str]]:
    """What kind of thing each measure is of, how much it is, and the word before it."""
    for m in _MEASURE.finditer(text):
        if not (m["unit"] or m["sign"]):
            continue
        kind, size = UNITS[(m["unit"] or SIGNS[m["sign"]]).casefold()]
        number = NUMBERS.get(m["number"].casefold(), m["number"]).replace(",", "")
        scale = SCALES.get((m["scale"] or "").casefold(), 1)
        yield kind, float(number) * size * scale, (m["before"] or "").casefold()


def _measured_otherwise(question: str, text: str, asked: set[str], around: str) -> bool:
    """Whether a text has another figure than is asked, of the same thing in the same unit, and no
    sentence around it tells of the one that is asked: "three months" where it was "three weeks".
    """
    mine, theirs = list(_measures(question)), list(_measures(text))
    if len(mine) != 1 or len(theirs) != 1:
        return False
    (kind, much, before), (other_kind, other, other_before) = mine[0], theirs[0]
    rest = asked - stems(_figures(question)) - _LIGHT
    if (
        kind != other_kind
        or abs(much - other) <= NEARLY * max(much, other)
        or not rest <= stems(text)
        or not rest
        or any(w in _BOUND or " " in w for w in (before, other_before))
        or (before != other_before and {before, other_before} & _RELATIVE)
        or negates(text)
        or _goes_further(f"{question} will would", text)
    ):
        return False
    return not any(
        (kind, much) == (k, m) and len(rest & stems(part)) >= LEAST_HELD * len(rest)
        for span in sentence_spans(around)
        for part in [_plain(span.of(around), undone=True)]
        for k, m, _ in _measures(part)
    )


def _by_nobody(stem: str, text: str) -> bool:
    """Whether the opposite of a word is told without whose deed it was: "the motion was rejected
    by 30 votes to 24". Then it is that of whom the headline names.
    """
    passive = (m for m in _PASSIVE.finditer(text) if not m[2])
    return any(stems(m[1]) & opposites(stem) for m in passive)


def _turned_since(asked: set[str], text: str, *, back: bool = False) -> bool:
    """Whether a text that denies nothing tells what is asked and its opposite after it: "was closed
    and reopened on Monday". `back` is the other way round.
    """
    if negates(text):
        return False
    last = {w.stem: at for at, w in enumerate(words(text))}
    for stem in asked:
        opposed = opposites(stem)
        same = {stem}.union(*map(opposites, opposed))
        so, otherwise = (
            max((last.get(s, -1) for s in side), default=-1) for side in (same, opposed)
        )
        if -1 < (otherwise if back else so) < (so if back else otherwise):
            return True
    return False


def _may_be_guilty(asked: set[str], text: str) -> bool:
    """Whether who was acquitted was so of a charge that is not asked, or is told as guilty beside,
    of another.
    """
    charge = _ACQUITTED_OF.search(text)
    return bool(charge and not _content(charge[1]) & asked) or any(
        stems(part) & _GUILT and _content(" ".join(w.text for w in names(part))) <= asked
        for part in _clauses(text)
    )


def _negator_at(clause: tuple[Word, ...]) -> int:
    """Where a clause begins to deny; its length where it does not."""
    for i, word in enumerate(clause):
        folded = word.text.casefold().replace("’", "'")
        if folded in NEGATORS or folded.endswith("n't"):
            return i
    return len(clause)


def _denials(text: str) -> Iterator[tuple[str, list[Word]]]:
    """Each word that denies, with the words of content after it in its clause."""
    for clause in map(words, _clauses(text)):
        at = _negator_at(clause)
        if at < len(clause):
            yield clause[at].text.casefold(), [w for w in clause[at + 1 :] if is_content(w)]


def _affirmed(text: str) -> Iterator[str]:
    for clause in map(words, _clauses(text)):
        yield from (w.stem for w in clause[: _negator_at(clause)])


def _goes_less_far(word: Word, asked: set[str], others: set[str]) -> bool:
    """Whether a word that is denied and not asked makes the denial one of less, or of another."""
    folded = word.text.casefold()
    less = folded in _LESS or folded.endswith("ly") or word.is_number
    return word.stem not in asked and (less or word.stem in others)


def _goes_further(question: str, text: str) -> bool:
    """Whether a text is of what may be or is to come, or of what somebody wants, and the question
    is not.
    """
    asked = {m[0].casefold() for m in _HEDGED.finditer(question)}
    hedged = (m[0] for m in _HEDGED.finditer(text) if m[0] != "May")
    return any(said.casefold() not in asked for said in hedged)


def _in_order(asked: set[str], question: str, text: str) -> bool:
    """Whether the question's words stand in its order, and none is but whose something is: who beat
    whom, and not "Krall's brother".
    """
    there = [w.stem for w in words(text)]
    places = [there.index(w.stem) for w in words(question) if w.stem in asked & {*there}]
    whose = {m[1].casefold() for m in _WHOSE.finditer(text)}
    of_another = whose - {m[1].casefold() for m in _WHOSE.finditer(question)}
    return places == sorted(places) and not of_another & {
        w.text.casefold() for w in words(question)
    }


_WHOSE = re.compile(r"(\w+)['’]s\b")
_OF_OTHERS = re.compile(
    r"['’]s\b|s['’] |\b(?:another|others?|those|that|elsewhere)\b", re.IGNORECASE
)


def swapped(claim: str, source: str) -> bool:
    """Whether two who are named stand in each other's place, as far as their order tells: who was
    elected, beating whom.
    """
    if (" by " in claim) != (" by " in source):
        return False
    common = frozenset(w.text for w in words(source) if w.text.islower())
    orders = []
    for text, other in ((claim, source), (source, claim)):
        last = [run[-1].stem for run in runs(text, names(text, common=common))]
        orders.append([stem for stem in dict.fromkeys(last) if stem in stems(other)])
    ours, theirs = ([s for s in order if s in orders[0] and s in orders[1]] for order in orders)
    return ours != theirs


# A sentence begins so that goes on from another.
_LED = re.compile(
    r"^(?:(?:until|since|by|before|after) (?:then|that)|meanwhile|however|moreover|in addition"
    r"|instead|therefore|at the same time|nevertheless)\b,?\s+",
    re.IGNORECASE,
)
_WRAPPED = re.compile(r"[\"“„«]\s*([^\"“”„«»]+?)\s*[\"”“»]\.?")


def unled(sentence: str) -> str:
    """A sentence without "Until then, ", which goes on from one that is not told."""
    said = _LED.sub("", sentence)
    return said[:1].upper() + said[1:] if said != sentence else sentence


def unwrapped(sentence: str, cited: Iterable[str]) -> str:
    """A sentence without the quotation marks around all of it, where the sources have none."""
    wrapped = _WRAPPED.fullmatch(sentence)
    if not wrapped or any(
        fold(wrapped[1].strip(" .,")) in fold(q) for c in cited for q in quoted(c)
    ):
        return sentence
    return wrapped[1]
