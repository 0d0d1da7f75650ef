"""What the sources of a certificate say, read from the operations themselves: clauses 6 and 7 of ``certificates``.

    Definition(%k = umin %n, %m)   says   u(n) - u(k) >= 0  and  u(m) - u(k) >= 0

Nothing here looks at where a source stands, that is the checker's. A statement is a polynomial and a word: that it is at least
0, that it is 0, or that it is not. Numbers in the code cite clauses; ``RULES`` is clause 6d where that is linear in result and
operands, and can be tried out on all operands of a few bits.

Invariant: of the passes it imports the objects of certificates alone. A source without a statement says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from altru_ir.layout import Layout, LayoutError, layout_of
from altru_ir.literals import constant_integer
from altru_ir.module import Module
from altru_ir.passes.proofs.certificates import Polynomial, Term
from altru_ir.types import ArrayType, IntType, OwnType, PtrType, RefType, Type, UsizeType
from altru_ir.values import Operation, Value

LEAST, EQUAL, DIFFERS = "at least 0", "0", "not 0"
Said = list[tuple[Polynomial, str]]

RULES: dict[str, tuple[str, str, list[tuple[int, int, int, int]]]] = {
    # name: reading, word, and for each statement the coefficients of result, first and second operand, and the constant
    "zext": ("u", EQUAL, [(1, -1, 0, 0)]),
    "sext": ("s", EQUAL, [(1, -1, 0, 0)]),
    "trunc": ("u", LEAST, [(-1, 1, 0, 0)]),
    "and": ("u", LEAST, [(-1, 1, 0, 0), (-1, 0, 1, 0)]),
    "or": ("u", LEAST, [(1, -1, 0, 0), (1, 0, -1, 0), (-1, 1, 1, 0)]),
    "xor": ("u", LEAST, [(-1, 1, 1, 0)]),
    "udiv": ("u", LEAST, [(-1, 1, 0, 0)]),
    "urem": ("u", LEAST, [(-1, 1, 0, 0), (-1, 0, 1, -1)]),
    "lshr": ("u", LEAST, [(-1, 1, 0, 0)]),
    "umin": ("u", LEAST, [(-1, 1, 0, 0), (-1, 0, 1, 0)]),
    "umax": ("u", LEAST, [(1, -1, 0, 0), (1, 0, -1, 0)]),
    "smin": ("s", LEAST, [(-1, 1, 0, 0), (-1, 0, 1, 0)]),
    "smax": ("s", LEAST, [(1, -1, 0, 0), (1, 0, -1, 0)]),
    "uadd.checked": ("u", EQUAL, [(1, -1, -1, 0)]),
    "usub.checked": ("u", EQUAL, [(1, -1, 1, 0)]),
    "sadd.checked": ("s", EQUAL, [(1, -1, -1, 0)]),
    "ssub.checked": ("s", EQUAL, [(1, -1, 1, 0)]),
    "ptr.cast": ("u", EQUAL, [(1, -1, 0, 0)]),
    "ptr.addr": ("u", EQUAL, [(1, -1, 0, 0)]),
    "ref.to_ptr": ("u", EQUAL, [(1, -1, 0, 0)]),
    "own.into_ptr": ("u", EQUAL, [(1, -1, 0, 0)]),
    "null": ("u", EQUAL, [(1, 0, 0, 0)]),
}
OPPOSITE = {"ult": "uge", "ule": "ugt", "ugt": "ule", "uge": "ult", "slt": "sge", "sle": "sgt", "sgt": "sle", "sge": "slt"}


class InvalidError(Exception):
    """What is not as a clause demands: the clause, and why."""


def demand(holds: object, clause: str, message: str) -> None:
    """Raises ``InvalidError`` unless ``holds``."""
    if not holds:
        raise InvalidError(clause, message)


# -- polynomials (2) ---------------------------------------------------------------------------------------------------------


def tidy(given: Iterable[tuple[tuple[Term, ...], int]]) -> Polynomial:
    """One coefficient for each product, none of them 0."""
    found: Polynomial = {}
    for product, number in given:
        key = tuple(sorted(product, key=lambda term: (id(term.value), str(term.reading))))
        found[key] = found.get(key, 0) + number
    return {key: number for key, number in found.items() if number}


def total(*parts: tuple[int, Polynomial]) -> Polynomial:
    """The sum of multiples."""
    return tidy((product, by * number) for by, each in parts for product, number in each.items())


def times(a: Polynomial, b: Polynomial) -> Polynomial:
    """The product."""
    return tidy((p + q, x * y) for p, x in a.items() for q, y in b.items())


def of(value: Value, reading: str | int = "u") -> Polynomial:
    """A term."""
    return {(Term(value, reading),): 1}


def integer(number: int) -> Polynomial:
    """A number."""
    return {(): number} if number else {}


def replaced(given: Polynomial, new: dict[Value, Value]) -> Polynomial:
    """Other values in the place of some."""
    return tidy((tuple(Term(new.get(t.value, t.value), t.reading) for t in product), k) for product, k in given.items())


def at_most(a: Polynomial, b: Polynomial, more: int = 0) -> tuple[Polynomial, str]:
    """``a <= b + more``."""
    return total((1, b), (-1, a), (1, integer(more))), LEAST


def equal(a: Polynomial, b: Polynomial) -> tuple[Polynomial, str]:
    """``a = b``."""
    return total((1, a), (-1, b)), EQUAL


# -- what there is to know of a value (1) ------------------------------------------------------------------------------------


def width(value: Value, module: Module) -> int:
    """Clause 1: bits of a number or an address."""
    return value.type.bits if isinstance(value.type, IntType) else module.pointer_bits


def constant(value: Value, module: Module, reading: str = "u") -> int | None:
    """What a ``const`` gives, in a reading."""
    number, bits = constant_integer(value), width(value, module)
    if number is None:
        return None
    number = int(number) % (1 << bits)
    return number - (1 << bits) if reading == "s" and number >> (bits - 1) else number


def sequence(type: Type) -> ArrayType | None:
    """What a raw pointer, reference or owner leads to, if that is a sequence."""
    target = type.target if isinstance(type, (PtrType, RefType, OwnType)) else None
    return target if isinstance(target, ArrayType) else None


def element(type: Type, module: Module) -> Layout:
    """The layout of what a pointer leads to, of an element for a sequence of unknown length; 0 and 1 where there is none."""
    held = sequence(type)
    target = held.element if held is not None and held.is_unsized else type.pointee
    try:
        return Layout(0, 1) if target is None else layout_of(target, module)
    except LayoutError:
        return Layout(0, 1)


def valid(term: Term) -> Term:
    """The term, if clause 1 knows it."""
    value, reading = term
    held = sequence(value.type)
    pointer = isinstance(value.type, (PtrType, RefType, OwnType))
    number = isinstance(value.type, (IntType, UsizeType))
    known = number if reading == "s" else reading == "u" and (number or pointer)
    if isinstance(reading, int):
        known = held is not None and 0 <= reading < len(held.dimensions)
    demand(known, "1", "no term")
    return term


# -- statements (6) ----------------------------------------------------------------------------------------------------------


def of_type(term: Term, module: Module) -> Said:
    """Clause 6a."""
    (value, reading), x = valid(term), of(*term)
    bits = module.pointer_bits if isinstance(reading, int) else width(value, module)
    low = -(1 << bits - 1) if reading == "s" else 0
    found = [at_most(integer(low), x), at_most(x, integer(low + (1 << bits) - 1))]
    if isinstance(value.type, (RefType, OwnType)):
        held = sequence(value.type)
        if reading == "u":
            found.append(at_most(integer(1), x))
        elif held is not None and held.dimensions == (None,):
            size = element(value.type, module).size
            found += [at_most(total((size, x)), integer((1 << bits - 1) - 1))] if size else []
    return found


def of_condition(value: Value, holds: bool, module: Module) -> Said:
    """Clause 6b: what it says of the numbers compared that a condition holds, or does not."""
    found: Said = []
    waiting = [(value, holds)]
    while waiting:
        value, so = waiting.pop()
        found.append(equal(of(value), integer(int(so))))
        op = value.operation
        if op is None or op.decl.name not in ("icmp", "and", "or", "xor"):
            continue
        name, (a, b) = op.decl.name, op.operands
        if name == "icmp" and op.attrs["predicate"] in ("eq", "ne"):
            word = EQUAL if (op.attrs["predicate"] == "eq") == so else DIFFERS
            for reading in ("u", "s") if isinstance(a.type, (IntType, UsizeType)) else ("u",):
                found.append((total((1, of(a, reading)), (-1, of(b, reading))), word))
        elif name == "icmp":
            predicate = op.attrs["predicate"] if so else OPPOSITE[op.attrs["predicate"]]
            low, high = (b, a) if predicate[1] == "g" else (a, b)
            found.append(at_most(of(low, predicate[0]), of(high, predicate[0]), -1 if predicate[2] == "t" else 0))
        elif name == "xor" and constant(b, module) == 1:
            waiting.append((a, not so))
        elif name == ("and" if so else "or"):
            waiting += [(a, so), (b, so)]
    return found


def of_choice(op: Operation, first: bool, module: Module) -> tuple[Value, Said]:
    """Clause 5h: what an operation gives in one of its cases, and what is so in that case."""
    name, operands = op.decl.name, op.operands
    if name == "select":
        return operands[1 if first else 2], of_condition(operands[0], first, module)
    demand(name in ("umin", "umax", "smin", "smax"), "5h", "an operation that chooses nothing")
    low, high = operands if first == (name[1:] == "min") else reversed(operands)
    return operands[0 if first else 1], [at_most(of(low, name[0]), of(high, name[0]))]


def of_edge(op: Operation, index: int, module: Module) -> Said:
    """Clause 6b."""
    if op.decl.name == "cond_br":
        return of_condition(op.operands[0], index == 0, module)
    if op.decl.name != "switch":
        return []
    value, case, modulus = op.operands[0], op.successors[index].case, 1 << width(op.operands[0], module)
    if case is not None:
        return [equal(of(value), integer(int(case) % modulus))]
    others = [int(each.case) % modulus for each in op.successors if each.case is not None]
    return [(total((1, of(value)), (-1, integer(other))), DIFFERS) for other in others]


HEAP = 8
"""What any block of the heap is aligned to, at the least."""


def of_check(op: Operation, module: Module) -> Said:
    """Clause 6c, but for alignment."""
    name, values = op.decl.name, [of(value) for value in op.operands]
    if name == "check.bounds":
        return [at_most(values[0], values[1], -1)]
    if name == "check.subrange":
        return [at_most(values[0], values[1]), at_most(values[1], values[2])]
    if name in ("check.nonnull", "check.nonzero"):
        return [at_most(integer(1), values[0])]
    return of_condition(op.operands[0], True, module) if name == "assume" else []


def gives_aligned(op: Operation, alignment: int) -> bool:
    """Clause 8, of operations without a pointer before them: null is a multiple of everything."""
    if op.decl.name == "alloc":
        return bool(max(HEAP, op.attrs.get("alignment", 1)) % alignment == 0)
    return op.decl.name == "null"


def of_result(op: Operation, given: Polynomial | None, module: Module) -> Said:
    """Clauses 6d and 6e; ``given`` is what the step concludes that the source names."""
    if len(op.results) != 1:
        return []
    name, r, operands = op.decl.name, op.results[0], op.operands
    found: Said = []
    rule = RULES.get(name)
    if rule is not None:
        reading, word, rows = rule
        numbers = [of(each, reading) for each in (r, *operands)]
        for *coefficients, more in rows:
            found.append((total((1, integer(more)), *zip(coefficients, numbers, strict=False)), word))
    if name == "const" and isinstance(r.type, (IntType, UsizeType)):
        found += [equal(of(r, reading), integer(constant(r, module, reading) or 0)) for reading in ("u", "s")]
    elif name == "bitcast" and isinstance(operands[0].type, (IntType, UsizeType)):
        found += [equal(of(r), of(operands[0])), at_most(of(r, "s"), of(operands[0]))]
    elif name in ("clz", "ctz", "popcount"):
        found.append(at_most(of(r), integer(width(r, module))))
    elif name in ("mul", "shl") and (factor := _even(op, module)) > 1:
        found.append(at_most(of(r), integer((1 << width(r, module)) - factor)))
    elif name in ("udiv", "lshr", "ashr", "sdiv", "srem"):
        found += _of_quotient(op, given, module)
    elif name == "slice.len":
        found.append(equal(of(r), of(valid(Term(operands[0], 0)).value, 0)))
    elif name == "dim":
        found += [equal(of(r), length) for length in _length(operands[0], op.attrs["axis"], given)]
    elif name == "slice.ptr" and isinstance(operands[0].type, (RefType, OwnType)):
        found.append(at_most(integer(1), of(r)))
    held = sequence(r.type)
    for axis in range(0 if held is None else len(held.dimensions)):
        found += [equal(of(r, axis), length) for length in _dimension(op, axis, given)]
    return found


def _even(op: Operation, module: Module) -> int:
    """Clause 6d: a power of two that the result of a product is a multiple of, smaller than all its numbers; 1 at least."""
    known = [k for k in (constant(operand, module) for operand in op.operands[op.decl.name == "shl" :]) if k]
    if op.decl.name == "shl":
        return 1 << known[0] % width(op.results[0], module) if known else 1
    return max((k & -k for k in known), default=1)


def _of_quotient(op: Operation, given: Polynomial | None, module: Module) -> Said:
    """Clause 6d where the second operand is constant, and of ``srem``."""
    name, a, r, bits = op.decl.name, op.operands[0], op.results[0], width(op.results[0], module)
    k = constant(op.operands[1], module, "s" if name[0] == "s" else "u")
    reading = "u" if name in ("udiv", "lshr") else "s"
    x, y = of(a, reading), of(r, reading)
    not_negative = given == of(a, "s")
    if name == "srem":  # by whatever: it is not 0 where there is a result
        found = [at_most(integer(-abs(k) + 1), y), at_most(y, integer(abs(k) - 1))] if k else []
        return found + ([at_most({}, y), at_most(y, x)] if not_negative else [])
    if k is None:
        return []
    k = 1 << k % bits if name in ("lshr", "ashr") else k
    floor = [at_most(total((k, y)), x), at_most(x, total((k, y)), k - 1)]
    if name == "sdiv" and k > 0:
        found = [at_most(x, total((k, y)), k - 1), at_most(total((k, y)), x, k - 1)]
        return found + ([at_most({}, y), *floor] if not_negative else [])
    return floor if name in ("lshr", "ashr") or (name == "udiv" and k > 0) else []


def _length(place: Value, axis: int, given: Polynomial | None) -> list[Polynomial]:
    """Clause 6e: the length of a dimension of a place, where it is known."""
    while True:
        held = place.type.target if place.type.is_place else None  # type: ignore[attr-defined]
        if not isinstance(held, ArrayType) or not 0 <= axis < len(held.dimensions):
            return []
        count, op = held.dimensions[axis], place.operation
        if count is not None:
            return [integer(count)]
        if op is None or op.decl.name not in ("deref", "assume_init", "subrange"):
            return []
        if op.decl.name == "subrange" and axis == 0:
            span = total((1, of(op.operands[2])), (-1, of(op.operands[1])))
            return [span] if span == given else []
        if op.decl.name == "deref":
            return [] if op.operands[0].type.is_place else [of(valid(Term(op.operands[0], axis)).value, axis)]
        place = op.operands[0]


def _dimension(op: Operation, axis: int, given: Polynomial | None) -> list[Polynomial]:
    """Clause 6e: a dimension of what the result of an operation leads to."""
    name, operands = op.decl.name, op.operands
    if name == "borrow":
        return _length(operands[0], axis, given)
    if name in ("slice.from_raw", "new.array", "arena.alloc_array", "stack.alloc"):
        declared = op.decl.bind(op)
        lengths = [value for each in ("length", "lengths", "rest") for value in declared.get(each, ())]
        return [of(lengths[axis])]
    if name in ("assume_init", "ref.to_ptr", "own.into_ptr", "own.from_ptr", "unsize"):
        held = sequence(operands[0].type)
        if held is None or axis >= len(held.dimensions):
            return []
        count = held.dimensions[axis]
        if name == "unsize":
            return [] if count is None else [integer(count)]
        return [of(operands[0], axis)]
    return []


# -- operations modulo 2^w (7) -----------------------------------------------------------------------------------------------


def computed(op: Operation, readings: tuple[str, ...], module: Module) -> Polynomial:
    """What an operation computes, before it is cut to the width of its result. Raises ``InvalidError``."""
    name, parts = op.decl.name, []
    for operand, reading in zip(op.operands, readings, strict=False):
        demand(isinstance(operand.type, (IntType, UsizeType)) and reading in ("u", "s"), "7", "no number")
        number = constant(operand, module, reading)
        parts.append(of(operand, reading) if number is None else integer(number))
    if name in ("add", "sub", "mul"):
        a, b = parts
        return times(a, b) if name == "mul" else total((1, a), (1 if name == "add" else -1, b))
    if name == "shl":
        by = constant(op.operands[1], module)
        demand(by is not None, "7", "a shift that is not constant")
        return total((1 << (by or 0) % width(op.results[0], module), parts[0]))
    allowed = {"zext": ("u",), "sext": ("s",), "trunc": ("u", "s"), "bitcast": ("u", "s")}.get(name, ())
    demand(readings[0] in allowed, "7", "no such operation")
    return parts[0]
