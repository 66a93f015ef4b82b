/* Rules and functions of a user's that do what they must not: an error that says so, no crash, and a tape that goes on.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

static ad_tape *other;
static ad_tensor x;

static void open_tapes(void)
{
    const double two = 2;
    open_tape();
    other = ad_tape_open(NULL);
    x = ad_param(t, AD_F64, AD_SCALAR, &two, "x");
}

static void close_tapes(void)
{
    close_tape();
    ad_tape_close(other);
}

/* The tape failed so, says so, and works again. */
static void expect_refusal(ad_tape *tape, ad_status status, const char *words)
{
    expect_error_with(tape, status, words);
    ad_reset(tape);
    if (tape != t)
        return;
    ck_assert_int_eq(ad_backward(ad_square(x)), AD_OK);
    ck_assert_double_eq(ad_item(ad_gradient(x)), 2 * ad_item(x));
}

/* ---- Rules ------------------------------------------------------------------------------------------------------- */

static void copy(ad_call *c) { memcpy(c->y[0]->data, c->x[0]->data, ad_elements(c->x[0]) * sizeof(double)); }

static void sweeps_back(ad_pullback *p) { ad_backward(ad_y(p)); }
static void looks_locally(ad_pullback *p) { ad_local_gradient(ad_y(p), 0); }
static void resets(ad_pullback *p) { ad_reset(ad_y(p).tape); }
static void gives_beyond(ad_pullback *p) { ad_give(p, 7, ad_dy(p)); }
static void gives_before(ad_pullback *p) { ad_give(p, -1, ad_dy(p)); }
static void reads_beyond(ad_pullback *p) { ad_give(p, 0, ad_x(p, 5)); }
static void reads_results_beyond(ad_pullback *p) { ad_give(p, 0, ad_y_at(p, 3)); }
static void reads_gradients_beyond(ad_pullback *p) { ad_give(p, 0, ad_dy_at(p, 3)); }
static void gives_another_tapes(ad_pullback *p)
{
    (void)ad_dy(p);
    ad_give(p, 0, ad_scalar(other, 1));
}

static const struct {
    void (*vjp)(ad_pullback *p);
    ad_status status;
    const char *words;
} rules[] = {
    {sweeps_back, AD_BAD_STATE, "backward: a gradient rule must not call it"},
    {looks_locally, AD_BAD_STATE, "local_gradient: a gradient rule must not call it"},
    {resets, AD_BAD_STATE, "reset: a gradient rule must not call it"},
    {gives_beyond, AD_BAD_VALUE, "wrong: its rule asks for operand 7 of 1"},
    {gives_before, AD_BAD_VALUE, "wrong: its rule asks for operand -1 of 1"},
    {reads_beyond, AD_BAD_VALUE, "wrong: its rule asks for operand 5 of 1"},
    {reads_results_beyond, AD_BAD_VALUE, "wrong: its rule asks for result 3 of 1"},
    {reads_gradients_beyond, AD_BAD_VALUE, "wrong: its rule asks for the gradient of result 3 of 1"},
    {gives_another_tapes, AD_BAD_HANDLE,
     "wrong: its rule gives operand 0 a gradient that is inert, stale or of another tape"},
};

START_TEST(a_wrong_rule_is_an_error)
{
    const ad_operator wrong = {.name = "wrong", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = rules[_i].vjp};
    ck_assert_int_eq(ad_backward(ad_apply1(&wrong, x)), rules[_i].status);
    expect_refusal(t, rules[_i].status, rules[_i].words);
    ad_local_gradient(ad_apply1(&wrong, x), 0);
    expect_refusal(t, rules[_i].status, rules[_i].words);
}
END_TEST

/* ---- Views that lie ---------------------------------------------------------------------------------------------- */

static void no_kernel(ad_call *c) { (void)c; }
static void claims_more(ad_call *c) { ad_result(c, 0, AD_F64, &AD_SHAPE(1000000)); }
static void claims_another_type(ad_call *c) { ad_result(c, 0, AD_F32, c->x[0]->shape); }

