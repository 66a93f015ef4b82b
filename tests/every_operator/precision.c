/* Every row in f32 against itself in f64, on the same numbers: values and gradients at offsets up to 10^6 and at scales
 * of 10^20 and 10^-20. What is lost in f32 only, is lost to a mean that was rounded, to a sum, or to a power of what is
 * large or small on the way. Values beyond f32 are infinite, those below it 0. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/check.h"
#include "../support/checker.h"

enum { MAX_PLACES = 4096, STREAM_UPSTREAM = 7 };

/* A row and one of its samples. */
typedef struct place {
    const ad_operator *row;
    int sample;
} place;

static place places[MAX_PLACES];
static int n_places;

/* ---- Where f32 cannot follow ------------------------------------------------------------------------------------- */

/* Rows whose results are as ill-conditioned as their operands there: an error of half a unit in the operands makes as
 * large an error as is found, by whichever way they are computed. */
static const struct {
    const char *row, *why;
} ill_conditioned[] = {
    {"det", "a matrix with an offset is nearly singular"},
    {"slogdet", "a matrix with an offset is nearly singular"},
    {"cofactor", "a matrix with an offset is nearly singular"},
    {"cofactor_slope", "a matrix with an offset is nearly singular"},
    {"inverse", "a matrix with an offset is nearly singular"},
    {"solve", "a matrix with an offset is nearly singular"},
    {"solve_triangular", "a matrix with an offset is nearly singular"},
    {"eigh", "vectors of a matrix with an offset are those of what is left in it"},
    {"cholesky", "a matrix with an offset is nearly singular"},
    {"divide_by_gaps", "gaps of values with an offset"},
    {"cofactor_inverse", "a matrix with an offset is nearly singular"},
    {"slogdet_slope", "a matrix with an offset is nearly singular"},
    {"logcumsumexp_bend", "a third derivative: a sum of parts whose signs differ"},
    {"layer_norm_backward", "a second derivative, whose parts are as large as the offset of dy and gain"},
    {"mul_add", "gradients are sums of products whose signs differ"},
    {"mul_backward", "sums of products whose signs differ"},
};

/* Element-wise rows get operands of one shape: the sum of a gradient over what was broadcast may cancel. */
static checker_call call_of(place p)
{
    checker_call call = checker_call_of(p.row, p.sample);
    int widest = 0;
    for (int i = 1; i < call.n_x; i++)
        widest = checker_size(&call.x[i]) > checker_size(&call.x[widest]) ? i : widest;
    for (int i = 0; i < call.n_x && p.row->properties & AD_ELEMENTWISE; i++)
        call.x[i] = call.x[widest];
    return call;
}

static bool is_ill_conditioned(const ad_operator *row)
{
    for (int k = 0; k < COUNT(ill_conditioned); k++)
        if (!strcmp(row->name, ill_conditioned[k].row))
            return true;
    return false;
}

/* ---- One row in both types --------------------------------------------------------------------------------------- */

/* Moves the numbers of every real operand to scale x + offset, and rounds them to f32. */
static void move(const checker_call *call, double scale, double offset, checker_numbers *x)
{
    for (int i = 0; i < call->n_x; i++)
        for (size_t k = x->first[i]; checker_letter(call->row, i) != 'i' && k < x->first[i + 1]; k++)
            x->at[k] = (double)(float)(scale * x->at[k] + offset);
}

/* The results of a call, and the gradients by its operands when random numbers are given to the results. */
typedef struct outcome {
    ad_tape *tape;
    ad_tensor y[AD_MAX_RESULTS], dx[CHECKER_OPERANDS];
    int n_dx;
} outcome;

static ad_tensor upstream_for(ad_tensor y, uint64_t seed)
{
    double v[CHECKER_NUMBERS];
    float narrow[CHECKER_NUMBERS];
    checker_fill_random(v, ad_size_of(y), seed, STREAM_UPSTREAM);
    for (size_t k = 0; k < ad_size_of(y); k++)
        v[k] = (double)(narrow[k] = (float)v[k]);
    return ad_input(y.tape, ad_type_of(y), ad_shape_of(y), ad_type_of(y) == AD_F32 ? (const void *)narrow : v);
}

static ad_tensor variable(ad_tape *t, ad_type type, const checker_call *call, const checker_numbers *x, int i)
{
    float narrow[CHECKER_NUMBERS];
    const double *wide = x->at + x->first[i];
    for (size_t k = 0; k < checker_size(&call->x[i]); k++)
        narrow[k] = (float)wide[k];
    return ad_variable(t, type, call->x[i], type == AD_F32 ? (const void *)narrow : wide);
}

static void compute(const checker_call *call, ad_type type, const checker_numbers *x, outcome *out)
{
    ad_tensor operands[CHECKER_OPERANDS], reals[CHECKER_OPERANDS], loss = {0};
    ad_tape *t = out->tape = ad_tape_open(NULL);
    const bool has_rule = !(call->row->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS));
    out->n_dx = 0;
    for (int i = 0; i < call->n_x; i++)
        operands[i] = checker_letter(call->row, i) == 'i' ? checker_input(t, type, call, x, i)
                                                          : (reals[out->n_dx++] = variable(t, type, call, x, i));
    ad_apply(t, call->row, operands, call->n_x, call->attributes, out->y);
    for (int j = 0; has_rule && j < checker_result_count(call->row); j++)
        if (ad_type_of(out->y[j]) != AD_I32) {
            const ad_tensor part = ad_cast(ad_sum(ad_mul(upstream_for(out->y[j], (uint64_t)j), out->y[j])), AD_F64);
            loss = j ? ad_add(loss, part) : part;
        }
    out->n_dx = has_rule && !ad_is_inert(loss) ? out->n_dx : 0;
    if (out->n_dx)
        ad_grad(loss, reals, out->n_dx, out->dx);
}

