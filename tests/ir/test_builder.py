"""The builder: what it makes is what the text would say, and what it refuses it refuses at once."""

from __future__ import annotations

import re
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.builder import BuilderError

SUM = """\
altru 1
module @demo {target = "x86_64-linux-gnu"}

func @sum(%xs: ref<[? x i32]>) -> i32 {
^entry:
  %n = slice.len %xs
  %zero = const 0 : usize
  %init = const 0 : i32
  br ^loop(%zero, %init)
^loop(%i: usize, %acc: i32):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done {likely}
^body:
  %seq = deref %xs loc("sum.toy":3:5)
  %slot = elem %seq, %i loc("sum.toy":3:5)
  %x = load %slot loc("sum.toy":3:5)
  %next_acc = add %acc, %x
  %one = const 1 : usize
  %next = add %i, %one
  br ^loop(%next, %next_acc)
^done:
  ret %acc
}
"""


def test_the_example_of_the_readme() -> None:
    m = air.Module("demo")
    b = air.Builder(m)
    f = b.function("sum", [("xs", air.RefType(air.ArrayType((None,), air.I32)))], air.I32)
    (xs,) = f.parameters
    loop = b.block("loop", [("i", air.USIZE), ("acc", air.I32)])
    body, done = b.block("body"), b.block("done")
    n = b.slice_len(xs, name="n")
    b.br(loop.to(b.const(0, air.USIZE, name="zero"), b.const(0, air.I32, name="init")))
    b.at_end(loop)
    i, acc = loop.args
    b.cond_br(b.icmp("ult", i, n, name="more"), body, done, likely=True)
    b.at_end(body)
    with b.loc(3, 5, "sum.toy"):
        x = b.load(b.elem(b.deref(xs, name="seq"), [i], name="slot"), name="x")
    total = b.add(acc, x, name="next_acc")
    b.br(loop.to(b.add(i, b.const(1, air.USIZE, name="one"), name="next"), total))
    b.at_end(done)
    b.ret(acc)
    assert air.verify(m) == []
    assert str(m) == SUM
    assert str(air.parse(SUM)) == SUM


@pytest.fixture
def built() -> tuple[air.Builder, air.Function]:
    b = air.Builder(air.Module("m"))
    return b, b.function("f", [("x", air.I32), ("p", air.PtrType(air.I8, True))])


def test_refusals(built: tuple[air.Builder, air.Function]) -> None:
    b, f = built
    x, p = f.parameters
    with pytest.raises(BuilderError, match="`i1`"):
        b.add(x, b.icmp("eq", x, x))
    with pytest.raises(BuilderError, match="needs the `unsafe` marker"):
        b.free(p)
    with pytest.raises(BuilderError, match="does not fit"):
        b.const(300, air.I8)
    with pytest.raises(BuilderError, match="@nothing is not declared"):
        b.call("nothing")
    with pytest.raises(BuilderError, match="no operation `lod`"):
        b.op("lod", [x])
    b.ret()
    with pytest.raises(BuilderError, match="cannot follow `ret`"):
        b.add(x, x)


def test_wrong_calls_say_how_it_is_done(built: tuple[air.Builder, air.Function]) -> None:
    b, f = built
    (x, _) = f.parameters
    wrong: list[tuple[Any, str]] = [
        (
            lambda: b.const(1),
            "`const` was called with no 'type'; it is called as `const(value, type, *, name=None)` (in @f, ^entry)",
        ),
        (lambda: b.ret(x, x), "`ret` was called with too many positional arguments; it is called as `ret(value=None)`"),
        (lambda: b.add(x, x, nme="y"), "`add` was called with an unknown argument 'nme'; it is called as `add(lhs, rhs, "),
        (lambda: b.for_range(), "`for_range` was called with no 'low'"),
    ]
    for act, says in wrong:
        with pytest.raises(BuilderError, match=re.escape(says)):
            act()
    b.ret()  # nothing of them has been built
    assert [op.name for block in f.blocks for op in block.ops] == ["ret"]


