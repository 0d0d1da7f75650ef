"""Programs with proofs written by hand, for the tests of the checker: a good one of each kind of step."""

from __future__ import annotations

import altru_ir as air
from altru_ir.module import Block, Function
from altru_ir.passes.proofs import certificates as c
from altru_ir.passes.proofs.certificates import Aligned, Certificate, Lemma, Polynomial, Proof, Term
from altru_ir.values import Operation, Value

LARGEST = (1 << 64) - 1


class Program:
    """A function with its values by name and its operations by the name of their result, or as ``check.bounds 1``."""

    def __init__(self, text: str) -> None:
        self.module = air.parse("altru 1\nmodule @test\n" + text)
        assert air.verify(self.module) == []
        self.function: Function = next(f for f in self.module.functions.values() if f.blocks)
        self.blocks: dict[str, Block] = {str(block.label): block for block in self.function.blocks}
        self.values: dict[str, Value] = {str(value.name): value for value in self.function.parameters}
        self.ops: dict[str, Operation] = {}
        seen: dict[str, int] = {}
        for block in self.function.blocks:
            self.values.update((str(value.name), value) for value in block.args)
            for op in block.ops:
                for value in op.results:
                    self.values[str(value.name)] = value
                    self.ops[str(value.name)] = op
                at = seen[op.name] = seen.get(op.name, 0) + 1
                self.ops[f"{op.name} {at}"] = op

    def p(self, constant: int = 0, **terms: int) -> Polynomial:
        """A polynomial: ``p(-1, n=1, i=-1)`` is u(n) - u(i) - 1; ``s_x`` reads x signed, ``d0_x`` is its first dimension."""
        found: Polynomial = {}
        for name, coefficient in terms.items():
            reading: str | int = "u"
            if name[:2] == "s_":
                name, reading = name[2:], "s"
            elif name[:1] == "d" and name[1:2].isdigit() and name[2:3] == "_":
                name, reading = name[3:], int(name[1])
            found[(Term(self.values[name], reading),)] = coefficient
        if constant:
            found[()] = constant
        return found

    def branch(self, block: str, index: int) -> c.Branch:
        return c.Branch(self.blocks[block].ops[-1], index)


UP = """
func @f(%a: ref<[? x i32]>, %b: ref<[? x i32]>, %s: usize) {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  %n = slice.len %a
  %m = slice.len %b
  br ^head(%zero)
^head(%i: usize):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  check.bounds %i, %n
  check.bounds %i, %m
  %next = add %i, %one
  br ^head(%next)
^done:
  check.bounds %s, %n
  ret
}
"""


def up() -> tuple[Program, Proof]:
    """An index that its loop's test keeps below a length."""
    x = Program(UP)
    steps = (c.Stated(x.branch("head", 0), x.p(-1, n=1, i=-1)),)
    return x, Proof([], [Certificate(x.ops["check.bounds 1"], (steps,))])


DOWN = """
func @f(%a: ref<[? x i32]>, %s: usize) {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  %n = slice.len %a
  br ^head(%n)
^head(%i: usize):
  %more = icmp ugt %i, %zero
  cond_br %more, ^body, ^done
^body:
  %next = sub %i, %one
  check.bounds %next, %n
  br ^head(%next)
^done:
  ret
}
"""


def down() -> tuple[Program, Proof]:
    """An index that goes down from a length: a lemma, its induction, and a difference that does not wrap."""
    x = Program(DOWN)
    lemma = c.Invariant(0)
    at_next = (
        c.Stated(x.branch("head", 0), x.p(-1, i=1, zero=-1)),  # 0
        c.Stated(c.Definition(x.ops["zero"]), x.p(zero=1), True),  # 1
        c.Sum(((0, 1), (1, 1))),  # 2: i - 1 >= 0
        c.Stated(c.Type(Term(x.values["i"], "u")), x.p(LARGEST, i=-1)),  # 3
        c.Sum(((3, 1),), 1),  # 4: largest - (i - 1) >= 0
        c.Exact(x.values["next"], "u", ("u", "u"), 2, 4),  # 5: next - i + 1 = 0
        lemma,  # 6: n - i >= 0
    )
    edges = ((c.Sum((), 0),), (*at_next, c.Sum(((6, 1), (5, -1)), 1)))
    proof = Proof([Lemma(x.blocks["head"], x.p(n=1, i=-1), edges)])
    proof.certificates.append(Certificate(x.ops["check.bounds 1"], ((*at_next, c.Sum(((6, 1), (5, -1)))),)))
    return x, proof


