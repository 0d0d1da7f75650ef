/* altru_heap.h - the heap: blocks of any size, released one by one.
 *
 *     void *p = altru_alloc(32);
 *     altru_free(p);
 *
 * Small blocks lie in pages of one size and have no header; what a thread frees it takes again
 * first. Blocks of more than 8192 bytes, or aligned to more than 4096, come from the malloc of the
 * operating system. Any thread may free any block.
 *
 * In a hardened heap (ALTRU_HARDENED=1, or altru_configure before the first allocation) the free of
 * a foreign, interior or freed pointer, a write to a freed block and a write past the end of a
 * sampled one are panics, told with the site where one was given.
 */
#ifndef ALTRU_HEAP_H
#define ALTRU_HEAP_H

#include "altru_base.h"
#include "altru_thread.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Gives a block of at least `size` bytes, aligned for every ordinary type that fits, contents
 * unspecified. NULL when there is not enough memory or the size is absurd. Size 0 gives a block as
 * well: not NULL, unlike every other block, to be freed, with no byte that may be touched. */
ALTRU_API void *altru_alloc(size_t size) __attribute__((malloc, alloc_size(1)));

/* altru_alloc with an address that is a multiple of `alignment`. NULL also when the alignment is
 * not a power of two, or is absurd. */
ALTRU_API void *altru_alloc_aligned(size_t size, size_t alignment)
    __attribute__((malloc, alloc_size(1)));

/* altru_alloc_aligned from the malloc of the operating system, whatever the size. */
ALTRU_API void *altru_alloc_system(size_t size, size_t alignment)
    __attribute__((malloc, alloc_size(1)));

/* Gives a block back. NULL is allowed and does nothing. `block` is a block of this heap, whichever
 * function gave it; afterwards it is none, and no copy of the pointer may be used. */
ALTRU_API void altru_free(void *block);

/* altru_free that knows its place in the program: what a hardened heap says names it. `site` may be
 * NULL; file, line and column are read. */
ALTRU_API void altru_free_at(void *block, const altru_site *site);

/* Gives a block of at least `new_size` bytes that starts with the old contents, as many as fit in
 * both; the rest is unspecified. The block may move: after success the old pointer may not be
 * used, even when the new one is equal to it. NULL when there is not enough memory or the size is
 * absurd: then the old block is intact and still to be freed. A NULL block is altru_alloc. Size 0
 * shrinks to a block without bytes, as in altru_alloc; it does not free. The result is aligned for
 * every ordinary type; what altru_alloc_aligned asked beyond that does not survive. */
ALTRU_API void *altru_realloc(void *block, size_t new_size);

/* How many bytes of a block may be used, at least what was asked for; 0 for NULL. */
ALTRU_API size_t altru_usable_size(const void *block);

/* Gives back to the operating system what this thread and exited ones keep for later: pages without
 * a block. */
ALTRU_API void altru_heap_trim(void);

/* Walks the heap of this thread, those of exited ones, and the pages without an owner, and tells
 * the first invariant that does not hold; NULL when all do. Constant text. For tests: takes time
 * proportional to the heap. */
ALTRU_API const char *altru_heap_check(void);

/* ---- What compiled code calls when an inline test failed ------------------------------------- */

/* Gives a block of a small class whose list in altru_this_thread is empty; NULL when there is no
 * memory. */
ALTRU_API void *altru_refill(uint32_t size_class);

/* The countdown of a page that this thread owns has come to 0. */
ALTRU_API void altru_page_due(altru_page *page);

/* ---- Inline forms ------------------------------------------------------------------------------
 */

/* altru_alloc where the size is a constant: 5 instructions when there is a block at hand. */
static inline void *altru_new(size_t size) {
    if (size > ALTRU_SMALL_MAXIMUM) {
        return altru_alloc(size);
    }
    unsigned size_class = altru_class_of(size);
    void *block = altru_this_thread.free[size_class];
    if (__builtin_expect(block == NULL, 0)) {
        return altru_refill(size_class);
    }
    altru_this_thread.free[size_class] = *(altru_link *)block;
    return block;
}

/* altru_free, inline when this thread took the block from its own heap. */
static inline void altru_delete(void *block) {
    uintptr_t base = altru_heap_range.base, offset = (uintptr_t)block - base;
    if (__builtin_expect(offset < altru_heap_range.size, 1)) {
        altru_page *page = (altru_page *)(base + (offset >> ALTRU_PAGE_SHIFT) * sizeof(altru_page));
        if (__builtin_expect(page->owner == altru_this_thread.heap, 1)) {
            *(altru_link *)block = page->free;
            page->free = block;
            if (__builtin_expect(--page->countdown == 0, 0)) {
                altru_page_due(page);
            }
            return;
        }
    }
    altru_free(block);
}

#ifdef __cplusplus
}
#endif

#endif
