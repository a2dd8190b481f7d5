"""The child process that tries Chroma's files: `python -m index.trial DIRECTORY SECONDS`.

Sends all that they hold to standard output, for the parent to compare. It ends well only if they
can be read, searched and written to; they may as well crash or hang it.
"""

import json
import math
import shutil
import signal
import sqlite3
import struct
import sys
from contextlib import closing
from pathlib import Path

import numpy as np

from index.vectors import ROOM_TO_REMOVE, batches, opened

PROBE = "0"  # no passage has this id

# hnswlib's header.bin, as Chroma writes it.
HEADER = struct.Struct("<I 6Q i I 3Q d Q")


def main(path: Path, seconds: int) -> None:
    """Raises ValueError, or what Chroma raises, where something is wrong."""
    signal.alarm(seconds)  # whatever it hangs in, and also when the parent is gone
    with closing(sqlite3.connect(path / "chroma.sqlite3")) as db:
        expect(db.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",), "SQLite's pages")
    for header in path.glob("*/header.bin"):
        check_graph(header.parent)
    client, collection = opened(path, "")
    ids = collection.get(include=[])["ids"]
    expect(len(ids) == collection.count(), "the count")
    vectors = np.empty((0, 0), np.float32)
    for batch in batches(ids):
        got = collection.get(ids=list(batch), include=["embeddings", "metadatas"])
        vectors = np.asarray(got["embeddings"], np.float32)
        head = json.dumps([got["ids"], got["metadatas"], vectors.shape[1]])
        sys.stdout.buffer.write(head.encode() + b"\n" + vectors.tobytes())
    if ids:
        last = vectors[-1:]
        # All of them at once is a search that visits the whole graph.
        found = collection.query(query_embeddings=last, n_results=len(ids), include=[])["ids"][0]
        expect(set(found) <= set(ids), "the passages found")
    if ids and shutil.disk_usage(path).free > ROOM_TO_REMOVE:
        # A number that is wrong may make Chroma ignore what is written.
        collection.upsert(ids=[PROBE], embeddings=-last)
        expect(collection.query(query_embeddings=-last, n_results=1)["ids"] == [[PROBE]], "a write")
        collection.delete(ids=[PROBE])
        expect(collection.count() == len(ids), "a delete")
    client.close()
    sys.stdout.flush()


def expect(right: bool, what: str) -> None:
    if not right:
        raise ValueError(f"{what}: not as it should be")


def check_graph(folder: Path) -> None:
    """Whether every link of the graph leads to a node on its level: Chroma follows them unseen.

    Malkov & Yashunin 2020 (HNSW). `data_level0.bin` has a record for each node: how many links,
    the links, the vector, the label; `link_lists.bin` the links of the levels above, if any.
    """
    header = (folder / "header.bin").read_bytes()
    expect(len(header) == HEADER.size, "the header's size")
    version, start, capacity, count, stride, label_at, vector_at, *more = HEADER.unpack(header)
    top, entry, most, most_below, neighbours, factor, _ = more
    expect((version, start, most, most_below) == (1, 0, neighbours, 2 * neighbours), "the header")
    expect(1 < neighbours < 1000 and math.isclose(factor, 1 / math.log(neighbours)), "the factor")
    expect(vector_at == 4 + 4 * most_below and vector_at < label_at == stride - 8, "the record")
    expect(count <= capacity <= 4 * count + 4096, "the capacity")
    data = np.fromfile(folder / "data_level0.bin", np.uint8)
    expect(len(data) >= count * stride, "the records' size")
    records = data[: count * stride].reshape(count, stride)

    def numbers(
        begin: int, end: int, kind: str
    ) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
        return np.ascontiguousarray(records[:, begin:end]).view(kind).astype(np.int64)

    degrees = numbers(0, 4, "<u4") & 0xFFFF
    used = np.arange(most_below) < degrees
    expect(bool((degrees <= most_below).all()), "the degrees")
    expect(bool((numbers(4, vector_at, "<u4")[used] < count).all()), "the links")
    expect(len(np.unique(numbers(label_at, stride, "<u8"))) == count, "the labels")

    above = (folder / "link_lists.bin").read_bytes()
    size, at = 4 + 4 * most, 0
    levels = np.zeros(count, np.int64)
    links: list[tuple[int, tuple[int, ...]]] = []
    for node in range(count):
        (length,) = struct.unpack_from("<I", above, at)
        at += 4
        levels[node], rest = divmod(length, size)
        expect(rest == 0 and at + length <= len(above), "the levels' size")
        for level in range(1, int(levels[node]) + 1):
            (degree,) = struct.unpack_from("<H", above, at)
            expect(degree <= most, "the levels' degrees")
            links.append((level, struct.unpack_from(f"<{degree}I", above, at + 4)))
            at += size
    if count:
        expect(entry < count and levels[entry] == levels.max() == top, "the entry")
    for level, nodes in links:
        expect(all(node < count and levels[node] >= level for node in nodes), "the levels' links")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
