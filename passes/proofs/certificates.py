"""Certificates: why a check that has gone could not have failed, in a form that somebody else can follow step by step.

    ^body:
      check.bounds %i, %n            // %more = icmp ult %i, %k decided the edge to here, and %k is umin %n, %m

    goal   u(n) - u(i) - 1 >= 0
      0  u(k) - u(i) - 1 >= 0        Stated(Branch(cond_br, 0)): what its edge says
      1  u(n) - u(k) >= 0            Stated(Definition(umin)): what the operation gives
      2  u(n) - u(i) - 1 >= 0        Sum: 1 * step 0 + 1 * step 1

``eliminate-checks`` writes them, about the function as it is *with* all of its checks; a checker reads them there, before any
check is taken away. This header says when a certificate is valid. Nothing else of the pass has to be known or believed.

1. **Terms.** A ``Term`` is a number that an SSA value stands for: reading ``"u"``, an integer as an unsigned number, a raw
   pointer, reference or owner as its address; reading ``"s"``, an integer as a signed number; reading 0, 1, ..., the length
   of that dimension of the sequence that a pointer leads to. w(v) is the width: that of an ``IntType``, else the target's
   pointer width.
2. **Polynomials** map products of terms (tuples, order does not count, ``()`` the constant) to integers. A *statement* is a
   polynomial p and says p >= 0, or p = 0 for a step that is *exact*; or it is ``Aligned(v, a)``: a divides u(v).
3. **Points.** A derivation holds at a point: before an operation, or on an edge (a terminator and the number of its
   successor), which is behind the terminator. A statement holds at a point if in every run it is true, whenever control is
   there, of the values as they are then.
4. **Sources** are where facts come from; each must *dominate* the point of the derivation that uses it: an operation
   dominates what stands behind it in its block, and another block when no path from the entry gets there once the block's
   edges to its successors are taken away (its unwind edge stays: an operation may not have run when a block unwinds); an edge
   dominates a block when no path gets there without it (two edges between the same blocks are two), and itself. Paths go over
   successors and unwind edges. A check does not dominate itself. That the values are still those of the source follows, for
   they dominate it.
5. **Steps.** A derivation is a tuple of steps; each refers to earlier ones by number, and its conclusion is a statement:
   a. ``Stated(source, polynomial, exact)``: clause 6 gives this statement for the source (a polynomial that differs by its
      sign is as good for an exact one).
   b. ``Exact(value, reading, readings, low, high)``: the operation that gives ``value`` computes modulo 2^w, clause 7, from
      its operands in the given readings the polynomial q; the steps ``low`` and ``high`` conclude q - min >= 0 and max - q >=
      0, where min..max are the numbers of the reading of ``value`` (0..2^w-1 or -2^(w-1)..2^(w-1)-1). Conclusion, exact: term
      - q = 0. With no readings at all q is the other reading of ``value``.
   c. ``Sum(parts, slack)``: the sum of multiplier * step over the parts plus slack, at least 0; multipliers are integers, not
      negative for steps that are not exact. Exact if all parts are and slack is 0.
   d. ``Divided(step, divisor)``: for p >= 0, all coefficients but the constant divisible by divisor > 0: each divided, the
      constant rounded down. Not exact.
   e. ``Times(first, second)``: the product of two steps that are p >= 0 (or exact). Exact if one of them is.
   f. ``Distinct(step, source, polynomial)``: the source states polynomial != 0 (clause 6), and step concludes the same
      polynomial or its negative, p >= 0. Conclusion p - 1 >= 0.
   g. ``Invariant(lemma)``: the statement of that lemma; its block dominates the point (the block of the point, or one from
      which clause 4 holds with the block's entry as the source).
   h. ``Cases(choice, polynomial, if_true, if_false)``: two derivations at the same point, whose last steps conclude the
      polynomial with each term of the result of ``choice`` replaced by the term of the operand that it is in that case; each
      may also use ``Chosen(choice, True | False)`` as a source. ``choice`` is a ``select``, which gives its second operand
      where its condition is true and else the third, and the source states what the condition says (6b); or ``umin``,
      ``umax``, ``smin``, ``smax`` of a and b, which give a in the first case and b in the second, and the source states x <=
      y, in the reading u or s, where x is the one of a and b given by a minimum, or not given by a maximum. Conclusion
      polynomial >= 0. ``choice`` dominates the point.
   i. ``Multiple(value, alignment, source, steps)``: ``Aligned``, clause 8.
6. **Statements of sources.** (x <= y is y - x >= 0.)
   a. ``Type(term)``: 0 <= u(v) <= 2^w - 1; -2^(w-1) <= s(v) <= 2^(w-1) - 1; a length: 0 <= l <= 2^w - 1, and for the one
      dimension of ``[? x T]`` behind a ``ref`` or ``own``, with ``size_of(T)`` = z >= 1: z * l <= 2^(w-1) - 1, for memory is
      no larger; u(v) >= 1 for a ``ref`` or ``own``. The value must dominate the point as an operation does (a parameter
      always, a block argument as its block's entry).
   b. ``Branch(terminator, index)``, an edge. ``cond_br`` on c: u(c) = 1 on edge 0, u(c) = 0 on edge 1; further, if c is a
      result of ``icmp`` on integers or pointers, its predicate on edge 0 and the opposite on edge 1: ``ult`` a, b is u(a) <=
      u(b) - 1, ``slt`` the same in reading s, and so on, ``eq`` is u(a) - u(b) = 0 and s(a) - s(b) = 0, ``ne`` states u(a) -
      u(b) != 0 and s(a) - s(b) != 0; a c that is an ``and`` says on edge 0 what both of its operands say when true; an ``or``
      on edge 1 what both say when false; an ``xor`` with a constant 1 the opposite of its other operand. ``switch`` on v:
      u(v) - case mod 2^w = 0 on the edge of a case, on the default edge u(v) - case != 0 for every case.
   c. ``Passed(op)``, a check or ``assume`` that stands in the function: ``check.bounds`` u(index) <= u(length) - 1;
      ``check.subrange`` u(low) <= u(high), u(high) <= u(length); ``check.nonnull`` u(pointer) >= 1; ``check.nonzero``
      u(divisor) >= 1; ``check.align`` see 8; ``assume`` what its condition says when true, as in b. That it is to be removed
      itself does not matter: see 10.
   d. ``Definition(op, given)``, with r its result, a and b its operands; k a constant operand, read unsigned: ``const`` u(r) =
      k, s(r) = k; ``zext`` u(r) = u(a); ``sext`` s(r) = s(a); ``bitcast`` of integers u(r) = u(a), s(r) <= u(a); ``trunc``
      u(r) <= u(a); ``and`` u(r) <= u(a), u(r) <= u(b); ``or`` u(r) >= u(a), u(r) >= u(b), u(r) <= u(a) + u(b); ``xor`` u(r) <=
      u(a) + u(b); ``udiv`` u(r) <= u(a), and for b = k > 0: k u(r) <= u(a) <= k u(r) + k - 1; ``urem`` u(r) <= u(a), u(r) <=
      u(b) - 1; ``lshr`` u(r) <= u(a), and for b = k: 2^j u(r) <= u(a) <= 2^j u(r) + 2^j - 1 with j = k mod w; ``ashr`` the
      same in reading s for b = k; ``umin`` u(r) <= u(a), u(r) <= u(b); ``umax`` u(r) >= u(a), u(b); ``smin``, ``smax`` the
      same in reading s; ``srem`` for s(b) = k, k not 0: -|k| + 1 <= s(r) <= |k| - 1; ``sdiv`` for s(b) = k > 0: s(a) - k + 1
      <= k s(r) <= s(a) + k - 1; ``clz ctz popcount`` u(r) <= w; ``mul`` by k > 0 and ``shl`` by k: u(r) <= 2^w - 2^j, with 2^j
      the largest power of two that divides k, or j = k mod w; ``uadd.checked`` u(r) = u(a) + u(b), likewise ``usub``, and
      ``sadd ssub`` in reading s; ``slice.len`` u(r) = length 0 of a; ``dim`` u(r) = len(place, axis), see e; ``null`` u(r) =
      0; ``ptr.cast`` u(r) = u(a); ``ptr.addr`` u(r) = u(a); ``ref.to_ptr`` u(r) = u(a); ``slice.ptr`` of a ``ref`` or ``own``
      u(r) >= 1; ``own.into_ptr`` u(r) = u(a). With ``given`` a step that concludes s(a) >= 0: ``sdiv`` for s(b) = k > 0: s(r)
      >= 0, k s(r) <= s(a) <= k s(r) + k - 1; ``srem`` by any number 0 <= s(r) <= s(a).
   e. Lengths. len(place, d) is the constant if the type of the place has one; of ``deref v``, v an SSA value, the term (v,
      d); of ``assume_init p`` len(p, d); of ``subrange p, low, high`` for d = 0: u(high) - u(low), and then ``given`` must be
      a step that concludes u(high) - u(low) >= 0; for d > 0 len(p, d). Of any other place it is unknown. ``Definition(op,
      given)`` further states, exactly, for each dimension d of a result r that points to a sequence: ``borrow p``: (r, d) =
      len(p, d), with ``given`` where e asks for it; ``unsize a``: the constant of a's type; ``slice.from_raw p, n...``,
      ``new.array n...``, ``arena.alloc_array a, n...``: (r, d) = u(n at d), for the operands declared as lengths (the first
      of ``rest`` are lengths where there is more than one dimension); ``stack.alloc n``: (r, 0) = u(n); ``assume_init a``,
      ``ref.to_ptr a``, ``own.into_ptr a``, ``own.from_ptr a``: (r, d) = (a, d).
7. **Operations modulo 2^w**, as polynomials of their operands' terms, each operand in either reading, where one that is a
   ``const`` is its number in that reading and no term: ``add``, ``sub``, ``mul``; ``shl`` by a constant k: 2^(k mod w) times
   the first (one reading); ``trunc`` the operand; ``zext`` the operand, reading u alone; ``sext`` the operand, reading s
   alone; ``bitcast`` of integers the operand.
8. **Alignment.** ``Multiple(value, a, source, steps)`` holds at a point if the source dominates it and is
   ``Passed(check.align)`` of the value with a multiple of a; or ``Type(Term(value, "u"))`` for a ``ref`` or ``own`` to a type
   (the element's for a sequence) whose layout's alignment is a multiple of a; or ``Definition(op)`` of the value's operation:
   ``null``; ``alloc`` with ``alignment`` (8 without) a multiple of a; ``ptr.cast``, ``ref.to_ptr``, ``slice.ptr``,
   ``own.into_ptr`` of x; ``ptr.add`` x whose element type has a size that is a multiple of a (a power of two); where x is
   taken, ``steps`` names one that concludes ``Aligned(x, b)``, b a multiple of a.
9. **Lemmas** are invariants of blocks: a ``Lemma(block, statement, edges)`` says that its statement (p >= 0, not exact, or
   ``Aligned``) holds on each entry of its block, for values that dominate the block or are its arguments. The block is not
   the function's entry and no unwind target. ``edges`` has a derivation for every edge into the block, in the order of the
   blocks of the function and of the successors of each terminator, at the point of that edge; its last step concludes the
   statement with the arguments of the block replaced by what the edge hands over (an argument that the terminator itself
   gives is no term of a statement). Edges from blocks that the entry does not reach need no derivation (None). A derivation
   may use any lemma whose block dominates its point, itself among them: that is the induction.
10. **A certificate** ``Certificate(check, goals)`` names a check of the function and, for each of its goals, a derivation at
   the point before it whose last step concludes it: ``check.bounds`` u(length) - u(index) - 1 >= 0; ``check.subrange``
   u(high) - u(low) >= 0, then u(length) - u(high) >= 0; ``check.nonnull`` u(pointer) - 1 >= 0; ``check.nonzero`` u(divisor) -
   1 >= 0; ``check.align`` ``Aligned(pointer, alignment)``; ``check.quotient`` one of s(dividend) + 2^(w-1) - 1 >= 0,
   s(divisor) >= 0, -2 - s(divisor) >= 0. ``Proof`` has the lemmas and certificates of one function; all steps name lemmas by
   number. There is no order among them. All claims are about runs of one program, the one with all its checks, and every
   derivation rests on what happened earlier in the run: on checks that did not fail, edges that were taken, entries of
   blocks. So by induction on the length of a run no check with a certificate fails, and taking all of them away at once
   changes no run.
11. **Versions of a loop.** ``Versions(guard, pairs)``: ``guard`` is a ``cond_br`` whose edges lead to a block and to its
   copy; ``pairs`` are (block, copy), the first pair those two. Each copy has the same arguments by type, the same unwind
   target or its copy, and the same operations in order: equal declaration, attributes, ``unsafe``, location and result types,
   operands and successors equal up to the mapping of blocks, their arguments and results that the pairs give (what is defined
   elsewhere is mapped to itself). No value defined in a block of a pair is used outside of the pairs but as an argument of an
   edge that leaves them; the other way into the blocks is the guard alone. Then it makes no difference which way the guard
   goes.
12. **Agreements** between functions. ``Agreement(assumed, statement, function, result, at)``: ``assumed`` is an ``assume`` of
   one comparison, ``ult`` or the like. What that says when true (6b), with the result of each ``slice.len``, ``dim``,
   ``const`` and ``sext`` replaced by what 6d says that it is, and the signed number that a ``bitcast`` of a ``slice.len``
   gives by the length, where 6a says that it is no larger than such numbers, is the ``statement``, p >= 0, where in p stands
   for the terms of the parameters of ``function``
   a. those parameters themselves, if ``result`` is None. Then ``assumed`` stands in ``function``, which is private and is
      named by nothing but ``call``: no other operation, no destructor, release or global. ``at`` has for each of those calls,
      in the order of the module, a derivation at the point before it whose last step concludes p with the operands of the
      call for the parameters; or None where the entry of that function does not reach the call;
   b. the operands of a ``call`` of ``function``, if ``result`` is a value, a stand-in: it is the call's result in p, and must
      be in it. ``at`` has for each ``ret`` of ``function``, in order, a derivation at the point before it whose last step
      concludes p with the operand of the ``ret`` for ``result``; or None where the entry does not reach it.
   The lemmas of a derivation are those of the ``Proof`` of the function in which it holds. All claims are about the module
   with all of its checks and with all ``assume`` that have an agreement, each but those that the front-end wrote; as in 10,
   none of these fails, so they change no run.

Invariant: the objects here are data; a checker shares nothing with the pass but them. Reference: Farkas' lemma, by which such
sums are complete for linear inequalities over the rationals; Chvatal, Edmonds polytopes, 1973, for 5d; Necula, Proof-Carrying
Code, POPL 1997.
"""

