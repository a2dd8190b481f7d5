"""Roles: who did or said it, in what office, whether it was done, and why, as far as words tell.

What a sentence gets wrong though its source has every word of it: somebody in another's place, a
plan told as done, a cause that nobody named. There is no grammar here: where the words do not tell
plainly, nothing is held against a sentence. English only.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from index.sentences import sentence_spans
from index.stated import without_agency_line
from service.nations import of_other_nations
from service.wording import (
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
SHE_SAYS = re.compile(rf"\b(?:he|she|they)\s+(?:\w+\s+)?{SAYS}\b", re.IGNORECASE)
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
_OF_WHAT_KIND = re.compile(r"\s(?:at|from|in|of|on|that|which|who)\s.*", re.DOTALL)
# Who may be called so is somebody named.
_VAGUE = stems(
    "article report text passage source official authority company firm operator group club party "
    "team government"
)
OWNER_WORDS = 3  # before what is whose: "the Northern League's leader"
OPENING = 6  # words of a sentence that name what it is about
_DOTTED = re.compile(r"\b(Dr|Mrs?|Ms|Prof|Rev|Capt|Gen|Sen|Gov|Lt|Sgt)\.")
OFFICE_WORDS = 4  # before a name, at most: "the new fire chief Ada Krall"
NOT_THEIRS = 0.5  # of what somebody is to have said, at most told otherwise than as his
# Between a name and what its bearer did.
_BETWEEN = frozenset("has have had also then later again still now once even never not".split())
_BE = frozenset("is are was were be been being".split())
_DEED = re.compile(
    r"(?:\w+ed|said|won|made|took|gave|told|met|led|paid|sold|bought|wrote|left|went|ran|held"
    r"|found|lost|beat|began|saw|put|cut|set|hit|fell|rose|sent|got|came|became|kept|knew|spoke"
    r"|drove|broke|chose|built|sought|fought|brought)\Z"
)
_DOES = re.compile(r"\w+s\Z")
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
# What is to be, or may be.
_MODAL = re.compile(r"(?:would|won['’]t|will|could|may|might|should|shall|['’]ll)\Z", re.IGNORECASE)
_TOKEN = re.compile(r"[\w’'-]+")
_PAST = re.compile(r"(\w{3,}?)(?:ied|ed)\Z", re.IGNORECASE)
# What is played one after the other.
_STAGE = re.compile(
    r"\b(?:(?:semi|quarter)[- ]?)?finals?(?=\s*(?:[.,;:?!)–—]|\Z)|['’]s\b|\s(?:against|and|at"
    r"|because|between|by|for|from|in|is|of|on|that|to|was|were|when|where|which|will|with)\b)"
    r"|\b(?:run|play)-?offs?\b",
    re.IGNORECASE,
)
_REACHES = re.compile(
    r"\b(?:reach\w*|qualif\w*|advanc\w*|progress\w*|through|into|book\w*|berth|clinch\w*|secur\w*"
    r"|earn\w*|forc\w*|head\w*|place|spot)\b",
    re.IGNORECASE,
)
_THE = re.compile(r"\bthe\s+(?:[\w’'-]+\s+){0,3}\Z", re.IGNORECASE)
_WAS = re.compile(r"\s+(?:was|were)\b", re.IGNORECASE)
_OF_ANOTHER = frozenset("after as since that when which while who".split())
STAGE_WITHIN = 7  # words before a stage
_HAS_BEEN = frozenset("been had has have was were".split())
HAS_WITHIN = 6  # words between one of these and its verb: "When was the old weir repaired?"
_WITH_MODAL = frozenset("also be been have never not now only soon then".split())
WITHIN = 3  # words between a modal and its verb: "would not have to be raised"
# What is only asked for: "the union demanded 6 percent", "asked the court to ban it"; "the proposed
# ban" is none, nor is "asked when he left".
_SEEKS = re.compile(
    r"(?:ask(?:s|ed|ing)?|demand(?:s|ed|ing)?|propos(?:es?|ed|ing)|recommend(?:s|ed|ing)?"
    r"|request(?:s|ed|ing)?|seeks?|seeking|sought|urg(?:es?|ed|ing)"
    r"|wants?|wanted|wanting|plead(?:s|ed|ing)?|appeal(?:s|ed|ing)?|call(?:s|ed|ing)?)\Z",
    re.IGNORECASE,
)
# Which seek something only with one of these: "asked 1,200 voters", "called 12 witnesses".
_WITH_FOR = {"appeal": {"for"}, "ask": {"for", "to"}, "call": {"for"}, "plead": {"for"}}
_WITH_FOR |= {"urg": {"that", "to"}}
_NOT_SOUGHT = frozenset(
    "after although as because before but by how if since what when where whether which while who"
    " whom whose why".split()
)
_DETERMINERS = frozenset("a an her his its my our that the their this your".split())
# Words of a claim that leave open whether what it tells was done.
_OPEN = re.compile(
    r"\b(?:ask|demand|propos|recommend|request|seek|sought|suggest|urg|want|plead|appeal|call|hop"
    r"|would|should|could|might|may|will|plan|offer|expect|push|press|bid|argu|said|favou?r|back"
    r"|support|insist|target|goal|aim|need|requir|intend|wish|claim)\w*",
    re.IGNORECASE,
)
SOUGHT_WITHIN = 10  # words between who asks and what is asked for
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
_I = re.compile(r"\b(?:I|[Ww]e)\b")
_NOUN = r"(?:(?:an?|the|its|his|her|their)\s+)?(?:[\w’'-]+\s+){0,2}[\w’'-]+"
# "Caused by heavy rain and a broken pump"
_TWO_CAUSES = re.compile(
    rf"\b(?:caused by|because of|due to|blamed on|attributed to|result of)\s+(?P<one>{_NOUN}?)"
    rf",?\s+and\s+(?P<two>{_NOUN})(?=\s*(?:[.,;]|\Z)|\s(?:at|during|in|on|when|while)\b)",
    re.IGNORECASE,
)
_MAY_BE_A_CAUSE = re.compile(
    r"\b(?:caus\w*|because|due|lead\w*|led|result\w*|forc\w*|prompt\w*|trigger\w*|blam\w*|after"
    r"|follow\w*|owing|thank\w*|spark\w*|contribut\w*|since|ma[dk]e\w*|mean\w*|from|when|why"
    r"|cost\w*|attribut\w*|fuel\w*|driv\w*|drove|brought|bring\w*|so"
    # A reason given: "voted against it, arguing that", "rejected it on the grounds of".
    r"|(?<=, )(?:arguing|saying|citing|claiming|insisting|pleading)|argu(?:ed|es) that"
    r"|on (?:the )?(?:grounds|basis) (?:of|that)|in (?:protest|response|retaliation|revenge)"
    r"|(?:resign\w*|quit|strikes?|protest\w*|walk\w* out|dismiss\w*|sacked|fired|arrest\w*"
    r"|su(?:ed?|ing)|criticis\w*|criticiz\w*|charged|fined|jailed|suspended|clash\w*|dispute\w*|anger|row)"
    r"(?: \w+){0,3} over (?!\d|the (?:last|past|next|coming)|an? (?:week|month|year|hour)))\b",
    re.IGNORECASE,
)


# Offices and bodies of which a state has several, told apart by the word before.
_OF_WHAT = (
    r"(?:agriculture|cultural|culture|defence|defense|economic|economy|education|energy|environment"
    r"|finance|fire|foreign|health|home|housing|industry|interior|justice|labor|labour|oil|police"
    r"|prime|sports?|tourism|trade|transport|treasury|vice)"
)
_OFFICE = re.compile(
    rf"\b(?P<of>{_OF_WHAT})[ -](?P<office>minister|ministry|secretary|president|department|office"
    r"|chief)s?\b|\b(?P<held>ministers?|ministry|ministries|secretary|secretaries)"
    rf" (?:of|for) (?:the )?(?P<what>{_OF_WHAT})\b",
    re.IGNORECASE,
)
# Who has an education minister has an education ministry.
_MINISTRY = stems("minister ministry secretary department office")
# "The trade spokesman accused the ministry": of what it is is told in the sentence.
_BARE_OFFICE = re.compile(
    r"\b(?:the|his|her|its|their) (?P<office>minister|ministry|secretary|department)\b",
    re.IGNORECASE,
)
# "The British ambassador": whose he is, where another's is told of.
_DEMONYM = r"[A-Z][a-z]+(?:ish|ese|an|ch|i)"
_OF_A_STATE = re.compile(
    rf"\b(?P<of>{_DEMONYM}) "
    r"(?P<office>ambassador|consul|embassy|envoy|government|president|minister|army|troops)\b"
)
# Who tells of none of these tells of no nation's ambassador.
_DIPLOMATS = stems("ambassador embassy envoy consul diplomat")
# Kinds of one thing, told apart by the word before it; those on one side of a bar are one kind, and
# things between two bars are one thing.
_KINDS = (
    (
        "bus buses coach | tram trams | metro subway underground | train rail railway"
        " | truck lorry | taxi cab | ferry",
        "driver | crew | worker | passenger | service | operator | fare | station",
    ),
    (
        "presidential | parliamentary legislative congressional | mayoral municipal local council"
        " | regional provincial | gubernatorial",
        "election run-off runoff vote ballot poll race",
    ),
)
# "Vice-president", "deputy mayor Karl Brandt": of another rank than without.
_RANKED = re.compile(
    r"(?<![\w-])(?P<rank>(?:assistant|deputy|under|vice)[ -](?:\w+ )?)?(?P<thing>chairman|chief"
    r"|commissioner|director|editor|governor|head|leader|mayor|minister|president|prosecutor"
    r"|secretary)"
    r"(?P<names>(?-i:(?: [A-Z][\w’'-]+)+))",
    re.IGNORECASE,
)
NEAR_ITS_OFFICE = 4  # words: "minister of state for foreign affairs"


def _sides(table: str) -> list[frozenset[str]]:
    return [stems(side) for side in table.split("|")]


_OF_KINDS = [(_sides(kinds), _sides(things)) for kinds, things in _KINDS]


def kinds_missing(text: str, known: str) -> list[str]:
    """Kinds that `text` tells of where `known` tells of another of the same thing: "metro drivers",
    in an article on bus drivers.
    """
    sentences = [[w.stem for w in words(span.of(known))] for span in sentence_spans(known)]
    missing = []
    for (kind, thing), (kinds, things) in product(pairwise(words(text)), _OF_KINDS):
        mine = next((side for side in kinds if kind.stem in side), frozenset())
        same = next((side for side in things if thing.stem in side), frozenset())
        others = frozenset().union(*kinds) - mine
        if not (mine and same) or not any(
            a in others and b in same for there in sentences for a, b in pairwise(there)
        ):
            continue
        if not any(
            mine & set(there[max(0, i - NEAR_ITS_OFFICE) : i + NEAR_ITS_OFFICE + 1])
            for there in sentences
            for i, stem in enumerate(there)
            if stem in same
        ):
            missing.append(f"{kind.text} {thing.text}")
    # A final is no semi-final.
    stages = {*map(_stage, _STAGE.finditer(known))}
    missing += [
        match[0]
        for match in _STAGE.finditer(text)
        if "final" in (stage := _stage(match))
        and stage not in stages
        and any("final" in other for other in stages)
    ]
    return missing


def offices_missing(text: str, known: str) -> list[str]:
    """Offices that `text` names where `known` has others of the name only: "foreign minister", in
    an article on the interior minister.
    """
    sequence = [w.stem for w in words(known)]
    missing = []
    for match in _OFFICE.finditer(text):
        named = (match["of"] or match["what"], match["office"] or match["held"])
        of, office = (next(iter(words(name))).stem for name in named)
        alike = _MINISTRY if office in _MINISTRY else {office}
        if (
            office in sequence
            and not any(
                of in sequence[max(0, i - NEAR_ITS_OFFICE) : i + NEAR_ITS_OFFICE + 1]
                for i, stem in enumerate(sequence)
                if stem in alike
            )
            and not _is_of(of, office, known)
        ):
            missing.append(match[0])
    states: dict[str, set[str]] = {}
    for match in _OF_A_STATE.finditer(known):
        states.setdefault(match["office"], set()).add(match["of"])
    for match in _OF_A_STATE.finditer(text):
        office = next(iter(words(match["office"]))).stem
        if match["of"] not in states.get(match["office"], {match["of"]}) or (
            office in _DIPLOMATS and not _DIPLOMATS & {*sequence}
        ):
            missing.append(match[0])
    ranks = [(m["rank"], m["thing"].casefold(), stems(m["names"])) for m in _RANKED.finditer(known)]
    for match in _RANKED.finditer(text):
        name = stems(match["names"])
        thing = match["thing"].casefold()
        theirs = [
            r for r, other, held in ranks if other == thing and (held <= name or name <= held)
        ]
        if theirs and all(bool(rank) != bool(match["rank"]) for rank in theirs):
            missing.append(match[0])
    missing += [pair for pair in of_other_nations(text, known) if pair not in missing]
    return missing


def _is_of(of: str, office: str, known: str) -> bool:
    """Whether a sentence tells of an office without its kind, and has a word of that kind."""
    return any(
        office in stems(match["office"]) and of in stems(text) and not _OFFICE.search(text)
        for span in sentence_spans(known)
        if (match := _BARE_OFFICE.search(text := span.of(known)))
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
    for deed in _deeds(claim, common):
        # "She praised Krall" is not "Krall praised her".
        if (
            deed.opens
            and deed.plain
            and any(other.verb == deed.verb and other.who <= deed.who for other in suffered)
            and not any(other.verb == deed.verb and other.who & deed.who for other in theirs)
        ):
            return False
        own = [other for other in theirs if other.verb == deed.verb]
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
    return bool(theirs) and len(told.difference(*theirs)) <= NOT_THEIRS * len(told)


def _may_be_said_by(surname: str, sentence: str, around: str) -> bool:
    if SHE_SAYS.search(unquoted(sentence)) and surname not in stems(sentence):
        before, found, _ = around.partition(sentence)
        return not found or may_mean(frozenset([surname]), before)
    return bool(
        SHE_SAYS.search(sentence)
        or (
            (_ATTRIBUTES.search(sentence) or _QUOTED_MARK.search(sentence))
            and surname in stems(sentence)
        )
    )


def keeps_owner(claim: str, cited: str, before: str) -> bool:
    """Whether what a claim says is somebody's is theirs, where a sentence that is cited begins with
    "Their leader": theirs who are named last `before` it, and not of others further up.
    """
    for span in sentence_spans(cited):
        sentence = span.of(cited)
        owned = _OWNED.match(sentence)
        owner = _owner(owned["what"], claim) - stems(sentence) if owned else None
        if not (owned and owner):
            continue
        above = before + cited[: span.start]
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
    told = any(stem <= stems(sentence) and speaks.search(sentence) for sentence in sentences)
    return [" ".join(w.text for w in called)] if told else []


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

    A name in capitals alone may be short for another.
    """
    sequence = words(text)
    numbers = {word.start: i for i, word in enumerate(sequence)}
    spans = sentence_spans(text)
    for run in runs(text, names(text, common=common)):
        if all(word.text.isupper() for word in run):
            continue
        name = frozenset(w.stem for w in run)
        span = next(s for s in spans if run[0].start < s.end)
        start = span.end - len(without_agency_line(span.of(text)))
        opens = _is_subject(text[start : run[0].start])
        rest = sequence[numbers[run[-1].start] + 1 :]
        at = run[-1].start + len(run[-1].text)
        if did := _following(text, at, rest):
            yield _Deed(name, did.stem, opens)
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
        if folded not in _BETWEEN:
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


