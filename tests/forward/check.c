/* Descriptors with a missing part are refused at their first use, and so are calls without operands or room. */
#include <limits.h>
#include <string.h>

#include "../support/one_tape.h"

static void no_run(ad_call *c) { (void)c; }
static void no_vjp(ad_pullback *p) { (void)p; }
static void no_result(ad_call *c) { (void)c; }

static void second_result_only(ad_call *c) { ad_result(c, 1, AD_F64, c->x[0]->shape); }

static void one_result_twice(ad_call *c)
{
    ad_result(c, 0, AD_F64, c->x[0]->shape);
    ad_result(c, 0, AD_F64, c->x[0]->shape);
}

static void unknown_type(ad_call *c) { ad_result(c, 0, (ad_type)9, c->x[0]->shape); }
static void no_shape(ad_call *c) { ad_result(c, 0, AD_F64, NULL); }

static void negative_size(ad_call *c) { ad_result(c, 0, AD_F64, &AD_SHAPE(-4)); }

#define COMPLETE .arity = 1, .run = no_run, .vjp = no_vjp

static const struct {
    ad_operator op;
    ad_status status;
    const char *message;
} incomplete[] = {
    {{.name = NULL, COMPLETE, .shape = ad_same_shape}, AD_BAD_VALUE, "no name"},
    {{.name = "mine", COMPLETE}, AD_BAD_VALUE, "mine: the operator has no shape rule"},
    {{.name = "mine", .arity = 1, .shape = ad_same_shape, .vjp = no_vjp},
     AD_BAD_VALUE,
     "mine: the operator has no kernel"},
    {{.name = "mine", .arity = 1, .shape = ad_same_shape, .run = no_run},
     AD_BAD_VALUE,
     "mine: the operator has no gradient rule"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .n_results = AD_MAX_RESULTS + 1},
     AD_BAD_VALUE,
     "mine: the operator has too many"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .n_results = AD_MAX_RESULTS, .n_byproducts = 1},
     AD_BAD_VALUE,
     "too many"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .n_results = -1}, AD_BAD_VALUE, "mine: the operator has"},
    {{.name = "mine", .run = no_run, .vjp = no_vjp, .shape = ad_same_shape, .arity = -2},
     AD_BAD_VALUE,
     "mine: the operator has a negative arity that is not AD_VARIADIC"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .n_results = INT_MAX, .n_byproducts = INT_MAX},
     AD_BAD_VALUE,
     "mine: the operator has too many results and by-products"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .attributes = {{0}, {"k", AD_ATTRIBUTE_REAL}}},
     AD_BAD_VALUE,
     "mine: the operator has a gap in its attributes: those without a kind must be the last"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .types = "q"},
     AD_BAD_VALUE,
     "mine: the operator has the letter 'q' in its types: it must be r, s, i or *"},
    {{.name = "mine", .arity = 1, .shape = ad_same_shape, .vjp = no_vjp, .properties = AD_VIEW, .n_results = 2},
     AD_BAD_VALUE,
     "mine: the operator has no kernel (run) for its other results: a view is result 0 alone"},
    {{.name = "mine", COMPLETE, .shape = no_result}, AD_BAD_STATE, "mine: its shape rule gives too few"},
    {{.name = "mine", COMPLETE, .shape = second_result_only, .n_results = 2}, AD_BAD_STATE, "mine: its shape rule"},
    {{.name = "mine", COMPLETE, .shape = one_result_twice, .n_results = 2}, AD_BAD_STATE, "mine: its shape rule"},
    {{.name = "mine", COMPLETE, .shape = unknown_type}, AD_BAD_STATE, "mine: its shape rule"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .properties = AD_RANDOM},
     AD_BAD_VALUE,
     "mine: the operator has AD_RANDOM, and no integer as its last attribute: the number of the draw"},
    {{.name = "mine", COMPLETE, .shape = no_shape},
     AD_BAD_STATE,
     "mine: its shape rule gives result 0 of type 1 and no shape: it must give 0 to 0, once each, in order"},
    {{.name = "mine", COMPLETE, .shape = negative_size}, AD_BAD_SHAPE, "mine"},
    {{.name = "mine", .run = no_run, .vjp = no_vjp, .shape = ad_same_shape, .arity = 2},
     AD_BAD_VALUE,
     "mine: 1 operands"},
};

