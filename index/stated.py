"""What an article states of itself: its headline, its date, its agency, its language.

Each is taken as it is written, or not at all. This module knows nothing of files.
"""

import html
import re
import threading
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from index.articles import LANGUAGE

_DROPPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    return _DROPPED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: object) -> str | None:
    """A field's value as one line; None where there is nothing in it."""
    if not isinstance(text, str):
        return None
    line = " ".join(clean(text).split())
    return line if 0 < len(line) <= 2000 else None


def primary_language(tag: object) -> str | None:
    """Of a tag that a document carries: an empty or a wrong one is no error, and says nothing."""
    tag = one_line(tag)
    if tag is None or not LANGUAGE.fullmatch(tag):
        return None
    primary = re.split("[-_]", tag)[0].lower()
    return None if primary in {"und", "mul", "zxx", "mis", "xx"} else primary


_NO_HEADLINE = re.compile(
    r"[-*•#>|]|\d+[.)]\s|(by|from|von|par|por)\s|(dear|hello|hi)\b|\(|https?:|www\."
    r"|(date|from|to|cc|subject|published|updated|posted|source|author|photo|image|page)\s*[:\d]",
    re.IGNORECASE,
)
_PROSE = re.compile(  # begun at words only and never taken apart again: tables have no full stop
    r"(?<!\S)(?:\S++\s++){7}\S.*?[.!?…؟۔।][\"'”’»)\]]*(?:\s|$)|[^\s\x00-\u02ff]{20}.*?[。！？.]",
    re.DOTALL,
)


def headline(text: str) -> str | None:
    """The first line, where it stands alone above prose and reads like a headline."""
    first, gap, rest = text.lstrip("\n").partition("\n")
    line = first.strip()
    if not (gap and line and rest[: len(rest) - len(rest.lstrip())].count("\n")):
        return None
    rest = rest.lstrip()
    if len(line) > 250 or len(line.split()) > 25 or not any(c.isalpha() for c in line):
        return None
    if re.search(r"[.!?,:;…。！？؟۔।、，：；—–-][\"'”’»)\]]*$", line) or line[0].islower():
        return None
    if _NO_HEADLINE.match(line) or "@" in line or agency_line(line + " - x")[0]:
        return None
    if (
        stated_date(line)
        or _DATELINE_ALONE.fullmatch(line)
        or not any(_PROSE.search(paragraph) for paragraph in re.split(r"\n\s*\n", rest[:6000])[:4])
    ):
        return None
    return one_line(line)


# Titles, names and addresses

_NO_TITLE = re.compile(  # what programs write where nobody has written one
    r"(?i:microsoft (?:word|powerpoint) - .*|untitled(?: document)?[\s-]*\d*"
    r"|(?:new )?document\s?\d*|slide \d+|no title|home|index|powerpoint presentation"
    r"|\S+\.(?:docx?|pdf|indd|qxd|rtf|txt|tex|dvi|odt|html?|ps))"
)
_NO_AUTHOR = re.compile(r"(?i:unknown|admin|administrator|user|author|anonymous|owner|staff)$")


def title_of(value: object) -> str | None:
    title = one_line(html.unescape(value)) if isinstance(value, str) else None
    return None if title is None or _NO_TITLE.fullmatch(title) else title


def author_of(value: object, *, of_a_file: bool = False) -> str | None:
    """A name; of a file's properties in two words at least, since one is a user's account."""
    name = one_line(value)
    if name is None or re.match(r"https?:|www\.|@", name) or len(name) > 300:
        return None
    name = re.sub(r"^(?i:by)\s+", "", name)
    if addressed := re.fullmatch(r"\S+@\S+ \((.+)\)|(.+?) <\S+@\S+>", name):
        name = addressed[1] or addressed[2]
    if _NO_AUTHOR.match(name) or "@" in name or (of_a_file and " " not in name):
        return None
    return name


def address_of(value: object) -> str | None:
    """An article's own address. A site's alone is every page's: it names none of them."""
    url = one_line(value)
    if url is None or not re.fullmatch(r"https?://[^\s/?#]+[^\s]+", url):
        return None
    _, _, rest = url.partition("://")
    _, _, path = rest.partition("#")[0].partition("/")
    return url if path.strip("/") or "?" in rest else None


