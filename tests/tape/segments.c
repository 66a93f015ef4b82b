/* Segments: the same bits as without them, less memory, and handles that say what they are. */
#include <math.h>
#include <string.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

static const char not_kept[] = "data: its operand is not kept: it is inside a segment; make it an output of "
                               "ad_segment_end";

/* ---- Programs, with and without segments ------------------------------------------------------------------------- */

/* Segments are begun and ended only where they are asked for. */
static bool in_segments;

static void begin(void)
{
    if (in_segments)
        ck_assert_int_eq(ad_segment_begin(t), AD_OK);
}

static void end(ad_tensor *outputs, int n)
{
    if (in_segments)
        ck_assert_int_eq(ad_segment_end(t, outputs, n), AD_OK);
}

typedef ad_tensor program(ad_tensor w, ad_tensor v);

static ad_tensor one_segment(ad_tensor w, ad_tensor v)
{
    begin();
    ad_tensor h = v;
    for (int i = 0; i < 5; i++)
        h = ad_tanh(ad_matmul(h, w));
    end(&h, 1);
    return ad_sum(ad_square(h));
}

static ad_tensor several_segments(ad_tensor w, ad_tensor v)
{
    ad_tensor h = v, skip = v;
    for (int i = 0; i < 4; i++) {
        begin();
        for (int k = 0; k < 3; k++)
            h = ad_add(ad_logistic(ad_matmul(h, w)), skip);
        end(&h, 1);
        if (i % 2)
            skip = h = ad_scale(h, 0.5); /* between segments */
    }
    return ad_mean(ad_mul(h, skip));
}

static ad_tensor views(ad_tensor w, ad_tensor v)
{
    const ad_tensor outside = ad_reshape(v, AD_SHAPE(4, 3));
    begin();
    ad_tensor inner = ad_exp(ad_matmul(ad_reshape(outside, AD_SHAPE(3, 4)), w)), out[2];
    out[0] = ad_reshape(inner, AD_SHAPE(2, 6)); /* an output that is a view of what is not one */
    const ad_tensor flat = ad_reshape(ad_tanh(inner), AD_SHAPE(12)), again = ad_detach(flat);
    out[1] = ad_sum_over(ad_mul(ad_reshape(flat, AD_SHAPE(3, 4)), ad_reshape(again, AD_SHAPE(3, 4))), AD_AXES(0));
    end(out, 2);
    return ad_add(ad_logsumexp(out[0]), ad_sum(ad_square(out[1])));
}

static ad_tensor leaves_inside(ad_tensor w, ad_tensor v)
{
    begin();
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(3, 4), 9);
    const ad_tensor own = ad_variable(t, AD_F64, AD_SHAPE(4), some_numbers(8, 4, -1, 1));
    const int32_t rows[] = {2, 0, 2};
    ad_tensor h = ad_gather_rows(ad_mul(ad_add(x, v), own), ad_input(t, AD_I32, AD_SHAPE(3), rows));
    h = ad_matmul(ad_tanh(h), w);
    end(&h, 1);
    return ad_sum(ad_mul(ad_square(h), own));
}

static ad_tensor draws(ad_tensor w, ad_tensor v)
{
    ad_tensor h = v;
    for (int i = 0; i < 3; i++) {
        begin();
        h = ad_square(add_noise(ad_matmul(h, w), i));
        h = ad_exp(ad_neg(h));
        end(&h, 1);
    }
    return ad_sum(h);
}

static ad_tensor dropout(ad_tensor w, ad_tensor v)
{
    ck_assert_int_eq(ad_set_draw_count(t, 5), AD_OK); /* the same draws with and without segments */
    begin();
    ad_tensor h = ad_mul(ad_tanh(ad_matmul(v, w)), ad_dropout_mask(v, 0.4, 3));
    h = ad_add(ad_exp(h), ad_normal(t, AD_F64, AD_SHAPE(3, 4), 3));
    end(&h, 1);
    return ad_sum(ad_square(h));
}

static ad_tensor results_and_byproducts(ad_tensor w, ad_tensor v)
{
    ad_tensor y[2], z[2];
    begin();
    apply_two_results(ad_matmul(v, w), ad_exp(v), y);
    apply_two_results(ad_tanh(y[1]), y[0], z);
    ad_tensor h = ad_mul(z[1], y[1]);
    end(&h, 1);
    begin();
    apply_two_results(h, ad_square(h), y);
    end(&y[1], 1); /* the second result of a call, not the first */
    return ad_mean(y[1]);
}

