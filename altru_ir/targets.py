"""The targets: what of a machine the IR itself has to know.

Example: ``data_of("aarch64-linux-gnu").pointer_bits == 64``.
"""

from __future__ import annotations

from functools import cache

import attrs


@attrs.frozen
class TargetData:
    """``triple`` is the canonical name, ``llvm_triple`` LLVM's; widths are in bits."""

    triple: str
    llvm_triple: str
    pointer_bits: int
    little_endian: bool = True


class UnknownTargetError(ValueError):
    """Raised for a triple that is not supported; the message lists those that are."""


TARGETS: dict[str, TargetData] = {
    t.triple: t
    for t in (
        TargetData("x86_64-linux-gnu", "x86_64-unknown-linux-gnu", 64),
        TargetData("aarch64-linux-gnu", "aarch64-unknown-linux-gnu", 64),
    )
}
_VENDORS = ("unknown", "pc", "none")


@cache
def data_of(triple: str) -> TargetData:
    """What is known of a target. Raises ``UnknownTargetError``."""
    if not isinstance(triple, str):
        raise UnknownTargetError(f"a target is a text, as {next(iter(TARGETS))!r}, not {triple!r}")
    parts = triple.split("-")
    if len(parts) == 4 and parts[1] in _VENDORS:
        del parts[1]
    known = TARGETS.get("-".join(parts))
    if known is None:
        raise UnknownTargetError(f"there is no target `{triple}`; there are {', '.join(TARGETS)}")
    return known
