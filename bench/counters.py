"""Instructions of a piece of this process, counted by the processor.

Linux gives a counter of the instructions that this thread retires in user mode (``perf_event_open``). Unlike a time it
hardly depends on what else the machine does: two runs of the same Python code differ by some tenths of a percent.

Example: ``with Instructions() as counter: work()``, then ``counter.count``; None where there is no such counter.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

SYSTEM_CALL = {"x86_64": 298, "aarch64": 241}
HARDWARE, INSTRUCTIONS = 0, 1  # of `struct perf_event_attr`: type and config
SIZE = 64  # of its first version
DISABLED, EXCLUDE_KERNEL, EXCLUDE_HYPERVISOR = 1 << 0, 1 << 5, 1 << 6
ENABLE, DISABLE = 0x2400, 0x2401  # requests to ioctl


class Instructions:
    """Counts between ``__enter__`` and ``__exit__``. Not nested."""

    def __init__(self) -> None:
        self.count: int | None = None
        self._file = _open()

    def __enter__(self) -> Instructions:
        if self._file >= 0:
            _control(self._file, ENABLE)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            _control(self._file, DISABLE)
            self.count = struct.unpack("q", os.read(self._file, 8))[0]
            os.close(self._file)


def _open() -> int:
    """A counter's file descriptor; negative where the kernel, the machine or its rules have none for us."""
    number = SYSTEM_CALL.get(platform.machine())
    if number is None or platform.system() != "Linux":
        return -1
    flags = DISABLED | EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR
    attributes = struct.pack("IIQQQQQ", HARDWARE, SIZE, INSTRUCTIONS, 0, 0, 0, flags).ljust(SIZE, b"\0")
    return ctypes.CDLL(None).syscall(number, attributes, 0, -1, -1, 0)


def _control(file: int, request: int) -> None:
    import fcntl

    fcntl.ioctl(file, request, 0)
