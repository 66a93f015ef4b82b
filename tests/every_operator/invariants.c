/* What holds for gradients of every row whatever the numbers are, near to 0 and far from it.
 *
 * Shifts: where f(x + c) = f(x) for every number c, the gradient by x sums to 0; where f(x + c) = f(x) + c, it sums to
 * what is given to f. Which rows these are is found by computing f. So var, std, layer_norm, softmax and cross-entropy
 * must give 0, and logsumexp, max and mean weights that sum to 1, at every offset.
 *
 * Symmetry: a matrix of second derivatives is its own transpose, for all operands of a row together. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/check.h"
#include "../support/checker.h"

enum { MAX_PLACES = 4096, RESULT_NUMBERS = AD_MAX_RESULTS * CHECKER_NUMBERS, STREAM_UPSTREAM = 7 };

/* A row, one of its samples, and an operand of it. */
typedef struct place {
    const ad_operator *row;
    int sample, operand;
} place;

static place shiftable[MAX_PLACES], curved[MAX_PLACES];
static int n_shiftable, n_curved;

static bool has_rule(const ad_operator *row) { return !(row->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS)); }

static size_t total_of(const checker_call *call)
{
    size_t total = 0;
    for (int i = 0; i < call->n_x; i++)
        total += checker_size(&call->x[i]);
    return total;
}

/* ---- Shifts ------------------------------------------------------------------------------------------------------ */

/* How f changes when a number is added to an operand. */
typedef enum kind { OTHER, INVARIANT, MOVES_ALONG } kind;

/* The numbers of an operand before it is shifted: apart, or all equal to one that has no short binary form. */
typedef enum spread { APART, EQUAL, SPREADS } spread;

static ad_tensor shifted(ad_tape *t, ad_type type, const checker_call *call, const checker_numbers *x, int i, double by)
{
    float narrow[CHECKER_NUMBERS];
    double wide[CHECKER_NUMBERS];
    const size_t n = checker_size(&call->x[i]);
    for (size_t k = 0; k < n; k++) {
        wide[k] = x->at[x->first[i] + k] + by;
        narrow[k] = (float)wide[k];
    }
    return ad_variable(t, type, call->x[i], type == AD_F32 ? (const void *)narrow : wide);
}

/* Records a call with operand i shifted; returns that operand. */
static ad_tensor record(ad_tape *t, ad_type type, const checker_call *call, const checker_numbers *x, int i, double by,
                        ad_tensor y[AD_MAX_RESULTS])
{
    ad_tensor operands[CHECKER_OPERANDS];
    for (int k = 0; k < call->n_x; k++)
        operands[k] = k == i ? shifted(t, type, call, x, i, by) : checker_input(t, type, call, x, k);
    ad_apply(t, call->row, operands, call->n_x, call->attributes, y);
    return operands[i];
}

/* Result j of the call in f64; how many numbers it has, 0 if it is none of reals or the call is refused. */
static size_t value_of(const checker_call *call, const checker_numbers *x, int i, double by, int j, double *out)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor y[AD_MAX_RESULTS];
    record(t, AD_F64, call, x, i, by, y);
    const bool works = ad_status_of(t) == AD_OK && ad_type_of(y[j]) == AD_F64;
    const size_t n = works ? ad_size_of(y[j]) : 0;
    for (size_t k = 0; k < n; k++)
        out[k] = ad_f64(y[j])[k];
    ad_tape_close(t);
    return n;
}

static bool all_move(const double *from, const double *to, size_t n, double by)
{
    for (size_t k = 0; k < n; k++)
        if (!(fabs(to[k] - from[k] - by) <= 1e-9 * (1 + fabs(from[k]))))
            return false;
    return n > 0;
}

/* By computing f near to 0, where nothing is lost. */
static kind kind_of(const checker_call *call, const checker_numbers *x, int i, int j)
{
    static const double steps[] = {0.375, -0.25};
    static double from[CHECKER_NUMBERS], to[CHECKER_NUMBERS];
    bool still = true, along = true;
    const size_t n = value_of(call, x, i, 0, j, from);
    for (int s = 0; s < 2; s++) {
        const bool same = value_of(call, x, i, steps[s], j, to) == n;
        still = still && same && all_move(from, to, n, 0);
        along = along && same && all_move(from, to, n, steps[s]);
    }
    return still ? INVARIANT : along ? MOVES_ALONG : OTHER;
}

/* Rows that move along on one side of a kink only: far away the number that is shifted is on the other. */
static bool has_kinks(const ad_operator *row)
{
    static const char *const names[] = {
        "clamp", "clamp_backward", "elu",  "fmod", "hardtanh", "leaky_relu", "maximum",  "minimum",     "relu", "huber",
        "hinge", "where_positive", "selu", "max",  "min",      "logaddexp",  "softplus", "log_logistic"};
    for (int k = 0; k < COUNT(names); k++)
        if (!strcmp(row->name, names[k]))
            return true;
    return false;
}

static int sums_checked;

