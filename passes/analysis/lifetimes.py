"""Lifetimes: where each borrow begins, through which values it goes on, and where it is needed for the last time.

    %r = borrow mut %x    // lifetimes: loan 0 of %x, mutable, through %r %s
    %s = borrow mut %p    // lifetimes: loan 1 of *%r, mutable, through %s
    assign %q, %n         // lifetimes: loans 0 1 needed up to here, by %s

A loan goes on through the values whose regions its own flows into, and is needed at the points that a way leads to from where
it begins, on which one of these values is live at each point and that does not kill it: the region that a borrow checker
without places computes. At the head of a block stands what is needed there, above a function how its regions are related.
``check-loans`` is finer still (it looks at flows point by point), so a loan may be shown for longer than it counts.

Invariant: every use of a reference lies within the loans that it may come from, as shown.
Source: Matsakis et al., RFC 2094 (non-lexical lifetimes).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import attrs

from altru_ir.module import Function
from altru_ir.passes.analysis.borrowing import Borrowing
from altru_ir.passes.analysis.loan_facts import killed, reached_from
from altru_ir.passes.analysis.loan_points import Loan
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes
from altru_ir.values import Operation, Value


@attrs.define
class Lifetime:
    """A loan: the ``points`` at which it is needed, the values it goes on ``through``, the regions of the signature that it
    reaches, and its ``last`` uses, each with the values that are used."""

    loan: Loan
    through: list[Value]
    regions: list[int]
    points: set[int]
    last: dict[Operation, list[Value]] = attrs.Factory(dict)


class Lifetimes(FunctionAnalysis):
    """Regions, loans, and where they are needed last.

    ``of`` has a ``Lifetime`` for each loan in the order in which they begin; ``borrowing`` the facts behind them.
    """

    name = "lifetimes"

    def __init__(self, function: Function) -> None:
        assert function.module is not None
        self.function = function
        self.borrowing = Borrowing(function, function.module)
        known = self.borrowing
        self._after: dict[int, list[int]] = {}
        self._before: dict[int, list[int]] = {}
        for n, m in known.edges:
            self._after.setdefault(n, []).append(m)
            self._before.setdefault(m, []).append(n)
        self._uses = _points_by_name([*known.used, *known.dropped])
        self._ends = _points_by_name(known.defined)
        self._names: dict[int, list[object]] = {}
        for name, origins in known.origins.items():
            for origin in origins:
                self._names.setdefault(origin, []).append(name)
        self._live: dict[object, set[int]] = {}
        self._kills: dict[int, set[int]] = {}
        for number, point in killed(known, {loan.number for loan in known.loans}):
            self._kills.setdefault(number, set()).add(point)
        self.of = [self._lifetime(loan) for loan in known.loans]

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(function)

    def _lifetime(self, loan: Loan) -> Lifetime:
        reached = sorted(reached_from([loan.origin], self.borrowing.subsets))
        regions = [origin for origin in reached if origin < self.borrowing.flow.universal]
        own = reached[len(regions) :]
        names = list(dict.fromkeys(name for origin in own for name in self._names.get(origin, ())))
        live: set[int] = set()
        for name in names:
            live |= self._live_at(name)
        kills = self._kills.get(loan.number, set())
        points = {loan.point}
        work = [loan.point]
        while work:
            at = work.pop()
            if at in kills and at != loan.point:
                continue
            for m in self._after.get(at, ()):
                if m not in points and (regions or m in live):
                    points.add(m)
                    work.append(m)
        through = dict.fromkeys(value for value in map(_value_of, names) if value is not None)
        found = Lifetime(loan, list(through), regions, points)
        for name, point in self._last_uses(names, points):
            op, value = self.borrowing.points[point].op, _value_of(name)
            if op is not None and value is not None and value not in found.last.setdefault(op, []):
                found.last[op].append(value)
        return found

    def _last_uses(self, names: list[object], points: set[int]) -> list[tuple[object, int]]:
        """The uses of variables behind which a way leads out of ``points`` without another one."""
        used: dict[int, list[object]] = {}
        for name in names:
            for point in self._uses.get(name, ()):
                used.setdefault(point, []).append(name)
        work = [n for n in points if not self._after.get(n) or any(m not in points for m in self._after[n])]
        seen = set(work)
        last: list[tuple[object, int]] = []
        while work:
            n = work.pop()
            if n in used:
                last.extend((name, n) for name in used[n])
                continue
            for before in self._before.get(n, ()):
                if before in points and before not in seen:
                    seen.add(before)
                    work.append(before)
        return sorted(last, key=lambda use: use[1])

    def _live_at(self, name: object) -> set[int]:
        """The points at which a variable is live."""
        known = self._live.get(name)
        if known is None:
            known = set(self._uses.get(name, ()))
            ends = self._ends.get(name, set())
            work = list(known)
            while work:
                for n in self._before.get(work.pop(), ()):
                    if n not in known and n not in ends:
                        known.add(n)
                        work.append(n)
            self._live[name] = known
        return known

    def after(self, point: int) -> list[int]:
        """The points that control goes on to from one."""
        return self._after.get(point, [])

    def kills(self, loan: Loan) -> set[int]:
        """The points that end a loan before it is used last."""
        return self._kills.get(loan.number, set())

    # -- notes -------------------------------------------------------------------------------------------------------------

    def describe(self, notes: Notes) -> None:
        flow = self.borrowing.flow
        names = [flow.region_name(origin) for origin in range(flow.universal)]
        text = f"{len(self.of)} loan{'' if len(self.of) == 1 else 's'}"
        if flow.universal > 1:
            outlives = "".join(f"; {names[a]} outlives {names[b]}" for a, b in flow.signature.outlives)
            text += f"; regions {', '.join(names[1:])}{outlives}"
        notes.function(self.function, text)
        last: dict[tuple[Operation, tuple[Value, ...]], list[int]] = {}
        heads: dict[int, list[int]] = {}
        for lifetime in self.of:
            loan = lifetime.loan
            notes.operation(loan.op, self.says(lifetime))
            for op, values in lifetime.last.items():
                last.setdefault((op, tuple(values)), []).append(loan.number)
            for point in lifetime.points:
                if self.borrowing.points[point].op is None:
                    heads.setdefault(point, []).append(loan.number)
        for point in sorted(heads):
            notes.block(self.borrowing.points[point].block, f"needs {_loans(heads[point])}")
        for (op, users), numbers in last.items():
            notes.operation(op, f"{_loans(numbers)} needed up to here, by {' '.join(f'%{v.name}' for v in users)}")

    def says(self, lifetime: Lifetime) -> str:
        """What a note says of a loan."""
        loan = lifetime.loan
        lent = "the frame" if loan.path is None else str(loan.path)
        through = " ".join(f"%{value.name}" for value in lifetime.through)
        text = f"loan {loan.number} of {lent}{', mutable' if loan.mutable else ''}, through {through}"
        if lifetime.regions:
            names = (self.borrowing.flow.region_name(origin) for origin in lifetime.regions)
            text += f", needed for {', '.join(names)}"
        elif not lifetime.last:
            text += ", needed up to a store into its path" if lifetime.points & self.kills(loan) else ", needed by nothing"
        return text


def _loans(numbers: Iterable[int]) -> str:
    listed = list(numbers)
    return f"loan{'s' if len(listed) > 1 else ''} {' '.join(map(str, listed))}"


def _value_of(name: object) -> Value | None:
    if isinstance(name, Value):
        return name
    return name[1] if isinstance(name, tuple) and isinstance(name[1], Value) else None


def _points_by_name(rows: Iterable[tuple[object, int]]) -> dict[object, set[int]]:
    found: dict[object, set[int]] = {}
    for name, point in rows:
        found.setdefault(name, set()).add(point)
    return found


__all__ = ["Lifetime", "Lifetimes"]
