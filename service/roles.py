"""Roles: who did or said it, in what office, whether it was done, and why, as far as words tell.

What a sentence gets wrong though its source has every word of it: somebody in another's place, a
plan told as done, a cause that nobody named. There is no grammar here: where the words do not tell
plainly, nothing is held against a sentence. English only.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from index.sentences import sentence_spans
from index.stated import without_agency_line
from service.wording import (
    CAPITALISED,
    OPENERS,
    TITLES,
    Word,
    is_content,
    names,
    quoted,
    runs,
    stems,
    unquoted,
    words,
)

SAYS = (
    r"(?:said|says|told|tells|announced|warned|confirmed|added|claimed|claims|stated|argued"
    r"|insisted|admitted|denied|explained|noted|declared|wrote|asked|replied|recalled)"
)
_NAME = r"[A-Z][\w.’'-]*(?:[ -]+(?:(?:al|bin|de|del|der|la|van|von|the)[ -]+)?[A-Z][\w.’'-]*)*"
_QUOTE = r"[“\"„«](?P<what>[^“”\"„«»]{3,})[”\"»]"
_QUOTED = r"[“\"„«][^“”\"„«»]*[”\"»]"
_PRONOUN = re.compile(r"\b(?:he|she|they)\b", re.IGNORECASE)
_I_DO = re.compile(r"\b(?:I|[Ww]e)(?: (?:also|never|now|still|\w+ly))? (?P<verb>[\w’']+)")
_IN_WORDS_OF = re.compile(r"\b(?:said|says|told|claim(?:s|ed)|according to)\b")
_ATTRIBUTES = re.compile(
    r"\b(?:said|told|wrote|according to|(?:say|tell|announc|warn|confirm|claim|stat|argu|insist"
    r"|admit|deni|deny|explain|declar|writ|report|describ|call|accus|alleg|promis|demand|urg"
    r"|predict|expect|estimat|testif|reveal|show|suggest|quot)\w*)\b"
)
# “...,” said Ada Krall; “...,” Ada Krall said; Ada Krall said: “...”
_SPOKEN = [
    re.compile(rf"{_QUOTE},?\s+{SAYS}\s+(?:[a-z]+\s+){{0,3}}(?P<who>{_NAME})"),
    re.compile(rf"{_QUOTE},?\s+(?:[a-z]+\s+){{0,3}}(?P<who>{_NAME})\s+{SAYS}\b"),
    re.compile(rf"(?P<who>{_NAME})\s+{SAYS}\s*(?:that|[:,])?\s*{_QUOTE}"),
]
# "Ada Krall, the mayor, said that ...", "According to Ada Krall, ...".
_SPEAKS = re.compile(
    rf"According to (?P<by>[^,“”\"]+),(?P<told>.*)"
    rf"|(?P<who>[^“”\"]{{3,90}}?)(?<!\bwas)(?<!\bwere)(?<!\bbeen)\s+{SAYS}\b(?P<what>.*)",
    re.DOTALL,
)
_SAYS_THAT = re.compile(
    r"\b(?:agree[ds]?|emphasi[sz](?:es?|ed)|maintain(?:s|ed)?|point(?:s|ed)? out|stress(?:es|ed)?)"
    r" that\b"
)
_VERB_OF_SPEECH = re.compile(rf"\b{SAYS}\b")
SHE_SAYS = re.compile(rf"\b(?:he|she|they)\s+(?:\w+\s+)?{SAYS}\b", re.IGNORECASE)
_NAMED_SPEAKER = re.compile(
    rf"(?P<who>{_NAME})\s+{SAYS}\b|\b(?:said|says)\s+(?:[a-z]+,?\s+){{0,3}}(?P<by>{_NAME})"
)
_QUOTED_MARK = re.compile(r"[“”\"„«»]")
# Beside a name: who said it is somebody.
_SPEAKER = re.compile(rf"\s*{SAYS}\b")
_WHO_SAID = re.compile(rf"\b{SAYS}\s+(?:[\w’'-]+\s+){{0,4}}\Z")
# "Their leader, Ada Krall", "Its chief executive said": whose that is stands before it.
_OWNED = re.compile(
    r"(?P<whose>Their|Its|His|Her)\s+(?:[a-z-]+\s+){0,2}?(?P<what>[a-z][a-z-]*)"
    rf"(?=,|\s+[A-Z]|\s+(?:is|was|has|had|will|{SAYS})\b)"
)
_WHOSE = re.compile(r"\A(?:Their|Its|His|Her)\s+")
_OWNER_ENDS = re.compile(rf"[,;:()]|\b(?:is|are|was|were|has|had|will|who|{SAYS})\b")
# Whose words a claim or question is to have: "according to the rescue service", "The rescue service
# said", "did the rescue service say".
_TOLD_BY = re.compile(
    r"\b[Aa]ccording to (?P<by>(?:the|an?|its|their)\s[^,.;:?()“”\"]+)"
    rf"|^(?:The|An?)\s(?P<who>(?:[a-z’'-]+\s){{1,4}}?){SAYS}\b"
    r"|\b(?:did|do|does|had|has)\s(?:the|an?)\s(?P<asked>(?:[a-z’'-]+\s){1,4}?)"
    r"(?:say|said|claim(?:ed)?|report(?:ed)?|estimated?|stated?|warn(?:ed)?)\b"
)
# "Chief engineer Ada Krall", "Ada Krall, an engineer": what stands beside a name and says what its
# bearer is.
_DESCRIBED = (
    r"(?P<before>\b(?:[Tt]he|[Aa]n?|[Ii]ts) (?:[\w’'-]+ ){{0,3}}[a-z][\w’'-]*, "
    r"|(?:\b[\w’'-]+ )?(?!(?:after|against|and|as|at|before|but|by|for|from|if|in|of|on|or|that|to"
    r"|when|while|with)\b)[a-z][\w’'-]* )?(?:[A-Z][\w.’'-]* )*\b{0}\b"
    r"(?:(?:, \d+)?, (?=(?:the|an?|its|[\w’'-]+['’]s) )(?P<behind>[^,.;]+))?"
)
_SPEAKS_FOR = re.compile(rf"(?:{SAYS}|spokes(?:man|woman|person))\Z")
_OF_WHAT_KIND = re.compile(r"\s(?:at|from|in|of|on|that|which|who)\s.*", re.DOTALL)
# Who may be called so is somebody named.
_VAGUE = stems(
    "article report text passage source official authority company firm operator group club party "
    "team government"
)
# Offices that one is in alone, or of whose kind one is in one.
_OFFICE = (
    r"(?P<office>captain|ceo|chair(?:man|person|woman)?|chief executive|coach|driver|founder"
    r"|governor|judge|leader|manager|mayor|nurse|pilot|president|(?:prime )?minister|professor"
    r"|prosecutor|senator|skipper)\b"
)
_FULL_NAME = r"(?P<who>[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)+)"
_IS_IN_OFFICE = re.compile(
    rf"{_FULL_NAME}(?:,[^,]+,)? (?:is|was|became) (?:the|an?|its|their) (?:[a-z-]+ ){{0,2}}?"
    rf"{_OFFICE}"
)
# "Its captain is Ada Krall", "The captain of the ferry, Ada Krall,".
_OFFICE_IS = re.compile(
    rf"(?:\b(?:[Ii]ts|[Tt]heir|[Tt]he)|['’]s?) (?:[a-z-]+ ){{0,2}}?{_OFFICE}"
    rf"(?: of [^,.;:]{{1,40}}?)?(?:,| is| was)? {_FULL_NAME}"
)
_BY_NAME = re.compile(r",? (?P<who>[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*)")
_IN_OFFICE = re.compile(rf"\b{_OFFICE}", re.IGNORECASE)
# "Ada Krall, the mayor,"; and what stands between the first office and the name in "founder and
# chief executive, Ada Krall".
_NAMED_BEFORE = re.compile(rf"{_FULL_NAME},(?: the| an?)?(?: [a-z-]+){{0,3}} \Z")
_APART = re.compile(rf"(?: of (?:the )?{CAPITALISED})?(?:[,.;]| and\b)")
_AND_WHAT = re.compile(rf" and (?:[a-z-]+ ){{0,2}}?{_OFFICE}")
# Who is in one of these and in none that is told of is in no other, as far as the text tells.
_NO_OTHER = frozenset(("captain", "chair", "ceo", "founder", "governor", "mayor", "president"))
_ONE_OFFICE = {"chief executive": "ceo", "skipper": "captain", "manager": "coach"}
_ONE_OFFICE |= {"prime minister": "minister"}
# Then another may have been in it before.
_CHANGES = re.compile(
    r"\b(?:former|ex|then|predecessor|(?:re|dis)plac\w*|succe\w*|took over)\b", re.I
)
_CONTRAST = re.compile(r",?\s+(?:while|whereas)\s+", re.IGNORECASE)
# "The freighter was not damaged": what "its" in the next sentence goes back to; and whose something
# is in a claim, "the ferry's captain", "the captain of the ferry".
_THE_SUBJECT = re.compile(
    rf"The\s+(?P<what>[a-z-]+)\s+(?:is|was|has|had|will|(?!{SAYS})[a-z]+ed)\b"
)
_OF_THE = r"\b[Tt]he (?P<{0}>[a-z-]+)['’]s (?:[a-z-]+ )?{1}\b|\b{1} of the (?P<{2}>[a-z-]+)\b"
OWNER_WORDS = 3  # before what is whose: "the Northern League's leader"
NAMED_WITHIN = 60  # characters before an office, of who is in it
BEGINNING = 5  # letters that an office and its verb share: "founder", "founded"
OPENING = 6  # words of a sentence that name what it is about
_DOTTED = re.compile(r"\b(Dr|Mrs?|Ms|Prof|Rev|Capt|Gen|Sen|Gov|Lt|Sgt)\.")
OFFICE_WORDS = 4  # before a name, at most: "the new fire chief Ada Krall"
NOT_THEIRS = 0.5  # of what somebody is to have said, at most told otherwise than as his
# Between a name and what its bearer did.
BETWEEN = frozenset("has have had also then later again still now once even never not".split())
_BE = frozenset("is are was were be been being".split())
_DEED = re.compile(
    r"(?:\w+ed|said|won|made|took|gave|told|met|led|paid|sold|bought|wrote|left|went|ran|held"
    r"|found|lost|beat|began|saw|put|cut|set|hit|fell|rose|sent|got|came|became|kept|knew|spoke"
    r"|drove|broke|chose|built|sought|fought|brought)\Z"
)
_DOES = re.compile(r"(?!(?:earnings|losses|profits|revenues|sales|shares)\Z)\w+s\Z")
# What two do to one another: "Holm met Brandt" is "Brandt met Holm".
_MUTUAL = stems("meet face play marry wed divorce fight draw")
_IN_SHORT = re.compile(r"(?:\b(?:and|but|while|whereas)|;)\s+\Z")
_OF_THEM = re.compile(r" (?:at|from|of) (?:the )?")
# Who beat whom, and what only who beat the others did.
_BEATS = re.compile(
    r"\b(?:beat(?:s|ing)?|defeat(?:s|ed|ing)?|edg(?:es|ed|ing)(?: out| past)?|oust(?:s|ed|ing)"
    r"|overc(?:ame|omes|oming)|stunn(?:ed|ing)|down(?:s|ed|ing)|thrash(?:es|ed|ing)"
    r"|unseat(?:s|ed|ing)|knock(?:s|ed|ing) out|eliminat(?:es|ed|ing))"
    rf"\s+(?:(?!by\b|in\b)[a-z][\w’'-]*,?\s+){{0,4}}(?P<loser>{_NAME})"
)
_WON = re.compile(r"\b(?:won|had beaten)\b")  # "Holm beat Brand, who won in 2014"
_WINS = stems("won wins beat beats defeated elected")
_WINNER_IS = re.compile(
    rf"\b(?:winner|champion|victor)\b[^.,;]*?\b(?:is|was)\s+(?:the\s+)?(?P<who>{_NAME})"
)
# "She praised", "Brandt had praised", before a name.
_TO_WHOM = re.compile(
    r"\b(?:[A-Z]\w+|(?:[Hh]e|[Ss]he|[Tt]hey|[Ww]ho))\s+(?:had\s+|has\s+|have\s+)?"
    r"(?P<verb>[a-z]+)\s+\Z"
)
# What stands between a name and its verb: "Sabo, the incumbent, won", "Koren (49) won".
_INSERTED = re.compile(r"\s*[,(–—]|\s+-\s")
_RESUMED = re.compile(r"[,)–—]|\s-\s")
MOST_INSERTED = 25  # words
# "..., said the commission": who said it follows.
_SAYS_WHO = re.compile(rf"\s*{SAYS}\s+(?:the|an?|[A-Z])")
# "... was serviced in January by fleet manager", before a name.
_DONE_BY = re.compile(
    r"\b(?:is|are|was|were|be|been|being)\s+(?P<what>(?:[\w’'-]+\s+){1,7})"
    r"by\s+(?:[\w’'-]+\s+){0,4}\Z"
)
_BY = re.compile(r"\bby\s+(?:[\w’'-]+\s+){0,4}\Z")
_SAID = re.compile(rf".{{0,120}}?\b{SAYS}\b")
# Before whom a sentence is about: "Former judge Nadia Koren", "The incumbent, Viktor Sabo,".
_TITLED = re.compile(
    r"(?:(?:the|an?|its|their)\s+)?(?:[\w’'-]+\s+){0,3}[\w’'-]+,?\Z", re.IGNORECASE
)
_WITH_THAT = re.compile(r"[,–—]\s+(?P<verb>[a-z]+ing)\b")
_CAUSE = re.compile(
    r"\b(?:caus(?:ed|es|ing)|because|due to|(?:lead|leads|leading|led) to|result(?:ed|s|ing)? in"
    r"|as a result|forcing|prompting|triggering)\b",
    re.IGNORECASE,
)
# "... because he wanted a bridge."
_WANTED = re.compile(
    r"(?P<deed>.+?),? because (?:he|she|they|it) (?:(?:did not|didn['’]t) )?"
    r"(?P<why>(?:want|need|fear|hope|object|oppose)(?:e?d)?\b.+)"
)
_DUE_TO = re.compile(r"\b((?:am|are|is|was|were)) due to (?:be )?(?P<verb>[a-z]+)")
_TO_COME = re.compile(r"\b(?:to|will|would|shall) (?:be )?(?P<verb>[a-z]+)")
_I = re.compile(r"\b(?:I|[Ww]e)\b")
_NOUN = r"(?:(?:an?|the|its|his|her|their)\s+)?(?:[\w’'-]+\s+){0,2}[\w’'-]+"
# "Caused by heavy rain and a broken pump"
_TWO_CAUSES = re.compile(
    rf"\b(?:caused by|because of|due to|blamed on|attributed to|result of)\s+(?P<one>{_NOUN}?)"
    rf",?\s+and\s+(?P<two>{_NOUN})(?=\s*(?:[.,;]|\Z)|\s(?:at|during|in|on|when|while)\b)",
    re.IGNORECASE,
)
# "... because of a storm", "A storm caused ...": why, in a claim, and what came of it.
_CAUSE_BEHIND = re.compile(
    r"\b(?:because(?: of)?|due to|caused by|(?:as a|the) result of)\b", re.IGNORECASE
)
_CAUSE_BEFORE = re.compile(r"\b(?:caused|led to|resulted in)\b", re.IGNORECASE)
# Whom or what a deed is done to: the words behind it, up to where something else is told.
_DONE_TO = re.compile(
    r"(?: (?!(?:above|and|as|at|below|but|by|for|from|in|into|on|over|than|to|when|while|with)\b)"
    r"[\w’'-]+){1,4}"
)
_HAS = frozenset("also has have had".split())
_STARTS = stems("started ignited")
_DEATHS = stems("dead death died killed")
# In words that tell why only where they have the cause itself: "over safety concerns".
_GIVEN_AS_REASON = re.compile(
    r"\b(?:(?:amid|for (?:fear|lack|want) of)(?: [\w’'-]+){1,4}"
    r"|(?:for|on)(?: [\w’'-]+){1,2} (?:grounds|reasons)"
    r"|over (?:[\w’'-]+ ){0,2}(?:concerns?|fears?|worries)"
    r"|with an? (?:[\w’'-]+ ){0,2}(?:illness|injury))\b",
    re.IGNORECASE,
)
_MAY_BE_A_CAUSE = re.compile(
    r"\b(?:caus\w*|because|due|lead\w*|led|result\w*|forc\w*|prompt\w*|trigger\w*|blam\w*|after"
    r"|follow\w*|owing|thank\w*|spark\w*|contribut\w*|since|ma[dk]e\w*|mean\w*|from|when|why"
    r"|cost\w*|attribut\w*|fuel\w*|driv\w*|drove|brought|bring\w*|so"
    # For what somebody was jailed or fined.
    r"|(?:arrest\w*|award\w*|banned|charged|convicted|criticis\w*|criticiz\w*|dismissed|fired"
    r"|fin(?:ed|es?)|honou?red|jailed|praised|punish\w*|sacked|sentenced|sued|suspended)"
    r"(?: [\w,.]+){0,6} for"
    # A reason given: "voted against it, arguing that", "rejected it on the grounds of".
    r"|(?<=, )(?:arguing|saying|citing|claiming|insisting|pleading)|argu(?:ed|es) that"
    r"|on (?:the )?(?:grounds|basis) (?:of|that)|in (?:protest|response|retaliation|revenge)"
    r"|(?:resign\w*|quit|strikes?|protest\w*|walk\w* out|dismiss\w*|sacked|fired|arrest\w*"
    r"|su(?:ed?|ing)|criticis\w*|criticiz\w*|charged|fined|jailed|suspended|clash\w*|dispute\w*|anger|row)"
    r"(?: \w+){0,3} over (?!\d|the (?:last|past|next|coming)|an? (?:week|month|year|hour)))\b",
    re.IGNORECASE,
)


def same_roles(
    claim: str, source: str, common: frozenset[str] = frozenset(), around: str = ""
) -> bool:
    """Whether who did and who said it is the same in both, where both name somebody.

    "Holm resigned", or "Holm, the mayor, resigned", is not what "Brandt resigned, Holm said" tells.
    `common` are words that the articles have in lower case; `around` is what stands around the
    source, where whom its "she" means is named.
    """
    theirs = list(_deeds(source, common))
    suffered = list(_suffered(source, common))
    said_behind = frozenset[str]().union(
        *(stems(m["by"]) for m in _NAMED_SPEAKER.finditer(source) if m["by"])
    )
    for deed in _deeds(claim, common):
        if deed.verb in _MUTUAL and deed.who <= stems(source):
            continue
        # "She praised Krall" is not "Krall praised her".
        if (
            deed.opens
            and deed.plain
            and any(other.verb == deed.verb and other.who <= deed.who for other in suffered)
            and not any(other.verb == deed.verb and other.who & deed.who for other in theirs)
        ):
            return False
        own = [other for other in theirs if other.verb == deed.verb]
        # "“...”, said the mayor, Ada Krall": who says it stands behind.
        if deed.verb == "say" and deed.who & said_behind:
            continue
        if deed.opens and any(d.plain for d in own) and not any(d.who & deed.who for d in own):
            return False
    if not _agents_hold(claim, source, common):
        return False
    told = list(_spoken(source))
    for what, who in _spoken(claim):
        said = [other for quote, other in told if what in quote or quote in what]
        said = said or list(_speakers(what, around, common))
        if said and not any(other & who for other in said):
            return False
    return True


def not_the_loser(claim: str, source: str, common: frozenset[str] = frozenset()) -> bool:
    """False where who won is somebody whom, as the source tells it, another has beaten."""
    won = [deed.who for deed in _deeds(claim, common) if deed.verb in _WINS]
    won += [stems(match["who"]) for match in _WINNER_IS.finditer(claim)]
    if not won:
        return True
    theirs = [deed.who for deed in _deeds(source, common) if deed.verb in _WINS]
    for span in sentence_spans(source):
        sentence = span.of(source)
        for match in _BEATS.finditer(sentence):
            loser = stems(match["loser"])
            winner = {w.stem for w in names(sentence[: match.start()], common=common)}
            told = any(who & loser for who in theirs) or _WON.search(sentence, match.end())
            if winner and not told and any(who & loser and not who & winner for who in won):
                return False
    return True


def speech_holds(claim: str, source: str, around: str = "") -> bool:
    """Whether what a claim has somebody say is said in sentences that tell of him as a speaker.

    What the reporter tells, or another says, in a sentence cited beside is not his. "She said" may
    be anybody whom the sentences `around` the source do not name somebody else after. Of people who
    are named in full.
    """
    match = _SPEAKS.match(claim)
    who, what = (match["by"] or match["who"], match["told"] or match["what"]) if match else ("", "")
    speaker = runs(who, names(who))[:1]
    if not speaker or len(speaker[0]) < 2 or len(who[: speaker[0][0].start].split()) > OFFICE_WORDS:
        return True
    surname = speaker[0][-1].stem
    sentences = [span.of(source) for span in sentence_spans(source)]
    theirs = [stems(text) for text in sentences if _may_be_said_by(surname, text, around)]
    said = {w.stem for w in words(what) if is_content(w)} - stems(who)
    told = said & stems(source)
    if _gives_to_another(what, surname, source):
        return False
    return bool(theirs) and len(told.difference(*theirs)) <= NOT_THEIRS * len(told)


def _gives_to_another(what: str, surname: str, source: str) -> bool:
    """Whether what a speaker tells of himself is told of whom the claim names: "Krall said that
    Brandt still regretted it", of "I still regret it".
    """
    subject = runs(what, names(what))[:1]
    if not subject or what[: subject[0][0].start].strip(" ,") not in ("", "that"):
        return False
    if surname in {w.stem for w in subject[0]}:
        return False
    own = [w for text in quoted(source) for m in _I_DO.finditer(text) for w in words(m["verb"])]
    deeds = {w.stem for w in own if is_content(w)}
    said = words(what)
    return any(
        w.stem in deeds and not any(map(_PRONOUN.fullmatch, (b.text for b in said[i - 2 : i])))
        for i, w in enumerate(said)
        if i > 1
    )


def _may_be_said_by(surname: str, sentence: str, around: str) -> bool:
    if not words(unquoted(sentence)) and _goes_on(surname, sentence, around):
        return True
    if SHE_SAYS.search(unquoted(sentence)) and surname not in stems(sentence):
        before, found, _ = around.partition(sentence)
        return not found or may_mean(frozenset([surname]), before)
    return bool(
        SHE_SAYS.search(sentence)
        or (
            (
                _ATTRIBUTES.search(sentence)
                or _QUOTED_MARK.search(sentence)
                or _VERB_OF_SPEECH.search(sentence)
                or _SAYS_THAT.search(sentence)
            )
            and surname in stems(sentence)
        )
    )


def _goes_on(surname: str, quotation: str, around: str) -> bool:
    """Whether words that stand alone between quotation marks follow, in their paragraph, quoted
    words of somebody whom their sentence names, alone, as who says them, or "she said" of her.
    """
    before, found, _ = around.partition(quotation)
    last = sentence_spans(before)[-1:]
    beside = before[last[0].start :] if found and last else ""
    told = unquoted(beside)
    if "\n" in beside or not quoted(beside):
        return False
    speakers = [stems(m["who"] or m["by"]) for m in _NAMED_SPEAKER.finditer(told)]
    if not speakers and SHE_SAYS.search(told):
        return may_mean(frozenset([surname]), before[: last[0].start])
    return bool(speakers) and all(surname in speaker for speaker in speakers)


def keeps_owner(claim: str, cited: str, before: str) -> bool:
    """Whether what a claim says is somebody's is theirs, where a sentence that is cited begins with
    "Their leader": theirs who are named last `before` it, and not of others further up.
    """
    for span in sentence_spans(cited):
        sentence = span.of(cited)
        owned = _OWNED.match(sentence)
        owner = _owner(owned["what"], claim) - stems(sentence) if owned else None
        above = before + cited[: span.start]
        if owned and not owner and not _may_be_its(owned["what"], claim, above):
            return False
        if not (owned and owner):
            continue
        means = may_mean if owned["whose"] in ("His", "Her") else _may_own
        if not means(owner, above):
            return False
    return True


def _owner(what: str, claim: str) -> frozenset[str]:
    """Stems of the names in a claim whose "leader" there is: of "the League's leader"."""
    sought, sequence, named = next(iter(words(what))).stem, words(claim), names(claim)
    found: set[str] = set()
    for i, word in enumerate(sequence):
        if word.stem != sought:
            continue
        end = word.start + len(word.text)
        on = claim[end:]
        if on.startswith(" of "):
            ends = _OWNER_ENDS.search(on)
            until = end + (ends.start() if ends else len(on))
            found |= {w.stem for w in named if end < w.start < until}
        for other in reversed(sequence[max(0, i - OWNER_WORDS) : i]):
            if _OWNER_ENDS.search(claim[other.start : word.start]):
                break
            found |= {other.stem} if other in named else set()
    return frozenset(found)


def _may_be_its(what: str, claim: str, before: str) -> bool:
    """Whether "its captain" may be that of the ferry, which a claim has it be: not where the
    sentence `before` is about the freighter, and one told what either did to the other.
    """
    sentences = [span.of(before) for span in sentence_spans(before)]
    subject = _THE_SUBJECT.match(sentences[-1]) if sentences else None
    match = re.search(_OF_THE.format("one", re.escape(what), "two"), claim)
    if not (subject and match):
        return True
    other = next(iter(words(subject["what"]))).stem
    owner = next(iter(words(match["one"] or match["two"]))).stem
    if owner == other or owner in stems(sentences[-1]):
        return True
    for sequence in map(words, sentences):
        at = [i for i, w in enumerate(sequence) if w.stem in (owner, other)]
        for i, j in pairwise(at):
            between = sequence[i + 1 : j]
            if sequence[i].stem != sequence[j].stem and any(is_deed(w.text) for w in between):
                return False
    return True


def _may_own(name: frozenset[str], before: str) -> bool:
    """Whether no sentence `before` that is nearer than the last with one of these stems begins with
    another name.
    """
    for span in reversed(sentence_spans(before)):
        text = unquoted(span.of(before))
        if name & stems(text):
            return True
        if {*words(text)[:OPENING]} & {*names(text)}:
            return False
    return True


def told_by_others(text: str, cited: str, sentences: Iterable[str]) -> list[str]:
    """Whose words a claim or question is to have where what is `cited` has nothing of them, and
    another of the sentences has them speak: "according to the rescue service".
    """
    match = _TOLD_BY.search(text)
    whom = (match["by"] or match["who"] or match["asked"]) if match else ""
    called = [w for w in words(_OF_WHAT_KIND.sub("", whom)) if is_content(w)]
    if not called or called[-1].stem in _VAGUE | stems(cited):
        return []
    speaks = re.compile(
        rf"\b{re.escape(called[-1].text)}(?:,[^,]+,)?\s(?:\w+\s)?{SAYS}\b"
        rf"|\b(?:{SAYS}|according to)\s(?:[\w’'-]+\s){{0,4}}{re.escape(called[-1].text)}\b",
        re.IGNORECASE,
    )
    stem = {w.stem for w in called}
    around = [*sentences]
    told = any(stem <= stems(sentence) and speaks.search(sentence) for sentence in around)
    in_it = _are_in_office(called[-1].text, cited, "\n".join(around))
    told = not in_it if in_it is not None else told
    if told and in_it is None and _may_speak_for(called[-1], cited, around):
        return []
    return [" ".join(w.text for w in called)] if told else []


def _may_speak_for(whom: Word, cited: str, around: Iterable[str]) -> bool:
    """Whether all who are named as speaking in what is cited, or are "she", may be the airline or
    its spokeswoman: a text says so, or none says what else they are, and what else is named so.
    """
    told = unquoted(cited)
    said = {m["who"] or m["by"] for m in _NAMED_SPEAKER.finditer(told)}
    if SHE_SAYS.search(told):
        said |= {" ".join(w.text for w in run) for run in runs(told, names(told))}
    elif not said:
        return False
    noun = re.escape(whom.text)
    is_it = re.compile(
        rf"\b(?i:{noun}),? (?P<one>{_NAME})"
        rf"|(?P<two>{_NAME}), (?:the|an?|its|[\w’'-]+['’]s) (?:[a-z’'-]+ ){{0,3}}?(?i:{noun})\b"
    )
    texts = [*around, *cited.splitlines()]
    called = [stems(m["one"] or m["two"]) for text in texts for m in is_it.finditer(text)]
    beside = frozenset().union(*(stems(text) for text in texts if whom.stem in stems(text)))
    for who in said:
        name, last = stems(who), words(who)[-1]
        if any(name <= other or other <= name for other in called):
            continue
        if called or last.stem in beside or any(_is_described(last.text, t) for t in texts):
            return False
    return True


def _is_described(who: str, text: str) -> bool:
    """Whether a text tells what somebody is, by more than that they are somebody's spokeswoman."""
    called = re.escape(who)
    for match in re.finditer(_DESCRIBED.format(called), text):
        what = f"{match['before'] or ''} {match['behind'] or ''}"
        more = (w for w in words(what) if is_content(w) and not _SPEAKS_FOR.match(w.text))
        if any(more) or _IN_OFFICE.search(match[0]):
            return True
    return False


