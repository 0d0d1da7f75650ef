"""Fingerprints: whatever is changed in a module changes it, and what is only another object does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import altru_ir as air
from altru_ir.backend import fingerprint as fingerprints
from altru_ir.backend.fingerprint import fingerprint
from altru_ir.module import Block, Function, Module, Signature
from altru_ir.testing.generator import generate
from altru_ir.values import Operation, Successor, Symbol, Value, Word

TEXT = """
struct @P { x: i64, y: f64 }
enum @E { None, Some(i64) }
global mut @g : i64 = 5
func @h(%a: i64) -> i64

func @f(%n: i64, %e: @E) -> i64 {
^entry:
  %two = const 2 : i64
  %less = icmp slt, %n, %two
  cond_br %less, ^yes(%n, %two), ^no
^yes(%x: i64, %y: i64):
  %s = add %x, %y
  ret %s
^no:
  %c = call @h(%two)
  switch %c, 1 ^one, ^rest
^one:
  ret %two
^rest:
  ret %n
}
"""


def made() -> Module:
    module = air.parse(TEXT.replace("icmp slt, ", "icmp slt "))
    module.attributes["a"] = 1
    module.functions["f"].attributes["hot"] = True
    return module


def f(m: Module) -> Function:
    return m.functions["f"]


def op(m: Module, name: str) -> Operation:
    return next(each for each in f(m).operations() if each.name == name)


def _replaced(m: Module, place: list[Any], index: int, other: Any) -> None:
    place[index] = other


def _signature(m: Module, **changes: Any) -> None:
    given = {"type": f(m).signature.type, "outlives": f(m).signature.outlives, **changes}
    f(m).signature = Signature(**given)


CHANGES: dict[str, Callable[[Module], Any]] = {
    "the module's name": lambda m: setattr(m, "name", "other"),
    "the name of its file": lambda m: setattr(m, "source", air.Source("other.air", "")),
    "the target": lambda m: setattr(m, "target", "aarch64-linux-gnu"),
    "an attribute of the module": lambda m: m.attributes.update(a=2),
    "the class of an attribute": lambda m: m.attributes.update(a=True),
    "a field's name": lambda m: setattr(m.types["P"].members[0], "name", "z"),
    "a field's type": lambda m: setattr(m.types["P"].members[0], "type", air.F64),
    "the order of fields": lambda m: m.types["P"].members.reverse(),
    "a variant more": lambda m: m.types["E"].members.append(m.types["E"].members[0]),
    "the representation": lambda m: setattr(m.types["P"], "representation", "c"),
    "a destructor": lambda m: setattr(m.types["P"], "drop", "h"),
    "a global's value": lambda m: setattr(m.globals["g"], "initial", 6),
    "a global's mode": lambda m: setattr(m.globals["g"], "mode", "const"),
    "a global's type": lambda m: setattr(m.globals["g"], "type", air.I32),
    "a global's linkage": lambda m: setattr(m.globals["g"], "linkage", "private"),
    "a function's name": lambda m: setattr(f(m), "name", "g2"),
    "its linkage": lambda m: setattr(f(m), "linkage", "private"),
    "its attributes, in place": lambda m: f(m).attributes.update(cold=True),
    "an attribute by its class": lambda m: f(m).attributes.update(hot=1),
    "its outlives": lambda m: _signature(m, outlives=(("'a", "'b"),)),
    "its type": lambda m: _signature(m, type=m.functions["h"].signature.type),
    "its place": lambda m: setattr(f(m), "loc", 7),
    "its source": lambda m: setattr(f(m), "source", None),
    "the order of blocks": lambda m: f(m).blocks.append(f(m).blocks.pop(3)),
    "no blocks": lambda m: f(m).blocks.clear(),
    "the order of parameters": lambda m: f(m).parameters.reverse(),
    "a parameter's type": lambda m: setattr(f(m).parameters[0], "type", air.I32),
    "a parameter's name": lambda m: setattr(f(m).parameters[0], "name", "q"),
    "no name": lambda m: setattr(f(m).parameters[0], "name", None),
    "a label": lambda m: setattr(f(m).blocks[1], "label", "other"),
    "an argument more": lambda m: f(m).blocks[1].add_arg(air.I64, "z"),
    "the order of arguments": lambda m: f(m).blocks[1].args.reverse(),
    "where it unwinds": lambda m: setattr(f(m).blocks[1], "unwind", f(m).blocks[2]),
    "an operation less": lambda m: f(m).blocks[1].ops.pop(0),
    "the order of operations": lambda m: f(m).blocks[0].ops.reverse(),
    "an operation moved over a border": lambda m: f(m).blocks[1].ops.insert(0, f(m).blocks[0].ops.pop()),
    "the operation": lambda m: setattr(op(m, "add"), "decl", op(m, "icmp").decl),
    "its operands, in place": lambda m: op(m, "add").operands.reverse(),
    "an operand": lambda m: _replaced(m, op(m, "add").operands, 0, f(m).parameters[0]),
    "an operand more": lambda m: op(m, "add").operands.append(f(m).parameters[0]),
    "an operand moved to the next": lambda m: op(m, "cond_br").operands.append(op(m, "add").operands.pop(0)),
    "an attribute": lambda m: op(m, "const").set("value", 3),
    "an attribute by class": lambda m: op(m, "const").set("value", 2.0),
    "an attribute in place": lambda m: op(m, "const").attrs.update(value=4),
    "one attribute more": lambda m: op(m, "add").set("wrap", True),
    "a symbol for a word": lambda m: op(m, "call").set("callee", Word("h")),
    "a text for a symbol": lambda m: op(m, "call").set("callee", "h"),
    "what is called": lambda m: op(m, "call").set("callee", Symbol("f")),
    "unsafe": lambda m: setattr(op(m, "add"), "unsafe", True),
    "an operation's place": lambda m: setattr(op(m, "add"), "loc", 3),
    "a place of a front-end": lambda m: setattr(op(m, "add"), "loc", air.Location("a.toy", 1, 2)),
    "a result's type": lambda m: setattr(op(m, "add").result, "type", air.I32),
    "a result's name": lambda m: setattr(op(m, "add").result, "name", "t"),
    "a result more": lambda m: setattr(op(m, "add"), "results", [*op(m, "add").results, Value(air.I64, "t")]),
    "where an edge goes": lambda m: setattr(op(m, "cond_br").successors[1], "block", f(m).blocks[3]),
    "what an edge hands over": lambda m: op(m, "cond_br").successors[0].args.reverse(),
    "the case of an edge": lambda m: setattr(op(m, "switch").successors[0], "case", 2),
    "the class of a case": lambda m: setattr(op(m, "switch").successors[0], "case", True),
    "edges": lambda m: setattr(op(m, "switch"), "successors", list(op(m, "switch").successors)[::-1]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_change_is_told(what: str) -> None:
    module = made()
    before = fingerprint(module)
    assert before is not None
    CHANGES[what](module)
    after = fingerprint(module)
    assert after is None or after[0] != before[0]


def test_bits_of_nans_are_told_apart() -> None:
    text = """