static ad_tensor scalars(ad_tensor w, ad_tensor v)
{
    begin();
    const ad_tensor s = ad_sum(ad_mul(v, v)), one = ad_reshape(s, AD_SHAPE(1, 1)), back = ad_reshape(one, AD_SCALAR);
    ad_tensor h = ad_mul(ad_tanh(ad_mul(w, ad_logistic(back))), ad_reshape(ad_exp(ad_neg(s)), AD_SHAPE(1)));
    end(&h, 1);
    return ad_mul(ad_sum(h), s);
}

static ad_tensor numeric_gradients(ad_tensor w, ad_tensor v)
{
    begin();
    ad_tensor h = cube_in_numbers(ad_matmul(v, cube_in_numbers(w)));
    end(&h, 1);
    return ad_sum(h);
}

static ad_tensor positions_inside(ad_tensor w, ad_tensor v)
{
    begin();
    ad_tensor h = root_by_newton(ad_exp(ad_matmul(v, w)));
    h = least_by_envelope(ad_tanh(h));
    end(&h, 1);
    return ad_sum(h);
}

/* Empty segments, segments without outputs, and one that nothing depends on. */
static ad_tensor idle(ad_tensor w, ad_tensor v)
{
    begin();
    end(NULL, 0);
    begin();
    ad_exp(ad_matmul(v, w));
    end(NULL, 0);
    begin();
    ad_tensor h = ad_exp(v);
    end(&v, 1);
    (void)h;
    return ad_sum(ad_matmul(v, w));
}

static program *const programs[] = {dropout,         one_segment, several_segments,  views, leaves_inside,
                                    draws,           scalars,     numeric_gradients, idle,  results_and_byproducts,
                                    positions_inside};
enum { TWICE_DIFFERENTIABLE = 7 }; /* the first so many */

static void make_leaves(ad_tensor x[2])
{
    x[0] = some_param(t, AD_F64, AD_SHAPE(4, 4), 1, "w");
    x[1] = ad_variable(t, AD_F64, AD_SHAPE(3, 4), some_numbers(2, 12, -1, 1));
}

static void remember(const ad_tensor dx[2], snapshot s[2])
{
    expect_ok(t);
    for (int i = 0; i < 2; i++)
        s[i] = snapshot_of(dx[i]);
}

static void compare(const ad_tensor dx[2], const snapshot s[2])
{
    expect_ok(t);
    for (int i = 0; i < 2; i++)
        expect_unchanged(dx[i], s[i]);
}

typedef void way(ad_tensor loss, const ad_tensor x[2], ad_tensor dx[2]);

static void stored(const ad_tensor x[2], ad_tensor dx[2])
{
    for (int i = 0; i < 2; i++)
        dx[i] = ad_gradient(x[i]);
}

static void plainly(ad_tensor loss, const ad_tensor x[2], ad_tensor dx[2])
{
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    stored(x, dx);
}

static void twice_over(ad_tensor loss, const ad_tensor x[2], ad_tensor dx[2])
{
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    plainly(loss, x, dx);
}

static void accumulated(ad_tensor loss, const ad_tensor x[2], ad_tensor dx[2])
{
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    ck_assert_int_eq(ad_backward_with(loss, &(ad_backward_options){.accumulate = true}), AD_OK);
    stored(x, dx);
}

static void kept(ad_tensor loss, const ad_tensor x[2], ad_tensor dx[2])
{
    ck_assert_int_eq(ad_backward_with(loss, &(ad_backward_options){.keep = true}), AD_OK);
    stored(x, dx);
}

static void recorded(ad_tensor loss, const ad_tensor x[2], ad_tensor dx[2])
{
    ck_assert_int_eq(ad_backward_with(loss, &(ad_backward_options){.differentiable = true}), AD_OK);
    stored(x, dx);
}

static void as_functions(ad_tensor loss, const ad_tensor x[2], ad_tensor dx[2])
{
    ck_assert_int_eq(ad_grad(loss, x, 2, dx), AD_OK);
}

static void after_recording(ad_tensor loss, const ad_tensor x[2], ad_tensor dx[2])
{
    as_functions(loss, x, dx);
    plainly(loss, x, dx);
}

static void after_replay(ad_tensor loss, const ad_tensor x[2], ad_tensor dx[2])
{
    ck_assert_int_eq(ad_replay_with(t, &(ad_replay_options){.repeat_draws = true}, NULL), AD_OK);
    plainly(loss, x, dx);
}

