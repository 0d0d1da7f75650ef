"""Memory and its homes: the heap, arenas, pools, the frame; owners that need no destructor.

What a program says about memory becomes a call of the runtime. Calls of the heap have LLVM's allocation attributes, so that
a pair whose memory nobody uses vanishes; the fast paths come in after that (``fast_paths.py``).

    %b = new %x : own<i64>        %b = call ptr @altru.new(i64 8)   ; null: panics, out of memory
    dealloc %b                    call void @altru.delete(ptr %b)

An arena and a pool are a pointer to the runtime's structure, a handle is its index and generation. Stack allocations lie
beside the machine's stack: a function that makes any notes the cursor at its entry and takes it back where it returns. What
the machine's stack cannot say, a null or a panic does, as the interpreter has it.

Invariant: an owner's form says how its memory goes back: ``own<T>`` to the heap, ``own<'p, T, pool>`` to the pool of its
chunk, ``own<'h, T>`` with its home, so not at all.
"""

from __future__ import annotations

from altru_ir.backend.lower.fast_paths import SMALL_MAXIMUM, class_of
from altru_ir.backend.lower.function import ACTIVATION, FunctionLowering
from altru_ir.backend.lower.registry import lowers
from altru_ir.backend.lower.releases import give_back, release, runtime, site_of, thin
from altru_ir.backend.lower.types import LoweringError, dimensions_of, result_type
from altru_ir.layout import layout_of
from altru_ir.literals import constant_integer
from altru_ir.types import ArrayType, GcType, OwnType, PoolType, RefType
from altru_ir.values import Operation, Value

HEAP_ALLOCATION = 'allockind("alloc,uninitialized") allocsize(0) "alloc-family"="altru" nounwind willreturn'
"""Attributes of the functions that give a block of the heap."""
ALIGNED_ALLOCATION = HEAP_ALLOCATION.replace("uninitialized", "uninitialized,aligned")
ARENA_ALLOCATION = HEAP_ALLOCATION.replace("allocsize(0)", "allocsize(1)").replace('"altru"', '"altru.arena"')


def told(f: FunctionLowering, op: Operation, allocator: str, pointer: str, size: str, home: str = "null") -> str:
    """``pointer``, and that ``op`` allocated it, to who counts."""
    if f.owner.profile is not None:
        type = op.result.type if op.results else None
        target = type.target if isinstance(type, OwnType | RefType) else None
        f.owner.profile.allocated(f, op, allocator, pointer, size, None if target is None else str(target), home)
    return pointer


def known_as(f: FunctionLowering, attributes: str) -> str:
    """The attributes of an allocating function: when every call is counted, LLVM is not told that it is one."""
    return attributes if f.owner.profile is None else "nounwind"


def heap_block(f: FunctionLowering, size: str, alignment: int, op: Operation) -> str:
    """A block of the heap for ``op``, which may say where; the operand is null when there is no memory."""
    where = "secure" if op.attrs.get("secure") else "system" if op.attrs.get("system") else "heap"
    return told(f, op, where, _heap_block(f, size, alignment, op), size)


def _heap_block(f: FunctionLowering, size: str, alignment: int, op: Operation) -> str:
    alignment = max(alignment, op.attrs.get("alignment", 1))
    if op.attrs.get("secure"):
        if alignment > 16:
            arguments = [f"{f.word} {size}", f"{f.word} {alignment}"]
            return f.emit(runtime(f, "noalias ptr", "altru_secure_alloc_aligned", arguments))
        return f.emit(runtime(f, "noalias ptr", "altru_secure_alloc", [f"{f.word} {size}"]))
    if op.attrs.get("system"):
        arguments = [f"{f.word} {size}", f"{f.word} allocalign {alignment}"]
        types = f"{f.word}, {f.word} allocalign"
        f.owner.declare(f"declare noalias ptr @altru_alloc_system({types}) {known_as(f, ALIGNED_ALLOCATION)}")
        return f.emit(f"call noalias ptr @altru_alloc_system({', '.join(arguments)})")
    if alignment > 16 or "alignment" in op.attrs:  # else the size is a multiple of it, and that is enough
        attributes = known_as(f, ALIGNED_ALLOCATION)
        f.owner.declare(f"declare noalias ptr @altru_alloc_aligned({f.word}, {f.word} allocalign) {attributes}")
        return f.emit(f"call noalias ptr @altru_alloc_aligned({f.word} {size}, {f.word} allocalign {alignment})")
    name = "altru_alloc"
    if size.isdigit() and int(size) <= SMALL_MAXIMUM:
        name = f"altru.alloc.{class_of(int(size))}"
    f.owner.declare(f"declare noalias ptr @{name}({f.word}) {known_as(f, HEAP_ALLOCATION)}")
    return f.emit(f"call noalias ptr @{name}({f.word} {size})")


