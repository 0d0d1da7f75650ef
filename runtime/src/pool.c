/* pool.c - pools.
 *
 * What it is for: what altru_pool.h promises beyond the inline list and cursor: chunks, the growth
 * policy, handles, and the checks of a hardened heap.
 *
 *     chunk at a multiple of 64 KiB: | pool, next, ... | slot | slot | ... |
 *
 * A large pool takes memory from the system for up to 16 chunks at once, a span.
 *
 * Slots come back to one list and are used from there first; only when it is empty the cursor
 * moves. So the cursor has passed exactly as many slots as were ever in use at once: the peak is
 * known without counting.
 *
 * Invariant: every slot begins within 64 KiB of its chunk's start; chunks before `current` are used
 * up, those behind it are untouched; a slot is in use, in the list `free`, or behind the cursor.
 */
#include "internal.h"

#include <string.h>

enum {
    ALTRU_POOL_LIVE = 0x504f4f4c,
    REACH = 65536, /* how far behind a chunk's start a slot may begin */
    SPAN = 16,     /* chunks that are taken from the system at once, at most */
    FILL_FREED = 0xdf,
};

#define NO_ENTRY UINT32_MAX

struct altru_pool_chunk {
    altru_pool *pool;
    struct altru_pool_chunk *next;
    uintptr_t start, end; /* the first slot; the end of the last */
    size_t size;
    unsigned char *live; /* in a checked heap: one byte per slot, whether it is in use */
    struct altru_pool_chunk *next_span; /* of a chunk that begins a span */
};

/* What a handle's index leads to. */
struct altru_pool_entry {
    void *object;        /* NULL: removed */
    uint32_t generation; /* how often it was removed */
    uint32_t next_free;
};

static struct altru_pool_chunk *chunk_of(const void *object) {
    return (struct altru_pool_chunk *)((uintptr_t)object & ~(uintptr_t)(REACH - 1));
}

altru_pool *altru_pool_of(const void *object) {
    return chunk_of(object)->pool;
}

altru_pool *altru_pool_new(size_t size, size_t alignment) {
    if (altru_size_is_absurd(size) || !altru_is_power_of_two(alignment) || alignment > 4096) {
        return NULL;
    }
    altru_pool *pool = altru_alloc(sizeof *pool);
    if (pool == NULL) {
        return NULL;
    }
    memset(pool, 0, sizeof *pool);
    if (alignment < sizeof(void *)) {
        alignment = sizeof(void *);
    }
    pool->size = size;
    pool->alignment = alignment;
    pool->stride = altru_round_up(size < sizeof(void *) ? sizeof(void *) : size, alignment);
    pool->maximum = SIZE_MAX;
    pool->checked = altru_sees_all();
    pool->free_entry = NO_ENTRY;
    pool->state = ALTRU_POOL_LIVE;
    return pool;
}

void altru_pool_policy(altru_pool *pool, size_t maximum, size_t growth) {
    pool->maximum = maximum;
    pool->growth = growth;
}

/* ---- Chunks
 * ------------------------------------------------------------------------------------------ */

static size_t slots_of(const altru_pool *pool, const struct altru_pool_chunk *chunk) {
    return (chunk->end - chunk->start) / pool->stride;
}

static void use_chunk(altru_pool *pool, struct altru_pool_chunk *chunk) {
    if (pool->current != NULL) {
        pool->entered += slots_of(pool, pool->current);
    }
    pool->current = chunk;
    pool->cursor = chunk->start;
    pool->end = chunk->end;
    pool->limit = pool->checked ? 0 : chunk->end;
}

/* Memory for a chunk of `size` bytes: one of a span of `chunks` that begins here if there is none
 * left. */
static struct altru_pool_chunk *room_for(altru_pool *pool, size_t size, size_t chunks) {
    if (size == REACH && pool->spare != pool->spare_end) {
        struct altru_pool_chunk *chunk = (struct altru_pool_chunk *)pool->spare;
        pool->spare += REACH;
        return chunk;
    }
    struct altru_pool_chunk *chunk = altru_source_alloc(size * chunks, REACH);
    if (chunk == NULL && chunks > 1) {
        chunks = 1;
        chunk = altru_source_alloc(size, REACH);
    }
    if (chunk == NULL) {
        return NULL;
    }
    chunk->next_span = pool->spans;
    pool->spans = chunk;
    if (chunks > 1) {
        pool->spare = (uintptr_t)chunk + REACH;
        pool->spare_end = (uintptr_t)chunk + chunks * REACH;
    }
    return chunk;
}

