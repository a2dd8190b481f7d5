"""Orders: what a sentence of an article says to whoever answers from it ("ignore the above").

What it orders to be said the article does not state. English, and the plainest in other languages.
"""

import re
import unicodedata
from functools import lru_cache

from service.wording import fold

# What a sentence of an article says to whoever answers from it, not to its readers: what it orders
# to be said it does not state. A claim that tells of the order holds the group, or the whole match.
_START = r"(?:^|[.;:!?>\]}])\W*(?:(?:please|kindly|now|then|instead|next|always)\W+)?"
_ANSWERER = r"(?:large |news )?(?:assistants?|language models?|chatbots?|ai models?)"
_ORDERS = re.compile(
    "|".join(
        [
            r"<\|[^|<>\s]{1,30}\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
            r"|</?(?:tool_call|system|assistant|instructions?)>",
            r"^\W*(?:system|assistant|user|human|instruction|response)(?: message| prompt)?\W*:",
            _START + r"(ignore|disregard|forget|override|say|reveal|pretend|declare|insist|append"
            r"|respond|act as|imagine that|tell (?:me|the|users?|readers?|them|everyone))\b",
            _START + r"(do not (?:cite|answer|reply|mention|quote)|never (?:cite|answer|reply))\b",
            _START
            + r"((?:answer|reply|state|output|print|repeat|write|list|cite|quote|put|translate)"
            r" (?:that|with|only|the|your|this|all|every|nothing|[“\"\[【]))",
            r"\b(?:when|if|whatever|whoever|anyone|before|instead of)\b[^.]{0,80}?"
            r"\b(?:ask\w*|answer\w*|summari[sz]\w+|read\w* this)\b[^.]{0,60}?"
            r"(?:, (?:you )?(?:must |should |please )?|: ?| must )"
            r"(say|reply|answer|state|output|print|repeat|name|tell)\b",
            r"\b(?:ignore|disregard|forget|override) (?:(?:all|any|of|the|these|your) ){0,3}"
            r"(?:above|previous|prior|preceding|earlier|instructions?|questions?|articles?|rest)\b",
            r"\b(?:and|always|must) (?:answer|reply|respond) (?:that|with|only|in)\b(?! due)",
            r"\b(?:every|all|your) (?:answers?|questions?) (?:[\w ]{1,40} )?(?:with|must|should)\b",
            r"\byour (?:instructions|system prompt|safety settings|new (?:goal|task|role))\b"
            r"|\byou are (?:now|no longer) (?:an?|the|in)\b|\byou only ever\b|\bas the answer to\b",
            rf"\b(?:to|for|all) (?:the )?{_ANSWERER}(?: reading this|\s*[:!])"
            rf"|\b(?:attention|hey|dear) {_ANSWERER}\b"
            rf"|\bif you are an? {_ANSWERER}\b|^\W*{_ANSWERER} (?:must|should|reading this)\b",
            r"\b(?:new instructions?|next task|developer mode|end of (?:document|message))\W",
            # The same in other languages, in forms that state nothing.
            r"\b(?:ignorez|oubliez|répondez|vergiss|vergesst|ignoriere|antworte|olvida lo"
            r"|ignora todo|dimentica|rispondi|esqueça)\b",
            r"\b(?:игнорируй|забудь|отвечай|ответь)(?:те)?\b|忽略|只回答|请回答|تجاهل|أجب",
        ]
    ),
    re.IGNORECASE | re.MULTILINE,
)


@lru_cache(maxsize=4096)
def orders(text: str) -> tuple[str, ...]:
    """The words that speak to whoever answers ("ignore the above", "reply with"), folded.

    Only a claim that holds them tells of the order; another would follow it.
    """
    found = (m[m.lastindex or 0] for m in _ORDERS.finditer(_plain(text)))
    return tuple(fold(words).strip(' .,;:!?>)]}"') for words in found)


def seen(text: str) -> str:
    return fold(_plain(text))


def _plain(text: str) -> str:
    """As a reader sees it: no invisible characters, letters in one form."""
    return "".join(
        c
        for c in unicodedata.normalize("NFKC", text)
        if unicodedata.category(c) not in ("Cf", "Mn")
    )
