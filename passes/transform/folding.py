"""What one operation comes to, from its operands alone: a constant, a value that is there already, or a simpler operation.

    add 3, 4 : i8          is the constant 7
    sub %x, %x             is the constant 0
    xor (xor %x, 5), 5     is %x
    add (add %x, 3), 4     is add %x, 7

``RULES[op.name](folder, op)`` gives the value that stands for the result of ``op`` (for ``destructure`` the first of them), or
None. It may change ``op`` itself where another operation does the same for less; then ``op`` stays, and ``folder.changed`` is
counted up. Constants come from ``constant(type, literal)``; the folder is told of those that there are.

Rules, cited by number in the code:

 1. operations on constants give what ``altru_ir.scalars`` says. What panics or is undefined is left as it is;
 2. a float result is folded to the bit, and not at all when it is a NaN: which one it would be is not specified;
 3. identities hold for all operands, for floats with -0.0 and infinities among them: ``fadd %x, -0.0`` is ``%x``, and
    ``fadd %x, 0.0`` is not. An operand that is a NaN stays a NaN;
 4. an operation that is undefined for some operands (a division) may be folded to what it is for all others;
 5. what moves is not touched: a value of an owner's type has one definition and one use.

Invariant: on every operand for which ``op`` is defined, the folded value has the same bits (a NaN for a NaN).

Reference: the identities are those of textbooks (Warren, Hacker's Delight, chapter 2; Goldberg, What Every Computer Scientist
Should Know About Floating-Point Arithmetic, 1991, for which of them hold for floats).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

from altru_ir import scalars
from altru_ir.declare import find
from altru_ir.marks import copies
from altru_ir.module import Module
from altru_ir.types import I1, USIZE, ArrayType, FloatType, IntType, PtrType, RefType, Type, UsizeType
from altru_ir.values import NO_ATTRIBUTES, Operation, Value

Constant = Callable[[Type, Any], Value]
Found = list[Value] | None
Rule = Callable[["Folder", Operation], "Value | None"]

RULES: dict[str, Rule] = {}

SWAPPED = {"eq": "eq", "ne": "ne", "ult": "ugt", "ule": "uge", "ugt": "ult", "uge": "ule",
           "slt": "sgt", "sle": "sge", "sgt": "slt", "sge": "sle"}  # fmt: skip
NEGATED = {"eq": "ne", "ne": "eq", "ult": "uge", "uge": "ult", "ule": "ugt", "ugt": "ule",
           "slt": "sge", "sge": "slt", "sle": "sgt", "sgt": "sle"}  # fmt: skip
REFLEXIVE = frozenset({"eq", "ule", "uge", "sle", "sge"})


def folds(*names: str) -> Callable[[Rule], Rule]:
    """Registers the rule of operations."""

    def register(rule: Rule) -> Rule:
        for name in names:
            RULES[name] = rule
        return rule

    return register


class Folder:
    """See the module's docstring. ``changed`` counts operations that were changed in place."""

    def __init__(self, module: Module, constant: Constant) -> None:
        self.module = module
        self.constant = constant
        self.changed = 0
        self.numbers: dict[Value, int] = {}

    # -- facts about values -----------------------------------------------------------------------------------------------

    def bits(self, type: Type) -> int:
        return type.bits if isinstance(type, IntType) else self.module.pointer_bits

    def note(self, op: Operation) -> None:
        """Tells of a ``const``. Only what was told of is a constant integer here: that is asked of every operand."""
        literal, value = op.attrs["value"], op.results[0]
        if isinstance(literal, int) and value.type.is_integer:
            self.numbers[value] = literal & ((1 << self.bits(value.type)) - 1)

    def integer(self, value: Value) -> int | None:
        """The bits of a constant integer."""
        return self.numbers.get(value)

    def floating(self, value: Value) -> float | None:
        """A constant float, as its type holds it."""
        op = value.operation
        if op is None or op.decl.name != "const" or not isinstance(value.type, FloatType):
            return None
        number = float(op.attrs["value"])
        return scalars.round32(number) if value.type.bits == 32 else number

    def made_by(self, value: Value, *names: str) -> Operation | None:
        """The operation that defines ``value``, when it is one of these."""
        op = value.owner
        return op if isinstance(op, Operation) and op.decl.name in names else None

    # -- results ----------------------------------------------------------------------------------------------------------

    def number(self, type: Type, bits: int) -> Value:
        """The constant of an integer type with these bits."""
        width = self.bits(type)
        bits &= (1 << width) - 1
        if width == 1:
            return self.constant(type, bool(bits))
        return self.constant(type, bits if isinstance(type, UsizeType) else scalars.signed(bits, width))

    def real(self, type: Type, number: float) -> Value | None:
        """The constant of a float type; None for a NaN (rule 2)."""
        return None if math.isnan(number) else self.constant(type, number)

    def become(self, op: Operation, name: str, operands: list[Value], attributes: dict[str, Any] | None = None) -> None:
        """Makes another operation of ``op``, with the same result."""
        op.decl = find(name)
        op.operands = operands
        op.attrs = dict(attributes) if attributes else NO_ATTRIBUTES
        self.changed += 1

    def destructured(self, op: Operation) -> Found:
        made = self.made_by(op.operands[0], "struct", "tuple", "array")
        if made is None or not copies(op.operands[0].type, self.module):  # 5
            return None
        return list(made.operands)


