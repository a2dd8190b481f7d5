"""Wording: the words of a text, their stems, which of them name something, and what is quoted.

English.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from index.index import STOP_WORDS
from index.sentences import Span, sentence_spans
from service.dates import MONTHS, WEEKDAYS
from service.kept import kept

# "3:20 pm" is "3.20 pm".
_CLOCK = re.compile(r"\A(\d\d?):([0-5]\d)\Z")
# "no one", "every one": no number.
_ONE_OF_MANY = re.compile(r"\b(?:no|any|every|some|each|another) one$", re.I)
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBERS = {word: str(n) for n, word in enumerate(_UNITS)}
NUMBERS |= {word: str(n) for n, word in zip(range(20, 100, 10), _TENS, strict=True)}
_OF_TWO = {
    f"{ten}-{unit}": str(n + i)
    for n, ten in zip(range(20, 100, 10), _TENS, strict=True)
    for i, unit in enumerate(_UNITS[1:10], 1)
}
# One number: "four hundred and six", "12 thousand", "a dozen", "$200k". Of "the one hundred-year-
# old oak" there is one, and "half a thousand" is no thousand.
_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:-(?:{'|'.join(_UNITS[1:10])}))?|{'|'.join(_UNITS[1:])})"
_A = r"\b(?<!half )(?<!half-)(?<!quarter of )(?<!third of )a"
_MANY = rf"(?:{_A}|\b(?<!the )one|\b(?!one[ -]){_BELOW_100})"
_AND_SO_MANY = rf" and {_BELOW_100}(?![\w-]| (?:dozen|hundred|more|others?)\b)"
_HUNDRED = rf"[ -]hundred\b(?:{_AND_SO_MANY}| (?=[a-z]+ty\b){_BELOW_100}(?!\w))?"
_COMPOSED = (
    rf"(?:{_MANY}(?:{_HUNDRED})?|\b\d[\d,]*(?:\.\d+)?)[ -]thousand\b"
    rf"(?: {_BELOW_100}{_HUNDRED}|{_AND_SO_MANY})?"
    rf"|{_MANY}(?:{_HUNDRED}|[ -]dozen\b)|\bhalf(?: a |[ -])dozen\b"
    r"|\b\d[\d,]*(?:\.\d+)?k\b"
)
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "k": 1000}
_PART = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+")
_WORD = re.compile(
    rf"(?P<composed>{_COMPOSED})|(?P<a>{_A}(?= (?:[mb]|tr)illion(?![\w-])))"
    r"|\d+(?:[.,:]\d+)*"
    rf"|\b(?:{'|'.join(_TENS)})-(?:{'|'.join(_UNITS[1:10])})\b"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*|\w+",
    re.IGNORECASE,
)
# What is written in short by two letters, or in full with small ones; of more, the initials tell.
_SHORT = {
    "CEO": "chief executive",
    "EU": "European Union",
    "PM": "prime minister",
    "UN": "United Nations",
}
# A deputy is none, and "3 PM" is a time.
_IN_SHORT = {short: re.compile(rf"(?<!\d)(?<!\d )\b{short}s?\b") for short in _SHORT}
_IN_FULL = {
    short: re.compile(rf"(?<!assistant )(?<!deputy )(?<!vice )\b{full}s?\b", re.IGNORECASE)
    for short, full in _SHORT.items()
}
_ACRONYM = re.compile(r"\b[A-Z]{3,}\b")
_DOTTED = re.compile(r"\b(?:[A-Z]\.){2,}")
LEAST_INITIALS, MOST_INITIALS = 3, 6
# "World Health Organization", "Organization for Security and Trade".
_LONG_NAME = re.compile(
    r"(?<![\w’'-])[A-Z][\w’'-]*(?:(?: (?:and|for|in|of|on|the)){0,2} [A-Z][\w’'-]*){2,}"
)
# Words in a row that are written with a capital, in a pattern that minds letter case.
CAPITALISED = r"[A-Z][\w’'-]*(?: [A-Z][\w’'-]*)*"
_CALENDAR = frozenset(WEEKDAYS) | (frozenset(MONTHS) - {"may", "march"})
NEGATORS = frozenset(
    "no not none never nobody nothing neither nor without cannot denied deny denies".split()
)
DENIES = frozenset(("denied", "denies", "deny"))
# Words after a negator that it denies: of a claim, of a text that may say it in more words, and of
# one that somebody denied.
NEGATED_WITHIN, DENIED_WITHIN, DENIES_WITHIN = 3, 8, 20
_QUOTE_FOLD = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-"})
# Words that open a sentence of an answer with a capital, and name nothing.
OPENERS = NEGATORS | frozenset(
    "about according after all almost also although among another around because before besides "
    "both but by despite during each early every few fewer first following half however if instead "
    "last late later less many meanwhile more most much nearly now once one only other over "
    "overall people several since some still such there though together two under unlike until "
    "whatever whenever wherever whether whoever yes yet "
    # Whom a sentence may begin with, and name nobody.
    "activists analysts authorities campaigners children commuters companies councillors crews "
    "critics customers demonstrators detectives diplomats doctors drivers economists employees "
    "engineers experts families farmers firefighters firms fishermen investigators investors "
    "lawmakers lawyers locals men ministers neighbors neighbours nurses officials opponents "
    "parents passengers patients police politicians prosecutors protesters rebels relatives "
    "reports rescuers researchers residents scientists shareholders shoppers soldiers sources "
    "students supporters survivors teachers tourists troops unions victims villagers voters "
    "witnesses women workers "
    # What it may begin with, and be about no one.
    "costs demand exports imports inflation prices production profits rents revenue sales shares "
    "taxes turnout unemployment wages".split()
)
# Before a name, what its bearer is.
TITLES = frozenset(
    "mr mrs ms miss dr prof professor president minister governor senator mayor judge justice sir "
    "dame lord lady king queen prince princess captain colonel general sergeant inspector chief "
    "deputy secretary chancellor ambassador bishop pope sheikh".split()
)
_LY_NAMES = frozenset("billy emily italy kelly molly reilly sally sicily thessaly willy".split())
_ING = re.compile(r"\w*[aeiouy]\w*(?<![jqx])ing\Z", re.IGNORECASE)
_ING_NAMES = frozenset(
    "bering boeing browning corning cushing darjeeling darling dorking ewing fleming flushing "
    "golding harding hawking irving keating kettering kipling lansing liaoning manning nanning "
    "pershing pickering reading redding rowling sterling stirling viking woking worthing wyoming "
    "xining".split()
)
_ARTICLES = frozenset(("a", "an", "the"))
# Behind "plans", if it is what somebody does: "Harding plans to".
_OF_A_DEED = _ARTICLES | frozenset("her his its my our their to".split())
_NO_THING = frozenset(
    "again also can could did does later may might must never now often shall should soon still "
    "then today tomorrow will would".split()
)
_SMALL = re.compile(r" (?P<next>[a-z]+)(?![\w’'])(?: (?P<then>[a-z]+)\b)?")
# "Ursula von der Leyen", "William the Conqueror"; "Bank of England" is no such name.
_WITHIN_A_NAME = re.compile(
    r"-|[ ](?:(?:al|ben|bin|da|das|de|del|della|den|der|di|dos|du|el|ibn|la|le|the|van|von|y)[ ])*"
)
_QUOTED = re.compile(r"“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|\"([^\"\n]+)\"")
_DOUBLE_MARKS = frozenset('“”„«»"')
# Single marks, and where they no longer belong together. What opens stands before a word and after
# none ('tis and '90s are shortened words), what closes after something and before no letter.
_SINGLE = re.compile(
    r"(?P<opens>(?<![^\s(\[{“\"«—–/])[‘'](?=[\w“\"(\[$£€…])"
    r"(?!(?:\d\ds?|[dmnst]|ll|re|ve|em|til|tis|twas|cause)\b))"
    r"|(?P<closes>(?<=\S)['’](?!\w))|(?P<ends>[.!?](?=\s))|(?P<breaks>\n)",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"(?<=s)['’](?= \w)")  # "the ministers' talks", perhaps
# Forms that the stemmer keeps apart: "took" and "taken" are "take".
_VERBS = (
    "beat beaten, become became, begin began begun, break broke broken, bring brought, "
    "build built, buy bought, catch caught, choose chose chosen, come came, deal dealt, "
    "draw drew drawn, drive drove driven, eat ate eaten, fall fell fallen, feel felt, "
    "fight fought, find found, fly flew flown, forbid forbade forbidden, "
    "forget forgot forgotten, freeze froze frozen, get got gotten, give gave given, "
    "go went gone, grow grew grown, hear heard, hide hid hidden, hold held, keep kept, "
    "know knew known, lead led, lend lent, lose lost, make made, mean meant, meet met, "
    "pay paid, ride rode ridden, ring rang rung, rise rose risen, run ran, say said, "
    "see saw seen, seek sought, sell sold, send sent, shake shook shaken, shoot shot, "
    "sink sank sunk, sleep slept, speak spoke spoken, spend spent, stand stood, "
    "steal stole stolen, strike struck, swear swore sworn, swim swam swum, "
    "take took taken, teach taught, tell told, think thought, throw threw thrown, "
    "understand understood, wear wore worn, win won, withdraw withdrew withdrawn, "
    "write wrote written"
)
IRREGULAR = {form: verb for verb, *forms in map(str.split, _VERBS.split(", ")) for form in forms}


TEXTS = 2048  # whose words are kept: the sentences that a dozen questions are held against


class _Stemmers(threading.local):
    """One for each thread: a stemmer keeps the word that it works on in itself."""

    def __init__(self) -> None:
        self.english = snowballstemmer.stemmer("english")


_stemmers = _Stemmers()


# The British way and the American, so that no other form of a word gets another stem: "revised" is
# of a revision, "defensive" of a defense. "Killed" is of "kill".
_SPELLINGS = (
    (re.compile(r"(?<=\w{2}[bt])re(?=s?\Z)"), "er"),
    (re.compile(r"(?<=\w{2})our(?=(?:s|ed|ing|able|ites?|fully?|ers?|hoods?)?\Z)"), "or"),
    (
        re.compile(
            r"(?<=\w{3})(?<!v)(?<!advert)(?<!conc)(?<!prec)is"
            r"(?=(?:e[sd]?|ing(?:ly)?|ation(?:s|al|ally)?|ers?)\Z)"
        ),
        "iz",
    ),
    (re.compile(r"(?<=\A(?:def|off|lic)e)nce(?=s?\Z)"), "nse"),
)
_DOUBLED = re.compile(r"(?<=\w{2}l)l(?=(?:ed|ing|ers?)\Z)")


def _spelt(word: str) -> str:
    """One form of what is written in the British way or the American."""
    for other, ours in _SPELLINGS:
        word = other.sub(ours, word)
    return word


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    return str(_stemmers.english.stemWord(_spelt(IRREGULAR.get(word, word))))


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it stands, where it stands, and its folded stem (numbers as digits)."""

    text: str
    start: int
    stem: str

    @property
    def is_number(self) -> bool:
        return self.stem[:1].isdigit()