def expect_memory(f: FunctionLowering, pointer: str, size: str, op: Operation) -> None:
    """Panics when ``pointer`` is null."""
    wide = size if f.word == "i64" or size.isdigit() else f.emit(f"zext {f.word} {size} to i64")
    f.panic_unless(f.emit(f"icmp ne ptr {pointer}, null"), "out_of_memory", op, wide)


def home_block(f: FunctionLowering, home: Value | None, size: str, alignment: int, op: Operation) -> str:
    """Memory for ``op`` in the arena behind ``home``, else in the heap. Panics when there is none."""
    if home is None:
        made = heap_block(f, size, alignment, op)
    else:
        made = arena_block(f, home, size, max(alignment, op.attrs.get("alignment", 1)), op)
    expect_memory(f, made, size, op)
    return made


def resource(f: FunctionLowering, reference: Value) -> str:
    """What a ``ref<arena>`` or ``ref<pool<T>>`` leads to: the runtime's structure."""
    return f.emit(f"load ptr, ptr {f.value(reference)}, align {f.module.pointer_bits // 8}")


# -- raw memory -------------------------------------------------------------------------------------------------------


@lowers("alloc")
def _alloc(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, heap_block(f, f.value(op.operands[0]), 1, op))


@lowers("free")
def _free(f: FunctionLowering, op: Operation) -> None:
    give_back(f, thin(f, op.operands[0]), site_of(f, op))


@lowers("realloc")
def _realloc(f: FunctionLowering, op: Operation) -> None:
    f.owner.declare(f"declare ptr @altru_realloc(ptr, {f.word}) nounwind")
    block, size = f.value(op.operands[0]), f.value(op.operands[1])
    moved = f.emit(f"call ptr @altru_realloc(ptr {block}, {f.word} {size})")
    done = f.emit(f"icmp ne ptr {moved}, null")
    if f.owner.profile is not None:  # the old block is gone if there is a new one
        f.owner.profile.released(f, f.emit(f"select i1 {done}, ptr {block}, ptr null"))
        told(f, op, "heap", moved, size)
    ok, failed = f.edges(op, {0: [moved]})
    f.finish(f"br i1 {done}, label %{ok}, label %{failed}, !prof !{f.owner.likely()}")


# -- owners -----------------------------------------------------------------------------------------------------------


def _home_of(op: Operation) -> Value | None:
    found = op.decl.bind(op)["home"]
    return found[0] if found else None


def _refuse_collected(f: FunctionLowering, op: Operation) -> None:
    if isinstance(op.result.type, GcType):
        raise LoweringError(f"`{op.name}` of a `{op.result.type}` cannot be compiled yet{f.where(op)}")


def store(f: FunctionLowering, value: Value, address: str) -> None:
    if result_type(value.type, f.module) != "void":
        f.line(f"store {f.typed(value)}, ptr {address}, align {f.align(value.type)}")


@lowers("new")
def _new(f: FunctionLowering, op: Operation) -> None:
    _refuse_collected(f, op)
    value = op.operands[-1]
    layout = layout_of(value.type, f.module)
    made = home_block(f, _home_of(op), str(layout.size), layout.align, op)
    store(f, value, made)
    f.alias(op.result, made)


@lowers("new.array")
def _new_array(f: FunctionLowering, op: Operation) -> None:
    _refuse_collected(f, op)
    bound = op.decl.bind(op)
    _array(f, op, bound["length"][0], bound["rest"], _home_of(op))


@lowers("arena.alloc_array")
def _arena_array(f: FunctionLowering, op: Operation) -> None:
    _array(f, op, op.operands[1], op.operands[2:], op.operands[0])


def _array(f: FunctionLowering, op: Operation, length: Value, rest: list[Value], home: Value | None) -> None:
    """Room for a sequence, each element filled when there is a fill."""
    sequence = op.result.type.pointee
    assert isinstance(sequence, ArrayType)
    rank = len(sequence.dimensions)
    lengths = [length, *rest[: rank - 1]]
    layout = layout_of(sequence.element, f.module)
    count = f.value(lengths[0])
    for dimension in lengths[1:]:
        count = _product(f, count, f.value(dimension), op)
    size = _product(f, count, str(layout.size), op)
    limit = 1 << (f.module.pointer_bits - 1)
    f.panic_unless(f.emit(f"icmp ult {f.word} {size}, {limit}"), "out_of_memory", op, _wide(f, size))
    made = home_block(f, home, size, layout.align, op)
    if len(rest) == rank and layout.size:
        _fill(f, made, count, rest[-1])
    f.alias(op.result, f.pack(op.result.type, [made, *map(f.value, lengths)]))