from __future__ import annotations

from typing import NamedTuple

import attrs

from altru_ir.module import Block, Function
from altru_ir.values import Operation, Value

UNSIGNED, SIGNED = "u", "s"
AGREED = "checks.agreed"
"""The attribute of an ``assume`` that has an agreement, for those who read the program."""

MERGED = "checks.merged"
"""The attribute of a ``cond_br`` that tests in front of merged checks: how many conditions it tests in their place."""


class Term(NamedTuple):
    """Clause 1. ``reading`` is ``"u"``, ``"s"`` or the number of a dimension."""

    value: Value
    reading: str | int

    def __repr__(self) -> str:
        name = f"%{self.value.name or '?'}"
        return f"dim({name}, {self.reading})" if isinstance(self.reading, int) else f"{self.reading}({name})"


Polynomial = dict[tuple[Term, ...], int]
"""Clause 2: coefficients by product of terms; none of them is 0."""


@attrs.frozen
class Aligned:
    """The statement that ``alignment`` divides the address ``value``."""

    value: Value
    alignment: int


Statement = Polynomial | Aligned


# -- sources (clause 6) ----------------------------------------------------------------------------------------------------


@attrs.frozen
class Type:
    """6a: what the type of a term says."""

    term: Term


@attrs.frozen
class Branch:
    """6b: what it says that control took an edge."""

    terminator: Operation
    index: int


