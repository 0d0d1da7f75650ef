/* heap.c - small blocks: thread-local lists over pages of one size.
 *
 * What it is for: a block costs a few instructions where a list has one (altru_thread.h), and this
 * file is everything else: where the lists are filled from, what happens to a page whose blocks
 * came back, to blocks that another thread frees, and to the heap of a thread that ends.
 *
 *     thread list <- page->free of the current page <- a waiting page <- a free page (pages.c)
 *
 * A page is in one of these states:
 *
 *     current   the one that its class takes blocks from; its blocks at hand are in the thread list
 *     waiting   has enough free blocks, in its class's queue; when all are free it is given back
 *     full      had not enough when it stopped to be current; an eighth of its blocks, or 4 KiB,
 *               must have come back before it is looked at again
 *
 * The countdown of a page says when the owner must look (altru_page_due): at a full page when it
 * has enough, at a waiting one when it is empty.
 *
 * A block that another thread frees goes to its owner in two steps. Those of one page are chained
 * by the thread that frees them; a chain is a message, told by its last block, and messages are
 * linked and put together into the owner's list `remote`, which the owner empties whenever it fills
 * a list. It puts a whole chain in front of page->free and looks at one of its blocks only:
 *
 *     first -> ... -> last: | next message | blocks | first |
 *
 * Free lists sharded by page: Leijen, Zorn, de Moura, "Mimalloc: Free List Sharding in Action"
 * (2019). The countdown and the one remote list per owner: Lietar et al., "snmalloc: A Message
 * Passing Allocator" (2019); messages of a page's blocks: "BatchIt: Optimizing Message-Passing
 * Allocators for Producer-Consumer Workloads" (2024).
 *
 * Invariant: carved = blocks in use + page->free + the thread list, if it is the current page;
 * the length of page->free is credit - countdown.
 */
#include "internal.h"

#include <string.h>
#ifndef __wasm__
#include <pthread.h>
#endif

enum page_state { PAGE_FREE, PAGE_CURRENT, PAGE_WAITING, PAGE_FULL };

enum {
    NEVER = INT32_MAX / 2, /* a countdown that does not end: a page has at most 8192 blocks */
    CARVE = 4096,          /* bytes that are made into blocks at once */
    KEPT = 4,              /* empty pages that a heap keeps to itself */
    BATCH = 64,            /* blocks that are sent to another heap at once */
    CHAINS = 16,           /* pages whose blocks a thread chains at the same time */
};

/* Blocks of a page of another heap that this thread freed, in that order. */
struct chain {
    altru_page *page; /* NULL: there is none */
    void *first, *last;
    unsigned count, room;
};

typedef struct altru_heap {
    void *medium[ALTRU_CLASSES - ALTRU_SMALL_CLASSES]; /* lists of the classes above small */
    altru_page *current[ALTRU_CLASSES];
    altru_page *waiting[ALTRU_CLASSES]; /* doubly linked */
    altru_page *full;                   /* doubly linked, all classes */
    altru_page *kept;                   /* singly linked */
    unsigned kept_count;
    size_t given[ALTRU_CLASSES]; /* blocks that were put into the thread list */
    altru_thread *thread;        /* NULL: no thread has this heap */
    struct altru_heap *next;     /* all heaps */
    struct chain chains[CHAINS]; /* by the page's number */
    struct {
        struct altru_heap *owner;
        void *first, *last;
        unsigned count;                  /* blocks */
    } outgoing;                          /* messages to another heap */
    _Alignas(64) _Atomic(void *) remote; /* messages of other threads */
} altru_heap;

_Thread_local altru_thread altru_this_thread ALTRU_INITIAL_EXEC;

/* All heaps there ever were, under ALTRU_LOCK_HEAPS; they are never released. */
static altru_heap *heaps;

ptrdiff_t altru_thread_offset(void) {
    return (char *)&altru_this_thread - (char *)__builtin_thread_pointer();
}

static altru_link *word(void *block) {
    return (altru_link *)block;
}

/* ---- Lists of pages -----------------------------------------------------------------------------
 */

static void push_page(altru_page **list, altru_page *page) {
    page->previous = NULL;
    page->next = *list;
    if (*list != NULL) {
        (*list)->previous = page;
    }
    *list = page;
}

static void unlink_page(altru_page **list, altru_page *page) {
    if (page->previous != NULL) {
        page->previous->next = page->next;
    } else {
        *list = page->next;
    }
    if (page->next != NULL) {
        page->next->previous = page->previous;
    }
}

