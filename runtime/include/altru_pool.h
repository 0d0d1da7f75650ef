/* altru_pool.h - pools: slots for objects of one type, taken and given back.
 *
 *     altru_pool *pool = altru_pool_new(sizeof(struct particle), _Alignof(struct particle));
 *     altru_pool_prewarm(pool, 1000);          // from here on, 1000 at once need no memory
 *     struct particle *p = altru_pool_take(pool);
 *     altru_pool_give(pool, p);
 *     altru_pool_destroy(pool);
 *
 * A pool belongs to one thread at a time. Slots lie in chunks aligned to 64 KiB that begin with the
 * address of their pool, so that a slot alone leads back to it.
 *
 * In a hardened heap, giving back what is no object of the pool, or twice, is a panic.
 */
#ifndef ALTRU_POOL_H
#define ALTRU_POOL_H

#include "altru_base.h"
#include "altru_statistics.h"
#include "altru_thread.h"

#ifdef __cplusplus
extern "C" {
#endif

struct altru_pool_chunk;
struct altru_pool_entry;

/* Opaque but for the first five words, which compiled code reads and moves. */
typedef struct altru_pool {
    void *free;        /* slots that came back, linked through their first word */
    uintptr_t cursor;  /* the next slot that was never used */
    uintptr_t limit;   /* the last byte at which one may begin, plus 1; 0 in a checked heap */
    uintptr_t checked; /* not 0: slots go back through altru_pool_release */
    size_t stride;     /* from slot to slot */
    size_t size, alignment;
    uintptr_t end; /* `limit`, also in a checked heap */
    void *held;    /* in a checked heap: `free`, out of reach of the inline path */
    struct altru_pool_chunk *first, *current;
    size_t capacity; /* slots in all chunks */
    size_t maximum;  /* slots there may ever be */
    size_t growth;   /* slots of the next chunk at least; 0: what doubles the pool */
    size_t entered;  /* slots used in chunks before the current one */
    struct altru_pool_entry *entries; /* what handles lead to */
    uint32_t entry_count, entry_capacity, free_entry;
    uint32_t state;
    struct altru_pool_chunk *spans; /* the chunks that begin what the system gave at once */
    uintptr_t spare, spare_end;     /* what is left of the newest for further chunks */
} altru_pool;

/* Leads to an object that was left to a pool, as long as it is there: once it is removed, the
 * handle leads nowhere, also when the slot is used again. In LLVM: { i32, i32 }. */
typedef struct altru_pool_handle {
    uint32_t index;
    uint32_t generation;
} altru_pool_handle;

/* An empty pool for objects of `size` bytes at multiples of `alignment` (at most 4096). NULL when
 * there is no memory for itself, the size is absurd or the alignment is none. */
ALTRU_API altru_pool *altru_pool_new(size_t size, size_t alignment);

/* Gives all memory back, objects or not. NULL is allowed. */
ALTRU_API void altru_pool_destroy(altru_pool *pool);

/* How a pool grows: never beyond `maximum` slots (SIZE_MAX: no end), by at least `growth` slots at
 * once (0: as many as there are, at most 64 KiB). */
ALTRU_API void altru_pool_policy(altru_pool *pool, size_t maximum, size_t growth);

/* Makes room for `count` objects at once, and touches it. Returns 0, or -1 when there is no memory
 * or the policy forbids so many: the pool is then as it was or larger. */
ALTRU_API int altru_pool_prewarm(altru_pool *pool, size_t count);

/* A slot, contents unspecified; NULL when there is no memory or the pool may not grow. */
ALTRU_API void *altru_pool_acquire(altru_pool *pool);

/* Gives a slot back. NULL is allowed. */
ALTRU_API void altru_pool_release(altru_pool *pool, void *object);

/* altru_pool_release that knows its place, for what a hardened heap says; `site` may be NULL. */
ALTRU_API void altru_pool_release_at(altru_pool *pool, void *object, const altru_site *site);

/* The pool of a slot. */
ALTRU_API altru_pool *altru_pool_of(const void *object);

/* A slot that is left to the pool, with a handle in `handle`; NULL as altru_pool_acquire. */
ALTRU_API void *altru_pool_insert(altru_pool *pool, altru_pool_handle *handle);

/* The object of a handle; NULL when it was removed. */
ALTRU_API void *altru_pool_get(const altru_pool *pool, altru_pool_handle handle);

/* Ends a handle and returns its object, whose slot is now the caller's to release; NULL when it was
 * removed before. */
ALTRU_API void *altru_pool_remove(altru_pool *pool, altru_pool_handle handle);

/* The object of the first handle whose index is at least `*index`, which is then set to the next
 * one; NULL when there is none. For whoever must end what was left to a pool before the pool:
 *
 *     for (uint32_t i = 0; (object = altru_pool_left(pool, &i)) != NULL;) ... */
ALTRU_API void *altru_pool_left(const altru_pool *pool, uint32_t *index);

/* altru_pool_get and altru_pool_remove, the handle in its parts: for compiled code. */
ALTRU_API void *altru_pool_find(const altru_pool *pool, uint32_t index, uint32_t generation);
ALTRU_API void *altru_pool_take_out(altru_pool *pool, uint32_t index, uint32_t generation);

/* Objects in use times their stride, now and at most (both exact), slots ever given afresh as
 * `allocations`, and the size of the chunks. Takes time proportional to the free slots. */
ALTRU_API void altru_pool_statistics(const altru_pool *pool, altru_statistics *out);

/* The first invariant of a pool that does not hold, as constant text; NULL when all do. */
ALTRU_API const char *altru_pool_check(const altru_pool *pool);

/* altru_pool_acquire, inline: 5 instructions when a slot came back. */
static inline void *altru_pool_take(altru_pool *pool) {
    void *object = pool->free;
    if (__builtin_expect(object != NULL, 1)) {
        pool->free = *(altru_link *)object;
        return object;
    }
    uintptr_t slot = pool->cursor;
    if (__builtin_expect(slot < pool->limit, 1)) {
        pool->cursor = slot + pool->stride;
        return (void *)slot;
    }
    return altru_pool_acquire(pool);
}

/* altru_pool_release of an object that is not NULL, inline: 5 instructions. */
static inline void altru_pool_give(altru_pool *pool, void *object) {
    if (__builtin_expect(pool->checked != 0, 0)) {
        altru_pool_release(pool, object);
        return;
    }
    *(altru_link *)object = pool->free;
    pool->free = object;
}

#ifdef __cplusplus
}
#endif

#endif