@attrs.frozen
class Passed:
    """6c: what it says that a check did not panic."""

    op: Operation


@attrs.frozen
class Definition:
    """6d, 6e: what an operation gives. ``given`` is the number of a step."""

    op: Operation
    given: int | None = None


@attrs.frozen
class Chosen:
    """5h: which operand an operation gave, in a case of ``Cases``."""

    choice: Operation
    value: bool


Source = Type | Branch | Passed | Definition | Chosen


# -- steps (clause 5) ------------------------------------------------------------------------------------------------------


@attrs.frozen
class Stated:
    """5a."""

    source: Source
    polynomial: Polynomial
    exact: bool = False


@attrs.frozen
class Exact:
    """5b. ``readings`` has one for each operand that clause 7 reads."""

    value: Value
    reading: str
    readings: tuple[str, ...]
    low: int
    high: int


@attrs.frozen
class Sum:
    """5c. ``parts`` are pairs of a step and its multiplier."""

    parts: tuple[tuple[int, int], ...]
    slack: int = 0


@attrs.frozen
class Divided:
    """5d."""

    step: int
    divisor: int


@attrs.frozen
class Times:
    """5e."""

    first: int
    second: int


@attrs.frozen
class Distinct:
    """5f."""

    step: int
    source: Source
    polynomial: Polynomial


