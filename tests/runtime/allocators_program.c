/* The allocators under random operations, several threads, fork, and refused memory.
 *
 *     allocators_program SCENARIO [SEED [COUNT]]
 *
 * Ends with status 0 when everything held. Every object carries a pattern that is compared when it
 * goes, and the runtime's own walkers are asked now and then. */
#define _POSIX_C_SOURCE 200809L /* barriers */

#include <altru.h>

#include <stdbool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef __wasm__
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define EXPECT_WELL(checked)                                                                       \
    do {                                                                                           \
        const char *wrong = checked;                                                               \
        if (wrong != NULL) {                                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, wrong);                             \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void fill(unsigned char *bytes, size_t size, unsigned tag) {
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(tag + i * 7);
    }
}

static void compare(const unsigned char *bytes, size_t size, unsigned tag) {
    for (size_t i = 0; i < size; i++) {
        EXPECT(bytes[i] == (unsigned char)(tag + i * 7));
    }
}

/* ---- The heap
 * ------------------------------------------------------------------------------------- */

enum { LIVE = 2000 };

struct object {
    unsigned char *block;
    size_t size;
    unsigned tag;
};

static size_t random_size(uint64_t random) {
    switch (random % 16) {
    case 0:
        return random / 16 % 40000;
    case 1:
    case 2:
        return random / 16 % 9000;
    default:
        return random / 16 % 300;
    }
}

static unsigned char *random_block(uint64_t random, size_t size) {
    size_t alignment = (size_t)1 << (random >> 8) % 14;
    void *block;
    switch (random % 8) {
    case 0:
        block = altru_alloc_aligned(size, alignment);
        break;
    case 1:
        block = altru_alloc_system(size, alignment);
        break;
    case 2:
        return size <= 4096 ? altru_secure_alloc(size) : altru_alloc(size);
    case 3:
        return altru_new(size);
    default:
        return altru_alloc(size);
    }
    EXPECT((uintptr_t)block % alignment == 0);
    return block;
}

static void heap(uint64_t seed, long count) {
    static struct object live[LIVE];
    for (long step = 0; step < count; step++) {
        uint64_t random = next_random(&seed);
        struct object *o = &live[(random >> 32) % LIVE];
        if (o->block == NULL) {
            o->size = random_size(next_random(&seed));
            o->tag = (unsigned)step;
            o->block = random_block(next_random(&seed), o->size);
            EXPECT(o->block != NULL || o->size <= 4096);
            if (o->block != NULL) {
                EXPECT(altru_usable_size(o->block) >= o->size);
                fill(o->block, o->size, o->tag);
            }
        } else if (random % 4 == 0) {
            size_t size = random_size(next_random(&seed));
            unsigned char *moved = altru_realloc(o->block, size);
            if (moved == NULL) { /* secure memory is short */
                compare(o->block, o->size, o->tag);
                continue;
            }
            compare(moved, size < o->size ? size : o->size, o->tag);
            o->block = moved;
            o->size = size;
            fill(moved, size, o->tag);
        } else {
            compare(o->block, o->size, o->tag);
            if (random % 4 == 1) {
                altru_delete(o->block);
            } else {
                altru_free(o->block);
            }
            o->block = NULL;
        }
        if (step % 20000 == 0) {
            EXPECT_WELL(altru_heap_check());
        }
        if (step % 70000 == 69999) {
            altru_heap_trim();
            EXPECT_WELL(altru_heap_check());
        }
    }
    for (size_t i = 0; i < LIVE; i++) {
        if (live[i].block != NULL) {
            compare(live[i].block, live[i].size, live[i].tag);
        }
        altru_free(live[i].block);
        live[i].block = NULL;
    }
    EXPECT_WELL(altru_heap_check());
    altru_heap_trim();
    for (uint32_t allocator = 0; allocator < ALTRU_ALLOCATORS; allocator++) {
        altru_statistics s;
        EXPECT(altru_statistics_read(allocator, &s) == 0);
        EXPECT(s.current == 0 && s.allocations == s.releases);
    }
}