START_TEST(a_view_has_what_its_operand_has)
{
    static void (*const shapes[])(ad_call *) = {claims_more, claims_another_type};
    const ad_operator lie = {.name = "lie", .arity = 1, .properties = AD_VIEW | AD_STOPS, .shape = shapes[_i]};
    ck_assert(ad_is_inert(ad_apply1(&lie, ad_input(t, AD_F64, AD_SHAPE(2), NULL))));
    expect_refusal(t, AD_BAD_STATE,
                   "lie: its shape rule gives a view that has not the type and as many elements as operand 0");
}
END_TEST

/* ---- Functions for gradcheck ------------------------------------------------------------------------------------- */

static ad_tensor makes_a_parameter(ad_tape *tape, void *context)
{
    (void)context;
    return ad_square(ad_param(tape, AD_F64, AD_SCALAR, NULL, "late"));
}

static ad_tensor uses_another_tape(ad_tape *tape, void *context)
{
    (void)tape;
    (void)context;
    return ad_square(ad_variable(other, AD_F64, AD_SCALAR, NULL));
}

START_TEST(gradcheck_refuses_a_function_that_makes_parameters)
{
    ad_gradcheck_result one;
    ck_assert_int_eq(ad_gradcheck(t, makes_a_parameter, NULL, NULL, &one), AD_BAD_STATE);
    expect_refusal(t, AD_BAD_STATE, "gradcheck: the function makes a parameter in call 1: make them all before");
}
END_TEST

START_TEST(gradcheck_refuses_a_loss_of_another_tape)
{
    ad_gradcheck_result one;
    ck_assert_int_eq(ad_gradcheck(t, uses_another_tape, NULL, NULL, &one), AD_BAD_HANDLE);
    expect_refusal(t, AD_BAD_HANDLE, "gradcheck: the function's result");
    expect_refusal(other, AD_BAD_HANDLE, "gradcheck: the function's result");
}
END_TEST

/* ---- Pointers that are NULL -------------------------------------------------------------------------------------- */

static ad_tensor numbers(ad_shape shape) { return ad_uniform(t, AD_F64, shape, 1); }

static void expect_same(ad_tensor a, ad_tensor b)
{
    ck_assert_int_eq(ad_status_of(t), AD_OK);
    ck_assert_uint_eq(ad_size_of(a), ad_size_of(b));
    ck_assert_mem_eq(ad_f64(a), ad_f64(b), ad_size_of(a) * sizeof(double));
}

/* A result beside the one returned may go nowhere, and the others are the same. */
START_TEST(results_that_go_nowhere)
{
    const ad_tensor a = numbers(AD_SHAPE(2, 3)), b = numbers(AD_SHAPE(2, 3)), gates = numbers(AD_SHAPE(2, 12)),
                    known = numbers(AD_SHAPE(2, 15)), gain = numbers(AD_SHAPE(3)), square = numbers(AD_SHAPE(3, 3));
    ad_tensor second, dgain, dbias;
    expect_same(ad_linear_backward(a, b, a, AD_TANH, NULL), ad_linear_backward(a, b, a, AD_TANH, &second));
    expect_same(ad_mul_backward(a, a, b, NULL), ad_mul_backward(a, a, b, &second));
    expect_same(ad_layer_norm_backward(a, b, gain, 1, NULL, NULL),
                ad_layer_norm_backward(a, b, gain, 1, &dgain, &dbias));
    ad_layer_norm_backward(a, b, gain, 1, NULL, &second);
    expect_same(second, dbias);
    ad_layer_norm_backward(a, b, gain, 1, &second, NULL);
    expect_same(second, dgain);
    expect_same(ad_lstm_cell_backward(a, b, known, a, gates, b, NULL),
                ad_lstm_cell_backward(a, b, known, a, gates, b, &second));
    expect_same(ad_lstm_cell(gates, a, NULL), ad_lstm_cell(gates, a, &second));
    expect_same(ad_slogdet(square, NULL), ad_slogdet(square, &second));
    expect_same(ad_eigh(square, NULL), ad_eigh(square, &second));
    expect_same(ad_top_k(a, 2, 1, NULL), ad_top_k(a, 2, 1, &second));
}
END_TEST

