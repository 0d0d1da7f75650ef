"""Stubs: what they take and give is what ctypes does, but that nothing is cut off."""

from __future__ import annotations

import ctypes
import gc
import math
import subprocess
import sys
import weakref
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.host import c_api, stubs

TYPES = {
    "?": ctypes.c_bool, "b": ctypes.c_int8, "h": ctypes.c_int16, "i": ctypes.c_int32, "q": ctypes.c_int64, "N": ctypes.c_size_t,
    "f": ctypes.c_float, "d": ctypes.c_double, "P": ctypes.c_void_p,
}  # fmt: skip


class Indexed:
    def __init__(self, value: object) -> None:
        self.value = value
        self.asked = 0

    def __index__(self) -> int:
        self.asked += 1
        return self.value  # type: ignore[return-value]


class Raising:
    def __index__(self) -> int:
        raise ValueError("not today")

    __float__ = __index__  # type: ignore[assignment]


VALUES = [
    True, False, None, 0, 1, -1, 2**7 - 1, 2**7, -(2**7), -(2**7) - 1, 2**15 - 1, 2**15, -(2**15) - 1, 2**31 - 1, 2**31,
    -(2**31) - 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**400, 0.0, -0.0, 1.5, -1.0, 1e38, 3.5e38, 1e39,
    -1e39, math.inf, -math.inf, math.nan, "1", b"1", [1], 1j, Decimal("2.5"), Fraction(1, 4), Indexed(5), Indexed(-1),
    Indexed(2**70), Indexed("5"), Raising(),
]  # fmt: skip


def taken(letter: str, value: Any) -> Any:
    """What the type's own values are after a round trip through its memory; an exception where the value is none of them."""
    if letter == "?":
        return value if value is True or value is False else TypeError()
    if letter == "P":
        if value is None:
            return None
        return int(value) or None if isinstance(value, int) and 0 <= value < 2**64 else TypeError()
    if not isinstance(value, (int, float) if letter in "fd" and value is not True and value is not False else int):
        return TypeError()  # nobody is asked for a number
    if letter in "fd":
        if isinstance(value, int) and type(value) is not int:
            return TypeError()
        found = ctypes.c_double(value).value
        if letter == "f" and math.isfinite(found) and abs(found) >= 3.4028235677973366e38:
            return OverflowError()
        return ctypes.c_float(found).value if letter == "f" else found
    number = int(value)
    bits = 8 * ctypes.sizeof(TYPES[letter])
    least, most = (0, 2**64 - 1) if letter == "N" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return number if least <= number <= most else OverflowError()


@pytest.mark.parametrize("letter", TYPES)
def test_every_value_of_every_type(letter: str) -> None:
    seen = []

    def keep(value: Any) -> Any:
        seen.append(value)
        return value

    type = TYPES[letter]
    behind = ctypes.CFUNCTYPE(type, type)(keep)
    address = ctypes.cast(behind, ctypes.c_void_p).value or 0
    stub = stubs.make(stubs.signature(type, [type]), address, None)
    refused = 0
    for value in VALUES:
        try:
            wanted = taken(letter, value)
        except (TypeError, ValueError, OverflowError, AttributeError) as error:
            wanted = error
        before = len(seen)
        if isinstance(wanted, Exception):
            refused += 1
            with pytest.raises(stubs.Refused):
                stub(value)
            assert len(seen) == before
        else:
            found = stub(value)
            assert repr(found) == repr(wanted), value
            assert len(seen) == before + 1
    assert 0 < refused < len(VALUES)


def test_many_arguments_of_all_types_in_order() -> None:
    letters = "?bhiqNfdP" * 3
    seen: list[tuple[Any, ...]] = []
    behind = ctypes.CFUNCTYPE(None, *[TYPES[letter] for letter in letters])(lambda *given: seen.append(given))
    address = ctypes.cast(behind, ctypes.c_void_p).value or 0
    stub = stubs.make(stubs.signature(None, [TYPES[letter] for letter in letters]), address, None)
    given = (True, -5, 300, -70000, 2**40, 2**63, 0.5, -1.0, 4096) * 3
    assert stub(*given) is None
    assert seen == [given]
    for wrong in (given[:-1], (*given, 1), ()):
        with pytest.raises(stubs.Refused):
            stub(*wrong)
    for index in range(len(given)):
        with pytest.raises(stubs.Refused):
            stub(*given[:index], "no", *given[index + 1 :])
    assert len(seen) == 1


