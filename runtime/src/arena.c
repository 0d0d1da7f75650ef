/* arena.c - arenas.
 *
 * What it is for: what altru_arena.h promises beyond the inline cursor: chunks, marks, deferred
 * calls.
 *
 *     first -> chunk -> chunk (current) -> chunk kept by a reset -> NULL
 *                         ^ cursor, end
 *
 * Invariant: chunks up to `current` hold what was taken, those behind hold nothing; cursor lies in
 * current (or is NOWHERE before the first chunk) and is a multiple of 8.
 */
#include "internal.h"

#include <string.h>

enum {
    ALTRU_ARENA_LIVE = 0x41524e41,
    FIRST_CHUNK = 4096,
    NOWHERE = 8, /* the cursor without a chunk: beyond the limit, for objects without bytes too */
    FILL_GONE = 0xdf,
};

struct altru_chunk {
    struct altru_chunk *next;
    size_t size;    /* with this header */
    uintptr_t used; /* the cursor when the next chunk became current */
    size_t before;  /* bytes taken in earlier chunks when it became current */
};

struct altru_deferred {
    struct altru_deferred *before;
    void (*run)(void *data);
    void *data;
};

static uintptr_t start_of(const struct altru_chunk *chunk) {
    return (uintptr_t)(chunk + 1);
}

static uintptr_t end_of(const struct altru_chunk *chunk) {
    return (uintptr_t)chunk + chunk->size;
}

/* Makes `chunk` the one that is taken from, at `cursor`. */
static void enter(altru_arena *arena, struct altru_chunk *chunk, uintptr_t cursor) {
    arena->current = chunk;
    arena->cursor = chunk == NULL ? NOWHERE : cursor;
    arena->end = chunk == NULL ? 0 : end_of(chunk);
    arena->limit = altru_sees_all() ? 0 : arena->end;
    if (chunk != NULL) {
        ALTRU_POISON(cursor, end_of(chunk) - cursor);
    }
}

/* Bytes taken. */
static size_t taken(const altru_arena *arena) {
    const struct altru_chunk *chunk = arena->current;
    return chunk == NULL ? 0 : chunk->before + (arena->cursor - start_of(chunk));
}

static void expect_live(const altru_arena *arena) {
    if (arena->state != ALTRU_ARENA_LIVE) {
        altru_panic_at(NULL, ALTRU_PANIC_arena_gone, (uintptr_t)arena, 0);
    }
}

altru_arena *altru_arena_new(void) {
    altru_arena *arena = altru_alloc(sizeof *arena);
    if (arena != NULL) {
        memset(arena, 0, sizeof *arena);
        arena->cursor = NOWHERE;
        arena->state = ALTRU_ARENA_LIVE;
    }
    return arena;
}

/* ---- Taking
 * ------------------------------------------------------------------------------------------ */

/* Where `size` bytes would begin in a range; 0 when they do not fit. */
static uintptr_t place(uintptr_t cursor, uintptr_t end, size_t size, size_t alignment) {
    if (cursor > UINTPTR_MAX - alignment) {
        return 0;
    }
    uintptr_t at = altru_round_up(cursor, alignment);
    return at <= end && size <= end - at ? at : 0; /* end is a multiple of 8 */
}

static struct altru_chunk *make_chunk(const altru_arena *arena, size_t size, size_t alignment) {
    size_t most = (size_t)altru_option(ALTRU_OPTION_arena_chunk);
    size_t whole = arena->current == NULL ? FIRST_CHUNK : 2 * arena->current->size;
    if (whole > most) {
        whole = most;
    }
    size_t extra = sizeof(struct altru_chunk) + (alignment > 16 ? alignment : 0);
    if (size > (size_t)PTRDIFF_MAX - extra) {
        return NULL;
    }
    if (whole < size + extra) {
        whole = size + extra;
    }
    whole = altru_round_up(whole, 16);
    struct altru_chunk *chunk = altru_source_alloc(whole, 16);
    if (chunk != NULL) {
        chunk->size = whole;
        altru_count(ALTRU_ARENA, whole);
    }
    return chunk;
}

/* Goes on to a chunk with room: the one behind, or a new one in between. */
static bool advance(altru_arena *arena, size_t size, size_t alignment) {
    struct altru_chunk *current = arena->current;
    struct altru_chunk *next = current == NULL ? arena->first : current->next;
    if (next == NULL || place(start_of(next), end_of(next), size, alignment) == 0) {
        struct altru_chunk *made = make_chunk(arena, size, alignment);
        if (made == NULL) {
            return false;
        }
        made->next = next;
        next = made;
        if (current == NULL) {
            arena->first = made;
        } else {
            current->next = made;
        }
    }
    next->before = taken(arena);
    if (current != NULL) {
        current->used = arena->cursor;
    }
    enter(arena, next, start_of(next));
    return true;
}

void *altru_arena_alloc(altru_arena *arena, size_t size, size_t alignment) {
    expect_live(arena);
    if (altru_size_is_absurd(size) || altru_size_is_absurd(alignment) ||
        !altru_is_power_of_two(alignment)) {
        return NULL;
    }
    if (alignment < 8) {
        alignment = 8;
    }
    uintptr_t at = arena->current == NULL ? 0 : place(arena->cursor, arena->end, size, alignment);
    if (at == 0) {
        if (!advance(arena, size, alignment)) {
            return NULL;
        }
        at = place(arena->cursor, arena->end, size, alignment);
    }
    arena->cursor = at + altru_round_up(size, 8);
    ALTRU_UNPOISON(at, size);
    return (void *)at;
}

