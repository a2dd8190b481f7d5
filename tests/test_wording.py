import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import snowballstemmer

from service.wording import stems

ENDINGS = ("ational", "fulness", "iveness", "ousness", "ization", "ibility", "ements", "ing")


@pytest.fixture
def threads_in_quick_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("threads_in_quick_turns")
def test_stems_are_the_same_whoever_else_asks_for_some() -> None:
    made_up = [f"{a}{b}ov{ending}" for a in "bcdfgklm" for b in "aeiou" for ending in ENDINGS]
    stemmer = snowballstemmer.stemmer("english")
    texts = [" ".join(made_up[i::8]) for i in range(8)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(stems, texts))
    assert found == [frozenset(stemmer.stemWords(text.split())) for text in texts]
