/* guarded.c - blocks with pages of their own, between pages that nobody may touch.
 *
 * What it is for: in a hardened heap one block in `sample` is placed here, at the end of a page. A
 * read or write past it, or after it was freed, faults at that instruction; the handler tells it as
 * a panic and not as a crash without a word.
 *
 *     | no access | ...... block | no access |
 *
 * Sampling in production: the "GWP-ASan" of Serebryany et al. (2024).
 *
 * Invariant: under ALTRU_LOCK_CHECKED, slots[0..used) are ranges of three pages; a freed one keeps
 * its addresses without access until its slot is needed again.
 */
#include "internal.h"

#ifdef __wasm__

void *altru_guarded_alloc(size_t size, size_t alignment) {
    (void)size, (void)alignment;
    return NULL;
}

bool altru_guarded_free(void *block, const altru_site *site) {
    (void)block, (void)site;
    return false;
}

bool altru_guarded_size(const void *block, size_t *size) {
    (void)block, (void)size;
    return false;
}

#else

#include <signal.h>

enum { SLOTS = 256 };

static struct slot {
    char *range; /* three pages */
    char *block;
    size_t size;
    bool live;
} slots[SLOTS];

static size_t used, next_reuse, since_last;
static struct sigaction before;

static struct slot *slot_at(const void *address) {
    size_t size = 3 * altru_source_page();
    for (size_t index = 0; index < used; index++) {
        if ((uintptr_t)address - (uintptr_t)slots[index].range < size) {
            return &slots[index];
        }
    }
    return NULL;
}

/* Tells an access to a guarded range; leaves every other fault to whoever had the signal before.
 * Takes no lock: the faulting thread may hold it. */
static void on_fault(int signal_number, siginfo_t *info, void *context) {
    struct slot *slot = slot_at(info->si_addr);
    if (slot != NULL) {
        altru_panic_at(NULL, ALTRU_PANIC_guarded_access, (uintptr_t)info->si_addr,
                       (uintptr_t)slot->block);
    }
    if (altru_secure_owns(info->si_addr)) {
        altru_panic_at(NULL, ALTRU_PANIC_guarded_access, (uintptr_t)info->si_addr, 0);
    }
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(signal_number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(signal_number);
    } else {
        signal(signal_number, SIG_DFL); /* the access is repeated, and ends the process */
    }
}

static void watch_faults(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &before);
}

/* A slot to use: a new one, or the one that has been free the longest. NULL when all are live. */
static struct slot *unused_slot(void) {
    if (used < SLOTS) {
        if (used == 0) {
            watch_faults();
        }
        return &slots[used];
    }
    for (size_t tried = 0; tried < SLOTS; tried++) {
        struct slot *slot = &slots[next_reuse];
        next_reuse = (next_reuse + 1) % SLOTS;
        if (!slot->live) {
            return slot;
        }
    }
    return NULL;
}

void *altru_guarded_alloc(size_t size, size_t alignment) {
    uint64_t sample = altru_option(ALTRU_OPTION_sample);
    size_t page = altru_source_page();
    if (sample == 0 || size > page) {
        return NULL;
    }
    void *block = NULL;
    altru_lock(ALTRU_LOCK_CHECKED);
    struct slot *slot = ++since_last < sample ? NULL : unused_slot();
    if (slot != NULL) {
        since_last = 0;
        if (slot->range == NULL) {
            slot->range = altru_source_reserve(3 * page);
        }
        if (slot->range != NULL && altru_source_commit(slot->range + page, page)) {
            /* Size 0 too has an address of its own: 16 bytes, which fault only behind the last. */
            size_t room = size == 0 ? 1 : size;
            size_t natural = room >= 16 || size == 0 ? 16 : room >= 8 ? 8 : room >= 4 ? 4 : room >= 2 ? 2 : 1;
            alignment = natural > alignment ? natural : alignment;
            slot->block = slot->range + 2 * page - altru_round_up(room, alignment);
            slot->size = size;
            slot->live = true;
            used += slot == &slots[used];
            block = slot->block;
        }
    }
    altru_unlock(ALTRU_LOCK_CHECKED);
    if (block != NULL) {
        altru_count(ALTRU_HEAP, size);
    }
    return block;
}

bool altru_guarded_free(void *block, const altru_site *site) {
    altru_lock(ALTRU_LOCK_CHECKED);
    struct slot *slot = slot_at(block);
    if (slot == NULL) {
        altru_unlock(ALTRU_LOCK_CHECKED);
        return false;
    }
    if (slot->block != block || !slot->live) {
        uint32_t kind = slot->block != block ? ALTRU_PANIC_interior_free : ALTRU_PANIC_double_free;
        uint64_t offset = (uint64_t)((char *)block - slot->block);
        altru_unlock(ALTRU_LOCK_CHECKED);
        altru_panic_at(site, kind, (uintptr_t)block, offset);
    }
    slot->live = false;
    size_t size = slot->size, page = altru_source_page();
    altru_source_purge(slot->range + page, page);
    altru_source_forbid(slot->range + page, page);
    altru_unlock(ALTRU_LOCK_CHECKED);
    altru_uncount(ALTRU_HEAP, size);
    return true;
}

bool altru_guarded_size(const void *block, size_t *size) {
    altru_lock(ALTRU_LOCK_CHECKED);
    struct slot *slot = slot_at(block);
    if (slot != NULL) {
        *size = slot->size;
    }
    altru_unlock(ALTRU_LOCK_CHECKED);
    return slot != NULL;
}

#endif
