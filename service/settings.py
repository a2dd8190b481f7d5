"""Settings, from the environment or a `.env` file in the working directory.

Each is an environment variable with the prefix `DATELINE_`; the README lists them all.
"""

from pathlib import Path

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
        4, ge=1, le=16, description="Questions that are worked on at once: they share the model."
    )
    keep_replies: bool = Field(
        True, description="Keep what the model said: a question asked again costs it nothing."
    )
    threads: int = Field(0, ge=0, description="Threads for the models; 0 is one a core.")
    context_tokens: int = Field(
        4096, ge=1024, description="Most tokens of one prompt and its answer."
    )
    kv_tokens: int = Field(
        8192, ge=1024, description="Tokens of all prompts that the model holds at once."
    )
    max_article_bytes: int = Field(10_000_000, ge=1, description="Largest article, in bytes.")
    max_question_chars: int = Field(4000, ge=1, description="Longest question, in characters.")
    allowed_hosts: str = Field(
        "", description="Comma-separated Host names accepted beside loopback ones."
    )

    @property
    def keys(self) -> list[str]:
        return _listed(self.api_keys)

    @property
    def hosts(self) -> list[str]:
        return _listed(self.allowed_hosts)


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
