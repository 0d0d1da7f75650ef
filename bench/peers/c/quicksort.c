#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void insert(uint32_t *xs, size_t n) {
    for (size_t i = 1; i < n; i++) {
        uint32_t x = xs[i];
        size_t j = i;
        while (j > 0 && xs[j - 1] > x) {
            xs[j] = xs[j - 1];
            j--;
        }
        xs[j] = x;
    }
}

static void sort(uint32_t *xs, size_t n) {
    if (n <= 16) {
        insert(xs, n);
        return;
    }
    uint32_t pivot = xs[n / 2];
    size_t low = 0, high = n - 1;
    for (;;) {
        while (xs[low] < pivot)
            low++;
        while (xs[high] > pivot)
            high--;
        if (low >= high)
            break;
        uint32_t kept = xs[low];
        xs[low] = xs[high];
        xs[high] = kept;
        low++;
        high--;
    }
    sort(xs, low);
    sort(xs + low, n - low);
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 0;
    uint32_t *xs = malloc(n * sizeof *xs);
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < n; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        xs[i] = (uint32_t)state;
    }
    sort(xs, n);
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = sum * 31 + xs[i];
    printf("%llu\n", (unsigned long long)sum);
    free(xs);
    return 0;
}
