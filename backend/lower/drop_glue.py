"""Drop glue: one function per type that does what dropping a value of it does, written when it is first needed.

    @"altru.drop.@Pair"(ptr)               runs the destructor of @Pair, then drops its fields in order
    @"altru.drop.own<@Pair>"(ptr)          drops what the owner points to, then gives its memory back

For an owner the argument is the pointer itself (with its lengths), for any other type the address of the value. What needs
no drop has no glue.

**Recursive types** use constant stack, however deep the values are: all owners of one cycle of types share a function
(``drop_cycles.py``).

**Panics.** A destructor that panics does not keep the rest from being dropped: the glue goes on, and hands the panic on at the
end. A second one ends the process; the runtime sees to that.

Invariant: equal types have one function; destructors run in the order of ``interpreter/drops.py``, the definition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from altru_ir.backend.lower.drop_cycles import Cycle, walked
from altru_ir.backend.lower.glue_code import Code, dimensions_of_sequence
from altru_ir.backend.lower.types import dimensions_of, quote
from altru_ir.behaviour import drop_may_panic
from altru_ir.marks import drops_next
from altru_ir.types import ArenaType, ArrayType, OwnType, PoolType, Type

if TYPE_CHECKING:
    from altru_ir.backend.lower.module import ModuleLowering


class DropGlue:
    """The glue of one module. ``text`` is all that was asked for so far."""

    def __init__(self, owner: ModuleLowering) -> None:
        self.owner = owner
        self.module = owner.module
        self.functions: dict[Type, str] = {}
        self.text: list[str] = []
        self._pending: list[Callable[[], None]] = []
        self._cycles: dict[Type, Cycle | None] = {}

    def of(self, type: Type) -> str:
        """The symbol, with its sigil, of the function that drops a ``type``."""
        type = type.erased
        known = self.functions.get(type)
        if known is None:
            known = self.functions[type] = f"@{quote(f'altru.drop.{type}')}"
            self._pending.append(lambda: self._write(type, known))
        return known

    def finish(self) -> list[str]:
        """The text of all functions that are needed."""
        while self._pending:
            self._pending.pop()()
        return self.text

    def may_panic(self, type: Type) -> bool:
        return self.owner.unwinds and drop_may_panic(type, self.module)

    # -- functions --

    def _write(self, type: Type, symbol: str) -> None:
        if isinstance(type, OwnType):
            rank = dimensions_of(type)
            code = Code(self, symbol, ["ptr", *[f"i{self.module.pointer_bits}"] * rank])
            cycle = self.cycle(type)
            if cycle is not None:
                count = "%a1" if rank else "0"
                for dimension in range(1, rank):
                    count = code.emit(f"mul nuw {code.word} {count}, %a{dimension + 1}")
                number = cycle.number[type]
                code.run(f"void {cycle.symbol}(ptr %a0, {code.word} {count}, i32 {number})", self.may_panic(type))
            else:
                code.content(type, "%a0", [f"%a{i + 1}" for i in range(rank)])
                code.give_back(type, "%a0")
        elif isinstance(type, (ArenaType, PoolType)):
            code = Code(self, symbol, ["ptr"])
            code.resource(type, "%a0")
        elif isinstance(type, ArrayType) and type.is_unsized:
            code = Code(self, symbol, ["ptr", *[f"i{self.module.pointer_bits}"] * dimensions_of_sequence(type)])
            code.elements(type, "%a0", [f"%a{i + 1}" for i in range(dimensions_of_sequence(type))])
        else:
            code = Code(self, symbol, ["ptr"])
            code.parts(type, "%a0", 0, code.drop)
        self.text.append(code.finish())

    def cycle(self, type: Type) -> Cycle | None:
        """The cycle of types that dropping an owner of this ``type`` may come back in; None for one that cannot."""
        type = type.erased
        if type not in self._cycles:
            self._find_cycles(type)
        return self._cycles[type]

    def _find_cycles(self, start: Type) -> None:
        from altru_ir.passes.analysis.graphs import strongly_connected

        types: list[Type] = [start]
        number = {start: 0}
        edges: list[list[int]] = []
        at = 0
        while at < len(types):
            row = []
            for part in (next.erased for next in drops_next(types[at], self.module)):
                if part not in number:
                    number[part] = len(types)
                    types.append(part)
                row.append(number[part])
            edges.append(row)
            at += 1
        for component in strongly_connected(edges):
            members = [types[i] for i in component]
            loops = len(members) > 1 or component[0] in edges[component[0]]
            owners = [t for t in members if isinstance(t, OwnType) and walked(t)] if loops else []
            cycle = Cycle(self, set(members), owners) if owners else None
            for member in members:
                if member not in self._cycles:
                    self._cycles[member] = cycle if cycle is not None and member in cycle.number else None
            if cycle is not None and any(self._cycles[t] is cycle for t in members):
                self._pending.append(cycle.write)


__all__ = ["DropGlue"]