@kept(TEXTS)
def words(text: str) -> tuple[Word, ...]:
    found = []
    for match in _WORD.finditer(text):
        folded = unicodedata.normalize("NFKD", match[0]).casefold()
        folded = "".join(c for c in folded if not unicodedata.combining(c)).replace("’", "'")
        folded = folded.removesuffix("'s").removesuffix("'")
        if match["composed"] or match["a"]:
            stem = _composed(folded)
        elif folded[:1].isdigit():
            stem = folded.replace(",", "") if re.fullmatch(r"[\d,]+(\.\d+)?", folded) else folded
            stem = _CLOCK.sub(r"\1.\2", stem)
        else:
            stem = NUMBERS.get(folded) or _OF_TWO.get(folded) or _stem(folded)
            if folded == "one" and _ONE_OF_MANY.search(text, 0, match.end()):
                stem = folded
        found.append(Word(match[0], match.start(), stem))
    return tuple(found)


def _composed(number: str) -> str:
    """The digits of "four hundred and six"; of "a", 1."""
    total = part = 0.0
    for word in _PART.findall(number):
        if word in _SCALES:
            part *= _SCALES[word]
            if word in ("thousand", "k"):
                total, part = total + part, 0
        elif word == "half":
            part = 0.5
        elif word == "a":
            part = part or 1
        elif word in NUMBERS or word[0].isdigit():
            part += float(NUMBERS.get(word, word).replace(",", ""))
    return f"{total + part:.10g}"