static void *give(void *context, size_t bytes)
{
    (void)context;
    return malloc(bytes);
}

START_TEST(memory_from_nowhere)
{
    size_t product = 0;
    ck_assert(ad_multiply_sizes(2, 3, NULL) && ad_multiply_sizes(2, 3, &product) && product == 6);
    ck_assert(!ad_multiply_sizes(SIZE_MAX, 2, NULL));
    ck_assert_ptr_null(ad_memory_take(NULL, 1, 1));
    ad_memory_release(NULL, &product, 1, 1);
    const ad_allocator none = {0};
    ad_memory meter = ad_memory_over(&none);
    ck_assert_ptr_null(ad_memory_take(&meter, 1, 1));
    ck_assert_ptr_null(ad_tape_open(&(ad_tape_options){.allocator = &none}));
    ck_assert_ptr_null(nn_dataset_open(&(nn_dataset_options){.allocator = &none}));
    ck_assert_ptr_null(nn_classifier_open(&(nn_classifier_options){.n_classes = 2, .allocator = &none}));
}
END_TEST

/* An allocator need not take anything back. */
START_TEST(memory_that_is_not_given_back)
{
    static char block[64];
    const ad_allocator gives_only = {.allocate = give};
    ad_memory meter = ad_memory_over(&gives_only);
    meter.usage.bytes = sizeof block;
    ad_memory_release(&meter, block, 8, 8);
    ck_assert_uint_eq(meter.usage.bytes, 0);
    void *taken = ad_memory_take(&meter, 8, 8);
    ck_assert_uint_eq(meter.usage.bytes, 64);
    ad_memory_release(&meter, taken, 8, 8);
    free(taken);
}
END_TEST

START_TEST(numbers_that_go_nowhere)
{
    const uint32_t counter[4] = {0}, key[2] = {0};
    uint32_t words[4] = {1, 2, 3, 4};
    ad_philox(NULL, key, words);
    ad_philox(counter, NULL, words);
    ad_philox(counter, key, NULL);
    ck_assert_uint_eq(words[0] * 1000 + words[1] * 100 + words[2] * 10 + words[3], 1234);
    ad_random_permutation(1, 2, 3, NULL);
    ad_parallel(3, NULL, NULL);
    ad_parallel(1, NULL, NULL);
}
END_TEST

START_TEST(shape_rules_without_operands)
{
    static void (*const shapes[])(ad_call *) = {ad_same_shape, ad_scalar_shape, ad_broadcast_shape};
    const ad_operator made = {
        .name = "made", .properties = AD_NOT_DIFFERENTIABLE, .shape = shapes[_i], .run = no_kernel};
    ad_tensor y;
    ad_apply(t, &made, NULL, 0, NULL, &y);
    ck_assert(ad_is_inert(y));
    expect_refusal(t, AD_BAD_STATE, "made: it has no operands to take its shape from: write a shape rule of your own");
    shapes[_i](NULL);
    ck_assert_uint_eq(ad_elements(NULL), 0);
    ck_assert_uint_eq(ad_elements(&(ad_value){.data = NULL}), 0);
}
END_TEST

/* ---- Messages, to the letter ------------------------------------------------------------------------------------- */

static ad_tensor zeros(ad_shape shape) { return ad_zeros(t, AD_F64, shape); }
static ad_tensor rows_of(ad_shape shape) { return ad_zeros(t, AD_I32, shape); }

static const ad_shape eight = {AD_MAX_RANK, {1, 1, 1, 1, 1, 1, 1, 1}}, longest = {2, {3000000000, 0}};