/* ---- Arenas
 * ----------------------------------------------------------------------------------------- */

static unsigned deferred_runs;

static void count_run(void *data) {
    deferred_runs += *(unsigned *)data;
}

static void arena(uint64_t seed, long count) {
    enum { PIECES = 4000 };
    static struct object pieces[PIECES];
    size_t used = 0, marked = 0;
    unsigned one = 1, deferred = 0;
    altru_arena *a = altru_arena_new();
    EXPECT(a != NULL);
    EXPECT(altru_arena_alloc(a, 8, 3) == NULL && altru_arena_alloc(a, SIZE_MAX - 8, 8) == NULL);
    EXPECT(altru_arena_take(a, 0) != NULL); /* an object without bytes is somewhere */
    altru_arena_trim(a);
    altru_arena_reset(a);
    altru_arena_trim(a);
    EXPECT_WELL(altru_arena_check(a));
    EXPECT(altru_arena_take(a, 0) != NULL);
    altru_arena_mark mark = altru_arena_now(a);
    for (long step = 0; step < count; step++) {
        uint64_t random = next_random(&seed);
        if (used == PIECES || random % 500 == 0) {
            for (size_t i = 0; i < used; i++) {
                compare(pieces[i].block, pieces[i].size, pieces[i].tag);
            }
            if (random % 3 == 0) {
                altru_arena_rollback(a, mark);
                used = marked;
            } else {
                altru_arena_reset(a);
                used = marked = 0;
                mark = altru_arena_now(a);
                EXPECT(deferred_runs == deferred);
            }
            if (random % 7 == 0) {
                altru_arena_trim(a);
                if (used == 0) {
                    mark = altru_arena_now(a);
                }
            }
            EXPECT_WELL(altru_arena_check(a));
        } else if (random % 300 == 1) {
            mark = altru_arena_now(a);
            marked = used;
        } else if (random % 100 == 2) {
            if (altru_arena_defer(a, count_run, &one) == 0) {
                deferred++;
            }
        } else {
            struct object *o = &pieces[used];
            size_t alignment = (size_t)1 << (random >> 8) % 13;
            o->size = random_size(next_random(&seed));
            o->tag = (unsigned)step;
            o->block = random % 2 ? altru_arena_take(a, o->size)
                                  : altru_arena_alloc(a, o->size, alignment);
            EXPECT(o->block != NULL && (uintptr_t)o->block % (random % 2 ? 8 : alignment) == 0);
            fill(o->block, o->size, o->tag);
            used++;
        }
    }
    altru_statistics s;
    altru_arena_statistics(a, &s);
    EXPECT(s.current <= s.peak && s.current <= s.reserved);
    altru_arena_destroy(a);
    altru_arena_destroy(NULL);
    EXPECT(deferred_runs == deferred);
    EXPECT(altru_statistics_read(ALTRU_ARENA, &s) == 0 && s.current == 0);
}

/* ---- Pools
 * ------------------------------------------------------------------------------------------ */

