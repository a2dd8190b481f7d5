"""Figures: what outcomes come to, with their intervals, and the change from an earlier run.

docs/evaluation.md says what each figure means.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from service.checks import SUPPORTED
from service.evaluation import (
    BRIEF,
    EvaluationSet,
    Kind,
    Outcome,
    Outcomes,
    Row,
    System,
    accepted,
    is_yes_no,
    positive,
    run,
    said_of,
    samples,
)
from service.scoring import (
    Numbers,
    Whole,
    auroc,
    balanced_accuracy,
    calibration_error,
    draws,
    first_word,
    has_end,
    interval,
    is_right,
    mean,
    recall,
    recall_of_all,
    refusal_curve,
)
from service.wording import names, stems, words

KINDS: tuple[Kind, ...] = ("questions", "claims", "briefings")
FALSE_REFUSALS = (0.1, 0.2)  # where the curve is told in short
NOISE, NEGATIVE = "positive+noise", "negative-only"
# Of QuAIL, the kinds of questions that a text answers by itself: its publishers' others are
# inferences (what somebody believes, how long something takes, what happens next).
STATED = frozenset("Factual Temporal_order Character_identity Causality Unanswerable".split())


@dataclass(frozen=True)
class View:
    """What makes a row of a table: items of one set, or of several, by their ids."""

    name: str
    kind: Kind
    items: dict[str, tuple[EvaluationSet, Row]]

    @property
    def positive(self) -> int:
        """How many are answerable, or supported."""
        return sum(bool(positive(row)) for _, row in self.items.values())

    @property
    def documents(self) -> int:
        if self.kind == "claims":
            return len({row["doc_id"] for _, row in self.items.values()})
        sets = {chosen.name: len(chosen.articles) for chosen, _ in self.items.values()}
        return sum(sets.values())


def views(samples: Sequence[tuple[EvaluationSet, list[Row]]]) -> list[View]:
    """A view for each set; one for RGB's two variants that belong together, as one threshold has
    to serve both; one for QuAIL's questions that a text answers by itself.
    """
    found: list[View] = []
    plain: dict[str, View] = {}
    for chosen, rows in samples:
        view = View(chosen.name, chosen.kind, {row["id"]: (chosen, row) for row in rows})
        plain[view.name] = view
        found.append(view)
        stated = {i: v for i, v in view.items.items() if v[1].get("question_type") in STATED}
        if 0 < len(stated) < len(view.items):
            found.append(View(f"{view.name}: stated", view.kind, stated))
    for name, view in plain.items():
        other = plain.get(name.replace(NOISE, NEGATIVE))
        if NOISE in name and other:
            joined = name.replace(NOISE, f"{NOISE}, {NEGATIVE}")
            found.append(View(joined, view.kind, view.items | other.items))
    return sorted(found, key=lambda view: KINDS.index(view.kind))


Columns = dict[str, Numbers]
Statistic = Callable[[Columns], float | None]


def _share(part: Numbers, whole: Numbers) -> float | None:
    return float(part.sum() / whole.sum()) if whole.sum() else None


def _mean_of(name: str) -> Statistic:
    return lambda columns: mean(columns[name])


MEANS = (
    "right",
    "yes_no_right",
    "token_recall",
    "refused",
    "false_refusals",
    "cited",
    "citation_recall",
    "citation_precision",
    "exact",
    "uncited",
    "found",
)
BRIEFED = ("rouge_1", "facts", "length_kept", "sentences", "refused", "exact", "uncited")
STATISTICS: dict[str, dict[str, Statistic]] = {
    "questions": {
        **{name: _mean_of(name) for name in MEANS},
        "auroc": lambda c: auroc(c["confidence"], c["answerable"]),
        "calibration_error": lambda c: calibration_error(c["confidence"], c["draft_right"]),
    },
    "claims": {
        "auroc": lambda c: auroc(c["least"], c["supported"]),
        "auroc_mean_of_sentences": lambda c: auroc(c["mean"], c["supported"]),
        "auroc_reading_alone": lambda c: auroc(c["reading"], c["supported"]),
        "auroc_words_alone": lambda c: auroc(c["coverage"], c["supported"]),
        "balanced_accuracy": lambda c: balanced_accuracy(c["least"], c["supported"], SUPPORTED),
        "auroc_fast": lambda c: auroc(c["fast"], c["supported"]),
        "balanced_accuracy_fast": lambda c: balanced_accuracy(c["fast"], c["supported"], SUPPORTED),
    },
    "briefings": {
        "supported": lambda c: _share(c["sentences_supported"], c["sentences_checked"]),
        **{name: _mean_of(name) for name in BRIEFED},
    },
}
COUNTS = {"calibration_error": "draft_right"}  # the column whose items a figure counts


def scores(chosen: EvaluationSet, row: Row, outcome: Outcome) -> dict[str, float | None]:
    """What an item counts in each figure; None where it does not count."""
    if chosen.kind == "claims":
        return _claim_scores(row, outcome)
    if chosen.kind == "briefings":
        return _briefing_scores(row, outcome)
    answers, asked = accepted(row), bool(row["answerable"])
    yes_no = asked and is_yes_no(row)
    answered, answer = bool(outcome.get("answered")), str(outcome.get("answer", ""))

    def right(text: str) -> bool:
        return (
            is_right(text, answers) if not yes_no else first_word(text) in map(first_word, answers)
        )

    counted: dict[str, float | None] = {
        "answerable": asked,
        "confidence": outcome.get("confidence", 0.0 if "error" in outcome else None),
        "seconds": outcome.get("seconds"),
    }
    draft = answer if answered else str(outcome.get("draft", ""))  # what is said, or would be
    if asked:
        counted["false_refusals"] = not answered
        counted["yes_no_right" if yes_no else "right"] = answered and right(answer)
        if not yes_no:
            best = max((recall(answer, a) for a in answers), default=0.0)
            counted["token_recall"] = best if answered else 0.0
        gold = {chosen.names.get(g) for g in row["gold_doc_ids"]}
        if gold and "read" in outcome:
            counted["found"] = bool(gold & set(outcome["read"]))
    else:
        counted["refused"] = not answered and "error" not in outcome
    if not yes_no:
        counted["draft_right_or_none"] = asked and right(draft)
        if draft and counted["confidence"] is not None:
            counted["draft_right"] = asked and right(draft)
    if answered:
        counted["words"] = len(answer.split())
    if answered and "citations" in outcome:
        counted |= _citation_scores(outcome)
        if counted.get("right"):
            cited = " ".join(s for c in outcome["citations"] for s in c["sources"])
            counted["cited"] = is_right(cited, answers)
    return {k: None if v is None else float(v) for k, v in counted.items()}


def _citation_scores(outcome: Outcome) -> dict[str, float | None]:
    """ALCE's citation recall and precision (Gao et al. 2023), with our own check as the judge."""
    citations = outcome["citations"]
    recalls, precisions = [], []
    for c in citations:
        joint = c["joint"] >= SUPPORTED
        recalls.append(joint)
        if not c["alone"]:
            precisions.append(joint)
        for alone, without in zip(c["alone"], c["without"], strict=True):
            precisions.append(joint and (alone >= SUPPORTED or without < SUPPORTED))
    return {
        "exact": outcome["exact"],
        "uncited": outcome["uncited"],
        "citations": float(len(precisions)),
        "words_cited": float(
            np.mean([sum(len(s.split()) for s in c["sources"]) for c in citations] or [0])
        ),
        "citation_recall": float(np.mean(recalls)) if recalls else None,
        "citation_precision": float(np.mean(precisions)) if precisions else None,
    }


