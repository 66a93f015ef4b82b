/* The adjoint identity <u, J v> = <J' u, v> of every row of the table, one operand at a time while the others are held.
 *
 * J' u is what the gradient rule gives. J v never comes from the rule, or any linear rule would pass, right or wrong.
 * It comes from the forward kernel: f(v) - f(0) in an operand in which the row says that it is linear, otherwise
 * differences of f along v, of two step widths and extrapolated. That a row says `linear` where it is so, and only
 * there, is tested too. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/check.h"
#include "../support/checker.h"

enum { MAX_PLACES = 4096, DRAWS = 16, STREAM_U = 1, RESULT_NUMBERS = AD_MAX_RESULTS * CHECKER_NUMBERS };

/* A row and one of its samples. */
typedef struct place {
    const ad_operator *row;
    int sample;
} place;

static place differentiable[MAX_PLACES];
static int n_differentiable;
static const ad_operator *rows[MAX_PLACES];
static int n_rows;

/* ---- Kernels ------------------------------------------------------------------------------------------------- */

/* The real results of a call, one after the other, or a combination of several such. */
typedef struct results {
    size_t n;
    bool is_narrow; /* one of them is f32 */
    double at[RESULT_NUMBERS];
} results;

static ad_tensor operand(ad_tape *t, const checker_call *call, const checker_numbers *x, int i, bool is_variable)
{
    if (checker_kind_of(call, i) == CHECKER_INDEX)
        return checker_input(t, AD_F64, call, x, i);
    const double *values = x->at + x->first[i];
    return is_variable ? ad_variable(t, AD_F64, call->x[i], values) : ad_input(t, AD_F64, call->x[i], values);
}

/* Records a call. At most operand i is a variable. */
static void record(ad_tape *t, const checker_call *call, const checker_numbers *x, int i, ad_tensor operands[],
                   ad_tensor y[AD_MAX_RESULTS])
{
    for (int k = 0; k < call->n_x; k++)
        operands[k] = operand(t, call, x, k, k == i);
    ad_apply(t, call->row, operands, call->n_x, call->attributes, y);
}

static void append(results *all, ad_tensor y)
{
    const bool narrow = ad_type_of(y) == AD_F32;
    if (ad_type_of(y) == AD_I32)
        return;
    ck_assert_uint_le(all->n + ad_size_of(y), RESULT_NUMBERS);
    for (size_t k = 0; k < ad_size_of(y); k++)
        all->at[all->n++] = narrow ? (double)ad_f32(y)[k] : ad_f64(y)[k];
    all->is_narrow = all->is_narrow || narrow;
}

/* f(x); false if the kernel refuses x. */
static bool evaluate(const checker_call *call, const checker_numbers *x, results *all)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor operands[CHECKER_OPERANDS], y[AD_MAX_RESULTS];
    all->n = 0;
    all->is_narrow = false;
    record(t, call, x, -1, operands, y);
    const bool works = ad_status_of(t) == AD_OK;
    for (int j = 0; works && j < checker_result_count(call->row); j++)
        append(all, y[j]);
    ad_tape_close(t);
    return works;
}

/* f where operand i is by x + a v instead of its own x. */
static bool evaluate_at(const checker_call *call, const checker_numbers *x, int i, double by, double a, const double *v,
                        results *all)
{
    static checker_numbers moved;
    moved = *x;
    for (size_t k = x->first[i]; k < x->first[i + 1]; k++)
        moved.at[k] = by * x->at[k] + a * v[k - x->first[i]];
    return evaluate(call, &moved, all);
}

static void add_scaled(results *sum, double c, const results *more)
{
    for (size_t k = 0; k < sum->n; k++)
        sum->at[k] += c * more->at[k];
}

