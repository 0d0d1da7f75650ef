"""The rules of loans applied straightforwardly to a fact directory: the peer of ``altru_ir.passes.analysis.loans``.

What somebody would write in an afternoon from the rules of the Polonius project: dictionaries of sets, a worklist of new facts
that meets what is known through an index, and liveness remembered by variable. As that project's default variant does, it asks
first what would follow if flows held everywhere, and applies the rules with places to functions that are left only. It shares
no code with the solver that it is compared to, its reader of files included.

Example: ``Naive(read(directory)).solve()`` is a set of ``("error", point, loan)`` and ``("subset_error", point, a, b)``.

Invariant: the same verdicts as the rules in the header of ``loans`` (a test compares them).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

Relation = list[tuple[str, ...]]


def read(directory: Path) -> dict[str, Relation]:
    """All relations of a directory, by name; the files are taken to be sound."""
    found = {}
    for file in directory.glob("*.facts"):
        with file.open() as lines:
            found[file.stem] = [tuple(line.rstrip("\n").split("\t")) for line in lines]
    return found


def reach(starts: Iterable[str], after: dict[str, set[str]], barrier: frozenset[str] | set[str] = frozenset()) -> set[str]:
    """The nodes that ``starts`` lead to, these included, without going into ``barrier``."""
    found = set(starts)
    work = list(found)
    while work:
        for other in after.get(work.pop(), ()):
            if other not in found and other not in barrier:
                found.add(other)
                work.append(other)
    return found


def index(rows: Iterable[tuple[str, ...]], key: int, value: int) -> dict[str, set[str]]:
    """One column of a relation by another."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row[key]].add(row[value])
    return found


class Naive:
    """The conflicts of one function."""

    def __init__(self, facts: dict[str, Relation]) -> None:
        self.facts = facts
        self.after = index(facts["cfg_edge"], 0, 1)
        self.before = index(facts["cfg_edge"], 1, 0)
        self.nodes = {n for edge in facts["cfg_edge"] for n in edge}
        self.universal = {row[0] for row in facts["universal_region"]}
        self.invalidated = index(facts["loan_invalidated_at"], 0, 1)
        self.killed = index(facts["loan_killed_at"], 1, 0)
        self.known = self._known()

    def _known(self) -> dict[str, set[str]]:
        """For each origin the placeholder loans that it may contain."""
        after = index(self.facts["known_placeholder_subset"], 0, 1)
        known: dict[str, set[str]] = defaultdict(set)
        for origin, loan in self.facts["placeholder"]:
            for other in reach([origin], after):
                known[other].add(loan)
        return known

    # -- initialization and liveness -----------------------------------------------------------------------------------------

    def _initialized(self, variable: str) -> tuple[set[str], set[str]]:
        """Where a variable may hold something: on entry and on exit."""
        on_exit: set[str] = set()
        roots = [path for path, of in self.facts["path_is_var"] if of == variable]
        for path in reach(roots, self.children):
            above = reach([path], self.parents)
            made = set().union(*(self.assigned.get(each, set()) for each in above))
            gone = set().union(*(self.moved.get(each, set()) for each in above))
            on_exit |= reach(made, self.after, gone)
        return {m for n in on_exit for m in self.after.get(n, ())}, on_exit

    def live(self) -> dict[str, set[str]]:
        """The origins that are live at each point."""
        facts = self.facts
        live: dict[str, set[str]] = defaultdict(set)
        for n in self.nodes:
            live[n] |= self.universal
        defined = index(facts["var_defined_at"], 0, 1)
        used = index(facts["var_used_at"], 0, 1)
        for variable, origins in index(facts["use_of_var_derefs_origin"], 0, 1).items():
            for n in reach(used.get(variable, ()), self.before, defined.get(variable, set())):
                live[n] |= origins
        self.children, self.parents = index(facts["child_path"], 1, 0), index(facts["child_path"], 0, 1)
        self.assigned, self.moved = index(facts["path_assigned_at_base"], 0, 1), index(facts["path_moved_at_base"], 0, 1)
        dropped = index(facts["var_dropped_at"], 0, 1)
        for variable, origins in index(facts["drop_of_var_derefs_origin"], 0, 1).items():
            if variable in dropped:
                entry, on_exit = self._initialized(variable)
                barrier = defined.get(variable, set()) | (self.nodes - on_exit)
                for n in reach(dropped[variable] & entry, self.before, barrier):
                    live[n] |= origins
        return live

    # -- loans ---------------------------------------------------------------------------------------------------------------

    def suspects(self, live: dict[str, set[str]]) -> bool:
        """Whether anything could be wrong if all flows held everywhere."""
        flows = index(self.facts["subset_base"], 0, 1)
        points: dict[str, set[str]] = index(self.facts["loan_invalidated_at"], 1, 0)
        named = {row[1] for row in self.facts["placeholder"]}
        for loan, starts in index([*self.facts["loan_issued_at"], *self.facts["placeholder"]], 1, 0).items():
            above = reach(starts, flows)
            if any(above & live[n] for n in points.get(loan, ())):
                return True
            if loan in named and any(loan not in self.known[other] for other in above & self.universal):
                return True
        return False

    def solve(self) -> set[tuple[str, ...]]:
        """The errors."""
        live = self.live()
        if not self.suspects(live):
            return set()
        sinks: dict[tuple[str, str], set[str]] = defaultdict(set)
        sources: dict[tuple[str, str], set[str]] = defaultdict(set)
        loans: dict[tuple[str, str], set[str]] = defaultdict(set)
        work: list[tuple[str, str, str, bool]] = []

        def flow(a: str, b: str, n: str) -> None:
            if b not in sinks[a, n]:
                sinks[a, n].add(b)
                sources[b, n].add(a)
                work.append((a, b, n, True))

        def contain(o: str, loan: str, n: str) -> None:
            if loan not in loans[o, n]:
                loans[o, n].add(loan)
                work.append((o, loan, n, False))

        for a, b, n in self.facts["subset_base"]:
            if a != b:
                flow(a, b, n)
        for o, loan, n in self.facts["loan_issued_at"]:
            contain(o, loan, n)
        for o, loan in self.facts["placeholder"]:
            for n in self.nodes:
                contain(o, loan, n)
        while work:
            a, b, n, is_flow = work.pop()
            if is_flow:
                for c in list(sinks[b, n]):
                    flow(a, c, n)
                for z in list(sources[a, n]):
                    flow(z, b, n)
                for loan in list(loans[a, n]):
                    contain(b, loan, n)
                for m in self.after.get(n, ()):
                    if a in live[m] and b in live[m]:
                        flow(a, b, m)
            else:
                for c in list(sinks[a, n]):
                    contain(c, b, n)
                if b not in self.killed.get(n, ()):
                    for m in self.after.get(n, ()):
                        if a in live[m]:
                            contain(a, b, m)
        found: set[tuple[str, ...]] = set()
        named = self.facts["placeholder"]
        for (o, n), held in loans.items():
            if o in live[n]:
                found.update(("error", n, loan) for loan in held & self.invalidated.get(n, set()))
            if o in self.universal:
                found.update(("subset_error", n, a, o) for a, loan in named if loan in held and loan not in self.known[o])
        return found