@kept(TEXTS)
def stems(text: str) -> frozenset[str]:
    return frozenset(word.stem for word in words(text))


def is_content(word: Word) -> bool:
    return word.text.casefold() not in STOP_WORDS and word.stem not in ("s", "t")


@kept(TEXTS)
def names(text: str, *, common: frozenset[str] = frozenset()) -> tuple[Word, ...]:
    """Words written with a capital that name something, calendar words and numbers apart.

    The first word of a sentence counts only where `common`, the words that stand in the articles
    in lower case, does not hold it.
    """
    sequence = words(text)
    starts = [span.start for span in sentence_spans(text)]
    opening = {next((w for w in sequence if w.start >= start), None) for start in starts}
    doing = {w for w in opening if w and _is_doing(text, w)}
    return tuple(
        word
        for word in sequence
        if word.text[0].isupper()
        and is_content(word)
        and word.stem not in CALENDAR_STEMS
        and not word.is_number
        and not (word in opening and (word in doing or _opens(word.text.casefold(), common)))
    )


def _opens(word: str, common: frozenset[str]) -> bool:
    return (
        word in common
        or word in OPENERS
        or (word.endswith("ly") and word not in _LY_NAMES)
        or word.endswith(("tion", "tions"))
    )


def _is_doing(text: str, word: Word) -> bool:
    """Whether a sentence that begins so begins with a deed, "Winning the cup", "Polling stations";
    who or what has a name does something: "Harding said".
    """
    if not _ING.match(word.text) or word.text.casefold() in _ING_NAMES:
        return False
    on = _SMALL.match(text, word.start + len(word.text))
    if on is None or on["next"] in _ARTICLES:
        return on is not None
    behind = words(on["next"])[0]
    return not (
        not is_content(behind)
        or behind.text in _NO_THING
        or behind.text.endswith(("ed", "ly"))
        or behind.stem in _VERB_STEMS
        or (behind.text.endswith("s") and on["then"] in _OF_A_DEED)
    )


