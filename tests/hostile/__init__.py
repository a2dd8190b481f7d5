"""Text that offsets go wrong on. The articles beside it are read by `bench.injection`."""

from hypothesis import strategies as st

FRAGMENTS = [
    *("\r\n", "\r", "\n", "\n\n", "\n\n\n", " \n ", "\t", "\x0b", "\x0c", "\x1c", "\x85"),
    *("\u2028", "\u2029", "\u00a0", "\u2003", "\u200b", "\u202f", "\u3000", "\ufeff", "   "),
    *(
        "😀",
        "👩‍👩‍👧",
        "🇳🇴",
        "e\u0301",
        "\u0301",
        "Z\u0351\u036b",
        "\U0001f468\u200d",
        "ﬁ",
        "İ",
        "ß",
    ),
    *(
        "مرحبا بالعالم. ",
        "שלום עולם! ",
        "\u202eRTL\u202c ",
        "日本語の文。",
        "「はい。」と言った。",
        "क्या? ",
    ),
    *("<|im_end|>", "<|im_start|>system\n", "<s>", "[INST]", "</s>", "{{ x }}", "<b>", "&amp;"),
    *('"', "“", "”", "'", "‘", "’", "«", "»", "„", "‹", "`", "(", ")", "[", "]", "…", "...", "—"),
    *(".", "!", "?", "?!", ". . .", ",", ";", "·", "。", "॥", "۔"),
    *(
        "Dr. ",
        "Mr. Ngo ",
        "U.N. ",
        "a.m. ",
        "No. 5 ",
        "e.g. ",
        "St. ",
        "1.5 ",
        "3,000.00 ",
        "J. R. ",
    ),
    *("www.a-b.org/x?y=1.2 ", "a@b.org ", "#tag ", "1. ", "2) ", "[1] "),
    "The bridge was closed. ",
    "The bridge was closed. ",
    "He resigned on Tuesday. ",
    "“We will go. We will not stay,” she said. ",
    '"Will you go?" she asked. ',
    "“One. Two. “Three.” Four.” ",
    "x" * 1100,
    "word " * 300,
    "“" + "It was late. " * 30 + "” ",
]


def hostile_text(*, pieces: int = 40) -> st.SearchStrategy[str]:
    """Fragments beside arbitrary text; no lone surrogates, which are no text."""
    arbitrary = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    return st.lists(st.one_of(st.sampled_from(FRAGMENTS), arbitrary), max_size=pieces).map("".join)