static void pool(uint64_t seed, long count) {
    static struct object live[LIVE];
    static altru_pool_handle handles[LIVE];
    size_t size = 1 + seed % 5 * 37, most = 0, in_use = 0;
    EXPECT(altru_pool_new(8, 3) == NULL && altru_pool_new(8, 8192) == NULL);
    EXPECT(altru_pool_new(SIZE_MAX, 8) == NULL);
    altru_pool *p = altru_pool_new(size, 1 << seed % 8);
    EXPECT(p != NULL);
    EXPECT(altru_pool_prewarm(p, 100) == 0);
    altru_pool_policy(p, LIVE / 2, seed % 3 * 50);
    for (long step = 0; step < count; step++) {
        uint64_t random = next_random(&seed);
        unsigned i = (random >> 32) % LIVE;
        struct object *o = &live[i];
        bool by_handle = i % 4 == 0;
        if (o->block == NULL) {
            o->block = by_handle    ? altru_pool_insert(p, &handles[i])
                       : i % 4 == 1 ? altru_pool_acquire(p)
                                    : altru_pool_take(p);
            EXPECT((o->block != NULL) == (in_use < LIVE / 2));
            if (o->block != NULL) {
                EXPECT(altru_pool_of(o->block) == p);
                EXPECT((uintptr_t)o->block % ((size_t)1 << 0) == 0);
                o->tag = (unsigned)step;
                fill(o->block, size, o->tag);
                in_use++;
                most = in_use > most ? in_use : most;
            }
        } else {
            compare(o->block, size, o->tag);
            if (by_handle) {
                altru_pool_handle h = handles[i];
                EXPECT(altru_pool_get(p, h) == o->block);
                EXPECT(altru_pool_find(p, h.index, h.generation) == o->block);
                if (i % 8 == 0) {
                    EXPECT(altru_pool_take_out(p, h.index, h.generation) == o->block);
                } else {
                    EXPECT(altru_pool_remove(p, h) == o->block);
                }
                EXPECT(altru_pool_get(p, handles[i]) == NULL);
                EXPECT(altru_pool_remove(p, handles[i]) == NULL);
            }
            if (i % 4 == 2) {
                altru_pool_give(p, o->block);
            } else {
                altru_pool_release(p, o->block);
            }
            o->block = NULL;
            in_use--;
        }
        if (step % 10000 == 0) {
            EXPECT_WELL(altru_pool_check(p));
            altru_statistics s;
            altru_pool_statistics(p, &s);
            EXPECT(s.current * most == s.peak * in_use);
        }
    }
    altru_pool_release(p, NULL);
    altru_pool_destroy(p);
    altru_pool_destroy(NULL);
    memset(live, 0, sizeof live);

    altru_pool *large = altru_pool_new(50000, 64); /* two begin within reach of a chunk */
    unsigned char *objects[5];
    for (unsigned i = 0; i < 5; i++) {
        objects[i] = altru_pool_acquire(large);
        EXPECT(objects[i] != NULL && altru_pool_of(objects[i]) == large);
        fill(objects[i], 50000, i);
    }
    EXPECT_WELL(altru_pool_check(large));
    for (unsigned i = 0; i < 5; i++) {
        compare(objects[i], 50000, i);
        altru_pool_release(large, objects[i]);
    }
    altru_pool_destroy(large);
}

/* ---- The stack
 * ---------------------------------------------------------------------------------------- */

