/* Looking at what was recorded. */
#include <string.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

static bool same(ad_tensor a, ad_tensor b) { return a.id == b.id && a.generation == b.generation && a.tape == b.tape; }

/* Every entry is listed once, by its number, and what it was made from comes before it. */
static void expect_order(void)
{
    for (size_t i = 0; i < ad_entry_count(t); i++) {
        const ad_tensor y = ad_recorded_at(t, i);
        ck_assert(ad_is_valid(y));
        ck_assert_uint_eq(ad_number_of(y), i);
        for (int k = 0; k < ad_operand_count(y); k++) {
            const ad_tensor x = ad_operand(y, k);
            ck_assert(ad_is_valid(x));
            const size_t number = ad_number_of(x);
            ck_assert(same(x, ad_recorded_at(t, number)) ? number < i : same(x, ad_kept_at(t, number)));
        }
    }
    ck_assert(ad_is_inert(ad_recorded_at(t, ad_entry_count(t))));
    ck_assert(ad_is_inert(ad_recorded_at(t, SIZE_MAX)));
    expect_ok(t);
}

START_TEST(entries_in_order)
{
    ck_assert(!ad_is_valid((ad_tensor){.tape = t})); /* nothing was ever recorded */
    ck_assert_uint_eq(ad_size_of((ad_tensor){.tape = t}), 0);
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_HANDLE);
    ck_assert(ad_is_inert(ad_recorded_at(NULL, 0)));
    ck_assert(ad_is_inert(ad_recorded_at(t, 0)));
    const ad_tensor w = PARAMS("w", 1, 2), s = ad_state(t, AD_F64, AD_SHAPE(2), NULL, "s"), x = INPUTS(3, 4);
    const ad_tensor v = ad_variable(t, AD_F64, AD_SCALAR, NULL), y = ad_mul(ad_add(w, x), v);
    ad_tensor both[2];
    apply_two_results(y, s, both);
    ck_assert(same(ad_recorded_at(t, 0), x));
    ck_assert(same(ad_recorded_at(t, 3), y));
    ck_assert(same(ad_recorded_at(t, 5), both[1]));
    ck_assert_uint_eq(ad_entry_count(t), 7); /* with the by-product */
    ck_assert_int_eq(ad_result_number(both[1]), 1);
    ck_assert_int_eq(ad_result_number(ad_recorded_at(t, 6)), 2);
    ck_assert_int_eq(ad_result_number(w), 0);
    ck_assert_uint_eq(ad_number_of(w), 0);
    ck_assert_uint_eq(ad_number_of(s), 1);
    ck_assert_str_eq(ad_made_by(w), "param");
    ck_assert_str_eq(ad_made_by(s), "state");
    ck_assert_str_eq(ad_made_by(x), "input");
    ck_assert_str_eq(ad_made_by(v), "variable");
    ck_assert_ptr_eq(ad_operator_of(both[1]), &two_results);
    ck_assert_ptr_null(ad_operator_of(w));
    ck_assert(ad_wants_gradient(y) && ad_wants_gradient(v) && !ad_wants_gradient(x) && !ad_wants_gradient(s));
    expect_order();
}
END_TEST

START_TEST(attributes)
{
    const ad_tensor x = PARAMS("x", 1, 2, 3, 4), y = ad_scale(x, 0.5), parts = ad_reshape(y, AD_SHAPE(2, 2));
    ad_tensor halves[2];
    ad_split(parts, 1, 2, halves);
    ck_assert_double_eq(ad_attributes_of(y)[0].real, 0.5);
    ck_assert_int_eq(ad_attributes_of(parts)[0].shape.rank, 2);
    ck_assert_ptr_null(ad_attributes_of(x));
    ck_assert_ptr_null(ad_attributes_of(ad_add(y, y)));
    ck_assert_ptr_nonnull(ad_attributes_of(halves[0]));
    ck_assert_ptr_nonnull(ad_attributes_of(halves[1])); /* each result has those of its call */
    expect_ok(t);
}
END_TEST

START_TEST(gradients)
{
    const ad_tensor x = PARAMS("x", 1, 2), y = ad_sum(ad_square(x));
    ad_backward(y);
    const ad_tensor dx = ad_gradient(x);
    ck_assert(ad_is_valid(dx));
    ck_assert_uint_eq(ad_number_of(dx), SIZE_MAX);
    ck_assert_str_eq(ad_made_by(dx), "gradient");
    ck_assert_ptr_null(ad_operator_of(dx));
    ck_assert(!ad_is_dropped(dx) && !ad_is_changed(dx));
    expect_ok(t);
    ad_backward(y);
    ck_assert(!ad_is_valid(dx));
    expect_ok(t);
}
END_TEST

