"""Asked: what a question presumes, gathers and wants, held against sources and answers.

All by code over words. English only.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from index.articles import Article
from index.index import STOP_WORDS
from index.sentences import sentence_spans
from service.counts import DEAD, INJURED, fates
from service.dates import mentions
from service.dates_held import held
from service.evidence import SUBJECT_PRONOUN, Evidence
from service.grounding import Similarity, covered, proper_names, weights_of
from service.nations import in_another_form, kin, tells_a_nation
from service.negation import with_not
from service.offices import kinds_missing, offices_missing, still_in_office
from service.opposites import not_opposed, opposites
from service.plans import not_yet
from service.questions import is_polar
from service.roles import BETWEEN, SAYS, SHE_SAYS, is_deed, may_mean
from service.wording import (
    CALENDAR_STEMS,
    CAPITALISED,
    DENIED_WITHIN,
    NUMBERS,
    OPENERS,
    TITLES,
    Word,
    fold,
    in_other_form,
    is_content,
    names,
    negated,
    negates,
    quoted,
    runs,
    stems,
    unquoted,
    words,
)

_ASKS_WHO = re.compile(r"\bwho\b|\bwhich (?:person|individual|man|woman)\b", re.IGNORECASE)
# "What did Ada Krall say about the new weir?": what it is about.
_SAY_ABOUT = re.compile(
    r"\bwhat\s(?:did|do|does|had|has|have|would)\s.+?\s(?:(?:say|said|tell|told|write|written"
    r"|complain|warn)\b.*?\s(?:about|concerning|regarding)|comment(?:ed)?\son"
    r"|(?:think|thought|make|made)\s(?:about|of))\s(?P<what>[^,;?]+)",
    re.IGNORECASE,
)
_OPENS_A_QUOTATION = re.compile(r"\s*[“„«\"]")
# "She accused him": who that is may be what is asked about.
_OBJECT = re.compile(r"\b(?:her|him|them)\b", re.IGNORECASE)
# As near as this to what is asked about, a text may tell of it in other words.
NEAR = 0.15
# A word with a capital that begins no sentence.
_WITHIN = re.compile(r"(?<=[a-z,;] )[A-Z]\w*")
# What may stand before who it is: "Former judge Ada Krall".
_LEADING = frozenset("acting former independent ousted outgoing retired veteran".split())
# And what one may be the head of: "Fleet manager Ada Krall", but "Krall manager Ola Brand".
_OF_WHAT = frozenset(
    "campaign club company county court deputy factory finance fleet foreign health home hospital "
    "interior justice operations opposition party plant police press prison production project "
    "quality regional research safety sales school security station team trade transport "
    "union".split()
)
_HEADS = frozenset(
    "boss chair chairman chairwoman chief commissioner coordinator director engineer head "
    "inspector leader manager minister officer owner president secretary spokesman spokesperson "
    "spokeswoman teacher".split()
)
_DETERMINERS = frozenset("a an her his its our that the their these this those".split())
_ASKS_WHY = re.compile(r"why\b", re.IGNORECASE)
_DENY = frozenset(["not", "never"])  # what is said; "none" and "no one" may be what is asked for
# "Didn't the mayor resign?" asks whether he did.
_ISNT_IT = re.compile(r"\w+n['’]t\b", re.IGNORECASE)
# What was not done, told without a "not": who "will miss the final" won't play.
_UNDONE = re.compile(
    r"\b(?:miss(?:es|ed|ing)?|fail(?:s|ed|ing|ure)?|refus(?:es?|ed|ing|al)|declin(?:es?|ed|ing)"
    r"|reject(?:s|ed|ing)?|boycott(?:s|ed|ing)?|skip(?:s|ped|ping)?|absent|absence|abstain\w*"
    r"|bann?(?:ed|ing)?|barr(?:ed|ing)|suspended|sidelined|prevent(?:s|ed|ing)?|cancel\w*"
    r"|call(?:ed|ing|s)? off|postpon\w*|abandon\w*|withdr[ae]w\w*|unable|yet to|instead of|short of"
    r"|(?:stay|pull|back|drop|rul)(?:s|ed|es|ped|led|ing)? (?:away|out)|lack(?:s|ed|ing)?"
    r"|(?:are|is|vot(?:es?|ed|ing)|was|were) against|exempt\w*)\b",
    re.IGNORECASE,
)
# "Which two firms", "What is one reason": before a number that is what is asked for.
_ASKS_SO_MANY = re.compile(
    r"(?:\b(?:which|what)|^\W*(?:which|what|who) (?:is|are|was|were)(?: the)?) \Z", re.IGNORECASE
)
FEW = frozenset("12345")
# Before a name, and seldom written where somebody is named in full.
MERE_TITLES = frozenset(("mr", "mrs", "ms", "dr", "prof"))
_BEHIND_A_TITLE = re.compile(rf"\.? (?P<name>{CAPITALISED})")
# Sentences that together tell what one sentence of an answer gathers; the share of its words that
# the second has to add, and both to hold.
TOLD_TOGETHER, LEAST_ADDED, LEAST_TOLD = 2, 0.08, 0.25
# A name of so many letters may be another misspelt, from so much alike on.
LEAST_MISSPELT, MISSPELT = 6, 0.84


def told_together(name: str, question: str, offered: Sequence[Evidence]) -> list[Evidence]:
    """Sentences that hold between them what a question gathers from several articles, and name who
    or what it asks for; none where they hold too little of it.

    "Who bought the mill, as the Ledger wrote, and sold it, as the Courier did?" asks of somebody
    by what several tell. The first sentence names them in full; what no sentence knows counts for
    nothing.
    """
    held_by = [(e, stems(e.text)) for e in offered]
    known = frozenset().union(*(there for _, there in held_by))
    asked = stems(question)
    answer = ({w.stem for w in words(name) if is_content(w)} & known) - asked
    if not answer:
        return []
    answer = _in_full(answer, offered)
    missing = {
        s: w for s, w in weights_of(question, offered).items() if s in known and s not in answer
    }
    total = math.fsum(missing.values())
    left = [(e, there) for e, there in held_by if answer <= there]
    chosen: list[Evidence] = []
    while left and len(chosen) < TOLD_TOGETHER:
        best, there = max(left, key=lambda each: math.fsum(missing.get(s, 0) for s in each[1]))
        added = math.fsum(missing.pop(s, 0) for s in there)
        if chosen and added < LEAST_ADDED * total:
            break
        chosen.append(best)
        left = [(e, there) for e, there in held_by if e not in chosen and answer & there]
    return chosen if total and math.fsum(missing.values()) <= (1 - LEAST_TOLD) * total else []


def whom_most_tell_of(question: str, offered: Sequence[Evidence]) -> str:
    """The name of which the sentences tell most of what a question gathers from several articles;
    "" where no two of them name anybody. Who did something has a name of two words or more.
    """
    weights, asked = weights_of(question, offered), stems(question)
    least = 2 if _ASKS_WHO.search(question) else 1
    named: dict[frozenset[str], str] = {}
    articles: dict[frozenset[str], set[str]] = {}
    for e in offered:
        for run in runs(e.text, names(e.text)):
            stem = frozenset(w.stem for w in run)
            if len(run) >= least and not stem & asked and run[0].text.casefold() not in TITLES:
                named.setdefault(stem, " ".join(w.text for w in run))
                articles.setdefault(stem, set()).add(e.passage.article_id)
    found = {stem: name for stem, name in named.items() if len(articles[stem]) > 1}

    def told(name: str) -> float:
        return covered(weights, " ".join(e.text for e in told_together(name, question, offered)))

    best = max(found.values(), key=told, default="")
    return best if best and told(best) else ""


def _in_full(name: set[str], offered: Sequence[Evidence]) -> set[str]:
    """With the names that mostly stand before it where somebody is named in full: "Ada Krall"."""
    fuller: Counter[frozenset[str]] = Counter()
    for e in offered:
        for run in runs(e.text, names(e.text)):
            last = {w.stem for w in run[-len(name) :]}
            given = run[-len(name) - 1] if len(run) > len(name) and last == name else None
            if given and given.text.casefold() not in TITLES:
                fuller[frozenset({given.stem} | name)] += 1
    return set(fuller.most_common(1)[0][0]) if fuller else name


def all_told(article: Article, question: str) -> str:
    """All that an article tells, and the question's dates that follow from it."""
    told = held(question, article.text, article.published_at).told
    return "\n".join(
        [f"{article.title} {article.source} {article.published_at}", article.text, *told]
    )


