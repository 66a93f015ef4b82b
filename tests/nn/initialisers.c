/* Initialisers: each by its formula, to within bounds that follow from the number of draws. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/layers.h>

#include "../support/one_tape.h"

static const ad_type reals[] = {AD_F32, AD_F64};

/* ---- Range and deviation ----------------------------------------------------------------------------------------- */

/* Shapes with the inputs of one unit and the units that an input reaches, counted by hand. */
static const struct {
    ad_shape shape;
    double d, h;
} fans[] = {
    {{.rank = 1, .dims = {2000}}, 2000, 2000},           {{.rank = 2, .dims = {40, 90}}, 40, 90},
    {{.rank = 2, .dims = {1, 3000}}, 1, 3000},           {{.rank = 2, .dims = {3000, 1}}, 3000, 1},
    {{.rank = 3, .dims = {16, 9, 20}}, 9 * 20, 16 * 20}, {{.rank = 4, .dims = {20, 6, 5, 4}}, 6 * 5 * 4, 20 * 5 * 4},
};

/* The variance is scale / (d + h), or scale / d where outputs do not count. */
static const struct {
    nn_initialiser number;
    const char *name;
    double scale;
    bool counts_outputs, is_uniform;
} random_ones[] = {
    {NN_GLOROT_UNIFORM, "glorot_uniform", 2, true, true}, {NN_GLOROT_NORMAL, "glorot_normal", 2, true, false},
    {NN_HE_UNIFORM, "he_uniform", 2, false, true},        {NN_HE_NORMAL, "he_normal", 2, false, false},
    {NN_LECUN_UNIFORM, "lecun_uniform", 1, false, true},  {NN_LECUN_NORMAL, "lecun_normal", 1, false, false},
};

static ad_tensor fill(nn_initialiser initialiser, ad_type type, ad_shape shape, uint64_t seed, uint64_t stream)
{
    const ad_tensor leaf = ad_param(t, type, shape, NULL, "leaf");
    ck_assert_int_eq(nn_initialise(leaf, initialiser, seed, stream), AD_OK);
    return leaf;
}

/* n numbers have this variance, the mean 0, and the range or the tails of their distribution, to within six standard
 * deviations of what n draws give. The squares of uniform numbers in +-a vary by 4/45 a^4, those of normal ones by
 * 2 variance^2. */
static void expect_distribution(ad_tensor x, double variance, bool is_uniform, const char *what)
{
    const double n = (double)ad_size_of(x), limit = sqrt(3 * variance);
    const double spread = is_uniform ? limit * limit * sqrt(4.0 / 45) : variance * sqrt(2);
    double sum = 0, squares = 0, largest = 0;
    for (size_t i = 0; i < ad_size_of(x); i++) {
        const double value = number_at(x, i);
        sum += value;
        squares += value * value;
        largest = fmax(largest, fabs(value));
    }
    ck_assert_msg(fabs(sum / n) < 6 * sqrt(variance / n), "%s: the mean is %g", what, sum / n);
    ck_assert_msg(fabs(squares / n - variance) < 6 * spread / sqrt(n), "%s: the variance is %g instead of %g", what,
                  squares / n, variance);
    if (is_uniform)
        ck_assert_msg(largest <= limit * (1 + (double)FLT_EPSILON) && largest > limit * (1 - 20 / n),
                      "%s: the largest is %g of +-%g", what, largest, limit);
    else /* of n normal numbers one lies beyond 2.5 deviations, none beyond 6 */
        ck_assert_msg(largest > 2.5 * sqrt(variance) && largest < 6 * sqrt(variance), "%s: the largest is %g", what,
                      largest);
}

START_TEST(numbers_have_the_variance_of_their_formula)
{
    for (int type = 0; type < COUNT(reals); type++)
        for (int s = 0; s < COUNT(fans); s++) {
            char what[80];
            const double fan = fans[s].d + (random_ones[_i].counts_outputs ? fans[s].h : 0);
            const ad_tensor x = fill(random_ones[_i].number, reals[type], fans[s].shape, 7, (uint64_t)s);
            snprintf(what, sizeof what, "%s of shape %d in %s", random_ones[_i].name, s, ad_type_name(reals[type]));
            expect_distribution(x, random_ones[_i].scale / fan, random_ones[_i].is_uniform, what);
        }
}
END_TEST

