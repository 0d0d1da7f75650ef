"""Nothing stays behind: references, blocks and memory after many calls of each kind, also of those that fail.

``ALTRU_LEAK_CALLS`` is how many calls there are of each; a process of its own makes them, so that nobody else's blocks count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

CODE = """
import array, gc, json, resource, signal, sys, threading
import altru_ir as air
from altru_ir import backend

COUNT = int(sys.argv[1])
TEXT = '''
struct @P { x: f64, n: i64 }
enum @E { Some(i64), Nothing }
func @raise(%n: i32) -> i32
func @ask(%n: i64) -> i64
func @weigh(%x: f32, %b: i1, %u: usize, %p: ptr<i8>) -> f32
func @turn(%p: @P, %e: @E) -> (@E, @P)
func @fill(%xs: ref<mut [? x f64]>, %t: ref<[? x i8]>)
func @tidy(%n: i64)
func @plain(%n: i64, %x: f64) -> f64 {
^e:
  ret %x
}
func @asks(%s: i32, %n: i64) -> i64 {
^e unwind ^c:
  %i = call @raise(%s) unsafe
  %r = call @ask(%n)
  ret %r
^c:
  call @tidy(%n)
  resume
}
func @weighs(%x: f32, %b: i1, %u: usize, %p: ptr<i8>) -> f32 {
^e:
  %r = call @weigh(%x, %b, %u, %p)
  ret %r
}
func @turns(%p: @P, %e: @E) -> (@E, @P) {
^e:
  %r = call @turn(%p, %e)
  ret %r
}
func @fills(%xs: ref<mut [? x f64]>, %t: ref<[? x i8]>) {
^e:
  call @fill(%xs, %t)
  ret
}
func @text(%t: ref<[? x i8]>) -> ref<[? x i8]> {
^e:
  ret %t
}
func @divide(%n: i64, %m: i64) -> i64 {
^e:
  %r = sdiv %n, %m
  ret %r
}
func @own(%n: usize) -> own<[? x i64]> {
^e:
  %x = const 5 : i64
  %o = new.array %n, %x : own<[? x i64]>
  ret %o
}
func @eat(%o: own<[? x i64]>) {
^e:
  ret
}
'''

class Tick(Exception): pass
def tick(*_): raise Tick
signal.signal(signal.SIGUSR1, tick)

def fail(n): raise KeyError(n)
def turn(p, e): return e, p
def fill(xs, t): xs[0] = len(t)
def nothing(n): pass
common = {"weigh": lambda x, b, u, p: x, "turn": turn, "fill": fill, "tidy": nothing}
good = backend.compile(air.parse(TEXT), externs={"ask": lambda n: n + 1, **common})
bad = backend.compile(air.parse(TEXT), externs={"ask": fail, **common, "turn": lambda p, e: 5, "weigh": lambda *_: "x"})
values, several = array.array("d", [0.0] * 4), [0.0, 1.0]
class Number:
    def __index__(self): raise ValueError
number = Number()

def failing(call, *given):
    def run():
        try:
            call(*given)
        except (KeyError, TypeError, ValueError, OverflowError, Tick, air.Panic):
            return
        raise AssertionError("nothing was raised")
    return run

def forgotten():
    try:
        bad["asks"](0, 5)
    except KeyError as error:
        error.__traceback__ = None

KINDS = {
    "numbers": lambda: good["plain"](2**62, 0.5),
    "a callable": lambda: good["asks"](0, 2**40),
    "scalars": lambda: good["weighs"](1.5, True, 2**63, None),
    "addresses": lambda: good["weighs"](1.5, True, 2**63, 2**40),
    "structures": lambda: good["turns"]((1.5, 2**40), ("Some", 2**40)),
    "slices": lambda: good["fills"](values, b"text"),
    "lists": lambda: good["fills"](several, "text"),
    "text": lambda: good["text"]("text"),
    "odd arguments": lambda: good["plain"](True, 3),
    "refused": failing(good["plain"], "x", 0.5),
    "too large": failing(good["plain"], 2**70, 0.5),
    "an argument that raises": failing(good["plain"], number, 0.5),
    "a refused buffer": failing(good["fills"], bytearray(3), b""),
    "a callable that raises": failing(bad["asks"], 0, 2**40),
    "its exception without a trace": forgotten,
    "a wrong number": failing(bad["weighs"], 1.5, True, 1, None),
    "a wrong structure": failing(bad["turns"], (1.5, 2), "Nothing"),
    "an interrupt before a callable": failing(good["asks"], signal.SIGUSR1, 1),
    "a panic": failing(good["divide"], 1, 0),
    "an owner": lambda: good["own"](3),
    "an owner that is moved": lambda: good["eat"](good["own"](3)),
    "an owner's value": lambda: good["own"](3).value,
    "a view": lambda: good["own"](3).view()[0],
}

def calls(run, count):
    for _ in range(count):
        run()
    gc.collect()

grown = {}
for name, run in KINDS.items():
    calls(run, 100)
    blocks = sys.getallocatedblocks()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    calls(run, COUNT)
    grown[name] = sys.getallocatedblocks() - blocks, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
things = [None, True, False, values, number, fail, several]
references = [sys.getrefcount(each) for each in things]
for run in KINDS.values():
    calls(run, 100)
for index, each in enumerate(things):
    grown[f"references of {each!r}"] = sys.getrefcount(each) - references[index], 0
print(json.dumps(grown))
"""


def test_many_calls_of_each_kind_leave_nothing() -> None:
    count = os.environ.get("ALTRU_LEAK_CALLS", "500")
    done = subprocess.run([sys.executable, "-c", CODE, count], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    grown = json.loads(done.stdout)
    assert len(grown) > 20
    odd = {name: found for name, found in grown.items() if found[0] > 50 or found[1] > 2048}
    assert not odd


def test_what_is_compiled_again_and_again_is_released() -> None:
    code = """
import gc, sys
import altru_ir as air
from altru_ir import backend
text = "func @ask(%n: i64) -> i64\\nfunc @f(%n: i64) -> i64 {\\n^e:\\n  %r = call @ask(%n)\\n  ret %r\\n}\\n"
module = air.parse(text)
def cycle():
    lib = backend.compile(module, externs={"ask": lambda n: n})
    assert lib["f"](3) == 3
    lib.unload("f")
def cycles(count):
    for _ in range(count):
        cycle()
    gc.collect()
    return sys.getallocatedblocks(), open("/proc/self/maps").read().count("\\n")
cycles(20)
blocks, maps = cycles(5)
more_blocks, more_maps = cycles(50)
print(more_blocks - blocks, more_maps - maps)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    blocks, maps = map(int, done.stdout.split())
    assert blocks < 50
    assert maps < 20
