"""Drops after elaboration beside rustc's: how many flags a function needs, and how many drops are left in it.

rustc's MIR goes through ``elaborate-drops``; beside it stands what ``-Zdump-mir=ElaborateDrops`` says. A flag is a local that
holds an ``i1`` (a ``bool`` that the pass added); a drop is a ``drop`` or ``dealloc`` (a ``drop`` terminator in a block that
control reaches; the release of a box counts as one). A drop that is not elaborated stands where nothing that panics leads to.

Example: ``compare_drops(path)`` gives for each function both counts; only files that rustc accepts have any.
"""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from altru_ir.behaviour import may_panic
from altru_ir.module import Function
from altru_ir.passes.transform.elaborate_drops import ElaborateDrops
from altru_ir.values import Operation
from tests.mir.importer import read
from tests.mir.oracle import elaborated, judge


@attrs.frozen
class Counts:
    """Flags and drops of a function, ours and rustc's."""

    name: str
    flags: int
    drops: int
    their_flags: int
    their_drops: int

    @property
    def more(self) -> bool:
        """Whether ours are more."""
        return self.flags > self.their_flags or self.drops > self.their_drops


def compare_drops(path: Path) -> list[Counts]:
    """The counts for the functions of a file that both have; none when rustc does not accept the file."""
    answer = judge(path)
    if answer.errors or answer.broken:
        return []
    theirs = {name: (before, after) for name, before, after in elaborated(path)}
    program = read(answer, purpose="drops", later={name: before for name, (before, _) in theirs.items()})
    found: list[Counts] = []
    for function in list(program.module.functions.values()):
        name = function.name.removeprefix("fn ")
        if not function.blocks or name not in theirs:
            continue
        before, after = theirs[name]
        if "bb1" not in after and "unreachable" in after:  # rejected without -Zpolonius
            continue
        flags, drops = _ours(function)
        found.append(Counts(name, flags, drops, _flags(after) - _flags(before), _drops(after)))
    return found


def _ours(function: Function) -> tuple[int, int]:
    elaborate = ElaborateDrops()
    elaborate.run_on(function)
    left = [op for op in _reached(function) if op.name in ("drop", "dealloc") and not op.attrs.get("rest")]
    return elaborate.log.statistics["drop flags"], len(left)


def _reached(function: Function) -> list[Operation]:
    """The operations that control reaches, by unwinding only from what may panic."""
    assert function.module is not None
    work, seen = [function.entry], {function.entry}
    found: list[Operation] = []
    while work:
        block = work.pop()
        found.extend(block.ops)
        following = [successor.block for successor in block.ops[-1].successors]
        if block.unwind is not None and any(may_panic(op, function.module) for op in block.ops):
            following.append(block.unwind)
        work.extend(dict.fromkeys(each for each in following if each not in seen))
        seen.update(following)
    return found


def _flags(dump: str) -> int:
    return len(re.findall(r"^\s*let (?:mut )?_\d+: bool;", dump, re.M))


def _drops(dump: str) -> int:
    blocks = dict(re.findall(r"^    (bb\d+)(?: \(cleanup\))?: \{\n(.*?)^    \}", dump, re.M | re.S))
    work, seen = ["bb0"], {"bb0"}
    found = 0
    while work:
        text = blocks.get(work.pop(), "")
        found += len(re.findall(r"^ +drop\(|<Box<.*> as Drop>::drop\}\)\(", text, re.M))
        for target in re.findall(r"\bbb\d+\b", text):
            if target not in seen:
                seen.add(target)
                work.append(target)
    return found
