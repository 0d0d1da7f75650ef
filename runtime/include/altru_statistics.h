/* altru_statistics.h - how much memory the allocators have given, read by the program, the host and
 * C.
 *
 *     altru_statistics s;
 *     altru_statistics_read(ALTRU_HEAP, &s);
 *     printf("%zu bytes in use\n", s.current);
 *
 * Inline allocations are not counted one by one; the counters move when a list is filled. So unless
 * ALTRU_STATISTICS=1 the heap's `current` and `allocations` are exact for the calling thread and
 * for exited ones, and may run ahead by a list of blocks for the others; `peak` counts whole pages
 * of 64 KiB. With ALTRU_STATISTICS=1 all are exact. A pool knows its peak exactly.
 */
#ifndef ALTRU_STATISTICS_H
#define ALTRU_STATISTICS_H

#include "altru_base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum altru_allocator {
    ALTRU_HEAP,   /* small blocks of the heap */
    ALTRU_SYSTEM, /* blocks of the heap that the system gave */
    ALTRU_ARENA,  /* chunks of all arenas */
    ALTRU_POOL,   /* chunks of all pools */
    ALTRU_STACK,  /* what stack allocations have set aside */
    ALTRU_SECURE, /* secure memory */
    ALTRU_ALLOCATORS
};

typedef struct altru_statistics {
    size_t current;     /* bytes in use, with what rounding to a class adds */
    size_t peak;        /* the most that was in use at once */
    size_t allocations; /* since the start */
    size_t releases;
    size_t reserved; /* bytes that were taken from the system for it */
} altru_statistics;

/* Fills `out`; returns 0, or -1 when there is no such allocator. */
ALTRU_API int altru_statistics_read(uint32_t allocator, altru_statistics *out);

/* Bytes in use in all allocators together, and the most there were. */
ALTRU_API size_t altru_current_usage(void);
ALTRU_API size_t altru_peak_usage(void);

/* The name of an allocator, "heap" and so on; NULL when there is none. */
ALTRU_API const char *altru_allocator_name(uint32_t allocator);

/* Writes a table of all allocators to standard error. */
ALTRU_API void altru_statistics_print(void);

#ifdef __cplusplus
}
#endif

#endif
