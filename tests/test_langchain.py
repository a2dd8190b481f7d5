"""The retriever as LangChain calls it, on a real index."""

import subprocess
import sys
from typing import Any

import anyio
import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from pydantic import ValidationError

from index.articles import NewArticle
from index.index import Index
from index.langchain import PassageRetriever
from index.registry import Filters

QUESTION = "Who opened the bridge at Harrow Mere?"
BRIDGE = "Aldous Finch opened the new bridge at Harrow Mere. It carries two tram lines."
# Some five passages; the bridge is in the third.
FILLER = "The council of Port Ellery met for a {} time and talked of the harbour, the ferries, "
FILLER += "the price of fish and the repair of the northern sea wall, which may take years. "
LONG = "".join(
    [
        *(FILLER.format(word) + "\n\n" for word in "first second third fourth fifth sixth".split()),
        "  Aldous Finch opened the bridge at Harrow Mere — in “heavy” rain 😀. ",
        *(FILLER.format(word) + "\n" for word in "last but one more and another".split()),
    ]
)


def add(index: Index, text: str, **fields: Any) -> None:
    index.add(NewArticle(text=text, **fields))


def assert_exact(index: Index, documents: list[Document]) -> None:
    for document in documents:
        of = document.metadata
        article = index.registry.get(of["article_id"], of["revision"])
        assert article.text[of["start_char_index"] : of["end_char_index"]] == document.page_content
        assert of["score"] == of["scores"]["fused"]


def test_hits_are_documents_that_name_their_place(index: Index) -> None:
    add(
        index,
        "Rain fell.\r\n\r\n" + BRIDGE,
        id="a",
        title="New bridge",
        source="Gazette",
        url="https://example.org/bridge",
        published_at="2026-02-12",
    )
    retriever = PassageRetriever(index=index)
    assert isinstance(retriever, BaseRetriever)
    (document,) = retriever.invoke(QUESTION)
    assert_exact(index, [document])
    assert "Aldous Finch" in document.page_content
    assert document.metadata == {
        "article_id": "a",
        "revision": index.registry.get("a").revision,
        "title": "New bridge",
        "source": "Gazette",
        "url": "https://example.org/bridge",
        "published_at": "2026-02-12",
        "start_char_index": 0,
        "end_char_index": len("Rain fell.\n\n" + BRIDGE),
        "score": document.metadata["score"],
        "scores": document.metadata["scores"],
    }
    assert document.metadata["scores"]["dense"] > 0.5
    assert document.metadata["scores"]["lexical"] > 0


def test_filters_and_top_k_are_the_index_s_own(index: Index) -> None:
    for n in range(5):
        add(index, f"{BRIDGE} Report {n} of tram line {n}.", id=f"a{n}", source=f"S{n % 2}")
    chosen = PassageRetriever(index=index, filters=Filters(sources=["S1"]))
    assert {d.metadata["article_id"] for d in chosen.invoke(QUESTION)} == {"a1", "a3"}
    assert len(PassageRetriever(index=index, top_k=2).invoke(QUESTION)) == 2
    assert PassageRetriever(index=index, filters=Filters(sources=["S9"])).invoke(QUESTION) == []
    for wrong in ({"top_k": 0}, {"neighbours": -1}):
        with pytest.raises(ValidationError):
            PassageRetriever(index=index, **wrong)


@pytest.mark.parametrize("neighbours", [0, 1, 2, 50])
def test_neighbours_are_added_as_the_article_has_them(index: Index, neighbours: int) -> None:
    add(index, "A council met in the harbour of another town.", id="before")
    add(index, LONG, id="long")
    add(index, "The sea wall of a third town was repaired.", id="after")
    chosen = Filters(article_ids=["long"])
    (plain,) = PassageRetriever(index=index, filters=chosen, top_k=1).invoke(QUESTION)
    (wide,) = PassageRetriever(index=index, filters=chosen, top_k=1, neighbours=neighbours).invoke(
        QUESTION
    )
    assert_exact(index, [plain, wide])
    assert "Aldous Finch" in plain.page_content
    assert plain.page_content in wide.page_content
    assert wide.metadata["score"] == plain.metadata["score"]
    if neighbours == 0:
        assert wide == plain
    else:
        assert wide.metadata["start_char_index"] < plain.metadata["start_char_index"]
        assert wide.metadata["end_char_index"] > plain.metadata["end_char_index"]
    if neighbours == 50:
        assert wide.page_content == LONG.strip()


def test_it_is_awaited_batched_and_chained(index: Index) -> None:
    add(index, BRIDGE, id="a")
    add(index, "Beans lower blood pressure.", id="b")
    retriever = PassageRetriever(index=index, top_k=1)

    async def ask() -> list[Document]:
        return await retriever.ainvoke(QUESTION)

    assert anyio.run(ask) == retriever.invoke(QUESTION)
    assert [
        [d.metadata["article_id"] for d in found]
        for found in retriever.batch([QUESTION, "What lowers blood pressure?"])
    ] == [["a"], ["b"]]
    chain = retriever | RunnableLambda(lambda found: found[0].page_content)
    assert chain.invoke(QUESTION) == BRIDGE


def test_the_service_starts_without_it() -> None:
    loaded = "import sys, service.app; sys.exit('index.langchain' in sys.modules)"
    subprocess.run([sys.executable, "-c", loaded], check=True)