def _claim_scores(row: Row, outcome: Outcome) -> dict[str, float | None]:
    checked = [s for s in outcome.get("sentences", []) if s["label"] != "not_checkable"]
    # It raised, or there was nothing to check: not supported.
    nothing = {"score": 0.0, "entailment": 0.0, "coverage": 0.0, "fast": 0.0}
    sentences = checked or [nothing]
    return {
        "supported": float(bool(positive(row))),
        "least": min(s["score"] for s in sentences),
        "mean": float(np.mean([s["score"] for s in sentences])),
        "reading": min(s["entailment"] for s in sentences),
        "coverage": min(s["coverage"] for s in sentences),
        "fast": min((s["fast"] for s in sentences if "fast" in s), default=None),
        "sentences": float(len(checked)),
        "seconds": outcome.get("seconds"),
        "sentence_seconds": _each(outcome.get("seconds"), checked),
        "fast_sentence_seconds": _each(outcome.get("fast_seconds"), checked),
    }


def _each(seconds: float | None, sentences: Sequence[object]) -> float | None:
    return seconds / len(sentences) if seconds is not None and sentences else None


def _briefing_scores(row: Row, outcome: Outcome) -> dict[str, float | None]:
    """Of a briefing that is refused: no sentence, and nothing of what it should say."""
    text = str(outcome.get("briefing", ""))
    checked = [s["label"] for s in outcome.get("sentences", []) if s["label"] != "not_checkable"]
    references = [summary["text"] for summary in row["summaries"]]
    counted: dict[str, float | None] = {
        "refused": not text,
        "rouge_1": recall_of_all(text, references),
        "facts": _facts_found(text, references, row["source_text"]),
        "sentences_supported": checked.count("supported"),
        "sentences_checked": len(checked),
        "seconds": outcome.get("seconds"),
    }
    if text:
        size = len(text.split())
        counted |= {
            "length_kept": size <= BRIEF and has_end(text),
            "sentences": len(outcome.get("sentences", [])),
            "words": size,
            "exact": outcome.get("exact"),
            "uncited": outcome.get("uncited"),
        }
    return {k: None if v is None else float(v) for k, v in counted.items()}