static double inner(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

static double norm(const double *a, size_t n) { return sqrt(inner(a, a, n)); }

/* ---- J v ----------------------------------------------------------------------------------------------------- */

static bool is_linear(const ad_operator *row, int i) { return row->linear >> (i < 31 ? i : 31) & 1U; }

/* f(v) - f(0) */
static bool push_linear(const checker_call *call, const checker_numbers *x, int i, const double *v, results *jv)
{
    static results zero;
    if (!evaluate_at(call, x, i, 0, 1, v, jv) || !evaluate_at(call, x, i, 0, 0, v, &zero))
        return false;
    add_scaled(jv, -1, &zero);
    return true;
}

/* (f(x + h v) - f(x - h v)) / (2 h) */
static bool difference(const checker_call *call, const checker_numbers *x, int i, const double *v, double h,
                       results *jv)
{
    static results below;
    if (!evaluate_at(call, x, i, 1, h, v, jv) || !evaluate_at(call, x, i, 1, -h, v, &below))
        return false;
    add_scaled(jv, -1, &below);
    for (size_t k = 0; k < jv->n; k++)
        jv->at[k] /= 2 * h;
    return true;
}

/* The error of a difference is of order h^2; that of (4 D(h / 2) - D(h)) / 3 is of order h^4. */
static bool push_by_differences(const checker_call *call, const checker_numbers *x, int i, const double *v, results *jv)
{
    static results wide;
    const double h = checker_step(call, i);
    if (!difference(call, x, i, v, h, &wide) || !difference(call, x, i, v, h / 2, jv))
        return false;
    for (size_t k = 0; k < jv->n; k++)
        jv->at[k] = (4 * jv->at[k] - wide.at[k]) / 3;
    return true;
}

/* ---- J' u ---------------------------------------------------------------------------------------------------- */

/* <u, y>, of all results that are real */
static ad_tensor against(ad_tape *t, const checker_call *call, const ad_tensor y[], const double *u)
{
    ad_tensor sum = ad_zeros(t, AD_F64, AD_SCALAR);
    for (int j = 0; j < checker_result_count(call->row); j++) {
        if (ad_type_of(y[j]) == AD_I32)
            continue;
        sum = ad_add(sum, ad_sum(ad_mul(ad_cast(y[j], AD_F64), ad_input(t, AD_F64, ad_shape_of(y[j]), u))));
        u += ad_size_of(y[j]);
    }
    return sum;
}

/* The gradient of <u, y> by operand i, which alone wants one; zeros if it was not computed. */
static void pull(const checker_call *call, const checker_numbers *x, int i, const double *u, double *ju)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor operands[CHECKER_OPERANDS], y[AD_MAX_RESULTS];
    record(t, call, x, i, operands, y);
    ad_backward(against(t, call, y, u));
    ck_assert_msg(ad_status_of(t) == AD_OK, "%s, operand %d: backward fails: %s", call->row->name, i, ad_message(t));
    const double *gradient = ad_has_gradient(operands[i]) ? ad_f64(ad_gradient(operands[i])) : NULL;
    for (size_t k = 0; k < checker_size(&call->x[i]); k++)
        ju[k] = gradient ? gradient[k] : 0;
    ad_tape_close(t);
}

/* ---- The identity -------------------------------------------------------------------------------------------- */

/* What both sides may differ by. Differences have the rounding of f too. */
static double allowed(const checker_call *call, int i, double scale, double rounding, bool is_narrow)
{
    if (is_linear(call->row, i))
        return (is_narrow ? 1e-6 : 1e-12) * scale;
    if (is_narrow)
        return 1e-3 * scale;
    return 1e-8 * scale + 8 * DBL_EPSILON * rounding / checker_step(call, i);
}

/* One draw; whether both sides were other than zero. */
static bool identity_holds(const checker_call *call, int i, uint64_t draw)
{
    static checker_numbers x, direction;
    static results y, jv;
    static double u[RESULT_NUMBERS], ju[CHECKER_NUMBERS];
    const char *name = call->row->name;
    checker_draw(call, draw, &x);
    checker_draw_direction(call, draw, &direction);
    const double *v = direction.at + direction.first[i];
    const size_t n = checker_size(&call->x[i]);
    ck_assert_msg(evaluate(call, &x, &y), "%s refuses a call in its domain", name);
    ck_assert_msg((is_linear(call->row, i) ? push_linear : push_by_differences)(call, &x, i, v, &jv),
                  "%s, operand %d: the kernel refuses to be moved", name, i);
    checker_fill_random(u, y.n, draw, STREAM_U);
    pull(call, &x, i, u, ju);
    const double left = inner(u, jv.at, y.n), right = inner(ju, v, n);
    const double scale = norm(u, y.n) * norm(jv.at, y.n) + norm(v, n) * norm(ju, n);
    const double rounding = norm(u, y.n) * norm(y.at, y.n);
    ck_assert_msg(fabs(left - right) <= allowed(call, i, scale, rounding, y.is_narrow),
                  "%s, operand %d, draw %d: <u, J v> is %.17g, <J' u, v> is %.17g, of %.3g", name, i, (int)draw, left,
                  right, scale);
    return left != 0 && right != 0;
}

/* Where the row says that it is constant the gradient is exactly 0, or was not computed. */
static void assert_constant(const checker_call *call, int i, uint64_t draw)
{
    static checker_numbers x;
    static results y;
    static double u[RESULT_NUMBERS], ju[CHECKER_NUMBERS];
    checker_draw(call, draw, &x);
    ck_assert_msg(evaluate(call, &x, &y), "%s refuses a call in its domain", call->row->name);
    checker_fill_random(u, y.n, draw, STREAM_U);
    pull(call, &x, i, u, ju);
    for (size_t k = 0; k < checker_size(&call->x[i]); k++)
        ck_assert_msg(ju[k] == 0, "%s is constant in operand %d, but element %zu of its gradient is %g",
                      call->row->name, i, k, ju[k]);
}

static bool has_nothing(const checker_call *call, int i)
{
    static checker_numbers x;
    static results y;
    checker_draw(call, 0, &x);
    ck_assert_msg(evaluate(call, &x, &y), "%s refuses a call in its domain", call->row->name);
    return y.n == 0 || checker_size(&call->x[i]) == 0;
}

