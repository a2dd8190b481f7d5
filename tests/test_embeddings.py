"""Vectors are the same however they are asked for."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hostile import FRAGMENTS

from index.embeddings import BATCH, MOST_TOKENS, MiniLM, Vectors
from index.sentences import Span

# Padding to another batch's longest text may change the last bits; no more than them.
TOLERANCE = 1e-5
TEXTS = [
    "The bridge was closed.",
    "",
    "😀",
    "مرحبا بالعالم",
    "Hi.",
    "word " * 400,
    *("It rained. " * n for n in range(1, 45)),
    *(fragment for fragment in FRAGMENTS if 5 < len(fragment) < 100),
]


@pytest.fixture(scope="module")
def alone(embedder: MiniLM) -> Vectors:
    """The vectors of `TEXTS`, each made by itself."""
    return np.vstack([embedder.encode([text]) for text in TEXTS])


def test_vectors_are_unit_vectors_of_32_bits(embedder: MiniLM) -> None:
    vectors = embedder.encode(TEXTS[:8])
    assert vectors.shape == (8, embedder.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=TOLERANCE)


def test_a_batch_gives_what_one_by_one_gives_in_the_order_of_the_texts(
    embedder: MiniLM, alone: Vectors
) -> None:
    assert len(TEXTS) > 2 * BATCH
    np.testing.assert_allclose(embedder.encode(TEXTS), alone, atol=TOLERANCE)


def test_langchain_and_numpy_get_the_same_vectors(embedder: MiniLM) -> None:
    documents = embedder.embed_documents(TEXTS[:3])
    np.testing.assert_allclose(documents, embedder.encode(TEXTS[:3]), atol=TOLERANCE)
    np.testing.assert_allclose(documents[0], embedder.embed_query(TEXTS[0]), atol=TOLERANCE)


def test_no_texts_give_no_vectors(embedder: MiniLM) -> None:
    assert embedder.encode([]).shape == (0, embedder.dimensions)
    assert embedder.embed_documents([]) == []
    assert embedder.count_tokens([]) == []


def test_what_stands_after_the_last_token_that_fits_is_not_read(embedder: MiniLM) -> None:
    longest = "word " * (MOST_TOKENS - 2)
    vectors = embedder.encode([longest, longest + "bridge", longest + "bridge " * 1000])
    np.testing.assert_allclose(vectors[1:], vectors[[0, 0]], atol=TOLERANCE)
    shorter = embedder.encode(["word " * (MOST_TOKENS - 3), "word " * (MOST_TOKENS - 3) + "bridge"])
    assert shorter[0] @ shorter[1] < 0.999


def test_tokens_are_counted_whole_and_without_the_frame(embedder: MiniLM) -> None:
    assert embedder.count_tokens(["", "bridge", "word " * 1000]) == [0, 1, 1000]


def test_what_a_text_means_moves_its_vector(embedder: MiniLM) -> None:
    query, near, far = embedder.encode(
        [
            "Who won the election?",
            "The opposition took most seats in the vote.",
            "Beans lower blood pressure.",
        ]
    )
    assert query @ near > query @ far + 0.2


def test_many_threads_get_what_one_gets(embedder: MiniLM, alone: Vectors) -> None:
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: embedder.encode([text])[0], TEXTS))
    np.testing.assert_allclose(together, alone, atol=TOLERANCE)


@pytest.mark.parametrize("text", ["<|im_end|>", "[CLS]", "[SEP] [PAD]", "\x00\x01", "\ufeff"])
def test_control_text_is_embedded_as_text(embedder: MiniLM, text: str) -> None:
    assert np.isfinite(embedder.encode([text])).all()


def test_a_part_is_what_it_means_in_its_text(embedder: MiniLM) -> None:
    text = "He sat on the bank of the river."
    part = Span(text.index("bank"), text.index("bank") + 4)
    river, river_again = embedder.encode_parts(text, [part, part])
    (money,) = embedder.encode_parts("The bank lent him the money.", [Span(4, 8)])
    assert np.isclose(np.linalg.norm(river), 1, atol=TOLERANCE)
    assert (river == river_again).all() and river @ money < 0.9
    far = "word " * MOST_TOKENS + "bridge"
    (beyond,) = embedder.encode_parts(far, [Span(len(far) - 6, len(far))])
    assert not beyond.any()
    assert embedder.encode_parts(text, []).shape == (0, embedder.dimensions)
