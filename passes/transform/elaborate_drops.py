"""Drop elaboration: what is dropped by flow becomes drops that say what they drop, with flags only where flow cannot say.

    %b = local : @Pair                        %b = local : @Pair
    init %b, %p                               init %b, %p
    %f = field %b, first                      %f = field %b, first
    %x = take %f                     =>       %x = take %f
    end %b                                    %s = field %b, second
                                              drop %s
                                              end %b

Each ``end``, each ``drop`` with ``rest`` and each ``assign`` is looked at with what ``initialization`` knows there. For a path
 1. of which nothing may be there, nothing is done;
 2. of which nothing may be gone, the place is dropped as a whole;
 3. that has no parts of its own that differ, the drop stands under a *flag*, an ``i1`` in a local, which is set where the path
    becomes there and cleared where it goes;
 4. of which parts differ, each part is dropped by these rules (an *open drop*): fields in their order, of an enum the payload
    of the variant that it holds, of an array the elements with paths and the ranges between them, of an owner its content
    and then the shell, by ``dealloc``. A part without a path follows the whole.
 5. ``assign`` of what needs drop drops what is there, then stores by ``init``; where that drop may panic the old content is
    taken out first and dropped behind the store, so that the store happens all the same.
 6. A flag is changed in front of the operation that changes its path, so that it is right on the unwind edge too, and behind
    the operation that defines the root. A drop that was written with a flag of its own clears those of its paths when it
    takes place.
 7. A thread scope is joined by its ``end``.
 8. When a part of an open drop panics, the parts behind it are dropped all the same: the drop is written a second time for
    unwinding, is entered behind the part that panicked, and goes on at the block's cleanup.
 9. A drop that finds nothing does not panic: what only its unwinding would lead to is gone, and needs no flag.

Afterwards ``end`` is ``{dead}``, it only says that storage is, and ``drop`` drops a whole that is there (with ``if``: when the
flag is set). The function says so with the attribute ``elaborated``, and ``verify.drops`` proves it.

Invariants: at each point where a path is in both sets of ``initialization``, its flag says whether it is there; there are no
flags for paths that are in both sets at no drop. Source: rustc's elaborate_drops and its drop ladder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from altru_ir import declare
from altru_ir.behaviour import accesses, drop_may_panic, may_panic
from altru_ir.declare import CONSUME, END, INIT, WRITE
from altru_ir.marks import Marks
from altru_ir.module import Block, Function, Module
from altru_ir.ops.aggregates import field_types
from altru_ir.passes.analysis.initialization import Effect, Initialization, is_conditional
from altru_ir.passes.analysis.manager import Get
from altru_ir.passes.analysis.move_paths import DEREF, EXACT, MovePath
from altru_ir.passes.analysis.scopes import cleanups
from altru_ir.passes.base import FunctionPass
from altru_ir.passes.verify.drops import ELABORATED, FLAG
from altru_ir.source import Location
from altru_ir.types import I1, UNIT, USIZE, ArrayType, NamedType, OwnType, PlaceType, ThreadScopeType, Type
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Value

_Steps = Iterator[Any]
"""Work that hands out the work to be done in between, so that nothing recurses over the depth of types."""


class _Spot:
    """Where something to be dropped is: a value, or a place whose path is written again in blocks that the first writing does
    not dominate."""

    def __init__(self, value: Value | None, whole: _Spot | None = None, write: Callable[[Value], Value] | None = None) -> None:
        self.value = value
        self.whole = whole
        self.write = write
        self.epoch = -1


@attrs.define
class _Ladder:
    """The way down through the rest of a drop in parts when one part panics (8): ``rungs[i]`` goes on behind the part ``i``."""

    rungs: list[Block] = attrs.Factory(list)
    entered: list[tuple[Block, int]] = attrs.Factory(list)
    at: int = 0
    unwinding: bool = False

    def rung(self) -> Block:
        if self.at == len(self.rungs):
            self.rungs.append(Block())
        self.at += 1
        return self.rungs[self.at - 1]


@attrs.define
class ElaborateDrops(FunctionPass):
    """Makes drops by flow explicit: static where known, under flags where not, part by part where parts differ."""

    name = "elaborate-drops"

    def run_on(self, function: Function) -> bool:
        assert function.module is not None
        if function.attributes.get(ELABORATED):
            return False
        elaborator = _Elaborator(function, function.module, self.get)
        changed = elaborator.run()
        if changed:
            function.attributes[ELABORATED] = True
        self.count("drop flags", len(elaborator.flags))
        self.count("drops", elaborator.drops)
        return changed


class _Elaborator:
    def __init__(self, function: Function, module: Module, get: Get) -> None:
        self.function = function
        self.module = module
        self.get = get
        self.needs_drop = Marks(module).needs_drop
        self.flags: dict[MovePath, Value | None] = {}
        self.with_flags = 0
        self.drops = 0
        self.out: list[Operation] = []
        self.block: Block
        self.blocks: list[Block] = []
        self.truths: list[Value] = []
        self.unwind: Block | None = None
        self.loc: int | Location | None = None
        self.ladder: _Ladder | None = None
        self.epoch = 0
        self.cleanups: set[Block] = set()
        self.in_cleanup = False
        self.behind: list[Block] = []
        self.dead: set[Block] = set()
        self.apart = 0
        self.held: dict[MovePath, int] = {}
        self.sites: set[Operation] = set()

    def run(self) -> bool:
        self.sites = {op for op in self.function.operations() if self.is_site(op)}
        if not self.sites:
            return False
        self.facts = self.get(Initialization, self.function)
        self.find_held()
        self.leave_out_dead_unwinds()
        self.apart = self.changed_apart()
        self.cleanups = cleanups(self.facts.cfg.blocks)
        self.walk(plan=True)
        self.walk(plan=False)
        return True

    def leave_out_dead_unwinds(self) -> None:
        """Clause 9: nothing unwinds from a drop that finds nothing, so no flag is needed for what is only different there."""
        facts = self.facts
        blocks = facts.cfg.blocks
        quiet: set[Operation] = set()
        for number, block in enumerate(blocks):
            if block.unwind is None or not facts.there.reached[number] or self.sites.isdisjoint(block.ops):
                continue
            for op, there, _ in facts.states(number):
                if op in self.sites:
                    reach, path, _ = self.target(op)
                    if reach == EXACT and path is not None and not there & self.held[path] and may_panic(op, self.module):
                        quiet.add(op)
        if not quiet:
            return
        before = facts.there.reached
        facts.assume_quiet(frozenset(quiet))
        for block in blocks:
            if block.unwind is not None and quiet.intersection(block.ops):
                loud = any(may_panic(op, self.module) for op in block.ops if op not in quiet)
                block.unwind = block.unwind if loud else None
        reached = facts.there.reached
        self.dead = {block for block, was, still in zip(blocks, before, reached, strict=True) if was and not still}

    def is_site(self, op: Operation) -> bool:
        if op.name == "end":
            held = op.operands[0].type.target  # type: ignore[attr-defined]
            return self.needs_drop(held) and not isinstance(held, ThreadScopeType) and not op.attrs.get("dead")  # 7
        if op.name == "assign":
            return self.needs_drop(op.operands[1].type)
        return op.name == "drop" and bool(op.attrs.get("rest"))

    # -- the walk: once to find the flags, once to write --

    def walk(self, plan: bool) -> None:
        facts, cfg = self.facts, self.facts.cfg
        if not plan:
            self.blocks = []
        for number, block in enumerate(cfg.blocks):
            if not facts.there.reached[number]:
                if not plan and block not in self.dead:
                    self.blocks.append(block)
                continue
            if self.sites.isdisjoint(block.ops) and (plan or not self.flags):
                if not plan:
                    self.blocks.append(block)
                continue
            states = list(facts.states(number))
            if not plan:
                self.begin(block, number)
            for op, there, gone in states:
                self.loc = op.loc
                if plan:
                    if op in self.sites:
                        self.plan(op, there, gone)
                elif op in self.sites:
                    self.site(op, there, gone)
                elif not self.flags:
                    self.add(op)
                else:
                    if is_conditional(op):
                        self.change_by(facts.panic_effect(op), op.operands[1])
                    else:
                        self.change(facts.panic_effect(op))  # 6
                    self.add(op)
                    self.change(facts.result_effect(op))
            if not plan:
                self.block.ops = self.out
        if not plan:
            self.function.blocks = [*self.blocks, *self.behind]

    def begin(self, block: Block, number: int) -> None:
        self.block, self.out, self.unwind = block, [], block.unwind
        self.blocks.append(block)
        self.in_cleanup = block in self.cleanups
        self.loc = block.ops[0].loc
        if number == 0:
            self.make_flags()
        if self.flags:
            arrived = 0
            for argument in block.args:
                root = self.facts.paths.roots.get(argument)
                if root is not None:
                    arrived |= root.mask
            if arrived:
                self.change(Effect(there=arrived))

    def make_flags(self) -> None:
        if not self.flags:
            return
        self.truths = [self.emit("const", [], {"value": value}, I1) for value in (0, 1)]
        for path in self.flags:
            place = self.emit("local", [], {FLAG: True}, PlaceType(I1, True))
            self.flags[path] = place
            self.with_flags |= path.bit
            self.emit("init", [place, self.truths[bool(self.facts.parameters & path.bit)]])

    def plan(self, op: Operation, there: int, gone: int) -> None:
        located, path, _ = self.target(op)
        if path is not None and located == EXACT:
            self.find_flags(path, there, gone)

    def target(self, op: Operation) -> tuple[str, MovePath | None, Value]:
        value = op.operands[0]
        if not value.type.is_place:
            return EXACT, self.facts.paths.roots.get(value), value
        located = self.facts.paths.locate(value)
        return located.reach, located.path, value

    def changed_apart(self) -> int:
        """The paths of what needs drop that some operation fills or empties by themselves, not with a whole around them."""
        found = 0
        for op in self.function.operations():
            if not any(value.type.is_place for value in op.operands):
                continue
            for value, access in accesses(op):
                if value.type.is_place and access in (CONSUME, END, INIT, WRITE):
                    path = self.facts.paths.locate(value).path
                    found |= path.bit if path is not None and self.needs_drop(path.type) else 0
        return found

    def find_held(self) -> None:
        """For each path the paths at and below it that, if they are there, hold something to be dropped. A switch rules out
        payloads: an enum may be there with none of those."""
        paths = self.facts.paths
        for path in reversed(paths.paths):
            held = path.bit if self.needs_drop(path.type) and not paths.hollow(path) else 0
            for child in path.children.values():
                held |= self.held[child]
            self.held[path] = held

    def find_flags(self, path: MovePath, there: int, gone: int) -> None:
        """The paths below ``path`` whose drop depends on the way (3), by the rules of ``drop``."""
        work = [path]
        while work:
            at = work.pop()
            if not self.needs_drop(at.type) or not there & self.held[at] or not gone & at.needed:
                continue
            parts = self.parts(at)
            if there & gone & at.bit and not (at.is_sum and parts):
                self.flags.setdefault(at, None)
            work.extend(parts)

    def parts(self, path: MovePath) -> list[MovePath]:
        """The parts with paths that a drop of ``path`` goes through one by one; none when it has a destructor, or when no part
        is changed but with the whole: then all are there or none is."""
        if not path.mask & ~path.bit & self.apart:
            return []
        if isinstance(path.type, NamedType) and self.module.types[path.type.name].drop is not None:
            return []
        parts = [child for child in path.children.values() if self.needs_drop(child.type)]
        return [part for part in parts if part.mask & self.apart] if isinstance(path.type, ArrayType) else parts

    # -- writing --

    def add(self, op: Operation) -> None:
        op.block = self.block
        self.out.append(op)

    def emit(self, name: str, operands: list[Value], attributes: dict[str, object] | None = None, type: Type | None = None,
             successors: list[Successor] | tuple[Successor, ...] = ()) -> Value:  # fmt: skip
        op = Operation(declare.find(name), operands, attributes or NO_ATTRIBUTES, successors, loc=self.loc)
        self.add(op)
        if type is not None:
            op.results = [Value(type, None, op)]
            return op.results[0]
        return operands[0] if operands else None  # type: ignore[return-value]

    def change(self, effect: Effect) -> None:
        """Sets and clears flags (6)."""
        for path, flag in self.flagged(effect.there | effect.gone):
            self.emit("assign", [flag, self.truths[bool(effect.there & path.bit)]])

    def change_by(self, effect: Effect, condition: Value) -> None:
        """Sets flags to the opposite of ``condition``: a drop with a flag is of what is there, and may leave it there (6)."""
        kept: Value | None = None
        for _, flag in self.flagged(effect.gone):
            if kept is None:
                kept = self.emit("xor", [condition, self.truths[1]], {}, I1)
            self.emit("assign", [flag, kept])

    def flagged(self, paths: int) -> Iterator[tuple[MovePath, Value]]:
        """Those of ``paths`` that have a flag, with it."""
        paths &= self.with_flags
        while paths:
            path = self.facts.paths.paths[(paths & -paths).bit_length() - 1]
            paths &= paths - 1
            flag = self.flags[path]
            assert flag is not None
            yield path, flag

    def continue_in(self, block: Block) -> None:
        """The rest of the block is written to ``block``."""
        if self.ladder is not None:
            self.epoch += 1
        self.block.ops = self.out
        block.function = self.function
        block.unwind = self.unwind
        self.blocks.append(block)
        self.block, self.out = block, []

    def site(self, op: Operation, there: int, gone: int) -> None:
        reach, path, value = self.target(op)
        if op.name == "assign":
            self.assign(op, reach, path, there, gone)
            return
        if path is not None and reach == EXACT:
            self.drop_in_parts(path, value, there, gone, None)
        if op.name == "end":
            op.set("dead", True)
            self.add(op)

    def assign(self, op: Operation, reach: str, path: MovePath | None, there: int, gone: int) -> None:  # 5
        place, value = op.operands
        tracked = path is not None and reach == EXACT
        attributes = op.attrs
        if tracked and not there & path.mask:  # type: ignore[union-attr]
            self.change(self.facts.panic_effect(op))
            self.add(Operation(declare.find("init"), [place, value], attributes, loc=op.loc))
            return
        whole = not tracked or not gone & path.needed  # type: ignore[union-attr]
        if whole and drop_may_panic(value.type, self.module):
            self.change(self.facts.panic_effect(op))
            old = self.emit("exchange", [place, value], attributes, value.type)
            self.emit("drop", [old])
            self.drops += 1
            return

        def store() -> None:
            self.change(self.facts.panic_effect(op))
            self.add(Operation(declare.find("init"), [place, value], attributes, loc=op.loc))

        if tracked:
            assert path is not None
            self.drop_in_parts(path, place, there, gone, store)
        else:
            self.emit("drop", [place])
            self.drops += 1
        store()

    def drop_in_parts(self, path: MovePath, value: Value, there: int, gone: int, last: Callable[[], None] | None) -> None:
        """Drops what ``path`` holds; when a part panics, the parts behind it and then ``last`` are done all the same (8)."""
        spot = _Spot(value)
        if self.in_cleanup or not gone & path.needed or not drop_may_panic(path.type, self.module):
            self.drop(path, spot, there, gone)
            return
        ladder = self.ladder = _Ladder()
        self.drop(path, spot, there, gone)
        if ladder.rungs:
            self.write_ladder(ladder, lambda: self.drop(path, spot, there, gone), last)
        self.ladder = None

    def write_ladder(self, ladder: _Ladder, write: Callable[[], None], last: Callable[[], None] | None) -> None:
        """The same drop once more, for unwinding; only what can be reached from its rungs is kept."""
        kept = self.block, self.out, self.unwind, self.blocks, self.drops
        self.block, self.out, self.unwind, self.blocks = Block(), [], None, []
        ladder.at, ladder.unwinding = 0, True
        self.epoch += 1
        write()
        if last is not None:
            last()
        if kept[2] is None:
            self.emit("resume", [])
        else:
            self.emit("br", [], {}, None, [Successor(kept[2])])
        self.block.ops = self.out
        copy = self.blocks
        self.block, self.out, self.unwind, self.blocks, self.drops = kept
        self.epoch += 1
        inside, reached = set(copy), set()
        work = []
        for block, index in ladder.entered:
            rung = ladder.rungs[index]
            if len(rung.ops) == 1 and not any(s.block in inside for s in rung.ops[0].successors):  # nothing is left to do
                block.unwind = self.unwind
            else:
                work.append(rung)
        while work:
            block = work.pop()
            if block not in reached:
                reached.add(block)
                work.extend(s.block for op in block.ops[-1:] for s in op.successors if s.block in inside)
        self.behind.extend(block for block in copy if block in reached)

    def leaf(self, at: _Spot, type: Type, flag: Value | None = None) -> None:
        """One drop of a whole, under a flag where there is one."""
        ladder = self.ladder if drop_may_panic(type, self.module) else None
        unwind = self.unwind
        if ladder is not None and not ladder.unwinding:
            rung, inner = ladder.rung(), Block()
            ladder.entered.append((inner, ladder.at - 1))
            self.emit("br", [], {}, None, [Successor(inner)])
            self.unwind = rung
            self.continue_in(inner)
        operands = [self.place(at)]
        if flag is not None:
            operands.append(self.emit("load", [flag], {}, I1))
        self.emit("drop", operands)
        self.drops += 1
        if ladder is not None:
            behind = ladder.rung() if ladder.unwinding else Block()
            self.unwind = unwind
            self.emit("br", [], {}, None, [Successor(behind)])
            self.continue_in(behind)

    def place(self, at: _Spot) -> Value:
        """The place itself, written where control is unless it is there already."""
        stale = []
        each: _Spot | None = at
        while each is not None and each.whole is not None and each.epoch != self.epoch:
            stale.append(each)
            each = each.whole
        for each in reversed(stale):
            assert each.whole is not None
            assert each.whole.value is not None
            assert each.write is not None
            each.value, each.epoch = each.write(each.whole.value), self.epoch
        assert at.value is not None
        return at.value

    def part(self, at: _Spot, name: str, attributes: dict[str, object], type: PlaceType, *indices: int) -> _Spot:
        def write(whole: Value) -> Value:
            return self.emit(name, [whole, *(self.number(i) for i in indices)], attributes, type)

        found = _Spot(None, at, write)
        self.place(found)
        return found

    def drop(self, path: MovePath, at: _Spot, there: int, gone: int) -> None:
        """Drops what ``path`` holds; ``at`` is its place, or the owner itself."""
        work = [self.steps(path, at, there, gone)]
        while work:
            inner = next(work[-1], None)
            if inner is None:
                work.pop()
            else:
                work.append(inner)

    def steps(self, path: MovePath, at: _Spot, there: int, gone: int) -> _Steps:
        """What ``drop`` does; what has to be done in between is handed out."""
        if not self.needs_drop(path.type) or not there & self.held[path]:
            return  # 1
        if not gone & path.needed:
            self.leaf(at, path.type)  # 2
            return
        parts = self.parts(path)
        if not any(there & part.mask or gone & part.mask for part in parts):
            self.drop_whole(path, at, path.type, there, gone)  # 3
            return
        if isinstance(path.type, OwnType):
            yield self.drop_owner(path, path.type, at, there, gone)
        elif isinstance(path.type, ArrayType):
            yield self.drop_array(path, path.type, at, there, gone)
        elif isinstance(path.type, NamedType) and self.module.types[path.type.name].kind == "enum":
            yield self.guarded(path, there, gone, self.drop_enum(path, path.type, at, there, gone))
        elif isinstance(path.type, NamedType):
            yield self.drop_struct(path, path.type, at, there, gone)
        else:
            raise AssertionError(path.type)

    def drop_whole(self, path: MovePath, at: _Spot, type: Type, there: int, gone: int) -> None:
        """Drops ``at``, a ``type``, when ``path`` itself is there."""
        if there & path.bit:
            self.leaf(at, type, self.flags[path] if gone & path.bit else None)

    def guarded(self, path: MovePath, there: int, gone: int, write: _Steps) -> _Steps:
        """What ``write`` writes is done only when ``path`` is there."""
        if not there & path.bit:
            return
        if not gone & path.bit:
            yield write
            return
        flag = self.flags[path]
        assert flag is not None
        loaded = self.emit("load", [flag], {}, I1)
        yes, no = Block(), Block()
        self.emit("cond_br", [loaded], {}, None, [Successor(yes), Successor(no)])
        self.continue_in(yes)
        yield write
        self.emit("br", [], {}, None, [Successor(no)])
        self.continue_in(no)

    def drop_owner(self, path: MovePath, type: OwnType, at: _Spot, there: int, gone: int) -> _Steps:
        content = path.children[DEREF]
        place = self.part(at, "deref", {}, PlaceType(type.target, True))
        yield self.steps(content, place, there, gone)

        def shell() -> _Steps:
            held = self.place(at)
            owner = held if not held.type.is_place else self.emit("take", [held], {}, type)
            self.emit("dealloc", [owner])
            yield from ()

        yield self.guarded(path, there, gone, shell())

    def drop_struct(self, path: MovePath, type: NamedType, at: _Spot, there: int, gone: int) -> _Steps:
        for name, part in (field_types(type, self.module, "struct") or {}).items():
            if self.needs_drop(part):
                place = self.part(at, "field", {"field": name}, PlaceType(part, True))
                child = path.children.get(("field", name))
                if child is not None:
                    yield self.steps(child, place, there, gone)
                else:
                    self.drop_whole(path, place, part, there, gone)

    def drop_enum(self, path: MovePath, type: NamedType, at: _Spot, there: int, gone: int) -> _Steps:
        """The payload of the variant that is there; the discriminant outlives what was moved out of it."""
        end = Block()
        cases: list[Successor] = []
        bodies: list[tuple[str, Type, Block]] = []
        for name, payload in (field_types(type, self.module, "enum") or {}).items():
            child = path.children.get(("variant", name))
            if payload is UNIT or not self.needs_drop(payload) or (child is not None and not there & self.held[child]):
                cases.append(Successor(end, [], name))
                continue
            body = Block()
            bodies.append((name, payload, body))
            cases.append(Successor(body, [], name))
        self.emit("switch_enum", [self.place(at)], {}, None, cases)
        for name, payload, body in bodies:
            self.continue_in(body)
            place = self.part(at, "variant", {"variant": name}, PlaceType(payload, True))
            child = path.children.get(("variant", name))
            if child is not None:
                yield self.steps(child, place, there, gone)
            else:
                self.leaf(place, payload)
            self.emit("br", [], {}, None, [Successor(end)])
        self.continue_in(end)

    def drop_array(self, path: MovePath, type: ArrayType, at: _Spot, there: int, gone: int) -> _Steps:
        """Elements with paths one by one, the ranges between them at once."""
        if len(type.dimensions) > 1:
            yield self.drop_matrix(path, type, at, there, gone)
            return
        length = type.dimensions[0]
        assert length is not None
        upto = 0
        for index in sorted(part.step[1][0] for part in self.parts(path) if part.step is not None):  # type: ignore[index]
            self.drop_range(path, type, at, upto, index, there, gone)
            place = self.part(at, "elem", {}, PlaceType(type.element, True), index)
            yield self.steps(path.children["elem", (index,)], place, there, gone)
            upto = index + 1
        self.drop_range(path, type, at, upto, length, there, gone)

    def drop_range(self, path: MovePath, type: ArrayType, at: _Spot, low: int, high: int, there: int, gone: int) -> None:
        if low < high and there & path.bit:
            part = PlaceType(ArrayType((None,), type.element), True)
            self.drop_whole(path, self.part(at, "subrange", {}, part, low, high), part.target, there, gone)

    def drop_matrix(self, path: MovePath, type: ArrayType, at: _Spot, there: int, gone: int) -> _Steps:
        total = 1
        for dimension in type.dimensions:
            assert dimension is not None
            total *= dimension
        for flat in range(total):
            indices, rest = [], flat
            for dimension in reversed(type.dimensions):
                assert dimension is not None
                indices.append(rest % dimension)
                rest //= dimension
            indices.reverse()
            place = self.part(at, "elem", {}, PlaceType(type.element, True), *indices)
            child = path.children.get(("elem", tuple(indices)))
            if child is not None and child.mask & self.apart:
                yield self.steps(child, place, there, gone)
            else:
                self.drop_whole(path, place, type.element, there, gone)

    def number(self, value: int) -> Value:
        return self.emit("const", [], {"value": value}, USIZE)


__all__ = ["ElaborateDrops"]
