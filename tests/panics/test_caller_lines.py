"""With debug information a panic tells at which line each of its functions was called."""

from __future__ import annotations

import gc
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.line_table import LineTable
from altru_ir.backend.perf_map import functions_of
from examples.toy.compiler import translate

# Mutual recursion, so that nothing is inlined whole.
SOURCE = """\
fn at(xs: &[int], i: int) -> int {
    if i > 100 { return down(&xs, i - 1); }
    return xs[i];
}

fn down(xs: &[int], i: int) -> int {
    if i == 10 {
        return at(&xs, i) + 1;
    }
    return
        down(&xs, i - 1) + 2;
}

fn start(i: int) -> int {
    let xs = [1, 2, 3];
    let n = down(&xs, i);
    return n;
}
"""


def program() -> air.Module:
    return translate(air.Source("a.toy", SOURCE))


@pytest.mark.parametrize("opt", [0, 3])
def test_callers(opt: int) -> None:
    lib = backend.compile(program(), opt=opt, debug=True)
    with pytest.raises(air.Panic) as caught:
        lib["start"](13)
    panic = caught.value
    assert str(panic) == "index 10 out of bounds for length 3 at a.toy:3:15"
    assert len(panic.callers) == len(panic.backtrace)
    assert panic.callers[0] is None
    told = {(name, place.line) for name, place in zip(panic.backtrace, panic.callers) if place is not None}
    assert {place.file for place in panic.callers if place is not None} == {"a.toy"}
    if opt:  # functions that were inlined are not in the backtrace, and their calls are at their own lines
        assert told
        assert told <= {(name, line) for name in ("start", "down", "at") for line in (8, 11, 16)}
    else:
        assert panic.frames() == [
            "  in @at",
            "  in @down at a.toy:8:16",
            "  in @down at a.toy:11:9, 3 times",
            "  in @start at a.toy:16:13",
        ]


def test_without_debug_information() -> None:
    with pytest.raises(air.Panic) as caught:
        backend.compile(program(), opt=0)["start"](13)
    assert set(caught.value.callers) == {None}
    assert caught.value.frames() == ["  in @at", "  in @down, 4 times", "  in @start"]


def test_code_that_is_gone_has_no_lines() -> None:
    from altru_ir.backend import line_table

    gc.collect()
    before = len(line_table._loaded)
    lib = backend.compile(program(), opt=0, debug=True)
    assert len(line_table._loaded) == before + 1
    del lib
    gc.collect()
    assert len(line_table._loaded) == before


@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf")
@pytest.mark.parametrize("opt", [0, 2])
def test_lines_are_those_of_readelf(opt: int, tmp_path: Path) -> None:
    """Without checks all code is in one section, which is taken to be at 0."""
    path = tmp_path / "a.o"
    module = translate(air.Source("a.toy", SOURCE.replace("+ 1", "").replace("+ 2", "").replace("- 1", "")))
    object_code = backend.emit(module, "obj", opt=opt, checks="none", panic="abort", debug=True)
    path.write_bytes(object_code)
    section = {name: where for name, where, _, _ in functions_of(object_code)}
    table = LineTable(object_code, {name: offset for name, _, offset, _ in functions_of(object_code)})
    shown = subprocess.run(["readelf", "--debug-dump=decodedline", path], capture_output=True, text=True, check=True).stdout
    rows = [
        (int(address, 16), int(line))
        for line, address in re.findall(r"^a\.toy +(\d+) +(0x[0-9a-f]+|0)(?: |$)", shown, re.MULTILINE)
    ]
    assert len(rows) > 10
    assert len(set(section.values())) == 1
    for address in {address for address, _ in rows}:
        found = table.find(address)
        assert (0 if found is None else found.line) in {line for at, line in rows if at == address}, hex(address)
    assert {found.line for address, _ in rows if (found := table.find(address))} == {line for _, line in rows if line}