def _are_in_office(office: str, cited: str, around: str) -> bool | None:
    """Whether who is named as speaking in what is cited is in this office, as the text around it
    tells; not, where it has him in another and somebody else in this one. None where it is open.
    """
    match = _IN_OFFICE.fullmatch(office)
    told = unquoted(cited)
    said = {words(m["who"] or m["by"])[-1].stem for m in _NAMED_SPEAKER.finditer(told)}
    if match is None or not said or SHE_SAYS.search(told):
        return None
    if any(office in text and _CHANGES.search(text) for text in around.splitlines()):
        return None
    mine, others = set[str](), set[str]()
    for held, who in _offices(around):
        (mine if held == _office_of(match) else others).update(who)
    if said & mine:
        return True
    return False if mine and said <= others else None


def keeps_to_its_part(claim: str, source: str) -> bool:
    """False where one of two parts of a sentence, joined by "while", tells a deed and the other of
    whom the claim has do it: "Holm hailed it", of "Brandt hailed it, while Holm scorned it".

    Only of a sentence whose parts have each a subject and a deed of their own.
    """
    sequence = words(claim)
    at = next((i for i, w in enumerate(sequence) if i and is_deed(w.text)), 0)
    if not at:
        return True
    deed = sequence[at].stem
    suffers = _is_suffered(claim, deed)
    for span in sentence_spans(source):
        parts = _CONTRAST.split(span.of(source))
        if len(parts) != 2 or not all(map(_has_subject, parts)):
            continue
        one, other = map(stems, parts)
        if (deed in one) == (deed in other) or _is_suffered(parts[deed in other], deed) != suffers:
            continue
        theirs, others = (one, other) if deed in one else (other, one)
        who = {w.stem for w in sequence[:at] if is_content(w)} - (theirs & others)
        if (
            who
            and who <= others
            and not any(who <= stems(s.of(source)) for s in sentence_spans(source) if s != span)
        ):
            return False
    return True


