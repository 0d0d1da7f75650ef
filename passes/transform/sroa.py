"""Scalar replacement of aggregates: a local that is used in parts becomes a local for each part.

    %p = local : @Point                       %p.x = local : i32
    init %p, %v                               %p.y = local : i32
    %x = field %p, x                          %0 = extract %v, x
    assign %x, %n                     =>      init %p.x, %0
    %q = load %p                              %1 = extract %v, y
                                              init %p.y, %1
                                              assign %p.x, %n
                                              %2 = load %p.x
                                              %3 = load %p.y
                                              %q = struct %2, %3 : @Point

``mem2reg`` then makes values of the parts, for each of them is accessed as a whole. Rules, cited by number in the code:

 1. A local is split when its type copies and each use is a plain access (not volatile, without a condition) of the local or of
    a path below it, the path made of fields of structs and of elements at constant indices of arrays of one dimension. Any
    other use - a borrow, an index that is not constant, an operation that this file does not know - leaves it as it is: who has
    an address may reach what lies beside it.
 2. A part is split further only where a path goes through it. What is accessed as a whole stays whole.
 3. An access of a part that is split becomes one access for each part below it: stores take the value apart, reads build it
    again. Nothing lies between them, for accesses of what copies neither panic nor run destructors.
 4. At most ``max-parts`` locals come of one: each access of the whole is that many operations.

Invariant: at each point of the program a part holds what it held in the whole, and holds nothing where it held nothing. Linear
in operations and in what is added, which rule 4 bounds for each access. No recursion: parts are walked in the order in which
they were split.

Reference: Muchnick, Advanced Compiler Design and Implementation, 1997, section 12.2 (scalar replacement of aggregates).
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from altru_ir.declare import Declaration, find
from altru_ir.literals import constant_integer
from altru_ir.marks import copies
from altru_ir.module import Function, Module
from altru_ir.ops.aggregates import field_types
from altru_ir.passes.base import MISSED, FunctionPass
from altru_ir.types import ArrayType, NamedType, PlaceType, Type, spell_name
from altru_ir.values import NO_ATTRIBUTES, Operation, Value

READS = frozenset({"load", "take", "exchange"})
STORES = frozenset({"init", "assign", "exchange"})
BARE = frozenset({"drop", "end"})
PATHS = frozenset({"field", "elem"})


@attrs.define(eq=False)
class _Part:
    """A local or a part of one. ``inner`` are its own parts when it is split (by field or index), in declared order."""

    type: Type
    name: str | None
    inner: dict[str, _Part] | None = None
    place: Value | None = None

    def leaves(self) -> list[_Part]:
        """What is not split, in declared order."""
        return [part for part in self.walk() if part.inner is None]

    def walk(self) -> Iterator[_Part]:
        """Itself and everything below it, each before its parts."""
        work = [self]
        while work:
            part = work.pop()
            yield part
            if part.inner is not None:
                work.extend(reversed(part.inner.values()))


@attrs.define
class SplitLocals(FunctionPass):
    """Splits locals of structs and arrays into a local for each part.

    Options:
        max_parts: how many parts a local may have to be split.
    """

    name = "sroa"
    max_parts: int = 32

    def run_on(self, function: Function) -> bool:
        if function.module is None:
            return False
        splitting = _Splitting(function, function.module, self.max_parts)
        parts = splitting.find()
        for op, why in splitting.kept.items():
            self.remark(MISSED, "NotSplit", op, f"%{op.results[0].name or '?'} stays whole: {why}")
        if not parts:
            return False
        self.count("locals split", len(parts))
        self.count("parts", sum(len(part.leaves()) for part in parts.values()))
        splitting.rewrite()
        return True


class _Splitting:
    """``part`` is what each path that may go leads to; ``kept`` says why a local of parts stays."""

    def __init__(self, function: Function, module: Module, most: int) -> None:
        self.function = function
        self.module = module
        self.most = most
        self.part: dict[Value, _Part] = {}
        self.root: dict[Value, Value] = {}
        self.kept: dict[Operation, str] = {}

    # -- what can be split (1, 2, 4) ---------------------------------------------------------------------------------------

    def find(self) -> dict[Value, _Part]:
        """The locals that are split, each with its parts."""
        roots: dict[Value, _Part] = {}
        for place in [op.results[0] for block in self.function.blocks for op in block.ops if op.decl.name == "local"]:
            held = _held(place)
            if isinstance(held, (NamedType, ArrayType)) and copies(held, self.module):
                roots[place] = self.part[place] = _Part(held, place.name)
                self.root[place] = place
        if not roots:
            return {}
        bad: dict[Value, str] = {}
        for op in self.paths_first():
            for at, value in enumerate(op.operands):
                root = self.root.get(value)
                if root is not None and root not in bad:
                    why = self.objection(op, at, value, root)
                    if why is not None:
                        bad[root] = why
        for place, part in list(roots.items()):
            count = len(part.leaves())
            if place not in bad and count > self.most:
                bad[place] = f"it has {count} parts"
            if place in bad or part.inner is None:
                if place in bad and part.inner is not None:
                    self.kept[place.operation] = bad[place]  # type: ignore[index]
                del roots[place]
        self.root = {value: root for value, root in self.root.items() if root in roots}
        return roots

    def paths_first(self) -> Iterator[Operation]:
        """Every operation, a path before what goes through it: blocks in the order of the dominator tree."""
        cfg = self.function.cfg()
        blocks = [cfg.blocks[number] for number in cfg.dominators.order]
        known = set(blocks)
        for block in [*blocks, *(block for block in self.function.blocks if block not in known)]:
            yield from block.ops

    def objection(self, op: Operation, at: int, value: Value, root: Value) -> str | None:
        """Rule 1: why a use of a path keeps the local whole; a longer path is noted."""
        name = op.decl.name
        if at > 0:
            return f"`{name}` takes its place"
        if name in PATHS:
            part = self.below(op, self.part[value])
            if part is None:
                return f"`{name}` leads to a part that is not known here"
            self.part[op.results[0]] = part
            self.root[op.results[0]] = root
            return None
        if name not in READS | STORES | BARE:
            return f"`{name}` takes its place"
        if "volatile" in op.attrs or len(op.operands) > (2 if name in STORES else 1):
            return f"`{name}` is no plain access"
        if name in STORES and op.operands[1].type.erased is not _held(value).erased:
            return f"`{name}` stores another type"
        return None

    def below(self, op: Operation, part: _Part) -> _Part | None:
        """The part that a projection leads to; splits what it goes through (2)."""
        if op.decl.name == "field":
            step = op.attrs["field"]
        else:
            index = constant_integer(op.operands[1]) if len(op.operands) == 2 else None
            if index is None:
                return None
            step = str(index % (1 << self.module.pointer_bits))
        if part.inner is None:
            types = self.types(part.type)
            if types is None or len(types) > self.most:
                return None
            part.inner = {name: _Part(type, _extended(part.name, name)) for name, type in types.items()}
        return part.inner.get(step)

    def types(self, type: Type) -> dict[str, Type] | None:
        """The parts of a type that ``extract`` can take and ``struct`` or ``array`` can make."""
        if isinstance(type, NamedType):
            return field_types(type, self.module, "struct")
        if isinstance(type, ArrayType) and len(type.dimensions) == 1:
            length = type.dimensions[0]
            if length is not None and 0 < length <= self.most:
                return {str(at): type.element for at in range(length)}
        return None

    # -- the new function (3) ----------------------------------------------------------------------------------------------

    def rewrite(self) -> None:
        """Puts the parts in the place of the whole."""
        for block in self.function.blocks:
            made: list[Operation] = []
            for op in block.ops:
                root = op.results[0] if op.decl.name == "local" else op.operands[0] if op.operands else None
                if root in self.root:
                    made += self.instead_of(op)
                else:
                    made.append(op)
            for op in made:
                op.block = block
            block.ops = made

    def instead_of(self, op: Operation) -> list[Operation]:
        name = op.decl.name
        if name == "local":
            return [self.local(op, leaf) for leaf in self.part[op.results[0]].leaves()]
        if name in PATHS:
            return []
        part = self.part[op.operands[0]]
        if part.inner is None:
            op.operands[0] = self.place(part)
            return [op]
        made: list[Operation] = []
        if name in READS:
            made += self.reads(op, part, op.decl if name == "take" else find("load"))
        if name in STORES:
            made += self.stores(op, part, op.decl if name == "init" else find("assign"))
        return made or [self.access(op, op.decl, leaf) for leaf in part.leaves()]

    def place(self, part: _Part) -> Value:
        """The place of a leaf; its ``local`` may stand in a block that comes later in the text."""
        if part.place is None:
            part.place = Value(PlaceType(part.type, True), part.name)
        return part.place

    def local(self, op: Operation, leaf: _Part) -> Operation:
        made = Operation(op.decl, [], NO_ATTRIBUTES, loc=op.loc)
        made.results = [self.place(leaf)]
        self.place(leaf).owner = made
        return made

    def access(self, op: Operation, decl: Declaration, leaf: _Part, value: Value | None = None) -> Operation:
        """What ``op`` does with the whole, for a leaf; ``decl`` says which half of an ``exchange``."""
        operands = [self.place(leaf)] if value is None else [self.place(leaf), value]
        return Operation(decl, operands, dict(op.attrs) if op.attrs else NO_ATTRIBUTES, loc=op.loc)

    def stores(self, op: Operation, whole: _Part, decl: Declaration) -> list[Operation]:
        made: list[Operation] = []
        values = {whole: op.operands[1]}
        for part in whole.walk():
            if part.inner is None:
                made.append(self.access(op, decl, part, values[part]))
                continue
            for step, inner in part.inner.items():
                extract = Operation(find("extract"), [values[part]], {"member": step}, loc=op.loc)
                values[inner] = _gives(extract, inner.type)
                made.append(extract)
        return made

    def reads(self, op: Operation, whole: _Part, decl: Declaration) -> list[Operation]:
        made: list[Operation] = []
        values: dict[_Part, Value] = {}
        parts = list(whole.walk())
        for part in parts:
            if part.inner is None:
                read = self.access(op, decl, part)
                values[part] = _gives(read, part.type)
                made.append(read)
        for part in reversed(parts):  # what is below a part comes behind it in the walk
            if part.inner is not None:
                kind = "array" if isinstance(part.type, ArrayType) else "struct"
                build = Operation(find(kind), [values[inner] for inner in part.inner.values()], NO_ATTRIBUTES, loc=op.loc)
                values[part] = _gives(build, part.type)
                made.append(build)
        made[-1].results = [op.results[0]]
        op.results[0].owner = made[-1]
        return made


def _held(place: Value) -> Type:
    held: Type = place.type.target  # type: ignore[attr-defined]
    return held


def _gives(op: Operation, type: Type) -> Value:
    op.results = [Value(type, None, op)]
    return op.results[0]


def _extended(name: str | None, step: str) -> str | None:
    """The name of a part; none where one of the two needs quotes."""
    return None if name is None or name.startswith('"') or spell_name(step) != step else f"{name}.{step}"
