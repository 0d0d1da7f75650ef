"""The types behind opaque ones: read off MIR of the same functions in which rustc has seen through them.

    let _3: Opaque(DefId(0:16 ~ program[9619]::f::{opaque#0}), [()]);        as the borrow checker sees it
    let _3: {f::{closure#0} closure_kind_ty=i8 ... upvar_tys=()};            in front of drop elaboration

Both texts number their locals alike, so the types of a local are walked side by side; where the one has an opaque type, the
other has what it hides.

Invariant: a hidden type has no opaque type in it that is known itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.mir.mir_text import Body
from tests.mir.rust_types import Refused, RustType, read_type, spell

_LOCAL = re.compile(r"^ *let (?:mut )?(_\d+): (.*);$", re.M)


def hidden_types(bodies: Iterable[tuple[Body, str]]) -> dict[str, RustType]:
    """What the opaque types in the bodies hide, by their spelling; each body stands beside the text of its later MIR."""
    found: dict[str, RustType] = {}
    for body, later in bodies:
        for local, text in _LOCAL.findall(later):
            if local in body.locals:
                try:
                    _walk(body.locals[local], read_type(text), found)
                except Refused:  # of a type that cannot be read nothing is known
                    continue
    return found


def _walk(seen: RustType, known: RustType, found: dict[str, RustType]) -> None:
    if seen.kind == "opaque":
        if known.kind != "opaque":
            found[spell(seen)] = known
    elif seen.kind == known.kind and len(seen.parts) == len(known.parts):
        for part, other in zip(seen.parts, known.parts, strict=True):
            _walk(part, other, found)
