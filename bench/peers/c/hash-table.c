#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct slot {
    uint64_t key, count;
};

struct table {
    struct slot *slots;
    size_t size, used;
};

/* The slot of a key, which is not zero: its own, or the free one where it belongs. */
static size_t find(const struct slot *slots, size_t size, uint64_t key) {
    size_t mask = size - 1;
    size_t at = (key * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (slots[at].key != key && slots[at].key != 0)
        at = (at + 1) & mask;
    return at;
}

static void grow(struct table *table) {
    size_t size = table->size * 2;
    struct slot *slots = calloc(size, sizeof *slots);
    for (size_t i = 0; i < table->size; i++)
        if (table->slots[i].key != 0)
            slots[find(slots, size, table->slots[i].key)] = table->slots[i];
    free(table->slots);
    table->slots = slots;
    table->size = size;
}

static void count(struct table *table, uint64_t key) {
    size_t at = find(table->slots, table->size, key);
    if (table->slots[at].key == 0) {
        table->slots[at].key = key;
        table->used++;
    }
    table->slots[at].count++;
    if (table->used * 4 > table->size * 3)
        grow(table);
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 0;
    struct table table = {calloc(16, sizeof(struct slot)), 16, 0};
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < n; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        count(&table, state % (n / 4 + 1) + 1);
    }
    uint64_t found = 0, most = 0;
    for (uint64_t key = 1; key <= n; key++) {
        uint64_t times = table.slots[find(table.slots, table.size, key)].count;
        found += times;
        most = times > most ? times : most;
    }
    printf("%zu keys, %llu found, at most %llu times\n", table.used, (unsigned long long)found, (unsigned long long)most);
    free(table.slots);
    return 0;
}
