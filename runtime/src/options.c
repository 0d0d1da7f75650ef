/* options.c - the options, from the environment and from the program.
 *
 * Invariant: they are read before any allocation of ours: the constructor runs when the library is
 * loaded, and nothing here allocates.
 */
#include "internal.h"

#include <stdatomic.h>
#include <stdlib.h>

static _Atomic uint64_t values[ALTRU_OPTIONS] = {
#define ALTRU_OPTION(name, variable, value, what) value,
    ALTRU_OPTION_LIST
#undef ALTRU_OPTION
};

static const char *const variables[ALTRU_OPTIONS] = {
#define ALTRU_OPTION(name, variable, value, what) variable,
    ALTRU_OPTION_LIST
#undef ALTRU_OPTION
};

/* Set by the first allocation: from here on some options are what they are. */
static atomic_bool settled;

static const char *from_environment(const char *name) {
#ifdef __GLIBC__
    return secure_getenv(name);
#else
    return getenv(name);
#endif
}

/* Reads `text` into `value`; false when it is not a number or does not fit. */
static bool read_number(const char *text, uint64_t *value) {
    uint64_t number = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        unsigned digit = (unsigned)(*text - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    unsigned shift = *text == 'k' ? 10 : *text == 'm' ? 20 : *text == 'g' ? 30 : 0;
    if (shift != 0) {
        text++;
    }
    if (*text != '\0' || number > UINT64_MAX >> shift) {
        return false;
    }
    *value = number << shift;
    return true;
}

__attribute__((constructor(101))) static void read_environment(void) {
    for (unsigned option = 0; option < ALTRU_OPTIONS; option++) {
        const char *text = from_environment(variables[option]);
        uint64_t value;
        if (text != NULL && read_number(text, &value)) {
            atomic_store_explicit(&values[option], value, memory_order_relaxed);
        }
    }
}

uint64_t altru_option(uint32_t option) {
    if (option >= ALTRU_OPTIONS) {
        return 0;
    }
    return atomic_load_explicit(&values[option], memory_order_relaxed);
}

int altru_configure(uint32_t option, uint64_t value) {
    bool early = option == ALTRU_OPTION_hardened || option == ALTRU_OPTION_statistics ||
                 option == ALTRU_OPTION_heap_span;
    if (option >= ALTRU_OPTIONS || (early && atomic_load(&settled))) {
        return -1;
    }
    if (option == ALTRU_OPTION_fail_after) {
        altru_source_restart();
    }
    atomic_store_explicit(&values[option], value, memory_order_relaxed);
    return 0;
}

void altru_options_settle(void) {
    atomic_store(&settled, true);
}