/* Refused at first use, and nothing is recorded; the tape works again. */
START_TEST(incomplete_descriptors)
{
    ad_tensor x = PARAMS("x", 1, 2), y[AD_MAX_RESULTS + 1] = {{0}};
    ad_apply(t, &incomplete[_i].op, &x, 1, NULL, y);
    ck_assert(ad_is_inert(y[0]));
    ck_assert_uint_eq(ad_entry_count(t), 0);
    expect_error_with(t, incomplete[_i].status, incomplete[_i].message);
    EXPECT(ad_square(x), 1, 4);
}
END_TEST

/* A descriptor is checked at its first use since the last reset. */
static void copy(ad_call *c) { *(double *)c->y[0]->data = *(const double *)c->x[0]->data; }
static void pass(ad_pullback *p) { ad_give(p, 0, ad_dy(p)); }

START_TEST(a_descriptor_is_checked_again_after_a_reset)
{
    static ad_operator mine = {.name = "mine", .arity = 1, .run = copy, .vjp = pass};
    const ad_tensor x = PARAM(3, "x");
    for (int step = 0; step < 3; step++) {
        mine.shape = ad_same_shape;
        const ad_tensor y = ad_apply1(&mine, ad_apply1(&mine, x));
        EXPECT(y, 3);
        ck_assert_int_eq(ad_backward(y), AD_OK);
        EXPECT(ad_gradient(x), 1);
        ad_reset(t);
        mine.shape = NULL;
        expect_inert(ad_apply1(&mine, x), AD_BAD_VALUE, "mine: the operator has no shape rule");
        expect_inert(ad_apply1(&mine, x), AD_BAD_VALUE, "mine: the operator has no shape rule");
        ck_assert_uint_eq(ad_entry_count(t), 0);
    }
}
END_TEST

/* A rule applies a descriptor to what nobody needs, so that its entries are pruned: it may change then. */
static ad_operator passing = {.name = "passing", .arity = 1, .run = copy, .vjp = pass};
static void applies_in_vain(ad_pullback *p)
{
    ad_apply1(&passing, ad_x(p, 0));
    ad_give(p, 0, ad_dy(p));
}

START_TEST(a_descriptor_is_checked_again_after_pruning)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = applies_in_vain};
    const ad_tensor x = PARAM(3, "x"), y = ad_apply1(&op, x);
    ad_tensor dx;
    passing.shape = ad_same_shape;
    ck_assert_int_eq(ad_grad(y, &x, 1, &dx), AD_OK);
    EXPECT(dx, 1);
    passing.shape = NULL;
    expect_inert(ad_apply1(&passing, x), AD_BAD_VALUE, "passing: the operator has no shape rule");
}
END_TEST

START_TEST(no_descriptor)
{
    ad_tensor x = PARAMS("x", 1, 2);
    ck_assert_msg(ad_is_inert(ad_apply1(NULL, x)), "ad_apply1 gives a result for no operator");
    expect_error_with(t, AD_BAD_VALUE, "no descriptor");
    ck_assert_msg(ad_is_inert(ad_apply2(NULL, x, x)), "ad_apply2 gives a result for no operator");
    expect_error_with(t, AD_BAD_VALUE, "no descriptor");
}
END_TEST

