"""A clip's frames, looked at one by one: a smaller picture of each, how bright it is, and where the scenes begin.

Clips are YUV4MPEG2: uncompressed video, a line of text before the first frame and before each.
https://wiki.multimedia.cx/index.php/YUV4MPEG2
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_MAGIC = b"YUV4MPEG2 "
_FRAME = b"FRAME\n"
_LARGEST_SIDE = 4096
_SMALLER = 4
"""A thumbnail's pixel is the mean of so many by so many."""
_LEVELS = 16
_CUT = 0.5
"""A scene begins where the brightness of more than half of the pixels is in another histogram bin than before."""

Luminance = npt.NDArray[np.uint8]
"""Brightness by frame, row and column, from 0 to 255."""


class DamagedClipError(Exception):
    """The bytes are not a clip, or not all of one."""


@dataclass(frozen=True)
class Summary:
    """What there is to see in a clip."""

    frames: int
    brightness: float
    """The mean, from 0 to 1."""
    scenes: list[int]
    """The frames that begin one."""
    thumbnails: Luminance
    """A small picture of each scene's first frame."""


def read_clip(content: bytes) -> Luminance:
    """Read the luminance of every frame.

    Raises:
        DamagedClipError: ``content`` is no YUV4MPEG2 in 4:2:0, or ends too early.

    """
    header, newline, _ = content[:200].partition(b"\n")
    if not newline or not header.startswith(_MAGIC):
        raise DamagedClipError("not a YUV4MPEG2 clip")
    width, height = _side(header, b"W"), _side(header, b"H")
    colour_bytes = 2 * ((width + 1) // 2) * ((height + 1) // 2)
    stride = len(_FRAME) + width * height + colour_bytes
    body = np.frombuffer(content, np.uint8, offset=len(header) + 1)
    if not body.size or body.size % stride:
        raise DamagedClipError("the last frame is not whole")
    frames = body.reshape(-1, stride)
    if not (frames[:, : len(_FRAME)] == np.frombuffer(_FRAME, np.uint8)).all():
        raise DamagedClipError("a frame does not begin where it should")
    return frames[:, len(_FRAME) : len(_FRAME) + width * height].reshape(-1, height, width)


def summarize(clip: Luminance) -> Summary:
    """Look at every pixel of every frame."""
    levels = clip // np.uint8(256 // _LEVELS)
    changed = (levels[1:] != levels[:-1]).mean(axis=(1, 2))
    scenes = [0, *(int(number) + 1 for number in np.flatnonzero(changed > _CUT))]
    histogram = np.bincount(levels.ravel(), minlength=_LEVELS)
    brightness = float(histogram @ (np.arange(_LEVELS) + 0.5) / histogram.sum() / _LEVELS)
    return Summary(len(clip), brightness, scenes, _shrink(clip)[scenes])


def _shrink(clip: Luminance) -> Luminance:
    frames, height, width = clip.shape
    rows, columns = height // _SMALLER, width // _SMALLER
    whole = clip[:, : rows * _SMALLER, : columns * _SMALLER]
    blocks = whole.reshape(frames, rows, _SMALLER, columns, _SMALLER)
    shrunk: Luminance = blocks.mean(axis=(2, 4), dtype=np.float32).astype(np.uint8)
    return shrunk


def _side(header: bytes, letter: bytes) -> int:
    """Read the width or the height from the clip's first line."""
    for field in header.split()[1:]:
        if field[:1] == letter and field[1:].isdigit() and 0 < int(field[1:]) <= _LARGEST_SIDE:
            return int(field[1:])
    raise DamagedClipError("the first line does not say how large the picture is")