static void nest(uint64_t *seed, int depth) {
    altru_stack_mark mark = altru_stack_enter();
    unsigned char *blocks[20];
    size_t sizes[20];
    unsigned count = (unsigned)(next_random(seed) % 20);
    for (unsigned i = 0; i < count; i++) {
        size_t alignment = (size_t)1 << next_random(seed) % 10;
        sizes[i] = random_size(next_random(seed));
        blocks[i] = altru_stack_alloc(sizes[i], alignment);
        EXPECT(blocks[i] != NULL && (uintptr_t)blocks[i] % alignment == 0);
        fill(blocks[i], sizes[i], i);
        if (depth > 0 && i % 4 == 3) {
            nest(seed, depth - 1);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        compare(blocks[i], sizes[i], i);
    }
    altru_stack_leave(mark);
    EXPECT(mark == 0 || altru_stack_now() == mark);
}

static void stack(uint64_t seed, long count) {
    size_t request = altru_option(ALTRU_OPTION_stack_request);
    EXPECT(altru_configure(ALTRU_OPTION_stack_limit, 100000) == 0); /* most comes from the heap */
    EXPECT(altru_stack_alloc(1, 3) == NULL && altru_stack_alloc(request + 1, 1) == NULL);
    for (long step = 0; step < count; step++) {
        nest(&seed, (int)(step % 5));
        EXPECT(altru_stack_used() == 0);
    }
    altru_statistics s;
    EXPECT(altru_statistics_read(ALTRU_STACK, &s) == 0 && s.current == 0);
}

/* ---- Memory for secrets
 * --------------------------------------------------------------------------------- */

static void secure(uint64_t seed, long count) {
    enum { SECRETS = 64 };
    static struct object live[SECRETS];
    EXPECT(altru_secure_alloc(SIZE_MAX) == NULL);
    EXPECT(altru_secure_alloc_aligned(8, 3) == NULL);
    EXPECT(altru_secure_alloc_aligned(8, (size_t)1 << 30) == NULL);
    altru_secure_free(NULL);
    for (long step = 0; step < count; step++) {
        uint64_t random = next_random(&seed);
        struct object *o = &live[(random >> 32) % SECRETS];
        if (o->block == NULL) {
            o->size = random % 50 == 0 ? random / 64 % 100000 : random / 64 % 6000;
            size_t alignment = (size_t)1 << (random >> 8) % 13;
            o->block = random % 3 == 0 ? altru_secure_alloc_aligned(o->size, alignment)
                                       : altru_secure_alloc(o->size);
            EXPECT(random % 3 != 0 || (uintptr_t)o->block % alignment == 0);
            o->tag = (unsigned)step;
            if (o->block != NULL) {
                EXPECT(altru_secure_size(o->block) == o->size);
                for (size_t i = 0; i < o->size; i++) {
                    EXPECT(o->block[i] == 0);
                }
                fill(o->block, o->size, o->tag);
            }
        } else {
            compare(o->block, o->size, o->tag);
            if (random % 2) {
                altru_secure_free(o->block);
            } else {
                altru_free(o->block);
            }
            o->block = NULL;
        }
    }
    for (unsigned i = 0; i < SECRETS; i++) {
        altru_secure_free(live[i].block);
        live[i].block = NULL;
    }
    unsigned char key[32];
    fill(key, sizeof key, 3);
    altru_secure_zero(key, sizeof key);
    for (unsigned i = 0; i < sizeof key; i++) {
        EXPECT(key[i] == 0);
    }
}

/* ---- Refused memory
 * --------------------------------------------------------------------------------------- */

/* One of everything; what is refused is passed over, what was given is released. */
static void everything(void) {
    void *blocks[] = {altru_alloc(32),
                      altru_alloc(5000),
                      altru_alloc(100000),
                      altru_alloc_aligned(64, 4096),
                      altru_alloc_system(16, 16),
                      altru_secure_alloc(100),
                      altru_secure_alloc(100000),
                      altru_alloc(9000)};
    void *moved = altru_realloc(blocks[7], 90000);
    if (moved != NULL) {
        blocks[7] = moved;
    }
    altru_stack_mark mark = altru_stack_now();
    for (unsigned i = 0; i < 4; i++) {
        altru_stack_alloc(60000, 16);
    }
    altru_stack_release(mark);
    altru_arena *a = altru_arena_new();
    if (a != NULL) {
        altru_arena_alloc(a, 100, 8);
        altru_arena_alloc(a, 100000, 4096);
        EXPECT_WELL(altru_arena_check(a));
        altru_arena_destroy(a);
    }
    altru_pool *p = altru_pool_new(40, 8);
    if (p != NULL) {
        altru_pool_handle handle;
        altru_pool_insert(p, &handle);
        altru_pool_prewarm(p, 5000);
        altru_pool_acquire(p);
        EXPECT_WELL(altru_pool_check(p));
        altru_pool_destroy(p);
    }
    for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        altru_free(blocks[i]);
    }
    EXPECT_WELL(altru_heap_check());
}

#ifndef __wasm__

static void *everything_in_a_thread(void *given) {
    (void)given;
    everything();
    return NULL;
}

