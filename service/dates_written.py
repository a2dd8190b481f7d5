"""A text's dates written out: absolute, so that it can be read on any day."""

import re
from datetime import date

from service.dates import MONTHS, NEAR_DAYS, Mention, Window, is_loose, is_telling, mentions

# Then no "on" is put before a day: another preposition is there, or what it describes follows.
_BEFORE_A_DAY = re.compile(
    r"(?:\b(?:on|by|until|till|since|from|before|after|for|to|through|between|and|or|of|late|early"
    r"|the|an?|its|his|her|their|this)|['’]s)\s+$",
    re.IGNORECASE,
)
_PART_OF_DAY = re.compile(r"\s+(morning|afternoon|evening|night)\b", re.IGNORECASE)
_DAY_PARTS = {"tonight": "evening", "last night": "night"}
_OWNS = re.compile(r"['’]s\b")
_ENDS_IN_MONTH = re.compile(
    rf"(?:{'|'.join([*MONTHS, 'sept', *(name[:3] for name in MONTHS)])})\.?$", re.IGNORECASE
)

_MONTH = re.compile(r"(?:last|this|next)\s+month", re.IGNORECASE)
_BEFORE_A_MONTH = re.compile(
    r"\b(?:in|during|by|until|till|since|from|before|after|for|to|through|between|and|or|of|late"
    r"|early|mid)\s+$",
    re.IGNORECASE,
)
_DURATION = re.compile(r"\b(?:the|a|his|her|its|their|our|over|past)\s+$", re.IGNORECASE)
_LOOSE = re.compile(
    r"(?:yesterday|today|tonight|tomorrow|(?:last|this|next|earlier this|later this)\s)",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(rf"(?:{_PART_OF_DAY.pattern})?\s*\(", re.IGNORECASE)
_COUNTED_FROM = re.compile(r"\b(?:earlier|later)$", re.IGNORECASE)
_RELATIVE = re.compile(r"(?:last|past|this|next|coming)\b", re.IGNORECASE)
_SENTENCE_ENDS = re.compile(r"[.!?…][\"”’')\]]*\s+$")
_ENDS_IN_INITIALS = re.compile(r"\b(?:[A-Z]\.){2,}$")
THEN = 14  # days before a report on which what it tells of may have happened


def written_out(text: str, published_at: str | None) -> str:
    """`text`, of an article of that date, with its dates made absolute: "on Tuesday" becomes "on
    26 November 2024", and "16 March" gets its year. What may be several days stays as it is.
    """
    today = date.fromisoformat(published_at[:10]) if published_at else None
    found = mentions(text, today)
    end = len(text)
    for mention in reversed(found):
        start, stop = mention.start, mention.start + len(mention.text)
        if stop > end or mention.span or not mention.anchored or len(mention.readings) != 1:
            continue
        end = start
        assert today is not None
        if abs((mention.readings[0].first - today).days) > NEAR_DAYS:
            continue  # of which year "30 September" is then depends on a tense, which may mislead
        if mention.yearless:
            text = text[:stop] + _year_after(mention) + text[stop:]
        elif mention.readings[0].days == 1:
            text = _day_written(text, start, stop, mention.readings[0].first)
        elif _MONTH.fullmatch(mention.text) and not _DURATION.search(text[:start]):
            text = _month_written(text, start, stop, mention.readings[0].first)
    return text


def with_dates(text: str, published_at: str | None) -> str:
    """`text`, of an article of that date, with the dates that its words come to beside them: "on
    Saturday (24 January 2026)"; "1 July" gets its year. What may be several dates stays as it is,
    and so does when something was told, where there is the day of what happened.
    """
    today = date.fromisoformat(published_at[:10]) if published_at else None
    found = [m for m in mentions(text, today) if not m.span]
    days = [m for m in found if any(r.days == 1 for r in m.readings)]
    happened = [m for m in days if not is_telling(text, m)]
    firsts = {m.readings: m.start for m in reversed(found)}
    end = len(text)
    for mention in reversed(found):
        start, stop = mention.start, mention.start + len(mention.text)
        if stop > end or not mention.anchored or len(mention.readings) != 1:
            continue
        end = start
        if is_loose(text, mention, today) or (happened and is_telling(text, mention)):
            continue
        if firsts[mention.readings] < start:
            continue  # it has been written out
        before, after, window = text[:start], text[stop:], mention.readings[0]
        said = _said(window)
        counted = _COUNTED_FROM.search(mention.text) or _DURATION.search(before)
        if not said or _IN_BRACKETS.match(after) or (counted and not mention.yearless):
            continue
        if mention.yearless and not _RELATIVE.match(mention.text):
            assert today is not None
            if abs((window.first - today).days) <= NEAR_DAYS and not _OWNS.match(after):
                text = before + mention.text + _year_after(mention) + after
        elif _OWNS.match(after):
            if window.days == 1:
                text = _day_written(text, start, stop, window.first)
        else:
            part = _PART_OF_DAY.match(after) if window.days == 1 else None
            stop += part.end() if part else 0
            text = f"{text[:stop]} ({said}){text[stop:]}"
    return text


def _said(window: Window) -> str:
    """A day, a month or a year in words; "" for what is none of these."""
    year, *rest = window.value.split("-")
    if "/" in window.value:
        return ""
    month = [MONTHS[int(rest[0]) - 1].title()] if rest else []
    return " ".join([*(str(int(day)) for day in rest[1:]), *month, year])


def loose(text: str) -> bool:
    """Whether it tells of a day by words that an undated text leaves open: "yesterday"."""
    return any(_LOOSE.match(m.text) for m in mentions(text, None) if m.anchored and not m.readings)


def reported(text: str, published_at: str | None) -> str | None:
    """The sentence with its article's day, "... (reported 18 March 1987).": it tells of nothing
    later. None where it names a day shortly before that itself, or has an end of another kind.
    """
    today = date.fromisoformat(published_at[:10]) if published_at else None
    if today is None or not text.endswith("."):
        return None
    for mention in mentions(text, today):
        days = [r.first for r in mention.readings if r.days == 1]
        if any(0 <= (today - day).days <= THEN for day in days):
            return None
    end = "" if _ENDS_IN_INITIALS.search(text) else "."
    day = f"{today.day} {MONTHS[today.month - 1].title()} {today.year:04}"
    return f"{text.removesuffix(end)} (reported {day})."


def _year_after(mention: Mention) -> str:
    year = f"{mention.readings[0].first.year:04}"
    if year in mention.text or "year" in mention.key:
        return ""
    if mention.readings[0].days == 1 and not _ENDS_IN_MONTH.search(mention.text):
        return f", {year}"  # "March 16"
    return f" {year}"


def _day_written(text: str, start: int, stop: int, day: date) -> str:
    said = f"{day.day} {MONTHS[day.month - 1].title()} {day.year:04}"
    words = " ".join(text[start:stop].lower().split())
    before, after = text[:start], text[stop:]
    if owns := _OWNS.match(after):  # "Tuesday's vote"
        article = "" if re.search(r"\b(?:the|a)\s+$", before, re.IGNORECASE) else "the "
        begins = not before.strip() or bool(_SENTENCE_ENDS.search(before))
        return before + _like(text[start] if begins else "o", article + said) + after[owns.end() :]
    part = _DAY_PARTS.get(words) or (words.split()[1] if words.startswith("this ") else "")
    if named := _PART_OF_DAY.match(after):
        part, after = named[1].lower(), after[named.end() :]
    if part in ("morning", "afternoon", "evening", "night"):
        said = f"the {part} of {said}"
    if _BEFORE_A_DAY.search(before):
        return before + said + after
    return before + _like(text[start] if not before.strip() else "o", f"on {said}") + after


def _month_written(text: str, start: int, stop: int, month: date) -> str:
    said = f"{MONTHS[month.month - 1].title()} {month.year:04}"
    before, after = text[:start], text[stop:]
    if owns := _OWNS.match(after):  # "last month's vote"
        return before + _like(text[start], f"the {said}") + after[owns.end() :]
    if _BEFORE_A_MONTH.search(before):
        return before + said + after
    return before + _like(text[start], f"in {said}") + after


def _like(first: str, said: str) -> str:
    """With a capital where the words that it stands for had one."""
    return said[:1].upper() + said[1:] if first.isupper() else said