def done(claim: str, source: str, around: str = "") -> bool:
    """False where a claim tells in the past tense what its source has only as to come, or as what
    may be: "raised" of "will be raised"; or has no word of, and what stands around it has so.
    """
    if not_yet(claim, source, around) or only_sought(claim, source):
        return False
    said, there = _TOKEN.findall(claim), _TOKEN.findall(source)
    for i, word in enumerate(said):
        past = _PAST.match(word)
        if not past or _is_modal(said, i):
            continue
        root = past[1].lower()
        at = [j for j, w in enumerate(there) if _is_form(w.lower(), root)]
        told = not _OPEN.search(" ".join(said[:i]))
        if at and all(_is_modal(there, j) or (told and _is_asked(there, j)) for j in at):
            return False
    return True


def _is_asked(tokens: list[str], at: int) -> bool:
    """Whether it is asked to be done: "urged them to ban it", "recommended that it be banned"."""
    before = tokens[max(0, at - SOUGHT_WITHIN) : at]
    return (
        bool(before)
        and before[-1].lower() in ("to", "be")
        and any(map(_SEEKS.match, before))
        and "did" not in tokens[at:]  # "asked them to repair it, and they did"
    )


def only_sought(claim: str, source: str) -> list[str]:
    """Numbers of a claim that its source has only as asked for: "jailed for seven years", of "the
    prosecutor had asked for seven years".
    """
    numbers = {w.stem: w.text for w in words(claim) if w.is_number and w.text != "one"}
    if not numbers or _OPEN.search(claim):
        return []
    told: dict[str, list[bool]] = {}
    for span in sentence_spans(source):
        sentence = span.of(source)
        parts = re.split(r"[;:()–—]|,(?!\d)|\b(?:and|but)\b", sentence)
        for part in map(words, parts):
            for i, word in enumerate(part):
                if word.stem in numbers:
                    told.setdefault(word.stem, []).append(_is_sought(part, i))
    return [text for stem, text in numbers.items() if stem in told and all(told[stem])]


