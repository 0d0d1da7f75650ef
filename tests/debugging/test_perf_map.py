"""Names for ``perf``: every function of the module is in the map, where it is."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from altru_ir.backend import perf_map

CODE = """
import ctypes, sys
import altru_ir as air
from altru_ir import backend
from altru_ir.backend import perf_map
module = air.parse(open(sys.argv[1]).read(), "area.air")
library = backend.compile(module, opt=0, debug=True)
other = backend.compile(module, opt=0, debug=True)
try:
    library["main"]()
except air.Panic as panic:
    print(panic.backtrace)
print(perf_map.path().read_text())
perf_map.path().unlink()
"""


def test_functions_are_named() -> None:
    program = Path(__file__).with_name("area.air")
    done = subprocess.run([sys.executable, "-c", CODE, program], capture_output=True, text=True, check=True, timeout=60)
    trace, *lines = done.stdout.split("\n")
    assert trace == "('area', 'main')"
    rows = [re.fullmatch(r"([0-9a-f]+) ([0-9a-f]+) altru:(.+)", line) for line in lines if line]
    assert all(rows)
    spans = sorted((int(row[1], 16), int(row[2], 16), row[3]) for row in rows if row)
    assert sorted({name for _, _, name in spans}) == ["altru.entry.area", "altru.entry.main", "area", "main"]
    assert len(spans) == 8
    for (start, size, _), (following, _, _) in pairwise(spans):
        assert start + size <= following


def test_what_is_no_object() -> None:
    with pytest.raises(ValueError, match="no little-endian ELF object"):
        perf_map.functions_of(b"not an object")
