"""What Python lets anybody write into a module: the verifier says what is wrong with it, and what it finds good has a text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend, passes
from altru_ir.module import Function, Module
from altru_ir.types import spell_name
from altru_ir.values import Operation, Symbol, Value
from tests.driver.test_driver import altru_opt

TEXT = """altru 1
module @d
struct @S { a: i32, b: f64 }
enum @E { A(i32), B }
global @g : [3 x i8] = "hi\\x00"
func @h(%x: i32) -> i32 {
^entry:
  ret %x
}
func @f(%x: i32) -> i32 {
^entry:
  %c = const 5 : i32
  %y = add %x, %c
  %p = icmp ult %x, %y
  cond_br %p, ^a(%y), ^b
^a(%z: i32):
  %l = local : i32
  init %l, %z
  %w = load %l
  %s = call @h(%w)
  ret %s
^b:
  ret %y
}
"""


def op(function: Function, name: str) -> Operation:
    return next(each for each in function.operations() if each.name == name)


def setting(path: str, value: object) -> Callable[[Module], None]:
    """The change that sets ``path``, as ``add.operands[1]``, ``f.linkage`` or ``module.target``."""

    def change(module: Module) -> None:
        function = module.functions["f"]
        space = {
            "module": module, "f": function, "blocks": function.blocks, "g": module.globals["g"], "S": module.types["S"],
            "value": value,
            **{name: op(function, name) for name in ("add", "icmp", "const", "call", "cond_br")},
        }  # fmt: skip
        exec(f"{path} = value", space)

    return change


def doing(statement: str) -> Callable[[Module], None]:
    def change(module: Module) -> None:
        function = module.functions["f"]
        exec(statement, {"module": module, "f": function, "blocks": function.blocks, "air": air, "Value": Value, "op": op})

    return change


WRONG = {
    "operand_none": (setting("add.operands[1]", None), "`add`: an operand is None, and no value"),
    "operand_number": (setting("add.operands[1]", 5), "`add`: an operand is 5, and no value"),
    "operands_none": (setting("add.operands", None), "`add`: the operands are None, and no list"),
    "results_none": (setting("add.results", None), "`add`: the results are None, and no list"),
    "result_type": (setting("add.result.type", "i32"), "`add`: a result is <value %y: i32>, and no value of a type"),
    "successors": (setting("cond_br.successors", [None, None]), "`cond_br`: a successor is None, and no edge to a block"),
    "successor_block": (setting("cond_br.successors[0].block", None), "`cond_br`: a successor leads to None, and to no block"),
    "edge": (
        setting("cond_br.successors[0].args", [None]),
        "`cond_br`: the edge to ^a hands over [None], and not values alone",
    ),
    "case": (setting("cond_br.successors[0].case", 3), "`cond_br` has no cases, but its edge to ^a has one"),
    "argument": (doing("blocks[1].args.append(None)"), "an argument of ^a is None, and no value of a type"),
    "block": (doing("f.blocks.append(None)"), "a block of @f is None, and no block"),
    "operation": (doing("blocks[1].ops.append(None)"), "an operation in ^a is None, and no operation"),
    "declaration": (setting("add.decl", None), "an operation in ^entry is declared by None"),
    "twice": (doing("blocks[1].ops.insert(0, blocks[1].ops[0])"), "`local` stands twice in ^a"),
    "twice_without_result": (doing("blocks[1].ops.insert(1, blocks[1].ops[1])"), "`init` stands twice in ^a"),
    "predicate": (setting("icmp.attrs", {"predicate": ["ult"]}), "`icmp`: its `predicate` is ['ult'], and no name"),
    "literal": (setting("const.attrs", {"value": None}), "`None` is no integer literal, but the type is `i32`"),
    "attribute": (setting("add.attrs", {"front.note": {1}}), "attribute `front.note` of `add` is {1}, and no literal"),
    "key": (setting("add.attrs", {3: 3}), "`add`: an attribute of it is called 3, and by no text"),
    "callee": (setting("call.attrs", {"callee": 3}), "@3 is not declared in this module"),
    "signature": (setting("f.signature", None), "the signature of @f is None"),
    "parameter_type": (
        setting("f.signature.type", air.FunctionType((), (air.I64,), air.I32)),
        "parameter %x of @f has type `i32`, in the signature `i64`",
    ),
    "parameter": (setting("f.parameters", [None]), "a parameter of @f is None, and no value of a type"),
    "function_name": (setting("f.name", None), "what the module holds as @f is called None"),
    "other_name": (setting("f.name", "h"), "what the module holds as @f is called @h"),
    "not_in_order": (doing("module.order.remove(f)"), "@f does not stand once in the order of the module's declarations"),
    "order": (doing("module.order.append(None)"), "None is no declaration"),
    "linkage": (setting("f.linkage", "secret"), "the linkage of @f is `public` or `private`, not 'secret'"),
    "function_attribute": (setting("f.attributes", {"x": {1}}), "attribute `x` of @f is {1}, and no literal"),
    "module_attribute": (setting("module.attributes", {"x": {1}}), "attribute `x` of the module is {1}, and no literal"),
    "module_name": (setting("module.name", None), "the name of the module is None, and no text"),
    "global_type": (setting("g.type", "i32"), "the type of @g is 'i32', and no type"),
    "global_mode": (setting("g.mode", "shy"), "the mode of @g is one of const, mut, thread_local, not 'shy'"),
    "global_initial": (setting("g.initial", {1}), "@g: `{1}` is no list, but the type is `[3 x i8]`"),
    "member": (doing("module.types['S'].members.append(None)"), "@S has None among its members"),
    "member_twice": (setting("S.members[0].name", "b"), "`b` is declared twice in @S"),
    "member_transfer": (setting("S.members[0].transfer", "kept"), "`a` of @S says 'kept' of who owns what it points to"),
    "kind": (setting("S.kind", "class"), "@S is a struct, an enum or a union, and no 'class'"),
    "regions": (setting("S.regions", ("a",)), "@S declares 'a', which is no region"),
    "representation": (setting("S.representation", "rust"), "there is no representation 'rust' for @S"),
    "asserts": (setting("S.asserts", ("copy",)), "'copy' cannot be asserted of @S"),
    "target": (setting("module.target", "pdp11"), "module @d: there is no target `pdp11`"),
    "target_none": (setting("module.target", None), "module @d: a target is a text, as 'x86_64-linux-gnu', not None"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_of_the_wrong_kind_is_told(name: str) -> None:
    change, says = WRONG[name]
    module = air.parse(TEXT)
    assert air.verify(module) == []
    change(module)
    found = air.verify(module)
    assert any(says in problem.message for problem in found), [problem.message for problem in found]
    with suppress(TypeError):  # what no text can say is told again, or shown for who debugs a pass
        assert str(module).startswith("altru 1")


@pytest.mark.parametrize("what", ["operands", "attrs", "successors"])
def test_an_operation_without_its_parts_is_shown_as_such(what: str) -> None:
    module = air.parse(TEXT)
    broken = op(module.functions["f"], {"operands": "add", "attrs": "icmp", "successors": "cond_br"}[what])
    setattr(broken, what, {} if what == "attrs" else [])
    assert f"<malformed {broken.name}" in str(module)


NAMES = ["a\nb", "a b", "", "1", "é", 'a"b', '"x', '"x"', "%", "^a", '"a\nb"', '"a"b"', '"\\q"', "a\\", "x", "$.$"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("of", ["value", "block"])
def test_a_name_set_by_hand_is_spelled_as_one(name: str, of: str) -> None:
    module = air.parse(TEXT)
    function = module.functions["f"]
    if of == "value":
        op(function, "add").result.name = name
    else:
        function.blocks[1].label = name
    text = str(module)
    assert str(air.parse(text)) == text
    again = air.parse(text).functions["f"]
    spelled = op(again, "add").result.name if of == "value" else again.blocks[1].label
    if name not in ("x", '"x"'):  # taken, for values
        assert spelled in (spell_name(name), name)


def test_a_comment_of_several_lines_stays_one() -> None:
    module = air.parse(TEXT)
    function = module.functions["f"]
    function.leading_comments = [" one\n two"]
    function.trailing_comments = [" three\nfour"]
    function.behind = " five\nsix"
    text = str(module)
    assert "// one\n// two\n" in text
    assert "//four" in text
    assert "} // five six" in text
    assert str(air.parse(text)) == text


def test_messages_name_what_has_no_name_as_the_text_does() -> None:
    module = air.parse(TEXT)
    function = module.functions["f"]
    for each in function.operations():
        for result in each.results:
            result.name = None
    function.blocks[0].ops.reverse()
    function.blocks[0].ops.append(function.blocks[0].ops.pop(0))
    messages = [problem.message for problem in air.verify(module)]
    assert messages
    assert not any("None" in message for message in messages)
    assert all(name in str(module) for message in messages for name in message.split() if name.startswith("%"))


def test_a_symbol_is_a_text() -> None:
    module = air.parse(TEXT)
    op(module.functions["f"], "call").set("callee", Symbol("h"))
    assert air.verify(module) == []


@pytest.mark.parametrize("given", [None, 3, TEXT, b"x", object()])
def test_what_is_no_module_is_refused(given: object) -> None:
    for use in (air.verify, air.Builder):
        with pytest.raises(TypeError, match="is a Module, not"):
            use(given)  # type: ignore[operator]
    if not isinstance(given, (str, bytes)):
        with pytest.raises(TypeError, match="a text or its bytes, not"):
            air.parse(given)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="the name of a module is a text"):
            air.Module(given)  # type: ignore[arg-type]


def test_a_module_has_a_target_that_there_is() -> None:
    with pytest.raises(ValueError, match="there is no target `pdp11`; there are x86_64-linux-gnu"):
        air.Module("m", target="pdp11")


def test_what_is_made_of_a_wrong_module_says_what_is_wrong() -> None:
    module = air.parse(TEXT)
    op(module.functions["f"], "cond_br").successors[0].args[0] = None  # type: ignore[call-overload]
    for use in (backend.compile, lambda m: backend.emit(m, "llvm"), backend.Interpreter, lambda m: backend.prepare(m, opt=0)):
        with pytest.raises(air.DiagnosticError, match=r"the edge to \^a hands over"):
            use(module)
    assert [problem.code for problem in passes.check_memory(module)] == ["ALT-V018"]


@pytest.mark.parametrize("given", [None, "m"])
def test_what_is_no_module_is_refused_everywhere(given: object) -> None:
    uses: list[Callable[[Any], object]] = [
        backend.compile, backend.prepare, backend.Interpreter, passes.draw, passes.draw_lifetimes, passes.check_memory,
        lambda m: backend.emit(m, "llvm"), lambda m: backend.interpret(m, "f"), lambda m: passes.run(m, "dce"),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(TypeError, match="is a Module, not"):
            use(given)


def test_declarations_are_added_and_removed_once() -> None:
    module = air.parse(TEXT)
    with pytest.raises(TypeError, match="a module declares types, globals and functions; None is none"):
        module.add(None)  # type: ignore[arg-type]
    function = module.functions["f"]
    module.remove(function)
    with pytest.raises(ValueError, match="@f> is not declared in module @d"):
        module.remove(function)
    other = air.Module("other")
    other.add(function)
    assert function.module is other


@pytest.mark.parametrize(("number", "fits"), [(-(2**31), True), (2**32 - 1, True), (2**32, False), (-(2**31) - 1, False)])
def test_numbers_that_do_not_fit_are_not_cut_off(number: int, fits: bool) -> None:
    module = air.parse("func @f(%x: i32) -> i32 {\n^entry:\n  ret %x\n}\n")
    if fits:
        assert backend.interpret(module, "f", [number]) % 2**32 == number % 2**32
    else:
        with pytest.raises(OverflowError, match=r"parameter %x of @f has type `i32`, and -?\d+ does not fit"):
            backend.interpret(module, "f", [number])
    with pytest.raises(TypeError, match="the arguments of @f are a list, not int"):
        backend.interpret(module, "f", number)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="steps is a number, not NoneType"):
        backend.interpret(module, "f", [1], steps=None)  # type: ignore[arg-type]


HALF = chr(0xD800)
"""Half of a surrogate pair: a character of Python, and of no text."""


def test_halves_of_surrogate_pairs_are_in_no_text() -> None:
    with pytest.raises(ValueError, match="holds half of a surrogate pair"):
        air.Module(HALF)
    module = air.parse(TEXT)
    function = module.functions["f"]
    op(function, "add").result.name = function.blocks[1].label = HALF
    assert air.verify(module) == []
    assert '%"?" = add' in str(air.parse(str(module)))
    function.name = HALF
    module.functions = {"h": module.functions["h"], HALF: function}
    assert ["holds half of a surrogate pair" in each.message for each in air.verify(module)] == [True]
    module = air.parse('func @f() {\n^entry:\n  panic "a"\n}\n')
    module.functions["f"].entry.ops[0].set("message", HALF)
    assert [each.code for each in air.verify(module)] == ["ALT-V007"]
    module = air.parse(TEXT)
    module.types["S"].members[0].name = HALF
    assert [each.code for each in air.verify(module)] == ["ALT-V018"]
    builder = air.Builder(air.Module("m"))
    for call in (lambda: builder.function(HALF), lambda: builder.function("f", [(HALF, air.I32)])):
        with pytest.raises(air.BuilderError, match="half of a surrogate pair"):
            call()
    with builder.loc(1, 2, f"a{HALF}.toy"), builder.body(builder.function("g")):
        pass
    assert builder.module.functions["g"].entry.ops[0].location == air.Location("a?.toy", 1, 2)


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.air"))
    file.write_text('func @main() -> i32 {\n^entry:\n  panic "a"\n}\n')
    for flags in ([], ["--emit=llvm", "-g"], ["--format=sarif"], ["--print-locations"]):
        assert altru_opt(str(file), *flags)[0] == 0
    status, _, err = altru_opt(str(file), "--run")
    assert (status, "panic: a at " in err, "a?.air:3:3" in err) == (101, True, True)


@pytest.mark.parametrize(
    ("parts", "kind", "says"),
    [
        ((3, 1), TypeError, "the file of a location is 3, and no text"),
        (("a.toy", "1"), TypeError, "the line of a location is '1', and no number"),
        (("a.toy", True), TypeError, "the line of a location is True, and no number"),
        (("a.toy", 1, 2.0), TypeError, "the column of a location is 2.0, and no number"),
        (("a.toy", 1, 2, None), TypeError, "the length of a location is None, and no number"),
        (("a.toy", -1), ValueError, "the line of a location is -1; it is from 0 to 2147483647"),
        (("a.toy", 1, 1 << 31), ValueError, "the column of a location is 2147483648; it is from 0 to 2147483647"),
    ],
)
def test_a_location_is_a_file_and_numbers(parts: tuple[Any, ...], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=re.escape(says)):
        air.Location(*parts)
    builder = air.Builder(air.Module("m"))
    if len(parts) < 4:
        with (
            pytest.raises(air.BuilderError, match="where a file, a line and a column are expected"),
            builder.loc(*parts[1:], file=parts[0]),
        ):
            pass


def test_every_location_has_a_text() -> None:
    module = air.parse(TEXT)
    for location in (air.Location(f"a{HALF}.toy", 0), air.Location("a\n.toy", (1 << 31) - 1, 7)):
        op(module.functions["f"], "add").loc = location
        again = op(air.parse(module.text(locations=True)).functions["f"], "add").location
        assert again == air.Location(location.file.replace(HALF, "?"), location.line, location.column)