def unmet(
    question: str, articles: Sequence[str], cited: str, beside: Sequence[str] = ()
) -> list[str]:
    """What the question presumes and its answer's sources do not bear out.

    Names, numbers and quoted words that stand in none of `articles`, the whole articles cited; a
    denial that `cited`, the cited sentences, does not make, nor, where it asks why, what stands
    `beside` them. A name that the articles do not know is one; where they know a part of it ("Prime
    Minister Holm"), each other word is. So is an office, where they tell of another of its kind,
    and so are metro drivers, where they tell of bus drivers. How many are asked for ("Which two
    firms") and a "Dr" are presumed only where they tell otherwise.
    """
    there = frozenset().union(
        *(
            stems(text)
            | kin(text)
            | in_another_form(question, text)
            | in_other_form(question, text)
            for text in articles
        )
    )
    opening = words(question)[:1]
    presumed = [
        [w]
        for w in words(question)
        if w.is_number and not (_A_DOZEN.match(w.text) or _counts_freely(w, question, articles))
    ]
    presumed += (
        [w for w in run if not _is_mere_title(w, question, articles)]
        for run in runs(question, names(question))
    )
    missing = []
    for run in presumed:
        absent = [
            w.text
            for w in run
            if w.stem not in there and w not in opening and not _misspelt(w.stem, there)
        ]
        missing += [" ".join(absent)] if absent and len(absent) == len(run) else absent
    within = [int(year) for text in articles for year in _A_YEAR.findall(text)]
    for number, years in _periods(question):
        if number in missing and any(year in years for year in within):
            missing.remove(number)
    folded = " ".join(fold(text) for text in articles)
    missing += [q for q in quoted(question) if fold(q) not in folded]
    missing += offices_missing(question, " ".join(articles))
    missing += kinds_missing(question, " ".join(articles))
    if (
        negates(question)
        and not _bears_denial(question, cited)
        and not (_ASKS_WHY.match(question) and any(_denies_it(question, t) for t in beside))
    ):
        missing.append("not")
    return missing


