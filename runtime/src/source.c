/* source.c - all memory comes from here, and all of it could be refused.
 *
 * What it is for: one place that asks the operating system, so that a test can refuse the n-th
 * request (the option fail_after) and see every path that handles it, and so that a system without
 * virtual memory needs one other file.
 *
 * Two kinds: blocks of the C library's malloc, and mapped ranges, whose pages are first reserved
 * (addresses only) and then committed.
 */
#include "internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#ifndef __wasm__
#include <sys/mman.h>
#endif

static atomic_uint_fast64_t requests;

/* Whether the test that is running wants this request to fail. */
static bool is_refused(void) {
    uint64_t limit = altru_option(ALTRU_OPTION_fail_after);
    return limit != 0 && atomic_fetch_add(&requests, 1) + 1 >= limit;
}

void altru_source_restart(void) {
    atomic_store(&requests, 0);
}

/* ---- malloc -----------------------------------------------------------------------------------
 */

void *altru_source_alloc(size_t size, size_t alignment) {
    if (is_refused()) {
        return NULL;
    }
    if (size == 0) {
        size = 1; /* a block without bytes is a block of one byte, for its address */
    }
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

void *altru_source_realloc(void *block, size_t size) {
    return is_refused() ? NULL : realloc(block, size);
}

void altru_source_free(void *block) {
    free(block);
}

/* ---- Mapped ranges ----------------------------------------------------------------------------
 */

#ifdef __wasm__

size_t altru_source_page(void) {
    return 65536;
}

void *altru_source_reserve(size_t size) {
    (void)size;
    return NULL;
}

bool altru_source_commit(void *start, size_t size) {
    (void)start, (void)size;
    return false;
}

void altru_source_purge(void *start, size_t size) {
    (void)start, (void)size;
}

void altru_source_forbid(void *start, size_t size) {
    (void)start, (void)size;
}

void altru_source_release(void *start, size_t size) {
    (void)start, (void)size;
}

#else

static size_t page_size;

__attribute__((constructor(101))) static void learn_page_size(void) {
    page_size = (size_t)sysconf(_SC_PAGESIZE);
}

size_t altru_source_page(void) {
    return page_size;
}

void *altru_source_reserve(size_t size) {
    if (is_refused()) {
        return NULL;
    }
    void *start = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

bool altru_source_commit(void *start, size_t size) {
    return !is_refused() && mprotect(start, size, PROT_READ | PROT_WRITE) == 0;
}

void altru_source_purge(void *start, size_t size) {
    madvise(start, size, MADV_DONTNEED);
}

void altru_source_forbid(void *start, size_t size) {
    mprotect(start, size, PROT_NONE);
}

void altru_source_release(void *start, size_t size) {
    munmap(start, size);
}

#endif