/* Each request in turn is the first that is refused; each time a new thread starts from nothing. */
static void refused(uint64_t seed, long count) {
    (void)seed;
    EXPECT(altru_configure(ALTRU_OPTION_stack_limit, 100000) == 0);
    EXPECT(altru_configure(ALTRU_OPTION_secure_keep, 0) == 0);
    for (long first = 1; first <= count; first++) {
        pthread_t thread;
        EXPECT(altru_configure(ALTRU_OPTION_fail_after, (uint64_t)first) == 0);
        EXPECT(pthread_create(&thread, NULL, everything_in_a_thread, NULL) == 0);
        EXPECT(pthread_join(thread, NULL) == 0);
    }
}

/* ---- Several threads
 * ---------------------------------------------------------------------------------------- */

enum { THREADS = 4, BOX = 500 };

static struct {
    pthread_mutex_t lock;
    struct object objects[BOX];
    size_t used;
} box = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct errand {
    uint64_t seed;
    long count;
};

/* Exchanges blocks with the other threads through the box: most are freed by another thread. */
static void *exchange(void *given) {
    struct errand *errand = given;
    struct object own[50] = {0};
    for (long step = 0; step < errand->count; step++) {
        uint64_t random = next_random(&errand->seed);
        struct object *o = &own[random % 50];
        if (o->block == NULL) {
            o->size = 1 + random_size(next_random(&errand->seed));
            o->tag = (unsigned)random;
            o->block = altru_alloc(o->size);
            EXPECT(o->block != NULL);
            fill(o->block, o->size, o->tag);
        }
        pthread_mutex_lock(&box.lock);
        if (box.used < BOX && random % 3 != 0) {
            box.objects[box.used++] = *o;
            o->block = NULL;
        } else if (box.used > 0) {
            size_t at = (random >> 16) % box.used;
            struct object taken = box.objects[at];
            box.objects[at] = *o;
            *o = taken;
        }
        pthread_mutex_unlock(&box.lock);
        if (o->block != NULL) {
            compare(o->block, o->size, o->tag);
            altru_free(o->block);
            o->block = NULL;
        }
        if (step % 5000 == 0) {
            EXPECT_WELL(altru_heap_check());
        }
    }
    for (unsigned i = 0; i < 50; i++) {
        altru_free(own[i].block);
    }
    altru_free(altru_stack_alloc(10, 16) == NULL ? NULL : altru_alloc(1));
    return NULL;
}

static void threads(uint64_t seed, long count) {
    for (unsigned generation = 0; generation < 5; generation++) {
        pthread_t running[THREADS];
        struct errand errands[THREADS];
        for (unsigned t = 0; t < THREADS; t++) {
            errands[t] = (struct errand){seed + generation * 100 + t + 1, count / THREADS / 5};
            EXPECT(pthread_create(&running[t], NULL, exchange, &errands[t]) == 0);
        }
        for (unsigned t = 0; t < THREADS; t++) {
            EXPECT(pthread_join(running[t], NULL) == 0);
        }
    }
    while (box.used > 0) {
        struct object *o = &box.objects[--box.used];
        compare(o->block, o->size, o->tag);
        altru_free(o->block);
    }
    altru_heap_trim();
    EXPECT_WELL(altru_heap_check());
    altru_statistics s;
    EXPECT(altru_statistics_read(ALTRU_HEAP, &s) == 0);
    EXPECT(s.current == 0 && s.allocations == s.releases);
}

/* Blocks of two owners, which a third thread frees. */
enum { OWNERS = 2, LETTERS = 3000 };

static struct object letters[OWNERS * LETTERS];
static pthread_barrier_t written, gone;

static void write_letters(unsigned owner, uint64_t seed) {
    for (unsigned i = 0; i < LETTERS; i++) {
        struct object *o = &letters[owner * LETTERS + i];
        o->size = i % 3 == 0 ? 8 : next_random(&seed) % (i % 50 == 0 ? 8000 : 300);
        o->tag = i;
        o->block = altru_alloc(o->size);
        EXPECT(o->block != NULL);
        fill(o->block, o->size, o->tag);
    }
}

