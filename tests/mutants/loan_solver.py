"""A defect for each rule of the solver of loans, by its number in ``passes/analysis/loans.py``. The rules, applied to random
facts as they are in its header, notice each (``tests/analysis/test_loans.py``)."""

from __future__ import annotations

from tests.mutants.planting import mutants

SOLVER, CLOSED, IMAGE = "_Solver.", "_Closed.", "_Image."

MUTANTS = mutants(
    "passes.analysis.loans:",
    {
        "1: only children": (SOLVER + "_families", "for child in after[at]:\n                family |= whole[child]", "pass"),
        "2, 3: no descendants": (
            SOLVER + "_initialized",
            "where[self.point[n]] |= below.get(x, 0)",
            "where[self.point[n]] |= 1 << path[x] if x in path else 0",
        ),
        "4: no descendants": (SOLVER + "_initialized", "if (child, v) not in pairs:", "if False:"),
        "5: moves forgotten": (
            SOLVER + "_initialized",
            "_flow(self.before, self.after, self.order, made, ended)",
            "_flow(self.before, self.after, self.order, made, [0] * len(made))",
        ),
        "6: on exit for on entry": (SOLVER + "_liveness", "on_entry |= on_exit[source]", "on_entry |= on_exit[n]"),
        "7: definitions forgotten": (
            SOLVER + "_liveness",
            "used, self._at_points(facts.var_defined_at, user))",
            "used, [0] * len(used))",
        ),
        "8: definitions forgotten": (
            SOLVER + "_liveness",
            "ended = self._at_points(facts.var_defined_at, dropper)",
            "ended = [0] * len(dropped)",
        ),
        "8: what holds nothing is dropped": (SOLVER + "_liveness", "dropped[n] &= on_entry", "pass"),
        "8: live where it holds nothing": (SOLVER + "_liveness", "ended[n] |= ~on_exit[n]", "pass"),
        "9: uses forgotten": (SOLVER + "_liveness", "live[n] |= image.of(used[n])", "pass"),
        "9: an image keeps what has gone": (IMAGE + "of", "self.image ^= 1 << right", "pass"),
        "10: drops forgotten": (SOLVER + "_liveness", "live[n] |= image.of(dropped[n])", "pass"),
        "11: live outside of the graph": (
            SOLVER + "_liveness",
            "[self.universal] * self.in_graph + [0] *",
            "[self.universal] * self.in_graph + [self.universal] *",
        ),
        "12: not transitive upwards": (
            CLOSED + "add",
            "sources, sinks = below.get(a, 0) | 1 << a,",
            "sources, sinks = 1 << a,",
        ),
        "12: not transitive downwards": (CLOSED + "add", "above.get(b, 0) | 1 << b\n", "1 << b\n"),
        "13: the dead stay within a line": (SOLVER + "_follow", "graph.remove(graph.nodes & ~self.live[following])", "pass"),
        "13: the dead stay between lines": (SOLVER + "_follow", "passed.remove(graph.nodes & ~self.live[m])", "pass"),
        "13: subsets of lines that meet": (CLOSED + "take", "grown = grown or new != 0", "new = 0"),
        "14: reissues forgotten": (
            SOLVER + "_reach",
            "starts.setdefault(named, set()).add(o)\n    for",
            "starts.setdefault(named, {o})\n    for",
        ),
        "14: placeholders outside of the graph": (SOLVER + "_follow", "always if n < self.in_graph else ()", "always"),
        "15: loans do not flow": (CLOSED + "issue", "for sink in bits(self.above.get(o, 0) | 1 << o):", "for sink in (o,):"),
        "15: loans do not follow an edge": (CLOSED + "add", "if a in self.loans:", "if False:"),
        "16: loans of lines that meet": (CLOSED + "take", "if loans & ~self.loans.get(o, 0):", "if False:"),
        "16: kills forgotten within a line": (SOLVER + "_follow", "self._kill(killed[n], graph)", "pass"),
        "16: kills forgotten between lines": (SOLVER + "_follow", "self._kill(killed.get(line[-1], 0), graph)", "pass"),
        "16: killed before it counts": (
            SOLVER + "_follow",
            "if always or n in self.invalidated:",
            "self._kill(killed.get(n, 0), graph)\n            if True:",
        ),
        "17: not live": (
            SOLVER + "_judge",
            "bits(self.reach[named] & graph.nodes & self.live[n])",
            "bits(self.reach[named] & graph.nodes)",
        ),
        "18: not transitive": (SOLVER + "_known", "work.append(b)\n    return known", "pass\n    return known"),
        "19: any origin": (
            SOLVER + "_judge",
            "bits(self.reach[named] & graph.nodes & self.universal)",
            "bits(self.reach[named] & graph.nodes)",
        ),
        "19: promises forgotten": (
            SOLVER + "_judge",
            "named & 1 and not self.known.get(b, 0) >> named & 1:",
            "named & 1 and b != o:",
        ),
    },
)