@attrs.frozen
class Invariant:
    """5g."""

    lemma: int


@attrs.frozen
class Cases:
    """5h."""

    choice: Operation
    polynomial: Polynomial
    if_true: Derivation
    if_false: Derivation


@attrs.frozen
class Multiple:
    """5i."""

    value: Value
    alignment: int
    source: Source
    steps: tuple[int, ...] = ()


Step = Stated | Exact | Sum | Divided | Times | Distinct | Invariant | Cases | Multiple
Derivation = tuple[Step, ...]


# -- proofs ----------------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Lemma:
    """Clause 9: an invariant of a block, with its induction."""

    block: Block
    statement: Statement
    edges: tuple[Derivation | None, ...]


@attrs.frozen(eq=False)
class Certificate:
    """Clause 10: a check that cannot fail."""

    check: Operation
    goals: tuple[Derivation, ...]


@attrs.frozen(eq=False)
class Versions:
    """Clause 11: two copies of a loop, of which a guard chooses one."""

    guard: Operation
    pairs: tuple[tuple[Block, Block], ...]


@attrs.frozen(eq=False)
class Agreement:
    """Clause 12: what all callers of a function see to, or what it sees to for all of them."""

    assumed: Operation
    statement: Polynomial
    function: Function
    result: Value | None
    at: tuple[Derivation | None, ...]


@attrs.define(eq=False)
class Proof:
    """What was proven about one function."""

    lemmas: list[Lemma] = attrs.Factory(list)
    certificates: list[Certificate] = attrs.Factory(list)
    versions: list[Versions] = attrs.Factory(list)
