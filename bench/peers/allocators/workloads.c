/* workloads.c - what allocators are compared on: one program per home, one workload per run.
 *
 *     workloads WORKLOAD COUNT
 *
 * The home is chosen when this is compiled: HOME_MALLOC (the peers replace malloc by LD_PRELOAD),
 * HOME_HEAP, HOME_POOL, HOME_ARENA, or HOME_NONE, which allocates nothing and is what the loops
 * cost by themselves. Every object is written when it is made and read when it goes; the checksum
 * is printed, and is the same for every home.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(HOME_HEAP) || defined(HOME_POOL) || defined(HOME_ARENA)
#include <altru.h>
#endif

enum { LIVE = 1024, OBJECT = 32, CRATE = 1000, CRATES = 16, LARGEST = 256 };

typedef struct object {
    uint64_t words[OBJECT / 8];
} object;

static uint64_t state = 88172645463325252u;

static inline uint64_t next_random(uint64_t *x) {
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* Numbers below 1,024 in a random order, made once, so that the loops cost little themselves. */
static uint16_t order[65536];

static void shuffle(void) {
    for (unsigned i = 0; i < 65536; i++) {
        order[i] = (uint16_t)(next_random(&state) % LIVE);
    }
}

/* ---- Homes -------------------------------------------------------------------------------------
 */

/* What a workload holds of its home, in a local variable. */
#if defined(HOME_POOL)
typedef altru_pool home;
#elif defined(HOME_ARENA)
typedef altru_arena home;
#else
typedef struct home {
    object all[LIVE + 1], *spare; /* HOME_NONE: what goes is what comes next */
} home;
#endif

static home *open_home(void) {
#if defined(HOME_POOL)
    return altru_pool_new(OBJECT, 8);
#elif defined(HOME_ARENA)
    return altru_arena_new();
#else
    static home none;
    none.spare = &none.all[LIVE];
    return &none;
#endif
}

static inline object *acquire(home *from) {
#if defined(HOME_POOL)
    return altru_pool_take(from);
#elif defined(HOME_ARENA)
    return altru_arena_take(from, OBJECT);
#elif defined(HOME_HEAP)
    (void)from;
    return altru_new(OBJECT);
#elif defined(HOME_NONE)
    return from->spare;
#else
    (void)from;
    return malloc(OBJECT);
#endif
}

/* One of the first LIVE objects. */
static inline object *acquire_at(home *from, unsigned i) {
#if defined(HOME_NONE)
    return &from->all[i];
#else
    (void)i;
    return acquire(from);
#endif
}

static inline void release(home *to, object *gone) {
    (void)to;
#if defined(HOME_POOL)
    altru_pool_give(to, gone);
#elif defined(HOME_HEAP)
    altru_delete(gone);
#elif defined(HOME_MALLOC)
    free(gone);
#elif defined(HOME_NONE)
    to->spare = gone;
#else
    (void)gone;
#endif
}

static inline void *acquire_bytes(size_t size) {
#if defined(HOME_HEAP)
    return altru_alloc(size);
#else
    return malloc(size);
#endif
}

static inline void release_bytes(void *gone) {
#if defined(HOME_HEAP)
    altru_delete(gone);
#else
    free(gone);
#endif
}

/* ---- Objects of one size
 * -------------------------------------------------------------------------- */

/* 1,024 live objects, one of them at random replaced in each step. The new one is made first: else
 * a list of free objects gives it the old one's place, and the compiler may see that. */
static uint64_t pairs(long count) {
    static object *live[LIVE];
    home *at = open_home();
    uint64_t sum = 0;
    for (unsigned i = 0; i < LIVE; i++) {
        live[i] = acquire_at(at, i);
        live[i]->words[0] = i;
    }
    for (long step = 0; step < count; step++) {
        unsigned i = order[step % 65536];
        object *made = acquire(at);
        made->words[0] = (uint64_t)step;
        sum += live[i]->words[0];
        release(at, live[i]);
        live[i] = made;
    }
    return sum;
}