def _counts_freely(number: Word, question: str, articles: Sequence[str]) -> bool:
    """Whether a small number only tells how many are asked for, "Which two firms", "What are three
    reasons", and no article counts what it counts otherwise.
    """
    asks = _ASKS_SO_MANY.search(question, 0, number.start)
    if asks is None or number.stem not in FEW or number.text.isdigit():
        return False
    counted = next((w.stem for w in words(question) if w.start > number.start), "")
    return not any(
        one.is_number and one.stem != number.stem and counted in {w.stem for w in behind}
        for text in articles
        for said in [words(text)]
        for i, one in enumerate(said)
        for behind in [said[i + 1 : i + 3]]
    )


def _is_mere_title(word: Word, question: str, articles: Sequence[str]) -> bool:
    """Whether it is the "Dr" of a name that no article gives another such title."""
    title = word.text.casefold()
    named = _BEHIND_A_TITLE.match(question, word.start + len(word.text))
    if title not in MERE_TITLES or named is None:
        return False
    others = "|".join(MERE_TITLES - {title})
    name = re.escape(words(named["name"])[-1].text)
    titled = re.compile(rf"\b(?i:{others})\.? (?:[A-Z][\w’'-]* )*{name}\b")
    return not any(titled.search(text) for text in articles)


def times(missing: Sequence[str], question: str) -> int:
    """How many of these, which a question presumes, are years, decades or centuries."""
    periods = {number for number, _ in _periods(question)}
    return sum(bool(_A_YEAR.fullmatch(m)) or m in periods for m in missing)


def _periods(text: str) -> Iterator[tuple[str, range]]:
    """The decades and centuries of a text: the number that names it, and its years."""
    for match in _PERIOD.finditer(text):
        if match["decade"]:
            first = int(match["decade"])
            yield match["decade"], range(first, first + 10)
        else:
            century = int(match["century"])
            yield match["century"], range(100 * century - 100, 100 * century + 1)


def _bears_denial(question: str, cited: str) -> bool:
    """Whether a text denies as the question does, by a word that denies, by one for what was not
    done that the question has not, or by the opposite of what the question denies.
    """
    if _ISNT_IT.match(question) or negates(with_not(cited, negated(question))):
        return True
    asked = stems(question)
    if any(not stems(m[0]) <= asked for m in _UNDONE.finditer(cited)):
        return True
    return any(opposites(stem) & stems(cited) for stem in negated(question))


def _denies_it(question: str, article: str) -> bool:
    """Whether a sentence of an article denies what the question does, of whom the question names or
    of nobody who is named: why it is so is told in others.
    """
    whom = {w.stem for w in names(question)}
    deed = negated(question) - whom
    return any(
        deed & negated(sentence, within=DENIED_WITHIN)
        and (whom & stems(sentence) or not names(sentence))
        for sentence in (span.of(article) for span in sentence_spans(article))
    )


