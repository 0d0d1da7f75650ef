"""A defect for each clause of moves, drops, scopes and leaks, by the clause: the file and the clause are in the header
of the file that the row names. What notices each, ``owners.py`` and ``test_moves_and_drops.py`` say."""

from __future__ import annotations

from collections import Counter

from tests.mutants import leaking, owners
from tests.mutants.planting import mutants
from tests.mutants.searching import Area, Found, Kind
from tests.passes.test_moves_twin import disagreement

INITIALIZATION = "analysis.initialization:Initialization."
DROPS = "verify.drops:_Proof."
LEAKS = "verify.leaks:_Leaks."
STORAGE = "analysis.storage:EndedStorage."
MOVES = "verify.moves:_Checker."
VARIANTS = "analysis.known_variants:KnownVariants."
SCOPES = "analysis.scopes:OpenScopes."
SCHEDULER, UNWINDER = "transform.schedule_drops:_Scheduler.", "transform.schedule_drops:_Unwinder."
ELABORATOR = "transform.elaborate_drops:_Elaborator."

MUTANTS = mutants("passes.", {
    "initialization 1, places": (INITIALIZATION + "_of_operands", "(CONSUME, END)", "(END,)"),
    "initialization 1, values": (INITIALIZATION + "_of_operands", "(CONSUME, ESCAPE)", "(ESCAPE,)"),
    "initialization 2": (INITIALIZATION + "_of_operands", "(INIT, WRITE)", "(INIT,)"),
    "initialization 3": (INITIALIZATION + "_of_results", "made |= root.mask", "made |= 0"),
    "initialization 4": (INITIALIZATION + "_whole", "return Effect(path.mask, path.mask)", "return Effect()"),
    "initialization 5": (INITIALIZATION + "edge_effect", "gone |= root.mask", "gone |= 0"),
    "initialization 6": (INITIALIZATION + "panic_effect", "self._operands.get(op, NO_EFFECT)", "NO_EFFECT"),
    "elaborate-drops 9": (ELABORATOR + "leave_out_dead_unwinds", "not there & self.held[path]", "True"),
    "elaborate-drops 3, apart": (ELABORATOR + "changed_apart", "found |= path.bit if path", "found |= 0 if path"),
    "initialization 9": (INITIALIZATION + "_of_operands", "located.destructor is not None", "False"),
    "initialization 7": (INITIALIZATION + "_of_operands", "0 if is_conditional(op) else gone", "gone"),
    "initialization 8": (INITIALIZATION + "inactive", "variant != case", "False"),
    "moves 1, places": (MOVES + "place", "(READ, BORROW, CONSUME, EXCHANGE)", "(READ, CONSUME, EXCHANGE)"),
    "moves 1, values": (MOVES + "operation", "elif gone & root.needed and", "elif gone & root.bit and"),
    "moves 2": (MOVES + "pointers", "step.step == DEREF", "False"),
    "moves 3": (MOVES + "whole", "gone & parent.bit", "False"),
    "moves 4": (MOVES + "may_move_out", "if what is not None:", "if False:"),
    "moves 5": (MOVES + "may_move_out", "located.reach == ELEMENT", "False"),
    "moves 6": (MOVES + "may_move_out", "located.destructor is not None and", "False and"),
    "moves 7, init": (MOVES + "place", "self.must_be_empty(op, path.type, path, there)", "pass"),
    "moves 7, dealloc": (MOVES + "operation", "self.must_be_empty(op, value.type.pointee, content, there)", "pass"),
    "moves 8": (MOVES + "operation", "if access in (CONSUME, ESCAPE):", "if False:"),
    "moves 9": (MOVES + "storage", "if local is None", "if True"),
    "storage 1": (STORAGE + "_change", "self.bit.get(op.operands[0], 0), 0", "0, 0"),
    "storage 2": (STORAGE + "_change", "0, self.bit.get(op.result, 0)", "0, 0"),
    "storage 3": (STORAGE + "join", "a | b", "a & b"),
    "moves 8, itself": (MOVES + "operation", "located.root in consumed", "False"),
    "moves 7, some element": (MOVES + "place", "elif access == INIT:", "elif False:"),
    "moves 10": (MOVES + "variant", "if (known | self.doubted) & fact:", "if True:"),
    "variants 1": (VARIANTS + "told", "others[0] if len(others) == 1 else None", "None"),
    "variants 2": (VARIANTS + "_told_by_number", "self._kills.get(each, 0) & about", "False"),
    "variants 3": (VARIANTS + "_look_at", 'made.name == "enum"', "False"),
    "variants 4": (VARIANTS + "_look_at", "access in (INIT, WRITE, EXCHANGE) or", ""),
    "variants 4, borrows": (VARIANTS + "_look_at", "access == BORROW and", "False and"),
    "variants 4, wholes": (VARIANTS + "__init__", "at = at.parent", "at = None"),
    "variants 4, indices": (VARIANTS + "_find", "indices.extend(op.operands[1:])", "pass"),
    "leaks 1": (LEAKS + "forget", "self.drops(value.type) and", "True or"),
    "leaks 2": (LEAKS + "conversion", "if way is None", "if True"),
    "leaks 2, again": (LEAKS + "conversion", "again=not carried", "again=False"),
    "leaks 3, names": (LEAKS + "names", "found.update(new)", "break"),
    "leaks 3, calls": (LEAKS + "is_release", '!= "borrowed"', '!= "lent"'),
    "leaks 4": (LEAKS + "hidden", "if local not in looked", "if True"),
    "leaks 5": (LEAKS + "cycles", "if not part.edges", "if len(component) < 2"),
    "leaks 5, opened": (LEAKS + "cycles", "if edge[0] not in opened", ""),
    "leaks 6": (LEAKS + "loses", "return self.drops(owner.target)", "return True"),
    "leaks 7": (LEAKS + "report", 'op.attrs.get("allow") != code', "True"),
    "drops 1": (DROPS + "need", "if missing:", "if False:"),
    "drops 2": (DROPS + "under_flag", "if state[2] & path.bit or", "if False and"),
    "drops 2, parts": (DROPS + "under_flag", "& path.needed or", "& path.bit or"),
    "drops 2, parts with flags": (DROPS + "under_flag", "& others", "& 0"),
    "drops 2, loads": (DROPS + "under_flag", "not self.fresh(op, op.operands[1], flag)", "False"),
    "drops 3": (DROPS + "empty", "self.heavy & ~self.taken", "0"),
    "drops 3, contents": (DROPS + "released", "elif root.root not in", "elif False and root.root not in"),
    "drops 3, shells": (DROPS + "place", "elif self.marks.needs_drop(op.result.type.pointee)", "elif False"),
    "drops 4": (DROPS + "left", "& self.heavy", "& 0"),
    "drops 4, panics": (DROPS + "run", "if at in panics:", "if False:"),
    "drops 4, again": (DROPS + "operation", 'self.left(op, made, "a new value loses", root.mask)', "pass"),
    "drops 5": (DROPS + "edge", "state = self.known(state, paths, index == 0)", "pass"),
    "drops 5, the other way": (DROPS + "edge", "index == 0", "index == 1"),
    "drops 6": (DROPS + "set_flag", "(0, -1) if value else (-1, 0)", "(-1, 0)"),
    "drops 6, conditions": (DROPS + "dropped", "told = self.told_by(op)", "told = 0"),
    "drops 6, the last": (DROPS + "told_by", "flag not in seen and", ""),
    "drops 7": (DROPS + "refilled", 'if each.name == "init" and each.operands[0] is place:', "if True:"),
    "drops 7, conditions": (DROPS + "place", "is_conditional(op) or not self.refilled", "not self.refilled"),
    "drops 8, elements": (DROPS + "place", "is_conditional(op) and reach == EXACT", "is_conditional(op)"),
    "drops 9": (DROPS + "storage", "if local is not None", "if False"),
    "drops 8": ("analysis.move_paths:MovePaths.covered", "return sum([high - low for low, high in spans])", "return 4"),
    "scopes 1, results": (SCOPES + "gen", "return self.opens.get(op, 0)", "return 0"),
    "scopes 1, parameters": (SCOPES + "boundary", "return self.made_in.get(None, 0)", "return 0"),
    "scopes 1, arguments": (SCOPES + "edge", "state |= self.bit.get(argument, 0)", "pass"),
    "scopes 2": (SCOPES + "kill", "return self.closes.get(op, 0)", "return 0"),
    "scopes 2, edges": (SCOPES + "handed_over", "state &= ~self.bit.get(value, 0)", "pass"),
    "scopes 4": (SCOPES + "panic_kill", "closed | ~self.cleaned[target]", "closed"),
    "schedule-drops 1": (SCHEDULER + "edges_and_exits", '("ret", "resume")', '("ret",)'),
    "schedule-drops 1, order": (SCHEDULER + "close", "reversed(self.scopes.in_order(scopes))", "self.scopes.in_order(scopes)"),
    "schedule-drops 1, rest": (SCHEDULER + "close", "self.partly", "set()"),
    "schedule-drops 1, what needs no drop": (SCHEDULER + "edges_and_exits", "end & scopes.dropping", "end"),
    "schedule-drops 2": (SCHEDULER + "edges_and_exits", "if not surplus:", "if True:"),
    "schedule-drops 2, in front": (SCHEDULER + "edges_and_exits", "len(last.successors) == 1", "True"),
    "schedule-drops 3, holding": (UNWINDER + "holding", "if there & root.mask", "if True"),
    "schedule-drops 3, shared": (UNWINDER + "head", "(written, rest, wide) not in self.chain", "True"),
    "schedule-drops 3, goes on": (UNWINDER + "head", "if rest else written", "if rest else None"),
    "schedule-drops 4": (UNWINDER + "block", "or left & fresh", ""),
    "schedule-drops 5": (UNWINDER + "run", "block not in unwinding", "True"),
    "elaborate-drops 1": (ELABORATOR + "steps", "or not there & self.held[path]", "or gone & path.mask"),
    "elaborate-drops 1, ruled out": (ELABORATOR + "find_held", "self.needs_drop(path.type) and not paths.hollow(path)", "True"),
    "elaborate-drops 2": (ELABORATOR + "steps", "if not gone & path.needed:", "if False:"),
    "elaborate-drops 3": (ELABORATOR + "drop_whole", "self.flags[path] if gone & path.bit else None", "None"),
    "elaborate-drops 4, order": (ELABORATOR + "drop_struct", 'or {}).items()', "or {}).items().__reversed__()"),
    "elaborate-drops 4, ranges": (ELABORATOR + "drop_array", "upto = index + 1", "upto = index + 2"),
    "elaborate-drops 4, shells": (ELABORATOR + "drop_owner", 'self.emit("dealloc", [owner])', "pass"),
    "elaborate-drops 4, payloads": (ELABORATOR + "drop_enum", "child is not None and not there", "not there"),
    "elaborate-drops 5": (ELABORATOR + "assign", "whole and drop_may_panic(value.type, self.module)", "False"),
    "elaborate-drops 6": (ELABORATOR + "change", "bool(effect.there & path.bit)", "1"),
    "elaborate-drops 6, conditions": (ELABORATOR + "change_by", "flag, kept]", "flag, self.truths[0]]"),
    "elaborate-drops 6, arguments": (ELABORATOR + "begin", "if arrived:", "if False:"),
    "elaborate-drops 7": (ELABORATOR + "is_site", "and not isinstance(held, ThreadScopeType)", ""),
})  # fmt: skip

SEEDS: dict[str, Found] = {}
"""A program that notices each, as of the generators today."""

UNSEEN: dict[str, str] = {}

KINDS = {
    "twin": Kind(lambda seed: seed, lambda seed: disagreement(seed, Counter())),
    "changed": Kind(owners.changes, owners.told_by_moves),
    "scheduled": Kind(owners.schedules, owners.told_by_order),
    "elaborated": Kind(owners.elaborations, owners.told_by_proof),
    "story": Kind(leaking.stories, leaking.told_of_leaks),
}
AREA = Area(MUTANTS, KINDS, SEEDS, UNSEEN)