/* ---- One page -----------------------------------------------------------------------------------
 */

/* Blocks in page->free. */
static int32_t returned(const altru_page *page) {
    return page->credit - page->countdown;
}

static void set_countdown(altru_page *page, int32_t count) {
    page->credit = returned(page) + count;
    page->countdown = count;
}

/* How many blocks a filling should bring at least, so that its cost does not tell. */
static int32_t enough(const altru_page *page) {
    int32_t eighth = page->capacity / 8, step = CARVE / (int32_t)page->block_size;
    int32_t count = eighth < step ? eighth : step;
    return count < 1 ? 1 : count;
}

/* A page with less than enough blocks to give: not looked at until it has them. */
static void page_becomes_full(altru_heap *heap, altru_page *page) {
    page->state = PAGE_FULL;
    push_page(&heap->full, page);
    set_countdown(page, enough(page) - returned(page));
}

/* A page without a block in use: stays with this heap, or goes to all. */
static void retire(altru_heap *heap, altru_page *page) {
    if (heap->kept_count < KEPT) {
        page->state = PAGE_FREE;
        page->next = heap->kept;
        heap->kept = page;
        heap->kept_count++;
    } else {
        altru_page_give(page);
    }
}

void altru_page_due(altru_page *page) {
    altru_heap *heap = page->owner;
    int32_t in_use = page->carved - returned(page);
    switch (page->state) {
    case PAGE_FULL:
        unlink_page(&heap->full, page);
        if (in_use == 0) {
            retire(heap, page);
            return;
        }
        page->state = PAGE_WAITING;
        push_page(&heap->waiting[page->size_class], page);
        set_countdown(page, in_use);
        break;
    case PAGE_WAITING:
        unlink_page(&heap->waiting[page->size_class], page);
        retire(heap, page);
        break;
    default:
        set_countdown(page, NEVER);
    }
}

/* Frees a block of a page that this thread owns. */
static inline void free_own(altru_page *page, void *block) {
    *word(block) = page->free;
    page->free = block;
    if (--page->countdown == 0) {
        altru_page_due(page);
    }
}

/* ---- Other threads' blocks
 * ------------------------------------------------------------------------ */

static altru_heap *own_heap(void);

/* What the last block of a chain holds on its way: where in the range that of the next message is
 * (0: none), the number of blocks, and where in the page the first is. A block may have 8 bytes, so
 * all is in one word. */
typedef uint64_t __attribute__((may_alias)) message;

enum { FIRST_BITS = ALTRU_PAGE_SHIFT - 3, COUNT_BITS = 7 };

_Static_assert(ALTRU_SPAN_SHIFT - 3 + COUNT_BITS + FIRST_BITS == 64, "a message is one word");
_Static_assert(BATCH < 1 << COUNT_BITS, "the blocks of a chain can be told");

static message message_of(const struct chain *chain, const void *next) {
    uint64_t place = next == NULL ? 0 : ((uintptr_t)next - altru_heap_range.base) >> 3;
    uint64_t first = ((uintptr_t)chain->first & (ALTRU_PAGE_SIZE - 1)) >> 3;
    return (place << COUNT_BITS | chain->count) << FIRST_BITS | first;
}

static void *next_message(message held) {
    uint64_t place = held >> (COUNT_BITS + FIRST_BITS);
    return place == 0 ? NULL : (void *)(altru_heap_range.base + (uintptr_t)(place << 3));
}

static unsigned count_in(message held) {
    return (unsigned)(held >> FIRST_BITS) & ((1u << COUNT_BITS) - 1);
}

static void *first_in(message held, const altru_page *page) {
    return altru_page_start(page) + ((held & ((1u << FIRST_BITS) - 1)) << 3);
}

static message with_next(message held, const void *next) {
    enum { REST = COUNT_BITS + FIRST_BITS };
    uint64_t place = next == NULL ? 0 : ((uintptr_t)next - altru_heap_range.base) >> 3;
    return (held & (((uint64_t)1 << REST) - 1)) | place << REST;
}

/* Gives linked messages to the heap that owns their pages. */
static void send(altru_heap *owner, void *first, void *last) {
    void *before = atomic_load_explicit(&owner->remote, memory_order_relaxed);
    do {
        *(message *)last = with_next(*(message *)last, before);
    } while (!atomic_compare_exchange_weak_explicit(&owner->remote, &before, first,
                                                    memory_order_release, memory_order_relaxed));
}

