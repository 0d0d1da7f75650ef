"""LLVM's part: parse the text, run the optimization pipeline of a level.

Example: ``optimize(text, machine, opt=2)`` is an ``llvmlite`` module ready for code generation.
"""

from __future__ import annotations

from typing import Any

from altru_ir.backend.lower.fast_paths import link


def parse_and_optimize(text: str, machine: Any, *, opt: int, jit: bool = False) -> Any:
    """Parses LLVM text for ``machine`` and runs LLVM's pipeline O``opt`` on it (vectorizers on from O2), then inlines the
    fast paths of allocation; ``jit`` says how the code will reach its thread.

    Raises ``AssertionError`` when LLVM does not accept the text: that is a defect of the lowering.
    """
    import llvmlite.binding as llvm

    try:
        module = llvm.parse_assembly(text)
        module.data_layout = str(machine.target_data)
        module.verify()
    except RuntimeError as error:
        raise AssertionError(f"LLVM does not accept the lowered module: {error}") from error
    if opt > 0:
        tuning = llvm.create_pipeline_tuning_options(speed_level=opt)
        tuning.loop_vectorization = opt >= 2
        tuning.slp_vectorization = opt >= 2
        tuning.loop_interleaving = opt >= 2
        tuning.loop_unrolling = opt >= 2
        builder = llvm.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(module, builder)
    word = "i64" if "p:32:32" not in module.data_layout else "i32"
    link(module, machine, word=word, jit=jit, opt=opt)
    return module
