"""Loads the runtime into this process and finds the addresses of its public functions.

Example: ``symbols()["altru_alloc"]`` is an address that compiled code may call.

Invariant: the runtime is loaded once and never unloaded, so that an address stays good and there is one heap.
"""

from __future__ import annotations

import ctypes
import re
from functools import cache

from altru_ir.runtime import build
from altru_ir.runtime.errors import RuntimeBuildError

_DECLARATION = re.compile(r"^ALTRU_API\b[^;(]*?\b(altru_\w+)\(", re.MULTILINE)
_VARIABLE = re.compile(r"^extern ALTRU_API (_Thread_local )?\w+ (altru_\w+)", re.MULTILINE)


def _headers() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(build.include_dir().glob("altru*.h"))]


def public_functions() -> list[str]:
    """The functions that ``altru.h`` and the headers it includes declare."""
    return [name for header in _headers() for name in _DECLARATION.findall(header)]


def public_variables(*, thread_local: bool) -> list[str]:
    """The variables that the headers declare: those of every thread, or the shared ones."""
    return [name for header in _headers() for local, name in _VARIABLE.findall(header) if bool(local) == thread_local]


@cache
def library() -> ctypes.CDLL:
    """The loaded runtime. Raises ``RuntimeBuildError``."""
    path = build.shared_library()
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise RuntimeBuildError(
            f"the runtime cannot be loaded from {path}: {error}. If the place forbids executable files (noexec), set "
            "ALTRU_CACHE_DIR to a directory of yours with mode 0700 that does not; otherwise check that the C compiler "
            "builds for this machine",
            "ALT-S004",
        ) from None


@cache
def symbols() -> dict[str, int]:
    """The address of every public function and shared variable. Raises ``RuntimeBuildError``."""
    loaded = library()
    found = {}
    for name in (*public_functions(), *public_variables(thread_local=False)):
        try:
            address = ctypes.cast(getattr(loaded, name), ctypes.c_void_p).value
        except AttributeError:
            address = None
        if address is None:
            raise RuntimeBuildError(
                f"the runtime in {build.shared_library()} lacks `{name}`, which altru.h declares. Define it in runtime/src "
                "with the header's declaration in sight",
                "ALT-S004",
            )
        found[name] = address
    return found


@cache
def thread_distance() -> int:
    """How far the thread's part of the allocators is from the thread pointer, modulo 2**64. Raises ``RuntimeBuildError``."""
    distance = library().altru_thread_offset
    distance.restype = ctypes.c_ssize_t
    return int(distance()) % (1 << 64)
