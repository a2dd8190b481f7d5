"""Whether a text refuses: says that its source does not say, or that its writer cannot."""

import re
from collections.abc import Sequence

MOST_WORDS = 80  # of a refusal; what is longer tells something
LEAST_WORDS = 3  # of a clause that tells something

_SOURCE = (
    r"(?:(?:(?:any|all|both|each|either|some|most) of )?(?:the|this|that|these|those|your|any|both)"
    r" )?(?:(?:provided|given|available|supplied|retrieved|cited|above|same|whole|relevant|source|"
    r"news|two|three|four|five|six|\d+) ){0,2}"
    r"(?:articles?|texts?|sources?|documents?|contexts?|passages?|excerpts?|materials?|stor(?:y|ies)|"
    r"(?:provided|given|available) information|information (?:provided|given|available))"
    r"(?: (?:provided|given|above|supplied|available))?"
)
_ABOUT = r"(?: (?:about|on|from|of|by|that|which|i|you)\b[^,;:]{0,60}?)?"
_TELL = (
    r"(?:say|state|mention|specify|contain|provide|include|tell|give|name|indicate|reveal|disclose|"
    r"discuss|address|cover|report|explain|describe|offer|answer|identify|list|refer|clarify|"
    r"detail|note|touch|make|have|allow|go into|speak)"
)
_TELLS = r"(?:says|states|mentions|specifies|contains|provides|includes|tells|gives|names|"
_TELLS += (
    r"indicates|reveals|discusses|addresses|covers|reports|explains|answers|has|" + _TELL + ")"
)
_NOT = r"(?: not|n't)"
_WELL = r"(?: (?:\w+ly|even|yet|currently|directly|really|quite|also|itself|themselves))*"
_CANNOT = (
    rf"(?:can ?not|can't|could{_NOT}|(?:am|are|was|were|'m|'re)?{_WELL} ?(?:unable|not able) to)"
)
_FIND = (
    r"(?:answer|find|say|tell|determine|know|see|give|provide|confirm|establish|identify|locate|"
    r"respond|be sure)"
)
_GIVEN = (
    r"(?:stated|mentioned|specified|given|disclosed|known|available|provided|reported|included|"
    r"addressed|discussed|covered|indicated|described|explained|named|found|clear|revealed|"
    r"contained|answered|listed|present)"
)
_QUESTION = r"(?:what|when|where|who|whom|whose|which|why|how|whether|if)\b"
_WHERE = (
    rf"(?:{_WELL}(?: (?:anywhere|here|there|at all))*"
    rf"(?: (?:in|by|from|within|on the basis of|based on) {_SOURCE}\b.*)?)"
)
_IS = r"(?:is|are|was|were|has been|have been)"

