"""What a source says holds: each rule is tried out on operands of eight bits, against what the interpreter computes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.diagnostics import DiagnosticError
from altru_ir.faults import MemoryFault, Panic
from altru_ir.module import Module
from altru_ir.passes.analysis import definitions
from altru_ir.passes.proofs.certificates import Polynomial
from altru_ir.passes.proofs.sources import (
    DIFFERS,
    EQUAL,
    LEAST,
    RULES,
    InvalidError,
    Said,
    computed,
    of,
    of_condition,
    of_edge,
    of_result,
)
from altru_ir.passes.proofs.writer import polynomial as spelled
from altru_ir.values import Operation, Value

NUMBERS = (0, 1, 2, 5, 7, 127, 128, 200, 254, 255)
BINARY = [name for name, (_, _, rows) in RULES.items() if any(row[2] for row in rows)]
QUOTIENTS = ("udiv", "urem", "lshr", "ashr", "sdiv", "srem", "and", "umin")
PREDICATES = ("eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge")
WRAPPING = ("add", "sub", "mul", "shl")


def module_of(body: str, results: str = "i8") -> Module:
    text = f"altru 1\nmodule @t\nfunc @f(%a: i8, %b: i8) -> {results} {{\n^entry:\n{body}\n  ret %r\n}}\n"
    module = air.parse(text)
    assert air.verify(module) == []
    return module


def the(module: Module, name: str = "r") -> Operation:
    return next(op for op in module.functions["f"].operations() if any(r.name == name for r in op.results))


def signed(number: int, bits: int) -> int:
    return number - (1 << bits) if number >> (bits - 1) else number


def value_of(polynomial: Polynomial, numbers: dict[Value, tuple[int, int]]) -> int:
    found = 0
    for product, coefficient in polynomial.items():
        for value, reading in product:
            number, bits = numbers[value]
            coefficient *= signed(number, bits) if reading == "s" else number
        found += coefficient
    return found


def holds(said: Said, numbers: dict[Value, tuple[int, int]]) -> bool:
    for polynomial, word in said:
        value = value_of(polynomial, numbers)
        if not (value == 0 if word == EQUAL else value != 0 if word == DIFFERS else value >= 0):
            return False
    return True


def runs(module: Module, bits: int = 8) -> Iterator[dict[Value, tuple[int, int]]]:
    """Operands and result of each run that has one."""
    function = module.functions["f"]
    a, b = function.parameters
    for x, y in itertools.product(NUMBERS, repeat=2):
        try:
            r = backend.interpret(module, "f", [x, y])
        except (Panic, MemoryFault, DiagnosticError):
            continue
        numbers = {a: (x, 8), b: (y, 8), the(module).results[0]: (int(r) % (1 << bits), bits)}
        for op in function.operations():
            if op.name == "const":
                numbers[op.results[0]] = (int(op.attrs["value"]) % 256, 8)
        yield numbers


@pytest.mark.parametrize("name", BINARY)
def test_a_rule_of_two_operands(name: str) -> None:
    module = module_of(f"  %r = {name} %a, %b")
    said = of_result(the(module), None, module)
    assert said
    tried = [holds(said, numbers) for numbers in runs(module)]
    assert all(tried)
    assert len(tried) > 20


@pytest.mark.parametrize(
    ("name", "to"),
    [("zext", "i16"), ("sext", "i16"), ("trunc", "i1"), ("bitcast", "i8"), ("ctz", ""), ("popcount", ""), ("clz", "")],
)
def test_a_rule_of_one_operand(name: str, to: str) -> None:
    module = module_of(f"  %r = {name} %a" + (f" : {to}" if to else ""), to or "i8")
    said = of_result(the(module), None, module)
    assert said
    assert all(holds(said, numbers) for numbers in runs(module, int(to[1:]) if to else 8))


@pytest.mark.parametrize("name", QUOTIENTS)
@pytest.mark.parametrize("k", [1, 2, 3, 100, 128, -1, -3])
def test_a_rule_with_a_constant(name: str, k: int) -> None:
    module = module_of(f"  %k = const {k} : i8\n  %r = {name} %a, %k")
    op = the(module)
    a = module.functions["f"].parameters[0]
    for numbers in runs(module):
        assert holds(of_result(op, None, module), numbers)
        if signed(numbers[a][0], 8) >= 0:
            assert holds(of_result(op, of(a, "s"), module), numbers)


def test_the_rest_by_any_number() -> None:
    """Where a rest is, the divisor is not 0; of what is not negative it is not either, and it is not above it."""
    module = module_of("  %r = srem %a, %b")
    a = module.functions["f"].parameters[0]
    said = of_result(the(module), of(a, "s"), module)
    assert len(said) == 2
    tried = [holds(said, numbers) for numbers in runs(module) if signed(numbers[a][0], 8) >= 0]
    assert all(tried)
    assert len(tried) > 20


@pytest.mark.parametrize("name", sorted(definitions._STATED.keys() - {"slice.ptr"}))
def test_what_the_prover_uses_the_checker_states(name: str) -> None:
    """Both have a table of what operations give; the checker's is the larger one."""
    unary = name in ("trunc", "bitcast", "clz", "ctz", "popcount")
    to = {"trunc": "i1", "bitcast": "i8"}.get(name, "")
    for second in (None,) if unary else (None, 0, 1, 3, 4, 100, 128, -1, -4):
        lines = "" if second is None else f"  %k = const {second} : i8\n"
        operands = "%a" if unary else "%a, %b" if second is None else "%a, %k"
        module = module_of(f"{lines}  %r = {name} {operands}" + (f" : {to}" if to else ""), to or "i8")
        op = the(module)
        for fact in definitions.stated(op, module):
            said = of_result(op, spelled((fact.given, 0)) if fact.given else None, module)
            either = [spelled(([(sign * k, *rest) for k, *rest in fact.parts], sign * fact.constant)) for sign in (1, -1)]
            assert (either[0], LEAST) in said if not fact.exact else any((each, EQUAL) in said for each in either)