/* Handles that are not valid: only ad_is_valid takes them without an error. */
START_TEST(bad_handles)
{
    const ad_tensor x = ad_neg(PARAM(1, "x")), none = {0}, inert = {.tape = t};
    ad_reset(t);
    ck_assert(!ad_is_valid(x) && !ad_is_valid(none) && !ad_is_valid(inert));
    expect_ok(t);
    ck_assert_uint_eq(ad_number_of(x), SIZE_MAX);
    expect_error_with(t, AD_BAD_HANDLE, "number_of: its operand is stale");
    ck_assert_str_eq(ad_made_by(x), "");
    expect_error_with(t, AD_BAD_HANDLE, "made_by");
    ck_assert_ptr_null(ad_operator_of(inert));
    expect_error_with(t, AD_BAD_HANDLE, "operator_of: its operand is inert");
    ck_assert_ptr_null(ad_attributes_of(x));
    expect_error_with(t, AD_BAD_HANDLE, "attributes_of");
    ck_assert_int_eq(ad_result_number(x), 0);
    expect_error_with(t, AD_BAD_HANDLE, "result_number");
    ck_assert_int_eq(ad_operand_count(x), 0);
    expect_error_with(t, AD_BAD_HANDLE, "operand_count");
    ck_assert(ad_is_inert(ad_operand(x, 0)));
    expect_error_with(t, AD_BAD_HANDLE, "operand");
    ck_assert(!ad_wants_gradient(x));
    expect_error_with(t, AD_BAD_HANDLE, "wants_gradient");
    ck_assert(!ad_is_dropped(x));
    expect_error_with(t, AD_BAD_HANDLE, "is_dropped");
    ck_assert(!ad_is_changed(x));
    expect_error_with(t, AD_BAD_HANDLE, "is_changed");
    ck_assert_ptr_null(ad_look_at(x));
    expect_error_with(t, AD_BAD_HANDLE, "look_at: its operand is stale");
    ck_assert_uint_eq(ad_number_of(none), SIZE_MAX);
    ck_assert(!ad_is_changed(none) && !ad_is_dropped(none));
    const ad_tensor y = ad_neg(PARAM(1, "y"));
    ck_assert(ad_is_inert(ad_operand(y, 1)));
    expect_error_with(t, AD_BAD_VALUE, "operand: there is no operand 1: neg has 1");
    ck_assert(ad_is_inert(ad_operand(y, -1)));
    expect_error_with(t, AD_BAD_VALUE, "there is no operand -1");
}
END_TEST

/* Reading changes neither the tape nor its error. */
START_TEST(on_a_tape_in_error)
{
    const ad_tensor x = PARAMS("x", 1, 2), y = ad_square(x);
    ad_fail(t, AD_BAD_VALUE, "an error");
    const size_t calls = memory.calls, entries = ad_entry_count(t);
    ck_assert(same(ad_recorded_at(t, 0), y));
    ck_assert_uint_eq(ad_number_of(y), 0);
    ck_assert_str_eq(ad_made_by(y), "square");
    ck_assert(same(ad_operand(y, 0), x));
    ck_assert(ad_is_valid(y) && !ad_is_dropped(y) && !ad_is_changed(x) && ad_wants_gradient(y));
    ck_assert(ad_is_inert(ad_operand(y, 7)));
    ck_assert_str_eq(ad_message(t), "an error");
    ck_assert_uint_eq(memory.calls, calls);
    ck_assert_uint_eq(ad_entry_count(t), entries);
    ad_clear_error(t);
}
END_TEST

START_TEST(dropped_values)
{
    const ad_tensor x = PARAMS("x", 1, 2);
    ad_segment_begin(t);
    const ad_tensor inner = ad_exp(x);
    ad_tensor y = ad_square(inner);
    ad_segment_end(t, &y, 1);
    ck_assert(ad_is_valid(inner) && ad_is_dropped(inner) && !ad_is_dropped(y));
    ck_assert(!ad_look_at(inner) && ad_look_at(y) == ad_data(y) && ad_look_at(x) == ad_data(x));
    ck_assert(same(ad_recorded_at(t, 0), inner));
    ck_assert(same(ad_operand(y, 0), inner));
    ck_assert_str_eq(ad_made_by(inner), "exp");
    expect_shape(inner, AD_SHAPE(2));
    ck_assert_str_eq(ad_name_of(inner), "");
    ad_backward(ad_sum(y));
    ck_assert(ad_is_dropped(inner));
    expect_order();
}
END_TEST

/* What a derivative left, after its entries moved. */
START_TEST(after_pruning)
{
    const ad_tensor x = PARAMS("x", 1, 2), y = ad_sum(ad_exp(ad_square(x)));
    ad_tensor dx;
    ad_grad(y, &x, 1, &dx);
    ck_assert(!ad_is_inert(ad_hessian(y, x)));
    const ad_position position = ad_position_now(t);
    ad_tensor z = ad_exp(x);
    ad_return_to(t, position, &z, 1);
    ck_assert_str_eq(ad_made_by(z), "return_to");
    expect_order();
}
END_TEST

/* ---- Inside a call ----------------------------------------------------------------------------------------------- */

static int looks;

/* The results of a call are listed once they are written: its shape rule and its kernel do not see them. */
static void expect_entries(size_t n)
{
    ck_assert_uint_eq(ad_entry_count(t), n);
    expect_order();
    looks++;
}

