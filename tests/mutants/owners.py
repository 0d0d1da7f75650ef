"""Programs of owners for the defects of moves and drops, and what is known of them without the checker.

``changes``: a line of a program of ``moves_twin`` goes, stands twice, or is added: an end, a drop, a move, a store into a part.
``elaborations``: the program is elaborated first; then a drop goes or stands twice, loses its flag, a flag is set the other way
round or a line later, an edge of unwinding leads elsewhere. What became of it, runs say: it may use what is not there, release
something twice, or leave something behind, and then move checking, or the proof of drops, must refuse it. What is accepted
without a defect and has no fault, must be accepted with one.

``schedules``: programs in which each owner has a destructor that says its name. What is added at exits and on unwinding closes
the last definition first; elaborated, the program drops the same in the same order as by flow, and leaves nothing behind.

Invariant: a program that is said to be wrong makes a fault on a way that it is shown to make it on.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator

import altru_ir as air
from altru_ir.backend.interpreter.machine import Machine
from altru_ir.passes.pipeline_text import parse_pipeline
from altru_ir.passes.verify.drops import check_drops
from altru_ir.passes.verify.moves import check_moves
from tests.passes.loans_oracle import taken
from tests.passes.moves_twin import Generator

ELABORATION = "insert-checks,schedule-drops,check-moves,elaborate-drops"
STEPS = 20_000
WAYS = 24
CHANGES = 12
"""How many changed programs are made of one."""

Lines = list[str]
Change = Callable[[Lines, random.Random], Lines | None]


def elaborated(text: str) -> air.Module | None:
    """The program after elaboration; None when it is refused."""
    module = air.parse(text)
    try:
        for each in parse_pipeline(ELABORATION):
            each.run(module)
    except air.DiagnosticError:
        return None
    return module


def proved(module: air.Module) -> bool:
    """What the proof of drops says of the function that is changed."""
    return not check_drops(module.functions["moves"], module)


def first_fault(module: air.Module, arguments: Iterable[int]) -> str | None:
    """The first fault that a module whose drops are elaborated makes: a wrong access, or something that is left behind, also by
    a panic. Branches ask for the bits of the argument; ways that were gone are not gone again."""
    from altru_ir.backend.interpreter import meanings  # noqa: F401

    machine = Machine(module)
    ways: dict[int, set[int]] = {}
    for given in arguments:
        bits = given % 2**63 | 1 << 63
        if any(bits % (1 << length) in begun for length, begun in ways.items()):
            continue
        machine.budget = STEPS
        try:
            try:
                machine.run("main_entry", [bits])
            except air.Panic as panic:
                if panic.message != "work failed":
                    return f"with {given}: {panic}"
            machine.check_leaks()
        except air.MemoryFault as error:
            if error.kind != "ALT-S008":  # it took too long
                return f"with {given}: {error.kind}: {error}"
            machine = Machine(module)
            continue
        asked = taken(machine)
        if asked is not None:
            ways.setdefault(asked, set()).add(bits % (1 << asked))
    return None


def ways(seed: int) -> Iterator[int]:
    choose = random.Random(seed)
    yield from (0, -1, 1, 0b1010, 0b110110, 0b11101)
    yield from (choose.getrandbits(63) for _ in range(WAYS - 6))


Case = tuple[air.Module, bool]
"""A program, and whether it has a fault."""

# -- one line is changed -----------------------------------------------------------------------------------------------------

_DROP = re.compile(r"  (drop|dealloc|end) (%\S+?)(, if %\S+)?( \{.*\})?$")
_FLAG = re.compile(r"  (assign|init) (%\S+), %([01])$")
_LOAD = re.compile(r"  %\S+ = load %\S+$")
_BRANCH = re.compile(r"(  cond_br %\S+, )(\^\w+), (\^\w+)$")
_HEAD = re.compile(r"(\^\w+(?:\(.*\))?)(?: unwind (\^\w+))?:$")


def _some(lines: Lines, pattern: re.Pattern[str], choose: random.Random) -> int | None:
    found = [at for at, line in enumerate(lines) if pattern.match(line)]
    return choose.choice(found) if found else None


def _goes(lines: Lines, choose: random.Random) -> Lines | None:
    at = _some(lines, choose.choice([_DROP, _DROP, _FLAG]), choose)
    return None if at is None else [*lines[:at], *lines[at + 1 :]]


def _twice(lines: Lines, choose: random.Random) -> Lines | None:
    at = _some(lines, _DROP, choose)
    if at is None:
        return None
    end = next(n for n in range(at, len(lines)) if n + 1 == len(lines) or _HEAD.match(lines[n + 1]))
    to = choose.randint(at + 1, max(end, at + 1))
    return [*lines[:to], lines[at], *lines[to:]]


def _without_flag(lines: Lines, choose: random.Random) -> Lines | None:
    at = _some(lines, re.compile(r".*, if %"), choose)
    return None if at is None else [*lines[:at], re.sub(r", if %\S+", "", lines[at]), *lines[at + 1 :]]


def _other_flag(lines: Lines, choose: random.Random) -> Lines | None:
    at = _some(lines, _FLAG, choose)
    return None if at is None else [*lines[:at], lines[at][:-1] + "10"[int(lines[at][-1])], *lines[at + 1 :]]


def _later(lines: Lines, choose: random.Random) -> Lines | None:
    """A line comes later in its block, or earlier; most often one that sets or reads a flag."""
    at = _some(lines, choose.choice([_FLAG, _LOAD, _DROP, re.compile(r"  (?!br|ret|cond_br|switch|resume)")]), choose)
    if at is None:
        return None
    to = at + choose.choice([-3, -2, -1, 1, 2, 3])
    if not 0 < to < len(lines) or any(_HEAD.match(line) for line in lines[min(at, to) : max(at, to) + 1]):
        return None
    rest = [*lines[:at], *lines[at + 1 :]]
    return [*rest[:to], lines[at], *rest[to:]]


def _crosswise(lines: Lines, choose: random.Random) -> Lines | None:
    at = _some(lines, _BRANCH, choose)
    return None if at is None else [*lines[:at], _BRANCH.sub(r"\1\3, \2", lines[at]), *lines[at + 1 :]]


def _unwinds_elsewhere(lines: Lines, choose: random.Random) -> Lines | None:
    targets = sorted({found[2] for line in lines if (found := _HEAD.match(line)) and found[2]})
    at = _some(lines[1:], _HEAD, choose)
    if at is None or not targets:
        return None
    head = _HEAD.match(lines[at + 1])
    assert head is not None
    to = choose.choice([*targets, None])
    return None if to == head[2] else [*lines[: at + 1], f"{head[1]}{f' unwind {to}' if to else ''}:", *lines[at + 2 :]]


def _stale(lines: Lines, choose: random.Random) -> Lines | None:
    """A flag is read some lines earlier."""
    at = _some(lines, _LOAD, choose)
    if at is None:
        return None
    first = max(n for n in range(at) if _HEAD.match(lines[n]))
    to = choose.randint(first + 1, at)
    return [*lines[:to], lines[at], *lines[to:at], *lines[at + 1 :]]


def _set_again(lines: Lines, choose: random.Random) -> Lines | None:
    """Behind an assignment to a flag it is set to something else."""
    at = _some(lines, re.compile(r"  assign %\d+, "), choose)
    if at is None:
        return None
    return [*lines[: at + 1], f"{lines[at].partition(',')[0]}, %{choose.randrange(2)}", *lines[at + 1 :]]


def _other_place(lines: Lines, choose: random.Random) -> Lines | None:
    """A drop is of what another one drops."""
    at, from_ = _some(lines, _DROP, choose), _some(lines, _DROP, choose)
    if at is None or from_ is None:
        return None
    one, other = _DROP.match(lines[at]), _DROP.match(lines[from_])
    assert one is not None
    assert other is not None
    return [*lines[:at], f"  {one[1]} {other[2]}{one[3] or ''}{one[4] or ''}", *lines[at + 1 :]]


def _only_the_shell(lines: Lines, choose: random.Random) -> Lines | None:
    """An owner is released, and its content is not dropped."""
    at = _some(lines, _DROP, choose)
    if at is None:
        return None
    name = lines[at].split()[1].rstrip(",")
    shell = choose.choice([[f"  dealloc {name}"], [f"  %shell = take {name}", "  dealloc %shell"]])
    return [*lines[:at], *shell, *lines[at + 1 :]]


def _a_part_goes(lines: Lines, choose: random.Random) -> Lines | None:
    """A part of a local, or what a parameter refers to, is taken and dropped."""
    at = _some(lines, _LOCAL, choose)
    if at is None:
        return None
    local = _LOCAL.match(lines[at])
    assert local is not None
    name, type = local.groups()
    ways = [[f"%ga = deref {name}", "%gone = field %ga, a"]] if type == "own<@Pair>" else [[f"%gone = field {name}, a"]]
    ways += [["%gone = deref %r"]] + [[f"%gone = elem {name}, %zero"]] * type.startswith("[")
    to = choose.randint(at + 1, min(at + 20, len(lines)))
    return [*lines[:to], *(f"  {line}" for line in [*choose.choice(ways), "drop %gone"]), *lines[to:]]


_LOCAL = re.compile(r"  (%\w+) = local : (.*)$")
ELABORATED = (
    _goes, _twice, _without_flag, _other_flag, _later, _crosswise, _unwinds_elsewhere, _stale, _set_again, _other_place,
    _only_the_shell, _a_part_goes,
)  # fmt: skip


ABOUT_FLAGS = (_other_flag, _stale, _set_again, _other_place, _a_part_goes, _without_flag)


def changed(text: str, choose: random.Random, kinds: tuple[Change, ...]) -> str | None:
    """The text with one line of ``@moves`` changed; None where there is none of the kind."""
    start = text.index("func @moves(")
    head, body, rest = text[:start], *text[start:].split("\n}\n", 1)
    lines = choose.choice(kinds)(body.split("\n"), choose)
    return None if lines is None else head + "\n".join(lines) + "\n}\n" + rest


def some_changed(text: str, seed: int, kinds: tuple[Change, ...]) -> Iterator[air.Module]:
    """Programs in which one line is changed, and which are well formed."""
    choose = random.Random(seed)
    flags = "drop.flag" in text
    for at in range(4 * CHANGES if flags else CHANGES):
        other = changed(text, choose, ABOUT_FLAGS if flags and at >= CHANGES else kinds)
        if other is None or other == text:
            continue
        try:
            module = air.parse(other)
        except air.DiagnosticError:
            continue
        if not air.verify(module):
            yield module


# -- before elaboration ------------------------------------------------------------------------------------------------------

NODES = """\
struct @Node { next: @Link }
enum @Link { None, Some(own<@Node>) }
func @nodes() -> own<@Node> nounwind {
^entry:
  %none = enum None : @Link
  %last = struct %none : @Node
  %o = new %last : own<@Node>
  %some = enum Some, %o : @Link
  %first = struct %some : @Node
  %p = new %first : own<@Node>
  ret %p
}
"""
INTO_A_NODE = ("%node = call @nodes()", "%inside = deref %node", "%next = field %inside, next", "%some = variant %next, Some")
_VALUE = re.compile(r"  (%[va]\w+) = call @(one|boxed|pair|loud)\(")


def _repeats(lines: Lines, choose: random.Random) -> Lines | None:
    """A move or a drop is made once more, somewhere behind."""
    at = _some(lines, re.compile(r"  (drop|end|init|assign|%t\w+ = take|%x\w+ = exchange) "), choose)
    if at is None:
        return None
    to = choose.randint(at + 1, min(at + 8, len(lines)))
    return [*lines[:to], re.sub(r"^  (%\w+) =", r"  \1again =", lines[at]), *lines[to:]]


def _one_less(lines: Lines, choose: random.Random) -> Lines | None:
    at = _some(lines, re.compile(r"  (drop|end|init|assign) "), choose)
    return None if at is None else [*lines[:at], *lines[at + 1 :]]


def _other_store(lines: Lines, choose: random.Random) -> Lines | None:
    at = _some(lines, re.compile(r"  (init|assign) "), choose)
    if at is None:
        return None
    other = lines[at].replace("  init ", "  assign ") if "  init " in lines[at] else lines[at].replace("  assign ", "  init ")
    return [*lines[:at], other, *lines[at + 1 :]]


def _one_more(lines: Lines, choose: random.Random) -> Lines | None:
    """Something is done to a local, or to a value, somewhere behind its definition."""
    at = _some(lines, choose.choice([_LOCAL, _VALUE]), choose)
    if at is None:
        return None
    local, value = _LOCAL.match(lines[at]), _VALUE.match(lines[at])
    if local is not None:
        name, type = local.groups()
        added = choose.choice([[f"end {name}"], [f"drop {name}"], [f"%more = take {name}"], [f"%b = borrow {name}"]])
        if type.startswith("["):
            added = choose.choice([added, [f"%part = elem {name}, %i", "%more = take %part"]])
    else:
        assert value is not None
        name, type = value.groups()
        added = [f"drop {name}"]
        if type == "boxed":
            a = [f"%inside = deref {name}", "%first = field %inside, a", "%one = take %first"]
            b = ["%second = field %inside, b", "%two = take %second"]
            added = choose.choice(
                [[f"dealloc {name}"], [*a, f"drop {name}"], [*a, *b, f"dealloc {name}"], [*a, f"dealloc {name}"]]
            )
    to = choose.randint(at + 1, min(at + 14, len(lines)))
    return [*lines[:to], *(f"  {line}" for line in added), *lines[to:]]


def _into_a_node(lines: Lines, choose: random.Random) -> Lines | None:
    stored = choose.choice(
        [
            ("assign %some, %node",),
            ("%other = call @nodes()", "assign %some, %other"),
            ("%old = take %some", "assign %some, %old"),
        ]
    )
    return [*lines[:2], *(f"  {line}" for line in (*INTO_A_NODE, *stored)), *lines[2:]]


WRITTEN = (_repeats, _one_less, _other_store, _one_more, _one_more, _one_more, _into_a_node)


def moves_accepted(module: air.Module) -> bool:
    """What move checking says."""
    return not check_moves(module.functions["moves"], module)


def changes(seed: int) -> list[Case]:
    """The program of a seed with a line changed, some times; what is not released at exits is scheduled. Those that move
    checking accepts, and those with a fault."""
    found: list[Case] = []
    for module in some_changed(Generator(seed).program().replace("global mut", NODES + "global mut", 1), seed, WRITTEN):
        for each in parse_pipeline("insert-checks,schedule-drops"):
            each.run(module)
        accepted = moves_accepted(module)
        ready = module.clone()
        if accepted:
            for each in parse_pipeline("elaborate-drops"):
                each.run(ready)
        wrong = first_fault(ready, ways(seed)) is not None
        if accepted or wrong:
            found.append((module, wrong))
    return found


def told_by_moves(cases: Iterable[Case]) -> str | None:
    for module, wrong in cases:
        if moves_accepted(module) == wrong:
            return "move checking accepts a program with a fault" if wrong else "move checking refuses a correct program"
    return None


# -- elaborated --------------------------------------------------------------------------------------------------------------


def elaborations(seed: int) -> list[Case]:
    """The program of a seed, elaborated, and some in which a line was changed: those with a fault, and those that the proof
    accepts."""
    module = elaborated(Generator(seed).program())
    if module is None:
        return []
    found: list[Case] = [(module, False)]
    for other in some_changed(str(module), seed, ELABORATED):
        wrong = first_fault(other, ways(seed)) is not None
        if wrong or proved(other):
            found.append((other, wrong))
    return found


def told_by_proof(cases: Iterable[Case]) -> str | None:
    for module, wrong in cases:
        if proved(module) == wrong:
            return "the proof accepts a program with a fault" if wrong else "the proof refuses a correct program"
    return None


# -- scheduled ---------------------------------------------------------------------------------------------------------------

LOUD = """\
struct @Own { o: own<i32>, n: i64 } drop @Own.drop
global mut @made : i64 = 0
global mut @trace : i64 = 0
func @Own.drop(%self: ref<mut @Own>) nounwind {
^entry:
  %place = deref %self
  %field = field %place, n
  %n = load %field
  %g = global @trace unsafe
  %before = load %g
  %by = const 31 : i64
  %more = mul %before, %by
  %sum = add %more, %n
  assign %g, %sum
  ret
}
func @quiet() {
^entry:
  ret
}
func @one(%n: i32) -> @Own nounwind {
^entry:
  %g = global @made unsafe
  %before = load %g
  %one = const 1 : i64
  %number = add %before, %one
  assign %g, %number
  %o = new %n : own<i32>
  %x = struct %o, %number : @Own
  ret %x
}
"""
_ONE = re.compile(r"func @one\(.*?\n}\n", re.DOTALL)


def loud(text: str) -> str:
    """The program with a struct for each ``own<i32>`` whose destructor leaves its number in ``@trace``, with an owner as a
    parameter, and with one that is made in the cleanup."""
    text = _ONE.sub("", text, count=1).replace("own<i32>", "@Own")
    text = text.replace("%r: ref<mut @Own>)", "%r: ref<mut @Own>, %v0: @Own)")
    text = text.replace("  call @moves(%i, %n, %r)", "  %given = call @one(%n)\n  call @moves(%i, %n, %r, %given)")
    text = text.replace("\n^cleanup:\n", "\n^cleanup:\n  %v999 = call @one(%n)\n  call @quiet()\n")
    return text.replace("global mut", LOUD + "global mut", 1)


def traces(module: air.Module, seed: int) -> list[object]:
    """What is dropped on each way, in order, as one number, or the fault."""
    from altru_ir.backend.interpreter import meanings  # noqa: F401

    found: list[object] = []
    for bits in list(ways(seed))[:10]:
        machine = Machine(module)
        machine.budget = STEPS
        try:
            try:
                machine.run("main_entry", [bits % 2**63])
                left = ""
            except air.Panic as panic:
                left = panic.message
            machine.check_leaks()
            found.append((left, bytes(machine.globals["trace"].data)))
        except air.MemoryFault as error:
            if error.kind == "ALT-S008":
                return found
            found.append(f"{error.kind}: {error}")
    return found


def schedules(seed: int) -> tuple[int, str] | None:
    """The text of a seed's program with a voice for each owner, if move checking accepts it."""
    text = loud(Generator(seed).program())
    return (seed, text) if elaborated(text) is not None else None