# Each is matched from a clause's start.
_REFUSING = (
    # The source does not say.
    rf"{_SOURCE}{_ABOUT} (?:do|does|did){_NOT}{_WELL} {_TELL}\b",
    rf"{_SOURCE}{_ABOUT} (?:is|are) (?:silent|unclear|vague)\b",
    rf"{_SOURCE}{_ABOUT} (?:is|are){_NOT}{_WELL} (?:clear|specific|explicit)\b",
    rf"{_SOURCE}{_ABOUT}{_WELL} {_TELLS} (?:nothing|no|little)\b",
    rf"{_SOURCE}{_ABOUT} (?:makes?|made) no (?:mention|reference)\b",
    rf"{_SOURCE}{_ABOUT} never {_TELLS}\b",
    rf"{_SOURCE}{_ABOUT} (?:lacks?|omits?|leaves? (?:it|this|that) (?:open|unsaid|unclear))\b",
    rf"{_SOURCE}{_ABOUT} (?:fails? to|{_CANNOT}) (?:{_TELL}|{_FIND})\b",
    rf"(?:no|none of|neither(?: of)?) {_SOURCE}{_WELL} {_TELLS}\b",
    rf"nothing in {_SOURCE}{_WELL} {_TELLS}\b",
    rf"(?:it|this) (?:do|does|did){_NOT}{_WELL} (?:say|state|mention|specify|tell|indicate)\b",
    # I, or we, cannot.
    rf"(?:i|we) ?{_CANNOT}{_WELL} {_FIND}\b",
    rf"(?:i|we) (?:do|did){_NOT}{_WELL} (?:know|find|see)\b",
    rf"(?:i|we) (?:do|did){_NOT}{_WELL} have (?:(?:an?|any|the|that|this|enough|sufficient|"
    r"specific|such|more) )*"
    r"(?:information|details?|answer|data|access|knowledge|means|it|that|this)\b",
    r"(?:i|we) (?:have|found|find|see|had) (?:no|nothing)\b",
    r"(?:i|we) have(?:n't| not) (?:found|seen)\b",
    r"(?:i'm|i am|we're|we are) not (?:sure|certain|aware)\b",
    r"(?:i've|we've) (?:no|found (?:no|nothing))\b",
    # Nobody does.
    rf"(?:it|that|this|the answer)(?: \w+)? {_IS} (?:unclear|unknown|unspecified|unstated)\b",
    rf"(?:it|that|this){_WELL} {_IS}{_NOT}{_WELL} {_GIVEN} {_QUESTION}",
    rf"(?!.* (?:that|which|who) )[^,;:]+ {_IS}{_NOT}{_WELL} {_GIVEN}{_WHERE}$",
    rf"[^,;:]+ {_IS}{_NOT}{_WELL} (?:in|part of|among) {_SOURCE}$",
    rf"[^,;:]+ {_IS} (?:unknown|unclear|unspecified|unstated){_WHERE}$",
    rf"[^,;:]*{_CANNOT}{_WELL} be (?:{_GIVEN}|determined|established|inferred|verified|"
    rf"confirmed){_WHERE}$",
    rf"there (?:(?:is|are|was|were){_NOT} (?:any|enough|sufficient)|"
    r"(?:is|are|was|were|'s) (?:simply )?(?:no|nothing|insufficient|not enough)) ?"
    rf"(?:(?:\w+ ){{0,2}}(?:information|mention|answer|details?|data|indication|reference)\b|"
    rf"in {_SOURCE}\b|about\b)",
    rf"{_CANNOT}{_WELL} {_FIND}\b",
    r"(?:no (?:(?:relevant|further|such|specific) )?(?:information|mention|answer|details?|data)|"
    r"not enough information|"
    rf"insufficient information|no idea)(?: {_IS})?"
    rf"(?: (?:available|given|found|provided|about|on|of|in|to|from|regarding)\b.*)?$",
    rf"(?:n/?a|unknown|unclear|none given|not applicable|unanswerable|not {_GIVEN}){_WHERE}$",
)
_REFUSES = re.compile("|".join(f"(?:{form})" for form in _REFUSING))
# The same, of the subject that stands in an earlier clause: "The articles tell of it, but do not
# say ...", "While the article tells of it, it does not ...".
_GOES_ON = re.compile(
    rf"(?:it |they )?(?:(?:do|does|did){_NOT}{_WELL} {_TELL}|never {_TELLS}|"
    rf"{_TELLS} (?:nothing|no)|(?:is|are) silent)\b"
)
_OF_SOURCE = re.compile(rf"(?:(?:while|although|though) )?(?:{_SOURCE}|i|we)\b")
_BEFORE = re.compile(
    r"(?:(?:(?:i'm|i am|we're|we are) )?(?:very |so )?(?:sorry|afraid)|unfortunately|regrettably|"
    r"(?:my )?apologies|i apologi[sz]e)[,.:;]?(?: but| that|,)* |"
    r"(?:based on|according to|from|in|within|judging by|given|as for|regarding|as to)\b[^,;:]*, |"
    r"(?:but|however|and|so|as|because|since|for)\b,? "
)
_YET = re.compile(r"[,;]? *\b(?:but|however|yet|nevertheless|nonetheless)\b,? *")
_CLAUSE = re.compile(
    r" *[;:–—] *| - |, (?=(?:and|so|as|because|since|only|just|merely|except|though|although|"
    r"which|who|where)\b)"
)
_AFTER_COMMA = re.compile(r", (?!and\b|or\b)")
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|had|will|would|did|says?|said|got|paid|won|lost|cost|signed)\b"
)
_ASKED = re.compile(rf"\b{_QUESTION}[^,;:]*")
_AMOUNT = re.compile(
    r"\d|[$€£¥%]|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|"
    r"forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?)\b"
)
_NAMED = re.compile(rf"\[\d+\]|{_SOURCE}(?: \d+(?:(?:,| and|, and) \d+)*)?\b")
_SENTENCE = re.compile(r".*?[.!?](?=\s|$)|.+", re.DOTALL)
_SAYS_OF_IT = re.compile(rf"(?:{_SOURCE}|(?:it|they)(?: only| just| merely))\b")


def refuses(text: str, more: Sequence[str] = ()) -> bool:
    """`more` are regular expressions of phrases that refuse wherever they stand."""
    folded = " ".join(text.replace("’", "'").casefold().split())
    if not folded:
        return True
    first, *rest = _SENTENCE.findall(folded)
    if more:
        clauses = [c for c in _YET.split(first) if len(c.split()) >= LEAST_WORDS]
        said = (clauses or [first])[-1]
        if re.search("|".join(f"(?:{form})" for form in more), said, re.IGNORECASE):
            return True
    if len(folded.split()) > MOST_WORDS:
        return False
    if any(_amount(s) for s in rest if not _SAYS_OF_IT.match(s.strip()) and not _says_nothing(s)):
        return False
    return _says_nothing(first)


def _says_nothing(sentence: str) -> bool:
    sentence = sentence.strip().rstrip(".!? ")
    if _amount(sentence):
        return False
    sentence = _without_start(sentence)
    about = bool(_OF_SOURCE.match(sentence))
    parts = [part for part in _YET.split(sentence) if len(part.split()) >= LEAST_WORDS]
    parts = parts or [sentence]
    # What stands before a "but" may tell of something else; what comes last is what is meant.
    return _clauses_refuse(parts[-1], about)


def _clauses_refuse(part: str, about: bool) -> bool:
    """The first clause refuses, and those that follow do or are no clauses."""
    first, *rest = [clause.strip() for clause in _CLAUSE.split(part) if clause.strip()] or [part]
    first, *after = _AFTER_COMMA.split(first)
    if not _refusing(first, about):
        # "While the article tells of a deal, it does not say ..."
        if not (after and _OF_SOURCE.match(first) and _GOES_ON.match(after[0])):
            return False
        after = after[1:]
    for clause in [*after, *rest]:
        if len(clause.split()) < LEAST_WORDS or _refusing(clause, about):
            continue
        if about and re.match(rf"(?:though|although) (?:it|they) {_TELLS}\b", clause):
            continue
        if clause in rest or _FINITE.search(_ASKED.sub("", clause)):
            return False
    return True


def _refusing(clause: str, about: bool) -> bool:
    clause = _without_start(clause)
    return bool(_REFUSES.match(clause) or (about and _GOES_ON.match(clause)))


def _without_start(clause: str) -> str:
    """Without "I'm sorry, but" and "According to the article,"."""
    while found := _BEFORE.match(clause):
        clause = clause[found.end() :]
    return clause


def _amount(sentence: str) -> bool:
    """A number that it tells: not one of the question that it repeats, or of its sources."""
    return bool(_AMOUNT.search(_ASKED.sub("", _NAMED.sub("", sentence))))
