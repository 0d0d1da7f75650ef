"""Known defects of passes, planted one by one: ``python -m tests.soak --suite passes --mutants``.

A mutant replaces a part of a pass by one that is wrong in a way that passes have been wrong before: a rule applied too widely,
a case forgotten, two things exchanged. The suite ``passes`` must notice each. ``SEEDS`` says which seed did, so that the test
need not search (tests/passes/test_mutants.py).

Invariant: a mutant changes nothing behind the ``with`` block it is planted in.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from altru_ir import behaviour
from altru_ir.module import Function, Module
from altru_ir.passes.transform import canonicalize, cse, dce, folding, inline, mem2reg, reloads, simplify_cfg, sroa
from altru_ir.values import Operation, Successor, Value
from tests.soak import check_passes

Patch = pytest.MonkeyPatch
MUTANTS: dict[str, Callable[[Patch], None]] = {}
"""By name, what plants the defect."""


def mutant(plant: Callable[[Patch], None]) -> Callable[[Patch], None]:
    MUTANTS[plant.__name__] = plant
    return plant


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """A mutant in place."""
    with pytest.MonkeyPatch.context() as patch:
        MUTANTS[name](patch)
        yield


def finds(name: str, seed: int) -> bool:
    """Whether the suite notices the mutant at a seed."""
    with planted(name):
        try:
            return check_passes(seed) is not None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, AssertionError):
            return True  # it fell over


def search(name: str, start: int, count: int) -> int | None:
    """The first seed that notices the mutant."""
    return next((seed for seed in range(start, start + count) if finds(name, seed)), None)


# -- folding -------------------------------------------------------------------------------------------------------------


@mutant
def signed_for_unsigned_comparison(patch: Patch) -> None:
    compare = folding.scalars.compare
    patch.setattr(folding.scalars, "compare", lambda p, bits, a, b: compare(p.replace("u", "s", 1), bits, a, b))


@mutant
def swapped_operands_keep_their_predicate(patch: Patch) -> None:
    patch.setattr(folding, "SWAPPED", {p: p for p in folding.SWAPPED})


@mutant
def sign_extension_folds_to_zero_extension(patch: Patch) -> None:
    rule = folding.RULES["sext"]

    def wrong(f: folding.Folder, op: Operation) -> Value | None:
        known = f.integer(op.operands[0])
        return rule(f, op) if known is None else f.number(op.results[0].type, known)

    patch.setitem(folding.RULES, "sext", wrong)


@mutant
def shifts_beyond_the_width_give_zero(patch: Patch) -> None:
    integer = folding.scalars.integer

    def wrong(name: str, bits: int, a: int, b: int = 0) -> int:
        return 0 if name in ("shl", "lshr") and b >= bits else integer(name, bits, a, b)

    patch.setattr("altru_ir.passes.transform.folding.scalars", _with(folding.scalars, integer=wrong))


def _with(module: Any, **changed: Any) -> Any:
    """``module`` with some names changed, for one reader of it."""
    import types

    twin = types.ModuleType(module.__name__)
    twin.__dict__.update(vars(module))
    twin.__dict__.update(changed)
    return twin


@mutant
def rotation_the_other_way(patch: Patch) -> None:
    _misfold(patch, {"rotl": "rotr", "rotr": "rotl"})


@mutant
def the_smaller_is_unsigned(patch: Patch) -> None:
    _misfold(patch, {"smin": "umin", "smax": "umax"})


@mutant
def arithmetic_shift_is_logical(patch: Patch) -> None:
    _misfold(patch, {"ashr": "lshr"})


@mutant
def division_is_unsigned(patch: Patch) -> None:
    _misfold(patch, {"sdiv": "udiv", "srem": "urem"})


def _misfold(patch: Patch, names: dict[str, str]) -> None:
    integer = folding.scalars.integer
    wrong = _with(folding.scalars, integer=lambda name, bits, a, b=0: integer(names.get(name, name), bits, a, b))
    patch.setattr("altru_ir.passes.transform.folding.scalars", wrong)


@mutant
def floats_are_rounded_twice(patch: Patch) -> None:
    floating = folding.scalars.floating
    wrong = _with(folding.scalars, floating=lambda name, bits, a, b=0.0: floating(name, 32, a, b))
    patch.setattr("altru_ir.passes.transform.folding.scalars", wrong)


@mutant
def zero_plus_a_float_is_the_float(patch: Patch) -> None:
    rule = folding.RULES["fadd"]

    def wrong(f: folding.Folder, op: Operation) -> Value | None:
        for at in (0, 1):
            if f.floating(op.operands[at]) == 0:
                return op.operands[1 - at]
        return f.constant(op.results[0].type, 0.0) if f.floating(op.operands[0]) else rule(f, op)

    patch.setitem(folding.RULES, "fadd", wrong)


@mutant
def select_takes_the_other_arm(patch: Patch) -> None:
    rule = folding.RULES["select"]

    def wrong(f: folding.Folder, op: Operation) -> Value | None:
        known = f.integer(op.operands[0])
        return rule(f, op) if known is None else op.operands[1 + known]

    patch.setitem(folding.RULES, "select", wrong)


@mutant
def extract_counts_from_the_end(patch: Patch) -> None:
    rule = folding.RULES["extract"]

    def wrong(f: folding.Folder, op: Operation) -> Value | None:
        found = rule(f, op)
        made = f.made_by(op.operands[0], "struct", "tuple", "array")
        if found is None or made is None:
            return found
        same = [v for v in made.operands if v.type is found.type]
        return same[0] if same else found

    patch.setitem(folding.RULES, "extract", wrong)


# -- branches and arguments ----------------------------------------------------------------------------------------------


@mutant
def switch_takes_the_default(patch: Patch) -> None:
    taken = canonicalize._Sweeps.taken

    def wrong(self: Any, op: Operation) -> Successor | None:
        found = taken(self, op)
        return found if found is None or op.decl.name != "switch" else op.successors[-1]

    patch.setattr(canonicalize._Sweeps, "taken", wrong)


@mutant
def an_argument_is_what_the_first_edge_gives(patch: Patch) -> None:
    edges_into = canonicalize.edges_into

    def wrong(function: Function) -> Any:
        return {block: edges[:1] for block, edges in edges_into(function).items()}

    patch.setattr(canonicalize, "edges_into", wrong)


@mutant
def threading_forgets_who_uses_an_argument(patch: Patch) -> None:
    def wrong(function: Function) -> Any:
        return {value: sum(a is value for a in block.ops[-1].successors[0].args) if block.ops[-1].successors else 0
                for block in function.blocks for value in block.args}  # fmt: skip

    patch.setattr(simplify_cfg, "count_uses", wrong)


# -- common subexpressions -----------------------------------------------------------------------------------------------


@mutant
def attributes_do_not_matter(patch: Patch) -> None:
    def wrong(op: Operation) -> Any:
        if op.decl.name == "const":
            return key(op)
        return (op.decl, *op.operands, op.results[0].type)

    key = cse._key
    patch.setattr(cse, "_key", wrong)


@mutant
def expressions_of_a_sibling_are_known(patch: Patch) -> None:
    from altru_ir.dominance import DominatorTree

    patch.setattr(DominatorTree, "dominates", lambda self, a, b: True)


@mutant
def owners_are_merged(patch: Patch) -> None:
    patch.setattr(cse, "is_function_of_operands", lambda op, module: op.decl.is_pure or op.decl.name == "load")


@mutant
def nothing_writes_between_two_loads(patch: Patch) -> None:
    patch.setattr(reloads.Reloads, "unchanged", lambda self, place, first, second: True)


@mutant
def only_the_block_of_a_load_writes(patch: Patch) -> None:
    def wrong(self: reloads.Reloads, first: Operation, second: Operation) -> list[Operation]:
        block = second.block
        assert block is not None
        start = block.ops.index(first) + 1 if first.block is block else 0
        return [op for op in block.ops[start : block.ops.index(second)] if self._writes(op)]

    patch.setattr(reloads.Reloads, "_between", wrong)


# -- dead code -----------------------------------------------------------------------------------------------------------


@mutant
def checks_are_dead(patch: Patch) -> None:
    patch.setattr(dce, "may_remove", lambda op, module: behaviour.may_remove(op, module) or op.decl.is_check)


@mutant
def stores_are_dead(patch: Patch) -> None:
    patch.setattr(dce, "may_remove", lambda op, module: not op.decl.may_panic and not op.decl.is_terminator)


@mutant
def calls_without_a_result_are_dead(patch: Patch) -> None:
    def wrong(op: Operation, module: Module) -> bool:
        return behaviour.may_remove(op, module) or op.decl.name == "call"

    patch.setattr(dce, "may_remove", wrong)


# -- promotion, inlining -------------------------------------------------------------------------------------------------


@mutant
def values_never_meet(patch: Patch) -> None:
    patch.setattr(mem2reg, "merges", lambda cfg, defined: [0] * len(cfg.blocks))


@mutant
def assign_stores_nothing(patch: Patch) -> None:
    patch.setattr(mem2reg, "STORES", frozenset({"init", "exchange"}))


@mutant
def edges_get_the_value_of_the_first(patch: Patch) -> None:
    at_end = mem2reg._Promotion.at_end
    first: dict[Value, Any] = {}

    def wrong(self: Any, block: int, place: Value) -> Any:
        return first.setdefault(place, at_end(self, block, place))

    patch.setattr(mem2reg._Promotion, "at_end", wrong)


@mutant
def a_borrow_is_no_use(patch: Patch) -> None:
    patch.setattr(mem2reg, "KNOWN", mem2reg.KNOWN | {"borrow"})
    patch.setattr(mem2reg, "READS", mem2reg.READS | {"borrow"})


@mutant
def parts_are_read_in_reverse(patch: Patch) -> None:
    reads = sroa._Splitting.reads

    def wrong(self: Any, *given: Any) -> Any:
        made = reads(self, *given)
        if len({value.type for value in made[-1].operands}) == 1:
            made[-1].operands.reverse()
        return made

    patch.setattr(sroa._Splitting, "reads", wrong)


@mutant
def every_part_gets_the_first(patch: Patch) -> None:
    stores = sroa._Splitting.stores

    def wrong(self: Any, *given: Any) -> Any:
        made = stores(self, *given)
        first: dict[Any, Value] = {}
        for op in made:
            if len(op.operands) == 2:
                op.operands[1] = first.setdefault(op.operands[1].type, op.operands[1])
        return made

    patch.setattr(sroa._Splitting, "stores", wrong)


@mutant
def an_exchange_stores_first(patch: Patch) -> None:
    instead_of = sroa._Splitting.instead_of

    def wrong(self: Any, op: Operation) -> Any:
        made = instead_of(self, op)
        return sorted(made, key=lambda each: each.decl.name == "load") if op.decl.name == "exchange" else made

    patch.setattr(sroa._Splitting, "instead_of", wrong)


@mutant
def arguments_in_reverse(patch: Patch) -> None:
    splice = inline._splice

    def wrong(call: Operation, *more: Any) -> Any:
        if len({value.type for value in call.operands}) == 1:
            call.operands.reverse()
        return splice(call, *more)

    patch.setattr(inline, "_splice", wrong)


@mutant
def collected_values_are_kept(patch: Patch) -> None:
    patch.setattr(inline, "contains_gc", lambda type, module: False)


SEEDS = {
    "nothing_writes_between_two_loads": 0,
    "only_the_block_of_a_load_writes": 0,
    "signed_for_unsigned_comparison": 20,
    "swapped_operands_keep_their_predicate": 30,
    "sign_extension_folds_to_zero_extension": 161,
    "shifts_beyond_the_width_give_zero": 28,
    "rotation_the_other_way": 28,
    "the_smaller_is_unsigned": 35,
    "arithmetic_shift_is_logical": 301,
    "division_is_unsigned": 104,
    "floats_are_rounded_twice": 340,
    "zero_plus_a_float_is_the_float": 157,
    "select_takes_the_other_arm": 0,
    "extract_counts_from_the_end": 44,
    "switch_takes_the_default": 140,
    "an_argument_is_what_the_first_edge_gives": 0,
    "threading_forgets_who_uses_an_argument": 58,
    "attributes_do_not_matter": 79,
    "expressions_of_a_sibling_are_known": 0,
    "owners_are_merged": 43,
    "checks_are_dead": 54,
    "stores_are_dead": 0,
    "calls_without_a_result_are_dead": 2,
    "values_never_meet": 2,
    "assign_stores_nothing": 2,
    "edges_get_the_value_of_the_first": 0,
    "a_borrow_is_no_use": 8,
    "parts_are_read_in_reverse": 44,
    "every_part_gets_the_first": 44,
    "an_exchange_stores_first": 29,
    "arguments_in_reverse": 3,
    "collected_values_are_kept": 50,
}
"""A seed that notices each mutant, as of the generators today; another is searched for when it does not any more."""
