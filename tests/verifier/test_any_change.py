"""Whatever somebody writes into a module, the verifier says what is wrong with it, and what it finds good has a text.

Programs of the generator are changed in one place at random, by values of the right and of wrong kinds. Then

 1. ``verify`` raises nothing;
 2. where it finds nothing, the text parses, is the text of what it parses to, and that is valid as well;
 3. where it finds something, printing shows the module or raises ``TypeError``, and nothing else.
"""

from __future__ import annotations

import random
from contextlib import suppress
from functools import cache
from typing import Any

import pytest

import altru_ir as air
from altru_ir.declare import table
from altru_ir.module import Module
from altru_ir.testing import whole_language
from altru_ir.types import PlaceType
from altru_ir.values import Operation, Successor, Symbol, Value

ODD_NAMES = ["a b", "", "x", "%", "\n", '"q"', None]


@cache
def text(seed: int) -> str:
    return whole_language.generate(seed, 3).text


class Change:
    """One change of a module; ``what`` says which."""

    def __init__(self, module: Module, choose: random.Random) -> None:
        self.module, self.choose = module, choose
        self.functions = list(module.functions.values())
        self.blocks = [block for function in self.functions for block in function.blocks]
        self.operations = [op for block in self.blocks for op in block.ops]
        self.values = [value for op in self.operations for value in op.results]
        self.values += [value for function in self.functions for value in function.parameters]
        self.types = [value.type for value in self.values]
        self.junk: list[Any] = [
            None, 3, -1, "x", "a b", b"y", 1.5, True, [], {}, (), object(), air.I32, 2**70, [1, 2], "'a", float("nan"),
            Symbol("nothing"), PlaceType(air.I32), *map(choose.choice, (self.values, self.operations, self.blocks, self.types)),
        ]  # fmt: skip
        self.what = choose.choice(
            [each for each in dir(self) if each.startswith("of_")]  # a method each
        )
        getattr(self, self.what)()

    def any(self, *more: Any) -> Any:
        return self.choose.choice([*self.junk, *more])

    def put(self, things: list[Any], thing: Any) -> list[Any]:
        """Another list, with ``thing`` in it or one thing less."""
        things = list(things)
        at = self.choose.randrange(len(things) + 1)
        return [*things[:at], *([] if self.choose.random() < 0.2 else [thing]), *things[at + self.choose.randrange(2) :]]

    def set(self, thing: Any, *names: str) -> None:
        setattr(thing, self.choose.choice(names), self.any(*self.types[:3]))

    def operation(self) -> Operation:
        return self.choose.choice(self.operations)

    def of_operands(self) -> None:
        op = self.operation()
        op.operands = self.put(op.operands, self.any(*self.values))

    def of_attributes(self) -> None:
        op = self.operation()
        op.attrs = {**op.attrs, self.choose.choice([*op.attrs, "a.b", "odd", 3, None, "allow"]): self.any()}

    def of_attributes_lost(self) -> None:
        self.operation().attrs = {}

    def of_declaration(self) -> None:
        self.operation().decl = self.choose.choice(list(table().values()))

    def of_results(self) -> None:
        op = self.operation()
        op.results = self.put(list(op.results), Value(self.choose.choice(self.types), None, op))

    def of_type(self) -> None:
        self.choose.choice(self.values).type = self.any(*self.types)

    def of_edges(self) -> None:
        op = self.choose.choice([op for op in self.operations if op.successors])
        edge = self.choose.choice(op.successors)
        which = self.choose.randrange(4)
        if which == 0:
            edge.args = self.put(edge.args, self.any(*self.values))
        elif which == 1:
            edge.block = self.any(*self.blocks)
        elif which == 2:
            edge.case = self.any()
        else:
            op.successors = self.put(list(op.successors), Successor(self.choose.choice(self.blocks)))

    def of_block(self) -> None:
        block = self.choose.choice(self.blocks)
        which = self.choose.randrange(3)
        if which == 0:
            block.ops = self.put(block.ops, self.any(*self.operations))
        elif which == 1:
            block.args = self.put(block.args, self.any(*self.values))
        else:
            block.unwind = self.any(*self.blocks)

    def of_function(self) -> None:
        function = self.choose.choice(self.functions)
        if self.choose.randrange(3):
            self.set(function, "name", "linkage", "attributes", "signature", "parameters", "blocks")
        else:
            function.blocks = self.put(function.blocks, self.any(*self.blocks))

    def of_declared(self) -> None:
        globals, types = list(self.module.globals.values()), list(self.module.types.values())
        members = [member for each in types for member in each.members]
        if globals:
            self.set(globals[0], "type", "mode", "initial", "linkage", "name", "attributes")
        if types and self.choose.randrange(2):
            self.set(
                self.choose.choice(types),
                "kind", "regions", "outlives", "drop", "asserts", "representation", "attributes", "members", "name",
            )  # fmt: skip
        elif members:
            member = self.choose.choice(members)
            self.set(member, *(["name", "type"] if isinstance(member, air.Variant) else ["name", "type", "transfer"]))

    def of_names(self) -> None:
        self.choose.choice(self.values).name = self.choose.choice(ODD_NAMES)
        self.choose.choice(self.blocks).label = self.choose.choice(ODD_NAMES)

    def of_module(self) -> None:
        self.module.attributes[self.choose.choice(["odd", 3])] = self.any()  # type: ignore[index]


@pytest.mark.parametrize("part", range(4))
def test_a_change_is_told_or_has_a_text(part: int) -> None:
    good = 0
    for seed in range(part * 150, (part + 1) * 150):
        module = air.parse(text(seed % 8))
        what = f"seed {seed}: {Change(module, random.Random(seed)).what}"
        if air.verify(module):  # 1
            with suppress(TypeError):
                str(module)  # 3
            continue
        printed = str(module)
        try:
            again = air.parse(printed)  # 2
        except air.DiagnosticError as error:
            raise AssertionError(what) from error
        assert (str(again), air.verify(again)) == (printed, []), what
        good += 1
    assert 10 < good < 140
