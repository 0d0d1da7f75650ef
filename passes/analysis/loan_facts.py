"""Loan facts: of all that borrowing records about a function, the facts that could lead to a conflict.

Most borrows are over before anything could disturb them, and most functions have no conflict at all; the engine (``loans``),
which looks at every point, is asked for the rest alone.

    %r = borrow mut %x
    %v = load (deref %r)        %r is not used behind this,
    assign %x, %v               so loan 0 is no candidate here: no facts

Rules, cited by number in the code:
 1. an access is a candidate to invalidate a loan where the loan could be needed (``loan_scopes``) and the paths conflict
    (``lent_paths``), reads for exclusive loans only; one that redefines a value, for what is behind that value;
 2. exits are candidates for loans of storage, of the frame and behind ``gc`` that flow into a region of the signature;
 3. a loan is killed by what is recorded for a path that its own begins with;
 4. a region of the signature is a candidate if it flows, wherever flows stand, into one that it is not known to outlive;
 5. facts are given about loans that have candidates, the origins that these or candidate regions may flow into, and the
    variables with such origins; control flow between the points of these facts and the heads of blocks;
 6. where something is dropped, a local begins and ceases to hold something as initialization says.

Invariant: the conflicts that follow from these facts are those that follow from all that was recorded.
"""

from __future__ import annotations

from altru_ir.passes.analysis.borrowing import Borrowing
from altru_ir.passes.analysis.initialization import Initialization
from altru_ir.passes.analysis.lent_paths import LentPaths
from altru_ir.passes.analysis.loan_paths import COLLECTED, Path
from altru_ir.passes.analysis.loan_points import Access, Loan
from altru_ir.passes.analysis.loan_scopes import Scope, ScopeIndex, origin_scopes, variable_scopes
from altru_ir.passes.analysis.loans import Facts, bits
from altru_ir.values import Operation, Value


class LoanFacts:
    """What the engine is given of a function, and why.

    ``facts`` name points and loans by their numbers; ``why[point, loan]`` is the access that invalidates (None at an exit).
    """

    def __init__(self, known: Borrowing) -> None:
        self.known = known
        self.why: dict[tuple[int, int], Access | None] = {}
        self.facts = self._facts()

    def _facts(self) -> Facts:
        """The facts that concern loans which could be in a conflict at all (``loan_scopes``), and regions that could."""
        flow = self.known.flow
        self._conflicts()
        facts = Facts(loan_invalidated_at=list(self.why))
        wanted = {number for _, number in self.why}
        universal = [*range(flow.universal), *flow.placeholders]
        starts = [loan.origin for loan in self.known.loans if loan.number in wanted]
        suspects = self._suspicious(universal)
        starts += suspects
        if not starts:
            return facts
        facts.universal_region = [(o,) for o in universal]
        if suspects:
            facts.placeholder = [(o, ("region", o)) for o in universal]
            facts.known_placeholder_subset = self._promised(universal)
        concerned = reached_from(starts, self.known.subsets)
        facts.loan_issued_at = [(loan.origin, loan.number, loan.point) for loan in self.known.loans if loan.number in wanted]
        facts.subset_base = [row for row in self.known.subsets if row[0] in concerned]
        facts.loan_killed_at = killed(self.known, wanted)
        facts.use_of_var_derefs_origin = [
            (name, o) for name, origins in self.known.origins.items() for o in origins if o in concerned and o >= flow.universal
        ]
        named = {name for name, _ in facts.use_of_var_derefs_origin}
        facts.var_used_at = [row for row in self.known.used if row[0] in named]
        facts.var_defined_at = [row for row in self.known.defined if row[0] in named]
        facts.var_dropped_at = [row for row in self.known.dropped if row[0] in named]
        locals = dict.fromkeys(local for local, _ in facts.var_dropped_at)
        if locals:
            facts.drop_of_var_derefs_origin = [
                (local, self.known.origins[local][slot])
                for local in locals
                for slot in self.known.regions.drops(local.type.target)
                if self.known.origins[local][slot] in concerned
            ]
            initialization(self.known, facts, list(locals))
        facts.cfg_edge = self._shortened(facts)
        return facts

    def _conflicts(self) -> None:
        """Fills ``why``: the accesses that concern a loan, where it could be needed."""
        known = self.known
        if not known.loans:
            return
        number = known.cfg.number
        block_of = [number[point.block] for point in known.points]
        scopes = self._scopes(block_of)
        for loan in known.loans:
            ends = loan.path is None or loan.path.is_storage or _only_held_here(loan.path)
            if ends and scopes[loan.origin].blocks < 0:  # 2
                for point in known.exit_points():
                    self.why.setdefault((point, loan.number), None)
        indices: dict[object, ScopeIndex] = {}
        mutable = 0
        for loan in known.loans:
            if loan.path is not None:
                if loan.path.root not in indices:
                    indices[loan.path.root] = ScopeIndex()
                indices[loan.path.root].add(scopes[loan.origin], block_of[loan.point], loan.point, loan.number)
                mutable |= loan.mutable << loan.number
        lent = LentPaths(known.loans, self.known.module)
        accesses = [access for access in known.accesses if access.path.root in indices]
        for access in accesses:
            indices[access.path.root].expect(block_of[access.point])
        reads = []
        for access in accesses:
            index = indices[access.path.root]
            needed = index.at(block_of[access.point], access.point) & (-1 if access.writes else mutable)
            if not needed:
                continue
            if access.kind == "redefined":
                hit = needed & lent.behind(access.path)
            else:
                hit = needed & lent.of(access.path, access.depth)
            if hit and access.writes:
                self.why.update(((access.point, each), access) for each in bits(hit) if (access.point, each) not in self.why)
            elif hit:
                reads.append((access, hit))
        for access, hit in reads:
            for each in bits(hit):
                self.why.setdefault((access.point, each), access)

    def _scopes(self, block_of: list[int]) -> dict[int, Scope]:
        """Where each loan could be needed, by its origin."""
        predecessors: list[list[tuple[int, int]]] = [[] for _ in self.known.cfg.blocks]
        for at, block in enumerate(self.known.cfg.blocks):
            for edge, successor in enumerate(block.ops[-1].successors):
                predecessors[self.known.cfg.number[successor.block]].append((at, edge))
            if block.unwind is not None:
                predecessors[self.known.cfg.number[block.unwind]].append((at, -1))
        edge_of = [point.edge for point in self.known.points]
        scopes = variable_scopes(block_of, predecessors, [*self.known.used, *self.known.dropped], self.known.defined, edge_of)
        of_variables = (
            (origin, scopes[name])
            for name, origins in self.known.origins.items()
            if name in scopes
            for origin in origins
            if origin >= 0
        )
        wanted = [loan.origin for loan in self.known.loans]
        return origin_scopes(len(self.known.flow.about), self.known.flow.universal, self.known.subsets, of_variables, wanted)

    def _promised(self, universal: list[int]) -> list[tuple[int, int]]:
        return [*self.known.flow.signature.outlives, *((0, o) for o in universal[1:])]

    def _suspicious(self, universal: list[int]) -> list[int]:
        """The regions that flow, wherever flows stand, into one that they are not known to outlive."""
        if len(universal) < 2:
            return []
        promised: dict[int, list[int]] = {}
        for longer, shorter in self._promised(universal):
            promised.setdefault(longer, []).append(shorter)
        found = []
        regions = set(universal)
        for origin in universal[1:]:
            known, work = {origin}, [origin]
            while work:
                for shorter in promised.get(work.pop(), ()):
                    if shorter not in known:
                        known.add(shorter)
                        work.append(shorter)
            if not (reached_from([origin], self.known.subsets) & regions) <= known:
                found.append(origin)
        return found

    def _shortened(self, facts: Facts) -> list[tuple[int, int]]:
        """The edges between the points at which some fact says something, and the heads of blocks."""
        said = [False] * len(self.known.points)
        for rows, column in (
            (facts.loan_issued_at, 2), (facts.loan_killed_at, 1), (facts.subset_base, 2), (facts.loan_invalidated_at, 0),
            (facts.var_used_at, 1), (facts.var_defined_at, 1), (facts.var_dropped_at, 1),
            (facts.path_assigned_at_base, 1), (facts.path_moved_at_base, 1),
        ):  # fmt: skip
            for row in rows:
                said[row[column]] = True
        stands_for = list(range(len(self.known.points)))
        for point, before in self.known.previous.items():
            if not said[point]:
                stands_for[point] = stands_for[before]
        found = dict.fromkeys((stands_for[n], stands_for[m]) for n, m in self.known.edges)
        return [(n, m) for n, m in found if n != m]


