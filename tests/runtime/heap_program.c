/* Every promise of the heap in altru.h, from C. Ends with status 0 when all hold; run under
 * AddressSanitizer, which also says whether each block was given back. */
#include <altru.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* Volatile, so that the C compiler does not see how absurd they are. */
static volatile size_t largest = PTRDIFF_MAX;
static volatile size_t absurd = (size_t)PTRDIFF_MAX + 1;
static volatile size_t all_ones = SIZE_MAX;

static int is_multiple(const void *block, size_t alignment) {
    return (uintptr_t)block % alignment == 0;
}

static void sizes(void) {
    for (size_t size = 1; size <= 4096; size += size / 3 + 1) {
        unsigned char *block = altru_alloc(size);
        EXPECT(block != NULL);
        EXPECT(is_multiple(block, _Alignof(max_align_t)) || size < _Alignof(max_align_t));
        memset(block, 0xa5, size);
        altru_free(block);
    }
    EXPECT(altru_alloc(absurd) == NULL);
    EXPECT(altru_alloc(all_ones) == NULL);
    EXPECT(altru_alloc(largest) == NULL);
}

static void no_bytes(void) {
    void *first = altru_alloc(0);
    void *second = altru_alloc(0);
    void *third = altru_alloc_aligned(0, 64);
    EXPECT(first != NULL && second != NULL && third != NULL);
    EXPECT(first != second && second != third && first != third);
    EXPECT(is_multiple(third, 64));
    altru_free(first);
    altru_free(second);
    altru_free(third);
    altru_free(NULL);
}

static void alignments(void) {
    for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        for (size_t size = 1; size <= 1000; size = size * 3 + 1) {
            unsigned char *block = altru_alloc_aligned(size, alignment);
            EXPECT(block != NULL);
            EXPECT(is_multiple(block, alignment));
            memset(block, 0x5a, size);
            altru_free(block);
        }
    }
    EXPECT(altru_alloc_aligned(8, 0) == NULL);
    EXPECT(altru_alloc_aligned(8, 3) == NULL);
    EXPECT(altru_alloc_aligned(8, 24) == NULL);
    EXPECT(altru_alloc_aligned(8, absurd) == NULL);
    EXPECT(altru_alloc_aligned(absurd, 8) == NULL);
    EXPECT(altru_alloc_aligned(largest, 64) == NULL);
    EXPECT(altru_alloc_aligned(all_ones, 4096) == NULL);
}

static void reallocation(void) {
    size_t size = 3;
    unsigned char *block = altru_realloc(NULL, size);
    EXPECT(block != NULL);
    memcpy(block, "abc", 3);
    for (; size < 1000000; size *= 7) { /* grows: certainly moves now and then */
        block = altru_realloc(block, size * 7);
        EXPECT(block != NULL);
        EXPECT(memcmp(block, "abc", 3) == 0);
        block[size * 7 - 1] = 1;
    }
    EXPECT(altru_realloc(block, absurd) == NULL);
    EXPECT(altru_realloc(block, all_ones) == NULL);
    EXPECT(altru_realloc(block, largest) == NULL);
    EXPECT(memcmp(block, "abc", 3) == 0); /* the old block is intact */
    block = altru_realloc(block, 2);
    EXPECT(block != NULL && memcmp(block, "ab", 2) == 0);
    block = altru_realloc(block, 0); /* shrinks, does not free */
    EXPECT(block != NULL);
    block = altru_realloc(block, 5);
    EXPECT(block != NULL);
    altru_free(block);

    unsigned char *aligned = altru_alloc_aligned(100, 4096);
    EXPECT(aligned != NULL);
    memset(aligned, 7, 100);
    aligned = altru_realloc(aligned, 100000);
    EXPECT(aligned != NULL && aligned[0] == 7 && aligned[99] == 7);
    altru_free(aligned);
}

int main(void) {
    sizes();
    no_bytes();
    alignments();
    reallocation();
    puts("the heap keeps its promises");
    return 0;
}
