"""The anchor: what most people would write in an afternoon, with the same model and embedder.

Questions: LangChain's splitter (1000 characters, 100 of overlap) and its Chroma store, the 4
nearest chunks, the usual prompt, llama.cpp's chat completion. Briefings: what LangChain's summarise
chain does (`load_summarize_chain`, "stuff"), which is to put the whole text into its prompt.
`dateline eval --anchor` asks it beside Dateline.

The chat model below makes the calls that `ChatLlamaCpp` of langchain-community makes, with that
class's defaults (among them top_k 40, repeat_penalty 1.1 and rope_freq_base 10000, which it gives
whatever the model says of itself); n_ctx, n_batch and n_threads are set sensibly, temperature is 0.
The package itself is not needed for it: it brings some fifty others.
"""

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import llama_cpp
from chromadb.config import Settings
from langchain_chroma import Chroma
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import Runnable
from langchain_text_splitters import RecursiveCharacterTextSplitter

from index.embeddings import MiniLM
from service.evaluation import EvaluationSet, Outcome, Row

CHUNK, OVERLAP, NEAREST = 1000, 100, 4
ADDED = 2000  # chunks at a time: Chroma takes no more than some 5,000
MOST_TOKENS = 128  # of an answer
MOST_SUMMARY_TOKENS = 256  # ChatLlamaCpp's default
PROMPT = ChatPromptTemplate.from_messages(
    [
        (
            "system",
            "You are an assistant for question-answering tasks. Use the following pieces of "
            "retrieved context to answer the question. If you don't know the answer, say that you "
            "don't know. Use three sentences maximum and keep the answer concise.\n\n{context}",
        ),
        ("human", "{question}"),
    ]
)
# That of langchain.chains.summarize.
SUMMARY_PROMPT = PromptTemplate.from_template(
    'Write a concise summary of the following:\n\n\n"{text}"\n\n\nCONCISE SUMMARY:'
)
# It has no way of refusing but to say so.
REFUSES = re.compile(
    r"(don't|do not|does not|doesn't|not) "
    r"(know|contain|provide|mention|specif|say|state|enough)"
    r"|no information|not (mentioned|specified|provided|possible|clear)"
    r"|cannot (be|determine|answer)|unable to",
    re.IGNORECASE,
)
_ROLES = {"human": "user", "ai": "assistant", "system": "system"}


class LlamaCppChat(BaseChatModel):
    client: Any

    @property
    def _llm_type(self) -> str:
        return "llama-cpp-python"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = self.client.create_chat_completion(
            messages=[{"role": _ROLES[m.type], "content": m.content} for m in messages],
            max_tokens=kwargs.get("max_tokens", MOST_TOKENS),
            temperature=0,
            top_p=0.95,
            top_k=40,
            repeat_penalty=1.1,
            stop=stop or [],
        )
        message = AIMessage(content=reply["choices"][0]["message"]["content"] or "")
        return ChatResult(generations=[ChatGeneration(message=message)])


class Anchor:
    """`path` is the GGUF file, `sha256` its digest. The model is loaded when it is first asked."""

    name = "anchor"

    def __init__(
        self,
        path: Path,
        sha256: str,
        embedder: MiniLM,
        threads: int = 0,
        chat: BaseChatModel | None = None,
    ) -> None:
        self._path, self._embedder, self._threads = path, embedder, threads or os.cpu_count() or 1
        self._given = chat
        code = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
        self.version = f"{sha256[:16]} {embedder.version} {code[:16]}"

    @cached_property
    def _chat(self) -> BaseChatModel:
        return self._given or LlamaCppChat(client=self._client())

    @cached_property
    def _chain(self) -> Runnable[Any, Any]:
        return PROMPT | self._chat

    @cached_property
    def _summarise(self) -> Runnable[Any, Any]:
        return SUMMARY_PROMPT | self._chat.bind(max_tokens=MOST_SUMMARY_TOKENS)

    def _client(self) -> Any:
        return llama_cpp.Llama(
            str(self._path),
            n_ctx=4096,
            n_batch=512,
            n_threads=self._threads,
            last_n_tokens_size=64,
            rope_freq_scale=1.0,
            rope_freq_base=10000.0,
            verbose=False,
        )

    @contextmanager
    def opened(self, chosen: EvaluationSet) -> Iterator[Callable[[Row], Outcome]]:
        if chosen.kind == "briefings":
            yield self._brief
            return
        splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK, chunk_overlap=OVERLAP)
        chunks = [
            Document(page_content=chunk, metadata={"id": article.id})
            for article in chosen.articles
            for chunk in splitter.split_text(article.text)
        ]
        quiet = Settings(anonymized_telemetry=False)
        store = Chroma(f"anchor-{uuid4()}", self._embedder, client_settings=quiet)  # in memory
        for at in range(0, len(chunks), ADDED):
            store.add_documents(chunks[at : at + ADDED])
        try:
            yield lambda row: self._ask(store, row["question"])
        finally:
            store.delete_collection()

    def _brief(self, row: Row) -> Outcome:
        began = time.monotonic()
        text = "\n\n".join(document["text"] for document in row["documents"])
        said = self._summarise.invoke({"text": text}).content.strip()
        return {"briefing": said, "seconds": round(time.monotonic() - began, 3)}

    def _ask(self, store: Chroma, question: str) -> Outcome:
        began = time.monotonic()
        hits = store.similarity_search(question, k=NEAREST)
        found = time.monotonic()
        context = "\n\n".join(hit.page_content for hit in hits)
        said = self._chain.invoke({"context": context, "question": question}).content
        ended = time.monotonic()
        refused = bool(REFUSES.search(said))
        return {
            "answered": not refused,
            "answer": said,
            "reason": "it says so" if refused else None,
            "read": list(dict.fromkeys(hit.metadata["id"] for hit in hits)),
            "timings_ms": {
                "retrieve": round(1000 * (found - began)),
                "generate": round(1000 * (ended - found)),
            },
            "seconds": round(ended - began, 3),
        }