def _is_sought(part: Sequence[Word], at: int) -> bool:
    """Whether a word is asked for, as far as the words before it tell, and the next few have no
    verb of their own: "demanded that the 12 men who left return".
    """
    for i in range(at - 1, max(-1, at - SOUGHT_WITHIN), -1):
        said = part[i].text.casefold()
        if said in _NOT_SOUGHT:
            return False
        if _SEEKS.match(said):
            between = [w.text.casefold() for w in part[i + 1 : at + 1 + HAS_WITHIN]]
            owned = i and part[i - 1].text.casefold() in _DETERMINERS
            with_for = _WITH_FOR.get(part[i].stem)
            seeks = not with_for or with_for & {*between[: at - i - 1]}
            return bool(not owned and seeks and not any(map(is_deed, between)))
        if is_deed(said):
            return False
    return False


def not_yet(text: str, source: str, around: str) -> list[str]:
    """What a text tells in the past tense, or a question takes to be done, and the source has no
    word of, while what stands around it has it as to come; a final that is to come.
    """
    tokens = _TOKEN.findall(text)
    there = stems(source)
    return (
        _ahead(text, around)
        + [
            word
            for i, word in enumerate(tokens)
            if (past := _PAST.match(word))
            and not _is_modal(tokens, i)
            # "Was repaired", "Krall repaired"; not "repaired roads".
            and (
                _HAS_BEEN & {*tokens[max(0, i - HAS_WITHIN) : i]}
                or (i and tokens[i - 1][0].isupper())
            )
            and stems(word).isdisjoint(there)
            and _is_to_come(past[1].lower(), _TOKEN.findall(around))
        ]
    )


