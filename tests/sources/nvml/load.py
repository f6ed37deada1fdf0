"""A program that keeps a GPU busy by the CUDA driver alone: `load.py BYTES SECONDS`."""

import ctypes
import sys
import time


def fill(size: int, seconds: float) -> None:
    """Fill that many bytes of the first GPU's memory, again and again, for so long at most."""
    cuda = ctypes.CDLL("libcuda.so.1")

    def call(name: str, *arguments: object) -> None:
        status = getattr(cuda, name)(*arguments)
        if status:
            raise OSError(f"{name}: error {status}")

    device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
    call("cuInit", 0)
    call("cuDeviceGet", ctypes.byref(device), 0)
    call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    call("cuCtxSetCurrent", context)
    call("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(size))
    print("filling", flush=True)  # noqa: T201  # whoever started it waits for that
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for value in range(100):
            call("cuMemsetD32_v2", memory, ctypes.c_uint(value), ctypes.c_size_t(size // 4))
        call("cuCtxSynchronize")


if __name__ == "__main__":
    fill(int(sys.argv[1]), float(sys.argv[2]))