# Dates

_MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug"
        "|september sept sep|october oct|november nov|december dec".split("|"),
        1,
    )
    for name in names.split()
}
_MONTH = "(?i:" + "|".join(_MONTHS) + r")\b\.?"
_DAY = (
    rf"(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{_MONTH} [0-9]{{1,2}}(?:,? [0-9]{{4}})?"
    rf"|[0-9]{{1,2}} {_MONTH}(?:,? [0-9]{{4}})?)"
)
_NUMERIC_DAY = re.compile(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})")
_DAY_AND_MONTH = re.compile(rf"([0-9]{{1,2}}) ({_MONTH}),? ([0-9]{{4}})")
_MONTH_AND_DAY = re.compile(rf"({_MONTH}) ([0-9]{{1,2}}),? ([0-9]{{4}})")


def stated_date(value: object) -> str | None:
    """A time with its zone as RFC 3339, else a day; None for what says neither beyond doubt."""
    line = one_line(value)
    if line is None or len(line) > 100:
        return None
    for pattern, order in ((_NUMERIC_DAY, (1, 3, 4)), (_DAY_AND_MONTH, (3, 2, 1))):
        if match := pattern.fullmatch(line):
            return _day(*(match[i] for i in order))
    if match := _MONTH_AND_DAY.fullmatch(line):
        return _day(match[3], match[1], match[2])
    try:
        moment = datetime.fromisoformat(line)
    except ValueError:
        try:
            moment = parsedate_to_datetime(line)  # RFC 5322, of RSS
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        if not re.search(r"[0-9]{4}", line):
            return None
    if moment.year < 1400 or moment.replace(tzinfo=None) == datetime(1970, 1, 1):
        return None  # what software writes that knows of no date
    if moment.tzinfo is None or ":" not in line:
        return moment.date().isoformat()
    if (offset := moment.utcoffset()) is None or offset.total_seconds() % 60:
        return moment.date().isoformat()
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _day(year: str, month: str, day: str) -> str | None:
    number = int(month) if month.isdigit() else _MONTHS[month.lower().rstrip(".")]
    try:
        found = date(int(year), number, int(day))
    except ValueError:
        return None
    return found.isoformat() if found.year >= 1400 else None


# Agency lines