static void by_hessian(ad_tensor loss, const ad_tensor x[2], ad_tensor dx[2])
{
    ck_assert_int_eq(ad_hvp(loss, x, x, 2, dx), AD_OK);
}

static way *const ways[] = {plainly,      twice_over,      accumulated,  kept,      recorded,
                            as_functions, after_recording, after_replay, by_hessian};

START_TEST(same_bits_as_without)
{
    program *p = programs[_i];
    for (int k = 0; k < COUNT(ways); k++) {
        ad_tensor x[2], dx[2];
        snapshot without[2];
        if (ways[k] == by_hessian && _i >= TWICE_DIFFERENTIABLE)
            continue;
        make_leaves(x);
        in_segments = false;
        ways[k](p(x[0], x[1]), x, dx);
        remember(dx, without);
        ad_reset(t);
        make_leaves(x);
        in_segments = true;
        ways[k](p(x[0], x[1]), x, dx);
        compare(dx, without);
        ad_reset(t);
    }
}
END_TEST

/* ---- Handles ----------------------------------------------------------------------------------------------------- */

START_TEST(handles_of_what_is_dropped)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(3), 1);
    ad_segment_begin(t);
    const ad_tensor inner = ad_exp(x), view = ad_reshape(inner, AD_SHAPE(3, 1)), scalar = ad_sum(inner);
    const ad_tensor leaf = some_input(t, AD_F64, AD_SHAPE(3), 2), of_leaf = ad_reshape(leaf, AD_SHAPE(1, 3));
    ad_tensor out = ad_tanh(inner);
    ck_assert_double_eq(number_at(inner, 0), exp(number_at(x, 0)));
    ck_assert_int_eq(ad_segment_end(t, &out, 1), AD_OK);
    const ad_tensor gone[] = {inner, view};
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_null(ad_data(gone[i]));
        expect_error(t, AD_BAD_HANDLE, not_kept);
        ck_assert(ad_is_inert(ad_exp(gone[i])));
        expect_error(t, AD_BAD_HANDLE,
                     "exp: operand 0 is not kept: it is inside a segment; make it an output of ad_segment_end");
        ad_tensor dx;
        ad_grad(ad_sum(out), &gone[i], 1, &dx);
        expect_error(t, AD_BAD_HANDLE,
                     "grad: operand 0 is not kept: it is inside a segment; make it an output of ad_segment_end");
    }
    ck_assert_double_eq(number_at(out, 1), tanh(exp(number_at(x, 1))));
    ck_assert_double_eq(number_at(of_leaf, 1), number_at(leaf, 1));
    ck_assert(isfinite(ad_item(scalar)));
    expect_ok(t);
}
END_TEST

START_TEST(looking_into_a_segment)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(3), some_numbers(1, 3, -1, 1));
    ad_segment_begin(t);
    const ad_tensor inner = ad_exp(x);
    ad_tensor out = ad_square(inner);
    ad_segment_end(t, &out, 1);
    const ad_tensor operand = ad_operand(out, 0);
    ck_assert(operand.id == inner.id && operand.generation == inner.generation);
    ck_assert_ptr_null(ad_data(operand));
    expect_error(t, AD_BAD_HANDLE, not_kept);
    const ad_tensor local = ad_local_gradient(out, 0);
    ck_assert_double_eq(number_at(local, 2), 2 * exp(number_at(x, 2)));
    ck_assert_ptr_null(ad_data(inner));
    expect_error(t, AD_BAD_HANDLE, not_kept);
    ck_assert_str_eq(ad_made_by(out), "square");
    ck_assert(!ad_is_kept(operand));
    expect_ok(t);
}
END_TEST

/* After a sweep that was recorded the values are back, once and for all. */
START_TEST(recorded_sweeps_bring_values_back)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(3), some_numbers(1, 3, -1, 1));
    ad_segment_begin(t);
    const ad_tensor inner = ad_exp(x);
    ad_tensor out = ad_square(inner), dx;
    ad_segment_end(t, &out, 1);
    const ad_tensor loss = ad_sum(out);
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    ck_assert_ptr_null(ad_data(inner));
    ad_clear_error(t);
    if (_i)
        ck_assert_int_eq(ad_grad(loss, &x, 1, &dx), AD_OK);
    else
        ck_assert_int_eq(ad_backward_with(loss, &(ad_backward_options){.differentiable = true}), AD_OK);
    ck_assert_double_eq(number_at(inner, 1), exp(number_at(x, 1)));
    const double *place = ad_f64(inner);
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    ck_assert_int_eq(ad_grad(loss, &inner, 1, &dx), AD_OK);
    ck_assert_ptr_eq(ad_f64(inner), place);
    ck_assert_double_eq(number_at(dx, 0), 2 * exp(number_at(x, 0)));
    ad_assign(x, (const double[]){0, 1, 2});
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_double_eq(number_at(inner, 2), exp(2));
    expect_ok(t);
}
END_TEST