def _wide(f: FunctionLowering, size: str) -> str:
    return size if f.word == "i64" else f.emit(f"zext {f.word} {size} to i64")


def _product(f: FunctionLowering, a: str, b: str, op: Operation) -> str:
    """``a`` times ``b``; panics when no memory has so many bytes."""
    if b == "1":
        return a
    kind = f"{{ {f.word}, i1 }}"
    pair = f.emit(f.intrinsic(kind, f"llvm.umul.with.overflow.{f.word}", [f"{f.word} {a}", f"{f.word} {b}"]))
    product = f.emit(f"extractvalue {kind} {pair}, 0")
    fits = f.emit(f"xor i1 {f.emit(f'extractvalue {kind} {pair}, 1')}, true")
    f.panic_unless(fits, "out_of_memory", op, _wide(f, product))
    return product


def _fill(f: FunctionLowering, start: str, count: str, value: Value) -> None:
    """Stores ``value`` into ``count`` elements: a loop, which LLVM turns into what is best."""
    type, align = f.type(value.type), f.align(value.type)
    head, body, done = f.fresh_label("fill"), f.fresh_label("element"), f.fresh_label("filled")
    before = f.label
    f.line(f"br label %{head}")
    f.start(head)
    f.temporaries += 1
    following = f'%"-{f.temporaries}"'
    index = f.emit(f"phi {f.word} [ 0, %{before} ], [ {following}, %{body} ]")
    more = f.emit(f"icmp ult {f.word} {index}, {count}")
    f.line(f"br i1 {more}, label %{body}, label %{done}")
    f.start(body)
    place = f.emit(f"getelementptr inbounds nuw {type}, ptr {start}, {f.word} {index}")
    f.line(f"store {f.typed(value)}, ptr {place}, align {align}")
    f.line(f"{following} = add nuw {f.word} {index}, 1")
    f.line(f"br label %{head}")
    f.start(done)


@lowers("dealloc")
def _dealloc(f: FunctionLowering, op: Operation) -> None:
    type = op.operands[0].type
    assert isinstance(type, OwnType)
    release(f, thin(f, op.operands[0]), type, site_of(f, op))


@lowers("own.into_ptr", "own.from_ptr")
def _same_pointer(f: FunctionLowering, op: Operation) -> None:
    if dimensions_of(op.operands[0].type) != dimensions_of(op.result.type):
        raise LoweringError(f"`{op.name}` between thin and slice pointers cannot be compiled{f.where(op)}")
    f.alias(op.result, f.value(op.operands[0]))


# -- arenas -----------------------------------------------------------------------------------------------------------


def arena_block(f: FunctionLowering, arena: Value, size: str, alignment: int, op: Operation) -> str:
    """``size`` bytes for ``op`` from the arena behind a reference; the operand is null when there is no memory."""
    home = resource(f, arena)
    attributes = known_as(f, ARENA_ALLOCATION)
    if size.isdigit() and int(size) <= 4096 and alignment <= 8:
        arguments = [f"ptr {home}", f"{f.word} {(int(size) + 7) & ~7}"]
        return told(f, op, "arena", f.emit(runtime(f, "noalias ptr", "altru.arena.take", arguments, attributes)), size, home)
    arguments = [f"ptr {home}", f"{f.word} {size}", f"{f.word} {alignment}"]
    return told(f, op, "arena", f.emit(runtime(f, "noalias ptr", "altru_arena_alloc", arguments, attributes)), size, home)


@lowers("arena.new")
def _arena_new(f: FunctionLowering, op: Operation) -> None:
    made = f.emit(runtime(f, "ptr", "altru_arena_new", []))
    expect_memory(f, made, "64", op)
    f.alias(op.result, made)


@lowers("arena.alloc")
def _arena_alloc(f: FunctionLowering, op: Operation) -> None:
    arena, value = op.operands
    layout = layout_of(value.type, f.module)
    made = arena_block(f, arena, str(layout.size), layout.align, op)
    expect_memory(f, made, str(layout.size), op)
    store(f, value, made)
    f.alias(op.result, made)


@lowers("arena.alloc_raw")
def _arena_alloc_raw(f: FunctionLowering, op: Operation) -> None:
    arena, size = op.operands
    f.alias(op.result, arena_block(f, arena, f.value(size), max(16, op.attrs.get("alignment", 1)), op))


@lowers("arena.reset")
def _arena_reset(f: FunctionLowering, op: Operation) -> None:
    home = resource(f, op.operands[0])
    if f.owner.profile is not None:
        f.owner.profile.emptied(f, home)
    f.line(runtime(f, "void", "altru_arena_reset", [f"ptr {home}"]))


# -- pools ------------------------------------------------------------------------------------------------------------

HANDLE = "{ i32, i32 }"
"""``altru_pool_handle``; C passes it as one word of 64 bits."""


