"""Effects of functions: what calling one may read, write and free, and whether it may panic, not return, or be seen otherwise.

    func @get(%s: ref<@S>) -> i32      // effects: reads *%s
    func @fill(%x: ref<mut i32>)       // effects: writes *%x; may not return

Memory is that of ``aliases``: what a parameter points to, a global, or ``ANYTHING``; storage of the activation itself is
invisible to a caller and does not count. Effects of operations follow from their declarations (``altru_ir.behaviour``):
 1. an operand that is a place is read, written or both as its access says; a path that goes through pointers in memory reads
    them;
 2. an operand that is a pointer is accessed by an operation that is neither pure nor a check; a pool, arena or mutex behind
    it changes even where the declaration only reads;
 3. a call has the effects of the function, parameters replaced by what the arguments point to; unknown code has all effects;
 4. a drop frees what it owns and has the effects of the destructors it runs, on anything;
 5. a function may not return if it has a loop or is recursive, waits for another thread, or aborts.

Functions are visited callees first; within a cycle of the call graph until nothing changes, which ends since a summary only
grows and names at most ``MOST`` parts of memory before it says ``ANYTHING``. Only blocks that control reaches count.

One routine, ``EffectSummaries.of_operation``, speaks of calls and of all other operations: what a front-end declares is judged
as what is built in, and as the function that does the same.

Invariant: an effect that a run of the function shows to its caller is in the summary.
"""

from __future__ import annotations

from typing import Self

import attrs

from altru_ir.behaviour import accesses, calls_here, dropped_types, may_collect, may_free, may_panic, runs_destructors
from altru_ir.declare import BORROW, CONSUME, END, EXCHANGE, INIT, PATH, READ, SYNC, WRITE
from altru_ir.marks import dropped_parts
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.aliases import ALLOCATES, ANYTHING, DEREF, MOST, Aliases, Objects, Path, Unknown
from altru_ir.passes.analysis.call_graph import CallGraph
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.loops import Loops
from altru_ir.passes.analysis.manager import Get, ModuleAnalysis
from altru_ir.passes.analysis.notes import Notes
from altru_ir.types import (
    ArenaType,
    DynType,
    GuardType,
    MutexType,
    OwnType,
    PinType,
    PoolType,
    PtrType,
    ThreadScopeType,
    ThreadType,
)
from altru_ir.values import Operation, Symbol, Value

Part = int | Symbol | Unknown
"""A part of memory as a caller sees it: what parameter number n points to, a global, or ``ANYTHING``."""
Memory = frozenset[Part]
NO_MEMORY: Memory = frozenset()
ALL_MEMORY: Memory = frozenset({ANYTHING})


@attrs.frozen
class Effects:
    """What may happen. ``allocates``: it may give or keep storage that is new each time; ``syncs``: other threads or the
    outside world may notice it."""

    reads: Memory = NO_MEMORY
    writes: Memory = NO_MEMORY
    frees: Memory = NO_MEMORY
    panics: bool = False
    diverges: bool = False
    allocates: bool = False
    collects: bool = False
    syncs: bool = False

    @property
    def removable(self) -> bool:
        """Whether nobody misses a call whose result is not used."""
        return not (self.writes or self.frees or self.panics or self.diverges or self.syncs)

    @property
    def pure(self) -> bool:
        """Whether two calls with equal arguments may be one."""
        return self.removable and not self.reads and not self.allocates

    def __or__(self, other: Effects) -> Effects:
        return Effects(
            _union(self.reads, other.reads), _union(self.writes, other.writes), _union(self.frees, other.frees),
            self.panics or other.panics, self.diverges or other.diverges, self.allocates or other.allocates,
            self.collects or other.collects, self.syncs or other.syncs,
        )  # fmt: skip


NO_EFFECTS = Effects()
ALL_EFFECTS = Effects(ALL_MEMORY, ALL_MEMORY, ALL_MEMORY, True, True, True, True, True)


def _union(a: Memory, b: Memory) -> Memory:
    if a >= b:
        return a
    both = a | b
    return ALL_MEMORY if ANYTHING in both or len(both) > MOST else both