/* ---- Changes in between ------------------------------------------------------------------------------------------ */

START_TEST(an_update_in_between_is_caught)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(4), 1, "w"), b = some_param(t, AD_F64, AD_SHAPE(4), 2, "b");
    ad_segment_begin(t);
    ad_tensor out = ad_tanh(ad_add(w, b)); /* rules that do not read w; computing again does */
    ad_segment_end(t, &out, 1);
    ad_fill(w, 1);
    ck_assert_int_eq(ad_backward(ad_sum(out)), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE,
                 "add: w was changed in place after it was read: its version was 0 then and is 1 now; change leaves "
                 "after backward, and record anew or ad_replay before the next one");
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_int_eq(ad_backward(ad_sum(out)), AD_OK);
    ck_assert_double_eq_tol(number_at(ad_gradient(w), 0), 1 - pow(tanh(1 + number_at(b, 0)), 2), 1e-15);
}
END_TEST

START_TEST(reset_and_return_in_the_middle)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(30), 1, "w");
    size_t peak = 0;
    for (int round = 0; round < 200; round++) {
        ad_tensor h = ad_exp(w);
        const ad_position before = ad_position_now(t);
        ad_segment_begin(t);
        h = ad_tanh(h);
        const ad_position inside = ad_position_now(t);
        for (int i = 0; i < 5; i++)
            h = ad_square(h);
        if (round % 5 == 0)
            ck_assert_int_eq(ad_return_to(t, inside, &h, 1), AD_OK); /* the segment goes on */
        if (round % 5 == 1)
            ck_assert_int_eq(ad_return_to(t, before, &h, 1), AD_OK); /* it is gone */
        else if (round % 5 != 2)
            ck_assert_int_eq(ad_segment_end(t, &h, 1), AD_OK);
        if (round % 5 == 3)
            ck_assert_int_eq(ad_return_to(t, inside, NULL, 0), AD_OK); /* the rest of one that has ended */
        else if (round % 5 != 1)
            ck_assert_int_eq(ad_backward(ad_add(ad_sum(h), ad_sum(w))), AD_OK);
        ck_assert_int_eq(ad_reset(t), AD_OK);
        if (round == 20)
            peak = ad_usage_of(t).peak_bytes;
    }
    ck_assert_uint_eq(ad_usage_of(t).peak_bytes, peak);
}
END_TEST

START_TEST(backward_while_a_segment_is_open)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w");
    ad_segment_begin(t);
    const ad_tensor inner = ad_exp(w);
    ad_tensor out = ad_sum(ad_square(inner)), dw;
    ck_assert_int_eq(ad_backward(out), AD_OK);
    ck_assert_double_eq_tol(number_at(ad_gradient(w), 0), 2 * exp(2 * number_at(w, 0)), 1e-15);
    ck_assert_int_eq(ad_grad(out, &w, 1, &dw), AD_OK);
    ad_tensor penalty = ad_sum(ad_square(dw));
    ck_assert_double_eq(number_at(inner, 0), exp(number_at(w, 0)));
    ck_assert_int_eq(ad_segment_end(t, &penalty, 1), AD_OK);
    ck_assert_ptr_null(ad_data(dw));
    expect_error(t, AD_BAD_HANDLE, not_kept);
    ck_assert_int_eq(ad_backward(penalty), AD_OK);
    ck_assert_double_eq_tol(number_at(ad_gradient(w), 1), 16 * exp(4 * number_at(w, 1)), 1e-13);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

