/* secure.c - locked, guarded, wiped memory for secrets.
 *
 * What it is for: see altru_secure.h. A range of addresses holds runs of pages, each with a page
 * without access before it; the next run's is the one behind.
 *
 *     | no access | ......... block | no access | ... block | no access | not yet used
 *
 * The block is at the end of its run, so that the first byte behind it faults.
 *
 * Guarded heap allocations: the design of libsodium's sodium_malloc, with the bookkeeping out of
 * reach and a cache of runs.
 *
 * Invariant: under ALTRU_LOCK_SECURE, a run is live, kept (locked, all zero) or cold (no memory);
 * the pages of a run lead to it through run_of_page.
 */
#include "internal.h"

#include <string.h>
#ifndef __wasm__
#include <sys/mman.h>
#endif

void altru_secure_zero(void *start, size_t size) {
    memset(start, 0, size);
    __asm__ volatile(""
                     :
                     : "r"(start)
                     : "memory"); /* somebody may read it: do not drop the memset */
}

#ifdef __wasm__

void *altru_secure_alloc(size_t size) {
    (void)size;
    return NULL;
}

void *altru_secure_alloc_aligned(size_t size, size_t alignment) {
    (void)size, (void)alignment;
    return NULL;
}

void altru_secure_free(void *block) {
    (void)block;
}

size_t altru_secure_size(const void *block) {
    (void)block;
    return 0;
}

void altru_secure_wipe_all(void) {}

bool altru_secure_owns(const void *block) {
    (void)block;
    return false;
}

#else

enum {
    PAGES = 16384, /* of the range, guards with them */
    RUNS = 2048,
    CACHED = 16, /* runs of up to so many pages are kept */
    FILL_BEFORE = 0xdb,
};

enum run_state { COLD, KEPT, IN_USE };

struct run {
    char *start;
    char *block;
    size_t size;
    uint16_t pages;
    uint16_t next; /* in a list; index + 1, 0: the last */
    uint8_t state;
};

static struct {
    char *range;
    size_t used_pages, used_runs;
    size_t kept_bytes;
    uint16_t kept[CACHED + 1], cold[CACHED + 1]; /* lists by pages; index + 1, 0: empty */
    struct run runs[RUNS];
    uint16_t run_of_page[PAGES];
} secure;

static size_t page_size(void) {
    return altru_source_page();
}

bool altru_secure_owns(const void *block) {
    return secure.range != NULL && (uintptr_t)block - (uintptr_t)secure.range < PAGES * page_size();
}

static struct run *run_of(const void *block) {
    return &secure.runs[secure.run_of_page[((uintptr_t)block - (uintptr_t)secure.range) /
                                           page_size()]];
}

static struct run *pop(uint16_t *list) {
    struct run *run = &secure.runs[*list - 1];
    *list = run->next;
    return run;
}

static void push(uint16_t *list, struct run *run) {
    run->next = *list;
    *list = (uint16_t)(run - secure.runs + 1);
}

/* Gives a cold run memory that is locked and out of dumps. */
static bool warm(struct run *run) {
    size_t size = run->pages * page_size();
    if (!altru_source_commit(run->start, size)) {
        return false;
    }
    if (mlock(run->start, size) != 0 && altru_option(ALTRU_OPTION_secure_unlocked) == 0) {
        altru_source_forbid(run->start, size);
        return false;
    }
#ifdef MADV_DONTDUMP
    madvise(run->start, size, MADV_DONTDUMP);
#endif
    return true;
}

static void cool(struct run *run) {
    size_t size = run->pages * page_size();
    munlock(run->start, size);
    altru_source_purge(run->start, size);
    altru_source_forbid(run->start, size);
    run->state = COLD;
}

/* A run of pages that was never used; NULL when the range is used up or cannot be had. */
static struct run *new_run(size_t pages) {
    if (secure.range == NULL) {
        secure.range = altru_source_reserve(PAGES * page_size());
        secure.used_pages = 1; /* the first guard */
    }
    if (secure.range == NULL || secure.used_runs == RUNS || pages + 1 > PAGES - secure.used_pages) {
        return NULL;
    }
    struct run *run = &secure.runs[secure.used_runs];
    run->start = secure.range + secure.used_pages * page_size();
    run->pages = (uint16_t)pages;
    run->state = COLD;
    for (size_t page = 0; page < pages; page++) {
        secure.run_of_page[secure.used_pages + page] = (uint16_t)secure.used_runs;
    }
    secure.used_runs++;
    secure.used_pages += pages + 1;
    return run;
}

