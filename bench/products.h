#ifndef BENCH_PRODUCTS_H
#define BENCH_PRODUCTS_H
/* The bare matrix products of a network, each as one call of OpenBLAS in f32 with beta 0, in memory of its own. */
#include <stdbool.h>
#include <stdint.h>

#include <gradtape/classifier.h>

enum { MOST_LAYERS = NN_MAX_HIDDEN_LAYERS + 1 }; /* and the logits */

/* [m,k] x [k,n]; ta and tb say which operand is stored transposed. */
typedef struct product {
    int m, n, k;
    bool ta, tb;
} product;

typedef struct products {
    int n;
    product p[3 * MOST_LAYERS];
    float *a[3 * MOST_LAYERS], *b[3 * MOST_LAYERS], *c[3 * MOST_LAYERS];
} products;

/* Those of one pass of `rows` rows through a network of d inputs, hidden layers `hidden` (ended by 0, at most
 * MOST_LAYERS - 1) and c classes; free_products frees them. Ends the program where memory is out. */
products make_forward_products(int rows, int d, const int64_t *hidden, int c);

/* Those of one training step: forward and backward, without the gradient of the inputs. */
products make_step_products(int rows, int d, const int64_t *hidden, int c);

void free_products(products *all);

/* One line each: m, n, k and the transposes. */
void print_products(const products *all);

/* Computes all of them `times` times, on as many threads as OpenBLAS is set to, and returns the seconds of one time. */
double time_products(const products *all, long times);

#endif