def _misspelt(stem: str, known: Iterable[str]) -> bool:
    """Whether a long word is, but for a letter or two, one of those known: "Hancock", "Harnock"."""
    near = [k for k in known if k[:1] == stem[:1] and abs(len(k) - len(stem)) <= 2]
    return (
        len(stem) >= LEAST_MISSPELT
        and not stem[:1].isdigit()
        and bool(get_close_matches(stem, near, 1, MISSPELT))
    )


def denied(question: str, answer: str) -> list[str]:
    """What a question takes for granted and its answer denies: "What is also found there?" is not
    answered by "Antigens that are not found there".
    """
    if negates(question):
        return []
    asked = {w.stem for w in words(question) if is_content(w)}
    return sorted(asked & negated(answer, _DENY))


def untrue(question: str, cited: str, article: str) -> list[str]:
    """What a question takes for granted and its sources tell otherwise: the opposite, or that it is
    to come. "Why did rents fall?" has no answer where rents rose, nor "What did the current mayor
    say?" where she is the former one.
    """
    agrees = not_opposed(question, cited) and still_in_office(question, article)
    return not_yet(question, cited, article) + ([] if agrees else ["opposite"])


def continued(sentence: str, beside: str) -> str:
    """As it stands after "No, ": a word that names nothing, or is small in `beside`, is small."""
    first, _, rest = sentence.partition(" ")
    if first[1:].isupper():  # "US troops", "IT staff"
        return sentence
    common = (STOP_WORDS | OPENERS | _LEADING | {*NUMBERS}) - {"i"}
    if not rest[:1].isupper():  # "Finance Minister Holm" is an office
        common |= {w.text for w in words(beside)}
        if rest.partition(" ")[0] in _HEADS:
            common |= _OF_WHAT
        # "The novelist", beside "The Salt Ledger".
        if first.lower() in _DETERMINERS:
            return f"{first.lower()} {rest}"
    small = first.lower() in common and first not in _WITHIN.findall(beside)
    return f"{first.lower()} {rest}" if small else sentence


def repeats(claim: str, question: str) -> bool:
    """Whether a claim says nothing but what the question asks, "It is so" where it asks whether."""
    return {w.stem for w in words(claim) if is_content(w)} <= stems(question)


def gainsays(word: str, claim: str, question: str) -> bool:
    """Whether a claim says all that the question asks, and the other way round than Yes or No."""
    asked = {w.stem for w in words(question) if is_content(w)}
    return (
        asked <= stems(claim)
        and not negates(question)
        and negates(claim) == (word.casefold() == "yes")
    )


