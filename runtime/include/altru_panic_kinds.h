/* altru_panic_kinds.h - every class of panic: its name, its number, its words.
 *
 * An X-macro list: define ALTRU_PANIC(name, number, format), include this file, and it undefines
 * the macro again. The C runtime, the compiler and the interpreter all read this one list, so a
 * panic has the same number and the same text wherever it happens.
 *
 *     #define ALTRU_PANIC(name, number, format) ALTRU_PANIC_##name = number,
 *     enum altru_panic_kind {
 *     #include "altru_panic_kinds.h"
 *     };
 *
 * In a format, {a} and {b} are the two values of the panic as unsigned decimal numbers, {a:x} and
 * {b:x} the same in hexadecimal with 0x, {message} the site's message. Nothing else is special.
 *
 * Invariant: numbers are part of the ABI. They are never reused and never renumbered; one entry is
 * one line, because the list is also read by a program that is not a C compiler.
 */
#ifndef ALTRU_PANIC
#error "define ALTRU_PANIC(name, number, format) before including altru_panic_kinds.h"
#endif

/* clang-format off */
ALTRU_PANIC(explicit, 0, "{message}")
ALTRU_PANIC(bounds, 1, "index {a} out of bounds for length {b}")
ALTRU_PANIC(null, 2, "Null pointer dereference")
ALTRU_PANIC(align, 3, "misaligned pointer: address {a:x} is not a multiple of {b}")
ALTRU_PANIC(division, 4, "division by zero")
ALTRU_PANIC(quotient, 5, "division overflow")
ALTRU_PANIC(sadd, 6, "integer overflow in addition (signed)")
ALTRU_PANIC(uadd, 7, "integer overflow in addition (unsigned)")
ALTRU_PANIC(ssub, 8, "integer overflow in subtraction (signed)")
ALTRU_PANIC(usub, 9, "integer overflow in subtraction (unsigned)")
ALTRU_PANIC(smul, 10, "integer overflow in multiplication (signed)")
ALTRU_PANIC(umul, 11, "integer overflow in multiplication (unsigned)")
ALTRU_PANIC(subrange, 12, "range {a}..{b} out of bounds")
ALTRU_PANIC(out_of_memory, 13, "out of memory: {a} bytes were asked for")
ALTRU_PANIC(unreachable, 14, "entered unreachable code")
ALTRU_PANIC(shift, 15, "shift by {a} of {b} bits")
ALTRU_PANIC(double_free, 32, "free of {a:x}, which has been freed before")
ALTRU_PANIC(foreign_free, 33, "free of {a:x}, which is no block of this heap")
ALTRU_PANIC(interior_free, 34, "free of {a:x}, which is {b} bytes inside a block")
ALTRU_PANIC(overrun, 35, "a write past the end of the block {a:x} of {b} bytes")
ALTRU_PANIC(write_after_free, 36, "a write to the block {a:x} after it was freed")
ALTRU_PANIC(guarded_access, 37, "an access at {a:x}, outside or after the life of the block {b:x}")
ALTRU_PANIC(pool_foreign, 38, "{a:x} is no object of the pool {b:x}")
ALTRU_PANIC(pool_twice, 39, "{a:x} was given back to its pool twice")
ALTRU_PANIC(pool_stale, 40, "pool handle is stale: its object has been removed")
ALTRU_PANIC(arena_gone, 41, "use of the arena {a:x} after its end")
ALTRU_PANIC(arena_mark, 42, "a mark of the arena {a:x} that lies after its cursor")
ALTRU_PANIC(stack_overflow, 43, "stack overflow: {a} bytes were asked for")
/* clang-format on */

#undef ALTRU_PANIC
