"""Loans: what one call from Python has borrowed, and memory that it has for itself, until the call is over.

    loan = Loan()
    loan.claim(start, 24, True, ("parameter %xs of @f", None))      24 bytes for writing
    loan.claim(start + 16, 8, False, where)                         ValueError: they share memory
    loan.end()

Invariant: an exclusive borrow overlaps no other borrow of the same call; a shared one may overlap shared ones. What is held
for a call is held until ``end``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from altru_ir.backend.host.values import Where, spell
from altru_ir.types import OwnType


class Scratch:
    """Zeroed memory of our own for the time of a call."""

    __slots__ = ("_keep", "address", "memory")

    def __init__(self, size: int, align: int) -> None:
        whole = bytearray(size + align)
        self._keep = ctypes.c_char.from_buffer(whole)
        start = ctypes.addressof(self._keep)
        skip = -start % align
        self.address = start + skip
        self.memory = memoryview(whole)[skip : skip + size]


class Loan:
    """What one call has borrowed."""

    __slots__ = ("_after", "_keep", "_spans", "views")

    def __init__(self) -> None:
        self.views: list[memoryview] = []
        self._keep: Any = None
        self._after: list[Callable[[], None]] | None = None
        self._spans: list[tuple[int, int, bool, Where]] | None = None

    def scratch(self, size: int, align: int) -> Scratch:
        """Memory until the end."""
        made = Scratch(size, align)
        self._keep = (made, self._keep)
        return made

    def viewed(self, value: Any) -> Any:
        """The memory of a value that holds an owner, kept until the end; any other value as it is."""
        if not holds_owner(value):
            return value
        made = value.view()
        self._keep = (made, self._keep)
        return made

    def after(self, action: Callable[[], None]) -> None:
        """Something to do when the call has returned well."""
        if self._after is None:
            self._after = []
        self._after.append(action)

    def claim(self, start: int, size: int, mutable: bool, where: Where) -> None:
        """Notes what is borrowed. Raises ``ValueError`` when it overlaps something else, and one of them is exclusive."""
        end = start + size
        if self._spans is None:
            self._spans = []
        for other, its_end, its_mutable, its_where in self._spans:
            if start < its_end and other < end and (mutable or its_mutable):
                exclusive = where if mutable else its_where
                raise ValueError(
                    f"{spell(where)} and {spell(its_where)} share memory, which {spell(exclusive)} has to itself while the "
                    "call runs; pass a copy of one of them"
                )
        if size:
            self._spans.append((start, end, mutable, where))

    def returned(self) -> None:
        """Does what is to be done after the call."""
        for action in self._after or ():
            action()

    def end(self) -> None:
        """Gives everything back. What a signal keeps this from comes back with the frame of the call."""
        self._keep = None  # an exception may keep the call's frame, and with it this
        for view in self.views:
            view.release()


def holds_owner(value: Any) -> bool:
    """Whether a value is what Python holds an owner in (``host/owners.py``)."""
    return getattr(value, "type", None).__class__ is OwnType


__all__ = ["Loan", "Scratch", "holds_owner"]
