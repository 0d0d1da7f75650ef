/* Panics as told: panic_program MODE KIND A B FILE LINE COLUMN [MESSAGE]; FILE `-` is none. The
 * mode says what else is going on: `plain`, `output` (unflushed text on standard output), `threads`
 * (eight threads panic at once), `memory` (the heap is exhausted). */
#define _POSIX_C_SOURCE 200809L
#include <altru.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

_Static_assert(sizeof(void *) != 8 || sizeof(altru_site) == 40, "a site has 40 bytes");
_Static_assert(ALTRU_PANIC_bounds == 1, "numbers of classes are part of the ABI");

static altru_site sites[2];
static uint64_t a, b;

static void *panic(void *unused) {
    (void)unused;
    altru_panic_site(sites, 1, a, b);
}

static void exhaust_memory(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_AS, &none);
    setrlimit(RLIMIT_DATA, &none);
    while (malloc(16) != NULL) {
    }
}

int main(int argc, char **argv) {
    if (argc < 8) {
        return 2;
    }
    const char *mode = argv[1];
    sites[0].message = "the wrong site";
    sites[1].kind = (uint32_t)strtoul(argv[2], NULL, 10);
    a = strtoull(argv[3], NULL, 0);
    b = strtoull(argv[4], NULL, 0);
    sites[1].file = strcmp(argv[5], "-") == 0 ? NULL : argv[5];
    sites[1].line = (uint32_t)strtoul(argv[6], NULL, 10);
    sites[1].column = (uint32_t)strtoul(argv[7], NULL, 10);
    sites[1].message = argc > 8 ? argv[8] : NULL;
    if (strcmp(mode, "output") == 0) {
        printf("written before, no end of line");
    } else if (strcmp(mode, "memory") == 0) {
        exhaust_memory();
    } else if (strcmp(mode, "threads") == 0) {
        pthread_t threads[8];
        for (int i = 0; i < 8; i++) {
            pthread_create(&threads[i], NULL, panic, NULL);
        }
        for (int i = 0; i < 8; i++) {
            pthread_join(threads[i], NULL);
        }
    }
    panic(NULL);
}
