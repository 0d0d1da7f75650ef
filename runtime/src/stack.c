/* stack.c - stack allocations beside the machine's stack.
 *
 * What it is for: a range of addresses per thread with a cursor; memory appears in it as it is
 * touched. When the range is used up, a block of the heap serves, and a node in the range, which
 * has room for nodes kept back, remembers to free it.
 *
 *     | taken | node -> heap block | taken | ...        | kept back for nodes |
 *               ^ stack_fallback
 *
 * Invariant: nodes lie in the range in the order in which they were made, so those made since a
 * mark are the ones at addresses from the mark on. A cursor of 0 is the range's beginning.
 */
#include "internal.h"

#ifndef __wasm__
#include <pthread.h>
#endif

struct node {
    uintptr_t before; /* the node before; 0: none */
    void *block;
    size_t size;
    size_t padding;
};

/* Room for nodes when nothing else fits. */
enum { KEPT_BACK = 65536 };

static _Thread_local struct {
    char *start;
    size_t size;
} range ALTRU_INITIAL_EXEC;

static size_t round_to_page(size_t size) {
    return altru_round_up(size, altru_source_page());
}

#ifdef __wasm__

static char *make_range(size_t size) {
    return altru_source_alloc(size, 16);
}

#else

static pthread_key_t at_thread_exit;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void release_range(void *start) {
    altru_stack_release(0);
    altru_source_release(start, range.size);
    altru_this_thread.stack_cursor = altru_this_thread.stack_limit = 0;
    range.start = NULL;
}

static void make_key(void) {
    pthread_key_create(&at_thread_exit, release_range);
}

static char *make_range(size_t size) {
    char *start = altru_source_reserve(size);
    if (start != NULL && !altru_source_commit(start, size)) {
        altru_source_release(start, size);
        start = NULL;
    }
    if (start != NULL) {
        pthread_once(&key_once, make_key);
        pthread_setspecific(at_thread_exit, start);
    }
    return start;
}

#endif

/* Whether this thread has a range, made now if it had none. */
static bool ready(void) {
    if (range.start == NULL) {
        uint64_t limit = altru_option(ALTRU_OPTION_stack_limit);
        size_t size = limit > (size_t)PTRDIFF_MAX / 2 ? (size_t)PTRDIFF_MAX / 2 : (size_t)limit;
        range.size = round_to_page(size) + KEPT_BACK;
        range.start = make_range(range.size);
        altru_this_thread.stack_limit = (uintptr_t)range.start + range.size - KEPT_BACK;
    }
    if (range.start != NULL && altru_this_thread.stack_cursor == 0) {
        altru_this_thread.stack_cursor = (uintptr_t)range.start;
    }
    return range.start != NULL;
}

/* A block of the heap that goes with the next release. */
static void *fall_back(size_t size, size_t alignment) {
    uintptr_t at = altru_round_up(altru_this_thread.stack_cursor, 16);
    if (at + sizeof(struct node) > (uintptr_t)range.start + range.size) {
        return NULL;
    }
    void *block = altru_alloc_aligned(size, alignment);
    if (block != NULL) {
        struct node *node = (struct node *)at;
        *node = (struct node){altru_this_thread.stack_fallback, block, size, 0};
        altru_this_thread.stack_fallback = at + 1; /* more than a mark made just before */
        altru_this_thread.stack_cursor = at + sizeof *node;
        altru_count(ALTRU_STACK, size);
    }
    return block;
}

void *altru_stack_alloc(size_t size, size_t alignment) {
    if (size > altru_option(ALTRU_OPTION_stack_request) || altru_size_is_absurd(alignment) ||
        !altru_is_power_of_two(alignment) || !ready()) {
        return NULL;
    }
    if (alignment < 16) {
        alignment = 16;
    }
    uintptr_t at = altru_round_up(altru_this_thread.stack_cursor, alignment);
    uintptr_t limit = altru_this_thread.stack_limit;
    if (at > limit || size > limit - at) {
        return fall_back(size, alignment);
    }
    altru_this_thread.stack_cursor = at + altru_round_up(size == 0 ? 1 : size, 16);
    return (void *)at;
}

void altru_stack_unwind(altru_stack_mark mark) {
    while (altru_this_thread.stack_fallback > mark) {
        struct node *node = (struct node *)(altru_this_thread.stack_fallback - 1);
        altru_this_thread.stack_fallback = node->before;
        altru_uncount(ALTRU_STACK, node->size);
        altru_free(node->block);
    }
}

altru_stack_mark altru_stack_enter(void) {
    return altru_stack_now();
}

void altru_stack_leave(altru_stack_mark mark) {
    altru_stack_release(mark);
}

size_t altru_stack_used(void) {
    uintptr_t cursor = altru_this_thread.stack_cursor;
    return cursor == 0 ? 0 : cursor - (uintptr_t)range.start;
}