def test_foreign_and_stale_things(built: tuple[air.Builder, air.Function]) -> None:
    b, f = built
    (x, _) = f.parameters
    first = b.current
    assert first is not None
    b.function("g", [("y", air.I32)])
    with pytest.raises(BuilderError, match="belongs to @f"):
        b.add(x, x)
    with pytest.raises(BuilderError, match="not in @g"):
        b.br(first)
    other = air.Builder(air.Module("other"))
    with pytest.raises(BuilderError, match="in no function of module @other"):
        other.at_end(first)
    with pytest.raises(BuilderError, match="nowhere to go"):
        other.const(1, air.I32)


def test_an_unterminated_block_is_found_by_verify(built: tuple[air.Builder, air.Function]) -> None:
    b, _ = built
    assert [d.code for d in air.verify(b.module)] == ["ALT-V001"]


def test_get_or_declare(built: tuple[air.Builder, air.Function]) -> None:
    b, _ = built
    strlen = b.declare("strlen", [("s", air.PtrType(air.I8), "borrowed")], air.USIZE)
    assert b.declare("strlen", [("t", air.PtrType(air.I8), "borrowed")], air.USIZE) is strlen
    with pytest.raises(BuilderError, match="already declared"):
        b.declare("strlen", [], air.USIZE)


def test_enums_and_aggregates() -> None:
    b = air.Builder(air.Module("m"))
    option = b.declare_enum("Option", [("None", air.UNIT), ("Some", air.I32)])
    point = b.declare_struct("Point", [("x", air.I32), ("y", air.I32)])
    f = b.function("f", [("x", air.I32)], air.I32)
    (x,) = f.parameters
    pair = b.tuple([b.struct([x, x], point), b.array([x, x])])
    some = b.enum("Some", option, b.extract(b.extract(pair, "0"), "y"))
    there, nothing = b.block("there", [("v", air.I32)]), b.block("nothing")
    b.switch_enum(some, [("Some", there), ("None", nothing)])
    b.at_end(there)
    b.ret(there.args[0])
    b.at_end(nothing)
    b.enum("None", option)
    b.ret(x)
    assert air.verify(b.module) == []
    text = str(b.module)
    assert "switch_enum %5, Some ^there, None ^nothing" in text
    assert str(air.parse(text)) == text
    b.at_end(b.block())
    with pytest.raises(BuilderError, match="leaves out None"):
        b.switch_enum(some, [("Some", there)])


def test_a_broken_rule_is_a_diagnostic_too(built: tuple[air.Builder, air.Function]) -> None:
    b, f = built
    (x, p) = f.parameters
    with b.loc(air.Location("a.toy", 3, 7, 2)):
        for code, wrong in [
            ("ALT-V005", lambda: b.add(x, p)),
            ("ALT-V005", lambda: b.elem(b.local(air.I32), [b.const(0, air.USIZE)])),
            ("ALT-C001", lambda: b.elem(b.local(air.ArrayType((2,), air.I32)), [b.const(2, air.USIZE)])),
            ("ALT-U001", lambda: b.free(p)),
            ("ALT-P003", lambda: b.function("f")),
            ("ALT-P003", lambda: b.declare("f", [], air.I8)),
        ]:
            with pytest.raises(BuilderError) as caught:
                wrong()
            told = caught.value.diagnostic
            assert told is not None
            assert (told.code, told.location, told.function) == (code, air.Location("a.toy", 3, 7), "f")
            assert told.location is not None
            assert told.location.length == 2
            assert str(caught.value).startswith(told.message)
            assert str(caught.value).endswith("(in @f, ^entry, at a.toy:3:7)")
        with pytest.raises(BuilderError, match="no loop here") as caught:
            _ = b.innermost_loop
        assert caught.value.diagnostic is None


def test_strings() -> None:
    b = air.Builder(air.Module("m"))
    f = b.function("f", [], air.RefType(air.ArrayType((None,), air.I8), region=air.STATIC))
    with b.body(f):
        first = b.string("häuser \x00")
        assert b.string("häuser \x00".encode()).operation is not first.operation
        b.string(b"\xff\xfe")
        b.c_string("%d\n")
        b.ret(first)
    assert air.verify(b.module) == []
    assert [g.initial for g in b.module.globals.values()] == ["häuser \x00".encode(), b"\xff\xfe", b"%d\n\x00"]
    text = str(b.module)
    assert str(air.parse(text)) == text
    assert backend.compile(b.module)["f"]() == "häuser \x00".encode()


