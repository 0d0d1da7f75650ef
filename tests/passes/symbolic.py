"""Functions without loops as formulas, so that z3 can say whether two of them mean the same.

    f(%x: i8) -> i8 { ... ret %r }        Meaning(undefined, panics, result) over the bit vector x

Written from the reference text of each operation, in z3's own terms; it shares nothing with the interpreter or the folder.
What can be read: integers of any width, booleans, structs, tuples and arrays of those, locals whose parts are accessed at
constant indices, branches. Memory is what each local holds, put together where control meets.

1. ``undefined`` is when the function has no meaning: a division that has none, a load of what holds nothing. There a
   transformation may do anything.
2. ``panics`` is when it ends in a panic, ``result`` what it gives when it does neither.

Invariant: each is a formula over the parameters alone. ``Unreadable`` is raised for anything else; nothing is passed over.
"""

from __future__ import annotations

from typing import Any

import attrs
import z3

import altru_ir as air
from altru_ir.literals import constant_integer
from altru_ir.module import Block, Function
from altru_ir.types import ArrayType, IntType, NamedType, TupleType, Type, UsizeType
from altru_ir.values import Operation, Value

Content = Any  # a bit vector, a list of contents, or None where a place holds nothing
WRAPPING = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "and": lambda a, b: a & b,
    "or": lambda a, b: a | b, "xor": lambda a, b: a ^ b, "rotl": z3.RotateLeft, "rotr": z3.RotateRight,
    "udiv": z3.UDiv, "urem": z3.URem, "sdiv": lambda a, b: a / b, "srem": z3.SRem,
    "umin": lambda a, b: z3.If(z3.ULT(a, b), a, b), "umax": lambda a, b: z3.If(z3.UGT(a, b), a, b),
    "smin": lambda a, b: z3.If(a < b, a, b), "smax": lambda a, b: z3.If(a > b, a, b),
}  # fmt: skip
SHIFTS = {"shl": lambda a, b: a << b, "lshr": z3.LShR, "ashr": lambda a, b: a >> b}
COMPARED = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "ult": z3.ULT, "ule": z3.ULE, "ugt": z3.UGT, "uge": z3.UGE,
    "slt": lambda a, b: a < b, "sle": lambda a, b: a <= b, "sgt": lambda a, b: a > b, "sge": lambda a, b: a >= b,
}  # fmt: skip


class Unreadable(Exception):
    """The function has something that is not told of here."""


@attrs.define
class Meaning:
    """See the module's docstring."""

    undefined: Any
    panics: Any
    result: Content


def difference(before: air.Module, after: air.Module, name: str, seconds: float = 10.0) -> str | None:
    """Arguments for which ``after`` is no translation of ``before``; None when there are none. Raises ``Unreadable``."""
    parameters = [
        z3.BitVec(f"x{at}", width(p.type, before)) for at, p in enumerate(before.functions[name].parameters)
    ]  # fmt: skip
    one = Reader(before.functions[name], parameters).meaning()
    two = Reader(after.functions[name], parameters).meaning()
    same = z3.And(z3.Not(two.undefined), one.panics == two.panics, z3.Or(one.panics, equal(one.result, two.result)))
    solver = z3.Solver()
    solver.set("timeout", int(seconds * 1000))
    solver.add(z3.Not(one.undefined), z3.Not(same))
    found = solver.check()
    if found == z3.unknown:
        raise Unreadable("z3 does not know")
    return None if found == z3.unsat else str(solver.model())


def width(type: Type, module: air.Module) -> int:
    if isinstance(type, IntType):
        return type.bits
    if isinstance(type, UsizeType):
        return module.pointer_bits
    raise Unreadable(f"a value of type {type}")


def equal(a: Content, b: Content) -> Any:
    if isinstance(a, list):
        return z3.And(*[equal(x, y) for x, y in zip(a, b, strict=True)])
    return z3.BoolVal(True) if a is None else a == b


def choose(condition: Any, a: Content, b: Content) -> Content:
    """What is ``a`` under the condition and ``b`` otherwise; what holds nothing on one way holds nothing."""
    if a is None or b is None:
        return None
    if isinstance(a, list):
        return [choose(condition, x, y) for x, y in zip(a, b, strict=True)]
    return a if a is b else z3.If(condition, a, b)