global @k : f64 = 0x7ff8000000000001
global @t : [2 x f64] = [1.5, nan]
func @f() -> f64 {
^e:
  %c = const nan : f64
  ret %c
}
"""
    changes = [
        ("0x7ff8000000000001", "0xfff8000000000abc"),
        (", nan]", ", 0xfff8000000000000]"),
        ("const nan", "const 0x7ff8000000000002"),
    ]
    found = {fingerprint(air.parse(each))[0] for each in [text, *(text.replace(*change) for change in changes)]}  # type: ignore[index]
    assert len(found) == 4
    assert fingerprint(air.parse(text)) == fingerprint(air.parse(text))


def test_every_two_changes_are_told_apart() -> None:
    found = {}
    for what, change in CHANGES.items():
        module = made()
        change(module)
        print_of = fingerprint(module)
        if print_of is not None:
            assert print_of[0] not in found, (what, found[print_of[0]])
            found[print_of[0]] = what
    assert len(found) > 40


@pytest.mark.parametrize("way", ["no order", "forwards", "neither"])
def test_however_members_are_found_the_hash_is_the_same(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = [made(), *(air.parse(generate(seed).text) for seed in range(10)), Module()]
    wanted = [fingerprint(module) for module in modules]
    if way != "forwards":
        monkeypatch.setattr(fingerprints, "_order", lambda kind, names: None)
    if way != "no order":
        monkeypatch.setattr(fingerprints, "_IS_BACKWARDS", False)
    assert [fingerprint(module) for module in modules] == wanted


def test_the_collector_tells_members_here() -> None:
    for kind in (Operation, Block, Value, Successor, Signature):
        assert fingerprints._order(kind, fingerprints._slots(kind)) is not None


def test_members_that_are_not_set_yet() -> None:
    """Some have been looked at by who leaves something behind in them, and others have not."""
    module = made()
    wanted = fingerprint(module)
    values = [argument for block in f(module).blocks for argument in block.args]
    values[0].spelled = "%x"
    assert fingerprint(module) == wanted
    for value in values:
        value.spelled = "%x"
    assert fingerprint(module) == wanted


def test_instances_of_subclasses_and_other_sequences() -> None:
    class Named(Operation):
        __slots__ = ("more",)

    class Mine(Value):
        pass

    class Numbers(list[Any]):
        pass

    module = made()
    wanted = fingerprint(module)
    function = f(module)
    block = function.blocks[1]
    old = block.ops[0]
    named = Named(old.decl, old.operands, old.attrs, old.successors, old.unsafe, old.loc)
    named.results, named.block, named.more = old.results, block, 5
    block.ops[0] = named
    block.ops[1].operands = Numbers(block.ops[1].operands)
    assert fingerprint(module) == wanted
    del named.more  # now it has as many members as others
    assert fingerprint(module) == wanted
    argument = block.args[0]
    mine = Mine(argument.type, argument.name, block)
    for each in function.operations():
        each.replace_operands({argument: mine})
    block.args[0] = mine
    assert fingerprint(module) == wanted
    named.operands = tuple(named.operands)  # type: ignore[assignment]
    assert fingerprint(module) == wanted
