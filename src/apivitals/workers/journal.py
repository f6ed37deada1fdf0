"""The names file of a worker: which series are where in its values file, appended as they are made.

An entry is its length, its checksum, and JSON. Whatever ends in the middle of an entry was being written.
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

VERSION = 1
HEADER_BYTES = 32
"""Of both files: eight bytes of magic, the version, four of nothing, and the worker's id."""

_HEADER = struct.Struct("<8sII16s")
_ENTRY = struct.Struct("<II")
_LONGEST_ENTRY = 16 * 1024 * 1024


class JournalError(ValueError):
    """The file is not as it was written; the message says how."""


def header(magic: bytes, identity: str) -> bytes:
    """Return the first bytes of a file: `magic` says which, `identity` is the worker's, 16 characters."""
    return _HEADER.pack(magic, VERSION, 0, identity.encode("ascii"))


def check_header(content: bytes, magic: bytes, identity: str) -> None:
    """Check the first bytes of a file.

    Raises:
        JournalError: they are not what `header` wrote.
    """
    if len(content) < HEADER_BYTES:
        raise JournalError("it is truncated: it has no whole header")
    found, version, _, owner = _HEADER.unpack_from(content)
    if found != magic:
        raise JournalError("it is something else's")
    if version != VERSION:
        raise JournalError(f"its format is {version}, and this apivitals reads {VERSION}")
    if owner != identity.encode("ascii"):
        raise JournalError("it is damaged: another worker's id is in it")


def entry(payload: list[Any]) -> bytes:
    """Return an entry's bytes."""
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return _ENTRY.pack(len(text), zlib.crc32(text)) + text


def entries(content: bytes, start: int) -> tuple[list[Any], int]:
    """Read the whole entries from byte `start` on; return them, and where the first that is not whole begins.

    Raises:
        JournalError: an entry in the midst is not as it was written.
    """
    found = []
    while start + _ENTRY.size <= len(content):
        length, checksum = _ENTRY.unpack_from(content, start)
        end = start + _ENTRY.size + length
        if not 0 < length <= _LONGEST_ENTRY:
            raise JournalError(f"it is damaged at byte {start}")
        if end > len(content):
            break
        text = content[start + _ENTRY.size : end]
        if zlib.crc32(text) != checksum:
            if end == len(content):
                break
            raise JournalError(f"it is damaged at byte {start}")
        try:
            found.append(json.loads(text.decode("utf-8", "surrogatepass")))
        except ValueError:
            raise JournalError(f"it is damaged at byte {start}") from None
        start = end
    return found, start