/* Rows of which more than the result leaves f32 there. */
static const struct {
    const char *row, *why;
} unscaled[] = {
    {"linear", "its product is no operand of f32 at 1e20, and what is left of it is activated"},
    {"layer_norm_backward", "a second derivative: a product of four factors"},
    {"logcumsumexp_bend", "a third derivative: u and v of 1e20 leave f32 together"},
    {"cofactor_slope", "a third derivative of a determinant, of inverses that leave f32 at 1e-20"},
};

static bool is_unscaled(const ad_operator *row)
{
    for (int k = 0; k < COUNT(unscaled); k++)
        if (!strcmp(row->name, unscaled[k].row))
            return true;
    return false;
}

static double largest_of(ad_tensor x)
{
    double largest = 0;
    for (size_t k = 0; k < ad_size_of(x); k++)
        largest = isnan(number_at(x, k)) ? largest : fmax(largest, fabs(number_at(x, k)));
    return largest;
}

/* A few units in the last place of f32, of the element where each stands for itself, else of the largest. Where numbers
 * beyond f32 are, the others may have gone with them. Below the smallest normal numbers a factor may have lost
 * digits. */
static bool agree(const checker_call *call, double got, double exact, double largest)
{
    /* the gradient of normal_nll by the variance crosses 0: it is a difference of two parts */
    const bool alone = call->row->properties & AD_ELEMENTWISE && strcmp(call->row->name, "normal_nll") != 0;
    const double of = alone ? fabs(exact) : largest;
    if (of > (double)FLT_MAX)
        return !(fabs(got) < (double)FLT_MAX) || fabs(got - exact) <= 64 * (double)FLT_EPSILON * of;
    return got == exact || (isnan(got) && isnan(exact)) ||
           fabs(got - exact) <= 64 * (double)FLT_EPSILON * of + 4096 * (double)FLT_TRUE_MIN;
}

static void compare(const checker_call *call, const char *what, int i, ad_tensor narrow, ad_tensor wide, double scale,
                    double offset)
{
    const double largest = largest_of(wide);
    ck_assert_uint_eq(ad_size_of(narrow), ad_size_of(wide));
    for (size_t k = 0; k < ad_size_of(wide); k++) {
        const double got = number_at(narrow, k), exact = number_at(wide, k);
        ck_assert_msg(agree(call, got, exact, largest),
                      "%s of x = %g u + %g: %s %d, element %zu: %.9g in f32, %.17g in f64", call->row->name, scale,
                      offset, what, i, k, got, exact);
    }
}

/* Gradients are made from results, which must be in range for that. */
static bool is_in_range(const checker_call *call, const outcome *wide)
{
    bool in_range = true;
    for (int j = 0; j < checker_result_count(call->row); j++)
        for (size_t k = 0; k < ad_size_of(wide->y[j]); k++)
            in_range = in_range && fabs(number_at(wide->y[j], k)) <= (double)FLT_MAX;
    return in_range;
}

static void check_at(const checker_call *call, double scale, double offset)
{
    static checker_numbers x;
    outcome narrow, wide;
    checker_draw(call, 0, &x);
    move(call, scale, offset, &x);
    compute(call, AD_F32, &x, &narrow);
    compute(call, AD_F64, &x, &wide);
    /* what f64 still tells apart or can hold may be refused in f32, never the other way */
    ck_assert_msg(ad_status_of(wide.tape) == AD_OK || ad_status_of(narrow.tape) != AD_OK, "%s of x = %g u + %g: %s",
                  call->row->name, scale, offset, ad_message(wide.tape));
    if (ad_status_of(narrow.tape) == AD_OK) {
        for (int j = 0; j < checker_result_count(call->row); j++)
            compare(call, "result", j, narrow.y[j], wide.y[j], scale, offset);
        for (int i = 0; i < wide.n_dx && is_in_range(call, &wide); i++)
            compare(call, "gradient", i, narrow.dx[i], wide.dx[i], scale, offset);
    }
    ad_tape_close(narrow.tape);
    ad_tape_close(wide.tape);
}

START_TEST(f32_is_as_f64)
{
    static const double offsets[] = {0, 1e2, 1e4, 1e6}, scales[] = {1e20, 1e-20};
    const checker_call call = call_of(places[_i]);
    for (int k = 0; k < (is_ill_conditioned(call.row) ? 1 : COUNT(offsets)); k++)
        check_at(&call, 1, offsets[k]);
    for (int k = 0; k < (is_unscaled(call.row) ? 0 : COUNT(scales)); k++)
        check_at(&call, scales[k], 0);
}
END_TEST

int main(void)
{
    for (size_t r = 0; r < ad_operator_count(); r++) {
        const ad_operator *row = ad_operator_at(r);
        for (int k = 0; k < row->n_samples && checker_is_asked(row->name); k++)
            if (row->samples[k].n_x > 0 && n_places < MAX_PLACES)
                places[n_places++] = (place){row, k};
    }
    Suite *suite = suite_create("precision");
    TCase *tests = tcase_create("every row");
    tcase_add_loop_test(tests, f32_is_as_f64, 0, n_places);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