CALENDAR_STEMS = frozenset(_stem(word) for word in _CALENDAR)
_VERB_STEMS = frozenset(_stem(verb) for verb in IRREGULAR.values())


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


@kept(TEXTS)
def in_other_form(text: str, known: str) -> frozenset[str]:
    """Stems of the names that `text` has in short, "WHO", and `known` in full, or the other way."""
    known = _DOTTED.sub(lambda match: match[0].replace(".", ""), known)
    found: set[str] = set()
    for short, full in _SHORT.items():
        if _IN_FULL[short].search(known):
            found |= stems(short)
        if _IN_SHORT[short].search(known):
            found |= stems(f"{short} {full}")
    there = {*_ACRONYM.findall(known)}
    theirs = there.union(initials for initials, _ in _initials(known))
    found = found.union(*(stems(m[0]) for m in _ACRONYM.finditer(text) if m[0] in theirs))
    found = found.union(*(name for initials, name in _initials(text) if initials in there))
    return frozenset(found)


def _initials(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Of each few words of a name that follow one another, their initials and stems."""
    for match in _LONG_NAME.finditer(text):
        name = [w for w in words(match[0]) if w.text[0].isupper()]
        for start in range(len(name)):
            for end in range(start + LEAST_INITIALS, start + MOST_INITIALS + 1):
                part = name[start:end]
                yield "".join(w.text[0] for w in part), frozenset(w.stem for w in part)


def quoted(text: str) -> list[str]:
    """The quotations of a text, without the punctuation at their ends."""
    return [span.of(text).strip(" .,;:!?") for span in quotations(text)]


def unquoted(text: str) -> str:
    """Without what is quoted, whose "we" and "it" are the speaker's."""
    for span in reversed(quotations(text)):
        text = text[: span.start] + text[span.end :]
    return text


def quotations(text: str) -> list[Span]:
    """What stands between quotation marks, without the comma or stop that belongs to the text.

    Of one within another only the outer counts. An apostrophe is no mark.
    """
    double = [m.span(m.lastindex or 0) for m in _QUOTED.finditer(text)]
    found: list[Span] = []
    last = 0
    for start, end in sorted([*double, *_singly_quoted(text)], key=lambda s: (s[0], -s[1])):
        if start < last:
            continue
        last = end
        start += len(text[start:end]) - len(text[start:end].lstrip())
        end = start + len(text[start:end].rstrip(" \n.,"))
        if start < end:
            found.append(Span(start, end))
    return found


def _singly_quoted(text: str) -> Iterator[tuple[int, int]]:
    """Between ‘ and ’, or two straight ones, of one line. What may be a possessive ("ministers'")
    closes only in the sentence that was opened in, and where nothing else does in it.
    """
    start: int | None = None
    perhaps: int | None = None
    closing, ended = "", False
    for match in _SINGLE.finditer(f"{text}\n"):
        if match["closes"]:
            if start is None or match["closes"] != closing:
                continue
            if _POSSESSIVE.match(text, match.start()):
                perhaps = perhaps or (None if ended else match.start())
                continue
            yield start, match.start()
            start = perhaps = None
            continue
        if start is not None and perhaps is not None:
            yield start, perhaps
            start = perhaps = None
        if match["opens"]:
            start, closing = match.end(), "’" if match["opens"] == "‘" else "'"
        elif match["breaks"]:
            start = None
        ended = bool(match["ends"])


def without_stray_marks(text: str) -> str:
    """Without the double quotation marks whose other half stands in another sentence; 5" of pipe
    stays.
    """
    kept = {at for m in _QUOTED.finditer(text) for at in (m.start(), m.end() - 1)}
    kept |= {m.end() - 1 for m in re.finditer(r"\d\"", text)}
    return "".join(c for i, c in enumerate(text) if c not in _DOUBLE_MARKS or i in kept)


def with_spelling(text: str, source: str) -> str:
    """The text with "metres" and "organised" where the source writes them so, or the other way."""
    theirs = {_undoubled(w.text): w.text for w in words(source) if w.text.islower()}
    there = {w.text for w in words(source)}
    for word in reversed(words(text)):
        other = theirs.get(_undoubled(word.text))
        if other and word.text.islower() and word.text not in there:
            text = f"{text[: word.start]}{other}{text[word.start + len(word.text) :]}"
    return text


def _undoubled(word: str) -> str:
    """The same, "traveled" for "travelled" too."""
    return _DOUBLED.sub("", _spelt(word))


def fold(text: str) -> str:
    return " ".join(text.translate(_QUOTE_FOLD).casefold().split())


def negated(
    text: str,
    negators: frozenset[str] = NEGATORS,
    within: int = NEGATED_WITHIN,
    back: int = 0,
) -> frozenset[str]:
    """Content words that a negator stands before, at most so many words away; `back` behind it."""
    return frozenset().union(*denials(text, negators, within, back))


def denials(
    text: str,
    negators: frozenset[str] = NEGATORS,
    within: int = NEGATED_WITHIN,
    back: int = 0,
) -> Iterator[frozenset[str]]:
    """The same of each negator."""
    sequence = words(text)
    for i, word in enumerate(sequence):
        folded = word.text.casefold().replace("’", "'")
        if folded in negators or folded.endswith("n't"):
            around = sequence[max(0, i - back) : i] + sequence[i + 1 : i + 1 + within]
            yield frozenset(w.stem for w in around if is_content(w))


def negates(text: str) -> bool:
    return any(
        (folded := w.text.casefold().replace("’", "'")) in NEGATORS or folded.endswith("n't")
        for w in words(text)
    )
