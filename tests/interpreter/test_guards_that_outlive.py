"""A guard unlocks its mutex, which must not have ended."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir import backend, passes

PROGRAM = """altru 1
module @m
func @f(%n: i64) {
^entry:
  %m = local : mutex<i64>
  %v = mutex.new %n
  init %m, %v
  %r = borrow %m
  %g = lock %r
  FIRST
  SECOND
  ret
}
"""


def run(first: str, second: str) -> None:
    module = air.parse(PROGRAM.replace("FIRST", first).replace("SECOND", second))
    passes.run(module, "schedule-drops,elaborate-drops")
    backend.interpret(module, "f", [1])


def test_a_mutex_that_has_ended_is_not_unlocked() -> None:
    run("drop %g", "end %m")
    with pytest.raises(air.MemoryFault) as raised:
        run("end %m", "drop %g")
    assert raised.value.kind.startswith("ALT-F")
