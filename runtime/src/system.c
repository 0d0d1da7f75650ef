/* system.c - blocks of the heap that come from the malloc of the operating system.
 *
 * What it is for: large blocks, blocks aligned to more than 4096 bytes, sites that ask for the
 * system, and every block where the heap has no range of its own.
 *
 * Invariant: an address outside the heap's range that altru_free may be given is a block of malloc,
 * or secure memory.
 */
#include "internal.h"

#ifdef __APPLE__
#include <malloc/malloc.h>
#define malloc_usable_size malloc_size
#else
#include <malloc.h>
#endif

void *altru_system_alloc(size_t size, size_t alignment) {
    void *block = altru_source_alloc(size, alignment);
    if (block != NULL) {
        altru_count(ALTRU_SYSTEM, malloc_usable_size(block));
    }
    return block;
}

void *altru_system_realloc(void *block, size_t size) {
    size_t before = malloc_usable_size(block);
    /* Never 0 bytes: C lets realloc free the block then. */
    void *moved = altru_source_realloc(block, size == 0 ? 1 : size);
    if (moved != NULL) {
        altru_uncount(ALTRU_SYSTEM, before);
        altru_count(ALTRU_SYSTEM, malloc_usable_size(moved));
    }
    return moved;
}

void altru_system_free(void *block) {
    altru_uncount(ALTRU_SYSTEM, malloc_usable_size(block));
    altru_source_free(block);
}

size_t altru_system_size(void *block) {
    return malloc_usable_size(block);
}