PARTS = """
func @f(%a: ref<[? x i32]>, %p: ptr<mut i64>, %x: i32, %y: i32, %t: usize, %c: i1) {
^entry:
  %n = slice.len %a
  %seven = const 7 : usize
  %zero = const 0 : usize
  %half = udiv %n, %seven
  %place = deref %a
  %part = subrange %place, %half, %n
  %some = borrow %part
  %k = slice.len %some
  check.subrange %half, %n, %n
  check.nonnull %p
  check.align %p, 8
  %q = ptr.add %p, %t
  check.align %q, 8
  check.nonnull %p
  %small = and %t, %seven
  %more = icmp ult %small, %n
  %chosen = select %more, %small, %zero
  %wide = zext %x : usize
  %rest = urem %t, %n
  check.bounds %rest, %n
  check.bounds %chosen, %n
  %differs = icmp ne %n, %zero
  cond_br %differs, ^some, ^none
^some:
  check.nonzero %n
  check.bounds %chosen, %n
  switch %t, 1 ^one, 2 ^two, ^none
^one:
  check.bounds %t, %n
  check.quotient %x, %y
  br ^none
^two:
  br ^none
^none:
  ret
}
"""


def remainder() -> tuple[Program, Proof]:
    """A remainder is below what it is divided by."""
    x = Program(PARTS)
    steps = (c.Stated(c.Definition(x.ops["rest"]), x.p(-1, rest=-1, n=1)),)
    return x, Proof([], [Certificate(x.ops["check.bounds 1"], (steps,))])


def part() -> tuple[Program, Proof]:
    """A part of a sequence from a seventh of it to its end; quotients, both goals of one check."""
    x = Program(PARTS)
    below = (c.Stated(c.Definition(x.ops["half"]), x.p(half=-1, n=1)),)
    return x, Proof([], [Certificate(x.ops["check.subrange 1"], (below, (c.Sum((), 0),)))])


def lengths() -> tuple[Program, Proof]:
    """The same check by way of the length of the part: u(n) - u(half) = k >= 0."""
    x = Program(PARTS)
    steps = (
        c.Stated(c.Definition(x.ops["half"]), x.p(half=-1, n=1)),  # 0
        c.Stated(c.Definition(x.ops["some"], 0), x.p(d0_some=1, n=-1, half=1), True),  # 1
        c.Stated(c.Type(Term(x.values["some"], 0)), x.p(d0_some=1)),  # 2
        c.Sum(((2, 1), (1, -1))),
    )
    return x, Proof([], [Certificate(x.ops["check.subrange 1"], (steps, (c.Sum((), 0),)))])


def pointers() -> tuple[Program, Proof]:
    """What an earlier check of a pointer said; an element further it is as aligned."""
    x = Program(PARTS)
    nonnull = (c.Stated(c.Passed(x.ops["check.nonnull 1"]), x.p(-1, p=1)),)
    aligned = (
        c.Multiple(x.values["p"], 8, c.Passed(x.ops["check.align 1"])),
        c.Multiple(x.values["q"], 8, c.Definition(x.ops["q"]), (0,)),
    )
    certificates = [Certificate(x.ops["check.align 2"], (aligned,)), Certificate(x.ops["check.nonnull 2"], (nonnull,))]
    return x, Proof([], certificates)


def different() -> tuple[Program, Proof]:
    """What is not negative and not zero is at least one."""
    x = Program(PARTS)
    steps = (
        c.Stated(c.Type(Term(x.values["n"], "u")), x.p(n=1)),  # 0
        c.Stated(c.Definition(x.ops["zero"]), x.p(zero=1), True),  # 1
        c.Sum(((0, 1), (1, -1))),  # 2: n - zero >= 0
        c.Distinct(2, x.branch("entry", 0), x.p(n=1, zero=-1)),  # 3: n - zero - 1 >= 0
        c.Sum(((3, 1), (1, 1))),
    )
    return x, Proof([], [Certificate(x.ops["check.nonzero 1"], (steps,))])


def choice() -> tuple[Program, Proof]:
    """An index that is zero where it would be too large, of a sequence that is not empty."""
    x = Program(PARTS)
    smaller = (c.Stated(c.Chosen(x.ops["chosen"], True), x.p(-1, n=1, small=-1)),)
    first = (
        c.Stated(c.Type(Term(x.values["n"], "u")), x.p(n=1)),
        c.Stated(c.Definition(x.ops["zero"]), x.p(zero=1), True),
        c.Sum(((0, 1), (1, -1))),
        c.Distinct(2, x.branch("entry", 0), x.p(n=1, zero=-1)),
    )
    steps = (c.Cases(x.ops["chosen"], x.p(-1, n=1, chosen=-1), smaller, first),)
    return x, Proof([], [Certificate(x.ops["check.bounds 3"], (steps,))])