_ASKS_WHICH_PLACE = re.compile(
    r"^(?:(?:at|from|in|into|near|on|to) )?(?:which|what) (?P<place>airport|city|clinic|harbour"
    r"|hospital|hotel|island|jail|lake|library|museum|park|port|prison|river|school|stadium|station"
    r"|street|town|university|village)\b",
    re.IGNORECASE,
)
_IS_CALLED = (
    r"\b[Tt]he (?:[a-z-]+ )?{0}(?: (?:at|he|in|it|near|of|on|she|that|they|to|where"
    r"|which|who)\b[^,.;]*?)?"
    rf" (?:is|was) (?:the )?(?P<name>{CAPITALISED})"
)
_WHICH_OF_THEM = (
    r"\b[Tt]he (?:[a-z-]+['’]s )?(?P<which>(?!\w+(?:ed|ing|est) )[a-z-]+) (?P<place>clinic|hospital"
    r"|jail|library|museum|park|port|prison|school|stadium|station|university)\b(?<={0})"
)
_ANY_PLACE = frozenset(
    "big famous large little local modern new old other same small whole".split()
)
# Of "in prison on Friday", so many words before and after it may name which.
BEFORE_A_PLACE, AFTER_A_PLACE = 2, 4
_KINDS = (
    (re.compile(r"^(?:who|whose|whom)\b", re.I), "somebody"),
    (re.compile(r"\bnames? of\b|\bnamed what\b", re.I), "name"),
    (
        re.compile(
            r"^(?:which|what) (?:airline|bank|broadcaster|charity|club|compan(?:y|ies)|firms?"
            r"|newspaper|publisher|publishing house|university)\b",
            re.I,
        ),
        "body",
    ),
    (_ASKS_WHICH_PLACE, "place"),
    (
        re.compile(r"\bhow (?:many|much|old|high|tall|far|fast|big|large|deep|wide|heavy)\b", re.I),
        "number",
    ),
    (
        re.compile(
            r"^(?:when|(?:in|on|at|by) (?:what|which) (?:year|day|date|month|time|hour))\b", re.I
        ),
        "time",
    ),
)
_ASKS_DATE = re.compile(r"\b(?:what|which) (?:exact )?(?:date|day|month|year)\b", re.IGNORECASE)
_TIMES = frozenset("after as before during once since until when while".split())
# Told without a day: "in the coming days", "weeks ago", "at dawn", "in spring".
_SOME_TIME = re.compile(
    r"\b(?:overnight|tonight|dawn|dusk|noon|midday|midnight|soon|shortly|recently|immediately|summer"
    r"|autumn|winter|(?:at|by|during|in|last|late|next|that|the|this) (?:morning|afternoon|evening"
    r"|night|spring)|(?:in|within|over)(?: the)?(?: (?:coming|next|last|past))?(?: few)? "
    r"(?:seconds|minutes|hours|days|weeks|months|years)(?! of\b)"
    r"|(?:seconds|minutes|hours|days|weeks|months|years) (?:ago|earlier|later))\b",
    re.IGNORECASE,
)
_ASKS_WHEN = re.compile(
    r"^(?:and |since |until |by |from )?when\b|(?:,| and) when\W*$", re.IGNORECASE
)
_AMOUNTS = frozenset(
    "all as billion billions both completely double doubled dozen dozens entire entirely every "
    "everybody everyone everything few fully half halved halfway handful hundred hundreds like "
    "majority many million millions minority most mostly no nobody none nothing partly quarter "
    "several size some than third thirds thousand thousands totally tripled twice whole "
    "wholly".split()
)
# Words that are an amount only beside others: "the fifth goal", "the team scores" are none.
_AN_AMOUNT = re.compile(
    r"\ban? (?:fifth|sixth|seventh|eighth|ninth|tenth|single)\b|\ba couple of\b"
    r"|\bscores of\b|\b(?:two|three|four|five|six|seven|eight|nine|ten|hundred)fold\b",
    re.IGNORECASE,
)
_ASKS_PRICE = re.compile(r"\bhow much\b", re.IGNORECASE)
_FREE = re.compile(
    r"\b(?:are|be|been|for|is|was|were) free\b(?! (?:and|from|of|to)\b)|\bfree of charge\b",
    re.IGNORECASE,
)
_COUNTS_PEOPLE = re.compile(r"\bhow many (?:[\w’'-]+ )?(?:people|persons)\b", re.IGNORECASE)
_BEEN = frozenset("is was has had been".split())
_ASKS_AGE = re.compile(r"\bhow old\b", re.IGNORECASE)
# "22 years of experience" is nobody's age.
_NO_AGE = re.compile(r"\b[\w-]+ (?:years?|months?) (?:as|at|for|in|of|with)\b", re.IGNORECASE)
# "The study of the coral found to be 5,200 years old": how old that is, and nobody before it.
_OLD_ITSELF = re.compile(
    r"\b(?:about|for|from|in|into|of|on|to|with) (?:an?|its|the|this)"
    r" (?:(?!(?:aged?|at|became|has|he|is|she|turned|was|when)\b)[\w’'-]+ )+?"
    r"\d[\d,.]* (?:months|years) old\b"
)
# "How many people were hurt": not how many of the hurt, or hurt people, were in hospital, nor how
# many came to kill.
_ASKS_HOW_MANY = re.compile(
    r"\bhow many(?! (?:\w+ )?(?:days|hours|minutes|months|times|weeks|years)\b)"
    r"(?P<what>(?: (?!(?:after|because|before|if|since|that|when|where|which|while|who|whose)\b)"
    r"[\w’'-]+)+)",
    re.IGNORECASE,
)
_FATED = (
    r"(?:arrested|dead|detained|displaced|evacuated|hurt|injured|killed|missing|rescued|wounded)"
)
_THE_HURT = re.compile(
    rf"\A {_FATED} (?!at\b|by\b|in\b|on\b)"
    rf"|\b(?:an?|by|for|of|the|their|those) (?:\w+ )?{_FATED}\b|\bto kill\b"
    rf"|\b(?:died|{_FATED}) .*\b(?:are|did|had|has|have|is|was|were)\b",
    re.IGNORECASE,
)
# ", said Ada Krall of the county police": whose name that is nobody asked.
_SAID_AT_THE_END = re.compile(r",\s+(?:according to|said|says|told)\s[^,;]*(?=[,;.]|\Z)")