static void gathers_too_many_axes(void) { ad_gather_rows(zeros(eight), rows_of(AD_SHAPE(2, 2))); }
static void scatters_too_many_axes(void) { ad_scatter_add_rows(zeros(eight), rows_of(AD_SCALAR), 3); }
static void largest_of_too_many(void) { ad_argmax_over(zeros(longest), AD_AXES(0)); }
static void sorts_too_many(void) { ad_argsort(zeros(longest), 0); }
static void splits_into_nothing(void) { ad_split(zeros(AD_SHAPE(4)), 0, 2, NULL); }
static void wrong_gates(void)
{
    const ad_tensor h = zeros(AD_SHAPE(2, 3));
    ad_lstm_cell_backward(h, h, zeros(AD_SHAPE(2, 15)), h, zeros(AD_SHAPE(2, 11)), h, NULL);
}

static void grad_into_nothing(void) { ad_grad(ad_square(x), &x, 1, NULL); }
static void vjp_into_nothing(void) { ad_vjp(ad_square(x), x, &x, 1, NULL); }
static void hvp_into_nothing(void) { ad_hvp(ad_square(x), &x, &x, 1, NULL); }
static void jvp_of_nothing(void) { ad_jvp(ad_square(x), NULL, NULL, 1); }
static void seed_that_is_inert(void) { ad_backward_with(ad_square(x), &(ad_backward_options){.seed = {.tape = t}}); }

static ad_tensor square_of_x(ad_tape *tape, void *context)
{
    (void)tape, (void)context;
    return ad_square(x);
}
static void checks_into_nothing(void) { ad_gradcheck(t, square_of_x, NULL, NULL, NULL); }

static void attributes_of_nothing(void)
{
    const ad_tensor row = zeros(AD_SHAPE(2));
    ad_tensor y;
    ad_apply(t, ad_operator_named("leaky_relu"), &row, 1, NULL, &y);
}

static void applies(ad_operator op)
{
    op.name = "wrong";
    op.arity = 1;
    op.shape = op.shape ? op.shape : ad_same_shape;
    op.run = op.run || op.properties & AD_VIEW ? op.run : copy;
    op.vjp = op.vjp || op.properties & AD_STOPS ? op.vjp : sweeps_back;
    ad_backward(ad_apply1(&op, x));
}

static void gives_the_second_first(ad_call *c) { ad_result(c, 1, AD_F64, &AD_SCALAR); }
static void gives_no_type(ad_call *c) { ad_result(c, 0, (ad_type)7, &AD_SCALAR); }
static void gives_nothing(ad_call *c) { (void)c; }
static void gives_what_is_longer(ad_call *c) { ad_result(c, 0, AD_F64, &AD_SHAPE(3)); }
static void gives_f32(ad_pullback *p) { ad_give(p, 0, ad_cast(ad_dy(p), AD_F32)); }
static void copy_one(ad_call *c) { memcpy(c->y[0]->data, c->x[0]->data, sizeof(double)); }
static void gives_dy(ad_pullback *p) { ad_give(p, 0, ad_dy(p)); }
static void reads_an_attribute(ad_pullback *p) { ad_give(p, 0, ad_scale(ad_dy(p), ad_attribute_at(p, 0)->real)); }

static void second_result_first(void) { applies((ad_operator){.shape = gives_the_second_first}); }
static void result_without_a_type(void) { applies((ad_operator){.shape = gives_no_type}); }
static void no_result(void) { applies((ad_operator){.shape = gives_nothing}); }
static void longer_view(void)
{
    applies((ad_operator){.shape = gives_what_is_longer, .properties = AD_VIEW | AD_STOPS});
}
static void gradient_of_another_type(void) { applies((ad_operator){.vjp = gives_f32}); }
static void gradient_that_is_narrower(void)
{
    const ad_operator op = {.name = "wrong", .arity = 1, .shape = ad_scalar_shape, .run = copy_one, .vjp = gives_dy};
    ad_backward(ad_apply1(&op, ad_add(x, ad_zeros(t, AD_F64, AD_SHAPE(2)))));
}
static void attribute_that_is_not_there(void) { applies((ad_operator){.vjp = reads_an_attribute}); }
static void more_scratch_than_there_is(ad_call *c) { ad_scratch(c, SIZE_MAX, 8); }
static void no_scratch(void) { applies((ad_operator){.run = more_scratch_than_there_is}); }

