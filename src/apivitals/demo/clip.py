"""Short films for the load to upload: a moving pattern, and another one in the second half.

YUV4MPEG2 is a line of text, and then, for each frame, a line and the pixels:
https://wiki.multimedia.cx/index.php/YUV4MPEG2
"""

_WIDTH, _HEIGHT = 320, 180
_LEVELS = 256
_UP_AND_DOWN = bytes([*range(_LEVELS), *reversed(range(_LEVELS))])
_WAVE = _UP_AND_DOWN * 2
_INVERTED = bytes(reversed(range(_LEVELS)))
_GREY = bytes([_LEVELS // 2]) * (_WIDTH * _HEIGHT // 2)
_MOVES = 3
"""Pixels that the pattern moves from one frame to the next."""


def make_clip(frames: int, number: int) -> bytes:
    """Make a clip of that many frames; another number is another clip."""
    header = f"YUV4MPEG2 W{_WIDTH} H{_HEIGHT} F24:1 Ip A1:1 C420jpeg\n".encode()
    return header + b"".join(b"FRAME\n" + _luminance(frame, frames, number) + _GREY for frame in range(frames))


def _luminance(frame: int, frames: int, number: int) -> bytes:
    starts = ((number + _MOVES * frame + row) % len(_UP_AND_DOWN) for row in range(_HEIGHT))
    pixels = b"".join(_WAVE[start : start + _WIDTH] for start in starts)
    return pixels if frame < frames / 2 else pixels.translate(_INVERTED)
