"""What every test may rely on: the real models, and a data directory of its own."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from serving import ANSWER, Served, serving, until

from index.embeddings import MiniLM
from index.index import Index
from service.catalogue import defaults, find, locate
from service.engine import Engine, LocalChatModel
from service.settings import Settings

pytest_plugins = ["pytester"]
hypothesis.settings.register_profile("dateline", deadline=None, max_examples=100, database=None)
hypothesis.settings.load_profile("dateline")


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test ever touches the user's own articles."""
    monkeypatch.setenv("DATELINE_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def models_dir() -> Path:
    return Settings().models_dir


@pytest.fixture(scope="session")
def embedder(models_dir: Path) -> MiniLM:
    directory = locate(find("minilm-l6-v2"), models_dir)
    return MiniLM(directory / "model.onnx", directory / "tokenizer.json")


@pytest.fixture
def index(tmp_path: Path, embedder: MiniLM) -> Iterator[Index]:
    index = Index(tmp_path, embedder)
    yield index
    index.close()


@pytest.fixture(scope="session")
def model_path(models_dir: Path) -> Path:
    language, _ = defaults(Settings().model)
    return locate(language, models_dir)


@pytest.fixture(scope="session")
def tiny_path(models_dir: Path) -> Path:
    """A model a tenth of the size, for what does not depend on how good its answers are."""
    return locate(find("smollm2-135m"), models_dir)


@pytest.fixture(scope="session")
def engine(model_path: Path) -> Iterator[Engine]:
    engine = Engine(model_path)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def chat(engine: Engine) -> LocalChatModel:
    return LocalChatModel(engine=engine)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One service for all tests that neither count its articles nor hold its model."""
    with serving(tmp_path_factory.mktemp("shared")) as served:
        served.add(id="bridge", title="Harrow Mere has its bridge", source="Mere Gazette")
        yield served


@pytest.fixture
def alone(shared: Served) -> Iterator[Served]:
    """The same service, its model as new and nobody asking."""
    shared.chat.reset(ANSWER)
    yield shared
    shared.chat.reset(ANSWER)
    until(lambda: not shared.chat.running and not shared.service.turns.waiting)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "data") as served:
        yield served
