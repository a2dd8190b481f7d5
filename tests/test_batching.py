"""Requests that share the engine: what is computed, in which micro-batches, and what stays.

Micro-batches are recorded and held up where their order matters; no test looks at a clock.
"""

import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt
import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from serving import until

from index.errors import ContextTooLong, ModelError
from service import engine as engine_module
from service.engine import (
    LEAST_BATCH,
    MICRO_BATCH,
    MIXED_BATCH,
    SHORT,
    SOON,
    Engine,
    LocalChatModel,
    Step,
    _Finished,
)
from service.llamacpp import NO_ROOM, ROWS, WORTH_FILLING, Chunk, multiplies_in_tiles

pytestmark = pytest.mark.model

ARTICLE = (
    "The harbour master of Port Ellery, Dana Whitcombe, closed the north quay on Monday after a "
    "crane lost its footing. No one was hurt. The quay will open again in nine days. "
)
PATIENCE = 600  # seconds: a test that waits longer has failed, however slow the machine
QUESTIONS = ("Who closed the quay?", "When will it open again?", "Who was hurt?")


class Recorder:
    """The engine's micro-batches. Between `hold` and `flow` each one has to be let through."""

    def __init__(self, engine: Engine) -> None:
        self.batches: list[list[Chunk]] = []
        self.begun = 0  # of these, and of what is held
        self._held, self._let = False, threading.Semaphore(0)
        self.statuses: list[int] = []  # given in place of the next batches' own
        self._engine, self._decode = engine, engine._context.decode

    def decode(self, chunks: Sequence[Chunk]) -> int:
        self.begun += 1
        assert not self._held or self._let.acquire(timeout=PATIENCE)
        if self.statuses:
            return self.statuses.pop(0)
        self.batches.append(list(chunks))
        return self._decode(chunks)

    def hold(self) -> None:
        self._held, self._let = True, threading.Semaphore(0)

    def let(self, batches: int) -> None:
        """Lets so many through, and waits until they are there."""
        count = len(self.batches) + batches
        self._let.release(batches)
        until(lambda: len(self.batches) >= count, PATIENCE)

    def flow(self) -> None:
        self._held = False
        self._let.release(1000)

    @property
    def tokens(self) -> int:
        return sum(len(chunk.tokens) for batch in self.batches for chunk in batch)

    def together(self, requests: Sequence[Callable[[], Any]]) -> list[Any]:
        """Runs them at once: all have come, in this order, before the first batch is computed, in
        which there is the first one alone.
        """
        self.hold()
        begun = self.begun
        try:
            with ThreadPoolExecutor(len(requests)) as threads:
                futures = []
                for i, request in enumerate(requests):
                    futures.append(threads.submit(request))
                    until(lambda n=i + 1: self._come() >= n, PATIENCE)  # type: ignore[misc]
                    until(lambda: self.begun > begun, PATIENCE)
                self.flow()
                return [future.result(PATIENCE) for future in futures]
        finally:
            self.flow()

    def _come(self) -> int:
        return len(self._engine._running) + len(self._engine._waiting)


@pytest.fixture(scope="module")
def small(tiny_path: Path) -> Iterator[Engine]:
    """An engine whose KV cache is soon full."""
    engine = Engine(tiny_path, context_tokens=384, kv_tokens=768)
    yield engine
    engine.close()


@pytest.fixture
def emptied(small: Engine) -> Engine:
    for sequence in list(small._resident):
        small._resident.remove(sequence)
        small._drop(sequence)
    small._context.give_up(False)  # as before each micro-batch that is wanted
    return small