# -- integers ------------------------------------------------------------------------------------------------------------

CHECKED_SHIFTS = frozenset({"shl.checked", "lshr.checked", "ashr.checked"})
_ASSOCIATIVE = {"add", "mul", "and", "or", "xor", "smin", "smax", "umin", "umax"}


@folds(
    "add", "sub", "mul", "and", "or", "xor", "shl", "lshr", "ashr", "rotl", "rotr", "sdiv", "udiv", "srem", "urem",
    "smin", "smax", "umin", "umax", "sadd.checked", "ssub.checked", "smul.checked", "uadd.checked", "usub.checked",
    "umul.checked", "shl.checked", "lshr.checked", "ashr.checked",
)  # fmt: skip
def _binary(f: Folder, op: Operation) -> Value | None:
    name, type = op.decl.name, op.results[0].type
    left, right = op.operands
    a, b = f.numbers.get(left), f.numbers.get(right)
    if a is None and b is None and left is not right:
        return _inverse(f, name, left, right) if name in INVERTED else None
    if a is not None and b is not None:  # 1
        try:
            return f.number(type, scalars.integer(name, f.bits(type), a, b))
        except scalars.Panics:
            return None
    if a is not None and op.decl.is_commutative:  # constants on the right
        op.operands[0], op.operands[1] = left, right = right, left
        a, b = b, a
        f.changed += 1
    checked = name.endswith(".checked")
    if checked and f.bits(type) == 1:
        return None  # the one that is signed is -1, and times -1 overflows
    if name in CHECKED_SHIFTS:
        return left if b == 0 else None  # a shift of 0 panics too where the amount is too great
    found = _identity(f, op, name[1:4] if checked else name, a, b)
    if found is not None or b is None:
        return found
    return _reassociated(f, op, b)


@cache
def _constants(width: int) -> tuple[dict[str, int], dict[str, int]]:
    """The right operand that leaves the left one as it is, and that which is the result itself, by operation."""
    ones = (1 << width) - 1
    least, greatest = 1 << (width - 1), (1 << (width - 1)) - 1
    neutral = {
        "add": 0, "sub": 0, "or": 0, "xor": 0, "mul": 1, "and": ones, "udiv": 1, "sdiv": 1,
        "umax": 0, "umin": ones, "smax": least, "smin": greatest,
    }  # fmt: skip
    return neutral, {"mul": 0, "and": 0, "or": ones, "umin": 0, "umax": ones, "smin": least, "smax": greatest}


