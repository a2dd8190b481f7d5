"""Measures: what a number is of, and in what scale: "20 million euros" is not "20 million dollars",
nor 20 billion euros, nor is "six months" six weeks, or "9 a.m." nine in the evening.
"""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from service.wording import NUMBERS, stems

MONEY = (
    "cent crown dinar dirham dollar euro forint franc lira pence peso pound rand riyal rouble rupee"
    " shekel yen yuan zloty"
).split()
# Of each unit its kind, and how many of one of that kind it is.
UNITS = {
    "minute": ("time", 1 / 60),
    "hour": ("time", 1),
    "day": ("time", 24),
    "week": ("time", 7 * 24),
    "month": ("time", 30.4 * 24),
    "year": ("time", 365 * 24),
    "decade": ("time", 3650 * 24),
    "millimetre": ("length", 0.001),
    "centimetre": ("length", 0.01),
    "metre": ("length", 1),
    "kilometre": ("length", 1000),
    "km": ("length", 1000),
    "mile": ("length", 1609),
    "inch": ("length", 0.0254),
    "foot": ("length", 0.305),
    "feet": ("length", 0.305),
    "gram": ("mass", 1),
    "kilogram": ("mass", 1000),
    "kilo": ("mass", 1000),
    "kg": ("mass", 1000),
    "tonne": ("mass", 1e6),
    "ton": ("mass", 1e6),
    "litre": ("volume", 1),
    "gallon": ("volume", 3.8),
    "hectare": ("area", 10_000),
    "acre": ("area", 4047),
    "kilowatt": ("power", 1),
    "megawatt": ("power", 1000),
    "gigawatt": ("power", 1e6),
    "%": ("percent", 1),
    "percent": ("percent", 1),
    "per cent": ("percent", 1),
} | {money: (money, 1) for money in MONEY}
UNITS |= {name.replace("tre", "ter"): unit for name, unit in UNITS.items()}
UNITS |= {"krone": UNITS["crown"], "krona": UNITS["crown"], "ruble": UNITS["rouble"]}
SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
SIGNS = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen"}
_SHORT = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "tn": 1e12}
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_MEASURE = re.compile(
    r"(?:(?P<minus>\bminus |(?<![\w.,)])[-−–](?=\d))|(?P<sign>[$€£¥]))?\s?(?<![\d.,:/])\b"
    rf"(?P<number>\d[\d,]*(?:\.\d+)?|{'|'.join(NUMBERS)})"
    rf"(?:(?P<short>k|mn?|bn|tn)\b|(?P<scales>(?:[ -](?:{'|'.join(SCALES)})\b)+))?"
    r"(?:(?P<to> ?[–-] ?| (?:to|or|and) )(?=[$€£¥]?\d|[a-z]+[ -]))?"
    rf"(?:(?:[ -](?P<square>square|cubic))?(?:[ -](?:(?-i:[A-Z])[\w.]*[ -]){{0,2}})?"
    rf"(?P<unit>{_UNIT})(?:e?s)?\b|(?P<percent>%)|(?P<points> (?:percentage )?points?)\b)?",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\b(?P<hour>\d\d?)(?:[:.](?P<minute>\d\d))?\s?(?P<half>[ap])\.?\s?m\b", re.IGNORECASE
)


_ONE_OR_TWO = re.compile(r"\b(one|two) ([a-z]+)\b", re.IGNORECASE)
SAME = 0.003  # a year is 12 months, and 365 days
# "Most residents", "all of the trains": how many of those there are, more or less.
_SHARE = re.compile(
    r"\b(?P<share>several|some|many|most|all)(?: of)?(?: (?:her|his|its|the|their))?"
    r" (?P<what>[a-z]+s|children|men|people|police|women)\b",
    re.IGNORECASE,
)
_SHARES = {"several": 1, "some": 1, "many": 2, "most": 3, "all": 4}


class _Measure(NamedTuple):
    """The number as it stands, with its scale, and the name of its unit, each None if not told."""

    number: float
    value: float | None
    unit: str | None


def measures_hold(claim: str, text: str) -> bool:
    """False where a text has a number of a claim, but each time in another scale or of another unit
    of the same kind; or only "some" of whom the claim has "most" or "all".
    """
    there = [*_measures(text)]
    for mine in _measures(claim):
        same = [m for m in there if m.number == mine.number]
        if same and not any(_may_be(mine, m) for m in there):
            return False
    shares = [*_shares(text)]
    for share, what in _shares(claim):
        fewer = [other for other, same in shares if same == what]
        if fewer and max(fewer) < share:
            return False
    clocks = [*_clocks(text)]
    return all(
        (hour, half) in [(h, p) for h, p in clocks if h == hour] or hour not in dict(clocks)
        for hour, half in _clocks(claim)
    )


