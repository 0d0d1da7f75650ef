"""``-W CODE=LEVEL`` and ``--no-check``: what is done about what the checks of memory find."""

from __future__ import annotations

from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend, passes
from tests.driver.test_driver import altru_opt

LEAK = """
func @main() -> i32 {
^entry:
  %x = const 5 : i32
  %o = new %x : own<i32>
  %p = own.into_ptr %o
  %z = const 0 : i32
  ret %z
}
"""
DIVISION = "func @main() -> i32 {\n^entry:\n  %x = const 5 : i32\n  %z = const 0 : i32\n  %q = sdiv %x, %z\n  ret %q\n}\n"
INDEX = """
func @main() -> i32 {
^entry:
  %x = const 5 : i32
  %a = array %x, %x : [2 x i32]
  %l = local : [2 x i32]
  init %l, %a
  %i = const 7 : usize
  %e = elem %l, %i
  %v = load %e
  ret %v
}
"""
LOAN = """
func @main() -> i32 {
^entry:
  %l = local : i32
  %x = const 5 : i32
  init %l, %x
  %r = borrow %l
  %one = const 1 : i32
  assign %l, %one
  %d = deref %r
  %v = load %d
  ret %v
}
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    def write(text: str) -> str:
        path = tmp_path / "p.air"
        path.write_text(text)
        return str(path)

    monkeypatch.setenv("ALTRU_CACHE_DIR", str(tmp_path / "cache"))
    return write


@pytest.mark.parametrize("mode", [["--check"], ["-O2"], ["--run"], ["--emit=asm"]])
def test_a_leak_is_what_one_says(write, mode: list[str]) -> None:  # type: ignore[no-untyped-def]
    file = write(LEAK)
    for _ in range(2):  # what is warned about is not kept, so it is warned about again
        status, _, err = altru_opt(*mode, file)
        assert (status, err.count("warning[ALT-L001]")) == (0, 1)
    status, _, err = altru_opt(*mode, "-W", "ALT-L001=error", file)
    assert (status, err.count("error[ALT-L001]")) == (1, 1)
    status, _, err = altru_opt(*mode, "-W", "alt-l001=ignore", file)
    assert (status, err) == (0, "")
    status, _, err = altru_opt(*mode, "-W", "ALT-L001=error", "-W", "ALT-L001=warning", file)
    assert (status, err.count("warning[ALT-L001]")) == (0, 1), "the last word counts"


@pytest.mark.parametrize(
    ("text", "code", "panic"), [(DIVISION, "ALT-C005", "division by zero"), (INDEX, "ALT-C001", "index 7")]
)
def test_what_would_panic_panics_where_that_is_no_error(write, text: str, code: str, panic: str) -> None:  # type: ignore[no-untyped-def]
    file = write(text)
    status, _, err = altru_opt("--run", file)
    assert (status, err.count(f"error[{code}]")) == (1, 1)
    for mode in ("--run", "--interpret"):
        status, _, err = altru_opt(mode, "-W", f"{code}=warning", file)
        assert (status, err.count(f"warning[{code}]"), f"panic: {panic}" in err) == (101, 1, True)
    status, _, err = altru_opt("--check", "-W", f"{code}=warning", file)
    assert (status, err.count(f"warning[{code}]")) == (0, 1)


def test_no_check_compiles_what_the_checks_refuse(write) -> None:  # type: ignore[no-untyped-def]
    file = write(LOAN)
    assert altru_opt("--run", file)[0] == 1
    assert altru_opt("--run", "--no-check", file)[0] in (1, 5)  # which of them depends on what LLVM makes of the promise
    assert altru_opt("--run", file)[0] == 1, "what was compiled without a check does not stand for what is checked"
    assert altru_opt("-O2", "--no-check", file)[0] == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("ALT-L001", "say what it is to be"),
        ("ALT-L001=loud", "cannot be `loud`; it can be error, warning, ignore"),
        ("ALT-L01=error", "there is no code ALT-L01; did you mean ALT-L001?"),
        ("ALT-P001=ignore", "ALT-P001 (parsing) is always an error"),
        ("ALT-V002=warning", "is always an error"),
        ("", "say what it is to be, as in -W ALT-L001=error"),
    ],
)
def test_what_is_no_level_is_refused(write, given: str, says: str) -> None:  # type: ignore[no-untyped-def]
    status, out, err = altru_opt("--check", "-W", given, write(LEAK))
    assert (status, out) == (2, "")
    assert says in err


def test_from_python() -> None:
    module = air.parse(LEAK)
    assert [str(each.severity) for each in passes.check_memory(module)] == ["warning"]
    assert [each.severity for each in passes.check_memory(module, {"ALT-L001": "error"})] == ["error"]
    assert [each.code for each in backend.compile(module).diagnostics] == ["ALT-L001"]
    assert backend.compile(module, levels={"ALT-L001": "ignore"}).diagnostics == []
    with pytest.raises(air.DiagnosticError, match="ALT-L001"):
        backend.compile(module, levels={"ALT-L001": "error"})
    with pytest.raises(ValueError, match="no code"):
        backend.compile(module, levels={"ALT-LOL": "error"})
    assert backend.compile(air.parse(LOAN), check=False)["main"]() in (1, 5)


def test_checks_of_one_program_speak_together(write) -> None:  # type: ignore[no-untyped-def]
    both = LOAN.replace("  ret %v\n", "  %z = const 0 : i32\n  %q = sdiv %v, %z\n  ret %q\n")
    status, _, err = altru_opt("-O1", write(both))
    assert (status, err.count("error[")) == (1, 2)
    parallel = altru_opt("-O1", "--jobs", "2", write(both))
    assert parallel[2] == err


def test_a_constant_index_is_warned_about_each_time() -> None:
    for _ in range(2):
        said = backend.compile(air.parse(INDEX), levels={"ALT-C001": "warning"}).diagnostics
        assert [(each.code, each.severity) for each in said] == [("ALT-C001", "warning")]
        assert backend.compile(air.parse(INDEX), levels={"ALT-C001": "ignore"}).diagnostics == []


def test_the_levels_of_a_manager_hold_where_no_others_are_given() -> None:
    def compile(**options: object) -> list[str]:
        lib = backend.compile(air.parse(DIVISION), **options)  # type: ignore[arg-type]
        return [problem.code for problem in lib.diagnostics]

    lenient = {"ALT-C005": "warning"}
    assert compile(manager=passes.PassManager([], levels=lenient)) == ["ALT-C005"]
    assert compile(manager=passes.PassManager([], levels=lenient), levels={"ALT-C005": "ignore"}) == []
    with pytest.raises(air.DiagnosticError):
        compile(manager=passes.PassManager([]))


@pytest.mark.parametrize("options", [{"opt": True}, {"opt": 2.0}, {"levels": [("a", "b")]}, {"levels": {1: "error"}}])
def test_options_of_other_classes_are_refused(options: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError), match=r"optimization level|levels are a mapping"):
        backend.compile(air.parse(DIVISION), **options)  # type: ignore[arg-type]


def test_a_code_may_be_short(write) -> None:  # type: ignore[no-untyped-def]
    status, _, err = altru_opt("--check", "-W", "l001=error", write(LEAK))
    assert (status, err.count("error[ALT-L001]")) == (1, 1)


@pytest.mark.parametrize("mode", [["--check"], ["-O2"], ["-O0"], ["-p", "check-memory"]])
def test_what_is_expected_of_a_level(write, mode: list[str]) -> None:  # type: ignore[no-untyped-def]
    told = LEAK.replace("%p = own.into_ptr %o", "%p = own.into_ptr %o // expected-warning {{MESSAGE}}")
    message = altru_opt("--check", write(LEAK))[2].splitlines()[0].partition(": ")[2]
    assert altru_opt("--verify-diagnostics", *mode, write(told.replace("MESSAGE", message))) == (0, "", "")
    status, _, err = altru_opt("--verify-diagnostics", *mode, write(LEAK))
    assert (status, "unexpected warning: " + message in err) == (1, True)
