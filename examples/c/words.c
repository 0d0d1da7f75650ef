/* words.c - how often each word occurs in standard input, most frequent first: a C program that
 * uses the runtime alone.
 *
 *     cc $(python -m altru_ir.runtime --cflags) words.c $(python -m altru_ir.runtime --libs) -o
 * words
 *     ./words < text
 *
 * Spellings live in an arena, for they end together; counters in a pool; the table is a block of
 * the heap that grows; sorting borrows memory from the stack. */
#include <altru.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counter {
    const char *word;
    size_t count;
    struct counter *next;
};

struct table {
    struct counter **buckets;
    size_t size, used;
};

static size_t hash(const char *word) {
    size_t h = 5381;
    for (; *word != '\0'; word++) {
        h = h * 33 + (unsigned char)*word;
    }
    return h;
}

static struct counter **bucket(struct table *table, const char *word) {
    return &table->buckets[hash(word) & (table->size - 1)];
}

/* Twice as many buckets. */
static bool grow(struct table *table) {
    struct table larger = {NULL, table->size == 0 ? 64 : 2 * table->size, table->used};
    larger.buckets = altru_alloc(larger.size * sizeof *larger.buckets);
    if (larger.buckets == NULL) {
        return false;
    }
    memset(larger.buckets, 0, larger.size * sizeof *larger.buckets);
    for (size_t i = 0; i < table->size; i++) {
        for (struct counter *c = table->buckets[i]; c != NULL;) {
            struct counter *next = c->next, **home = bucket(&larger, c->word);
            c->next = *home;
            *home = c;
            c = next;
        }
    }
    altru_free(table->buckets);
    *table = larger;
    return true;
}

static bool count(struct table *table, altru_arena *words, altru_pool *counters, const char *word) {
    if (table->used >= table->size && !grow(table)) {
        return false;
    }
    struct counter **home = bucket(table, word);
    for (struct counter *c = *home; c != NULL; c = c->next) {
        if (strcmp(c->word, word) == 0) {
            c->count++;
            return true;
        }
    }
    size_t length = strlen(word) + 1;
    char *kept = altru_arena_alloc(words, length, 1);
    struct counter *made = altru_pool_take(counters);
    if (kept == NULL || made == NULL) {
        return false;
    }
    memcpy(kept, word, length);
    *made = (struct counter){kept, 1, *home};
    *home = made;
    table->used++;
    return true;
}

static int by_count(const void *a, const void *b) {
    const struct counter *x = *(struct counter *const *)a, *y = *(struct counter *const *)b;
    if (x->count != y->count) {
        return x->count < y->count ? 1 : -1;
    }
    return strcmp(x->word, y->word);
}

static bool tell(const struct table *table) {
    altru_stack_mark mark = altru_stack_now();
    struct counter **sorted = altru_stack_alloc(table->used * sizeof *sorted, 8);
    if (sorted == NULL) {
        return false;
    }
    size_t used = 0;
    for (size_t i = 0; i < table->size; i++) {
        for (struct counter *c = table->buckets[i]; c != NULL; c = c->next) {
            sorted[used++] = c;
        }
    }
    qsort(sorted, used, sizeof *sorted, by_count);
    for (size_t i = 0; i < used; i++) {
        printf("%zu %s\n", sorted[i]->count, sorted[i]->word);
    }
    altru_stack_release(mark);
    return true;
}

int main(void) {
    struct table table = {NULL, 0, 0};
    altru_arena *words = altru_arena_new();
    altru_pool *counters = altru_pool_new(sizeof(struct counter), _Alignof(struct counter));
    char word[256];
    size_t length = 0;
    bool well = words != NULL && counters != NULL;
    for (int c = 0; c != EOF && well;) {
        c = getchar();
        if (c != EOF && isalpha(c) && length < sizeof word - 1) {
            word[length++] = (char)tolower(c);
        } else if (length > 0) {
            word[length] = '\0';
            length = 0;
            well = count(&table, words, counters, word);
        }
    }
    well = well && tell(&table);
    altru_free(table.buckets);
    altru_pool_destroy(counters);
    altru_arena_destroy(words);
    if (!well) {
        fputs("words: out of memory\n", stderr);
        return 1;
    }
    return altru_current_usage() == 0 ? 0 : 3; /* everything went back */
}