static void send_outgoing(altru_heap *heap) {
    if (heap->outgoing.count != 0) {
        send(heap->outgoing.owner, heap->outgoing.first, heap->outgoing.last);
        heap->outgoing.count = 0;
    }
}

static struct chain *chain_of(altru_heap *heap, const altru_page *page) {
    return &heap->chains[(uintptr_t)page / sizeof *page % CHAINS];
}

/* Makes a message of a chain, which goes with others. */
__attribute__((noinline)) static void close_chain(altru_heap *heap, struct chain *chain) {
    altru_heap *owner = chain->page->owner;
    if (heap->outgoing.count != 0 && heap->outgoing.owner != owner) {
        send_outgoing(heap);
    }
    bool is_first = heap->outgoing.count == 0;
    *(message *)chain->last = message_of(chain, is_first ? NULL : heap->outgoing.first);
    heap->outgoing.owner = owner;
    heap->outgoing.first = chain->last;
    if (is_first) {
        heap->outgoing.last = chain->last;
    }
    heap->outgoing.count += chain->count;
    chain->page = NULL;
    if (heap->outgoing.count >= BATCH) {
        send_outgoing(heap);
    }
}

/* Everything that is on its way from this heap arrives. */
static void send_all(altru_heap *heap) {
    for (unsigned c = 0; c < CHAINS; c++) {
        if (heap->chains[c].page != NULL) {
            close_chain(heap, &heap->chains[c]);
        }
    }
    send_outgoing(heap);
}

/* free_remote when the block begins a chain. */
__attribute__((noinline)) static void begin_chain(altru_page *page, void *block) {
    altru_heap *heap = own_heap();
    if (heap == NULL) {
        struct chain alone = {page, block, block, 1, 0};
        *(message *)block = message_of(&alone, NULL);
        send(page->owner, block, block);
        return;
    }
    struct chain *chain = chain_of(heap, page);
    if (chain->page != NULL) {
        close_chain(heap, chain);
    }
    unsigned room = page->capacity / 4; /* 16 KiB, so that not much lies about */
    *chain = (struct chain){page, block, block, 1, room > BATCH ? BATCH : room};
    if (chain->room == 1) {
        close_chain(heap, chain);
    }
}

/* Frees a block of another thread's page. */
static inline void free_remote(altru_page *page, void *block) {
    altru_heap *heap = altru_this_thread.heap;
    if (__builtin_expect(heap != NULL, 1)) {
        struct chain *chain = chain_of(heap, page);
        if (__builtin_expect(chain->page == page, 1)) {
            *word(chain->last) = block;
            chain->last = block;
            if (__builtin_expect(++chain->count == chain->room, 0)) {
                close_chain(heap, chain);
            }
            return;
        }
    }
    begin_chain(page, block);
}

/* Frees what other threads freed of this heap's. */
static void collect_remote(altru_heap *heap) {
    if (atomic_load_explicit(&heap->remote, memory_order_relaxed) == NULL) {
        return;
    }
    void *last = atomic_exchange_explicit(&heap->remote, NULL, memory_order_acquire);
    while (last != NULL) {
        message held = *(message *)last;
        altru_page *page = altru_page_of(last);
        *word(last) = page->free;
        page->free = first_in(held, page);
        page->countdown -= (int32_t)count_in(held);
        if (page->countdown <= 0) {
            altru_page_due(page);
        }
        last = next_message(held);
    }
}

/* ---- Heaps and threads
 * ---------------------------------------------------------------------------- */

static void **list_of(altru_heap *heap, unsigned size_class) {
    return size_class < ALTRU_SMALL_CLASSES ? &altru_this_thread.free[size_class]
                                            : &heap->medium[size_class - ALTRU_SMALL_CLASSES];
}

