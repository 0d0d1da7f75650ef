/* checked.c - the heap that looks at everything: hardened, or counting exactly.
 *
 * What it is for: with ALTRU_HARDENED=1 a wrong free and a write to memory that is not the
 * program's are found and told; with ALTRU_STATISTICS=1 every allocation is counted. It is chosen
 * when the first block is allocated. The inline paths of compiled code stay as they are: the
 * thread lists are never filled and no page has an owner, so that each of them comes here.
 *
 *     record of a block: {next in the queue of freed ones, size as asked for, state}
 *
 * What is known about a block is in its page's records, out of reach of the program's writes: there
 * is no link in a freed block that could be overwritten. When hardened, freed blocks are filled and
 * queue up before they are used again, and the room behind a block is filled; both are compared
 * later. One block in `sample` gets pages of its own (guarded.c), where the access itself faults.
 *
 * Invariant: under ALTRU_LOCK_CHECKED, records[i].state is LIVE for exactly the blocks that the
 * program has.
 */
#include "internal.h"

#include <string.h>

enum record_state { NEVER_GIVEN, LIVE, FREED };

struct record {
    void *next;
    uint32_t size;
    uint32_t state;
};

enum {
    FILL_FREED = 0xdf,
    FILL_BEHIND = 0xfb,
    QUEUE = 64, /* freed blocks of a class that wait at least, when hardened */
};

#define NO_HEAP ((struct altru_heap *)(uintptr_t)1)

/* Blocks of one class. */
static struct {
    altru_page *page;   /* where new ones are carved */
    void *first, *last; /* freed ones, the oldest first */
    size_t count;
} classes[ALTRU_CLASSES];

/* ---- Whether it is in use
 * ------------------------------------------------------------------------ */

enum mode { UNDECIDED, FAST, COUNTING, HARDENED };

static atomic_int mode;

static enum mode decide(void) {
    altru_options_settle();
    int wanted = altru_option(ALTRU_OPTION_hardened) != 0     ? HARDENED
                 : altru_option(ALTRU_OPTION_statistics) != 0 ? COUNTING
                                                              : FAST;
    int before = UNDECIDED;
    if (atomic_compare_exchange_strong(&mode, &before, wanted) && wanted != FAST) {
        altru_pages_hide(); /* every free comes here, wherever it points */
    }
    return (enum mode)atomic_load(&mode);
}

static enum mode current_mode(void) {
    int now = atomic_load_explicit(&mode, memory_order_relaxed);
    return now == UNDECIDED ? decide() : (enum mode)now;
}

bool altru_is_checked(void) {
    return current_mode() >= COUNTING;
}

static bool is_hardened(void) {
    return current_mode() == HARDENED;
}

/* ---- Blocks of the system, by address
 * ------------------------------------------------------------- */

/* Open addressing with linear probing; at most half full. */
static struct {
    struct entry {
        void *block;
        size_t size;
    } *entries;
    size_t capacity, used;
} system_blocks;