def _ahead(claim: str, around: str) -> list[str]:
    """The finals and run-offs of a claim that are to come, and not told of as to come: all that is
    told is what they will be, and who reached them. "A final" may be an earlier one.
    """
    stages = {
        _stage(match)
        for match in _STAGE.finditer(claim)
        if _THE.search(claim, 0, match.start())
        and not _ahead_of(claim, match.start())
        and _is_past(claim, match.start(), match.end())
    }
    told = [
        (_stage(match), _ahead_of(text, match.start()))
        for span in sentence_spans(around)
        for text in span.of(around).splitlines()
        for match in _STAGE.finditer(text)
    ]
    return [
        stage
        for stage in stages
        if (ahead := [how for other, how in told if other == stage])
        and all(ahead)
        and "will" in ahead
    ]


def _is_past(text: str, start: int, end: int) -> bool:
    """Whether the words before a stage, or the one behind it, tell in the past tense of it."""
    before = _TOKEN.findall(text[:start])[-STAGE_WITHIN:]
    return bool(_WAS.match(text, end)) or any(
        (is_deed(word) or word.lower() in ("did", "was", "were")) and other not in _OF_ANOTHER
        for other, word in pairwise(["", *before])
    )


def _stage(match: re.Match[str]) -> str:
    return re.sub(r"[\s-]|s\Z", "", match[0].casefold())


