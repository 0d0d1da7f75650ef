/* altru.h - the public interface of the Altru runtime. This file is the ABI document.
 *
 * Glossary
 *
 *   block        a piece of heap memory given by altru_alloc, altru_alloc_aligned or altru_realloc
 *                and not yet given back.
 *   absurd size  more than PTRDIFF_MAX bytes: no object in C may be so large.
 *   panic        the orderly end of a program that did what it must not do: a check failed, or it
 *                asked to panic. A panic is told on standard error; it is never undefined.
 *   site         a place in a program that may panic: file, line, column, and the class of panic.
 *                A compiled module keeps its sites in one constant table.
 *   kind         the class of a panic, a number from altru_panic_kinds.h.
 *   values       the two 64-bit numbers that a panic carries, such as an index and a length. What
 *                they mean is in the kind's format; a kind that has none ignores them.
 *
 * Rules that hold for everything declared here
 *
 *   - Every public name starts with altru_ (types, functions) or ALTRU_ (macros, constants).
 *   - Functions may be called from any thread at any time, except from signal handlers.
 *   - Nothing here may be called with fewer guarantees than its comment asks for; what it promises
 *     is also all that may be relied upon.
 *   - Layouts and numbers never change; a new need gets a new name.
 *   - An executable links the static library. Shared objects link the shared one: two copies of
 *     the runtime in one process would be two heaps.
 *
 * A C program that uses the runtime:
 *
 *     cc $(python -m altru_ir.runtime --cflags) demo.c $(python -m altru_ir.runtime --libs)
 */
#ifndef ALTRU_H
#define ALTRU_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Visible outside the library; everything else in it is hidden. */
#define ALTRU_API __attribute__((visibility("default")))

/* Never returns, and is placed away from the code that runs. */
#define ALTRU_COLD_NORETURN __attribute__((cold, noreturn))

/* ---- Panics ------------------------------------------------------------------------------- */

/* ALTRU_PANIC_bounds and so on. */
#define ALTRU_PANIC(name, number, format) ALTRU_PANIC_##name = number,
enum altru_panic_kind {
#include "altru_panic_kinds.h"
};

/* The status with which a process ends that panicked. */
#define ALTRU_PANIC_STATUS 101

/* One site. In LLVM: { ptr, ptr, i32, i32, i32, i32 }; 32 bytes where pointers have 64 bits. */
typedef struct altru_site {
    const char *file;    /* UTF-8, ends in NUL; NULL when the place is not known */
    const char *message; /* UTF-8, ends in NUL; NULL except for explicit panics */
    uint32_t kind;       /* enum altru_panic_kind */
    uint32_t line;       /* counts from 1; 0: not known, and neither is the column */
    uint32_t column;     /* counts from 1; 0: the whole line */
    uint32_t reserved;   /* 0 */
} altru_site;

/* Panics at sites[site] with the values a and b.
 *
 * Writes one line to standard error,
 *
 *     panic: index 5 out of bounds for length 3 at a.air:7:8
 *
 * first the class with its values, then the place (without " at ..." when the file is not known),
 * flushes standard output, and ends the process with ALTRU_PANIC_STATUS. Functions registered with
 * atexit do not run, other streams are not flushed. Allocates nothing, so that it works when there
 * is no memory. When several threads panic at once, the first is told and the others wait for the
 * end; a panic during a panic ends the process at once.
 *
 * sites: a table with more than `site` entries, not NULL. */
ALTRU_API ALTRU_COLD_NORETURN void altru_panic_site(const altru_site *sites, uint32_t site,
                                                    uint64_t a, uint64_t b);

/* ---- Heap --------------------------------------------------------------------------------- */

/* Gives a block of at least `size` bytes, aligned for every ordinary type, contents unspecified.
 * NULL when there is not enough memory or the size is absurd. Size 0 gives a block as well: not
 * NULL, unlike every other block, to be freed, with no byte that may be touched. */
ALTRU_API void *altru_alloc(size_t size);

/* altru_alloc with an address that is a multiple of `alignment`. NULL also when the alignment is
 * not a power of two, or is absurd. */
ALTRU_API void *altru_alloc_aligned(size_t size, size_t alignment);

/* Gives a block back. NULL is allowed and does nothing. `block` is a block of this heap, whichever
 * function gave it; afterwards it is none, and no copy of the pointer may be used. */
ALTRU_API void altru_free(void *block);

/* Gives a block of at least `new_size` bytes that starts with the old contents, as many as fit in
 * both; the rest is unspecified. The block may move: after success the old pointer may not be
 * used, even when the new one is equal to it. NULL when there is not enough memory or the size is
 * absurd: then the old block is intact and still to be freed. A NULL block is altru_alloc. Size 0
 * shrinks to a block without bytes, as in altru_alloc; it does not free. The result is aligned for
 * every ordinary type; what altru_alloc_aligned asked beyond that does not survive. */
ALTRU_API void *altru_realloc(void *block, size_t new_size);

#ifdef __cplusplus
}
#endif

#endif
