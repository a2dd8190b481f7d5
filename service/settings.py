"""Settings, from the environment or a `.env` file in the working directory.

Each is an environment variable with the prefix `DATELINE_`; the README lists them all.
"""

import os
from pathlib import Path
from typing import Self

import platformdirs
from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# More would be a mistake: the KV cache of a small model is then 30 GB.
MOST_TOKENS = 2**20


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="DATELINE_", env_file=".env", extra="ignore", env_ignore_empty=True
    )

    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("dateline"),
        description="Everything the service writes. Two directories are two services.",
    )
    models_dir: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("dateline") / "models",
        description="Where model files lie.",
    )
    model: str = Field(
        "qwen2.5-coder-1.5b", description="A catalogue name, or the path of a GGUF file."
    )
    api_keys: str = Field("", description="Comma-separated keys; set, every /v1 call needs one.")
    queue_limit: int = Field(16, ge=0, description="Questions that may wait; more get 503.")
    at_once: int = Field(
        8, ge=1, le=16, description="Questions that are worked on at once: they share the model."
    )
    keep_replies: bool = Field(
        True, description="Keep what the model said: a question asked again costs it nothing."
    )
    threads: int = Field(0, ge=0, description="Threads for the models; 0 is one a core.")
    context_tokens: int = Field(
        4096, ge=1024, le=MOST_TOKENS, description="Most tokens of one prompt and its answer."
    )
    kv_tokens: int = Field(
        8192,
        ge=1024,
        le=MOST_TOKENS,
        description="Tokens of all prompts that the model holds at once: no fewer than of one.",
    )
    max_article_bytes: int = Field(10_000_000, ge=1, description="Largest article, in bytes.")
    max_question_chars: int = Field(4000, ge=1, description="Longest question, in characters.")
    allowed_hosts: str = Field(
        "", description="Comma-separated Host names accepted beside loopback ones."
    )

    @field_validator("threads")
    @classmethod
    def _threads_have_cores(cls, threads: int) -> int:
        """More threads than cores wait for one another at every step: nothing gets ready."""
        if threads > (cores := os.cpu_count() or 1):
            raise ValueError(f"this machine has {cores} cores: give at most {cores}, or 0 for all")
        return threads

    @model_validator(mode="after")
    def _a_prompt_fits_into_the_cache(self) -> Self:
        if self.kv_tokens < self.context_tokens:
            raise ValueError(
                f"DATELINE_KV_TOKENS is {self.kv_tokens}, and DATELINE_CONTEXT_TOKENS, which has "
                f"to fit into it, {self.context_tokens}: raise the one or lower the other"
            )
        return self

    @property
    def keys(self) -> list[str]:
        return _listed(self.api_keys)

    @property
    def hosts(self) -> list[str]:
        return _listed(self.allowed_hosts)


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
