#include "pairs.h"

#include <stdio.h>
#include <stdlib.h>

#include <gradtape/operators/linear_algebra.h>

#include "timing.h"

/* ---- Making ------------------------------------------------------------------------------------------------------ */

static ad_tensor make_operand(const product_pair *both, int rows, int columns, bool has_stack)
{
    const product *p = both->p;
    const ad_shape shape = has_stack ? AD_SHAPE(p->stack, rows, columns) : AD_SHAPE(rows, columns);
    void *numbers = random_numbers(p->type, (size_t)(has_stack ? p->stack : 1) * (size_t)rows * (size_t)columns);
    const ad_tensor x = ad_state(both->tape, p->type, shape, numbers, NULL);
    free(numbers);
    return x;
}

static ad_tensor multiply_by_tape(const product_pair *both)
{
    const product *p = both->p;
    return p->ta   ? ad_matmul_tn(both->a, both->b)
           : p->tb ? ad_matmul_nt(both->a, both->b)
                   : ad_matmul(both->a, both->b);
}

static double number_at(ad_type type, const void *x, size_t i)
{
    return type == AD_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

/* Whether the results differ by no more than roundings. Both ways add k terms of at most 1/4, whose sums are at most
 * k/4 and are rounded k times by half an epsilon of the type. */
static bool is_same(const product_pair *both)
{
    const product *p = both->p;
    const double most = (p->type == AD_F32 ? 0x1p-23 : 0x1p-52) * p->k * p->k / 4;
    const void *ours = ad_data(multiply_by_tape(both));
    multiply_by_blas(p, both->data_a, both->data_b, both->c);
    bool same = ours;
    for (size_t i = 0; same && i < size_of_result(p); i++) {
        const double difference = number_at(p->type, ours, i) - number_at(p->type, both->c, i);
        same = difference <= most && -difference <= most;
    }
    ad_reset(both->tape);
    return same;
}

product_pair make_pair(const product *p)
{
    product_pair both = {.p = p, .tape = ad_tape_open(NULL), .c = random_numbers(p->type, size_of_result(p))};
    both.a = make_operand(&both, p->ta ? p->k : p->m, p->ta ? p->m : p->k, p->stack);
    both.b = make_operand(&both, p->tb ? p->n : p->k, p->tb ? p->k : p->n, p->stack && !p->one_b);
    both.data_a = ad_data(both.a);
    both.data_b = ad_data(both.b);
    char name[PRODUCT_NAME];
    write_product_name(p, name);
    if (is_same(&both))
        return both;
    fprintf(stderr, "%s: the library's product is not OpenBLAS's. %s\n", name, ad_message(both.tape));
    exit(1);
}

void free_pair(product_pair *both)
{
    ad_tape_close(both->tape);
    free(both->c);
}

/* ---- Timing ------------------------------------------------------------------------------------------------------ */

double time_pair_by_tape(const product_pair *both, long calls)
{
    const double start = seconds_now();
    for (long i = 0; i < calls; i++) {
        multiply_by_tape(both);
        ad_reset(both->tape);
    }
    return (seconds_now() - start) / (double)calls;
}

double time_pair_by_blas(const product_pair *both, long calls)
{
    const double start = seconds_now();
    for (long i = 0; i < calls; i++)
        multiply_by_blas(both->p, both->data_a, both->data_b, both->c);
    return (seconds_now() - start) / (double)calls;
}
