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

#include "altru_arena.h"
#include "altru_base.h"
#include "altru_heap.h"
#include "altru_options.h"
#include "altru_pool.h"
#include "altru_secure.h"
#include "altru_stack.h"
#include "altru_statistics.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Panics ------------------------------------------------------------------------------- */

/* ALTRU_PANIC_bounds and so on. */
#define ALTRU_PANIC(name, number, format) ALTRU_PANIC_##name = number,
enum altru_panic_kind {
#include "altru_panic_kinds.h"
};

/* The status with which a process ends that panicked. */
#define ALTRU_PANIC_STATUS 101

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

#ifdef __cplusplus
}
#endif

#endif
