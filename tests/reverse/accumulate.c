/* Adding gradients up: whatever part a rule gives, to how many operands and how often, the gradient is the sum, a
 * second backward gives the same bits, and no part is written to that someone else holds. */
#include "../support/one_tape.h"

/* ---- Parts of every kind ----------------------------------------------------------------------------------------- */

/* y = a + b, with a rule that gives other parts than that has. */
static void sum_run(ad_call *c)
{
    const double *a = c->x[0]->data, *b = c->x[1]->data;
    for (size_t i = 0; i < ad_elements(c->y[0]); i++)
        ((double *)c->y[0]->data)[i] = a[i] + b[i];
}

static ad_tensor held; /* a leaf that rules give: (3, 5) */

static void dy_to_both(ad_pullback *p)
{
    ad_give(p, 0, ad_dy(p));
    ad_give(p, 1, ad_dy(p));
}
static void dy_twice_to_one(ad_pullback *p)
{
    ad_give(p, 0, ad_dy(p));
    ad_give(p, 0, ad_dy(p));
}
static void dy_thrice_to_one(ad_pullback *p)
{
    for (int i = 0; i < 3; i++)
        ad_give(p, 0, ad_dy(p));
    ad_give(p, 1, ad_scale(ad_dy(p), 2));
}
static void a_leaf(ad_pullback *p)
{
    ad_give(p, 0, held);
    ad_give(p, 1, held);
}
static void a_view_of_a_leaf(ad_pullback *p)
{
    const ad_tensor view = ad_reshape(ad_reshape(held, AD_SHAPE(2, 1)), AD_SHAPE(2));
    ad_give(p, 0, view);
    ad_give(p, 1, view);
}
static void a_temporary_to_both(ad_pullback *p)
{
    const ad_tensor g = ad_scale(ad_dy(p), 3);
    ad_give(p, 0, g);
    ad_give(p, 1, g);
}
static void a_temporary_twice_to_one(ad_pullback *p)
{
    const ad_tensor g = ad_scale(ad_dy(p), 3);
    ad_give(p, 1, g);
    ad_give(p, 1, g);
}
static void an_operand(ad_pullback *p)
{
    ad_give(p, 0, ad_x(p, 1));
    ad_give(p, 1, ad_x(p, 0));
}

/* What the rules give for a = (1, 2), b = (7, 8) and dy = (1, 10). */
static const struct {
    void (*vjp)(ad_pullback *p);
    double da[2], db[2];
} rules[] = {
    {dy_to_both, {1, 10}, {1, 10}},
    {dy_twice_to_one, {2, 20}, {0, 0}},
    {dy_thrice_to_one, {3, 30}, {2, 20}},
    {a_leaf, {3, 5}, {3, 5}},
    {a_view_of_a_leaf, {3, 5}, {3, 5}},
    {a_temporary_to_both, {3, 30}, {3, 30}},
    {a_temporary_twice_to_one, {0, 0}, {6, 60}},
    {an_operand, {7, 8}, {1, 2}},
};

static ad_operator sum_by(void (*vjp)(ad_pullback *p))
{
    return (ad_operator){.name = "sum", .arity = 2, .shape = ad_same_shape, .run = sum_run, .vjp = vjp};
}

/* A gradient that was not computed counts as 0. The gradients are the same bits after a second backward. */
static void expect_gradients(ad_tensor loss, const ad_backward_options *way, const ad_tensor x[2], double dx[2][2])
{
    snapshot first[2] = {{0}};
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(ad_backward_with(loss, way), AD_OK);
        for (int k = 0; k < 2; k++) {
            if (!ad_has_gradient(x[k])) {
                ck_assert(dx[k][0] == 0 && dx[k][1] == 0);
                continue;
            }
            expect_numbers(ad_gradient(x[k]), dx[k], 2, 0);
            if (round == 0)
                first[k] = snapshot_of(ad_gradient(x[k]));
            else
                expect_unchanged(ad_gradient(x[k]), first[k]);
        }
    }
    EXPECT(held, 3, 5);
    expect_ok(t);
}