/* Puts every block at hand back into its page; pages without a block in use go back to all. */
static void settle(altru_heap *heap) {
    for (unsigned c = 0; c < ALTRU_CLASSES; c++) {
        altru_page *page = heap->current[c];
        if (page == NULL) {
            continue;
        }
        void **list = list_of(heap, c);
        while (*list != NULL) {
            void *block = *list;
            *list = *word(block);
            *word(block) = page->free;
            page->free = block;
            page->credit++; /* one more returned, without a countdown */
            heap->given[c]--;
        }
        heap->current[c] = NULL;
        int32_t in_use = page->carved - returned(page);
        if (in_use == 0) {
            retire(heap, page);
        } else if (returned(page) >= enough(page) || page->carved < page->capacity) {
            page->state = PAGE_WAITING;
            push_page(&heap->waiting[c], page);
            set_countdown(page, in_use);
        } else {
            page_becomes_full(heap, page);
        }
    }
    while (heap->kept != NULL) {
        altru_page *page = heap->kept;
        heap->kept = page->next;
        heap->kept_count--;
        altru_page_give(page);
    }
}

/* Frees what was freed of the heaps that no thread has; the pages that this empties go back. */
static void collect_orphans(void) {
    altru_lock(ALTRU_LOCK_HEAPS);
    for (altru_heap *heap = heaps; heap != NULL; heap = heap->next) {
        if (heap->thread == NULL) {
            collect_remote(heap);
            settle(heap);
        }
    }
    altru_unlock(ALTRU_LOCK_HEAPS);
}

#ifndef __wasm__

static pthread_key_t at_thread_exit;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void leave_heap(void *given) {
    altru_heap *heap = given;
    send_all(heap);
    collect_remote(heap);
    settle(heap);
    altru_lock(ALTRU_LOCK_HEAPS);
    heap->thread = NULL;
    altru_unlock(ALTRU_LOCK_HEAPS);
    altru_this_thread.heap = NULL;
}

static void make_key(void) {
    pthread_key_create(&at_thread_exit, leave_heap);
}

/* Has leave_heap called when this thread ends; false when the system cannot. */
static bool watch_thread(altru_heap *heap) {
    pthread_once(&key_once, make_key);
    return pthread_setspecific(at_thread_exit, heap) == 0;
}

#else

static bool watch_thread(altru_heap *heap) {
    (void)heap;
    return true;
}

#endif

/* The heap of this thread: the one it has, one that an exited thread left, or a new one. NULL when
 * there is no memory, or no range to have pages in. */
static altru_heap *own_heap(void) {
    altru_heap *heap = altru_this_thread.heap;
    if (heap != NULL) {
        return heap;
    }
    if (altru_heap_range.size == 0) {
        return NULL;
    }
    altru_lock(ALTRU_LOCK_HEAPS);
    for (heap = heaps; heap != NULL && heap->thread != NULL; heap = heap->next) {
    }
    if (heap == NULL) {
        heap = altru_source_alloc(sizeof(altru_heap), _Alignof(altru_heap));
        if (heap != NULL) {
            memset(heap, 0, sizeof(altru_heap));
            heap->next = heaps;
            heaps = heap;
        }
    }
    if (heap != NULL) {
        heap->thread = &altru_this_thread;
    }
    altru_unlock(ALTRU_LOCK_HEAPS);
    if (heap != NULL) {
        altru_this_thread.heap = heap;
        watch_thread(heap);
    }
    return heap;
}

/* ---- Filling a list
 * ------------------------------------------------------------------------------- */

/* All blocks that came back to a page that is current. */
static void *take_returned(altru_heap *heap, altru_page *page) {
    void *first = page->free;
    heap->given[page->size_class] += (size_t)returned(page);
    page->free = NULL;
    page->countdown = page->credit = NEVER;
    return first;
}

/* Makes the next blocks of a page, in order of address, and puts those that came back behind them;
 * returns the first. */
static void *carve(altru_heap *heap, altru_page *page) {
    unsigned left = page->capacity - page->carved;
    unsigned count = page->block_size >= CARVE ? 1 : CARVE / page->block_size;
    if (count > left) {
        count = left;
    }
    char *first = altru_page_start(page) + (size_t)page->carved * page->block_size;
    char *block = first;
    for (unsigned made = 1; made < count; made++) {
        char *next = block + page->block_size;
        *word(block) = next;
        block = next;
    }
    *word(block) = take_returned(heap, page);
    page->carved = (uint16_t)(page->carved + count);
    heap->given[page->size_class] += count;
    return first;
}

