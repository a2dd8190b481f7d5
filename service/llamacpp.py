"""llama.cpp's low-level API: a model's text and tokens, and the context that computes them.

The only module that knows llama_cpp. It decides nothing: `service.engine` does. `Model` may be
used from any thread, `Context` from the one that owns it.
"""

import ctypes
import os
import re
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import jinja2
import llama_cpp
import numpy as np
import numpy.typing as npt
from langchain_core.messages import BaseMessage
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from index.errors import ModelError

# llama_decode's status where the KV cache has no cells left, and where it was told to give up;
# nothing was changed.
NO_ROOM, GIVEN_UP = 1, 2


def multiplies_in_tiles(system_info: str) -> bool:
    """Whether weights are best left in the order of their file, by what llama.cpp says that it was
    built for: with AVX-512 VNNI its tiles of these read a quarter faster than its kernels for the
    order that it otherwise makes of them, and a word is written a quarter slower. AMX has its own.
    """
    return "AVX512_VNNI = 1" in system_info and "AMX_INT8 = 1" not in system_info


IN_FILE_ORDER = multiplies_in_tiles(llama_cpp.llama_print_system_info().decode())
# llama.cpp computes this many rows at a time, and those that are left over a few at a time: from so
# many left over on, as many more that nobody needs are quicker.
ROWS, WORTH_FILLING = (64, 60) if IN_FILE_ORDER else (16, 12)
# Rendered in place of each message's content, so that only the template's own text is read for
# control tokens. Private-use characters: no template holds them.
_SLOT = "\ue000{}\ue001"
_SLOTS = re.compile("\ue000(\\d+)\ue001")
_FALLBACK_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _silent(level: int, text: bytes, user_data: ctypes.c_void_p) -> None:
    """llama.cpp writes its log to stderr unless a callback takes it."""


