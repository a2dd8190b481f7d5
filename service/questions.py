"""Questions: what one asks for, told by code from its words.

English only: of a question in another language nothing is told, and it is asked as it stands.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

_AUXILIARY = (
    "am|are|can|could|did|do|does|had|has|have|is|may|might|must|shall|should|was|were|will|would"
)
_ASKING = "how|what|when|where|which|who|whom|whose|why"
_SUBJECT = "anybody|anyone|he|her|his|it|its|she|their|there|they"
# "According to the ministry, did ...": the question itself comes after the comma.
_POLAR = re.compile(
    rf"^(?!(?:\S+\s+)?(?:{_ASKING})\b)(?:[^?]{{0,400}}?,\s+)?"
    rf"(?:{_AUXILIARY})(?:n['’]t)?\s+(?!{_ASKING}\b)",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"\bor\b(?!\s+not\b)", re.IGNORECASE)
_NEXT_PART = re.compile(
    rf"(?<=\?)\s+(?=\S)"
    rf"|[,;]?\s+and\s+(?=(?:{_ASKING})\s+\S+\s+\S)"
    rf"|[,;]?\s+and\s+(?=(?:{_AUXILIARY})\s+(?:{_SUBJECT})\s+\S)",
    re.IGNORECASE,
)
# "Does the Courier say that it rose, while the Gazette says that it fell?"
_WHILE = re.compile(r",\s+(?:while|whereas)\s+(?=\S)", re.IGNORECASE)
# What feeds put after an outlet's name.
_NAME_ENDS = re.compile(r"\s+[|–-]\s+")
_OPENS = re.compile(rf"^(?:\S+\s+){{0,3}}?(?:{_ASKING}|{_AUXILIARY})\b", re.IGNORECASE)
_HOW_MANY = re.compile(
    r"how (?:many|much)(?: of (?:them|it|these|those))? (?:against|for|not|in favou?r)"
    r"(?: (?:it|them))?[ ?]*",
    re.IGNORECASE,
)
LEAST_WORDS = 3
# How long the answer is to be, or of what form: "in at most ten words", "as a list".
_WISH = (
    r"(?:(?:in|with|using) (?:just |only )?"
    r"(?:(?:at most|at least|no more than|not more than|more than|less than|fewer than|up to"
    r"|under|about|around|roughly|approximately|exactly|max(?:imum|\.)?) )?"
    r"(?:\d+(?:[-–]\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty"
    r"|thirty|fifty|a (?:few|single|couple of|hundred))(?: (?:or|to) (?:\d+|two|three|four|five))?"
    r"(?: (?:or (?:less|fewer)|single|short|brief|simple|full|complete|plain))*"
    r"[ -](?:words?|sentences?|lines|paragraphs?|bullets?(?: points?)?)(?: or (?:less|fewer))?"
    r"|(?:in|as|with|using) (?:short )?bullet points"
    r"|(?:in|as) an? (?:(?:short|numbered|bulleted|bullet) )*list(?= *(?:[,.:;?!]|$))"
    r"|briefly|in (?:brief|short)(?= *(?:[,.:;?!]|$)))"
)
_ANSWER = r"(?:please )?(?:(?:answer|reply|respond|keep it)(?: (?:me|it|this|this question))? )?"
_FORM = re.compile(
    rf"^{_ANSWER}{_WISH}(?:,? please)?\s*[,.:;–—-]*\s*"  # "In one sentence: who ...?"
    rf"|(?<=[?.!])\s+{_ANSWER}{_WISH}(?:,? please)?[.!]*$"  # "Who ...? Answer in one sentence."
    rf"|[ ,]+{_WISH}(?=[ ,.:;?!]|$)",  # "Tell me in about 100 words what ..."
    re.IGNORECASE,
)


def without_form(question: str) -> str:
    """The question without what it wants of the answer's length or form, which no article tells;
    as it stands where nothing else is left.
    """
    left = " ".join(_FORM.sub("", " ".join(question.split())).split())
    if len(left.split()) < LEAST_WORDS:
        return question
    return left if left[:1] == question.lstrip()[:1] else left[:1].upper() + left[1:]


def is_polar(question: str) -> bool:
    """Whether "Yes" or "No" answers it: "Did anyone die?", but not "Was it Monday or Tuesday?"."""
    return bool(_POLAR.match(question.strip())) and not _CHOICE.search(question)


def outlets_named(question: str, known: Iterable[str]) -> list[str]:
    """Those of the outlets `known` that it names, in the question's order.

    By their name or its beginning, in capitals or not: "CNBC" is "Cnbc | World Business News".
    """
    found: dict[str, int] = {}
    for outlet in known:
        name = re.escape(_NAME_ENDS.split(outlet.strip())[0])
        if not name:
            continue
        for match in re.finditer(rf"(?<!\w){name}(?!\w)", question, re.IGNORECASE):
            if not match[0][0].islower():
                found.setdefault(outlet, match.start())
    return sorted(found, key=found.__getitem__)


def parts(question: str) -> list[str]:
    """The questions that it is made of, each ending as one: itself, mostly.

    "Who signed it, and when does it end?" is two. A part may say "it" of what another names. So is
    "Does the Courier deny it, while the Gazette confirms it?".
    """
    asked = " ".join(question.split())
    if is_polar(asked) and len(sides := _WHILE.split(asked.rstrip(" ?"))) > 1:
        return [f"{sides[0]}?", *(f"Is it so that {side}?" for side in sides[1:])]
    found = [part.strip(" ,;") for part in _NEXT_PART.split(asked) if part.strip(" ,;?")]
    if len(found) < 2 or any(
        len(part.split()) < LEAST_WORDS or not _OPENS.match(part) for part in found
    ):
        return [asked]
    # "How many voted for it, and how many against?": its verb stands in the part before.
    if any(_HOW_MANY.fullmatch(part) for part in found[1:]):
        return [asked]
    # "the man who left and who returned": the word asks nothing where it stood in a clause before.
    if any(
        part.split()[0].lower() in before.lower().split()[1:]
        for before, part in pairwise(found)
        if not before.endswith("?")
    ):
        return [asked]
    return [part if part.endswith("?") else f"{part}?" for part in found]
