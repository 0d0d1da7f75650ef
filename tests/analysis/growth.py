"""How the work of an analysis grows: lines of Python that run in the analyses and below, which no clock disturbs.

Work inside of a line (integers as wide as many values are live, sorting) is not seen; ``bench/analyses.py`` has instructions.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def lines_of(action: Callable[[], object]) -> int:
    """How many lines run within our own files while ``action`` does."""
    count = 0

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line if "altru_ir" in frame.f_code.co_filename or "passes" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


def slope(small: int, large: int, factor: float) -> float:
    """The exponent of growth between two sizes that differ by ``factor``; 1 is linear."""
    return math.log(large / small) / math.log(factor)
