#include "products.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

#include <gradtape/random.h>

#include "timing.h"

/* ---- Listing ----------------------------------------------------------------------------------------------------- */

/* Sizes of the inputs and of each layer's outputs; returns the number of layers. */
static int list_sizes(int d, const int64_t *hidden, int c, int sizes[MOST_LAYERS + 1])
{
    int layers = 0;
    sizes[0] = d;
    for (; layers < MOST_LAYERS - 1 && hidden[layers] > 0; layers++)
        sizes[layers + 1] = (int)hidden[layers];
    sizes[++layers] = c;
    return layers;
}

static int list_forward(int rows, int layers, const int *sizes, product *p)
{
    for (int i = 0; i < layers; i++)
        p[i] = (product){rows, sizes[i + 1], sizes[i], false, false}; /* x w */
    return layers;
}

static int list_backward(int rows, int layers, const int *sizes, product *p)
{
    int n = 0;
    for (int i = layers - 1; i >= 0; i--) {
        p[n++] = (product){sizes[i], sizes[i + 1], rows, true, false}; /* dw = x' dy */
        if (i > 0)
            p[n++] = (product){rows, sizes[i], sizes[i + 1], false, true}; /* dx = dy w' */
    }
    return n;
}

/* ---- Making ------------------------------------------------------------------------------------------------------ */

static float *numbers(size_t n)
{
    float *x = malloc(n * sizeof *x);
    if (!x)
        exit(1);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(ad_random_uniform(1, 2, i) - 0.5);
    return x;
}

static void take_memory(products *all)
{
    for (int i = 0; i < all->n; i++) {
        const product *p = &all->p[i];
        all->a[i] = numbers((size_t)p->m * (size_t)p->k);
        all->b[i] = numbers((size_t)p->k * (size_t)p->n);
        all->c[i] = numbers((size_t)p->m * (size_t)p->n);
    }
}

products make_forward_products(int rows, int d, const int64_t *hidden, int c)
{
    products all = {0};
    int sizes[MOST_LAYERS + 1];
    all.n = list_forward(rows, list_sizes(d, hidden, c, sizes), sizes, all.p);
    take_memory(&all);
    return all;
}

products make_step_products(int rows, int d, const int64_t *hidden, int c)
{
    products all = {0};
    int sizes[MOST_LAYERS + 1];
    const int layers = list_sizes(d, hidden, c, sizes);
    all.n = list_forward(rows, layers, sizes, all.p);
    all.n += list_backward(rows, layers, sizes, all.p + all.n);
    take_memory(&all);
    return all;
}

void free_products(products *all)
{
    for (int i = 0; i < all->n; i++) {
        free(all->a[i]);
        free(all->b[i]);
        free(all->c[i]);
    }
    *all = (products){0};
}

/* ---- Using ------------------------------------------------------------------------------------------------------- */

void print_products(const products *all)
{
    for (int i = 0; i < all->n; i++) {
        const product *p = &all->p[i];
        printf("product %d: m %d n %d k %d %c%c beta 0\n", i, p->m, p->n, p->k, p->ta ? 't' : 'n', p->tb ? 't' : 'n');
    }
}

static void multiply_all(const products *all)
{
    for (int i = 0; i < all->n; i++) {
        const product *p = &all->p[i];
        cblas_sgemm(CblasRowMajor, p->ta ? CblasTrans : CblasNoTrans, p->tb ? CblasTrans : CblasNoTrans, p->m, p->n,
                    p->k, 1, all->a[i], p->ta ? p->m : p->k, all->b[i], p->tb ? p->k : p->n, 0, all->c[i], p->n);
    }
}

double time_products(const products *all, long times)
{
    const double start = seconds_now();
    for (long i = 0; i < times; i++)
        multiply_all(all);
    return (seconds_now() - start) / (double)times;
}
