"""What do drops cost at O2, against the same programs with ``free`` placed by hand?

Each program is in the module twice: with owners, which are dropped by what the passes add, and with raw pointers that are
freed where a C programmer would, also where something panics. Both allocate by ``new`` and have the same types, both run in
one executable, without checks, and must print the same; what is counted is instructions, less those of a run that does nothing.
What is allocated is looked at by a function that nobody knows before it runs: else LLVM takes allocations and releases out.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import attrs

from bench.harness import Row, instructions

BAR = 1.005
COUNT = 2_000


@attrs.frozen
class Body:
    """What one turn of the loop does, in front of ``br ^next(%v)`` with what is added to the sum; ``before`` the loop and
    ``behind`` it."""

    turn: str
    before: str = ""
    behind: str = ""


COMMON = """altru 1
module @drops
struct @Pair { a: own<i64>, b: own<i64> }
enum @Opt { None, Some(own<i64>) }
struct @Node { next: @Link, n: i64 }
enum @Link { None, Some(own<@Node>) }
enum @RawOpt { None, Some(ptr<mut i64>) }
struct @Raw { next: @RawLink, n: i64 }
enum @RawLink { None, Some(ptr<mut @Raw>) }
struct @Tree { left: @Side, right: @Side }
enum @Side { None, Some(own<@Tree>) }
struct @RawTree { left: @RawSide, right: @RawSide }
enum @RawSide { None, Some(ptr<mut @RawTree>) }
global @format : [5 x i8] = "%ld\\n\\x00"
extern "C" func @printf(%format: ptr<i8> borrowed, ...) -> i32 unsafe
extern "C" func @atoi(%text: ptr<i8> borrowed) -> i32 unsafe
private func @make(%n: i64) -> own<i64> {
^entry:
  %o = new %n : own<i64>
  ret %o
}
private func @make_raw(%n: i64) -> ptr<mut i64> {
^entry:
  %o = new %n : own<i64>
  %p = own.into_ptr %o
  ret %p
}
private func @eat(%o: own<i64>, %look: fn(ref<i64>) -> i64 nounwind) -> i64 {
^entry:
  %p = deref %o
  %r = borrow %p
  %v = call %look(%r)
  ret %v
}
private func @eat_raw(%q: ptr<mut i64>, %look: fn(ref<i64>) -> i64 nounwind) -> i64 {
^entry:
  %p = deref %q unsafe
  %r = borrow %p
  %v = call %look(%r)
  free %q unsafe
  ret %v
}
func @looked_at(%r: ref<i64>) -> i64 nounwind {
^entry:
  %p = deref %r
  %v = load %p
  ret %v
}
func @looked_at_again(%r: ref<i64>) -> i64 nounwind {
^entry:
  %p = deref %r
  %v = load %p
  %w = add %v, %v
  ret %w
}
private func @risky(%n: i64) -> i64 {inline = "never"} {
^entry:
  %m = sadd.checked %n, %n
  ret %m
}
private func @grow(%depth: i64) -> @Side {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %leaf = icmp eq %depth, %zero
  cond_br %leaf, ^leaf, ^inner
^leaf:
  %none = enum None : @Side
  ret %none
^inner:
  %less = sub %depth, %one
  %left = call @grow(%less)
  %right = call @grow(%less)
  %tree = struct %left, %right : @Tree
  %o = new %tree : own<@Tree>
  %some = enum Some, %o : @Side
  ret %some
}
private func @grow_raw(%depth: i64) -> @RawSide {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %leaf = icmp eq %depth, %zero
  cond_br %leaf, ^leaf, ^inner
^leaf:
  %none = enum None : @RawSide
  ret %none
^inner:
  %less = sub %depth, %one
  %left = call @grow_raw(%less)
  %right = call @grow_raw(%less)
  %tree = struct %left, %right : @RawTree
  %o = new %tree : own<@RawTree>
  %p = own.into_ptr %o
  %some = enum Some, %p : @RawSide
  ret %some
}
private func @fell(%side: @RawSide) {
^entry:
  switch_enum %side, None ^done, Some ^inner
^inner(%tree: ptr<mut @RawTree>):
  %t = deref %tree unsafe
  %l = field %t, left
  %left = load %l
  call @fell(%left)
  %r = field %t, right
  %right = load %r
  call @fell(%right)
  free %tree unsafe
  br ^done
^done:
  ret
}
"""

LOOP = """func @NAME(%n: i64, %look: fn(ref<i64>) -> i64 nounwind) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %limit = const 30 : i64
  %depth = const 5 : i64
  %sixteen = const 16 : usize
  %third = const 3 : usize
