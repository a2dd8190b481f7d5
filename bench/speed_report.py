"""What bench/speed.py found, as a table and plots in `docs/`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
BEGIN, END = "<!-- measured: make bench -->", "<!-- end of what was measured -->"


@dataclass(frozen=True)
class Row:
    """What a figure says. `unit` is that of a figure which is no ratio. It is held against its
    bounds where at least `least` were measured.
    """

    says: str
    against: str
    must: float | None = None
    aim: float | None = None
    unit: str = ""
    at_least: bool = False
    least: int = 1

    def mark(self, value: float, number: int) -> str:
        def met(bound: float) -> bool:
            return value >= bound if self.at_least else value <= bound

        if self.must is None or self.aim is None:
            return ""
        if number < self.least:
            return "too few"
        return "aim" if met(self.aim) else "must" if met(self.must) else "**missed**"

    def shown(self, value: float) -> str:
        return f"{_short(value)}{f' {self.unit}' if self.unit else ''}"


STOCK = "stock"
ALIKE = "llama-bench, weights in the same order"
ROWS = {
    "cold": Row("cold question (article never asked about), p50", STOCK, 0.7, 0.5),
    "next": Row("next question on the same article, p50", STOCK, 0.3, 0.15),
    "again": Row("the same question again, p50", STOCK, 0.02, 0.005),
    "named cold": Row("cold question, its article named in the request, p50", STOCK),
    "named next": Row("next question on it, likewise, p50", STOCK),
    # Of the rows with so few, the only one whose figures are of one answer each.
    "stream": Row(
        "first verified sentence, answers of three or more",
        "our own full answer",
        0.5,
        0.4,
        least=5,
    ),
    "crowd": Row("8 clients at once, questions on one article, all answered", STOCK, 0.3, 0.2),
    "crowd alone": Row("the same", "ours one after another", 0.85, 0.65),
    "crowd wait": Row("8 clients at once, questions on one article, a client's mean wait", STOCK),
    "strangers": Row("8 clients at once, eight articles, all cold", STOCK, 0.75, 0.5),
    "strangers wait": Row("the same, a client's mean wait", STOCK),
    "engine": Row("engine alone, 8 clients, eight articles", "llama_cpp.server", 0.9, 0.7),
    "engine shared": Row("engine alone, 8 clients, one article", "llama_cpp.server", 0.9, 0.7),
    "prefill": Row("prefill, one sequence, 512 tokens", "llama-bench", 0.95, 0.98, at_least=True),
    "decode": Row("decode, one sequence, 64 tokens", "llama-bench", 0.95, 0.98, at_least=True),
    "prefill alike": Row("prefill, likewise", ALIKE, 0.95, 0.98, at_least=True),
    "decode alike": Row("decode, likewise", ALIKE, 0.95, 0.98, at_least=True),
    "memory": Row("resident memory after the same questions", STOCK, 0.6, 0.5),
    "flat": Row("its growth over 2,000 requests, from the 200th on", "", 0.05, 0.05),
    "cancel": Row("a client leaves: its sequence is gone, longest of 100", "", 800, 400, "ms"),
    "gone": Row("of these gone, and the others went on", "", 100, 100, "of 100", True),
    "gap": Row("longest between two tokens while others prefill", "", 1, 0.6, "s"),
    "/livez": Row("process start to `/livez`, warm page cache", "", 2, 1, "s"),
    "/readyz": Row("process start to `/readyz`, likewise", "", 6, 4, "s"),
}


def figures(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {k: row for part in results["parts"].values() for k, row in part["rows"].items()}
    return {key: found[key] for key in ROWS if key in found}


def table(results: dict[str, Any]) -> str:
    lines = ["| | against | figure | must | aim | met | ours | theirs | n |", "|---" * 9 + "|"]
    for key, found in figures(results).items():
        row, unit = ROWS[key], found.get("unit", "")
        both = [f"{_short(found[w])} {unit}" if w in found else "" for w in ("ours", "theirs")]
        bounds = ["" if b is None else row.shown(b) for b in (row.must, row.aim)]
        cells = [row.says, row.against, row.shown(found["value"]), *bounds]
        cells += [row.mark(found["value"], found["n"]), *both, str(found["n"])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def profile(results: dict[str, Any]) -> str:
    """Where the time of an answer goes, beside what its tokens cost at the least."""
    asks = results["parts"].get("asks")
    if not asks:
        return ""
    rows = [key for key in ("cold", "next", "named cold", "named next") if key in asks["profile"]]
    lines = ["| mean answer | " + " | ".join(rows) + " |", "|---" * (1 + len(rows)) + "|"]
    means = [asks["profile"][key] for key in rows]
    stages = [s for s in means[0]["ms"] if s != "total"]
    for stage in [*stages, "total"]:
        lines.append(_line(f"{stage}, s", [mean["ms"][stage] / 1000 for mean in means]))
    for what in ("tokens read", "tokens found in the cache", "tokens written"):
        lines.append(_line(what, [mean[what] for mean in means]))
    for what, each in bounds(results).items():
        lines.append(_line(what, [mean_of * each for mean_of in _tokens(means, what)]))
    return "\n".join(lines)


def bounds(results: dict[str, Any]) -> dict[str, float]:
    """Seconds a token, by what it is: at the speed that was measured, and by arithmetic alone.

    The latter is what `bench.machine.costs` says a token costs, by what the machine reached.
    """
    machine = results["parts"]["asks"]["machine"]  # while the answers were made
    read, written = results["costs"].values()
    least = {
        "reading by arithmetic, s": read / (1e9 * machine["int8, billion multiply-adds/s"]),
        "writing by arithmetic, s": written / (1e9 * machine["memory, GB read/s"]),
    }
    tool = figures(results)
    measured = {
        f"{does} at the rate of one sequence, s": 1 / tool[kind]["ours"]
        for kind, does in (("prefill", "reading"), ("decode", "writing"))
        if kind in tool
    }
    return measured | least


def _tokens(means: list[dict[str, Any]], what: str) -> Iterator[float]:
    kind = "tokens read" if what.startswith("reading") else "tokens written"
    return (mean[kind] for mean in means)


def _line(what: str, values: list[float]) -> str:
    return f"| {what} | {' | '.join(map(_short, values))} |"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def write(results: dict[str, Any], *, default: bool) -> None:
    """The table in docs/speed.md between its marks, and the plots. Of the default model only."""
    if not default:
        return
    parts = results["parts"]
    machine = ", ".join(
        _spread(name, parts.values()) for name in next(iter(parts.values()))["machine"]
    )
    dates = sorted({part["date"] for part in parts.values()})
    text = "\n\n".join(
        [
            f"Measured on {' and '.join(dates)} with {results['model']}. Machine: {machine}"
            " (measured before each run of some parts).",
            table(results),
            profile(results),
        ]
    )
    path = DOCS / "speed.md"
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    whole = path.read_text(encoding="utf-8")
    path.write_text(
        pattern.sub(lambda _: f"{BEGIN}\n{text.strip()}\n{END}", whole), encoding="utf-8"
    )
    _plots(results)


def _spread(name: str, parts: Iterable[dict[str, Any]]) -> str:
    """A fact of the machine, from the least to the most that it was."""
    values = sorted({part["machine"][name] for part in parts if part["machine"].get(name)})
    return f"{name} {' to '.join(str(v) for v in dict.fromkeys((values[0], values[-1])))}"


def _plots(results: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "dateline", "font.size": 9, "axes.spines.top": False}
    matplotlib.rcParams |= {"axes.spines.right": False, "figure.constrained_layout.use": True}
    from matplotlib import pyplot

    found = figures(results)
    ratios = [key for key in found if found[key].get("theirs") and not ROWS[key].at_least]
    figure, axes = pyplot.subplots(figsize=(8, 0.4 * len(ratios) + 1))
    for place, key in enumerate(reversed(ratios)):
        row = ROWS[key]
        axes.barh(place, found[key]["value"], color="#4878a8", height=0.6)
        for bound, style in ((row.must, "-"), (row.aim, ":")):
            if bound is not None:
                axes.plot([bound] * 2, [place - 0.4, place + 0.4], style, color="#b04030")
    axes.set_yticks(
        range(len(ratios)), [f"{ROWS[k].says}\nvs {ROWS[k].against}" for k in reversed(ratios)]
    )
    axes.axvline(1, color="#888888", linewidth=0.8)
    axes.set_xlabel("ours / theirs, less is faster (red: must, dotted: aim)")
    _save(figure, "speed-ratios.svg")

    if memory := results["parts"].get("memory"):
        samples = memory["samples"]
        figure, axes = pyplot.subplots(figsize=(8, 2.5))
        places = [n * samples["requests"] for n in range(len(samples["MB"]))]
        axes.plot(places, samples["MB"], color="#4878a8", label="Dateline")
        axes.axhline(found["memory"]["theirs"], color="#b04030", label=STOCK)
        axes.set(ylim=(0, None), xlabel="requests", ylabel="resident MB")
        axes.legend(frameon=False)
        _save(figure, "speed-memory.svg")

    if asks := results["parts"].get("asks"):
        figure, axes = pyplot.subplots(figsize=(8, 2.5))
        rows = [key for key in asks["profile"] if key != "again"]
        stages = [s for s in asks["profile"][rows[0]]["ms"] if s != "total"]
        left = [0.0] * len(rows)
        for stage in stages:
            spent = [asks["profile"][key]["ms"][stage] / 1000 for key in rows]
            axes.barh(rows, spent, left=left, label=stage, height=0.6)
            left = [a + b for a, b in zip(left, spent, strict=True)]
        axes.invert_yaxis()
        axes.set_xlabel("seconds of the mean answer, by stage")
        axes.legend(frameon=False, ncols=len(stages))
        _save(figure, "speed-profile.svg")


def _save(figure: Any, name: str) -> None:
    from matplotlib import pyplot

    figure.savefig(DOCS / name, metadata={"Date": None})
    pyplot.close(figure)
