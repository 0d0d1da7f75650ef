"""What the programs of ``borrowing`` begin with: their types, and functions with references in their signatures.

Example: ``LIBRARY["longer"]`` says that a call of ``@longer`` takes two references, and that what is borrowed by either may be
in its result, because its second region outlives the first.

Invariant: the signature in a ``Signature`` says the same as its text.
"""

from __future__ import annotations

import attrs

DECLARATIONS = """\
struct @Pair { a: i64, b: i64 }
struct @Nested { p: @Pair, q: @Pair, n: i64 }
enum @Opt { None, Some(i64), Both(@Pair) }
struct @View<'a> { r: ref<'a, i64>, n: i64 }
struct @MutView<'a> { r: ref<'a, mut i64>, n: i64 }
struct @Noisy<'a> { r: ref<'a, i64>, n: i64 } drop @Noisy.drop
enum @Maybe<'a> { Nothing, One(ref<'a, i64>), Mut(ref<'a, mut i64>) }
struct @Node { v: i64, next: @List }
enum @List { Nil, Cons(own<@Node>) }
struct @Object { const fixed: i64, v: i64 }
global mut @bits : i64 = 0
global @fixed : i64 = 4
func @Noisy.drop<'a>(%self: ref<mut @Noisy<'a>>) nounwind {
^entry:
  %s = deref %self
  %p = field %s, r
  %q = deref %p
  %x = load %q
  %n = field %s, n
  assign %n, %x
  ret
}
func @flip() -> i1 nounwind {
^entry:
  %g = global @bits unsafe
  %n = load %g
  %one = const 1 : i64
  %m = lshr %n, %one
  assign %g, %m
  %b = trunc %n : i1
  ret %b
}
func @work() {
^entry:
  %b = call @flip()
  %c = call @flip()
  %d = and %b, %c
  cond_br %d, ^fails, ^done
^fails:
  panic "work failed"
^done:
  ret
}
"""


@attrs.frozen
class Signature:
    """How a function is called: its parameters as pairs of a type and the region in it (empty for none), and its result."""

    parameters: tuple[tuple[str, str], ...]
    result: tuple[str, str] | None
    outlives: tuple[tuple[str, str], ...] = ()
    text: str = attrs.field(default="", repr=False)

    def flows(self, region: str) -> bool:
        """Whether what has ``region`` may be in the result."""
        return self.result is not None and (region == self.result[1] or (region, self.result[1]) in self.outlives)


