/* Parameters and their slots as vectors. */
#include "vectors.h"

#include <math.h>

#include <gradtape/backward.h>
#include <gradtape/threads.h>
#include <gradtape/update.h>

#include "../each_processor.h"

#define REAL double
#define OF(name) name
#include "vector_loops.h"
#undef REAL
#undef OF

#define REAL float
#define OF(name) name##_in_f32
#include "vector_loops.h"
#undef REAL
#undef OF

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

/* A vector is cut into at most STRETCHES stretches of at least LEAST elements. */
enum { STRETCHES = 64, LEAST = 4096 };

typedef enum sum_kind { DOT, SIZES, LARGEST } sum_kind;

typedef struct sum_job {
    sum_kind kind;
    ad_type type;
    const void *a, *b;
    size_t n, stretch;
    double l2, part[STRETCHES];
} sum_job;

static void sum_stretch(void *context, size_t block)
{
    sum_job *j = context;
    const size_t first = block * j->stretch, n = j->n - first < j->stretch ? j->n - first : j->stretch;
    double *to = &j->part[block];
    if (j->type == AD_F32) {
        const float *a = (const float *)j->a + first, *b = (const float *)j->b + first;
        *to = j->kind == DOT     ? dot_in_f32(a, b, n)
              : j->kind == SIZES ? sizes_in_f32(a, b, n, j->l2)
                                 : largest_in_f32(a, b, n, j->l2);
    } else {
        const double *a = (const double *)j->a + first, *b = (const double *)j->b + first;
        *to = j->kind == DOT ? dot(a, b, n) : j->kind == SIZES ? sizes(a, b, n, j->l2) : largest(a, b, n, j->l2);
    }
}

static double sum_of(sum_kind kind, ad_tensor a, ad_tensor b, double l2)
{
    sum_job j = {.kind = kind, .type = ad_type_of(a), .a = ad_data(a), .b = ad_data(b), .n = ad_size_of(a), .l2 = l2};
    if (!j.a || !j.b || j.n == 0)
        return 0;
    j.stretch = (j.n + STRETCHES - 1) / STRETCHES;
    if (j.stretch < LEAST)
        j.stretch = LEAST;
    const size_t stretches = (j.n + j.stretch - 1) / j.stretch;
    if (stretches == 1)
        sum_stretch(&j, 0);
    else
        ad_parallel(stretches, sum_stretch, &j);
    double result = 0;
    for (size_t i = 0; i < stretches; i++)
        if (kind != LARGEST)
            result += j.part[i];
        else if (!(j.part[i] <= result) && !isnan(result))
            result = j.part[i];
    return result;
}

double nn_dot(ad_tensor a, ad_tensor b) { return sum_of(DOT, a, b, 0); }

double nn_gradient_sum(ad_tensor x, double l2) { return sum_of(SIZES, ad_gradient(x), x, l2); }

double nn_gradient_largest(ad_tensor x, double l2) { return sum_of(LARGEST, ad_gradient(x), x, l2); }

/* ---- Updates ----------------------------------------------------------------------------------------------------- */

typedef struct combination {
    const void *v;
    double keep, factor;
} combination;

static void combine_block(const ad_update_block *b)
{
    const combination *c = b->context;
    if (b->type == AD_F32)
        combine_in_f32(b->state[0], (const float *)c->v + b->first, b->n, c->keep, c->factor);
    else
        combine(b->state[0], (const double *)c->v + b->first, b->n, c->keep, c->factor);
}

void nn_combine(ad_tensor x, ad_tensor to, double keep, ad_tensor v, double factor)
{
    const combination c = {ad_data(v), keep, factor};
    if (c.v)
        ad_update_by(x, &to, 1, combine_block, &c);
}

static void slope_block(const ad_update_block *b)
{
    if (b->type == AD_F32)
        slope_in_f32(b->state[0], b->dx, b->x, b->n, b->context);
    else
        slope(b->state[0], b->dx, b->x, b->n, b->context);
}

void nn_take_gradient(ad_tensor x, ad_tensor to, double l2, double keep)
{
    ad_update_by(x, &to, 1, slope_block, (const double[]){l2, keep});
}

static void place_block(const ad_update_block *b)
{
    const double rate = *(const double *)b->context;
    if (b->type == AD_F32)
        place_in_f32(b->x, b->state[0], b->state[1], b->n, rate);
    else
        place(b->x, b->state[0], b->state[1], b->n, rate);
}

void nn_place(ad_tensor x, ad_tensor start, ad_tensor way, double rate)
{
    ad_update_by(x, (const ad_tensor[]){start, way}, 2, place_block, &rate);
}
