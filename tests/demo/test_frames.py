"""Clips are read frame by frame, and what is seen in them is there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.demo.clip import make_clip
from apivitals.demo.shop.frames import DamagedClipError, read_clip, summarize


def clip_of(*frames):
    """Write frames, each a list of rows, as a clip without colours."""
    height, width = np.shape(frames[0])
    grey = bytes([128]) * (2 * ((width + 1) // 2) * ((height + 1) // 2))
    header = f"YUV4MPEG2 W{width} H{height} F24:1 C420jpeg\n".encode()
    return header + b"".join(b"FRAME\n" + np.array(frame, np.uint8).tobytes() + grey for frame in frames)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_a_clip_is_read_as_it_was_written(width, height, frames, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (frames, height, width), np.uint8)
    assert (read_clip(clip_of(*pixels)) == pixels).all()


@given(st.binary(max_size=300))
def test_what_is_no_clip_is_said_to_be_none(content):
    with pytest.raises(DamagedClipError):
        read_clip(content)


@pytest.mark.parametrize(
    "header", [b"YUV4MPEG2 W4\n", b"YUV4MPEG2 W0 H4\n", b"YUV4MPEG2 W99999 H4\n", b"YUV4MPEG2 W4 Hx\n"]
)
def test_a_clip_of_an_impossible_size_is_damaged(header):
    with pytest.raises(DamagedClipError, match="how large"):
        read_clip(header + b"FRAME\n" + bytes(24))


@pytest.mark.parametrize("lost", [1, 1000, 200_000])
def test_a_clip_that_ends_too_early_is_damaged(lost):
    with pytest.raises(DamagedClipError, match="not whole"):
        read_clip(make_clip(3, 0)[:-lost])


def test_a_clip_that_has_slipped_is_damaged():
    content = make_clip(2, 0)
    with pytest.raises(DamagedClipError, match="where it should"):
        read_clip(content[:1000] + content[1010:] + bytes(10))


def test_the_loads_clips_have_two_scenes():
    summary = summarize(read_clip(make_clip(24, 5)))
    assert summary.frames == 24
    assert summary.scenes == [0, 12]
    assert summary.thumbnails.shape == (2, 45, 80)


def test_no_two_of_the_loads_clips_are_alike():
    assert len({make_clip(2, number) for number in range(50)}) == 50


def test_brightness_is_the_mean_of_the_pixels():
    dark, bright = np.full((8, 8), 8), np.full((8, 8), 248)
    assert summarize(read_clip(clip_of(dark))).brightness == pytest.approx(1 / 32)
    assert summarize(read_clip(clip_of(bright))).brightness == pytest.approx(31 / 32)
    assert summarize(read_clip(clip_of(dark, bright))).brightness == pytest.approx(0.5)


def test_a_thumbnails_pixel_is_the_mean_of_a_block():
    frame = np.zeros((8, 12))
    frame[4:, 8:] = 200
    frame[4:6, 8:] = 100
    (thumbnail,) = summarize(read_clip(clip_of(frame))).thumbnails
    assert thumbnail.tolist() == [[0, 0, 0], [0, 0, 150]]