class EffectSummaries(ModuleAnalysis):
    """Effects of functions: reads, writes, frees, panics, non-termination."""

    name = "effects"

    def __init__(self, module: Module, calls: CallGraph, get: Get) -> None:
        self.module = module
        self.calls = calls
        self._of = [NO_EFFECTS] * len(calls.functions)
        for members in calls.components:
            sites: dict[int, list[tuple[Operation, Aliases]]] = {}
            for member in members:
                function = calls.functions[member]
                if function.is_declaration:
                    self._of[member] = attrs.evolve(ALL_EFFECTS, panics=not function.signature.type.nounwind)
                else:
                    self._of[member], sites[member] = self._own(function, get)
                    if calls.recursive(member):  # 5
                        self._of[member] = attrs.evolve(self._of[member], diverges=True)
            changed = True
            while changed:
                changed = False
                for member, each in sites.items():
                    found = self._of[member]
                    for op, aliases in each:
                        found |= self.of_operation(op, aliases)
                    if found != self._of[member]:
                        self._of[member] = found
                        changed = len(members) > 1 or calls.recursive(member)

    @classmethod
    def compute(cls, module: Module, get: Get) -> Self:
        return cls(module, get(CallGraph, module), get)

    def of(self, function: Function) -> Effects:
        """The effects of calling ``function``."""
        return self._of[self.calls.number[function.name]]

    def of_operation(self, op: Operation, aliases: Aliases) -> Effects:
        """The effects of ``op``, a call or any other, as the caller of ``op``'s function sees them; ``aliases`` are those of
        that function. A function that does what an operation does has its effects."""
        if op.decl.is_pure or op.decl.is_projection:
            return NO_EFFECTS
        return _own_effects(op, aliases) | self._of_callees(op, aliases)

    def _of_callees(self, op: Operation, aliases: Aliases) -> Effects:
        """The effects of the functions that ``op`` runs: its callee, destructors."""
        functions, unknown = self.calls.runs(op)
        if unknown or not (op.decl.callee is None or calls_here(op)):
            return ALL_EFFECTS
        found = NO_EFFECTS
        by_name = op.decl.callee is not None
        arguments = op.operands[op.decl.fixed_count(op) :] if by_name else []
        for number in functions:
            summary = self._of[number]

            def moved(memory: Memory) -> Memory:
                parts: Memory = NO_MEMORY
                for part in memory:
                    if not isinstance(part, int):
                        parts = _union(parts, frozenset({part}))
                    elif by_name and part < len(arguments):
                        parts = _union(parts, visible(aliases, aliases.objects.get(arguments[part], ALL)))
                    else:
                        parts = ALL_MEMORY  # 4
                return parts

            found |= attrs.evolve(
                summary, reads=moved(summary.reads), writes=moved(summary.writes), frees=moved(summary.frees),
                panics=summary.panics and may_panic(op, self.module),
            )  # fmt: skip
        return found

    def _own(self, function: Function, get: Get) -> tuple[Effects, list[tuple[Operation, Aliases]]]:
        """The effects of a function's own operations, and those that run functions."""
        aliases = get(Aliases, function)
        loops = get(Loops, function)
        found = NO_EFFECTS
        sites = []
        for number in loops.order:
            for op in get(ControlFlow, function).blocks[number].ops:
                if op.decl.is_pure or op.decl.is_projection:
                    continue
                found |= _own_effects(op, aliases)
                if op.decl.callee is not None or any(self.calls.runs(op)):
                    sites.append((op, aliases))
        return (attrs.evolve(found, diverges=True) if loops.all else found), sites

    def describe(self, notes: Notes) -> None:
        for function in self.calls.functions:
            notes.function(function, spell(self.of(function), function))


ALL: Objects = frozenset({ANYTHING})


def visible(aliases: Aliases, objects: Objects) -> Memory:
    """The parts of memory that a caller sees of ``objects``."""
    parameters = {value: index for index, value in enumerate(aliases.function.parameters)}
    found: set[Part] = set()
    for each in objects:
        if isinstance(each, Value):
            found.add(parameters[each])
        elif not isinstance(each, Operation):
            found.add(each)
    return _union(NO_MEMORY, frozenset(found))