def test_use_copies_or_moves() -> None:
    b = air.Builder(air.Module("m"))
    with b.body(b.function("f", [("x", air.I32), ("o", air.OwnType(air.I32))], air.I32)) as (x, o):
        number, owner = b.local(air.I32), b.local(air.OwnType(air.I32))
        b.init(number, x)
        b.init(owner, o)
        names = [value.operation.name for value in (b.use(number), b.use(owner)) if value.operation is not None]
        assert names == ["load", "take"]
        with pytest.raises(BuilderError, match="is no place"):
            b.use(x)
        b.ret(x)


@pytest.mark.parametrize("x", [0, 1, 5])
def test_both_and_either_evaluate_what_is_needed(x: int) -> None:
    b = air.Builder(air.Module("m"))
    with b.body(b.function("f", [("x", air.I32)], air.I32)) as (value,):
        one = b.const(1, air.I32)

        def divides() -> air.Value:
            return b.icmp("eq", b.srem(b.const(5, air.I32), value), b.const(0, air.I32))

        zero = b.icmp("eq", value, b.const(0, air.I32))
        both = b.both(b.xor(zero, b.const(True, air.I1)), divides)
        either = b.either(zero, divides)
        b.ret(b.add(b.zext(both, air.I32), b.shl(b.zext(either, air.I32), one)))
    assert backend.compile(b.module, opt=0)["f"](x) == {0: 2, 1: 3, 5: 3}[x]


def test_in_front_of_an_operation(built: tuple[air.Builder, air.Function]) -> None:
    b, f = built
    (x, _) = f.parameters
    last = b.add(x, x).operation
    b.ret()
    assert last is not None
    b.before(last)
    b.const(1, air.I32)
    b.const(2, air.I32)
    f.entry.ops.insert(0, f.entry.ops.pop(1))  # somebody else changes the block meanwhile
    f.entry.ops.pop(0)
    b.const(3, air.I32)
    b.before(f.entry.ops[0])
    b.const(4, air.I32)
    assert [op.attrs.get("value", op.name) for op in f.entry.ops] == [4, 1, 3, "add", "ret"]


def test_recovering_takes_back_what_was_half_built() -> None:
    b = air.Builder(air.Module("m"))
    told: list[air.Diagnostic] = []
    function = b.function("f", [("x", air.I32)], air.I32)
    with b.body(function) as (x,):
        kept = b.variable(air.I32, x, "kept")
        before = str(b.module)
        with b.recovering(told):
            b.local(air.I64)
            kept.set(b.add(x, x))
            with b.while_(lambda: b.icmp("slt", x, x)), b.if_else(b.icmp("eq", x, x)) as (yes, _), yes:
                b.innermost_loop.break_()
            with b.scope(), b.loop():
                b.local(air.I64)
                b.add(x, b.const(True, air.I1))
        assert str(b.module) == before
        assert (b.loops, b.scopes, kept.get()) == ([], [[]], x)
        with b.recovering(told):
            raise air.DiagnosticError([air.Diagnostic("MY-001", "one"), air.Diagnostic("MY-002", "two")])
        with b.recovering(told):
            kept.set(b.mul(x, x))
        b.ret(kept.get())
    assert [each.message.split(" (")[0] for each in told][1:] == ["one", "two"]
    assert "`i1`" in told[0].message
    assert air.verify(b.module) == []
    assert [op.name for op in function.operations()] == ["mul", "ret"]


def test_misuse_is_not_recovered() -> None:
    b = air.Builder(air.Module("m"))
    told: list[air.Diagnostic] = []
    with pytest.raises(BuilderError, match="no loop here"), b.body(b.function("f")), b.recovering(told):
        _ = b.innermost_loop
    assert told == []
    with b.recovering(told):  # outside of a function, too
        b.function("g")
        b.function("g")
    assert [each.code for each in told] == ["ALT-P003"]


