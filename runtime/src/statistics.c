/* statistics.c - the counters of all allocators, and how they are read.
 *
 * Invariant: no counter is touched on an inline path; what counts there is told by the lists
 * themselves, when somebody asks.
 */
#include "internal.h"

#include <stdio.h>

altru_counters altru_counted[ALTRU_ALLOCATORS];

static atomic_size_t peak_together;

void altru_count(unsigned allocator, size_t size) {
    altru_counters *c = &altru_counted[allocator];
    atomic_fetch_add_explicit(&c->allocations, 1, memory_order_relaxed);
    size_t now = atomic_fetch_add_explicit(&c->current, size, memory_order_relaxed) + size;
    size_t peak = atomic_load_explicit(&c->peak, memory_order_relaxed);
    while (now > peak && !atomic_compare_exchange_weak_explicit(
                             &c->peak, &peak, now, memory_order_relaxed, memory_order_relaxed)) {
    }
}

void altru_uncount(unsigned allocator, size_t size) {
    altru_counters *c = &altru_counted[allocator];
    atomic_fetch_add_explicit(&c->releases, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&c->current, size, memory_order_relaxed);
}

int altru_statistics_read(uint32_t allocator, altru_statistics *out) {
    if (allocator >= ALTRU_ALLOCATORS) {
        return -1;
    }
    altru_counters *c = &altru_counted[allocator];
    out->current = atomic_load_explicit(&c->current, memory_order_relaxed);
    out->allocations = atomic_load_explicit(&c->allocations, memory_order_relaxed);
    out->releases = atomic_load_explicit(&c->releases, memory_order_relaxed);
    out->peak = atomic_load_explicit(&c->peak, memory_order_relaxed);
    out->reserved = out->current;
    if (allocator == ALTRU_HEAP) {
        altru_heap_statistics(out);
    }
    return 0;
}

size_t altru_current_usage(void) {
    size_t sum = 0;
    for (uint32_t allocator = 0; allocator < ALTRU_ALLOCATORS; allocator++) {
        altru_statistics each;
        altru_statistics_read(allocator, &each);
        sum += each.current;
    }
    size_t peak = atomic_load(&peak_together);
    while (sum > peak && !atomic_compare_exchange_weak(&peak_together, &peak, sum)) {
    }
    return sum;
}

size_t altru_peak_usage(void) {
    altru_current_usage();
    size_t most = atomic_load(&peak_together);
    for (uint32_t allocator = 0; allocator < ALTRU_ALLOCATORS; allocator++) {
        altru_statistics each;
        altru_statistics_read(allocator, &each);
        most = each.peak > most ? each.peak : most;
    }
    return most;
}

const char *altru_allocator_name(uint32_t allocator) {
    static const char *const names[ALTRU_ALLOCATORS] = {"heap", "system", "arena",
                                                        "pool", "stack",  "secure"};
    return allocator < ALTRU_ALLOCATORS ? names[allocator] : NULL;
}

void altru_statistics_print(void) {
    fprintf(stderr, "%-8s %14s %14s %14s %14s %14s\n", "", "current", "peak", "allocations",
            "releases", "reserved");
    for (uint32_t allocator = 0; allocator < ALTRU_ALLOCATORS; allocator++) {
        altru_statistics each;
        altru_statistics_read(allocator, &each);
        fprintf(stderr, "%-8s %14zu %14zu %14zu %14zu %14zu\n", altru_allocator_name(allocator),
                each.current, each.peak, each.allocations, each.releases, each.reserved);
    }
}

__attribute__((destructor)) static void tell_at_the_end(void) {
    if (altru_option(ALTRU_OPTION_statistics) >= 2) {
        altru_statistics_print();
        altru_profile_row row;
        if (altru_profile_read(0, &row) == 0) {
            altru_profile_print();
        }
    }
}