def _facts_found(text: str, references: Iterable[str], article: str) -> float | None:
    """Of the words of names, and the numbers, of all references the share that the text has."""
    common = frozenset(word.text for word in words(article) if word.text[0].islower())
    found, total, there = 0, 0, stems(text)
    for reference in references:
        numbers = (word for word in words(reference) if word.is_number)
        wanted = {word.stem for word in (*names(reference, common=common), *numbers)}
        found, total = found + len(wanted & there), total + len(wanted)
    return found / total if total else None


COLUMNS = {
    "questions": (
        *MEANS,
        "answerable",
        "confidence",
        "draft_right",
        "draft_right_or_none",
        "words",
        "words_cited",
        "citations",
        "seconds",
    ),
    "claims": (
        *("supported", "least", "mean", "reading", "coverage", "fast", "sentences", "seconds"),
        *("sentence_seconds", "fast_sentence_seconds"),
    ),
    "briefings": (*BRIEFED, "sentences_supported", "sentences_checked", "words", "seconds"),
}


def columns(kind: Kind, scored: Sequence[dict[str, float | None]]) -> Columns:
    """Item by item what each counts, as arrays; NaN where it does not count."""
    return {
        name: np.array([_number(item.get(name)) for item in scored], np.float64)
        for name in COLUMNS[kind]
    }


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _picked(data: Columns, positions: Whole) -> Columns:
    return {name: values[positions] for name, values in data.items()}


def _group(row: Row) -> object:
    """What is drawn as one, as its items are not independent: those on one document. Where
    questions have several documents (MultiHop-RAG), those on the same ones; of a question's
    variants (RGB), which have documents of its own, all.
    """
    if document := row.get("doc_id") or row.get("context_doc_id"):
        return document
    if "variant" in row:
        return row["question"]
    return tuple(sorted(row.get("gold_doc_ids", []))) or row["id"]


def _statistics(kind: Kind, data: Columns) -> dict[str, float]:
    """Those that there are items for."""
    found = {name: statistic(data) for name, statistic in STATISTICS[kind].items()}
    return {name: value for name, value in found.items() if value is not None}