def test_what_is_no_value_list_type_or_block_is_refused_where_it_is_given() -> None:
    b = air.Builder(air.Module("m"))
    for wrong in (["x"], [("x", "i32")], [("x", air.I32, "borrowed")]):
        with pytest.raises(BuilderError, match="was given where a"):
            b.function("wrong", wrong)
        assert "wrong" not in b.module.functions
    with pytest.raises(BuilderError, match=r"'i32' was given where a type is expected; `air.parse_type\('i32'\)` is one"):
        b.function("wrong", [], "i32")
    with pytest.raises(BuilderError, match="where a type is expected"):
        b.declare("wrong", [("x", "i32")])
    with pytest.raises(BuilderError, match="where a type is expected"):
        b.declare_struct("S", [("x", "i32")])
    with pytest.raises(BuilderError, match="where a type is expected"):
        b.declare_enum("E", [("A", "i32")])
    with b.body(b.function("f", [("s", air.RefType(air.ArrayType((None,), air.I32))), ("i", air.USIZE)])) as (s, i):
        place = b.deref(s)
        for wrong_use in (lambda: b.elem(place, i), lambda: b.array(i), lambda: b.call("f", i)):
            with pytest.raises(BuilderError, match=r"one value was given where a list of values .* \(in @f, \^entry\)"):
                wrong_use()
        with pytest.raises(BuilderError, match="'loop' was given where a block is expected"):
            b.br("loop")
        with pytest.raises(BuilderError, match="where a type is expected"):
            b.local(i)
        with pytest.raises(BuilderError, match="where a type is expected"):
            b.block("next", [("x", "i32")])
        b.load(b.elem(place, (i,)))
        b.call("f", (s, i))
    assert air.verify(b.module) == []


WRONG_KINDS = {
    "b.function(None)": "None was given where a name",
    "b.function('g', None)": "None was given where a list",
    "b.function('g', [(None, air.I32)])": "None was given where a name",
    "b.function('g', linkage='secret')": "a linkage is `public` or `private`, not 'secret'",
    "b.add(x, x, name=3)": "3 was given where a name",
    "b.const(None, air.I32)": "`value` of `const` is None, and no literal",
    "b.const([1, object], air.I32)": "and no literal",
    "b.icmp(['ult'], x, x)": r"`\['ult'\]` is no predicate of `icmp`",
    "b.switch(x, b.block())": "was given where a list",
    "b.switch(x, [b.block()])": "was given where a pair of a case and a block",
    "b.call(3, [])": "3 was given where a function, its name or a function value",
    "b.call('f', None)": "None was given where a list",
    "b.declare_struct('S', [('a', air.I32), ('a', air.I64)])": "`a` is declared twice in @S",
    "b.declare_struct('S', [], representation='rust')": "there is no representation 'rust'",
    "b.declare_enum('E', [('A', air.UNIT), ('A', air.UNIT)])": "`A` is declared twice in @E",
    "b.declare_constant('c', air.I32, 'x')": '@c: `"x"` is no integer literal',
    "b.declare_constant('c', air.I32, None)": "@c: `None` is no integer literal",
    "b.declare('g', [('a',)])": "was given where a pair of a name and a type",
    "b.declare('g', ['a'])": "was given where a pair of a name and a type",
    "b.declare('g', [('a', air.I32, 'kept')])": "'kept', None",
    "b.declare('g', abi='D')": "'D' was given where None or \"C\"",
    "b.declare('g', abi=None, variadic=True)": 'only `extern "C"` functions take `...`',
    "b.declare('g', result_transfer='borrowed')": "@g gives nothing, so it has no transfer",
    "b.string(3)": "3 was given where a text or bytes",
    "b.c_string(chr(0xD800))": "half of a surrogate pair",
    "b.block(3)": "3 was given where a name",
    "b.at_end(f)": "was given where a block",
    "b.before(x)": "was given where an operation",
    "b.body(None).__enter__()": "None was given where a function",
    "b.loc(None).__enter__()": "where a file, a line and a column",
    "b.loc(1, -1).__enter__()": "where a file, a line and a column",
    "b.recovering(None).__enter__()": "None was given where a list for diagnostics",
    "b.op('add', x)": "one value was given where a list of values",
    "b.op('add', None)": "None was given where a list",
    "b.op('add', [x, x], ['note'])": "where a dictionary of attributes",
    "b.op('add', [x, x], {3: 3})": "where a dictionary of attributes",
    "b.op('br', [], {}, ['next'])": "'next' was given where a block",
    "b.variable(None, x)": "None was given where a type",
    "b.variable(air.I32, None)": "None was given where a value",
    "b.variable(air.I32, x).set(3)": "3 was given where a value",
    "b.match(None).__enter__()": "None was given where a value",
    "b.while_(x).__enter__()": "where a function that builds a value",
    "b.for_range(0, 10).__enter__()": "0 was given where a value",
    "b.both(None, None)": "None was given where a value",
    "b.both(b.icmp('eq', x, x), x)": "where a function that builds a value",
    "b.either(b.icmp('eq', x, x), lambda: 3)": "3 was given where a value",
    "b.use(None)": "None was given where a value",
}


