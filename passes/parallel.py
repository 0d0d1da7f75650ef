"""Function passes on several functions at once, through any ``concurrent.futures.Executor``.

The bodies are cut into chunks, each chunk goes to a worker as flat tables together with what a function pass may read (the
declarations of the module), and comes back changed. Chunks are taken back in the order of the module, and so are statistics
and remarks, so that the outcome is the same bytes whatever the executor, the number of workers, or who was first.

    with ProcessPoolExecutor(4) as executor:
        PassManager(parse_pipeline("mem2reg,cse"), executor=executor).run(module)

Invariant: each body is changed by one worker, from the same input as without an executor. A worker that raises makes the run
raise, after the module is as it was before the pass.
"""

from __future__ import annotations

import pickle
from concurrent.futures import Executor
from importlib import import_module

import attrs

from altru_ir.flat import FlatFunction, flatten, rebuild
from altru_ir.module import Function, Module, Signature
from altru_ir.passes.base import FunctionPass, Log, bodies
from altru_ir.passes.registry import load_file, loaded_files
from altru_ir.source import Source

CHUNK = 20_000
"""About how many operations a chunk has: enough that starting it costs little beside."""


@attrs.frozen
class _Head:
    """What a worker needs to know of a function that is not its own."""

    name: str
    signature: Signature
    linkage: str


@attrs.frozen
class _Chunk:
    """Bodies by name, with what they are read against."""

    module: Module
    heads: list[_Head]
    bodies: list[tuple[str, Source | None, FlatFunction]]


def run_in_parallel(each: FunctionPass, module: Module, executor: Executor) -> None:
    """Runs ``each`` on all bodies of ``module``; its log gets what the workers said."""
    functions = bodies(module)
    frame = Module(module.name, module.target)
    frame.attributes = module.attributes
    frame.types = module.types
    frame.globals = module.globals
    heads = [_Head(f.name, f.signature, f.linkage) for f in module.functions.values()]
    declared = sorted({op.decl.declared_in for f in functions for op in f.operations()})
    how = pickle.dumps(attrs.evolve(each))
    jobs = []
    for chunk in _chunks(functions):
        flat = [(f.name, f.source, flatten(f)) for f in chunk]
        data = pickle.dumps(_Chunk(frame, heads, flat))
        jobs.append((chunk, executor.submit(_work, loaded_files(), declared, how, data)))
    outcomes = [pickle.loads(job.result()) for _, job in jobs]
    for (chunk, _), (changed, log) in zip(jobs, outcomes, strict=True):
        each.log.add(log)
        for function, body in zip(chunk, changed, strict=True):
            if body is not None:
                rebuild(body, function)
                each.analyses.invalidate(function, each.preserves)


def _chunks(functions: list[Function]) -> list[list[Function]]:
    chunks: list[list[Function]] = []
    size = CHUNK
    for function in functions:
        if size >= CHUNK:
            chunks.append([])
            size = 0
        chunks[-1].append(function)
        size += sum(len(block.ops) for block in function.blocks)
    return chunks


def _work(files: list[str], declared: list[str], how: bytes, data: bytes) -> bytes:
    """In a worker: the bodies that were changed (None for the others) and the log of the pass, pickled."""
    for name in declared:
        if name != "__main__":
            import_module(name)
    for file in files:
        load_file(file)
    each: FunctionPass = pickle.loads(how)
    chunk: _Chunk = pickle.loads(data)
    module = chunk.module
    for head in chunk.heads:
        module.add(Function(head.name, head.signature))
        module.functions[head.name].linkage = head.linkage
    changed: list[FlatFunction | None] = []
    log: Log = each.log
    told = 0
    for name, source, flat in chunk.bodies:
        function = module.functions[name]
        function.source = source
        rebuild(flat, function)
        changed.append(flatten(function) if each.run_on(function) else None)
        _propose(log, told)
        told = len(log.diagnostics)
        function.blocks = []
    return pickle.dumps((changed, log))


def _propose(log: Log, told: int) -> None:
    """Works out what the diagnostics behind the first ``told`` propose, while the body they speak of is there."""
    log.diagnostics[told:] = [attrs.evolve(d, proposals=tuple(d.proposals)) for d in log.diagnostics[told:]]