START_TEST(parts_of_every_kind)
{
    const ad_operator op = sum_by(rules[_i / WAYS_BACK].vjp);
    const ad_backward_options *way = &ways_back[_i % WAYS_BACK];
    const double *da = rules[_i / WAYS_BACK].da, *db = rules[_i / WAYS_BACK].db;
    held = INPUTS(3, 5);
    const ad_tensor x[] = {PARAMS("a", 1, 2), PARAMS("b", 7, 8)}, dy = INPUTS(1, 10);
    const ad_tensor earlier = ad_scale(x[0], 1000), once = ad_sum(ad_mul(ad_apply2(&op, x[0], x[1]), dy));
    double want[2][2] = {{da[0], da[1]}, {db[0], db[1]}};
    expect_gradients(once, way, x, want);
    /* The sweep adds up what was recorded last first: here the rule's parts, and then what must not show in b. */
    want[0][0] += 1000;
    want[0][1] += 1000;
    expect_gradients(ad_add(once, ad_sum(earlier)), way, x, want);
    for (int i = 0; i < 2; i++) {
        want[0][i] += 100;
        want[1][i] += 200;
    }
    const ad_tensor later = ad_add(ad_scale(x[0], 100), ad_scale(x[1], 200));
    expect_gradients(ad_add(ad_sum(later), ad_add(once, ad_sum(earlier))), way, x, want);
    ad_backward_with(once, way);
    ad_assign(held, (const double[]){-1, -1}); /* a gradient is not the leaf that it was given as */
    for (int k = 0; k < 2; k++)
        if (ad_has_gradient(x[k]))
            expect_numbers(ad_gradient(x[k]), k ? db : da, 2, 0);
    expect_ok(t);
}
END_TEST

/* Both operands are one tensor; the part that is the other operand is then x itself. */
START_TEST(parts_for_one_tensor)
{
    const int rule = _i / WAYS_BACK;
    const ad_operator op = sum_by(rules[rule].vjp);
    held = INPUTS(3, 5);
    const ad_tensor a = PARAMS("a", 1, 2), x[] = {a, a}, y = ad_apply2(&op, a, a);
    const bool gives_x = rules[rule].vjp == an_operand;
    double want[2][2];
    for (int i = 0; i < 2; i++)
        want[0][i] = want[1][i] = gives_x ? 2 * (i + 1) : rules[rule].da[i] + rules[rule].db[i];
    expect_gradients(ad_sum(ad_mul(y, INPUTS(1, 10))), &ways_back[_i % WAYS_BACK], x, want);
    EXPECT(a, 1, 2);
}
END_TEST

/* ---- Built-in operators ------------------------------------------------------------------------------------------ */

static double dx_of(ad_tensor loss, ad_tensor x, const ad_backward_options *way)
{
    ck_assert_int_eq(ad_backward_with(loss, way), AD_OK);
    return ad_item(ad_gradient(x));
}

/* Twice and thrice the same scalar, and the same bits again; so too in f32. */
START_TEST(one_scalar_many_times)
{
    const double three = 3;
    for (int narrow = 0; narrow < 2; narrow++) {
        const ad_tensor x = variable_of(narrow ? AD_F32 : AD_F64, AD_SCALAR, &three, 1);
        const ad_tensor twice = ad_add(x, x), product = ad_mul(twice, x), cube = ad_mul(ad_mul(x, x), x);
        for (int round = 0; round < 2; round++) {
            ck_assert_double_eq(dx_of(twice, x, &ways_back[_i]), 2);
            ck_assert_double_eq(dx_of(product, x, &ways_back[_i]), 12);
            ck_assert_double_eq(dx_of(cube, x, &ways_back[_i]), 27);
        }
    }
    expect_ok(t);
}
END_TEST

/* x [3] three times, twice broadcast to [2,3]:  dx = the sums of m's columns + 2 x + 2. */
START_TEST(one_vector_three_times_with_broadcasting)
{
    const double numbers[] = {1, 2, 3, 4, 5, 6};
    const ad_tensor x = PARAMS("x", 1, 2, 3), m = ad_input(t, AD_F64, AD_SHAPE(2, 3), numbers);
    const ad_tensor sums[] = {ad_sum(ad_mul(m, x)), ad_sum(ad_mul(x, x)), ad_sum(ad_add(m, x))};
    for (int first = 0; first < 3; first++) {
        const ad_tensor loss = ad_add(ad_add(sums[first], sums[(first + 1) % 3]), sums[(first + 2) % 3]);
        ck_assert_int_eq(ad_backward_with(loss, &ways_back[_i]), AD_OK);
        EXPECT(ad_gradient(x), 9, 13, 17);
        const snapshot before = snapshot_of(ad_gradient(x));
        ck_assert_int_eq(ad_backward_with(loss, &ways_back[_i]), AD_OK);
        expect_unchanged(ad_gradient(x), before);
    }
    /* dx = 2 x times the sums of m's columns + 1, and by x again. */
    const ad_tensor dx = derivative(ad_add(ad_sum(ad_mul(ad_mul(m, x), x)), ad_sum(x)), x);
    EXPECT(dx, 11, 29, 55);
    ck_assert_int_eq(ad_backward_with(ad_sum(dx), &ways_back[_i]), AD_OK);
    EXPECT(ad_gradient(x), 10, 14, 18);
    expect_ok(t);
}
END_TEST

/* The parts of what is put together along the first axis are runs of one gradient: of a tensor that comes twice, of
 * inner tensors, of one that has a gradient already, or has its own shared with another. */