_A_DOZEN = re.compile(r"(?:a|half)\b", re.IGNORECASE)
_A_YEAR = re.compile(r"\b(?:1[5-9]\d\d|20\d\d)\b")
_PERIOD = re.compile(
    r"\b(?P<decade>(?:1[5-9]|20)\d0)['’]?s\b|\b(?P<century>\d\d?)(?:st|nd|rd|th)[ -]century\b",
    re.IGNORECASE,
)
# "five months after taking office": what follows happened on another day than the sentence tells.
_SO_LONG_AFTER = re.compile(
    r"\b(?:\w+ )?(?:minute|hour|day|week|month|year|decade)s? (?:after|before)\b([^,.;]*)",
    re.IGNORECASE,
)


def tells_another_time(question: str, text: str) -> bool:
    """Whether what the question asks the time of is told as so long before or after what the text
    dates.
    """
    named = {w.stem for w in names(question)} | CALENDAR_STEMS
    asked = {w.stem for w in words(question) if is_content(w)} - named
    beyond = stems(" ".join(m[1] for m in _SO_LONG_AFTER.finditer(text)))
    return bool(asked) and asked <= beyond and not asked & stems(_SO_LONG_AFTER.sub(" ", text))


def tells_of(question: str, text: str) -> bool:
    """Whether a text names somebody whom the question names in full, if it does."""
    asked = proper_names(question, frozenset())
    return not asked or any(name & stems(text) for name in asked)


def asks_when(question: str) -> bool:
    return bool(_ASKS_WHEN.search(question) or _ASKS_DATE.search(question))


def tells_when(question: str, text: str) -> bool:
    """Whether a text has a date, if the question asks for one; or, if it asks when, a number or a
    word of time that the question has not.
    """
    if not asks_when(question) or mentions(text, None):
        return True
    asked = stems(question)
    return not _ASKS_DATE.search(question) and (
        any(w.is_number or w.text.casefold() in _TIMES for w in words(text))
        or any(not stems(m[0]) <= asked | STOP_WORDS for m in _SOME_TIME.finditer(text))
    )


def lacks_fate(question: str, answer: str, cited: str) -> bool:
    """Whether a question asks how many died, were hurt, arrested or rescued, and the answer tells
    only what else came of people; or neither it nor what is cited tells that anybody died or was
    hurt, where that is asked.
    """
    first, *more = [m["what"] for m in _ASKS_HOW_MANY.finditer(question)] or [""]
    asked = {*fates(first, plain=True)}
    # "No one was hurt" tells of the dead, too.
    if not asked or more or _THE_HURT.search(first) or negates(answer):
        return False
    told = {*fates(answer)}
    if fates(answer, plain=True) and not asked & told:
        return True
    return asked <= {DEAD, INJURED} and not asked & {*told, *fates(cited)}


def lacks_kind(question: str, answer: str, whole: str = "") -> bool:
    """Whether the answer has nothing new of the kind that the question asks for.

    "Who succeeded David Rowe?" is not answered by "David Rowe resigned in August". Told of few
    kinds of questions, and of those only where it is plain. What the `whole` question asks besides,
    of which this is a part, is nothing new.
    """
    kind = next((kind for pattern, kind in _KINDS if pattern.search(question)), None)
    asked = stems(f"{question} {whole}")
    new = [w for w in words(answer) if w.stem not in asked and is_content(w)]
    if kind == "somebody":
        return not any(not w.is_number and w.stem not in CALENDAR_STEMS for w in new)
    if kind in ("name", "body"):
        told = [w for w in names(_SAID_AT_THE_END.sub("", answer)) if w.stem not in asked]
        if kind == "body":  # "the Danish firm" has no name
            told = [w for w in told if not kin(w.text)]
        else:  # nor has "a Greek citizen"; "the Greek language" is called so
            told = [w for w in told if not _is_of_a_nation(w, answer, asked)]
        return not any(w.stem not in CALENDAR_STEMS for w in told)
    if kind == "place":
        return not _names_a_place(question, answer, asked)
    if kind == "number":
        if _ASKS_AGE.search(question):
            answer = _NO_AGE.sub("", answer)
            called = frozenset().union(*proper_names(question, frozenset()))
            aside = [m[0] for m in _OLD_ITSELF.finditer(answer) if not called & stems(m[0])]
            for each in aside if called else ():
                answer = answer.replace(each, "")
        amounts = words(answer)
        return not (
            any(
                w.is_number or w.text.casefold() in _AMOUNTS for w in amounts if w.stem not in asked
            )
            or _AN_AMOUNT.search(answer)
            or (_ASKS_PRICE.search(question) and _FREE.search(answer))
            or _tells_of_one(question, answer)
        )
    if kind == "time":
        tells = any(w.is_number or w.stem in CALENDAR_STEMS or w.text[0].isupper() for w in new)
        return not tells and not tells_when(question, answer)
    return False


