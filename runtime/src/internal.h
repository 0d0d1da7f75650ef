/* internal.h - what the runtime's own sources share. Not installed, not for anybody else.
 *
 * Every source of the runtime includes this file first: it also asks the C library for its POSIX
 * names, which must happen before any other header.
 */
#ifndef ALTRU_INTERNAL_H
#define ALTRU_INTERNAL_H

#ifndef ALTRU_BUILDING
#error "internal.h belongs to the runtime itself; include <altru.h> instead"
#endif

#define _POSIX_C_SOURCE 200809L

#include "altru.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than any object may have. */
static inline bool altru_size_is_absurd(size_t size) {
    return size > (size_t)PTRDIFF_MAX;
}

#endif
