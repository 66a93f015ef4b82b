/* Values, gradients and second derivatives where functions saturate, on both sides, in both types, against numbers from
 * mpmath in golden/saturated.txt (make_saturated.py): each to a relative accuracy of its own, however small it is. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/checker.h"
#include "../support/gaps.h"
#include "../support/golden_reader.h"
#include "../support/one_tape.h"

enum { MOST_LINES = 4096, MOST_OPERANDS = 3, MOST_NUMBERS = 9 };

/* One line of the file: operands, and element `element` of the result with its derivatives by all their numbers. */
typedef struct point {
    char row[32];
    int element, n_x, n; /* n numbers of reals */
    golden_attributes attributes;
    ad_type type[MOST_OPERANDS];
    ad_shape shape[MOST_OPERANDS];
    double x[MOST_OPERANDS][MOST_NUMBERS];
    double value, first[MOST_NUMBERS], second[MOST_NUMBERS * MOST_NUMBERS];
} point;

static point *points;
static int n_points;

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static bool read_into(FILE *file, double *to, int n)
{
    for (int k = 0; k < n; k++)
        if (fscanf(file, "%lf", &to[k]) != 1)
            return false;
    return true;
}

static bool read_operand(FILE *file, point *p, int i)
{
    size_t n;
    if (!golden_read_type(file, &p->type[i]) || !golden_read_shape(file, &p->shape[i], &n) || n > MOST_NUMBERS)
        return false;
    p->n += p->type[i] == AD_I32 ? 0 : (int)n;
    return read_into(file, p->x[i], (int)n);
}

static bool read_point(FILE *file, point *p)
{
    bool whole = fscanf(file, "%d", &p->element) == 1 && golden_read_attributes(file, &p->attributes) &&
                 fscanf(file, "%d", &p->n_x) == 1 && p->n_x <= MOST_OPERANDS;
    for (int i = 0; whole && i < p->n_x; i++)
        whole = read_operand(file, p, i);
    return whole && p->n <= MOST_NUMBERS && read_into(file, &p->value, 1) && read_into(file, p->first, p->n) &&
           read_into(file, p->second, p->n * p->n);
}

