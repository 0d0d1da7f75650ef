"""Defects of passes, wrong in ways that passes have been wrong before: a rule applied too widely, a case forgotten, two things
exchanged. The suite ``passes`` of ``tests/soak`` notices each of ``MUTANTS`` on a generated program, but for ``UNSEEN``.
``RELOADS`` are noticed by programs made for them (``tests/passes/test_reloads.py``)."""

from __future__ import annotations

from tests.mutants.planting import mutants
from tests.mutants.searching import Area, Found, Kind
from tests.soak import check_passes

FOLDING, CANONICALIZE = "folding:", "canonicalize:_Sweeps."
SIMPLIFY, CSE, DCE = "simplify_cfg:", "cse:", "dce:"
MEM2REG, SROA, INLINE = "mem2reg:", "sroa:_Splitting.", "inline:"
RELOAD = "reloads:Reloads."
COMPUTED = "scalars.integer(name, f.bits(type), a, b)"
SAME_TYPE = "[v for v in made.operands if v.type is op.results[0].type][0]"
REVERSED = "call.operands[::-1] if len({v.type for v in call.operands}) == 1 else call.operands"


def computed(names: str) -> str:
    """What ``COMPUTED`` is with operations exchanged for others."""
    return COMPUTED.replace("name", f"{names}.get(name, name)")


MUTANTS = mutants(
    "passes.transform.",
    {
        # -- folding --
        "signed for unsigned comparison": (FOLDING + "_icmp", "compare(predicate,", 'compare(predicate.replace("u", "s", 1),'),
        "swapped operands keep their predicate": (FOLDING + "_icmp", "SWAPPED[predicate]", "predicate", 2),
        "sign extension folds to zero extension": (FOLDING + "_resize", 'if name == "sext" else', "if False else"),
        "shifts beyond the width give zero": (
            FOLDING + "_binary",
            COMPUTED,
            f'0 if name in ("shl", "lshr") and b >= f.bits(type) else {COMPUTED}',
        ),
        "rotation the other way": (FOLDING + "_binary", COMPUTED, computed('{"rotl": "rotr", "rotr": "rotl"}')),
        "the smaller is unsigned": (FOLDING + "_binary", COMPUTED, computed('{"smin": "umin", "smax": "umax"}')),
        "arithmetic shift is logical": (FOLDING + "_binary", COMPUTED, computed('{"ashr": "lshr"}')),
        "division is unsigned": (FOLDING + "_binary", COMPUTED, computed('{"sdiv": "udiv", "srem": "urem"}')),
        "floats are rounded twice": (
            FOLDING + "Folder.real",
            "constant(type, number)",
            "constant(type, scalars.round32(number))",
        ),
        "floats the other way round": (FOLDING + "_float_binary", "type.bits, a, b)", "type.bits, b, a)"),
        "select takes the other arm": (FOLDING + "_select", "yes if known else no", "no if known else yes"),
        "extract takes the first of the type": (
            FOLDING + "_extract",
            'made.operands[member_index(whole.type, op.attrs["member"], f.module)]',
            SAME_TYPE,
        ),
        # -- branches and arguments --
        "switch takes the default": (CANONICALIZE + "taken", "return edge", "return op.successors[-1]"),
        "an argument is what the first edge gives": (
            CANONICALIZE + "same_arguments",
            "[edge.args[behind] for _, edge in edges]",
            "[edges[0][1].args[behind]]",
        ),
        "threading forgets who uses an argument": (SIMPLIFY + "_thread", "uses[value] == own.count(value)", "True"),
        # -- common subexpressions --
        "attributes do not matter": (CSE + "_key", "if not attributes:", 'if not attributes or decl.name != "const":'),
        "expressions of a sibling are known": (CSE + "CommonSubexpressions.run_on", "while undo and", "while False and"),
        "what is loaded is an expression": (
            CSE + "CommonSubexpressions.run_on",
            "is_function_of_operands(op, module)",
            '(op.decl.is_pure or op.decl.name == "load")',
        ),
        "nothing writes between two loads": (
            RELOAD + "unchanged",
            "not any(self._may_write(op, place) for op in between)",
            "True",
        ),
        "only the block of a load writes": (
            RELOAD + "_between",
            "return self._limited(found)",
            "return self._limited([op for op in found if op.block is below])",
        ),
        # -- dead code --
        "checks are dead": (DCE + "_mark", "may_remove(op, module)", "(may_remove(op, module) or decl.is_check)"),
        "stores are dead": (DCE + "_mark", "may_remove(op, module)", "(not decl.may_panic and not decl.is_terminator)"),
        "calls without a result are dead": (
            DCE + "_mark",
            "may_remove(op, module)",
            '(may_remove(op, module) or decl.name == "call")',
        ),
        # -- promotion, inlining --
        "values never meet": (
            MEM2REG + "_Promotion.find",
            "merges(self.cfg, defined) if self.bit",
            "[0] * len(self.cfg.blocks) if self.bit",
        ),
        "assign stores nothing": (MEM2REG + "_Promotion.walk", "if name in STORES", 'if name in STORES - {"assign"}'),
        "edges get the value of the first": (
            MEM2REG + "_Promotion.find",
            "self.at_end(before, place)",
            "values[0] if values else self.at_end(before, place)",
        ),
        "a borrow is no use": (MEM2REG + "_candidates", "op.decl.name in KNOWN", 'op.decl.name in KNOWN | {"borrow"}'),
        "parts are read in reverse": (SROA + "reads", "in part.inner.values()]", "in reversed(part.inner.values())]"),
        "every part gets the first": (
            SROA + "stores",
            '{"member": step}',
            '{"member": next(n for n, i in part.inner.items() if i.type is inner.type)}',
        ),
        "an exchange stores first": (SROA + "instead_of", "made += self.stores", "made[:0] = self.stores"),
        "arguments in reverse": (INLINE + "_splice", "arguments = call.operands", f"arguments = {REVERSED}"),
        "collected values are kept": (INLINE + "Inline._refusal", "contains_gc(value.type, module) for", "False for"),
    },
)