/* Networks begin with the bits that programs of earlier versions began with. */
START_TEST(glorot_uniform_is_a_fill_of_its_range)
{
    for (int type = 0; type < COUNT(reals); type++)
        for (int s = 0; s < COUNT(fans); s++) {
            const ad_tensor direct = ad_param(t, reals[type], fans[s].shape, NULL, "direct");
            const double limit = sqrt(6 / (fans[s].d + fans[s].h));
            ad_fill_uniform(direct, (const double[]){-limit, limit}, 11, 5);
            expect_same_bits(fill(NN_GLOROT_UNIFORM, reals[type], fans[s].shape, 11, 5), direct);
        }
}
END_TEST

START_TEST(zeros_and_ones)
{
    for (int type = 0; type < COUNT(reals); type++) {
        EXPECT(fill(NN_ONES, reals[type], AD_SHAPE(2, 3), 1, 1), 1, 1, 1, 1, 1, 1);
        const ad_tensor x = some_param(t, reals[type], AD_SHAPE(2, 2), 4, "x");
        nn_initialise(x, NN_ZEROS, 1, 1);
        EXPECT(x, 0, 0, 0, 0);
        EXPECT(fill(NN_ONES, reals[type], AD_SCALAR, 1, 1), 1);
        const ad_tensor state = ad_state(t, reals[type], AD_SHAPE(3), NULL, "state");
        nn_initialise(state, NN_ONES, 0, 0);
        EXPECT(state, 1, 1, 1);
    }
}
END_TEST

/* ---- Orthogonal -------------------------------------------------------------------------------------------------- */

/* Rows and columns of the part as [first, rest]. The rows are orthonormal if they are fewer, else the columns. */
static void expect_orthonormal(ad_tensor x, double tolerance)
{
    const int64_t rows = ad_shape_of(x).dims[0], columns = (int64_t)ad_size_of(x) / rows;
    const bool by_rows = rows <= columns;
    const int64_t k = by_rows ? rows : columns, n = by_rows ? columns : rows;
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j <= i; j++) {
            double dot = 0;
            for (int64_t l = 0; l < n; l++)
                dot += number_at(x, (size_t)(by_rows ? i * columns + l : l * columns + i)) *
                       number_at(x, (size_t)(by_rows ? j * columns + l : l * columns + j));
            ck_assert_msg(fabs(dot - (i == j)) < tolerance, "%lld x %lld: the product of %lld and %lld is %.17g",
                          (long long)rows, (long long)columns, (long long)i, (long long)j, dot);
        }
}

static const ad_shape of_orthogonal[] = {
    {.rank = 2, .dims = {1, 1}},    {.rank = 2, .dims = {30, 30}},      {.rank = 2, .dims = {7, 60}},
    {.rank = 2, .dims = {60, 7}},   {.rank = 2, .dims = {1, 9}},        {.rank = 2, .dims = {9, 1}},
    {.rank = 3, .dims = {8, 3, 5}}, {.rank = 4, .dims = {20, 3, 2, 2}}, {.rank = 4, .dims = {5, 3, 4, 4}},
};

START_TEST(orthogonal_parts_are_orthonormal)
{
    for (int type = 0; type < COUNT(reals); type++)
        for (uint64_t stream = 0; stream < 3; stream++)
            expect_orthonormal(fill(NN_ORTHOGONAL, reals[type], of_orthogonal[_i], 5, stream),
                               reals[type] == AD_F32 ? 1e-6 : 1e-14);
    expect_ok(t);
}
END_TEST

/* A random rotation points anywhere: over 2,000 of them each of the four numbers has the mean 0 and the variance 1/2,
 * to within six standard deviations. Those of the numbers are sqrt(1/2) and those of their squares, cos^2 of a uniform
 * angle, sqrt(1/8). */
START_TEST(rotations_point_anywhere)
{
    enum { TIMES = 2000 };
    double sum[4] = {0}, squares[4] = {0};
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2, 2), NULL, "x");
    for (uint64_t stream = 0; stream < TIMES; stream++) {
        nn_initialise(x, NN_ORTHOGONAL, 1, stream);
        expect_orthonormal(x, 1e-15); /* also where the numbers that were drawn are nearly parallel */
        for (size_t i = 0; i < 4; i++) {
            sum[i] += ad_f64(x)[i];
            squares[i] += ad_f64(x)[i] * ad_f64(x)[i];
        }
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_double_lt(fabs(sum[i] / TIMES), 6 * sqrt(0.5 / TIMES));
        ck_assert_double_lt(fabs(squares[i] / TIMES - 0.5), 6 * sqrt(0.125 / TIMES));
    }
}
END_TEST

