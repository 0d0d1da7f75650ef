/* altru_profile.h - what instrumented code allocates, exactly, by allocator or by place in the
 * source.
 *
 *     altru_profile_row row;
 *     for (size_t i = 0; altru_profile_read(i, &row) == 0; i++)
 *         printf("%s:%u has %zu bytes\n", row.file, row.line, row.counts.current);
 *
 * Code that was compiled with --instrument=heap-stats or --instrument=heap-sites tells each
 * allocation and each release to the functions below; other code tells nothing, and pays nothing.
 * Counts are of bytes as asked for. A block that leaves instrumented code for good (C frees it)
 * counts as in use until its address is given again.
 */
#ifndef ALTRU_PROFILE_H
#define ALTRU_PROFILE_H

#include "altru_base.h"
#include "altru_statistics.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Reading --------------------------------------------------------------------------------- */

/* What is known of one place. Texts are UTF-8, end in NUL and stay for good; NULL: not known. */
typedef struct altru_profile_row {
    const char *file;
    const char *function;
    const char *type; /* what is allocated there; NULL: raw bytes, or all of an allocator */
    uint32_t line;
    uint32_t column;
    uint32_t allocator;      /* enum altru_allocator */
    uint32_t reserved;       /* 0 */
    altru_statistics counts; /* `reserved` is 0 */
} altru_profile_row;

/* Fills `out` with the row `index`, in the order of first use; returns 0, or -1 when there are no
 * more. Rows are never removed. */
ALTRU_API int altru_profile_read(size_t index, altru_profile_row *out);

/* The sum over all rows of an allocator; the peak is that of the sum. Returns 0, or -1 when there
 * is no such allocator. */
ALTRU_API int altru_profile_total(uint32_t allocator, altru_statistics *out);

/* How many allocations could not be followed, for want of memory. */
ALTRU_API size_t altru_profile_lost(void);

/* Writes the rows to standard error, the one with most bytes in use first, then by bytes at peak.
 */
ALTRU_API void altru_profile_print(void);

/* ---- What compiled code calls ---------------------------------------------------------------- */

/* A place in a compiled module. In LLVM: { ptr, ptr, ptr, i32, i32, i32, i32, ptr }. */
typedef struct altru_profile_site {
    const char *file;
    const char *function;
    const char *type;
    uint32_t line;
    uint32_t column;
    uint32_t allocator;
    uint32_t reserved;
    void *row; /* the runtime's; NULL at first */
} altru_profile_site;

/* `block`, of `size` bytes, was allocated at `site`; NULL does nothing. It is in use until
 * altru_profile_released, or until altru_profile_emptied of `home`, which may be NULL. */
ALTRU_API void altru_profile_allocated(altru_profile_site *site, void *block, size_t size,
                                       void *home);

/* `block` is about to be released. What was never told, and NULL, does nothing. */
ALTRU_API void altru_profile_released(void *block);

/* All blocks of a home are about to be released. */
ALTRU_API void altru_profile_emptied(void *home);

#ifdef __cplusplus
}
#endif

#endif
