"""Names for C: what the header of a library calls what it exports.

A name that C has is kept. Any other is spelled with ``_``; where an assembler could not write it either, the library exports it
under that spelling, and otherwise the header tells the symbol to the compiler.

Example: ``exported_names(m) == {"f": "f", "Vec<i32>": "Vec_i32_", "int": "int_"}``.

Invariant: a name that C has is nobody else's.
"""

from __future__ import annotations

import re

from altru_ir.backend.lower.rows import table_rows
from altru_ir.module import Module

WORDS = frozenset(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const const_cast constexpr
    continue decltype default delete do double dynamic_cast else enum explicit export extern false float for friend goto if
    inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register
    reinterpret_cast restrict return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename typeof union unsigned using virtual void volatile wchar_t while xor
    xor_eq""".split()  # noqa: SIM905
)
"""What neither C nor C++ takes as a name."""


def c_name(name: str) -> str:
    """A name as C has them."""
    spelled = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if not spelled or spelled[0].isdigit():
        spelled = f"_{spelled}"
    return f"{spelled}_" if spelled in WORDS else spelled


class Names:
    """Names in one space, each given once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name)
        return name


def exported_names(module: Module) -> dict[str, str]:
    """The C names of the functions and globals that a library of ``module`` exports."""
    functions, variables = table_rows(module)
    every = [*(f.name for f in functions), *(g.name for g in variables)]
    names = Names()
    found = {name: names.take(name) for name in every if c_name(name) == name}
    return {name: found.get(name) or names.take(c_name(name)) for name in every}


def symbol_of(name: str, spelled: str) -> str:
    """The symbol under which a library exports what C calls ``spelled``."""
    return name if re.fullmatch(r"[A-Za-z0-9_.$]+", name) else spelled


__all__ = ["Names", "c_name", "exported_names", "symbol_of"]
