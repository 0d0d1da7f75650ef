"""Loads the runtime into this process and finds the addresses of its public functions.

Example: ``symbols()["altru_alloc"]`` is an address that compiled code may call.
"""

from __future__ import annotations

import ctypes
import re
from functools import cache

from altru_ir.runtime import build

_DECLARATION = re.compile(r"^ALTRU_API\b[^;(]*?\**\b(altru_\w+)\(", re.MULTILINE)


def public_functions() -> list[str]:
    """The functions that ``altru.h`` declares, in its order."""
    return _DECLARATION.findall((build.include_dir() / "altru.h").read_text())


@cache
def library() -> ctypes.CDLL:
    """The loaded runtime; it is loaded once and never unloaded. Raises ``RuntimeBuildError``."""
    return ctypes.CDLL(str(build.shared_library()))


@cache
def symbols() -> dict[str, int]:
    """The address of every public function. Raises ``RuntimeBuildError``."""
    loaded = library()
    return {name: ctypes.cast(getattr(loaded, name), ctypes.c_void_p).value or 0 for name in public_functions()}