def _ahead_of(text: str, at: int) -> str:
    """What the words before a stage say of it: that something "will" be in it, that somebody
    "reached" it, or neither.
    """
    before = _TOKEN.findall(text[:at])[-STAGE_WITHIN:]
    if any(map(_MODAL.match, before)) or {*before[-2:]} & {"next", "upcoming"}:
        return "will"
    return "reached" if _REACHES.search(" ".join(before)) else ""


def _is_to_come(root: str, tokens: list[str]) -> bool:
    """Whether a word is told of as what will, would or may be, and nowhere as done: "the repairs
    would take", "will be repaired".
    """
    at = [i for i, w in enumerate(tokens) if _is_form(w.lower(), root) or w.lower() == f"{root}s"]
    past = {i for i in at if _PAST.match(tokens[i])}  # "those repaired will reopen"
    noun = {i for i in at if i not in past and any(map(_MODAL.match, tokens[i + 1 : i + 2]))}
    will = noun | {i for i in at if _is_willed(tokens, i)}
    return bool(will) and past <= will


def _is_willed(tokens: list[str], at: int) -> bool:
    """Whether nothing but "be" and the like stands between a modal and a verb: "will come into
    force" forces nothing.
    """
    before = tokens[max(0, at - WITHIN) : at]
    while before and before[-1].lower() in _WITH_MODAL:
        before.pop()
    return bool(before and _MODAL.match(before[-1]))