def in_other_measure(claim: str, text: str) -> set[str]:
    """Stems of the numbers of a claim that a text tells in another unit or scale, "14 days" of two
    weeks, "1,200 million" of 1.2 billion; of "one year", of a year; and of the two, of both.
    """
    there = list(_measures(text))
    found: set[str] = set()
    for match, mine in zip(_MEASURE.finditer(claim), _measures(claim), strict=True):
        if any(_is_as_much(mine, other) for other in there):
            found |= stems(
                claim[match.start("number") : match.end("scales" if match["scales"] else "number")]
            )
    for match in _ONE_OR_TWO.finditer(claim):
        other = r"\ban?" if match[1].casefold() == "one" else r"\b(?:both|(?:a|the) pair of)"
        if re.search(rf"{other} (?:of the )?{match[2]}\b", text, re.IGNORECASE):
            found |= stems(match[1])
    return found


def _is_as_much(mine: _Measure, other: _Measure) -> bool:
    if not mine.value or not other.value or not mine.unit or not other.unit:
        return False
    if _kind(mine.unit) != _kind(other.unit) or " " in mine.unit + other.unit:
        return False
    one, another = (m.value * _size(m.unit) for m in (mine, other) if m.value and m.unit)
    return math.isclose(one, another, rel_tol=SAME)


def _size(unit: str) -> float:
    return 1 if unit == "point" else UNITS[unit][1]


def _may_be(mine: _Measure, other: _Measure) -> bool:
    if None in (mine.value, other.value):
        return mine.number == other.number
    if mine.value != other.value:
        return False
    if mine.unit is None or other.unit is None or mine.unit == other.unit:
        return True
    return not _is_other(mine.unit, other.unit)


def _kind(unit: str) -> str:
    """What else it might be mistaken for: other money, another length of time."""
    shape, _, name = unit.rpartition(" ")
    if shape:
        return "area" if shape == "square" else shape
    kind = "percent" if name == "point" else UNITS[name][0]
    return "money" if kind in MONEY else kind


def _is_other(unit: str, other: str) -> bool:
    """Whether both are of one kind; a pound is of money, and of what is weighed."""
    kinds = {_kind(unit), _kind(other)}
    return len(kinds) == 1 or ("pound" in (unit, other) and "mass" in kinds)


def _measures(text: str) -> Iterator[_Measure]:
    found = list(_MEASURE.finditer(text))
    told: list[_Measure] = []
    for i, match in reversed(list(enumerate(found))):
        number = float(NUMBERS.get(match["number"].casefold(), match["number"]).replace(",", ""))
        value: float | None = -number if match["minus"] else number
        for scale in re.findall(r"\w+", match["scales"] or ""):
            value = (value or 0) * SCALES[scale.casefold()]
        if match["short"]:
            # "200m" may be metres.
            value = number * _SHORT[match["short"].casefold()] if match["sign"] else None
        unit = _unit(match)
        # "20 to 30 million euros"
        if match["to"] and told and i + 1 < len(found) and match.end() == found[i + 1].start():
            unit = unit or told[-1].unit
            if not match["scales"] and told[-1].value and told[-1].value != told[-1].number:
                value = None
        told.append(_Measure(number, value, unit))
    yield from reversed(told)


def _unit(match: re.Match[str]) -> str | None:
    if match["sign"]:
        return SIGNS[match["sign"]]
    if match["percent"]:
        return "%"
    if match["points"]:
        return "point"
    if match["unit"] is None:
        return None
    name = match["unit"].casefold()
    # One name of those that are the same.
    name = next(n for n, unit in UNITS.items() if unit == UNITS[name])
    return f"{match['square'].casefold()} {name}" if match["square"] else name


def _shares(text: str) -> Iterator[tuple[int, frozenset[str]]]:
    for match in _SHARE.finditer(text):
        yield _SHARES[match["share"].casefold()], stems(match["what"])


def _clocks(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    for match in _CLOCK.finditer(text):
        yield (int(match["hour"]), int(match["minute"] or 0)), match["half"].casefold()
