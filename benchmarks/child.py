"""A process of ours that answers with lines of JSON."""

import json
import subprocess
import sys
from os import environ
from types import TracebackType
from typing import Any, cast

from typing_extensions import Self


class Child:
    """`python -m MODULE ARGUMENTS`, asked by lines on its standard input.

    Every variant gets the same hash seed, because dictionaries laid out otherwise have other costs.
    """

    def __init__(self, module: str, *arguments: str, hash_seed: int = 0) -> None:
        self._name = " ".join((module, *arguments))
        self._process = subprocess.Popen(  # noqa: S603 - our own modules, run by our own interpreter
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environ, "PYTHONHASHSEED": str(hash_seed)},
        )
        self.pid = self._process.pid

    def read(self) -> dict[str, Any]:
        """Return the next answer; raises RuntimeError when the process ended instead."""
        line = cast("Any", self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"{self._name} ended with status {self._process.wait()}; its error is above")
        return cast("dict[str, Any]", json.loads(line))

    def ask(self, line: str) -> dict[str, Any]:
        """Write one line and return the answer to it."""
        stdin = cast("Any", self._process.stdin)
        stdin.write(line + "\n")
        stdin.flush()
        return self.read()

    def finish(self) -> dict[str, Any]:
        """Close its standard input and return its last answer."""
        cast("Any", self._process.stdin).close()
        return self.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