def _identity(f: Folder, op: Operation, name: str, a: int | None, b: int | None) -> Value | None:
    """Rules 3 and 4 for integers; the operation checked for overflow is ``name`` here, and does not overflow where it folds."""
    left, right = op.operands
    type = op.results[0].type
    width = f.bits(type)
    if left is right:
        if name in ("sub", "xor", "srem", "urem"):
            return f.number(type, 0)
        if name in ("sdiv", "udiv"):
            return f.number(type, 1)
        if name in ("and", "or", "smin", "smax", "umin", "umax"):
            return left
    if b is not None:
        neutral, absorbing = _constants(width)
        if neutral.get(name) == b and not (name == "sdiv" and width == 1):
            return left
        if absorbing.get(name) == b:
            return right
        if name in ("shl", "lshr", "ashr", "rotl", "rotr") and b % width == 0:
            return left
        if name in ("urem", "srem") and b == 1 and not (name == "srem" and width == 1):
            return f.number(type, 0)
    if a == 0 and name in ("shl", "lshr", "ashr", "rotl", "rotr", "udiv", "sdiv", "urem", "srem"):
        return left
    if left is not right and op.decl.name in INVERTED:
        found = _inverse(f, op.decl.name, left, right)
        if found is not None:
            return found
    if name == "xor" and width == 1 and b == 1:
        compared = f.made_by(left, "icmp")
        if compared is not None:  # not (x < y)
            f.become(op, "icmp", list(compared.operands), {"predicate": NEGATED[compared.attrs["predicate"]]})
    return None


INVERTED = frozenset({"add", "sub", "xor"})


def _inverse(f: Folder, name: str, left: Value, right: Value) -> Value | None:
    """``(x + y) - y``, ``(x - y) + y`` and ``(x ^ y) ^ y``, where the operations wrap."""
    made = left.owner
    if made.__class__ is Operation:
        if name == "sub":
            if made.decl.name == "add" and right in made.operands:
                return made.operands[1 - made.operands.index(right)]
        elif name == "xor":
            if made.decl.name == "xor" and right in made.operands:
                return made.operands[1 - made.operands.index(right)]
        elif made.decl.name == "sub" and made.operands[1] is right:
            return made.operands[0]
    if name != "sub":
        made = right.owner
        if made.__class__ is Operation:
            if name == "xor":
                if made.decl.name == "xor" and left in made.operands:
                    return made.operands[1 - made.operands.index(left)]
            elif made.decl.name == "sub" and made.operands[1] is left:
                return made.operands[0]
    return None


def _reassociated(f: Folder, op: Operation, b: int) -> Value | None:
    """``(x . c1) . c2`` with one constant, where the operations wrap."""
    name, type, left = op.decl.name, op.results[0].type, op.operands[0]
    bits = f.bits(type)
    inner = f.made_by(left, name, "add", "sub")
    if inner is None:
        return None
    c, d = f.integer(inner.operands[1]), f.integer(inner.operands[0])
    if inner.decl.name == name and name in _ASSOCIATIVE and c is not None:
        f.become(op, name, [inner.operands[0], f.number(type, scalars.integer(name, bits, c, b))])
    elif name in ("add", "sub") and inner.decl.name in ("add", "sub"):
        by = b if name == "add" else -b
        if c is not None:
            by += c if inner.decl.name == "add" else -c
            f.become(op, "add", [inner.operands[0], f.number(type, by)])
        elif d is not None and inner.decl.name == "sub":  # (c - x) + b
            f.become(op, "sub", [f.number(type, d + by), inner.operands[1]])
    return None


@folds("clz", "ctz", "popcount", "bswap")
def _unary(f: Folder, op: Operation) -> Value | None:
    value, type = f.integer(op.operands[0]), op.results[0].type
    if value is not None:
        return f.number(type, scalars.integer(op.decl.name, f.bits(type), value))
    inner = f.made_by(op.operands[0], "bswap")
    return inner.operands[0] if inner is not None and op.decl.name == "bswap" else None


@folds("icmp")
def _icmp(f: Folder, op: Operation) -> Value | None:
    left, right = op.operands
    predicate = op.attrs["predicate"]
    if left is right:
        return f.number(I1, int(predicate in REFLEXIVE))
    if not left.type.is_integer:
        return None
    bits = f.bits(left.type)
    a, b = f.integer(left), f.integer(right)
    if a is not None and b is not None:
        return f.number(I1, int(scalars.compare(predicate, bits, a, b)))
    if a is not None:
        f.become(op, "icmp", [right, left], {**op.attrs, "predicate": SWAPPED[predicate]})
        left, right, b, predicate = right, left, a, SWAPPED[predicate]
    if b is None:
        return None
    low, high = (0, (1 << bits) - 1) if predicate[0] == "u" else (1 << (bits - 1), (1 << (bits - 1)) - 1)
    if predicate not in ("eq", "ne"):
        kind = predicate[1:]
        if (kind == "lt" and b == low) or (kind == "gt" and b == high):
            return f.number(I1, 0)
        if (kind == "ge" and b == low) or (kind == "le" and b == high):
            return f.number(I1, 1)
    elif bits == 1 and (predicate == "eq") == (b == 1):
        return left
    return None


