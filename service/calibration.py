"""Calibration: how the signals of an answer, or of a sentence, become a probability.

A logistic function each. Its coefficients are data, `service/calibration/`, one file for each
language model they were fitted with (`python -m bench.calibrate`), named by the first digits of
the model's sha256. For another model there is `fallback.toml`, whose coefficients are rounder.
"""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

DIRECTORY = Path(__file__).parent / "calibration"
DIGITS = 16
# Signals that are probabilities: they count by their logits.
READS = frozenset(("answerable", "settled", "support", "entailment", "same"))
# A sentence that fails a check made by code is at most this probable: not supported.
FAILED_CHECK = 0.49


class Logistic(BaseModel):
    """The probability of `bias` plus the signals' weighted sum; a missing signal counts as 0."""

    model_config = ConfigDict(extra="forbid")
    bias: float
    weights: dict[str, float]

    def probability(self, signals: Mapping[str, float]) -> float:
        values = features(signals)
        total = self.bias + sum(w * values.get(name, 0.0) for name, w in self.weights.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


class Calibration(BaseModel):
    """`answer`: that an answer is right and complete. `support`: that its source supports a
    sentence; `fast`: the same, told without the model. `fitted` says with what.
    """

    model_config = ConfigDict(extra="forbid")
    fitted: dict[str, Any]
    answer: Logistic
    support: Logistic
    fast: Logistic

    @classmethod
    def of(cls, sha256: str, directory: Path = DIRECTORY) -> "Calibration":
        """The one of the model whose file has this digest, else the fallback."""
        path = directory / f"{sha256.removeprefix('sha256:')[:DIGITS]}.toml"
        if not path.is_file():
            path = directory / "fallback.toml"
        return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def features(signals: Mapping[str, float]) -> dict[str, float]:
    return {name: logit(v) if name in READS else v for name, v in signals.items()}


def logit(p: float) -> float:
    p = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))
