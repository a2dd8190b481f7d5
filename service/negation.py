"""What a claim denies or affirms, held against what its source denies: by code, over words."""

import re

from service.opposites import PREFIXED, opposites, undone
from service.wording import (
    DENIED_WITHIN,
    DENIES,
    DENIES_WITHIN,
    denials,
    is_content,
    negated,
    negates,
    stems,
    words,
)

_NO_SUCH = re.compile(r"^\W*no\b", re.IGNORECASE)
_ALL_BUT = re.compile(
    r"\ball (?:but|except)(?: for)?(?: (?:about|around|some|roughly|the))?"
    r" (\d[\d,]*|[a-z]+(?:[ -](?:dozen|hundred|thousand))*)",
    re.IGNORECASE,
)
_LEFT_OUT = re.compile(
    r"\b(?:lack\w*|out|off|remain\w*|still|yet|missing|miss|wait\w*|dark|except\w*|left)\b",
    re.IGNORECASE,
)
# What denies in other words: "ruled out fog", "by no means certain"; whom a match was ruled out of
# is none of it, and what was not ruled out is not denied.
_RULED_OUT = re.compile(
    r"(?<!not )(?<!n['’]t )(?<!never )\b(?:rul(?:e|es|ed|ing) out)\b(?! (?:of|for|from)\b)",
    re.IGNORECASE,
)
_BY_NO_MEANS = re.compile(r"\b(?:by no means|in no way|far from)\b", re.IGNORECASE)
# Of whom a sentence names, what they failed to do is told by `not_done`.
_FAILED_TO = re.compile(
    r"(?<![\w,;] )\b(?P<who>Both|He|It|She|They) (?:also )?(?:fail|fails|failed) to\b"
)
# "At least", and what is not done yet.
_NO_FEWER = re.compile(r"\bno (?:fewer|less) than\b", re.IGNORECASE)
_YET_TO = re.compile(r"\b(?:ha(?:d|s|ve)|is|are|was|were) yet to\b", re.IGNORECASE)
_LOST = re.compile(
    r"\b(?:los(?:e|es|t|ing)|lack(?:s|ed|ing)?|run out of|ran out of)\b", re.IGNORECASE
)


def negation_holds(claim: str, text: str) -> bool:
    """What denies needs a text that denies, and denies what it denies where that has its words;
    what a text denies may not be affirmed.
    """
    claim, text = (_BY_NO_MEANS.sub("not", _RULED_OUT.sub("denied", t)) for t in (claim, text))
    claim, text = (_YET_TO.sub("not", _NO_FEWER.sub("at least", t)) for t in (claim, text))
    if negates(claim):
        if {w.stem for w in words(claim) if w.is_number} & _left(text):
            return True
        text = with_not(_FAILED_TO.sub(r"\g<who> not", text), negated(claim))
        denied = negated(claim) & stems(text)
        # What is denied by saying so may be told at length: "denied a report in X that it would".
        theirs = negated(text, within=DENIED_WITHIN) | negated(text, DENIES, within=DENIES_WITHIN)
        if _NO_SUCH.search(claim):  # "No plan may be put" is "A plan cannot be put"
            theirs |= negated(text, back=DENIED_WITHIN)
        return negates(text) and bool(not denied or denied & theirs)
    sequence = words(claim)
    if {w.stem for w in sequence if w.text[0].isdigit()} & _left(text) and not (
        _ALL_BUT.search(claim) or _LEFT_OUT.search(claim)
    ):
        return False
    affirmed = {
        w.stem for w in sequence if is_content(w) and (w is sequence[0] or not w.text[0].isupper())
    }
    # Who lost power is without it.
    affirmed -= undone(claim) | negated(_LOST.sub("without", claim))
    # "No digging is allowed" is "Digging is banned".
    unsaid = negated(text, within=DENIED_WITHIN) - stems(claim)
    turned = any(opposites(w.stem) & unsaid for w in sequence)
    return turned or not any(denied and denied <= affirmed for denied in denials(text))


def with_not(text: str, denied: frozenset[str]) -> str:
    """A text that has "unclear" and nowhere in that clause "clear" with "not clear" for it, if that
    is denied; "illegal", too.
    """

    def plain(part: str) -> str:
        there = stems(part)

        def bare(match: re.Match[str]) -> str:
            word = next(group for group in match.groups() if group)
            return f"not {word}" if stems(word) <= denied - there else match[0]

        return PREFIXED.sub(bare, part)

    return "".join(plain(part) for part in re.split(r"([;:])", text))


def _left(text: str) -> set[str]:
    """Of "restored to all but 6,000", which is denied of these: the number."""
    return {w.stem for match in _ALL_BUT.finditer(text) for w in words(match[1])}
