/* One mistake per run, for a hardened heap to tell: misuse_program SCENARIO. Ends with status 0
 * when nothing was noticed. */
#define _GNU_SOURCE
#include <altru.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Hidden from the C compiler, which knows some of these mistakes. */
static void *volatile hidden;

static void *hide(void *pointer) {
    hidden = pointer;
    return hidden;
}

static const altru_site site = {.file = "demo.c", .line = 7, .column = 3};

static void double_free(void) {
    void *block = hide(altru_alloc(24));
    altru_free(block);
    altru_free_at(block, &site);
}

static void double_free_large(void) {
    void *block = hide(altru_alloc(100000));
    altru_free(block);
    altru_free_at(block, &site);
}

static void interior(void) {
    char *block = hide(altru_alloc(24));
    altru_free_at(block + 8, &site);
}

static void foreign(void) {
    int local;
    altru_free_at(hide(&local), &site);
}

static void foreign_in_range(void) {
    char *block = hide(altru_alloc(24));
    altru_free_at(block + 65536 * 4, &site);
}

static void far_in_range(void) {
    char *block = hide(altru_alloc(24));
    altru_free_at(block + ((size_t)1 << 30), &site);
}

static void overrun(void) {
    char *block = hide(altru_alloc(20));
    block[20] = 1;
    altru_free_at(block, &site);
}

static void write_after_free(void) {
    char *blocks[100];
    for (int i = 0; i < 100; i++) {
        blocks[i] = hide(altru_alloc(24));
    }
    for (int i = 0; i < 100; i++) {
        altru_free(blocks[i]);
    }
    blocks[10][10] = 1;
    for (int i = 0; i < 100; i++) {
        hide(altru_alloc(24));
    }
}

static void walkers(void) {
    char *first = hide(altru_alloc(20)), *second = hide(altru_alloc(40));
    altru_free(second);
    first[20] = 1;
    puts(altru_heap_check());
    first[20] = (char)0xfb;
    second[3] = 1;
    puts(altru_heap_check());
}

static void guarded_overrun(void) {
    altru_configure(ALTRU_OPTION_sample, 1);
    char *block = hide(altru_alloc(32));
    block[32] = 1;
}

static void guarded_after_free(void) {
    altru_configure(ALTRU_OPTION_sample, 1);
    char *block = hide(altru_alloc(32));
    altru_free(block);
    block[0] = 1;
}

static void guarded_double_free(void) {
    altru_configure(ALTRU_OPTION_sample, 1);
    char *block = hide(altru_alloc(32));
    altru_free(block);
    altru_free_at(block, &site);
}

static void guarded_interior(void) {
    altru_configure(ALTRU_OPTION_sample, 1);
    char *block = hide(altru_alloc(32));
    altru_free_at(block + 1, &site);
}

static void realloc_foreign(void) {
    char *block = hide(altru_alloc(32));
    altru_free(block);
    hide(altru_realloc(block, 64));
}

static void size_of_foreign(void) {
    int local;
    printf("%zu\n", altru_usable_size(hide(&local)));
}

static void pool_foreign(void) {
    altru_pool *pool = altru_pool_new(32, 8);
    int local;
    altru_pool_acquire(pool);
    altru_pool_release_at(pool, hide(&local), &site);
}

static void pool_interior(void) {
    altru_pool *pool = altru_pool_new(32, 8);
    char *object = hide(altru_pool_acquire(pool));
    altru_pool_release_at(pool, object + 8, &site);
}

static void pool_twice(void) {
    altru_pool *pool = altru_pool_new(32, 8);
    void *object = hide(altru_pool_acquire(pool));
    altru_pool_give(pool, object);
    altru_pool_give(pool, object);
}

static void arena_gone(void) {
    altru_arena *arena = hide(altru_arena_new());
    altru_arena_destroy(arena);
    altru_arena_take(arena, 8);
}

static void arena_future_mark(void) {
    altru_arena *arena = altru_arena_new();
    altru_arena_alloc(arena, 64, 8);
    altru_arena_mark mark = altru_arena_now(arena);
    altru_arena_reset(arena);
    altru_arena_rollback(arena, mark);
}

static void secure_overrun(void) {
    altru_configure(ALTRU_OPTION_sample, 1);
    hide(altru_alloc(1)); /* from here on faults are watched */
    char *key = hide(altru_secure_alloc(32));
    key[32] = 1;
}

static void secure_underrun(void) {
    char *key = hide(altru_secure_alloc(32));
    key[-1] = 1;
    altru_secure_free(key);
}

static void secure_twice(void) {
    char *key = hide(altru_secure_alloc(32));
    altru_secure_free(key);
    altru_secure_free(key);
}

static char *secret;

static ssize_t look_at_secret(void *cookie, const char *bytes, size_t size) {
    (void)cookie, (void)bytes;
    bool wiped = true;
    for (int i = 0; i < 32; i++) {
        wiped = wiped && secret[i] == 0;
    }
    const char *told = wiped ? "wiped\n" : "there\n";
    return write(STDOUT_FILENO, told, 6) == 6 ? (ssize_t)size : 0;
}

/* Standard output is flushed when a panic is told: by then the secret is gone. */
static void panic_with_a_secret(void) {
    secret = hide(altru_secure_alloc(32));
    memset(secret, 'k', 32);
    stdout = fopencookie(NULL, "w", (cookie_io_functions_t){.write = look_at_secret});
    puts("something");
    fflush(stdout);
    puts("something");
    altru_panic_site(&site, 0, 0, 0);
}

static void ordinary_fault(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    altru_configure(ALTRU_OPTION_sample, 1);
    hide(altru_alloc(1));
    *(volatile char *)hide((void *)(uintptr_t)16) = 1;
}

int main(int argc, char **argv) {
#define SCENARIO(name)                                                                             \
    {                                                                                              \
        #name, name                                                                                \
    }
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = {
        SCENARIO(double_free),
        SCENARIO(double_free_large),
        SCENARIO(interior),
        SCENARIO(foreign),
        SCENARIO(foreign_in_range),
        SCENARIO(far_in_range),
        SCENARIO(overrun),
        SCENARIO(write_after_free),
        SCENARIO(walkers),
        SCENARIO(guarded_overrun),
        SCENARIO(guarded_after_free),
        SCENARIO(guarded_double_free),
        SCENARIO(guarded_interior),
        SCENARIO(realloc_foreign),
        SCENARIO(size_of_foreign),
        SCENARIO(pool_foreign),
        SCENARIO(pool_interior),
        SCENARIO(pool_twice),
        SCENARIO(arena_gone),
        SCENARIO(arena_future_mark),
        SCENARIO(secure_overrun),
        SCENARIO(secure_underrun),
        SCENARIO(secure_twice),
        SCENARIO(ordinary_fault),
        SCENARIO(panic_with_a_secret),
    };
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (argc == 2 && strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    }
    return 2;
}
