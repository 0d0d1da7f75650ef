#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void reverse(uint32_t *perm, size_t last) {
    size_t low = 0, high = last;
    while (low < high) {
        uint32_t kept = perm[low];
        perm[low] = perm[high];
        perm[high] = kept;
        low++;
        high--;
    }
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 0;
    uint32_t perm[16] = {0}, order[16] = {0}, count[16] = {0};
    if (n < 1 || n > 16)
        return 2;
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    int32_t checksum = 0, most = 0;
    size_t r = n;
    for (uint64_t number = 0;; number++) {
        for (; r != 1; r--)
            count[r - 1] = (uint32_t)r;
        for (size_t i = 0; i < n; i++)
            perm[i] = order[i];
        int32_t flips = 0;
        for (size_t first = perm[0]; first != 0; first = perm[0]) {
            reverse(perm, first);
            flips++;
        }
        most = flips > most ? flips : most;
        checksum += number % 2 == 0 ? flips : -flips;
        for (;; r++) {
            if (r == n) {
                printf("%d\nPfannkuchen(%zu) = %d\n", checksum, n, most);
                return 0;
            }
            uint32_t first = order[0];
            for (size_t i = 0; i < r; i++)
                order[i] = order[i + 1];
            order[r] = first;
            count[r]--;
            if (count[r] > 0)
                break;
        }
    }
}