static const double backwards[] = {2, 1}, endless[] = {0, (double)INFINITY};
static ad_tensor whole_number(void) { return ad_state(t, AD_I32, AD_SHAPE(2), NULL, "counts"); }
static void fills_between_nothing(void) { ad_fill_uniform(x, NULL, 1, 2); }
static void fills_backwards(void) { ad_fill_uniform(x, backwards, 1, 2); }
static void fills_endlessly(void) { ad_fill_uniform(x, endless, 1, 2); }
static void fills_whole_numbers(void) { ad_fill_uniform(whole_number(), (const double[]){0, 9}, 1, 2); }
static void fills_with_too_much(void) { ad_fill(whole_number(), 3e9); }
static void fills_with_a_part(void) { ad_fill(whole_number(), 1.9); }
static void slot_of_a_part(void) { ad_slot(whole_number(), "share", 0.5); }
static void descends_nowhere(void) { ad_descend(x, 1); }
static void descends_endlessly(void)
{
    ad_backward(ad_square(x));
    ad_descend(x, INFINITY);
}
static void accumulates_elsewhere(void) { ad_descend_adagrad(x, whole_number(), 1); }
static void slot_without_a_name(void) { ad_slot(x, NULL, 1); }
static void slot_with_a_path(void) { ad_slot(x, "a/b", 1); }

static const struct {
    void (*provoke)(void);
    ad_status status;
    const char *message;
} messages[] = {
    {gathers_too_many_axes, AD_BAD_SHAPE,
     "gather_rows: [1,1,1,1,1,1,1,1] has no rows, or too many axes with those of its row numbers"},
    {scatters_too_many_axes, AD_BAD_SHAPE,
     "scatter_add_rows: the result of [1,1,1,1,1,1,1,1] would have more than 8 axes"},
    {largest_of_too_many, AD_BAD_SHAPE, "argmax: the axes of [3000000000,0] have more elements than an i32 can count"},
    {sorts_too_many, AD_BAD_SHAPE, "argsort: axis 0 of [3000000000,0] has more elements than an i32 can count"},
    {splits_into_nothing, AD_BAD_VALUE, "split: the room for the parts is NULL"},
    {wrong_gates, AD_BAD_SHAPE,
     "lstm_cell_backward: dh, dnext and next must be as the cell [..., h], activated [..., 5h], the gates [..., 4h]: "
     "operand 4 is [2,11]"},
    {grad_into_nothing, AD_BAD_VALUE, "grad: the room for results is NULL"},
    {vjp_into_nothing, AD_BAD_VALUE, "vjp: the room for results is NULL"},
    {hvp_into_nothing, AD_BAD_VALUE, "hvp: the room for results is NULL"},
    {jvp_of_nothing, AD_BAD_VALUE, "jvp: no tensor is given to differentiate by"},
    {seed_that_is_inert, AD_BAD_HANDLE,
     "backward: seed: its operand is inert: it was never made, or came from a call that failed"},
    {checks_into_nothing, AD_BAD_VALUE, "gradcheck: the function and the room for results must not be NULL"},
    {attributes_of_nothing, AD_BAD_VALUE, "leaky_relu: its attributes are NULL: it has some, slope first"},
    {second_result_first, AD_BAD_STATE,
     "wrong: its shape rule gives result 1 of type 1: it must give 0 to 0, once each, in order"},
    {result_without_a_type, AD_BAD_STATE,
     "wrong: its shape rule gives result 0 of type 7: it must give 0 to 0, once each, in order"},
    {no_result, AD_BAD_STATE, "wrong: its shape rule gives too few of its 1 results"},
    {longer_view, AD_BAD_STATE,
     "wrong: its shape rule gives a view that has not the type and as many elements as operand 0"},
    {gradient_of_another_type, AD_BAD_TYPE,
     "wrong: its rule gives operand 0, of f64, a gradient of f32: mend it with ad_cast"},
    {gradient_that_is_narrower, AD_BAD_SHAPE,
     "wrong: its rule gives operand 0, [2], a gradient []: it must be as the operand or wider"},
    {attribute_that_is_not_there, AD_BAD_VALUE, "wrong: its rule asks for attribute 0, which it does not declare"},
    {no_scratch, AD_NO_MEMORY, "wrong: memory is out for 18446744073709551615 bytes of scratch"},
    {fills_between_nothing, AD_BAD_VALUE, "fill_uniform: the range must be two finite numbers, the lower first"},
    {fills_backwards, AD_BAD_VALUE, "fill_uniform: the range must be two finite numbers, the lower first"},
    {fills_endlessly, AD_BAD_VALUE, "fill_uniform: the range must be two finite numbers, the lower first"},
    {fills_whole_numbers, AD_BAD_TYPE, "fill_uniform: counts is i32: it must be f32 or f64"},
    {fills_with_too_much, AD_BAD_VALUE, "fill: 3e+09 does not fit into counts of i32"},
    {fills_with_a_part, AD_BAD_VALUE, "fill: 1.9 does not fit into counts of i32"},
    {slot_of_a_part, AD_BAD_VALUE, "slot: 0.5 does not fit into counts of i32"},
    {descends_nowhere, AD_NO_GRADIENT,
     "descend: the gradient of x was not computed: run ad_backward on a loss that depends on it"},
    {descends_endlessly, AD_BAD_VALUE, "descend: the rate inf is not finite"},
    {accumulates_elsewhere, AD_BAD_SHAPE,
     "descend_adagrad: the accumulator of x must be a state of its shape and type"},
    {slot_without_a_name, AD_BAD_VALUE, "slot: a name of 1 to 120 characters without '/' is needed"},
    {slot_with_a_path, AD_BAD_VALUE, "slot: a name of 1 to 120 characters without '/' is needed"},
};

