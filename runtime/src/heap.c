/* heap.c - the heap, over the malloc of the operating system.
 *
 * What it is for: one set of promises on every C library. malloc, realloc and aligned_alloc leave
 * to each platform what happens with size 0, absurd sizes and odd alignments; altru.h does not.
 *
 *     void *block = altru_alloc(0);    // not NULL, unlike every other block
 *     altru_realloc(block, SIZE_MAX);  // NULL, and block is still there
 *
 * Invariant: every block comes from the malloc family, so that free and realloc accept it whichever
 * function gave it.
 */
#include "internal.h"

#include <stdlib.h>

/* A block without bytes is a block of one byte, for its address. */
static size_t at_least_one(size_t size) {
    return size == 0 ? 1 : size;
}

void *altru_alloc(size_t size) {
    if (altru_size_is_absurd(size)) {
        return NULL;
    }
    return malloc(at_least_one(size));
}

void *altru_alloc_aligned(size_t size, size_t alignment) {
    bool is_power_of_two = alignment != 0 && (alignment & (alignment - 1)) == 0;
    if (altru_size_is_absurd(size) || altru_size_is_absurd(alignment) || !is_power_of_two) {
        return NULL;
    }
    size = at_least_one(size);
    if (alignment <= _Alignof(max_align_t) && alignment <= size) {
        return malloc(size); /* C aligns for every type that fits */
    }
    if (alignment < sizeof(void *)) {
        alignment = sizeof(void *); /* the least that posix_memalign takes */
    }
    if (size > (size_t)PTRDIFF_MAX - alignment) {
        return NULL;
    }
    void *block = NULL;
    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

void altru_free(void *block) {
    free(block);
}

void *altru_realloc(void *block, size_t new_size) {
    if (altru_size_is_absurd(new_size)) {
        return NULL;
    }
    /* Never 0 bytes: C lets realloc free the block then. */
    return realloc(block, at_least_one(new_size));
}
