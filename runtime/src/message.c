/* message.c - what a panic says.
 *
 * What it is for: one line for people, the same wherever it is told.
 *
 *     static const altru_site site = {"a.air", NULL, ALTRU_PANIC_bounds, 7, 8, 0};
 *     altru_put_line(&out, "panic: ", &site, 5, 3);
 *     // panic: index 5 out of bounds for length 3 at a.air:7:8
 *
 * Invariant: nothing here allocates, takes a lock or formats with the C library.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- The writer ----------------------------------------------------------------------------- */

void altru_writer_flush(struct altru_writer *out) {
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

void altru_put_bytes(struct altru_writer *out, const char *bytes, size_t count) {
    out->length += count;
    while (count > 0) {
        size_t room = out->room - out->used;
        size_t part = count < room ? count : room;
        if (part > 0) { /* the buffer may be NULL */
            memcpy(out->bytes + out->used, bytes, part);
        }
        out->used += part;
        bytes += part;
        count -= part;
        if (!out->to_stderr) {
            break;
        }
        if (out->used == out->room) {
            altru_writer_flush(out);
        }
    }
}

void altru_put_text(struct altru_writer *out, const char *text) {
    altru_put_bytes(out, text, strlen(text));
}

static void put_number(struct altru_writer *out, uint64_t number, unsigned base) {
    char digits[20]; /* 2^64 has 20 decimal digits */
    size_t first = sizeof digits;
    do {
        digits[--first] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    if (base == 16) {
        altru_put_text(out, "0x");
    }
    altru_put_bytes(out, digits + first, sizeof digits - first);
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

static void put_format(struct altru_writer *out, const char *format, const char *message,
                       uint64_t a, uint64_t b) {
    while (*format != '\0') {
        size_t plain = strcspn(format, "{");
        altru_put_bytes(out, format, plain);
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
            altru_put_text(out, message != NULL ? message : "explicit panic");
        }
        format += strcspn(format, "}") + 1;
    }
}

static void put_place(struct altru_writer *out, const char *file, size_t length, uint32_t line,
                      uint32_t column) {
    if (file == NULL) {
        return;
    }
    altru_put_text(out, " at ");
    altru_put_bytes(out, file, length);
    if (line == 0) {
        return;
    }
    altru_put_text(out, ":");
    put_number(out, line, 10);
    if (column == 0) {
        return;
    }
    altru_put_text(out, ":");
    put_number(out, column, 10);
}

void altru_put_message(struct altru_writer *out, const altru_site *site, uint64_t a, uint64_t b) {
    const char *format = format_of(site->kind);
    if (format != NULL) {
        put_format(out, format, site->message, a, b);
    } else {
        altru_put_text(out, "unknown class ");
        put_number(out, site->kind, 10);
        altru_put_text(out, " (the program was compiled for a newer runtime)");
    }
}

void altru_put_line(struct altru_writer *out, const char *start, const altru_site *site, uint64_t a,
                    uint64_t b) {
    altru_put_text(out, start);
    altru_put_message(out, site, a, b);
    put_place(out, site->file, site->file != NULL ? strlen(site->file) : 0, site->line,
              site->column);
    altru_put_text(out, "\n");
}

/* ---- The functions -------------------------------------------------------------------------- */

void altru_put_backtrace(struct altru_writer *out, const altru_site *site,
                         const struct altru_backtrace *trace) {
    struct altru_frames frames;
    struct altru_frame frame;
    altru_frames_begin(&frames, site, trace);
    while (altru_frames_next(&frames, &frame)) {
        altru_put_text(out, "  in @");
        altru_put_bytes(out, frame.place.function, frame.place.function_length);
        put_place(out, frame.place.file, frame.place.file_length, frame.place.line,
                  frame.place.column);
        if (frame.times > 1) {
            altru_put_text(out, ", ");
            put_number(out, frame.times, 10);
            altru_put_text(out, " times");
        }
        altru_put_text(out, "\n");
    }
    if (trace->is_cut) {
        altru_put_text(out, "  and more\n");
    }
}