START_TEST(a_message_to_the_letter)
{
    messages[_i].provoke();
    ck_assert_str_eq(ad_message(t), messages[_i].message);
    expect_refusal(t, messages[_i].status, messages[_i].message);
}
END_TEST

/* A slot is found again whatever it is called by then, and is not made by halves. */
START_TEST(slots_are_found_again)
{
    const ad_tensor slot = ad_slot(x, "Adagrad", 0.5), counts = whole_number();
    ad_name(slot, "another/name");
    ad_name(x, "y");
    ck_assert_uint_eq(ad_slot(x, "Adagrad", 1).id, slot.id);
    const size_t kept = ad_kept_count(t);
    ck_assert(ad_is_inert(ad_slot(counts, "share", 0.5)));
    expect_refusal(t, AD_BAD_VALUE, "slot: 0.5 does not fit into counts of i32");
    ck_assert_uint_eq(ad_kept_count(t), kept);
}
END_TEST

/* What is no error is one all the same, and has its words. */
static ad_status said;
static void fails_with(ad_call *c) { ad_call_fail(c, said, "said by a kernel"); }

START_TEST(statuses_that_are_no_errors)
{
    static const ad_status statuses[] = {AD_OK, (ad_status)99, (ad_status)-1};
    const ad_operator op = {
        .name = "wrong", .arity = 1, .shape = ad_same_shape, .run = fails_with, .vjp = gives_beyond};
    for (int i = 0; i < 3; i++) {
        said = statuses[i];
        ck_assert(ad_is_inert(ad_apply1(&op, x)));
        expect_refusal(t, AD_BAD_STATE, "wrong: said by a kernel");
    }
}
END_TEST

START_TEST(words_without_a_tape)
{
    ck_assert_str_eq(ad_message(NULL), "the tape is NULL: ad_tape_open found no memory, or was not called");
    ck_assert_str_eq(ad_verdict_name((ad_verdict)99), "unknown verdict");
    ck_assert_str_eq(nn_dataset_message(NULL), "the data set is NULL; open one with nn_dataset_open");
    ck_assert_str_eq(nn_classifier_message(NULL),
                     "the classifier is NULL: nn_classifier_open found no memory, or was not called");
}
END_TEST

