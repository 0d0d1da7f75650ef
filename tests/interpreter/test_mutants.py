"""Planted defects: each clause of what the abstract machine calls an error, taken out or bent, is noticed by a program.

A mutant replaces one piece of the source of one function while a RUN line of an ``.air`` file is checked; the check must fail.
The line is named, so that a change of the programs cannot quietly leave a clause without one.

Example: without its upper bound, clause 3 of ``memory`` lets ``@beyond`` of ``raw.air`` read behind the end.
"""

from __future__ import annotations

import inspect
import tempfile
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from altru_ir.backend.interpreter import codec, drops, machine, memory, races
from altru_ir.backend.interpreter.meanings import concurrency, raw
from tests.test_files import check, run_lines

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Mutant:
    """In ``function``, ``old`` becomes ``new``; the RUN lines of ``file`` for ``entry`` must notice."""

    clause: str
    function: Callable[..., Any]
    old: str
    new: str
    file: str
    entry: str
    times: int = 1

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The code of the function changes, so that whoever imported it has the mutant."""
        source = textwrap.dedent(inspect.getsource(self.function))
        assert source.count(self.old) == self.times, (
            f"`{self.old}` is in {self.function.__qualname__} {source.count(self.old)} times"
        )
        assert not self.function.__code__.co_freevars, "a closure cannot be replaced"
        found: dict[str, Any] = {}
        code = compile("from __future__ import annotations\n" + source.replace(self.old, self.new), "mutant", "exec")
        exec(code, self.function.__globals__, found)
        monkeypatch.setattr(self.function, "__code__", found[self.function.__name__].__code__)


Memory, Races, Machine = memory.Memory, races.Races, machine.Machine

MUTANTS = [
    # -- memory: the rules of an access ----------------------------------------------------------------------------------
    Mutant("null", Memory._without_provenance, "pointer.address == 0", "False", "raw.air", "null"),
    Mutant("1: provenance", Memory.locate, "allocation is None:\n        self", "False:\n        self", "raw.air", "null"),
    Mutant("2: use after the end", Memory.locate, "if allocation.how:", "if False:", "raw.air", "after"),
    Mutant("3: before the beginning", Memory.locate, "offset < 0 or ", "", "ends.air", "before"),
    Mutant("3: behind the end", Memory.locate, " or offset + size > allocation.size", "", "raw.air", "beyond"),
    Mutant(
        "3: behind the end by less than the size",
        Memory.locate,
        "offset + size > allocation.size",
        "offset >= allocation.size",
        "ends.air",
        "across",
    ),
    Mutant(
        "3: up to the end",
        Memory.locate,
        "offset + size > allocation.size",
        "offset + size >= allocation.size",
        "raw.air",
        "fine",
    ),
    Mutant("4: alignment", Memory.locate, "pointer.address & (align - 1)", "False", "raw.air", "odd"),
    Mutant("constants", Memory.locate, "write and allocation.kind in", "False and allocation.kind in", "raw.air", "constant"),
    Mutant(
        "constants: functions",
        Memory.locate,
        "(CONSTANT, FUNCTION, DESCRIPTOR)",
        "(FUNCTION, DESCRIPTOR)",
        "raw.air",
        "constant",
    ),
    Mutant("5: aliasing", Memory.locate, "allocation.tree is not None", "False", "references.air", "not_cell"),
    Mutant(
        "5: the tag",
        Memory.locate,
        "tree.root if pointer.tag is None else pointer.tag",
        "tree.root",
        "references.air",
        "not_cell",
    ),
    Mutant(
        "5: writes",
        Memory.locate,
        "offset, size, write, op)  # 5",
        "offset, size, False, op)  # 5",
        "references.air",
        "not_cell",
    ),
    Mutant("6: races", Memory.locate, "self.races is not None", "False", "threads.air", "race"),
    Mutant(
        "alignment of what is made",
        Memory.allocate,
        "(self.next_address + align - 1) & -align",
        "self.next_address | 1",
        "raw.air",
        "fine",
    ),
    Mutant(
        "the budget of `alloc`",
        Memory.fits,
        "self.used + size + 64 <= self.budget and size < 1 << 47",
        "True",
        "raw.air",
        "too_much",
    ),
    Mutant("leaks: all", Memory.allocate, "kind in (OWNED, RAW, FOREIGN)", "False", "raw.air", "lost"),
    Mutant("leaks: owners", Memory.allocate, "(OWNED, RAW, FOREIGN)", "(RAW, FOREIGN)", "owners.air", "leak"),
    Mutant("leaks: raw", Memory.allocate, "(OWNED, RAW, FOREIGN)", "(OWNED, FOREIGN)", "raw.air", "lost"),
    Mutant("leaks: C", Memory.allocate, "(OWNED, RAW, FOREIGN)", "(OWNED, RAW)", "ends.air", "lost_in_c"),
    Mutant("leaks: what has ended", Memory.end, "self.live.pop(allocation.base, None)", "pass", "raw.air", "fine"),
    Mutant("leaks: reached", Machine.check_leaks, "if a not in kept", "if True", "ends.air", "kept_in_global"),
    Mutant("leaks: from globals", Machine.roots, "for a in self.globals.values()", "for a in ()", "ends.air", "kept_in_global"),
    Mutant("the end", Memory.end, "allocation.how = how", "pass", "raw.air", "twice"),
    # -- references: where tags are made ----------------------------------------------------------------------------------
    Mutant("a protector", Machine.protect, "protected=True", "protected=False", "references.air", "protected"),
    Mutant(
        "its end", Machine.leave, "allocation.tree.release(node, op)", "pass", "tree_borrows/pass/end_of_protector.air", "test"
    ),
    Mutant(
        "shared", Machine.reborrow, "RESERVED if mutable else Permission.FROZEN", "RESERVED", "references.air", "shared_written"
    ),
    Mutant(
        "exclusive", Machine.reborrow, "RESERVED if mutable else Permission.FROZEN", "FROZEN", "references.air", "child_writes"
    ),
    Mutant("cells", Machine.reborrow, "if not freezes(target, self.module):", "if False:", "references.air", "shared_cell"),
    Mutant("cells are not accessed", Machine.reborrow, "accessed=False", "accessed=True", "references.air", "cell_reborrow"),
    Mutant(
        "cells without bytes",
        Machine.reborrow,
        " or ((offset, offset),)",
        "",
        "tree_borrows/pass/cell_lazy_write_to_surrounding.air",
        "test",
    ),
    Mutant(
        "no bytes",
        Machine.reborrow,
        "pointer.allocation is None or pointer.allocation.how",
        "True",
        "tree_borrows/fail/frozen_lazy_write_to_surrounding.air",
        "test",
    ),
    Mutant(
        "no bytes, dangling",
        Machine.reborrow,
        "not 0 <= offset <= allocation.size",
        "False",
        "tree_borrows/pass/zero_sized_protector.air",
        "test",
    ),
    # -- bytes ------------------------------------------------------------------------------------------------------------
    Mutant("uninitialized", codec.plain, "if byte is None:", "if False:", "raw.air", "unset"),
    # -- release ----------------------------------------------------------------------------------------------------------
    Mutant("`free` of null", raw.release, "pointer.address == 0 and allocation is None", "False", "ends.air", "free_null"),
    Mutant("`free` of a number", raw.release, "if allocation is None:", "if False:", "ends.air", "free_number"),
    Mutant("double free", raw.release, "if allocation.how:", "if False:", "raw.air", "twice"),
    Mutant("double free, not use after free", raw.release, "allocation.kind == kind else", "False else", "raw.air", "twice"),
    Mutant("wrong release", raw.release, "allocation.kind != kind", "False", "raw.air", "of_local"),
    Mutant("`free` inside", raw.release, "pointer.address != allocation.base", "False", "raw.air", "inside"),
    Mutant("`free` of what is protected", raw.release, "allocation.tree is not None", "False", "references.air", "freed_under"),
    Mutant("`free` races", raw.release, "machine.memory.races is not None", "False", "orders.air", "freed_meanwhile"),
    Mutant("`free` ends", raw.release, 'machine.memory.end(allocation, "freed", op)', "pass", "raw.air", "fine"),
    # -- drops ------------------------------------------------------------------------------------------------------------
    Mutant("drop twice", drops._must_be_owned, "if allocation.how:", "if False:", "owners.air", "released_twice"),
    Mutant("drop of a number", drops._must_be_owned, "allocation is None", "False", "ends.air", "owner_of_number"),
    Mutant(
        "drop of what another releases",
        drops._must_be_owned,
        "type.release is None and",
        "False and",
        "owners.air",
        "wrong_owner",
    ),
    Mutant("drop inside", drops.free_owned, "pointer.address != allocation.base", "False", "ends.air", "owner_of_part"),
    Mutant("drop of what is borrowed", drops.free_owned, "allocation.tree is not None", "False", "ends.air", "dropped_under"),
    Mutant(
        "drop gives back", drops.free_owned, 'machine.memory.end(allocation, "released", op)', "pass", "owners.air", "boxed"
    ),
    Mutant("drop races", drops.free_owned, "machine.memory.races is not None", "False", "orders.air", "dropped_meanwhile"),
    Mutant(
        "drop in an arena",
        drops.free_owned,
        '[Gone("dropped", op)] * allocation.size',
        "allocation.data",
        "ends.air",
        "after_drop_in_arena",
    ),
    Mutant("C releases", drops._release, "type.release is not None", "False", "ends.air", "released_by_function"),
    Mutant("1: the destructor", drops.drop_place, "destructor is not None", "False", "owners.air", "order"),
    Mutant("1: sees it whole", drops.drop_place, "_require(machine, each, at, op)", "pass", "ends.air", "not_whole"),
    Mutant("1: before the parts", drops._push_parts, "reversed(parts)", "parts", "owners.air", "order"),
    Mutant(
        "2: the parts",
        drops.drop_place,
        "        _push_parts(machine, thread, each, at, op, work)\n",
        "",
        "owners.air",
        "boxed",
    ),
    Mutant("2: all elements", drops.drop_place, "index + 1 < count", "index + 2 < count", "owners.air", "array"),
    Mutant(
        "2: the variant",
        drops._push_parts,
        '.values())[int.from_bytes(data, "little")])])',
        ".values())[0])])",
        "owners.air",
        "deep",
    ),
    Mutant(
        "3: the content first",
        drops._push_parts,
        "needs_drop(type.target, module):\n                work",
        "False:\n                work",
        "owners.air",
        "order",
    ),
    Mutant(
        "3: then the memory", drops._push_parts, "work.append((_RELEASE, type, pointer, 0, 0))", "pass", "owners.air", "boxed"
    ),
    Mutant("4: a guard", drops.end_resource, "isinstance(type, GuardType)", "False", "threads.air", "locked"),
    Mutant(
        "4: an arena",
        drops.end_resource,
        'resource.reset(machine, "gone with its arena", op)',
        "pass",
        "homes.air",
        "arena_dropped",
    ),
    Mutant("4: a pool", drops.end_resource, "resource.kept()", "[]", "homes.air", "kept"),
    Mutant("4: twice", drops.end_resource, "if allocation.how:", "if False:", "ends.air", "arena_twice"),
    Mutant("4: a pin", drops.end_resource, "machine.pins.remove(resource)", "pass", "ends.air", "no_longer_pinned"),
    Mutant(
        "a destructor panics",
        drops.drop_place,
        "        raise Unwinding(first)",
        "        pass",
        "owners.air",
        "panics_in_drop",
    ),
    Mutant(
        "a destructor panics: the rest",
        drops.drop_place,
        "first = first or up.panic\n        _push",
        "raise\n        _push",
        "ends.air",
        "rest",
    ),
    Mutant("a second panic", Machine.rethrow, "thread.unwinding is not None", "False", "owners.air", "panics_twice"),
    Mutant("by flow", drops.drop_place, "by_flow and not _is_there(machine, each, at)", "False", "owners.air", "part"),
    Mutant("not by flow", drops.drop_place, "by_flow and not", "not", "owners.air", "erased"),
    Mutant("a temporary ends", drops.drop_value, 'machine.memory.end(temporary, "ended", op)', "pass", "ends.air", "temporary"),
    Mutant(
        "what is moved is gone",
        drops.vacate,
        "[Gone(how, op)] * codec.size",
        "allocation.data[offset : offset + codec.size]",
        "owners.air",
        "moved_place",
    ),
    # -- races ------------------------------------------------------------------------------------------------------------
    Mutant(
        "1: two reads",
        Races.access,
        "byte.reads[number] = now",
        "byte.writer, byte.write = number, now",
        "orders.air",
        "two_readers",
    ),
    Mutant("1: write, then access", Races.access, "byte.writer not in (-1, number)", "False", "threads.air", "race"),
    Mutant("1: read, then write", Races.access, "if write:\n", "if False:\n", "threads.air", "race"),
    Mutant(
        "2: both atomic", Races.access, "byte.writer) and not (atomic and was_atomic)", "byte.writer)", "threads.air", "scoped"
    ),
    Mutant(
        "2: one atomic", Races.access, "(atomic and was_atomic)", "(atomic or was_atomic)", "orders.air", "half_atomic", times=2
    ),
    Mutant(
        "2: both atomic, read first",
        Races.access,
        "clock.of(reader) and not (atomic and was_atomic)",
        "clock.of(reader)",
        "threads.air",
        "message",
    ),
    Mutant("3: order", Races.access, "time > clock.of(byte.writer)", "True", "threads.air", "locked"),
    Mutant("3: order, read first", Races.access, "time > clock.of(reader)", "True", "orders.air", "read_then_joined"),
    Mutant("the end is a write", Races.ended, "at, 1, True, op", "at, 1, False, op", "orders.air", "freed_meanwhile"),
    Mutant("acquire", Races.atomic, "if order in ACQUIRES:", "if False:", "threads.air", "message"),
    Mutant("not acquire", Races.atomic, "if order in ACQUIRES:", "if True:", "threads.air", "relaxed_message"),
    Mutant("release", Races.atomic, "if order in RELEASES:", "if False:", "threads.air", "message"),
    Mutant("not release", Races.atomic, "if order in RELEASES:", "if True:", "orders.air", "stored_relaxed"),
    Mutant("time passes", Races.atomic, "thread.clock.advance(thread.number)", "pass", "orders.air", "after_release"),
    Mutant(
        "a release sequence",
        Races.atomic,
        "if reads and before is not None:\n            given",
        "if False:\n            given",
        "orders.air",
        "sequence",
    ),
    Mutant("acquire fence", Races.fence, "order in ACQUIRES and", "False and", "threads.air", "fenced"),
    Mutant("release fence", Races.fence, "order in RELEASES", "False", "threads.air", "fenced"),
    Mutant("spawn", races.pass_clock, "taker.join(giver)", "pass", "orders.air", "spawned"),
    Mutant("spawn: time passes", races.pass_clock, "giver.advance(thread)", "pass", "orders.air", "after_spawn"),
    Mutant("join", concurrency.wait_for, "thread.clock.join(child.clock)", "pass", "orders.air", "joined"),
    Mutant("unlock", concurrency.unlock, "lock.clock = thread.clock.copy()", "pass", "threads.air", "locked"),
    Mutant(
        "unlock: time passes", concurrency.unlock, "thread.clock.advance(thread.number)", "pass", "orders.air", "after_unlock"
    ),
    Mutant(
        "unlock by the holder", concurrency.unlock, "lock.holder is not thread", "False", "orders.air", "unlocked_by_another"
    ),
    Mutant("deadlock", Machine.schedule, "if not able:", "if False:", "threads.air", "deadlock"),
]


def passes(path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> bool:
    try:
        for line in lines:
            check(path, line, monkeypatch)
    except AssertionError:
        return False
    return True


ONE_EACH = list({each.function: each for each in MUTANTS}.values())


@pytest.mark.parametrize("mutant", ONE_EACH, ids=lambda each: each.function.__qualname__)
def test_planting_alone_changes_nothing(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(mutant, new=mutant.old).plant(monkeypatch)
    path = HERE / mutant.file
    assert passes(path, [line for line in run_lines(path) if f"--entry {mutant.entry} " in line], monkeypatch)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: f"{each.function.__qualname__} {each.clause}")
def test_a_mutant_is_noticed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = HERE / mutant.file
    lines = [line for line in run_lines(path) if f"--entry {mutant.entry} " in line]
    assert lines, f"nothing runs @{mutant.entry}"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # a mutant may break the machine, which leaves a reproducer
    mutant.plant(monkeypatch)
    assert not passes(path, lines, monkeypatch)