START_TEST(identity)
{
    const place p = differentiable[_i];
    const checker_call call = checker_call_of(p.row, p.sample);
    for (int i = 0; i < call.n_x; i++) {
        bool shown = checker_kind_of(&call, i) != CHECKER_FREE || has_nothing(&call, i);
        for (uint64_t draw = 0; draw < 2 || (draw < DRAWS && !shown); draw++) {
            if (checker_kind_of(&call, i) == CHECKER_CONSTANT)
                assert_constant(&call, i, draw);
            else if (checker_kind_of(&call, i) == CHECKER_FREE)
                shown = identity_holds(&call, i, draw) || shown;
        }
        ck_assert_msg(shown, "%s, sample %d, operand %d: both sides are zero in each of %d draws", p.row->name,
                      p.sample, i, DRAWS);
    }
}
END_TEST

/* ---- What rows say of themselves ----------------------------------------------------------------------------- */

/* How far f(a + 2 b) - f(0) is from (f(a) - f(0)) + 2 (f(b) - f(0)), beside their terms; infinite if the kernel refuses
 * one of these, or gives what is not finite. */
static double nonlinearity(const checker_call *call, int i, uint64_t draw, bool *is_narrow)
{
    static checker_numbers x, a, b;
    static results sum, f;
    double both[CHECKER_NUMBERS], largest = 0;
    const size_t n = checker_size(&call->x[i]);
    checker_draw(call, draw, &x);
    checker_draw_direction(call, draw + 1000, &a);
    checker_draw_direction(call, draw + 2000, &b);
    for (size_t k = 0; k < n; k++)
        both[k] = a.at[a.first[i] + k] + 2 * b.at[b.first[i] + k];
    const double *at[] = {a.at + a.first[i], b.at + b.first[i], both}, factor[] = {1, 2, -1};
    if (!evaluate_at(call, &x, i, 0, 0, both, &sum))
        return INFINITY;
    for (size_t k = 0; k < sum.n; k++)
        sum.at[k] *= -2;
    largest = norm(sum.at, sum.n);
    for (int term = 0; term < 3; term++) {
        if (!evaluate_at(call, &x, i, 0, 1, at[term], &f))
            return INFINITY;
        add_scaled(&sum, factor[term], &f);
        largest = fmax(largest, norm(f.at, f.n));
    }
    *is_narrow = sum.is_narrow;
    const double off = norm(sum.at, sum.n);
    return off == 0 ? 0 : isfinite(off) ? off / largest : INFINITY;
}

static void assert_linear(const checker_call *call, int k, int i)
{
    bool is_narrow = false;
    for (uint64_t draw = 0; draw < 2; draw++) {
        const double off = nonlinearity(call, i, draw, &is_narrow);
        ck_assert_msg(off <= (is_narrow ? 1e-6 : 1e-12), "%s, sample %d: not linear in operand %d, by %.3g",
                      call->row->name, k, i, off);
    }
}

static bool seems_linear(const checker_call *call, int i)
{
    bool is_narrow = false;
    for (uint64_t draw = 0; draw < DRAWS; draw++)
        if (!(nonlinearity(call, i, draw, &is_narrow) <= 1e-12))
            return false;
    return true;
}

/* A row that says `linear` is so for each sample. One that does not say it is not, for one sample at least. */
START_TEST(says_where_it_is_linear)
{
    const ad_operator *row = rows[_i];
    for (int i = 0; i < AD_SAMPLE_OPERANDS; i++) {
        bool seems = true;
        int asked = 0;
        for (int k = 0; k < row->n_samples; k++) {
            const checker_call call = checker_call_of(row, k);
            if (i >= call.n_x || checker_kind_of(&call, i) != CHECKER_FREE || has_nothing(&call, i))
                continue;
            asked++;
            if (is_linear(row, i))
                assert_linear(&call, k, i);
            else
                seems = seems && seems_linear(&call, i);
        }
        ck_assert_msg(is_linear(row, i) || !seems || !asked,
                      "%s is linear in operand %d: say .linear = AD_LINEAR_IN(%d)", row->name, i, i);
    }
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------------------------- */

static void list_row(const ad_operator *row)
{
    if (row->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS) || !checker_is_asked(row->name))
        return;
    if (n_rows < MAX_PLACES)
        rows[n_rows++] = row;
    for (int k = 0; k < row->n_samples && n_differentiable < MAX_PLACES; k++)
        differentiable[n_differentiable++] = (place){row, k};
}

static Suite *make_suite(void)
{
    Suite *suite = suite_create("adjoint");
    TCase *identities = tcase_create("identity"), *words = tcase_create("linear");
    tcase_add_loop_test(identities, identity, 0, n_differentiable);
    tcase_add_loop_test(words, says_where_it_is_linear, 0, n_rows);
    suite_add_tcase(suite, identities);
    suite_add_tcase(suite, words);
    return suite;
}

int main(void)
{
    for (size_t i = 0; i < ad_operator_count(); i++)
        list_row(ad_operator_at(i));
    const int status = run_suites(srunner_create(make_suite()));
    return n_differentiable == 0 || n_differentiable == MAX_PLACES ? EXIT_FAILURE : status;
}
