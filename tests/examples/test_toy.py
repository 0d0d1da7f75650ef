"""The toy language: its programs do what they say, its errors are told in its own text, and nothing breaks it."""

from __future__ import annotations

import ast
import io
import random
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend, passes
from examples.toy.compiler import translate
from examples.toy.syntax import parse, reword, spelled

TOY = Path(__file__).parents[2] / "examples" / "toy"
PROGRAMS = sorted(path.stem for path in (TOY / "programs").glob("*.out"))


def toy(*arguments: str) -> int:
    return backend.command(translate, "toy", list(arguments), reword=reword)


def program(name: str) -> str:
    return str(TOY / "programs" / f"{name}.toy")


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("how", [["-O0", "--run"], ["-O3", "--run", "--panic=abort"]], ids=" ".join)
def test_program(name: str, how: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "examples.toy", *how, program(name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=TOY.parents[1])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (TOY / "programs" / f"{name}.out").read_text()


@pytest.mark.parametrize("name", [n for n in PROGRAMS if n != "sort"])  # which is long
def test_by_definition(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert toy("--interpret", program(name)) == 0
    assert capfd.readouterr() == ((TOY / "programs" / f"{name}.out").read_text(), "")


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 4


def test_executable(tmp_path: Path) -> None:
    out = tmp_path / "primes"
    assert toy("-O2", "--emit=exe", "-o", str(out), program("primes")) == 0
    assert subprocess.run([out], capture_output=True, text=True, check=True).stdout == (TOY / "programs/primes.out").read_text()


def test_errors_are_where_the_text_says(capfd: pytest.CaptureFixture[str]) -> None:
    status = toy("--verify-diagnostics", "--split-input-file", "-p", "check-memory", program("errors"))
    assert (capfd.readouterr().err, status) == ("", 0)


def test_use_after_move_is_told_in_the_source(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.toy"
    file.write_text("fn eat(x: [int]) {}\nfn main() {\n    let xs = [1];\n    eat(xs);\n    print(len(xs));\n}\n")
    assert toy("--run", str(file)) == 1
    assert (
        capfd.readouterr().err.replace(str(file), "a.toy")
        == """\
error[ALT-M001]: `xs` is used after it was moved
  --> a.toy:5:15
  |
5 |     print(len(xs));
  |               ^^
  ::: a.toy:3:9
  |
3 |     let xs = [1];
  |         -- `xs` is declared here
  ::: a.toy:4:9
  |
4 |     eat(xs);
  |         -- it is moved here
   = help: a `[int]` moves, for it releases what it owns
"""
    )


@pytest.mark.parametrize("level", ["-O0", "-O3"])
def test_a_panic_names_the_line(level: str) -> None:
    command = [sys.executable, "-m", "examples.toy", level, "--run", program("bounds")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=TOY.parents[1])
    assert (done.returncode, done.stdout) == (101, "10\n20\n30\n")
    assert re.match(
        r"panic: index 3 out of bounds for length 3 at \S*bounds.toy:3:15\n  in @at\n  in @main at \S*:8:27\n$", done.stderr
    )


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("9223372036854775807 + one", "integer overflow in addition (signed)"),
        ("7 / (one - 1)", "division by zero"),
        ("len([0; 0 - one])", "out of memory: 18446744073709551608 bytes"),
    ],
)
def test_arithmetic_panics(expression: str, message: str) -> None:
    module = translate(air.Source("a.toy", f"fn f(one: int) -> int {{ return {expression}; }}"))
    with pytest.raises(air.Panic) as panic:
        backend.compile(module, opt=1)["f"](1)
    assert message in str(panic.value)
    assert panic.value.location is not None
    assert panic.value.location.file == "a.toy"


def test_called_from_python() -> None:
    module = translate(
        air.Source("fib.toy", "fn fib(n: int) -> int { if n < 2 { return n; } return fib(n - 1) + fib(n - 2); }")
    )
    assert air.verify(module) == []
    assert backend.compile(module)["fib"](20) == 6765


def nested(depth: int) -> dict[str, str]:
    return {
        "parentheses": f"fn main() {{ print({'(' * depth}1{')' * depth}); }}",
        "minus": f"fn main() {{ print({'-' * depth}1); }}",
        "chain": f"fn main() {{ print({' + '.join(['1'] * depth)}); }}",
        "right": f"fn main() {{ print({'1 + (' * depth}1{')' * depth}); }}",
        "blocks": f"fn main() {{ {'{' * depth}{'}' * depth} }}",
        "else if": f"fn main() {{ {' else '.join(['if true { }'] * depth)} }}",
        "type": f"fn f(x: {'[' * depth}int{']' * depth}) {{ }}",
        "calls": f"fn f(x: int) -> int {{ return {'f(' * depth}x{')' * depth}; }}",
        "index": f"fn f(x: &[int]) -> int {{ return {'x[' * depth}0{']' * depth}; }}",
        "arrays": f"fn f() {{ let x = {'[' * depth}1{']' * depth}; }}",
        "if": f"fn main() {{ {'if true {' * depth}{'}' * depth} }}",
    }


@pytest.mark.parametrize("kind", nested(1))
def test_depth(kind: str) -> None:
    """Within the limit everything works, whatever it nests; beyond it is a diagnostic."""
    module = translate(air.Source("a.toy", nested(25)[kind]))
    assert [str(d) for d in air.verify(module)] == []
    with pytest.raises(air.DiagnosticError, match="nests more than 60 deep"):
        translate(air.Source("a.toy", nested(10_000)[kind]))


@pytest.mark.parametrize("seed", range(150))
def test_damaged_programs(seed: int) -> None:
    """Tokens exchanged, removed and doubled: a program that is checked, or diagnostics with places."""
    choose = random.Random(seed)
    name = choose.choice([*PROGRAMS, "bounds"])
    tokens = re.findall(r'\s+|//[^\n]*|\w+|"[^"\n]*"|->|\.\.|\|\||&&|[=!<>]=|.', (TOY / "programs" / f"{name}.toy").read_text())
    words = [i for i, token in enumerate(tokens) if re.fullmatch(r'\w+|"[^"]*"|[-+*<>\[(]|&&', token)]
    for _ in range(choose.randint(1, 3)):
        if seed % 2:  # most of these still parse
            tokens[choose.choice(words)] = tokens[choose.choice(words)]
        else:
            at = choose.randrange(len(tokens))
            tokens[at : at + 1] = choose.choice([[], [tokens[at]] * 2, [choose.choice(tokens)]])
    problems: list[air.Diagnostic | None]
    try:
        module = translate(air.Source("a.toy", "".join(tokens)))
        problems = [*(air.verify(module) or passes.check_memory(module))]
    except air.DiagnosticError as error:
        problems = [*error.diagnostics]
    except air.BuilderError as error:
        problems = [error.diagnostic]
    for each in problems:
        assert each is not None, "the builder was misused"
        assert each.location is not None
        assert each.location.file == "a.toy"


def test_words_of_the_language() -> None:
    assert reword("`%x` of @main is `own<[? x i8]>` or `ref<mut [? x i64]>`") == "`x` of main is `string` or `&mut [int]`"
    function = parse(air.Source("a.toy", "fn f(a: &mut [[string]], b: &Point, c: &int) {} struct Point { x: [bool] }"))[0]
    assert [spelled(type) for _, type in function.parameters] == ["&mut [[string]]", "&Point", "&int"]


def test_under_two_hundred_lines() -> None:
    """Beyond its grammar, without empty lines, comments and documentation."""
    text = (TOY / "compiler.py").read_text() + (TOY / "__main__.py").read_text()
    tree = ast.parse(text)
    documentation = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    silent = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in silent
        for line in range(token.start[0], token.end[0] + 1)
    }
    assert len(lines - documentation) < 200


