#ifndef TESTS_SEARCHES_H
#define TESTS_SEARCHES_H
/* Losses of one parameter on the tape of one_tape.h, and steps of L-BFGS on them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "one_tape.h"

static const nn_optimiser_options lbfgs = {.rule = &nn_lbfgs};

/* A loss of one parameter x, how often it was computed, and numbers for it. */
typedef struct problem {
    ad_tensor x;
    ad_tensor (*loss)(const struct problem *p);
    const void *data;
    int64_t computed;
} problem;

static inline ad_tensor objective(ad_tape *tape, void *context)
{
    problem *p = context;
    ck_assert_ptr_eq(tape, t);
    ck_assert_uint_eq(ad_entry_count(tape), 0);
    p->computed++;
    return p->loss(p);
}

static inline ad_tensor rosenbrock(const problem *p)
{
    const int64_t d = (int64_t)ad_size_of(p->x);
    const ad_tensor a = ad_slice(p->x, 0, (ad_range){0, d - 1, 1}), b = ad_slice(p->x, 0, (ad_range){1, d, 1});
    return ad_sum(ad_add(ad_scale(ad_square(ad_sub(b, ad_square(a))), 100), ad_square(ad_shift(a, -1))));
}

static inline const double *rosenbrock_start(void)
{
    static double x[100];
    for (int i = 0; i < COUNT(x); i++)
        x[i] = i % 2 ? 1 : -1.2;
    return x;
}

/* sum h x^2 / 2, where h goes from 1 to 10^4. */
static inline ad_tensor ill_conditioned(const problem *p)
{
    double h[20];
    for (int i = 0; i < COUNT(h); i++)
        h[i] = pow(10, 4.0 * i / (COUNT(h) - 1));
    return ad_scale(ad_sum(ad_mul(ad_square(p->x), input_of(ad_type_of(p->x), AD_SHAPE(COUNT(h)), h))), 0.5);
}

/* sum of sin 5x - 0.1 log (1 - x^2): many minima, and infinite or NaN outside (-1, 1). */
static inline ad_tensor fenced(const problem *p)
{
    const ad_tensor fence = ad_scale(ad_log(ad_shift(ad_neg(ad_square(p->x)), 1)), -0.1);
    return ad_sum(ad_add(ad_sin(ad_scale(p->x, 5)), fence));
}

static inline problem open_problem(ad_tensor (*loss)(const problem *p), ad_type type, const double *start, int64_t d)
{
    close_tape();
    open_tape();
    const problem p = {.x = ad_param(t, type, AD_SHAPE(d), NULL, "x"), .loss = loss};
    ad_assign(p.x, ad_data(input_of(type, AD_SHAPE(d), start)));
    ad_reset(t);
    return p;
}

/* The bytes of all parameters and states of the tape. */
typedef struct everything {
    size_t n;
    snapshot at[300];
} everything;

static inline everything take_everything(void)
{
    everything all = {.n = ad_kept_count(t)};
    ck_assert_uint_le(all.n, COUNT(all.at));
    for (size_t i = 0; i < all.n; i++)
        all.at[i] = snapshot_of(ad_kept_at(t, i));
    return all;
}

static inline void forget_everything(const everything *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->at[i].data);
}

/* What was there has the same bytes; what was made since is 0. */
static inline void expect_everything(const everything *all, const char *what)
{
    ck_assert_uint_ge(ad_kept_count(t), all->n);
    for (size_t i = 0; i < ad_kept_count(t); i++) {
        const ad_tensor x = ad_kept_at(t, i);
        if (i < all->n)
            ck_assert_msg(!memcmp(all->at[i].data, ad_data(x), all->at[i].bytes), "%s: %s changed", what,
                          ad_name_of(x));
        for (size_t k = 0; i >= all->n && k < ad_size_of(x); k++)
            ck_assert_msg(number_at(x, k) == 0, "%s: %s is not 0", what, ad_name_of(x));
    }
}

/* One step, by a search or of a fixed size. */
static inline ad_status step_of(problem *p, const nn_optimiser_options *o, bool is_fixed, nn_search_result *r)
{
    if (!is_fixed)
        return nn_search_step(o, &p->x, 1, objective, p, r);
    ad_reset(t);
    ad_backward(objective(t, p));
    nn_optimiser_step(o, &p->x, 1);
    return ad_reset(t);
}

#endif
