"""``initialization`` and ``check-moves`` against their twin, and against the interpreter, on generated functions."""

from __future__ import annotations

from collections import Counter

import altru_ir as air
from altru_ir import backend
from altru_ir.passes.analysis.initialization import Initialization
from altru_ir.passes.analysis.move_paths import MovePath
from altru_ir.passes.verify import moves
from tests.passes.moves_twin import MOVED, NEVER, THERE, Generator, Path, Twin


class Forgetful(set[object]):
    """What has been told is told again: every operation with an error is reported."""

    def __contains__(self, key: object) -> bool:
        return False


def path_of(node: MovePath) -> Path:
    steps: list[object] = []
    at: MovePath | None = node
    while at is not None and at.step is not None:
        kind, what = at.step
        steps.append("*" if kind == "deref" else what[0] if kind == "elem" else what)  # type: ignore[index]
        at = at.parent
    return (node.root, *reversed(steps))


def disagreement(seed: int, counts: Counter[str]) -> str | None:
    """What the twin, or the interpreter, sees differently in the program of a seed."""
    generator = Generator(seed)
    text = generator.program()
    module = air.parse(text)
    problems = air.verify(module)
    if problems:
        return f"the program does not verify: {problems[0]}"
    function = module.functions["moves"]
    twin = Twin(function, module).run()
    facts = Initialization(function, module)
    paths = {path_of(node): node for node in facts.paths.paths}
    for number, block in enumerate(facts.cfg.blocks):
        if not facts.there.reached[number]:
            continue
        there, gone = facts.there.start[number], facts.gone.start[number]
        for op in block.ops:
            for path, node in paths.items():
                held = {dict(state).get(path) for state in twin.before.get(op, ())}
                if (THERE in held) != bool(there & node.bit):
                    return f"{op}: {node} may be there: {THERE in held}"
                if bool(held & {NEVER, MOVED}) != bool(gone & node.bit):
                    return f"{op}: {node} may be gone: {bool(held & {NEVER, MOVED})}"
            effect = facts.effect(op)
            there, gone = (there & ~effect.empty) | effect.there, (gone & ~effect.there) | effect.gone
    checker = moves._Checker(function, module, facts)
    checker.told = Forgetful()
    said = {(d.location, "use" if d.code in ("ALT-M001", "ALT-I001") else d.code) for d in checker.run()}
    wanted = {(op.location, code) for op, code in twin.errors}
    if said != wanted:
        return f"reported {sorted(map(str, said - wanted))}, not reported {sorted(map(str, wanted - said))}"
    counts.update(generator.counts)
    for _, code in wanted:
        counts[code] += 1
    counts["accepted" if not wanted else "refused"] += 1
    return runs(module) if not wanted else None


def runs(module: air.Module) -> str | None:
    """An accepted program has no fault on any of some ways, and leaves nothing behind."""
    prepared = backend.prepare(module, opt=0)
    for bits in (0, 0b1, 0b1010, 0b110110, 0b11101):
        try:
            backend.interpret(prepared, "main_entry", [bits], schedules=1)
        except air.Panic as panic:
            if panic.message != "work failed":
                return f"with {bits:b}: {panic}"
        except air.MemoryFault as fault:
            return f"with {bits:b}: {fault.kind} {fault}"
    return None


def test_the_twin_agrees() -> None:
    counts: Counter[str] = Counter()
    for seed in range(250):
        assert disagreement(seed, counts) is None, seed
    assert min(counts["accepted"], counts["refused"]) >= 60, counts
    for kind in ("local", "take", "init", "assign", "drop", "exchange", "borrow", "field", "deref", "elem", "variant", "end"):
        assert counts[kind] >= 10, (kind, counts)
    for code in ("use", "ALT-M002", "ALT-M005"):
        assert counts[code] >= 10, (code, counts)
