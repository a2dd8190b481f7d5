"""A short form of `make faults`: what a kill, damage, a full disk or a race may not do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("part", "size"),
    [("kill", ("--trials", "8")), ("damage", ("--mutations", "6")), ("race", ("--races", "10"))],
)
def test_nothing_is_lost_and_nothing_dies(part: str, size: tuple[str, str]) -> None:
    # Its processes are forks, for which this one has too many threads.
    done = bench("--only", part, *size)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split("\n all ")[1].split()[0]) >= int(size[1])


def test_a_full_disk_loses_nothing() -> None:
    done = bench("--only", "full", "--rounds", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    if "skipped" in done.stdout:
        pytest.skip(done.stdout.splitlines()[0])


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bench.faults", *arguments, "--seed", str(os.getpid())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
