"""A defect for each clause of what the abstract machine calls an error, taken out or bent, and the program that notices it.

The RUN lines for ``entry`` in an ``.air`` file of ``tests/interpreter`` fail with the defect; they are named, so that a change
of the programs cannot quietly leave a clause without one.

Example: without its upper bound, clause 3 of ``memory`` lets ``@beyond`` of ``raw.air`` read behind the end.
"""

from __future__ import annotations

import attrs

from tests.mutants.planting import Mutant

BELOW = "backend.interpreter."
MEMORY, RACES, MACHINE = BELOW + "memory:", BELOW + "races:", BELOW + "machine:"
CODEC, DROPS = BELOW + "codec:", BELOW + "drops:"
RAW, LOCKS, JOINS = BELOW + "meanings.raw:", BELOW + "locks:", BELOW + "joins:"


@attrs.frozen
class Noticed:
    """A defect, and whose RUN lines notice it."""

    mutant: Mutant
    file: str
    entry: str


def noticed(where: str, old: str, new: str, file: str, entry: str, times: int = 1) -> Noticed:
    return Noticed(Mutant(where, old, new, times), file, entry)


_ROWS: dict[str, tuple[str, str, str, str, str] | tuple[str, str, str, str, str, int]] = {
    # -- memory: the rules of an access ----------------------------------------------------------------------------------
    "null": (MEMORY + "_without_provenance", "address == 0", "False", "raw.air", "null"),
    "1: provenance": (MEMORY + "Memory.locate_bytes", "allocation is None:", "False:", "raw.air", "null"),
    "2: use after the end": (MEMORY + "Memory.locate_bytes", "if allocation.how:", "if False:", "raw.air", "after"),
    "3: before the beginning": (MEMORY + "Memory.locate_bytes", "offset < 0 or ", "", "ends.air", "before"),
    "3: behind the end": (MEMORY + "Memory.locate_bytes", " or offset + size > allocation.size", "", "raw.air", "beyond"),
    "3: behind the end by less than the size": (
        MEMORY + "Memory.locate_bytes",
        "offset + size > allocation.size",
        "offset >= allocation.size",
        "ends.air",
        "across",
    ),
    "3: up to the end": (
        MEMORY + "Memory.locate_bytes",
        "offset + size > allocation.size",
        "offset + size >= allocation.size",
        "raw.air",
        "fine",
    ),
    "4: alignment": (MEMORY + "Memory.locate_bytes", "address & (align - 1)", "False", "raw.air", "odd"),
    "constants": (
        MEMORY + "Memory.locate_bytes",
        "write and allocation.kind in",
        "False and allocation.kind in",
        "raw.air",
        "constant",
    ),
    "constants: functions": (
        MEMORY + "Memory.locate_bytes",
        "(CONSTANT, FUNCTION, DESCRIPTOR)",
        "(FUNCTION, DESCRIPTOR)",
        "raw.air",
        "constant",
    ),
    "5: aliasing": (MEMORY + "Memory.locate_bytes", "tree is not None", "False", "references.air", "not_cell"),
    "5: the tag": (
        MEMORY + "Memory.locate_bytes",
        "tree.root if tag is None else tag",
        "tree.root",
        "references.air",
        "not_cell",
    ),
    "5: writes": (
        MEMORY + "Memory.locate_bytes",
        "offset, size, write, op)  # 5",
        "offset, size, False, op)  # 5",
        "references.air",
        "not_cell",
    ),
    "6: races": (MEMORY + "Memory.locate_bytes", "self.races is not None", "False", "threads.air", "race"),
    "alignment of what is made": (
        MEMORY + "Memory.allocate",
        "(self.next_address + align - 1) & -align",
        "self.next_address | 1",
        "raw.air",
        "fine",
    ),
    "the budget of `alloc`": (
        MEMORY + "Memory.fits",
        "self.used + size + 64 <= self.budget and size < 1 << 47",
        "True",
        "raw.air",
        "too_much",
    ),
    "leaks: all": (MEMORY + "Memory.allocate", "kind in (OWNED, RAW, FOREIGN)", "False", "raw.air", "lost"),
    "leaks: owners": (MEMORY + "Memory.allocate", "(OWNED, RAW, FOREIGN)", "(RAW, FOREIGN)", "owners.air", "forgotten"),
    "leaks: raw": (MEMORY + "Memory.allocate", "(OWNED, RAW, FOREIGN)", "(OWNED, FOREIGN)", "raw.air", "lost"),
    "leaks: C": (MEMORY + "Memory.allocate", "(OWNED, RAW, FOREIGN)", "(OWNED, RAW)", "ends.air", "lost_in_c"),
    "leaks: what has ended": (MEMORY + "Memory.end", "self.live.pop(allocation.base, None)", "pass", "raw.air", "fine"),
    "leaks: reached": (MACHINE + "Machine.check_leaks", "if a not in kept", "if True", "ends.air", "kept_in_global"),
    "leaks: from globals": (
        MACHINE + "Machine.roots",
        "for a in self.globals.values()",
        "for a in ()",
        "ends.air",
        "kept_in_global",
    ),
    "the end": (MEMORY + "Memory.end", "allocation.how = how", "pass", "raw.air", "twice"),
    # -- references: where tags are made ----------------------------------------------------------------------------------
    "a protector": (MACHINE + "Machine.protect", "protected=True", "protected=False", "references.air", "protected"),
    "its end": (
        MACHINE + "Machine.leave",
        "allocation.tree.release(node, op)",
        "pass",
        "tree_borrows/pass/end_of_protector.air",
        "test",
    ),
    "shared": (
        MACHINE + "Machine.reborrow",
        "RESERVED if mutable else Permission.FROZEN",
        "RESERVED",
        "references.air",
        "shared_written",
    ),
    "exclusive": (
        MACHINE + "Machine.reborrow",
        "RESERVED if mutable else Permission.FROZEN",
        "FROZEN",
        "references.air",
        "child_writes",
    ),
    "cells": (MACHINE + "Machine.reborrow", "if not self.freezes(target):", "if False:", "references.air", "shared_cell"),
    "cells are not accessed": (
        MACHINE + "Machine.reborrow",
        "accessed=False",
        "accessed=True",
        "references.air",
        "cell_reborrow",
    ),
    "cells without bytes": (
        MACHINE + "Machine.reborrow",
        " or ((offset, offset),)",
        "",
        "tree_borrows/pass/cell_lazy_write_to_surrounding.air",
        "test",
    ),
    "no bytes": (
        MACHINE + "Machine.reborrow",
        "pointer.allocation is None or pointer.allocation.how",
        "True",
        "tree_borrows/fail/frozen_lazy_write_to_surrounding.air",
        "test",
    ),
    "no bytes, dangling": (
        MACHINE + "Machine.reborrow",
        "not 0 <= offset <= allocation.size",
        "False",
        "tree_borrows/pass/zero_sized_protector.air",
        "test",
    ),
    # -- bytes ------------------------------------------------------------------------------------------------------------
    "uninitialized": (CODEC + "plain", "if byte is None:", "if False:", "raw.air", "unset"),
    # -- release ----------------------------------------------------------------------------------------------------------
    "`free` of null": (RAW + "release", "pointer.address == 0 and allocation is None", "False", "ends.air", "free_null"),
    "`free` of a number": (RAW + "release", "if allocation is None:", "if False:", "ends.air", "free_number"),
    "double free": (RAW + "release", "if allocation.how:", "if False:", "raw.air", "twice"),
    "double free, not use after free": (RAW + "release", "allocation.kind == kind else", "False else", "raw.air", "twice"),
    "wrong release": (RAW + "release", "allocation.kind != kind", "False", "raw.air", "of_local"),
    "`free` inside": (RAW + "release", "pointer.address != allocation.base", "False", "raw.air", "inside"),
    "`free` of what is protected": (RAW + "release", "allocation.tree is not None", "False", "references.air", "freed_under"),
    "`free` races": (RAW + "release", "machine.memory.races is not None", "False", "orders.air", "freed_meanwhile"),
    "`free` ends": (RAW + "release", 'machine.memory.end(allocation, "freed", op)', "pass", "raw.air", "fine"),
    # -- drops ------------------------------------------------------------------------------------------------------------
    "drop twice": (DROPS + "_must_be_owned", "if allocation.how:", "if False:", "owners.air", "released_twice"),
    "drop of a number": (DROPS + "_must_be_owned", "allocation is None", "False", "ends.air", "owner_of_number"),
    "drop of what another releases": (
        DROPS + "_must_be_owned",
        "type.release is None and",
        "False and",
        "owners.air",
        "wrong_owner",
    ),
    "drop inside": (DROPS + "free_owned", "pointer.address != allocation.base", "False", "ends.air", "owner_of_part"),
    "drop of what is borrowed": (DROPS + "free_owned", "allocation.tree is not None", "False", "ends.air", "dropped_under"),
    "drop gives back": (DROPS + "free_owned", 'machine.memory.end(allocation, "released", op)', "pass", "owners.air", "boxed"),
    "drop races": (DROPS + "free_owned", "machine.memory.races is not None", "False", "orders.air", "dropped_meanwhile"),
    "drop in an arena": (
        DROPS + "free_owned",
        '[Gone("dropped", op)] * allocation.size',
        "allocation.data",
        "ends.air",
        "after_drop_in_arena",
    ),
    "C releases": (DROPS + "_release", "type.release is not None", "False", "ends.air", "released_by_function"),
    "1: the destructor": (DROPS + "drop_place", "destructor is not None", "False", "owners.air", "order"),
    "1: sees it whole": (DROPS + "drop_place", "_require(machine, each, at, op)", "pass", "ends.air", "not_whole"),
    "1: before the parts": (DROPS + "_push_parts", "reversed(parts)", "parts", "owners.air", "order"),
    "2: the parts": (
        DROPS + "drop_place",
        "        _push_parts(machine, thread, each, at, op, work)\n",
        "",
        "owners.air",
        "boxed",
    ),
    "2: all elements": (DROPS + "drop_place", "index + 1 < count", "index + 2 < count", "owners.air", "array"),
    "2: the variant": (
        DROPS + "_push_parts",
        '.values())[int.from_bytes(data, "little")])])',
        ".values())[0])])",
        "owners.air",
        "deep",
    ),
    "3: the content first": (
        DROPS + "_push_parts",
        "needs_drop(type.target, module):\n                work",
        "False:\n                work",
        "owners.air",
        "order",
    ),
    "3: then the memory": (
        DROPS + "_push_parts",
        "work.append((_RELEASE, type, pointer, 0, 0))",
        "pass",
        "owners.air",
        "boxed",
    ),
    "4: a guard": (DROPS + "end_resource", "isinstance(type, GuardType)", "False", "threads.air", "locked"),
    "4: an arena": (
        DROPS + "end_resource",
        'resource.reset(machine, "gone with its arena", op)',
        "pass",
        "homes.air",
        "arena_dropped",
    ),
    "4: a pool": (DROPS + "end_resource", "resource.kept()", "[]", "homes.air", "kept"),
    "4: twice": (DROPS + "end_resource", "if allocation.how:", "if False:", "ends.air", "arena_twice"),
    "4: a pin": (DROPS + "end_resource", "machine.pins.remove(resource)", "pass", "ends.air", "no_longer_pinned"),
    "a destructor panics": (
        DROPS + "drop_place",
        "        raise Unwinding(first)",
        "        pass",
        "owners.air",
        "panics_in_drop",
    ),
    "a destructor panics: the rest": (
        DROPS + "drop_place",
        "first = first or up.panic\n        _push",
        "raise\n        _push",
        "ends.air",
        "rest",
    ),
    "a second panic": (MACHINE + "Machine.rethrow", "thread.unwinding is not None", "False", "owners.air", "panics_twice"),
    "not by flow": (DROPS + "drop_place", "by_flow and not", "not", "owners.air", "erased"),
    "a temporary ends": (DROPS + "drop_value", 'machine.memory.end(temporary, "ended", op)', "pass", "ends.air", "temporary"),
    "what is moved is gone": (
        DROPS + "vacate",
        "[Gone(how, op)] * codec.size",
        "allocation.data[offset : offset + codec.size]",
        "owners.air",
        "moved_place",
    ),
    # -- races ------------------------------------------------------------------------------------------------------------
    "1: two reads": (
        RACES + "Races.access",
        "byte.reads[number] = now",
        "byte.writer, byte.write = number, now",
        "orders.air",
        "two_readers",
    ),
    "1: write, then access": (RACES + "Races.access", "byte.writer not in (-1, number)", "False", "threads.air", "race"),
    "1: read, then write": (RACES + "Races.access", "if write:\n", "if False:\n", "threads.air", "race"),
    "2: both atomic": (
        RACES + "Races.access",
        "byte.writer) and not (atomic and was_atomic)",
        "byte.writer)",
        "threads.air",
        "scoped",
    ),
    "2: one atomic": (
        RACES + "Races.access",
        "(atomic and was_atomic)",
        "(atomic or was_atomic)",
        "orders.air",
        "half_atomic",
        2,
    ),
    "2: both atomic, read first": (
        RACES + "Races.access",
        "clock.of(reader) and not (atomic and was_atomic)",
        "clock.of(reader)",
        "threads.air",
        "message",
    ),
    "3: order": (RACES + "Races.access", "time > clock.of(byte.writer)", "True", "threads.air", "locked"),
    "3: order, read first": (RACES + "Races.access", "time > clock.of(reader)", "True", "orders.air", "read_then_joined"),
    "the end is a write": (RACES + "Races.ended", "at, 1, True, op", "at, 1, False, op", "orders.air", "freed_meanwhile"),
    "acquire": (RACES + "Races.atomic", "if order in ACQUIRES:", "if False:", "threads.air", "message"),
    "not acquire": (RACES + "Races.atomic", "if order in ACQUIRES:", "if True:", "threads.air", "relaxed_message"),
    "release": (RACES + "Races.atomic", "if order in RELEASES:", "if False:", "threads.air", "message"),
    "not release": (RACES + "Races.atomic", "if order in RELEASES:", "if True:", "orders.air", "stored_relaxed"),
    "time passes": (RACES + "Races.atomic", "thread.clock.advance(thread.number)", "pass", "orders.air", "after_release"),
    "a release sequence": (
        RACES + "Races.atomic",
        "if reads and before is not None:\n            given",
        "if False:\n            given",
        "orders.air",
        "sequence",
    ),
    "acquire fence": (RACES + "Races.fence", "order in ACQUIRES and", "False and", "threads.air", "fenced"),
    "release fence": (RACES + "Races.fence", "order in RELEASES", "False", "threads.air", "fenced"),
    "spawn": (RACES + "pass_clock", "taker.join(giver)", "pass", "orders.air", "spawned"),
    "spawn: time passes": (RACES + "pass_clock", "giver.advance(thread)", "pass", "orders.air", "after_spawn"),
    "join": (JOINS + "wait_for", "thread.clock.join(child.clock)", "pass", "orders.air", "joined"),
    "unlock": (LOCKS + "unlock", "lock.clock = thread.clock.copy()", "pass", "threads.air", "locked"),
    "unlock: time passes": (
        LOCKS + "unlock",
        "thread.clock.advance(thread.number)",
        "pass",
        "orders.air",
        "after_unlock",
    ),
    "unlock by the holder": (LOCKS + "unlock", "lock.holder is not thread", "False", "orders.air", "unlocked_by_another"),
    "deadlock": (MACHINE + "Machine.schedule", "if not able:", "if False:", "threads.air", "deadlock"),
}
MUTANTS = {clause: noticed(*row) for clause, row in _ROWS.items()}
