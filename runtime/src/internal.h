/* internal.h - what the runtime's own sources share. Not installed, not for anybody else.
 *
 * Every source of the runtime includes this file first: it also asks the C library for its names
 * beyond C, which must happen before any other header.
 */
#ifndef ALTRU_INTERNAL_H
#define ALTRU_INTERNAL_H

#ifndef ALTRU_BUILDING
#error "internal.h belongs to the runtime itself; include <altru.h> instead"
#endif

#define _GNU_SOURCE

#include "altru.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads what other threads change, for a figure that may be a little old. */
#define ALTRU_UNSYNCHRONIZED __attribute__((no_sanitize("thread")))

/* Whether there is an unwinder. Where there is none a panic ends the process. */
#if defined(__wasm__)
#define ALTRU_UNWINDS 0
#else
#define ALTRU_UNWINDS 1
#endif

/* AddressSanitizer is told what may not be touched. In its builds small blocks come from its own
 * malloc (pages.c makes no range), and arenas and pools serve no inline path. */
#if defined(__SANITIZE_ADDRESS__)
#define ALTRU_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALTRU_ASAN 1
#endif
#endif
#ifdef ALTRU_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#define ALTRU_POISON(start, size) ASAN_POISON_MEMORY_REGION((const void *)(start), size)
#define ALTRU_UNPOISON(start, size) ASAN_UNPOISON_MEMORY_REGION((const void *)(start), size)
#define ALTRU_ROOT(start, size) __lsan_register_root_region((const void *)(start), size)
#else
#define ALTRU_ASAN 0
#define ALTRU_POISON(start, size) ((void)0)
#define ALTRU_UNPOISON(start, size) ((void)0)
#define ALTRU_ROOT(start, size) ((void)0)
#endif

/* Reads what nobody else may touch, such as the link of a free slot. */
#define ALTRU_READS_POISONED __attribute__((no_sanitize("address")))

/* More than any object may have. */
static inline bool altru_size_is_absurd(size_t size) {
    return size > (size_t)PTRDIFF_MAX;
}

static inline bool altru_is_power_of_two(size_t number) {
    return number != 0 && (number & (number - 1)) == 0;
}

static inline size_t altru_round_up(size_t number, size_t power_of_two) {
    return (number + power_of_two - 1) & ~(power_of_two - 1);
}

/* ---- locks.c ----------------------------------------------------------------------------------
 */

/* The locks of the runtime, in the order in which one thread may take several. All are held across
 * fork, so that the child finds what they protect whole. */
enum altru_lock {
    ALTRU_LOCK_PROFILE,
    ALTRU_LOCK_CHECKED,
    ALTRU_LOCK_SECURE,
    ALTRU_LOCK_HEAPS,
    ALTRU_LOCK_PAGES,
    ALTRU_LOCKS
};

void altru_lock(enum altru_lock lock);
void altru_unlock(enum altru_lock lock);

/* ---- options.c --------------------------------------------------------------------------------
 */

void altru_options_settle(void); /* it is too late to change how the heap works */

/* ---- source.c ---------------------------------------------------------------------------------
 */

void altru_source_restart(void); /* counts requests from 0 again */
void *altru_source_alloc(size_t size, size_t alignment);
void *altru_source_realloc(void *block, size_t size);
void altru_source_free(void *block);

size_t altru_source_page(void);                      /* the unit of everything below */
void *altru_source_reserve(size_t size);             /* addresses; NULL when refused */
bool altru_source_commit(void *start, size_t size);  /* memory, zero at first */
void altru_source_purge(void *start, size_t size);   /* contents are gone, addresses stay */
void altru_source_forbid(void *start, size_t size);  /* no access until committed again */
void altru_source_release(void *start, size_t size); /* all of a reserved range */

/* ---- pages.c ----------------------------------------------------------------------------------
 */

#define ALTRU_SPAN_SHIFT 47 /* the range has less than so many bits of address */

bool altru_page_is_committed(const altru_page *page); /* whether its entry may be read */
altru_page *altru_page_take(void);      /* a page without an owner, NULL when there is none */
void altru_page_give(altru_page *page); /* back; it has no block in use */
void altru_pages_trim(void);            /* contents of all free pages to the system */
const char *altru_pages_check(void);
size_t altru_pages_committed(void);      /* bytes */
size_t altru_pages_used(void);           /* pages that are taken */
size_t altru_pages_most(void);           /* and the most there were */
altru_page *altru_page_at(size_t index); /* for walkers; NULL behind the last */

static inline altru_page *altru_page_of(const void *block) {
    uintptr_t base = altru_heap_range.base;
    uintptr_t index = ((uintptr_t)block - base) >> ALTRU_PAGE_SHIFT;
    return (altru_page *)(base + index * sizeof(altru_page));
}

static inline char *altru_page_start(const altru_page *page) {
    uintptr_t base = altru_heap_range.base;
    uintptr_t index = ((uintptr_t)page - base) / sizeof(altru_page);
    return (char *)(base + (index << ALTRU_PAGE_SHIFT));
}

