/* profile.c - which place in the source has how much memory, as instrumented code tells it.
 *
 * Each block in use has an entry, found by its address; an entry knows its row, the counts of one
 * place. The blocks of a home (an arena, a pool, an activation) are a list, whose head is an entry
 * too, found by the address of the home:
 *
 *     home entry {key = arena, next} -> {key = block, row, size} -> {key = block, ...}
 *
 * Rows are found again by content, so that a module that is unloaded and compiled again goes on
 * with the same ones; a site remembers its row. Entries have numbers, not addresses, so that they
 * may move when there are more of them.
 *
 * Invariant: under ALTRU_LOCK_PROFILE, the `current` of a row is the sum of the sizes of its
 * entries.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    altru_profile_row told;
    struct row *next;
};

/* Number 0 is no entry. */
struct entry {
    void *key;
    struct row *row; /* NULL: a home */
    size_t size;
    uint32_t chain;        /* the next entry of the same bucket, or the next free one */
    uint32_t before, next; /* neighbours in the list of a home, which begins with the home */
};

static struct row *first_row, **last_row = &first_row;
static struct {
    struct row *row;
} *known; /* rows by content: open addressing, at most half full */
static size_t known_capacity, known_used;
static altru_statistics totals[ALTRU_ALLOCATORS];
static size_t lost;

static struct entry *entries;
static uint32_t *buckets; /* as many as there may be entries */
static uint32_t capacity, used = 1, free_entries;

/* ---- Entries
 * ------------------------------------------------------------------------------------------- */

static size_t mix(uintptr_t key) {
    return (size_t)((key >> 3) * 0x9e3779b97f4a7c15u) >> 7;
}

static uint32_t *bucket_of(const void *key) {
    return &buckets[mix((uintptr_t)key) & (capacity - 1)];
}

static bool more_entries(void) {
    if (capacity > UINT32_MAX / 2) {
        return false;
    }
    uint32_t wanted = capacity == 0 ? 256 : 2 * capacity;
    struct entry *moved = altru_source_realloc(entries, wanted * sizeof *moved);
    if (moved == NULL) {
        return false;
    }
    entries = moved;
    uint32_t *made = altru_source_alloc(wanted * sizeof *made, _Alignof(uint32_t));
    if (made == NULL) {
        return false;
    }
    memset(made, 0, wanted * sizeof *made);
    altru_source_free(buckets);
    buckets = made;
    capacity = wanted;
    for (uint32_t number = 1; number < used; number++) {
        uint32_t *bucket = bucket_of(entries[number].key);
        entries[number].chain = *bucket;
        *bucket = number;
    }
    return true;
}

static uint32_t find(const void *key) {
    uint32_t number = capacity == 0 ? 0 : *bucket_of(key);
    while (number != 0 && entries[number].key != key) {
        number = entries[number].chain;
    }
    return number;
}

/* A new entry for `key`, which has none; 0 when there is no memory. */
static uint32_t enter(void *key, struct row *row, size_t size) {
    uint32_t number = free_entries;
    if (number != 0) {
        free_entries = entries[number].chain;
    } else if (used < capacity || more_entries()) {
        number = used++;
    } else {
        return 0;
    }
    uint32_t *bucket = bucket_of(key);
    entries[number] = (struct entry){key, row, size, *bucket, 0, 0};
    *bucket = number;
    return number;
}

static void leave(uint32_t number) {
    struct entry *gone = &entries[number];
    uint32_t *link = bucket_of(gone->key);
    while (*link != number) {
        link = &entries[*link].chain;
    }
    *link = gone->chain;
    if (gone->before != 0) {
        entries[gone->before].next = gone->next;
    }
    if (gone->next != 0) {
        entries[gone->next].before = gone->before;
    }
    gone->chain = free_entries;
    free_entries = number;
}