/* A page for a class that has none: a waiting one, an empty one of this heap, a new one. */
static altru_page *next_page(altru_heap *heap, unsigned size_class) {
    altru_page *page = heap->waiting[size_class];
    if (page != NULL) {
        unlink_page(&heap->waiting[size_class], page);
        page->state = PAGE_CURRENT;
        return page;
    }
    if (heap->kept != NULL) {
        page = heap->kept;
        heap->kept = page->next;
        heap->kept_count--;
    } else {
        collect_orphans();
        page = altru_page_take();
        if (page == NULL) {
            return NULL;
        }
    }
    size_t size = altru_class_size(size_class);
    page->owner = heap;
    page->free = NULL;
    page->countdown = page->credit = NEVER;
    page->block_size = (uint32_t)size;
    page->size_class = (uint8_t)size_class;
    page->state = PAGE_CURRENT;
    page->capacity = (uint16_t)(ALTRU_PAGE_SIZE / size);
    page->carved = 0;
    return page;
}

/* Fills the empty list of a class; returns its first block, which stays in it, or NULL. */
static void *fill(altru_heap *heap, unsigned size_class) {
    collect_remote(heap);
    for (;;) {
        altru_page *page = heap->current[size_class];
        if (page != NULL && returned(page) >= enough(page)) {
            return take_returned(heap, page);
        }
        if (page != NULL && page->carved < page->capacity) {
            return carve(heap, page);
        }
        if (page != NULL) {
            page_becomes_full(heap, page);
        }
        page = heap->current[size_class] = next_page(heap, size_class);
        if (page == NULL) {
            return NULL;
        }
    }
}

void *altru_refill(uint32_t size_class) {
    if (altru_is_checked()) {
        return altru_checked_alloc(altru_class_size(size_class), 1);
    }
    altru_heap *heap = own_heap();
    void *block = heap == NULL ? NULL : fill(heap, size_class);
    if (block == NULL) {
        return altru_system_alloc(altru_class_size(size_class), 1);
    }
    *list_of(heap, size_class) = *word(block);
    return block;
}

/* ---- The public functions
 * --------------------------------------------------------------------------- */

/* The class of sizes up to 1024, by eighths. */
static const uint8_t small_class[ALTRU_SMALL_MAXIMUM / 8 + 1] = {
#define TWO(c) c, c
#define FOUR(c) TWO(c), TWO(c)
#define EIGHT(c) FOUR(c), FOUR(c)
#define SIXTEEN(c) EIGHT(c), EIGHT(c)
    0,         0,         1,           TWO(2),      TWO(3),      TWO(4),      TWO(5),    TWO(6),
    TWO(7),    TWO(8),    FOUR(9),     FOUR(10),    FOUR(11),    FOUR(12),    EIGHT(13), EIGHT(14),
    EIGHT(15), EIGHT(16), SIXTEEN(17), SIXTEEN(18), SIXTEEN(19), SIXTEEN(20),
#undef TWO
#undef FOUR
#undef EIGHT
#undef SIXTEEN
};

__attribute__((noinline)) static void *alloc_without_list(size_t size, unsigned size_class) {
    if (altru_is_checked()) {
        return altru_checked_alloc(size, 1);
    }
    return altru_heap_range.size == 0 ? altru_system_alloc(size, 1) : altru_refill(size_class);
}

static void *alloc_medium(size_t size) {
    unsigned size_class = altru_class_of(size);
    altru_heap *heap = altru_this_thread.heap;
    if (heap != NULL) {
        void **list = &heap->medium[size_class - ALTRU_SMALL_CLASSES];
        void *block = *list;
        if (block != NULL) {
            *list = *word(block);
            return block;
        }
    }
    return alloc_without_list(size, size_class);
}

/* altru_alloc of what is not small. */
__attribute__((noinline)) static void *alloc_large(size_t size) {
    if (altru_size_is_absurd(size)) {
        return NULL;
    }
    if (altru_is_checked()) {
        return altru_checked_alloc(size, 1);
    }
    return size <= ALTRU_BLOCK_MAXIMUM ? alloc_medium(size) : altru_system_alloc(size, 1);
}

void *altru_alloc(size_t size) {
    if (__builtin_expect(size > ALTRU_SMALL_MAXIMUM, 0)) {
        return alloc_large(size);
    }
    unsigned size_class = small_class[(size + 7) / 8];
    void *block = altru_this_thread.free[size_class];
    if (__builtin_expect(block == NULL, 0)) {
        return alloc_without_list(size, size_class);
    }
    void *next = *word(block);
    altru_this_thread.free[size_class] = next;
    return block;
}

