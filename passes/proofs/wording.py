"""Words: what a linear form says, as a comparison of what the program names.

    length 0 of %xs - %i - 1 >= 0         %i < length of %xs
    -%n + 18446744073709551614 >= 0       %n <= 2^64 - 2
    %p - 1 >= 0                           %p is not null
    length 1 of %a - %12 >= 0             %i + 1 <= length 1 of %a          (%12 is `add %i, %one`)

Rules, cited by number in the code:

 1. A value without a name is written as what it is computed from, three operations deep; where that ends, as its operation and
    the line.
 2. What comes from memory or out of a call is followed by the line: there the program could compare it.
 3. Numbers near a large power of two are written with it.

Invariant: the comparison holds exactly where the form is not negative. It is only for people; nothing is computed from it.
"""

from __future__ import annotations

from collections.abc import Iterable

from altru_ir.literals import constant_integer
from altru_ir.passes.analysis.facts import Form
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.types import ArrayType, PtrType
from altru_ir.values import Operation, Value

DEPTH = 3
SIGNS = {"add": "+", "sub": "-", "mul": "*", "udiv": "/", "sdiv": "/", "urem": "mod", "srem": "mod", "and": "and"}
SAME = frozenset({"zext", "bitcast"})
CASTS = SAME | {"sext", "trunc"}
FETCHED = {"load": "loaded", "take": "taken", "call": "returned", "exchange": "exchanged", "extract": "extracted"}


def comparison(form: Form, facts: Inequalities) -> str:
    """What it says that ``form`` is not negative."""
    constant = form.get(0, 0)
    added = [(number, k) for number, k in form.items() if number and k > 0]
    taken = [(number, -k) for number, k in form.items() if number and k < 0]
    marked = any(reading == "s" for _, reading in _terms(form, facts))
    if len(added) == 1 and not taken and constant == -1 and added[0][1] == 1 and not marked:
        value, reading = facts.terms[added[0][0]]
        if value is not None and reading == "u":
            return f"{_spelled(value)} is not {'null' if isinstance(value.type, PtrType) else '0'}"
    low, high = _sum(taken, facts), _sum(added, facts)
    if not taken:
        text = f"{high} >= {_number(-constant)}"
    elif not added:
        text = f"{low} <= {_number(constant)}"
    elif constant == -1:
        text = f"{low} < {high}"
    elif constant < 0:
        text = f"{low} + {_number(-constant - 1)} < {high}"
    else:
        text = f"{low} <= {high} + {_number(constant)}" if constant else f"{low} <= {high}"
    return f"{text} (signed)" if marked else text


def comparisons(forms: Iterable[Form], facts: Inequalities) -> str:
    """Several of them, each once."""
    return "; ".join(dict.fromkeys(comparison(form, facts) for form in forms))


def fetched(forms: Iterable[Form], facts: Inequalities) -> str:
    """Where the values in the forms are from that memory or a call gave (2): ``; %v is loaded at line 12``, or nothing."""
    found: dict[str, None] = {}
    for form in forms:
        for value, reading in _terms(form, facts):
            op = value.operation if value is not None and isinstance(reading, str) else None
            while op is not None and op.decl.name in CASTS:
                op = op.operands[0].operation
            if op is not None and op.decl.name in FETCHED and op.location is not None and _has_name(op.results[0]):
                found[f"; %{op.results[0].name} is {FETCHED[op.decl.name]} at line {op.location.line}"] = None
    return "".join(found)


def length_of(value: Value, axis: int) -> str:
    """How the length of a dimension is written; a sequence of one has but one."""
    sequence = value.type.pointee
    only = isinstance(sequence, ArrayType) and len(sequence.dimensions) == 1
    return f"length of {_spelled(value)}" if only else f"length {axis} of {_spelled(value)}"


def _terms(form: Form, facts: Inequalities) -> Iterable[tuple[Value | None, object]]:
    for number in form:
        if number:
            for each in facts.factors[number] or (number,):
                yield facts.terms[each]


def _sum(parts: list[tuple[int, int]], facts: Inequalities) -> str:
    return " + ".join(_product(number, factor, facts) for number, factor in parts)


def _product(number: int, factor: int, facts: Inequalities) -> str:
    names = [_term(each, facts) for each in facts.factors[number] or (number,)]
    if factor == 1 and len(names) == 1:
        return names[0]
    names = [f"({name})" if " + " in name or " - " in name else name for name in names]
    return " * ".join(names if factor == 1 else [_number(factor), *names])


def _term(number: int, facts: Inequalities) -> str:
    value, reading = facts.terms[number]
    if value is None:
        return "?"
    return length_of(value, reading) if isinstance(reading, int) else _spelled(value)


def _has_name(value: Value) -> bool:
    """Whether the program named it: a number was given for the remark alone."""
    return value.name is not None and not value.name.isdigit()


def _spelled(value: Value, depth: int = DEPTH) -> str:  # 1
    op = value.operation
    if _has_name(value) or op is None or len(op.results) != 1:
        return f"%{value.name or '?'}"
    known = constant_integer(value)
    if known is not None:
        return _number(known)
    name = op.decl.name
    if name in SAME and depth:
        return _spelled(op.operands[0], depth - 1)
    if name in SIGNS and depth:
        parts = [_spelled(operand, depth - 1) for operand in op.operands]
        parts = [f"({part})" if " " in part and part[0] != "`" else part for part in parts]
        return f" {SIGNS[name]} ".join(parts)
    if name == "slice.len" and depth:
        return length_of(op.operands[0], 0)
    if name == "dim" and depth:
        return _measured(op)
    return f"`{name}`{_at(op)}"


def _measured(op: Operation) -> str:
    place = op.operands[0]
    axis = "" if len(place.type.target.dimensions) == 1 else f" {op.attrs['axis']}"  # type: ignore[attr-defined]
    return f"length{axis} of {f'%{place.name}' if _has_name(place) else 'the sequence'}{_at(op)}"


def _at(op: Operation) -> str:
    return "" if op.location is None else f" at line {op.location.line}"


def _number(number: int) -> str:  # 3
    bits = abs(number).bit_length()
    for power in (bits - 1, bits):
        rest = abs(number) - (1 << power)
        if power >= 15 and abs(rest) <= 16:
            text = f"2^{power}" + (f" + {rest}" if rest > 0 else f" - {-rest}" if rest else "")
            return text if number > 0 else f"-({text})"
    return str(number)