def told_by_order(program: tuple[int, str]) -> str | None:
    """What is wrong with how the program is scheduled and elaborated."""
    seed, text = program
    module = air.parse(text)
    function = module.functions["moves"]
    written = set(function.operations())
    for each in parse_pipeline("insert-checks,schedule-drops"):
        each.run(module)
    if air.verify(module):
        return "the scheduled program does not verify"
    for block in function.blocks:
        closed = [op for op in block.ops if op.name in ("end", "drop") and op not in written]
        last = block.ops[-1]
        if len(closed) == 1 == len(last.successors) and last not in written:
            closed += [op for op in last.successors[0].block.ops[:1] if op.name in ("end", "drop") and op not in written]
        numbers = [int(re.sub(r"\D", "", op.operands[0].name or "0") or 0) for op in closed]
        if numbers != sorted(numbers, reverse=True):
            return f"an earlier definition is closed first: {numbers}"
    by_flow = traces(module, seed)
    for each in parse_pipeline("check-moves,elaborate-drops"):
        each.run(module)
    if air.verify(module) or not proved(module):
        return "the elaborated program is not proved"
    found = traces(module, seed)
    if found != by_flow:
        return f"drops are not those by flow: {found} and {by_flow}"
    return next((each for each in found if isinstance(each, str)), None)