class Expressions:
    """Random expressions, as text with no more parentheses than are needed, and what Python says that they are."""

    STRENGTH = {"||": 0, "&&": 1, "==": 2, "!=": 2, "<": 2, "<=": 2, ">": 2, ">=": 2, "+": 3, "-": 3, "*": 4, "/": 4, "%": 4}

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)

    def make(self, kind: str, depth: int) -> tuple[str, int, Callable[[int, int], int]]:
        """Text, how strongly its operator binds (9: an atom), and its value for ``a`` and ``b``."""
        choose = self.choose
        if depth == 0 or choose.random() < 0.15:
            if kind == "bool":
                value = choose.random() < 0.5
                return str(value).lower(), 9, lambda a, b: value
            name = choose.choice(["a", "b", str(choose.randrange(10))])
            return name, 9, lambda a, b: {"a": a, "b": b}.get(name) if name in "ab" else int(name)  # type: ignore[return-value]
        if choose.random() < 0.1:
            text, strength, inner = self.make(kind, depth - 1)
            text = text if strength == 9 else f"({text})"
            if kind == "bool":
                return f"!{text}", 9, lambda a, b: not inner(a, b)
            return f"-{text}", 9, lambda a, b: -inner(a, b)
        if kind == "int":
            operator, of = choose.choice(["+", "-", "*", "/", "%"]), "int"
        else:
            operator = choose.choice(["||", "&&", "==", "!=", "<", "<=", ">", ">="])
            of = "bool" if operator in ("||", "&&") or (operator in ("==", "!=") and choose.random() < 0.3) else "int"
        strength = self.STRENGTH[operator]
        (left, left_strength, left_value), (right, right_strength, right_value) = (
            self.make(of, depth - 1),
            self.make(of, depth - 1),
        )
        left = left if left_strength >= strength else f"({left})"
        right = right if right_strength > strength else f"({right})"

        def value_of(a: int, b: int) -> int:
            x = left_value(a, b)
            if operator == "&&":
                return x and right_value(a, b)
            if operator == "||":
                return x or right_value(a, b)
            y = right_value(a, b)
            if operator in "/%":
                quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)  # toward zero
                return quotient if operator == "/" else x - quotient * y
            known: dict[str, Callable[[], int]] = {
                "+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "==": lambda: x == y, "!=": lambda: x != y,
                "<": lambda: x < y, "<=": lambda: x <= y, ">": lambda: x > y, ">=": lambda: x >= y,
            }  # fmt: skip
            return known[operator]()

        return f"{left} {operator} {right}", strength, value_of


@pytest.mark.parametrize("opt", [0, 2])
def test_expressions_are_those_of_python(opt: int) -> None:
    expressions = Expressions(7)
    made = [(kind, *expressions.make(kind, 5)) for kind in ("int", "bool") for _ in range(30)]
    text = "\n".join(f"fn f{i}(a: int, b: int) -> {kind} {{ return {each}; }}" for i, (kind, each, _, _) in enumerate(made))
    module = translate(air.Source("a.toy", text))
    assert air.verify(module) == []
    lib = backend.compile(module, opt=opt)
    panics = 0
    for index, (_, each, _, value) in enumerate(made):
        for a, b in ((0, 1), (-7, 3), (5, -2)):
            try:
                expected: object = value(a, b)
            except ZeroDivisionError:
                with pytest.raises(air.Panic, match="division by zero"):
                    lib[f"f{index}"](a, b)
                panics += 1
            else:
                assert lib[f"f{index}"](a, b) == expected, (each, a, b)
    assert 0 < panics < 200