def figures(view: View, outcomes: Mapping[str, Outcome], seed: int) -> dict[str, Any]:
    """What one system's outcomes, by id, come to over the view's items.

    Each figure has its value, how many items it counts and its 95 % bootstrap interval.
    """
    made = {i: outcomes[i] for i in view.items}
    scored = {i: scores(*view.items[i], made[i]) for i in made}
    data = columns(view.kind, list(scored.values()))
    groups = {i: _group(row) for i, (_, row) in view.items.items()}
    samples = draws(list(groups.values()), seed=seed)
    values, resampled = (
        _statistics(view.kind, data),
        [_statistics(view.kind, _picked(data, sample)) for sample in samples],
    )
    told: dict[str, Any] = {
        "figures": {
            name: {
                "value": value,
                "items": int((~np.isnan(data[counts])).sum()) if counts in data else len(scored),
                "interval": interval(other.get(name) for other in resampled),
            }
            for name, value in values.items()
            for counts in [COUNTS.get(name, name)]
        },
        "seconds": _spread(data["seconds"]),
        "kept": sum(bool(o.get("kept")) for o in made.values()),  # theirs are of an earlier run
        "stages": _stages(made.values()),
        "groups": groups,
        "errors": [o["error"] for o in made.values() if "error" in o],
        "scores": scored,
    }
    if view.kind == "claims":
        told["sentence_seconds"] = _spread(data["sentence_seconds"])
        told["fast_sentence_seconds"] = _spread(data["fast_sentence_seconds"])
    else:
        told["words"] = _spread(data["words"])
    if view.kind == "questions":
        told["words_cited"] = _spread(data["words_cited"])
        told["citations"] = _spread(data["citations"])
        if not np.isnan(data["confidence"]).any():
            curve = refusal_curve(
                data["confidence"], data["answerable"], data["draft_right_or_none"]
            )
            told["curve"] = curve
            told["at_false_refusals"] = {f"{most:g}": _at(curve, most) for most in FALSE_REFUSALS}
    return told


def _at(curve: list[dict[str, float]], most: float) -> dict[str, float] | None:
    """The point of most refusals among those of at most so many false ones."""
    within = [p for p in curve if p.get("false_refusals", 0) <= most and "refused" in p]
    return max(within, key=lambda point: point["threshold"], default=None)


def _spread(values: Numbers) -> dict[str, float]:
    counted = values[~np.isnan(values)]
    if not len(counted):
        return {}
    return {
        "mean": float(counted.mean()),
        "p50": float(np.percentile(counted, 50)),
        "p95": float(np.percentile(counted, 95)),
        "most": float(counted.max()),
    }