/* The same for an arena: 1,024 objects are made and read in a random order, and all go at once. */
static uint64_t rounds(long count) {
    static object *live[LIVE];
    home *at = open_home();
    uint64_t sum = 0;
    for (long step = 0; step < count; step += LIVE) {
        for (unsigned i = 0; i < LIVE; i++) {
            live[i] = acquire_at(at, i);
            live[i]->words[0] = (uint64_t)step + i;
        }
        for (unsigned i = 0; i < LIVE; i++) {
            sum += live[order[(step + i) % 65536]]->words[0];
        }
#if defined(HOME_ARENA)
        altru_arena_reset(at);
#else
        for (unsigned i = 0; i < LIVE; i++) {
            release(at, live[i]);
        }
#endif
    }
    return sum;
}

/* ---- Binary trees
 * ----------------------------------------------------------------------------------- */

typedef struct tree {
    struct tree *left, *right;
    uint64_t pad[2];
} tree;

static tree *grow(home *at, int depth) {
    tree *made = (tree *)acquire(at);
    made->left = depth == 0 ? NULL : grow(at, depth - 1);
    made->right = depth == 0 ? NULL : grow(at, depth - 1);
    return made;
}

static uint64_t count_nodes(const tree *node) {
    return node->left == NULL ? 1 : 1 + count_nodes(node->left) + count_nodes(node->right);
}

static void cut(home *at, tree *node) {
#if defined(HOME_ARENA)
    (void)at, (void)node;
#else
    if (node->left != NULL) {
        cut(at, node->left);
        cut(at, node->right);
    }
    release(at, (object *)node);
#endif
}

static uint64_t trees(long depth) {
    home *at = open_home();
    tree *longest = grow(at, (int)depth);
    uint64_t sum = 0;
#if defined(HOME_ARENA)
    altru_arena_mark mark = altru_arena_now(at);
#endif
    for (int d = 4; d <= depth; d += 4) {
        for (long i = 0; i < 1L << (depth - d + 4); i++) {
            tree *made = grow(at, d);
            sum += count_nodes(made);
            cut(at, made);
#if defined(HOME_ARENA)
            altru_arena_rollback(at, mark);
#endif
        }
    }
    sum += count_nodes(longest);
    cut(at, longest);
    return sum;
}

/* ---- Blocks of 8 to 256 bytes
 * ------------------------------------------------------------------------ */

static inline uint8_t *make(uint64_t random) {
    size_t size = 8 + random % (LARGEST - 7);
    uint8_t *made = acquire_bytes(size);
    made[0] = (uint8_t)random;
    made[size - 1] = (uint8_t)random;
    return made;
}

static uint64_t random_sizes(long count) {
    static uint8_t *live[4 * LIVE];
    uint64_t sum = 0;
    for (unsigned i = 0; i < 4 * LIVE; i++) {
        live[i] = make(next_random(&state));
    }
    for (long step = 0; step < count; step++) {
        uint64_t random = next_random(&state);
        unsigned i = (random >> 32) % (4 * LIVE);
        sum += live[i][0];
        release_bytes(live[i]);
        live[i] = make(random);
    }
    return sum;
}

/* 10,000 live blocks that go in the order in which they came. */
static uint64_t fifo(long count) {
    enum { LENGTH = 10000 };
    static uint8_t *queue[LENGTH];
    uint64_t sum = 0;
    for (long step = 0; step < count; step++) {
        uint8_t **place = &queue[step % LENGTH];
        if (*place != NULL) {
            sum += **place;
            release_bytes(*place);
        }
        *place = make(next_random(&state));
    }
    return sum;
}

/* ---- Two threads
 * --------------------------------------------------------------------------------------- */

/* Blocks on their way, in crates that wait for the other thread without using the processor. */
static uint8_t *crates[CRATES][CRATE];
static sem_t filled, emptied;

/* Has this thread run on one processor only, so that two threads share no cache, however loaded the
 * machine is. */