class Model:
    """A GGUF file's weights and vocabulary. Raises ModelError where llama.cpp cannot load it."""

    def __init__(self, path: Path) -> None:
        llama_cpp.llama_log_set(_silent, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        params.use_extra_bufts = not IN_FILE_ORDER
        # Read, not mapped: a file that is written over or cut short changes no model at work.
        params.load_mode = llama_cpp.LLAMA_LOAD_MODE_NONE
        self.pointer = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
        if not self.pointer:
            raise ModelError(
                f"{path.name} is not a model that llama.cpp can load: it may be cut short. "
                "Fetch it anew, or set DATELINE_MODEL to another one."
            )
        self._open = threading.Lock()  # held where the vocabulary must not be freed meanwhile
        self._vocab = llama_cpp.llama_model_get_vocab(self.pointer)
        self.vocabulary = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self.trained_tokens = int(llama_cpp.llama_model_n_ctx_train(self.pointer))
        self.bytes = int(llama_cpp.llama_model_size(self.pointer))
        # Recurrent memory is one state a sequence: it cannot be cut back to an earlier token.
        self.recurrent = bool(
            llama_cpp.llama_model_is_recurrent(self.pointer)
            or llama_cpp.llama_model_is_hybrid(self.pointer)
        )
        self._markers = self._user_defined()
        self._template = self._chat_template()

    def close(self) -> None:
        with self._open:
            llama_cpp.llama_model_free(self.pointer)
            self.pointer = None

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Tokens of `text`; control tokens are recognised only where `special` is true."""
        if not special:  # a cut inside a marker makes of it the letters that it is written with
            cuts = [0, *(m.start() + 1 for m in self._markers.finditer(text)), len(text)]
            return [t for a, b in pairwise(cuts) for t in self._tokens(text[a:b], special=False)]
        return self._tokens(text, special=True)

    def _tokens(self, text: str, *, special: bool) -> list[int]:
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"character {error.start} of the text is half of a surrogate pair: leave it out"
            ) from None
        size = len(data) + 8
        tokens = (llama_cpp.llama_token * size)()
        with self._open:
            if not self.pointer:
                raise ModelError("The model has been closed.")
            count = llama_cpp.llama_tokenize(
                self._vocab, data, len(data), tokens, size, False, special
            )
        return list(tokens[:count])

    def render(self, messages: Sequence[BaseMessage]) -> list[int]:
        """The prompt's tokens. What stands in a message can never become a control token.

        Raises ValueError where a message holds what is no text.
        """
        contents = [_text(message) for message in messages]
        rendered = self._template(
            messages=[
                {"role": _role(message), "content": _SLOT.format(i)}  # type: ignore[misc]
                for i, message in enumerate(messages)
            ]
        ).prompt
        tokens: list[int] = []
        for i, part in enumerate(_SLOTS.split(rendered)):
            tokens += self.tokenize(contents[int(part)] if i % 2 else part, special=not i % 2)
        return tokens

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """A token's text: bytes, since a character may take several tokens."""
        buffer = ctypes.create_string_buffer(256)
        size = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, 256, 0, special)
        return buffer.raw[: max(size, 0)]

    def ends(self, token: int) -> bool:
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def kv_bytes(self) -> int:
        """What a token takes in the KV cache: a key and a value of 16-bit numbers a layer."""
        heads = llama_cpp.llama_model_n_head(self.pointer)
        size = llama_cpp.llama_model_n_embd(self.pointer) // max(1, heads)  # 0: it is recurrent
        architecture = self._meta("general.architecture")
        sizes = (
            int(self._meta(f"{architecture}.attention.{part}_length") or size)
            for part in ("key", "value")
        )
        layers = llama_cpp.llama_model_n_layer(self.pointer)
        return 2 * sum(sizes) * int(layers * llama_cpp.llama_model_n_head_kv(self.pointer))

    def _meta(self, key: str) -> str:
        """A line of the file's metadata; empty where it has none."""
        buffer = ctypes.create_string_buffer(256)
        size = llama_cpp.llama_model_meta_val_str(self.pointer, key.encode(), buffer, 256)
        return buffer.value.decode(errors="replace") if size > 0 else ""

    def _user_defined(self) -> re.Pattern[str]:
        """Finds the markers ("<tool_call>") that llama.cpp always takes for one token in a text."""
        attribute = llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED
        pieces = [
            self.piece(token, special=True).decode(errors="replace")
            for token in range(self.vocabulary)
            if llama_cpp.llama_vocab_get_attr(self._vocab, token) & attribute
        ]
        # Runs of white space are such tokens in some models: they are no markers.
        markers = [re.escape(piece) for piece in pieces if len(piece) > 1 and not piece.isspace()]
        return re.compile(f"(?={'|'.join(markers)})" if markers else r"(?!)")

    def _chat_template(self) -> Jinja2ChatFormatter:
        raw = llama_cpp.llama_model_chat_template(self.pointer, None)
        eos, bos = (
            self.piece(token, special=True).decode(errors="replace") if token >= 0 else ""
            for token in (
                llama_cpp.llama_vocab_eos(self._vocab),
                llama_cpp.llama_vocab_bos(self._vocab),
            )
        )
        try:
            return Jinja2ChatFormatter(raw.decode() if raw else _FALLBACK_TEMPLATE, eos, bos)
        except (jinja2.TemplateError, UnicodeDecodeError) as error:
            raise ModelError("The model's chat template cannot be read.") from error


class Chunk(NamedTuple):
    """Tokens that go on with a sequence at `start`. `logits`: whether the last one's are asked."""

    sequence: int
    start: int
    tokens: Sequence[int]
    logits: bool


CELLS = 256


