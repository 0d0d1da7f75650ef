/* panic.c - tells a panic and ends the process.
 *
 * What it is for: compiled code jumps here from its cold blocks with a site and two values.
 *
 *     static const altru_site sites[] = {{"a.air", NULL, ALTRU_PANIC_bounds, 7, 8, 0}};
 *     altru_panic_site(sites, 0, 5, 3);
 *     // panic: index 5 out of bounds for length 3 at a.air:7:8
 *
 * Two halves that know nothing of each other: describe() makes the line, and what comes around it
 * in altru_panic_site is what a panic does to the program: here, end it. Unwinding is another.
 *
 * Invariant: nothing here allocates, takes a lock of the allocator or formats with the C library;
 * a panic works when memory has run out.
 */
#include "internal.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- A small writer for standard error ------------------------------------------------------ */

/* Bytes on their way to standard error: one write for a line of common length, so that lines of
 * several processes do not mix; a longer one leaves in pieces. */
struct writer {
    size_t used;
    char bytes[1024];
};

static void writer_flush(struct writer *out) {
    size_t sent = 0;
    while (sent < out->used) {
        ssize_t count = write(STDERR_FILENO, out->bytes + sent, out->used - sent);
        if (count > 0) {
            sent += (size_t)count;
        } else if (count == 0 || errno != EINTR) {
            break; /* nobody to tell; the status still says it */
        }
    }
    out->used = 0;
}

static void put_bytes(struct writer *out, const char *bytes, size_t count) {
    while (count > 0) {
        size_t room = sizeof out->bytes - out->used;
        size_t part = count < room ? count : room;
        memcpy(out->bytes + out->used, bytes, part);
        out->used += part;
        bytes += part;
        count -= part;
        if (out->used == sizeof out->bytes) {
            writer_flush(out);
        }
    }
}

static void put_text(struct writer *out, const char *text) {
    put_bytes(out, text, strlen(text));
}

static void put_number(struct writer *out, uint64_t number, unsigned base) {
    char digits[20]; /* 2^64 has 20 decimal digits */
    size_t first = sizeof digits;
    do {
        digits[--first] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    if (base == 16) {
        put_text(out, "0x");
    }
    put_bytes(out, digits + first, sizeof digits - first);
}

/* ---- The line ------------------------------------------------------------------------------- */

/* The words of a kind, NULL when the number is not in the list. */
static const char *format_of(uint32_t kind) {
    switch (kind) {
#define ALTRU_PANIC(name, number, format)                                                          \
    case number:                                                                                   \
        return format;
#include "altru_panic_kinds.h"
    default:
        return NULL;
    }
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static void put_format(struct writer *out, const char *format, const char *message, uint64_t a,
                       uint64_t b) {
    while (*format != '\0') {
        size_t plain = strcspn(format, "{");
        put_bytes(out, format, plain);
        format += plain;
        if (*format == '\0') {
            break;
        }
        if (starts_with(format, "{a}")) {
            put_number(out, a, 10);
        } else if (starts_with(format, "{b}")) {
            put_number(out, b, 10);
        } else if (starts_with(format, "{a:x}")) {
            put_number(out, a, 16);
        } else if (starts_with(format, "{b:x}")) {
            put_number(out, b, 16);
        } else {
            put_text(out, message != NULL ? message : "explicit panic");
        }
        format += strcspn(format, "}") + 1;
    }
}

static void put_place(struct writer *out, const altru_site *site) {
    if (site->file == NULL) {
        return;
    }
    put_text(out, " at ");
    put_text(out, site->file);
    if (site->line == 0) {
        return;
    }
    put_text(out, ":");
    put_number(out, site->line, 10);
    if (site->column == 0) {
        return;
    }
    put_text(out, ":");
    put_number(out, site->column, 10);
}

static void describe(struct writer *out, const altru_site *site, uint64_t a, uint64_t b) {
    const char *format = format_of(site->kind);
    put_text(out, "panic: ");
    if (format != NULL) {
        put_format(out, format, site->message, a, b);
    } else {
        put_text(out, "unknown class ");
        put_number(out, site->kind, 10);
        put_text(out, " (the program was compiled for a newer runtime)");
    }
    put_place(out, site);
    put_text(out, "\n");
}

/* ---- The end -------------------------------------------------------------------------------- */

static atomic_flag process_is_ending = ATOMIC_FLAG_INIT;

/* Initial-exec: the other models of a shared library may allocate at the first access. */
static _Thread_local bool thread_is_ending __attribute__((tls_model("initial-exec")));

/* Lets one thread through, once. Returning means that this is the thread that tells its panic. */
static void claim_the_end(void) {
    if (thread_is_ending) {
        _Exit(ALTRU_PANIC_STATUS); /* flushing standard output panicked: there is no second try */
    }
    thread_is_ending = true;
    while (atomic_flag_test_and_set(&process_is_ending)) {
        pause(); /* another thread is at it */
    }
}

/* What the program wrote comes before what is said about its end. A closed pipe must neither end
 * the process with another status nor swallow the panic: hence no SIGPIPE from here on. */
static void flush_output(void) {
    signal(SIGPIPE, SIG_IGN);
    fflush(stdout);
}

void altru_panic_site(const altru_site *sites, uint32_t site, uint64_t a, uint64_t b) {
    struct writer out;
    out.used = 0;
    claim_the_end();
    altru_secure_wipe_all();
    flush_output();
    describe(&out, &sites[site], a, b);
    writer_flush(&out);
    _Exit(ALTRU_PANIC_STATUS);
}

void altru_panic_at(const altru_site *site, uint32_t kind, uint64_t a, uint64_t b) {
    altru_site here = {NULL, NULL, 0, 0, 0, 0};
    if (site != NULL) {
        here = *site;
    }
    here.kind = kind;
    altru_panic_site(&here, 0, a, b);
}
