"""Loops over memory whose checks should cost nothing, each written once and rendered in our IR, C and Rust.

``sources/`` has one file for each kernel, in the language of ``language.py``; ``python -m bench.kernels FOLDER`` writes all
three texts of all of them. ``others/`` has a second set of the same kinds, written to be measured and not to be tuned for. A
kernel's settings are its sizes, ``small``, which the interpreter runs in a moment,
``counted``, for which checks are counted, and ``large`` to be timed, and ``variables``, what becomes of them in our IR.

Example: ``kernel("matmul").small`` and ``air_of(kernel("matmul"))``.

Invariant: for each ``n`` the three programs print the same number.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bench.kernels import to_air, to_c, to_rust
from bench.kernels.language import Kernel, KernelError, read

SOURCES, OTHERS = (Path(__file__).parent / folder for folder in ("sources", "others"))


def names() -> list[str]:
    """The names of all kernels of the first set."""
    return sorted(file.stem for file in SOURCES.glob("*.kernel"))


def others() -> list[str]:
    """The names of those of the second set."""
    return sorted(file.stem for file in OTHERS.glob("*.kernel"))


@cache
def kernel(name: str) -> Kernel:
    """A kernel by name. Raises ``KernelError`` when it does not follow the language, ``FileNotFoundError`` for another name."""
    file = SOURCES / f"{name}.kernel"
    return read(name, (file if file.exists() else OTHERS / file.name).read_text())


def air_of(kernel: Kernel) -> str:
    """The kernel in our IR."""
    return to_air.render(kernel)


def c_of(kernel: Kernel) -> str:
    """The kernel in C."""
    return to_c.render(kernel)


def rust_of(kernel: Kernel) -> str:
    """The kernel in Rust."""
    return to_rust.render(kernel)


def size(kernel: Kernel, which: str) -> int:
    """The kernel's ``small``, ``counted`` or ``large`` size. Raises ``KernelError`` where it has none."""
    if which not in kernel.settings:
        raise KernelError(f"{kernel.name} does not say how large `{which}` is")
    return int(kernel.settings[which])