START_TEST(runs_of_one_gradient)
{
    static ad_tensor (*const joins[])(const ad_tensor *x, int n, int axis) = {ad_concat, ad_stack};
    const ad_backward_options *way = &ways_back[_i % WAYS_BACK];
    const ad_tensor x[] = {PARAMS("a", 1, 2), PARAMS("b", 7, 8)}, constant = INPUTS(5, 6);
    const ad_tensor inner = ad_scale(x[1], 2), earlier = ad_mul(x[0], INPUTS(1000, 2000));
    const ad_tensor y = joins[_i / WAYS_BACK]((const ad_tensor[]){x[0], constant, inner, x[0], x[1]}, 5, 0);
    const double numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    held = INPUTS(3, 5);
    const ad_tensor weights = ad_input(t, AD_F64, ad_shape_of(y), numbers), once = ad_sum(ad_mul(y, weights));
    double want[2][2] = {{8, 10}, {19, 22}};
    expect_gradients(once, way, x, want);
    EXPECT(weights, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    ad_backward_with(once, way);
    ad_backward_with(once, &(ad_backward_options){.accumulate = true});
    EXPECT(ad_gradient(x[0]), 16, 20);
    const ad_tensor both = ad_sum(ad_mul(ad_add(x[0], inner), INPUTS(100, 200))); /* one part for two */
    want[0][0] += 1100, want[0][1] += 2200, want[1][0] += 200, want[1][1] += 400;
    expect_gradients(ad_add(ad_add(once, ad_sum(earlier)), both), way, x, want);
    if (way->keep) {
        expect_numbers(ad_gradient(y), numbers, 10, 0);
        EXPECT(ad_gradient(inner), 105, 206);
    }
}
END_TEST

/* In f32 and f64, within a segment and without one: rows of a [m,2], of what is made of b [m,2] in the segment, of a
 * constant, and a again. The loss is the sum of w y^2 over the joined rows y, so that the gradient of a row x of y is
 * 2 w x. */
enum { JOINED = 5, ROWS_OF_PART = 3, PART = 2 * ROWS_OF_PART };

static ad_tensor filled(ad_type type, ad_shape shape, size_t n, double first, bool is_leaf)
{
    double numbers[JOINED * PART];
    for (size_t i = 0; i < n; i++)
        numbers[i] = first + (double)i;
    return is_leaf ? variable_of(type, shape, numbers, n) : input_of(type, shape, numbers);
}

START_TEST(runs_in_segments_and_types)
{
    const ad_type type = _i & 1 ? AD_F32 : AD_F64;
    const bool is_stack = _i & 2, in_segment = _i & 4;
    const ad_backward_options *way = &ways_back[_i / 8];
    const ad_shape part = AD_SHAPE(ROWS_OF_PART, 2);
    const ad_tensor a = filled(type, part, PART, 1, true), b = filled(type, part, PART, -2, true);
    if (in_segment)
        ck_assert_int_eq(ad_segment_begin(t), AD_OK);
    const ad_tensor inner = ad_square(b), parts[JOINED] = {a, inner, filled(type, part, PART, 5, false), a, b};
    const ad_tensor y = (is_stack ? ad_stack : ad_concat)(parts, JOINED, 0), few = ad_concat(parts, 2, 0);
    const ad_tensor w = filled(type, ad_shape_of(y), JOINED * PART, 1, false);
    ad_tensor out[] = {ad_sum(ad_mul(w, ad_square(y))), ad_sum(ad_square(few))};
    if (in_segment)
        ck_assert_int_eq(ad_segment_end(t, out, 2), AD_OK);
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(ad_backward_with(ad_add(out[0], out[1]), way), AD_OK);
        ck_assert_int_eq(ad_type_of(ad_gradient(a)), type);
        for (size_t i = 0; i < PART; i++) {
            const double x = 1 + (double)i, z = (double)i - 2, w0 = 1 + (double)i;
            ck_assert_double_eq(number_at(ad_gradient(a), i), 2 * x * (w0 + (w0 + 3 * PART) + 1));
            ck_assert_double_eq(number_at(ad_gradient(b), i),
                                4 * z * z * z * (w0 + PART + 1) + 2 * z * (w0 + 4 * PART));
        }
    }
    expect_ok(t);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, parts_of_every_kind, 0, COUNT(rules) * WAYS_BACK);
    tcase_add_loop_test(tests, parts_for_one_tensor, 0, COUNT(rules) * WAYS_BACK);
    tcase_add_loop_test(tests, one_scalar_many_times, 0, WAYS_BACK);
    tcase_add_loop_test(tests, one_vector_three_times_with_broadcasting, 0, WAYS_BACK);
    tcase_add_loop_test(tests, runs_of_one_gradient, 0, 2 * WAYS_BACK);
    tcase_add_loop_test(tests, runs_in_segments_and_types, 0, 8 * WAYS_BACK);
}

int main(void) { return run_on_one_tape("accumulate", add_tests); }
