"""MiniLM sentence vectors on the CPU.

Reimers & Gurevych 2019 (Sentence-BERT); the model is all-MiniLM-L6-v2, int8 ONNX: mean pooling
over the attention mask, then L2 normalisation; 256 tokens at most.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.heap import give_back
from index.sentences import Span

Vectors = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

LANGUAGES = frozenset({"en"})
"""What the model knows. Texts in another language are found by their words alone."""
MOST_TOKENS = 256
# Small ones have less padding, and what they are made of stays in the cache: 8 is quicker than 32.
BATCH = 8


def foreign(language: str | None) -> bool:
    """Whether an article's language is known, and known to be none of the model's."""
    return language is not None and language not in LANGUAGES


class MiniLM:
    """`model_path` is the ONNX file, `tokenizer_path` its tokenizer.json. Safe for many threads.

    It can stand for LangChain's `Embeddings` but does not derive from it, since that takes a
    quarter of a second to import. `version` names the vectors: an index made with another version
    has to be made anew.
    """

    dimensions = 384
    version = "all-MiniLM-L6-v2-int8/1"

    def __init__(self, model_path: Path, tokenizer_path: Path, *, threads: int = 0) -> None:
        # Slow to import, and needed in the background only.
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(model_path), options, providers=["CPUExecutionProvider"]
        )
        self._last = onnxruntime.RunOptions()  # of several: what they took is given up after it
        self._last.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self._counter = Tokenizer.from_file(str(tokenizer_path))
        self._counter.no_truncation()
        self._counter.no_padding()
        self._tokenizer = Tokenizer.from_file(str(tokenizer_path))
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.enable_padding()  # to the longest of its batch, not to 256
        give_back()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the two that frame it."""
        return [
            len(e.ids) for e in self._counter.encode_batch(list(texts), add_special_tokens=False)
        ]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape [len(texts), 384]."""
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for at in range(0, len(order), BATCH):
            rows = order[at : at + BATCH]
            batch = self._tokenizer.encode_batch([texts[i] for i in rows])
            mask = np.array([e.attention_mask for e in batch], np.int64)
            last = 1 < len(order) <= at + BATCH
            hidden = self._hidden(np.array([e.ids for e in batch], np.int64), mask, last=last)
            pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
            vectors[rows] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return vectors

    def encode_parts(self, text: str, parts: Sequence[Span]) -> Vectors:
        """Unit vectors of parts of a text as they are meant in it: the mean of their tokens',
        shape [len(parts), 384]. That of a part beyond the 256 tokens is 0.
        """
        (encoding,) = self._tokenizer.encode_batch([text])
        mask = np.array([encoding.attention_mask], np.int64)
        (hidden,) = self._hidden(np.array([encoding.ids], np.int64), mask)
        vectors = np.zeros((len(parts), self.dimensions), np.float32)
        for row, part in enumerate(parts):
            within = [
                i
                for i, (start, end) in enumerate(encoding.offsets)
                if start < end and start < part.end and part.start < end
            ]
            if within:
                pooled = hidden[within].mean(0)
                vectors[row] = pooled / np.linalg.norm(pooled)
        return vectors

    def _hidden(self, ids: Ids, mask: Ids, *, last: bool = False) -> Vectors:
        """The tokens' vectors, shape [texts, tokens, 384]; `last` of several batches."""
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden: Vectors = self._session.run(
            ["last_hidden_state"], inputs, self._last if last else None
        )[0]
        return hidden

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self.encode(texts).tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        return self.encode([text])[0].tolist()  # type: ignore[no-any-return]
