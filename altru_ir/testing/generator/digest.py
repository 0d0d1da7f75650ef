"""Everything a function has computed, mixed into one number, so that no wrong value stays unseen.

digest({"x": "i32"}, ["array"])        # x and the elements of the array, as an expression of type i64
"""

from __future__ import annotations

from collections.abc import Container

from altru_ir import scalars
from altru_ir.testing.generator.trees import ARRAY, FLOATS, Environment, Node, Writer


def digest(types: dict[str, str], memory: Container[str]) -> Node:
    """All variables and what is in memory mixed into one ``i64``, so that every computed value reaches the answer."""
    parts: list[Node] = []
    for name, type in types.items():
        parts.append(_widened(name, type))
    if "array" in memory:
        parts += [_array_part(at) for at in range(ARRAY)]
    if "pair" in memory:
        parts += [_field_part(field) for field in ("narrow", "real", "wide")]

    def write(w: Writer) -> str:
        total = w.op("const 17 : i64")
        factor = w.op("const 1000003 : i64")
        for part in parts:
            total = w.op(f"xor {w.op(f'mul {total}, {factor}')}, {part.write(w)}")
        return total

    def evaluate(e: Environment) -> int:
        total = 17
        for part in parts:
            total = (total * 1000003) % (1 << 64) ^ part.evaluate(e)
        return total

    return Node(write, evaluate)


def _widened(name: str, type: str) -> Node:
    if type in FLOATS:
        return Node(lambda w: w.op(f"fptosi {w.names[name]} : i64"), lambda e: scalars.to_integer(e[name], 64, is_signed=True))
    if type == "i64":
        return Node(lambda w: w.names[name], lambda e: e[name])
    return Node(lambda w: w.op(f"zext {w.names[name]} : i64"), lambda e: e[name])


def _array_part(at: int) -> Node:
    def write(w: Writer) -> str:
        index = w.op(f"const {at} : usize")
        place = w.op(f"elem %array, {index}")
        value = w.op(f"load {place}")
        return w.op(f"zext {value} : i64")

    return Node(write, lambda e: e["array"][at])


def _field_part(field: str) -> Node:
    def write(w: Writer) -> str:
        value = w.op(f"load {w.op(f'field %pair, {field}')}")
        if field == "wide":
            return value
        return w.op(f"{'zext' if field == 'narrow' else 'fptosi'} {value} : i64")

    def evaluate(e: Environment) -> int:
        value = e["pair"][field]
        return scalars.to_integer(value, 64, is_signed=True) if field == "real" else int(value)

    return Node(write, evaluate)
