"""Errata: what a sentence says was told in error, and what it says is right. English only."""

import re

from index.sentences import sentence_spans
from service.dates import mentions
from service.wording import CAPITALISED, is_content, negates, stems, words

# "The Herald reported erroneously that nine people died", "our story misstated the toll as nine":
# told in words, what was wrong is what follows, up to where the right figure is given.
_WRONGLY = (
    r"(?:erroneously|incorrectly|mistakenly|wrongly|inaccurately|falsely|in error|by mistake)"
)
_TOLD = (
    r"(?:report|stat|identif|describ|publish|quot|referr|claim|attribut|list|spell|spelt)\w*"
    r"|said|says|saying|gave|giv(?:e|en|ing)|wrote|written|put"
)
_FIRST = r"(?:originally|initially|previously|first|earlier)"
_STORY = r"(?:story|article|report|item|page)"
_ERRED = re.compile(
    rf"\b(?:{_TOLD})\s+(?:[\w,]+\s+)?{_WRONGLY}\b|\b{_WRONGLY},?\s+(?:{_TOLD})\b"
    r"|\b(?:misstated|misreported|misquoted|misidentified|overstated|understated)\b"
    rf"|\b(?:earlier|previous|original|first) (?:versions?|reports?|editions?) of (?:this|our|the)"
    rf" {_STORY}\b"
    rf"|\b(?:this|our) {_STORY} (?:had )?{_FIRST} (?:{_TOLD})\b",
    re.IGNORECASE,
)
_OF_A_STORY = re.compile(
    r"\b(?:an?|our|its|the|this|earlier|previous|original)\s+(?:\w+\s+)?(?:story|article|report"
    r"|dispatch|version|edition|headline|item)\b|\bwe\b",
    re.IGNORECASE,
)
_IN_FACT = re.compile(
    r";|\b(?:instead of|rather than|when in fact|in fact|in reality|actually|the (?:correct|right|"
    r"actual|true)|but (?:it|the)|it should|should have|not)\b",
    re.IGNORECASE,
)
# "Corrected from 34 to 29", "not 34 as first reported": no story need be named.
_FROM_TO = re.compile(
    r"\b(?:corrected|amended)\b[^.;]{0,60}?\bfrom (?P<wrong>[^.;]{1,40}?) to\b", re.IGNORECASE
)
_AS_FIRST_TOLD = re.compile(
    r"\b(?:not|instead of|rather than)\s+(?:the\s+)?(?P<wrong>[^.;]{1,60}?),?\s+as\s+(?:(?:had|it"
    rf"|was|we|were|been)\s+){{0,3}}(?:{_FIRST}|{_WRONGLY})\s+(?:{_TOLD})\b",
    re.IGNORECASE,
)
_NOT_SO = re.compile(r"\d[^.;]{0,40}?,\s+(?:and\s+)?not\s+(?:the\s+)?(?P<wrong>\d[\d.,]*)")
# "She is Ada Wenn, not Ada Venn."
_NOT_THAT_NAME = re.compile(
    rf"(?<=\w),\s+(?:and\s+)?not\s+(?:(?:in|on|the)\s+)?(?P<wrong>{CAPITALISED})(?=[”\"]?(?:[.;]|$))"
)
# A question that asks what was told in error.
_ASKS_WHAT_WAS_WRONG = re.compile(
    rf"\b(?:correct(?:ed|ions?|s)|errors?|mistakes?|wrong|{_WRONGLY}|versions?|amended|misstated"
    rf"|{_FIRST}|original)\b",
    re.IGNORECASE,
)


def erred(text: str) -> bool:
    """Whether a sentence says that something was told in error: "reported erroneously that"."""
    found = _ERRED.search(text)
    return bool(found and (_OF_A_STORY.search(text) or "report" in found[0].casefold()))


def taken_back(text: str) -> frozenset[str]:
    """Stems of the numbers that sentences say were told in error, their dates left out."""
    return frozenset().union(*(_taken_back(span.of(text)) for span in sentence_spans(text)))


def _taken_back(sentence: str) -> frozenset[str]:
    found = _ERRED.search(sentence) if erred(sentence) else None
    forms = (_FROM_TO, _AS_FIRST_TOLD) if found else (_FROM_TO, _AS_FIRST_TOLD, _NOT_SO)
    wrong = " ".join(m["wrong"] for form in forms for m in form.finditer(sentence))
    if found:
        # "an earlier report misstated as 14, not 17": before what is right stands what was wrong.
        wrong += " " + _IN_FACT.split(sentence[found.end() :], maxsplit=1)[0]
    for mention in mentions(wrong, None):
        wrong = wrong.replace(mention.text, " ")
    return frozenset(w.stem for w in words(wrong) if w.is_number)


def repeats_an_error(claim: str, text: str) -> bool:
    """Whether a claim tells as so what its source says was told in error."""
    if erred(claim):
        return False
    said = {w.stem for w in words(claim) if w.is_number}
    wrong = taken_back(text)
    if said & wrong and not negates(claim) and not taken_back(claim):
        return True
    if stems(claim) & _not_named(text) and not negates(claim):
        return True
    # What is right stands in the sentence, too: "... as 34; it is 29".
    return erred(text) and not (wrong and said - wrong)


def _not_named(text: str) -> frozenset[str]:
    """Stems of the names that it has for nothing but to say that it is not they."""
    wrong = " ".join(m["wrong"] for m in _NOT_THAT_NAME.finditer(text))
    return stems(wrong) - stems(_NOT_THAT_NAME.sub("", text))


def corrects_itself(text: str, claim: str) -> bool:
    """Whether a sentence of the claim's own article takes back a number of the claim, and has
    another of its words. "19 seats, not 12" is no correction of what else there are 12 of.
    """
    notice = erred(text) or _FROM_TO.search(text) or _AS_FIRST_TOLD.search(text)
    if not notice or erred(claim) or taken_back(claim):
        return False
    mine = {w.stem for w in words(claim) if is_content(w) and not w.is_number}
    return bool(taken_back(text) & stems(claim) and mine & stems(text))


def asks_what_was_wrong(question: str) -> bool:
    return bool(_ASKS_WHAT_WAS_WRONG.search(question))