/* What a failed call returns must be inert, not what happened to lie on the stack. */
START_TEST(a_descriptor_that_is_null)
{
    ad_tensor x = INPUTS(0, 0), y[AD_MAX_RESULTS] = {x, x, x, x};
    ck_assert(!ad_is_inert(ad_add(x, x)));
    ck_assert(ad_is_inert(ad_apply1(NULL, x)));
    expect_recovery(t, AD_BAD_VALUE, "no descriptor");
    ck_assert(!ad_is_inert(ad_add(x, x)));
    ck_assert(ad_is_inert(ad_apply2(NULL, x, x)));
    expect_recovery(t, AD_BAD_VALUE, "no descriptor");
    ad_apply(t, NULL, &x, 1, NULL, y);
    ck_assert_msg(ad_is_inert(y[0]), "ad_apply leaves y as it was");
}
END_TEST

START_TEST(apply_without_operands_or_room)
{
    const ad_operator *add = ad_operator_named("add"), *eye = ad_operator_named("eye");
    const ad_tensor x[2] = {INPUTS(0, 0), INPUTS(0, 0)};
    ad_tensor y = x[0];
    ad_apply(t, add, NULL, 2, NULL, &y);
    ck_assert(ad_is_inert(y));
    expect_recovery(t, AD_BAD_VALUE, "add: the operands are NULL");
    ad_apply(NULL, add, NULL, 2, NULL, &y);
    ck_assert(ad_is_inert(y));
    ad_apply(NULL, add, x, 2, NULL, NULL);
    expect_recovery(t, AD_BAD_VALUE, "add: the room for results is NULL");
    ad_apply(t, eye, NULL, 0, NULL, NULL);
    expect_recovery(t, AD_BAD_VALUE, "eye: the room for results is NULL");
    ad_apply(t, NULL, x, 2, NULL, NULL);
    expect_recovery(t, AD_BAD_VALUE, "apply: the room for results is NULL");
    for (int rank = 0; rank < 2; rank++) {
        const ad_tensor z = ad_variable(t, AD_F64, rank ? AD_SHAPE(2) : AD_SCALAR, NULL);
        ad_apply(t, ad_operator_named("scale"), &z, 1, NULL, &y);
        ck_assert(ad_is_inert(y));
        expect_recovery(t, AD_BAD_VALUE, "scale: its attributes are NULL: it has some, c first");
    }
}
END_TEST

static void refuse_lists(const ad_operator *op, const ad_tensor *x, int n, int a)
{
    const int counts[] = {-1, AD_MAX_RANK + 1, INT_MAX, INT_MIN};
    for (int i = 0; i < COUNT(counts); i++) {
        ad_attribute attributes[AD_MAX_ATTRIBUTES];
        ad_tensor y[AD_MAX_RESULTS];
        memset(attributes, 0, sizeof attributes);
        if (op->attributes[a].kind == AD_ATTRIBUTE_AXES)
            attributes[a].axes.count = counts[i];
        else
            attributes[a].shape.rank = counts[i];
        ad_apply(t, op, x, n, attributes, y);
        ck_assert(ad_is_inert(y[0]));
        expect_error_with(t, AD_BAD_SHAPE, op->name);
    }
}

static bool is_list(ad_attribute_kind kind)
{
    return kind == AD_ATTRIBUTE_AXES || kind == AD_ATTRIBUTE_SHAPE || kind == AD_ATTRIBUTE_INTEGERS;
}

/* A list that is longer than its array, or has a negative count, is refused before anything reads it: for every row
 * that has one, and for an operator of the user's whose shape rule does not look. */
