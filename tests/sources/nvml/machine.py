"""A machine with GPUs of our making: the library beside this file, and a process in which the real binding loads it."""

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typing_extensions import Self

HERE = Path(__file__).parent
LIBRARY = "libnvidia-ml.so.1"
ANSWER_SECONDS = 30


def compile_library(directory: Path, *defines: str) -> None:
    """Compile the library into the directory. Raises CalledProcessError."""
    command = ["cc", "-shared", "-fPIC", "-O1", f"-Wl,-soname,{LIBRARY}", *(f"-D{name}" for name in defines)]
    subprocess.run([*command, "-o", directory / LIBRARY, HERE / "nvml.c"], check=True, timeout=60)


class Reading:
    """What one `collect()` gave."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        assert "raised" not in answer, answer["raised"]
        self.values = {tuple(labels): value for *labels, value in answer["points"]}
        self.failures: dict[str, str] = answer["failures"]
        self.log = [tuple(line) for line in answer["log"]]

    def of(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the values of one metric by their labels."""
        return {labels[1:]: value for labels, value in self.values.items() if labels[0] == name}

    def names(self, uuid: str) -> set[str]:
        """Return the names of what is known of one GPU."""
        return {labels[0] for labels in self.values if labels[1:2] == (uuid,)}


class Machine:
    """What the library finds, to be changed at any time, and the source that reads it, `with` a process of its own."""

    def __init__(self, library: Path, directory: Path) -> None:
        self.library = library
        self._directory = directory
        self._gate = directory / "gate"
        self._waiting = directory / "waiting"
        self._calls = directory / "calls"

    def __enter__(self) -> Self:
        self.set({})
        paths = {"LD_LIBRARY_PATH": str(self.library), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sources.nvml.remote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE.parents[2],
            env=os.environ | paths | {"FAKE_NVML": str(self._directory)},
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.open_gate()
        self._process.stdin.close()
        try:
            self._process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._process.stdout.close()

    def set(self, *parts: Mapping[str, object]) -> None:
        """Make it a machine of these parts, each `{"0.power": 250000}`; later ones go first, None takes away."""
        merged = {key: value for part in parts for key, value in part.items()}
        text = "".join(f"{key}={value}\n" for key, value in merged.items() if value is not None)
        new = self._directory / "new"
        new.write_bytes(text.encode(errors="surrogateescape"))
        new.replace(self._directory / "machine")  # at once: the library may be reading

    def ask(self, what: str, **options: object) -> Any:
        """Let the process do something, and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([what, options]) + "\n")
        self._process.stdin.flush()
        answered, _, _ = select.select([self._process.stdout], [], [], ANSWER_SECONDS)
        assert answered, f"no answer to {what} within {ANSWER_SECONDS} s"
        line = self._process.stdout.readline()
        assert line, "the process ended"
        return json.loads(line)

    def collect(self) -> Reading:
        """Take a reading."""
        return Reading(self.ask("collect"))

    def calls(self) -> list[str]:
        """Return what was called since the last time, as "nvmlDeviceGetPowerUsage 0"."""
        try:
            lines = self._calls.read_text().splitlines()
        except FileNotFoundError:
            return []
        self._calls.unlink()
        return [line.strip() for line in lines]

    def close_gate(self) -> None:
        """Let every call wait."""
        self._waiting.unlink(missing_ok=True)
        self._gate.touch()

    def waits(self) -> bool:
        """Say whether a call has come to the closed gate."""
        return self._waiting.exists()

    def open_gate(self) -> None:
        """Let the calls go on."""
        self._gate.unlink(missing_ok=True)


def has_compiler() -> bool:
    """Say whether the library can be made."""
    return shutil.which("cc") is not None