def _is_form(word: str, root: str) -> bool:
    return word.startswith(root) and word[len(root) :] in ("", "e", "y", "ed", "ied")


def _is_modal(tokens: list[str], at: int) -> bool:
    return any(_MODAL.match(token) for token in tokens[max(0, at - WITHIN) : at])


# Of grave words one of these has to stand in the source: "arrested" is not "convicted".
_GRAVE = [
    (re.compile(said, re.IGNORECASE), re.compile(needed, re.IGNORECASE))
    for said, needed in (
        (
            r"\b(?:died|dead|deaths?|killed|kills)\b",
            r"\b(?:d[iy]e[ds]?|dying|dead\w*|deaths?|kill\w*|fatal\w*|toll|bod(?:y|ies)|victims?"
            r"|murder\w*|drown\w*|perish\w*|los[et] (?:\w+ )?li(?:fe|ves)|slain|slay\w*|corpses?"
            r"|execut\w*|assassin\w*|funerals?|bur(?:y|ied)|shot|suicide|massacre\w*|claim\w*"
            r"|surviv\w*|late|widow\w*|mourn\w*|casualt\w*|lethal\w*|passed|homicide)\b",
        ),
        (
            r"\b(?:convicted|found guilty)\b",
            r"\b(?:convict\w*|guilty|sentenc\w*|jail\w*|imprison\w*|verdict|years)\b",
        ),
    )
]


def not_graver(claim: str, source: str) -> bool:
    """False where a claim tells of deaths, or of a conviction, and its source of none."""
    return all(needed.search(source) for said, needed in _GRAVE if said.search(claim))


def causes_hold(claim: str, source: str) -> bool:
    """False where a claim says why, and its source neither says of anything why nor quotes what
    they wanted; or has no word of one of two causes: "an engine failure and thick fog".
    """
    if not _CAUSE.search(claim):
        return True
    there = stems(source)
    if _is_their_reason(claim, source):
        return True
    two = [match[group] for match in _TWO_CAUSES.finditer(claim) for group in ("one", "two")]
    causes = [[w for w in words(cause) if is_content(w)] for cause in two]
    return bool(_MAY_BE_A_CAUSE.search(source)) and all(
        any(w.stem in there or is_deed(w.text) for w in cause) for cause in causes if cause
    )


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