def _own_effects(op: Operation, aliases: Aliases) -> Effects:
    """What ``op`` does by itself, without the functions that it runs."""
    module, decl = aliases.module, op.decl
    found = _accesses(op, aliases)
    if decl.callee is not None:  # a call is judged by the function that it runs
        return found
    if decl.drops:
        return found | _drop(op, aliases)
    syncs = SYNC in decl.traits
    if may_free(op, module):
        value = op.operands[0] if op.operands else None
        raw = value is not None and isinstance(value.type, PtrType | OwnType)
        freed = visible(aliases, aliases.objects.get(value, ALL)) if raw and value is not None else ALL_MEMORY
        found |= Effects(writes=freed, frees=freed)
    if (syncs and not op.operands) or op.name in OTHERS_RUN:
        found |= Effects(reads=ALL_MEMORY, writes=ALL_MEMORY, diverges=op.name in OTHERS_RUN)
    return found | Effects(
        panics=may_panic(op, module),
        diverges=op.name == "abort",
        allocates=op.name in ALLOCATES and op.name != "local",
        collects=may_collect(op, module),
        syncs=syncs or bool(op.attrs.get("volatile")),
    )


OTHERS_RUN = frozenset({"lock", "join"})
"""Operations that wait for another thread, whose effects are there afterwards."""


def _accesses(op: Operation, aliases: Aliases) -> Effects:
    reads = writes = NO_MEMORY
    decl = op.decl
    destroys = decl.drops and runs_destructors(op, aliases.module)
    looks = {READ, EXCHANGE} | ({CONSUME, WRITE, END} if destroys else set() if decl.drops else {CONSUME})
    for value, access in accesses(op):
        if value.type.is_place:  # 1
            path = aliases.path(value)
            if DEREF in path.steps:
                first = path.steps.index(DEREF)
                reads = _union(reads, visible(aliases, aliases.objects_of(Path(path.root, path.steps[:first]))))
                if DEREF in path.steps[first + 1 :]:
                    reads = ALL_MEMORY
            where = visible(aliases, aliases.objects_of(path))
            if access in looks:
                reads = _union(reads, where)
            if access in (INIT, EXCHANGE, CONSUME, WRITE, END):
                writes = _union(writes, where)
        elif value.type.is_pointer and decl.callee is None and not decl.is_check:  # 2
            where = visible(aliases, aliases.objects.get(value, ALL))
            changes = isinstance(value.type.pointee, ArenaType | PoolType | MutexType) and access != PATH
            if access in (READ, EXCHANGE, BORROW) or (access == WRITE and destroys):
                reads = _union(reads, where)
            if access in (EXCHANGE, WRITE) or changes:
                writes = _union(writes, where)
    return Effects(reads=reads, writes=writes)


def _drop(op: Operation, aliases: Aliases) -> Effects:  # 4
    """What a drop does beside running destructors."""
    parts = [part for type in dropped_types(op) for part in dropped_parts(type, aliases.module)]
    if any(isinstance(part, ThreadScopeType) for part in parts):
        return ALL_EFFECTS  # it joins threads, and their panics go on here
    found = Effects(syncs=any(isinstance(part, GuardType | ThreadType | PinType) for part in parts))
    if any(isinstance(part, OwnType | PoolType | ArenaType | DynType) for part in parts):
        value = op.operands[0]
        alone = len(parts) == 1 and value.type is parts[0] and isinstance(value.type, OwnType)
        freed = visible(aliases, aliases.objects.get(value, ALL)) if alone else ALL_MEMORY
        found |= Effects(writes=freed, frees=freed)
    return found


def spell(effects: Effects, function: Function) -> str:
    """``reads *%p; may panic``, or ``none``."""

    def part(each: Part) -> str:
        if isinstance(each, int):
            return f"*%{function.parameters[each].name}"
        return each.value if isinstance(each, Unknown) else f"@{each}"

    said = [
        f"{verb} {' '.join(sorted(map(part, memory)))}"
        for verb, memory in (("reads", effects.reads), ("writes", effects.writes), ("frees", effects.frees))
        if memory
    ]
    flags = {
        "may panic": effects.panics, "may not return": effects.diverges, "allocates": effects.allocates,
        "may collect": effects.collects, "seen by others": effects.syncs,
    }  # fmt: skip
    return "; ".join([*said, *(text for text, holds in flags.items() if holds)]) or "none"