@pytest.fixture
def recorder(small: Engine, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder(small)
    monkeypatch.setattr(small._context, "decode", recorder.decode)
    return recorder


def held(engine: Engine) -> dict[int, int]:
    """How many tokens llama.cpp holds, by sequence."""
    memory = engine._context._memory
    lengths = {
        i: llama_cpp.llama_memory_seq_pos_max(memory, i) + 1
        for i in range(llama_cpp.llama_n_seq_max(engine._context._context))
    }
    return {i: length for i, length in lengths.items() if length}


def is_sound(engine: Engine) -> bool:
    """Nothing runs, and what the engine believes of the KV cache is so."""
    assert not engine._running and not engine._waiting
    assert held(engine) == {s.id: len(s.tokens) for s in engine._resident}
    assert sorted([*engine._free, *(s.id for s in engine._resident)]) == list(range(32))
    assert engine._holders.sum() == sum(len(s.cells) for s in engine._resident)
    return True


def noise(seed: int, count: int) -> list[int]:
    """A prompt that begins like no other: `count` tokens."""
    rng = random.Random(seed)
    return [rng.randrange(1000, 40_000) for _ in range(count)]


def finish(engine: Engine, tokens: list[int], **options: Any) -> tuple[str, _Finished]:
    options = {"max_tokens": 1} | options
    *steps, last = engine.run(tokens, **options)
    assert isinstance(last, _Finished)
    return "".join(step.text for step in steps if isinstance(step, Step)), last


def prompt(engine: Engine, question: str) -> list[int]:
    message = HumanMessage(f"{ARTICLE}\nQuestion: {question}")
    return engine.render([SystemMessage("You answer briefly."), message])


def test_a_prefix_that_many_ask_for_at_once_is_computed_once(
    emptied: Engine, recorder: Recorder
) -> None:
    prefix = noise(1, 200)
    prompts = [prefix + noise(10 + i, 10) for i in range(8)]
    ended = recorder.together([lambda p=p: finish(emptied, p) for p in prompts])
    cached = [last.usage.cached_tokens for _, last in ended]
    assert cached == [0] + [200] * 7
    assert recorder.tokens == 200 + 8 * 10


def test_reads_of_one_prefix_are_computed_together(emptied: Engine, recorder: Recorder) -> None:
    prefix = noise(2, 100)
    finish(emptied, prefix)
    recorder.batches.clear()
    prompts = [prefix + noise(20 + i, 8) for i in range(8)]
    recorder.together([lambda p=p: finish(emptied, p, top_logprobs=5) for p in prompts])
    assert len(recorder.batches) <= 2  # the first one began with those that had come by then
    assert sum(chunk.logits for batch in recorder.batches for chunk in batch) == 8


def test_langchains_batch_shares_the_prefix(chat: LocalChatModel) -> None:
    story = "A ferry of the Nordfjord line ran aground off Stavholm on 4 June with 31 aboard. " * 3
    asked = [f"{story}\n{q}" for q in ("Where?", "When?", "How many were aboard?", "Which line?")]
    replies = chat.batch(asked, max_tokens=1)  # type: ignore[arg-type]
    cached = sorted(r.usage_metadata["input_token_details"]["cache_read"] for r in replies)  # type: ignore[attr-defined]
    assert cached[1] > 60


def test_texts_are_the_same_alone_and_in_company(emptied: Engine) -> None:
    prompts = {question: prompt(emptied, question) for question in QUESTIONS}
    alone = {q: finish(emptied, tokens, max_tokens=16)[0] for q, tokens in prompts.items()}
    with ThreadPoolExecutor(6) as threads:
        found = list(
            threads.map(lambda q: (q, finish(emptied, prompts[q], max_tokens=16)[0]), QUESTIONS * 2)
        )
    assert found == [(question, alone[question]) for question in QUESTIONS * 2]


def test_prompts_are_read_in_the_order_in_which_they_came(
    emptied: Engine, recorder: Recorder
) -> None:
    prompts = [noise(30 + i, 150) for i in range(4)]
    recorder.together([lambda p=p: finish(emptied, p) for p in prompts])
    chunks = [chunk for batch in recorder.batches for chunk in batch if len(chunk.tokens) > 1]
    begun = [chunk.tokens[0] for chunk in chunks if chunk.start == 0]
    assert begun == [p[0] for p in prompts]
    for earlier, later in pairwise(chunks):
        assert earlier.sequence == later.sequence or earlier.logits  # one after another
    assert all(sum(len(c.tokens) for c in batch) <= MICRO_BATCH for batch in recorder.batches)


def test_who_is_due_first_goes_first(emptied: Engine, recorder: Recorder) -> None:
    prompts = [noise(300 + i, 150) for i in range(3)]
    dues = [1.0, 3.0, 2.0]
    recorder.together(
        [
            lambda p=p, due=due: finish(emptied, p, due=due)
            for p, due in zip(prompts, dues, strict=True)
        ]
    )
    begun = [c.tokens[0] for batch in recorder.batches for c in batch if c.start == 0]
    assert begun == [prompts[0][0], prompts[2][0], prompts[1][0]]


def test_one_whose_prompt_is_read_gives_way_to_who_is_due_before(
    emptied: Engine, recorder: Recorder
) -> None:
    late, early = noise(310, 300), noise(311, 100)
    recorder.hold()
    try:
        with ThreadPoolExecutor(2) as threads:
            futures = [threads.submit(finish, emptied, late, due=2.0)]
            until(lambda: recorder.begun == 1, PATIENCE)
            futures.append(threads.submit(finish, emptied, early, due=1.0))
            until(lambda: len(emptied._waiting) == 1, PATIENCE)
            recorder.flow()
            assert [f.result(PATIENCE)[1].reason for f in futures] == ["length"] * 2
    finally:
        recorder.flow()
    second = recorder.batches[1]
    assert [c.tokens[0] for c in second] == [early[0], late[MICRO_BATCH]]
    assert [len(c.tokens) for c in second] == [100, MICRO_BATCH - 100]


def test_nothing_is_read_beside_what_is_generated_by_who_is_due_before(
    emptied: Engine, recorder: Recorder
) -> None:
    first = emptied.tokenize("Count from 1 to 999, separated by commas: 1, 2, 3,")
    late, early = noise(320, 150), noise(321, 150)
    ended = recorder.together(
        [
            lambda: finish(emptied, first, max_tokens=20, due=2.0),
            lambda: finish(emptied, late, max_tokens=2, due=3.0),
            lambda: finish(emptied, early, max_tokens=2, due=1.0),
        ]
    )
    assert [last.usage.completion_tokens for _, last in ended] == [20, 2, 2]
    sequence = recorder.batches[0][0].sequence
    generated = [b for b in recorder.batches[1:] if any(c.sequence == sequence for c in b)]
    assert len(generated) == 19
    beside = {t for b in generated for c in b if c.sequence != sequence for t in c.tokens}
    assert early[-1] in beside  # who is due before is read, and goes on, in the same micro-batches
    assert not beside & set(late)


@pytest.mark.parametrize(
    ("left", "tokens", "beside"),
    [(2 * SOON, SHORT, True), (2 * SOON, SHORT + 1, False), (SOON / 2, SHORT, False)],
)
def test_a_short_prompt_is_read_beside_what_is_generated_where_there_is_time(
    emptied: Engine, recorder: Recorder, left: float, tokens: int, beside: bool
) -> None:
    first = emptied.tokenize("Count from 1 to 999, separated by commas: 1, 2, 3,")
    due = time.monotonic() + left
    recorder.together(
        [
            lambda: finish(emptied, first, max_tokens=20, due=due),
            lambda: finish(emptied, noise(325, tokens), max_tokens=2, due=due + 1),
        ]
    )
    sequence = recorder.batches[0][0].sequence
    generated = [b for b in recorder.batches[1:] if any(c.sequence == sequence for c in b)]
    assert len(generated) == 19
    assert any(len(b) > 1 for b in generated) == beside


def test_a_long_prompt_is_not_read_there_in_a_short_ones_company(
    emptied: Engine, recorder: Recorder
) -> None:
    first = emptied.tokenize("Count from 1 to 999, separated by commas: 1, 2, 3,")
    short, long = noise(326, SHORT), noise(327, SHORT + 1)
    due = time.monotonic() + 2 * SOON
    recorder.hold()
    try:
        with ThreadPoolExecutor(3) as threads:
            futures = [threads.submit(finish, emptied, first, max_tokens=20, due=due)]
            until(lambda: recorder.begun == 1, PATIENCE)
            futures.append(threads.submit(finish, emptied, short, due=due + 2))
            until(lambda: len(emptied._waiting) == 1, PATIENCE)
            recorder.let(1)
            until(lambda: recorder.begun == 2, PATIENCE)
            futures.append(threads.submit(finish, emptied, long, due=due + 1))
            until(lambda: len(emptied._waiting) == 1, PATIENCE)
            recorder.flow()
            assert [f.result(PATIENCE)[1].reason for f in futures] == ["length"] * 3
    finally:
        recorder.flow()
    sequence = recorder.batches[0][0].sequence
    generated = [b for b in recorder.batches[1:] if any(c.sequence == sequence for c in b)]
    beside = {t for b in generated for c in b if c.sequence != sequence for t in c.tokens}
    assert beside == {*short}


@pytest.mark.parametrize(("delay", "most"), [(1e9, MIXED_BATCH), (0.0, LEAST_BATCH)])
def test_a_sequence_that_generates_is_in_every_micro_batch(
    emptied: Engine, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, delay: float, most: int
) -> None:
    monkeypatch.setattr(engine_module, "DELAY", delay)
    first = emptied.tokenize("Count from 1 to 999, separated by commas: 1, 2, 3,")
    recorder.together(
        [
            lambda: finish(emptied, first, max_tokens=30),
            lambda: finish(emptied, noise(40, 250), max_tokens=2),
        ]
    )
    sequence = recorder.batches[0][0].sequence
    generating = [b for b in recorder.batches if b[0].sequence == sequence][1:]
    assert len(generating) == 29
    start = recorder.batches.index(generating[0])
    assert recorder.batches[start : start + 29] == generating  # none without it in between
    sizes = [sum(len(chunk.tokens) for chunk in batch) for batch in generating]
    assert max(sizes) == most  # the slower, the fewer


def test_who_leaves_while_the_prompt_is_read_disturbs_nobody(
    emptied: Engine, recorder: Recorder
) -> None:
    # Nothing else is nearly as probable: what shares a batch changes the logits' last bits.
    counting = emptied.tokenize("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,")
    alone = finish(emptied, counting, max_tokens=30)[0]
    stream = emptied.run(counting, max_tokens=30)
    text = next(step.text for step in stream if isinstance(step, Step))
    recorder.hold()
    long = noise(50, 380)
    leaving = emptied.run(long, max_tokens=1)
    opened = threading.Thread(target=next, args=(leaving,))
    opened.start()
    until(lambda: len(emptied._waiting) == 1, PATIENCE)
    recorder.let(4)
    opened.join(PATIENCE)
    seen = len(recorder.batches)
    until(lambda: recorder.begun > seen, PATIENCE)
    leaving.close()  # type: ignore[attr-defined]
    recorder.flow()
    text += "".join(step.text for step in stream if isinstance(step, Step))
    assert text == alone
    # The one that was held up when it left, and no other.
    assert sum(len(batch) > 1 for batch in recorder.batches[seen:]) <= 1
    assert is_sound(emptied)
    left = next(s for s in emptied._resident if s.tokens[0] == long[0])
    # What was held up was mostly theirs: it was given up, and done anew for the other.
    let = [chunk for batch in recorder.batches[:seen] for chunk in batch]
    read = sum(len(chunk.tokens) for chunk in let if chunk.sequence == left.id)
    assert read == len(left.tokens)
    assert 0 < finish(emptied, long)[1].usage.cached_tokens == read < len(long)


def test_a_micro_batch_that_nobody_waits_for_is_given_up(
    emptied: Engine, recorder: Recorder
) -> None:
    recorder.hold()
    long = noise(51, 300)
    leaving = emptied.run(long, max_tokens=1)
    next(leaving)
    until(lambda: bool(emptied._computing), PATIENCE)
    leaving.close()  # type: ignore[attr-defined]
    recorder.flow()
    until(lambda: not emptied._running, PATIENCE)
    assert len(recorder.batches) == 1
    assert is_sound(emptied)
    assert finish(emptied, long)[1].usage.cached_tokens == 0


def test_those_who_come_and_leave_do_not_stop_who_stays(
    emptied: Engine, recorder: Recorder
) -> None:
    leaving = [emptied.run(noise(seed, 200), max_tokens=1, due=float(seed)) for seed in (71, 72)]
    with ThreadPoolExecutor(1) as pool:
        staying = pool.submit(finish, emptied, noise(70, 4), max_tokens=20)
        until(lambda: any(s.generates for s in emptied._running), PATIENCE)
        recorder.hold()
        for stream in leaving:
            next(stream)
        given_up = []
        for seed, stream in zip((71, 72), leaving, strict=True):
            recorder.let(1)
            until(lambda s=seed: s in [r.due for r, _ in emptied._computing], PATIENCE)  # type: ignore[misc]
            stream.close()  # type: ignore[attr-defined]
            given_up.append(emptied._context._give_up.value)
        recorder.flow()
        assert staying.result(PATIENCE)[1].usage.completion_tokens == 20
    assert given_up == [b"1", b"0"]
    assert is_sound(emptied)


def test_who_leaves_before_their_turn_is_forgotten(emptied: Engine, recorder: Recorder) -> None:
    gone = noise(61, 30)
    stream = emptied.run(gone, max_tokens=8)
    recorder.hold()
    first = threading.Thread(target=finish, args=(emptied, noise(60, 300)))
    first.start()
    until(lambda: len(emptied._running) == 1, PATIENCE)
    second = threading.Thread(target=next, args=(stream,))
    second.start()
    until(lambda: len(emptied._waiting) == 1, PATIENCE)
    recorder.let(1)
    second.join(PATIENCE)  # it has heard of the first one's progress
    stream.close()  # type: ignore[attr-defined]
    recorder.flow()
    first.join(PATIENCE)
    finish(emptied, noise(62, 4))
    assert is_sound(emptied)
    computed = [chunk for batch in recorder.batches for chunk in batch]
    assert not any(chunk.tokens[0] == gone[0] for chunk in computed)


def test_prefixes_stay_until_room_is_needed_then_the_longest_unused_goes(emptied: Engine) -> None:
    one, two, three, four = (noise(70 + i, 220) for i in range(4))
    for tokens in (one, two, three):
        assert finish(emptied, tokens)[1].usage.cached_tokens == 0
    assert finish(emptied, one)[1].usage.cached_tokens == 219
    finish(emptied, four)  # 768 cells: one of the others has to go
    assert finish(emptied, one)[1].usage.cached_tokens == 219
    assert finish(emptied, three)[1].usage.cached_tokens == 219
    assert finish(emptied, two)[1].usage.cached_tokens == 0
    assert is_sound(emptied)


def test_what_is_shared_stays_when_one_of_its_holders_goes(emptied: Engine) -> None:
    head = noise(80, 60)
    prompts = [head + noise(81 + i, 200) for i in range(6)]
    cached = [finish(emptied, tokens)[1].usage.cached_tokens for tokens in prompts]
    assert cached == [0] + [60] * 5


def test_one_prefix_takes_one_resident_sequence(emptied: Engine) -> None:
    for question in QUESTIONS * 2:
        finish(emptied, prompt(emptied, question), max_tokens=8)
    assert len(emptied._resident) == 1


def test_requests_wait_for_room_and_all_are_answered(emptied: Engine, recorder: Recorder) -> None:
    prompts = [noise(90 + i, 300) for i in range(5)]
    ended = recorder.together([lambda p=p: finish(emptied, p, max_tokens=4) for p in prompts])
    assert all(last.usage.prompt_tokens == 300 for _, last in ended)
    assert max(len(batch) for batch in recorder.batches) == 2  # 768 cells
    assert is_sound(emptied)


def test_nothing_is_dropped_for_a_request_that_has_to_wait_all_the_same(
    emptied: Engine, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(emptied, noise(96, 60), max_tokens=1)
    (kept,), drop, running = emptied._resident, emptied._drop, list[int]()

    def noted(sequence: Any) -> None:
        if sequence is kept:
            running.append(len(emptied._running))
        drop(sequence)

    monkeypatch.setattr(emptied, "_drop", noted)
    # The first two take 684 of 768 cells, and leave room for what is kept, but not for the third.
    prompts = ((97, 300, 84), (98, 216, 84), (99, 80, 20))
    recorder.together(
        [lambda n=n, t=t, m=m: finish(emptied, noise(n, t), max_tokens=m) for n, t, m in prompts]
    )
    assert 3 not in running
    assert is_sound(emptied)


def test_without_a_free_cell_residents_give_way(emptied: Engine, recorder: Recorder) -> None:
    finish(emptied, noise(100, 40))
    finish(emptied, noise(101, 40))
    recorder.statuses = [NO_ROOM]
    _, last = finish(emptied, noise(102, 40), max_tokens=3)
    assert last.usage.completion_tokens > 0
    assert len(emptied._resident) == 2 and is_sound(emptied)


def test_without_a_free_cell_the_last_to_come_fails_and_the_others_go_on(
    emptied: Engine, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second() -> str:
        with pytest.raises(ModelError, match="status 1"):
            finish(emptied, noise(111, 40))
        return "failed"

    def full(chunks: Sequence[Chunk]) -> int:
        return NO_ROOM if len(chunks) > 1 else recorder.decode(chunks)

    monkeypatch.setattr(emptied._context, "decode", full)
    first, last = recorder.together(
        [lambda: finish(emptied, noise(110, 130), max_tokens=4), second]
    )
    assert first[1].usage.completion_tokens > 0 and last == "failed"
    assert is_sound(emptied)


@pytest.mark.parametrize("status", [-1, -2, -3])
def test_a_failed_batch_fails_those_in_it_alone(
    emptied: Engine, recorder: Recorder, status: int
) -> None:
    recorder.statuses = [status]
    with pytest.raises(ModelError, match=f"status {status}"):
        finish(emptied, noise(120, 40))
    assert is_sound(emptied)
    assert finish(emptied, noise(120, 40))[1].usage.cached_tokens == 0


def test_what_fails_in_one_request_is_its_own(
    emptied: Engine, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    probable = emptied._most_probable

    def most_probable(logits: Any, top: int) -> Any:
        if top == 13:
            raise ZeroDivisionError
        return probable(logits, top)

    def failing() -> str:
        with pytest.raises(ModelError, match="failed on this request"):
            finish(emptied, prompt(emptied, QUESTIONS[0]), top_logprobs=13)
        return "failed"

    monkeypatch.setattr(emptied, "_most_probable", most_probable)
    others = [lambda q=q: finish(emptied, prompt(emptied, q), max_tokens=4) for q in QUESTIONS]
    assert recorder.together([*others, failing])[3] == "failed"
    assert is_sound(emptied)


def test_a_fault_of_the_engine_leaves_nobody_waiting(
    emptied: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched, ThreadPoolExecutor(1) as threads:
        patched.setattr(emptied, "_lacks_room", lambda held: 1 / 0)
        request = threads.submit(finish, emptied, noise(125, 40))
        with pytest.raises(ModelError, match="failed on this request"):
            request.result(PATIENCE)
    assert is_sound(emptied)
    assert finish(emptied, noise(125, 40))[1].usage.cached_tokens == 0


@pytest.mark.parametrize("tokens", [[], [-1], [10**9]])
def test_what_is_no_token_is_refused_before_it_is_computed(
    small: Engine, tokens: list[int]
) -> None:
    with pytest.raises(ValueError, match="token"):
        finish(small, tokens)


def test_a_prompt_can_be_read_ahead(emptied: Engine) -> None:
    tokens = noise(130, 50)
    assert finish(emptied, tokens, max_tokens=0)[0] == ""
    assert finish(emptied, tokens)[1].usage.cached_tokens == 49


def test_log_probabilities_are_those_of_the_whole_vocabulary(emptied: Engine) -> None:
    steps = emptied.run(
        prompt(emptied, QUESTIONS[0]), max_tokens=1, top_logprobs=emptied.model.vocabulary
    )
    step = next(s for s in steps if isinstance(s, Step))
    assert len(step.top) == emptied.model.vocabulary
    assert math.isclose(sum(math.exp(p) for _, p in step.top), 1, rel_tol=1e-3)
    assert step.top[0][1] == step.logprob


def test_closing_while_requests_run_ends_all_of_them(tiny_path: Path) -> None:
    engine = Engine(tiny_path, context_tokens=512, kv_tokens=512)
    failures: list[ModelError] = []

    def ask(seed: int) -> None:
        try:
            finish(engine, noise(seed, 200), max_tokens=300)
        except ModelError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(engine._running) + len(engine._waiting) == 4, PATIENCE)
    engine.close()
    engine.close()  # once more does nothing
    for thread in threads:
        thread.join(PATIENCE)
    assert len(failures) == 4 and not engine._thread.is_alive()
    for late in (lambda: finish(engine, [1]), lambda: engine.render([HumanMessage("Hello")])):
        with pytest.raises(ModelError, match="closed"):
            late()


def test_many_threads_with_requests_of_all_kinds(emptied: Engine) -> None:
    head = noise(140, 40)

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(6):
            tokens = head[: rng.choice((0, 20, 40))] + noise(rng.randrange(9), 60)
            kind = rng.randrange(5)
            if kind == 0:
                assert finish(emptied, tokens, top_logprobs=3)[1].usage.completion_tokens == 1
            elif kind == 1:
                assert finish(emptied, tokens, max_tokens=12)[1].usage.completion_tokens <= 12
            elif kind == 2:
                stream = emptied.run(tokens, max_tokens=200)
                for _ in range(rng.randrange(4)):
                    next(stream)
                stream.close()  # type: ignore[attr-defined]
            elif kind == 3:
                with pytest.raises(ContextTooLong):
                    finish(emptied, tokens, max_tokens=384)
            else:
                assert finish(emptied, tokens, max_tokens=6, stop=["1"])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    until(lambda: not emptied._running and not emptied._waiting, PATIENCE)
    assert is_sound(emptied)
    for sequence in emptied._resident:
        emptied._drop(sequence)
    emptied._resident.clear()
    assert held(emptied) == {} and not emptied._holders.any()


@pytest.mark.parametrize(
    ("built_for", "in_file_order"),
    [
        ("CPU : AVX2 = 1 | AVX512 = 1 | AVX512_VNNI = 1 | REPACK = 1 | ", True),
        ("CPU : AVX2 = 1 | AVX512_VNNI = 1 | AMX_INT8 = 1 | REPACK = 1 | ", False),
        ("CPU : SSE3 = 1 | AVX2 = 1 | REPACK = 1 | ", False),
        ("CPU : NEON = 1 | ARM_FMA = 1 | DOTPROD = 1 | REPACK = 1 | ", False),
    ],
)
def test_weights_keep_their_order_where_llama_cpp_multiplies_in_tiles(
    built_for: str, in_file_order: bool
) -> None:
    assert multiplies_in_tiles(built_for) == in_file_order


@pytest.mark.parametrize("count", [ROWS + WORTH_FILLING - 1, ROWS + WORTH_FILLING])
def test_rows_that_nobody_needs_change_nothing_and_leave_nothing(
    emptied: Engine, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    context, computed = emptied._context, []
    decode = context._decode
    monkeypatch.setattr(context, "_decode", lambda rows: computed.append(rows) or decode(rows))
    prompt = noise(330, count)
    whole = _logits(emptied, [Chunk(0, 0, prompt, True)])
    assert computed == [count if count % ROWS < WORTH_FILLING else 2 * ROWS]
    assert held(emptied) == {0: count}
    one_by_one = _logits(emptied, [Chunk(1, i, [t], True) for i, t in enumerate(prompt)])
    # From 64 rows on attention is computed in tiles, of smaller floats.
    assert np.abs(whole - one_by_one).max() < 0.06 * np.ptp(whole)
    for sequence in (0, 1):
        context.remove(sequence)


def test_rows_that_nobody_needs_take_no_room_from_the_others(emptied: Engine) -> None:
    context = emptied._context
    prompt = noise(331, context.tokens)
    try:
        for start in range(0, len(prompt) - MICRO_BATCH, MICRO_BATCH):
            assert context.decode([Chunk(0, start, prompt[start:][:MICRO_BATCH], False)]) == 0
        rest = [
            Chunk(0, start, prompt[start:][: ROWS - 1], True)
            for start in range(len(prompt) - MICRO_BATCH, len(prompt), ROWS - 1)
        ]
        assert [context.decode([chunk]) for chunk in rest] == [0] * len(rest)
        assert held(emptied) == {0: len(prompt)}
    finally:
        context.remove(0)


def _logits(engine: Engine, chunks: Sequence[Chunk]) -> npt.NDArray[np.float32]:
    """Of the last token, one chunk after another."""
    for chunk in chunks:
        assert engine._context.decode([chunk]) == 0
    return engine._context.logits(len(chunks[-1].tokens) - 1).copy()