def _stages(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """Mean seconds of each stage of an answer."""
    timings = [o["timings_ms"] for o in outcomes if o.get("timings_ms")]
    stages = dict.fromkeys(stage for t in timings for stage in t if stage != "total")
    return {stage: float(np.mean([t.get(stage, 0) for t in timings])) / 1000 for stage in stages}


def compare(
    kind: Kind, now: dict[str, Any], before: dict[str, Any], seed: int
) -> dict[str, dict[str, Any]]:
    """Each figure's change from an earlier `figures`, over the items that both have.

    Paired: the interval is of the difference, both resampled alike. Where they share no item, the
    difference of the two values is given, without an interval.
    """
    common = [i for i in now["scores"] if i in before["scores"]]
    if not common:
        values = [{n: f["value"] for n, f in t["figures"].items()} for t in (now, before)]
        changes = _changes(*values)
        return {n: {"change": c, "items": 0, "interval": []} for n, c in changes.items()}
    ours = columns(kind, [now["scores"][i] for i in common])
    theirs = columns(kind, [before["scores"][i] for i in common])

    def changed(at: Whole) -> dict[str, float]:
        return _changes(*(_statistics(kind, _picked(data, at)) for data in (ours, theirs)))

    resampled = [changed(at) for at in draws([now["groups"][i] for i in common], seed=seed)]
    return {
        name: {
            "change": change,
            "items": len(common),
            "interval": interval(other.get(name) for other in resampled),
        }
        for name, change in changed(np.arange(len(common))).items()
    }


def _changes(now: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    return {name: now[name] - before[name] for name in now if name in before}


def evaluate(
    sets: Sequence[EvaluationSet],
    systems: Sequence[System],
    folder: Path,
    *,
    limit: int | None,
    seed: int,
    resume: bool,
    minutes: float = inf,
    step: Callable[[str, int], Callable[[], None]] = lambda what, items: lambda: None,
) -> dict[str, Any]:
    """Each system's figures on a sample of each set; the first system is the one in question.

    Outcomes are kept in `folder`; those of the other systems, which do not change, are taken from
    there where they are. `step` is told what comes next and of how many items, and gives what to
    call after each. Each set has an equal share of `minutes`; what is not asked by then counts
    nowhere. The report holds figures by view and system, and every item's outcomes.
    """
    end = time.monotonic() + 60 * minutes
    drawn = samples(sets, limit, seed)
    every = sum(len(rows) for _, rows in drawn)
    ours = systems[0]
    kept = {system.name: Outcomes(folder / f"{system.name}.jsonl") for system in systems}
    made: dict[str, dict[str, Outcome]] = {system.name: {} for system in systems}
    for i, (chosen, rows) in enumerate(drawn):
        now = time.monotonic()
        over = now + (end - now) / (len(drawn) - i)
        # The systems in turn, so that they find the machine alike.
        for system in systems if chosen.kind != "claims" else [ours]:
            until = over if system is ours else inf
            note = step(f"{system.name}: {chosen.name}", len(rows))
            again = resume or system is not ours
            outcomes = run(
                system, chosen, rows, kept[system.name], resume=again, until=until, note=note
            )
            if chosen.kind == "briefings":
                note = step(f"{system.name}: {chosen.name}, checked", len(outcomes))
                outcomes = _checked(ours, chosen, rows, outcomes, kept[ours.name], again, note)
            made[system.name] |= outcomes
            if system is ours:
                rows = [row for row in rows if row["id"] in outcomes]
                drawn[i] = chosen, rows
    drawn = [(chosen, rows) for chosen, rows in drawn if rows]
    told = []
    for view in views(drawn):
        asked = systems if view.kind != "claims" else [ours]
        by_system = {system.name: figures(view, made[system.name], seed) for system in asked}
        told.append(
            {
                "name": view.name,
                "kind": view.kind,
                "items": len(view.items),
                "positive": view.positive,
                "documents": view.documents,
                "systems": by_system,
                "over": {
                    other.name: compare(
                        view.kind, by_system[ours.name], by_system[other.name], seed
                    )
                    for other in asked[1:]
                },
            }
        )
    items = {
        row["id"]: {"set": chosen.name}
        | {key: value for key, value in row.items() if key not in ("documents", "source_text")}
        | {
            "outcomes": {
                name: found[row["id"]] for name, found in made.items() if row["id"] in found
            }
        }
        for chosen, rows in drawn
        for row in rows
    }
    unasked = every - len(items)
    return {"limit": limit, "seed": seed, "unasked": unasked, "sets": told, "items": items}


def _checked(
    judge: System,
    chosen: EvaluationSet,
    rows: Sequence[Row],
    outcomes: dict[str, Outcome],
    kept: Outcomes,
    again: bool,
    note: Callable[[], None],
) -> dict[str, Outcome]:
    """The briefings with what `judge` makes of their sentences, whichever system's they are."""
    claims = said_of(chosen, rows, outcomes)
    said = replace(chosen, kind="claims", rows=list(claims.values()), articles=[], names={})
    found = run(judge, said, said.rows, kept, resume=again, note=note)
    return {
        key: outcome
        | {k: v for k, v in found[claims[key]["id"]].items() if k in ("sentences", "error")}
        if key in claims
        else outcome
        for key, outcome in outcomes.items()
    }