static void looking_shape(ad_call *c)
{
    expect_entries(2);
    for (int i = 0; i < c->n_y; i++) {
        ad_result(c, i, AD_F64, c->x[0]->shape);
        expect_entries(2);
    }
}

/* What a kernel records at a position is listed; also inside a call of its own that looks. */
static void inner_run(ad_call *c)
{
    expect_entries(4); /* with what the outer kernel recorded */
    ((double *)c->y[0]->data)[0] = 1;
}

static void inner_shape(ad_call *c) { ad_result(c, 0, AD_F64, c->x[0]->shape); }

static void looking_run(ad_call *c)
{
    static const ad_operator inner = {
        .name = "inner", .arity = 1, .shape = inner_shape, .run = inner_run, .properties = AD_NOT_DIFFERENTIABLE};
    expect_entries(2);
    const ad_position position = ad_position_now(t);
    const ad_tensor z = ad_neg(ad_input(t, AD_F64, AD_SHAPE(1), (const double[]){5}));
    expect_entries(4);
    ck_assert(same(ad_recorded_at(t, 3), z));
    ck_assert_uint_eq(ad_number_of(ad_apply1(&inner, z)), 4);
    ad_return_to(t, position, NULL, 0);
    expect_entries(2);
    for (int i = 0; i < c->n_y; i++)
        memcpy(c->y[i]->data, c->x[0]->data, 2 * sizeof(double));
}

START_TEST(inside_a_call)
{
    static const ad_operator looking = {.name = "looking",
                                        .arity = 1,
                                        .n_results = 2,
                                        .n_byproducts = 1,
                                        .shape = looking_shape,
                                        .run = looking_run,
                                        .properties = AD_NOT_DIFFERENTIABLE};
    const ad_tensor x = ad_neg(INPUTS(1, 2));
    ad_tensor y[2];
    looks = 0;
    ad_apply(t, &looking, &x, 1, NULL, y);
    expect_ok(t);
    ck_assert_int_eq(looks, 8);
    ck_assert_uint_eq(ad_number_of(y[0]), 2);
    expect_entries(5);
}
END_TEST

/* Of a leaf that something read, and that then changed. */
START_TEST(changed_leaves)
{
    const ad_tensor x = PARAMS("x", 1, 2), w = PARAMS("w", 1, 2), v = ad_variable(t, AD_F64, AD_SHAPE(2), NULL);
    ad_assign(x, (const double[]){3, 4});
    ck_assert(!ad_is_changed(x));
    const ad_tensor view = ad_reshape(x, AD_SHAPE(1, 2)), first = ad_exp(x);
    ck_assert(!ad_is_changed(x));
    ad_assign(w, (const double[]){5, 6}); /* nothing has read it */
    ad_assign(v, (const double[]){5, 6});
    const ad_tensor y = ad_sum(ad_mul(ad_mul(w, first), v));
    ck_assert(!ad_is_changed(w) && !ad_is_changed(v) && !ad_is_changed(y) && !ad_is_changed(view));
    ad_backward(y);
    ad_descend(w, 0.1);
    ad_assign(x, (const double[]){3, 4});
    ck_assert(ad_is_changed(w) && ad_is_changed(x) && !ad_is_changed(v));
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert(!ad_is_changed(w) && !ad_is_changed(x));
    ad_descend(w, 0.1);
    ad_reset(t);
    ck_assert(!ad_is_changed(w));
    expect_ok(t);
}
END_TEST

/* A view of a leaf that changed shows its new value, unless it is a copy (of rank 0) or was recorded after the change.
 */
START_TEST(views_of_changed_leaves)
{
    enum { VIEWS = 40 };
    const ad_tensor w = PARAMS("w", 1), copy = ad_reshape(w, AD_SCALAR);
    ad_tensor view[VIEWS];
    for (int i = 0; i < VIEWS; i++)
        view[i] = ad_reshape(i ? view[i - 1] : w, i % 2 ? AD_SHAPE(1) : AD_SHAPE(1, 1));
    ad_assign(w, (const double[]){7});
    const ad_tensor later = ad_reshape(view[0], AD_SHAPE(1, 1, 1));
    for (int i = 0; i < VIEWS; i++)
        ck_assert(ad_is_changed(view[i]) && number_at(view[i], 0) == 7);
    ck_assert(ad_is_changed(w) && !ad_is_changed(copy) && !ad_is_changed(later));
    ck_assert(number_at(copy, 0) == 1 && number_at(later, 0) == 7);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert(!ad_is_changed(view[0]) && !ad_is_changed(view[VIEWS - 1]));
    expect_ok(t);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, entries_in_order);
    tcase_add_test(tests, attributes);
    tcase_add_test(tests, gradients);
    tcase_add_test(tests, bad_handles);
    tcase_add_test(tests, on_a_tape_in_error);
    tcase_add_test(tests, dropped_values);
    tcase_add_test(tests, after_pruning);
    tcase_add_test(tests, inside_a_call);
    tcase_add_test(tests, changed_leaves);
    tcase_add_test(tests, views_of_changed_leaves);
}

int main(void) { return run_on_one_tape("look", add_tests); }
