"""What a newcomer waits for: `python -m bench.timing`.

Starts the service on an index of the example articles, in a process of its own, and prints the
seconds to `/livez` and `/readyz`, of a cold answer, of the next question on the same article and of
the same question again, and the service's resident memory.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from rich.console import Console

from bench.golden import ARTICLES

QUESTIONS = {
    "a cold answer": "What did the two ministers sign?",
    "the next question on the same article": "Who travelled to Baghdad?",
    "the same question again": "Who travelled to Baghdad?",
}


def main() -> None:
    console = Console()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).parent / "dateline")]
    with tempfile.TemporaryDirectory() as directory:
        environment = os.environ | {"DATELINE_DATA_DIR": directory}
        subprocess.run(
            [*command, "add", str(ARTICLES)], env=environment, check=True, capture_output=True
        )
        start = time.monotonic()
        service = subprocess.Popen(
            [*command, "serve", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL
        )
        figures: dict[str, float] = {}
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                for path in ("/livez", "/readyz"):
                    _until_ok(client, path)
                    figures[f"start to {path}, s"] = time.monotonic() - start
                for name, question in QUESTIONS.items():
                    asked = time.monotonic()
                    reply = client.post("/v1/answers", json={"question": question}, timeout=600)
                    reply.raise_for_status()
                    figures[f"{name}, s"] = time.monotonic() - asked
            status = Path(f"/proc/{service.pid}/status").read_text()
            for field in ("VmRSS", "RssAnon"):
                found = re.search(rf"{field}:\s+(\d+) kB", status)
                figures[f"{field}, MB"] = int(found[1]) / 1024 if found else 0
        finally:
            service.send_signal(signal.SIGINT)
            service.wait()
    console.print_json(json.dumps({name: round(value, 2) for name, value in figures.items()}))


def _until_ok(client: httpx.Client, path: str) -> None:
    while True:
        try:
            if client.get(path).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)


if __name__ == "__main__":
    main()
