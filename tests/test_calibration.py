"""Coefficients as data, and how they are fitted."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import calibrate
from service import catalogue
from service.calibration import DIGITS, DIRECTORY, Calibration, Logistic, features


def test_a_model_has_its_own_coefficients_and_others_the_fallback(tmp_path: Path) -> None:
    body = (DIRECTORY / "fallback.toml").read_text()
    (tmp_path / "fallback.toml").write_text(body)
    (tmp_path / f"{'a' * DIGITS}.toml").write_text(body.replace("bias = -", "bias = ", 1))
    assert Calibration.of("sha256:" + "a" * 64, tmp_path) != Calibration.of("b" * 64, tmp_path)
    assert Calibration.of("b" * 64, tmp_path) == Calibration.of("c" * 64, tmp_path)


def test_every_file_of_coefficients_is_of_a_model_in_the_catalogue() -> None:
    known = {f.sha256[:DIGITS] for m in catalogue.load().models for f in m.files}
    files = {path.stem for path in DIRECTORY.glob("*.toml")}
    assert files - known == {"fallback"}
    for path in DIRECTORY.glob("*.toml"):
        Calibration.of(path.stem)


def test_a_missing_signal_counts_nothing_and_no_signal_overflows() -> None:
    made = Logistic(bias=0.0, weights={"unmet": -1.0, "support": 50.0})
    assert made.probability({}) == 0.5
    assert 0 < made.probability({"unmet": 1e9}) < made.probability({"support": 1.0}) < 1


def test_probabilities_count_by_their_logits() -> None:
    assert features({"support": 0.5, "unmet": 2.0}) == {"support": 0.0, "unmet": 2.0}
    assert features({"support": 0.0})["support"] < -9


def test_fitting_finds_the_coefficients_that_made_the_rows() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(40000, 2)) * [1, 5] + [0, 3]
    y = random.random(40000) < 1 / (1 + np.exp(-(2 * x[:, 0] - 0.5 * x[:, 1] + 1)))
    weights, bias = calibrate.logistic(x, y.astype(float), np.zeros(2))
    assert weights == pytest.approx([2, -0.5], abs=0.2)
    assert bias == pytest.approx(1, abs=0.3)
    few = np.zeros((20, 2)), y[:20].astype(float)
    assert calibrate.logistic(*few, np.array([0.5, -1.2]))[0] == pytest.approx([0.5, -1.2])


def test_no_document_is_in_both_halves_and_what_is_written_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run.json"
    items = {f"i{i}": _item(i) for i in range(200)}
    model = {"name": "some", "sha256": "f" * 64}
    run.write_text(json.dumps({"model": model, "items": items}))
    monkeypatch.setattr(calibrate, "DIRECTORY", tmp_path)
    monkeypatch.setattr("sys.argv", ["calibrate", str(run), "--write"])
    calibrate.main()
    fitted = Calibration.of("f" * 64, tmp_path)
    assert fitted.answer.weights["support"] > 0 and math.isfinite(fitted.answer.bias)
    told = fitted.fitted["answer"]
    assert told["rows"] + told["other_rows"] == 200
    assert told["rows"] % 10 == 0  # whole documents: each of the twenty has ten questions


def _item(i: int) -> dict[str, Any]:
    signals = dict.fromkeys(calibrate.ANSWER, 0.5) | {"support": 0.9 - 0.6 * (i % 3 != 0)}
    outcome = {"signals": signals, "draft": "In 1999."}
    return {
        "set": "qa_squad2",
        "context_doc_id": f"squad-Document-{i // 10}-{i}",
        "answerable": i % 2 == 0,
        "outcomes": {"dateline": outcome},
    }