def _is_suffered(text: str, deed: str) -> bool:
    """Whether a verb stands behind "was" or "been" in a text."""
    return any(
        word.stem == deed and before.text.casefold() in _BE
        for before, word in pairwise(words(text))
    )


def _has_subject(part: str) -> bool:
    """Whether a noun or name, and no pronoun, stands before the first verb of a part."""
    sequence = words(part)
    at = next((i for i, w in enumerate(sequence) if is_deed(w.text)), 0)
    before = sequence[:at]
    return (
        bool(before)
        and is_content(before[-1])
        and not _PRONOUN.search(" ".join(w.text for w in before))
    )


def holds_office(claim: str, around: str) -> bool:
    """False where a claim has somebody in an office that the text around its source has by the
    names of others alone: "Ned Brand is the mayor", where that is "Mayor Ines Holm"; or has of
    nobody, and him in another one.
    """
    match = _IS_IN_OFFICE.match(claim) or _OFFICE_IS.search(claim)
    if match is None or _CHANGES.search(around):
        return True
    surname = next(w.stem for w in reversed(words(match["who"])))
    office = _office_of(match)
    held = [*_offices(around)]
    told = [who for other, who in held if other == office]
    if not told:
        # "Who chairs Orne", "founded Orne"
        so = office not in _NO_OTHER or re.search(rf"\b{office[:BEGINNING]}", around, re.IGNORECASE)
        return bool(so) or not any(surname in who for _, who in held)
    return not all(told) or any(surname in who for who in told)