/* Adds a chunk of about `wanted` slots behind the others; NULL when there is no memory or no slot
 * more is allowed. */
static struct altru_pool_chunk *add_chunk(altru_pool *pool, size_t wanted) {
    size_t header = altru_round_up(sizeof(struct altru_pool_chunk), pool->alignment);
    size_t most = (REACH - header - 1) / pool->stride + 1; /* so many begin within reach */
    size_t within = (REACH - header) / pool->stride;       /* so many lie in it */
    size_t allowed =
        pool->maximum - (pool->capacity < pool->maximum ? pool->capacity : pool->maximum);
    size_t count = wanted < allowed ? wanted : allowed;
    bool in_span = pool->stride <= REACH / SPAN && count >= within;
    count = in_span ? within : count < most ? count : most;
    if (count == 0 || pool->stride > ((size_t)PTRDIFF_MAX - REACH) / count) {
        return NULL;
    }
    size_t size = in_span ? REACH : header + count * pool->stride;
    size_t chunks = in_span ? (wanted < allowed ? wanted : allowed) / within : 1;
    unsigned char *live = NULL;
    if (pool->checked) {
        live = altru_source_alloc(count, 1);
        if (live == NULL) {
            return NULL;
        }
        memset(live, 0, count);
    }
    struct altru_pool_chunk *chunk = room_for(pool, size, chunks < SPAN ? chunks : SPAN);
    if (chunk == NULL) {
        altru_source_free(live);
        return NULL;
    }
    chunk->live = live;
    chunk->pool = pool;
    chunk->next = NULL;
    chunk->start = (uintptr_t)chunk + header;
    chunk->end = chunk->start + count * pool->stride;
    chunk->size = size;
    struct altru_pool_chunk **end = pool->current != NULL ? &pool->current->next : &pool->first;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = chunk;
    pool->capacity += count;
    ALTRU_POISON(chunk->start, count * pool->stride);
    altru_count(ALTRU_POOL, size);
    return chunk;
}

static size_t next_growth(const altru_pool *pool) {
    size_t least = pool->capacity < 16 ? 16 : pool->capacity;
    return pool->growth > 0 ? pool->growth : least;
}

static size_t used_up(const altru_pool *pool) {
    if (pool->current == NULL) {
        return 0;
    }
    return pool->entered + (pool->cursor - pool->current->start) / pool->stride;
}

ALTRU_READS_POISONED static void *behind(void *slot) {
    return *(altru_link *)slot;
}

/* Where slots come back to. */
static void **list_of(altru_pool *pool) {
    return pool->checked ? &pool->held : &pool->free;
}

static size_t free_slots(const altru_pool *pool) {
    size_t count = 0;
    for (void *slot = pool->checked ? pool->held : pool->free; slot != NULL; slot = behind(slot)) {
        count++;
    }
    return count;
}

int altru_pool_prewarm(altru_pool *pool, size_t count) {
    size_t in_use = used_up(pool) - free_slots(pool), at_hand = pool->capacity - in_use;
    if (at_hand >= count) {
        return 0;
    }
    size_t missing = count - at_hand;
    if (pool->maximum < pool->capacity || missing > pool->maximum - pool->capacity ||
        missing > (size_t)PTRDIFF_MAX / pool->stride) {
        return -1;
    }
    void *all = altru_source_alloc(missing * pool->stride, 1);
    if (all == NULL) { /* told before any of it is touched */
        return -1;
    }
    altru_source_free(all);
    while (pool->capacity - in_use < count) {
        struct altru_pool_chunk *chunk = add_chunk(pool, count - (pool->capacity - in_use));
        if (chunk == NULL) {
            return -1;
        }
        ALTRU_UNPOISON(chunk->start, chunk->end - chunk->start);
        memset((void *)chunk->start, 0, chunk->end - chunk->start);
        ALTRU_POISON(chunk->start, chunk->end - chunk->start);
    }
    return 0;
}

