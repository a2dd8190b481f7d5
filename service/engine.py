"""The language model on this machine: llama.cpp behind LangChain's `BaseChatModel`.

`Engine` is a thread that owns llama.cpp's context; nothing else touches it. Each request is a
sequence, and the sequences share micro-batches (continuous batching, Orca, OSDI 2022):

- One micro-batch holds the next token of every sequence that generates and, in the room that is
  left, prompts. A sequence that generates waits for no more than MIXED_BATCH tokens of others
  between two of its own, and fewer on a slow machine.
- Who is due first goes first (EDF, Liu and Layland 1973), else who came first: prompts are read in
  that order, and none beside what somebody generates who is due before. To read beside that takes
  what it takes alone. Short ones are, where there is time: those who ask about one article so
  generate at once, and four tokens take less than three times as long as one.
- What a request leaves in the KV cache stays, and a later one takes the longest prefix that any
  sequence holds, running ones too: the cells are shared, not copied. (As in SGLang's
  RadixAttention; a sequence here is a path from its tree's root to a leaf.) Prefixes that were
  longest not used go first when room is needed. A request whose prefix is being computed for
  another one waits for it.
- Answers are greedy. Which other sequences share a micro-batch, and where a prompt is cut into
  micro-batches, changes how many rows llama.cpp's kernels take at a time, and so moves the logits a
  little: where two tokens are about as probable, the text may differ. Of 80 texts of 40 tokens 14
  did among eight, and 13 alone but in another order; of 40 golden questions asked eight at once 34
  were answered in the same words as alone, and 37 alike (docs/decisions.md).

`LocalChatModel` is how the rest of the service sees it: any other `BaseChatModel` that streams and
gives `top_logprobs` can take its place. This module knows nothing of articles or prompts.
"""

import bisect
import codecs
import math
import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from index.errors import ContextTooLong, ModelError
from service.llamacpp import GIVEN_UP, NO_ROOM, Chunk, Context, Model

# Tokens computed at a time. Between two micro-batches requests begin, and those that nobody waits
# for end; a micro-batch that is mostly theirs is given up at once.
MICRO_BATCH = 128
# The same while a sequence generates, which waits that long for its next token: as many as take
# DELAY seconds here, by sixteens, which llama.cpp multiplies at a time. From 64 tokens on its
# attention on the CPU works in tiles: more would not be quicker.
MIXED_BATCH, LEAST_BATCH = 64, 16
DELAY = 0.6
# Tokens of a prompt that may be read beside what is generated for who is due before, and the
# seconds that are left to them at least.
SHORT, SOON = 128, 20.0
# Tokens that another request is about to compute, from which on a request waits for them.
WORTH_WAITING = 16
# Sequences that run at once, and those besides that hold a prefix. Each costs a row of logits.
RUNNING, RESIDENT = 16, 16
MAX_TOKENS = 256  # of an answer, where none are named
TICK = 0.1  # seconds after which a request is told that there is nothing yet
FAILED = "The language model failed on this request. Try again."
_UTF8 = codecs.getincrementaldecoder("utf-8")
CLOSED = "The model was closed before the answer was there."


@dataclass
class Step:
    """The text that a token adds: none while a character is incomplete, or while it may be the
    beginning of a stop text. Where they were asked for, its log probability and those of the
    likeliest ones, itself the first.
    """

    text: str
    logprob: float | None
    top: list[tuple[str, float]]


@dataclass
class Usage:
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


@dataclass
class _Pending:
    """Nothing to show yet."""


@dataclass
class _Finished:
    usage: Usage
    reason: str


@dataclass(eq=False)
class _Request:
    tokens: list[int]  # the prompt, then what was generated
    max_tokens: int
    stop: Sequence[str]
    top_logprobs: int
    due: float  # by time.monotonic()
    usage: Usage
    text: str = ""
    shown: int = 0  # characters of it
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: _UTF8("replace"))
    events: "queue.SimpleQueue[Step | _Finished | Exception]" = field(
        default_factory=queue.SimpleQueue
    )
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def prompt(self) -> list[int]:
        """What may be found in the cache: not the last token, whose logits are needed."""
        return self.tokens[: self.usage.prompt_tokens - 1]