static void stay_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void *consume(void *given) {
    long count = *(long *)given;
    stay_on(1);
    static uint64_t sum;
    for (long step = 0; step < count; step++) {
        if (step % CRATE == 0) {
            sem_wait(&filled);
        }
        uint8_t *got = crates[step / CRATE % CRATES][step % CRATE];
        sum += got[0];
        release_bytes(got);
        if (step % CRATE == CRATE - 1) {
            sem_post(&emptied);
        }
    }
    return &sum;
}

/* One thread makes, the other releases. */
static uint64_t handover(long count) {
    pthread_t consumer;
    count -= count % CRATE;
    sem_init(&filled, 0, 0);
    sem_init(&emptied, 0, CRATES);
    stay_on(0);
    pthread_create(&consumer, NULL, consume, &count);
    for (long step = 0; step < count; step++) {
        if (step % CRATE == 0) {
            sem_wait(&emptied);
        }
        crates[step / CRATE % CRATES][step % CRATE] = make(next_random(&state));
        if (step % CRATE == CRATE - 1) {
            sem_post(&filled);
        }
    }
    void *result;
    pthread_join(consumer, &result);
    return *(uint64_t *)result;
}

struct worker {
    uint8_t *live[LIVE];
    uint64_t state, sum;
    long count;
};

static void *replace(void *given) {
    struct worker *w = given;
    for (long step = 0; step < w->count; step++) {
        uint64_t random = next_random(&w->state);
        unsigned i = (random >> 32) % LIVE;
        w->sum += w->live[i][0];
        release_bytes(w->live[i]);
        w->live[i] = make(random);
    }
    return w;
}

/* Larson and Krishnan (1998): threads replace blocks, end, and leave them to the next ones. */
static uint64_t larson(long count) {
    enum { THREADS = 2, GENERATIONS = 20 };
    static struct worker workers[THREADS];
    uint64_t sum = 0;
    for (unsigned t = 0; t < THREADS; t++) {
        workers[t].state = state + t;
        workers[t].count = count / THREADS / GENERATIONS;
        for (unsigned i = 0; i < LIVE; i++) {
            workers[t].live[i] = make(next_random(&state));
        }
    }
    for (unsigned generation = 0; generation < GENERATIONS; generation++) {
        pthread_t threads[THREADS];
        for (unsigned t = 0; t < THREADS; t++) {
            pthread_create(&threads[t], NULL, replace, &workers[(t + generation) % THREADS]);
        }
        for (unsigned t = 0; t < THREADS; t++) {
            pthread_join(threads[t], NULL);
        }
    }
    for (unsigned t = 0; t < THREADS; t++) {
        sum += workers[t].sum;
    }
    return sum;
}

#if defined(HOME_HEAP)
/* Secrets of 32 bytes, 16 of them live, from the cache of guarded, locked pages. */
static uint64_t secrets(long count) {
    enum { SECRETS = 16 };
    static uint64_t *live[SECRETS];
    uint64_t sum = 0;
    for (long step = 0; step < count; step++) {
        uint64_t **place = &live[order[step % 65536] % SECRETS];
        if (*place != NULL) {
            sum += **place;
            altru_secure_free(*place);
        }
        *place = altru_secure_alloc(32);
        **place = (uint64_t)step;
    }
    return sum;
}
#endif

/* The most memory that was resident, to standard error: "VmHWM: 1536 kB". */
static void tell_memory(void) {
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "VmHWM", 5) == 0) {
            fputs(line, stderr);
        }
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        uint64_t (*run)(long count);
    } workloads[] = {
        {"pairs", pairs},     {"rounds", rounds},     {"trees", trees},   {"random", random_sizes},
        {"fifo", fifo},       {"handover", handover}, {"larson", larson},
#if defined(HOME_HEAP)
        {"secrets", secrets},
#endif
    };
    if (argc != 3) {
        return 2;
    }
    shuffle();
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
        if (strcmp(argv[1], workloads[i].name) == 0) {
            printf("%llu\n", (unsigned long long)workloads[i].run(atol(argv[2])));
            tell_memory();
            return 0;
        }
    }
    return 2;
}