/* A locked run of zeros, in use by nobody; NULL when there is none. */
static struct run *take_run(size_t pages) {
    if (pages <= CACHED && secure.kept[pages] != 0) {
        secure.kept_bytes -= pages * page_size();
        return pop(&secure.kept[pages]);
    }
    struct run *run = NULL;
    if (pages <= CACHED && secure.cold[pages] != 0) {
        run = pop(&secure.cold[pages]);
    } else {
        /* Runs of many pages are few: looked for one by one, the list of cold[0]. */
        uint16_t *link = &secure.cold[0];
        while (*link != 0 && (pages <= CACHED || secure.runs[*link - 1].pages != pages)) {
            link = &secure.runs[*link - 1].next;
        }
        run = *link != 0 ? pop(link) : new_run(pages);
    }
    if (run != NULL && !warm(run)) {
        push(&secure.cold[run->pages <= CACHED ? run->pages : 0], run);
        run = NULL;
    }
    return run;
}

void *altru_secure_alloc(size_t size) {
    return altru_secure_alloc_aligned(size, size >= 16 ? 16 : 1);
}

void *altru_secure_alloc_aligned(size_t size, size_t alignment) {
    size_t unit = page_size();
    if (size > (PAGES - 2) * unit || alignment > unit || !altru_is_power_of_two(alignment)) {
        return NULL;
    }
    size_t room = altru_round_up(size == 0 ? 1 : size, alignment); /* it ends where a page ends */
    size_t pages = altru_round_up(room, unit) / unit;
    char *block = NULL;
    altru_lock(ALTRU_LOCK_SECURE);
    struct run *run = take_run(pages);
    if (run != NULL) {
        block = run->start + pages * unit - room;
        run->block = block;
        run->size = size;
        run->state = IN_USE;
        if (altru_is_checked()) {
            memset(run->start, FILL_BEFORE, (size_t)(block - run->start));
        }
    }
    altru_unlock(ALTRU_LOCK_SECURE);
    if (block != NULL) {
        altru_count(ALTRU_SECURE, size);
    }
    return block;
}

/* The run of a live block; in a checked heap panics when there is none. The lock is held. */
static struct run *live_run(void *block) {
    struct run *run = run_of(block);
    if (altru_is_checked() && (run->state != IN_USE || run->block != block)) {
        uint32_t kind = run->block == block ? ALTRU_PANIC_double_free : ALTRU_PANIC_foreign_free;
        altru_unlock(ALTRU_LOCK_SECURE);
        altru_panic_at(NULL, kind, (uintptr_t)block, 0);
    }
    return run;
}

static bool was_underrun(const struct run *run) {
    for (const char *byte = run->start; byte < run->block; byte++) {
        if ((unsigned char)*byte != FILL_BEFORE) {
            return true;
        }
    }
    return false;
}

void altru_secure_free(void *block) {
    if (block == NULL) {
        return;
    }
    altru_lock(ALTRU_LOCK_SECURE);
    struct run *run = live_run(block);
    size_t size = run->size, whole = run->pages * page_size();
    bool damaged = altru_is_checked() && was_underrun(run);
    /* Before the block there are only zeros, or the fill of a checked heap. */
    altru_secure_zero(altru_is_checked() ? run->start : run->block,
                      altru_is_checked() ? whole : (size_t)(run->start + whole - run->block));
    if (run->pages <= CACHED &&
        secure.kept_bytes + whole <= altru_option(ALTRU_OPTION_secure_keep)) {
        secure.kept_bytes += whole;
        run->state = KEPT;
        push(&secure.kept[run->pages], run);
    } else {
        cool(run);
        push(&secure.cold[run->pages <= CACHED ? run->pages : 0], run);
    }
    altru_unlock(ALTRU_LOCK_SECURE);
    if (damaged) {
        altru_panic_at(NULL, ALTRU_PANIC_overrun, (uintptr_t)block, size);
    }
    altru_uncount(ALTRU_SECURE, size);
}

size_t altru_secure_size(const void *block) {
    return run_of(block)->size;
}

void altru_secure_wipe_all(void) {
    for (size_t index = 0; index < secure.used_runs; index++) {
        struct run *run = &secure.runs[index];
        if (run->state == IN_USE) {
            altru_secure_zero(run->block, run->size);
        }
    }
}

#endif