@dataclass(eq=False)
class _Sequence:
    """What one of llama.cpp's sequences holds: tokens, and the cells of the KV cache they are in.

    It runs for `request`; afterwards it is a resident prefix.
    """

    id: int
    request: _Request
    tokens: list[int]
    cells: list[int]

    def next(self, most: int) -> list[int]:
        """The tokens to compute next: of the prompt, or the one generated last."""
        return self.request.tokens[len(self.tokens) :][:most]

    @property
    def generates(self) -> bool:
        return self.request.usage.completion_tokens > 0


def _common(one: list[int], other: list[int]) -> int:
    """The length of the longest common prefix."""
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    return next(i for i in range(most) if one[i] != other[i])


def _begun(text: str, stop: Sequence[str]) -> int:
    """How many characters at the end of `text` may be the beginning of a stop text."""
    most = min(len(text), max(map(len, stop), default=0))
    return next((n for n in range(most, 0, -1) if any(s.startswith(text[-n:]) for s in stop)), 0)


def _whole(name: str, value: object, most: int) -> int:
    """Raises ValueError where an option is no number that can be kept to."""
    if isinstance(value, int) and 0 <= value <= most:
        return value
    raise ValueError(f"{name} is {value!r}: give a whole number from 0 to {most}")


def _failure(error: Exception) -> ModelError:
    """What a request's own thread raises: an exception of its own, which tells nothing inside."""
    failure = ModelError(str(error) if isinstance(error, ModelError) else FAILED)
    failure.__cause__ = error
    return failure