static void *write_and_wait(void *given) {
    write_letters(1, *(uint64_t *)given);
    pthread_barrier_wait(&written);
    pthread_barrier_wait(&gone);
    for (unsigned i = 0; i < LETTERS; i++) { /* makes room of what came back */
        struct object *o = &letters[LETTERS + i];
        o->block = altru_alloc(o->size);
        EXPECT(o->block != NULL);
        fill(o->block, o->size, i);
    }
    EXPECT_WELL(altru_heap_check());
    for (unsigned i = 0; i < LETTERS; i++) {
        compare(letters[LETTERS + i].block, letters[LETTERS + i].size, i);
        altru_free(letters[LETTERS + i].block);
    }
    return NULL;
}

/* Frees in the order in which they were made, one owner after the other, both in turn, or at
 * random: long chains of a page, short ones, and one block alone. */
static void *free_letters(void *given) {
    enum { ALL = OWNERS * LETTERS };
    uint64_t seed = *(uint64_t *)given, way = seed % 3;
    for (unsigned i = 0; i < ALL && way != 0; i++) {
        unsigned j = way == 1 ? i / OWNERS + i % OWNERS * LETTERS : next_random(&seed) % ALL;
        struct object swapped = letters[i];
        letters[i] = letters[j];
        letters[j] = swapped;
    }
    void *own =
        *(uint64_t *)given % 2 == 0 ? altru_alloc(8) : NULL; /* with a heap, or without one */
    for (unsigned i = 0; i < ALL; i++) {
        compare(letters[i].block, letters[i].size, letters[i].tag);
        altru_free(letters[i].block);
        if (i == ALL / 2) {
            altru_heap_trim();
        }
    }
    altru_free(own);
    return NULL;
}

static void messages(uint64_t seed, long count) {
    for (long step = 0; step < count; step++) {
        pthread_t other, reader;
        uint64_t way = seed + (uint64_t)step;
        pthread_barrier_init(&written, NULL, 2);
        pthread_barrier_init(&gone, NULL, 2);
        EXPECT(pthread_create(&other, NULL, write_and_wait, &way) == 0);
        write_letters(0, way);
        pthread_barrier_wait(&written);
        EXPECT(pthread_create(&reader, NULL, free_letters, &way) == 0);
        EXPECT(pthread_join(reader, NULL) == 0);
        EXPECT_WELL(altru_heap_check());
        pthread_barrier_wait(&gone);
        EXPECT(pthread_join(other, NULL) == 0);
        pthread_barrier_destroy(&written);
        pthread_barrier_destroy(&gone);
    }
    altru_heap_trim();
    EXPECT_WELL(altru_heap_check());
    altru_statistics s;
    EXPECT(altru_statistics_read(ALTRU_HEAP, &s) == 0);
    EXPECT(s.current == 0 && s.allocations == s.releases);
}

static void *use_while_forking(void *given) {
    struct errand *errand = given;
    for (long step = 0; step < errand->count; step++) {
        void *block = altru_alloc(random_size(next_random(&errand->seed)));
        altru_arena *a = altru_arena_new();
        altru_arena_destroy(a);
        altru_free(block);
        if (step % 100 == 0) {
            altru_heap_trim();
        }
    }
    return NULL;
}

/* AddressSanitizer's own malloc may hold no locks across fork (GCC 12's does not): a child of a
 * process with a second thread in it would wait for ever. There the other thread ends before. */
#if defined(__SANITIZE_ADDRESS__)
#define FORKS_BESIDE_A_THREAD 0
#elif defined(__has_feature)
#define FORKS_BESIDE_A_THREAD !__has_feature(address_sanitizer)
#else
#define FORKS_BESIDE_A_THREAD 1
#endif

