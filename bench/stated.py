"""What texts state of themselves: `python -m bench.stated`, over the evaluation sets' corpora.

How many articles of each corpus are taken for English, for nothing and for another language, and
how many begin with an agency's line. `--show` prints what was found, for a person to read.
"""

import argparse
import random
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.retrieval import DATA, rows
from index.stated import agency_line, detected_language

MOST = 1500  # texts of a corpus


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="the evaluation sets")
    parser.add_argument("--show", action="store_true", help="print what was found")
    arguments = parser.parse_args()
    console = Console()
    table = Table("corpus", "texts", "English", "unsure", "other", "agency lines", box=None)
    for path in sorted(arguments.data.glob("corpus_*.jsonl")):
        texts = [row["text"] for row in rows(path) if row["text"].strip()]
        texts = random.Random(0).sample(texts, min(MOST, len(texts)))
        languages = Counter(map(detected_language, texts))
        lines = [(agency_line(text), text) for text in texts]
        found = [(stated, text) for stated, text in lines if stated != (None, None)]
        others = len(texts) - languages["en"] - languages[None]
        counts = (len(texts), languages["en"], languages[None], others, len(found))
        table.add_row(path.stem, *map(str, counts))
        if arguments.show:
            for stated, text in found:
                console.print(stated, " ".join(text[:100].split()), markup=False)
    console.print(table)


if __name__ == "__main__":
    main()
