"""Wording: the words of a text, their stems, and which of them name something. English."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from index.index import STOP_WORDS
from index.sentences import sentence_spans
from service.dates import MONTHS, WEEKDAYS

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|\w+")
# "no one", "every one": no number.
_ONE_OF_MANY = re.compile(r"\b(?:no|any|every|some|each|another) one$", re.I)
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBERS = {word: str(n) for n, word in enumerate(_UNITS)}
NUMBERS |= {word: str(n) for n, word in zip(range(20, 100, 10), _TENS, strict=True)}
_CALENDAR = frozenset(WEEKDAYS) | (frozenset(MONTHS) - {"may", "march"})
NEGATORS = frozenset(
    "no not none never nobody nothing neither nor without cannot denied deny denies".split()
)
# Words that open a sentence of an answer with a capital, and name nothing.
OPENERS = NEGATORS | frozenset(
    "about according all almost also although among around because before after besides both but "
    "by during each early every few first following half however if last late later many more most "
    "much nearly now once one only other over people several since some such there though two "
    "under until yes yet "
    # Whom a sentence may begin with, and name nobody.
    "activists analysts authorities campaigners children commuters companies councillors crews "
    "critics customers demonstrators diplomats doctors drivers economists employees engineers "
    "experts families farmers firefighters fishermen investigators investors lawmakers lawyers "
    "locals men ministers neighbors neighbours nurses officials opponents parents passengers "
    "patients police politicians prosecutors protesters rebels relatives reports rescuers "
    "researchers residents scientists shareholders soldiers sources students supporters survivors "
    "teachers tourists troops unions victims villagers voters witnesses women workers "
    # What it may begin with, and be about no one.
    "costs demand exports imports inflation prices production profits rents revenue sales shares "
    "taxes turnout unemployment wages".split()
)
# "Ursula von der Leyen", "William the Conqueror"; "Bank of England" is no such name.
_WITHIN_A_NAME = re.compile(
    r"-|[ ](?:(?:al|ben|bin|da|das|de|del|della|den|der|di|dos|du|el|ibn|la|le|the|van|von|y)[ ])*"
)
_stemmer = snowballstemmer.stemmer("english")


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    return str(_stemmer.stemWord(word))


@dataclass(frozen=True)
class Word:
    """A word as it stands, where it stands, and its folded stem (numbers as digits)."""

    text: str
    start: int
    stem: str

    @property
    def is_number(self) -> bool:
        return self.stem[:1].isdigit()


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[Word, ...]:
    found = []
    for match in _WORD.finditer(text):
        folded = unicodedata.normalize("NFKD", match[0]).casefold()
        folded = "".join(c for c in folded if not unicodedata.combining(c)).replace("’", "'")
        folded = folded.removesuffix("'s").removesuffix("'")
        if folded[:1].isdigit():
            stem = folded.replace(",", "") if re.fullmatch(r"[\d,]+(\.\d+)?", folded) else folded
        else:
            stem = NUMBERS.get(folded) or _stem(folded)
            if folded == "one" and _ONE_OF_MANY.search(text, 0, match.end()):
                stem = folded
        found.append(Word(match[0], match.start(), stem))
    return tuple(found)


def stems(text: str) -> frozenset[str]:
    return frozenset(word.stem for word in words(text))


def is_content(word: Word) -> bool:
    return word.text.casefold() not in STOP_WORDS and word.stem not in ("s", "t")


def names(text: str, *, common: frozenset[str] = frozenset()) -> list[Word]:
    """Words written with a capital that name something, calendar words and numbers apart.

    The first word of a sentence counts only where `common`, the words that stand in the articles
    in lower case, does not hold it.
    """
    sequence = words(text)
    starts = [span.start for span in sentence_spans(text)]
    opening = {next((w for w in sequence if w.start >= start), None) for start in starts}
    return [
        word
        for word in sequence
        if word.text[0].isupper()
        and is_content(word)
        and word.stem not in CALENDAR_STEMS
        and not word.is_number
        and not (word in opening and _opens(word.text.casefold(), common))
    ]


def _opens(word: str, common: frozenset[str]) -> bool:
    return word in common or word in OPENERS or word.endswith("ly")


CALENDAR_STEMS = frozenset(_stem(word) for word in _CALENDAR)


def runs(text: str, found: Sequence[Word]) -> list[list[Word]]:
    """Names of a text: the words that follow one another, together."""
    together: list[list[Word]] = []
    end = 0
    for word in found:
        if together and _WITHIN_A_NAME.fullmatch(text, end, word.start):
            together[-1].append(word)
        else:
            together.append([word])
        end = word.start + len(word.text)
    return together
