"""Guards: linear inequalities as operations that test them.

    u(len) - u(n) - 1 >= 0            %c = icmp ult %n, %len
    length 0 of %xs - u(n) + 1 >= 0   %len = slice.len %xs; %most = umax %n, %one; %less = sub %most, %one
                                      %c = icmp ule %less, %len

Rules, cited by number in the code. A form can be tested if at most one number is added and at most three are subtracted, each
once, and
 1. a number is an integer no wider than an address, a length, a product of two such (then both have to be less than half as
    wide), or a raw pointer that must not be null;
 2. a signed number has to be not negative; then it is the unsigned one;
 3. what is subtracted is taken off one by one, so that nothing wraps.

A test may say no where the form is not negative (2, products), but what it says yes to is not: behind the guard the form holds,
and the prover follows that from the comparisons. Invariant: the operations are pure, and defined for all operands.
"""

from __future__ import annotations

from altru_ir import declare
from altru_ir.module import Block
from altru_ir.passes.analysis.facts import Form
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.types import I1, USIZE, ArrayType, IntType, PlaceType, PtrType, Type, UsizeType
from altru_ir.values import NO_ATTRIBUTES, Operation, Value

SUBTRACTED = 3
SELDOM = 4


class Guards:
    """Tests of forms, at the end of a block. ``replaced`` has what stands there for values of the forms."""

    def __init__(self, facts: Inequalities, block: Block, loc: object, replaced: dict[Value, Value]) -> None:
        self.replaced = replaced
        self.facts = facts
        self.block = block
        self.loc = loc
        self.conditions: dict[tuple[str, Value, Value], Value] = {}
        self._numbers: dict[int, Value] = {}
        self._constants: dict[int, Value] = {}

    def test(self, form: Form) -> None:
        """Adds the conditions for a form, which must be ``testable``."""
        constant = form.get(0, 0)
        added = [number for number, coefficient in form.items() if number and coefficient > 0]
        taken = [number for number, coefficient in form.items() if number and coefficient < 0]
        if added and not taken and isinstance(self.type_of(added[0]), PtrType):
            pointer = self.facts.terms[added[0]][0]
            assert pointer is not None
            pointer = self.replaced.get(pointer, pointer)
            self.compare("ne", pointer, self.add("null", [], {}, pointer.type))
            return
        left = self.number(added[0]) if added else self.constant(constant)
        constant = constant if added else 0
        for number in taken[:-1]:  # 3
            other = self.number(number)
            self.compare("ule", other, left)
            left = self.add("sub", [left, other], {}, USIZE)
        if not taken:
            self.compare("uge", left, self.constant(-constant))
            return
        last = self.number(taken[-1])
        if constant < -1:
            less = self.constant(-constant)
            self.compare("uge", left, less)
            left = self.add("sub", [left, less], {}, USIZE)
        elif constant > 0:
            more = self.constant(constant)
            last = self.add("sub", [self.add("umax", [last, more], {}, USIZE), more], {}, USIZE)
        self.compare("ult" if constant == -1 else "ule", last, left)

    def condition(self) -> Value:
        """All conditions as one."""
        found: Value | None = None
        for each in self.conditions.values():
            found = each if found is None else self.add("and", [found, each], {}, I1)
        assert found is not None
        return found

    def compare(self, predicate: str, a: Value, b: Value) -> None:
        key = predicate, a, b
        if key not in self.conditions:
            self.conditions[key] = self.add("icmp", [a, b], {"predicate": predicate}, I1)

    # -- numbers -----------------------------------------------------------------------------------------------------------

    def number(self, number: int) -> Value:  # 1
        """A number as a ``usize``."""
        known = self._numbers.get(number)
        if known is None:
            known = self._numbers[number] = self._number(number)
        return known

    def _number(self, number: int) -> Value:
        facts = self.facts
        factors = facts.factors[number]
        if factors is not None:
            half = self.constant((1 << (facts.module.pointer_bits >> 1)) - 1)
            values = [self.number(each) for each in factors]
            for each in values:
                self.compare("ule", each, half)
            return self.add("mul", values, {}, USIZE)
        value, reading = facts.terms[number]
        assert value is not None
        value = self.replaced.get(value, value)
        if isinstance(reading, int):
            sequence = value.type.pointee
            if isinstance(sequence, ArrayType) and len(sequence.dimensions) == 1:
                return self.add("slice.len", [value], {}, USIZE)
            assert sequence is not None
            mutable = getattr(value.type, "mutable", True)
            place = self.add("deref", [value], {}, PlaceType(sequence, mutable), isinstance(value.type, PtrType))
            return self.add("dim", [place], {"axis": reading}, USIZE)
        if reading == "s":  # 2
            zero = self.add("const", [], {"value": 0}, value.type)
            self.compare("sge", value, zero)
        return value if isinstance(value.type, UsizeType) else self.add("zext", [value], {}, USIZE)

    def constant(self, number: int) -> Value:
        known = self._constants.get(number)
        if known is None:
            known = self._constants[number] = self.add("const", [], {"value": number}, USIZE)
        return known

    def type_of(self, number: int) -> Type | None:
        value = self.facts.terms[number][0]
        return None if value is None else value.type

    def add(self, name: str, operands: list[Value], attributes: dict[str, object], type: Type, unsafe: bool = False) -> Value:
        op = Operation(declare.find(name), operands, attributes or NO_ATTRIBUTES, unsafe=unsafe, loc=self.loc)  # type: ignore[arg-type]
        op.results = [Value(type, None, op)]
        self.block.append(op)
        return op.result


def testable(form: Form, facts: Inequalities) -> bool:
    """Whether ``Guards`` can test a form, and it may well hold: not what only the smallest numbers give, nor that a length is
    at most another number, for it is what numbers are below, nor that a number is beyond half the bits of an address."""
    added = [number for number, coefficient in form.items() if number and coefficient > 0]
    taken = [number for number, coefficient in form.items() if number and coefficient < 0]
    if len(added) > 1 or len(taken) > SUBTRACTED or any(abs(c) != 1 for number, c in form.items() if number):
        return False
    constant = form.get(0, 0)
    most = constant + sum(facts.high[number] for number in added) - sum(max(facts.low[number], 0) for number in taken)
    bits = facts.module.pointer_bits
    if most < SELDOM or constant >= 1 << (bits - 1 if added else bits) or constant < -(1 << bits // 2):
        return False
    if added and not _is_length(added[0], facts) and any(_is_length(number, facts) for number in taken):
        return False
    if added and not taken and form.get(0) == -1 and isinstance(_type_of(added[0], facts), PtrType):
        return True
    return all(_is_number(each, facts) for number in added + taken for each in facts.factors[number] or (number,))


def _is_length(number: int, facts: Inequalities) -> bool:
    return isinstance(facts.terms[number][1], int)


def _type_of(number: int, facts: Inequalities) -> Type | None:
    value, reading = facts.terms[number]
    return None if value is None or isinstance(reading, int) else value.type


def _is_number(number: int, facts: Inequalities) -> bool:
    value, reading = facts.terms[number]
    if value is None:
        return False
    if isinstance(reading, int):
        return True
    type = value.type
    return isinstance(type, UsizeType) or (isinstance(type, IntType) and 1 < type.bits <= facts.module.pointer_bits)
