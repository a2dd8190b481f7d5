"""The language model on this machine: llama.cpp behind LangChain's `BaseChatModel`.

`Engine` is a thread that owns llama.cpp's context; nothing else touches it. It works on one
sequence at a time and keeps that sequence's tokens in the KV cache, so that the next request
pays only for the tokens after the longest common prefix. `LocalChatModel` is how the rest of the
service sees it: any other `BaseChatModel` that streams and gives `top_logprobs` can take its place.

This module knows nothing of articles, passages or prompts.
"""

import codecs
import ctypes
import math
import os
import queue
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2
import llama_cpp
import numpy as np
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from index.errors import ContextTooLong, DatelineError, ModelError

# A cancelled request is noticed between two micro-batches of its prefill.
MICRO_BATCH = 128
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


@dataclass
class Step:
    """One token: its text (may be empty, while a character is incomplete) and log probabilities."""

    text: str
    logprob: float
    top: list[tuple[str, float]]


@dataclass
class Usage:
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


@dataclass
class _Progress:
    """Some of the prompt was read; nothing to show yet."""


@dataclass
class _Finished:
    usage: Usage
    reason: str


@dataclass
class _Request:
    tokens: list[int]
    max_tokens: int
    stop: Sequence[str]
    top_logprobs: int
    events: "queue.SimpleQueue[Step | _Progress | _Finished | Exception]" = field(
        default_factory=queue.SimpleQueue
    )
    cancelled: threading.Event = field(default_factory=threading.Event)


