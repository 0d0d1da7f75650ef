#include <stdio.h>
#include <stdlib.h>

struct node {
    struct node *left, *right;
};

static struct node *build(int depth) {
    struct node *n = malloc(sizeof *n);
    n->left = depth > 0 ? build(depth - 1) : NULL;
    n->right = depth > 0 ? build(depth - 1) : NULL;
    return n;
}

static long count(const struct node *n) {
    return n->left ? count(n->left) + count(n->right) + 1 : 1;
}

static void release(struct node *n) {
    if (n) {
        release(n->left);
        release(n->right);
        free(n);
    }
}

static long once(int depth) {
    struct node *tree = build(depth);
    long nodes = count(tree);
    release(tree);
    return nodes;
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 0, least = 4, max = n > least + 2 ? n : least + 2;
    printf("stretch tree of depth %d\t check: %ld\n", max + 1, once(max + 1));
    struct node *lived = build(max);
    for (int depth = least; depth <= max; depth += 2) {
        long iterations = 1L << (max - depth + least), sum = 0;
        for (long i = 0; i < iterations; i++)
            sum += once(depth);
        printf("%ld\t trees of depth %d\t check: %ld\n", iterations, depth, sum);
    }
    printf("long lived tree of depth %d\t check: %ld\n", max, count(lived));
    release(lived);
    return 0;
}