/* A child has a whole heap, whatever the other threads were doing. */
static void forks(uint64_t seed, long count) {
    pthread_t other;
    struct errand errand = {seed, count * 200};
    EXPECT(pthread_create(&other, NULL, use_while_forking, &errand) == 0);
    if (!FORKS_BESIDE_A_THREAD) {
        pthread_join(other, NULL);
    }
    for (long step = 0; step < count; step++) {
        unsigned char *before = altru_alloc(100);
        fill(before, 100, 5);
        pid_t child = fork();
        if (child == 0) {
            compare(before, 100, 5);
            altru_free(before);
            everything();
            altru_heap_trim();
            _exit(0);
        }
        int status;
        EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) &&
               WEXITSTATUS(status) == 0);
        altru_free(before);
    }
    if (FORKS_BESIDE_A_THREAD) {
        pthread_join(other, NULL);
    }
}

#endif

/* ---- Profiles
 * ------------------------------------------------------------------------------------------------
 */

enum { PLACES = 40, BLOCKS = 600, HOMES = 7 };

/* A block that the model believes to be in use; `home` 0 is none. */
struct told {
    size_t size;
    int place, home;
};

static altru_profile_site places[PLACES];
static altru_statistics expected[PLACES];
static struct told told[BLOCKS];
static char addresses[BLOCKS + HOMES];

static void count_release(int block) {
    expected[told[block].place].current -= told[block].size;
    expected[told[block].place].releases++;
    told[block].size = 0;
}

/* Blocks come and go, alone and with their homes, and every count is that of a model which looks
 * at all of them. Nothing is allocated: the profile follows addresses. Half of the sites are told
 * twice, as by a module that is compiled again. */
static void profile(uint64_t seed, long count) {
    static char names[PLACES][8];
    for (int i = 0; i < PLACES; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i / 2);
        places[i] = (altru_profile_site){
            i % 3 ? "a.air" : NULL,           "f", names[i], (uint32_t)(1 + i % 2), 3,
            (uint32_t)(i % ALTRU_ALLOCATORS), 0,   NULL};
    }
    altru_profile_row row;
    altru_statistics total;
    EXPECT(altru_profile_read(0, &row) == -1);
    EXPECT(altru_profile_total(ALTRU_ALLOCATORS, &total) == -1);
    altru_profile_released(addresses);
    altru_profile_emptied(addresses);
    for (long step = 0; step < count; step++) {
        int block = (int)(next_random(&seed) % BLOCKS), place = (int)(next_random(&seed) % PLACES);
        unsigned what = (unsigned)(next_random(&seed) % 16);
        if (what < 9) { /* also at an address that was released where nobody told */
            if (told[block].size != 0) {
                count_release(block);
            }
            size_t size = 1 + next_random(&seed) % 1000;
            int home = (int)(next_random(&seed) % (HOMES + 1));
            void *at = home == 0 ? NULL : &addresses[BLOCKS + home - 1];
            altru_profile_allocated(&places[place], &addresses[block], size, at);
            told[block] = (struct told){size, place, home};
            expected[place].allocations++;
            expected[place].current += size;
            if (expected[place].current > expected[place].peak) {
                expected[place].peak = expected[place].current;
            }
        } else if (what < 14) {
            altru_profile_released(&addresses[block]);
            if (told[block].size != 0) {
                count_release(block);
            }
        } else if (what == 14 && next_random(&seed) % 8 == 0) {
            int home = 1 + (int)(next_random(&seed) % HOMES);
            altru_profile_emptied(&addresses[BLOCKS + home - 1]);
            for (int other = 0; other < BLOCKS; other++) {
                if (told[other].size != 0 && told[other].home == home) {
                    count_release(other);
                }
            }
        } else if (what == 15 && next_random(&seed) % 64 == 0) {
            places[place].row = NULL; /* the module was compiled again */
        }
    }
    altru_profile_allocated(&places[0], NULL, 1, NULL);
    altru_profile_site wrong = {NULL, NULL, NULL, 0, 0, ALTRU_ALLOCATORS, 0, NULL};
    altru_profile_allocated(&wrong, addresses, 1, NULL);
    size_t sum = 0, rows = 0;
    for (; altru_profile_read(rows, &row) == 0; rows++) {
        int place = -1;
        for (int i = 0; i < PLACES; i++) {
            if (row.line == places[i].line && row.allocator == places[i].allocator &&
                strcmp(row.type, places[i].type) == 0) {
                place = i;
            }
        }
        EXPECT(place >= 0 && (row.file == NULL) == (places[place].file == NULL));
        EXPECT(row.counts.current == expected[place].current);
        EXPECT(row.counts.peak == expected[place].peak);
        EXPECT(row.counts.allocations == expected[place].allocations);
        EXPECT(row.counts.releases == expected[place].releases);
        sum += row.counts.current;
    }
    EXPECT(rows <= PLACES && (count < 1000 || rows == PLACES));
    for (uint32_t allocator = 0; allocator < ALTRU_ALLOCATORS; allocator++) {
        EXPECT(altru_profile_total(allocator, &total) == 0);
        sum -= total.current;
    }
    EXPECT(sum == 0 && altru_profile_lost() == 0);
    altru_profile_print();
    /* Refused memory loses a count, and no more. */
    static char many[5000];
    altru_configure(ALTRU_OPTION_fail_after, 1);
    for (size_t i = 0; i < sizeof many; i++) {
        altru_profile_allocated(&places[0], &many[i], 1, &many[i + 1 < sizeof many ? i + 1 : 0]);
    }
    altru_profile_site unknown = {"b.air", "g", "u", 1, 1, 0, 0, NULL};
    altru_profile_allocated(&unknown, &unknown, 1, NULL);
    altru_profile_print();
    altru_configure(ALTRU_OPTION_fail_after, 0);
    EXPECT(altru_profile_lost() > 1);
    altru_profile_print();
    for (size_t i = 0; i < sizeof many; i++) {
        altru_profile_released(&many[i]);
    }
    altru_profile_allocated(&unknown, &unknown, 1, NULL);
    EXPECT(unknown.row != NULL);
}

