"""Move checking: every use finds a value, and nothing is moved out of where it must stay.

    %s = new %x : own<i64>
    call @eat(%s)
    call @eat(%s)            error[ALT-M001]: `%s` is used after it was moved

Clauses, cited by number in the code and planted as defects one by one in the tests. With *there* and *gone* as in
``initialization``,
 1. what is read, borrowed, consumed or exchanged is fully there: neither it nor a part of it may be gone (ALT-M001;
    ALT-I001 when it never held anything);
 2. a path through a pointer is taken only while the pointer is there;
 3. a part is stored only into a whole that is there: nothing is assigned to a field of a struct that was moved as a whole, to
    the content of an owner that was moved, or to any part of what has a destructor and is not fully there; ``init`` may fill a
    struct without a destructor field by field;
 4. nothing is moved out of what a reference, a guard or a ``gc`` leads to, nor out of a global (ALT-M002);
 5. nothing is moved out of an element at an index that is not constant, or out of a subrange (ALT-M003);
 6. no part is moved out of a type with a destructor, or of foreign memory, which its release function gets whole (ALT-M004);
 7. ``init`` stores, and ``dealloc`` releases, only where nothing is left that would have to be dropped (ALT-M005);
 8. two operands of one operation do not consume the same value, and nothing is stored into what it owns (ALT-M001);
 9. nothing is done to a local that may have been ended, not even a store (ALT-F004);
10. a payload is used only where ``known_variants`` knows that the enum holds its variant (ALT-I003).

A function whose drops are elaborated is held to the clauses of ``verify.drops`` instead.

``end`` and a drop with ``rest`` take what is still there, whatever that is; ``assign`` drops by flow what it overwrites.

``{allow = "ALT-M001"}`` on the operation that an error names says that this is meant, and leaves the error out.

Each error tells the story in order: where the value was made, where it was moved (and whether that was in an earlier iteration
of a loop), where it is used, and why its type does not copy. Errors with the same moves of the same root are reported once.

Invariant: an accepted function never reaches, in the interpreter, a use of what was moved or never stored (but through raw
pointers and ``assume_init``, where the program promises). Source: rustc's borrow checker (compiler/rustc_borrowck), whose
verdicts on moves these are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice

import attrs

from altru_ir.behaviour import accesses
from altru_ir.dataflow import panicking
from altru_ir.declare import BORROW, CONSUME, ESCAPE, EXCHANGE, INIT, READ, WRITE
from altru_ir.diagnostics import Diagnostic, Fix, Label
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.initialization import Initialization
from altru_ir.passes.analysis.known_variants import KnownVariants
from altru_ir.passes.analysis.move_paths import (
    COLLECTED,
    DEREF,
    ELEMENT,
    EXACT,
    GLOBAL,
    RAW,
    REFERENCE,
    Located,
    MovePath,
    has_paths,
    is_uninit,
)
from altru_ir.passes.analysis.storage import EndedStorage
from altru_ir.passes.analysis.why import why_it_moves
from altru_ir.passes.base import Check
from altru_ir.passes.verify.drops import ELABORATED, check_drops
from altru_ir.passes.verify.move_fixes import MoveFixes
from altru_ir.types import OwnType
from altru_ir.values import Operation, Value


@attrs.define
class CheckMoves(Check):
    """Reports uses of what was moved or never stored, and moves out of where something has to stay."""

    name = "check-moves"

    def diagnose(self, function: Function) -> list[Diagnostic]:
        assert function.module is not None
        if function.attributes.get(ELABORATED):
            return check_drops(function, function.module)
        if not has_paths(function, function.module):
            return []
        return check_moves(function, function.module, self.get(Initialization, function))


def check_moves(function: Function, module: Module, facts: Initialization | None = None) -> list[Diagnostic]:
    """What is wrong with the moves of ``function``, which the structural verifier has accepted."""
    if function.is_declaration or (facts is None and not has_paths(function, module)):
        return []
    return _Checker(function, module, facts or Initialization(function, module)).run()


class _Checker:
    def __init__(self, function: Function, module: Module, facts: Initialization) -> None:
        self.function = function
        self.module = module
        self.facts = facts
        self.paths = facts.paths
        self.found: list[Diagnostic] = []
        self.told: set[object] = set()
        self.doubted = 0  # the facts about variants of which was told that they may not hold
        self.marks = facts.paths.marks

    def run(self) -> list[Diagnostic]:
        facts = self.facts
        storage = EndedStorage(self.function, facts.cfg)
        variants = KnownVariants(self.function, self.module, facts.cfg)
        for number in facts.cfg.reverse_postorder:
            block = facts.cfg.blocks[number]
            ended = storage.solution.start[number] if storage.bit else 0
            known = variants.solution.start[number] if variants.facts else 0
            for at, (op, there, gone) in enumerate(facts.states(number)):
                if op.operands or op.successors:
                    before = len(self.found)
                    self.operation(op, block, at, gone, there)
                    if ended and len(self.found) == before:
                        self.storage(op, ended, storage)
                    if variants.facts and len(self.found) == before:
                        self.variant(op, block, at, known, variants)
                if storage.bit:
                    ended = storage.transfer(op, ended)
                if variants.facts:
                    known = variants.transfer(op, known)
        return self.found

    def storage(self, op: Operation, ended: int, storage: EndedStorage) -> None:
        """Clause 9."""
        local = storage.ended_in(op, ended, self.paths)
        if local is None:
            return
        key = (local, "ended")
        if key in self.told or op.attrs.get("allow") == "ALT-F004":
            return
        self.told.add(key)
        ends = [each for each in self.function.operations() if each.name == "end" and each.operands[0] is local]
        declared = None if local.operation is None else local.operation.location  # where scheduled ends have their place
        written = [each for each in ends if each is not op and each.location != declared]
        labels = [(each.location, f"the scope of `%{local.name}` ends here") for each in written]
        use = "ended again" if op.name == "end" else "used"
        self.report(
            "ALT-F004", op, f"`%{local.name}` is {use} after its scope has ended", labels=labels,  # type: ignore[arg-type]
            help="`end` it where nothing uses it any more; run its `local` again for fresh storage",
            proposals=self.fixes.ended(op, ends),
        )  # fmt: skip

    def variant(self, op: Operation, block: Block, at: int, known: int, variants: KnownVariants) -> None:
        """Clause 10."""
        if op.decl.is_projection and op.results[0].type.is_place:
            return
        for place in op.operands:
            if not place.type.is_place:
                continue
            for step, fact in reversed(list(variants.asked(place))):
                if (known | self.doubted) & fact:
                    continue
                if op.attrs.get("allow") == "ALT-I003":
                    return
                enum = variants.enum(step.operands[0])
                assert enum is not None
                self.another_variant(op, step, fact, f"`{enum[0]}`", variants.story(fact, block, at))
                return

    def another_variant(
        self, op: Operation, step: Operation, fact: int, name: str, story: tuple[list[Operation], list[Operation]]
    ) -> None:
        self.doubted |= fact
        wanted = step.attrs["variant"]
        told, changes = story
        labels = [(each.location, f"from here it holds `{wanted}` on one way") for each in told]
        labels += [(each.location, f"it is {'lent to be changed' if each.results else 'stored'} here") for each in changes]
        self.report(
            "ALT-I003", op, f"the payload of `{wanted}` is used, but {name} may hold another variant",
            labels=labels,  # type: ignore[arg-type]
            help=f"ask with `switch_enum`, and use the payload where that leads for `{wanted}`, before it is stored again",
            proposals=self.fixes.another_variant(op, step.operands[0], wanted),
        )  # fmt: skip

    def operation(self, op: Operation, block: Block, at: int, gone: int, there: int) -> None:
        """Checks the operands of one operation in order, places behind values; what one consumes is gone for the next (8)."""
        if op.decl.is_projection and op.results[0].type.is_place:
            return
        roots = self.paths.roots
        for value in op.operands:
            if value in roots or value.type.is_place:
                break
        else:
            if not op.successors:
                return
        consumed: set[Value] = set()
        for value, access in sorted(accesses(op), key=lambda each: each[0].type.is_place):
            if value.type.is_place:
                located = self.paths.locate(value).path
                if located is not None and located.root in consumed:
                    self.into_itself(op, located)
                else:
                    self.place(op, block, at, value, access, gone, there)
                continue
            root = self.paths.roots.get(value)
            if root is None:
                continue
            if op.name == "dealloc":  # only the shell is released
                if gone & root.bit:
                    self.report_use(op, block, at, root, gone)
                content = root.children.get(DEREF)
                self.must_be_empty(op, value.type.pointee, content, there)
            elif gone & root.needed and not op.attrs.get("rest"):  # 1
                self.report_use(op, block, at, root, gone)
            if access in (CONSUME, ESCAPE):
                consumed.add(value)
                gone |= root.mask
        for successor in op.successors:
            lost = gone
            for value in successor.args:
                root = self.paths.roots.get(value)
                if root is not None:
                    if lost & root.needed:
                        self.report_use(op, block, at, root, lost)
                    lost |= root.mask

    def into_itself(self, op: Operation, path: MovePath) -> None:  # 8
        name = f"`%{path.root.name}`"
        self.report(
            "ALT-M001", op, f"{name} is stored into what it owns itself: nobody would own {name} then",
            help=why_it_moves(path.root.type, self.module),
        )  # fmt: skip

    def place(self, op: Operation, block: Block, at: int, place: Value, access: str, gone: int, there: int) -> None:
        located = self.paths.locate(place)
        path, reach = located.path, located.reach
        self.pointers(op, block, at, located, gone)
        if access == CONSUME and (reach != EXACT or not op.attrs.get("rest")):
            self.may_move_out(op, place, located)
        if path is None or reach in (REFERENCE, COLLECTED, RAW, GLOBAL):
            if access == INIT and reach in (REFERENCE, COLLECTED, GLOBAL):
                self.must_be_empty(op, place.type.target, None, there)  # type: ignore[attr-defined]
            return
        if access in (READ, BORROW, CONSUME, EXCHANGE):  # 1
            if is_uninit(place.type.target):  # type: ignore[attr-defined]
                return
            if gone & path.needed and (reach == ELEMENT or not op.attrs.get("rest")):
                self.report_use(op, block, at, path, gone)
        elif access in (INIT, WRITE):
            if reach == ELEMENT:  # 3: some element of an array that is there
                if gone & path.needed and not is_uninit(path.type):
                    self.report_use(op, block, at, path, gone, stored=True)
                elif access == INIT:
                    self.must_be_empty(op, place.type.target, None, there)  # type: ignore[attr-defined]
                return
            self.whole(op, block, at, located, access, gone)
            if access == INIT:
                self.must_be_empty(op, path.type, path, there)

    def pointers(self, op: Operation, block: Block, at: int, located: Located, gone: int) -> None:
        """Clause 2: the pointers on the way are there."""
        path = located.path
        if path is None:
            return
        if located.reach in (REFERENCE, COLLECTED, RAW):
            if gone & path.bit:
                self.report_use(op, block, at, path, gone)
            return
        step = path
        while step.parent is not None:  # the outermost owner that is gone decides
            if step.step == DEREF and gone & step.parent.bit:
                self.report_use(op, block, at, step.parent, gone)
                return
            step = step.parent

    def whole(self, op: Operation, block: Block, at: int, located: Located, access: str, gone: int) -> None:
        """Clause 3: what is stored into is there around the part."""
        path = located.path
        assert path is not None
        parent = path.parent
        if parent is None:
            return
        if located.destructor is not None:
            outer = parent
            while outer.parent is not None and outer.type is not located.destructor:
                outer = outer.parent
            if gone & outer.needed:
                self.report_use(op, block, at, outer, gone, stored=True)
                return
        if access == INIT:
            while path.parent is not None and path.step is not None and path.step[0] == "field":
                path = path.parent
            if path.parent is None:
                return
            parent = path.parent
        if path.step != DEREF and gone & parent.bit and gone & path.needed:
            self.report_use(op, block, at, parent, gone, stored=True)

    def may_move_out(self, op: Operation, place: Value, located: Located) -> None:
        """Clauses 4, 5 and 6."""
        type = place.type.target  # type: ignore[attr-defined]
        what = {REFERENCE: "behind a reference", COLLECTED: "in a collected object", GLOBAL: "in a global"}.get(located.reach)
        verb = "dropped" if op.name == "drop" else "moved out of"
        if what is not None:
            if op.name == "drop" and not self.marks.needs_drop(type):
                return
            self.report(
                "ALT-M002", op, f"a `{type}` {what} cannot be {verb}: it stays there for others",
                help="use `exchange` to put another value there, or `borrow` it"
                + ("" if self.paths.moves(type) else ", or `load` a copy"),
                proposals=self.fixes.stays(op, place),
            )  # fmt: skip
        elif located.reach == ELEMENT:
            self.report(
                "ALT-M003", op, f"an element at an index that is not constant cannot be {verb}",
                help="use `exchange`, or a constant index", proposals=self.fixes.stays(op, place),
            )  # fmt: skip
        elif located.destructor is not None and located.reach == EXACT:
            whole = located.destructor
            labels: list[tuple[object, str]] = []
            if isinstance(whole, OwnType):
                wants = f"@{whole.release}, which releases it,"
            else:
                declaration = self.module.types[whole.name]  # type: ignore[attr-defined]
                wants = f"its destructor @{declaration.drop}"
                labels = [(declaration.location, f"`{whole}` is declared with a destructor here")]
            self.report(
                "ALT-M004", op, f"a part of a `{whole}` cannot be {verb}: {wants} will want it", labels=labels,
                help="use `exchange`, or `borrow` the part", proposals=self.fixes.stays(op, place),
            )  # fmt: skip

    def must_be_empty(self, op: Operation, type: object, path: MovePath | None, there: int) -> None:
        """Clause 7."""
        if is_uninit(type) or not self.marks.needs_drop(type):  # type: ignore[arg-type]
            return
        if path is not None and not any(self.marks.needs_drop(p.type) for p in self.held(path, there)):
            return
        name = f"`{path}`" if path is not None else f"the `{type}` there"
        if op.name == "dealloc":
            message, help = f"the memory is released, but {name} may still hold something that must be dropped", "use `drop`"
        else:
            message, help = f"`init` over {name}, which may hold something that must be dropped", "use `assign`, which drops it"
        self.report("ALT-M005", op, message, help=help, proposals=self.fixes.overwritten(op))

    def held(self, path: MovePath, there: int) -> Iterator[MovePath]:
        """The paths from ``path`` downwards that may hold something; a whole is held only by what its tracked parts leave."""
        for index in range(path.index, path.last + 1):
            if there >> index & 1 and not self.paths.paths[index].is_sum:
                yield self.paths.paths[index]

    # -- stories --

    def report(
        self, code: str, op: Operation, message: str, *,
        labels: list[tuple[object, str]] | None = None, help: str | None = None, proposals: Sequence[Fix] = (),
    ) -> None:  # fmt: skip
        if op.attrs.get("allow") == code:
            return
        shown = tuple(Label(where, text) for where, text in labels or [] if where is not None)  # type: ignore[arg-type]
        self.found.append(
            Diagnostic(
                code, message, op.location, function=self.function.name, labels=shown, help=help, proposals=proposals
            )
        )  # fmt: skip

    @cached_property
    def fixes(self) -> MoveFixes:
        """What may mend an error, looked for when there is one."""
        return MoveFixes(self.function, self.module, self.paths)

    def report_use(
        self, op: Operation, block: Block, at: int, path: MovePath, gone: int, *, stored: bool = False
    ) -> None:  # fmt: skip
        """A use of ``path``, of which something is gone; with ``stored`` a store into a part of it."""
        causes = Causes(self.facts).find(path, block, at, op, gone)
        moves = [cause for cause in causes if cause.op.name != "local"]
        key = (path.root, frozenset(cause.op for cause in causes))
        if key in self.told or op.attrs.get("allow") == ("ALT-M001" if moves else "ALT-I001"):
            return
        self.told.add(key)
        name = f"`{path}`"
        use = f"a part of {name} is assigned" if stored else f"{name} is used"
        labels: list[tuple[object, str]] = []
        made = path.root.owner
        if isinstance(made, Operation):
            labels.append((made.location, f"`%{path.root.name}` is {'declared' if made.name == 'local' else 'made'} here"))
        _, there, _ = next(islice(self.facts.states(self.facts.cfg.number[block]), at, None))
        if not moves:
            sometimes = " on some ways here" if there & path.bit else ""
            self.report(
                "ALT-I001", op, f"{use}, but {f'{name} holds' if stored else 'holds'} nothing{sometimes}", labels=labels,
                help="store the whole first" if stored else "store something first: `init`",
                proposals=self.fixes.holds_nothing(op, path, stored),
            )  # fmt: skip
            return
        labels.extend((cause.op.location, self.tell(cause, path)) for cause in moves)
        if moves[0].op is op and not any(cause.earlier for cause in moves):
            message = f"{name} is consumed twice by this operation"
        else:
            happened = "dropped" if all(cause.op.name in ("drop", "end") for cause in moves) else "moved"
            certain = moves[0].op is op or any(not there & c.path.bit and self.always_runs(c.op, block) for c in moves)
            story = f"was {happened}" if certain else f"may have been {happened}"
            whole = gone & path.bit or path.mask == path.bit
            message = f"{use} after it {story}" if whole else f"{use}, of which a part {story}"
        self.report(
            "ALT-M001", op, message, labels=labels, help=why_it_moves(moves[0].path.type, self.module),
            proposals=self.fixes.used_after_move(op, path, [(cause.op, cause.path) for cause in moves]),
        )  # fmt: skip

    def always_runs(self, op: Operation, before: Block) -> bool:
        """Whether control has gone through the block of ``op`` when it comes to ``before``."""
        cfg = self.facts.cfg
        return op.block is not None and cfg.dominators.dominates(cfg.number[op.block], cfg.number[before])

    def tell(self, cause: Cause, path: MovePath) -> str:
        when = ", in an earlier iteration of the loop" if cause.earlier else ""
        what = "it" if cause.path is path else f"`{cause.path}`"
        if cause.op.name == "end":
            return f"the scope of {what} ends here{when}"
        if cause.op.name in ("drop", "dealloc"):
            return f"{what} is dropped here{when}"
        return f"{what} is moved here{when}"


@attrs.frozen(eq=False)
class Cause:
    """An operation that leaves a path gone: the path that it takes, and whether control goes around a loop in between."""

    op: Operation
    path: MovePath
    earlier: bool


class Causes:
    """Looks backwards for the operations that left a path gone: first without, then with the back edges of loops."""

    def __init__(self, facts: Initialization) -> None:
        self.facts = facts

    def find(self, path: MovePath, block: Block, at: int, op: Operation, gone: int) -> list[Cause]:
        """What left ``path`` gone in front of operation ``at`` of ``block``; of its parts only where the whole is not gone."""
        lost = path.bit if gone & path.bit and not path.is_sum else path.mask
        cfg = self.facts.cfg
        here: dict[Operation, Cause] = {}
        own = self.twice(op, path)
        if own is not None:
            return [own]
        for around in (False, True):
            if any(cause.op.name == "local" for cause in here.values()):
                break  # it may hold nothing before the first iteration: the story is not that of a later one
            seen: dict[int, int] = {}
            work = [(cfg.number[block], at, lost)]
            while work:
                number, upto, wanted = work.pop()
                wanted = self.scan(cfg.blocks[number].ops, upto, wanted, path, here, around)
                if not wanted:
                    continue
                for predecessor, edge in self.edges(number):
                    if not around and cfg.dominators.dominates(number, predecessor):
                        continue
                    left = self.across(predecessor, edge, wanted, path, here, around)
                    new = left & ~seen.get((predecessor << 1) | (edge is None), 0)
                    if new:
                        key = (predecessor << 1) | (edge is None)
                        seen[key] = seen.get(key, 0) | new
                        work.append((predecessor, self.start(predecessor, edge), new))
        return sorted(here.values(), key=lambda cause: cfg.number[cause.op.block] if cause.op.block is not None else -1)

    def twice(self, op: Operation, path: MovePath) -> Cause | None:
        """Clause 8: whether ``op`` itself consumes the root more than once."""
        used = [v for v, access in accesses(op) if v is path.root and access in (CONSUME, ESCAPE)]
        for successor in op.successors:
            both = used + [v for v in successor.args if v is path.root]
            if len(both) > 1:
                return Cause(op, path, False)
        return Cause(op, path, False) if len(used) > 1 else None

    def edges(self, number: int) -> Iterator[tuple[int, int | None]]:
        """The predecessors of a block, each with the index of the successor that leads here; None for an unwind edge."""
        cfg = self.facts.cfg
        block = cfg.blocks[number]
        for predecessor in sorted(set(cfg.predecessors[number])):
            other = cfg.blocks[predecessor]
            if other.unwind is block:
                yield predecessor, None
            for index, successor in enumerate(other.ops[-1].successors):
                if successor.block is block:
                    yield predecessor, index

    def start(self, predecessor: int, edge: int | None) -> int:
        block = self.facts.cfg.blocks[predecessor]
        if edge is not None:
            return len(block.ops)
        return max(panicking(self.facts.there.problem, block), default=0)

    def across(
        self, predecessor: int, edge: int | None, wanted: int, path: MovePath, here: dict[Operation, Cause], around: bool
    ) -> int:
        """What is still wanted in front of an edge."""
        block = self.facts.cfg.blocks[predecessor]
        if edge is None:
            op = block.ops[self.start(predecessor, None)]
            effect = self.facts.panic_effect(op)
        else:
            op = block.ops[-1]
            effect = self.facts.edge_effect(op, edge)
        return self.look(op, effect.gone, effect.there, wanted, path, here, around)

    def scan(
        self, ops: list[Operation], upto: int, wanted: int, path: MovePath, here: dict[Operation, Cause], around: bool
    ) -> int:
        for op in reversed(ops[:upto]):
            effect = self.facts.effect(op)
            if (effect.gone | effect.there) & wanted:
                wanted = self.look(op, effect.gone, effect.there, wanted, path, here, around)
                if not wanted:
                    return 0
        return wanted

    def look(
        self, op: Operation, gone: int, there: int, wanted: int, path: MovePath, here: dict[Operation, Cause], around: bool
    ) -> int:
        hit = gone & wanted
        if hit and op.name in ("drop", "end"):  # one that finds nothing there is no cause
            hit &= self.held(op)
            gone = hit
        if hit and op not in here:
            here[op] = Cause(op, self.taken(op, hit, path), around)
        return wanted & ~gone & ~there

    def held(self, op: Operation) -> int:
        """What may be there in front of ``op``."""
        assert op.block is not None
        states = self.facts.states(self.facts.cfg.number[op.block])
        return next(there for each, there, _ in states if each is op)

    def taken(self, op: Operation, hit: int, path: MovePath) -> MovePath:
        """The path that ``op`` took, as far as it concerns ``path``."""
        if hit & path.bit:
            return path
        return self.facts.paths.paths[(hit & -hit).bit_length() - 1]


__all__ = ["CheckMoves", "check_moves"]