@pytest.mark.parametrize("call", WRONG_KINDS)
def test_what_is_of_the_wrong_kind_is_refused_where_it_is_given(built: tuple[air.Builder, air.Function], call: str) -> None:
    b, f = built
    with b.loc(3, 5, "a.toy"), pytest.raises(BuilderError, match=WRONG_KINDS[call]) as caught:
        eval(call, {"air": air, "b": b, "f": f, "x": f.parameters[0]})
    assert "at a.toy:3:5" in str(caught.value)


def test_the_function_that_was_removed_is_no_place_to_build(built: tuple[air.Builder, air.Function]) -> None:
    b, f = built
    b.module.remove(f)
    with pytest.raises(BuilderError, match="`ret` has nowhere to go: @f is no longer in module"):
        b.ret(f.parameters[0])


def test_what_stood_behind_the_insertion_point_was_removed(built: tuple[air.Builder, air.Function]) -> None:
    b, f = built
    sum = b.add(f.parameters[0], f.parameters[0])
    b.before(sum.owner)  # type: ignore[arg-type]
    f.entry.ops.clear()
    with pytest.raises(BuilderError, match="`add`, in front of which to build, was removed"):
        b.add(f.parameters[0], f.parameters[0])


def test_numbers_of_numpy_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    m = air.Module("m")
    b = air.Builder(m)
    b.function("f")
    b.const(numpy.int32(-4), air.I32, name="a")
    b.const(numpy.float64(0.1), air.F64, name="b")
    b.const(numpy.array([1, 2]), air.ArrayType((2,), air.I8), name="c")
    b.const([numpy.float32(0.5)], air.ArrayType((1,), air.F32), name="d")
    b.const(numpy.bool_(True), air.I1, name="e")
    b.ret()
    assert air.verify(m) == []
    lines = ["%a = const -4 : i32", "%b = const 0.1 : f64", "%c = const [1, 2] : [2 x i8]", "%d = const [0.5] : [1 x f32]"]
    for line in [*lines, "%e = const true : i1"]:
        assert f"  {line}\n" in str(air.parse(str(m)))


@pytest.mark.parametrize(
    "make",
    [
        "PtrType('i32')", "ArrayType(3, I32)", "ArrayType([3], I32)", "ArrayType((-1,), I32)", "ArrayType((), I32)",
        "ArrayType((1, None), I32)", "TupleType(I32)", "TupleType(('i32',))", "NamedType(None)", "OwnType(None)",
        "FunctionType(None, (), I32)", "FunctionType((), (I32,), I32, ('kept', None))", "FunctionType((), (), I32, abi='D')",
        "RefType(I32, region=3)", "type(I32)(7)", "type(F32)(16)", "UninitType('i32')",
    ],
)  # fmt: skip
def test_types_are_made_of_types(make: str) -> None:
    with pytest.raises(TypeError, match=r"where .* is expected for|there are widths of"):
        eval(make, vars(air) | {name: getattr(air, name) for name in air.__all__})