LEAST = """
func @f(%a: ref<[? x i32]>, %s: usize, %t: usize) {
^entry:
  %n = slice.len %a
  %ok = icmp ule %s, %n
  cond_br %ok, ^some, ^done
^some:
  %least = umin %t, %n
  %most = umax %s, %t
  check.subrange %s, %s, %n
  check.subrange %s, %most, %n
  %enough = icmp ule %s, %t
  cond_br %enough, ^more, ^done
^more:
  check.subrange %s, %least, %n
  br ^done
^done:
  ret
}
"""


def least() -> tuple[Program, Proof]:
    """A part that ends where its sequence does, if not before: what is not above both of two is not above the smaller one."""
    x = Program(LEAST)
    first = (c.Stated(x.branch("some", 0), x.p(t=1, s=-1)),)
    second = (c.Stated(x.branch("entry", 0), x.p(n=1, s=-1)),)
    begins = (c.Cases(x.ops["least"], x.p(least=1, s=-1), first, second),)
    ends = (c.Stated(c.Definition(x.ops["least"]), x.p(n=1, least=-1)),)
    return x, Proof([], [Certificate(x.ops["check.subrange 3"], (begins, ends))])


def greater() -> tuple[Program, Proof]:
    """What is said of a case: the greater one of two that is not the second is not below it."""
    x = Program(LEAST)
    first = (c.Stated(c.Chosen(x.ops["most"], True), x.p(s=1, t=-1)),)
    both = (c.Sum((), 0),)
    begins = (c.Cases(x.ops["most"], x.p(most=1, t=-1), first, both), c.Sum((), 0))
    return x, Proof([], [Certificate(x.ops["check.subrange 1"], (begins, (c.Stated(x.branch("entry", 0), x.p(n=1, s=-1)),)))])


PANICS = """
func @f(%a: ref<[? x i32]>, %i: usize) {
^entry:
  %n = slice.len %a
  br ^try
^try unwind ^cleanup:
  check.nonzero %n
  check.bounds %i, %n
  br ^done
^cleanup:
  check.bounds %i, %n
  resume
^done:
  check.bounds %i, %n
  ret
}
"""


def panics() -> tuple[Program, Proof]:
    """What was checked in a block that may unwind holds behind it."""
    x = Program(PANICS)
    steps = (c.Stated(c.Passed(x.ops["check.bounds 1"]), x.p(-1, n=1, i=-1)),)
    return x, Proof([], [Certificate(x.ops["check.bounds 3"], (steps,))])


SCALED = """
func @f(%a: ref<[? x i32]>, %i: usize) {
^entry:
  %n = slice.len %a
  %two = const 2 : usize
  %zero = const 0 : usize
  %twice = mul %i, %two
  %ok = icmp ult %twice, %n
  cond_br %ok, ^good, ^bad
^good:
  %small = icmp ult %i, %n
  cond_br %small, ^better, ^bad
^better:
  check.bounds %i, %n
  check.bounds %twice, %n
  br ^bad
^bad:
  ret
}
"""


def scaled() -> tuple[Program, Proof]:
    """Half of what is below a length; a product that cannot wrap since an index is not that large."""
    x = Program(SCALED)
    size = c.Stated(c.Type(Term(x.values["a"], 0)), x.p((1 << 63) - 1, d0_a=-4))
    steps = (
        size,  # 0: 4 * length <= 2^63 - 1
        c.Stated(c.Definition(x.ops["n"]), x.p(n=1, d0_a=-1), True),  # 1
        c.Stated(x.branch("good", 0), x.p(-1, n=1, i=-1)),  # 2: i < n
        c.Stated(c.Type(Term(x.values["i"], "u")), x.p(i=1)),  # 3
        c.Sum(((3, 2),)),  # 4: 2 * i >= 0
        c.Divided(0, 4),  # 5
        c.Sum(((5, 2), (2, 2), (1, -2)), LARGEST - 2 * (((1 << 63) - 1) // 4) + 2),  # 6: largest - 2 * i >= 0
        c.Exact(x.values["twice"], "u", ("u", "u"), 4, 6),  # 7: twice - 2 * i = 0
        c.Stated(x.branch("entry", 0), x.p(-1, n=1, twice=-1)),  # 8
        c.Sum(((8, 1), (7, 1), (3, 1))),  # 9: n - i - 1 >= 0
    )
    return x, Proof([], [Certificate(x.ops["check.bounds 1"], (steps,))])


GOOD = {
    f.__name__: f for f in (up, down, remainder, part, lengths, pointers, different, choice, least, greater, panics, scaled)
}

__all__ = ["GOOD", "LARGEST", "Aligned", "Program"]