def killed(known: Borrowing, wanted: set[int]) -> list[tuple[int, int]]:
    """Where loans, by number, are killed (3): pairs of a loan and a point."""
    by_root: dict[object, list[Loan]] = {}
    for loan in known.loans:
        if loan.path is not None and loan.number in wanted:
            by_root.setdefault(loan.path.root, []).append(loan)
    killed = []
    for kill in known.kills:
        for loan in by_root.get(kill.path.root, ()):
            assert loan.path is not None
            if _only_held_here(loan.path):
                continue
            if _begins(loan.path, kill.path) and (not kill.below or loan.path is not kill.path):
                killed.append((loan.number, kill.point))
    return killed


def initialization(known: Borrowing, facts: Facts, locals: list[Value]) -> None:
    """Where the locals whose drop uses regions begin and cease to hold something (10)."""
    holding = Initialization(known.function, known.module, known.cfg)
    masks = [(local, holding.paths.roots[local].mask) for local in locals]
    points: dict[Operation, int] = {}
    for number, point in enumerate(known.points):
        if point.op is not None and point.edge < 0 and not point.is_exit:
            points[point.op] = number
    made, gone = [], []
    problem = holding.there.problem
    for block in known.cfg.reverse_postorder:
        for op, there, _ in holding.states(block):
            if op not in points:
                continue
            after = problem.transfer(op, there)
            if after == there:
                continue
            for local, mask in masks:
                if there & mask and not after & mask:
                    gone.append((local, points[op]))
                elif after & mask and not there & mask:
                    made.append((local, points[op]))
    facts.path_is_var = [(local, local) for local in locals]
    facts.path_assigned_at_base = made
    facts.path_moved_at_base = gone


def reached_from(starts: list[int], flows: list[tuple[int, int, int]]) -> set[int]:
    """The origins that flows lead to from ``starts``, these included."""
    after: dict[int, list[int]] = {}
    for a, b, _ in flows:
        after.setdefault(a, []).append(b)
    found = set(starts)
    work = list(found)
    while work:
        for b in after.get(work.pop(), ()):
            if b not in found:
                found.add(b)
                work.append(b)
    return found


def _only_held_here(path: Path) -> bool:
    """Whether what a path leads to is part of an object that an SSA value holds."""
    steps = path.steps()
    first = steps[0].parent if steps else None
    return first is not None and first.is_value and steps[0].what == COLLECTED


def _begins(path: Path, with_: Path) -> bool:
    at: Path | None = path
    while at is not None and at.depth > with_.depth:
        at = at.parent
    return at is with_


__all__ = ["LoanFacts", "initialization", "killed", "reached_from"]