LIBRARY: dict[str, Signature] = {
    "look": Signature((("ref<i64>", ""),), ("i64", ""), text="""\
func @look(%r: ref<i64>) -> i64 nounwind {
^entry:
  %p = deref %r
  %x = load %p
  ret %x
}
"""),
    "bump": Signature((("ref<mut i64>", ""), ("ref<i64>", "")), ("i64", ""), text="""\
func @bump(%r: ref<mut i64>, %by: ref<i64>) -> i64 {
^entry:
  call @work()
  %p = deref %r
  %q = deref %by
  %x = load %p
  %y = load %q
  %z = add %x, %y
  assign %p, %z
  ret %x
}
"""),
    "swap": Signature((("ref<mut i64>", ""), ("ref<mut i64>", "")), ("i64", ""), text="""\
func @swap(%r: ref<mut i64>, %s: ref<mut i64>) -> i64 nounwind {
^entry:
  %p = deref %r
  %q = deref %s
  %x = load %p
  %y = exchange %q, %x
  assign %p, %y
  ret %x
}
"""),
    "pick": Signature((("ref<i64>", "'a"), ("ref<i64>", "'a")), ("ref<i64>", "'a"), text="""\
func @pick<'a>(%x: ref<'a, i64>, %y: ref<'a, i64>) -> ref<'a, i64> {
^entry:
  %c = call @flip()
  %r = select %c, %x, %y
  ret %r
}
"""),
    "pick_mut": Signature((("ref<mut i64>", "'a"), ("ref<mut i64>", "'a")), ("ref<mut i64>", "'a"), text="""\
func @pick_mut<'a>(%x: ref<'a, mut i64>, %y: ref<'a, mut i64>) -> ref<'a, mut i64> {
^entry:
  %c = call @flip()
  cond_br %c, ^left, ^right
^left:
  ret %x
^right:
  ret %y
}
"""),
    "first": Signature((("ref<i64>", "'a"), ("ref<i64>", "'b")), ("ref<i64>", "'a"), text="""\
func @first<'a, 'b>(%x: ref<'a, i64>, %y: ref<'b, i64>) -> ref<'a, i64> {
^entry:
  %p = deref %y
  %n = load %p
  ret %x
}
"""),
    "longer": Signature((("ref<i64>", "'a"), ("ref<i64>", "'b")), ("ref<i64>", "'a"), (("'b", "'a"),), text="""\
func @longer<'a, 'b: 'a>(%x: ref<'a, i64>, %y: ref<'b, i64>) -> ref<'a, i64> {
^entry:
  %p = deref %x
  %q = deref %y
  %n = load %p
  %m = load %q
  %c = icmp ugt %n, %m
  %r = select %c, %x, %y
  ret %r
}
"""),
    "part": Signature((("ref<mut @Nested>", "'a"),), ("ref<mut @Pair>", "'a"), text="""\
func @part<'a>(%x: ref<'a, mut @Nested>) -> ref<'a, mut @Pair> {
^entry:
  %p = deref %x
  %c = call @flip()
  cond_br %c, ^left, ^right
^left:
  %l = field %p, p
  %rl = borrow mut %l
  ret %rl
^right:
  %r = field %p, q
  %rr = borrow mut %r
  ret %rr
}
"""),
    "part_of": Signature((("ref<@Pair>", ""),), ("ref<i64>", ""), text="""\
func @part_of(%x: ref<@Pair>) -> ref<i64> {
^entry:
  %p = deref %x
  %l = field %p, b
  %r = borrow %l
  ret %r
}
"""),
    "view": Signature((("ref<i64>", "'a"), ("i64", "")), ("@View<'_>", "'a"), text="""\
func @view<'a>(%x: ref<'a, i64>, %n: i64) -> @View<'a> {
^entry:
  %v = struct %x, %n : @View<'a>
  ret %v
}
"""),
    "get_or_insert": Signature((("ref<mut @Opt>", "'a"),), ("ref<mut i64>", "'a"), text="""\
func @get_or_insert<'a>(%o: ref<'a, mut @Opt>) -> ref<'a, mut i64> {
^entry:
  %p = deref %o
  switch_enum %p, Some ^some, Both ^both, None ^none
^some:
  %v = variant %p, Some
  %r = borrow mut %v
  ret %r
^both:
  %w = variant %p, Both
  %f = field %w, a
  %s = borrow mut %f
  ret %s
^none:
  %n = const 5 : i64
  %some = enum Some, %n : @Opt
  assign %p, %some
  switch_enum %p, Some ^now, ^never
^now:
  %u = variant %p, Some
  %t = borrow mut %u
  ret %t
^never:
  unreachable
}
"""),
    "set": Signature((("ref<mut ref<i64>>", ""), ("ref<i64>", "")), ("i64", ""), text="""\
func @set<'a>(%to: ref<mut ref<'a, i64>>, %r: ref<'a, i64>) -> i64 {
^entry:
  %p = deref %to
  assign %p, %r
  %q = deref %r
  %x = load %q
  ret %x
}
"""),
    "last": Signature((("ref<mut @List>", "'a"),), ("ref<mut @List>", "'a"), text="""\
func @last<'a>(%list: ref<'a, mut @List>) -> ref<'a, mut @List> {
^entry:
  br ^walk(%list)
^walk(%at: ref<'a, mut @List>):
  %p = deref %at
  switch_enum %p, Cons ^cons, Nil ^nil
^cons:
  %node = variant %p, Cons
  %content = deref %node
  %next = field %content, next
  %r = borrow mut %next
  br ^walk(%r)
^nil:
  ret %at
}
"""),
    "push": Signature((("ref<mut @List>", ""), ("i64", "")), ("i64", ""), text="""\
func @push(%list: ref<mut @List>, %v: i64) -> i64 {
^entry:
  %nil = enum Nil : @List
  %node = struct %v, %nil : @Node
  %o = new %node : own<@Node>
  %cons = enum Cons, %o : @List
  %p = deref %list
  %old = exchange %p, %cons
  drop %old
  ret %v
}
"""),
}  # fmt: skip
"""Functions that generated code calls. Where a signature names no region, the result has those of all parameters."""

GENERATED = [
    Signature((("ref<mut @Nested>", "'a"), ("ref<@Pair>", "'b")), ("ref<mut i64>", "'a")),
    Signature((("ref<mut @Nested>", "'a"), ("ref<mut i64>", "'b")), ("ref<mut i64>", "'a"), (("'b", "'a"),)),
    Signature((("ref<@Nested>", "'a"), ("ref<i64>", "'b"), ("ref<mut @Opt>", "'c")), ("ref<i64>", "'a"), (("'b", "'a"),)),
    Signature((("ref<mut @Pair>", "'a"), ("@View<'_>", "'b")), ("ref<mut @Pair>", "'a")),
    Signature((("ref<mut @Pair>", "'a"), ("ref<mut ref<i64>>", "'b")), ("i64", "")),
]
"""Signatures of generated functions; the first parameter can always give the result."""
