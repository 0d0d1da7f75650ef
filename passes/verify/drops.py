"""Elaborated drops: after ``elaborate-drops`` every owner is consumed exactly once on every way, and each flag tells the truth.

    %f = load %flag
    drop %l, if %f           proved: when this runs, %flag is set exactly when %l holds a value
    end %l {dead}            proved: %l holds nothing that needs drop

A function whose drops are elaborated carries the attribute ``elaborated``, and its flags are locals marked ``{drop.flag}``. The
attribute is a claim and this is its proof, so text in which it stands is accepted again, by itself and nobody's word: the
checks of the IR before elaboration speak of drops by flow, of which there are none left. Under ``--verify-each`` the proof is
made behind elaboration and behind each later pass.

For each move path (``move_paths``) there are eight facts, each a bit set over paths: the path is not yet defined, there, gone,
or of another variant than the enum holds, and its flag is clear or set (clear for a path without). A fact holds where it holds
on some way. What an operation does to a path is what ``initialization`` says, with more known: where a branch looks at a flag,
the other half does not arrive (5).

Clauses, cited by number in the code and planted as defects one by one in the tests:
 1. what is used, consumed or looked at is there on all ways; a ``switch_enum`` in place, and taking a shell to ``dealloc`` it,
    need only the path itself and not its parts;
 2. a drop with a flag runs where the flag is set exactly when the path is there;
 3. ``init``, ``dealloc`` and ``end`` find nothing that needs drop;
 4. where the function is left (``ret``, ``resume``, a panic that no block here takes), and where a value is defined anew,
    nothing that needs drop is there: no owner is lost;
 5. behind ``cond_br`` on a flag, the flag is known;
 6. a flag is changed to a constant, or to the opposite of the condition of the drop behind it;
 7. what a reference, a ``gc`` or a global leads to is dropped only right in front of the ``init`` that fills it again; so are
    parts of what has a destructor, and elements at indices that are not constant;
 8. parts of an array are dropped element by element and range by range, and those do not overlap;
 9. nothing is done to a local whose storage may have been ended.

A path is *hollow* when all its parts that need drop have paths of their own: then those are looked at, not it.

Invariant: what is accepted drops each value exactly once. Near-linear: one dataflow problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

import attrs

from altru_ir.behaviour import accesses, may_panic
from altru_ir.cfg import ControlFlowGraph
from altru_ir.dataflow import Problem, Solution, panicking, solve
from altru_ir.declare import BORROW, CONSUME, END, ESCAPE, EXCHANGE, INIT, READ, WRITE
from altru_ir.diagnostics import Diagnostic
from altru_ir.literals import constant_integer
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.initialization import NO_EFFECT, Effect, Initialization, is_conditional
from altru_ir.passes.analysis.move_paths import (
    COLLECTED,
    DEREF,
    ELEMENT,
    EXACT,
    GLOBAL,
    RAW,
    REFERENCE,
    MovePath,
    MovePaths,
    is_uninit,
)
from altru_ir.passes.analysis.scopes import cleanups
from altru_ir.passes.analysis.storage import EndedStorage
from altru_ir.passes.base import bodies
from altru_ir.passes.verify.conditions import opposite, truth
from altru_ir.types import ArrayType, NamedType, OwnType, ThreadScopeType, Type
from altru_ir.values import Operation, Value

ELABORATED, FLAG = "elaborated", "drop.flag"

SETS = ("assign", "init")
"""Operations that change a flag."""

Facts = tuple[int, int, int, int, int, int, int, int]
"""Not defined and clear, and set; there and clear, and set; gone and clear, and set; of another variant and clear, and set."""

NOTHING: Facts = (0, 0, 0, 0, 0, 0, 0, 0)


def check_drops(function: Function, module: Module) -> list[Diagnostic]:
    """Where ``function`` drops something twice or never, or by a flag that does not tell whether it is there."""
    if function.is_declaration:
        return []
    return _Proof(function, module).run()


def check_elaborated(module: Module) -> list[Diagnostic]:
    """``check_drops`` for the functions of ``module`` that say that their drops are elaborated."""
    return [
        problem
        for function in bodies(module)
        if function.attributes.get(ELABORATED)
        for problem in check_drops(function, module)
    ]


@attrs.define
class _Flags:
    """Which flag stands for which paths; ``paths`` by the local of the flag."""

    paths: dict[Value, int] = attrs.Factory(dict)

    def of_load(self, value: Value) -> Value | None:
        """The flag that ``value`` was loaded from."""
        op = value.operation
        if op is None or op.name != "load":
            return None
        local = op.operands[0]
        return local if local in self.paths else None


class _Proof(Problem[Facts]):
    def __init__(self, function: Function, module: Module) -> None:
        self.function = function
        self.module = module
        self.cfg: ControlFlowGraph = function.cfg()
        self.facts = Initialization(function, module, self.cfg, MovePaths(function, module, elaborated=True))
        self.paths = self.facts.paths
        self.marks = self.paths.marks
        self.all = (1 << len(self.paths.paths)) - 1
        self.found: list[Diagnostic] = []
        self.shells = self.find_shells()
        self.flags = self.find_flags()
        self.heavy = self.find_heavy()
        self.positions: dict[Operation, int] = {}
        self.taken = 0
        """What the operation that is looked at has taken by operands before."""
        self.acting = {block: self.find_acting(block) for block in self.cfg.blocks}

    # -- what the function is about ----------------------------------------------------------------------------------

    def find_shells(self) -> dict[Value, MovePath]:
        """What is taken to be released without its content: the taken value, and the path that it was taken from."""
        taken: dict[Value, MovePath] = {}
        used: dict[Value, str] = {}
        for op in self.function.operations():
            if op.name == "take" and isinstance(op.result.type, OwnType):
                located = self.paths.locate(op.operands[0])
                if located.path is not None and located.reach == EXACT:
                    taken[op.result] = located.path
            for value in op.all_operands():
                if value in taken:
                    used[value] = op.name if value not in used else ""
        return {value: path for value, path in taken.items() if used.get(value) == "dealloc"}

    def find_flags(self) -> _Flags:
        """A flag stands for the path that a drop with it drops, and for what is looked at or released behind a branch on it."""
        flags = _Flags()
        for op in self.function.operations():
            if op.name == "local" and op.attrs.get(FLAG):
                flags.paths[op.result] = 0
        if not flags.paths:
            return flags
        for block in self.function.blocks:
            for op in block.ops:
                if is_conditional(op):
                    flag = flags.of_load(op.operands[1])
                    path = self.path_of(op.operands[0])
                    if flag is not None and path is not None:
                        flags.paths[flag] |= path.bit
            last = block.ops[-1]
            if last.name == "cond_br":
                flag = flags.of_load(last.operands[0])
                path = self.first_path(last.successors[0].block)
                if flag is not None and path is not None:
                    flags.paths[flag] |= path.bit
        self.spread(flags)
        return flags

    def spread(self, flags: _Flags) -> None:
        """The flag of a whole stands for its parts, too, but for those that have one."""
        named: dict[int, list[Value]] = {}
        for flag, paths in flags.paths.items():
            for path in self.each(paths):
                named.setdefault(path.index, []).append(flag)
        for path in self.paths.paths:  # the whole comes before its parts
            if path.parent is not None and path.index not in named and path.parent.index in named:
                named[path.index] = named[path.parent.index]
                for flag in named[path.index]:
                    flags.paths[flag] |= path.bit

    def first_path(self, block: Block) -> MovePath | None:
        """The path that is looked at or released in ``block``, as the part of a drop that stands under a flag."""
        for op in block.ops:
            if op.name in ("switch_enum", "dealloc", "take") and op.operands:
                return self.shells.get(op.operands[0]) or self.path_of(op.operands[0])
        return None

    def path_of(self, value: Value) -> MovePath | None:
        """What ``value`` is, or holds, where that is known exactly."""
        if value.type.is_place:
            located = self.paths.locate(value)
            return located.path if located.reach == EXACT else None
        return self.paths.roots.get(value)

    def find_heavy(self) -> int:
        """The paths that need drop themselves and not only through parts with paths."""
        found = 0
        for path in self.paths.paths:
            if not isinstance(path.type, ThreadScopeType) and self.marks.needs_drop(path.type) and not self.paths.hollow(path):
                found |= path.bit
        return found

    def find_acting(self, block: Block) -> list[int]:
        """Where operations in ``block`` change facts."""
        if not self.flags.paths:
            return self.facts.acting[block]
        flags = self.flags.paths
        changes = [at for at, op in enumerate(block.ops) if op.operands and op.operands[0] in flags and op.name in SETS]
        return sorted({*self.facts.acting[block], *changes}) if changes else self.facts.acting[block]

    # -- the problem -------------------------------------------------------------------------------------------------

    def bottom(self) -> Facts:
        return NOTHING

    def boundary(self, op: Operation | None) -> Facts:
        given = self.facts.parameters
        return (self.all & ~given, 0, given, 0, 0, 0, 0, 0)

    def join(self, a: Facts, b: Facts) -> Facts:
        return (
            a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3], a[4] | b[4], a[5] | b[5], a[6] | b[6], a[7] | b[7],
        )  # fmt: skip

    def transfer(self, op: Operation, state: Facts) -> Facts:
        return self.apply(op, self.before_results(op, state), self.facts.result_effect(op))

    def panic(self, op: Operation, state: Facts) -> Facts:
        return self.before_results(op, state)

    def through(self, block: Block, panics: Set[int], state: Facts) -> tuple[Facts, Facts | None]:
        """The same by the operations that change something; where those that panic find the same, it is joined once."""
        unwind: Facts | None = None
        joined: Facts | None = None
        acting = self.acting[block]
        for at in sorted({*panics, *acting}) if panics else acting:
            op = block.ops[at]
            if at in panics:
                left = self.panic(op, state)
                if left is not joined:
                    unwind, joined = left if unwind is None else self.join(unwind, left), left
            state = self.transfer(op, state)
        return state, unwind

    def before_results(self, op: Operation, state: Facts) -> Facts:
        if op.name in SETS and op.operands[0] in self.flags.paths:
            state = self.set_flag(op, state)
        if is_conditional(op):
            return self.dropped(op, state)
        return self.apply(op, state, self.facts.panic_effect(op))

    def apply(self, op: Operation, state: Facts, effect: Effect) -> Facts:
        if effect is NO_EFFECT:
            return state
        gone, there = effect.gone & ~effect.there, effect.there
        for result in op.results:  # of a shell only the owner itself is there
            if result in self.shells:
                root = self.paths.roots[result]
                gone |= there & root.mask & ~root.bit
                there &= ~(root.mask & ~root.bit)
        u0, u1, t0, t1, g0, g1, n0, n1 = state
        other = effect.empty & ~effect.gone & ~there
        clear, set = u0 | t0 | g0 | n0, u1 | t1 | g1 | n1
        keep = ~(gone | there | other)
        return (
            u0 & keep, u1 & keep,
            (t0 & keep) | (clear & there), (t1 & keep) | (set & there),
            (g0 & keep) | (clear & gone), (g1 & keep) | (set & gone),
            (n0 & keep) | (clear & other), (n1 & keep) | (set & other),
        )  # fmt: skip

    def set_flag(self, op: Operation, state: Facts) -> Facts:  # 6
        paths = self.flags.paths[op.operands[0]]
        value = truth(op.operands[1])
        u0, u1, t0, t1, g0, g1, n0, n1 = state
        u, t, g, n = (u0 | u1) & paths, (t0 | t1) & paths, (g0 | g1) & paths, (n0 | n1) & paths
        keep = ~paths
        clear, set = (-1, -1) if value is None else (0, -1) if value else (-1, 0)
        return (
            (u0 & keep) | (u & clear), (u1 & keep) | (u & set), (t0 & keep) | (t & clear), (t1 & keep) | (t & set),
            (g0 & keep) | (g & clear), (g1 & keep) | (g & set), (n0 & keep) | (n & clear), (n1 & keep) | (n & set),
        )  # fmt: skip

    def dropped(self, op: Operation, state: Facts) -> Facts:
        """A drop with a flag of ours leaves the path gone (2); with a condition of the program, as its flag says (6)."""
        path = self.path_of(op.operands[0])
        if path is None:
            return state
        known = constant_integer(op.operands[1])
        if known is not None:
            return self.apply(op, state, Effect(gone=path.mask)) if known else state
        u0, u1, t0, t1, g0, g1, n0, n1 = state
        mask = path.mask
        flag = self.flags.of_load(op.operands[1])
        if flag is not None and self.flags.paths[flag] & path.bit:
            return (u0, u1, t0 & ~path.bit, t1 & ~mask, g0 | (t0 & path.bit), g1 | (t1 & mask), n0, n1)
        told = self.told_by(op)
        return (u0, u1, t0 & ~(mask & told), t1, g0 | (t0 & mask), g1 | (t1 & mask & ~told), n0, n1)

    def told_by(self, op: Operation) -> int:
        """The paths whose flags were set to the opposite of the condition of ``op`` right in front of it."""
        assert op.block is not None
        found = 0
        seen: set[Value] = set()  # the last assignment is the one that counts
        for at in range(self.position(op) - 1, -1, -1):
            before = op.block.ops[at]
            if before.name == "assign" and before.operands[0] in self.flags.paths:
                flag = before.operands[0]
                if flag not in seen and opposite(before.operands[1], op.operands[1]):
                    found |= self.flags.paths[flag]
                seen.add(flag)
            elif before.name not in ("xor", "icmp", "const", "load") and not before.decl.is_projection:
                break
        return found

    def edge(self, op: Operation, index: int, state: Facts) -> Facts | None:
        if op.name == "cond_br":  # 5
            flag = self.flags.of_load(op.operands[0])
            if flag is not None:
                paths = self.flags.paths[flag]
                state = self.known(state, paths, index == 0)
        return self.apply(op, state, self.facts.edge_effect(op, index))

    def known(self, state: Facts, paths: int, set: bool) -> Facts:
        u0, u1, t0, t1, g0, g1, n0, n1 = state
        keep = ~paths
        if set:
            return (u0 & keep, u1, t0 & keep, t1, g0 & keep, g1, n0 & keep, n1)
        u1, t1, g1, n1 = u1 & keep, t1 & keep, g1 & keep, n1 & keep
        below = 0  # what an enum or an owner that is not there would hold is not there
        for path in self.each(paths & ~(t0 | t1)):
            if isinstance(path.type, OwnType) or self.is_enum(path.type):
                below |= path.mask
        return (u0, u1, t0 & ~below, t1 & ~below, g0 | (t0 & below), g1 | (t1 & below), n0, n1)

    def is_enum(self, type: Type) -> bool:
        return isinstance(type, NamedType) and self.module.types[type.name].kind == "enum"

    # -- the proof ---------------------------------------------------------------------------------------------------

    def run(self) -> list[Diagnostic]:
        for path in self.paths.paths:
            row = isinstance(path.type, ArrayType) and len(path.type.dimensions) == 1
            if row and self.paths.covered(path) is None:
                self.say(None, f"parts of `{path}` that are dropped by themselves overlap")  # 8
        solution: Solution[Facts] = solve(self, self.cfg)
        unwinding = cleanups(self.cfg.blocks)
        storage = EndedStorage(self.function, self.cfg)
        for number, block in enumerate(self.cfg.blocks):
            if not solution.reached[number]:
                continue
            caught = block.unwind is not None or block in unwinding  # a panic in a cleanup ends the program
            panics: Set[int] = frozenset() if caught else panicking(self, block)
            state, changing = solution.start[number], set(self.acting[block])
            ended = storage.solution.start[number] if storage.bit else 0
            for at, op in enumerate(block.ops):
                if op.operands or op.results:
                    self.operation(op, at, block, state)
                if ended:
                    self.storage(op, ended, storage)
                if at in panics:
                    self.left(op, self.panic(op, state), "a panic here leaves")  # 4
                if at in changing:
                    state = self.transfer(op, state)
                if storage.bit:
                    ended = storage.transfer(op, ended)
            last = block.ops[-1]
            if last.name in ("ret", "resume"):
                self.left(last, solution.end[number], "here the function leaves")  # 4
            for index, successor in enumerate(last.successors):  # arguments are defined anew
                lost = self.masks(successor.block.args) & ~self.masks(successor.args)
                if lost:
                    self.left(last, solution.end[number], f"the edge {index} loses", lost)
        return self.found

    def storage(self, op: Operation, ended: int, storage: EndedStorage) -> None:  # 9
        local = storage.ended_in(op, ended, self.paths)
        if local is not None:
            self.say(op, f"`%{local.name}` is used after its scope has ended")

    def masks(self, values: list[Value]) -> int:
        """The paths of ``values`` and all below them."""
        found = 0
        for value in values:
            root = self.paths.roots.get(value)
            found |= 0 if root is None else root.mask
        return found

    def left(self, op: Operation, state: Facts, says: str, among: int = -1) -> None:
        lost = (state[2] & among | state[3] & among) & self.heavy
        for path in self.each(lost):
            if not is_uninit(path.type):
                self.say(op, f"{says} `{path}` behind: nothing drops it")

    def each(self, paths: int) -> Iterator[MovePath]:
        while paths:
            yield self.paths.paths[(paths & -paths).bit_length() - 1]
            paths &= paths - 1

    def say(self, op: Operation | None, message: str) -> None:
        place = None if op is None else op.location
        self.found.append(Diagnostic("ALT-M006", message, place, function=self.function.name))

    def need(self, op: Operation, state: Facts, paths: int, whole: MovePath) -> None:  # 1
        missing = (state[0] | state[1] | state[4] | state[5] | self.taken) & paths
        if missing:
            self.say(op, f"`{whole}` is used, but `{next(self.each(missing))}` may not be there")

    def empty(self, op: Operation, state: Facts, paths: int) -> None:  # 3
        for path in self.each((state[2] & paths | state[3] & paths) & self.heavy & ~self.taken):
            self.say(op, f"`{path}` may still hold something that must be dropped")

    def operation(self, op: Operation, at: int, block: Block, state: Facts) -> None:
        if op.decl.is_projection and op.results[0].type.is_place:
            return
        if op.attrs.get("rest"):
            self.say(op, "a drop by flow is left: its function is not elaborated")
        roots = self.paths.roots
        for result in op.results:
            root = roots.get(result)
            if root is not None:
                made = self.before_results(op, state) if op.name != "local" else state
                self.left(op, made, "a new value loses", root.mask)  # 4
        self.taken = 0
        if any(value in roots or value.type.is_place for value in op.operands):
            self.operands(op, at, block, state)
        taken = self.taken
        for successor in op.successors:
            self.taken = taken
            for value in successor.args:
                root = roots.get(value)
                if root is not None:
                    self.need(op, state, root.needed, root)
                    self.taken |= root.mask

    def operands(self, op: Operation, at: int, block: Block, state: Facts) -> None:
        """Looks at what ``op`` does to its operands, places behind values; what one of them takes is gone for the next."""
        for value, access in sorted(accesses(op), key=lambda each: each[0].type.is_place):
            if value.type.is_place:
                self.place(op, at, block, value, access, state)
                continue
            root = self.paths.roots.get(value)
            if root is None:
                continue
            if op.name == "dealloc":
                self.need(op, state, root.bit, root)
                self.released(op, root, state)
            elif is_conditional(op) and access == CONSUME:
                self.under_flag(op, root, state)
            else:
                self.need(op, state, root.needed, root)
            if access in (CONSUME, ESCAPE):
                self.taken |= root.mask

    def released(self, op: Operation, root: MovePath, state: Facts) -> None:
        """The content of a shell is empty (3)."""
        content = root.children.get(DEREF)
        if content is not None:
            self.empty(op, state, content.mask)
        elif root.root not in self.shells and self.marks.needs_drop(root.type.pointee):  # type: ignore[arg-type]
            self.say(op, f"the content of `{root}` may still hold something that must be dropped")

    def under_flag(self, op: Operation, path: MovePath, state: Facts) -> None:  # 2
        if constant_integer(op.operands[1]) == 0:
            return
        flag = self.flags.of_load(op.operands[1])
        if flag is None or not self.flags.paths[flag] & path.bit:
            self.need(op, state, path.needed, path)
            return
        if not self.fresh(op, op.operands[1], flag):
            self.say(op, f"the flag of `{path}` may have changed since it was loaded")
        others = path.needed & ~self.flags.paths[flag]  # parts that come and go by flags of their own
        if state[2] & path.bit or (state[1] | state[5]) & path.needed or (state[0] | state[4]) & others:
            self.say(op, f"the flag does not tell whether `{path}` is there")

    def fresh(self, op: Operation, loaded: Value, flag: Value) -> bool:
        """Whether nothing changes the flag between its load and ``op``, which are in one block."""
        load = loaded.operation
        if load is None or op.block is not load.block or op.block is None:
            return False
        between = (op.block.ops[at] for at in range(self.position(load), self.position(op)))
        return not any(each.name in ("assign", "init") and each.operands[0] is flag for each in between)

    def position(self, op: Operation) -> int:
        """The place of ``op`` in its block."""
        if op not in self.positions:
            assert op.block is not None
            self.positions.update((each, at) for at, each in enumerate(op.block.ops))
        return self.positions[op]

    def place(self, op: Operation, at: int, block: Block, place: Value, access: str, state: Facts) -> None:
        located = self.paths.locate(place)
        path, reach = located.path, located.reach
        if op.name == "switch_enum" and path is not None and reach == EXACT:
            self.need(op, state, path.bit, path)
            return
        if path is None or reach in (REFERENCE, COLLECTED, RAW, GLOBAL):
            if path is not None and reach in (REFERENCE, COLLECTED, RAW):
                self.need(op, state, path.bit, path)
            if reach != RAW and access == CONSUME and (is_conditional(op) or not self.refilled(op, at, block, place)):
                self.say(op, "what stays behind a reference is dropped, and not filled again")  # 7
            return
        apart = reach == ELEMENT or located.destructor is not None  # 7
        if apart and access in (CONSUME, INIT) and self.marks.needs_drop(place.type.target):  # type: ignore[attr-defined]
            if access == CONSUME and not self.refilled(op, at, block, place):
                self.say(op, f"a part of `{path}` that nobody keeps track of is dropped, and not filled again")
            elif access == INIT and not self.emptied(at, block, place):
                self.say(op, f"a part of `{path}` that nobody keeps track of may still hold something that must be dropped")
        step: MovePath | None = None if is_conditional(op) else path  # what is there lies in what is there
        while step is not None and step.parent is not None:
            if step.step == DEREF:
                self.need(op, state, step.parent.bit, step.parent)
            step = step.parent
        if is_uninit(path.type):
            return
        if access == END:
            self.empty(op, state, path.mask)
        elif is_conditional(op):
            self.under_flag(op, path, state)
        elif op.results and op.result in self.shells:
            self.need(op, state, path.bit, path)
            content = path.children.get(DEREF)
            if content is not None:
                self.empty(op, state, content.mask)
            elif self.marks.needs_drop(op.result.type.pointee):  # type: ignore[arg-type]
                self.say(op, f"the content of `{path}` may still hold something that must be dropped")
        elif access in (READ, BORROW, CONSUME, EXCHANGE):
            self.need(op, state, path.needed, path)
        elif access == WRITE and self.marks.needs_drop(path.type):
            self.say(op, "a drop by flow is left: its function is not elaborated")
        elif access == INIT and not apart:
            self.empty(op, state, path.mask)

    def refilled(self, op: Operation, at: int, block: Block, place: Value) -> bool:
        """Whether the next operation that matters stores to ``place``."""
        for each in block.ops[at + 1 :]:
            if each.name == "init" and each.operands[0] is place:
                return True
            if self.matters(each):
                return False
        return False

    def emptied(self, at: int, block: Block, place: Value) -> bool:
        """Whether the last operation that mattered took what was in ``place``."""
        for each in reversed(block.ops[:at]):
            if each.name in ("drop", "take") and each.operands[0] is place and len(each.operands) == 1:
                return True
            if self.matters(each):
                return False
        return False

    def matters(self, op: Operation) -> bool:
        if op.name == "assign":
            return op.operands[0] not in self.flags.paths
        return op.name not in ("const", "load") and not op.decl.is_projection

    def may_panic(self, op: Operation, module: Module | None) -> bool:
        return may_panic(op, self.module)


__all__ = ["ELABORATED", "FLAG", "check_drops", "check_elaborated"]
