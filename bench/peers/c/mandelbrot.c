#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 0;
    printf("P4\n%zu %zu\n", n, n);
    double scale = 2.0 / (double)n;
    for (size_t y = 0; y < n; y++) {
        double ci = (double)y * scale - 1.0;
        int32_t byte = 0;
        for (size_t x = 0; x < n; x++) {
            double cr = (double)x * scale - 1.5;
            double zr = 0, zi = 0, tr = 0, ti = 0;
            for (int32_t i = 0; i < 50 && tr + ti <= 4.0; i++) {
                zi = 2.0 * zr * zi + ci;
                zr = tr - ti + cr;
                tr = zr * zr;
                ti = zi * zi;
            }
            byte = byte << 1 | (tr + ti <= 4.0);
            if (x % 8 == 7) {
                putchar(byte);
                byte = 0;
            }
        }
        if (n % 8 != 0)
            putchar(byte << (8 - n % 8));
    }
    return 0;
}