def test_what_it_keeps_lives_as_long() -> None:
    class Kept:
        pass

    kept = Kept()
    gone = weakref.ref(kept)
    stub = stubs.make("q->q", ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p).value or 0, kept)
    del kept
    gc.collect()
    assert gone() is not None
    assert stub(-3) == 3
    del stub
    gc.collect()
    assert gone() is None


def test_threads_that_make_one_signature_at_once_share_its_stub() -> None:
    code = """
import ctypes, gc, sys, threading
from altru_ir.backend.host import c_api, stubs
address = ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p).value
made, barrier, inner = [], threading.Barrier(3), stubs._method
def slow(letters):
    barrier.wait()  # all have seen that there is none
    return inner(letters)
stubs._method = slow
def make():
    made.append(stubs.make("q->q", address, None))
threads = [threading.Thread(target=make) for _ in range(3)]
for each in threads: each.start()
for each in threads: each.join()
gc.collect()
print([stub(-5) for stub in made])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout) == (0, "[5, 5, 5]\n"), done.stderr


def test_an_int_that_is_too_long_to_be_written() -> None:
    lib = backend.compile(air.parse("func @f(%n: i64) -> i64 {\n^e:\n  ret %n\n}\n"))
    with pytest.raises(OverflowError, match=r"parameter %n of @f .* an int of 16610 bits does not fit"):
        lib["f"](10**5000)


def test_a_million_calls_leave_nothing() -> None:
    code = """
import ctypes, resource
from altru_ir.backend.host import c_api, stubs
stub = stubs.make("q->q", ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p).value, None)
nothing = stubs.make("q->", ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p).value, None)
def calls(count):
    for number in range(count):
        stub(-number - 2**40); nothing(number)
        try: stub(1.5)
        except stubs.Refused: pass
calls(20000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
calls(200000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    grown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(grown) < 1024  # KiB


def test_without_stubs_ctypes_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
func @f(%a: i8, %b: i1, %c: f32, %d: usize, %p: ptr<i8>) -> i8 {
^e:
  ret %a
}
"""
    outcomes = []
    for possible in (True, False):
        monkeypatch.setattr(stubs, "are_possible", lambda possible=possible: possible)
        call = backend.compile(air.parse(text))["f"]
        assert isinstance(call.__globals__["_native"], ctypes._CFuncPtr) is not possible  # type: ignore[attr-defined]
        found = []
        for position, good in enumerate((7, True, 0.5, 9, None)):
            arguments: list[Any] = [7, True, 0.5, 9, None]
            for value in [*VALUES, good]:
                arguments[position] = value
                try:
                    found.append(repr(call(*arguments)))
                except (TypeError, ValueError, OverflowError) as error:
                    found.append(f"{type(error).__name__}: {error}")
        outcomes.append(found)
    assert outcomes[0] == outcomes[1]
    assert any("parameter %a" in each for each in outcomes[0])
    assert "7" in outcomes[0]


def test_owners_without_stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
func @one(%n: i64) -> own<i64> {
^e:
  %o = new %n : own<i64>
  ret %o
}
func @row(%n: usize, %x: i64) -> own<[? x i64]> {
^e:
  %o = new.array %n, %x : own<[? x i64]>
  ret %o
}
func @longer(%o: own<[? x i64]>, %p: own<i64>, %xs: ref<[? x i64]>) -> usize {
^e:
  %s = deref %o
  %n = dim %s, 0
  ret %n
}
"""
    for possible in (True, False):
        monkeypatch.setattr(stubs, "are_possible", lambda possible=possible: possible)
        lib = backend.compile(air.parse(text))
        one, row = lib["one"](7), lib["row"](3, 5)
        assert (one.value, row.value.tolist(), len(row)) == (7, [5, 5, 5], 3)
        view = row.view()
        with pytest.raises(BufferError):
            lib["longer"](row, one, [1])
        del view
        assert (one.alive, row.alive) == (True, True)
        assert lib["longer"](row, one, [1]) == 3
        assert (one.alive, row.alive) == (False, False)
        with pytest.raises(ValueError, match="was released or moved"):
            lib["longer"](row, one, [1])
        lib["row"](3, 5).release()


def test_a_python_without_thunks_takes_functions_of_ctypes(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "func @labs(%n: i64) -> i64\nfunc @f(%n: i64) -> i64 {\n^e:\n  %r = call @labs(%n)\n  ret %r\n}\n"
    monkeypatch.setattr(c_api, "is_possible", lambda: False)
    with pytest.raises(TypeError, match="@labs cannot be a callable of this Python; pass a function of ctypes"):
        backend.compile(air.parse(text), externs={"labs": abs})
    assert backend.compile(air.parse(text), externs={"labs": ctypes.CDLL(None).labs})["f"](-3) == 3
