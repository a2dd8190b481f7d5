"""Prompts: data in `prompts/`, one YAML file a task, each extending a head.

A prompt's version is made from its bytes and the head's, and is in every answer. A variable that
is missing fails here, before the model is called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import yaml
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:  # langchain_core takes most of a second to import
    from langchain_core.messages import BaseMessage

DIRECTORY = Path(__file__).parent.parent / "prompts"
HEADS = frozenset(("head", "pair"))  # no tasks; nearly all extend the first
_ENVIRONMENT = SandboxedEnvironment(
    undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=True
)


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid")
    system: str
    context: str


class _Task(BaseModel):
    model_config = ConfigDict(extra="forbid")
    extends: str
    task: str
    max_tokens: int = Field(ge=1)
    stop: list[str] = []


class Prompt:
    """One task. `name` is its file's name without the ending."""

    def __init__(self, name: str, directory: Path = DIRECTORY) -> None:
        body = (directory / f"{name}.yaml").read_bytes()
        task = _Task.model_validate(yaml.safe_load(body))
        head_body = (directory / f"{task.extends}.yaml").read_bytes()
        head = _Head.model_validate(yaml.safe_load(head_body))
        self.version = f"{name}@{hashlib.sha256(head_body + body).hexdigest()[:8]}"
        self.max_tokens, self.stop = task.max_tokens, task.stop
        self._system = head.system
        self._context = _ENVIRONMENT.from_string(head.context)
        self._task = _ENVIRONMENT.from_string(task.task)

    def render(self, context: Mapping[str, Any], **variables: str) -> list[BaseMessage]:
        """`context` goes into the shared head, `variables` into the task.

        Raises jinja2.UndefinedError where one is missing.
        """
        from langchain_core.messages import HumanMessage, SystemMessage

        content = self._context.render(context) + self._task.render(variables)
        return [SystemMessage(self._system), HumanMessage(content.rstrip("\n"))]
