"""What a builder raises, and how its messages name a block.

    BuilderError("`add` has nowhere to go (at demo:3)", location, diagnostic)

Invariant: what breaks a rule of the IR has a diagnostic, with the rule's code; what misuses the builder has none.
"""

from __future__ import annotations

from altru_ir.diagnostics import Diagnostic
from altru_ir.module import Block
from altru_ir.source import Location


class BuilderError(Exception):
    """A builder was asked for something that no valid program has; the message names the operation and the place.

    ``location`` is the builder's location at that moment, None outside of ``with b.loc(...)``. ``diagnostic`` tells of a broken
    rule of the IR as the verifier would, for a front-end that leaves checks to the builder; it is None where the builder itself
    was misused.
    """

    def __init__(self, message: str, location: Location | None = None, diagnostic: Diagnostic | None = None) -> None:
        self.location = location
        self.diagnostic = diagnostic
        super().__init__(message)


def spelled(block: Block) -> str:
    """How a message names ``block``: by its label, or by its position where it has none."""
    if block.label is not None:
        return f"^{block.label}"
    blocks = block.function.blocks if block.function is not None else []
    number = next((i for i, each in enumerate(blocks) if each is block), None)
    return "a removed block" if number is None else f"block {number}"