RELOADS = mutants(
    "passes.",
    {
        "calls write nothing": (
            "transform.reloads:Reloads._writes",
            "decl.name in HARMLESS",
            'decl.name in (*HARMLESS, "call")',
        ),
        "what may overlap does not": (
            "analysis.aliases:Aliases.overlap",
            "Overlap.MAY if self.meet",
            "Overlap.NO if self.meet",
        ),
        "ways around write nothing": ("transform.reloads:Reloads._between", "found += self._of_block(before)", "pass"),
    },
)

SEEDS: dict[str, Found] = {
    "signed for unsigned comparison": ("passes", 20),
    "swapped operands keep their predicate": ("passes", 30),
    "sign extension folds to zero extension": ("passes", 161),
    "shifts beyond the width give zero": ("passes", 3),
    "rotation the other way": ("passes", 3),
    "the smaller is unsigned": ("passes", 35),
    "arithmetic shift is logical": ("passes", 301),
    "division is unsigned": ("passes", 104),
    "floats are rounded twice": ("passes", 281),
    "floats the other way round": ("passes", 21),
    "select takes the other arm": ("passes", 0),
    "extract takes the first of the type": ("passes", 44),
    "switch takes the default": ("passes", 140),
    "an argument is what the first edge gives": ("passes", 0),
    "threading forgets who uses an argument": ("passes", 58),
    "attributes do not matter": ("passes", 68),
    "expressions of a sibling are known": ("passes", 0),
    "what is loaded is an expression": ("passes", 43),
    "nothing writes between two loads": ("passes", 0),
    "only the block of a load writes": ("passes", 0),
    "checks are dead": ("passes", 54),
    "stores are dead": ("passes", 0),
    "calls without a result are dead": ("passes", 2),
    "values never meet": ("passes", 2),
    "assign stores nothing": ("passes", 2),
    "edges get the value of the first": ("passes", 0),
    "a borrow is no use": ("passes", 8),
    "parts are read in reverse": ("passes", 15),
    "every part gets the first": ("passes", 44),
    "arguments in reverse": ("passes", 3),
    "collected values are kept": ("passes", 50),
}
"""A program that notices each, as of the generators today."""

UNSEEN = {
    "an exchange stores first": "a file: what such an exchange gives goes into a struct that nobody looks into",
}

AREA = Area(MUTANTS, {"passes": Kind(lambda seed: seed, check_passes)}, SEEDS, UNSEEN)