void *altru_alloc_aligned(size_t size, size_t alignment) {
    if (altru_size_is_absurd(size) || altru_size_is_absurd(alignment) ||
        !altru_is_power_of_two(alignment)) {
        return NULL;
    }
    if (altru_is_checked()) {
        return altru_checked_alloc(size, alignment);
    }
    if (alignment > 4096 || size > ALTRU_BLOCK_MAXIMUM || altru_heap_range.size == 0) {
        return altru_system_alloc(size, alignment);
    }
    /* Pages are aligned to 64 KiB, so a class whose size is a multiple has only aligned blocks;
     * each power of two is a class. */
    size_t rounded = altru_round_up(size == 0 ? 1 : size, alignment);
    unsigned size_class = altru_class_of(rounded);
    while (altru_class_size(size_class) % alignment != 0) {
        size_class++;
    }
    void *block = altru_alloc(altru_class_size(size_class));
    if (block != NULL && (uintptr_t)block % alignment != 0) { /* the range is full: the system's */
        altru_free(block);
        block = altru_system_alloc(size, alignment);
    }
    return block;
}

void *altru_alloc_system(size_t size, size_t alignment) {
    if (altru_size_is_absurd(size) || altru_size_is_absurd(alignment) ||
        !altru_is_power_of_two(alignment)) {
        return NULL;
    }
    if (altru_is_checked()) {
        return altru_checked_system(size, alignment);
    }
    return altru_system_alloc(size, alignment);
}

/* What is in no page; everything in a checked heap. */
__attribute__((noinline)) static void free_elsewhere(void *block, const altru_site *site) {
    if (block == NULL) {
        return;
    } else if (altru_secure_owns(block)) {
        altru_secure_free(block);
    } else if (altru_is_checked()) {
        altru_checked_free(block, site);
    } else {
        altru_system_free(block);
    }
}

void altru_free_at(void *block, const altru_site *site) {
    if (__builtin_expect(altru_in_range(block), 1)) {
        altru_page *page = altru_page_of(block);
        if (__builtin_expect(page->owner == altru_this_thread.heap, 1)) {
            free_own(page, block);
        } else {
            free_remote(page, block);
        }
        return;
    }
    free_elsewhere(block, site);
}

void altru_free(void *block) {
    if (__builtin_expect(altru_in_range(block), 1)) {
        altru_page *page = altru_page_of(block);
        if (__builtin_expect(page->owner == altru_this_thread.heap, 1)) {
            free_own(page, block);
        } else {
            free_remote(page, block);
        }
        return;
    }
    free_elsewhere(block, NULL);
}

size_t altru_usable_size(const void *block) {
    if (block == NULL) {
        return 0;
    }
    if (altru_secure_owns(block)) {
        return altru_secure_size(block);
    }
    if (altru_is_checked()) {
        return altru_checked_size((void *)block, NULL);
    }
    return altru_in_range(block) ? altru_page_of(block)->block_size
                                 : altru_system_size((void *)block);
}

void *altru_realloc(void *block, size_t new_size) {
    if (block == NULL) {
        return altru_alloc(new_size);
    }
    if (altru_size_is_absurd(new_size)) {
        return NULL;
    }
    size_t old_size = altru_usable_size(block);
    bool is_system = !altru_is_checked() && !altru_in_range(block) && !altru_secure_owns(block);
    if (is_system && new_size > ALTRU_BLOCK_MAXIMUM) {
        return altru_system_realloc(block, new_size);
    }
    if (!altru_is_checked() && new_size <= old_size && new_size >= old_size / 2) {
        return block; /* a smaller block would save less than half */
    }
    void *moved = altru_secure_owns(block) ? altru_secure_alloc(new_size) : altru_alloc(new_size);
    if (moved != NULL) {
        memcpy(moved, block, new_size < old_size ? new_size : old_size);
        altru_free(block);
    }
    return moved;
}

void altru_heap_trim(void) {
    altru_heap *heap = altru_this_thread.heap;
    if (heap != NULL) {
        send_all(heap);
        collect_remote(heap);
        settle(heap);
    }
    collect_orphans();
    altru_pages_trim();
}

/* ---- Walking
 * ---------------------------------------------------------------------------------------- */

static size_t length_of(void *block) {
    size_t length = 0;
    for (; block != NULL; block = *word(block)) {
        length++;
    }
    return length;
}