class Reader:
    """Reads one function; ``values`` are its values so far, ``holds`` what each local holds at the end of each block."""

    def __init__(self, function: Function, parameters: list[Any]) -> None:
        assert function.module is not None
        self.function = function
        self.module = function.module
        self.values: dict[Value, Content] = dict(zip(function.parameters, parameters, strict=True))
        self.reached: dict[Block, Any] = {function.entry: z3.BoolVal(True)}
        self.edges: dict[Block, list[tuple[Any, list[Content], dict[Value, Content]]]] = {}
        self.paths: dict[Value, tuple[Value, tuple[int, ...]]] = {}
        self.held: dict[Value, Content] = {}
        self.told = Meaning(z3.BoolVal(False), z3.BoolVal(False), None)
        self.returned: list[tuple[Any, Content]] = []

    def meaning(self) -> Meaning:
        cfg = self.function.cfg()
        before = {number: at for at, number in enumerate(cfg.reverse_postorder)}
        for number in cfg.reverse_postorder:
            block = cfg.blocks[number]
            if block.unwind is not None or any(before[s] <= before[number] for s in cfg.successors[number]):
                raise Unreadable("a loop, or a cleanup")
            self.block(block)
        result: Content = None
        for at, (condition, value) in enumerate(self.returned):
            result = value if at == 0 else choose(condition, value, result)
        self.told.result = result
        return self.told

    def block(self, block: Block) -> None:
        into = self.edges.get(block, [])
        if block is self.function.entry:
            self.held = {}
        else:
            self.reached[block] = z3.Or(*[condition for condition, _, _ in into])
            self.held = dict(into[0][2])
            for condition, _, held in into[1:]:
                self.held = {p: choose(condition, held[p], v) for p, v in self.held.items() if p in held}
            for at, argument in enumerate(block.args):
                value = into[0][1][at]
                for condition, values, _ in into[1:]:
                    value = choose(condition, values[at], value)
                self.values[argument] = value
        for op in block.ops:
            self.operation(op, self.reached[block])

    def operation(self, op: Operation, here: Any) -> None:
        name = op.name
        if op.decl.is_terminator:
            self.terminator(op, here)
        elif name in ("local", "field", "elem", "load", "take", "init", "assign", "exchange", "end", "drop"):
            self.memory(op, here)
        else:
            operands = [self.values[value] for value in op.operands]
            self.values[op.result] = self.scalar(op, operands, here)

    def scalar(self, op: Operation, operands: list[Content], here: Any) -> Content:
        name, type = op.name, op.result.type
        if name == "const":
            return z3.BitVecVal(int(op.attrs["value"]), width(type, self.module))
        if name in ("struct", "tuple", "array"):
            return list(operands)
        if name == "extract":
            return operands[0][self.position(op.operands[0].type, op.attrs["member"])]
        if name == "select":
            return choose(operands[0] == 1, operands[1], operands[2])
        if name == "icmp":
            return bit(COMPARED[op.attrs["predicate"]](*operands))
        bits = width(type, self.module)
        if name in ("sdiv", "srem", "udiv", "urem"):
            bad = operands[1] == 0
            if name[0] == "s":
                bad = z3.Or(bad, z3.And(operands[0] == 1 << (bits - 1), operands[1] == (1 << bits) - 1))
            self.told.undefined = z3.Or(self.told.undefined, z3.And(here, bad))
        if name in WRAPPING:
            return WRAPPING[name](*operands)
        if name in SHIFTS:
            return SHIFTS[name](operands[0], z3.URem(operands[1], z3.BitVecVal(bits, bits)) if bits > 1 else operands[1] & 0)
        if name.endswith(".checked"):
            return self.checked(name, operands, bits, here)
        if name in ("trunc", "zext", "sext"):
            return resized(name, operands[0], bits)
        raise Unreadable(f"`{name}`")

    def checked(self, name: str, operands: list[Any], bits: int, here: Any) -> Any:
        """The exact result in twice the width and a bit; it panics when that does not fit. A shift panics by its amount."""
        shift = name.removesuffix(".checked")
        if shift in SHIFTS:
            self.told.panics = z3.Or(self.told.panics, z3.And(here, z3.UGE(operands[1], bits)))
            return SHIFTS[shift](*operands)
        extend = z3.SignExt if name[0] == "s" else z3.ZeroExt
        exact = WRAPPING[name[1:4]](*[extend(bits + 1, each) for each in operands])
        result = z3.Extract(bits - 1, 0, exact)
        self.told.panics = z3.Or(self.told.panics, z3.And(here, extend(bits + 1, result) != exact))
        return result

    def position(self, type: Type, member: str) -> int:
        if isinstance(type, NamedType):
            return [each.name for each in self.module.types[type.name].members].index(member)
        return int(member)

    # -- memory (1) --

    def memory(self, op: Operation, here: Any) -> None:
        name = op.name
        if name == "local":
            self.paths[op.result] = (op.result, ())
            self.held[op.result] = self.nothing(op.result.type.target)  # type: ignore[attr-defined]
            return
        place = op.operands[0]
        if place not in self.paths or "volatile" in op.attrs:
            raise Unreadable(f"`{name}` of what is no local")
        local, path = self.paths[place]
        if name == "field":
            self.paths[op.result] = (local, (*path, self.position(place.type.target, op.attrs["field"])))  # type: ignore[attr-defined]
        elif name == "elem":
            index = constant_integer(op.operands[1])
            if index is None or len(op.operands) > 2:
                raise Unreadable("an index that is not constant")
            self.paths[op.result] = (local, (*path, index))
        else:
            content = self.held[local]
            for step in path:
                content = content[step]
            if name in ("load", "take", "exchange"):
                empty = z3.And(here, z3.BoolVal(not full(content)))
                self.told.undefined = z3.Or(self.told.undefined, empty)
                type = place.type.target  # type: ignore[attr-defined]
                self.values[op.result] = content if full(content) else self.anything(type)
            if name in ("init", "assign", "exchange"):
                self.held[local] = put(self.held[local], path, self.values[op.operands[1]])
            elif name != "load":
                self.held[local] = put(self.held[local], path, self.nothing(place.type.target))  # type: ignore[attr-defined]

    def parts(self, type: Type) -> list[Type] | None:
        if isinstance(type, NamedType):
            return [each.type for each in self.module.types[type.name].members]
        if isinstance(type, TupleType):
            return list(type.elements)
        if isinstance(type, ArrayType):
            return [type.element] * (type.dimensions[0] or 0)
        return None

    def nothing(self, type: Type) -> Content:
        parts = self.parts(type)
        return None if parts is None else [self.nothing(each) for each in parts]

    def anything(self, type: Type) -> Content:
        parts = self.parts(type)
        if parts is None:
            return z3.FreshConst(z3.BitVecSort(width(type, self.module)))
        return [self.anything(each) for each in parts]

    # -- control --

    def terminator(self, op: Operation, here: Any) -> None:
        if op.name == "ret":
            self.returned.append((here, self.values[op.operands[0]] if op.operands else []))
        elif op.name == "panic":
            self.told.panics = z3.Or(self.told.panics, here)
        elif op.name == "unreachable":
            self.told.undefined = z3.Or(self.told.undefined, here)
        elif op.name == "br":
            self.edge(op, 0, here)
        elif op.name == "cond_br":
            taken = self.values[op.operands[0]] == 1
            self.edge(op, 0, z3.And(here, taken))
            self.edge(op, 1, z3.And(here, z3.Not(taken)))
        elif op.name == "switch":
            value = self.values[op.operands[0]]
            cases = [value == int(successor.case) for successor in op.successors[:-1]]
            for at, case in enumerate(cases):
                self.edge(op, at, z3.And(here, case))
            self.edge(op, len(cases), z3.And(here, z3.Not(z3.Or(*cases))))
        else:
            raise Unreadable(f"`{op.name}`")

    def edge(self, op: Operation, at: int, condition: Any) -> None:
        successor = op.successors[at]
        values = [self.values[value] for value in successor.args]
        self.edges.setdefault(successor.block, []).append((condition, values, dict(self.held)))


def bit(condition: Any) -> Any:
    return z3.If(condition, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1))


def resized(name: str, value: Any, bits: int) -> Any:
    have = value.size()
    if bits <= have:
        return z3.Extract(bits - 1, 0, value)
    return (z3.SignExt if name == "sext" else z3.ZeroExt)(bits - have, value)


def full(content: Content) -> bool:
    return all(full(each) for each in content) if isinstance(content, list) else content is not None


def put(content: Content, path: tuple[int, ...], value: Content) -> Content:
    if not path:
        return value
    changed = list(content)
    changed[path[0]] = put(content[path[0]], path[1:], value)
    return changed
