"""``altru-opt``: exit statuses, streams, and what bad use is told."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from altru_ir.backend.cli import opt
from altru_ir.diagnostics import EXPLANATIONS
from altru_ir.passes import registry

GOOD = "func @f(%x: i32) -> i32 {\n^entry:\n  %y = add %x, %x\n  ret %y\n}\n"
BAD = GOOD.replace("ret %y", "ret")


def altru_opt(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = opt.main(list(arguments))
    return status, out.getvalue(), err.getvalue()


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "good.air"
    path.write_text(GOOD)
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.air"
    path.write_text(BAD)
    return str(path)


def test_prints_ir(good: str, tmp_path: Path) -> None:
    status, out, err = altru_opt(good)
    assert (status, err) == (0, "")
    assert "%y = add %x, %x" in out
    again = tmp_path / "again.air"
    again.write_text(out)
    assert altru_opt(str(again)) == (0, out, "")


def test_diagnostics_underline_the_source(bad: str) -> None:
    status, out, err = altru_opt("--check", bad)
    assert (status, out) == (1, "")
    assert "error[ALT-V011]: `ret` needs a value: @f returns `i32`" in err
    assert f"--> {bad}:4:3" in err
    assert "4 |   ret\n  |   ^^^" in err


def test_json_diagnostics(bad: str, good: str) -> None:
    status, _, err = altru_opt("--check", "--format=json", bad)
    record = json.loads(err)
    assert status == 1
    assert record["version"] == 1
    (only,) = record["diagnostics"]
    assert (only["code"], only["location"]["line"], only["location"]["column"]) == ("ALT-V011", 4, 3)
    assert json.loads(altru_opt("--check", "--format=json", good)[2])["diagnostics"] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--no-such-flag"], "unrecognized arguments: --no-such-flag"),
        (["--chek", "x.air"], "unrecognized arguments: --chek; did you mean --check?"),
        (["--checks-listing", "x.air"], "--checks-listing=FILE is what to write, and `x.air` is a program"),
        (["--remarks", "x.air", "y.air"], "`x.air` is a program"),
        (["--explain", "v0007"], "there is no code v0007; did you mean ALT-V007? --describe=codes lists all"),
        (["--emit=exe", "x.air"], "--emit=exe needs -o"),
        (["--run", "--check", "x.air"], "exclude each other"),
        (["x.air", "--", "1"], "are for --run"),
        (["--emit=wasm", "x.air"], "invalid choice"),
        (["/no/such/file.air"], "cannot read /no/such/file.air: No such file"),
        (["--explain", "ALT-Z999"], "there is no code ALT-Z999"),
    ],
)
def test_usage_and_environment(arguments: list[str], says: str) -> None:
    status, out, err = altru_opt(*arguments)
    assert (status, out) == (2, "")
    assert says in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-p", "no-such-pass"], "there is no pass `no-such-pass`; there are insert-checks"),
        (["-p", "insert-checks{speed=3}"], "has no option `speed=3`; options are checks"),
        (["-p", "insert-checks{checks=odd}"], "there is no class of checks `odd`"),
        (["--target=vax-unknown-vms"], "there is no target `vax-unknown-vms`; there are x86_64-linux-gnu"),
        (["--emit=asm", "--cpu=z80"], "there is no processor `z80`"),
        (["--emit=asm", "--checks=some"], "there is no class of checks `some`"),
        (["--emit=exe", "-o", "/no/such/dir/x"], "@main"),
        (["-o", "/no/such/dir/x"], "cannot write /no/such/dir/x"),
        (["--run"], "there is no function @main to run"),
        (["--run", "--entry", "f", "--", "x"], "argument `x` for %x: expected a literal"),
        (["--run", "--entry", "f", "--", "99999999999"], "does not fit in `i32`"),
        (["--run", "--entry", "f"], "takes 1 arguments, not 0"),
    ],
)
def test_bad_requests(arguments: list[str], says: str, good: str) -> None:
    status, out, err = (
        altru_opt(arguments[0], *arguments[1:1], good, *arguments[1:])
        if arguments[0] == "--run"
        else altru_opt(good, *arguments)
    )
    assert (status, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_runs_a_function(good: str) -> None:
    for level in ("-O0", "-O1", "-O2", "-O3"):
        assert altru_opt(level, "--run", "--entry", "f", good, "--", "-21") == (0, "-42\n", "")


def test_emits(good: str, tmp_path: Path) -> None:
    assert "define i32 @f(i32 %x)" in altru_opt("--emit=llvm", "-O0", good)[1]
    assert ".globl\tf" in altru_opt("--emit=asm", good)[1]
    arm = altru_opt("--emit=asm", "--target=aarch64-linux-gnu", good)[1]
    assert "lsl\tw0, w0, #1" in arm
    for target, machine in (("x86_64-linux-gnu", 62), ("aarch64-linux-gnu", 183)):
        out = tmp_path / target
        assert altru_opt("--emit=obj", "--target", target, "-o", str(out), good) == (0, "", "")
        data = out.read_bytes()
        assert data[:4] == b"\x7fELF"
        assert int.from_bytes(data[18:20], "little") == machine


def test_standard_input_and_output() -> None:
    command = [sys.executable, "-m", "altru_ir.backend.cli.opt", "-"]
    done = subprocess.run(command, input=GOOD, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    bad = subprocess.run(command, input="\xff", encoding="latin-1", capture_output=True, check=False)
    assert bad.returncode == 1
    assert "error[ALT-P006]: byte 0xff is not valid UTF-8" in bad.stderr


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "long.air"
    file.write_text("".join(GOOD.replace("@f", f"@f{n}") for n in range(3000)))
    line = f"{sys.executable} -m altru_ir.backend.cli.opt {file} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout == "altru 1\n"
    assert done.stderr == ""


def test_an_internal_error_leaves_a_reproducer(good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise KeyError("a defect")

    monkeypatch.setattr(opt, "_finish", broken)
    status, _, err = altru_opt(good)
    assert status == 70
    assert "This is a defect of altru-opt, not of the program" in err
    path = Path(err.partition("are in ")[2].partition(";")[0])
    text = path.read_text()
    path.unlink()
    assert GOOD in text
    assert "KeyError: 'a defect'" in text


def test_information() -> None:
    status, out, _ = altru_opt("--version")
    assert status == 0
    assert out.startswith("altru-opt 0.1.0, text format 1, runtime ")
    assert "insert-checks: Inserts" in altru_opt("--list-passes")[1]
    assert "exit status:" in altru_opt("--help")[1]
    for code in EXPLANATIONS:
        assert altru_opt("--explain", code)[1].startswith(f"{code}: ")


def test_describes() -> None:
    operations = {o["name"]: o for o in json.loads(altru_opt("--describe=ops", "--json")[1])}
    assert operations["icmp"]["operands"][1] == {
        "name": "rhs", "type": {"same_as": "lhs"}, "access": "consume", "optional": False, "variadic": False, "flag": None,
    }  # fmt: skip
    assert operations["icmp"]["elements"][0]["choices"][:2] == ["eq", "ne"]
    assert operations["const"]["results"][0]["written"].startswith("a number")
    assert {t["name"] for t in json.loads(altru_opt("--describe=types", "--json")[1])} >= {"IntType", "RefType", "OwnType"}
    described = {p["name"]: p for p in json.loads(altru_opt("--describe=passes", "--json")[1])}
    assert list(described) == [*registry.PASSES]
    assert described["canonicalize"]["level"] == "function"
    assert described["canonicalize"]["options"] == [
        {"name": "max-iterations", "type": "int", "default": 10, "says": "at most so many sweeps over a function."}
    ]
    assert {c["code"] for c in json.loads(altru_opt("--describe=codes", "--json")[1])} == set(EXPLANATIONS)
    assert "operation   = " in altru_opt("--describe=grammar")[1]


def test_verify_each_and_printing(good: str) -> None:
    status, out, err = altru_opt("-p", "insert-checks", "--verify-each", "--print-ir-after=all", good)
    assert status == 0
    assert "// after insert-checks" in err
    assert "add %x, %x" in out


def test_start_up_imports_nothing_heavy() -> None:
    code = (
        "import sys, altru_ir.backend.cli.opt as o; o.main(['--version']); print({'llvmlite', 'networkx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("kind", ["ir", "llvm", "obj", "header", "shared", "static", "exe"])
def test_a_full_disk_is_told_with_the_file(good: str, kind: str) -> None:
    path = Path(good)
    path.write_text(GOOD + "func @main() -> i32 {\n^entry:\n  %z = const 0 : i32\n  ret %z\n}\n")
    status, out, err = altru_opt("-O1", f"--emit={kind}", "-o", "/dev/full", good)
    assert (status, out) == (2, "")
    assert "/dev/full: No space left on device" in err


def test_clearing_a_cache_that_is_not_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    monkeypatch.setenv("ALTRU_CACHE_DIR", str(tmp_path / "cache"))
    assert altru_opt("--clear-cache") == (0, "", "")
    (tmp_path / "cache").chmod(0o755)
    status, out, err = altru_opt("--clear-cache")
    assert (status, out) == (2, "")
    assert err.startswith("error[ALT-S001]: there is no cache to clear")
