"""Dates: which days a text speaks of.

English only, by rules. What words leave open stays open: such a date has several readings, and
nothing is worked out from it. This module knows nothing of articles, models or HTTP.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

from service.kept import kept

MONTHS = (
    "january february march april may june july august september october november december"
).split()
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
# A day without a year is the nearest one, whatever the tense, if it is this many days off at most.
NEAR_DAYS = 120
# Characters about a date where its verb is looked for.
REACH = 300

_NUMBERS = {
    word: n
    for n, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen twenty".split(),
        1,
    )
} | {"a": 1, "an": 1, "thirty": 30, "forty": 40, "fifty": 50}
_WEEKDAY_NUMBER = {name[:3]: n for n, name in enumerate(WEEKDAYS)}
_MONTH_NUMBER = {name: n for n, name in enumerate(MONTHS, 1)}
_MONTH_NUMBER |= {name[:3]: n for name, n in _MONTH_NUMBER.items()} | {"sept": 9}
# Names of people, and words, as well as months.
_NAMESAKES = frozenset("april may march june august".split())


class Window(NamedTuple):
    """The days that words may mean, both ends included, and their ISO 8601 value."""

    first: date
    last: date
    value: str

    def holds(self, other: "Window") -> bool:
        return self.first <= other.first and other.last <= self.last

    def meets(self, other: "Window") -> bool:
        return self.first <= other.last and other.first <= self.last

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Mention:
    """A date as a text has it. Several readings: the words leave it open; none: it can't be told.

    `anchored`: told only with the article's own date. `yearless`: its first and last day and month.
    `span`: the days from one end of a range to the other, beside mentions of the ends.
    """

    text: str
    start: int
    readings: tuple[Window, ...]
    anchored: bool
    yearless: tuple[tuple[int, int], tuple[int, int]] | None = None
    span: bool = False

    @cached_property
    def key(self) -> str:
        """Its words, folded, with a blank at both ends."""
        found = re.findall(r"\w+", self.text.lower())
        folded = [str(_NUMBERS.get(word, word)) for word in found if word not in ("the", "of")]
        return f" {' '.join(folded)} "


# Tense

# With the verb that a "will" governs: a participle of its own would look like a past tense.
_VERB = r"(?:\s+(?:not|also|be|been|have|only|soon|likely|\w+ly))*\s+\w+"
_PLANNED = (
    r"(?:due|set|scheduled|expected|forecast|planned|slated|poised|supposed|meant|about|likely)"
)
_MARKER = re.compile(
    rf"""(?P<future>
        \b(?:will|shall|won['’]t){_VERB} | (?<=\w)['’]ll{_VERB}
        | \b(?:is|are|am)\s+(?:\w+ly\s+|also\s+|now\s+)?(?:going|{_PLANNED})\b(?:\s+to{_VERB})?
        | \b(?:is|are)\s+to{_VERB} | \b(?:is|are)\s+\w+ing\b
        | \b(?:plans?|hopes?|intends?|aims?|expects?)\s+to{_VERB}
        | (?<!was\ )(?<!were\ )(?<!been\ )\b{_PLANNED}\s+(?:for|on|in)\b
        | \b(?:starts|begins|opens|ends|expires|takes\ (?:place|effect|office)|comes\ into)\b
        | (?<!to\ )\b(?:resumes?|reopens?)\b
    )|(?P<unsure>
        \b(?:would|could(?!n['’]t|\s+not\b)|should|may|might|must|can){_VERB} | \bbe\s+\w+
        | \b(?:was|were|been)\s+(?:\w+ly\s+)?
            (?:{_PLANNED}\b(?:\s+(?:to{_VERB}|for|on|in))?|to{_VERB})
        | \b(?:plan|agre|vow|promis|hop|intend|want|decid|ask|order|urg|expect|schedul|pledg
            |threaten|invit|propos|call)n?ed\s+(?:\w+\s+){{0,3}}?(?:to|for){_VERB}
        | \btold\s+(?:\w+\s+){{1,3}}?to{_VERB}
    )|(?P<past>
        \bcould(?:n['’]t|\s+not){_VERB}
        | \b(?:was|were|had|did|has|have|said|told|made|took|came|went|gave|found|met|won|lost|left
            |held|began|became|fell|rose|grew|hit|cut|put|set|shot|struck|broke|brought|bought|sold|sent
            |spoke|wrote|led|saw|got|ran|kept|paid|read|stood|sat|thought|felt|knew|beat|built|caught
            |chose|drew|drove|fled|flew|fought|forgot|froze|hid|hurt|laid|lay|lit|quit|rode|sank|shook
            |slid|sought|spent|split|spread|stole|swore|taught|threw|wore|withdrew|arose|woke|sued
            |overtook|undertook|underwent|arrested)\b
        | \b\w{{2,}}ed\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE = re.compile(r"[.!?][\"”’')]*\s+(?=[\"“‘'(]?[A-Z])")
_CLAUSE = re.compile(
    r"[,;:()“”\"—]|\s[-–]\s|\b(?:that|which|who|when|while|but|because|although|if)\b",
    re.IGNORECASE,
)
_OPEN_ENDED = re.compile(r"\b(?:until|till)\s+(?:the\s+|late\s+|early\s+)?$", re.IGNORECASE)
# "Put off until Friday", "will stay shut until Friday": to what is to come, unless it is told what
# happened then.
_PUT_OFF = re.compile(
    r"\b(?:suspend|postpon|adjourn|defer|delay)(?:s|ed|es|ing)?\b[^.;:]{0,60}\b(?:to|until|till)\s+$"
    r"|\b(?:will|shall|won['’]t)\b[^.;:]{0,60}\b(?:until|till)\s+$",
    re.IGNORECASE,
)
_WHEN_IT_WAS = re.compile(r"\s*,?\s+when\b", re.IGNORECASE)

# "The commission said on Monday", "the commission on Monday said": when it was told, not when what
# it tells of was.
_TELLS = r"(?:said|says|told|tells|announced|reported|confirmed|added|stated|declared|wrote)"
_TOLD_BEFORE = re.compile(
    rf"\b{_TELLS}\b(?:\s+(?:reporters|journalists|parliament|us|late|early|later|also|here))*"
    r"(?:\s+in\s+an?\s+(?:\w+\s+){0,2}\w+)?,?(?:\s+(?:on|in|at))?(?:\s+the)?\s+$",
    re.IGNORECASE,
)
_TOLD_AFTER = re.compile(
    rf"\s+(?:(?:morning|afternoon|evening|night|that)\s+)?{_TELLS}\b", re.IGNORECASE
)


class _Place:
    """Where a date stands, and the article's date."""

    def __init__(
        self, text: str, start: int, end: int, today: date | None, found: list[Mention]
    ) -> None:
        self.today, self._found = today, found
        self.before, self.after = text[max(0, start - REACH) : start], text[end : end + REACH]
        self._text, self._start = text, start

    @property
    def last(self) -> Mention | None:
        """The date before it."""
        return self._found[-1] if self._found else None

    @property
    def is_quoted(self) -> bool:
        text, start = self._text, self._start
        opened = text.count("“", 0, start) > text.count("”", 0, start)
        return opened or text.count('"', 0, start) % 2 == 1

    @cached_property
    def tense(self) -> str | None:
        """ "past", "future", "unsure" or None, by the nearest verb: of the clause, before the date
        rather than after it, then of the sentence.
        """
        before, after = self.before, self.after
        if _PUT_OFF.search(before) and not _WHEN_IT_WAS.match(after):
            return "future"
        if _OPEN_ENDED.search(before):
            return "unsure"
        for match in _SENTENCE.finditer(before):
            # "Nov. 26" and "Mr. Holm" end no sentence; nor does any other short word.
            if len(before[: match.start()].rsplit(None, 1)[-1]) > 4:
                before = self.before[match.end() :]
        if found := _SENTENCE.search(after):
            after = after[: found.start()]
        near = before[max((m.end() for m in _CLAUSE.finditer(before)), default=0) :]
        found = _CLAUSE.search(after)
        for part, last in (
            (near, True),
            (after[: found.start()] if found else after, False),
            (before, True),
            (after, False),
        ):
            if verbs := [m.lastgroup for m in _MARKER.finditer(part)]:
                return verbs[-1 if last else 0]
        return None


# Windows


def _iso(first: date, last: date) -> str:
    """The shortest ISO 8601 value: a day, month or year, or an interval of such."""
    if first == last:
        return first.isoformat()
    if first.day == 1 and last.day == monthrange(last.year, last.month)[1]:
        if first.month == 1 and last.month == 12:
            ends = [f"{first.year:04}", f"{last.year:04}"]
        else:
            ends = [f"{day.year:04}-{day.month:02}" for day in (first, last)]
    else:
        ends = [first.isoformat(), last.isoformat()]
    return ends[0] if ends[0] == ends[1] else "/".join(ends)


def _window(first: date, last: date) -> Window:
    return Window(first, last, _iso(first, last))


def _month_number(name: str) -> int:
    return _MONTH_NUMBER[name.rstrip(".").lower()]


def _on(day: date) -> Window:
    return _window(day, day)


def _months(year: int, first: int, count: int = 1) -> Window:
    """`count` months from the `first` of a year on, which may be any integer."""
    start, end = 12 * year + first - 1, 12 * year + first + count - 2
    last = date(end // 12, end % 12 + 1, monthrange(end // 12, end % 12 + 1)[1])
    return _window(date(start // 12, start % 12 + 1, 1), last)


def _year(year: int, last: int | None = None) -> Window:
    return _window(date(year, 1, 1), date(last or year, 12, 31))


_PARTS = {"beginning": "start", "middle": "mid"}


def _part(words: str | None) -> str:
    """ "early", "mid", "late", "start", "end", "earlier" or "later" of what such words are."""
    found = re.search(r"earlier|later|early|mid|late|start|beginning|end", (words or "").lower())
    return _PARTS.get(found[0], found[0]) if found else ""


def _of_month(month: Window, part: str) -> Window:
    """A part of a month: which days, nobody says exactly, so the parts overlap."""
    first, last = {
        "early": (1, 11),
        "start": (1, 11),
        "mid": (10, 21),
        "late": (20, 31),
        "end": (20, 31),
    }.get(part, (1, 31))
    return Window(
        month.first.replace(day=first),
        month.first.replace(day=min(last, month.last.day)),
        month.value,
    )


def _of_year(year: int, part: str) -> Window:
    first, count = {
        "early": (1, 4),
        "start": (1, 3),
        "mid": (5, 4),
        "late": (9, 4),
        "end": (10, 3),
    }.get(part, (1, 12))
    return _months(year, first, count)._replace(value=f"{year:04}")


def _by_tense(place: _Place, earlier: Window, later: Window) -> tuple[Window, ...]:
    """One of the two by the tense, or both."""
    tense = place.tense
    if tense == "past" or earlier == later:
        return (earlier,)
    return (later,) if tense == "future" else (earlier, later)


# What is read. Each form is a pattern and the function that says what it means; where several fit
# at one place, the first is taken.

_FULL = "|".join(
    form
    for name in MONTHS
    for form in (name.title(), name.upper(), *([] if name in ("may", "march") else [name]))
)
_SHORT = "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec"
_MONTH = rf"(?-i:(?P<month>(?:{_FULL})\b|(?:{_SHORT})\b\.?))"
_FOUR = r"(?:1[5-9]|20)\d\d"
_YEAR = rf"(?:,?\s+(?:of\s+)?(?P<year>{_FOUR}(?![\w%]|[.,]\d)|(?:last|this|next)\s+year\b))?"
_ORD = r"(?:st|nd|rd|th)?"
_1_TO_31 = r"(?:3[01]|[12]\d|0?[1-9])(?!\d)"
_DAY = rf"(?P<day>{_1_TO_31}){_ORD}"
_DAY2 = rf"(?P<day2>{_1_TO_31}){_ORD}"
_WEEKDAY = "|".join(WEEKDAYS)
_WEEKDAY_NAMES = "|".join(name.title() for name in WEEKDAYS)
_SHORT_WEEKDAY = "Mon|Tues?|Wed|Thurs?|Thu|Fri|Sat|Sun"
_ON = rf"(?:(?P<weekday>(?:{_WEEKDAY})\b|(?-i:(?:{_SHORT_WEEKDAY})\b\.?)),?\s+)?"
_TO = r"\s*(?:-|–|—|\bto\b|\buntil\b|\btill\b|\bthrough\b)\s*(?:the\s+)?"
_AND = r"\s*(?P<both>\band\b|&)\s*(?:the\s+)?"
_PART = (
    r"(?:(?P<part>early|mid|late|(?:the\s+)?(?:start|beginning|middle|end)\s+of)"
    r"(?:\s+in\b)?[\s-]+)?"
)
_NO_DAY = (
    r"(?!\d|[.,:]\d|\s*(?:%|per\s?cent|percent|million|billion|people|a\.?m\b|p\.?m\b|o['’]clock"
    r"|times|years|days|others|more)|[-–]\w)"
)
_COUNTED = (
    r"(?!\s+(?:people|persons|men|women|children|votes|voters|cases|jobs|homes|houses|miles|metres"
    r"|meters|feet|km|kg|kilometres|kilometers|tonnes|tons|dollars|pounds|euros|crowns|points|deaths"
    r"|soldiers|troops|students|members|workers|seats|acres|hectares|years|days|hours|hrs|minutes"
    r"|times|per|percent|million|billion|units|cars|vehicles|flights|passengers|residents|patients"
    r"|refugees|migrants|megawatts|mw|bc|bce|gmt|utc|bst|cet|est|edt|local)\b)"
)
_N = rf"(?P<n>\d{{1,3}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_UNIT = r"(?P<unit>day|week|fortnight|month|year|decade)"
_ABOUT = (
    r"(?:(?P<about>about|around|nearly|almost|roughly|some|over|under|just|approximately"
    r"|(?:more|less)\s+than|at\s+least)\s+)?"
)

_ANY_YEAR = rf"(?P<year>{_FOUR}(?![\w%]|[.,]\d)|(?:last|this|next)\s+year\b)"

_STARTS = (
    f"{_WEEKDAY} {_SHORT_WEEKDAY} {_FULL} {_SHORT} {' '.join(_NUMBERS)}".replace("|", " ")
    + " every each any first second third fourth last next final this past coming fiscal financial"
    " week month year decade weekend early earlier late later mid start beginning middle end the at"
    " today tonight yesterday tomorrow over during on in by until till since from before after"
    " between about around nearly almost roughly some under just approximately more less"
    " black good ash bloody super palm easter maundy cyber giving shrove sheffield whit manic man"
    r" freaky holy fat usa spy [qh][1-4]"
)

# What a form says of a match: its dates, none where it is no date after all. May raise ValueError
# or OverflowError: a day that no calendar has.
Form = Callable[[re.Match[str], _Place], Iterator[Mention]]
_FORMS: list[tuple[re.Pattern[str], Form]] = []


def _form(*patterns: str) -> Callable[[Form], Form]:
    def keep(read: Form) -> Form:
        _FORMS.extend((re.compile(pattern, re.IGNORECASE), read) for pattern in patterns)
        return read

    return keep


def _told(match: re.Match[str], *readings: Window, anchored: bool = True) -> Mention:
    group = "what" if "what" in match.re.groupindex else 0
    return Mention(match[group], match.start(group), readings, anchored)


def _given_year(slot: str | None, today: date | None) -> int | None:
    """Raises ValueError where it is one in relation to a date that nobody knows."""
    if slot is None or slot.isdigit():
        return int(slot) if slot else None
    return _known(today).year + _step(slot.split()[0])


def _is_anchored(slot: str | None) -> bool:
    return slot is None or not slot.isdigit()


def _known(today: date | None) -> date:
    if today is None:
        raise ValueError("the article has no date")
    return today


def _step(word: str) -> int:
    return {"last": -1, "past": -1, "next": 1, "coming": 1}.get(word.lower(), 0)


@_form(
    rf"\b(?:fiscal|financial)\s+(?:year\s+)?(?:of\s+)?{_FOUR}(?:[-–/]\d\d)?\b",
    rf"\b(?:{_WEEKDAY})\s+week\b|\b(?:every|each|any|a|one)\s+(?:{_WEEKDAY})\b",
    r"\b(?:the\s+(?:last|past|next|coming)|this\s+past)\s+(?:week|month|year|decade)\b"
    r"(?!\s+(?:of|in)\b)",
    r"\b(?:week|month|year|decade|weekend)\s+(?:before|after)\s+(?:last|next)\b",
)
def _vague(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    """What can't be told, and would be taken for something else: "the last year", "fiscal 2024"."""
    yield _told(match, anchored=False)


@_form(
    r"(?-i:\b(?:Black|Good|Ash|Bloody|Super|Palm|Easter|Maundy|Cyber|Giving|Shrove|Sheffield|Whit"
    rf"|Manic|Man|Freaky|Holy|Fat|USA|Spy)\s+(?:{_WEEKDAY_NAMES}|Today|TODAY)\b)",
    rf"(?-i:\b(?:{_WEEKDAY_NAMES})\s+(?:Times|Telegraph|Mirror|Mail|Express|Post|Herald|Night|World"
    r"|Star|People|Business|Tribune|Independent|Magazine|Observer|Review|Club|Mass|School)\b)",
    r"\b24/7\b|\b9/11\b",
    # The event that it is counted from is not known.
    r"\b(?:last|first|next|final)\s+(?:week|month|year|day|weekend)\s+(?:of|in)\b",
)
def _name(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    """What has a date's words, and is a name."""
    yield from ()


@_form(r"(?<![\w.-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d|-\d)")
def _iso_day(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    year, month, day = (int(match[name]) for name in ("year", "month", "day"))
    whole = (month, day)
    yield replace(
        _told(match, _on(date(year, month, day)), anchored=False), yearless=(whole, whole)
    )


@_form(r"(?<![\w./-])(\d{1,2})(?P<by>[./-])(\d{1,2})(?P=by)((?:19|20)\d\d)(?![\w/]|\.\d)")
def _numeric_day(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    """ "26.11.2024" and "11/26/2024"; "5/6/2024" is in May or in June."""
    a, b, year = int(match[1]), int(match[3]), int(match[4])
    found = {
        _on(date(year, month, day))
        for day, month in ((a, b), (b, a))
        if 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]
    }
    yield _told(match, *sorted(found), anchored=False)


@_form(
    rf"\b{_ON}(?:the\s+)?(?<![\d.,:/£$€-]){_DAY}(?:{_AND}|{_TO}){_DAY2}(?:\s+of)?\s+{_MONTH}{_YEAR}",
    rf"\b{_ON}(?:the\s+)?(?<![\d.,:/£$€-]){_DAY}(?:\s+of)?\s+{_MONTH}{_YEAR}",
    rf"\b{_ON}{_MONTH}\s+(?:the\s+)?{_DAY}{_TO}{_DAY2}{_NO_DAY}"
    rf"(?!\s+(?:of\s+)?(?:(?-i:{_FULL})|(?-i:{_SHORT})\b)){_YEAR}",
    # Only where nothing else can follow: "on November 26 and 30 people ..."
    rf"\b{_ON}{_MONTH}\s+(?:the\s+)?{_DAY}{_AND}{_DAY2}(?=,?\s+{_FOUR}|[.,;:)]|$){_YEAR}",
    rf"\b{_ON}{_MONTH}\s+(?:the\s+)?{_DAY}{_NO_DAY}{_YEAR}",
)
def _days_of_month(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    """A day, or the ends of a range and what lies between."""
    groups = match.groupdict()
    month, slot = _month_number(match["month"]), match["year"]
    days = sorted({int(match["day"]), int(groups.get("day2") or match["day"])})
    weekday = _WEEKDAY_NUMBER[match["weekday"][:3].lower()] if match["weekday"] else None
    year = _given_year(slot, place.today)
    if year is not None:
        starts: tuple[date, ...] = (date(year, month, days[0]),)
    else:
        date(2024, month, days[-1])  # of a leap year
        starts = _nearest(place, month, days[0], weekday) if place.today else ()
    # A weekday that is not that day's: the words contradict themselves.
    starts = tuple(day for day in starts if weekday in (None, day.weekday()))
    anchored = _is_anchored(slot)
    for day in days:
        readings = [_on(start.replace(day=day)) for start in starts]
        yield replace(
            _told(match, *readings, anchored=anchored), yearless=((month, day), (month, day))
        )
    both = groups.get("both") and not re.search(r"\bbetween\s+(?:the\s+)?$", place.before)
    if len(days) == 2 and not both:
        readings = [_window(start, start.replace(day=days[1])) for start in starts]
        yield replace(_told(match, *readings, anchored=anchored), span=True)


def _nearest(place: _Place, month: int, day: int, weekday: int | None) -> tuple[date, ...]:
    """What a day without a year may be."""
    today = _known(place.today)
    # Leap days are eight years apart at most.
    years = range(max(1, today.year - 8), min(9999, today.year + 8) + 1)
    days = [date(year, month, day) for year in years if day <= monthrange(year, month)[1]]
    days = [found for found in days if weekday in (None, found.weekday())]
    if near := [found for found in days if abs((found - today).days) <= NEAR_DAYS]:
        return tuple(near)
    earlier = [_on(found) for found in days if found <= today][-1:]
    later = [_on(found) for found in days if found >= today][:1]
    if not (earlier and later):
        return ()
    return tuple(window.first for window in _by_tense(place, earlier[0], later[0]))


@_form(
    rf"\b(?:the\s+)?(?P<which>first|second|third|fourth|last|final|1st|2nd|3rd|4th)[\s-]+"
    rf"(?P<unit>quarter|half|(?:three|six|nine)\s+months)\s+(?:of|in)\s+{_ANY_YEAR}",
    rf"\b(?-i:(?P<unit>[QH]))(?P<which>[1-4])[\s,/-]*(?:of\s+)?{_ANY_YEAR}",
)
def _part_of_year(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    """A quarter, a half, or the first or last months of a year."""
    unit, which = match["unit"].lower().split()[0], match["which"].lower()
    count = {"quarter": 3, "q": 3, "half": 6, "h": 6, "three": 3, "six": 6, "nine": 9}[unit]
    orders = ["first", "second", "third", "fourth"]
    # The last of them is counted from the year's end.
    order = int(which[0]) - 1 if which[0].isdigit() else -1
    if which in orders:
        order = orders.index(which)
    first = 13 - count if order < 0 else 1 + order * count
    if first + count > 13:
        raise ValueError(match[0])
    year = _given_year(match["year"], place.today)
    assert year is not None
    yield _told(match, _months(year, first, count), anchored=_is_anchored(match["year"]))


@_form(
    rf"\b{_PART}(?:(?P<rel>last|past|this|next|coming)\s+)?{_MONTH}(?!\s*\d{{1,2}}\b(?![\d,.]*\d)){_YEAR}"
)
def _month_of_year(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    name, slot, rel = match["month"], match["year"], match["rel"]
    if not (slot or rel or match["part"]) and not _names_month(name, place):
        return
    number, part, today = _month_number(name), _part(match["part"]), place.today
    year = _given_year(slot, today)
    months: tuple[Window, ...]
    if year is not None:
        months = (_months(year, number),)
    elif today is None:
        months = ()
    else:
        earlier = _months(today.year - (number > today.month), number)
        later = _months(today.year + (number < today.month), number)
        before = _months(today.year - (number >= today.month), number)
        after = _months(today.year + (number <= today.month), number)
        months = {
            # Said in December, "last November" may be a month or thirteen months ago.
            "last": (before, _months(before.first.year - 1, number))[
                : 1 + (before.first.year == today.year)
            ],
            "next": (after, _months(after.first.year + 1, number))[
                : 1 + (after.first.year == today.year)
            ],
            "this": (_months(today.year, number),),
            "past": (before,),
            "coming": (after,),
        }.get((rel or "").lower()) or _by_tense(place, earlier, later)
    windows = [_of_month(month, part) for month in months]
    leap = _of_month(_months(2024, number), part)
    ends = ((number, leap.first.day), (number, leap.last.day))
    yield replace(_told(match, *windows, anchored=_is_anchored(slot)), yearless=ends)


def _names_month(name: str, place: _Place) -> bool:
    """Whether a month's name alone is the month: not "Nov", "August Wilson", "May said"."""
    folded = name.lower()
    if name[0].islower() or folded not in MONTHS:
        return False
    before = place.before.split()[-1:] or [""]
    if _RANGE_AFTER.match(place.after) or _RANGE_BEFORE.search(place.before):
        return True
    if before[0].lower() in ("in", "since", "until", "till", "during", "throughout"):
        return True
    if folded in _NAMESAKES:
        return before[0].lower() == "by" and not re.match(r"\s*\w|['’]", place.after)
    named = re.match(r"\s+[A-Z][a-z]", place.after) or before[0][:1].isupper()
    return not (named and before[0].lower() not in ("", "the", "on", "of", "by", "from", "to"))


_RANGE_AFTER = re.compile(rf"\s*(?:-|–|—|\bto\b|\band\b|\buntil\b)\s*(?-i:{_FULL})\b")
_RANGE_BEFORE = re.compile(rf"\b(?-i:{_FULL})\s*(?:-|–|—|\bto\b|\band\b|\buntil\b)\s*$")


@_form(
    rf"\b(?:the\s+)?{_PART}(?:the\s+)?(?P<decade>(?:1[5-9]|20)\d0)['’]?s\b",
    rf"(?<!\w)(?:the\s+)?{_PART}(?:the\s+)?['’](?P<decade>[3-9]0)s\b",
)
def _decade(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    year = int(match["decade"]) + (1900 if len(match["decade"]) == 2 else 0)
    first, last = {
        "early": (0, 3),
        "start": (0, 3),
        "mid": (3, 7),
        "late": (6, 9),
        "end": (6, 9),
    }.get(_part(match["part"]), (0, 9))
    window = _window(date(year + first, 1, 1), date(year + last, 12, 31))
    yield _told(match, window._replace(value=f"{year}/{year + 9}"), anchored=False)


@_form(rf"\b{_ABOUT}(?P<what>{_N}\s+{_UNIT}s?\s+(?P<way>ago|from\s+now|earlier|later))\b")
def _shifted(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    """ "Two weeks ago"; "three years earlier" only where another date stands before it."""
    way = match["way"].lower()
    sign = -1 if way in ("ago", "earlier") else 1
    if way in ("earlier", "later"):
        base = place.last
        if base is None or len(base.readings) != 1:
            yield _told(match)
            return
        window = base.readings[0]
    else:
        window = _on(_known(place.today))
    shifted = _shift(window, sign, match["n"], match["unit"].lower(), bool(match["about"]))
    yield _told(match, *([shifted] if shifted else []))


@_form(rf"\bin\s+(?P<what>{_ABOUT}{_N}\s+{_UNIT}s?(?:['’]s?\s+time)?)\b(?!\s+of\b)")
def _in_time(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    """ "In two weeks": from now on, or as long as it took."""
    if place.tense == "future" or match[0].endswith("time"):
        today = _on(_known(place.today))
        shifted = _shift(today, 1, match["n"], match["unit"].lower(), bool(match["about"]))
        yield _told(match, *([shifted] if shifted else []))


def _shift(window: Window, sign: int, number: str, unit: str, about: bool) -> Window | None:
    """So many units before or after `window`, as exact as such words are; None if it can't be told.

    Weeks give or take three days, months and years as such; "ten years" or "about two", one more or
    less of them.
    """
    n = int(number) if number.isdigit() else _NUMBERS[number.lower()]
    if unit == "decade":
        unit, n, about = "year", 10 * n, True
    if unit == "fortnight":
        unit, n = "week", 2 * n
    spread = 1 if about or (n >= 10 and n % 5 == 0 and unit != "day") else 0
    first, last = window.first, window.last
    if unit == "year":
        return _window(
            date(first.year + sign * n - spread, 1, 1), date(last.year + sign * n + spread, 12, 31)
        )
    if unit == "month":
        if window.days > 31:
            return None
        start = _months(first.year, first.month + sign * n - spread)
        return _window(start.first, _months(last.year, last.month + sign * n + spread).last)
    if window.days > 1:
        return None
    days = {"day": n, "week": 7 * n}[unit]
    loose = (7 if about else 3) if unit == "week" else (1 if about or n > 13 else 0)
    middle = first + timedelta(sign * days)
    return _window(middle - timedelta(loose), middle + timedelta(loose))


@_form(
    rf"\b(?:(?P<week>last|this|next)\s+week,?\s+on\s+)(?P<weekday>{_WEEKDAY})\b",
    rf"\b(?P<weekday>{_WEEKDAY})\s+(?:(?:of|in)\s+)?(?P<week>last|this|next)\s+week\b",
    rf"\b(?:(?P<rel>last|next|past|coming|this(?:\s+(?:past|coming))?)\s+)?(?P<weekday>{_WEEKDAY})\b",
)
def _weekday(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    if match["weekday"].islower() and match["weekday"] == "sun":
        return
    if place.today is None:
        yield _told(match)
        return
    today, groups = place.today, match.groupdict()
    number = _WEEKDAY_NUMBER[match["weekday"][:3].lower()]
    here = today - timedelta(today.weekday()) + timedelta(number)
    ago = (today.weekday() - number) % 7
    last, first = today - timedelta(ago), today + timedelta((number - today.weekday()) % 7)
    before, after = today - timedelta(ago or 7), first if ago else today + timedelta(7)
    week = timedelta(7)
    found: tuple[date, ...]
    rel = (groups.get("rel") or "").lower().split()
    if groups.get("week"):
        day = here + week * _step(match["week"])
        # Whether a week starts on a Sunday or ends on it is told by nobody.
        found = (day, day - week) if number == 6 and today.weekday() < 6 else (day,)
        if today.weekday() == 6 and number < 6:
            found = (day, day + week)
    elif rel[-1:] == ["past"]:
        found = (before,)
    elif rel[-1:] == ["coming"]:
        found = (after,)
    elif rel == ["last"]:
        # Said on a Thursday, "last Tuesday" may be this week's or last week's.
        found = (before, before - week) if ago and ago <= today.weekday() else (before,)
    elif rel == ["next"]:
        found = (after, after + week) if after == here else (after,)
    elif rel == ["this"]:
        found = (here, here + week) if here < today and place.tense != "past" else (here,)
    elif place.tense == "future":
        found = (first,) if ago else (first, after)
    elif place.tense == "unsure":
        found = (last, after)
    else:
        found = (last,)
    yield _told(match, *map(_on, found))


@_form(
    r"\b(?:(?:over|at|during|on)\s+)?(?P<what>(?:the|(?P<rel>last|next|this(?:\s+(?:past|coming))?"
    r"|(?:the\s+)?(?:past|coming)))\s+weekend)\b(?!\s+of\b)"
)
def _weekend(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    if place.today is None:
        yield _told(match)
        return
    today, week = place.today, timedelta(7)
    here = today - timedelta(today.weekday()) + timedelta(5)  # its Saturday
    before, after = here - week, here if today < here else here + week
    last = here if today > here else before
    rel = (match["rel"] or "").lower().split()
    found: tuple[date, ...]
    if rel[-1:] == ["past"]:
        found = (last,)
    elif rel[-1:] == ["coming"]:
        found = (after,)
    elif rel == ["last"]:
        found = (last, before) if last == here else (before,)
    elif rel == ["next"]:
        found = (here, here + week) if today < here else (after,)
    elif rel == ["this"] and today < here and place.tense != "past":
        found = (here,)
    elif place.tense == "future":
        found = (here,) if today < here else (here, after)
    elif place.tense == "unsure":
        found = (last, after)
    else:
        found = (here, before) if today == here else (last,)
    yield _told(match, *(_window(day, day + timedelta(1)) for day in found))


@_form(
    r"\b(?:at\s+)?(?P<what>(?:(?P<part>earlier|later|early|mid|late|(?:the\s+)?(?:start|beginning|middle"
    r"|end)\s+of)[\s-]+(?:in\s+)?)?(?P<rel>last|this|next)\s+(?P<unit>week|month|year|quarter))\b"
    r"(?!-)"
)
def _unit(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    if place.today is None:
        yield _told(match)
        return
    today, step, part = place.today, _step(match["rel"]), _part(match["part"])
    unit = match["unit"].lower()
    if unit == "week":
        monday = today - timedelta(today.weekday()) + timedelta(7 * step)
        # Weeks start on a Sunday for some: said on one, it may be of either week.
        found = [_week(monday, part)]
        if today.weekday() == 6:
            found.append(_week(monday + timedelta(7), part))
    elif unit == "month":
        found = [_of_month(_months(today.year, today.month + step), part)]
    elif unit == "quarter":
        found = [_months(today.year, 3 * ((today.month - 1) // 3 + step) + 1, 3)]
    else:
        found = [_of_year(today.year + step, part)]
    if step == 0 and part == "earlier":
        found = [_cut(w, w.first, min(w.last, today)) for w in found if w.first <= today]
    elif step == 0 and part == "later":
        found = [_cut(w, max(w.first, today), w.last) for w in found if today <= w.last]
    yield _told(match, *found)


def _cut(window: Window, first: date, last: date) -> Window:
    return Window(first, last, window.value)


def _week(monday: date, part: str) -> Window:
    first, last = {
        "early": (0, 2),
        "start": (0, 2),
        "mid": (1, 3),
        "late": (3, 6),
        "end": (3, 6),
    }.get(part, (-1, 6))
    value = _iso(monday, monday + timedelta(6))
    return Window(monday + timedelta(first), monday + timedelta(last), value)


_SHIFTS = {"today": 0, "tonight": 0, "yesterday": -1, "tomorrow": 1, "last night": -1}
_SHIFTS |= {"the day before yesterday": -2, "the day after tomorrow": 2}


@_form(
    r"\b(?:the\s+day\s+before\s+yesterday|the\s+day\s+after\s+tomorrow|today|tonight|yesterday|tomorrow"
    r"|last\s+night|this\s+(?:morning|afternoon|evening))\b(?!\s+Show\b)"
)
def _near_day(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    # “Today” of a name: a capital that no sentence's start explains.
    if match[0][0].isupper() and re.search(r"[\w,]\s+$", place.before):
        return
    if place.today is None:
        yield _told(match)
        return
    day = place.today + timedelta(_SHIFTS.get(" ".join(match[0].lower().split()), 0))
    # What was said on the day before says "today" of that day.
    earlier = [_on(day - timedelta(1))] if place.is_quoted else []
    yield _told(match, _on(day), *earlier)


@_form(
    r"\b(?:on|by|until|till|since|from|before|after)\s+(?P<what>the\s+(?P<day>\d{1,2})(?:st|nd|rd|th))\b"
    r"(?=\s*(?:[.,;:)!?]|$)|\s+(?:and|to|but|when|that|with|at|in|as|after|before|for)\b)"
)
def _day_alone(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    today, day = _known(place.today), int(match["day"])
    months = [_months(today.year, today.month + shift) for shift in (-2, -1, 0, 1, 2)]
    days = [m.first.replace(day=day) for m in months if 1 <= day <= m.last.day]
    earlier = [_on(found) for found in days if found <= today][-1:]
    later = [_on(found) for found in days if found >= today][:1]
    if not (earlier and later):
        raise ValueError(match[0])
    yield _told(match, *_by_tense(place, earlier[0], later[0]))


@_form(
    rf"(?<![\w$£€#.,:/–-])(?P<a>{_FOUR})\s*(?:-|–|—|\bto\b|\buntil\b|\bthrough\b)\s*(?P<b>{_FOUR})"
    r"(?![\w%/]|[.,:]\d)",
    rf"\bbetween\s+(?P<what>(?P<a>{_FOUR})\s+and\s+(?P<b>{_FOUR}))(?![\w%/]|[.,:]\d)",
    rf"(?<![\w$£€#.,:/–-])(?P<a>{_FOUR})[-–/](?P<b>\d\d)(?![\w%/]|[.,:-]\d)",
)
def _years(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    """The ends of a range and what lies between; "2023-24" is one season."""
    a, b = int(match["a"]), int(match["b"])
    if b < 100:
        b += a // 100 * 100
        if b <= a:
            raise ValueError(match[0])
        if b == a + 1:
            yield _told(match, _year(a, b), anchored=False)
            return
    if b <= a:
        raise ValueError(match[0])
    yield _told(match, _year(a), anchored=False)
    yield _told(match, _year(b), anchored=False)
    yield replace(_told(match, _year(a, b), anchored=False), span=True)


@_form(
    rf"(?<![\w$£€#.,:/–-])(?<!No\. )(?<!Room )(?<!Flight )(?<!Route )(?<!page )"
    rf"{_PART}(?P<year>{_FOUR})(?![\w%/]|[.,:]\d|[-–]\w){_COUNTED}"
)
def _one_year(match: re.Match[str], place: _Place) -> Iterator[Mention]:
    yield _told(match, _of_year(int(match["year"]), _part(match["part"])), anchored=False)


def _unnamed(pattern: str) -> str:
    """A name may stand only once in a pattern: what it matched is read by the form's own."""
    return re.sub(r"\(\?P<(?!by>)\w+>", "(", pattern)


# All the forms as one pattern, tried only where a word of theirs starts.
_ANY = re.compile(
    rf"(?<!\w)(?=[\d'’]|(?:{'|'.join(sorted(set(_STARTS.split())))})(?!\w))(?:"
    + "|".join(f"(?P<form{n}>{_unnamed(form.pattern)})" for n, (form, _) in enumerate(_FORMS))
    + ")",
    re.IGNORECASE,
)


@kept(16384)
def mentions(text: str, today: date | None) -> tuple[Mention, ...]:
    """The dates that `text`, of an article of the day `today`, speaks of, in their order."""
    found: list[Mention] = []
    for match in _ANY.finditer(text):
        assert match.lastgroup is not None
        pattern, read = _FORMS[int(match.lastgroup.removeprefix("form"))]
        own = pattern.match(text, match.start())
        assert own is not None
        place = _Place(text, own.start(), own.end(), today, found)
        try:
            found += list(read(own, place))
        except (ValueError, OverflowError):
            found.append(_told(own, anchored=False))
    return tuple(_in_context(found, text))


def _in_context(found: list[Mention], text: str) -> Iterator[Mention]:
    """Days and months without a year, given another's: "26 November to 3 December 2024"."""
    for n, mention in enumerate(found):
        if mention.yearless and mention.anchored and " year " not in mention.key:
            after = found[n + 1] if n + 1 < len(found) else None
            if after and after.yearless and not after.anchored and after.readings:
                gap = text[mention.start + len(mention.text) : after.start]
                if _JOINS.fullmatch(gap):
                    year = after.readings[0].first.year - (mention.yearless > after.yearless)
                    yield replace(mention, readings=_in_year(mention, year), anchored=False)
                    continue
            # "In 1944 ... in December", "on 4 May and took effect on 1 July 2023": of which year,
            # the article's or that one?
            later = (
                {after.readings[0].first.year}
                if after
                and after.yearless
                and not after.anchored
                and len(after.readings) == 1
                and not _SENTENCE.search(text[mention.start : after.start])
                else set()
            )
            years = later | {
                other.readings[0].first.year
                for other in found[:n]
                if not other.anchored
                and len(other.readings) == 1
                and not _SENTENCE.search(text[other.start : mention.start])
            }
            for year in sorted(years)[-2:]:
                extra = _in_year(mention, year)
                if mention.readings and extra and extra[0] not in mention.readings:
                    mention = replace(mention, readings=mention.readings + extra)
        yield mention


_JOINS = re.compile(r",?\s*(?:-|–|—|to|until|till|through|and)\s*(?:the\s+)?", re.IGNORECASE)


def _in_year(mention: Mention, year: int) -> tuple[Window, ...]:
    assert mention.yearless is not None
    (month, first), (_, last) = mention.yearless
    days = monthrange(year, month)[1]
    if first > days:
        return ()
    window = _window(date(year, month, first), date(year, month, min(last, days)))
    value = window.value if first == last else f"{year:04}-{month:02}"
    return (window._replace(value=value),)


def is_loose(text: str, mention: Mention, today: date | None) -> bool:
    """Whether which day it is depends on a tense that no verb tells: "The meeting is on Monday"."""
    place = _Place(text, mention.start, mention.start + len(mention.text), today, [])
    return mention.text.casefold() in WEEKDAYS and place.tense is None


def is_telling(text: str, mention: Mention) -> bool:
    """Whether a date is of when something was told: "she said on Monday"."""
    end = mention.start + len(mention.text)
    return bool(_TOLD_BEFORE.search(text[: mention.start]) or _TOLD_AFTER.match(text[end:]))
