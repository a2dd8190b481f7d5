"""The index as a LangChain retriever.

Imported by those who chain it, and by nothing here: the service's start does not wait for it.
"""

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from index.index import Hit, Index
from index.registry import Filters


class PassageRetriever(BaseRetriever):
    """Passages that bear on a query, best first, as LangChain documents.

    A document's `page_content` is `article.text[start_char_index:end_char_index]` of the revision
    named in its metadata. `neighbours` passages before and after a hit are added to it.
    """

    index: Index
    filters: Filters = Field(default_factory=Filters)
    top_k: int = Field(default=6, ge=1)
    neighbours: int = Field(default=0, ge=0)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        hits = self.index.search(query, self.filters, self.top_k, neighbours=self.neighbours)
        return [_document(hit) for hit in hits]


def _document(hit: Hit) -> Document:
    passage = hit.passage
    return Document(
        page_content=passage.text,
        metadata={
            "article_id": passage.article_id,
            "revision": passage.revision,
            "title": passage.title,
            "source": passage.source,
            "url": passage.url,
            "published_at": passage.published_at,
            "start_char_index": passage.span.start,
            "end_char_index": passage.span.end,
            "score": hit.fused,
            "scores": {"dense": hit.dense, "lexical": hit.lexical, "fused": hit.fused},
        },
    )
