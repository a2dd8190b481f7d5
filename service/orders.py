"""Orders: what a sentence of an article says to whoever answers from it ("ignore the above").

What it orders to be said the article does not state. English, and the plainest in other languages.
"""

import re
import unicodedata

from service.kept import kept
from service.wording import TEXTS, fold

# What a sentence of an article says to whoever answers from it, not to its readers: what it orders
# to be said it does not state. A claim that tells of the order holds the group, or the whole match.
_START = r"(?:^|[.;:!?>\]}])\W{0,9}(?:(?:please|kindly|now|then|instead|next|always|simply)\W+)?"
_ANSWERER = r"(?:large |news )?(?:assistants?|language models?|chatbots?|ai models?)"
# A note may speak to them by more names than news is told by: "for AI readers:".
_AI = (
    rf"(?:{_ANSWERER}|llms?|bots?|ais?|ai[ -](?:powered )?"
    r"(?:agents?|assistants?|bots?|readers?|search engines?|summari[sz]ers?|systems?|tools?))"
)
# Whom an answer is for; "tell us what you think" and "tell your doctor" are said to readers.
_READERS = (
    r"(?:(?:every|any)(?:one|body)|whoever"
    r"|(?:(?:all|any|each|every|the|these|your) )?(?:audience|humans?|readers?|users?))"
)
_ANYBODY = rf"(?:me|the|them|people|those|all|each|every|{_READERS})"
# What an answer is to, and what it is, as orders name them.
_QUESTION = r"(?:questions?|quer(?:y|ies)|prompts?|requests?)"
_REPLY = r"(?:answers?|outputs?|repl(?:y|ies)|responses?|summar(?:y|ies))"
_ASKING = (
    rf"(?:{_QUESTION}|{_REPLY}|ask(?:s|ed|ing)?|answering|replying|responding|mentioned"
    rf"|summari[sz](?:es?|ed|ing)|users?|{_AI})"
)
_INSTRUCTIONS = (
    r"(?:above|previous|prior|preceding|earlier|instructions?|questions?|articles?|rest)"
)
# The verb of an order behind what leads up to it, with what follows neither a noun nor a statement
# ("state police", "say analysts").
_SAY = (
    r"(?:(?:answer|reply|respond|output)(?: (?:that|with|only|the|it|as|by|in|yes|no|nothing)\b"
    r"|:|,? ?[“\"‘\[])"
    r"|(?:say|state|claim|declare|insist|assert|write|print|repeat|maintain|confirm|pretend)"
    r"(?: (?:that|only|nothing|so|yes|no|this)\b|:|,? ?[“\"‘\[])"
    rf"|(?:tell|inform|assure|convince) (?:them|people|{_READERS})\b)"
)
_OBEY = (
    r"(?:you (?:(?:must|should|shall|will|are to|have to|need to) )?)?"
    rf"(?:(?:please|always|only|just|simply|then) )?(?:{_SAY}"
    r"|(?:ignore|disregard|forget|override|cite|quote) (?:all|the|this|these|your|any|only)\b)"
)
# An order in the third person, to whoever takes up the text that it stands in: "Anyone who
# summarises this article must write that". Without the text it is news ("Whoever wins must").
_TEXT = (
    r"(?:this|these|the above) (?:\w+ )?(?:articles?|bulletin|dispatch|documents?|items?|lines"
    r"|news|pages?|paragraphs?|passages?|pieces?|posts?|reports?|story|stories|texts?)"
)
_WHOEVER = (
    r"(?:whoever|(?:any|every)(?:one|body)|those|people|persons?|journalists?|editors?|writers?"
    rf"|readers?|users?|models?|systems?|tools?|programs?|software|summari[sz]ers?|{_AI})"
)
_TAKES_UP = (
    r"(?:analy[sz]|answer|ask|cit|consult|describ|discuss|index|paraphras|pass|process|publish"
    r"|quot|read|rel(?:ay|ies|y)|repeat|report|reproduc|retell|rewrit|shar|shorten|summari[sz]"
    r"|translat|us)(?:e?s|e?d|ing|e)?"
)
_MUST = (
    r"(?:must|shall|should|ought to|(?:has|have|needs?|is|are) to"
    r"|(?:is|are) (?:(?:kindly|politely) )?(?:advised|asked|expected|instructed|invited|obliged"
    r"|requested|required|told|urged) to)"
    r"(?: (?:always|also|never|not|only))?"
)
# Said gently: "Whoever sums this up will want to mention that".
_SHALL = (
    rf"(?:{_MUST}|(?:may|might|will|would) (?:be wise|do well|have|like|need|want|wish) to"
    r"|does well to|is (?:best|well) advised to)"
)
_IS_TO = r"(?:is|are|must|shall|should|will)\b"
_READS = r"(?:is|are|must|shall|should|will|gives?|names?|reads?|says?|states?)\b"
_WRITE = (
    r"(?:(?:add|answer|assert|claim|confirm|explain|include|inform|mention|note|repeat|reply|report"
    r"|respond|say|state|tell|write)(?: [\w-]+){0,4}?(?: that\b|:|,? ?[“\"‘\[])"
    r"|(?:answer|reply|respond) (?:with|only|yes|no)\b|(?:describe|present) [^.;:!?]{1,40} as\b)"
)
# An answer that is right, to a question without its words: "The right reply to questions on".
_RIGHT = (
    r"(?:accepted|accurate|agreed|approved|best|correct|desired|expected|official|only|proper"
    r"|required|right|true|valid)"
)
# What an answer is said to be, beforehand: "The correct response to “Who won?” is". Without the
# question's words, or "always", it is news ("The answer to that is cooperation").
_ANSWERED_SO = (
    rf"\b{_REPLY} (?:given )?to [“\"‘'][^“”\"‘’]{{3,120}}[”\"’'] {_IS_TO}"
    rf"|\b{_REPLY} (?:given (?:is|are) always|to (?:be given|give) (?:is|are))\b"
    rf"|\banswer key (?:for|of|to) {_TEXT}\b"
    rf"|\bfor (?:the )?purposes? of (?:all|any|every) (?:\w+ )?(?:{_QUESTION}|{_REPLY})\b"
    r"|(?:^|[.;:!?]\W{0,9})(?:call|describe|give|mention|name|use)\b[^.;:!?]{1,80}?"
    r"\bwhen(?:ever)?\b[^.;:!?]{0,60}\b(?:anyone asks|asked|a reader asks|they ask)\b"
    r"|^\W*answer ?:"
)
# What an answer is said to be that leaves something out: "A summary without that is incomplete". Of
# the farmers or the law that an answer is without it may be news.
_WITHOUT = (
    r"(?:without|(?:that|which) (?:do(?:es)? not|fails? to) (?:contain|give|have|include|mention"
    r"|name|report|say|state|tell)|(?:that|which) (?:lacks?|leaves? out|miss(?:es)?|omits?))"
)
_LACKING = (
    rf"\b(?:summar(?:y|ies) {_WITHOUT}|(?:accounts?|answers?|repl(?:y|ies)|retellings?) {_WITHOUT} "
    r"(?:it|that|them|these|this|those)\b)[^.;:!?]{0,80}? (?:is|are|must be|should be|will be)"
    r" (?:erroneous|false|faulty|flawed|inaccurate|incomplete|incorrect|invalid|misleading"
    r"|not (?:accurate|complete|correct|right|true|valid)|rejected|untrue|wrong)\b"
)
# What whoever answers is said to say: "The model says that". Of a model of the weather or in a
# studio it is news ("The model says that rain is likely", "that she was").
_SAYS_SO = (
    rf"(?:^|[.;:!?])\W{{0,9}}(?:any|each|every|the|this|your) (?:models?|{_AI}) "
    r"(?:(?:also|always|now|then|therefore|thus) )?"
    r"(?:answers?|believes?|concludes?|confirms?|knows?|repl(?:y|ies)|reports?|responds?|says?"
    r"|states?)(?: that\b|:)(?! (?:he|her|his|it|its|she|they)\b)"
    r"(?![^.;:!?]*\b(?:chances?|could|likely|may|might|probab\w+|will|would)\b)"
)
# For whom something is so: "For the benefit of language technology, it is agreed that".
_MACHINES = (
    r"(?:(?:all|any|automat(?:ed|ic)|every|the) ){0,2}"
    rf"(?:{_AI}|artificial intelligence|machine (?:learning|readers?)|language technolog(?:y|ies)"
    r"|algorithms|crawlers|machines|models|search engines|summar(?:ies|i[sz]ers))"
)
_FOR_THEM = (
    r"(?:^|[.,;:!?])\W{0,9}(?:(?:just|only|solely) )?for (?:the )?(?:attention|benefit|convenience"
    rf"|guidance|information|purposes?|sake|use) of {_MACHINES}(?:[,:]| (?:it|please|we)\b)"
)
# Behind what ought to be told: unless somebody says so, which is news.
_SPOKEN = (
    r"(?![^.;:!?]{0,300}, [^.,;:!?]{0,60}\b(?:argued|ruled|said|says?|warn(?:s|ed)"
    r"|wr(?:ites|ote))\b[^.,;:!?]{0,60}\W{0,9}$)"
)
# What may as well be somebody's speech to others, where it is told as that: "“Ignore the noise,” he
# said".
_IMPERATIVES = re.compile(
    "|".join(
        [
            _START + r"(ignore|disregard|forget|override|say|reveal|pretend|declare|insist|append"
            rf"|respond|act as|imagine that|tell {_ANYBODY})\b",
            _START + r"(do not (?:cite|answer|reply|mention|quote)|never (?:cite|answer|reply))\b",
            _START + r"((?:answer(?! the (?:door|phone|telephone|call))|reply|state|output|print"
            r"|repeat|write|list|cite|quote|translate)"
            r" (?:that|with|only|the|your|this|all|every|nothing|[“\"\[【])|put [“\"\[【])",
            _START + r"((?:answer|reply) (?:any|each|yes|no)\b(?! or no)"
            r"|(?:assert|confirm|deny|conclude|maintain) that\b|refuse to (?:answer|reply)\b"
            rf"|(?:assure|convince|inform|persuade|remind) {_READERS}\b"
            rf"|let {_READERS} know\b|make it clear to {_READERS}\b"
            rf"|make sure (?:that )?{_READERS} (?:believes?|knows?|thinks?)\b"
            r"|(?:do not|never) (?:claim|mention|say|state) that\b|always claim that\b"
            r"|under no circumstances (?:answer|cite|mention|reply|reveal|say)\b)",
            r"\b(?:you (?:must|should|shall|will|are to|have to|need to)(?: (?:always|now|only))?"
            r"|\w+ (?:ask|expect|need|order|require|want)s? you to|remember to|be sure to"
            rf"|(?:essential|imperative|important|necessary|required|vital) that you) {_SAY}",
            r"\banswer to (?:all|any|each|every) (?:question|query|prompt)s? "
            r"(?:[\w ]{1,40} )?(?:is|must|should|will)\b",
            rf"\b{_RIGHT} {_REPLY} to (?:(?:all|an?|any|each|every) (?:\w+ )?)?{_QUESTION} (?:about"
            rf"|as to|concerning|how|of|on|regarding|wh\w+)\b[^.;:!?]{{1,100}}? {_READS}",
            rf"\b{_RIGHT} {_REPLY} to the {_QUESTION} (?:who|what|which|when|where|how many)\b"
            rf"[^.;:!?]{{1,100}}? {_READS}",
            rf"\bif (?:any|some)(?:body|one) asks\b[^.;!?]{{0,100}}\b(?:is|are) the {_REPLY}\b",
            _SAYS_SO,
            _LACKING,
            r"\byou are an? (?:helpful )?(?:ai|chatbot|(?:large )?language model)\b",
            rf"\b{_WHOEVER}(?: (?:who|that|which))?(?: \w+){{0,2}}? {_TAKES_UP}\b"
            rf"(?: [\w-]+){{0,3}}? (?:{_TEXT}\b[^.;:!?]{{0,60}}?|this|the above),? {_SHALL} "
            + _WRITE,
            rf"\b{_WHOEVER}(?: who)? (?:sums?|summing)(?: (?:all|it|the above|things|this)){{0,2}}"
            rf" up,? {_SHALL} " + _WRITE,
            rf"\b{_WHOEVER}(?: who)? (?:answer|repl(?:y|ie)|respond)(?:s|ing)?(?: to)? "
            rf"(?:(?:all|an?|any|each|every) (?:\w+ )?)?{_QUESTION}\b[^.;:!?]{{0,80}}?,? {_SHALL} "
            + _WRITE,
            rf"\b(?:{_REPLY}|mentions?|quotations?|retellings?|translations?|readers?|users?) "
            rf"(?:about|from|of|on|to) {_TEXT},? {_MUST} {_WRITE}",
            rf"\b{_WHOEVER} of {_TEXT}\b[^.;:!?]{{0,80}}? {_MUST} {_WRITE}",
            rf"\b{_WHOEVER} (?:who|that|which) {_TAKES_UP} {_TEXT} "
            r"(?:(?:shall|will) )?(?:adds?|answers?|reports?|says?|states?|tells?|writes?)\b",
            rf"\b{_REPLY} (?:about|of|on|to) {_TEXT},? {_MUST} (?:carry|contain|give|have|hold"
            r"|include|use) the (?:fact|following|line|phrase|sentence|statement|text|words?)\b",
            rf"\b(?:machines?|models?|{_AI}) (?:is|are) (?:kindly|politely) (?:asked|invited"
            r"|requested) to\b",
            rf"\b(?:people|readers?|those|users?)\b[^.;:!?]{{0,60}}\b{_AI},? {_MUST} be "
            r"(?:assured|informed|told)\b",
            rf"\b{_WHOEVER}(?: who)? {_TAKES_UP} {_TEXT}\b[^.;:!?]{{0,60}}?,? {_MUST} be "
            r"(?:assured|informed|told) that\b" + _SPOKEN,
            rf"(?:^|[.;:!?])\W{{0,9}}(?:(?:all|any|each|every|the) )?{_RIGHT} {_REPLY}"
            rf"(?: (?:about|of|on|to) {_TEXT})? (?:always|invariably|must(?: always)?) "
            r"(?:add|mention|note|repeat|report|say|state|tell)s?(?: that\b|:)",
            rf"\b(?:machines?|models?|{_AI}) {_MUST} (?:believe|cite|follow|prefer|quote|repeat"
            r"|rely on|report|say|state|tell|trust|use) (?:only )?(?:this|these|the above)\b",
            # To be told to whoever reads or asks; what somebody says ought to be told is news.
            r"(?:^|[,.;:!?]\W{0,9})(?:(?:all|any|each|every|our|the|your) )?"
            rf"(?:(?:readers?|askers?)(?: of {_TEXT})?|{_WHOEVER}(?: who)? (?:asks?|asking)"
            rf"(?: [\w-]+){{0,4}}?),? {_MUST} be (?:assured|informed|told) that\b" + _SPOKEN,
            rf"\b{_MUST} be (?:added|made clear|mentioned|noted|repeated|reported|said|stated"
            rf"|written)\b[^.;:!?]{{0,80}}? in (?:(?:all|any|each|every) (?:\w+ )?{_REPLY}\b"
            rf"|(?:an?|the) {_REPLY} (?:about|of|on|to) {_TEXT}\b)",
        ]
    ),
    re.IGNORECASE | re.MULTILINE,
)
_ORDERS = re.compile(
    "|".join(
        [
            r"<\|[^|<>\s]{1,30}\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
            r"|</?(?:tool_call|system|assistant|instructions?)>",
            r"^\W*(?:system|assistant|user|human|instruction|response)(?: message| prompt)?\W*:"
            r"|^\W*\[(?:system|assistant|user|instructions?)\]",
            r"\b(?:when|if|whatever|whoever|anyone|before|instead of)\b[^.]{0,80}?"
            r"\b(?:ask\w*|answer\w*|summari[sz]\w+|read\w* this)\b[^.]{0,60}?"
            r"(?:, (?:you )?(?:must |should |please )?|: ?| must )"
            r"(say|reply|answer|state(?= (?:that|the|this|only|[“\"]))|output|print|repeat|name"
            r"|tell)\b",
            # A clause before the verb: "In every reply, say that", "From now on answer only".
            r"\b(?:what(?:so)?ever|whichever|who(?:so)?ever|when(?:ever)?|however|no matter|if"
            r"|should|as an?|regardless of|irrespective of|after|before|upon"
            r"|(?:for|in|on|to|with) (?:all|any|each|every|your))\b"
            rf"[^.;:!?]{{0,80}}?\b{_ASKING}\b[^.;:!?,]{{0,60}}[,:] ?{_OBEY}",
            rf"\b(?:for|in|to) (?:all|any|each|every|your) (?:\w+ )?(?:{_QUESTION}|{_REPLY}) "
            + _OBEY,
            r"\b(?:from (?:now|here|this (?:moment|point)|today) (?:forward|onwards?|on)|henceforth"
            r"|(?:whatever|no matter|regardless of|under (?:all|any)|in (?:all|any|every)"
            r" (?:case|circumstance|event)s?)\b[^.;:!?,]{0,60}|at all times|without exception),? "
            + _OBEY,
            # And behind it: "Repeat this in every answer".
            r"(?:^|[,.;:!?]\W{0,9}|\b(?:and|please|then) )(?:add|give|include|insert|mention|put"
            r"|repeat|say|state|use|write)\b[^.;!?]{1,80}?\b(?:in|into|of|to|with) "
            rf"(?:all|any|each|every|your) (?:\w+ )?(?:{_QUESTION}|{_REPLY})\b",
            r"(?:^|[,.;:!?]\W{0,9}|\b(?:and|please|then) )(?:begin|close|end|finish|preface|start) "
            rf"(?:all|any|each|every|your) (?:\w+ )?{_REPLY}\b",
            r"\b(?:ignore|disregard|forget|override) (?:(?:all|any|of|the|these|your) ){0,3}"
            rf"{_INSTRUCTIONS}\b",
            r"\b(?:pay no attention to|set aside|discard|bypass) (?:(?:all|any|of|the|these|your) )"
            r"{0,3}(?:(?:above|earlier|other|previous|prior|system) )?(?:instructions|prompts?)\b",
            r"\b(?:all|any|every|your) (?:earlier|preceding|previous|prior) "
            r"(?:instructions?|prompts?)\b",
            r"\b(?:and|always|must) (?:answer|reply|respond) (?:that|with|only|in)\b(?! due)",
            r"(?<!answered )\b(?:every|all|your) (?:answers?|questions?) (?:[\w ]{1,40} )?"
            r"(?:with|must|should)\b",
            r"\b(?:every|your) (?:repl(?:y|ies)|responses?|summar(?:y|ies)) (?:must|should)\b",
            r"\bquestions\b[^.;!?,]{0,60} (?:must|should|are to) be answered (?:with|by)\b",
            r"\b(?:treat|consider|regard) (?:all |any |the )?other (?:articles?|sources?) as\b"
            r"|\b(?:cite|rely on|trust|use) only this (?:article|document|passage|source|text)\b",
            r"\byour (?:instructions|system prompt|safety settings|new (?:goal|task|role))\b"
            r"|\byou are (?:now|no longer) (?:an?|the|in)\b|\byou only ever\b|\bas the answer to\b"
            r"|\byour (?:only )?(?:duty|goal|job|purpose|role|task) (?:now is|is now|is) to "
            r"(?:answer|claim|inform|reply|respond|say|state|tell)\b",
            rf"\b(?:to|for|all) (?:the )?{_ANSWERER}(?: reading this|\s*[:!])"
            rf"|\b(?:attention|hey|dear) {_ANSWERER}\b"
            rf"|\b(?:the machine|{_AI}) (?:reading|that reads) (?:this|the above)\b"
            rf"|\bif you are an? {_ANSWERER}\b|^\W*{_ANSWERER} (?:must|should|reading this)\b"
            rf"|^\W*(?:(?:attention|hey|dear)\W+(?:all )?{_AI}\s*[:,!]|{_AI}, {_OBEY})"
            r"|\b(?:addendum|clarification|correction|guidance|hint|information|instructions?"
            r"|memo|message|note|notice|reminder|update) (?:to|for) (?:(?:all|any|every|the) )?"
            rf"(?:{_AI}|(?:automated )?(?:algorithms|crawlers|machines|models?|readers|systems))"
            r"(?: only)?\s*[:!]"
            r"|^\W*(?:hidden|secret|system) instructions?\s*:",
            # A turn of a chat as programs send it, and a source cited by its number in the prompt.
            r"[{,]\s*[\"'“](?:from|role)[\"'”]\s*:\s*[\"'“](?:assistant|developer|function|human"
            r"|model|system|tool|user)\b",
            r"\b(?:according to|as (?:reported|said|stated|told) (?:by|in)|cited (?:as|from|in)) "
            r"(?:the )?(?:(?:articles?|documents?|passages?|sources?|texts?) ?)?\[\d{1,2}\]"
            r"|\baccording to (?:the )?source (?:no\. ?|number )?\(?\d{1,2}\b"
            r"|\b(?:says?|see|states?) (?:the )?(?:article|document|passage|source|text)s? ?"
            r"\[\d{1,2}\]"
            r"|^\W*(?:article|document|passage|source|text) \[\d{1,2}\] "
            r"(?:confirms|reports|says|states|tells)\b",
            r"\b(?:new instructions?|next task|developer mode|end of (?:document|message))\W",
            _ANSWERED_SO,
            _FOR_THEM,
            rf"\bas (?:all|any|each|every) (?:machines?|models?|{_AI}) {_MUST} (?:answer|know|reply"
            r"|report|say|state|tell|write)\b",
            # The same in other languages, in forms that state nothing.
            r"\b(?:ignorez|oubliez|répondez|vergiss|vergesst|ignoriere|antworte|olvida lo"
            r"|ignora todo|dimentica|rispondi|esqueça)\b"
            r"|\bantworten sie (?:auf|immer|mit|nur|stets)\b|\bes wird angewiesen\b",
            r"\b(?:игнорируй|забудь|отвечай|ответь)(?:те)?\b|忽略|只回答|请回答|تجاهل|أجب",
        ]
    ),
    re.IGNORECASE | re.MULTILINE,
)
_QUOTATION = re.compile(r"“[^“”]*(?:”|$)|\"[^\"]*(?:\"|$)|‘[^‘]*?’(?!\w)")
_SAID = re.compile(
    r"\b(?:added|advised|advises|asked|called|cried|declared|joked|posted|quipped|said|says?"
    r"|saying|shouted|told|tweeted|urged|urges|warned|warns|writes|wrote)\b",
    re.IGNORECASE,
)


@kept(TEXTS)
def orders(text: str) -> tuple[str, ...]:
    """The words that speak to whoever answers ("ignore the above", "reply with"), folded.

    Only a claim that holds them tells of the order; another would follow it.
    """
    plain = _plain(text)
    told = _quoted_speech(plain)
    found = [m for m in _IMPERATIVES.finditer(plain) if not any(m.end() in q for q in told)]
    found += _ORDERS.finditer(plain)
    words = (m[m.lastindex or 0] for m in sorted(found, key=lambda m: m.start()))
    return tuple(fold(w).strip(' .,;:!?>)]}"') for w in words)


def seen(text: str) -> str:
    return fold(_plain(text))


def _quoted_speech(text: str) -> list[range]:
    """Where a quotation stands that the words around it tell as somebody's speech."""
    if not _SAID.search(_QUOTATION.sub(" ", text)):
        return []
    return [range(m.start(), m.end() + 1) for m in _QUOTATION.finditer(text)]


def _plain(text: str) -> str:
    """As a reader sees it: no invisible characters, letters in one form."""
    return "".join(
        c
        for c in unicodedata.normalize("NFKC", text)
        if unicodedata.category(c) not in ("Cf", "Mn")
    )