def test_what_is_given_matters() -> None:
    """Without knowing the sign of what is divided less is said; with it, it would be wrong for a negative one."""
    module = module_of("  %k = const 3 : i8\n  %r = srem %a, %k")
    a = module.functions["f"].parameters[0]
    more = of_result(the(module), of(a, "s"), module)
    assert len(more) > len(of_result(the(module), None, module))
    assert not all(holds(more, numbers) for numbers in runs(module))


@pytest.mark.parametrize("predicate", PREDICATES)
def test_a_comparison_and_its_opposite(predicate: str) -> None:
    module = module_of(f"  %r = icmp {predicate} %a, %b", "i1")
    result = the(module).results[0]
    for numbers in runs(module, 1):
        is_true = bool(numbers[result][0])
        assert holds(of_condition(result, is_true, module), numbers)
        assert not holds(of_condition(result, not is_true, module), numbers)


@pytest.mark.parametrize("name", ["and", "or", "xor"])
def test_conditions_together(name: str) -> None:
    second = "const true : i1" if name == "xor" else "icmp slt %b, %a"
    module = module_of(f"  %x = icmp ult %a, %b\n  %y = {second}\n  %r = {name} %x, %y", "i1")
    result = the(module).results[0]
    x, y = the(module, "x").results[0], the(module, "y").results[0]
    for numbers in runs(module, 1):
        a, b = (numbers[value][0] for value in module.functions["f"].parameters)
        numbers[x] = (int(a < b), 1)
        numbers[y] = (1 if name == "xor" else int(signed(b, 8) < signed(a, 8)), 1)
        said = of_condition(result, bool(numbers[result][0]), module)
        assert holds(said, numbers)
    assert len(of_condition(result, True, module)) > 1 or name == "or"
    assert len(of_condition(result, False, module)) > 1 or name == "and"


def test_a_switch() -> None:
    text = "  switch %a, 1 ^one, -1 ^last, ^other\n^one:\n  ret %a\n^last:\n  ret %b\n^other:\n  %r = add %a, %b"
    module = module_of(text)
    op = module.functions["f"].entry.ops[0]
    a = op.operands[0]
    for number in NUMBERS:
        taken = {1: 0, 255: 1}.get(number, 2)
        assert [holds(of_edge(op, index, module), {a: (number, 8)}) for index in range(3)] == [i == taken for i in range(3)]


@pytest.mark.parametrize("name", WRAPPING)
@pytest.mark.parametrize("readings", [("u", "u"), ("s", "s"), ("u", "s")])
def test_operations_are_what_they_compute_but_for_wrapping(name: str, readings: tuple[str, ...]) -> None:
    module = module_of("  %k = const 11 : i8\n" * (name == "shl") + f"  %r = {name} %a, {'%k' if name == 'shl' else '%b'}")
    op = the(module)
    q = computed(op, readings[:1] if name == "shl" else readings, module)
    for numbers in runs(module):
        assert (value_of(q, numbers) - numbers[op.results[0]][0]) % 256 == 0


def test_what_is_no_operation_modulo_its_width() -> None:
    module = module_of("  %r = udiv %a, %b")
    with pytest.raises(InvalidError):
        computed(the(module), ("u", "u"), module)
    module = module_of("  %x = sext %a : i16\n  %r = trunc %x : i8")
    with pytest.raises(InvalidError):
        computed(the(module, "x"), ("u",), module)