class Engine:
    """Loads a GGUF model and answers token requests on a thread of its own.

    `kv_tokens` is the size of the KV cache, for all requests and resident prefixes together, and
    so bounds the memory: 28 KB a token with the default model. `context_tokens` bounds a request's
    prompt plus answer; so do `kv_tokens` and what the model was trained for. Raises ModelError
    where llama.cpp cannot load the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        context_tokens: int = 4096,
        kv_tokens: int = 8192,
        threads: int = 0,
    ) -> None:
        self.model = model = Model(path)
        try:
            self._context = Context(
                model,
                tokens=kv_tokens,
                sequences=RUNNING + RESIDENT,
                micro_batch=MICRO_BATCH,
                threads=threads or os.cpu_count() or 1,
            )
        except ModelError:
            model.close()
            raise
        most = self._context.tokens
        self.context_tokens = min(context_tokens, most, model.trained_tokens or most)
        self._changed = threading.Condition()  # guards the four below
        self._waiting: list[_Request] = []  # those that are due first, first
        self._computing: list[tuple[_Request, int]] = []  # how many tokens are in the micro-batch
        self._given_up = False  # the last one was, and somebody still waits for what was in it
        self._closed = False
        # The thread's own. How many sequences hold each cell; llama.cpp numbers them otherwise.
        self._holders = np.zeros(self._context.tokens, np.int32)
        self._free = list(range(RUNNING + RESIDENT))
        self._running: list[_Sequence] = []  # those that are due first, first
        self._resident: list[_Sequence] = []  # the last used one last
        self._pace = 0.0  # seconds a token of late; 0: not known yet
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends after the micro-batch that runs, and frees everything. Requests get ModelError."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self._context.close()
        self.model.close()

    @property
    def memory(self) -> str:
        """What it takes, in words: as much from the start as it ever will."""
        cells, mb = self._context.tokens, 1_000_000
        return (
            f"The model takes {self.model.bytes / mb:,.0f} MB and its KV cache, of {cells:,} "
            f"tokens, {cells * self.model.kv_bytes() / mb:,.0f} MB, however many ask "
            f"(DATELINE_KV_TOKENS). A prompt and its answer: {self.context_tokens:,} tokens at most"
        )

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Tokens of `text`; control tokens are recognised only where `special` is true."""
        return self.model.tokenize(text, special=special)

    def render(self, messages: Sequence[BaseMessage]) -> list[int]:
        """The prompt's tokens. What stands in a message can never become a control token."""
        return self.model.render(messages)

    def run(
        self,
        tokens: list[int],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        top_logprobs: int = 0,
        due: float = math.inf,
    ) -> Iterator[Step | _Pending | _Finished]:
        """Reads `tokens`, then generates greedily. Closing the iterator cancels the request.

        `due` is when nobody waits any more, by time.monotonic(): it tells whose turn it is.

        Yields a `Step` for each token, a `_Finished` at the end, and a `_Pending` every TICK
        seconds between, so that whoever reads can close it. From any thread, any number at once.
        Raises ContextTooLong where prompt and answer do not fit, ValueError where tokens are none
        or an option makes no sense.
        """
        _whole("max_tokens", max_tokens, self.context_tokens)
        _whole("top_logprobs", top_logprobs, self.model.vocabulary)
        if isinstance(stop, str) or not all(isinstance(s, str) and s for s in stop):
            raise ValueError(f"stop is {stop!r}: give a list of texts, none of them empty")
        if not tokens or not all(0 <= token < self.model.vocabulary for token in tokens):
            raise ValueError("a prompt is at least one token of the model's vocabulary")
        if len(tokens) + max_tokens > self.context_tokens:
            raise ContextTooLong(
                f"The question and its passages take {len(tokens)} tokens, its answer up to "
                f"{max_tokens}, and the model's context holds {self.context_tokens}. Ask a shorter "
                "question, or set DATELINE_CONTEXT_TOKENS higher."
            )
        usage = Usage(prompt_tokens=len(tokens))
        request = _Request(list(tokens), max_tokens, stop, top_logprobs, due, usage)
        with self._changed:
            if self._closed:
                raise ModelError("The model has been closed.")
            bisect.insort(self._waiting, request, key=lambda r: r.due)
            self._changed.notify()
        try:
            while True:
                try:
                    event = request.events.get(timeout=TICK)
                except queue.Empty:
                    yield _Pending()
                    continue
                if isinstance(event, Exception):
                    raise event
                yield event
                if isinstance(event, _Finished):
                    return
        finally:
            request.cancelled.set()
            self._give_up_unwanted()

    def _give_up_unwanted(self) -> None:
        """Ends the micro-batch where nobody waits for most of it: the rest is sooner done anew.
        Not twice in a row what somebody waits for: those who come and leave would stop all others.
        """
        with self._changed:
            unwanted = sum(n for request, n in self._computing if request.cancelled.is_set())
            total = sum(n for _, n in self._computing)
            again = self._given_up and unwanted < total
            self._context.give_up(2 * unwanted > total and not again)

    # All below runs on the engine's thread.

    def _serve(self) -> None:
        while self._has_work():
            try:
                self._step()
            except Exception as error:  # a fault of ours: nobody shall wait for ever
                self._end_all(error)
        self._end_all(ModelError(CLOSED))

    def _has_work(self) -> bool:
        """Waits until there is something to do; False when the engine is closed."""
        with self._changed:
            while not (self._closed or self._waiting or self._running):
                self._changed.wait()
            self._waiting = [r for r in self._waiting if not r.cancelled.is_set()]
            return not self._closed

    def _step(self) -> None:
        """One micro-batch."""
        for sequence in [s for s in self._running if s.request.cancelled.is_set()]:
            self._retire(sequence)
        planned = self._plan()
        if not planned:
            return
        chunks = [
            Chunk(s.id, len(s.tokens), new, len(s.tokens) + len(new) == len(s.request.tokens))
            for s, new in planned
        ]
        with self._changed:
            self._computing = [(s.request, len(new)) for s, new in planned]
        self._give_up_unwanted()
        began = time.monotonic()
        while (status := self._context.decode(chunks)) == NO_ROOM and self._resident:
            self._drop(self._resident.pop(0))
        with self._changed:
            self._given_up = status == GIVEN_UP and not all(
                request.cancelled.is_set() for request, _ in self._computing
            )
            self._computing = []
        if status == GIVEN_UP:
            return
        tokens = sum(len(new) for _, new in planned)
        if tokens >= LEAST_BATCH:
            pace = (time.monotonic() - began) / tokens
            self._pace = 0.7 * self._pace + 0.3 * pace if self._pace else pace
        if status != 0:
            # Without room the others can go on, once the last to come has given its own back.
            failed = planned[-1:] if status == NO_ROOM else planned
            error = ModelError(f"llama.cpp could not go on (status {status}). Try again.")
            self._fail([s for s, _ in failed], error)
            return
        row = -1
        for (sequence, new), chunk in zip(planned, chunks, strict=True):
            row += len(new)
            cells = np.flatnonzero(self._holders == 0)[: len(new)]
            self._holders[cells] = 1
            sequence.cells += cells.tolist()
            sequence.tokens += new
            if chunk.logits:
                try:
                    self._generate(sequence, self._context.logits(row))
                except Exception as error:
                    self._fail([sequence], error)

    def _plan(self) -> list[tuple[_Sequence, list[int]]]:
        """The next micro-batch: sequences, and the tokens of each that are computed."""
        planned = [(s, s.next(1)) for s in self._running if s.generates]
        room = (self._mixed_batch() if planned else MICRO_BATCH) - len(planned)
        latest = planned[0][0].request.due if planned else math.inf
        short = SHORT if latest > time.monotonic() + SOON else 0
        prompts = [
            s
            for s in self._running
            if not s.generates and (s.request.due <= latest or len(s.next(short + 1)) <= short)
        ]
        while room > 0:
            before = prompts[0].request.due if prompts else None
            sequence = self._begin(latest, short, before) or (prompts.pop(0) if prompts else None)
            if not sequence:
                break
            planned.append((sequence, sequence.next(room)))
            room -= len(planned[-1][1])
        return planned

    def _mixed_batch(self) -> int:
        """How many tokens a micro-batch may hold while a sequence generates."""
        if not self._pace:
            return MIXED_BATCH
        sixteens = round(DELAY / self._pace / LEAST_BATCH)
        return max(LEAST_BATCH, min(MIXED_BATCH, LEAST_BATCH * sixteens))

    def _begin(self, latest: float, short: int, before: float | None) -> _Sequence | None:
        """Gives the first request that waits a sequence, which holds its longest known prefix.

        None where it has to wait: for its turn, since it is due no sooner than `before`, or after
        `latest` with more than `short` tokens to read; for its prefix, or for room. So do those
        behind it.
        """
        if not self._waiting or len(self._running) == RUNNING:
            return None
        request = self._waiting[0]
        if before is not None and request.due >= before:
            return None
        shared, source = 0, None
        for sequence in self._resident + self._running:
            if (common := self._shared(sequence, request.prompt)) > shared:
                shared, source = common, sequence
        for sequence in self._running:
            coming = 0 if sequence.generates else _common(sequence.request.prompt, request.prompt)
            if coming - shared >= WORTH_WAITING:
                return None
        if request.due > latest and len(request.tokens) - shared > short:
            return None
        if source in self._resident:
            self._resident.remove(source)
            self._resident.append(source)
        if not self._free:
            self._drop(self._resident.pop(0))
        begun = _Sequence(self._free.pop(), request, [], [])
        if source:
            self._context.copy(source.id, begun.id, shared)
            begun.tokens, begun.cells = source.tokens[:shared], source.cells[:shared]
            self._holders[begun.cells] += 1
        bisect.insort(self._running, begun, key=lambda s: s.request.due)
        # Not even in an empty cache: nothing is dropped for one that has to wait.
        if self._lacks_room(len(frozenset().union(*(s.cells for s in self._running)))):
            self._running.remove(begun)
            self._drop(begun)
            return None
        while self._lacks_room(int(np.count_nonzero(self._holders))):
            self._drop(self._resident.pop(0))
        with self._changed:
            self._waiting.remove(request)
        request.usage.cached_tokens = shared
        return begun

    def _shared(self, sequence: _Sequence, tokens: list[int]) -> int:
        """How many of `tokens` can be taken from a sequence."""
        common = _common(sequence.tokens, tokens)
        return 0 if self.model.recurrent and common < len(sequence.tokens) else common

    def _lacks_room(self, held: int) -> bool:
        """Whether the running sequences may come to need more cells than there are beside so many
        that are held.
        """
        to_come = sum(
            s.request.usage.prompt_tokens + s.request.max_tokens - len(s.tokens)
            for s in self._running
        )
        return held + to_come > len(self._holders)

    def _generate(self, sequence: _Sequence, logits: npt.NDArray[np.float32]) -> None:
        """The most probable next token, and what it ends."""
        request, model = sequence.request, self.model
        usage, reason = request.usage, None
        if usage.completion_tokens < request.max_tokens:
            token, logprob, top = self._most_probable(logits, request.top_logprobs)
            usage.completion_tokens += 1
            request.tokens.append(token)
            if model.ends(token):
                reason = "stop"
            else:
                request.text += request.decoder.decode(model.piece(token))
            end = min((i for s in request.stop if (i := request.text.find(s)) >= 0), default=-1)
            if end >= 0:
                reason = "stop"
            elif reason or usage.completion_tokens == request.max_tokens:
                end = len(request.text)  # what begins a stop text here does not go on to its end
            else:
                end = len(request.text) - _begun(request.text, request.stop)
            request.events.put(Step(request.text[request.shown : end], logprob, top))
            request.shown = end
        if reason is None and usage.completion_tokens >= request.max_tokens:
            reason = "length"
        if reason:
            self._retire(sequence)
            request.events.put(_Finished(usage, reason))

    def _most_probable(
        self, logits: npt.NDArray[np.float32], top: int
    ) -> tuple[int, float | None, list[tuple[str, float]]]:
        """The token, its log probability, and the `top` likeliest ones with theirs. A probability
        takes the sum of all: it is worked out where `top` is not 0.
        """
        token = int(logits.argmax())
        if not top:
            return token, None, []
        peak = float(logits[token])
        total = peak + math.log(float(np.exp(logits - peak).sum()))
        order = np.argpartition(logits, -min(top, len(logits)))[-top:]
        best = [
            (self.model.piece(int(t)).decode(errors="replace"), float(logits[t]) - total)
            for t in order[np.argsort(-logits[order])]
        ]
        return token, peak - total, best

    def _retire(self, sequence: _Sequence) -> None:
        """Ends a request and keeps what it leaves in the KV cache, each prefix once."""
        self._running.remove(sequence)
        if not sequence.tokens:
            self._drop(sequence)
            return
        for other in self._resident + self._running:
            shared = self._shared(other, sequence.tokens)
            if shared == len(sequence.tokens):
                self._drop(sequence)
                return
            # Another question's last words are not worth a sequence, where to compute them anew
            # takes one micro-batch, and less than all that is shared.
            if other in self._resident and len(other.tokens) - shared <= min(shared, MICRO_BATCH):
                self._resident.remove(other)
                self._drop(other)
        self._resident.append(sequence)

    def _drop(self, sequence: _Sequence) -> None:
        self._context.remove(sequence.id)
        self._holders[sequence.cells] -= 1
        self._free.append(sequence.id)

    def _fail(self, sequences: Sequence[_Sequence], error: Exception) -> None:
        """Ends requests with an error; nothing of them is kept."""
        for sequence in list(sequences):
            if sequence in self._running:
                self._running.remove(sequence)
                self._drop(sequence)
            sequence.request.events.put(_failure(error))

    def _end_all(self, error: Exception) -> None:
        with self._changed:
            waiting, self._waiting = self._waiting, []
        self._fail(self._running, error)
        for request in waiting:
            request.events.put(_failure(error))


