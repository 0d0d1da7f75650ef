"""A module's lowering: types, globals, declarations, functions, panic sites, in that order.

Example: ``lower_module(m)`` is text that ``llvmlite.binding.parse_assembly`` accepts.

The module must be verified, and have its checks inserted if it is to have any; nothing is added here that the IR does not
say. Invariant: equal modules give equal text.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import cached_property

from altru_ir.backend.lower.c_library import of_c
from altru_ir.backend.lower.constants import constant_text
from altru_ir.backend.lower.debug_info import DebugInfo
from altru_ir.backend.lower.drop_glue import DropGlue
from altru_ir.backend.lower.entries import callback_text, entries_text, exports_text, is_exported
from altru_ir.backend.lower.function import FunctionLowering, refuse
from altru_ir.backend.lower.names import spell_names, unnamed_values
from altru_ir.backend.lower.panics import Sites, Strings, guard_text, placeholder_text
from altru_ir.backend.lower.profile import Profile
from altru_ir.backend.lower.registry import Lowering
from altru_ir.backend.lower.types import (
    LoweringError,
    PerType,
    alignment,
    check_c_abi,
    llvm_type,
    named_types,
    parameter_attributes,
    parameter_types,
    quote,
    result_type,
    signed_limits,
)
from altru_ir.collector import CollectorPaused
from altru_ir.declare import Declaration
from altru_ir.layout import layout_of
from altru_ir.marks import freezes
from altru_ir.module import Block, Function, Global, Module
from altru_ir.targets import data_of
from altru_ir.types import Type, spell_name
from altru_ir.values import Value


def lower_module(
    module: Module,
    *,
    panic: str = "abort",
    entries: str = "none",
    callbacks: Container[str] = (),
    debug: DebugInfo | None = None,
    instrument: str | None = None,
) -> str:
    """The LLVM text of ``module``.

    Parameters: ``panic`` is ``"unwind"`` or ``"abort"``; ``entries`` says who is called from outside, and guarded there when
    panics unwind: ``"main"``, of an executable; ``"table"``, what a host calls, and the table that leads there
    (``entries.py``); ``"library"``, what C calls, unguarded; ``"none"``. ``callbacks`` are declarations that a callable of the
    host stands in for; ``debug`` adds debug information, or what backtraces need of it;
    ``instrument`` is a level of ``profile.py``. Raises ``LoweringError`` for what cannot be compiled (yet).
    """
    with CollectorPaused():
        return ModuleLowering(module, panic, entries, callbacks, debug, instrument).lower()


class ModuleLowering:
    """What the functions of one module share: sites, declarations, metadata."""

    def __init__(
        self,
        module: Module,
        panic: str = "abort",
        entries: str = "none",
        callbacks: Container[str] = (),
        debug: DebugInfo | None = None,
        instrument: str | None = None,
    ) -> None:
        self.module = module
        self.word = f"i{module.pointer_bits}"
        self.labels: dict[Block, str] = {}
        self.unnamed: set[Value] = set()  # what no debugger shows
        self.profile = Profile(instrument) if instrument is not None else None
        self.places = debug
        self.debug = None if debug is None or debug.calls_only else debug
        self.unwinds = panic == "unwind"
        self.entries = entries
        self.callbacks = callbacks
        self.quiet: set[str] = set()  # functions that no panic leaves
        self.types = PerType(llvm_type, module)
        self.results = PerType(result_type, module)
        self.parts = PerType(parameter_types, module)  # under which a value is passed
        self.promises = PerType(parameter_attributes, module)
        self.aligns = PerType(alignment, module)
        self.limits = signed_limits(module.pointer_bits)
        self.sites = Sites()
        self.glue = DropGlue(self)
        self.declared: dict[str, str] = {}  # by symbol
        # How operations are lowered; where there are heads, these stand between the result and the two operands.
        self.lowerings: dict[Declaration, Lowering] = {}
        self.heads: dict[Declaration, dict[Type, str] | None] = {}
        self.compared: dict[Declaration, dict[str, dict[Type, str]]] = {}  # the same of comparisons, by predicate
        self.takes_frames = False
        self.own_symbols: dict[str, str] = {}  # of definitions whose names are C's
        self._likely: str | None = None

    def lower(self) -> str:
        """The text of the module."""
        module = self.module
        out = [f"; module @{spell_name(module.name)}", f'target triple = "{data_of(module.target).llvm_triple}"', ""]
        out.extend(named_types(module))
        self.own_symbols = self.symbols_for_names_of_c()
        for item in module.globals.values():
            check_name(item.name, defined=True)
            out.append(self.global_text(item))
        begins = {group[0]: group for group in _groups(module)}
        functions = []
        for function in module.functions.values():
            check_name(function.name, defined=not function.is_declaration)
            if function.signature.type.abi is not None:
                check_c_abi(function.signature.type, function.name)
            if function.is_declaration and function.name in self.callbacks:
                functions.append(callback_text(function, self))
            elif function.is_declaration:
                self.declare(self.declaration(function))
            else:
                if function in begins:
                    self.prepare(begins[function])
                functions.append(FunctionLowering(function, self).lower())
        if self.entries == "table":
            functions.extend(entries_text(self))
        elif self.entries == "library":
            functions.extend(exports_text(self))
        elif self.has_own_main:
            functions.append(self.guard_of_main())
        functions.extend(self.glue.finish())
        strings = Strings()
        tables = self.sites.text(strings) + (self.profile.text(strings) if self.profile is not None else [])
        out.extend(strings.text())
        out.extend(tables)
        defined = {
            f"@{quote(f.name)}" for f in module.functions.values() if not f.is_declaration and f.name not in self.own_symbols
        }
        out.extend(text for symbol, text in self.declared.items() if symbol not in defined)
        out.append("")
        out.extend(functions)
        if self._likely is not None:
            out.append('!0 = !{!"branch_weights", i32 1048575, i32 1}')
            out.append('!1 = !{!"branch_weights", i32 1, i32 1048575}')
        if self.places is not None:
            out.extend(placeholder_text())
            out.extend(self.places.text())
        return "\n".join(out) + "\n"

    def prepare(self, functions: list[Function]) -> None:
        """Finds out which operations there are and how they are lowered, and gives values and blocks their names: of some
        functions at once, which takes fewer steps, and of no more than the processor has at hand when they are written."""
        from altru_ir.backend.lower.ops import LOWERINGS, USUAL, two_operands

        self.usual = USUAL
        found = {op.decl for function in functions for block in function.blocks for op in block.ops}
        for decl in found - self.lowerings.keys():
            self.lowerings[decl] = lowering = LOWERINGS.get(decl.name, refuse)
            self.heads[decl] = {} if lowering is two_operands else None
            self.takes_frames = self.takes_frames or decl.takes_frame
        if self.debug is not None:
            self.unnamed |= unnamed_values(functions)
        self.labels.update(spell_names(functions))

    def symbols_for_names_of_c(self) -> dict[str, str]:
        """The symbols of what the module defines, or a host stands in for, by names that are C's. Raises ``LoweringError``."""
        module = self.module
        defined = [f.name for f in module.functions.values() if not f.is_declaration or f.name in self.callbacks]
        defined += [item.name for item in module.globals.values() if item.initial is not None]
        found = of_c(defined)
        for name in sorted(found) if self.entries == "library" else ():
            item = module.functions.get(name) or module.globals[name]
            if item.linkage != "private":
                raise LoweringError(
                    f"@{spell_name(name)} cannot be exported by a library: the name is C's, and programs that load the library "
                    "would get this instead of what they know by it; make it private or choose another"
                )
        return {name: f"@{quote(f'altru.own.{name}')}" for name in found}

    def symbol(self, name: str) -> str:
        """The symbol of a function or global, with its sigil: not the name of what is called from outside in another way, nor
        one of C's names."""
        if name in self.own_symbols:
            return self.own_symbols[name]
        if not self.is_behind_an_entry(name):
            return f"@{quote(name)}"
        return f"@{quote(f'altru.body.{name}')}" if self.entries == "library" else "@altru.main"

    def is_behind_an_entry(self, name: str) -> bool:
        """Whether the symbol of a function is not its name, since that is the symbol of what is called from outside."""
        if self.entries != "library":
            return name == "main" and self.has_own_main
        function = self.module.functions.get(name)
        own = function is not None and not function.is_declaration and function.linkage != "private"
        return own and function is not None and not is_exported(function)

    @cached_property
    def has_own_main(self) -> bool:
        """Whether ``main`` is a guard around the program's own."""
        main = self.module.functions.get("main")
        guarded = self.entries == "main" and self.unwinds
        return guarded and main is not None and not main.is_declaration and main.linkage != "private"

    def guard_of_main(self) -> str:
        """The guard that tells a panic and ends the process."""
        self.declare("declare void @altru_panic_stop(ptr) cold noreturn nounwind")
        self.declare_personality()
        type = self.module.functions["main"].signature.type
        parameters = [text for each in type.parameters for text in parameter_types(each, self.module)]
        return guard_text(
            "main", self.symbol("main")[1:], result_type(type.result, self.module), parameters, "altru_panic_stop"
        )

    def declare_personality(self) -> None:
        self.declare("declare i32 @altru_personality(...)")

    def likely(self) -> str:
        """The number of the metadata that says the first successor is usual; 1 is its opposite."""
        self._likely = "0"
        return self._likely

    def declare(self, text: str) -> None:
        """Adds a declaration once."""
        begin = text.index("@")
        end = text.index('"(', begin) + 1 if text[begin + 1] == '"' else text.index("(", begin)
        self.declared.setdefault(text[begin:end], text)

    def declaration(self, function: Function) -> str:
        type = function.signature.type
        parameters = []
        for each in type.parameters:
            attributes = parameter_attributes(each, self.module)
            for part, text in enumerate(parameter_types(each, self.module)):
                parameters.append(text + (attributes if part == 0 else ""))
        if type.variadic:
            parameters.append("...")
        attributes = " nounwind" if type.nounwind else ""
        return f"declare {result_type(type.result, self.module)} @{quote(function.name)}({', '.join(parameters)}){attributes}"

    def global_text(self, item: Global) -> str:
        if item.mode == "thread_local":
            raise LoweringError(f"@{item.name}: thread-local globals cannot be compiled yet")
        type = llvm_type(item.type, self.module)
        linkage = "internal " if item.linkage == "private" else ""
        kind = "constant" if item.mode == "const" and freezes(item.type, self.module) else "global"
        align = layout_of(item.type, self.module).align
        if item.initial is None:
            return f"@{quote(item.name)} = external {kind} {type}, align {align}"
        value = constant_text(item.initial, item.type, self.module, self.own_symbols)
        return f"{self.symbol(item.name)} = {linkage}{kind} {type} {value}, align {align}"


def check_name(name: str, *, defined: bool) -> None:
    """Refuses names that belong to LLVM or to the runtime. Raises ``LoweringError``."""
    if not name.startswith(("llvm.", "altru")) and "\0" not in name:
        return
    if "\0" in name:
        raise LoweringError(f"@{spell_name(name)} cannot be compiled: a symbol of an object file has no NUL in its name")
    if name.startswith(("llvm.", "altru.")) or (defined and name.startswith("altru_")):
        owner = "LLVM" if name.startswith("llvm.") else "the runtime"
        raise LoweringError(f"@{spell_name(name)} cannot be defined: such names belong to {owner}; choose another")


def _groups(module: Module) -> Iterator[list[Function]]:
    """The functions that a module defines, in its order, in groups of at least so many operations, the last aside."""
    group: list[Function] = []
    size = 0
    for function in module.functions.values():
        if function.blocks:
            group.append(function)
            size += sum([len(block.ops) for block in function.blocks])
            if size >= _GROUP:
                yield group
                group, size = [], 0
    if group:
        yield group


_GROUP = 2_000
