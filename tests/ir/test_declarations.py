"""Declarations: an operation from outside gets everything; the fast test agrees with the definition."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import declare
from altru_ir.declare.contradictions import contradictions
from altru_ir.values import Operation, Value
from tests.ops import test_arithmetic as arithmetic

ROOT = Path(__file__).parents[2]

# The whole of a front-end's own operation, in the form in which it would stand in the front-end.
FOREIGN = '''
from altru_ir.declare import INTEGER, PURE, Operand, Option, Result, operation

@operation("toy.clamp", "$value in $low, $high", traits=(PURE,))
class Clamp:
    """``value`` limited to ``low`` ... ``high``.

    Example: ``%r = toy.clamp %x in %a, %b``
    """
    value = Operand(INTEGER)
    low = Operand(same_as="value")
    high = Operand(same_as="value")
    signed = Option(bool, "compare as signed numbers")
    result = Result(same_as="value")
'''


@pytest.fixture
def clamp() -> Iterator[None]:
    assert len([line for line in FOREIGN.strip().splitlines() if line]) <= 15
    exec(FOREIGN, {"__name__": "toy_front_end"})
    yield
    declare.forget("toy.clamp")


TEXT = """\
altru 1
module @toy {target = "x86_64-linux-gnu"}

func @f(%x: i32, %a: i32, %b: i32) -> i32 {
^entry:
  %r = toy.clamp %x in %a, %b {signed}
  ret %r
}
"""


def test_a_foreign_operation_parses_prints_and_verifies(clamp: None) -> None:
    module = air.parse(TEXT)
    assert str(module) == TEXT
    assert air.verify(module) == []
    assert str(module.clone()) == TEXT


def test_a_foreign_operation_is_checked(clamp: None) -> None:
    with pytest.raises(air.DiagnosticError, match=r"expected `in`"):
        air.parse(TEXT.replace(" in ", ", "))
    wrong = air.parse(TEXT.replace("%b: i32)", "%b: i64)"))
    assert [d.code for d in air.verify(wrong)] == ["ALT-V005"]
    unknown = air.parse(TEXT.replace("{signed}", "{sign}"))
    assert [d.code for d in air.verify(unknown)] == ["ALT-V006"]


def test_a_foreign_operation_builds(clamp: None) -> None:
    module = air.Module("toy")
    b = air.Builder(module)
    f = b.function("f", [("x", air.I32), ("a", air.I32), ("b", air.I32)], air.I32)
    b.ret(b.op("toy.clamp", f.parameters, {"signed": True}, result_name="r").result)
    assert str(module) == TEXT


def test_a_foreign_operation_lowers(clamp: None) -> None:
    from altru_ir import backend
    from altru_ir.backend.lower.ops import LOWERINGS, lowers

    @lowers("toy.clamp")
    def lower(f, op):  # type: ignore[no-untyped-def]
        value, low, high = op.operands
        raised = f.emit(f.intrinsic("i32", "llvm.smax.i32", [f.typed(value), f.typed(low)]))
        f.define(op.result, f.intrinsic("i32", "llvm.smin.i32", [f"i32 {raised}", f.typed(high)]))

    try:
        library = backend.compile(air.parse(TEXT), opt=0)
        assert [library["f"](x, -3, 9) for x in (-10, 4, 10)] == [-3, 4, 9]
    finally:
        del LOWERINGS["toy.clamp"]


def test_a_name_is_declared_once(clamp: None) -> None:
    with pytest.raises(ValueError, match="already declared"):
        exec(FOREIGN, {"__name__": "toy_front_end"})


@pytest.mark.parametrize(
    ("head", "body", "says"),
    [
        ('"toy.f", "$a, $b"', "a = Operand(INTEGER)", "the format names $b, which the declaration does not have"),
        ('"toy.f", "$a"', "a = Operand()\n    b = Operand()", "the format leaves out $b"),
        ('"toy.f", "$a, $a"', "a = Operand()", "the format names $a twice"),
        ('"toy.f", "$a, $r"', "a = Operand()\n    r = Result(same_as='a')", "names $r, which has a place of its own"),
        ('"toy.f", "$a]"', "a = Operand()", "has a `[` without its `]`, or the other way round"),
        ('"toy.f", "$a1"', "a = Operand()", "has more than `$names`, words, commas and `[groups]`"),
        ('"toy.f", None', "a = Operand()", "has more than `$names`"),
        ('"toy f", "$a"', "a = Operand()", "'toy f' is no name of an operation"),
        ('"toy.f", "$a"', "a = Operand(None)", "operand `a` is limited by None"),
        ('"toy.f", "$a"', "a = Operand(same_as='a')", "operand `a` has the type of `a`, which is no other operand"),
        ('"toy.f", "$a"', "a = Operand(access='eat')", "operand `a` has the access 'eat'; there are borrow"),
        ('"toy.f", "$a"', "a = Operand(flag='in')", "depends on the flag `in`"),
        ('"toy.f", "$a"', "a = Operand()\n    r = Result()", "result `r` has one of `type`"),
        ('"toy.f", "$a"', "a = Operand()\n    r = Result(same_as='b')", "result `r` has the type of `b`, which is no operand"),
        ('"toy.f", "$a"', "a = Operand()\n    r = Result(type='i32')", "result `r` has the type 'i32', which is none"),
        ('"toy.f", "$a"', "a = Operand()\n    r = Result(same_as='a', origin='b')", "comes from `b`, which is no operand"),
        ('"toy.f", "$t"', "t = Target()", "$t goes to a block, so the operation has the trait TERMINATOR"),
        ('"toy.f", "$a", traits="pure"', "a = Operand()", "traits are a tuple, not 'pure'"),
        ('"toy.f", "$a", traits=("clean",)', "a = Operand()", "unknown traits ['clean']"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(head: str, body: str, says: str) -> None:
    text = f"from altru_ir.declare import *\n@operation({head})\nclass F:\n    {body}\n"
    with pytest.raises(TypeError, match=re.escape(says)):
        exec(text, {"__name__": "toy_front_end"})
    assert "toy.f" not in declare.table()


def test_our_declarations_do_not_contradict_themselves() -> None:
    for name, decl in declare.table().items():
        assert list(contradictions(name, decl.format, decl.elements, tuple(decl.traits))) == []


def programs() -> list[air.Module]:
    """Every program of the tests and examples that is well formed."""
    found = []
    for path in sorted([*(ROOT / "tests").rglob("*.air"), *(ROOT / "examples").rglob("*.air")]):
        try:
            module = air.parse(path.read_text(), str(path))
        except air.DiagnosticError:
            continue
        if not air.verify(module):
            found.append(module)
    return found


def operations() -> list[tuple[air.Module, Operation]]:
    return [(m, op) for m in programs() for f in m.functions.values() for op in f.operations()]


def test_the_fast_test_fires_and_agrees() -> None:
    checked = operations()
    assert len(checked) > 800
    for module, op in checked:
        assert list(op.decl.problems(op, module)) == [], op
    for module, op in checked:
        if not op.attrs.keys() - op.decl.inherent:  # options and foreign attributes take the slow way
            assert op.decl.holds(op, module), f"the fast test misses {op}"


def test_the_fast_test_accepts_nothing_that_the_definition_rejects() -> None:
    """Operands, attributes, results and markers are exchanged at random; where `holds` is true, `problems` is empty."""
    choose = random.Random(7)
    rejected = 0
    for module, op in operations():
        pool: list[Value] = [v for other in op.function.operations() for v in other.results]  # type: ignore[union-attr]
        saved = (list(op.operands), op.attrs, op.results, op.unsafe)
        for _ in range(4):
            kind = choose.randrange(6)
            if kind <= 1 and op.operands and pool:
                op.operands[choose.randrange(len(op.operands))] = choose.choice(pool)
            elif kind == 2 and op.operands:
                op.operands.pop()
            elif kind == 3 and op.results:
                op.results = [Value(choose.choice(pool).type, "x", op)]
            elif kind == 4:
                op.attrs = {} if op.attrs else {"odd": 1}
            else:
                op.unsafe = not op.unsafe
            if op.decl.holds(op, module):
                assert list(op.decl.problems(op, module)) == [], (op, kind)
            else:
                rejected += 1
            op.operands, op.attrs, op.results, op.unsafe = list(saved[0]), *saved[1:]
    assert rejected > 1000


def test_every_operation_is_documented_and_used() -> None:
    used = {op.name for _, op in operations()}
    exercised = {*arithmetic.BINARY, *arithmetic.CHECKED, *arithmetic.UNARY, *arithmetic.FLOAT_BINARY}
    exercised |= {*arithmetic.FLOAT_UNARY, "bitcast", "fcmp", "icmp", "fptosi", "fptoui", "sitofp", "uitofp"}
    for name, decl in declare.table().items():
        if not decl.declared_in.startswith("altru_ir.ops"):
            continue
        assert name in decl.doc.partition("Example: ``")[2], f"`{name}` has no example"
        assert name in used or name in exercised, f"no test uses `{name}`: add it to tests/ops"