/* ---- Streams and names ------------------------------------------------------------------------------------------- */

START_TEST(numbers_depend_on_seed_and_stream)
{
    static const uint64_t keys[][2] = {{1, 0}, {1, 1}, {2, 0}, {0, 1}, {UINT64_C(1) << 32, 0}, {1, UINT64_C(1) << 56}};
    const nn_initialiser number = _i < COUNT(random_ones) ? random_ones[_i].number : NN_ORTHOGONAL;
    double x[COUNT(keys)][12];
    for (int k = 0; k < COUNT(keys); k++) {
        memcpy(x[k], ad_f64(fill(number, AD_F64, AD_SHAPE(3, 4), keys[k][0], keys[k][1])), sizeof x[k]);
        expect_numbers(fill(number, AD_F64, AD_SHAPE(3, 4), keys[k][0], keys[k][1]), x[k], 12, 0);
        expect_numbers(fill(number, AD_F32, AD_SHAPE(3, 4), keys[k][0], keys[k][1]), x[k], 12, 2e-6);
        for (int other = 0; other < k; other++)
            for (size_t i = 0; i < 12; i++)
                ck_assert(x[k][i] != x[other][i]);
    }
}
END_TEST

START_TEST(initialisers_have_names)
{
    ck_assert_str_eq(nn_initialiser_name(NN_INITIALISER_DEFAULT), "");
    for (int i = 0; i < COUNT(random_ones); i++)
        ck_assert_str_eq(nn_initialiser_name((int)random_ones[i].number), random_ones[i].name);
    ck_assert_str_eq(nn_initialiser_name(NN_ORTHOGONAL), "orthogonal");
    ck_assert_str_eq(nn_initialiser_name(NN_ZEROS), "zeros");
    ck_assert_str_eq(nn_initialiser_name(NN_ONES), "ones");
    ck_assert_int_eq(NN_INITIALISER_COUNT, COUNT(random_ones) + 4);
    ck_assert_ptr_null(nn_initialiser_name(NN_INITIALISER_COUNT));
    ck_assert_ptr_null(nn_initialiser_name(-1));
    ck_assert_str_eq(nn_initialiser_formula(NN_GLOROT_UNIFORM), "uniform in +-sqrt(6 / (d + h))");
    ck_assert_str_eq(nn_initialiser_formula(NN_INITIALISER_DEFAULT), "");
    ck_assert_ptr_null(nn_initialiser_formula(NN_INITIALISER_COUNT));
    ck_assert_ptr_null(nn_initialiser_formula(-1));
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

START_TEST(bad_arguments_are_refused)
{
    static const int numbers[] = {NN_INITIALISER_DEFAULT, -1, NN_INITIALISER_COUNT, 1000};
    const ad_tensor x = some_param(t, AD_F64, AD_SHAPE(2, 3), 4, "x"), b = some_param(t, AD_F64, AD_SHAPE(3), 4, "b");
    for (int i = 0; i < COUNT(numbers); i++) {
        char message[100];
        const snapshot before = snapshot_of(x);
        ck_assert_int_eq(nn_initialise(x, (nn_initialiser)numbers[i], 0, 0), AD_BAD_VALUE);
        snprintf(message, sizeof message, "initialise: %d is no initialiser: use NN_GLOROT_UNIFORM or another",
                 numbers[i]);
        expect_error(t, AD_BAD_VALUE, message);
        expect_unchanged(x, before);
    }
    ck_assert_int_eq(nn_initialise(b, NN_ORTHOGONAL, 0, 0), AD_BAD_SHAPE);
    expect_error(t, AD_BAD_SHAPE,
                 "initialise: \"b\" has the rank 1: orthogonal needs rows and columns, so a rank of 2 or more");
    const ad_tensor scalar = PARAM(2, "scalar");
    nn_initialise(scalar, NN_ORTHOGONAL, 0, 0);
    expect_error_with(t, AD_BAD_SHAPE, "\"scalar\" has the rank 0");
}
END_TEST

START_TEST(bad_leaves_are_refused)
{
    const ad_tensor counts = ad_state(t, AD_I32, AD_SHAPE(2, 2), NULL, "counts");
    for (int i = NN_GLOROT_UNIFORM; i <= NN_ORTHOGONAL; i++) {
        ck_assert_int_eq(nn_initialise(counts, (nn_initialiser)i, 0, 0), AD_BAD_TYPE);
        expect_error_with(t, AD_BAD_TYPE, "counts", "i32");
        ck_assert_int_eq(nn_initialise(ad_input(t, AD_F64, AD_SHAPE(2, 2), NULL), (nn_initialiser)i, 0, 0),
                         AD_BAD_STATE);
        expect_error_with(t, AD_BAD_STATE, "only parameters and states are changed in place");
        ck_assert_int_eq(nn_initialise((ad_tensor){.tape = t}, (nn_initialiser)i, 0, 0), AD_BAD_HANDLE);
        ck_assert_int_eq(ad_clear_error(t), AD_BAD_HANDLE);
        ck_assert_int_eq(nn_initialise((ad_tensor){0}, (nn_initialiser)i, 0, 0), AD_BAD_HANDLE);
    }
    /* The first error stays, and nothing is filled. */
    const ad_tensor x = some_param(t, AD_F64, AD_SHAPE(2, 3), 4, "x");
    const snapshot before = snapshot_of(x);
    ad_fail(t, AD_BAD_STATE, "an error from %s", "before");
    ck_assert_int_eq(nn_initialise(x, NN_ORTHOGONAL, 0, 0), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, "an error from before");
    expect_unchanged(x, before);
}
END_TEST

/* A leaf without elements has nothing to fill. */
START_TEST(empty_leaves_are_filled)
{
    const ad_shape shapes[] = {AD_SHAPE(0, 3), AD_SHAPE(3, 0), AD_SHAPE(0, 0), AD_SHAPE(2, 0, 3)};
    for (int i = NN_GLOROT_UNIFORM; i < NN_INITIALISER_COUNT; i++)
        for (int s = 0; s < COUNT(shapes); s++)
            fill((nn_initialiser)i, AD_F64, shapes[s], 1, 1);
    for (int i = NN_GLOROT_UNIFORM; i < NN_INITIALISER_COUNT; i++)
        if (i != NN_ORTHOGONAL)
            fill((nn_initialiser)i, AD_F64, AD_SHAPE(0), 1, 1);
    expect_ok(t);
}
END_TEST

/* Whatever call of the allocator fails: the error says so, and the leaf can be filled afterwards. */
START_TEST(orthogonal_without_memory)
{
    const ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(50, 40), NULL, "x");
    size_t k = 1;
    for (bool done = false; !done && k < 50; k++) {
        counting_fail(&memory, k, COUNTING_ONCE);
        const ad_status status = nn_initialise(x, NN_ORTHOGONAL, 3, 4);
        done = memory.calls < k;
        counting_heal(&memory);
        ck_assert_int_eq(status, done ? AD_OK : AD_NO_MEMORY);
        ck_assert_int_eq(ad_clear_error(t), status);
    }
    ck_assert_uint_ge(k, 3);
    expect_orthonormal(x, 1e-6);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, numbers_have_the_variance_of_their_formula, 0, COUNT(random_ones));
    tcase_add_test(tests, glorot_uniform_is_a_fill_of_its_range);
    tcase_add_test(tests, zeros_and_ones);
    tcase_add_loop_test(tests, orthogonal_parts_are_orthonormal, 0, COUNT(of_orthogonal));
    tcase_add_test(tests, rotations_point_anywhere);
    tcase_add_loop_test(tests, numbers_depend_on_seed_and_stream, 0, COUNT(random_ones) + 1);
    tcase_add_test(tests, initialisers_have_names);
    tcase_add_test(tests, bad_arguments_are_refused);
    tcase_add_test(tests, bad_leaves_are_refused);
    tcase_add_test(tests, empty_leaves_are_filled);
    tcase_add_test(tests, orthogonal_without_memory);
}

int main(void) { return run_on_one_tape("initialisers", add_tests); }