START_TEST(errors_of_segments)
{
    ad_tape *other = ad_tape_open(NULL);
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(3), 1), foreign = some_input(other, AD_F64, AD_SHAPE(2), 1);
    ck_assert_int_eq(ad_segment_begin(NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_segment_end(NULL, NULL, 0), AD_BAD_HANDLE);
    ad_segment_end(t, &x, 1);
    expect_error(t, AD_BAD_STATE, "segment_end: no segment is open: begin one with ad_segment_begin");
    ad_segment_begin(t);
    ad_segment_begin(t);
    expect_error(t, AD_BAD_STATE, "segment_begin: a segment is open: segments do not nest");
    ad_replay(t);
    expect_error(t, AD_BAD_STATE, "replay: a segment is open: end it first");
    const ad_tensor first = ad_exp(x);
    ad_segment_end(t, NULL, 1);
    expect_error(t, AD_BAD_VALUE, "segment_end: the outputs are NULL");
    ad_segment_begin(t);
    ad_tensor outputs[] = {ad_exp(first), {0}};
    ad_segment_end(t, outputs, 2);
    expect_error(t, AD_BAD_HANDLE,
                 "segment_end: output: operand 1 is inert: it was never made, or came from a call that failed");
    ad_segment_begin(t);
    ad_segment_end(t, &foreign, 1); /* nothing was recorded in it, but the output is wrong all the same */
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_clear_error(other), AD_BAD_HANDLE);
    ck_assert_double_eq(number_at(outputs[0], 1), exp(exp(number_at(x, 1)))); /* ended, and nothing dropped */
    ck_assert_double_eq(number_at(first, 1), exp(number_at(x, 1)));
    ad_segment_begin(t);
    ad_fail(t, AD_BAD_VALUE, "the test's");
    ck_assert_int_eq(ad_segment_end(t, &x, 1), AD_BAD_VALUE);
    ck_assert_int_eq(ad_segment_begin(t), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "the test's");
    ck_assert_int_eq(ad_segment_begin(t), AD_OK); /* it was ended */
    ad_tape_close(other);
}
END_TEST

/* What a failed end held is given back by the next reset. */
START_TEST(failed_ends_keep_no_memory)
{
    size_t peak = 0;
    for (int round = 0; round < 300; round++) {
        const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(40, 40), 1);
        ad_segment_begin(t);
        const ad_tensor y = ad_exp(x), bad[] = {y, {0}};
        if (round % 2)
            ad_fail(t, AD_BAD_VALUE, "the test's");
        ck_assert_int_ne(ad_segment_end(t, bad, 2), AD_OK);
        ad_clear_error(t);
        ck_assert_int_eq(ad_backward(ad_sum(ad_square(ad_variable(t, AD_F64, AD_SHAPE(3), NULL)))), AD_OK);
        ad_reset(t);
        if (round == 10)
            peak = ad_usage_of(t).peak_bytes;
    }
    ck_assert_uint_eq(ad_usage_of(t).peak_bytes, peak);
}
END_TEST

static bool is_broken;

static void breaks(ad_call *c)
{
    if (is_broken)
        ad_call_fail(c, AD_BAD_VALUE, "broken for the test");
    else
        memcpy(c->y[0]->data, c->x[0]->data, ad_elements(c->x[0]) * sizeof(double));
}

static void pass(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_dy(p), ad_x(p, 0))); }

/* A revival that fails leaves the segment as it was. */
START_TEST(a_revival_that_fails)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = breaks, .vjp = pass};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w");
    ad_segment_begin(t);
    const ad_tensor inner = ad_exp(w);
    ad_tensor out = ad_square(ad_apply1(&op, ad_square(inner)));
    ad_segment_end(t, &out, 1);
    const ad_tensor loss = ad_sum(out);
    for (int round = 0; round < 4; round++) {
        is_broken = round % 2;
        ck_assert_int_eq(_i ? ad_replay(t) : ad_backward(loss), is_broken ? AD_BAD_VALUE : AD_OK);
        if (is_broken)
            expect_error(t, AD_BAD_VALUE, "op: broken for the test");
        ck_assert_ptr_null(ad_data(inner));
        expect_error(t, AD_BAD_HANDLE, not_kept);
    }
    is_broken = false;
    ck_assert_int_eq(_i ? ad_replay(t) : ad_backward(loss), AD_OK);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

enum { WIDTH = 64, ROWS = 64, LAYER = WIDTH * ROWS * 8 };