/* Whether a block lies in the range, also in a checked heap, which hides it from inline paths. */
bool altru_in_pages(const void *block);
void altru_pages_hide(void);

static inline bool altru_in_range(const void *block) {
    return (uintptr_t)block - altru_heap_range.base < altru_heap_range.size;
}

/* ---- checked.c --------------------------------------------------------------------------------
 */

/* Whether blocks are given by the checked heap; decided at the first allocation. */
bool altru_is_checked(void);

/* Whether arenas and pools must see every call. */
static inline bool altru_sees_all(void) {
    return ALTRU_ASAN || altru_is_checked();
}

void *altru_checked_alloc(size_t size, size_t alignment);
void altru_checked_free(void *block, const altru_site *site);
size_t altru_checked_size(void *block, const altru_site *site); /* as asked for */
void *altru_checked_system(size_t size, size_t alignment);
const char *altru_checked_check(void);

/* ---- guarded.c --------------------------------------------------------------------------------
 */

void *altru_guarded_alloc(size_t size, size_t alignment);     /* NULL: not this one */
bool altru_guarded_free(void *block, const altru_site *site); /* false: not one of these */
bool altru_guarded_size(const void *block, size_t *size);

/* ---- system.c ---------------------------------------------------------------------------------
 */

void *altru_system_alloc(size_t size, size_t alignment);
void *altru_system_realloc(void *block, size_t size);
void altru_system_free(void *block);
size_t altru_system_size(void *block);

/* ---- statistics.c -----------------------------------------------------------------------------
 */

/* Counters of one allocator, changed by any thread. */
typedef struct altru_counters {
    atomic_size_t current, peak, allocations, releases;
} altru_counters;

extern altru_counters altru_counted[ALTRU_ALLOCATORS];

void altru_count(unsigned allocator, size_t size);   /* an allocation */
void altru_uncount(unsigned allocator, size_t size); /* a release */
void altru_heap_statistics(altru_statistics *out);   /* in heap.c */

/* ---- secure.c ---------------------------------------------------------------------------------
 */

void altru_secure_wipe_all(void); /* on the way out of a panic */
bool altru_secure_owns(const void *block);

/* ---- panic.c ----------------------------------------------------------------------------------
 */

/* Panics at the place of `site` (NULL: not known). */
ALTRU_COLD_NORETURN void altru_panic_at(const altru_site *site, uint32_t kind, uint64_t a,
                                        uint64_t b);

/* ---- Backtraces (backtrace.c) --------------------------------------------------------------- */

#define ALTRU_MOST_FRAMES 64

/* A compiled function that is active: where its code starts, an address in the call that it is in,
 * and how often in a row. */
struct altru_active {
    uintptr_t start, call;
    uint32_t times;
};

/* Those that are active, the innermost first. */
struct altru_backtrace {
    uint32_t count;
    bool is_cut; /* there are more than fit */
    struct altru_active active[ALTRU_MOST_FRAMES];
};

/* The functions of this thread that are active, up to the nearest guard. */
void altru_backtrace_take(struct altru_backtrace *trace);

/* Where what is known of the calls of a compiled function is; 0 when nothing is. */
uintptr_t altru_function_record(uintptr_t start);

/* A place in a function; the texts are not ended by a NUL, `file` is NULL where it is not known. */
struct altru_place {
    const char *function;
    size_t function_length;
    const char *file;
    size_t file_length;
    uint32_t line, column;
};

/* A function as the source has it, with the place of the call that it is in; no file where the
 * message of the panic tells the place. */
struct altru_frame {
    struct altru_place place;
    uint32_t times; /* in a row */
};

/* ---- Places (places.c) ---------------------------------------------------------------------- */

/* A table of places, of `size` bytes, and the next node of a chain in it; all zero at first. */
struct altru_places {
    uintptr_t table;
    uint32_t size, nodes, count, node;
};

/* Whether all bytes of a piece of memory may be read. */
bool altru_is_mapped(uintptr_t start, size_t size);

/* What is at an address in the compiled function that starts at `start`; false when it is not
 * known. Next gives the functions that are inlined into each other there, the innermost first. */
bool altru_places_find(uintptr_t start, uintptr_t address, struct altru_places *places);
bool altru_places_next(struct altru_places *places, struct altru_place *place);

/* The functions of a backtrace as the source has them (backtrace.c). */
struct altru_frames {
    const altru_site *site; /* not NULL: its function comes first */
    const struct altru_backtrace *trace;
    uint32_t next;
    bool is_inside, has_waiting;
    struct altru_places places;
    struct altru_frame waiting;
};

void altru_frames_begin(struct altru_frames *frames, const altru_site *site,
                        const struct altru_backtrace *trace);
bool altru_frames_next(struct altru_frames *frames, struct altru_frame *out);

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

/* "  in @lookup at a.air:7:8" and so on, a line each. */
void altru_put_backtrace(struct altru_writer *out, const altru_site *site,
                         const struct altru_backtrace *trace);

/* ---- The end (panic.c) ---------------------------------------------------------------------- */

/* Lets one thread through, once, with standard output flushed. Returning means that this is the
 * thread that tells its panic and ends the process. */
void altru_claim_the_end(void);

#endif