BEFORE  br ^head(%zero, %zero)
^head(%i: i64, %sum: i64):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  %bit = and %i, %one
  %odd = icmp eq %bit, %one
TURN^next(%v: i64):
  %all = add %sum, %v
  %up = add %i, %one
  br ^head(%up, %all)
^done:
BEHIND  ret %sum
}
"""

MAIN = """func @main(%argc: i32, %argv: ptr<ptr<i8>>) -> i32 {
^entry:
  %one = const 1 : usize
  %two = const 2 : i32
  %none = const 0 : i32
  %second = ptr.add %argv, %one
  %at = deref %second unsafe
  %text = load %at
  %given = call @atoi(%text) unsafe
  %n = sext %given : i64
  %hand = icmp sgt %argc, %two
  %five = const 5 : i32
  %many = icmp sgt %argc, %five
  %at_it = func.ref @looked_at
  %again = func.ref @looked_at_again
  %look = select %many, %again, %at_it
  cond_br %hand, ^hand, ^owned
^owned:
  %x = call @owned(%n, %look)
  br ^print(%x)
^hand:
  %y = call @by_hand(%n, %look)
  br ^print(%y)
^print(%v: i64):
  %g = global @format
  %r = borrow %g
  %whole = ref.to_ptr %r
  %f = ptr.cast %whole : ptr<i8>
  %written = call @printf(%f, %v) unsafe
  ret %none
}
"""

LOOKED = "  %p = deref %o\n  %r = borrow %p\n  %w = call %look(%r)\n  br ^next(%w)\n"
LOOKED_RAW = "  %p = deref %q unsafe\n  %r = borrow %p\n  %w = call %look(%r)\n  free %q unsafe\n  br ^next(%w)\n"
MADE = "  %o = new %i : own<i64>\n"
MADE_RAW = MADE + "  %q = own.into_ptr %o\n"

PROGRAMS: dict[str, tuple[Body, Body]] = {
    "made and dropped": (Body(MADE + LOOKED), Body(MADE_RAW + LOOKED_RAW)),
    "given on one way": (
        Body(MADE + "  cond_br %odd, ^give, ^keep\n^give:\n  %u = call @eat(%o, %look)\n  br ^next(%u)\n^keep:\n" + LOOKED),
        Body(
            MADE_RAW
            + "  cond_br %odd, ^give, ^keep\n^give:\n  %u = call @eat_raw(%q, %look)\n  br ^next(%u)\n^keep:\n"
            + LOOKED_RAW
        ),
    ),
    "under a flag": (
        Body(
            "  %l = local : own<i64>\n" + MADE + "  init %l, %o\n  cond_br %odd, ^give, ^rest(%one)\n^give:\n  %x = take %l\n"
            "  %u = call @eat(%x, %look)\n  br ^rest(%u)\n^rest(%s: i64):\n  %w = call @risky(%s)\n  br ^next(%w)\n"
        ),
        Body(
            MADE_RAW + "  cond_br %odd, ^give, ^rest(%one)\n^give:\n  %u = call @eat_raw(%q, %look)\n  br ^rest(%u)\n"
            "^rest(%s: i64) unwind ^clean:\n  %w = call @risky(%s)\n  br ^behind\n^behind:\n"
            "  cond_br %odd, ^next(%w), ^free\n^free:\n  free %q unsafe\n  br ^next(%w)\n"
            "^clean:\n  cond_br %odd, ^up, ^release\n^release:\n  free %q unsafe\n  br ^up\n^up:\n  resume\n"
        ),
    ),
    "a sequence": (
        Body(
            "  %o = new.array %sixteen, %i : own<[? x i64]>\n  %s = deref %o\n  %p = elem %s, %third\n  %r = borrow %p\n"
            "  %w = call %look(%r)\n  br ^next(%w)\n"
        ),
        Body(
            "  %o = new.array %sixteen, %i : own<[? x i64]>\n  %q = own.into_ptr %o\n  %s = deref %q unsafe\n"
            "  %p = elem %s, %third\n  %r = borrow %p\n  %w = call %look(%r)\n  free %q unsafe\n  br ^next(%w)\n"
        ),
    ),
    "partly moved": (
        Body(
            MADE + "  %o2 = new %one : own<i64>\n  %p2 = deref %o2\n  %r2 = borrow %p2\n  %y = call %look(%r2)\n"
            "  %pair = struct %o, %o2 : @Pair\n  %l = local : @Pair\n  init %l, %pair\n"
            "  %a = field %l, a\n  %x = take %a\n  %u = call @eat(%x, %look)\n  br ^next(%u)\n"
        ),
        Body(
            MADE_RAW + "  %o2 = new %one : own<i64>\n  %p2 = deref %o2\n  %r2 = borrow %p2\n  %y = call %look(%r2)\n"
            "  %q2 = own.into_ptr %o2\n  %u = call @eat_raw(%q, %look)\n  free %q2 unsafe\n"
            "  br ^next(%u)\n"
        ),
    ),
    "an enum": (
        Body(
            "  cond_br %odd, ^some, ^none\n^some:\n" + MADE + "  %p = deref %o\n  %r = borrow %p\n  %x = call %look(%r)\n"
            "  %some = enum Some, %o : @Opt\n  br ^have(%some)\n^none:\n"
            "  %no = enum None : @Opt\n  br ^have(%no)\n^have(%e: @Opt):\n  %w = call @risky(%i)\n  br ^next(%w)\n"
        ),
        Body(
            "  cond_br %odd, ^some, ^none\n^some:\n" + MADE_RAW + "  %p = deref %q unsafe\n  %r = borrow %p\n"
            "  %x = call %look(%r)\n  %some = enum Some, %q : @RawOpt\n  br ^have(%some)\n"
            "^none:\n  %no = enum None : @RawOpt\n  br ^have(%no)\n^have(%e: @RawOpt):\n  br ^work\n"
            "^work unwind ^clean:\n  %w = call @risky(%i)\n  br ^behind\n^behind:\n"
            "  switch_enum %e, None ^next(%w), Some ^free\n^free(%is: ptr<mut i64>):\n  free %is unsafe\n  br ^next(%w)\n"
            "^clean:\n  switch_enum %e, None ^up, Some ^release\n^release(%was: ptr<mut i64>):\n  free %was unsafe\n"
            "  br ^up\n^up:\n  resume\n"
        ),
    ),
    "a list": (
        Body(
            "  %no = enum None : @Link\n  br ^grow(%zero, %no)\n^grow(%k: i64, %rest: @Link):\n"
            "  %node = struct %rest, %k : @Node\n  %o = new %node : own<@Node>\n  %link = enum Some, %o : @Link\n"
            "  %k1 = add %k, %one\n  %go = icmp ult %k1, %limit\n  cond_br %go, ^grow(%k1, %link), ^grown(%link)\n"
            "^grown(%list: @Link):\n  br ^next(%i)\n"
        ),
        Body(
            "  %no = enum None : @RawLink\n  br ^grow(%zero, %no)\n^grow(%k: i64, %rest: @RawLink):\n"
            "  %node = struct %rest, %k : @Raw\n  %o = new %node : own<@Raw>\n  %raw = own.into_ptr %o\n"
            "  %link = enum Some, %raw : @RawLink\n"
            "  %k1 = add %k, %one\n  %go = icmp ult %k1, %limit\n  cond_br %go, ^grow(%k1, %link), ^shrink(%link)\n"
            "^shrink(%more_of: @RawLink):\n"
            "  switch_enum %more_of, None ^next(%i), Some ^free\n^free(%at: ptr<mut @Raw>):\n"
            "  %s = deref %at unsafe\n  %f = field %s, next\n  %following = load %f\n  free %at unsafe\n"
            "  br ^shrink(%following)\n"
        ),
    ),
    "a tree": (
        Body("  %tree = call @grow(%depth)\n  br ^next(%i)\n"),
        Body("  %tree = call @grow_raw(%depth)\n  call @fell(%tree)\n  br ^next(%i)\n"),
    ),
    "overwritten": (
        Body(
            MADE + "  assign %l, %o\n  %c = deref %l\n  %w = load %c\n  br ^next(%w)\n",
            "  %l = local : own<i64>\n  %first = new %one : own<i64>\n  init %l, %first\n",
        ),
        Body(
            MADE_RAW + "  %old = load %l\n  free %old unsafe\n  init %l, %q\n  %c = deref %q unsafe\n  %w = load %c\n"
            "  br ^next(%w)\n",
            "  %l = local : ptr<mut i64>\n  %first = new %one : own<i64>\n  %f = own.into_ptr %first\n  init %l, %f\n",
            "  %last = load %l\n  free %last unsafe\n",
        ),
    ),
    "through calls": (
        Body("  %o = call @make(%i)\n  %w = call @eat(%o, %look)\n  br ^next(%w)\n"),
        Body("  %q = call @make_raw(%i)\n  %w = call @eat_raw(%q, %look)\n  br ^next(%w)\n"),
    ),
    "an owner of an owner": (
        Body(
            "  %inner = new %i : own<i64>\n  %o = new %inner : own<own<i64>>\n  %c = deref %o\n  %p = deref %c\n"
            "  %r = borrow %p\n  %w = call %look(%r)\n  br ^next(%w)\n"
        ),
        Body(
            "  %inner = new %i : own<i64>\n  %q = own.into_ptr %inner\n  %outer = new %q : own<ptr<mut i64>>\n"
            "  %q2 = own.into_ptr %outer\n  %c = deref %q2 unsafe\n  %q3 = load %c\n  %p = deref %q3 unsafe\n"
            "  %r = borrow %p\n  %w = call %look(%r)\n  %q4 = load %c\n  free %q4 unsafe\n  free %q2 unsafe\n  br ^next(%w)\n"
        ),
    ),
    "across what may panic": (
        Body(MADE + "  %u = call @risky(%i)\n" + LOOKED),
        Body(
            MADE_RAW + "  br ^work\n^work unwind ^clean:\n  %u = call @risky(%i)\n  br ^behind\n^clean:\n  free %q unsafe\n"
            "  resume\n^behind:\n" + LOOKED_RAW
        ),
    ),
}


def text(name: str) -> str:
    """The module of one program."""
    parts = [COMMON]
    for function, body in zip(("owned", "by_hand"), PROGRAMS[name], strict=True):
        whole = LOOP.replace("NAME", function).replace("BEFORE", body.before).replace("BEHIND", body.behind)
        parts.append(whole.replace("TURN", body.turn))
    return "".join([*parts, MAIN])


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Instructions of each program with owners, over those with ``free`` by hand."""
    import altru_ir as air
    from altru_ir import backend

    worst = 0.0
    for number, name in enumerate(PROGRAMS):
        program = scratch / f"p{number}"
        backend.emit(air.parse(text(name)), "exe", program, opt=2, checks="none")
        command = [str(program), str(COUNT)]
        said = [subprocess.run([*command, *more], capture_output=True, check=True).stdout for more in ((), ("hand",))]
        if said[0] != said[1]:
            raise RuntimeError(f"{name}: {said[0]!r} and {said[1]!r}")
        counts = [instructions([str(program), size, *more]) for size in ("0", str(COUNT)) for more in ((), ("hand",))]
        if None in counts:
            return  # no valgrind here
        idle, idle_hand, owned, by_hand = (float(count or 0) for count in counts)
        ratio = (owned - idle) / (by_hand - idle_hand)
        worst = max(worst, ratio)
        yield Row(
            name, "instructions", (owned - idle) / COUNT, "each", peer="free by hand", ratio=ratio, bar=BAR,
            counted={"instructions": owned - idle, "peer_instructions": by_hand - idle_hand},
        )  # fmt: skip
    yield Row("the most", "instructions", worst, "x", peer="free by hand", ratio=worst, bar=BAR)
