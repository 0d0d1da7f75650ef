"""Check insertion: the checks that the source program did not write.

Before every operation that accesses memory through a place, the place's path is read off and each of its steps that
could go wrong gets its check; before every division, its divisor does.

    %slot = elem %seq, %i               %slot = elem %seq, %i
    %x = load %slot               =>    %n = dim %seq, 0
                                        check.bounds %i, %n
                                        %x = load %slot

Rules, cited by number in the code. An access through a path, and ``dim``, which follows it as far as it reads pointers, need
 1. for ``elem``, each index below its dimension, and for ``subrange`` a range within it (class ``bounds``);
 2. for ``deref`` of a raw pointer, the pointer non-null (class ``null``) and aligned (class ``align``);
 3. for a division, a divisor that is not zero, and for a signed one not MIN / -1 (class ``division``).
A check stands directly before the access (a path is evaluated by the access, not by the projection) and carries the
location of the step it guards. It is left out where it is proven here and now: an index and a dimension that are both
constants, a divisor that is a constant other than 0 (and, signed, other than -1), or the same check earlier in the block (4):
SSA values do not change, so that one still holds. What needs an argument is left to ``eliminate-checks``.

 4. Two checks are the same if their operands are: the same value, equal constants, or the same dimension of the same place,
    which for a path that reads a pointer from memory is one between the same two operations that do more than look. So what
    has been through this pass gets no check a second time.

Invariant: no operation moves, none is removed; only constants, ``dim`` and checks are added. One walk, linear.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from altru_ir import declare
from altru_ir.declare import PATH
from altru_ir.layout import layout_of
from altru_ir.literals import constant_integer
from altru_ir.module import Block, Function, Module
from altru_ir.passes.base import FunctionPass
from altru_ir.passes.check_modes import CLASS_OF, OF_RAW_POINTERS, CheckModes, modes_of
from altru_ir.types import USIZE, ArrayType, IntType, PtrType, Type
from altru_ir.values import NO_ATTRIBUTES, Operation, Value

SIGNED_DIVISIONS = ("sdiv", "srem")
DIVISIONS = ("sdiv", "srem", "udiv", "urem")


@attrs.define
class InsertChecks(FunctionPass):
    """Inserts bounds, null, alignment and division checks before the operations that need them.

    Options:
        checks: the classes to insert: all, none, or some of bounds, null, align and division, joined by `+`.
        unsafe: the classes to insert for what is marked `unsafe`; empty for the same.
    """

    name = "insert-checks"
    checks: str = "all"
    unsafe: str = ""
    modes: CheckModes = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        self.modes = modes_of(self.checks, self.unsafe)

    def run_on(self, function: Function) -> bool:
        if not (self.modes.elsewhere or self.modes.marked) or function.module is None:
            return False
        before = sum(len(block.ops) for block in function.blocks)
        checks = 0
        for block in function.blocks:
            checks += _Inserter(function.module, self.modes, block).run()
        self.count("checks inserted", checks)
        return before != sum(len(block.ops) for block in function.blocks)


class _Inserter:
    """Checks for one block."""

    def __init__(self, module: Module, modes: CheckModes, block: Block) -> None:
        self.module = module
        self.modes = modes
        self.block = block
        self.out: list[Operation] = []
        self.proven: dict[tuple[object, ...], bool] = {}
        """Checks that stand here, and whether one of them guards something that is not marked ``unsafe``."""
        self.lengths: dict[object, Value] = {}
        self.inserted = 0
        self.epoch = 0
        self.read_at: dict[Value, int] = {}

    def run(self) -> int:
        """The number of checks inserted."""
        for op in self.block.ops:
            if op.decl.is_check:
                self.note(self.key(op.name, op.operands, op.attrs.get("alignment")), op.unsafe)
            elif op.name == "dim":
                self.path(op.operands[0], reads=False)
                self.read_at[op.result] = self.epoch
            elif op.name != "const" and not op.decl.is_projection:
                if op.name in DIVISIONS:
                    self.division(op)
                for value in _accessed(op):
                    self.path(value)
                self.epoch += 1
            self.out.append(op)
        self.block.ops = self.out
        return self.inserted

    # -- rule 3 --

    def division(self, op: Operation) -> None:
        if not self.modes.keeps("division", op.unsafe):
            return
        dividend, divisor = op.operands
        known = constant_integer(divisor)
        if known is None or known % (1 << _bits(divisor.type, self.module)) == 0:
            self.check("check.nonzero", [divisor], op)
        if op.name in SIGNED_DIVISIONS:
            bits = _bits(divisor.type, self.module)
            minus_one = known is None or known % (1 << bits) == (1 << bits) - 1
            number = constant_integer(dividend)
            least = number is None or number % (1 << bits) == 1 << (bits - 1)
            if minus_one and least:
                self.check("check.quotient", [dividend, divisor], op)

    # -- rules 1 and 2 --

    def path(self, place: Value, reads: bool = True) -> None:
        """Checks for the path to ``place``, whose storage is accessed, or where it does not ``read`` only measured."""
        steps: list[Operation] = []
        op = place.operation
        while op is not None and op.decl.is_projection:
            steps.append(op)
            op = op.operands[0].operation if op.operands and op.operands[0].type.is_place else None
        for left, step in reversed(list(enumerate(steps))):  # from the root outward: a pointer before what lies behind it
            if step.name == "elem":
                self.element(step)
            elif step.name == "subrange":
                self.range(step)
            elif step.name == "deref" and (reads or any(_reads_pointer(later) for later in steps[:left])):
                self.raw_pointer(step)

    def element(self, step: Operation) -> None:
        if not self.modes.keeps("bounds", step.unsafe):
            return
        base = step.operands[0]
        sequence = base.type.target  # type: ignore[attr-defined]
        for axis, (index, dimension) in enumerate(zip(step.operands[1:], sequence.dimensions, strict=True)):
            known = constant_integer(index)
            if dimension is None or known is None or known % (1 << self.module.pointer_bits) >= dimension:
                self.against(dimension, base, axis, "check.bounds", [index], step)

    def range(self, step: Operation) -> None:
        if not self.modes.keeps("bounds", step.unsafe):
            return
        base, low, high = step.operands
        dimension = base.type.target.dimensions[0]  # type: ignore[attr-defined]
        first, end = constant_integer(low), constant_integer(high)
        if dimension is not None and first is not None and end is not None:
            modulus = 1 << self.module.pointer_bits
            if first % modulus <= end % modulus <= dimension:
                return
        self.against(dimension, base, 0, "check.subrange", [low, high], step)

    def raw_pointer(self, step: Operation) -> None:
        pointer = step.operands[0]
        if not isinstance(pointer.type, PtrType):
            return
        if self.modes.keeps("null", step.unsafe):
            self.check("check.nonnull", [pointer], step)
        if self.modes.keeps("align", step.unsafe):
            target = pointer.type.target
            if isinstance(target, ArrayType):
                target = target.element
            align = layout_of(target, self.module).align
            if align > 1:
                self.check("check.align", [pointer], step, {"alignment": align})

    # -- pieces --

    def against(self, known: int | None, base: Value, axis: int, name: str, operands: list[Value], near: Operation) -> None:
        """A check against a dimension, which may be ``known``."""
        length = known if known is not None else self.measured(base, axis, self.epoch)
        key = (name, *map(self.same, operands), length, None)
        if not self.holds(key, near):
            value = self.constant(known, near) if known is not None else self.dimension(base, axis, near)
            self.check(name, [*operands, value], near)

    # -- rules 4 and 5 --

    def note(self, key: tuple[object, ...], marked: bool) -> None:
        self.proven[key] = not marked or self.proven.get(key, False)

    def holds(self, key: tuple[object, ...], near: Operation) -> bool:
        """Whether a check stands here that guards ``near`` too, whichever classes are taken away."""
        return key in self.proven and (self.proven[key] or near.unsafe)

    def key(self, name: str, operands: list[Value], alignment: object) -> tuple[object, ...]:
        return (name, *map(self.same, operands), alignment)

    def same(self, value: Value) -> object:
        """What stands for a value and those that are sure to be equal."""
        number = constant_integer(value)
        if number is not None and value.type == USIZE:
            return int(number) % (1 << self.module.pointer_bits)
        op = value.operation
        if op is None or op.name != "dim":
            return value
        base, axis = op.operands[0], op.attrs["axis"]
        return self.measured(base, axis, self.read_at.get(value)) if value in self.read_at or is_stable(base) else value

    @staticmethod
    def measured(base: Value, axis: int, epoch: int | None) -> object:
        return ("dim", base, axis) if is_stable(base) else ("dim", base, axis, epoch)

    def add(
        self, name: str, operands: list[Value], attributes: dict[str, object], near: Operation, type: Type | None
    ) -> Operation:
        op = Operation(declare.find(name), operands, attributes or NO_ATTRIBUTES, loc=near.loc)
        op.block = self.block
        if type is not None:
            op.results = [Value(type, None, op)]
        self.out.append(op)
        return op

    def check(self, name: str, operands: list[Value], near: Operation, attributes: dict[str, object] | None = None) -> None:
        key = self.key(name, operands, (attributes or {}).get("alignment"))
        if not self.holds(key, near):
            check = self.add(name, operands, attributes or {}, near, None)
            check.unsafe = near.unsafe and CLASS_OF[name] not in OF_RAW_POINTERS
            self.note(key, check.unsafe)
            self.inserted += 1

    def constant(self, number: int, near: Operation) -> Value:
        known = self.lengths.get(number)
        if known is None:
            known = self.lengths[number] = self.add("const", [], {"value": number}, near, USIZE).result
        return known

    def dimension(self, base: Value, axis: int, near: Operation) -> Value:
        """The length of dimension ``axis`` of an unsized place, carried by the pointer it was reached through."""
        key = (base, axis)
        known = self.lengths.get(key)
        if known is None:
            known = self.add("dim", [base], {"axis": axis}, near, USIZE).result
            self.read_at[known] = self.epoch
            if is_stable(base):
                self.lengths[key] = known
        return known


def _reads_pointer(step: Operation) -> bool:
    """Whether a step of a path takes a pointer out of memory and follows it."""
    return step.name == "deref" and step.operands[0].type.is_place


def is_stable(place: Value) -> bool:
    """Whether a path leads to the same storage each time it is evaluated: no step reads a pointer from memory."""
    op = place.operation
    while op is not None and op.operands and op.operands[0].type.is_place:
        if _reads_pointer(op):
            return False
        op = op.operands[0].operation
    return True


def _accessed(op: Operation) -> Iterator[Value]:
    """The places that ``op`` accesses."""
    decl = op.decl
    for value, operand in zip(op.operands, decl.operands, strict=False):
        if value.type.is_place and operand.access != PATH:
            yield value


def _bits(type: Type, module: Module) -> int:
    return type.bits if isinstance(type, IntType) else module.pointer_bits