def _tells_of_one(question: str, answer: str) -> bool:
    """Whether an answer to how many tells what is asked of one of them: "A man was hurt", "hurt a
    man" where people are counted, and otherwise "a house was damaged" of houses alone.
    """
    asks = _ASKS_HOW_MANY.search(question)
    if asks is None:
        return False
    mine, said = {*fates(asks["what"], plain=True)}, words(answer)
    counted = next((w.stem for w in words(asks["what"]) if is_content(w)), "")
    deeds = {w.stem for w in words(question) if is_content(w)} - {counted}
    is_asked = [w.stem in deeds or bool(mine & {*fates(w.text, plain=True)}) for w in said]
    for i in (i for i, w in enumerate(said) if w.text.casefold() in ("a", "an")):
        end = i + 1
        while end < len(said) and _is_of_one(said[end]) and not is_asked[end]:
            end += 1
        # "He died a hero", "A fire hurt people"
        did = (i and is_asked[i - 1] and said[i - 1].stem != "die") or (
            i + 1 < end < len(said)
            and is_asked[end]
            and (said[end].stem == "die" or said[end - 1].text.casefold() in _BEEN)
        )
        people = bool(mine) and _COUNTS_PEOPLE.search(question)
        if did and (people or counted in {w.stem for w in said[i + 1 : end]}):
            return True
    return False


def _is_of_one(word: Word) -> bool:
    """Whether it may stand between "a" and what one did or suffered: "a young man was"."""
    return word.text.casefold() in _BEEN or (is_content(word) and not is_deed(word.text))


def _names_a_place(question: str, answer: str, asked: frozenset[str]) -> bool:
    """Whether a name stands beside what is asked for, "the hospital in Ottering", or anywhere where
    the answer does not say "hospital"; or what it is called, or which of them it is, "The hospital
    that took them in was Ardal House", "the county hospital".
    """
    place = _ASKS_WHICH_PLACE.search(question)
    called = re.search(_IS_CALLED.format(place["place"]), answer) if place else None
    if called and not stems(called["name"]) <= asked | CALENDAR_STEMS:
        return True
    which = re.search(_WHICH_OF_THEM.format(place["place"]), answer) if place else None
    if which and which["which"] not in _ANY_PLACE and not stems(which["which"]) <= asked:
        return True
    said = words(answer)
    at = [i for i, w in enumerate(said) if place and w.stem in stems(place["place"])]
    near = {j for i in at for j in range(i - BEFORE_A_PLACE, i + AFTER_A_PLACE + 1)}
    told = [w for i, w in enumerate(said) if i in near or not at]
    named = {w.start for w in names(answer)}
    return any(w.start in named and w.stem not in asked | CALENDAR_STEMS for w in told)


def _is_of_a_nation(word: Word, text: str, asked: frozenset[str]) -> bool:
    """Whether it only tells of what nation what stands right behind it is, which is not what is
    `asked` for.
    """
    end = word.start + len(word.text)
    behind = next((w for w in words(text) if w.start >= end), None)
    return (
        tells_a_nation(word.text)
        and behind is not None
        and text[end : behind.start].isspace()
        and behind.text.islower()
        and is_content(behind)
        and not is_deed(behind.text)
        and behind.stem not in asked
    )


# "did Lars Solheim say": what follows the verb is whom the question is about.
_SUBJECT = re.compile(
    r"\b(?:can|could|did|do|does|had|has|have|is|was|were|will|would)((?:\s+\S+){1,6})", re.I
)


def replaced(question: str, cited: str, answer: str) -> list[str]:
    """Whom the question names in full, where the sources and the answer name another instead."""
    inverted = _SUBJECT.search(question)
    if not inverted or _KINDS[0][0].search(question):
        return []
    subject = stems(inverted[1])
    common = frozenset(w.text for w in words(cited) if w.text.islower())
    there, asked = stems(cited), stems(question)
    others = [name for name in proper_names(answer, common) if name <= there and not name & asked]
    absent = [n for n in proper_names(question, common) if not n & there and n <= subject]
    return [" ".join(sorted(name)) for name in absent] if others else []