def _offices(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """The offices that a text tells of, and stems of the names that stand beside each."""
    for match in _IN_OFFICE.finditer(text):
        start, end = match.span()
        more = _AND_WHAT.match(text, end)
        named = _BY_NAME.match(text, more.end() if more else end)
        if not named and _APART.match(text, end):
            named = _NAMED_BEFORE.search(text, max(0, start - NAMED_WITHIN), start)
        yield _office_of(match), stems(named["who"]) if named else frozenset()


def _office_of(match: re.Match[str]) -> str:
    office = match["office"].lower()
    return "chair" if office.startswith("chair") else _ONE_OFFICE.get(office, office)


def may_mean(name: frozenset[str], before: str) -> bool:
    """Whether "he" may mean whom one of these stems names: no sentence `before` that is nearer than
    the last with one of them is about somebody else.
    """
    for span in reversed(sentence_spans(before)):
        text = unquoted(span.of(before))
        if name & stems(text):
            return True
        if _names_somebody(text):
            return False
    return True


def _names_somebody(text: str) -> bool:
    """Whether a sentence tells what somebody who is named in full said, or begins with one by whose
    name stands an office or age: "coach Ada Krall", "Ada Krall, 49, won".
    """
    text = _DOTTED.sub(r"\1", text)
    for run in (run for run in runs(text, names(text)) if len(run) > 1):
        start, end = run[0].start, run[-1].start + len(run[-1].text)
        if _SPEAKER.match(text, end) or _WHO_SAID.search(text[:start]):
            return True
        before = text[:start].split()
        is_person = (
            run[0].text.casefold() in TITLES
            or _INSERTED.match(text, end)
            or (before and before[-1].casefold() != "the")
        )
        if is_person and _is_subject(_WHOSE.sub("", text[:start])):
            return True
    return False


def _agents_hold(claim: str, source: str, common: frozenset[str]) -> bool:
    """False where the claim has something done by whom the source has only say that it was done."""
    done_by = [
        (verb, {w.stem for w in run})
        for run in runs(claim, names(claim, common=common))
        if (match := _DONE_BY.search(claim, 0, run[0].start))
        and (verb := next((w.stem for w in words(match["what"]) if is_deed(w.text)), ""))
    ]
    for span in sentence_spans(source) if done_by else ():
        text = span.of(source)
        for run in runs(text, names(text, common=common)):
            said = _SAID.match(text, run[-1].start)
            if not said or _BY.search(text, 0, run[0].start):
                continue
            for before, word in pairwise(words(text[said.end() :])):
                passive = before.text.casefold() in _BE
                if passive and any(
                    word.stem == verb and name & {w.stem for w in run} for verb, name in done_by
                ):
                    return False
    return True


def _speakers(what: str, text: str, common: frozenset[str]) -> Iterator[frozenset[str]]:
    """Stems of the names beside quoted words in their sentence; else, or where the sentence has a
    pronoun for them, of those in the last sentence before that names somebody.
    """
    spans = sentence_spans(text)
    for quote in re.finditer(_QUOTED, text):
        if not what or what not in " ".join(w.stem for w in words(quote[0])):
            continue
        at = next(i for i, span in enumerate(spans) if quote.start() < span.end)
        # The words may go on in the next sentences.
        beside = text[spans[at].start : quote.start()] + " " + text[quote.end() : spans[at].end]
        named = _named(beside, common)
        if not named or _PRONOUN.search(beside):
            before = (_named(span.of(text), common) for span in reversed(spans[:at]))
            named |= next((n for n in before if n), frozenset())
        if named:
            yield named


def _named(text: str, common: frozenset[str]) -> frozenset[str]:
    """Stems of the names outside quotation marks."""
    return frozenset(w.stem for w in names(unquoted(text), common=common))


@dataclass(frozen=True)
class _Deed:
    """Stems of a name and of the verb that follows it, whether the sentence begins with whom it
    names, and whether the verb is plainly theirs.
    """

    who: frozenset[str]
    verb: str
    opens: bool
    plain: bool = True


def _deeds(text: str, common: frozenset[str]) -> Iterator[_Deed]:
    """What those who are named did, told at once or behind what is inserted between commas.

    A name in capitals alone may be short for another. Of "Holm got 12 votes and Brandt nine" both
    got some; "Holm's shares" did nothing; "Ada Krall of Harrow said" tells of her, too.
    """
    sequence = words(text)
    last, until = "", 0
    numbers = {word.start: i for i, word in enumerate(sequence)}
    spans = sentence_spans(text)
    before: list[Word] = []
    for run in runs(text, names(text, common=common)):
        name = frozenset(w.stem for w in run)
        if before and _OF_THEM.fullmatch(
            text, before[-1].start + len(before[-1].text), run[0].start
        ):
            name |= {w.stem for w in before}
        before = run
        if all(word.text.isupper() for word in run):
            continue
        span = next(s for s in spans if run[0].start < s.end)
        start = span.end - len(without_agency_line(span.of(text)))
        opens = _is_subject(text[start : run[0].start])
        rest = sequence[numbers[run[-1].start] + 1 :]
        at = run[-1].start + len(run[-1].text)
        if re.search(r"['’]s?\Z", run[-1].text):
            continue
        if did := _following(text, at, rest):
            yield _Deed(name, did.stem, opens)
            last, until = did.stem, span.end
        elif (
            at < until
            and rest[:1]
            and rest[0].is_number
            and not text[at : rest[0].start].strip()
            and _IN_SHORT.search(text, 0, run[0].start)
        ):
            yield _Deed(name, last, False, False)
        else:
            for verb, plain in _resumed(text, at, span.end, rest):
                yield _Deed(name, verb.stem, opens and plain, opens and plain)
        if opens:
            # "Koren won, defeating Sabo"
            for match in _WITH_THAT.finditer(text, at, span.end):
                yield _Deed(name, next(iter(words(match["verb"]))).stem, False)


def _suffered(text: str, common: frozenset[str]) -> Iterator[_Deed]:
    """Whom a name or pronoun did something to, where they are named right behind the verb; who
    speaks is named there, too.
    """
    for run in runs(text, names(text, common=common)):
        match = _TO_WHOM.search(text, 0, run[0].start)
        if match and is_deed(match["verb"]) and not re.fullmatch(SAYS, match["verb"]):
            verb = next(iter(words(match["verb"]))).stem
            yield _Deed(frozenset(w.stem for w in run), verb, False)


def _is_subject(before: str) -> bool:
    """Whether whom a text names behind these words is whom it begins with."""
    before = before.strip()
    if before.casefold() in ("", "the"):
        return True
    titled = [w for w in words(before) if w.text.casefold() not in ("the", "a", "an")]
    return bool(_TITLED.match(before)) and all(
        is_content(w)
        and w.text.casefold() not in OPENERS
        and not is_deed(w.text)
        and not w.text.endswith(("ing", "ly"))
        for w in titled
    )


def _resumed(text: str, at: int, end: int, rest: tuple[Word, ...]) -> Iterator[tuple[Word, bool]]:
    """The verbs that stand at once behind a comma, where one follows the name; the first of them
    is plainly what who is named did, unless it tells who said so.
    """
    if not _INSERTED.match(text, at):
        return
    first = True
    within = rest[MOST_INSERTED - 1].start if len(rest) >= MOST_INSERTED else end
    for match in _RESUMED.finditer(text, at, min(end, within)):
        behind = tuple(w for w in rest if w.start >= match.end())
        if did := _following(text, match.end(), behind):
            plain = first and not _SAYS_WHO.match(text, match.end())
            first = first and not plain
            yield did, plain


def _following(text: str, end: int, rest: tuple[Word, ...]) -> Word | None:
    """The verb that stands first in `rest`, which is what follows `end`."""
    for word in rest:
        if text[end : word.start].strip():
            return None
        end = word.start + len(word.text)
        folded = word.text.casefold()
        if folded not in BETWEEN:
            plain = word.text.islower() and is_content(word) and folded not in _BE
            return word if plain and (is_deed(word.text) or _DOES.match(word.text)) else None
    return None


def is_deed(word: str) -> bool:
    """Whether it is a verb in the past tense, by its looks: "United" is none."""
    return bool(_DEED.match(word)) and not word.istitle()


def _spoken(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Quoted words, folded, and the stems of the name of who said them."""
    for pattern in _SPOKEN:
        for match in pattern.finditer(text):
            what = " ".join(w.stem for w in words(match["what"]))
            yield what, frozenset(stems(match["who"]))


def keeps_speaker(claim: str, source: str) -> bool:
    """False where a claim states what its source only says that somebody said."""
    told = _IN_WORDS_OF.search(unquoted(source))
    return told is None or bool(_ATTRIBUTES.search(unquoted(claim)))


def _to_come(source: str) -> frozenset[str]:
    """Stems of what a source says will be, or is to be."""
    return frozenset().union(*(stems(match["verb"]) for match in _TO_COME.finditer(source)))


def causes_hold(claim: str, source: str) -> bool:
    """False where a claim says why, and its source neither says of anything why nor quotes what
    they wanted; or has no word of one of two causes: "an engine failure and thick fog".
    """
    there = stems(source)
    # "Is due to open", where it will.
    claim = _DUE_TO.sub(lambda m: m[1] if stems(m["verb"]) & _to_come(source) else m[0], claim)
    if not _CAUSE.search(claim):
        return True
    if _is_their_reason(claim, source):
        return True
    may_be = _MAY_BE_A_CAUSE.search(source) or _is_done_by_its_cause(claim, source)
    two = [match[group] for match in _TWO_CAUSES.finditer(claim) for group in ("one", "two")]
    causes = [[w for w in words(cause) if is_content(w)] for cause in two]
    return bool(may_be) and all(
        any(w.stem in there or is_deed(w.text) for w in cause) for cause in causes if cause
    )


def _is_done_by_its_cause(claim: str, source: str) -> bool:
    """Whether a sentence has what a claim gives as the cause do what it says came of it, "The storm
    closed the schools", or names it behind "on grounds of": "amid a storm", "with an injury".
    """
    match = _CAUSE_BEHIND.search(claim)
    caused = None if match else _CAUSE_BEFORE.search(claim)
    if match:
        why, what = claim[match.end() :], claim[: match.start()]
    elif caused:
        why, what = claim[: caused.start()], claim[caused.end() :]
    else:
        return False
    cause, effect = ({w.stem for w in words(part) if is_content(w)} for part in (why, what))
    for span in sentence_spans(source):
        text = span.of(source)
        said = [w for w in words(text) if w.text.casefold() not in _HAS]
        for one, deed in pairwise(said):
            done = _DONE_TO.match(text, deed.start + len(deed.text))
            if done is None or one.stem not in cause or not is_deed(deed.text):
                continue
            to = words(done[0])
            named = any(w.stem in effect for w in to)
            if named and deed.stem in effect | _STARTS:
                return True
            if deed.stem == "kill" and effect & _DEATHS and (named or any(w.is_number for w in to)):
                return True
        for given in _GIVEN_AS_REASON.finditer(text):
            rest = stems(text[: given.start()] + text[given.end() :])
            if cause & stems(given[0]) and len(effect & rest) > len(effect) / 2:
                return True
    return False


def _is_their_reason(claim: str, source: str) -> bool:
    """Whether a claim gives as why somebody did something what they wanted, in words that the
    source quotes beside the deed: "Holm voted against. “We need a bridge, ...”"
    """
    match = _WANTED.fullmatch(claim)
    if not match:
        return False
    deed, why = ({w.stem for w in words(match[part]) if is_content(w)} for part in ("deed", "why"))
    return deed <= stems(source) and any(
        why <= stems(quote) and _I.search(quote) for quote in quoted(source)
    )
