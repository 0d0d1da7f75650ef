"""What borrow checking is held to: the interpreter with Tree Borrows, on generated programs and on their mutants.

A program that ``check-loans`` accepts makes no memory error on any input that is tried. Mutants are correct programs with one
change that may make a reference invalid: a reference is used once more, a store is moved, an arena is reset, a reference that
was replaced stays. Some are correct all the same: whether they are, only runs say.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator

import altru_ir as air
from altru_ir import passes
from altru_ir.backend.interpreter.machine import STEPS, Machine
from altru_ir.diagnostics import Diagnostic
from altru_ir.passes.base import Check, bodies
from altru_ir.passes.pipeline_text import parse_pipeline

INPUTS = (0, -1, 0x5555555555555555, 0x123456789ABCDEF, 0x7EDCBA9876543210)


def inputs(count: int, seed: int = 0) -> Iterator[int]:
    """Arguments of ``main_entry``: their bits, but for the highest, decide which way each branch goes."""
    choose = random.Random(seed)
    for at in range(count):
        yield INPUTS[at] if at < len(INPUTS) else choose.getrandbits(64) - 2**63


def taken(machine: Machine) -> int | None:
    """How many bits a run with the highest bit set has asked for: it is that far from where it was; None if it is gone."""
    left = sum(byte << 8 * at for at, byte in enumerate(machine.globals["bits"].data)) if "bits" in machine.globals else 1 << 63
    return 64 - left.bit_length() if left else None


def scheduled(module: air.Module) -> air.Module:
    """A copy with its checks and drops. Raises ``DiagnosticError`` when it does not verify, or moves what is not there."""
    copy = module.clone()
    problems = air.verify(copy)
    if problems:
        raise air.DiagnosticError(problems, module.source)
    passes.run(copy, "insert-checks,schedule-drops,check-moves")
    return copy


def refusals(module: air.Module) -> list[Diagnostic]:
    """What ``check-loans`` says of a module whose drops are scheduled."""
    (check,) = parse_pipeline("check-loans")
    assert isinstance(check, Check)
    return [problem for function in bodies(module) for problem in check.diagnose(function) if problem.severity == "error"]


def accepted(module: air.Module) -> air.Module:
    """``module``, with its checks and drops, all elaborated. Raises ``DiagnosticError`` when it does not verify or is refused.
    The same as ``scheduled``, ``refusals`` and the first part of ``fault``, with analyses that are done once."""
    problems = air.verify(module)
    if problems:
        raise air.DiagnosticError(problems, module.source)
    passes.run(module, "insert-checks,schedule-drops,check-moves,check-loans,elaborate-drops")
    return module


def fault(module: air.Module, arguments: Iterable[int]) -> str | None:
    """The first memory fault that a module whose drops are scheduled makes on one of the arguments."""
    ready = module.clone()
    passes.run(ready, "elaborate-drops")
    return first_fault(ready, arguments)


def first_fault(elaborated: air.Module, arguments: Iterable[int]) -> str | None:
    """The first memory fault of a module whose drops are elaborated.

    One machine runs them all, so the program is staged once; a run that is left with threads is the last one of its machine.
    What begins with the bits that a run before it has asked for would go the same way, so it is not run.
    """
    from altru_ir.backend.interpreter import meanings  # noqa: F401

    assert air.verify(elaborated) == []
    machine = None
    ways: dict[int, set[int]] = {}
    for given in arguments:
        bits = given % 2**64 | 1 << 63
        if any(bits % (1 << length) in begun for length, begun in ways.items()):
            continue
        if machine is None or len(machine.threads) > 1:
            machine = Machine(elaborated)
        machine.budget = STEPS
        try:
            machine.run("main_entry", [bits])
        except air.Panic as panic:
            if panic.message != "work failed":
                raise
        except air.MemoryFault as error:
            return f"with {bits - 2**64}: {error.kind}: {error}"
        asked = taken(machine)
        if asked is not None:
            ways.setdefault(asked, set()).add(bits % (1 << asked))
    return None


# -- mutants ----------------------------------------------------------------------------------------------------------

_BORROWED = re.compile(r"  (%\w+) = (?:borrow|arena\.alloc|call @(?:pick|part|first|longer|last|get_or_insert)\w*)\b.*")
_STORE = re.compile(r"  (?:assign %p\w+|end %l|%x\w+ = load) .*|  end %\w+|  drop %\w+")
_ARENA = re.compile(r"  init (%home\w+), %[va]\w+")
_REPLACED = re.compile(r"  assign (%h\w+), %\w+")
_HANDED = re.compile(r"  br \^(?:head|join)\w+\((?:.*, )?(%\w+)\)")


def _straight(lines: list[str], start: int) -> int:
    """The end of the block that line ``start`` is in."""
    at = start
    while at < len(lines) and not re.match(r"  (br|cond_br|switch_enum|ret|resume|unreachable|panic)\b", lines[at]):
        at += 1
    return at


def _roots(lines: list[str]) -> dict[str, str]:
    """What each path begins with."""
    found: dict[str, str] = {}
    for line in lines:
        step = re.match(r"  (%\w+) = (?:field|deref|elem|variant|subrange) (%\w+)", line)
        if step:
            found[step[1]] = found.get(step[2], step[2])
    return found


def _used_longer(lines: list[str], choose: random.Random) -> list[str] | None:
    """A reference is used once more: behind something that happens to the same local if there is such, or anywhere."""
    made = [at for at, line in enumerate(lines) if _BORROWED.fullmatch(line)]
    if not made:
        return None
    roots = _roots(lines)
    after = []
    for start in made:
        lent = re.search(r"= borrow (?:mut )?(%\w+)", lines[start])
        for at in range(start + 1, _straight(lines, start)):
            touched = re.match(r"  (?:assign|end|drop|%\w+ = borrow mut|%\w+ = take) (%\w+)", lines[at])
            if lent and touched and roots.get(lent[1], lent[1]) == roots.get(touched[1], touched[1]):
                after.append((start, at + 1))
    if after and choose.random() < 0.8:
        start, at = choose.choice(after)
    else:
        start = choose.choice(made)
        end = next((at for at in range(start, len(lines)) if lines[at] == "}"), len(lines))
        at = choose.randint(start + 1, choose.choice([_straight(lines, start), max(end - 1, start + 1)]))
    name = _BORROWED.fullmatch(lines[start]).group(1)  # type: ignore[union-attr]
    return [*lines[:at], f"  %mutant1 = deref {name}", "  %mutant2 = borrow %mutant1", *lines[at:]]


def _moved_access(lines: list[str], choose: random.Random) -> list[str] | None:
    """A store, a read, an end or a drop happens earlier or later in its block."""
    accesses = [at for at, line in enumerate(lines) if _STORE.fullmatch(line)]
    if not accesses:
        return None
    at = choose.choice(accesses)
    rest = lines[:at] + lines[at + 1 :]
    top = at
    while not rest[top - 1].startswith("^"):
        top -= 1
    inside = [to + 1 for to in range(top, _straight(rest, at)) if _BORROWED.fullmatch(rest[to])]
    to = choose.choice(inside or [choose.randint(top, _straight(rest, at))])
    stores, ends = ("  assign", "  init"), ("  end",)
    for crossed in rest[min(at, to) : max(at, to)]:  # what is stored after an end is the business of the move check
        if lines[at].startswith(stores + ends) and crossed.startswith(ends if lines[at].startswith(stores) else stores):
            return None
    return [*rest[:to], lines[at], *rest[to:]]


def _reset_added(lines: list[str], choose: random.Random) -> list[str] | None:
    """An arena is reset."""
    arenas = [at for at, line in enumerate(lines) if _ARENA.fullmatch(line) and lines[at - 1].endswith("arena.new")]
    if not arenas:
        return None
    start = choose.choice(arenas)
    name = _ARENA.fullmatch(lines[start]).group(1)  # type: ignore[union-attr]
    end = next(at for at in range(start, len(lines)) if lines[at] == "}")
    at = choose.randint(start + 1, end - 1)
    return [*lines[:at], f"  %mutant1 = borrow mut {name}", "  arena.reset %mutant1", *lines[at:]]


def _kill_removed(lines: list[str], choose: random.Random) -> list[str] | None:
    """A reference is not replaced: the store is left out, or a block is handed the argument it has."""
    stores = [at for at, line in enumerate(lines) if _REPLACED.fullmatch(line)]
    handed = [at for at, line in enumerate(lines) if _HANDED.fullmatch(line)]
    if stores and (not handed or choose.random() < 0.5):
        at = choose.choice(stores)
        return lines[:at] + lines[at + 1 :]
    if not handed:
        return None
    at = choose.choice(handed)
    new = _HANDED.fullmatch(lines[at]).group(1)  # type: ignore[union-attr]
    start = max(i for i in range(at) if lines[i].endswith("{"))
    others = [w for line in lines[start:at] for w in re.findall(r"(%(?:r|carried|j)\d+)\b", line) if w != new]
    if not others:
        return None
    return [*lines[:at], re.sub(rf"{new}\)$", f"{choose.choice(others)})", lines[at]), *lines[at + 1 :]]


MUTATIONS = {
    "used longer": _used_longer,
    "access moved": _moved_access,
    "reset added": _reset_added,
    "kill removed": _kill_removed,
}


def mutants(text: str, choose: random.Random, tries: int = 4) -> Iterator[tuple[str, str, air.Module]]:
    """Mutants of a program that verify and move nothing twice: the kind, the text, and the module with its drops."""
    for kind, mutant in mutations(text, choose, tries):
        try:
            module = scheduled(air.parse(mutant))
        except air.DiagnosticError:
            continue
        yield kind, mutant, module


def mutations(text: str, choose: random.Random, tries: int) -> Iterator[tuple[str, str]]:
    """The texts of mutants, each with its kind, at most ``tries`` of each."""
    lines = text.splitlines()
    for kind, mutate in MUTATIONS.items():
        made = {tuple(lines)}
        for _ in range(4 * tries):
            changed = mutate(lines, choose)
            if changed is None or tuple(changed) in made or len(made) > tries:
                continue
            made.add(tuple(changed))
            yield kind, "\n".join([*changed, ""])
