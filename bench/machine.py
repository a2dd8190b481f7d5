"""What the machine can do, and llama.cpp's own benchmark tool on it."""

import json
import os
import platform
import re
import struct
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import onnxruntime
import platformdirs
from gguf import GGUFReader

GIGA = 1e9
LIBRARIES = Path(llama_cpp.__file__).parent / "lib"


def facts(threads: int) -> dict[str, Any]:
    """Name and cores, and what `threads` threads reach in a second."""
    found = None
    if (info := Path("/proc/cpuinfo")).exists():
        found = re.search(r"model name\s*: (.*)", info.read_text())
    return {
        "processor": found[1] if found else platform.processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "system": " ".join([platform.system(), platform.machine(), *platform.libc_ver()]),
        "python": platform.python_version(),
        "llama-cpp-python": version("llama-cpp-python"),
        "memory, GB read/s": round(_bandwidth(threads) / GIGA, 1),
        "int8, billion multiply-adds/s": round(_int8(threads) / GIGA, 1),
        "float32, billion multiply-adds/s": round(_float32(threads) / GIGA, 1),
    }


def _best(run: Callable[[], object], times: int = 5) -> float:
    """The shortest of some runs, in seconds: what the machine can do where it is left alone."""
    run()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def _bandwidth(threads: int) -> float:
    """Bytes read a second: each thread multiplies two vectors that no cache holds."""
    vectors = [np.ones((2, 1 << 24), np.float32) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        taken = _best(lambda: list(pool.map(lambda pair: np.dot(*pair), vectors)))
    return sum(pair.nbytes for pair in vectors) / taken


def _float32(threads: int, size: int = 1536) -> float:
    left, right = np.ones((2, size, size), np.float32)
    return size**3 / _best(lambda: left @ right)


def _int8(threads: int, size: int = 1536) -> float:
    """ONNX Runtime's product of two matrices of 8-bit integers."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(_product_of_integers(), options)
    left = np.ones((size, size), np.uint8)
    return size**3 / _best(lambda: session.run(None, {"a": left, "b": left.view(np.int8)}))


def _product_of_integers() -> bytes:
    """An ONNX model, y = MatMulInteger(a, b), as its protobuf bytes: the onnx package is not needed
    for more than this."""

    def field(number: int, value: bytes | int) -> bytes:
        if isinstance(value, int):
            return struct.pack("BB", number << 3, value)
        return struct.pack("BB", number << 3 | 2, len(value)) + value

    def matrix(name: bytes, element: int) -> bytes:  # ValueInfoProto, of two unknown dimensions
        shape = field(1, field(2, b"m")) + field(1, field(2, b"n"))
        return field(1, name) + field(2, field(1, field(1, element) + field(2, shape)))

    node = field(1, b"a") + field(1, b"b") + field(2, b"y") + field(4, b"MatMulInteger")
    graph = field(1, node) + field(2, b"g") + field(11, matrix(b"a", 2))
    graph += field(11, matrix(b"b", 3)) + field(12, matrix(b"y", 6))
    return field(1, 8) + field(7, graph) + field(8, field(1, b"") + field(2, 13))


def costs(path: Path) -> dict[str, int]:
    """What a token of this model costs at the least: multiply-adds where it is read, of each
    parameter between the embedding, which is looked up, and the output, which only a prompt's last
    token needs; bytes where it is written, of all tensors but the embedding.
    """
    tensors = {t.name: t for t in GGUFReader(path).tensors}
    ends = {"token_embd.weight", "output.weight"} & tensors.keys()
    looked_up = ends - {"output.weight"} if len(ends) == 2 else set()  # else it is both
    return {
        "multiply-adds a token read": sum(
            int(t.n_elements) for name, t in tensors.items() if name not in ends
        ),
        "bytes a token written": sum(
            int(t.n_bytes) for name, t in tensors.items() if name not in looked_up
        ),
    }


def resident_mb(pid: int | str = "self", what: str = "VmRSS") -> float:
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 / 1_000_000 if found else 0.0


def untuned() -> dict[str, str]:
    """This environment as it is for whom we are compared with: without what `service/__init__.py`
    sets for its own llama.cpp."""
    return {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}


# llama-bench

SOURCES = ("tools/llama-bench/llama-bench", "tools/llama-bench/main", "common/common", "common/log")
NEEDED = re.compile(
    r"/vendor/llama\.cpp/((?:common|include|ggml/include|vendor|tools/llama-bench)/.*)"
)


class LlamaBench:
    """llama.cpp's own tool, from the sources in llama-cpp-python's archive, on the very libraries
    that Dateline uses here: only the tool is compiled (half a minute, once), into the user's cache.

    Raises OSError where that cannot be done, or the tool fails.
    """

    def __init__(self, path: Path, threads: int, *options: str) -> None:
        self._command = [_built(), "-m", path, "-t", threads, "-r", 1, "-o", "json", *options]

    def rate(self, *what: int | str) -> float:
        """Tokens a second, of `-p N` read or `-n N` generated."""
        command = [str(part) for part in (*self._command, "-p", 0, "-n", 0, *what)]
        # The tool may have been compiled where another environment was.
        environment = untuned() | {"LD_LIBRARY_PATH": str(LIBRARIES)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(f"llama-bench failed: {done.stderr.strip()[-300:]}")
        (run,) = json.loads(done.stdout)
        return float(run["avg_ts"])


def _built() -> Path:
    release = version("llama-cpp-python")
    place = platformdirs.user_cache_path("dateline") / "llama-bench" / release
    tool = place / "llama-bench"
    if tool.exists():
        return tool
    place.mkdir(parents=True, exist_ok=True)
    try:
        _fetch(release, place)
        _compile(place, tool)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or str(error)).strip()
        raise OSError(f"llama-bench cannot be built: {said[-300:]}") from None
    return tool


def _fetch(release: str, place: Path) -> None:
    if not list(place.glob("*.tar.gz")):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        pip += ["--no-build-isolation", "--no-binary", ":all:", "--dest", str(place)]
        scripts = sysconfig.get_path("scripts")  # the build's own tools
        environment = os.environ | {"PATH": f"{scripts}:{os.environ['PATH']}"}
        subprocess.run(
            [*pip, f"llama-cpp-python=={release}"],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
    (archive,) = place.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        for member in packed:
            if member.isfile() and (found := NEEDED.search(member.name)):
                member.name = found[1]
                packed.extract(member, place, filter="data")


def _compile(place: Path, tool: Path) -> None:
    compiler = os.environ.get("CXX", "c++")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [compiler, "-std=c++17", "-O2", "-DNDEBUG", *arguments]
        return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)

    (place / "own.cpp").write_text(
        "int llama_build_number() { return 0; }\n"
        'const char * llama_commit() { return "sdist"; }\n'
        'extern "C" void absent() { __builtin_trap(); }\n'
    )
    folders = [f"-I{folder}" for folder in ("include", "ggml/include", "common", "vendor")]
    objects = []
    for source in (*SOURCES, "own"):
        objects.append(f"{Path(source).name}.o")
        run(*folders, "-c", f"{source}.cpp", "-o", objects[-1]).check_returncode()
    libraries = [f"-l{name}" for name in ("llama", "ggml", "ggml-base", "ggml-cpu", "pthread")]
    link = [*objects, f"-L{LIBRARIES}", *libraries, "-Wl,--no-demangle"]
    # What downloads models, samples and parses chats is not compiled: it is not called here.
    missing = set(re.findall(r"undefined reference to [`'](\w+)'", run(*link, "-o", "t").stderr))
    stubs = [f"-Wl,--defsym={name}=absent" for name in sorted(missing)]
    run(*link, *stubs, "-o", str(tool)).check_returncode()
