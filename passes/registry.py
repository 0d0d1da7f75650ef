"""The passes by name. A name leads to a module and a class; the module is imported when the pass is first asked for.

Three kinds of names: those below; what ``register`` and ``load_file`` (``--load-pass FILE.py``) have added; and what other
installed packages offer as entry points:

    [project.entry-points."altru_ir.passes"]
    count-operations = "my_package.counting:CountOperations"

Example: ``find("insert-checks")`` is the class ``InsertChecks``.

Invariant: the first two win over entry points, and no two of them have one name. A bad offer of another package hurts nobody
who does not name it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any
from zlib import crc32

from altru_ir.passes.base import Pass

PASSES: dict[str, str] = {
    "insert-checks": "altru_ir.passes.transform.insert_checks:InsertChecks",
    "schedule-drops": "altru_ir.passes.transform.schedule_drops:ScheduleDrops",
    "check-constants": "altru_ir.passes.verify.constants:CheckConstants",
    "check-moves": "altru_ir.passes.verify.moves:CheckMoves",
    "check-loans": "altru_ir.passes.verify.loans:CheckLoans",
    "check-leaks": "altru_ir.passes.verify.leaks:CheckLeaks",
    "select-checks": "altru_ir.passes.transform.select_checks:SelectChecks",
    "elaborate-drops": "altru_ir.passes.transform.elaborate_drops:ElaborateDrops",
    "forward-lengths": "altru_ir.passes.transform.forward_lengths:ForwardLengths",
    "infer-contracts": "altru_ir.passes.transform.infer_contracts:InferContracts",
    "eliminate-checks": "altru_ir.passes.transform.eliminate_checks:EliminateChecks",
    "inline": "altru_ir.passes.transform.inline:Inline",
    "sroa": "altru_ir.passes.transform.sroa:SplitLocals",
    "mem2reg": "altru_ir.passes.transform.mem2reg:PromoteLocals",
    "canonicalize": "altru_ir.passes.transform.canonicalize:Canonicalize",
    "cse": "altru_ir.passes.transform.cse:CommonSubexpressions",
    "simplify-cfg": "altru_ir.passes.transform.simplify_cfg:SimplifyControlFlow",
    "dce": "altru_ir.passes.transform.dce:DeadCodeElimination",
}
"""Name to ``module:class``, in the order they usually run."""

GROUP = "altru_ir.passes"

_added: dict[str, type[Pass]] = {}
_files: list[str] = []


class PassFileError(Exception):
    """A file that was to be loaded gives no passes; the message says why."""


class OfferError(Exception):
    """Another package offers a pass that cannot be had; the message names the package and says why."""


@cache
def _offered() -> dict[str, metadata.EntryPoint]:
    return {point.name: point for point in metadata.entry_points(group=GROUP)}


def find(name: str) -> type[Pass]:
    """The class of a pass. Raises ``KeyError`` for an unknown name, and ``OfferError`` for a bad offer of another package."""
    if name in _added:
        return _added[name]
    if name in PASSES:
        module, _, attribute = PASSES[name].partition(":")
        found: type[Pass] = getattr(import_module(module), attribute)
        return found
    return _taken(_offered()[name])


def _taken(offer: metadata.EntryPoint) -> type[Pass]:
    """The pass of an entry point."""
    whose = (
        f"the pass `{offer.name}`, which {offer.dist.name if offer.dist is not None else 'a package'} offers as {offer.value},"
    )
    try:
        found: Any = offer.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        raise OfferError(f"{whose} cannot be loaded: {error}") from None
    if not (isinstance(found, type) and issubclass(found, Pass)):
        raise OfferError(f"{whose} is no subclass of altru_ir.passes.Pass")
    if found.name != offer.name:
        raise OfferError(f"{whose} calls itself `{found.name}`")
    return found


def names() -> list[str]:
    """The names of all passes: ours, what was added, what is offered."""
    found = [*PASSES, *_added]
    return [*found, *(name for name in sorted(_offered()) if name not in found)]


def register(kind: type[Pass]) -> type[Pass]:
    """Adds a pass under its name; usable as a decorator. Raises ``ValueError`` when it has no name or a taken one, and
    ``TypeError`` for what is no pass."""
    if not (isinstance(kind, type) and issubclass(kind, Pass)):
        raise TypeError(f"{kind!r} is no subclass of altru_ir.passes.Pass")
    if not kind.name:
        raise ValueError(f"the pass {kind.__name__} has no name")
    if kind.name in PASSES or _added.get(kind.name, kind) is not kind:
        raise ValueError(f"there is a pass `{kind.name}` already")
    _added[kind.name] = kind
    return kind


def forget(name: str) -> None:
    """Takes away what ``register`` added. Raises ``KeyError``."""
    del _added[name]


def loaded_files() -> list[str]:
    """The files that ``load_file`` has loaded, so that another process can load them too."""
    return list(_files)


def files_of(kinds: Iterable[type[Pass]]) -> list[str]:
    """The files among those loaded that some of ``kinds`` are from."""
    homes = [getattr(sys.modules.get(kind.__module__), "__file__", None) for kind in kinds]
    return [file for file in _files if file in homes]


def load_file(path: str) -> list[str]:
    """Runs a Python file and adds the passes that it defines; their names. A file that was loaded before is not run again.

    Raises ``PassFileError`` when it cannot be read, is no Python, defines no pass, or one whose name is taken; what the file
    itself raises is passed on.
    """
    absolute = str(Path(path).resolve())
    module_name = f"altru_pass_{Path(path).stem}_{crc32(absolute.encode()):08x}"  # the same in each process
    if absolute in _files:
        return [kind.name for kind in _passes_of(module_name)]
    spec = util.spec_from_file_location(module_name, absolute)
    if spec is None or spec.loader is None:
        raise PassFileError(f"{path} is no Python file: its name should end in .py")
    module = util.module_from_spec(spec)
    sys.modules[module_name] = module  # so that its classes can be found by name, as attrs and pickle do
    try:
        spec.loader.exec_module(module)
    except OSError as error:
        raise PassFileError(f"cannot read {path}: {error.strerror}") from None
    except (SyntaxError, ImportError) as error:
        raise PassFileError(f"cannot load {path}: {error}") from None
    kinds = _passes_of(module_name)
    if not kinds:
        raise PassFileError(f"{path} defines no pass: a subclass of altru_ir.passes.Pass with a `name`")
    for kind in kinds:
        try:
            register(kind)
        except ValueError as error:
            raise PassFileError(f"{path}: {error}") from None
    _files.append(absolute)
    return [kind.name for kind in kinds]


def _passes_of(module_name: str) -> list[type[Pass]]:
    module = sys.modules[module_name]
    return [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Pass) and each.name and each.__module__ == module_name
    ]
