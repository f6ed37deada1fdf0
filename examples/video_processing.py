"""Videos are uploaded and worked on in the background: frames per second, progress, and what an upload waits for.

    pip install apivitals numpy fastapi uvicorn
    uvicorn --app-dir examples video_processing:app

A video is its frames one after the other, a byte for each pixel:

    head -c 6912000 /dev/urandom > clip.raw                    # 120 frames of 320 by 180
    curl --data-binary @clip.raw 'localhost:8000/videos?width=320&height=180'    # 202, with the job's number
    curl localhost:8000/videos/1                                                 # how far it is
    curl --data-binary @clip.raw 'localhost:8000/posters?width=320&height=180'   # the work is in the request
    curl -s localhost:8000/metrics | grep -E 'apivitals_operation|component="video"'

What to look at: `rate(apivitals_operation_items_total{name="shrink"}[1m])` is frames per second; divided by
`rate(apivitals_operation_duration_seconds_sum{name="shrink"}[1m])` it is what one thread does in a second of work. A
job is no part of the response time of the request that began it; a poster is, as the component `video`.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from typing import Annotated

import numpy as np
import numpy.typing as npt
from fastapi import Depends, FastAPI, HTTPException, Query, Request

import apivitals

SMALLER = 4  # a pixel of a small frame is the mean of so many by so many
BATCH = 8  # frames that are worked on, and counted, at a time
MOST_BYTES = 256 * 1024 * 1024

Frames = npt.NDArray[np.uint8]


@dataclass
class Job:
    """A video that is worked on."""

    frames: int
    done: int = 0
    state: str = "waiting"
    scenes: int | None = None


threads = ThreadPoolExecutor(2, thread_name_prefix="video")  # numpy lets go of the interpreter while it computes
processes: ProcessPoolExecutor | None = None  # for what does not
jobs: dict[int, Job] = {}
running: set[asyncio.Task[None]] = set()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    global processes  # noqa: PLW0603  # the service's one pool
    processes = ProcessPoolExecutor(
        1, mp_context=get_context("spawn")
    )  # a fork would have the service's threads' locks
    yield
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    processes.shutdown(cancel_futures=True)


app = FastAPI(title="video", lifespan=lifespan)
apivitals.instrument(app)


async def read_frames(
    request: Request, width: Annotated[int, Query(ge=8, le=4096)], height: Annotated[int, Query(ge=8, le=4096)]
) -> Frames:
    """Read the upload. It is counted in `http_server_request_body_size_bytes`, and its wait is `receive`."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise HTTPException(413, f"a video has at most {MOST_BYTES} bytes")
    if not content or len(content) % (width * height):
        raise HTTPException(422, f"not whole frames of {width} by {height}")
    return np.frombuffer(bytes(content), np.uint8).reshape(-1, height, width)


Video = Annotated[Frames, Depends(read_frames)]


@app.post("/videos", status_code=202)
async def upload(video: Video) -> dict[str, int]:
    """Take a video, and begin to work on it."""
    number = len(jobs) + 1
    jobs[number] = Job(frames=len(video))
    task = asyncio.create_task(work(jobs[number], video))
    running.add(task)  # the event loop itself keeps no task alive
    task.add_done_callback(running.discard)
    return {"job": number, "frames": len(video)}


@app.get("/videos/{number}")
async def progress(number: int) -> Job:
    """Say how far a job is."""
    if number not in jobs:
        raise HTTPException(404, "no such job")
    return jobs[number]


@app.post("/posters")
async def make_poster(video: Video) -> dict[str, float]:
    """Shrink all frames while the client waits, and say which is the brightest."""
    small = await asyncio.to_thread(shrink, video)
    means = small.mean(axis=(1, 2))
    return {"frame": float(means.argmax()), "brightness": float(means.max()) / 255}


async def work(job: Job, video: Frames) -> None:
    loop = asyncio.get_running_loop()
    job.state = "working"
    with apivitals.track("video_job", component="video") as operation:
        small = []
        for start in range(0, len(video), BATCH):
            batch = await loop.run_in_executor(threads, shrink, video[start : start + BATCH])
            small.append(batch)
            job.done += len(batch)
        seconds, job.scenes = await loop.run_in_executor(processes, find_scenes, np.concatenate(small))
        # What another process does is not seen here: it says how long it took
        apivitals.record("find_scenes", seconds, component="video", items=len(video))
        operation.items(len(video))
    job.state = "done"


def shrink(frames: Frames) -> Frames:
    with apivitals.track("shrink", component="video") as operation:
        height, width = (side - side % SMALLER for side in frames.shape[1:])
        blocks = frames[:, :height, :width].reshape(len(frames), height // SMALLER, SMALLER, width // SMALLER, SMALLER)
        small: Frames = blocks.mean(axis=(2, 4)).astype(np.uint8)
        operation.items(len(frames))
    return small


def find_scenes(frames: Frames) -> tuple[float, int]:
    """Count the frames that are unlike the one before, in another process; and say how many seconds that took."""
    began = time.perf_counter()
    scenes = 1
    for before, after in pairwise(frames):
        changed = abs(after.astype(int) - before).mean()
        scenes += changed > 32  # noqa: PLR2004  # an eighth of what there is between black and white
    return time.perf_counter() - began, int(scenes)