# Names too short or too plain to be known for an agency by themselves.
_SHORT_NAMES = "AP AFP UPI DPA dpa ANSA EFE PTI ANI IANS CNN BBC CNA KUNA WAM TASS PA RNZ NPR CP"
_LONG_NAMES = (
    "Reuters|Thomson Reuters|Associated Press|The Associated Press|Agence France-Presse|Xinhua"
    "|Interfax|Anadolu|Anadolu Agency|Kyodo|Yonhap|Bloomberg|PRNewswire|PR Newswire"
    "|PRNewswire-FirstCall|BUSINESS WIRE|Business Wire|GLOBE NEWSWIRE|GlobeNewswire|ACCESSWIRE"
    "|Newsfile Corp.|Canada NewsWire|CNW|Bernama|Antara|Shafaq News|Shafaq"
)
_KNOWN = "|".join(map(re.escape, _LONG_NAMES.split("|")))
_UPPER = "A-ZÀ-ÖØ-Þ"
# "Valley Gazette", "Islands Wire": a few capitalised words, the last of which says what they are.
_OUTLET = (
    rf"(?:[{_UPPER}][\w.&’'-]* ){{1,4}}(?i:news|newswire|wire|press|agency|times|gazette|herald"
    r"|post|tribune|journal|media|service)"
)
_NAMED = rf"(?:[{_UPPER}][\w.&’'-]*)(?: [{_UPPER}][\w.&’'-]*){{0,4}}"
_TOWN = rf"[{_UPPER}][{_UPPER}.’'/ -]{{1,40}}(?:, [{_UPPER}][\w. ]{{1,24}}?)?"
_ANY_TOWN = (
    rf"(?!(?:The|A|An) )[{_UPPER}][\w.’'-]+(?: [{_UPPER}][\w.’'-]+){{0,3}}"
    rf"(?:, [{_UPPER}][\w. ]{{1,24}}?)?"
)
_DASH = r" ?(?:--?|–|—)\s"
_SHORT = "|".join(_SHORT_NAMES.split())
_AGENCY_LINES = [
    re.compile(pattern)
    for pattern in (
        # date 2024-11-26 Shafaq News / On Tuesday
        rf"(?i:date:? )(?P<day>{_DAY}),? (?P<name>{_NAMED}) ?/ ",
        rf"(?P<day>{_DAY}),? (?P<name>{_KNOWN}|{_OUTLET}) ?/ ",
        # Shafaq News/ On Tuesday
        rf"(?P<name>Shafaq News) ?/ |(?P<outlet>{_OUTLET})/ (?=[{_UPPER}])",
        # LONDON, Nov 26 (Reuters) - ; WASHINGTON, Nov. 26, 2024 /PRNewswire/ --
        rf"{_TOWN},? (?P<day>{_DAY}),? [(/](?P<name>{_NAMED}|{_KNOWN}|{_SHORT})[)/]{_DASH}",
        # BAGHDAD (AP) — ; WASHINGTON--(BUSINESS WIRE)--
        rf"{_TOWN},? ?(?:--)?[(/](?P<name>{_KNOWN}|{_SHORT}|{_OUTLET})[)/](?:{_DASH}|--)",
        # Baghdad (Reuters) - ; Baghdad, Nov 26 (Reuters) -
        rf"{_ANY_TOWN}(?:, (?P<day>{_DAY}))? [(/](?P<name>{_KNOWN})[)/]{_DASH}",
        # Nov 26 2024 (Reuters) - ; (Xinhua) --
        rf"(?:(?P<day>{_DAY}) )?\((?P<name>{_KNOWN}|{_SHORT})\){_DASH}",
    )
]
_DATELINE_ALONE = re.compile(rf"(?:{_TOWN}|{_ANY_TOWN}),? {_DAY}")


def agency_line(text: str) -> tuple[str | None, str | None]:
    """The agency and the day that one of the first three paragraphs begins with.

    "LONDON, Nov 26 (Reuters) - The harbour ..." names Reuters, and no day: it has no year.
    """
    for paragraph in re.split(r"\n\s*\n", text.lstrip("\ufeff \t\n\xa0")[:3000], maxsplit=3)[:3]:
        for pattern in _AGENCY_LINES:
            if match := pattern.match(paragraph.lstrip()):
                found = match.groupdict()
                day = found.get("day")
                return found["name"] or found.get("outlet"), stated_date(day)
    return None, None


# What need not name an agency: "HADDLEMERE, Feb. 10 - ", "2024-11-26 Gulf Desk / "
_BEFORE_THE_NEWS = re.compile(
    r"[A-Z][A-Z .'’-]+[A-Z](?:[,/] [^-–—]{1,40}| \([^)]{1,30}\))? [-–—]+ "
    r"|(?:(?i:date):? )?(?:\d{4}-\d\d-\d\d[T\d:.Z+]* )?(?:[A-Z][\w.&’'-]* ){1,4}/ (?=\S)"
    r"|(?i:date):? \d{4}-\d\d-\d\d "
)


def without_agency_line(text: str) -> str:
    """The text after the agency line, or dateline, that it begins with; as it is without one."""
    matches = (pattern.match(text) for pattern in [*_AGENCY_LINES, _BEFORE_THE_NEWS])
    return text[next((match.end() for match in matches if match), 0) :]


# Languages

_SURE = 0.5
_FEWEST_LETTERS = 20
_reading_language = threading.Lock()


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def detected_language(text: str) -> str | None:
    """The primary subtag (BCP 47) of the language the text is in; None where it is unsure."""
    sample = re.sub(r"https?://\S+", " ", text[:4000])
    letters = sum(c.isalpha() for c in sample)
    # A character of these scripts says as much as several of an alphabet.
    dense = len(re.findall(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]", sample))
    if letters + 2 * dense < _FEWEST_LETTERS:
        return None
    with _reading_language:
        language, probability = _identifier().classify(sample)
    return language if probability >= _SURE and language not in {"zxx", "und"} else None
