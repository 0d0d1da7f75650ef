"""The story of a conflict of borrows: where the loan begins, how it goes on, and who needs it where something forbids it.

    error[ALT-B002]: `%x` is assigned while it is borrowed
      %r = borrow %x             `%x` is borrowed here
      %p = struct %r : @Pair     the loan goes on here, into `%p`
      call @look(%p)             and it is used here later, through `%p`

The loan goes on along the shortest way through regions to the one by which it is needed: that of the variable which is used, or
dropped, first behind the conflict, else a region of the signature. A use that control reaches only around a loop is one in the
next iteration.

Invariant: each label names an operation of the function; two conflicts of one operation about one place are told once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property

import attrs

from altru_ir.diagnostics import Diagnostic, Label
from altru_ir.passes.analysis.loan_facts import LoanFacts
from altru_ir.passes.analysis.loan_points import Access, Loan, Point
from altru_ir.passes.analysis.loans import Conflicts
from altru_ir.passes.verify.loan_fixes import LoanFixes
from altru_ir.source import Location
from altru_ir.types import ARENA, NamedType, PlaceType, PoolType
from altru_ir.values import Operation, Value

IN_FULL = 1000
"""How many conflicts of one function are told with the whole story."""


STEPS = 8
"""How many steps of the way of a loan are told."""


@attrs.frozen
class Use:
    """Why a loan is still needed: ``op`` uses ``what`` (a value, or None for a region), and how control gets there."""

    op: Operation
    what: Value
    drops: bool
    around: bool


class Teller:
    """Makes diagnostics of conflicts."""

    def __init__(self, selected: LoanFacts, conflicts: Conflicts) -> None:
        self.why = selected.why
        self.known = known = selected.known
        self.conflicts = conflicts
        self.function = known.function
        self.flow = known.flow
        self.after: dict[int, list[int]] = {}
        for n, m in known.edges:
            self.after.setdefault(n, []).append(m)
        self.into: dict[int, list[tuple[int, int]]] = {}
        for a, b, n in known.subsets:
            self.into.setdefault(a, []).append((b, n))
        self.users: dict[int, list[object]] = {}
        for name, origins in known.origins.items():
            for origin in origins:
                self.users.setdefault(origin, []).append(name)
        self.use_points = _by_name(known.used)
        self.drop_points = _by_name(known.dropped)
        self.end_points = _by_name(known.defined)

    def tell(self) -> list[Diagnostic]:
        found: list[Diagnostic] = []
        told: set[object] = set()
        for n, number in sorted(self.conflicts.errors, key=lambda error: (self.known.points[error[0]].is_exit, *error)):
            loan = self.known.loans[number]
            point = self.known.points[n]
            same = point.op, loan.path, loan.mutable
            if point.op is None or same in told or (point.is_exit and loan in told):
                continue
            problem = self.conflict(n, loan, point.op, brief=len(found) >= IN_FULL)
            if point.op.attrs.get("allow") == problem.code:
                continue
            told.update((same, loan))
            if (problem.message, point.op) not in told:
                told.add((problem.message, point.op))
                found.append(problem)
        pairs: dict[tuple[int, int], int] = {}
        for n, a, b in sorted(self.conflicts.subset_errors):
            if b or not self.flow.signature.unclear:  # else an error of its own says what the result needs
                pairs.setdefault((a, b), n)
        reached: dict[int, dict[int, tuple[int, int]]] = {}
        for (a, b), n in pairs.items():
            if a not in reached:
                reached[a] = self.reach(a)
            told_of = self.outlives(a, b, n, reached[a], brief=len(found) >= IN_FULL)
            found.extend(() if told_of is None else (told_of,))
        return found

    # -- conflicts ---------------------------------------------------------------------------------------------------------

    def conflict(self, n: int, loan: Loan, op: Operation, brief: bool) -> Diagnostic:
        access = self.why.get((n, loan.number))
        before = {} if brief else self.reach(loan.origin)
        use = self.later(n, before)
        region = None if use is not None else self.region(before)
        code, message, help = self.words(loan, access, region, use)
        labels: list[tuple[Location | None, str]] = [*self.declared(loan, access, region)]
        labels.append((loan.op.location, self.begins(loan, op)))
        end = self.end_of(use, before) if use is not None else region
        if end is not None:
            labels.extend(self.way(loan, before, end, op))
        if use is not None:
            when = " in the next iteration of the loop" if use.around else ""
            if use.drops:
                dropped = f"where {shown(use.what)} is dropped{self.destructor(use.what)}"
                labels.append((use.op.location, f"and it may be used here{when}, {dropped}"))
            elif use.op is not op:
                labels.append((use.op.location, f"and it is used here later{when}, through {shown(use.what)}"))
            elif use.around:
                labels.append((use.op.location, "and it is used here in the next iteration of the loop"))
            else:
                labels.append((use.op.location, f"and the same operation uses it, through {shown(use.what)}"))
        places = tuple(Label(where, text) for where, text in labels if where is not None)
        proposals = () if brief else self.fixes.conflict(op, loan, access, self.holders(before))
        return Diagnostic(
            code, message, op.location, function=self.function.name, labels=places, help=help, proposals=proposals
        )  # fmt: skip

    @cached_property
    def fixes(self) -> LoanFixes:
        return LoanFixes(self.function, self.known.module)

    def holders(self, before: dict[int, tuple[int, int]]) -> set[Value]:
        """The values and locals that may hold a loan which reaches the origins of ``before``."""
        names = (name for origin in before for name in self.users.get(origin, ()))
        values = (name[1] if isinstance(name, tuple) else name for name in names)
        return {value for value in values if isinstance(value, Value)}

    def words(
        self, loan: Loan, access: Access | None, region: int | None, use: Use | None
    ) -> tuple[str, str, str | None]:  # fmt: skip
        lent = "the frame" if loan.path is None else f"`{loan.path}`"
        how = "mutably borrowed" if loan.mutable else "borrowed"
        kind = "left" if access is None else access.kind
        what = lent if access is None else f"`{access.path}`"
        while_lent = f"while {'it' if what == lent else lent} is {how}"
        if loan.holder:
            verb = {"ended": "ends", "left": "ends", "moved": "is moved", "dropped": "is dropped"}.get(kind, f"is {kind}")
            return (
                "ALT-B009", f"{what} {verb} while a part of the object that it holds is borrowed",
                "load the `gc` first, and borrow through that",
            )  # fmt: skip
        if region == 0 and kind in ("ended", "dropped", "left", "moved"):
            return (
                "ALT-B010",
                f"{lent} is lent for 'static, but ends before",
                "give an owner away instead, or use a thread scope",
            )
        if kind == "left":
            if loan.path is not None and loan.path.depth and not loan.path.is_storage:
                return (
                    "ALT-B009",
                    f"{lent} is lent for longer than this activation, but only a `gc` holds it",
                    "let the caller hold the `gc`",
                )
            name = self.name_of(region) if region is not None else "the caller"
            return "ALT-B006", f"{lent} ends with this activation, but is lent for {name}", "return an owner, or a copy"
        if kind == "redefined":
            return "ALT-B009", f"{what} is defined anew {while_lent}", "end the use of the reference before"
        if kind in ("borrowed", "mutably borrowed"):
            type = access.path.type if access is not None else None
            if kind == "mutably borrowed" and (type is ARENA or isinstance(type, PoolType)):
                return (
                    "ALT-B008", f"{what} is borrowed mutably, to be changed as a whole, while something in it is lent",
                    "use what it has lent before, or lend from another one",
                )  # fmt: skip
            return "ALT-B001", f"{what} is {kind} {while_lent}", "borrow it after the last use of the other"
        if kind == "assigned":
            return (
                "ALT-B002",
                f"{what} is assigned {while_lent}",
                "assign after the last use of the reference, or take a copy before",
            )
        if kind == "moved":
            return "ALT-B003", f"{what} is moved {while_lent}", "move it after the last use of the reference, or reborrow"
        if kind == "read":
            return "ALT-B004", f"{what} is read {while_lent}", "read it before, or through the reference"
        verb = "is dropped" if kind == "dropped" else "ends"
        help = "let it live as long as the reference is used"
        if use is not None and use.drops and self.declared_later(loan, use.what):
            help = f"scopes close in the reverse order of their declarations: declare {what} before {shown(use.what)}"
        return "ALT-B005", f"{what} {verb} {while_lent}", help

    def declared_later(self, loan: Loan, holder: Value) -> bool:
        """Whether what is lent is a local that is declared behind the ``holder`` of the loan in its block."""
        root = None if loan.path is None else loan.path.root
        mine, other = getattr(root, "operation", None), holder.operation
        if mine is None or other is None or mine.block is not other.block or mine.name != "local" or other.name != "local":
            return False
        return self.fixes.number[mine] > self.fixes.number[other]

    def declared(self, loan: Loan, access: Access | None, region: int | None) -> Iterator[tuple[Location | None, str]]:
        """Where what ends or moves is declared, or the region that it has to live for."""
        root = None if loan.path is None else loan.path.root
        local = root.operation if isinstance(root, Value) else None
        ends = access is None or access.kind in ("ended", "dropped", "moved")
        if ends and local is not None and local.name == "local":
            yield local.location, f"{shown(local.result)} is declared here"
        if region:
            yield self.function.location, f"{self.name_of(region)} is a region of this signature: it goes on when this returns"

    def destructor(self, value: Value) -> str:
        """Whose destructor runs when ``value`` is dropped, if it is its own."""
        type = value.type.target if isinstance(value.type, PlaceType) else value.type
        declaration = self.known.module.types.get(type.name) if isinstance(type, NamedType) else None
        return f", by @{declaration.drop}" if declaration is not None and declaration.drop else ""

    def begins(self, loan: Loan, error: Operation) -> str:
        lent = "the frame" if loan.path is None else f"`{loan.path}`"
        when = ", in an earlier iteration of the loop" if loan.op is error else ""
        if loan.holder:
            return f"a part of the object that {lent} holds is borrowed here{when}"
        if loan.op.name == "borrow":
            return f"{lent} is {'mutably ' if loan.mutable else ''}borrowed here{when}"
        return f"`{loan.op.name}` lends from {lent} here{when}"

    # -- what keeps a loan -------------------------------------------------------------------------------------------------

    def reach(self, origin: int) -> dict[int, tuple[int, int]]:
        """The origins that a loan issued in ``origin`` may flow into, each with the one before and the point."""
        before = {origin: (-1, -1)}
        work = deque([origin])
        while work:
            a = work.popleft()
            for b, n in self.into.get(a, ()):
                if b not in before:
                    before[b] = (a, n)
                    work.append(b)
        return before

    def later(self, n: int, before: dict[int, tuple[int, int]]) -> Use | None:
        """The nearest use behind ``n`` of a variable that may hold the loan."""
        names = dict.fromkeys(name for origin in before for name in self.users.get(origin, ()))
        best: tuple[int, Use] | None = None
        for name in names:
            uses, ends = self.use_points.get(name, frozenset()), self.end_points.get(name, frozenset())
            drops = self.drop_points.get(name, frozenset())
            if not uses and not drops:
                continue
            found = self.nearest(n, uses | drops, ends, best[0] if best is not None else -1)
            if found is None:
                continue
            distance, at, around = found
            op = self.known.points[at].op
            value = name
            dropping = at in drops and at not in uses
            if isinstance(name, tuple):
                value, dropping = name[1], name[0] == "drop"
            if op is not None and isinstance(value, Value):
                best = distance, Use(op, value, dropping, around)
        return None if best is None else best[1]

    def nearest(self, n: int, wanted: frozenset[int], ends: frozenset[int], limit: int) -> tuple[int, int, bool] | None:
        """The nearest of some points behind ``n``, without going on behind ``ends``; whether the way goes around a loop."""
        seen = {n}
        work = deque([(n, 0, False)])
        cfg = self.known.cfg
        while work:
            at, distance, around = work.popleft()
            if 0 <= limit <= distance:
                return None
            if at in wanted:
                return distance, at, around
            if at in ends and at != n:
                continue
            for m in self.after.get(at, ()):
                if m not in seen:
                    seen.add(m)
                    here, there = self.known.points[at].block, self.known.points[m]
                    back = there.op is None and cfg.dominators.dominates(cfg.number[there.block], cfg.number[here])
                    work.append((m, distance + 1, around or back))
        return None

    def region(self, before: dict[int, tuple[int, int]]) -> int | None:
        """A region of the signature that may hold the loan, ``'static`` first."""
        found = [origin for origin in before if origin < self.flow.universal]
        return min(found) if found else None

    def end_of(self, use: Use, before: dict[int, tuple[int, int]]) -> int | None:
        origins = self.known.origins.get(use.what, ())
        return next((origin for origin in origins if origin in before), None)

    def way(
        self, loan: Loan, before: dict[int, tuple[int, int]], end: int, error: Operation
    ) -> Iterator[tuple[Location | None, str]]:  # fmt: skip
        """The operations through which the loan goes on, from where it begins to the origin ``end``."""
        steps: list[tuple[Operation, int]] = []
        at = end
        while at != loan.origin:
            at, n, into = *before[at], at
            op = self.known.points[n].op
            if op is not None and op is not loan.op and op is not error:
                steps.append((op, into))
        for op, into in self.steps(steps):
            yield op.location, f"the loan goes on here, into {self.name_of(into)}"

    def steps(self, found: list[tuple[Operation, int]]) -> list[tuple[Operation, int]]:
        """The steps of a way, the last one first, in their order: of those on one line the last, those that people know a name
        for, and ``STEPS`` at most."""
        kept: list[tuple[Operation, int]] = []
        for op, into in reversed(found):
            about = self.flow.about[into]
            if isinstance(about, Value) and about.name is None:
                continue
            if kept and _line(kept[-1][0]) == _line(op):
                kept.pop()
            kept.append((op, into))
        return kept if len(kept) <= STEPS else [*kept[: STEPS - 1], kept[-1]]

    def name_of(self, origin: int) -> str:
        about = self.flow.about[origin]
        if origin < self.flow.universal:
            return self.flow.region_name(origin)
        if isinstance(about, Value):
            return shown(about)
        if isinstance(about, Operation):
            return f"the call of `{about.attrs.get('callee', about.name)}`"
        return str(about)

    # -- signatures --------------------------------------------------------------------------------------------------------

    def outlives(self, a: int, b: int, n: int, before: dict[int, tuple[int, int]], brief: bool) -> Diagnostic | None:
        """What is wrong with region ``a``, which reaches ``before``, flowing into ``b`` at a point; None where the operation
        says that it is meant."""
        point: Point = self.known.points[n]
        steps: list[tuple[Operation, int]] = []
        at = b
        while at in before and at != a:
            at, where, into = *before[at], at
            op = self.known.points[where].op
            if op is not None:
                steps.append((op, into))
        last = steps[0][0] if steps else point.op
        if last is not None and last.attrs.get("allow") == "ALT-B007":
            return None
        labels = [
            Label(op.location, f"{self.name_of(a)} goes on here, into {self.name_of(into)}")
            for op, into in self.steps([] if brief else steps[1:])
            if op.location is not None and op is not last
        ]
        shorter = self.name_of(b)
        if shorter == self.name_of(a):
            shorter = "another one" if a >= self.flow.universal else shorter.replace("the region", "another region")
        help = f"declare it: `{self.flow.about[a]}: {self.flow.about[b]}`"
        if "'_" in (self.flow.about[a], self.flow.about[b]):
            help = "name the regions in the signature, and let one outlive the other"
        elif a >= self.flow.universal or b >= self.flow.universal:
            help = "a function value for any region is asked for: make it of a function that takes any"
        elif b == 0:
            help = "ask for `'static` in the signature"
        known = max(a, b) < self.flow.universal
        if known and self.function.location is not None:
            says = f"nothing in this signature says that {self.name_of(a)} outlives {shorter}"
            labels.insert(0, Label(self.function.location, says))
        tried = known and not brief
        proposals = self.fixes.outlives(self.flow.signature, a, b, self.holders(before)) if tried else ()
        return Diagnostic(
            "ALT-B007", f"{self.name_of(a)} need not live as long as {shorter}, but flows into it",
            last.location if last is not None else self.function.location, function=self.function.name,
            labels=tuple(labels), help=help, proposals=proposals,
        )  # fmt: skip


def shown(value: Value) -> str:
    """What to call a value."""
    return "a value without a name" if value.name is None else f"`%{value.name}`"


def _line(op: Operation) -> int | None:
    return None if op.location is None else op.location.line


def _by_name(rows: Sequence[tuple[object, int]]) -> dict[object, frozenset[int]]:
    found: dict[object, set[int]] = {}
    for name, n in rows:
        found.setdefault(name, set()).add(n)
    return {name: frozenset(points) for name, points in found.items()}


__all__ = ["Teller"]
