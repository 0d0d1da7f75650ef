"""Loans: which borrow is still needed where something happens that it forbids; location-sensitive, after Polonius.

An origin is the set of loans that a reference may come from. Facts about one function (``Facts``) come from whoever knows
its types; points are the places between and in its operations, joined by ``cfg_edge``.

    r: &'2 = &'1 mut x;     // loan_issued_at('1, L, p); subset_base('1, '2, p)
    x = 1;                  // loan_invalidated_at(q, L)
    use(r);                 // var_used_at(r, s), and use_of_var_derefs_origin(r, '2): error q L

The rules, of which this file computes the least solution; cited by number. What stands left of ``:-`` holds if all on the
right does; ``!`` is negation.

  Initialization
   1. ancestor(P, C) :- child_path(C, P).                 ancestor(G, C) :- ancestor(P, C), child_path(P, G).
   2. assigned(X, n) :- path_assigned_at_base(X, n).      assigned(C, n) :- path_assigned_at_base(P, n), ancestor(P, C).
   3. moved(X, n) :- path_moved_at_base(X, n).            moved(C, n) :- path_moved_at_base(P, n), ancestor(P, C).
   4. begins_with(X, v) :- path_is_var(X, v).             begins_with(C, v) :- path_is_var(P, v), ancestor(P, C).
   5. path_init(X, n) :- assigned(X, n).                  path_init(X, m) :- path_init(X, n), cfg_edge(n, m), !moved(X, m).
   6. var_init_on_exit(v, n) :- path_init(X, n), begins_with(X, v).
      var_init_on_entry(v, m) :- var_init_on_exit(v, n), cfg_edge(n, m).
  Liveness
   7. var_live(v, n) :- var_used_at(v, n).
      var_live(v, n) :- var_live(v, m), cfg_edge(n, m), !var_defined_at(v, n).
   8. var_drop_live(v, n) :- var_dropped_at(v, n), var_init_on_entry(v, n).
      var_drop_live(v, n) :- var_drop_live(v, m), cfg_edge(n, m), !var_defined_at(v, n), var_init_on_exit(v, n).
   9. live(o, n) :- var_live(v, n), use_of_var_derefs_origin(v, o).
  10. live(o, n) :- var_drop_live(v, n), drop_of_var_derefs_origin(v, o).
  11. live(o, n) :- universal_region(o), node(n).         node(n), node(m) :- cfg_edge(n, m).
  Loans
  12. subset(a, b, n) :- subset_base(a, b, n).            subset(a, c, n) :- subset(a, b, n), subset(b, c, n).
  13. subset(a, b, m) :- subset(a, b, n), cfg_edge(n, m), live(a, m), live(b, m).
  14. contains(o, L, n) :- loan_issued_at(o, L, n).       contains(o, L, n) :- placeholder(o, L), node(n).
  15. contains(b, L, n) :- contains(a, L, n), subset(a, b, n).
  16. contains(o, L, m) :- contains(o, L, n), cfg_edge(n, m), live(o, m), !loan_killed_at(L, n).
  17. error(n, L) :- loan_invalidated_at(n, L), contains(o, L, n), live(o, n).
  Placeholders: what a signature does not promise must not follow from the body
  18. known(o, L) :- placeholder(o, L).                   known(b, L) :- known(a, L), known_placeholder_subset(a, b).
  19. subset_error(n, a, b) :- contains(b, L, n), placeholder(a, L), universal_region(b), !known(b, L).

How: subsets at a point are a graph over origins that is kept transitively closed (12), as bit sets in both directions, and
each origin has the set of loans that it contains (15). When an origin dies on an edge (13, 16) its node goes, and what led
through it stays; a loan that is killed (16) goes out of the sets. The graph is changed in place along a straight line of
points, and kept only where lines meet. Before, the same without places (Polonius' location-insensitive rules) leaves the
loans that could be in an error at all, and the origins that they could flow into; mostly there are none.

Invariant: a graph is transitively closed after each change, and graphs of lines only grow, until nothing is added.

Sources: Matsakis, An Alias-based Formulation of the Borrow Checker, 2018; the rules as the Polonius project has them today.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

import attrs

from altru_ir.passes.analysis.graphs import reversed_edges, strongly_connected

Atom = Hashable
Rows = Sequence[tuple[Any, ...]]


class Table(Sequence[tuple[Any, ...]]):
    """Rows that are kept by columns, as long ones come from files."""

    def __init__(self, columns: Sequence[Sequence[Any]]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, at: Any) -> Any:
        return list(self)[at] if isinstance(at, slice) else tuple(column[at] for column in self.columns)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return zip(*self.columns)


class Runs(Sequence[tuple[Any, ...]]):
    """Rows in runs that are equal but for the last column: what holds at many points. Runs share lists of these."""

    def __init__(self, runs: Sequence[tuple[tuple[Any, ...], Sequence[Any]]]) -> None:
        self.runs = runs

    def __len__(self) -> int:
        return sum(len(last) for _, last in self.runs)

    def __getitem__(self, at: Any) -> Any:
        return list(self)[at]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return ((*head, each) for head, last in self.runs for each in last)


def runs_of(rows: Rows) -> Sequence[tuple[tuple[Any, ...], Sequence[Any]]]:
    """A relation as pairs of what rows begin with and the last columns of these rows."""
    return rows.runs if isinstance(rows, Runs) else [(row[:-1], row[-1:]) for row in rows]


def distinct(rows: Rows, column: int) -> dict[Any, None]:
    """The atoms in a column of a relation, in order."""
    if isinstance(rows, Table):
        return dict.fromkeys(rows.columns[column])
    if not isinstance(rows, Runs):
        return dict.fromkeys(row[column] for row in rows)
    if rows.runs and column == len(rows.runs[0][0]):
        lists = {id(last): last for _, last in rows.runs}
        return dict.fromkeys(atom for last in lists.values() for atom in last)
    return dict.fromkeys(head[column] for head, _ in rows.runs)


@attrs.define
class Facts:
    """What is known about one function: each relation as rows of atoms, in the order of columns that the rules show."""

    loan_issued_at: Rows = ()
    universal_region: Rows = ()
    cfg_edge: Rows = ()
    loan_killed_at: Rows = ()
    subset_base: Rows = ()
    loan_invalidated_at: Rows = ()
    var_used_at: Rows = ()
    var_defined_at: Rows = ()
    var_dropped_at: Rows = ()
    use_of_var_derefs_origin: Rows = ()
    drop_of_var_derefs_origin: Rows = ()
    child_path: Rows = ()
    path_is_var: Rows = ()
    path_assigned_at_base: Rows = ()
    path_moved_at_base: Rows = ()
    path_accessed_at_base: Rows = ()
    known_placeholder_subset: Rows = ()
    placeholder: Rows = ()


@attrs.define
class Conflicts:
    """What ``find_conflicts`` found: ``errors`` as (point, loan), ``subset_errors`` as (point, origin, origin)."""

    errors: set[tuple[Any, Any]] = attrs.field(factory=set)
    subset_errors: set[tuple[Any, Any, Any]] = attrs.field(factory=set)


def find_conflicts(facts: Facts) -> Conflicts:
    """The errors that follow from the facts. Atoms need only be hashable; rows may repeat."""
    return _Solver(facts).solve()


# -- bit sets and numbers ----------------------------------------------------------------------------------------------------


class _Numbers(dict[Any, int]):
    """Numbers atoms in the order in which they are first asked for."""

    def __missing__(self, atom: Any) -> int:
        self[atom] = number = len(self)
        return number


def bits(of: int) -> Iterator[int]:
    """The members of a bit set, smallest first."""
    while of:
        low = of & -of
        yield low.bit_length() - 1
        of ^= low


class _Image:
    """The image of a bit set under a relation, cheap when asked for sets that differ little from the one before."""

    def __init__(self, pairs: Iterable[tuple[int, int]]) -> None:
        self.forward: dict[int, int] = {}
        self.backward: dict[int, int] = {}
        self.last = self.image = 0
        for left, right in pairs:
            self.forward[left] = self.forward.get(left, 0) | 1 << right
            self.backward[right] = self.backward.get(right, 0) | 1 << left

    def of(self, members: int) -> int:
        if members == self.last:
            return self.image
        for gone in bits(self.last & ~members):
            for right in bits(self.forward.get(gone, 0) & self.image):
                if not self.backward[right] & members:
                    self.image ^= 1 << right
        for new in bits(members & ~self.last):
            self.image |= self.forward.get(new, 0)
        self.last = members
        return self.image


def _flow(sources: list[list[int]], targets: list[list[int]], order: Iterable[int], made: list[int], ended: list[int]) -> None:
    """Completes ``made`` to the least solution of made[n] = made[n] or (made[s] of a source, without ended[n])."""
    rank = list(order)
    place = {node: at for at, node in enumerate(rank)}
    queue = list(range(len(rank)))
    queued = bytearray(b"\1" * len(rank))
    while queue:
        at = heappop(queue)
        queued[at] = 0
        node = rank[at]
        coming = 0
        for source in sources[node]:
            coming |= made[source]
        more = made[node] | (coming & ~ended[node])
        if more != made[node]:
            made[node] = more
            for target in targets[node]:
                if not queued[place[target]]:
                    queued[place[target]] = 1
                    heappush(queue, place[target])


# -- the subset graph --------------------------------------------------------------------------------------------------------


class _Closed:
    """A transitively closed graph: ``above[a]`` are the nodes that ``a`` flows into, ``below`` is the reverse.

    ``loans[a]`` are the loans that ``a`` contains; whatever it flows into contains them as well.
    """

    __slots__ = ("above", "below", "loans", "nodes")

    def __init__(self) -> None:
        self.above: dict[int, int] = {}
        self.below: dict[int, int] = {}
        self.loans: dict[int, int] = {}
        self.nodes = 0

    def copy(self) -> _Closed:
        other = _Closed()
        other.above, other.below, other.loans = self.above.copy(), self.below.copy(), self.loans.copy()
        other.nodes = self.nodes
        return other

    def add(self, a: int, b: int) -> None:
        """Rule 12: an edge, and all that follows from it."""
        above, below = self.above, self.below
        if above.get(a, 0) >> b & 1:
            return
        sources, sinks = below.get(a, 0) | 1 << a, above.get(b, 0) | 1 << b
        self.nodes |= 1 << a | 1 << b
        for source in bits(sources):
            above[source] = above.get(source, 0) | sinks
        for sink in bits(sinks):
            below[sink] = below.get(sink, 0) | sources
        if a in self.loans:
            self.issue(self.loans[a], b)

    def issue(self, loans: int, o: int) -> None:
        """Rule 15: loans in an origin, and in all that it flows into."""
        have = self.loans
        if not loans & ~have.get(o, 0):
            return
        self.nodes |= 1 << o
        for sink in bits(self.above.get(o, 0) | 1 << o):
            have[sink] = have.get(sink, 0) | loans

    def remove(self, nodes: int) -> None:
        """Takes nodes away; what flowed through them still does."""
        above, below = self.above, self.below
        gone = nodes & self.nodes
        self.nodes &= ~gone
        for node in bits(gone):
            self.loans.pop(node, None)
            for sink in bits(above.pop(node, 0) & self.nodes):
                below[sink] &= ~gone
            for source in bits(below.pop(node, 0) & self.nodes):
                above[source] &= ~gone

    def take(self, other: _Closed) -> bool:
        """Adds all edges of another; whether there was a new one."""
        if not self.nodes:
            self.above, self.below, self.loans = other.above.copy(), other.below.copy(), other.loans.copy()
            self.nodes = other.nodes
            return self.nodes != 0
        grown = False
        for a, sinks in other.above.items():
            new = sinks & ~self.above.get(a, 0)
            grown = grown or new != 0
            for b in bits(new):
                self.add(a, b)
        for o, loans in other.loans.items():
            if loans & ~self.loans.get(o, 0):
                grown = True
                self.issue(loans, o)
        return grown


# -- the solver --------------------------------------------------------------------------------------------------------------


class _Solver:
    """Computes one function's conflicts, in the order of the rules."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.origin, self.loan = _Numbers(), _Numbers()
        self.point = _Numbers()
        numbered = self.point.__getitem__
        pairs = dict.fromkeys((numbered(n), numbered(m)) for n, m in facts.cfg_edge)
        self.in_graph = len(self.point)  # rule 11: node(n) is `n < in_graph`
        for rows, column in (
            (facts.subset_base, 2), (facts.loan_issued_at, 2), (facts.loan_invalidated_at, 0), (facts.loan_killed_at, 1),
            (facts.var_used_at, 1), (facts.var_dropped_at, 1), (facts.var_defined_at, 1),
            (facts.path_assigned_at_base, 1), (facts.path_moved_at_base, 1),
        ):  # fmt: skip
            for n in distinct(rows, column):
                numbered(n)
        self.points = list(self.point)
        self.after: list[list[int]] = [[] for _ in self.points]
        for n, m in pairs:
            self.after[n].append(m)
        self.before = reversed_edges(self.after)
        self.order = self._order()

    def _order(self) -> list[int]:
        """The points in reverse postorder, from those that nothing leads to."""
        found: list[int] = []
        seen = bytearray(len(self.points))
        roots = [n for n in range(len(self.points)) if not self.before[n]]
        for root in [*roots, *range(len(self.points))]:
            if seen[root]:
                continue
            seen[root] = 1
            work = [(root, iter(self.after[root]))]
            while work:
                node, rest = work[-1]
                for m in rest:
                    if not seen[m]:
                        seen[m] = 1
                        work.append((m, iter(self.after[m])))
                        break
                else:
                    found.append(node)
                    work.pop()
        found.reverse()
        return found

    def solve(self) -> Conflicts:
        facts, origin, loan = self.facts, self.origin, self.loan
        found = Conflicts()
        self.universal = 0
        for (o,) in facts.universal_region:
            self.universal |= 1 << origin[o]
        self.known = self._known()
        self.placeholders = {(origin[o], loan[named]) for o, named in facts.placeholder}
        self.invalidated: dict[int, int] = {}
        for n, named in facts.loan_invalidated_at:
            self.invalidated[self.point[n]] = self.invalidated.get(self.point[n], 0) | 1 << loan[named]
        self.flows = dict.fromkeys((origin[a], origin[b]) for (a, b), _ in runs_of(facts.subset_base))
        self.issued = [(origin[o], loan[named], n) for o, named, n in facts.loan_issued_at]
        self.reach = reach = self._reach()
        suspects = self._suspicious_placeholders(reach)
        contested = 0
        for loans in self.invalidated.values():
            contested |= loans
        if not suspects and not contested & sum(1 << named for named in reach):
            return found
        self.live = self._liveness()
        for n, loans in self.invalidated.items():
            for named in bits(loans):
                if named not in suspects and reach.get(named, 0) & self.live[n]:
                    suspects.add(named)
        if suspects:
            relevant = 0
            for named in suspects:
                relevant |= reach[named]
            self.suspects = sum(1 << named for named in suspects)
            self._follow(suspects, relevant, found)
        return found

    def _known(self) -> dict[int, int]:
        """Rule 18: for each origin the placeholder loans that it may contain."""
        after: dict[int, list[int]] = {}
        for a, b in self.facts.known_placeholder_subset:
            after.setdefault(self.origin[a], []).append(self.origin[b])
        known: dict[int, int] = {}
        for o, named in self.facts.placeholder:
            known[self.origin[o]] = known.get(self.origin[o], 0) | 1 << self.loan[named]
        work = list(known)
        while work:
            a = work.pop()
            for b in after.get(a, ()):
                if known[a] & ~known.get(b, 0):
                    known[b] = known.get(b, 0) | known[a]
                    work.append(b)
        return known

    # -- without places ------------------------------------------------------------------------------------------------------

    def _reach(self) -> dict[int, int]:
        """For each loan the origins that it could flow into if every subset held everywhere."""
        after: list[list[int]] = [[] for _ in self.origin]
        for a, b in self.flows:
            after[a].append(b)
        starts: dict[int, set[int]] = {}
        for o, named, _ in self.issued:
            starts.setdefault(named, set()).add(o)
        for o, named in self.placeholders:
            starts.setdefault(named, set()).add(o)
        above = [0] * len(self.origin)
        for component in strongly_connected(after, sorted({o for origins in starts.values() for o in origins})):
            reached = 0
            for o in component:
                reached |= 1 << o
                for b in after[o]:
                    reached |= above[b]
            for o in component:
                above[o] = reached
        reach: dict[int, int] = {}
        for named, origins in starts.items():
            for o in origins:
                reach[named] = reach.get(named, 0) | above[o]
        return reach

    def _suspicious_placeholders(self, reach: dict[int, int]) -> set[int]:
        """The placeholder loans that could flow into an origin which is not known to contain them (19)."""
        return {
            named
            for _, named in self.placeholders
            if any(not self.known.get(b, 0) >> named & 1 for b in bits(reach[named] & self.universal))
        }

    # -- liveness ------------------------------------------------------------------------------------------------------------

    def _at_points(self, rows: Rows, number: dict[Any, int]) -> list[int]:
        """For each point the numbered atoms of a relation (atom, point); atoms without a number do not matter."""
        found = [0] * len(self.points)
        for atom, n in rows:
            if atom in number:
                found[self.point[n]] |= 1 << number[atom]
        return found

    def _liveness(self) -> list[int]:
        """Rules 7 to 11: the origins that are live at each point. Variables that hold no origin are left out."""
        facts = self.facts
        backwards = self.order[::-1]
        live = [self.universal] * self.in_graph + [0] * (len(self.points) - self.in_graph)  # 11
        user = _Numbers()
        image = _Image([(user[v], self.origin[o]) for v, o in facts.use_of_var_derefs_origin])
        used = self._at_points(facts.var_used_at, user)
        _flow(self.after, self.before, backwards, used, self._at_points(facts.var_defined_at, user))  # 7
        for n in self.order:
            live[n] |= image.of(used[n])  # 9
        dropped_at_all = {v for v, _ in facts.var_dropped_at}
        dropper = _Numbers()
        image = _Image([(dropper[v], self.origin[o]) for v, o in facts.drop_of_var_derefs_origin if v in dropped_at_all])
        if dropper:
            on_exit = self._initialized(dropper)
            dropped = self._at_points(facts.var_dropped_at, dropper)
            for n, variables in enumerate(dropped):
                on_entry = 0
                for source in self.before[n] if variables else ():
                    on_entry |= on_exit[source]  # 6
                dropped[n] &= on_entry  # 8
            ended = self._at_points(facts.var_defined_at, dropper)
            for n in range(len(self.points)):
                ended[n] |= ~on_exit[n]
            _flow(self.after, self.before, backwards, dropped, ended)  # 8
            for n in self.order:
                live[n] |= image.of(dropped[n])  # 10
        return live

    def _initialized(self, variables: dict[Any, int]) -> list[int]:
        """Rules 1 to 6: which of the variables may hold something, at least in a part, on exit of each point."""
        facts = self.facts
        children: dict[Any, list[Any]] = {}
        for child, parent in facts.child_path:
            children.setdefault(parent, []).append(child)
        path = _Numbers()
        begins = [(path[x], variables[v]) for x, v in facts.path_is_var if v in variables]
        pairs = {(x, v) for x, v in facts.path_is_var if v in variables}
        work = list(pairs)
        while work:  # 4
            x, v = work.pop()
            for child in children.get(x, ()):
                if (child, v) not in pairs:
                    pairs.add((child, v))
                    work.append((child, v))
                    begins.append((path[child], variables[v]))
        below = self._families(path, children)
        made, ended = [0] * len(self.points), [0] * len(self.points)
        for rows, where in ((facts.path_assigned_at_base, made), (facts.path_moved_at_base, ended)):  # 2, 3
            for x, n in rows:
                where[self.point[n]] |= below.get(x, 0)
        _flow(self.before, self.after, self.order, made, ended)  # 5
        image = _Image(begins)
        found = [0] * len(self.points)
        for n in self.order:
            found[n] = image.of(made[n])  # 6
        return found

    @staticmethod
    def _families(path: dict[Any, int], children: dict[Any, list[Any]]) -> dict[Any, int]:
        """Rule 1: for each path itself and the paths below it, of those that have a number."""
        node = _Numbers()
        for x in [*path, *children]:
            node[x]
        after: list[list[int]] = []
        for x in node.copy():
            after.append([node[child] for child in children.get(x, ())])
        after += [[] for _ in range(len(node) - len(after))]
        names = list(node)
        whole = [0] * len(names)
        for component in strongly_connected(after):
            family = 0
            for at in component:
                family |= 1 << path[names[at]] if names[at] in path else 0
                for child in after[at]:
                    family |= whole[child]
            for at in component:
                whole[at] = family
        return dict(zip(names, whole))

    # -- with places ---------------------------------------------------------------------------------------------------------

    def _lines(self) -> list[list[int]]:
        """The points in straight lines: only the first of a line is reached from more, or from elsewhere."""
        lines: list[list[int]] = []
        at = bytearray(len(self.points))
        heads = [n for n in self.order if len(self.before[n]) != 1 or len(self.after[self.before[n][0]]) != 1]
        for head in [*heads, *self.order]:  # a cycle that nothing leads into has no head
            if at[head]:
                continue
            line = []
            node = head
            while not at[node]:
                at[node] = 1
                line.append(node)
                if len(self.after[node]) == 1 and len(self.before[self.after[node][0]]) == 1:
                    node = self.after[node][0]
            lines.append(line)
        place = {n: at for at, n in enumerate(self.order)}
        lines.sort(key=lambda line: place[line[0]])
        return lines

    def _follow(self, suspects: set[int], relevant: int, found: Conflicts) -> None:
        """Rules 12 to 17 and 19, for loans that could be in an error and the origins they could flow into."""
        edges: dict[int, list[tuple[int, int]]] = {}
        for (left, right), points in runs_of(self.facts.subset_base):  # 12
            a, b = self.origin[left], self.origin[right]
            if a != b and relevant >> a & 1:
                for n in points:
                    edges.setdefault(self.point[n], []).append((a, b))
        issues: dict[int, list[tuple[int, int]]] = {}
        for o, named, n in self.issued:  # 14
            if named in suspects:
                issues.setdefault(self.point[n], []).append((1 << named, o))
        self.placeholders = {(o, named) for o, named in self.placeholders if named in suspects}
        always = sorted((1 << named, o) for o, named in self.placeholders)
        killed: dict[int, int] = {}
        for atom, n in self.facts.loan_killed_at:
            number = self.loan.get(atom, -1)
            if number in suspects:
                killed[self.point[n]] = killed.get(self.point[n], 0) | 1 << number
        lines = self._lines()
        line_of = {line[0]: at for at, line in enumerate(lines)}
        entries = [_Closed() for _ in lines]
        queue = list(range(len(lines)))
        heapify(queue)
        queued = bytearray(b"\1" * len(lines))
        while queue:
            at = heappop(queue)
            queued[at] = 0
            graph = entries[at].copy()
            line = lines[at]
            for n, following in zip(line, [*line[1:], None]):
                for a, b in edges.get(n, ()):
                    graph.add(a, b)
                for loan, o in issues.get(n, ()):
                    graph.issue(loan, o)
                for loan, o in always if n < self.in_graph else ():
                    graph.issue(loan, o)
                if always or n in self.invalidated:
                    self._judge(n, graph, found)
                if following is None:
                    break
                if n in killed:
                    self._kill(killed[n], graph)  # 16
                graph.remove(graph.nodes & ~self.live[following])  # 13, 16
            successors = self.after[line[-1]]
            self._kill(killed.get(line[-1], 0), graph)  # 16
            for m in successors:
                passed = graph.copy() if len(successors) > 1 else graph
                passed.remove(graph.nodes & ~self.live[m])  # 13, 16
                if entries[line_of[m]].take(passed) and not queued[line_of[m]]:
                    queued[line_of[m]] = 1
                    heappush(queue, line_of[m])
        self._name(found)

    def _kill(self, loans: int, graph: _Closed) -> None:
        """Takes loans out of all origins; they cannot be in others than those of their reach."""
        for named in bits(loans):
            for o in bits(self.reach[named] & graph.nodes):
                if graph.loans.get(o, 0) >> named & 1:
                    graph.loans[o] ^= 1 << named

    def _judge(self, n: int, graph: _Closed, found: Conflicts) -> None:
        """Rules 17 and 19 at one point, in numbers; the graph only grows until the end, so what is found stays true."""
        for named in bits(self.invalidated.get(n, 0) & self.suspects):
            for o in bits(self.reach[named] & graph.nodes & self.live[n]):
                if graph.loans.get(o, 0) >> named & 1:
                    found.errors.add((n, named))
                    break
        for o, named in self.placeholders:
            for b in bits(self.reach[named] & graph.nodes & self.universal):
                if graph.loans.get(b, 0) >> named & 1 and not self.known.get(b, 0) >> named & 1:
                    found.subset_errors.add((n, o, b))

    def _name(self, found: Conflicts) -> None:
        """Puts atoms in the place of their numbers."""
        points, origins, loans = self.points, list(self.origin), list(self.loan)
        found.errors = {(points[n], loans[named]) for n, named in found.errors}
        found.subset_errors = {(points[n], origins[a], origins[b]) for n, a, b in found.subset_errors}