/* ---- Slots
 * ------------------------------------------------------------------------------------------- */

static unsigned char *live_of(const altru_pool *pool, const void *object) {
    struct altru_pool_chunk *chunk = chunk_of(object);
    return &chunk->live[((uintptr_t)object - chunk->start) / pool->stride];
}

void *altru_pool_acquire(altru_pool *pool) {
    void **list = list_of(pool), *object = *list;
    if (object != NULL) {
        *list = behind(object);
    } else {
        if (pool->cursor == pool->end) {
            struct altru_pool_chunk *next =
                pool->current == NULL ? pool->first : pool->current->next;
            if (next == NULL) {
                next = add_chunk(pool, next_growth(pool));
            }
            if (next == NULL) {
                return NULL;
            }
            use_chunk(pool, next);
        }
        object = (void *)pool->cursor;
        pool->cursor += pool->stride;
    }
    if (pool->checked) {
        *live_of(pool, object) = 1;
        ALTRU_UNPOISON(object, pool->size);
    }
    return object;
}

/* Panics unless `object` is a slot of `pool` that is in use. Looks only at the pool's own chunks,
 * for the address may be anything. */
static void expect_object(const altru_pool *pool, const void *object, const altru_site *site) {
    const struct altru_pool_chunk *chunk = pool->first;
    uintptr_t at = (uintptr_t)object;
    while (chunk != NULL && !(at >= chunk->start && at < chunk->end)) {
        chunk = chunk->next;
    }
    if (chunk == NULL || (at - chunk->start) % pool->stride != 0) {
        altru_panic_at(site, ALTRU_PANIC_pool_foreign, at, (uintptr_t)pool);
    }
    if (*live_of(pool, object) == 0) {
        altru_panic_at(site, ALTRU_PANIC_pool_twice, at, (uintptr_t)pool);
    }
}

void altru_pool_release_at(altru_pool *pool, void *object, const altru_site *site) {
    if (object == NULL) {
        return;
    }
    if (pool->checked) {
        expect_object(pool, object, site);
        *live_of(pool, object) = 0;
        ALTRU_UNPOISON(object, pool->stride);
        memset(object, FILL_FREED, pool->stride);
    }
    void **list = list_of(pool);
    *(altru_link *)object = *list;
    *list = object;
    ALTRU_POISON(object, pool->stride);
}

void altru_pool_release(altru_pool *pool, void *object) {
    altru_pool_release_at(pool, object, NULL);
}

/* ---- Handles
 * ----------------------------------------------------------------------------------------- */

/* An index that no handle has; NO_ENTRY when there is no memory. */
static uint32_t unused_entry(altru_pool *pool) {
    if (pool->free_entry != NO_ENTRY) {
        uint32_t index = pool->free_entry;
        pool->free_entry = pool->entries[index].next_free;
        return index;
    }
    if (pool->entry_count == pool->entry_capacity) {
        size_t capacity = pool->entry_capacity == 0 ? 16 : (size_t)pool->entry_capacity * 2;
        if (capacity >= NO_ENTRY) {
            return NO_ENTRY;
        }
        void *moved = altru_source_realloc(pool->entries, capacity * sizeof *pool->entries);
        if (moved == NULL) {
            return NO_ENTRY;
        }
        pool->entries = moved;
        pool->entry_capacity = (uint32_t)capacity;
    }
    pool->entries[pool->entry_count].generation = 0;
    return pool->entry_count++;
}

static void leave_entry(altru_pool *pool, uint32_t index) {
    pool->entries[index].object = NULL;
    pool->entries[index].next_free = pool->free_entry;
    pool->free_entry = index;
}

void *altru_pool_insert(altru_pool *pool, altru_pool_handle *handle) {
    uint32_t index = unused_entry(pool);
    if (index == NO_ENTRY) {
        return NULL;
    }
    void *object = altru_pool_acquire(pool);
    if (object == NULL) {
        leave_entry(pool, index);
        return NULL;
    }
    pool->entries[index].object = object;
    *handle = (altru_pool_handle){index, pool->entries[index].generation};
    return object;
}