/* The sum of the gradient by operand i, when random numbers are given to result j. */
static void check_sum(const checker_call *call, const checker_numbers *x, int i, int j, kind k, ad_type type, double by)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor y[AD_MAX_RESULTS], dx;
    const ad_tensor operand = record(t, type, call, x, i, by, y);
    double v[CHECKER_NUMBERS], sum = 0, sizes = 0, given = 0;
    float narrow[CHECKER_NUMBERS];
    const size_t n = ad_size_of(y[j]);
    const ad_type result = ad_type_of(y[j]);
    if (ad_status_of(t)) {
        ad_tape_close(t); /* numbers that were apart are equal to within rounding there: the row says so */
        return;
    }
    checker_fill_random(v, n, 1, STREAM_UPSTREAM);
    for (size_t m = 0; m < n; m++)
        given += (double)(narrow[m] = (float)v[m]), v[m] = (double)narrow[m];
    const ad_tensor upstream = ad_input(t, result, ad_shape_of(y[j]), result == AD_F32 ? (const void *)narrow : v);
    const ad_status status = ad_vjp(y[j], upstream, &operand, 1, &dx);
    if (status == AD_BAD_VALUE && by != 0) {
        ad_tape_close(t); /* likewise for its gradient */
        return;
    }
    ck_assert_msg(status == AD_OK, "%s shifted by %g: %s", call->row->name, by, ad_message(t));
    for (size_t m = 0; m < ad_size_of(dx); m++) {
        const double g = number_at(dx, m);
        sum += g;
        sizes += fabs(g);
    }
    const double want = k == INVARIANT ? 0 : given, unit = type == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    ck_assert_msg(fabs(sum - want) <= 32 * unit * (sizes + fabs(want)),
                  "%s, operand %d shifted by %g in %s: the gradient sums to %.9g, wanted %.9g; its sizes to %.9g",
                  call->row->name, i, by, ad_type_name(type), sum, want, sizes);
    sums_checked++;
    ad_tape_close(t);
}

static void draw(const checker_call *call, int i, spread s, checker_numbers *x)
{
    checker_draw(call, 0, x);
    for (size_t k = x->first[i]; s == EQUAL && k < x->first[i + 1]; k++)
        x->at[k] = 0.7;
}

START_TEST(gradients_sum_up)
{
    static const double offsets[] = {0, 1e2, 1e4, 1e6, 1e8, 1e10};
    const place p = shiftable[_i];
    const checker_call call = checker_call_of(p.row, p.sample);
    static checker_numbers x;
    for (int s = 0; s < SPREADS; s++)
        for (int j = 0; j < checker_result_count(p.row); j++) {
            draw(&call, p.operand, (spread)s, &x);
            const kind k = kind_of(&call, &x, p.operand, j);
            for (int o = 0; o < COUNT(offsets) && k != OTHER; o++)
                for (int type = AD_F32; type <= AD_F64; type++)
                    if (o == 0 || !has_kinks(p.row))
                        check_sum(&call, &x, p.operand, j, k, (ad_type)type, offsets[o]);
        }
}
END_TEST

/* That the kinds are found at all: these are known by name. */
START_TEST(kinds_are_found)
{
    static const struct {
        const char *name;
        int operand;
        kind want;
    } known[] = {{"var", 0, INVARIANT},           {"std", 0, INVARIANT},    {"layer_norm", 0, INVARIANT},
                 {"softmax", 0, INVARIANT},       {"mean", 0, MOVES_ALONG}, {"softmax_cross_entropy", 0, INVARIANT},
                 {"log_softmax", 0, INVARIANT},   {"max", 0, MOVES_ALONG},  {"logsumexp", 0, MOVES_ALONG},
                 {"cummax", 0, MOVES_ALONG},      {"tanh", 0, OTHER},       {"sum", 0, OTHER},
                 {"logcumsumexp", 0, MOVES_ALONG}};
    static checker_numbers x;
    for (int k = 0; k < COUNT(known); k++) {
        const checker_call call = checker_call_of(ad_operator_named(known[k].name), 0);
        checker_draw(&call, 0, &x);
        ck_assert_msg(kind_of(&call, &x, known[k].operand, 0) == known[k].want, "%s", known[k].name);
    }
}
END_TEST

/* ---- Symmetry of second derivatives ------------------------------------------------------------------------------ */

enum { MOST_CURVED = 40 };

