/* Panics through guards in C: unwind_program MODE. `plain` checks what a caught panic says; `many`
 * catches 100,000 of them; `held` keeps more than the fixed set of records; `threads` has 8 threads
 * catch at once; `nested` catches within a guard; `memory` does so with the heap exhausted; `loose`
 * panics without a guard; `end` ends the process with a caught panic. */
#define _POSIX_C_SOURCE 200809L
#include <altru.h>

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const altru_site sites[] = {
    {"a.air", NULL, ALTRU_PANIC_null, 1, 1, 0, NULL},
    {"a.air", NULL, ALTRU_PANIC_bounds, 7, 8, 0, "lookup"},
};

static void panics(void *context) {
    altru_panic_unwind(sites, 1, (uint64_t)(uintptr_t)context, 3);
}

static void returns(void *context) {
    *(int *)context += 1;
}

static void catch_one(uintptr_t value) {
    altru_panic *panic = altru_guard_call(panics, (void *)value);
    assert(panic != NULL);
    assert(altru_panic_value(panic, 0) == value && altru_panic_value(panic, 1) == 3);
    altru_panic_release(panic);
}

static void nested(void *context) {
    catch_one(5);
    panics(context);
}

static void *many(void *context) {
    for (uintptr_t turn = 0; turn < 2000; turn++) {
        catch_one(turn);
    }
    return context;
}

static void check_what_it_says(void) {
    altru_panic *panic = altru_guard_call(panics, (void *)9);
    char text[64], short_text[6];
    size_t length = strlen("index 9 out of bounds for length 3");
    assert(altru_panic_message(panic, text, sizeof text) == length);
    assert(strcmp(text, "index 9 out of bounds for length 3") == 0);
    assert(altru_panic_message(panic, short_text, sizeof short_text) == length);
    assert(strcmp(short_text, "index") == 0);
    assert(altru_panic_message(panic, NULL, 0) == length);
    assert(altru_panic_place(panic)->line == 7);
    assert(altru_panic_value(panic, 2) == 0);
    assert(altru_panic_frame(panic, 0, text, sizeof text) == 6 && strcmp(text, "lookup") == 0);
    assert(altru_panic_frame(panic, 1, text, sizeof text) == SIZE_MAX);
    assert(altru_panic_take() == NULL && *altru_panics_waiting() == 0);
    altru_panic_release(panic);
    altru_panic_release(NULL);
    int count = 0;
    assert(altru_guard_call(returns, &count) == NULL && count == 1);
}

static void hold_many(void) {
    altru_panic *held[100];
    for (uintptr_t at = 0; at < 100; at++) {
        held[at] = altru_guard_call(panics, (void *)at);
    }
    for (uintptr_t at = 0; at < 100; at++) {
        assert(altru_panic_value(held[at], 0) == at);
        altru_panic_release(held[at]);
    }
}

static void exhaust_memory(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_AS, &none);
    setrlimit(RLIMIT_DATA, &none);
    while (malloc(16) != NULL) {
    }
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "plain") == 0) {
        check_what_it_says();
    } else if (strcmp(mode, "many") == 0) {
        for (int turn = 0; turn < 50; turn++) {
            many(NULL);
        }
    } else if (strcmp(mode, "held") == 0) {
        hold_many();
    } else if (strcmp(mode, "threads") == 0) {
        pthread_t threads[8];
        for (int i = 0; i < 8; i++) {
            pthread_create(&threads[i], NULL, many, NULL);
        }
        for (int i = 0; i < 8; i++) {
            pthread_join(threads[i], NULL);
        }
    } else if (strcmp(mode, "nested") == 0 || strcmp(mode, "memory") == 0) {
        if (strcmp(mode, "memory") == 0) {
            exhaust_memory();
        }
        altru_panic *panic = altru_guard_call(nested, (void *)6);
        assert(altru_panic_value(panic, 0) == 6);
        altru_panic_release(panic);
    } else if (strcmp(mode, "loose") == 0) {
        catch_one(4);
        panics((void *)6);
    } else if (strcmp(mode, "end") == 0) {
        printf("written before");
        altru_panic_end(altru_guard_call(panics, (void *)6));
    } else {
        return 2;
    }
    return 0;
}