def begins_with_another(question: str, text: str) -> bool:
    """Whether a text begins with a name that the question has not, and has none of those that it
    has: "Dale reported", where Corfe is asked about.
    """
    asked = {w.stem for w in names(question)} - CALENDAR_STEMS
    first = next(iter(runs(text, names(text))), None)
    return (
        bool(asked)
        and first is not None
        and first[0].start == 0
        and not {w.stem for w in first} & stems(question)
        and not asked & (stems(text) | kin(text))
    )


_MAY_INTERVENE = BETWEEN | {"and", "is", "was", "were", "which", "who"}
NEAR_THE_VERB = 3  # words between it and the name of whom is asked about


def did_another(question: str, text: str) -> bool:
    """Whether a text tells that somebody else did what the question asks of somebody whom it does
    not name: "Ola Brand, who had resigned, spoke" to "Did Krall resign?".
    """
    verb = _SUBJECT.search(question) if is_polar(question) else None
    subject = runs(question, names(question))[:1]
    if not verb or not subject or SUBJECT_PRONOUN.match(text):
        return False
    if len(question[verb.start(1) : subject[0][0].start].split()) > NEAR_THE_VERB:
        return False
    if {w.stem for w in subject[0]} & stems(text):
        return False
    behind = subject[0][-1].start + len(subject[0][-1].text)
    deed = next((w for w in words(question) if w.start >= behind and is_content(w)), None)
    said = words(text)
    for run in runs(text, names(text)):
        rest = (w for w in said if w.start > run[-1].start)
        did = next((w for w in rest if w.text.casefold() not in _MAY_INTERVENE), None)
        if deed and did and did.stem == deed.stem:
            return True
    return False


_IT_SAYS = re.compile(rf"\bit (?:\w+ )?{SAYS}\b", re.IGNORECASE)
_WHAT_SAID = re.compile(
    r"\bwhat (?:did|do|does|had|has|have)\s(?P<who>.+?)\s(?:say|said|tell|told|write|written)\b",
    re.IGNORECASE,
)


def said_by_another(question: str, text: str, before: str = "") -> bool:
    """Whether a text tells nothing of whose words the question asks for: neither names them, nor
    has what "she said", nor what "it said" where the last sentence `before` begins with them.
    """
    match = _WHAT_SAID.search(question)
    named = runs(match["who"], names(match["who"])) if match else []
    if not named or named[-1][-1].stem in stems(text) or SHE_SAYS.search(text):
        return False
    last = "".join(span.of(before) for span in sentence_spans(before)[-1:])
    opening = next(iter(runs(last, names(last))), [])
    begins = opening and last[: opening[0].start] in ("", "The ")
    theirs = begins and {w.stem for w in named[-1]} <= {w.stem for w in opening}
    return not (theirs and _IT_SAYS.search(unquoted(text)))


def means_another(question: str, text: str, before: str) -> bool:
    """Whether who "he said" is in a text, which stands behind `before`, is somebody else than whom
    the question is about.
    """
    inverted = _SUBJECT.search(question)
    if not inverted or not SHE_SAYS.search(unquoted(text)):
        return False
    start, end = inverted.span(1)
    about = runs(question, [w for w in names(question) if start <= w.start < end])[:1]
    name = frozenset(w.stem for run in about for w in run if w.text.casefold() not in TITLES)
    return bool(name) and not name & stems(text) and not may_mean(name, before)


def beside_the_matter(
    question: str, cited: str, before: str, articles: Sequence[str], similarity: Similarity
) -> list[str]:
    """What the question asks somebody's words about, where what is cited is about something else.

    `articles` tell of it, but neither what is cited, in these words or in others, nor the sentences
    `before` it, nor the articles' first sentences, which tell what all of it is about. A sentence
    that begins with a quotation is about what stands around it.
    """
    match = _SAY_ABOUT.search(question)
    about = {w.stem for w in words(match["what"]) if is_content(w)} if match else set()
    known = frozenset().union(*map(stems, articles))
    leads = [span.of(text) for text in articles for span in sentence_spans(text)[:1]]
    if (
        match is None
        or not about
        or not about <= known
        or about & frozenset().union(*map(stems, [cited, before, *leads]))
        or _OPENS_A_QUOTATION.match(cited)
        or _OBJECT.search(unquoted(cited))
    ):
        return []
    return [match["what"].strip()] if similarity(match["what"], [cited])[0] < NEAR else []