# -- floats (2, 3) -------------------------------------------------------------------------------------------------------


@folds("fadd", "fsub", "fmul", "fdiv", "frem", "fmin", "fmax", "copysign")
def _float_binary(f: Folder, op: Operation) -> Value | None:
    name, type = op.decl.name, op.results[0].type
    left, right = op.operands
    assert isinstance(type, FloatType)
    a, b = f.floating(left), f.floating(right)
    if a is not None and b is not None:
        if math.isnan(a) or math.isnan(b):
            return None
        return f.real(type, scalars.floating(name, type.bits, a, b))
    if a is not None and op.decl.is_commutative:
        op.operands[0], op.operands[1] = left, right = right, left
        b = a
        f.changed += 1
    if b is None:
        return None
    negative_zero = b == 0 and math.copysign(1, b) < 0
    positive_zero = b == 0 and not negative_zero
    same = (name == "fadd" and negative_zero) or (name == "fsub" and positive_zero) or (name in ("fmul", "fdiv") and b == 1)
    return left if same else None


@folds("fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "fround")
def _float_unary(f: Folder, op: Operation) -> Value | None:
    name, type = op.decl.name, op.results[0].type
    assert isinstance(type, FloatType)
    value = f.floating(op.operands[0])
    if value is not None:
        return None if math.isnan(value) else f.real(type, scalars.floating(name, type.bits, value))
    inner = f.made_by(op.operands[0], "fneg", "fabs", "ffloor", "fceil", "ftrunc", "fround")
    if inner is None:
        return None
    if name == "fneg" and inner.decl.name == "fneg":
        return inner.operands[0]
    if name == "fabs" and inner.decl.name == "fneg":
        f.become(op, "fabs", list(inner.operands))
    elif name == inner.decl.name and name != "fneg":
        return op.operands[0]
    return None


@folds("fma")
def _fma(f: Folder, op: Operation) -> Value | None:
    type = op.results[0].type
    assert isinstance(type, FloatType)
    a, b, c = (f.floating(value) for value in op.operands)
    if a is None or b is None or c is None or math.isnan(a) or math.isnan(b) or math.isnan(c):
        return None
    return f.real(type, scalars.fused(type.bits, a, b, c))


@folds("fcmp")
def _fcmp(f: Folder, op: Operation) -> Value | None:
    a, b = (f.floating(value) for value in op.operands)
    if a is None or b is None:
        return None
    return f.number(I1, int(scalars.compare_floats(op.attrs["predicate"], a, b)))


# -- casts ---------------------------------------------------------------------------------------------------------------


@folds("trunc", "zext", "sext")
def _resize(f: Folder, op: Operation) -> Value | None:
    name, type, value = op.decl.name, op.results[0].type, op.operands[0]
    before, after = f.bits(value.type), f.bits(type)
    known = f.integer(value)
    if known is not None:
        return f.number(type, scalars.signed(known, before) if name == "sext" else known)
    inner = f.made_by(value, "trunc", "zext", "sext")
    if inner is None:
        return None
    origin = inner.operands[0]
    first = inner.decl.name
    narrow = f.bits(origin.type)
    if name == "trunc" and first != "trunc":
        if origin.type is type:
            return origin
        if after < narrow:
            f.become(op, "trunc", [origin])
        elif after > narrow and before > narrow:
            f.become(op, first, [origin])
    elif name == first and origin.type is not type and (name != "trunc") == (after > narrow) and after != narrow:
        f.become(op, name, [origin])
    elif name == "sext" and first == "zext" and before > narrow and after > narrow:
        f.become(op, "zext", [origin])
    elif after == before == narrow and origin.type is type:
        return origin  # usize to an integer of its width and back
    return None


@folds("fptrunc", "fpext")
def _float_resize(f: Folder, op: Operation) -> Value | None:
    type, value = op.results[0].type, f.floating(op.operands[0])
    assert isinstance(type, FloatType)
    if value is not None:
        return f.real(type, scalars.round32(value) if type.bits == 32 else value)
    inner = f.made_by(op.operands[0], "fpext")
    return inner.operands[0] if inner is not None and inner.operands[0].type is type else None


@folds("fptosi", "fptoui")
def _to_integer(f: Folder, op: Operation) -> Value | None:
    value, type = f.floating(op.operands[0]), op.results[0].type
    if value is None:
        return None
    return f.number(type, scalars.to_integer(value, f.bits(type), op.decl.name == "fptosi"))


@folds("sitofp", "uitofp")
def _to_float(f: Folder, op: Operation) -> Value | None:
    value, source, type = f.integer(op.operands[0]), op.operands[0].type, op.results[0].type
    if value is None or not isinstance(type, FloatType):
        return None
    number = scalars.signed(value, f.bits(source)) if op.decl.name == "sitofp" else value
    return f.real(type, scalars.from_integer(number, type.bits))


@folds("bitcast")
def _bitcast(f: Folder, op: Operation) -> Value | None:
    value, type = op.operands[0], op.results[0].type
    if value.type is type:
        return value
    inner = f.made_by(value, "bitcast")
    if inner is not None and inner.operands[0].type is type:
        return inner.operands[0]
    number, real = f.integer(value), f.floating(value)
    if number is not None and isinstance(type, FloatType):
        code = ("<I", "<f") if type.bits == 32 else ("<Q", "<d")
        found = struct.unpack(code[1], struct.pack(code[0], number))[0]
        return f.real(type, found)
    if real is not None and isinstance(value.type, FloatType) and not math.isnan(real):
        code = ("<f", "<I") if value.type.bits == 32 else ("<d", "<Q")
        return f.number(type, struct.unpack(code[1], struct.pack(code[0], real))[0])
    return f.number(type, number) if number is not None else None


# -- choices, aggregates, pointers ---------------------------------------------------------------------------------------


@folds("select")
def _select(f: Folder, op: Operation) -> Value | None:
    condition, yes, no = op.operands
    known = f.integer(condition)
    if known is not None:
        return yes if known else no
    if yes is no:
        return yes
    if op.results[0].type is I1:
        values = f.integer(yes), f.integer(no)
        if values == (1, 0):
            return condition
        if values == (0, 1):
            f.become(op, "xor", [condition, f.number(I1, 1)])
            return None
    inner = f.made_by(condition, "xor")
    if inner is not None and f.integer(inner.operands[1]) == 1:
        f.become(op, "select", [inner.operands[0], no, yes])
    return None


@folds("extract")
def _extract(f: Folder, op: Operation) -> Value | None:
    from altru_ir.ops.aggregates import member_index

    whole = op.operands[0]
    made = f.made_by(whole, "struct", "tuple", "array")
    if made is None or not copies(whole.type, f.module):  # 5
        return None
    return made.operands[member_index(whole.type, op.attrs["member"], f.module)]


@folds("destructure")
def _destructure(f: Folder, op: Operation) -> Value | None:
    found = f.destructured(op)
    return None if found is None else found[0]


@folds("slice.len")
def _slice_len(f: Folder, op: Operation) -> Value | None:
    made = f.made_by(op.operands[0], "unsize", "slice.from_raw")
    if made is None:
        return None
    if made.decl.name == "slice.from_raw":
        return made.operands[1]
    whole = made.operands[0].type
    if isinstance(whole, (RefType, PtrType)) and isinstance(whole.target, ArrayType) and len(whole.target.dimensions) == 1:
        length = whole.target.dimensions[0]
        return None if length is None else f.number(USIZE, length)
    return None


@folds("dim")
def _dim(f: Folder, op: Operation) -> Value | None:
    sequence = op.operands[0].type.target  # type: ignore[attr-defined]
    length = sequence.dimensions[op.attrs["axis"]] if isinstance(sequence, ArrayType) else None
    return None if length is None else f.number(USIZE, length)


@folds("ptr.add")
def _ptr_add(f: Folder, op: Operation) -> Value | None:
    return op.operands[0] if f.integer(op.operands[1]) == 0 else None


@folds("ptr.cast")
def _ptr_cast(f: Folder, op: Operation) -> Value | None:
    value = op.operands[0]
    if value.type is op.results[0].type:
        return value
    inner = f.made_by(value, "ptr.cast")
    if inner is not None:
        f.become(op, "ptr.cast", list(inner.operands))
    return None
