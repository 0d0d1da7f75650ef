#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static double a(size_t i, size_t j) {
    return 1.0 / (double)((i + j) * (i + j + 1) / 2 + i + 1);
}

static void multiply(size_t n, const double *restrict v, double *restrict out, bool transposed) {
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += a(transposed ? j : i, transposed ? i : j) * v[j];
        out[i] = sum;
    }
}

static void multiply_twice(size_t n, const double *restrict v, double *restrict out, double *restrict t) {
    multiply(n, v, t, false);
    multiply(n, t, out, true);
}

static double dot(size_t n, const double *restrict v, const double *restrict w) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i] * w[i];
    return sum;
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 0;
    double *u = malloc(n * sizeof *u), *v = malloc(n * sizeof *v), *t = malloc(n * sizeof *t);
    for (size_t i = 0; i < n; i++)
        u[i] = 1;
    for (int k = 0; k < 10; k++) {
        multiply_twice(n, u, v, t);
        multiply_twice(n, v, u, t);
    }
    printf("%0.9f\n", sqrt(dot(n, u, v) / dot(n, v, v)));
    free(u);
    free(v);
    free(t);
    return 0;
}
