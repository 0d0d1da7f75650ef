"""What a program may have in front of its functions: types, globals, and functions that snippets call.

Example: ``used(PRELUDE, ["%x = call @loud(%a, %log)"])`` are the texts of ``@loud`` and of what that uses.
"""

from __future__ import annotations

from altru_ir.testing.preludes import names, split

DECLARATIONS = """\
struct @Pair { a: i64, b: i32 }
struct @Nested { head: i8, pair: @Pair, tail: (i16, i64) }
struct @Loud { n: i64, log: ref<cell<i64>> } drop @Loud.drop
struct @Late { n: i64 } drop @Late.drop
struct @Two { first: @Loud, second: @Loud }
struct @Empty {} drop @Empty.drop
struct @Object { next: @Link, v: i64 }
struct @Held { item: own<i64>, count: i64 }
struct @Owning { owns: phantom<@Loud>, v: i64 }
enum @Option { None, Some(i64) }
enum @Shape { Point, Circle(i32), Box((i64, i64)), Named(@Pair) }
enum @Choice { Nothing, Value(@Loud), Boxed(own<i64>) }
enum @Link { End, To(gc<@Object>) }
enum @LinkLate { Gone, There(gc<@Late>) }
union @Word { whole: i64, half: i32, bytes: [8 x i8] }
global @table : [5 x i64] = [3, 1, 4, 1, 5]
global @text : [7 x i8] = "altru!\\x00"
global mut @counter : i64 = 0
global @hits : atomic<i64> = 0
global thread_local @mine : i64 = 5
"""

LIBRARY = {
    "Loud.drop": """\
func @Loud.drop(%self: ref<mut @Loud>) {
^entry:
  %s = deref %self
  %n_place = field %s, n
  %n = load %n_place
  %log_place = field %s, log
  %log = load %log_place
  %before = cell.get %log
  %k = const 31 : i64
  %shifted = mul %before, %k
  %after = add %shifted, %n
  cell.set %log, %after
  ret
}
""",
    "Late.drop": """\
func @Late.drop(%self: ref<mut @Late>) {
^entry:
  %s = deref %self
  %n_place = field %s, n
  %n = load %n_place
  %hits = global.ref @hits
  %before = atomic.rmw add relaxed %hits, %n
  ret
}
""",
    "Empty.drop": """\
func @Empty.drop(%self: ref<mut @Empty>) {
^entry:
  %c = global @counter unsafe
  %n = load %c
  %one = const 1 : i64
  %m = add %n, %one
  assign %c, %m
  ret
}
""",
    "loud": """\
private func @loud(%n: i64, %log: ref<cell<i64>>) -> @Loud {
^entry:
  %l = struct %n, %log : @Loud
  ret %l
}
""",
    "sum": """\
private func @sum(%xs: ref<[? x i64]>) -> i64 {
^entry:
  %n = slice.len %xs
  %zero = const 0 : usize
  %start = const 0 : i64
  br ^loop(%zero, %start)
^loop(%i: usize, %acc: i64):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  %seq = deref %xs
  %slot = elem %seq, %i
  %x = load %slot
  %next = add %acc, %x
  %one = const 1 : usize
  %i1 = add %i, %one
  br ^loop(%i1, %next)
^done:
  ret %acc
}
""",
    "fill": """\
private func @fill(%xs: ref<mut [? x i64]>, %x: i64) {
^entry:
  %n = slice.len %xs
  %zero = const 0 : usize
  br ^loop(%zero)
^loop(%i: usize):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  %seq = deref %xs
  %slot = elem %seq, %i
  assign %slot, %x
  %one = const 1 : usize
  %i1 = add %i, %one
  br ^loop(%i1)
^done:
  ret
}
""",
    "twice": """\
private func @twice(%x: i64) -> i64 {
^entry:
  %y = add %x, %x
  ret %y
}
""",
    "negate": """\
private func @negate(%x: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %y = sub %zero, %x
  ret %y
}
""",
    "fact": """\
private func @fact(%n: i64) -> i64 {
^entry:
  %one = const 1 : i64
  %small = icmp ule %n, %one
  cond_br %small, ^base, ^more
^base:
  ret %one
^more:
  %m = sub %n, %one
  %f = call @fact(%m)
  %r = mul %n, %f
  ret %r
}
""",
    "advance": """\
private func @advance(%r: ref<mut i64>, %by: i64) -> i64 {
^entry:
  %p = deref %r
  %before = load %p
  %after = add %before, %by
  assign %p, %after
  ret %before
}
""",
    "bump": """\
private func @bump(%a: ref<atomic<i64>>, %by: i64) -> i64 {
^entry:
  %old = atomic.rmw add acq_rel %a, %by
  ret %by
}
""",
    "guarded": """\
private func @guarded(%m: ref<mutex<i64>>, %by: i64) {
^entry:
  %g = lock %m
  %p = deref %g
  %x = load %p
  %y = add %x, %by
  assign %p, %y
  drop %g
  ret
}
""",
    "mine": """\
private func @mine_of(%x: i64) -> i64 {
^entry:
  %p = global @mine
  %before = load %p
  assign %p, %x
  %after = load %p
  %sum = add %before, %after
  ret %sum
}
""",
    "orphans": """\
private func @orphans(%x: i64) -> weak<@Late> {
^entry:
  %l = struct %x : @Late
  %g = new %l : gc<@Late>
  %w = weak.new %g
  ret %w
}
""",
    "ring": """\
private func @ring(%x: i64) -> weak<@Object> {
^entry:
  %end = enum End : @Link
  %o = struct %end, %x : @Object
  %a = new %o : gc<@Object>
  %to = enum To, %a : @Link
  %p = deref %a
  %next = field %p, next
  assign %next, %to
  %w = weak.new %a
  ret %w
}
""",
    "counted": """\
func @counted() -> i64 {
^entry:
  %c = global @counter unsafe
  %n = load %c
  ret %n
}
""",
    "fails": """\
private func @fails(%x: i64) -> i64 {
^entry:
  %three = const 3 : i64
  %bad = icmp eq %x, %three
  cond_br %bad, ^stop, ^fine
^stop:
  panic "three is refused"
^fine:
  ret %x
}
""",
}  # fmt: skip
"""Functions that snippets call, by name."""

PRELUDE = split(DECLARATIONS) | {names(text)[0]: text for text in LIBRARY.values()}
"""What may stand in front of a program, by name; a program has of it what it uses."""

RESETS = {
    "counter": """\
  %counter = global @counter unsafe
  %zero = const 0 : i64
  assign %counter, %zero
""",
    "hits": """\
  %hits = global.ref @hits
  %none = const 0 : i64
  atomic.store relaxed %hits, %none
""",
}
"""What the entry begins with where a global is used: it may be called again."""
