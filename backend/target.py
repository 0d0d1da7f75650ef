"""Target machines: from a triple of ours to LLVM's code generator.

A user's triple never reaches LLVM: some triples abort the process, so only those of ``altru_ir.targets`` are looked up.

Example: ``machine_for("x86_64-linux-gnu", opt=2).triple``.
"""

from __future__ import annotations

import platform
from functools import cache
from typing import Any

from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.targets import UnknownTargetError, data_of

DEFAULT_CPU = {"x86_64-linux-gnu": "x86-64-v3", "aarch64-linux-gnu": "generic"}

_CPUS = {
    "x86_64-linux-gnu": frozenset({
        "x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4", "generic", "haswell", "broadwell", "skylake", "skylake-avx512",
        "icelake-client", "icelake-server", "alderlake", "sapphirerapids", "znver1", "znver2", "znver3", "znver4", "znver5",
    }),
    "aarch64-linux-gnu": frozenset({
        "generic", "cortex-a53", "cortex-a72", "cortex-a76", "neoverse-n1", "neoverse-n2", "neoverse-v1", "neoverse-v2",
        "apple-m1",
    }),
}  # fmt: skip


@cache
def _initialized() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    llvm.initialize_native_asmparser()
    # A check that stays makes a second exit of its loop, which LLVM would not unroll then: a radix sort takes twice the time.
    llvm.set_option("altru", "-unroll-runtime-multi-exit")
    return llvm


def host_triple() -> str:
    """The triple of this machine."""
    return f"{platform.machine()}-linux-gnu"


def machine_for(triple: str, *, opt: int, cpu: str | None = None, jit: bool = False) -> Any:
    """An ``llvmlite`` target machine.

    Parameters: ``opt`` 0 to 3; ``cpu`` an LLVM processor name (the JIT uses the host's unless told otherwise). Raises
    ``DiagnosticError`` for an unknown triple or processor.
    """
    llvm = _initialized()
    try:
        data = data_of(triple)
    except UnknownTargetError as error:
        raise DiagnosticError([Diagnostic("ALT-S003", str(error))]) from None
    features = ""
    if cpu is None:
        if jit:
            cpu = llvm.get_host_cpu_name()
            features = llvm.get_host_cpu_features().flatten()
        else:
            cpu = DEFAULT_CPU[data.triple]
    elif cpu not in known_cpus(data.triple):
        raise DiagnosticError([Diagnostic("ALT-S003", f"there is no processor `{cpu}` for {data.triple}")])
    target = llvm.Target.from_triple(data.llvm_triple)
    return target.create_target_machine(
        cpu=cpu, features=features, opt=opt, reloc="pic", codemodel="jitdefault" if jit else "default", jit=jit
    )


def known_cpus(triple: str) -> frozenset[str]:
    """Processor names that may be asked for: LLVM only warns about unknown ones, and compiles for a generic one."""
    return _CPUS[data_of(triple).triple]
