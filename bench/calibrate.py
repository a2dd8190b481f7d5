"""Fits how signals become probabilities: `python -m bench.calibrate RUN.json --write`.

RUN.json is what `dateline eval --json` wrote of SQuAD 2.0's questions (`qa_squad2`) or SummEdits'
claims (`faith_summedits_news`), or of both; what it holds neither of stays as it was. One half of
their documents is fitted, the other tells how well: no row of a document is in both. What the rows
hardly show stays near what it was before.
"""

import argparse
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from index.sentences import sentence_spans
from service.calibration import DIGITS, DIRECTORY, Calibration, Logistic, features
from service.scoring import auroc

ANSWER = ("answerable", "support", "unmet", "settled", "mended")
SUPPORT = ("entailment", "failed", "same", "reworded")
# L2, on how far a weight is from what it was: a half is some fifty rows.
PENALTY = 30.0


def fitted_half(document: str) -> bool:
    return hashlib.sha256(document.encode()).digest()[0] % 2 == 0


def logistic(x: np.ndarray, y: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights of the columns of `x`, and the bias, of least penalised log loss (Newton).

    What is penalised is how far they are from the weights `before`.
    """
    z = np.column_stack([x, np.ones(len(x))])
    penalty = np.diag([PENALTY] * x.shape[1] + [0.0])
    start = np.append(before, 0.0)
    w = start.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ w))
        gradient = z.T @ (p - y) + penalty @ (w - start)
        w -= np.linalg.solve((z.T * (p * (1 - p))) @ z + penalty, gradient)
    return w[:-1], float(w[-1])


def answer_rows(items: Iterable[dict[str, Any]]) -> list[tuple[str, dict[str, float], float]]:
    """Document, signals, and whether the question has an answer in the articles.

    Not whether this is it: SQuAD takes an answer for wrong that says less than its annotators did,
    which is no reason to refuse.
    """
    rows = []
    for item in items:
        outcome = item["outcomes"]["dateline"]
        if item["set"] == "qa_squad2" and "unmet" in (outcome.get("signals") or {}):
            document = item["context_doc_id"].rpartition("-")[0]
            rows.append((document, features(outcome["signals"]), float(item["answerable"])))
    return rows


def support_rows(items: Iterable[dict[str, Any]]) -> list[tuple[str, dict[str, float], float]]:
    """Document, signals, and whether the sentence is supported: where a summary is not, that is
    the fault of the sentences that were edited.
    """
    rows = []
    for item in items:
        if item["set"] != "faith_summedits_news":
            continue
        original = {
            s.of(item["original_summary"]) for s in sentence_spans(item["original_summary"])
        }
        for sentence in item["outcomes"]["dateline"]["sentences"]:
            supported = item["label"] == "consistent" or sentence["text"] in original
            signals = {
                "entailment": sentence["entailment"],
                "failed": float(len(sentence["failed"])),
            }
            if (same := sentence.get("rewording")) is not None:
                signals |= {"same": same, "reworded": 1.0}
            rows.append((item["doc_id"], features(signals), float(supported)))
    return rows


def fit(
    rows: list[tuple[str, dict[str, float], float]], names: tuple[str, ...], before: Logistic
) -> dict[str, Any]:
    """Coefficients from one half of the documents, and what they come to on the other."""
    x = np.array([[signals.get(name, 0.0) for name in names] for _, signals, _ in rows])
    y = np.array([right for *_, right in rows])
    ours = np.array([fitted_half(document) for document, *_ in rows])
    if len(set(y[ours])) < 2:
        raise SystemExit(
            "All rows of the half that is fitted are of one kind: evaluate more items."
        )
    weights, bias = logistic(x[ours], y[ours], np.array([before.weights[n] for n in names]))
    told = {"rows": int(ours.sum()), "other_rows": int((~ours).sum())}
    for half, name in ((ours, "auroc"), (~ours, "other_auroc")):
        told[name] = round(float(auroc(x[half] @ weights + bias, y[half]) or np.nan), 3)
    return {
        "bias": round(bias, 4),
        "weights": {n: round(float(w), 4) for n, w in zip(names, weights, strict=True)},
        "told": told,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true", help="keep the coefficients")
    arguments = parser.parse_args()
    told = [json.loads(run.read_text(encoding="utf-8")) for run in arguments.run]
    items = [item for run in told for item in run["items"].values()]
    fallback = Calibration.of("")
    parts = {
        name: fit(rows, names, before)
        for name, rows, names, before in (
            ("answer", answer_rows(items), ANSWER, fallback.answer),
            ("support", support_rows(items), SUPPORT, fallback.support),
        )
        if rows
    }
    sha256 = told[0]["model"]["sha256"]
    before = Calibration.of(sha256).model_dump()
    before["fitted"].pop("with", None)  # of the fallback
    made = before | {"fitted": before["fitted"] | {"model": told[0]["model"]["name"]}}
    for name, part in parts.items():
        made["fitted"][name] = part.pop("told")
        made[name] = part
    lines = ["# Written by bench/calibrate.py.", "", "[fitted]"]
    lines += [f"{name} = {_toml(value)}" for name, value in made.pop("fitted").items()]
    for name, part in made.items():
        lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in part.items())]
    text = "\n".join(lines) + "\n"
    print(text)  # noqa: T201
    if arguments.write:
        (DIRECTORY / f"{sha256.removeprefix('sha256:')[:DIGITS]}.toml").write_text(
            text, encoding="utf-8"
        )


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(v)}" for name, v in value.items()) + " }"
    return json.dumps(value)


if __name__ == "__main__":
    main()