class Engine:
    """Loads a GGUF model and answers token requests on a thread of its own, one after another.

    `context_tokens` bounds prompt plus answer, in tokens, and with it the memory of the KV cache.
    Raises ModelError where llama.cpp cannot load the file.
    """

    def __init__(self, path: Path, *, context_tokens: int = 4096, threads: int = 0) -> None:
        threads = threads or os.cpu_count() or 1
        llama_cpp.llama_log_set(_silent, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self._model = llama_cpp.llama_model_load_from_file(
            os.fsencode(path), llama_cpp.llama_model_default_params()
        )
        if not self._model:
            raise ModelError(
                f"{path.name} is not a model that llama.cpp can load: it may be cut short. "
                "Fetch it anew, or set DATELINE_MODEL to another one."
            )
        trained = llama_cpp.llama_model_n_ctx_train(self._model)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = min(context_tokens, trained) if trained else context_tokens
        params.n_batch = params.n_ubatch = MICRO_BATCH
        params.n_seq_max = 1
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        if not self._context:
            llama_cpp.llama_model_free(self._model)
            raise ModelError(
                "There is not enough memory for the model's context: "
                "set DATELINE_CONTEXT_TOKENS lower, or DATELINE_MODEL to a smaller model."
            )
        self.context_tokens = int(llama_cpp.llama_n_ctx(self._context))
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._vocab_size = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self._markers = self._user_defined()
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(MICRO_BATCH, 0, 1)
        self._cached: list[int] = []
        self._template = self._chat_template()
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and frees the model, after the request that runs; others get an error."""
        self._closing.set()
        self._requests.put(None)
        self._thread.join()
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    # Text to tokens and back. llama.cpp's vocabulary is read-only: safe on any thread.

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Tokens of `text`; control tokens are recognised only where `special` is true."""
        if not special:  # a cut inside a marker makes of it the letters that it is written with
            cuts = [0, *(m.start() + 1 for m in self._markers.finditer(text)), len(text)]
            return [t for a, b in pairwise(cuts) for t in self._tokens(text[a:b], special=False)]
        return self._tokens(text, special=True)

    def _tokens(self, text: str, *, special: bool) -> list[int]:
        data = text.encode()
        size = len(data) + 8
        tokens = (llama_cpp.llama_token * size)()
        count = llama_cpp.llama_tokenize(self._vocab, data, len(data), tokens, size, False, special)
        return list(tokens[:count])

    def render(self, messages: Sequence[BaseMessage]) -> list[int]:
        """The prompt's tokens. What stands in a message can never become a control token."""
        contents = [str(message.content) for message in messages]
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

    def _chat_template(self) -> Jinja2ChatFormatter:
        raw = llama_cpp.llama_model_chat_template(self._model, None)
        eos, bos = (
            self._piece(token, special=True).decode(errors="replace") if token >= 0 else ""
            for token in (
                llama_cpp.llama_vocab_eos(self._vocab),
                llama_cpp.llama_vocab_bos(self._vocab),
            )
        )
        try:
            return Jinja2ChatFormatter(raw.decode() if raw else _FALLBACK_TEMPLATE, eos, bos)
        except (jinja2.TemplateError, UnicodeDecodeError) as error:
            raise ModelError("The model's chat template cannot be read.") from error

    def _user_defined(self) -> re.Pattern[str]:
        """Finds the markers ("<tool_call>") that llama.cpp always takes for one token in a text."""
        attribute = llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED
        pieces = [
            self._piece(token, special=True).decode(errors="replace")
            for token in range(self._vocab_size)
            if llama_cpp.llama_vocab_get_attr(self._vocab, token) & attribute
        ]
        # Runs of white space are such tokens in some models: they are no markers.
        markers = [re.escape(piece) for piece in pieces if len(piece) > 1 and not piece.isspace()]
        return re.compile(f"(?={'|'.join(markers)})" if markers else r"(?!)")

    def _piece(self, token: int, *, special: bool = False) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        size = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, 256, 0, special)
        return buffer.raw[: max(size, 0)]

    # Requests

    def run(
        self,
        tokens: list[int],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        top_logprobs: int = 0,
    ) -> Iterator[Step | _Progress | _Finished]:
        """Reads `tokens`, then generates greedily. Closing the iterator cancels the request.

        Yields a `_Progress` after each micro-batch of the prompt, a `Step` for each token, and a
        `_Finished` at the end. Raises ContextTooLong where prompt and answer do not fit.
        """
        if len(tokens) + max_tokens > self.context_tokens:
            raise ContextTooLong(
                f"The question and its passages take {len(tokens)} tokens, and the model's context "
                f"holds {self.context_tokens}. Ask a shorter question, or set "
                "DATELINE_CONTEXT_TOKENS higher."
            )
        if self._closing.is_set():
            raise ModelError("The model has been closed.")
        request = _Request(tokens, max_tokens, stop, top_logprobs)
        self._requests.put(request)
        try:
            while True:
                event = request.events.get()
                if isinstance(event, Exception):
                    raise event
                yield event
                if isinstance(event, _Finished):
                    return
        finally:
            request.cancelled.set()

    def _serve(self) -> None:
        while (request := self._requests.get()) is not None:
            try:
                for event in self._run(request):
                    request.events.put(event)
            except DatelineError as error:
                self._forget()
                request.events.put(error)
            except Exception as error:
                self._forget()
                failure = ModelError("The language model failed on this request. Try again.")
                failure.__cause__ = error
                request.events.put(failure)
        while not self._requests.empty():
            if (request := self._requests.get()) is not None:
                request.events.put(
                    ModelError("The model was closed before it was this one's turn.")
                )

    def _run(self, request: _Request) -> Iterator[Step | _Progress | _Finished]:
        shared = self._keep_prefix(request.tokens)
        usage = Usage(prompt_tokens=len(request.tokens), cached_tokens=shared)
        for start in range(shared, len(request.tokens), MICRO_BATCH):
            if request.cancelled.is_set():
                return
            self._decode(request.tokens[start : start + MICRO_BATCH])
            yield _Progress()
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = ""
        while usage.completion_tokens < request.max_tokens and not request.cancelled.is_set():
            token, step = self._next(request.top_logprobs, decoder)
            usage.completion_tokens += 1
            if llama_cpp.llama_vocab_is_eog(self._vocab, token):
                yield Step("", step.logprob, step.top)
                yield _Finished(usage, "stop")
                return
            text += step.text
            at = min((i for s in request.stop if (i := text.find(s)) >= 0), default=-1)
            if at >= 0:
                before = len(text) - len(step.text)
                yield Step(step.text[: max(0, at - before)], step.logprob, step.top)
                yield _Finished(usage, "stop")
                return
            yield step
            if usage.completion_tokens < request.max_tokens:
                self._decode([token])
        yield _Finished(usage, "length")

    def _keep_prefix(self, tokens: list[int]) -> int:
        """How many leading tokens are in the KV cache; the rest of the cache is dropped.

        The last token is always read anew: its logits are what generation starts from.
        """
        shared = 0
        for ours, theirs in zip(tokens[:-1], self._cached, strict=False):
            if ours != theirs:
                break
            shared += 1
        if not llama_cpp.llama_memory_seq_rm(self._memory, 0, shared, -1):
            self._forget()  # a model with recurrent memory cannot go back in part
            shared = 0
        del self._cached[shared:]
        return shared

    def _forget(self) -> None:
        llama_cpp.llama_memory_clear(self._memory, True)
        self._cached.clear()

    def _decode(self, tokens: list[int]) -> None:
        batch = self._batch
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = len(self._cached) + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = i == len(tokens) - 1
        status = llama_cpp.llama_decode(self._context, batch)
        if status != 0:
            raise ModelError(f"llama.cpp could not go on (status {status}). Try again.")
        self._cached += tokens

    def _next(self, top: int, decoder: codecs.IncrementalDecoder) -> tuple[int, Step]:
        logits = np.ctypeslib.as_array(
            llama_cpp.llama_get_logits_ith(self._context, -1), shape=(self._vocab_size,)
        )
        token = int(logits.argmax())
        peak = float(logits[token])
        total = peak + math.log(float(np.exp(logits - peak).sum()))
        best: list[tuple[str, float]] = []
        if top:
            order = np.argpartition(logits, -top)[-top:]
            best = [
                (self._piece(int(t)).decode(errors="replace"), float(logits[t]) - total)
                for t in order[np.argsort(-logits[order])]
            ]
        return token, Step(decoder.decode(self._piece(token)), peak - total, best)


