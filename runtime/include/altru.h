/* altru.h - the public interface of the Altru runtime. This file is the ABI document.
 *
 * Glossary
 *
 *   block        a piece of heap memory given by altru_alloc, altru_alloc_aligned or altru_realloc
 *                and not yet given back.
 *   absurd size  more than PTRDIFF_MAX bytes: no object in C may be so large.
 *   panic        what becomes of a program that did what it must not do: a check failed, or it
 * asked to panic. Depending on how the program was compiled a panic ends the process at once, or
 * leaves function after function, running their cleanups, up to a guard. cleanup      code of a
 * function that runs when a panic leaves it. guard        the frame at which a panic ends: the
 * function that altru_guard_call calls, `main` of an executable, or the entry by which a host calls
 * compiled code. site         a place in a program that may panic: file, line, column, and the
 * class of panic. A compiled module keeps its sites in one constant table. kind         the class
 * of a panic, a number from altru_panic_kinds.h. values       the two 64-bit numbers that a panic
 * carries, such as an index and a length. What they mean is in the kind's format; a kind that has
 * none ignores them.
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
#include "altru_profile.h"
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

/* Panics at sites[site] with the values a and b, and ends the process.
 *
 * Writes to standard error
 *
 *     panic: index 5 out of bounds for length 3 at a.air:7:8
 *       in @lookup
 *       in @main at a.air:12:3
 *
 * first the class with its values, then the place (without " at ..." when the file is not known),
 * then the compiled functions that were active, the innermost first, with the places of the calls
 * that they are in; flushes standard output, and
 * ends the process with ALTRU_PANIC_STATUS. Functions registered with atexit do not run, other
 * streams are not flushed. Allocates nothing, so that it works when there is no memory. When
 * several threads end in a panic at once, the first is told and the others wait for the end; a
 * panic during a panic's end ends the process at once.
 *
 * sites: a table with more than `site` entries, not NULL. */
ALTRU_API ALTRU_COLD_NORETURN void altru_panic_site(const altru_site *sites, uint32_t site,
                                                    uint64_t a, uint64_t b);

/* A panic on its way, or caught. */
typedef struct altru_panic altru_panic;

/* Panics at sites[site] with the values a and b, and unwinds: leaves every frame up to the nearest
 * guard of this thread, running cleanups on the way.
 *
 * Nothing is unwound before the guard was found. When there is none, or when a function between
 * here and there has no unwind table, the process ends as with altru_panic_site, and no cleanup
 * runs. A panic in a cleanup of another panic ends the process with both messages, unless a guard
 * within that cleanup catches it. Allocates nothing while less than 16 panics are on their way or
 * caught and not released. */
ALTRU_API ALTRU_COLD_NORETURN void altru_panic_unwind(const altru_site *sites, uint32_t site,
                                                      uint64_t a, uint64_t b);

/* Calls body(context) under a guard. Gives NULL when it returned, and the panic that ended it
 * otherwise: the caller releases it. Where panics cannot be unwound (WebAssembly) it only calls. */
ALTRU_API altru_panic *altru_guard_call(void (*body)(void *context), void *context);

/* Gives a caught panic back. NULL is allowed and does nothing. */
ALTRU_API void altru_panic_release(altru_panic *panic);

/* Where a panic began. The site belongs to the compiled module. */
ALTRU_API const altru_site *altru_panic_place(const altru_panic *panic);

/* One of the panic's two values; 0 for any other index than 0 and 1. */
ALTRU_API uint64_t altru_panic_value(const altru_panic *panic, uint32_t index);

/* Writes the class with its values, "index 5 out of bounds for length 3", as much as fits and a NUL
 * into buffer[0..size), and gives the length of the whole without the NUL, as snprintf does. */
ALTRU_API size_t altru_panic_message(const altru_panic *panic, char *buffer, size_t size);

/* The same for the name of a compiled function that was active, 0 being the innermost. Functions
 * are those of the source: one that was inlined has a frame like any other. Gives SIZE_MAX, and
 * writes nothing, when there are no more. The compiled module must still be loaded, here and below.
 */
ALTRU_API size_t altru_panic_frame(const altru_panic *panic, size_t index, char *buffer,
                                   size_t size);

/* How often in a row this function is active, in the same call; 0 when there are no more. */
ALTRU_API uint32_t altru_panic_times(const altru_panic *panic, size_t index);

/* Where the call is that this function is in: the file as altru_panic_frame does, and line and
 * column, 0 where they are not known. Gives SIZE_MAX, and writes nothing, for the function of the
 * panic's place, and where the place is not known. */
ALTRU_API size_t altru_panic_caller(const altru_panic *panic, size_t index, char *buffer,
                                    size_t size, uint32_t *line, uint32_t *column);

/* Not 0 when more functions were active than are kept. */
ALTRU_API uint32_t altru_panic_has_more(const altru_panic *panic);

/* Tells a caught panic as altru_panic_site does and ends the process. */
ALTRU_API ALTRU_COLD_NORETURN void altru_panic_end(altru_panic *panic);

/* For compiled guards, whose landing pad has the unwinder's exception object: what was caught stays
 * with the thread until altru_panic_take, which gives NULL when there is nothing. A panic that
 * nobody took is replaced by the next. altru_panics_waiting counts, over all threads, the panics
 * that wait to be taken: a host looks at it after each call and takes only when it is not 0. */
ALTRU_API void altru_panic_catch(void *exception);
ALTRU_API altru_panic *altru_panic_take(void);
ALTRU_API const uint32_t *altru_panics_waiting(void);

/* For a compiled frame that lets no panic pass, such as `main`: tells it and ends the process. */
ALTRU_API ALTRU_COLD_NORETURN void altru_panic_stop(void *exception);

#if !defined(__wasm__)
/* What compiled functions with cleanups and guards name as their personality, after the Itanium C++
 * ABI; and a cell with its address, which a JIT needs. Not to be called. */
struct _Unwind_Exception;
struct _Unwind_Context;
ALTRU_API int altru_personality(int version, int actions, uint64_t exception_class,
                                struct _Unwind_Exception *exception,
                                struct _Unwind_Context *context);
#endif

#ifdef __cplusplus
}
#endif

#endif
