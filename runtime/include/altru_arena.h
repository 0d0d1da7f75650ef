/* altru_arena.h - arenas: memory that is taken by moving a cursor and goes back all at once.
 *
 *     altru_arena *arena = altru_arena_new();
 *     struct node *node = altru_arena_take(arena, sizeof *node);
 *     altru_arena_reset(arena);      // node is gone, its memory is kept for the next one
 *     altru_arena_destroy(arena);    // all of it is gone
 *
 * An arena belongs to one thread at a time. Its memory is in chunks, each twice as large as the one
 * before, up to the option arena_chunk; what is larger gets a chunk of its own.
 *
 * In a hardened heap the use of an arena after its end is a panic, and what a reset or a rollback
 * takes back is overwritten.
 */
#ifndef ALTRU_ARENA_H
#define ALTRU_ARENA_H

#include "altru_base.h"
#include "altru_statistics.h"

#ifdef __cplusplus
extern "C" {
#endif

struct altru_chunk;
struct altru_deferred;

/* Opaque but for the first two words, which compiled code reads and moves. */
typedef struct altru_arena {
    uintptr_t cursor; /* the next free byte, a multiple of 8 */
    uintptr_t limit;  /* inline allocations end here: the end of the chunk; 0 in a checked heap */
    uintptr_t end;    /* the end of the chunk */
    struct altru_chunk *current, *first;
    struct altru_deferred *deferred; /* the last that was deferred */
    size_t peak;
    uint32_t state; /* ALTRU_ARENA_LIVE */
    uint32_t resets;
} altru_arena;

/* A moment of an arena, to which it can be rolled back. */
typedef struct altru_arena_mark {
    struct altru_chunk *chunk;
    uintptr_t cursor;
    struct altru_deferred *deferred;
} altru_arena_mark;

/* An empty arena, which takes no memory yet; NULL when there is none for itself. */
ALTRU_API altru_arena *altru_arena_new(void);

/* Runs what was deferred and gives all memory back. NULL is allowed. */
ALTRU_API void altru_arena_destroy(altru_arena *arena);

/* `size` bytes at a multiple of `alignment`, contents unspecified, until the arena is reset, rolled
 * back before this moment, or destroyed. NULL when there is no memory, the size is absurd or the
 * alignment no power of two. Size 0 gives an address that may be that of the next allocation. */
ALTRU_API void *altru_arena_alloc(altru_arena *arena, size_t size, size_t alignment);

/* Takes everything back, runs what was deferred, the last first, and keeps the chunks. */
ALTRU_API void altru_arena_reset(altru_arena *arena);

/* Now, for altru_arena_rollback. */
ALTRU_API altru_arena_mark altru_arena_now(const altru_arena *arena);

/* Takes back what was taken since `mark`, and runs what was deferred since. The mark is one of this
 * arena, and the arena was neither reset nor rolled back before it since. */
ALTRU_API void altru_arena_rollback(altru_arena *arena, altru_arena_mark mark);

/* Has `run(data)` called when this moment is taken back: the destructor of something in the arena.
 * Returns 0, or -1 when there is no memory. */
ALTRU_API int altru_arena_defer(altru_arena *arena, void (*run)(void *data), void *data);

/* Gives chunks back that hold nothing. */
ALTRU_API void altru_arena_trim(altru_arena *arena);

/* Bytes taken now and at most (with what alignment skipped), resets as `releases`, and the size of
 * the chunks. */
ALTRU_API void altru_arena_statistics(const altru_arena *arena, altru_statistics *out);

/* The first invariant of an arena that does not hold, as constant text; NULL when all do. */
ALTRU_API const char *altru_arena_check(const altru_arena *arena);

/* altru_arena_alloc where the size is a small constant and the alignment at most 8: 5 instructions
 * when the chunk has room. */
static inline void *altru_arena_take(altru_arena *arena, size_t size) {
    uintptr_t taken = arena->cursor, next = taken + ((size + 7) & ~(size_t)7);
    if (__builtin_expect(size > 4096 || next > arena->limit, 0)) {
        return altru_arena_alloc(arena, size, 8);
    }
    arena->cursor = next;
    return (void *)taken;
}

#ifdef __cplusplus
}
#endif

#endif