void *altru_pool_get(const altru_pool *pool, altru_pool_handle handle) {
    if (handle.index >= pool->entry_count ||
        pool->entries[handle.index].generation != handle.generation) {
        return NULL;
    }
    return pool->entries[handle.index].object;
}

void *altru_pool_remove(altru_pool *pool, altru_pool_handle handle) {
    void *object = altru_pool_get(pool, handle);
    if (object != NULL) {
        struct altru_pool_entry *entry = &pool->entries[handle.index];
        entry->object = NULL;
        /* An index whose generations are used up is never given again. */
        if (++entry->generation != UINT32_MAX) {
            leave_entry(pool, handle.index);
        }
    }
    return object;
}

void *altru_pool_left(const altru_pool *pool, uint32_t *index) {
    while (*index < pool->entry_count) {
        void *object = pool->entries[(*index)++].object;
        if (object != NULL) {
            return object;
        }
    }
    return NULL;
}

void *altru_pool_find(const altru_pool *pool, uint32_t index, uint32_t generation) {
    return altru_pool_get(pool, (altru_pool_handle){index, generation});
}

void *altru_pool_take_out(altru_pool *pool, uint32_t index, uint32_t generation) {
    return altru_pool_remove(pool, (altru_pool_handle){index, generation});
}

/* ---- The end, and walking
 * ------------------------------------------------------------------------------ */

void altru_pool_destroy(altru_pool *pool) {
    if (pool == NULL) {
        return;
    }
    for (struct altru_pool_chunk *chunk = pool->first; chunk != NULL;) {
        altru_uncount(ALTRU_POOL, chunk->size);
        ALTRU_UNPOISON(chunk->start, chunk->end - chunk->start);
        altru_source_free(chunk->live);
        chunk = chunk->next;
    }
    for (struct altru_pool_chunk *span = pool->spans; span != NULL;) {
        struct altru_pool_chunk *next = span->next_span;
        altru_source_free(span);
        span = next;
    }
    altru_source_free(pool->entries);
    memset(pool, 0, sizeof *pool);
    altru_free(pool);
}

void altru_pool_statistics(const altru_pool *pool, altru_statistics *out) {
    *out = (altru_statistics){0};
    out->allocations = used_up(pool);
    out->peak = out->allocations * pool->stride;
    out->releases = free_slots(pool);
    out->current = out->peak - out->releases * pool->stride;
    for (const struct altru_pool_chunk *chunk = pool->first; chunk != NULL; chunk = chunk->next) {
        out->reserved += chunk->size;
    }
}

const char *altru_pool_check(const altru_pool *pool) {
    if (pool->state != ALTRU_POOL_LIVE) {
        return "not a pool, or a destroyed one";
    }
    size_t capacity = 0;
    bool found = pool->current == NULL;
    for (const struct altru_pool_chunk *chunk = pool->first; chunk != NULL; chunk = chunk->next) {
        if (chunk->pool != pool || (uintptr_t)chunk % REACH != 0) {
            return "a chunk does not lead back to its pool";
        }
        if (chunk->end - pool->stride - (uintptr_t)chunk >= REACH) {
            return "a slot begins out of reach of its chunk";
        }
        capacity += slots_of(pool, chunk);
        found = found || chunk == pool->current;
    }
    if (!found || capacity != pool->capacity) {
        return "the chunks are not those that were counted";
    }
    if (pool->current != NULL && (pool->cursor < pool->current->start || pool->cursor > pool->end ||
                                  (pool->cursor - pool->current->start) % pool->stride != 0)) {
        return "the cursor is outside of its chunk";
    }
    size_t count = 0, most = used_up(pool);
    for (void *slot = pool->checked ? pool->held : pool->free; slot != NULL; slot = behind(slot)) {
        if (++count > most) {
            return "more slots came back than were given";
        }
        if (altru_pool_of(slot) != pool) {
            return "a slot of another pool came back";
        }
    }
    return NULL;
}