ALTRU_UNSYNCHRONIZED void altru_heap_statistics(altru_statistics *out) {
    if (altru_is_checked()) {
        return; /* the counters are exact */
    }
    size_t given = 0, in_use = 0;
    altru_heap *own = altru_this_thread.heap;
    altru_lock(ALTRU_LOCK_HEAPS);
    for (altru_heap *heap = heaps; heap != NULL; heap = heap->next) {
        for (unsigned c = 0; c < ALTRU_CLASSES; c++) {
            size_t at_hand = heap == own ? length_of(*list_of(heap, c)) : 0;
            given += heap->given[c] - at_hand;
            in_use -= at_hand * altru_class_size(c);
        }
    }
    altru_unlock(ALTRU_LOCK_HEAPS);
    size_t blocks = 0;
    altru_page *page;
    for (size_t index = 0; (page = altru_page_at(index)) != NULL; index++) {
        if (page->state != PAGE_FREE) {
            size_t busy = (size_t)(page->carved - returned(page));
            blocks += busy;
            in_use += busy * page->block_size;
        }
    }
    if (own != NULL) {
        for (unsigned c = 0; c < ALTRU_CLASSES; c++) {
            blocks -= length_of(*list_of(own, c));
        }
    }
    out->current = in_use;
    out->allocations = given;
    out->releases = given - blocks;
    out->reserved = altru_pages_used() << ALTRU_PAGE_SHIFT;
    out->peak = altru_pages_most() << ALTRU_PAGE_SHIFT;
}

/* The first thing that is wrong with a list of blocks of a page. */
static const char *check_blocks(const altru_page *page, void *block, size_t expected) {
    uintptr_t start = (uintptr_t)altru_page_start(page);
    size_t length = 0;
    for (; block != NULL; block = *word(block)) {
        uintptr_t offset = (uintptr_t)block - start;
        if (offset >= (size_t)page->carved * page->block_size) {
            return "a free block lies outside the blocks of its page";
        }
        if (offset % page->block_size != 0) {
            return "a free block does not begin where a block begins";
        }
        if (++length > expected) {
            return "a list of free blocks is longer than its count";
        }
    }
    return length == expected ? NULL : "a list of free blocks is shorter than its count";
}

static const char *check_page(const altru_heap *heap, const altru_page *page, unsigned state) {
    int32_t free_blocks = returned(page);
    if (page->owner != heap) {
        return "a page in a heap's list has another owner";
    }
    if (page->state != state) {
        return "a page is in the list of another state";
    }
    if (page->carved > page->capacity || page->countdown <= 0 || free_blocks < 0 ||
        free_blocks > page->carved) {
        return "a page's counts do not fit";
    }
    if (state == PAGE_WAITING && page->countdown != page->carved - free_blocks) {
        return "a waiting page would not be noticed when it is empty";
    }
    return check_blocks(page, page->free, (size_t)free_blocks);
}

static const char *check_heap(altru_heap *heap, bool with_lists) {
    const char *wrong = NULL;
    for (unsigned c = 0; c < ALTRU_CLASSES && wrong == NULL; c++) {
        altru_page *page = heap->current[c];
        if (page != NULL && page->size_class != c) {
            return "the current page of a class has another class";
        }
        if (page != NULL) {
            wrong = check_page(heap, page, PAGE_CURRENT);
        }
        void *list = with_lists ? *list_of(heap, c) : NULL;
        if (wrong == NULL && list != NULL) {
            wrong = page == NULL ? "a list of blocks without a page"
                                 : check_blocks(page, list, length_of(list));
        }
        for (page = heap->waiting[c]; page != NULL && wrong == NULL; page = page->next) {
            wrong = page->size_class == c ? check_page(heap, page, PAGE_WAITING)
                                          : "a waiting page is in another class's queue";
        }
    }
    for (altru_page *page = heap->full; page != NULL && wrong == NULL; page = page->next) {
        wrong = check_page(heap, page, PAGE_FULL);
    }
    return wrong;
}

const char *altru_heap_check(void) {
    const char *wrong = altru_is_checked() ? altru_checked_check() : NULL;
    altru_heap *own = altru_this_thread.heap;
    if (wrong == NULL && own != NULL) {
        wrong = check_heap(own, true);
    }
    altru_lock(ALTRU_LOCK_HEAPS);
    for (altru_heap *heap = heaps; heap != NULL && wrong == NULL; heap = heap->next) {
        if (heap->thread == NULL) {
            wrong = check_heap(heap, false);
        }
    }
    altru_unlock(ALTRU_LOCK_HEAPS);
    return wrong != NULL ? wrong : altru_pages_check();
}