def _role(message: BaseMessage) -> str:
    return {"human": "user", "ai": "assistant"}.get(message.type, message.type)


class LocalChatModel(BaseChatModel):
    """The engine as LangChain's chat model.

    Call options: `max_tokens` (256), `stop`, `top_logprobs` (0). Log probabilities come as
    OpenAI's do, in `response_metadata["logprobs"]["content"]`; `usage_metadata` tells how many
    prompt tokens were found in the cache. While the prompt is read, the stream yields empty
    chunks, so that whoever reads it can stop: closing the stream cancels the request.
    """

    engine: Any
    name: str | None = "local"

    @property
    def _llm_type(self) -> str:
        return "llama.cpp"

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        max_tokens: int = 256,
        top_logprobs: int = 0,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        engine: Engine = self.engine
        steps = engine.run(
            engine.render(messages),
            max_tokens=max_tokens,
            stop=stop or (),
            top_logprobs=top_logprobs,
        )
        for step in steps:
            if isinstance(step, Step):
                content = {
                    "token": step.text,
                    "logprob": step.logprob,
                    "top_logprobs": [{"token": t, "logprob": p} for t, p in step.top],
                }
                yield ChatGenerationChunk(
                    message=AIMessageChunk(content=step.text),
                    generation_info={"logprobs": {"content": [content]}},
                )
            elif isinstance(step, _Finished):
                usage = UsageMetadata(
                    input_tokens=step.usage.prompt_tokens,
                    output_tokens=step.usage.completion_tokens,
                    total_tokens=step.usage.prompt_tokens + step.usage.completion_tokens,
                    input_token_details=InputTokenDetails(cache_read=step.usage.cached_tokens),
                )
                yield ChatGenerationChunk(
                    message=AIMessageChunk(content="", usage_metadata=usage),
                    generation_info={"finish_reason": step.reason},
                )
            else:
                yield ChatGenerationChunk(message=AIMessageChunk(content=""))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        whole: ChatGenerationChunk | None = None
        for chunk in self._stream(messages, stop, run_manager, **kwargs):
            whole = chunk if whole is None else whole + chunk
        assert whole is not None  # the engine always ends with a `_Finished`
        message = AIMessage(
            content=whole.message.content,
            response_metadata=whole.generation_info or {},
            usage_metadata=getattr(whole.message, "usage_metadata", None),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])