static size_t slot_of(const void *block) {
    return (size_t)(((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u) & (system_blocks.capacity - 1);
}

/* The entry of a block, or the empty one where it would be. */
static struct entry *find(const void *block) {
    size_t slot = slot_of(block);
    while (system_blocks.entries[slot].block != NULL &&
           system_blocks.entries[slot].block != block) {
        slot = (slot + 1) & (system_blocks.capacity - 1);
    }
    return &system_blocks.entries[slot];
}

static bool grow_table(void) {
    struct entry *old = system_blocks.entries;
    size_t old_capacity = system_blocks.capacity, capacity = old_capacity ? 2 * old_capacity : 64;
    struct entry *made = altru_source_alloc(capacity * sizeof *made, _Alignof(struct entry));
    if (made == NULL) {
        return false;
    }
    memset(made, 0, capacity * sizeof *made);
    system_blocks.entries = made;
    system_blocks.capacity = capacity;
    for (size_t slot = 0; slot < old_capacity; slot++) {
        if (old[slot].block != NULL) {
            *find(old[slot].block) = old[slot];
        }
    }
    altru_source_free(old);
    return true;
}

static bool enter(void *block, size_t size) {
    if (2 * system_blocks.used >= system_blocks.capacity && !grow_table()) {
        return false;
    }
    *find(block) = (struct entry){block, size};
    system_blocks.used++;
    return true;
}

/* Removes an entry and closes the gap, so that every other one is still found. */
static void leave(struct entry *gone) {
    size_t hole = (size_t)(gone - system_blocks.entries), mask = system_blocks.capacity - 1;
    for (size_t slot = (hole + 1) & mask; system_blocks.entries[slot].block != NULL;
         slot = (slot + 1) & mask) {
        size_t home = slot_of(system_blocks.entries[slot].block);
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            system_blocks.entries[hole] = system_blocks.entries[slot];
            hole = slot;
        }
    }
    system_blocks.entries[hole].block = NULL;
    system_blocks.used--;
}

static struct entry *system_entry(const void *block) {
    struct entry *entry = system_blocks.capacity == 0 ? NULL : find(block);
    return entry != NULL && entry->block == block ? entry : NULL;
}

void *altru_checked_system(size_t size, size_t alignment) {
    void *block = altru_source_alloc(size, alignment);
    if (block == NULL) {
        return NULL;
    }
    altru_lock(ALTRU_LOCK_CHECKED);
    bool known = enter(block, size);
    altru_unlock(ALTRU_LOCK_CHECKED);
    if (!known) {
        altru_source_free(block);
        return NULL;
    }
    altru_count(ALTRU_SYSTEM, size);
    return block;
}

/* ---- Blocks in pages
 * ------------------------------------------------------------------------------- */

static struct record *records_of(const altru_page *page) {
    return (struct record *)(uintptr_t)page->reserved;
}

static struct record *record_of(const void *block) {
    altru_page *page = altru_page_of(block);
    size_t offset = (uintptr_t)block & (ALTRU_PAGE_SIZE - 1);
    return &records_of(page)[offset / page->block_size];
}

static bool is_filled(const unsigned char *from, size_t size, unsigned char with) {
    for (size_t index = 0; index < size; index++) {
        if (from[index] != with) {
            return false;
        }
    }
    return true;
}

static altru_page *fresh_page(unsigned size_class) {
    altru_page *page = altru_page_take();
    if (page == NULL) {
        return NULL;
    }
    size_t size = altru_class_size(size_class), count = ALTRU_PAGE_SIZE / size;
    struct record *records = altru_source_alloc(count * sizeof *records, _Alignof(struct record));
    if (records == NULL) {
        altru_page_give(page);
        return NULL;
    }
    memset(records, 0, count * sizeof *records);
    page->owner = NO_HEAP;
    page->state = 1;
    page->block_size = (uint32_t)size;
    page->size_class = (uint8_t)size_class;
    page->capacity = (uint16_t)count;
    page->carved = 0;
    page->reserved = (uintptr_t)records;
    return page;
}

/* The oldest freed block of a class when enough of them wait, else a new one; NULL when there is no
 * page. */
static void *take_block(unsigned size_class) {
    size_t wait = is_hardened() ? QUEUE : 0;
    if (classes[size_class].count > wait) {
        void *block = classes[size_class].first;
        classes[size_class].first = record_of(block)->next;
        classes[size_class].count--;
        if (is_hardened() && !is_filled(block, altru_class_size(size_class), FILL_FREED)) {
            altru_unlock(ALTRU_LOCK_CHECKED);
            altru_panic_at(NULL, ALTRU_PANIC_write_after_free, (uintptr_t)block, 0);
        }
        return block;
    }
    altru_page *page = classes[size_class].page;
    if (page == NULL || page->carved == page->capacity) {
        page = classes[size_class].page = fresh_page(size_class);
        if (page == NULL) {
            return NULL;
        }
    }
    return altru_page_start(page) + (size_t)page->carved++ * page->block_size;
}

void *altru_checked_alloc(size_t size, size_t alignment) {
    if (is_hardened() && alignment <= _Alignof(max_align_t)) {
        void *guarded = altru_guarded_alloc(size, alignment);
        if (guarded != NULL) {
            return guarded;
        }
    }
    if (size > ALTRU_BLOCK_MAXIMUM || alignment > 4096) {
        return altru_checked_system(size, alignment);
    }
    unsigned size_class = altru_class_of(altru_round_up(size == 0 ? 1 : size, alignment));
    while (altru_class_size(size_class) % alignment != 0) {
        size_class++;
    }
    altru_lock(ALTRU_LOCK_CHECKED);
    void *block = take_block(size_class);
    if (block != NULL) {
        struct record *record = record_of(block);
        record->state = LIVE;
        record->size = (uint32_t)size;
        if (is_hardened()) {
            memset((char *)block + size, FILL_BEHIND, altru_class_size(size_class) - size);
        }
    }
    altru_unlock(ALTRU_LOCK_CHECKED);
    if (block == NULL) {
        return altru_checked_system(size, alignment);
    }
    altru_count(ALTRU_HEAP, size);
    return block;
}

/* Why a block in the range cannot be freed: panics with it, the lock given back. */
ALTRU_COLD_NORETURN static void refuse(void *block, const altru_site *site) {
    altru_page *page = altru_page_of(block);
    uintptr_t inside = (uintptr_t)block & (ALTRU_PAGE_SIZE - 1);
    bool carved = altru_page_is_committed(page) && page->owner == NO_HEAP &&
                  inside < (size_t)page->carved * page->block_size;
    uint64_t offset = carved ? inside % page->block_size : 0;
    uint32_t state = carved ? record_of(block)->state : (uint32_t)NEVER_GIVEN;
    altru_unlock(ALTRU_LOCK_CHECKED);
    if (state == LIVE) {
        altru_panic_at(site, ALTRU_PANIC_interior_free, (uintptr_t)block, offset);
    }
    altru_panic_at(site, state == FREED ? ALTRU_PANIC_double_free : ALTRU_PANIC_foreign_free,
                   (uintptr_t)block, 0);
}

/* The record of a block that the program has; panics when it is none. The lock is held. */
static struct record *live_record(void *block, const altru_site *site) {
    altru_page *page = altru_page_of(block);
    size_t inside = (uintptr_t)block & (ALTRU_PAGE_SIZE - 1);
    if (!altru_page_is_committed(page) || page->owner != NO_HEAP ||
        inside >= (size_t)page->carved * page->block_size || inside % page->block_size != 0 ||
        record_of(block)->state != LIVE) {
        refuse(block, site);
    }
    return record_of(block);
}

static void free_in_page(void *block, const altru_site *site) {
    altru_lock(ALTRU_LOCK_CHECKED);
    struct record *record = live_record(block, site);
    unsigned size_class = altru_page_of(block)->size_class;
    size_t whole = altru_class_size(size_class), size = record->size;
    if (is_hardened() && !is_filled((unsigned char *)block + size, whole - size, FILL_BEHIND)) {
        altru_unlock(ALTRU_LOCK_CHECKED);
        altru_panic_at(site, ALTRU_PANIC_overrun, (uintptr_t)block, size);
    }
    if (is_hardened()) {
        memset(block, FILL_FREED, whole);
    }
    record->state = FREED;
    record->next = NULL;
    if (classes[size_class].count++ == 0) {
        classes[size_class].first = block;
    } else {
        record_of(classes[size_class].last)->next = block;
    }
    classes[size_class].last = block;
    altru_unlock(ALTRU_LOCK_CHECKED);
    altru_uncount(ALTRU_HEAP, size);
}

void altru_checked_free(void *block, const altru_site *site) {
    if (altru_in_pages(block)) {
        free_in_page(block, site);
        return;
    }
    if (altru_guarded_free(block, site)) {
        return;
    }
    altru_lock(ALTRU_LOCK_CHECKED);
    struct entry *entry = system_entry(block);
    size_t size = entry == NULL ? 0 : entry->size;
    if (entry != NULL) {
        leave(entry);
    }
    altru_unlock(ALTRU_LOCK_CHECKED);
    if (entry == NULL) {
        altru_panic_at(site, ALTRU_PANIC_foreign_free, (uintptr_t)block, 0);
    }
    altru_uncount(ALTRU_SYSTEM, size);
    altru_source_free(block);
}

size_t altru_checked_size(void *block, const altru_site *site) {
    size_t size;
    if (altru_guarded_size(block, &size)) {
        return size;
    }
    altru_lock(ALTRU_LOCK_CHECKED);
    struct entry *entry = NULL;
    if (altru_in_pages(block)) {
        size = live_record(block, site)->size;
    } else {
        entry = system_entry(block);
        size = entry == NULL ? 0 : entry->size;
    }
    altru_unlock(ALTRU_LOCK_CHECKED);
    if (entry == NULL && !altru_in_pages(block)) {
        altru_panic_at(site, ALTRU_PANIC_foreign_free, (uintptr_t)block, 0);
    }
    return size;
}

/* ---- Walking
 * ---------------------------------------------------------------------------------------- */

static const char *check_class(unsigned size_class) {
    size_t length = 0;
    for (void *block = classes[size_class].first;
         block != NULL && length <= classes[size_class].count; block = record_of(block)->next) {
        if (record_of(block)->state != FREED) {
            return "a block that waits to be used again is in use";
        }
        if (is_hardened() && !is_filled(block, altru_class_size(size_class), FILL_FREED)) {
            return "a block was written to after it was freed";
        }
        length++;
    }
    return length == classes[size_class].count ? NULL
                                               : "a queue of freed blocks has another length";
}

static const char *check_page_records(const altru_page *page) {
    for (unsigned index = 0; index < page->carved; index++) {
        const struct record *record = &records_of(page)[index];
        const unsigned char *block =
            (unsigned char *)altru_page_start(page) + (size_t)index * page->block_size;
        if (record->state == NEVER_GIVEN || record->size > page->block_size) {
            return "a record does not fit its block";
        }
        if (is_hardened() && record->state == LIVE &&
            !is_filled(block + record->size, page->block_size - record->size, FILL_BEHIND)) {
            return "the room behind a block was written to";
        }
    }
    return NULL;
}

const char *altru_checked_check(void) {
    const char *wrong = NULL;
    altru_lock(ALTRU_LOCK_CHECKED);
    for (unsigned c = 0; c < ALTRU_CLASSES && wrong == NULL; c++) {
        wrong = check_class(c);
    }
    altru_page *page;
    for (size_t index = 0; wrong == NULL && (page = altru_page_at(index)) != NULL; index++) {
        if (page->owner == NO_HEAP) {
            wrong = check_page_records(page);
        }
    }
    altru_unlock(ALTRU_LOCK_CHECKED);
    return wrong;
}
