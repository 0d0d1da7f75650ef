/* altru_options.h - what can be set about the allocators, by the environment or by the program.
 *
 * The environment is read once, when the library is loaded; ALTRU_HARDENED=1 sets `hardened`. A
 * number may end in k, m or g (1024 and its powers). What is not a number, and the environment of a
 * set-user-id program, is ignored. No option changes what a correct program computes.
 */
#ifndef ALTRU_OPTIONS_H
#define ALTRU_OPTIONS_H

#include "altru_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ALTRU_OPTION(name, variable, default, what): one entry is one line, and docs/allocators.md has
 * the same table. */
/* clang-format off */
#define ALTRU_OPTION_LIST                                                                                                  \
    ALTRU_OPTION(hardened, "ALTRU_HARDENED", 0, "1: detect wrong frees and writes to what is not ours, and panic")         \
    ALTRU_OPTION(sample, "ALTRU_SAMPLE", 1000, "hardened: one block in so many gets pages of its own with guards; 0: none") \
    ALTRU_OPTION(statistics, "ALTRU_STATISTICS", 0, "1: count every allocation exactly; 2: and tell at the end of the program") \
    ALTRU_OPTION(heap_span, "ALTRU_HEAP_SPAN", (uint64_t)256 << 30, "address space for small blocks, in bytes")            \
    ALTRU_OPTION(heap_keep, "ALTRU_HEAP_KEEP", (uint64_t)16 << 20, "bytes of empty pages that are kept for later")         \
    ALTRU_OPTION(arena_chunk, "ALTRU_ARENA_CHUNK", (uint64_t)1 << 20, "the largest chunk of an arena, in bytes")           \
    ALTRU_OPTION(stack_limit, "ALTRU_STACK_LIMIT", (uint64_t)64 << 20, "bytes that all stack allocations of a thread may have together") \
    ALTRU_OPTION(stack_request, "ALTRU_STACK_REQUEST", (uint64_t)1 << 20, "bytes that one stack allocation may have")      \
    ALTRU_OPTION(secure_keep, "ALTRU_SECURE_KEEP", (uint64_t)256 << 10, "bytes of guarded, locked pages that are kept for later") \
    ALTRU_OPTION(secure_unlocked, "ALTRU_SECURE_UNLOCKED", 0, "1: secure memory is given even when it cannot be locked")   \
    ALTRU_OPTION(fail_after, "ALTRU_FAIL_AFTER", 0, "for tests: the system refuses memory from this request on; 0: never")
/* clang-format on */

enum altru_option {
#define ALTRU_OPTION(name, variable, value, what) ALTRU_OPTION_##name,
    ALTRU_OPTION_LIST
#undef ALTRU_OPTION
        ALTRU_OPTIONS
};

/* The value of an option; 0 when there is no such option. */
ALTRU_API uint64_t altru_option(uint32_t option);

/* Sets an option; returns 0, or -1 when there is no such option or it is too late: `hardened`,
 * `statistics` and `heap_span` count when the first block is allocated, the others at any time. */
ALTRU_API int altru_configure(uint32_t option, uint64_t value);

#ifdef __cplusplus
}
#endif

#endif