/* All free operands as parts of one variable, so that one matrix has all second derivatives. */
static ad_tensor record_parts(ad_tape *t, const checker_call *call, const checker_numbers *x, double scale,
                              ad_tensor *all)
{
    double z[CHECKER_NUMBERS];
    ad_tensor operands[CHECKER_OPERANDS], y[AD_MAX_RESULTS], loss = ad_scalar(t, 0);
    const int64_t total = (int64_t)total_of(call);
    for (int64_t k = 0; k < total; k++)
        z[k] = x->at[k] * scale;
    *all = ad_variable(t, AD_F64, AD_SHAPE(total), z);
    for (int i = 0; i < call->n_x; i++) {
        const ad_range part = {.start = (int64_t)x->first[i], .stop = (int64_t)x->first[i + 1]};
        const bool is_free = checker_kind_of(call, i) == CHECKER_FREE && part.start < part.stop;
        operands[i] = is_free ? ad_reshape(ad_slice(*all, 0, part), call->x[i]) : checker_input(t, AD_F64, call, x, i);
    }
    ad_apply(t, call->row, operands, call->n_x, call->attributes, y);
    for (int j = 0; j < checker_result_count(call->row); j++) {
        double v[CHECKER_NUMBERS];
        if (ad_type_of(y[j]) == AD_I32)
            continue;
        checker_fill_random(v, ad_size_of(y[j]), 2, STREAM_UPSTREAM);
        const ad_tensor wide = ad_type_of(y[j]) == AD_F32 ? ad_cast(y[j], AD_F64) : y[j];
        loss = ad_add(loss, ad_sum(ad_mul(ad_input(t, AD_F64, ad_shape_of(y[j]), v), wide)));
    }
    /* so that there always is a path */
    return ad_add(loss, ad_sum(ad_mul(*all, ad_zeros_like(*all))));
}

/* Fourth and fifth derivatives of logcumsumexp are sums of parts that cancel. */
static double tolerance_of(const ad_operator *row)
{
    const bool fourth = !strcmp(row->name, "logcumsumexp_backward"), fifth = !strcmp(row->name, "logcumsumexp_bend");
    return fifth ? 1e-3 : fourth ? 1e-7 : 1e-9;
}

static void check_symmetry(const checker_call *call, double scale)
{
    static checker_numbers x;
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor z;
    checker_draw(call, 0, &x);
    const ad_tensor loss = record_parts(t, call, &x, scale, &z), h = ad_hessian(loss, z);
    ck_assert_msg(ad_status_of(t) == AD_OK, "%s: %s", call->row->name, ad_message(t));
    const size_t n = ad_size_of(z);
    const double *H = ad_f64(h);
    double largest = 0;
    for (size_t k = 0; k < n * n; k++)
        largest = isfinite(H[k]) ? fmax(largest, fabs(H[k])) : largest;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            const double a = H[i * n + j], b = H[j * n + i];
            const bool same = a == b || (isnan(a) && isnan(b)) ||
                              fabs(a - b) <= tolerance_of(call->row) * fmin(fabs(a), fabs(b)) + 1e-14 * (1 + largest);
            ck_assert_msg(same, "%s, scaled by %g: second derivatives %zu %zu and back are %.17g and %.17g",
                          call->row->name, scale, i, j, a, b);
        }
    ad_tape_close(t);
}

/* Whether operands may have any size: a domain may hold them in a range, or make matrices of them. */
static bool is_unbounded(const ad_operator *row)
{
    for (int i = 0; i < AD_SAMPLE_OPERANDS; i++)
        if (row->domain[i].low != 0 || row->domain[i].high != 0)
            return false;
    return true;
}

START_TEST(second_derivatives_are_symmetric)
{
    const place p = curved[_i];
    const checker_call call = checker_call_of(p.row, p.sample);
    check_symmetry(&call, 1);
    for (int k = 0; k < 3 && is_unbounded(p.row); k++)
        check_symmetry(&call, (const double[]){5, 10, 20}[k]);
}
END_TEST

/* ---- All rows ---------------------------------------------------------------------------------------------------- */

/* A matrix that is shifted is no longer of its domain. */
static bool can_be_shifted(const checker_call *call, int i)
{
    const ad_domain *d = &call->row->domain[i < AD_SAMPLE_OPERANDS ? i : 0];
    return checker_letter(call->row, i) != 'i' && !d->symmetric && d->diagonal == 0 && checker_size(&call->x[i]) > 0;
}

static void list_sample(const ad_operator *row, int k)
{
    const checker_call call = checker_call_of(row, k);
    for (int i = 0; i < call.n_x; i++)
        if (can_be_shifted(&call, i) && n_shiftable < MAX_PLACES)
            shiftable[n_shiftable++] = (place){row, k, i};
    if (total_of(&call) > 0 && total_of(&call) <= MOST_CURVED && n_curved < MAX_PLACES)
        curved[n_curved++] = (place){row, k, 0};
}

int main(void)
{
    for (size_t r = 0; r < ad_operator_count(); r++) {
        const ad_operator *row = ad_operator_at(r);
        for (int k = 0; k < row->n_samples && has_rule(row) && checker_is_asked(row->name); k++)
            list_sample(row, k);
    }
    Suite *suite = suite_create("invariants");
    TCase *tests = tcase_create("every row");
    tcase_add_test(tests, kinds_are_found);
    tcase_add_loop_test(tests, gradients_sum_up, 0, n_shiftable);
    tcase_add_loop_test(tests, second_derivatives_are_symmetric, 0, n_curved);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