/* Whether the file was read to its end. */
static bool read_points(void)
{
    char path[4096];
    FILE *file = golden_open("saturated.txt", path, sizeof path);
    bool whole = file && (points = calloc(MOST_LINES, sizeof *points));
    while (whole && fscanf(file, "%31s", points[n_points].row) == 1)
        if (points[n_points].row[0] == '#')
            golden_skip_line(file);
        else
            whole = read_point(file, &points[n_points]) && ++n_points < MOST_LINES;
    if (file)
        fclose(file);
    return whole && n_points > 0;
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

/* Numbers of one tensor that cancel are as exact as the largest of them. */
static bool cancels(const char *row) { return !strcmp(row, "layer_norm"); }

/* The second derivative by the operand that is the larger is 1 / y - a^2 / y^3, two parts that cancel. */
static bool is_known(const char *row, const char *what)
{
    return !strcmp(row, "hypot") && !strcmp(what, "second derivative");
}

static double largest_of(const double *x, int n)
{
    double largest = 0;
    for (int k = 0; k < n; k++)
        largest = fmax(largest, fabs(x[k]));
    return largest;
}

static void compare(const point *p, const char *what, ad_tensor got, const double *want, int n, double roundings)
{
    const bool narrow = ad_type_of(got) == AD_F32;
    const double unit = narrow ? (double)FLT_EPSILON : DBL_EPSILON, most = narrow ? (double)FLT_MAX : DBL_MAX,
                 least = 128 * (narrow ? (double)FLT_TRUE_MIN : DBL_TRUE_MIN);
    ck_assert_uint_eq(ad_size_of(got), (size_t)n);
    for (int k = 0; k < n; k++) {
        const double g = number_at(got, (size_t)k),
                     of = cancels(p->row) || is_known(p->row, what) ? largest_of(want, n) : fabs(want[k]);
        const bool right = fabs(want[k]) > most ? fabs(g) == INFINITY && (g > 0) == (want[k] > 0)
                                                : fabs(g - want[k]) <= roundings * unit * of + least;
        ck_assert_msg(right, "%s of %g %g in %s: %s %d is %.17g, wanted %.17g", p->row, p->x[0][0],
                      p->n_x > 1 || p->n > 1 ? p->x[p->n_x > 1][p->n_x > 1 ? 0 : 1] : 0.0,
                      ad_type_name(ad_type_of(got)), what, k, g, want[k]);
    }
}

/* ---- One point --------------------------------------------------------------------------------------------------- */

/* Records the call with all its numbers of reals in `z`; returns the element. */
static ad_tensor record(const point *p, ad_type type, ad_tensor *z)
{
    double all[MOST_NUMBERS];
    ad_attribute attributes[AD_MAX_ATTRIBUTES];
    const ad_operator *op = ad_operator_named(p->row);
    ck_assert_msg(op, "there is no row %s", p->row);
    golden_row_attributes(op, &p->attributes, p->row, attributes);
    int at = 0;
    for (int i = 0; i < p->n_x; i++)
        for (size_t k = 0; p->type[i] != AD_I32 && k < elements_of(p->shape[i]); k++)
            all[at++] = p->x[i][k];
    *z = variable_of(type, AD_SHAPE(p->n), all, (size_t)p->n);
    ad_tensor x[MOST_OPERANDS], y[AD_MAX_RESULTS];
    at = 0;
    for (int i = 0; i < p->n_x; i++) {
        const int64_t n = (int64_t)elements_of(p->shape[i]);
        const int32_t index[] = {(int32_t)p->x[i][0]};
        if (p->type[i] == AD_I32)
            x[i] = ad_input(t, AD_I32, p->shape[i], index);
        else
            x[i] = ad_reshape(ad_slice(*z, 0, (ad_range){.start = at, .stop = at + n}), p->shape[i]);
        at += p->type[i] == AD_I32 ? 0 : (int)n;
    }
    ad_apply(t, op, x, p->n_x, attributes, y);
    const ad_tensor flat = ad_reshape(y[0], AD_SHAPE((int64_t)ad_size_of(y[0])));
    return ad_slice(flat, 0, (ad_range){.start = p->element, .stop = p->element + 1});
}

static void check_point(const point *p, ad_type type)
{
    ad_tensor z, dz;
    const ad_tensor y = ad_sum(record(p, type, &z));
    ad_grad(y, &z, 1, &dz);
    const ad_tensor second = ad_hessian(y, z);
    expect_ok(t);
    compare(p, "value", y, &p->value, 1, 16);
    /* derivatives are made from results */
    if (fabs(p->value) > (type == AD_F32 ? (double)FLT_MAX : DBL_MAX)) {
        ad_reset(t);
        return;
    }
    compare(p, "derivative", dz, p->first, p->n, 32);
    compare(p, "second derivative", second, p->second, p->n * p->n, 256);
    ad_reset(t);
}

START_TEST(at_saturated_arguments)
{
    const char *row = ad_operator_at((size_t)(_i / 2))->name;
    for (int k = 0; k < n_points; k++)
        if (!strcmp(points[k].row, row))
            check_point(&points[k], _i % 2 ? AD_F32 : AD_F64);
}
END_TEST

/* ---- Every element-wise row -------------------------------------------------------------------------------------- */

/* Backward rows are reached as derivatives of the others; the rest have nothing that saturates. */
static bool is_excused(const ad_operator *row)
{
    static const char *const names[] = {"cast",
                                        "divide_by",
                                        "mul_add",
                                        "mul_divide_or_zero",
                                        "mul_polygamma",
                                        "mul_pow_derivative",
                                        "mul_trunc_quotient",
                                        "normal_nll",
                                        "one_minus_square",
                                        "quotient_slope",
                                        "quotient_slope_or_zero",
                                        "share_greater",
                                        "times_sign",
                                        "where_positive",
                                        "where_not_positive"};
    const size_t n = strlen(row->name), suffix = strlen("_backward");
    if (row->properties & (AD_NOT_DIFFERENTIABLE | AD_PIECEWISE_CONSTANT | AD_STOPS))
        return true;
    for (int k = 0; k < COUNT(names); k++)
        if (!strcmp(row->name, names[k]))
            return true;
    return n > suffix && !strcmp(row->name + n - suffix, "_backward");
}

/* An element-wise row without points is a gap. */
static const char no_points[] = "has no points in golden/saturated.txt";

static bool is_gap(const ad_operator *row)
{
    bool has_points = is_excused(row) || !(row->properties & AD_ELEMENTWISE);
    for (int k = 0; k < n_points; k++)
        has_points = has_points || !strcmp(points[k].row, row->name);
    return !has_points;
}

START_TEST(gaps_are_listed)
{
    const ad_operator fake = {.name = "fake_row", .properties = AD_ELEMENTWISE};
    ck_assert(is_gap(&fake) && !is_gap(ad_operator_named("tanh")));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, at_saturated_arguments, 0, 2 * (int)ad_operator_count());
    tcase_add_test(tests, gaps_are_listed);
}

int main(void)
{
    if (!read_points()) {
        fprintf(stderr, "saturated.txt is not as make_saturated.py writes it, at point %d\n", n_points);
        return EXIT_FAILURE;
    }
    const int status = run_on_one_tape("saturated", add_tests);
    gaps_print(is_gap, no_points);
    free(points);
    return status;
}
