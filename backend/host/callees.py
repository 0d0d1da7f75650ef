"""Callees: what a caller sees of a function, and the names under which its Python function knows the parameters.

    str(Callee("f", type, ("x",)))          func @f(%x: i64) -> i64
    parameter_names(...)                    ["x"]; `_p0` for what is no name in Python, or has a meaning in the source of calls

Invariant: the names of parameters are identifiers, each once, and none that the source of a call refers to.
"""

from __future__ import annotations

import keyword
from typing import Any

import attrs

from altru_ir.types import UNIT, FunctionType, spell_name


@attrs.frozen
class Callee:
    """What a caller sees of a function: its name, its type and the names of its parameters."""

    name: str
    type: FunctionType
    names: tuple[str | None, ...]

    def __str__(self) -> str:
        """``func @f(%x: i64) -> i64``."""
        parameters = ", ".join(
            f"%{name or index}: {each}" for index, (name, each) in enumerate(zip(self.names, self.type.parameters))
        )
        return f"func @{spell_name(self.name)}({parameters})" + ("" if self.type.result is UNIT else f" -> {self.type.result}")


def unit_of(handle: Any) -> Any:
    """The unit of a handle that ``make_call`` has made; None for anything else, and for a function that was unloaded."""
    namespace = getattr(handle, "__globals__", None)
    return namespace.get("_unit") if isinstance(namespace, dict) else None


def was_unloaded(handle: Any) -> bool:
    """Whether a handle that ``make_call`` has made leads nowhere any more."""
    namespace = getattr(handle, "__globals__", None)
    return isinstance(namespace, dict) and "_native" in namespace and "_unit" not in namespace


def parameter_names(callee: Callee) -> list[str]:
    """Names for the parameters as Python allows them, each once."""
    names: list[str] = []
    for index, given in enumerate(callee.names):
        name = given or ""
        fine = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_") and name not in _TAKEN
        names.append(name if fine and name not in names else f"_p{index}")
    return names


_TAKEN = frozenset({"type", "int", "float", "issubclass", "True", "False", "None"})
"""What the source of a call itself refers to."""


__all__ = ["Callee", "parameter_names", "unit_of", "was_unloaded"]