class Context:
    """The KV cache of a model, `tokens` cells shared by `sequences` sequences, and its computing.

    A cell may belong to several sequences: what begins alike is computed and held once. `tokens` is
    rounded down to what llama.cpp would round up, CELLS at a time. Raises ModelError where there is
    not enough memory.
    """

    def __init__(
        self, model: Model, *, tokens: int, sequences: int, micro_batch: int, threads: int
    ) -> None:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = max(CELLS, tokens // CELLS * CELLS)
        params.n_batch = params.n_ubatch = micro_batch
        params.n_seq_max = sequences + 1  # one for the rows that nobody needs
        # Rows of logits that one batch may give: `vocabulary` floats each, so no more than needed.
        # llama.cpp aborts the process where it is less than n_seq_max, or where more are asked.
        params.n_outputs_max = sequences + 1
        params.kv_unified = True  # or cells cannot be shared, and each sequence has its own cache
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        self._context = llama_cpp.llama_init_from_model(model.pointer, params)
        if not self._context:
            raise ModelError(
                "There is not enough memory for the model's context: set DATELINE_KV_TOKENS or "
                "DATELINE_CONTEXT_TOKENS lower, or DATELINE_MODEL to a smaller model."
            )
        # llama.cpp asks after each operation whether to give up. A function of C answers, since one
        # of Python's would wait for the interpreter's lock each time: atoi, of "0" or "1".
        self._give_up = ctypes.create_string_buffer(b"0")
        self._asked = ctypes.cast(ctypes.CDLL(None).atoi, llama_cpp.ggml_abort_callback)
        llama_cpp.llama_set_abort_callback(
            self._context, self._asked, ctypes.cast(self._give_up, ctypes.c_void_p)
        )
        self.tokens = int(llama_cpp.llama_n_ctx(self._context))
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(micro_batch, 0, 1)
        self._micro_batch, self._filler = micro_batch, sequences
        self._vocabulary = model.vocabulary

    def close(self) -> None:
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)

    def decode(self, chunks: Sequence[Chunk]) -> int:
        """Computes the chunks, a micro-batch in all, and keeps them. 0, or why it could not."""
        row = 0
        for chunk in chunks:
            for position, token in enumerate(chunk.tokens, chunk.start):
                self._put(row, token, position, chunk.sequence)
                row += 1
            self._batch.logits[row - 1] = chunk.logits
        filled = row + -row % ROWS
        if row % ROWS < WORTH_FILLING or filled > self._micro_batch:
            return self._decode(row)
        for extra in range(row, filled):
            self._put(extra, chunks[-1].tokens[-1], extra - row, self._filler)
        status = self._decode(filled)
        self.remove(self._filler)
        return self._decode(row) if status == NO_ROOM else status

    def _put(self, row: int, token: int, position: int, sequence: int) -> None:
        batch = self._batch
        batch.token[row], batch.pos[row], batch.logits[row] = token, position, False
        batch.n_seq_id[row], batch.seq_id[row][0] = 1, sequence

    def _decode(self, rows: int) -> int:
        self._batch.n_tokens = rows
        return int(llama_cpp.llama_decode(self._context, self._batch))

    def give_up(self, whether: bool) -> None:
        """While true, what `decode` computes ends at once, with GIVEN_UP. From any thread."""
        self._give_up.value = b"1" if whether else b"0"

    def logits(self, row: int) -> npt.NDArray[np.float32]:
        """Of the token in this row of the last batch, shape (vocabulary,); until the next one."""
        pointer = llama_cpp.llama_get_logits_ith(self._context, row)
        return np.ctypeslib.as_array(pointer, shape=(self._vocabulary,))

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Lets `target`, which is empty, begin with the first `tokens` of `source`: no copying."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, tokens)

    def remove(self, sequence: int, start: int = -1) -> None:
        """All that a sequence holds, or what it holds from the token at `start` on."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, start, -1)


def _role(message: BaseMessage) -> str:
    return {"human": "user", "ai": "assistant"}.get(message.type, message.type)


def _text(message: BaseMessage) -> str:
    """Raises ValueError: what is not read would be answered as if it were not there."""
    blocks = [message.content] if isinstance(message.content, str) else message.content
    for block in blocks:
        if not isinstance(block, str) and block.get("type") != "text":
            raise ValueError(f"the model reads text, and no content of type {block.get('type')!r}")
    return str(message.text)
