"""What the documentation says is there, all of it, and what it shows runs."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from index.articles import NewArticle
from index.embeddings import MiniLM
from index.errors import DatelineError
from index.index import Index
from service.app import create_app
from service.cli import app as commands
from service.contract import Refusal
from service.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
HTTP = (ROOT / "docs" / "http.md").read_text()


def error_classes(root: type[DatelineError] = DatelineError) -> Iterator[type[DatelineError]]:
    yield root
    for child in root.__subclasses__():
        yield from error_classes(child)


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`DATELINE_{name.upper()}`" in README


def test_every_route_is_documented() -> None:
    routes = [
        f"`{method.upper()} {path}`"
        for path, methods in create_app(Settings()).openapi()["paths"].items()
        for method in methods
    ]
    assert len(routes) >= 10
    assert [r for r in routes if r not in HTTP] == []


def test_every_error_code_is_documented_with_its_status() -> None:
    documented = dict(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", HTTP, re.MULTILINE))
    raised = {e.code: str(e.status) for e in error_classes()}
    assert {code: documented.get(code) for code in raised} == raised


def test_every_refusal_is_documented() -> None:
    reasons = Refusal.model_json_schema()["properties"]["reason"]["enum"]
    assert [r for r in reasons if f"| `{r}` |" not in HTTP] == []


def test_every_command_is_documented() -> None:
    group = typer.main.get_command(commands)
    names = list(group.commands)  # type: ignore[attr-defined]
    assert len(names) >= 6
    assert [n for n in names if f"`dateline {n}" not in README] == []


def test_every_file_of_the_code_is_in_the_readme() -> None:
    folders = ("index", "service", "client/src/dateline_client")
    files = [p.name for d in folders for p in (ROOT / d).glob("[!_]*.*")]
    assert len(files) >= 15
    assert [f for f in files if f not in README] == []


def test_the_python_of_the_readme_runs(tmp_path: Path, embedder: MiniLM) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    data_dir = Settings().data_dir
    index = Index(data_dir, embedder)
    index.add(NewArticle(id="treaty", text="The two ministers signed two memorandums on Tuesday."))
    index.close()
    names: dict[str, Any] = {}
    exec(block, names)
    assert [passage.metadata["article_id"] for passage in names["passages"]] == ["treaty"]


@pytest.mark.model
def test_the_commands_of_the_readme_run(tmp_path: Path, models_dir: Path) -> None:
    """Each block marked `bash` alone; set-up and what needs a running service is marked so."""
    blocks = re.findall(r"^```bash\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DATELINE_DATA_DIR": str(tmp_path / "data"),
        "DATELINE_MODELS_DIR": str(models_dir),
    }
    ran = subprocess.run(
        ["bash", "-e", "-c", blocks[0]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "two memorandums of understanding" in ran.stdout
    assert "No answer." in ran.stdout