def _pool_type(reference: Value) -> PoolType:
    type = reference.type
    assert isinstance(type, RefType)
    assert isinstance(type.target, PoolType)
    return type.target


@lowers("pool.new")
def _pool_new(f: FunctionLowering, op: Operation) -> None:
    type = op.result.type
    assert isinstance(type, PoolType)
    layout = layout_of(type.target, f.module)
    made = f.emit(runtime(f, "ptr", "altru_pool_new", [f"{f.word} {layout.size}", f"{f.word} {layout.align}"]))
    expect_memory(f, made, str(layout.size), op)
    prewarm, maximum, growth = (op.attrs.get(name) for name in ("prewarm", "maximum", "growth"))
    if maximum is not None or growth is not None:
        limits = [f"{f.word} {-1 if maximum is None else maximum}", f"{f.word} {growth or 0}"]
        f.line(runtime(f, "void", "altru_pool_policy", [f"ptr {made}", *limits]))
    if prewarm:
        status = f.emit(runtime(f, "i32", "altru_pool_prewarm", [f"ptr {made}", f"{f.word} {prewarm}"]))
        f.panic_unless(f.emit(f"icmp eq i32 {status}, 0"), "out_of_memory", op, str(prewarm * layout.size))
    f.alias(op.result, made)


@lowers("pool.acquire")
def _pool_acquire(f: FunctionLowering, op: Operation) -> None:
    pool, value = op.operands
    home, size = resource(f, pool), str(layout_of(value.type, f.module).size)
    made = told(f, op, "pool", f.emit(runtime(f, "noalias ptr", "altru.pool.take", [f"ptr {home}"])), size, home)
    expect_memory(f, made, size, op)
    store(f, value, made)
    f.alias(op.result, made)


@lowers("pool.insert")
def _pool_insert(f: FunctionLowering, op: Operation) -> None:
    pool, value = op.operands
    handle = f.scratch(op.result.type)
    home, size = resource(f, pool), str(layout_of(value.type, f.module).size)
    made = told(f, op, "pool", f.emit(runtime(f, "ptr", "altru_pool_insert", [f"ptr {home}", f"ptr {handle}"])), size, home)
    expect_memory(f, made, size, op)
    store(f, value, made)
    f.define(op.result, f"load {HANDLE}, ptr {handle}, align 4")


def _object(f: FunctionLowering, op: Operation, name: str, result: str = "ptr") -> str:
    """The object of a handle. Panics when it has been removed."""
    pool, handle = op.operands
    parts = [f"i32 {f.emit(f'extractvalue {f.typed(handle)}, {part}')}" for part in (0, 1)]
    found = f.emit(runtime(f, result, name, [f"ptr {resource(f, pool)}", *parts]))
    f.panic_unless(f.emit(f"icmp ne ptr {found}, null"), "pool_stale", op)
    return found


@lowers("pool.get", "pool.get_mut")
def _pool_get(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, _object(f, op, "altru_pool_find"))


@lowers("pool.remove")
def _pool_remove(f: FunctionLowering, op: Operation) -> None:
    found = _object(f, op, "altru_pool_take_out")
    type = op.result.type
    if result_type(type, f.module) == "void":
        f.alias(op.result, "zeroinitializer")
    else:
        f.define(op.result, f"load {f.type(type)}, ptr {found}, align {f.align(type)}")
    if f.owner.profile is not None:
        f.owner.profile.released(f, found)
    f.line(runtime(f, "void", "altru_pool_release", [f"ptr {resource(f, op.operands[0])}", f"ptr {found}"]))


# -- the frame ----------------------------------------------------------------------------------------------------------


def _stack_block(f: FunctionLowering, size: str, alignment: int, op: Operation) -> str:
    """``size`` bytes for ``op`` until this activation returns; null when there is no room."""
    made = f.emit(runtime(f, "noalias ptr", "altru_stack_alloc", [f"{f.word} {size}", f"{f.word} {alignment}"]))
    return told(f, op, "stack", made, size, ACTIVATION)


@lowers("stack.alloc")
def _stack_alloc(f: FunctionLowering, op: Operation) -> None:
    length, sequence = op.operands[0], op.result.type.pointee
    assert isinstance(sequence, ArrayType)
    layout = layout_of(sequence.element, f.module)
    size = _product(f, f.value(length), str(layout.size), op)
    known = constant_integer(length)
    if known is not None:
        size = str(known * layout.size)
    made = _stack_block(f, size, layout.align, op)
    expect_memory(f, made, size, op)
    f.alias(op.result, f.pack(op.result.type, [made, f.value(length)]))


@lowers("stack.alloc_raw")
def _stack_alloc_raw(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, _stack_block(f, f.value(op.operands[0]), max(16, op.attrs.get("alignment", 1)), op))