/* Bytes at the peak of a net of n layers in segments of `length`, beyond those of a net of no layers. */
static double peak_of(int n, int length)
{
    ad_tape *own = ad_tape_open(NULL);
    const ad_tensor w = some_param(own, AD_F64, AD_SHAPE(WIDTH, 1), 1, "w");
    ad_tensor h = some_input(own, AD_F64, AD_SHAPE(ROWS, WIDTH), 2);
    const ad_tensor row = ad_reshape(w, AD_SHAPE(WIDTH));
    for (int i = 0; i < n; i++) {
        if (length && i % length == 0)
            ad_segment_begin(own);
        h = ad_tanh(ad_add(h, row));
        if (length && (i % length == length - 1 || i == n - 1))
            ad_segment_end(own, &h, 1);
    }
    ck_assert_int_eq(ad_backward(ad_sum(h)), AD_OK);
    const double peak = (double)ad_usage_of(own).peak_bytes;
    ad_tape_close(own);
    return peak;
}

/* Values: 2 tensors a layer without segments; with segments of sqrt(n) layers one a segment and 2 a layer of one. What
 * else there is are some gradients, and what arenas take ahead: at most as much again. */
START_TEST(memory_grows_with_the_root_of_the_layers)
{
    for (int root = 8; root <= 20; root += 4) {
        const double n = (double)root * root, whole = peak_of(root * root, 0), cut = peak_of(root * root, root);
        ck_assert_msg(whole > 2 * n * LAYER, "%d layers without segments: %.1f tensors", root * root, whole / LAYER);
        ck_assert_msg(cut < 2 * (3.0 * root + 8) * LAYER, "%d layers: %.1f tensors", root * root, cut / LAYER);
    }
    /* Four times the layers take twice the memory, plus a constant. */
    ck_assert_double_lt(peak_of(1024, 32), 2.2 * peak_of(256, 16) + 8 * LAYER);
}
END_TEST

START_TEST(all_memory_is_used_again)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(20, 20), 1, "w");
    size_t allocations = 0;
    for (int round = 0; round < 100; round++) {
        ad_tensor h = some_input(t, AD_F64, AD_SHAPE(20, 20), 2);
        for (int i = 0; i < 6; i++) {
            ad_segment_begin(t);
            for (int k = 0; k < 4; k++)
                h = ad_tanh(ad_matmul(h, w));
            ad_segment_end(t, &h, 1);
        }
        ck_assert_int_eq(ad_backward(ad_sum(h)), AD_OK);
        ad_reset(t);
        if (round == 3)
            allocations = ad_usage_of(t).allocations;
    }
    ck_assert_uint_eq(ad_usage_of(t).allocations, allocations);
}
END_TEST

/* Gradients that were recorded in the segment are not dropped with it. */
START_TEST(gradients_recorded_in_a_segment_stay)
{
    const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){2, 3}, "w");
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){2, 3});
    ad_segment_begin(t);
    const ad_tensor y = ad_sum(ad_mul(ad_square(w), x));
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.differentiable = true}), AD_OK);
    ck_assert_int_eq(ad_segment_end(t, &y, 1), AD_OK);
    expect_values(ad_gradient(w), (const double[]){8, 18}, 0);
    expect_values(ad_gradient(x), (const double[]){4, 9}, 0);
    ck_assert_int_eq(ad_descend(w, 0.5), AD_OK);
    ck_assert_int_eq(ad_reset(t), AD_OK);
    expect_values(ad_gradient(w), (const double[]){8, 18}, 0);
    expect_values(w, (const double[]){-2, -6}, 0);
    ad_segment_begin(t);
    ck_assert_int_eq(ad_segment_end(t, &w, -1), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "segment_end: there are -1 outputs: the number cannot be negative");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("segments");
    TCase *tests = tcase_create("segments");
    tcase_add_checked_fixture(tests, open_tape, close_tape);
    tcase_add_loop_test(tests, same_bits_as_without, 0, COUNT(programs));
    tcase_add_test(tests, gradients_recorded_in_a_segment_stay);
    tcase_add_test(tests, handles_of_what_is_dropped);
    tcase_add_test(tests, looking_into_a_segment);
    tcase_add_loop_test(tests, recorded_sweeps_bring_values_back, 0, 2);
    tcase_add_test(tests, an_update_in_between_is_caught);
    tcase_add_test(tests, reset_and_return_in_the_middle);
    tcase_add_test(tests, backward_while_a_segment_is_open);
    tcase_add_test(tests, errors_of_segments);
    tcase_add_test(tests, failed_ends_keep_no_memory);
    tcase_add_loop_test(tests, a_revival_that_fails, 0, 2);
    tcase_add_test(tests, memory_grows_with_the_root_of_the_layers);
    tcase_add_test(tests, all_memory_is_used_again);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