/* ---- Taking back
 * ------------------------------------------------------------------------------------- */

static void run_deferred(altru_arena *arena, struct altru_deferred *until) {
    while (arena->deferred != until) {
        struct altru_deferred *last = arena->deferred;
        arena->deferred = last->before;
        last->run(last->data);
    }
}

/* Overwrites what lies behind a mark. */
static void overwrite(altru_arena *arena, struct altru_chunk *from, uintptr_t cursor) {
    struct altru_chunk *chunk = from == NULL ? arena->first : from;
    if (from == NULL && chunk != NULL) {
        cursor = start_of(chunk);
    }
    while (chunk != NULL) {
        uintptr_t end = chunk == arena->current ? arena->cursor : chunk->used;
        ALTRU_UNPOISON(cursor, end - cursor);
        memset((void *)cursor, FILL_GONE, end - cursor);
        ALTRU_POISON(cursor, end - cursor);
        if (chunk == arena->current) {
            return;
        }
        chunk = chunk->next;
        cursor = start_of(chunk);
    }
}

void altru_arena_rollback(altru_arena *arena, altru_arena_mark mark) {
    expect_live(arena);
    if (arena->current == NULL) {
        return; /* nothing was taken */
    }
    if (altru_is_checked()) {
        const struct altru_chunk *chunk = mark.chunk == NULL ? arena->first : mark.chunk;
        while (chunk != arena->current && chunk != NULL) {
            chunk = chunk->next;
        }
        if (chunk == NULL || (mark.chunk == arena->current && mark.cursor > arena->cursor)) {
            altru_panic_at(NULL, ALTRU_PANIC_arena_mark, (uintptr_t)arena, 0);
        }
    }
    size_t now = taken(arena);
    if (now > arena->peak) {
        arena->peak = now;
    }
    run_deferred(arena, mark.deferred);
    if (altru_sees_all()) {
        overwrite(arena, mark.chunk, mark.cursor);
    }
    if (mark.chunk == NULL) {
        arena->first->before = 0;
        enter(arena, arena->first, start_of(arena->first));
    } else {
        enter(arena, mark.chunk, mark.cursor);
    }
}

void altru_arena_reset(altru_arena *arena) {
    altru_arena_rollback(arena, (altru_arena_mark){NULL, 0, NULL});
    arena->resets++;
}

altru_arena_mark altru_arena_now(const altru_arena *arena) {
    expect_live(arena);
    return (altru_arena_mark){arena->current, arena->cursor, arena->deferred};
}

int altru_arena_defer(altru_arena *arena, void (*run)(void *data), void *data) {
    struct altru_deferred *made = altru_arena_alloc(arena, sizeof *made, _Alignof(max_align_t));
    if (made == NULL) {
        return -1;
    }
    *made = (struct altru_deferred){arena->deferred, run, data};
    arena->deferred = made;
    return 0;
}

static void release_chunks(struct altru_chunk *chunk) {
    while (chunk != NULL) {
        struct altru_chunk *next = chunk->next;
        altru_uncount(ALTRU_ARENA, chunk->size);
        ALTRU_UNPOISON(start_of(chunk), chunk->size - sizeof *chunk);
        altru_source_free(chunk);
        chunk = next;
    }
}

void altru_arena_trim(altru_arena *arena) {
    expect_live(arena);
    if (arena->current == NULL) {
        return;
    }
    release_chunks(arena->current->next);
    arena->current->next = NULL;
    if (arena->current == arena->first && arena->cursor == start_of(arena->first)) {
        release_chunks(arena->first);
        arena->first = NULL;
        enter(arena, NULL, 0);
    }
}

void altru_arena_destroy(altru_arena *arena) {
    if (arena == NULL) {
        return;
    }
    expect_live(arena);
    run_deferred(arena, NULL);
    release_chunks(arena->first);
    arena->state = 0;
    arena->limit = arena->end = 0;
    arena->cursor = NOWHERE;
    altru_free(arena);
}

/* ---- Walking
 * ----------------------------------------------------------------------------------------- */

void altru_arena_statistics(const altru_arena *arena, altru_statistics *out) {
    expect_live(arena);
    *out = (altru_statistics){.current = taken(arena), .releases = arena->resets};
    out->peak = out->current > arena->peak ? out->current : arena->peak;
    for (const struct altru_chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next) {
        out->reserved += chunk->size;
        out->allocations++;
    }
}

const char *altru_arena_check(const altru_arena *arena) {
    if (arena->state != ALTRU_ARENA_LIVE) {
        return "not an arena, or a destroyed one";
    }
    bool found = arena->current == NULL;
    size_t sum = 0;
    for (const struct altru_chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next) {
        if (!found && chunk->before != sum) {
            return "a chunk does not know what was taken before it";
        }
        sum += chunk->used - start_of(chunk);
        if (chunk == arena->current) {
            found = true;
        } else if (!found && (chunk->used < start_of(chunk) || chunk->used > end_of(chunk))) {
            return "a chunk was left with its cursor outside of it";
        }
    }
    if (!found) {
        return "the current chunk is not in the list";
    }
    if (arena->current == NULL) {
        return arena->first == NULL && arena->cursor == NOWHERE ? NULL
                                                                : "chunks, but no current one";
    }
    if (arena->cursor < start_of(arena->current) || arena->cursor > arena->end ||
        arena->end != end_of(arena->current) || arena->cursor % 8 != 0) {
        return "the cursor is outside of its chunk";
    }
    return NULL;
}
