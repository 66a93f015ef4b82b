#ifndef BENCH_PRODUCTS_H
#define BENCH_PRODUCTS_H
/* Matrix products: bare, as calls of OpenBLAS with beta 0, and those of a network. */
#include <stdbool.h>
#include <stdint.h>

#include <gradtape/classifier.h>
#include <gradtape/tensor.h>

/* [m,k] x [k,n]; ta and tb say which operand is stored transposed. */
typedef struct product {
    int m, n, k;
    bool ta, tb;
    ad_type type; /* AD_F32 or AD_F64 */
    int stack;    /* so many products, one behind the other in memory; 0 for one, without an axis for it */
    bool one_b;   /* all products of the stack read the same second operand */
} product;

/* The numbers of the result. */
size_t size_of_result(const product *p);

/* The multiplications and additions of a product, each counted as one. */
double flops_of(const product *p);

enum { PRODUCT_NAME = 64 };

/* Writes the type and the operands, "f32 [50,784] x [784,300]" for instance; ' marks a transpose. */
void write_product_name(const product *p, char text[PRODUCT_NAME]);

/* Computes it on as many threads as OpenBLAS is set to. A stack is as many calls. */
void multiply_by_blas(const product *p, const void *a, const void *b, void *c);

/* Memory for n numbers of a type, aligned for vectors, with random ones between -0.5 and 0.5. The caller frees it. Ends
 * the program where memory is out. */
void *random_numbers(ad_type type, size_t n);

/* ---- Those of a network ------------------------------------------------------------------------------------------ */

enum { MOST_LAYERS = NN_MAX_HIDDEN_LAYERS + 1 }; /* and the logits */

/* In f32, in memory of their own. */
typedef struct products {
    int n;
    product p[3 * MOST_LAYERS];
    void *a[3 * MOST_LAYERS], *b[3 * MOST_LAYERS], *c[3 * MOST_LAYERS];
} products;

/* Those of one pass of `rows` rows through a network of d inputs, hidden layers `hidden` (ended by 0, at most
 * MOST_LAYERS - 1) and c classes; free_products frees them. Ends the program where memory is out. */
products make_forward_products(int rows, int d, const int64_t *hidden, int c);

/* Those of one training step: forward and backward, without the gradient of the inputs. */
products make_step_products(int rows, int d, const int64_t *hidden, int c);

void free_products(products *all);

/* One line each: its name. */
void print_products(const products *all);

/* Computes all of them `times` times, on as many threads as OpenBLAS is set to, and returns the seconds of one time. */
double time_products(const products *all, long times);

#endif
