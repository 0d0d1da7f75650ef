"""``altru-opt --reduce`` and ``--generate``: what they write, where, and what bad use is told."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir.testing import whole_language
from tests.driver.test_driver import altru_opt

OPT = f"{shlex.quote(sys.executable)} -m altru_ir.backend.cli.opt"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program of a few hundred lines in which something is divided."""
    path = tmp_path / "a program.air"
    texts = (whole_language.generate(seed).text for seed in range(50))
    path.write_text(next(text for text in texts if "sdiv" in text and "cond_br" in text))
    return path


def test_reduces_to_standard_output(program: Path) -> None:
    before = program.read_bytes()
    status, out, err = altru_opt("--reduce", "grep -q sdiv", str(program))
    assert status == 0
    assert out.count("\n") <= 10
    assert "sdiv" in out
    assert air.verify(air.parse(out)) == []
    assert err.startswith(f"reduced from {len(before.splitlines())} lines ({len(before)} bytes) to ")
    assert err.endswith("; nothing more can go\n")
    assert program.read_bytes() == before


def test_reduces_to_a_file(program: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.air"
    assert altru_opt("--reduce", "grep -q sdiv {} && grep -q cond_br {}", "-o", str(out), str(program))[:2] == (0, "")
    text = out.read_text()
    assert text.count("\n") <= 30
    assert "sdiv" in text
    assert "cond_br" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a program.air", "small.air"]


def test_candidates_are_called_like_the_input(program: Path) -> None:
    status, out, _ = altru_opt("--reduce", "case {} in */a\\ program.air) grep -q sdiv {};; *) exit 1;; esac", str(program))
    assert (status, "sdiv" in out) == (0, True)


def test_reduces_with_the_driver_as_the_command(tmp_path: Path) -> None:
    """The use that the help shows."""
    path = tmp_path / "bad.air"
    path.write_text("altru 1\nmodule @m\nfunc @main() -> i32 {\n^a:\n  unreachable\n}\nfunc @b()\n")
    status, out, err = altru_opt("--reduce", f"{OPT} --interpret {{}} 2>&1 | grep -q ALT-U010", str(path))
    assert (status, err.split("; ")[-1]) == (0, "nothing more can go\n")
    assert air.verify(air.parse(out)) == []
    assert "@b" not in out
    assert "unreachable" in out


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "bytes.air"
    path.write_bytes(b"altru 1\nmodule @m\n// caf\xe9\nfunc @f() {\n^entry:\n  ret\n}\n")
    out = tmp_path / "out.air"
    assert altru_opt("--reduce", "LC_ALL=C grep -q $(printf '\\351')", "-o", str(out), str(path))[0] == 0
    assert b"\xe9" in out.read_bytes()
    assert len(out.read_bytes()) < 20


def test_standard_input(program: Path) -> None:
    command = [*shlex.split(OPT), "--reduce", "grep -q sdiv", "-"]
    done = subprocess.run(command, input=program.read_text(), capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "sdiv" in done.stdout
    assert done.stdout.count("\n") <= 10


def test_an_input_that_is_not_interesting(program: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.air"
    command = "echo looked at it; echo wanted more >&2; exit 3"
    status, printed, err = altru_opt("--reduce", command, "-o", str(out), str(program))
    assert (status, printed) == (2, "")
    assert "error[ALT-S009]: the command of --reduce exits with 3 for the input as it is" in err
    assert "It said:\n  looked at it\n  wanted more\n" in err
    assert not out.exists()
    assert "no-such-command" in altru_opt("--reduce", "no-such-command", str(program))[2]


def test_candidates_that_run_for_ever_are_not_interesting(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from altru_ir.backend.cli import reduce

    monkeypatch.setattr(reduce, "LEAST", 0.2)
    begin = time.monotonic()
    status, out, _ = altru_opt(
        "--reduce", "grep -q sdiv {} || { test -e {}.not && exit 1; touch {}.not; sleep 600; }", str(program)
    )
    assert (status, "sdiv" in out) == (0, True)
    assert time.monotonic() - begin < 60


@pytest.mark.parametrize("to_file", [True, False])
def test_an_interrupt_leaves_the_best_so_far(program: Path, tmp_path: Path, to_file: bool) -> None:
    before = program.read_bytes()
    out, count = tmp_path / "out.air", tmp_path / "count"
    line = f"echo >> {shlex.quote(str(count))}; test $(wc -l < {shlex.quote(str(count))}) -gt 8 && sleep 600; grep -q sdiv {{}}"
    command = [*shlex.split(OPT), "--reduce", line, str(program), *(["-o", str(out)] if to_file else [])]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not (count.exists() and len(count.read_text()) > 8):
        assert time.monotonic() < end
        assert child.poll() is None
        time.sleep(0.05)
    if to_file:
        assert "sdiv" in out.read_text(), "what is there when the process is killed"
    child.send_signal(signal.SIGINT)
    printed, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert err.endswith("; interrupted\n")
    text = out.read_text() if to_file else printed
    assert "sdiv" in text
    assert air.verify(air.parse(text)) == []
    assert len(text) < len(before)
    assert program.read_bytes() == before


def test_diagnostics_as_json(program: Path) -> None:
    status, _, err = altru_opt("--reduce", "exit 4", "--format=json", str(program))
    assert status == 2
    assert [d["code"] for d in json.loads(err)["diagnostics"]] == ["ALT-S009"]
    status, _, err = altru_opt("--reduce", "grep -q sdiv", "--format=json", str(program))
    assert (status, json.loads(err)["diagnostics"]) == (0, [])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--reduce", "true", "--run"], "--reduce does only that"),
        (["--reduce", "true", "-O2"], "--reduce does only that"),
        (["--reduce", "true", "--print-analysis", "lifetimes"], "--reduce does only that"),
        (["--reduce", " "], "--reduce needs a command"),
        (["--reduce", "true", "--generate"], "--generate takes no FILE"),
        (["/no/such/file.air", "--reduce", "true"], "--run, --reduce and -o take one FILE"),
        (["--seed", "3"], "are for --generate"),
        (["--generate"], "--generate takes no FILE"),
    ],
)
def test_bad_use(arguments: list[str], says: str, program: Path) -> None:
    status, out, err = altru_opt(str(program), *arguments)
    assert (status, out) == (2, "")
    assert says in err


def test_the_input_is_never_the_output(program: Path) -> None:
    before = program.read_bytes()
    other = os.path.relpath(program)
    status, out, err = altru_opt("--reduce", "true", "-o", other, str(program))
    assert (status, out) == (2, "")
    assert "which is never changed" in err
    assert program.read_bytes() == before


# -- generated programs ------------------------------------------------------------------------------------------------------


def test_generates(tmp_path: Path) -> None:
    status, out, err = altru_opt("--generate", "--seed", "7")
    assert (status, err) == (0, "")
    assert out == whole_language.generate(7).text
    assert altru_opt("--generate")[1] == whole_language.generate(0).text
    file = tmp_path / "p.air"
    assert altru_opt("--generate", "--seed", "7", "--size", "3", "-o", str(file)) == (0, "", "")
    assert file.read_text() == whole_language.generate(7, 3).text
    assert altru_opt("--check", str(file)) == (0, "", "")


def test_generates_of_some_families() -> None:
    assert altru_opt("--generate", "--families", "scalars, owners")[1] == (
        whole_language.generate(0, families=["scalars", "owners"]).text
    )
    native = altru_opt("--generate", "--families=native", "--seed=4")[1]
    assert native == whole_language.generate(4, families=whole_language.NATIVE).text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--families", "scalars,odd"], "there is no family `odd`; there are scalars, floats, calls,"),
        (["--families", ""], "there is no family ``; there are scalars,"),
        (["--seed", "-3"], "`-3` is no natural number"),
        (["--seed", "x"], "`x` is no natural number"),
        (["--size", "0"], "`0` is no positive number"),
        (["--check"], "--generate does only that"),
    ],
)
def test_bad_dials(arguments: list[str], says: str) -> None:
    status, out, err = altru_opt("--generate", *arguments)
    assert (status, out) == (2, "")
    assert says in err
