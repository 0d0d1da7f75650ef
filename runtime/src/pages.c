/* pages.c - the heap's address range, cut into pages of 64 KiB that heaps take and give back.
 *
 * What it is for: the range begins with a table of altru_page, one for every page, so that the page
 * of an address is found by a subtraction and a shift and nothing has to be stored in front of a
 * block or at the head of a page.
 *
 *     range: | table | page | page | ... | not yet committed ... |
 *
 * Pages are committed in steps of 64, table and all, and never leave the range; the contents of
 * free ones go back to the system when more than the option heap_keep are free.
 *
 * Invariant: a page is either taken, or in exactly one of the lists `dirty` (has memory) and
 * `clean` (has none); its owner is NULL while it is free.
 */
#include "internal.h"

enum {
    STEP = 64
}; /* pages that are committed at once: their table entries are one page of 4 KiB */

static struct {
    altru_page *dirty, *clean;
    size_t dirty_count, clean_count;
    size_t first;     /* the first page behind the table */
    size_t committed; /* pages behind this one are only addresses */
    size_t limit;     /* pages in the range */
    size_t most;      /* pages that were taken at once */
} pages;

altru_range altru_heap_range;

/* Makes the range: as large as the option says, or what the system allows. Before there is a second
 * thread, so that everybody may read where it lies. */
__attribute__((constructor(102))) static void reserve(void) {
#if ALTRU_ASAN && !defined(ALTRU_KEEP_RANGE)
    return; /* AddressSanitizer knows more about blocks of its own */
#endif
    size_t unit = (size_t)STEP << ALTRU_PAGE_SHIFT;
    uint64_t wanted = altru_option(ALTRU_OPTION_heap_span), most = (uint64_t)1 << ALTRU_SPAN_SHIFT;
    most = most < PTRDIFF_MAX / 2 ? most : PTRDIFF_MAX / 2;
    size_t size = (size_t)(wanted < most ? wanted : most);
    for (size &= ~(unit - 1); size >= 2 * unit; size = size / 2 & ~(unit - 1)) {
        char *start = altru_source_reserve(size + ALTRU_PAGE_SIZE);
        if (start == NULL) {
            continue;
        }
        uintptr_t base = altru_round_up((uintptr_t)start, ALTRU_PAGE_SIZE);
        size_t table =
            altru_round_up((size >> ALTRU_PAGE_SHIFT) * sizeof(altru_page), ALTRU_PAGE_SIZE);
        pages.first = pages.committed = table >> ALTRU_PAGE_SHIFT;
        pages.limit = size >> ALTRU_PAGE_SHIFT;
        altru_heap_range.base = base;
        altru_heap_range.size = size;
        return;
    }
}

bool altru_in_pages(const void *block) {
    return (uintptr_t)block - altru_heap_range.base < pages.limit << ALTRU_PAGE_SHIFT;
}

void altru_pages_hide(void) {
    altru_heap_range.size = 0;
}

bool altru_page_is_committed(const altru_page *page) {
    size_t index = (size_t)(page - (altru_page *)altru_heap_range.base);
    return index >= pages.first && index < pages.committed;
}

altru_page *altru_page_at(size_t index) {
    index += pages.first;
    return index < pages.committed ? (altru_page *)altru_heap_range.base + index : NULL;
}

/* Commits the next pages and puts them into `clean`. */
static void commit(void) {
    /* Up to the next multiple of STEP, so that the table grows by whole pages of the system. */
    size_t end = (pages.committed / STEP + 1) * STEP;
    if (end > pages.limit) {
        return;
    }
    uintptr_t base = altru_heap_range.base;
    size_t unit = altru_source_page();
    uintptr_t from = (base + pages.committed * sizeof(altru_page)) & ~(uintptr_t)(unit - 1);
    uintptr_t to = altru_round_up(base + end * sizeof(altru_page), unit);
    char *start = (char *)base + (pages.committed << ALTRU_PAGE_SHIFT);
    if (!altru_source_commit((void *)from, to - from) ||
        !altru_source_commit(start, (end - pages.committed) << ALTRU_PAGE_SHIFT)) {
        return;
    }
    ALTRU_ROOT(from, to - from); /* the records of a checked heap hang there */
    ALTRU_ROOT(start, (end - pages.committed) << ALTRU_PAGE_SHIFT);
    for (size_t index = end; index-- > pages.committed;) {
        altru_page *page = (altru_page *)base + index;
        page->next = pages.clean;
        pages.clean = page;
    }
    pages.clean_count += end - pages.committed;
    pages.committed = end;
}

altru_page *altru_page_take(void) {
    altru_lock(ALTRU_LOCK_PAGES);
    altru_page *page = pages.dirty;
    if (page != NULL) {
        pages.dirty = page->next;
        pages.dirty_count--;
    } else {
        if (pages.clean == NULL) {
            commit();
        }
        page = pages.clean;
        if (page != NULL) {
            pages.clean = page->next;
            pages.clean_count--;
        }
    }
    if (altru_pages_used() > pages.most) {
        pages.most = altru_pages_used();
    }
    altru_unlock(ALTRU_LOCK_PAGES);
    return page;
}

static void make_clean(altru_page *page) {
    altru_source_purge(altru_page_start(page), ALTRU_PAGE_SIZE);
    page->next = pages.clean;
    pages.clean = page;
    pages.clean_count++;
}

void altru_page_give(altru_page *page) {
    uint64_t keep = altru_option(ALTRU_OPTION_heap_keep) >> ALTRU_PAGE_SHIFT;
    page->owner = NULL;
    page->state = 0;
    altru_lock(ALTRU_LOCK_PAGES);
    if (pages.dirty_count >= keep) {
        make_clean(page);
    } else {
        page->next = pages.dirty;
        pages.dirty = page;
        pages.dirty_count++;
    }
    altru_unlock(ALTRU_LOCK_PAGES);
}

void altru_pages_trim(void) {
    altru_lock(ALTRU_LOCK_PAGES);
    while (pages.dirty != NULL) {
        altru_page *page = pages.dirty;
        pages.dirty = page->next;
        pages.dirty_count--;
        make_clean(page);
    }
    altru_unlock(ALTRU_LOCK_PAGES);
}

size_t altru_pages_committed(void) {
    return (pages.committed - pages.first) << ALTRU_PAGE_SHIFT;
}

size_t altru_pages_used(void) {
    return pages.committed - pages.first - pages.dirty_count - pages.clean_count;
}

size_t altru_pages_most(void) {
    return pages.most;
}

/* The length of a list of free pages; SIZE_MAX when an entry does not belong there. */
static size_t measure(const altru_page *page) {
    size_t length = 0;
    for (; page != NULL; page = page->next) {
        size_t index = (size_t)(page - (altru_page *)altru_heap_range.base);
        if (index < pages.first || index >= pages.committed || page->owner != NULL ||
            page->state != 0 || ++length > pages.committed) {
            return SIZE_MAX;
        }
    }
    return length;
}

const char *altru_pages_check(void) {
    const char *wrong = NULL;
    altru_lock(ALTRU_LOCK_PAGES);
    if (measure(pages.dirty) != pages.dirty_count) {
        wrong = "pages.dirty: a page that is in use or outside, or a wrong count";
    } else if (measure(pages.clean) != pages.clean_count) {
        wrong = "pages.clean: a page that is in use or outside, or a wrong count";
    }
    altru_unlock(ALTRU_LOCK_PAGES);
    return wrong;
}
