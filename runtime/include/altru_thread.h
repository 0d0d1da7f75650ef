/* altru_thread.h - the part of the allocators that compiled code and these headers reach into.
 *
 * What it is for: an allocation that costs five instructions cannot call anything. The common cases
 * are therefore written out where they are used, by the compiler in LLVM IR and here as inline
 * functions, over three structures that are part of the ABI:
 *
 *     altru_thread   what belongs to one thread: the blocks of each small size that it may take
 * next altru_page     one per 64 KiB of the heap: who owns them, which blocks have come back
 *     altru_range    where the heap lies, so that an address says whether it is in it
 *
 * Everything that is not common (no block left, another thread's block, a checked heap, a block of
 * the system) fails one of the tests below and goes to a function in C.
 *
 * Glossary
 *
 *   class     a size of blocks; a request is rounded up to the next one. Classes 0 to 20 (8 to 1024
 *             bytes) are small, up to 32 (8192 bytes) medium; what is larger is the system's.
 *   page      64 KiB of the heap, all blocks of one class, owned by one heap.
 *   heap      the pages of one thread; it outlives the thread and is taken over by a later one.
 *
 * Invariant: a thread touches `free` and `countdown` of a page only when it owns it. In a checked
 * heap (ALTRU_HARDENED, ALTRU_STATISTICS) every list of every thread is empty and the range has no
 * bytes, so that both inline tests fail and nothing has to be compiled differently.
 */
#ifndef ALTRU_THREAD_H
#define ALTRU_THREAD_H

#include "altru_base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ALTRU_SMALL_CLASSES = 21, /* 8 to 1024 bytes: their lists are in altru_thread */
    ALTRU_CLASSES = 33,       /* 8 to 8192 bytes */
    ALTRU_SMALL_MAXIMUM = 1024,
    ALTRU_BLOCK_MAXIMUM = 8192,
    ALTRU_PAGE_SHIFT = 16,
    ALTRU_PAGE_SIZE = 1 << ALTRU_PAGE_SHIFT,
};

struct altru_heap;

/* One page. 64 bytes, so that the entry of an address is found with a shift and a mask. */
typedef struct altru_page {
    struct altru_heap *owner; /* 0: the heap, NULL for none, or no heap's address at all */
    void *free;               /* 8: blocks that the owner freed, linked through their first word */
    int32_t countdown;        /* 16: so many frees by the owner until altru_page_due must know */
    int32_t credit;           /* 20: countdown plus the length of `free` */
    uint32_t block_size;      /* 24 */
    uint8_t size_class;       /* 28 */
    uint8_t state;            /* 29: enum page_state in heap.c */
    uint16_t capacity;        /* 30: blocks that fit */
    uint16_t carved;          /* 32: blocks that were ever made */
    struct altru_page *next;  /* 40: neighbours in a list of pages */
    struct altru_page *previous;
    uint64_t reserved;
} altru_page;

/* What belongs to one thread. All zero at its start. */
typedef struct altru_thread {
    void *
        free[ALTRU_SMALL_CLASSES]; /* blocks of each small class, linked through their first word */
    struct altru_heap *heap;       /* NULL until the first slow allocation */
    uintptr_t stack_cursor;        /* altru_stack.h: the next free byte */
    uintptr_t stack_limit;         /* the end of the room there; 0 until the first use */
    uintptr_t stack_fallback;      /* the last allocation that the heap had to serve; 0: none */
} altru_thread;

/* Where the heap lies: `size` bytes from `base`, which begin with the table of pages. Both are 0
 * where there is no such place (WebAssembly, AddressSanitizer); a checked heap sets size to 0. Set
 * before there is a second thread. */
typedef struct altru_range {
    uintptr_t base;
    uintptr_t size;
} altru_range;

/* The first word of a free block. It may lie over any object that was there. */
typedef void *__attribute__((may_alias)) altru_link;

#define ALTRU_INITIAL_EXEC __attribute__((tls_model("initial-exec")))

extern ALTRU_API _Thread_local altru_thread altru_this_thread ALTRU_INITIAL_EXEC;
extern ALTRU_API altru_range altru_heap_range;

/* The distance of altru_this_thread from the thread pointer, the same in every thread: how code
 * that is compiled into a running process reaches it. */
ALTRU_API ptrdiff_t altru_thread_offset(void);

/* The class of a request of at most ALTRU_BLOCK_MAXIMUM bytes.
 *
 *     0: 8, 1..8: 16 to 128 in steps of 16, then four to each doubling: 160 192 224 256 320 ... */
static inline unsigned altru_class_of(size_t size) {
    if (size <= 128) {
        return size <= 8 ? 0 : (unsigned)((size + 15) / 16);
    }
    unsigned bits = (unsigned)(sizeof(unsigned long) * 8 - 1) - (unsigned)__builtin_clzl(size - 1);
    return 8 + (bits - 7) * 4 + (unsigned)((size - 1) >> (bits - 2)) - 3;
}

/* How many bytes a block of a class has. */
static inline size_t altru_class_size(unsigned size_class) {
    if (size_class <= 8) {
        return size_class == 0 ? 8 : (size_t)size_class * 16;
    }
    unsigned group = (size_class - 9) / 4;
    return (size_t)(5 + (size_class - 9) % 4) << (5 + group);
}

#ifdef __cplusplus
}
#endif

#endif
