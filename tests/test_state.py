"""Articles come, change and go, the process ends as it should or not: the index is what a
dictionary is, with real SQLite and Chroma.
"""

import random
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bench.dictionary import Model, article, examine, opened, scratch_place, searched
from index.errors import ArticleNotFound

NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])
SEEDS = st.integers(0, 2**32)


class ArticlesAsADictionary(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.scratch = Path(tempfile.mkdtemp(prefix="state-", dir=scratch_place()))
        self.life = 0
        self.index = opened(self.scratch / "0")
        self.model: Model = {}

    def teardown(self) -> None:
        self.index.close()
        shutil.rmtree(self.scratch)

    @rule(name=NAMES, seed=SEEDS)
    def add(self, name: str, seed: int) -> None:
        new = article(random.Random(seed), name)
        before = self.model.get(name)
        added = self.index.add(new)
        kept = added.article
        assert (kept.id, kept.text, kept.revision) == (name, new.text, new.revision())
        unchanged = before is not None and before.revision() == new.revision()
        assert added.status == ("unchanged" if unchanged else "updated" if before else "created")
        self.model[name] = new

    @precondition(lambda self: self.model)
    @rule(name=NAMES)
    def add_again(self, name: str) -> None:
        if name in self.model:
            assert self.index.add(self.model[name]).status == "unchanged"

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if name in self.model:
            self.index.delete(name)
            del self.model[name]
        else:
            with pytest.raises(ArticleNotFound):
                self.index.delete(name)

    @precondition(lambda self: self.model)
    @rule(seed=SEEDS)
    def search(self, seed: int) -> None:
        assert searched(self.index, self.model, random.Random(seed)) == []

    @rule()
    def restart(self) -> None:
        self.index.close()
        self.index = opened(self.scratch / str(self.life))

    @precondition(lambda self: self.life < 1)  # what a kill left is tried in a child: a second
    @rule()
    def kill(self) -> None:
        """What a process that is killed now leaves behind is what is in the files now."""
        before = self.index
        self.life += 1
        shutil.copytree(self.scratch / str(self.life - 1), self.scratch / str(self.life))
        self.index = opened(self.scratch / str(self.life))
        before.close()

    @invariant()
    def holds_what_the_dictionary_holds(self) -> None:
        assert examine(self.index, self.model) == ([], [])


TestArticlesAsADictionary = ArticlesAsADictionary.TestCase
TestArticlesAsADictionary.settings = settings(max_examples=5, stateful_step_count=20, deadline=None)
