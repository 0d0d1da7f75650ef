"""Rust's types as types of the IR, with the declarations that they need.

    Option<Box<(i32, &'a str)>>      =>      @"Option<Box<(i32, &str)>>"<'a>, an enum declared on first use

Structs and enums of the file, and those of the library whose parts are known, are declared with their fields; tuples and
closures are structs; other types of the library are opaque. An opaque type has

 1. a field ``own<i8>`` when it needs drop: a table says so, or the MIR of the file drops a value of it;
 2. a field ``uninit<i1>``, which moves and needs no drop, when it does not copy: the MIR of the file copies no value of it;
 3. a destructor when its drop looks at its regions (guards, ``dyn``); containers say ``may_dangle`` and have none, unless it
    matters that their drop may panic (``panicking``);
 4. for each type in its name a ``phantom`` of it, behind a ``cell`` where the library has one; for each region a reference.

``ManuallyDrop`` is a struct of an ``uninit`` of what it holds, and ``MaybeUninit`` a union of that and nothing.

A struct or enum of the file that is not ``Copy`` though all its parts are has 2 as well.

Invariant: equal spellings without regions are one declaration; its region parameters are ``'r0, 'r1, ...`` in the order of
the regions in the Rust type.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from altru_ir.marks import copies
from altru_ir.module import Field, Function, Module, Signature, TypeDeclaration, Variant
from altru_ir.types import (
    F32,
    F64,
    I1,
    I8,
    I16,
    I32,
    I64,
    I128,
    UNIT,
    USIZE,
    ArrayType,
    CellType,
    FunctionType,
    NamedType,
    OwnType,
    PhantomType,
    PtrType,
    RefType,
    Type,
    UninitType,
)
from tests.mir.rust_items import Item
from tests.mir.rust_types import Refused, RustType, regions_of, rename_regions, spell, substitute, walk, words

_SCALARS: dict[str, Type] = {
    "bool": I1, "char": I32, "i8": I8, "u8": I8, "i16": I16, "u16": I16, "i32": I32, "u32": I32, "i64": I64, "u64": I64,
    "i128": I128, "u128": I128, "isize": USIZE, "usize": USIZE, "f32": F32, "f64": F64,
}  # fmt: skip

OWNING = words(
    "String Vec Rc Arc HashMap BTreeMap HashSet BTreeSet VecDeque BinaryHeap LinkedList CString OsString PathBuf JoinHandle"
    " Sender SyncSender Receiver File TcpStream TcpListener Child Thread Waker Owned"
)
"""Types of the library that own memory; the drop of what is in them may dangle."""

GUARDS = words(
    "Ref RefMut MutexGuard RwLockReadGuard RwLockWriteGuard MappedMutexGuard Drain PeekMut IterMutGuard Splice ExtractIf"
    " StdoutLock StdinLock StderrLock ScopedJoinHandle"
)
"""Types of the library whose drop uses their regions."""

CELLS = words("Cell RefCell UnsafeCell OnceCell LazyCell Mutex RwLock OnceLock LazyLock SyncUnsafeCell")
"""Types of the library that are invariant in what they hold."""

HOLDING = words("Peekable Map Filter Enumerate Rev Zip Chain Take Skip TakeWhile SkipWhile StepBy Fuse Cloned Copied")
"""Types of the library that hold values of the types in their names."""

COPYING = words(
    "PhantomData Ordering Duration Instant SystemTime TypeId Layout NonNull NonZero Arguments Location ThreadId Discriminant"
)

_ELIDED = "'_"
Regions = Callable[[str], str]


def elided(region: str) -> str:
    """Every region of a body is inferred."""
    return "'static" if region == "'static" else _ELIDED


class Types:
    """The types of one module. ``items`` are the declarations of the file; ``dropped`` and ``copied`` the spellings of types
    of which the MIR of the file drops, or copies, values; ``hidden`` what is known to be behind opaque types, by spelling."""

    def __init__(
        self, module: Module, items: dict[str, Item], dropped: set[str], copied: set[str], *, panicking: bool = False
    ) -> None:
        self.panicking = panicking
        self.module = module
        self.items = items
        self.dropped = dropped
        self.copied = copied
        self.hidden: dict[str, RustType] = {}

    def ir(self, type: RustType, regions: Regions = elided) -> Type:
        """The type of the IR; ``regions`` says how each region is spelled there. Raises ``Refused``."""
        if type.kind == "opaque":
            type = self.hidden.get(spell(type), type)
        if type.kind == "scalar" and type.name in _SCALARS:
            return _SCALARS[type.name]
        if type.kind == "scalar":  # str
            return ArrayType((None,), I8)
        if type.kind in ("ref", "ref_mut"):
            return RefType(self.ir(type.parts[0], regions), type.kind == "ref_mut", regions(type.regions[0]))
        if type.kind in ("ptr", "ptr_mut"):
            return PtrType(self.ir(type.parts[0], regions), type.kind == "ptr_mut")
        if type.kind == "slice":
            return ArrayType((None,), self.ir(type.parts[0], regions))
        if type.kind == "array":
            if not type.name.isdigit():
                raise Refused("an array whose length is a parameter")
            return ArrayType((int(type.name),), self.ir(type.parts[0], regions))
        if type.kind == "adt" and type.name == "Box" and type.parts:
            return OwnType(self.ir(type.parts[0], regions))
        if type.kind == "param":
            raise Refused("type parameters")
        return self.named(type, regions)

    def named(self, type: RustType, regions: Regions = elided) -> NamedType:
        """The struct or enum for ``type``, declared when it is not yet."""
        type = self.full(type)
        name = spell(type)
        if name not in self.module.types:
            self._declare(type, name)
        given = tuple(regions(region) for region in regions_of(type))
        return NamedType(name, () if all(region == _ELIDED for region in given) else given)

    def full(self, type: RustType) -> RustType:
        """``type`` with the regions that are elided in it written as ``'_``."""
        item = self.items.get(type.name) if type.kind == "adt" else None
        missing = 0 if item is None or item.ambiguous else len(item.regions) - len(type.regions)
        regions = (*type.regions, *["'_"] * max(missing, 0))
        return attrs.evolve(type, regions=regions, parts=tuple(self.full(part) for part in type.parts))

    def is_enum(self, type: RustType) -> bool:
        item = self.item(type)
        return item is not None and item.kind == "enum"

    def is_union(self, type: RustType) -> bool:
        item = self.item(type)
        return item is not None and item.kind == "union"

    def item(self, type: RustType) -> Item | None:
        """The declaration behind a type. Raises ``Refused`` for one of several with the same name."""
        item = self.items.get(type.name) if type.kind == "adt" else None
        if item is not None and item.ambiguous:
            raise Refused("two types of one name")
        if item is not None and len(item.parameters) != len(type.parts):
            return None
        return item

    def fields(self, type: RustType, variant: str | None = None) -> list[tuple[str, RustType]] | None:
        """Names and types of the fields; None for what is opaque."""
        if type.kind == "tuple" or type.kind == "closure":
            return [(f"f{i}", part) for i, part in enumerate(type.parts)]
        item = self.item(type)
        if item is None or (variant is None and item.kind == "enum"):
            return None
        types = dict(zip(item.parameters, type.parts, strict=True))
        own = type.regions + ("'_",) * (len(item.regions) - len(type.regions))
        regions = dict(zip(item.regions, own, strict=False))
        for each in item.variants:
            if variant is None or each.name == variant:
                return [(f"f_{name}" if name[0].isdigit() else name, substitute(t, types, regions)) for name, t in each.fields]
        raise Refused("a variant that is not declared")

    # -- declarations ---------------------------------------------------------------------------------------------------

    def _declare(self, type: RustType, name: str) -> None:
        counter = iter(range(1 << 30))
        template = rename_regions(type, lambda _: f"'r{next(counter)}")
        parameters = tuple(regions_of(template))
        item = self.item(type)
        kind = "struct" if item is None else item.kind
        made = TypeDeclaration(kind, name, [], regions=parameters)
        self.module.add(made)
        if item is not None and item.kind == "enum":
            self._enum(made, template, item)
        else:
            fields = self.fields(template)
            if fields is None:
                self._opaque(made, template)
            else:
                made.members = [Field(n, self._own(t, parameters)) for n, t in fields]
                if type.name == "ManuallyDrop":
                    made.members = [Field(each.name, self._undropped(each.type)) for each in made.members]
                if type.kind == "closure":  # nobody may take its signature for another one
                    signature = (RefType(RefType(I8, False, region), True, region) for region in template.regions)
                    made.members += [Field(f"s{i}", PhantomType(each)) for i, each in enumerate(signature)]
                if item is not None and kind == "struct" and not (item.copies or item.drops):
                    self._moving(made)
        if item is not None and item.drops:
            self._destructor(made)
            if item.may_dangle and parameters:
                made.attributes["may_dangle"] = ", ".join(parameters)

    def _own(self, type: RustType, parameters: tuple[str, ...]) -> Type:
        def known(region: str) -> str:
            return region if region in parameters or region == "'static" else (parameters[0] if parameters else "'static")

        return self.ir(type, known)

    def _enum(self, made: TypeDeclaration, template: RustType, item: Item) -> None:
        for variant in item.variants:
            fields = self.fields(template, variant.name)
            payload: Type = UNIT
            if fields:
                name = f"{made.name}::{variant.name}"
                shell = TypeDeclaration("struct", name, [], regions=made.regions)
                self.module.add(shell)
                shell.members = [Field(n, self._own(t, made.regions)) for n, t in fields]
                payload = NamedType(name, made.regions)
            made.members.append(Variant(variant.name, payload))
        if not (item.copies or item.drops):
            made.members.append(Variant("moves", UninitType(I1)))

    def _undropped(self, type: Type) -> Type:
        """Storage for a ``type`` that no drop of the whole drops."""
        return type if copies(type, self.module) else UninitType(type)

    def _moving(self, made: TypeDeclaration) -> None:
        made.members.append(Field("moves", UninitType(I1)))

    def _opaque(self, made: TypeDeclaration, template: RustType) -> None:
        name = template.name
        regions = tuple(region for region in template.regions)
        parts = [self._phantom(self._own(part, made.regions)) for part in self._named_in(template)]
        bare = made.name.split("<")[0]
        held = template.kind == "adt" and (bare in CELLS or bare in HOLDING)
        owns = bare in OWNING or template.kind == "dyn" or (made.name in self.dropped and not held)
        copies = template.kind in ("fn", "fn_item", "never", "scalar") or bare in COPYING or made.name in self.copied
        if template.kind in ("fn", "fn_item"):
            made.regions, parts, regions = (), [], ()
        if owns and not copies:  # 1
            made.members.append(Field("owned", OwnType(I8)))
        elif not copies:  # 2
            self._moving(made)
        if held:
            made.members.extend(Field(f"h{i}", self._own(p, made.regions)) for i, p in enumerate(template.parts) if sized(p))
        for i, part in enumerate(parts):  # 4
            made.members.append(Field(f"p{i}", PhantomType(CellType(part.target)) if bare in CELLS else part))  # type: ignore[attr-defined]
        for i, region in enumerate(regions):
            made.members.append(Field(f"r{i}", PhantomType(RefType(I8, name in ("IterMut",), region))))
        if (bare in GUARDS or template.kind in ("dyn", "opaque") or (owns and self.panicking)) and not copies:  # 3
            self._destructor(made)

    def _named_in(self, template: RustType) -> list[RustType]:
        return [part for part in template.parts if part.kind not in ("param", "projection") and not _unknown(part)]

    def _phantom(self, type: Type) -> PhantomType:
        return PhantomType(OwnType(type) if type.is_unsized else type)

    def _destructor(self, made: TypeDeclaration) -> None:
        made.drop = f"{made.name}.drop"
        target = RefType(NamedType(made.name, made.regions), True)
        function = FunctionType(made.regions, (target,), UNIT)
        self.module.add(Function(made.drop, Signature(function), ["self"]))


def sized(type: RustType) -> bool:
    return type.kind not in ("slice", "dyn", "param", "projection") and type.name != "str"


def _unknown(type: RustType) -> bool:
    return any(part.kind in ("param", "projection") for part in walk(type))
