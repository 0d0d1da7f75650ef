/* altru_stack.h - memory of an activation, in any size that is known only when it runs.
 *
 *     altru_stack_mark mark = altru_stack_now();
 *     char *text = altru_stack_alloc(length, 1);
 *     ...
 *     altru_stack_release(mark);         // on every way out
 *
 * It does not lie on the machine's stack, so that no length overflows that, and a loop that takes
 * memory does not grow a frame without a check. Each thread has a range of the option stack_limit;
 * when it is used up the heap serves instead, until the release. One allocation may not have more
 * than the option stack_request.
 */
#ifndef ALTRU_STACK_H
#define ALTRU_STACK_H

#include "altru_base.h"
#include "altru_thread.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef uintptr_t altru_stack_mark;

/* `size` bytes at a multiple of `alignment`, until a release of a mark made before. NULL when that
 * is more than one allocation may have, when there is no memory, or the alignment is none. */
ALTRU_API void *altru_stack_alloc(size_t size, size_t alignment);

/* What altru_stack_release does when the heap served since the mark. */
ALTRU_API void altru_stack_unwind(altru_stack_mark mark);

/* altru_stack_now and altru_stack_release, for compiled code. */
ALTRU_API altru_stack_mark altru_stack_enter(void);
ALTRU_API void altru_stack_leave(altru_stack_mark mark);

/* The calling thread's bytes in use, without what the heap serves. */
ALTRU_API size_t altru_stack_used(void);

static inline altru_stack_mark altru_stack_now(void) {
    return altru_this_thread.stack_cursor;
}

/* Takes back everything since `mark`. */
static inline void altru_stack_release(altru_stack_mark mark) {
    if (__builtin_expect(altru_this_thread.stack_fallback > mark, 0)) {
        altru_stack_unwind(mark);
    }
    altru_this_thread.stack_cursor = mark;
}

#ifdef __cplusplus
}
#endif

#endif
