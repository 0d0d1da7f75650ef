"""Initialization: which move paths may hold a value, and which may hold none, at each point of a function.

Two sets of paths flow forward, each an integer with a bit per path (``move_paths``): *maybe there* and *maybe gone*. A path in
both depends on the way that was taken; a value that is not defined yet is in neither.

    %x = take %p                         p and all below it: gone; x: there
    init %p, %y                          p and all below it: there; y: gone

Clauses, cited by number in the code and planted as defects one by one in the tests:
 1. an operand that consumes a value, or what a place holds, leaves it gone with all its parts;
 2. ``init`` and ``assign`` leave their place there with all its parts, also when the drop within ``assign`` panics;
 3. the definition of a value (a result, an argument of a block when an edge is taken) leaves it there;
 4. ``local`` leaves its storage gone, except what is born initialized (a thread scope); ``end`` leaves it gone;
 5. arguments of an edge are consumed on that edge, before the block's own arguments are defined;
 6. an unwind edge leaves with the operands' effects and without the results';
 7. a drop with a flag leaves its place maybe gone: the flag is not looked at;
 8. on the edge of an in-place ``switch_enum`` to one variant, the payloads of the others are not there; on the edge for the
    rest, those of the variants that have edges are not;
 9. what has a destructor is there as a whole or not at all: to move a part out, or to store one into what is gone, is an error
    of its own and changes nothing.

Invariant: a path below one that is gone as a whole is gone too; a path is *fully there* when nothing below it may be gone.
Source: rustc's MaybeInitializedPlaces and MaybeUninitializedPlaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Self

import attrs

from altru_ir.behaviour import accesses
from altru_ir.cfg import ControlFlowGraph
from altru_ir.dataflow import BitProblem, Solution, solve
from altru_ir.declare import CONSUME, END, ESCAPE, INIT, PATH, WRITE
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.move_paths import EXACT, MovePaths, is_uninit
from altru_ir.passes.analysis.notes import Notes
from altru_ir.types import ThreadScopeType
from altru_ir.values import Operation


@attrs.frozen
class Effect:
    """What happens to paths: those that may be ``gone`` afterwards, those that are ``empty`` (nothing is there any more), and
    those that are ``there``."""

    gone: int = 0
    empty: int = 0
    there: int = 0


NO_EFFECT = Effect()


class Initialization(FunctionAnalysis):
    """Initialization: the move paths that hold a value at the start of each block, and those that may.

    ``paths`` are the move paths; ``there`` and ``gone`` the solutions.
    """

    name = "initialization"

    def __init__(
        self, function: Function, module: Module, cfg: ControlFlowGraph | None = None, paths: MovePaths | None = None
    ) -> None:
        self.function = function
        self.module = module
        self.cfg = function.cfg() if cfg is None else cfg
        self.paths = MovePaths(function, module) if paths is None else paths
        self._operands: dict[Operation, Effect] = {}
        self._effects: dict[Operation, Effect] = {}
        self.acting: dict[Block, list[int]] = {}
        roots = self.paths.roots
        for block in function.blocks:
            at_work = self.acting[block] = []
            for at, op in enumerate(block.ops):
                if any(value.type.is_place or value in roots for value in op.operands):
                    effect = self._of_operands(op)
                    if effect is not NO_EFFECT:
                        self._operands[op] = effect
                effect = self._whole(op)
                if effect is not NO_EFFECT:
                    self._effects[op] = effect
                    at_work.append(at)
        self.parameters = 0
        for parameter in function.parameters:
            root = self.paths.roots.get(parameter)
            if root is not None:
                self.parameters |= root.mask
        self.quiet: frozenset[Operation] = frozenset()

    @cached_property
    def there(self) -> Solution[int]:
        """Which paths may hold a value; solved when it is first asked for."""
        return solve(MaybeThere(self), self.cfg)

    @cached_property
    def gone(self) -> Solution[int]:
        """Which paths may hold none."""
        return solve(MaybeGone(self), self.cfg)

    def assume_quiet(self, quiet: frozenset[Operation]) -> None:
        """Solves again; the operations in ``quiet`` do not panic, for they find nothing to drop."""
        self.quiet = quiet
        for solved in ("there", "gone"):
            self.__dict__.pop(solved, None)

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        assert function.module is not None
        return cls(function, function.module, get(ControlFlow, function))

    def describe(self, notes: Notes) -> None:
        """What is there as a whole is named alone, without its parts; what may be there or not stands behind it. The rest of
        something are the parts without paths of their own."""
        for number, block in enumerate(self.cfg.blocks):
            if not self.there.reached[number]:
                continue
            there, gone = self.there.start[number], self.gone.start[number]
            whole: list[str] = []
            perhaps: list[str] = []
            index = 0
            while index < len(self.paths.paths):
                path = self.paths.paths[index]
                full = there & path.needed == path.needed and not gone & path.needed
                if full or not there & path.mask:
                    index = path.last
                if full:
                    whole.append(str(path))
                elif there & path.bit and not path.is_sum:
                    (perhaps if gone & path.bit else whole).append(f"rest of {path}" if path.children else str(path))
                index += 1
            maybe = f", perhaps {', '.join(perhaps)}" if perhaps else ""
            notes.block(block, f"{', '.join(whole) or 'none'}{maybe}")

    def _of_operands(self, op: Operation) -> Effect:
        gone = there = 0
        roots = self.paths.roots
        for value, access in accesses(op):
            if value.type.is_place:
                if access == PATH:
                    continue
                located = self.paths.locate(value)
                if located.path is None or located.reach != EXACT:
                    continue
                if located.destructor is not None and not op.attrs.get("rest"):  # 9
                    continue
                if access in (CONSUME, END):  # 1, 4
                    gone |= located.path.mask
                elif access in (INIT, WRITE):  # 2
                    there |= located.path.mask
            elif access in (CONSUME, ESCAPE):
                root = roots.get(value)
                if root is not None:  # 1
                    gone |= root.mask
        if not gone | there:
            return NO_EFFECT
        return Effect(gone, 0 if is_conditional(op) else gone, there)  # 7

    def _of_results(self, op: Operation) -> int:
        made = 0
        for result in op.results:
            root = self.paths.roots.get(result)
            if root is not None and not result.type.is_place:
                made |= root.mask  # 3
        return made

    def _whole(self, op: Operation) -> Effect:
        found = self._operands.get(op, NO_EFFECT)
        made = self._of_results(op)
        if op.name == "local":  # 4
            path = self.paths.roots[op.result]
            if isinstance(path.type, ThreadScopeType) or is_uninit(path.type):
                return Effect(there=path.mask)
            return Effect(path.mask, path.mask)
        return Effect(found.gone & ~made, found.empty & ~made, found.there | made) if made else found

    def states(self, block: int) -> Iterator[tuple[Operation, int, int]]:
        """The operations of a block in order, each with what may be there and what may be gone in front of it."""
        there, gone = self.there.start[block], self.gone.start[block]
        for op in self.cfg.blocks[block].ops:
            yield op, there, gone
            effect = self._effects.get(op)
            if effect is not None:
                there = effect.there | (there & ~effect.empty)
                gone = effect.gone | (gone & ~effect.there)

    def effect(self, op: Operation) -> Effect:
        """What ``op`` does."""
        return self._effects.get(op, NO_EFFECT)

    def panic_effect(self, op: Operation) -> Effect:
        """What has happened on the unwind edge that leaves in the middle of ``op``."""
        return self._operands.get(op, NO_EFFECT)  # 6

    def result_effect(self, op: Operation) -> Effect:
        """What the results of ``op`` add to that."""
        if op.name == "local":
            return self.effect(op)
        made = self._of_results(op)
        return Effect(there=made) if made else NO_EFFECT

    def edge_effect(self, op: Operation, index: int) -> Effect:
        """What happens on the edge to the successor ``index`` of ``op``."""
        gone = there = 0
        roots = self.paths.roots
        successor = op.successors[index]
        for value in successor.args:  # 5
            root = roots.get(value)
            if root is not None:
                gone |= root.mask
        for argument in successor.block.args:
            root = roots.get(argument)
            if root is not None:
                there |= root.mask
        gone &= ~there
        return Effect(gone, gone | self.inactive(op, index), there)

    def inactive(self, op: Operation, index: int) -> int:
        """The payloads that are not there behind the edge to the successor ``index`` of an in-place ``switch_enum``."""
        if op.name != "switch_enum" or not op.operands[0].type.is_place:
            return 0
        case = op.successors[index].case
        located = self.paths.locate(op.operands[0])
        if located.path is None or located.reach != EXACT:
            return 0
        others = {successor.case for successor in op.successors}
        found = 0
        for (kind, variant), child in located.path.children.items():
            if kind == "variant" and (variant in others if case is None else variant != case):  # 8
                found |= child.mask
        return found


class _Paths(BitProblem):
    """What both problems share: which operations panic."""

    def __init__(self, facts: Initialization) -> None:
        self.facts = facts

    def acting(self, block: Block) -> list[int] | None:
        return self.facts.acting[block]

    def may_panic(self, op: Operation, module: Module | None) -> bool:
        return op not in self.facts.quiet and super().may_panic(op, module)


class MaybeThere(_Paths):
    """The paths that hold a value on some way here."""

    def boundary(self, op: Operation | None) -> int:
        return self.facts.parameters

    def gen(self, op: Operation) -> int:
        return self.facts.effect(op).there

    def kill(self, op: Operation) -> int:
        return self.facts.effect(op).empty

    def panic_gen(self, op: Operation) -> int:
        return self.facts.panic_effect(op).there

    def panic_kill(self, op: Operation) -> int:
        return self.facts.panic_effect(op).empty

    def edge(self, op: Operation, index: int, state: int) -> int:
        effect = self.facts.edge_effect(op, index)
        return (state & ~effect.empty) | effect.there


class MaybeGone(_Paths):
    """The paths that hold nothing on some way here. A value that is not defined yet is in neither set."""

    def gen(self, op: Operation) -> int:
        return self.facts.effect(op).gone

    def kill(self, op: Operation) -> int:
        return self.facts.effect(op).there

    def panic_gen(self, op: Operation) -> int:
        return self.facts.panic_effect(op).gone

    def panic_kill(self, op: Operation) -> int:
        return self.facts.panic_effect(op).there

    def edge(self, op: Operation, index: int, state: int) -> int:
        effect = self.facts.edge_effect(op, index)
        return (state & ~effect.there) | effect.gone


def is_conditional(op: Operation) -> bool:
    """Whether ``op`` is a drop with a flag."""
    return op.name == "drop" and len(op.operands) > 1