START_TEST(lists_outside_their_arrays)
{
    int n_lists = 0;
    ad_tensor x[AD_SAMPLE_OPERANDS];
    for (int i = 0; i < AD_SAMPLE_OPERANDS; i++)
        x[i] = some_input(t, AD_F64, AD_SHAPE(2, 2), 1);
    for (size_t k = 0; k < ad_operator_count(); k++) {
        const ad_operator *op = ad_operator_at(k);
        for (int a = 0; a < AD_MAX_ATTRIBUTES; a++)
            if (is_list(op->attributes[a].kind)) {
                refuse_lists(op, x, op->arity == AD_VARIADIC ? 1 : op->arity, a);
                n_lists++;
            }
    }
    ck_assert_int_gt(n_lists, 20);
    for (int kind = AD_ATTRIBUTE_AXES; kind <= AD_ATTRIBUTE_INTEGERS; kind++) {
        const ad_operator mine = {.name = "mine",
                                  COMPLETE,
                                  .shape = ad_same_shape,
                                  .attributes = {{"first", AD_ATTRIBUTE_REAL}, {"list", (ad_attribute_kind)kind}}};
        if (is_list((ad_attribute_kind)kind))
            refuse_lists(&mine, x, 1, 1);
    }
}
END_TEST

/* ---- Shape rules that look at their results ---------------------------------------------------------------------- */

/* y0 has `first` elements, y1 has the type and the shape of y0. */
static int64_t first;
static ad_type first_type;
static int n_seen; /* elements of y0 as the rule sees them */

static void second_like_first(ad_call *c)
{
    ad_result(c, 0, first_type, &AD_SHAPE(first));
    n_seen = (int)ad_elements(c->y[0]);
    ad_result(c, 1, (ad_type)c->y[0]->type, c->y[0]->shape);
    ad_result(c, 2, AD_F64, &AD_SHAPE(c->y[1]->shape->rank));
}

static const struct {
    int64_t first;
    ad_type type;
    ad_status status;
    const char *message;
} looks[] = {
    {-4, AD_F64, AD_BAD_SHAPE, "mine: size -4 of axis 0 is negative in [-4]"},
    {4, (ad_type)9, AD_BAD_STATE,
     "mine: its shape rule gives result 0 of type 9: it must give 0 to 2, once each, in order"},
    {INT64_MAX / 4, AD_F64, AD_BAD_SHAPE, "mine: shape [2305843009213693951] has too many elements"},
    {1 << 20, AD_F64, AD_NO_MEMORY, "memory is out for a tensor [1048576] of f64"},
};

/* A rule that goes on after a result has failed may look at that result. The error is the first one, nothing is
 * recorded, and the operator works again. */
START_TEST(a_shape_rule_looks_at_a_result_that_failed)
{
    const ad_operator mine = {.name = "mine", COMPLETE, .shape = second_like_first, .n_results = 2, .n_byproducts = 1};
    const ad_tensor x = PARAMS("x", 1, 2);
    ad_tensor y[AD_MAX_RESULTS];
    first = looks[_i].first;
    first_type = looks[_i].type;
    memory.limit = 1 << 20;
    n_seen = 0;
    ad_apply(t, &mine, &x, 1, NULL, y);
    ck_assert_int_eq(n_seen, 1);
    ck_assert(ad_is_inert(y[0]) && ad_is_inert(y[1]));
    ck_assert_uint_eq(ad_entry_count(t), 0);
    expect_error_with(t, looks[_i].status, looks[_i].message);
    first = 3;
    first_type = AD_F32;
    ad_apply(t, &mine, &x, 1, NULL, y);
    ck_assert_int_eq(n_seen, 3);
    ck_assert_int_eq(ad_type_of(y[1]), AD_F32);
    expect_shape(y[1], AD_SHAPE(3));
    expect_ok(t);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, lists_outside_their_arrays);
    tcase_add_loop_test(tests, incomplete_descriptors, 0, COUNT(incomplete));
    tcase_add_test(tests, a_descriptor_is_checked_again_after_a_reset);
    tcase_add_test(tests, a_descriptor_is_checked_again_after_pruning);
    tcase_add_test(tests, no_descriptor);
    tcase_add_test(tests, a_descriptor_that_is_null);
    tcase_add_test(tests, apply_without_operands_or_room);
    tcase_add_loop_test(tests, a_shape_rule_looks_at_a_result_that_failed, 0, COUNT(looks));
}

int main(void) { return run_on_one_tape("check", add_tests); }