/* ---- Options, statistics
 * ------------------------------------------------------------------------------------ */

static void options(uint64_t seed, long count) {
    (void)seed, (void)count;
    EXPECT(altru_option(ALTRU_OPTIONS) == 0);
    EXPECT(altru_configure(ALTRU_OPTIONS, 1) == -1);
    EXPECT(altru_configure(ALTRU_OPTION_sample, 7) == 0 && altru_option(ALTRU_OPTION_sample) == 7);
    void *block = altru_alloc(10);
    EXPECT(altru_configure(ALTRU_OPTION_hardened, 1) == -1); /* too late */
    altru_statistics s;
    EXPECT(altru_statistics_read(ALTRU_ALLOCATORS, &s) == -1);
    EXPECT(altru_allocator_name(ALTRU_ALLOCATORS) == NULL);
    EXPECT(strcmp(altru_allocator_name(ALTRU_ARENA), "arena") == 0);
    EXPECT(altru_current_usage() >= 10 && altru_peak_usage() >= altru_current_usage());
    altru_statistics_print();
    altru_free_at(block, NULL);
    block = altru_alloc(10);
    altru_free_at(block, NULL);
    altru_free_at(NULL, NULL);
    EXPECT(altru_usable_size(NULL) == 0);
    EXPECT(altru_thread_offset() == altru_thread_offset());
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(uint64_t seed, long count);
    } scenarios[] = {
        {"heap", heap},       {"arena", arena},     {"pool", pool},         {"stack", stack},
        {"secure", secure},   {"options", options}, {"profile", profile},
#ifndef __wasm__
        {"refused", refused}, {"threads", threads}, {"messages", messages}, {"forks", forks},
#endif
    };
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    long count = argc > 3 ? atol(argv[3]) : 1000;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (argc > 1 && strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run(seed * 0x9e3779b97f4a7c15u + 1, count);
            puts("well");
            return 0;
        }
    }
    return 2;
}
