"""Arithmetic: constants, integer and float operations, comparisons, casts and ``select``.

Integers are signless; the operation carries the sign. ``add sub mul`` wrap; their ``.checked`` kin panic; a division by
zero and MIN / -1 are stopped by the check that ``insert-checks`` puts before the division. Shifts take their amount
modulo the width; ``shl.checked`` and its kin panic. A float converted to an integer saturates, and a NaN becomes zero. Which
NaN an operation gives, its sign included, is not specified; ``fneg``, ``fabs`` and ``copysign`` change nothing but the sign.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import (
    ANY,
    BOOL,
    COMMUTATIVE,
    CONSTANT,
    FLOAT,
    INTEGER,
    MAY_PANIC,
    PURE,
    RAW,
    REMOVABLE,
    Constraint,
    InferenceError,
    Literal,
    Operand,
    Result,
    WordOf,
    operation,
)
from altru_ir.literals import literal_problem
from altru_ir.module import Module
from altru_ir.types import I1, IntType, Type, UsizeType
from altru_ir.values import Operation

COMPARABLE = INTEGER | RAW
CONSTANT_TYPE = Constraint(
    "a number, an array of numbers, or unit",
    "t.is_integer or t.is_float or t is UNIT or (t.__class__ is ArrayType and not t.is_unsized)",
)


def _literal_fits(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    problem = literal_problem(op.attrs["value"], op.result.type, module)
    if problem is not None:
        yield "V007", problem


@operation("const", "$value", traits=(PURE, CONSTANT), verify=_literal_fits)
class Const:
    """The value of a literal: an integer or float, ``true`` or ``false``, or a list or string for an array.

    Example: ``%n = const 0 : i32``
    Example: ``%bytes = const "abc" : [3 x i8]``
    """

    value = Literal()
    result = Result(written=CONSTANT_TYPE)


def _binary(name: str, constraint: Constraint, says: str, *traits: str) -> None:
    class Binary:
        lhs = Operand(constraint)
        rhs = Operand(same_as="lhs")
        result = Result(same_as="lhs")

    Binary.__doc__ = f"{says}\n\nExample: ``%r = {name} %a, %b``"
    operation(name, "$lhs, $rhs", traits=traits)(Binary)


_binary("add", INTEGER, "Integer sum, wrapping.", PURE, COMMUTATIVE)
_binary("sub", INTEGER, "Integer difference, wrapping.", PURE)
_binary("mul", INTEGER, "Integer product, wrapping.", PURE, COMMUTATIVE)
_binary("and", INTEGER, "Bitwise and.", PURE, COMMUTATIVE)
_binary("or", INTEGER, "Bitwise or.", PURE, COMMUTATIVE)
_binary("xor", INTEGER, "Bitwise exclusive or.", PURE, COMMUTATIVE)
_binary("shl", INTEGER, "Shift left by ``rhs`` modulo the width.", PURE)
_binary("lshr", INTEGER, "Shift right, filling with zeros, by ``rhs`` modulo the width.", PURE)
_binary("ashr", INTEGER, "Shift right, filling with the sign, by ``rhs`` modulo the width.", PURE)
_binary("rotl", INTEGER, "Rotate left by ``rhs`` modulo the width.", PURE)
_binary("rotr", INTEGER, "Rotate right by ``rhs`` modulo the width.", PURE)
_binary("sdiv", INTEGER, "Signed quotient, rounded toward zero; undefined for ``rhs == 0`` and for MIN / -1.", REMOVABLE)
_binary("udiv", INTEGER, "Unsigned quotient; undefined for ``rhs == 0``.", REMOVABLE)
_binary("srem", INTEGER, "Signed remainder, with the sign of ``lhs``; undefined where ``sdiv`` is.", REMOVABLE)
_binary("urem", INTEGER, "Unsigned remainder; undefined for ``rhs == 0``.", REMOVABLE)
_binary("smin", INTEGER, "The smaller, as signed numbers.", PURE, COMMUTATIVE)
_binary("smax", INTEGER, "The larger, as signed numbers.", PURE, COMMUTATIVE)
_binary("umin", INTEGER, "The smaller, as unsigned numbers.", PURE, COMMUTATIVE)
_binary("umax", INTEGER, "The larger, as unsigned numbers.", PURE, COMMUTATIVE)
for _sign, _word in (("s", "signed"), ("u", "unsigned")):
    _binary(f"{_sign}add.checked", INTEGER, f"Sum; panics when it overflows as {_word} numbers.", MAY_PANIC)
    _binary(f"{_sign}sub.checked", INTEGER, f"Difference; panics when it overflows as {_word} numbers.", MAY_PANIC)
    _binary(f"{_sign}mul.checked", INTEGER, f"Product; panics when it overflows as {_word} numbers.", MAY_PANIC)
for _verb, _way in (("shl", "left"), ("lshr", "right, filling with zeros"), ("ashr", "right, filling with the sign")):
    _binary(f"{_verb}.checked", INTEGER, f"Shift {_way}; panics unless ``rhs``, unsigned, is below the width.", MAY_PANIC)
_binary("fadd", FLOAT, "Float sum.", PURE, COMMUTATIVE)
_binary("fsub", FLOAT, "Float difference.", PURE)
_binary("fmul", FLOAT, "Float product.", PURE, COMMUTATIVE)
_binary("fdiv", FLOAT, "Float quotient.", PURE)
_binary("frem", FLOAT, "Float remainder of the truncated quotient (C's ``fmod``).", PURE)
_binary("fmin", FLOAT, "The smaller; the other operand when one is a NaN (C's ``fmin``, with -0.0 < 0.0).", PURE)
_binary("fmax", FLOAT, "The larger; the other operand when one is a NaN (C's ``fmax``, with -0.0 < 0.0).", PURE)
_binary("copysign", FLOAT, "The magnitude of ``lhs`` with the sign of ``rhs``.", PURE)


def _unary(name: str, constraint: Constraint, says: str) -> None:
    class Unary:
        value = Operand(constraint)
        result = Result(same_as="value")

    Unary.__doc__ = f"{says}\n\nExample: ``%r = {name} %a``"
    operation(name, "$value", traits=(PURE,))(Unary)


_unary("clz", INTEGER, "The number of leading zero bits; the width for zero.")
_unary("ctz", INTEGER, "The number of trailing zero bits; the width for zero.")
_unary("popcount", INTEGER, "The number of one bits.")
_unary("bswap", INTEGER, "The bytes in reverse order (a single byte or bit as it is).")
_unary("fneg", FLOAT, "The operand with its sign flipped, NaNs too.")
_unary("fabs", FLOAT, "The operand with its sign cleared, NaNs too.")
_unary("fsqrt", FLOAT, "The square root, correctly rounded; NaN below zero.")
_unary("ffloor", FLOAT, "The largest integral value not above the operand.")
_unary("fceil", FLOAT, "The smallest integral value not below the operand.")
_unary("ftrunc", FLOAT, "The integral value nearest to the operand toward zero.")
_unary("fround", FLOAT, "The nearest integral value, halves to even.")


@operation("fma", "$a, $b, $c", traits=(PURE,))
class Fma:
    """``a * b + c`` with one rounding.

    Example: ``%r = fma %x, %y, %z``
    """

    a = Operand(FLOAT)
    b = Operand(same_as="a")
    c = Operand(same_as="a")
    result = Result(same_as="a")


INTEGER_PREDICATES = ("eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge")
FLOAT_PREDICATES = ("oeq", "one", "olt", "ole", "ogt", "oge", "ord", "ueq", "une", "ult", "ule", "ugt", "uge", "uno")


@operation("icmp", "$predicate $lhs, $rhs", traits=(PURE,))
class Icmp:
    """Compares two integers or two raw pointers (by address, unsigned).

    Example: ``%more = icmp ult %i, %n``
    """

    predicate = WordOf(INTEGER_PREDICATES)
    lhs = Operand(COMPARABLE)
    rhs = Operand(same_as="lhs")
    result = Result(type=I1)


@operation("fcmp", "$predicate $lhs, $rhs", traits=(PURE,))
class Fcmp:
    """Compares two floats; predicates with ``o`` are false and those with ``u`` true when one is a NaN.

    Example: ``%less = fcmp olt %a, %b``
    """

    predicate = WordOf(FLOAT_PREDICATES)
    lhs = Operand(FLOAT)
    rhs = Operand(same_as="lhs")
    result = Result(type=I1)


def _arms_copy(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    from altru_ir.marks import copies

    if not copies(op.result.type, module):
        yield "V008", f"`select` takes values of types that copy; `{op.result.type}` moves: use a branch"


@operation("select", "$condition, $if_true, $if_false", traits=(PURE,), verify=_arms_copy)
class Select:
    """``if_true`` or ``if_false``, both computed before; for types that copy.

    Example: ``%r = select %c, %a, %b``
    """

    condition = Operand(BOOL)
    if_true = Operand(ANY)
    if_false = Operand(same_as="if_true")
    result = Result(same_as="if_true")


# -- casts ------------------------------------------------------------------------------------------------------------


def _width(type: Type, module: Module) -> int:
    if isinstance(type, UsizeType):
        return module.pointer_bits
    return type.bits if isinstance(type, IntType) else 0


def _changes_width(grows: bool):  # type: ignore[no-untyped-def]
    def verify(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
        source, result = op.operands[0].type, op.result.type
        before, after = _width(source, module), _width(result, module)
        # `usize` is as wide as the target says: a cast between it and an equally wide integer is allowed, so that one
        # program serves 32-bit and 64-bit targets.
        portable = isinstance(source, UsizeType) or isinstance(result, UsizeType)
        fine = (after > before if grows else after < before) or (portable and after == before and source is not result)
        if not fine:
            word = "wider" if grows else "narrower"
            yield "V009", f"`{op.name}` needs a {word} type than `{source}`, not `{result}`"

    return verify


def _cast(name: str, source: Constraint, target: Constraint, says: str, verify=None) -> None:  # type: ignore[no-untyped-def]
    class Cast:
        value = Operand(source)
        result = Result(written=target)

    Cast.__doc__ = f"{says}\n\nExample: ``%r = {name} %a : {'f64' if target is FLOAT else 'i64'}``"
    operation(name, "$value", traits=(PURE,), verify=verify)(Cast)


def _float_width(grows: bool):  # type: ignore[no-untyped-def]
    def verify(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
        source, result = op.operands[0].type, op.result.type
        if (result.bits <= source.bits) if grows else (result.bits >= source.bits):  # type: ignore[attr-defined]
            yield "V009", f"`{op.name}` needs a {'wider' if grows else 'narrower'} type than `{source}`, not `{result}`"

    return verify


def _same_bits(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    def bits(type: Type) -> int:
        return _width(type, module) if type.is_integer else getattr(type, "bits", 0)

    source, result = op.operands[0].type, op.result.type
    if bits(source) != bits(result):
        yield "V009", f"`bitcast` keeps the width, but `{source}` has {bits(source)} bits and `{result}` {bits(result)}"


_cast("trunc", INTEGER, INTEGER, "The low bits.", _changes_width(grows=False))
_cast("zext", INTEGER, INTEGER, "The same unsigned number in a wider type.", _changes_width(grows=True))
_cast("sext", INTEGER, INTEGER, "The same signed number in a wider type.", _changes_width(grows=True))
_cast("fptrunc", FLOAT, FLOAT, "The nearest ``f32``, ties to even.", _float_width(grows=False))
_cast("fpext", FLOAT, FLOAT, "The same number as ``f64``.", _float_width(grows=True))
_cast("fptosi", FLOAT, INTEGER, "Toward zero to a signed integer; saturates, NaN gives zero.")
_cast("fptoui", FLOAT, INTEGER, "Toward zero to an unsigned integer; saturates, NaN gives zero.")
_cast("sitofp", INTEGER, FLOAT, "The nearest float to a signed integer, ties to even.")
_cast("uitofp", INTEGER, FLOAT, "The nearest float to an unsigned integer, ties to even.")
_cast("bitcast", INTEGER | FLOAT, INTEGER | FLOAT, "The same bits as another type of equal width.", _same_bits)

__all__ = ["FLOAT_PREDICATES", "INTEGER_PREDICATES", "InferenceError"]
