"""Constants that a pass has found out, as indices.

``elem %array, %five`` of an array of five is an error where a program says so. A pass may come to the same: an index turns out
to be 5 on a path that the check before the access leaves by a panic, or that is never taken. That program is right, so the
operation gets ``{allow = "ALT-C001"}``, which says that the constant is no claim of its author.

    check.bounds %five, %five                    // panics
    %slot = elem %array, %five {allow = "ALT-C001"}

Invariant: in a module that was valid before the pass only what the pass has made constant is marked. The manager does this
behind each pass, before it verifies.
"""

from __future__ import annotations

from altru_ir.module import Module

CODE = "C001"


def allow_constant_indices(module: Module) -> None:
    """Marks the operations whose index or range is constant and out of bounds."""
    for function in module.functions.values():
        for block in function.blocks:
            for op in block.ops:
                decl = op.decl
                if (
                    decl.is_projection
                    and len(op.operands) > 1
                    and decl.verify_extra is not None
                    and any(rule == CODE for rule, _ in decl.verify_extra(op, module))
                ):
                    op.set("allow", f"ALT-{CODE}")