/* ---- Rows
 * ---------------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static size_t hash_text(size_t hash, const char *text) {
    for (; text != NULL && *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    }
    return hash * 31 + 7;
}

static size_t slot_of(const char *file, const char *function, const char *type, uint32_t line,
                      uint32_t column, uint32_t allocator) {
    size_t hash = hash_text(hash_text(hash_text(0xcbf29ce484222325u, file), function), type);
    hash = (hash ^ line) * 0x100000001b3u;
    hash = (hash ^ column) * 0x100000001b3u;
    return ((hash ^ allocator) * 0x9e3779b97f4a7c15u) >> 20;
}

static bool more_rows(void) {
    size_t old_capacity = known_capacity, wanted = old_capacity == 0 ? 64 : 2 * old_capacity;
    void *made = altru_source_alloc(wanted * sizeof *known, _Alignof(struct row *));
    if (made == NULL) {
        return false;
    }
    memset(made, 0, wanted * sizeof *known);
    altru_source_free(known);
    known = made;
    known_capacity = wanted;
    for (struct row *row = first_row; row != NULL; row = row->next) {
        const altru_profile_row *told = &row->told;
        size_t slot = slot_of(told->file, told->function, told->type, told->line, told->column,
                              told->allocator);
        while (known[slot & (wanted - 1)].row != NULL) {
            slot++;
        }
        known[slot & (wanted - 1)].row = row;
    }
    return true;
}

/* A copy that stays; NULL for NULL. */
static char *keep_text(const char *text, bool *failed) {
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    char *copy = altru_source_alloc(size, 1);
    *failed = *failed || copy == NULL;
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

/* The row of a site; NULL when there is no memory. */
static struct row *row_of(altru_profile_site *site) {
    if (site->row != NULL) {
        return site->row;
    }
    if (2 * known_used >= known_capacity && !more_rows()) {
        return NULL;
    }
    size_t slot =
        slot_of(site->file, site->function, site->type, site->line, site->column, site->allocator);
    struct row *row;
    while ((row = known[slot & (known_capacity - 1)].row) != NULL) {
        const altru_profile_row *told = &row->told;
        if (told->line == site->line && told->column == site->column &&
            told->allocator == site->allocator && same_text(told->file, site->file) &&
            same_text(told->function, site->function) && same_text(told->type, site->type)) {
            return site->row = row;
        }
        slot++;
    }
    row = altru_source_alloc(sizeof *row, _Alignof(struct row));
    if (row == NULL) {
        return NULL;
    }
    bool failed = false;
    *row = (struct row){{keep_text(site->file, &failed),
                         keep_text(site->function, &failed),
                         keep_text(site->type, &failed),
                         site->line,
                         site->column,
                         site->allocator,
                         0,
                         {0}},
                        NULL};
    if (failed) {
        altru_source_free((char *)(uintptr_t)row->told.file);
        altru_source_free((char *)(uintptr_t)row->told.function);
        altru_source_free((char *)(uintptr_t)row->told.type);
        altru_source_free(row);
        return NULL;
    }
    known[slot & (known_capacity - 1)].row = row;
    known_used++;
    *last_row = row;
    last_row = &row->next;
    return site->row = row;
}

/* ---- Counting
 * ------------------------------------------------------------------------------------------ */

static void add(altru_statistics *counts, size_t size) {
    counts->allocations++;
    counts->current += size;
    counts->peak = counts->current > counts->peak ? counts->current : counts->peak;
}

static void subtract(altru_statistics *counts, size_t size) {
    counts->releases++;
    counts->current -= size;
}

static void forget(uint32_t number) {
    struct entry *gone = &entries[number];
    subtract(&gone->row->told.counts, gone->size);
    subtract(&totals[gone->row->told.allocator], gone->size);
    leave(number);
}

static bool remember(altru_profile_site *site, void *block, size_t size, void *home) {
    struct row *row = row_of(site);
    if (row == NULL) {
        return false;
    }
    uint32_t list = 0;
    if (home != NULL && (list = find(home)) == 0 && (list = enter(home, NULL, 0)) == 0) {
        return false;
    }
    uint32_t number = enter(block, row, size);
    if (number == 0) {
        return false;
    }
    if (list != 0) {
        uint32_t next = entries[list].next;
        entries[number].before = list;
        entries[number].next = next;
        entries[list].next = number;
        if (next != 0) {
            entries[next].before = number;
        }
    }
    add(&row->told.counts, size);
    add(&totals[row->told.allocator], size);
    return true;
}

void altru_profile_allocated(altru_profile_site *site, void *block, size_t size, void *home) {
    if (block == NULL || site->allocator >= ALTRU_ALLOCATORS) {
        return;
    }
    altru_lock(ALTRU_LOCK_PROFILE);
    uint32_t before = find(block); /* released where nobody told */
    if (before != 0 && entries[before].row != NULL) {
        forget(before);
    }
    if (!remember(site, block, size, home)) {
        lost++;
    }
    altru_unlock(ALTRU_LOCK_PROFILE);
}

void altru_profile_released(void *block) {
    altru_lock(ALTRU_LOCK_PROFILE);
    uint32_t number = find(block);
    if (number != 0 && entries[number].row != NULL) {
        forget(number);
    }
    altru_unlock(ALTRU_LOCK_PROFILE);
}

void altru_profile_emptied(void *home) {
    altru_lock(ALTRU_LOCK_PROFILE);
    uint32_t list = find(home);
    if (list != 0 && entries[list].row == NULL) {
        while (entries[list].next != 0) {
            forget(entries[list].next);
        }
        leave(list);
    }
    altru_unlock(ALTRU_LOCK_PROFILE);
}

/* ---- Reading
 * ------------------------------------------------------------------------------------------- */

int altru_profile_read(size_t index, altru_profile_row *out) {
    altru_lock(ALTRU_LOCK_PROFILE);
    struct row *row = first_row;
    while (row != NULL && index-- > 0) {
        row = row->next;
    }
    if (row != NULL) {
        *out = row->told;
    }
    altru_unlock(ALTRU_LOCK_PROFILE);
    return row == NULL ? -1 : 0;
}

int altru_profile_total(uint32_t allocator, altru_statistics *out) {
    if (allocator >= ALTRU_ALLOCATORS) {
        return -1;
    }
    altru_lock(ALTRU_LOCK_PROFILE);
    *out = totals[allocator];
    altru_unlock(ALTRU_LOCK_PROFILE);
    return 0;
}

size_t altru_profile_lost(void) {
    altru_lock(ALTRU_LOCK_PROFILE);
    size_t count = lost;
    altru_unlock(ALTRU_LOCK_PROFILE);
    return count;
}

static int by_use(const void *left, const void *right) {
    const altru_profile_row *a = left, *b = right;
    if (a->counts.current != b->counts.current) {
        return a->counts.current < b->counts.current ? 1 : -1;
    }
    if (a->counts.peak != b->counts.peak) {
        return a->counts.peak < b->counts.peak ? 1 : -1;
    }
    return a->reserved < b->reserved ? -1 : a->reserved > b->reserved; /* the order of first use */
}

void altru_profile_print(void) {
    altru_lock(ALTRU_LOCK_PROFILE);
    size_t count = 0;
    altru_profile_row *rows =
        altru_source_alloc((known_used + 1) * sizeof *rows, _Alignof(altru_profile_row));
    for (struct row *row = first_row; rows != NULL && row != NULL; row = row->next) {
        rows[count] = row->told;
        rows[count].reserved = (uint32_t)count;
        count++;
    }
    altru_unlock(ALTRU_LOCK_PROFILE);
    if (rows == NULL) {
        fputs("no memory to tell the profile\n", stderr);
        return;
    }
    qsort(rows, count, sizeof *rows, by_use);
    fprintf(stderr, "%12s %12s %12s %12s  %-7s %s\n", "current", "peak", "allocations", "releases",
            "", "where");
    for (size_t index = 0; index < count; index++) {
        const altru_profile_row *row = &rows[index];
        fprintf(stderr, "%12zu %12zu %12zu %12zu  %-7s", row->counts.current, row->counts.peak,
                row->counts.allocations, row->counts.releases,
                altru_allocator_name(row->allocator));
        if (row->type != NULL) {
            fprintf(stderr, " %s", row->type);
        }
        if (row->function != NULL) {
            fprintf(stderr, " in @%s", row->function);
        }
        if (row->file != NULL) {
            fprintf(stderr, " at %s:%u:%u", row->file, row->line, row->column);
        }
        fputc('\n', stderr);
    }
    altru_source_free(rows);
    size_t missed = altru_profile_lost();
    if (missed != 0) {
        fprintf(stderr, "%zu allocations could not be followed, for want of memory\n", missed);
    }
}
