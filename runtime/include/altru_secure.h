/* altru_secure.h - memory for secrets.
 *
 *     unsigned char *key = altru_secure_alloc(32);
 *     ...
 *     altru_secure_free(key);        // wiped
 *
 * It is locked in memory, left out of core dumps, lies between pages without access (an access past
 * its end faults), and is wiped when it is released and when the program panics. Released pages are
 * kept for the next secret, up to the option secure_keep, for making them takes several
 * microseconds.
 *
 * Out of scope: copies that the compiler spilled to the stack or left in registers; memory of a
 * child after fork, which is not locked there; hibernation.
 */
#ifndef ALTRU_SECURE_H
#define ALTRU_SECURE_H

#include "altru_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `size` bytes of zero, aligned to 16 when there are as many. NULL when there is no memory, no more
 * may be locked (and the option secure_unlocked is 0), the size is absurd, or the system has no
 * memory of this kind. altru_free and altru_realloc accept it as well. */
ALTRU_API void *altru_secure_alloc(size_t size);

/* altru_secure_alloc at a multiple of `alignment`; NULL also when that is no power of two, or more
 * than a page of the system. */
ALTRU_API void *altru_secure_alloc_aligned(size_t size, size_t alignment);

/* Wipes and gives back. NULL is allowed. */
ALTRU_API void altru_secure_free(void *block);

/* How many bytes were asked for. */
ALTRU_API size_t altru_secure_size(const void *block);

/* Sets `size` bytes to 0, whoever reads them afterwards or nobody: no optimization removes it. */
ALTRU_API void altru_secure_zero(void *start, size_t size);

#ifdef __cplusplus
}
#endif

#endif