/* ---- Sizes and sums of nothing ----------------------------------------------------------------------------------- */

/* Very many products of nothing take no time: the test would time out. */
START_TEST(products_of_nothing_end_at_once)
{
    ad_tensor a = ad_input(t, AD_F32, AD_SHAPE(INT64_C(1) << 40, 0, 3), NULL),
              b = ad_input(t, AD_F32, AD_SHAPE(3, 2), NULL);
    ck_assert_uint_eq(ad_size_of(ad_matmul(a, b)), 0);
    ck_assert_int_eq(ad_status_of(t), AD_OK);
}
END_TEST

START_TEST(sizes_that_cannot_be_inferred)
{
    static const ad_shape shapes[] = {{2, {4, -1}}, {2, {-1, -1}}};
    ck_assert(ad_is_inert(ad_reshape(ad_input(t, AD_F32, AD_SHAPE(6), NULL), shapes[_i])));
    expect_refusal(t, AD_BAD_SHAPE, "reshape: the size -1 in [");
}
END_TEST

/* A feature that is finite but overflows after scaling gives no class, no probability and no figure. */
START_TEST(logits_that_overflow_are_no_prediction)
{
    const float small[] = {0, 1e-20F, 2e-20F, 3e-20F}, huge[] = {3e38F};
    const int32_t labels[] = {0, 1, 0, 1};
    nn_data train = {.features = small, .rows = 4, .columns = 1, .labels = labels}, test = train;
    test.features = huge;
    test.rows = 1;
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.n_classes = 2, .scaling = NN_SCALE_FEATURE});
    ck_assert_int_eq(nn_classifier_fit(c, &train, &(nn_fit_options){.steps = 3}), AD_OK);
    int32_t label;
    float probabilities[2];
    ck_assert_int_eq(nn_classifier_predict(c, &test, &label), AD_NOT_FINITE);
    ck_assert_msg(strstr(nn_classifier_message(c),
                         "predict: row 0: a logit is not finite: its features or the network's weights are too large"),
                  "%s", nn_classifier_message(c));
    ck_assert_int_eq(nn_classifier_predict_proba(c, &test, probabilities), AD_NOT_FINITE);
    ck_assert_int_eq(nn_classifier_evaluate(c, &test).status, AD_NOT_FINITE);
    ck_assert_int_eq(nn_classifier_predict(c, &train, (int32_t[4]){0}), AD_OK);
    nn_classifier_close(c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("misuse");
    TCase *tests = tcase_create("misuse");
    tcase_add_checked_fixture(tests, open_tapes, close_tapes);
    tcase_add_loop_test(tests, a_wrong_rule_is_an_error, 0, COUNT(rules));
    tcase_add_loop_test(tests, a_view_has_what_its_operand_has, 0, 2);
    tcase_add_test(tests, gradcheck_refuses_a_function_that_makes_parameters);
    tcase_add_test(tests, gradcheck_refuses_a_loss_of_another_tape);
    tcase_add_test(tests, results_that_go_nowhere);
    tcase_add_test(tests, memory_from_nowhere);
    tcase_add_test(tests, memory_that_is_not_given_back);
    tcase_add_test(tests, numbers_that_go_nowhere);
    tcase_add_loop_test(tests, shape_rules_without_operands, 0, 3);
    tcase_add_loop_test(tests, a_message_to_the_letter, 0, COUNT(messages));
    tcase_add_test(tests, slots_are_found_again);
    tcase_add_test(tests, statuses_that_are_no_errors);
    tcase_add_test(tests, words_without_a_tape);
    tcase_add_test(tests, products_of_nothing_end_at_once);
    tcase_add_loop_test(tests, sizes_that_cannot_be_inferred, 0, 2);
    tcase_add_test(tests, logits_that_overflow_are_no_prediction);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
