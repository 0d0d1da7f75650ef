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

/* Whether there is an unwinder. Where there is none a panic ends the process. */
#if defined(__wasm__)
#define ALTRU_UNWINDS 0
#else
#define ALTRU_UNWINDS 1
#endif

/* More than any object may have. */
static inline bool altru_size_is_absurd(size_t size) {
    return size > (size_t)PTRDIFF_MAX;
}

/* ---- Backtraces (backtrace.c) --------------------------------------------------------------- */

#define ALTRU_MOST_FRAMES 64

/* The compiled functions that are active, by where their code starts, innermost first. */
struct altru_backtrace {
    uint32_t count;
    bool is_cut; /* there are more than fit */
    uintptr_t starts[ALTRU_MOST_FRAMES];
};

/* The functions of this thread that are active, up to the nearest guard. */
void altru_backtrace_take(struct altru_backtrace *trace);

/* The name of the compiled function that starts here, and its length; not ended by a NUL. */
const char *altru_function_name(uintptr_t start, size_t *length);

/* ---- Messages (message.c) ------------------------------------------------------------------- */

/* Bytes on their way to standard error: one write for a message of common length, so that those of
 * several processes do not mix; a longer one leaves in pieces. Or on their way to a buffer of the
 * caller, which takes as many as fit. */
struct altru_writer {
    char *bytes;
    size_t room;
    size_t used;
    size_t length; /* of all that was put */
    bool to_stderr;
};

void altru_writer_flush(struct altru_writer *out);
void altru_put_bytes(struct altru_writer *out, const char *bytes, size_t count);
void altru_put_text(struct altru_writer *out, const char *text);

/* "index 5 out of bounds for length 3" */
void altru_put_message(struct altru_writer *out, const altru_site *site, uint64_t a, uint64_t b);

/* `start`, the message, " at a.air:7:8" and the end of the line. */
void altru_put_line(struct altru_writer *out, const char *start, const altru_site *site, uint64_t a,
                    uint64_t b);

/* Whether the function of the site has no frame of its own. */
bool altru_is_inlined(const altru_site *site, const struct altru_backtrace *trace);

/* "  in @lookup" and so on, a line each. */
void altru_put_backtrace(struct altru_writer *out, const altru_site *site,
                         const struct altru_backtrace *trace);

/* ---- The end (panic.c) ---------------------------------------------------------------------- */

/* Lets one thread through, once, with standard output flushed. Returning means that this is the
 * thread that tells its panic and ends the process. */
void altru_claim_the_end(void);

#endif
