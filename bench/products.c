#include "products.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

#include <gradtape/random.h>

#include "timing.h"

/* ---- One product ------------------------------------------------------------------------------------------------- */

static size_t calls_of(const product *p) { return p->stack ? (size_t)p->stack : 1; }

size_t size_of_result(const product *p) { return calls_of(p) * (size_t)p->m * (size_t)p->n; }

double flops_of(const product *p) { return 2.0 * (double)size_of_result(p) * p->k; }

void write_product_name(const product *p, char text[PRODUCT_NAME])
{
    char stack[16] = "";
    if (p->stack)
        snprintf(stack, sizeof stack, "%d,", p->stack);
    snprintf(text, PRODUCT_NAME, "%s [%s%d,%d]%s x [%s%d,%d]%s", ad_type_name(p->type), stack, p->ta ? p->k : p->m,
             p->ta ? p->m : p->k, p->ta ? "'" : "", p->one_b ? "" : stack, p->tb ? p->n : p->k, p->tb ? p->k : p->n,
             p->tb ? "'" : "");
}

static void multiply_f32(const product *p, const float *a, const float *b, float *c)
{
    cblas_sgemm(CblasRowMajor, p->ta ? CblasTrans : CblasNoTrans, p->tb ? CblasTrans : CblasNoTrans, p->m, p->n, p->k,
                1, a, p->ta ? p->m : p->k, b, p->tb ? p->k : p->n, 0, c, p->n);
}

static void multiply_f64(const product *p, const double *a, const double *b, double *c)
{
    cblas_dgemm(CblasRowMajor, p->ta ? CblasTrans : CblasNoTrans, p->tb ? CblasTrans : CblasNoTrans, p->m, p->n, p->k,
                1, a, p->ta ? p->m : p->k, b, p->tb ? p->k : p->n, 0, c, p->n);
}

void multiply_by_blas(const product *p, const void *a, const void *b, void *c)
{
    const size_t of_a = (size_t)p->m * (size_t)p->k, of_c = (size_t)p->m * (size_t)p->n;
    const size_t of_b = p->one_b ? 0 : (size_t)p->k * (size_t)p->n;
    for (size_t i = 0; i < calls_of(p); i++)
        if (p->type == AD_F32)
            multiply_f32(p, (const float *)a + i * of_a, (const float *)b + i * of_b, (float *)c + i * of_c);
        else
            multiply_f64(p, (const double *)a + i * of_a, (const double *)b + i * of_b, (double *)c + i * of_c);
}

enum { ALIGNMENT = 64 };

void *random_numbers(ad_type type, size_t n)
{
    void *x = aligned_alloc(ALIGNMENT, (n * ad_type_bytes(type) / ALIGNMENT + 1) * ALIGNMENT);
    if (!x)
        exit(1);
    for (size_t i = 0; i < n; i++) {
        const double value = ad_random_uniform(1, 2, i) - 0.5;
        if (type == AD_F32)
            ((float *)x)[i] = (float)value;
        else
            ((double *)x)[i] = value;
    }
    return x;
}

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
        p[i] = (product){.m = rows, .n = sizes[i + 1], .k = sizes[i]}; /* x w */
    return layers;
}

static int list_backward(int rows, int layers, const int *sizes, product *p)
{
    int n = 0;
    for (int i = layers - 1; i >= 0; i--) {
        p[n++] = (product){.m = sizes[i], .n = sizes[i + 1], .k = rows, .ta = true}; /* dw = x' dy */
        if (i > 0)
            p[n++] = (product){.m = rows, .n = sizes[i], .k = sizes[i + 1], .tb = true}; /* dx = dy w' */
    }
    return n;
}

/* ---- Making ------------------------------------------------------------------------------------------------------ */

static void take_memory(products *all)
{
    for (int i = 0; i < all->n; i++) {
        const product *p = &all->p[i];
        all->a[i] = random_numbers(p->type, (size_t)p->m * (size_t)p->k);
        all->b[i] = random_numbers(p->type, (size_t)p->k * (size_t)p->n);
        all->c[i] = random_numbers(p->type, size_of_result(p));
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
    char name[PRODUCT_NAME];
    for (int i = 0; i < all->n; i++) {
        write_product_name(&all->p[i], name);
        printf("product %d: %s\n", i, name);
    }
}

double time_products(const products *all, long times)
{
    const double start = seconds_now();
    for (long i = 0; i < times; i++)
        for (int j = 0; j < all->n; j++)
            multiply_by_blas(&all->p[j], all->a[j], all->b[j], all->c[j]);
    return (seconds_now() - start) / (double)times;
}