class LocalChatModel(BaseChatModel):
    """The engine as LangChain's chat model.

    Call options: `max_tokens` (256), `stop`, `top_logprobs` (0); ValueError says which makes no
    sense. Log probabilities come as OpenAI's do, in `response_metadata["logprobs"]["content"]`;
    `usage_metadata` tells how many prompt tokens were found in the cache. While the prompt is read,
    the stream yields empty chunks, so that whoever reads it can stop: closing the stream cancels
    the request. A copy with another `due` (time.monotonic()) asks for who waits until then.
    """

    engine: Any
    due: float = math.inf
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
        max_tokens: int | None = None,
        top_logprobs: int = 0,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        engine: Engine = self.engine
        for step in engine.run(
            engine.render(messages),
            max_tokens=MAX_TOKENS if max_tokens is None else max_tokens,
            stop=stop or (),
            top_logprobs=top_logprobs,
            due=self.due,
        ):
            if isinstance(step, Step):
                content = {
                    "token": step.top[0][0] if step.top else step.text,
                    "logprob": step.logprob,
                    "top_logprobs": [{"token": t, "logprob": p} for t, p in step.top],
                }
                yield ChatGenerationChunk(
                    message=AIMessageChunk(content=step.text),
                    generation_info={"logprobs": {"content": [content]}} if step.top else None,
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
