"""A defect for each clause of borrow checking, by the clause: the file and what the clause says are in the header of the file
that the row names. ``test_loans.py`` holds that the conformance programs notice each.

Generated programs notice one when it accepts what the interpreter finds a fault in, or refuses what is correct: correct ones,
such with one wrong scene, such in which a tenth of the conflicts is overlooked, and mutants of correct ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import altru_ir as air
from altru_ir.passes.verify.loans import check_loans
from altru_ir.testing.borrowing import generate
from tests.mutants.planting import FALLS_OVER, mutants
from tests.mutants.searching import Area, Found, Kind
from tests.passes.loans_oracle import fault, inputs, scheduled
from tests.passes.loans_oracle import mutants as changed

BORROWING = "passes.analysis.borrowing:Borrowing."
PATHS = "passes.analysis.loan_paths:LoanPaths."
ELEMENTS = "passes.analysis.element_sets:"
FACTS = "passes.analysis.loan_facts:"
SCOPES = FACTS
LENT = "passes.analysis.lent_paths:"
SUSPECTS = "passes.analysis.loan_suspects:_Look."
FLOW = "passes.analysis.region_flow:RegionFlow."
REGIONS, VARIANCES = "regions:Regions.", "variance:Variances."

MUTANTS = mutants("", {
    "borrowing 1, exclusive": (BORROWING + "_lends", 'bool(op.attrs.get("mut"))', "False"),
    "borrowing 1, shared": (BORROWING + "_lends", 'bool(op.attrs.get("mut"))', "True"),
    "borrowing 1, operations": (BORROWING + "_lends", "return lent", "return []"),
    "borrowing 2": (BORROWING + "_lend", "tracked(path)", "True"),
    "borrowing 2, frames": (BORROWING + "_operation", "op.decl.takes_frame and", "False and"),
    "borrowing 2, holders": (BORROWING + "_lend", "self._issue(op, step.parent, False, origin, holder=True)", "pass"),
    "borrowing 3, values": (BORROWING + "_defined", "self.kills.append(Kill(point, self.paths.root(value), False))", "pass"),
    "borrowing 3, stores": (BORROWING + "_stored", "self.kills.append(Kill(self.then, path, True))", "pass"),
    "borrowing 3, collected": (BORROWING + "_defined", "deref_kind(value.type) == COLLECTED", "False"),
    "borrowing 4": (BORROWING + "_place", 'self._access(op, path, SHALLOW if shallow else DEEP, False, "read")', "pass"),
    "borrowing 5": (BORROWING + "_place", 'self._access(op, path, DROP if drops else SHALLOW, True, "assigned")', "pass"),
    "borrowing 5, drops": (BORROWING + "_place", "DROP if drops else SHALLOW", "SHALLOW"),
    "borrowing 5, take": (BORROWING + "_place", 'self._access(op, path, DEEP, True, "moved")', "pass"),
    "borrowing 5, exchange": (BORROWING + "_place", 'self._access(op, path, DEEP, True, "assigned")', "pass"),
    "borrowing 6, drop": (BORROWING + "_place", 'self._access(op, path, DROP, True, "dropped")', "pass", 2),
    "borrowing 6, end": (BORROWING + "_place", 'self._access(op, path, SHALLOW, True, "ended")', "pass"),
    "borrowing 7": (BORROWING + "_moved", "not in (UNIQUE, OWNER, GUARD)", "in (UNIQUE, OWNER, GUARD)"),
    "borrowing 7, drop": (BORROWING + "_value", 'self._access_value(op, value, DROP, True, "dropped")', "pass"),
    "borrowing 8": (FACTS + "LoanFacts._conflicts", "loan.path.is_storage or", "False or"),
    "borrowing 8, collected": (FACTS + "_only_held_here", "steps[0].what == COLLECTED", "False"),
    "borrowing 8, panics": (BORROWING + "_block", "self._leaves.append((left, op))", "pass"),
    "borrowing 9, values": (BORROWING + "_value", "self.used.append((value, self.then))", "pass", 2),
    "borrowing 9, places": (BORROWING + "_uses", "self.used.append((root, point))", "pass"),
    "borrowing 9, definitions": (BORROWING + "_defines", "self.defined.append((local, self.then))", "pass"),
    "borrowing 9, stores": (BORROWING + "_stored", "self._uses(place, self.then)", "pass"),
    "borrowing 10": (BORROWING + "_drops_place", "self.dropped.append((root, self.now))", "pass"),
    "borrowing 10, values": (BORROWING + "_value", 'self.used.append((("drop", value), self.now))', "pass"),
    "borrowing 10, initialization": (FACTS + "initialization", "facts.path_moved_at_base = gone", "pass"),
    "borrowing 11": (BORROWING + "_edge", "self._moved(op, given, at)", "pass"),
    "borrowing 11, flow": (BORROWING + "_edge", "self.flow.flow(origins, target, parameter.type)", "pass"),
    "borrowing 12": (BORROWING + "_block", "self.edges.append((left, self._head[block.unwind]))", "pass"),
    "loan paths 1, fields": (LENT + "LentPaths._of", '("field", "variant", "deref", "elem")', '("variant", "deref", "elem")'),
    "loan paths 1, elements": (LENT + "LentPaths._of", 'node.children.get((kind, step.what))', "others[-1]"),
    "loan paths 2, unions": (PATHS + "_step", '"union" if union else "field"', '"field"'),
    "loan paths 2, indices": (ELEMENTS + "_index", "return None\n", "return 7\n"),
    "elements 1": (ELEMENTS + "_differ", "one.distance != other.distance", "one != other"),
    "elements 1, least": (ELEMENTS + "_below", "one < other.least", "one <= other.least"),
    "elements 3": ("passes.analysis.loan_paths:within", "outer.low + index", "index"),
    "elements 3, ends": ("passes.analysis.loan_paths:within", "outer.high.distance + index.distance", "index.distance"),
    "elements 2": (ELEMENTS + "_at_most", "one.distance >= other.distance", "one.distance > other.distance - 2"),
    "elements 2, numbers": (ELEMENTS + "_at_most", "return one <= other", "return one <= other + 1"),
    "elements 4": (ELEMENTS + "_is_length", "return measured is pointer", "return True"),
    "elements 4, places": (ELEMENTS + "_is_length", "(measured is base or (", "(True or ("),
    "loan paths 4, shallow": (LENT + "goes_through", "access == SHALLOW or", ""),
    "loan paths 4, drops": (LENT + "goes_through", "access != DROP or step.what != UNIQUE", "True"),
    "loan paths 4, owners": (LENT + "goes_through", "(SHARED, COLLECTED, RAW)", "(SHARED, COLLECTED, RAW, 'owner')"),
    "loan paths 4, destructors": (LENT + "touches_all", "_has_destructor(parent.type, module)", "False"),
    "lent paths 1": (LENT + "LentPaths._of", "found |= self.at.get(node, 0)  # 1", "pass"),
    "lent paths 3": (LENT + "LentPaths._of", "nodes.append(other)", "pass"),
    "loan scopes 2": (SCOPES + "variable_scopes", "max(by_block[block])", "min(by_block[block])", 2),
    "loan scopes 3": (SCOPES + "origin_scopes", "scope = scope.joined(found[b])", "pass"),
    "loan scopes 3, signature": (SCOPES + "origin_scopes", "Scope(EVERYWHERE)", "NOWHERE"),
    "loan scopes 4": ("passes.analysis.loan_scopes:ScopeIndex.add", "if scope.home == block and not scope.enters", "if True"),
    "loan scopes 4, loops": ("passes.analysis.loan_scopes:ScopeIndex.add", " and not scope.enters", ""),
    "loan suspects 1": (SUSPECTS + "_joined", "self.join(first, at)", "pass"),
    "loan suspects 1, calls": (SUSPECTS + "_call", "self.join(known_as, at)", "pass"),
    "loan suspects 1, edges": (SUSPECTS + "_edges", "self.join(source, target)", "pass"),
    "loan suspects 2, parameters": (SUSPECTS + "walk", "self.mark(at, 1 << region)", "pass"),
    "loan suspects 2, results": (SUSPECTS + "_joined", "self.mark(at, bits)", "pass"),
    "loan suspects 2, static": (SUSPECTS + "_joined", "self.mark(first, STATIC_BIT)", "pass", 2),
    "loan suspects 2, names": (SUSPECTS + "variable", "bits |= 1 << self.named[name] if name in self.named else 0", "pass"),
    "loan suspects 2, members": (SUSPECTS + "variable", "STATIC_BIT if kind.static else 0", "0"),
    "loan suspects 3": (SUSPECTS + "_operation", "self.uses.append((at, block, position))", "pass", 2),
    "loan suspects 3, edges": (SUSPECTS + "_edges", "self.uses.append((source, number, position))", "pass"),
    "loan suspects 4": (SUSPECTS + "_operation", "access in (READ, PATH) or", "True or"),
    "loan suspects 4, values": (SUSPECTS + "_operation", "self._touch(value, block, position, False)", "pass"),
    "loan suspects 5, exclusive": (SUSPECTS + "found", "own.all if lent.mutable else own.writes", "own.writes"),
    "loan suspects 5, heads": (SUSPECTS + "found", "heads[block] &", "0 &"),
    "loan suspects 5, last uses": (SUSPECTS + "found", "positions[at] <= last.get((each, lent.block), -1)", "False"),
    "loan suspects 5, behind": (SUSPECTS + "found", "after[lent.block] & mask or", "False or"),
    "loan suspects 5, arguments": (SUSPECTS + "_live", "heads[block] |= bits[at]", "pass"),
    "loan suspects 6, storage": (SUSPECTS + "_ends", "isinstance(root, str) or root.type.is_place", "False"),
    "loan suspects 6, collected": (SUSPECTS + "_ends", "isinstance(root.type, GcType)", "False"),
    "loan suspects 6": (SUSPECTS + "_ends", "cycles or positions[-1] > lent.position", "False"),
    "loan suspects 7": (SUSPECTS + "found", "self.universal[at] & (self.universal[at] - 1)", "False"),
    "loan suspects 7, function values": (SUSPECTS + "kind", "slots and isinstance(type, FunctionType)", "False"),
    "region flow 1": (FLOW + "_make", "self._named.get(region) if written else None", "None"),
    "region flow 2": (FLOW + "flow", "variance & CO:", "False:"),
    "region flow 2, against": (FLOW + "flow", "variance & CONTRA:", "False:"),
    "region flow 3, arguments": (FLOW + "_call", "self.store(value, instance(map))", "pass"),
    "region flow 3, clauses": (FLOW + "_call", "self.subset(made[longer], made[shorter])", "pass"),
    "region flow 3, threads": (FLOW + "_call", "self.subset(origin, bound)", "pass"),
    "region flow 4": (FLOW + "reborrowed", "self.subset(self.of(at)[0], reference)", "pass"),
    "region flow 4, shared": (FLOW + "reborrowed", "deref_kind(pointer) in (SHARED, RAW)", "False"),
    "region flow 4, collected": (FLOW + "reborrowed", "(SHARED, RAW)", "(SHARED, RAW, 'collected')"),
    "region flow 5, structs": (FLOW + "_struct", "zip(op.operands, members)", "()"),
    "region flow 5, enums": (FLOW + "_choice", "if op.operands and", "if False and"),
    "region flow 5, sequences": (FLOW + "_sequence", "enumerate(op.operands)", "()"),
    "region flow 5, parts": (FLOW + "_destructure", "self.of(result):", "False:"),
    "region flow 6, lenders": (FLOW + "_result_of", "self.subset(self.of(lender)[0], origins[0])", "pass"),
    "region flow 6, within": (FLOW + "stores", "part.type.erased is value.type.erased", "False"),
    "region flow 6, dyn": (FLOW + "_result_of", "isinstance(part.type, DynType)", "False"),
    "region flow 7": (FLOW + "_opened", "self.placeholders.append(new)", "pass"),
    "regions 3": (REGIONS + "_drop_equation", "declaration.drop is not None", "False"),
    "regions 3, may_dangle": (REGIONS + "_drop_equation", "not in dangling", "is not None"),
    "regions 4, guards": (REGIONS + "_dropped", "(GuardType, ThreadScopeType, PinType, DynType)", "(PinType, DynType)"),
    "regions 4, homes": (REGIONS + "_dropped", "found | {0} if type.region is not None else found", "found"),
    "regions 4, erased": (REGIONS + "_dropped", "ThreadScopeType, PinType, DynType)", "ThreadScopeType, PinType)"),
    "variance 3": (VARIANCES + "_walk", "INV if self._is_shared_and_mutable(type) else CO", "CO"),
    "variance 3, cells": (VARIANCES + "_is_shared_and_mutable", "CellType, ", ""),
    "variance 3, pools": (VARIANCES + "_is_shared_and_mutable", ", PoolType", ""),
    "variance 4": (VARIANCES + "_walk", "compose(variance, CONTRA)", "variance"),
    "elision 4": ("elision:implied", "(RefType, GuardType)", "(GuardType,)"),
    "elision 4, clauses": ("elision:implied", "sorted(clauses_of(type.name, regions))", "()"),
})  # fmt: skip


# -- generated programs ------------------------------------------------------------------------------------------------------

Program = tuple[air.Module, bool]
"""One with its drops, and whether it has a fault."""


def told_by(programs: Iterable[Program]) -> str | None:
    """What tells a checker with a defect from one without; None if nothing does."""
    try:
        for module, wrong in programs:
            refused = any(check_loans(function, module) for function in module.functions.values())
            if refused != wrong:
                return "accepts a program with a fault" if wrong else "refuses a correct program"
    except FALLS_OVER as error:
        return f"fails: {type(error).__name__}"
    return None


def correct(seed: int) -> list[Program]:
    return [(scheduled(generate(seed, size=6).module), False)]


def faulty(text: Callable[[int], str]) -> Callable[[int], list[Program]]:
    """The program of a seed, if it has a fault."""

    def make(seed: int) -> list[Program]:
        try:
            module = scheduled(air.parse(text(seed)))
        except air.DiagnosticError:
            return []
        return [(module, True)] if fault(module, inputs(20)) else []

    return make


def mutated(seed: int) -> list[Program]:
    found = changed(generate(seed, size=5).text, random.Random(seed), 2)
    return [(module, True) for _, _, module in found if fault(module, inputs(20))]


SEEDS: dict[str, Found] = {}
"""A program that notices each, as of the generators today."""

UNSEEN: dict[str, str] = {}

KINDS = {
    "scene": Kind(faulty(lambda seed: generate(seed, size=2, staged=1).text), told_by),
    "correct": Kind(correct, told_by),
    "wild": Kind(faulty(lambda seed: generate(seed, size=5, wild=0.1).text), told_by),
    "mutant": Kind(mutated, told_by),
}
AREA = Area(MUTANTS, KINDS, SEEDS, UNSEEN)
