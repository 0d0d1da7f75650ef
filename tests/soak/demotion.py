"""Programs that use memory where they need none, with the same meaning: what promotion has to undo.

``demoted`` keeps the arguments of blocks in locals, ``in_memory`` structs and arrays:

    %s = struct %a, %b : @P                  %s = struct %a, %b : @P
    %x = extract %s, x              =>       %l = local : @P
    call @f(%s)                              init %l, %s
                                             %p = field %l, x
                                             %x = load %p
                                             %t = load %l
                                             call @f(%t)

Invariant: what is made verifies, and each access finds what the value was.
"""

from __future__ import annotations

import altru_ir as air
from altru_ir.declare import find
from altru_ir.marks import copies
from altru_ir.module import Block
from altru_ir.ops.aggregates import field_types
from altru_ir.passes.transform.rewriting import edges_into, replace_values
from altru_ir.types import USIZE, ArrayType, PlaceType
from altru_ir.values import Operation, Value


def demoted(module: air.Module) -> air.Module:
    """A copy in which the arguments of blocks are locals: stored before each branch, loaded where the block begins."""

    def add(block: Block, at: int, name: str, operands: list[Value], type: air.Type | None = None) -> Operation:
        op = Operation(find(name), operands)
        op.results = [] if type is None else [Value(type, None, op)]
        return block.insert(at, op)

    copy = module.clone()
    for function in copy.functions.values():
        loaded: dict[Value, Value] = {}
        for block, edges in (edges_into(function) if function.blocks else {}).items():
            several = len({branch for branch, _ in edges}) < len(edges)
            if several or not edges or any(len(edge.args) != len(block.args) for _, edge in edges):
                continue
            if not all(copies(argument.type, copy) for argument in block.args):
                continue
            for at, argument in enumerate(block.args):
                place = add(function.entry, 0, "local", [], PlaceType(argument.type, True)).result
                for branch, edge in edges:
                    assert branch.block is not None
                    add(branch.block, len(branch.block.ops) - 1, "assign", [place, edge.args[at]])
                loaded[argument] = add(block, 0, "load", [place], argument.type).result
            block.args = []
            for _, edge in edges:
                edge.args = []
        replace_values(function, loaded)
    return copy


def in_memory(module: air.Module) -> air.Module:
    """A copy in which structs and arrays that are made stand in locals, and are read there, whole or in parts. A part of
    each is taken and put back; every third use of the whole exchanges it for itself."""
    copy = module.clone()
    for function in copy.functions.values():
        homes: dict[Value, Value] = {}
        for block in function.blocks:
            for op in block.ops:
                if op.name in ("struct", "array") and copies(op.result.type, copy):
                    homes[op.result] = Value(PlaceType(op.result.type, True))
        for block in function.blocks:
            writer = _Writer(homes, copy)
            for op in block.ops:
                writer.write(op)
            for op in writer.made:
                op.block = block
            block.ops = writer.made
    return copy


class _Writer:
    """The new operations of a block. ``homes`` is the local of each value that stands in memory."""

    def __init__(self, homes: dict[Value, Value], module: air.Module) -> None:
        self.homes = homes
        self.module = module
        self.made: list[Operation] = []

    def add(self, name: str, operands: list[Value], type: air.Type | None = None, **attrs: object) -> Value:
        op = Operation(find(name), operands, dict(attrs))
        op.results = [] if type is None else [Value(type, None, op)]
        self.made.append(op)
        return op.results[0] if op.results else operands[0]

    def gives(self, value: Value) -> None:
        """Makes ``value`` the result of the operation written last."""
        self.made[-1].results, value.owner = [value], self.made[-1]

    def write(self, op: Operation) -> None:
        if op.name == "extract" and op.operands[0] in self.homes:
            self.read_part(op, self.homes[op.operands[0]])
            return
        again: dict[Value, Value] = {}
        for value in op.all_operands():
            if value in self.homes and value not in again:
                whole = self.homes[value]
                exchanges = len(self.made) % 3 == 0
                again[value] = self.add("load", [whole], value.type)
                if exchanges:
                    again[value] = self.add("exchange", [whole, again[value]], value.type)
        op.replace_operands(again)
        self.made.append(op)
        if op.results and op.results[0] in self.homes:
            home = self.homes[op.results[0]]
            self.add("local", [], home.type)
            self.gives(home)
            self.add("init", [home, op.results[0]])
            if op.operands:  # a path through each of them
                fields = (op.name == "struct" and field_types(op.results[0].type, self.module, "struct")) or {
                    "0": op.operands[0].type
                }
                member, held = list(fields.items())[-1]
                place = self.part(home, op.results[0].type, member, held)
                self.add("init", [place, self.add("take", [place], held)])

    def read_part(self, op: Operation, home: Value) -> None:
        place = self.part(home, op.operands[0].type, op.attrs["member"], op.result.type)
        takes = len(self.made) % 4 == 0
        self.add("take" if takes else "load", [place], op.result.type)
        self.gives(op.result)
        if takes:
            self.add("init", [place, op.result])

    def part(self, home: Value, type: air.Type, member: str, held: air.Type) -> Value:
        if isinstance(type, ArrayType):
            return self.add("elem", [home, self.add("const", [], USIZE, value=int(member))], PlaceType(held, True))
        return self.add("field", [home], PlaceType(held, True), field=member)
