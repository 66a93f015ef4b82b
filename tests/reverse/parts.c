/* The parts of a watched tape: they add up to gradients, and watching changes nothing else. */
#include <float.h>
#include <math.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"
#include "../support/parts.h"

static const ad_backward_options kept = {.keep = true}, adding = {.accumulate = true},
                                 recorded = {.differentiable = true};

static void watch(void) { ck_assert_int_eq(ad_watch(t, AD_ON), AD_OK); }

static void go_back(ad_tensor loss, const ad_backward_options *options)
{
    ck_assert_msg(ad_backward_with(loss, options) == AD_OK, "%s", ad_message(t));
}

static const ad_part *part(size_t i)
{
    const ad_part *p = ad_part_at(t, AD_BAND_BACKWARD, i);
    ck_assert_ptr_nonnull(p);
    return p;
}

/* Part i is of x, was given by the rule of `from` to that place, and is upstream * local. */
static void expect_part(size_t i, ad_tensor x, ad_tensor from, int place, double upstream, double local)
{
    const ad_part *p = part(i);
    ck_assert_int_eq(p->origin, AD_FROM_RULE);
    ck_assert_uint_eq(p->of.id, x.id);
    ck_assert_uint_eq(p->from.id, from.id);
    ck_assert_int_eq(p->place, place);
    ck_assert_int_eq(p->n_upstream, 1);
    ck_assert_double_eq(*(const double *)p->upstream->data, upstream);
    ck_assert(p->has_local);
    ck_assert_double_eq(p->local, local);
    ck_assert_double_eq(*(const double *)p->part.data, upstream * local);
    ck_assert_double_eq(p->part.norm, fabs(upstream * local));
}

/* ---- Random tapes ------------------------------------------------------------------------------------------------ */

enum { MOST_TENSORS = 200, RANDOM_TAPES = 200 };

/* What is drawn for one tape. All tensors of the pool are [3,4]. */
typedef struct drawing {
    uint64_t seed, at;
    ad_tensor pool[MOST_TENSORS], matrix, bias, factor;
    int n;
    bool replays; /* no tensor survived a return */
} drawing;

static int draw(drawing *d, int n) { return (int)(ad_random_uniform(d->seed, 1, d->at++) * n); }
static ad_tensor any(drawing *d) { return d->pool[draw(d, d->n)]; }

static void put(drawing *d, ad_tensor x)
{
    ck_assert_int_lt(d->n, MOST_TENSORS);
    ck_assert_msg(ad_status_of(t) == AD_OK, "tape %d: %s", (int)d->seed, ad_message(t));
    d->pool[d->n++] = x;
}

static void put_several_results(drawing *d)
{
    ad_tensor y[2], halves[2];
    apply_two_results(any(d), any(d), y);
    if (draw(d, 2))
        put(d, ad_tanh(y[0]));
    put(d, ad_tanh(y[1]));
    ad_split(any(d), 1, 2, halves);
    put(d, ad_concat((const ad_tensor[]){halves[draw(d, 2)], halves[1]}, 2, 1));
}

static ad_tensor draw_result(drawing *d)
{
    const ad_tensor a = any(d), b = any(d);
    switch (draw(d, 18)) {
    case 0: return ad_add(a, b);
    case 1: return ad_mul(a, ad_logistic(b));
    case 2: return ad_add(a, a);
    case 3: return ad_sub(a, b);
    case 4: return ad_tanh(a);
    case 5: return ad_add(a, d->bias);
    case 6: return ad_mul(d->factor, a);
    case 7: return ad_tanh(ad_matmul(a, d->matrix));
    case 8: return ad_softmax(a, draw(d, 2));
    case 9: return ad_transpose(ad_reshape(a, AD_SHAPE(4, 3)));
    case 10: return ad_mul(a, ad_dropout_mask(b, 0.25, 7));
    case 11: return ad_maximum(a, b);
    case 12: return ad_mul(a, ad_mean_over(b, AD_KEEP_AXES(1)));
    case 13: return ad_sort(a, draw(d, 2));
    case 14: return ad_add(a, ad_scale(ad_normal(t, AD_F64, AD_SHAPE(3, 4), 3), 0.1));
    case 15: return ad_tanh(cube_in_numbers(a));
    case 16: return ad_tanh(ad_linear(a, d->matrix, d->bias, AD_TANH));
    default: return ad_sum_to(ad_broadcast_to(a, AD_SHAPE(2, 3, 4)), AD_SHAPE(3, 4));
    }
}

static void draw_segment(drawing *d)
{
    const int n = d->n;
    ad_segment_begin(t);
    for (int i = 0; i < 3; i++)
        put(d, draw_result(d));
    ad_tensor out = d->pool[d->n - 1];
    ad_segment_end(t, &out, 1);
    d->n = n;
    put(d, out);
}

static void draw_position(drawing *d)
{
    const int n = d->n;
    const ad_position position = ad_position_now(t);
    for (int i = 0; i < 3; i++)
        put(d, draw_result(d));
    ad_tensor out = d->pool[d->n - 1], dx;
    if (draw(d, 2))
        ad_grad(ad_sum(out), &d->matrix, 1, &dx);
    const int survivors = draw(d, 6) == 0;
    d->replays = d->replays && !survivors;
    ad_return_to(t, position, &out, survivors);
    d->n = n;
    if (survivors)
        put(d, out);
}

static ad_tensor draw_program(drawing *d)
{
    d->matrix = some_param(t, AD_F64, AD_SHAPE(4, 4), d->seed, "matrix");
    d->bias = some_param(t, AD_F64, AD_SHAPE(4), d->seed + 1, "bias");
    d->factor = ad_param(t, AD_F64, AD_SCALAR, &(double){0.75}, "factor");
    d->replays = true;
    put(d, some_param(t, AD_F64, AD_SHAPE(3, 4), d->seed + 2, "x"));
    put(d, ad_variable(t, AD_F64, AD_SHAPE(3, 4), some_numbers(d->seed + 3, 12, -1, 1)));
    put(d, some_input(t, AD_F64, AD_SHAPE(3, 4), d->seed + 4));
    for (int i = 0; i < 12; i++) {
        const int what = draw(d, 8);
        if (what == 0)
            draw_segment(d);
        else if (what == 1)
            draw_position(d);
        else if (what == 2)
            put_several_results(d);
        else
            put(d, draw_result(d));
    }
    const ad_tensor y = ad_mul(ad_add(d->pool[d->n - 1], d->pool[d->n - 2]), ad_add(any(d), d->pool[0]));
    return ad_mul(ad_mean(y), d->factor);
}

/* A digest of all bits that the program can see: values, gradients, draws. */
static uint64_t digest;

static void take(const void *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        digest = (digest ^ ((const unsigned char *)data)[i]) * UINT64_C(1099511628211);
}

static void take_tensor(ad_tensor x)
{
    const bool has = ad_has_gradient(x);
    const size_t bytes = ad_size_of(x) * ad_type_bytes(ad_type_of(x));
    take(ad_data(x), bytes);
    take(&has, sizeof has);
    if (has)
        take(ad_data(ad_gradient(x)), bytes);
}

static uint64_t all_bits(void)
{
    const uint64_t draws = ad_draw_count(t);
    digest = UINT64_C(14695981039346656037);
    take(&draws, sizeof draws);
    for (size_t k = 0; k < ad_kept_count(t); k++)
        take_tensor(ad_kept_at(t, k));
    for (size_t i = 0; i < ad_entry_count(t); i++)
        if (!ad_is_dropped(ad_recorded_at(t, i)))
            take_tensor(ad_recorded_at(t, i));
    expect_ok(t);
    return digest;
}

/* The bits after each step of a run. */
enum { STEPS = 6 };

static void run_random(uint64_t seed, bool watched, uint64_t bits[STEPS])
{
    drawing d = {.seed = seed};
    if (watched)
        watch();
    const ad_tensor loss = draw_program(&d);
    ad_tensor dx[3];
    go_back(loss, NULL);
    bits[0] = all_bits();
    if (watched)
        expect_parts_of_all(t);
    go_back(loss, &kept);
    bits[1] = all_bits();
    if (watched)
        ck_assert_uint_ge(expect_parts_of_all(t), 5);
    ad_grad(loss, (const ad_tensor[]){d.matrix, d.pool[0], d.factor}, 3, dx);
    for (int i = 0; i < 3 && watched; i++)
        if (count_parts(t, AD_BAND_FUNCTIONAL, ALL_SWEEPS, i ? i == 1 ? d.pool[0] : d.factor : d.matrix))
            expect_parts(AD_BAND_FUNCTIONAL, ALL_SWEEPS, i ? i == 1 ? d.pool[0] : d.factor : d.matrix, dx[i]);
    bits[2] = all_bits();
    go_back(loss, &adding);
    bits[3] = all_bits();
    if (watched)
        expect_parts_of_all(t);
    ad_assign(d.bias, some_numbers(seed, 4, -1, 1));
    bits[4] = bits[5] = 0;
    if (!d.replays)
        return;
    ck_assert_msg(ad_replay(t) == AD_OK, "tape %d: %s", (int)seed, ad_message(t));
    bits[4] = all_bits();
    go_back(loss, &recorded);
    bits[5] = all_bits();
    if (watched)
        expect_parts_of_all(t);
}

START_TEST(random_tapes)
{
    uint64_t plain[STEPS], watched[STEPS];
    for (int seed = _i; seed < RANDOM_TAPES; seed += 10) {
        run_random((uint64_t)seed, false, plain);
        close_tape();
        open_tape();
        run_random((uint64_t)seed, true, watched);
        for (int i = 0; i < STEPS; i++)
            ck_assert_msg(plain[i] == watched[i], "tape %d: other bits after step %d of a watched run", seed, i);
        close_tape();
        open_tape();
    }
}
END_TEST

/* ---- One part after the other ------------------------------------------------------------------------------------ */

START_TEST(in_order_with_numbers)
{
    const ad_tensor x = PARAM(3, "x"), w = PARAM(-2, "w"), s = ad_add(x, x), p = ad_mul(s, x), q = ad_mul(p, w);
    watch();
    go_back(q, NULL);
    ck_assert_uint_eq(ad_part_count(t, AD_BAND_BACKWARD), 7);
    ck_assert_int_eq(part(0)->origin, AD_FROM_SEED);
    ck_assert_int_eq(part(0)->place, -1);
    ck_assert(ad_is_inert(part(0)->from));
    ck_assert_uint_eq(part(0)->of.id, q.id);
    expect_part(1, p, q, 0, 1, -2);
    expect_part(2, w, q, 1, 1, 18);
    expect_part(3, s, p, 0, -2, 3);
    expect_part(4, x, p, 1, -2, 6);
    expect_part(5, x, s, 0, -6, 1);
    expect_part(6, x, s, 1, -6, 1);
    ck_assert_ptr_null(ad_part_at(t, AD_BAND_BACKWARD, 7));
    ck_assert_ptr_null(ad_part_at(t, AD_BAND_COUNT, 0));
    ck_assert_ptr_null(ad_part_at(NULL, AD_BAND_BACKWARD, 0));
    ck_assert_uint_eq(ad_part_count(t, AD_BAND_FUNCTIONAL), 0);
    ck_assert_uint_eq(ad_part_count(t, (ad_band)-1), 0);
}
END_TEST

/* A part is summed to the shape of its operand before it is kept. */
START_TEST(of_the_operands_shape)
{
    const ad_tensor x = some_param(t, AD_F64, AD_SHAPE(2, 3), 1, "x"), b = some_param(t, AD_F64, AD_SHAPE(3), 2, "b");
    watch();
    for (int k = 0; k < WAYS_BACK; k++) {
        go_back(ad_sum(ad_mul(ad_add(x, b), ad_add(b, x))), &ways_back[k]);
        ck_assert_uint_eq(count_parts(t, AD_BAND_BACKWARD, ALL_SWEEPS, b), 2);
        expect_parts_of_all(t);
        for (size_t i = 0; i < ad_part_count(t, AD_BAND_BACKWARD); i++)
            expect_shape(part(i)->of, part(i)->part.shape);
        ad_reset(t);
    }
}
END_TEST

/* One result of two has no gradient: there are no numbers of it. */
START_TEST(several_results)
{
    const ad_tensor a = PARAMS("a", 1, 2), b = PARAMS("b", 3, 4);
    ad_tensor y[2];
    apply_two_results(a, b, y);
    watch();
    go_back(ad_sum(y[1]), NULL);
    const ad_part *p = part(2);
    ck_assert_uint_eq(p->of.id, a.id);
    ck_assert_uint_eq(p->from.id, y[0].id);
    ck_assert_int_eq(p->n_upstream, 2);
    ck_assert_ptr_null(p->upstream[0].data);
    ck_assert_uint_eq(p->upstream[0].n, 2);
    ck_assert_double_eq(p->upstream[0].norm, -1);
    ck_assert_double_eq(((const double *)p->upstream[1].data)[1], 1);
    ck_assert(!p->has_local);
    ck_assert_ptr_eq(p->upstream, part(3)->upstream);
    expect_parts_of_all(t);
}
END_TEST

/* ---- Wrong rules ------------------------------------------------------------------------------------------------- */

static ad_operator copy_of_row(const char *row, void (*vjp)(ad_pullback *p))
{
    ad_operator copy = *ad_operator_named(row);
    copy.vjp = vjp;
    return copy;
}

static void tanh_without_square(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_shift(ad_neg(ad_y(p)), 1), ad_dy(p))); }

static void sub_given_twice(ad_pullback *p)
{
    ad_give(p, 0, ad_dy(p));
    ad_give(p, 0, ad_dy(p));
    ad_give(p, 1, ad_neg(ad_dy(p)));
}

START_TEST(a_wrong_rule_shows_the_wrong_number)
{
    const ad_operator wrong = copy_of_row("tanh", tanh_without_square);
    const ad_tensor x = PARAM(0.5, "x"), y = ad_scale(ad_apply1(&wrong, x), 2);
    watch();
    go_back(y, NULL);
    const ad_part *p = part(2);
    ck_assert_double_eq_tol(p->local, 1 - tanh(0.5), 1e-15);
    ck_assert_double_eq_tol(*(const double *)p->part.data, 2 * (1 - tanh(0.5)), 1e-15);
    expect_parts_of_all(t);
}
END_TEST

/* No one number makes each of two parts that a rule gives to the same place. */
START_TEST(given_twice_to_one_place)
{
    const ad_operator twice = copy_of_row("sub", sub_given_twice);
    const ad_tensor x = PARAM(0.5, "x"), w = PARAM(2, "w"), y = ad_apply2(&twice, x, w);
    watch();
    go_back(ad_scale(y, 3), NULL);
    ck_assert_uint_eq(count_parts(t, AD_BAND_BACKWARD, ALL_SWEEPS, x), 2);
    ck_assert(!part(2)->has_local && !part(3)->has_local);
    expect_part(4, w, y, 1, 3, -1);
    expect_parts_of_all(t);
}
END_TEST

/* ---- Accumulating ------------------------------------------------------------------------------------------------ */

static ad_tensor batch(ad_tensor w, uint64_t stream)
{
    return ad_sum(ad_square(ad_mul(w, some_input(t, AD_F64, AD_SHAPE(3), stream))));
}

START_TEST(over_micro_batches)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w");
    watch();
    go_back(batch(w, 2), NULL);
    go_back(batch(w, 3), &adding);
    ck_assert_uint_eq(count_parts(t, AD_BAND_BACKWARD, 0, w), 1);
    ck_assert_uint_eq(count_parts(t, AD_BAND_BACKWARD, 1, w), 1);
    expect_parts_of_all(t);
    go_back(batch(w, 4), NULL);
    ck_assert_int_eq(last_sweep_of(t, AD_BAND_BACKWARD), 0);
    expect_parts_of_all(t);
}
END_TEST

START_TEST(over_a_reset)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w");
    watch();
    go_back(batch(w, 2), NULL);
    ad_reset(t);
    ck_assert_uint_eq(ad_part_count(t, AD_BAND_BACKWARD), 0);
    go_back(batch(w, 3), &adding);
    ck_assert_int_eq(part(0)->origin, AD_FROM_BEFORE);
    ck_assert_uint_eq(part(0)->of.id, w.id);
    ck_assert_int_eq(part(1)->origin, AD_FROM_SEED);
    expect_parts_of_all(t);
}
END_TEST

/* Watching begins between: what was there before is one part, of leaves only. Inner gradients begin anew. */
START_TEST(onto_what_was_not_watched)
{
    const ad_tensor w = PARAM(3, "w"), x = ad_variable(t, AD_F64, AD_SCALAR, &(double){2});
    const ad_tensor y = ad_mul(ad_mul(w, x), x);
    go_back(y, &kept);
    go_back(y, &adding);
    go_back(y, &adding);
    watch();
    go_back(y, &(ad_backward_options){.accumulate = true, .keep = true});
    ck_assert_double_eq(ad_item(ad_gradient(x)), 4 * 12);
    ck_assert_uint_eq(count_parts(t, AD_BAND_BACKWARD, ALL_SWEEPS, x), 3);
    ck_assert_int_eq(part(2)->origin, AD_FROM_SEED);
    expect_parts_of_all(t);
    ad_watch(t, AD_OFF);
    go_back(y, &adding);
    ck_assert_uint_eq(ad_part_count(t, AD_BAND_BACKWARD), 0); /* they would not add up */
}
END_TEST

/* Parts that a return drops are missing: the next sweep begins with the gradient that there is. */
START_TEST(at_positions)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), first = ad_square(w);
    watch();
    for (int i = 0; i < 3; i++) {
        const ad_position position = ad_position_now(t);
        go_back(ad_add(ad_sum(first), batch(w, (uint64_t)i)), i ? &adding : NULL);
        expect_parts_of_all(t);
        ck_assert_int_eq(ad_return_to(t, position, NULL, 0), AD_OK);
        for (size_t k = 0; k < ad_part_count(t, AD_BAND_BACKWARD); k++)
            ck_assert(ad_is_valid(part(k)->of) && (ad_is_inert(part(k)->from) || ad_is_valid(part(k)->from)));
    }
    go_back(ad_sum(first), &adding);
    ck_assert_int_eq(part(0)->origin, AD_FROM_BEFORE);
    expect_parts_of_all(t);
}
END_TEST

static bool fails;
static void sometimes_fails_vjp(ad_pullback *p)
{
    if (fails)
        ad_fail(ad_x(p, 0).tape, AD_BAD_VALUE, "it fails");
    ad_give(p, 0, ad_dy(p));
}

/* What was given before is kept, for a look at it; it is not added to. */
START_TEST(a_sweep_that_fails)
{
    const ad_operator op = copy_of_row("neg", sometimes_fails_vjp);
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), y = ad_apply1(&op, ad_square(w));
    const ad_tensor loss = ad_sum(ad_mul(y, w));
    watch();
    fails = true;
    ck_assert_int_eq(ad_backward(loss), AD_BAD_VALUE);
    ck_assert_uint_eq(ad_part_count(t, AD_BAND_BACKWARD), 4);
    ck_assert_uint_eq(count_parts(t, AD_BAND_BACKWARD, ALL_SWEEPS, w), 1);
    ad_clear_error(t);
    ck_assert(!ad_has_gradient(w));
    fails = false;
    go_back(loss, &adding);
    expect_parts_of_all(t);
    ck_assert_uint_eq(count_parts(t, AD_BAND_BACKWARD, ALL_SWEEPS, w), 2);
}
END_TEST

/* A rule that fails only where it runs for the local derivative fails nobody. */
static void fails_for_one_vjp(ad_pullback *p)
{
    if (ad_item(ad_dy(p)) == 1)
        ad_fail(ad_x(p, 0).tape, AD_BAD_VALUE, "it fails");
    ad_give(p, 0, ad_scale(ad_dy(p), 5));
}

START_TEST(a_local_derivative_that_fails)
{
    const ad_operator op = copy_of_row("neg", fails_for_one_vjp);
    const ad_tensor w = PARAM(2, "w"), loss = ad_scale(ad_apply1(&op, w), 3);
    watch();
    go_back(loss, NULL);
    ck_assert_str_eq(ad_message(t), "");
    ck_assert(!part(2)->has_local);
    ck_assert_double_eq(ad_item(ad_gradient(w)), 15);
}
END_TEST

/* ---- Rules with a life of their own ------------------------------------------------------------------------------ */

/* dx = dy u, u drawn anew in each run. */
static void drawing_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_mul(ad_dy(p), ad_uniform(ad_x(p, 0).tape, AD_F64, AD_SCALAR, 9)));
}

START_TEST(a_rule_that_draws)
{
    const ad_operator op = copy_of_row("neg", drawing_vjp);
    const ad_tensor w = PARAM(2, "w"), loss = ad_scale(ad_apply1(&op, ad_apply1(&op, w)), 3);
    go_back(loss, NULL);
    const uint64_t draws = ad_draw_count(t);
    const double dw = ad_item(ad_gradient(w));
    ck_assert_int_eq(ad_set_draw_count(t, 0), AD_OK);
    watch();
    go_back(loss, NULL);
    ck_assert_uint_eq(ad_draw_count(t), draws);
    ck_assert_double_eq(ad_item(ad_gradient(w)), dw);
    for (size_t i = 2; i < 4; i++)
        ck_assert_double_eq(part(i)->local * *(const double *)part(i)->upstream->data,
                            *(const double *)part(i)->part.data);
}
END_TEST

static int runs;
static void counting_vjp(ad_pullback *p)
{
    runs++;
    ad_give(p, 0, ad_neg(ad_dy(p)));
}

/* Of calls with one element: once more. Of others, and not watched: once. */
START_TEST(a_rule_that_counts)
{
    const ad_operator op = copy_of_row("neg", counting_vjp);
    const ad_tensor one = PARAM(2, "one"), three = PARAMS("three", 1, 2, 3);
    go_back(ad_apply1(&op, one), NULL);
    ck_assert_int_eq(runs, 1);
    watch();
    go_back(ad_apply1(&op, one), NULL);
    ck_assert_int_eq(runs, 3);
    go_back(ad_sum(ad_apply1(&op, three)), NULL);
    ck_assert_int_eq(runs, 4);
    ad_watch(t, AD_OFF);
    go_back(ad_apply1(&op, one), NULL);
    ck_assert_int_eq(runs, 5);
}
END_TEST

static ad_status status_inside;
static void switching_vjp(ad_pullback *p)
{
    ad_tape *tape = ad_x(p, 0).tape;
    status_inside = ad_watch(tape, AD_OFF);
    ad_give(p, 0, ad_dy(p));
}

static void switching_run(ad_call *c)
{
    status_inside = ad_watch(c->tape, AD_ON);
    *(double *)c->y[0]->data = *(const double *)c->x[0]->data;
}

START_TEST(switched_inside_a_rule)
{
    const ad_operator op = copy_of_row("neg", switching_vjp);
    const ad_operator kernel = {
        .name = "kernel", .arity = 1, .shape = ad_same_shape, .run = switching_run, .vjp = drawing_vjp};
    const ad_tensor w = PARAM(2, "w");
    watch();
    ck_assert_int_eq(ad_backward(ad_apply1(&op, w)), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "watch: a gradient rule must not call it");
    ck_assert_int_eq(status_inside, AD_BAD_STATE);
    ck_assert(ad_is_watched(t));
    ck_assert(ad_is_inert(ad_apply1(&kernel, w)));
    expect_error_with(t, AD_BAD_STATE, "watch: a rule or a kernel must not call it", "the program turns it on or off");
    go_back(ad_square(w), NULL);
    expect_parts_of_all(t);
}
END_TEST

/* Implicit functions and the envelope theorem: rules and kernels that differentiate at positions. */
START_TEST(derivatives_inside_rules_and_kernels)
{
    const ad_tensor x = PARAM(3, "x");
    double dx[2];
    for (int on = 0; on < 2; on++) {
        ad_watch(t, on ? AD_ON : AD_OFF);
        const ad_tensor y = ad_mul(root_by_newton(x), least_by_envelope(ad_scale(x, 0.5)));
        go_back(y, NULL);
        dx[on] = ad_item(ad_gradient(x));
        if (on)
            expect_parts_of_all(t);
        for (size_t b = 0; b < AD_BAND_COUNT; b++)
            for (size_t i = 0; i < ad_part_count(t, (ad_band)b); i++) {
                const ad_part *p = ad_part_at(t, (ad_band)b, i);
                ck_assert(ad_is_valid(p->of) && (ad_is_inert(p->from) || ad_is_valid(p->from)));
            }
        ad_tensor g;
        ck_assert_int_eq(ad_grad(y, &x, 1, &g), AD_OK);
        ck_assert_double_eq(ad_item(g), dx[on]);
        if (on)
            expect_parts(AD_BAND_FUNCTIONAL, 0, x, g);
        ad_reset(t);
    }
    ck_assert_double_eq(dx[0], dx[1]);
}
END_TEST

/* What a kernel or a rule differentiates is not watched, and forgets nothing of the program's. */
START_TEST(the_program_s_derivative_stays)
{
    const ad_tensor x = PARAM(3, "x"), y = ad_square(x);
    ad_tensor dx;
    watch();
    ck_assert_int_eq(ad_grad(y, &x, 1, &dx), AD_OK);
    const ad_tensor root = root_by_newton(x);
    expect_parts(AD_BAND_FUNCTIONAL, 0, x, dx);
    go_back(root, NULL);
    expect_parts(AD_BAND_FUNCTIONAL, 0, x, dx);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    expect_parts(AD_BAND_FUNCTIONAL, 0, x, dx);
    ad_grad(root, &x, 1, &dx);
    ck_assert_int_eq(last_sweep_of(t, AD_BAND_FUNCTIONAL), 0);
    expect_parts(AD_BAND_FUNCTIONAL, 0, x, dx);
    expect_ok(t);
}
END_TEST

/* ---- Numbers that are not finite --------------------------------------------------------------------------------- */

/* 1 / x overflows, dy / x does not. */
START_TEST(an_infinite_local_derivative)
{
    const ad_tensor x = PARAM(1e-310, "x"), loss = ad_scale(ad_log(x), 1e-10);
    ad_check_finite(t, AD_ON);
    watch();
    go_back(loss, NULL);
    ck_assert(isinf(part(2)->local));
    ck_assert(isfinite(part(2)->part.norm));
    expect_parts_of_all(t);
    ad_watch(t, AD_OFF);
    go_back(loss, NULL);
    ck_assert_int_eq(ad_backward(ad_sqrt(ad_scale(x, 0))), AD_NOT_FINITE); /* the check is still on */
}
END_TEST

START_TEST(norms)
{
    const double huge[] = {DBL_MAX, DBL_MAX}, tiny[] = {4e-320, 3e-320};
    const double odd[] = {1, NAN, INFINITY}, endless[] = {1, -INFINITY, 2};
    const ad_tensor w = PARAMS("w", 1, 1), three = PARAMS("three", 1, 1, 1);
    watch();
    go_back(ad_mul(w, ad_input(t, AD_F64, AD_SHAPE(2), huge)), &(ad_backward_options){.seed = INPUTS(1, 1)});
    ck_assert(isinf(part(1)->part.norm)); /* larger than the largest number */
    go_back(ad_mul(w, ad_input(t, AD_F64, AD_SHAPE(2), tiny)), &(ad_backward_options){.seed = INPUTS(1, 1)});
    ck_assert_double_eq_tol(part(1)->part.norm / 5e-320, 1, 1e-3);
    go_back(ad_mul(three, ad_input(t, AD_F64, AD_SHAPE(3), odd)), &(ad_backward_options){.seed = INPUTS(1, 1, 1)});
    ck_assert(isnan(part(1)->part.norm));
    go_back(ad_mul(three, ad_input(t, AD_F64, AD_SHAPE(3), endless)), &(ad_backward_options){.seed = INPUTS(1, 1, 1)});
    ck_assert(isinf(part(1)->part.norm));
    go_back(ad_sum(ad_scale(three, 0)), NULL);
    ck_assert_double_eq(part(2)->part.norm, 0);
}
END_TEST

START_TEST(sizes)
{
    static const int64_t n[] = {0, 1, 2, AD_MOST_COPIED, AD_MOST_COPIED + 1};
    watch();
    for (int i = 0; i < COUNT(n); i++) {
        const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(n[i]), NULL);
        go_back(ad_sum(ad_shift(x, 1)), NULL);
        const ad_part *p = part(2);
        ck_assert_uint_eq(p->part.n, (size_t)n[i]);
        ck_assert((p->part.data != NULL) == (n[i] <= AD_MOST_COPIED));
        ck_assert_double_eq_tol(p->part.norm, sqrt((double)n[i]), 1e-12 * (double)n[i] + 1e-12);
        ck_assert_int_eq(p->has_local, n[i] == 1);
    }
}
END_TEST

START_TEST(in_f32)
{
    const float numbers[] = {1.5F, -2, 3};
    const ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(3), numbers), s = ad_sum(ad_square(x));
    watch();
    go_back(ad_mul(s, s), &kept);
    expect_parts_of_all(t);
    ck_assert_double_eq(part(1)->local, 15.25);
    ck_assert_int_eq(part(1)->part.type, AD_F32);
}
END_TEST

/* ---- The second band --------------------------------------------------------------------------------------------- */

START_TEST(grad_of_grad)
{
    const ad_tensor x = PARAM(2, "x"), y = ad_mul(ad_mul(x, x), x);
    ad_tensor dx, ddx;
    watch();
    go_back(y, NULL);
    const size_t n = ad_part_count(t, AD_BAND_BACKWARD);
    ck_assert_int_eq(ad_grad(y, &x, 1, &dx), AD_OK);
    ck_assert_uint_eq(ad_part_count(t, AD_BAND_FUNCTIONAL), n);
    ck_assert_int_eq(ad_grad(dx, &x, 1, &ddx), AD_OK);
    ck_assert_double_eq(ad_item(ddx), 12);
    expect_parts(AD_BAND_FUNCTIONAL, 0, x, ddx);
    ck_assert_uint_eq(ad_part_count(t, AD_BAND_BACKWARD), n);
    expect_parts_of_all(t);
}
END_TEST

/* A recorded backward, and a second one through what it recorded. */
START_TEST(through_a_recorded_backward)
{
    const ad_tensor x = some_param(t, AD_F64, AD_SHAPE(3), 1, "x"), y = ad_sum(ad_exp(ad_square(x)));
    watch();
    go_back(y, &recorded);
    expect_parts_of_all(t);
    const ad_tensor penalty = ad_sum_squares(ad_gradient(x));
    go_back(penalty, &kept);
    ck_assert_uint_eq(part(0)->of.id, penalty.id);
    expect_parts_of_all(t);
}
END_TEST

/* The first sweep of ad_hvp is whole. Of the second, what pruning removed is missing. All that stay are valid. */
START_TEST(several_sweeps)
{
    const ad_tensor x = some_param(t, AD_F64, AD_SHAPE(3), 1, "x"), v = some_input(t, AD_F64, AD_SHAPE(3), 2);
    const ad_tensor squares = ad_square(x), y = ad_sum(ad_mul(squares, x));
    ad_tensor hv, dx;
    watch();
    ck_assert_int_eq(ad_grad(y, &x, 1, &dx), AD_OK);
    ck_assert_int_eq(ad_hvp(y, &x, &v, 1, &hv), AD_OK);
    expect_parts(AD_BAND_FUNCTIONAL, 0, x, dx);
    ck_assert_int_eq(last_sweep_of(t, AD_BAND_FUNCTIONAL), 1);
    const ad_tensor columns = ad_jacobian(squares, x);
    ck_assert(!ad_is_inert(columns));
    ck_assert_int_ge(last_sweep_of(t, AD_BAND_FUNCTIONAL), 2);
    ck_assert(!ad_is_inert(ad_jvp(y, &x, &v, 1)));
    for (size_t i = 0; i < ad_part_count(t, AD_BAND_FUNCTIONAL); i++) {
        const ad_part *p = ad_part_at(t, AD_BAND_FUNCTIONAL, i);
        ck_assert(ad_is_valid(p->of) && (ad_is_inert(p->from) || ad_is_valid(p->from)));
        if (p->origin == AD_FROM_RULE)
            ck_assert_uint_eq(ad_operand(p->from, p->place).id, p->of.id);
    }
    expect_ok(t);
}
END_TEST

/* ---- Dropped values ---------------------------------------------------------------------------------------------- */

START_TEST(inside_a_segment)
{
    const ad_tensor x = PARAMS("x", 0.5);
    watch();
    ad_segment_begin(t);
    const ad_tensor inner = ad_exp(x);
    ad_tensor y = ad_square(inner);
    ad_segment_end(t, &y, 1);
    go_back(ad_scale(y, 3), NULL);
    expect_part(3, x, inner, 0, 6 * exp(0.5), exp(0.5));
    expect_parts_of_all(t);
    ck_assert(ad_is_dropped(part(3)->from) && ad_is_valid(part(3)->from));
    ck_assert_uint_eq(count_parts(t, AD_BAND_BACKWARD, ALL_SWEEPS, inner), 1);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, random_tapes, 0, 10);
    tcase_add_test(tests, in_order_with_numbers);
    tcase_add_test(tests, of_the_operands_shape);
    tcase_add_test(tests, several_results);
    tcase_add_test(tests, a_wrong_rule_shows_the_wrong_number);
    tcase_add_test(tests, given_twice_to_one_place);
    tcase_add_test(tests, over_micro_batches);
    tcase_add_test(tests, over_a_reset);
    tcase_add_test(tests, onto_what_was_not_watched);
    tcase_add_test(tests, at_positions);
    tcase_add_test(tests, a_sweep_that_fails);
    tcase_add_test(tests, a_local_derivative_that_fails);
    tcase_add_test(tests, a_rule_that_draws);
    tcase_add_test(tests, a_rule_that_counts);
    tcase_add_test(tests, switched_inside_a_rule);
    tcase_add_test(tests, derivatives_inside_rules_and_kernels);
    tcase_add_test(tests, the_program_s_derivative_stays);
    tcase_add_test(tests, an_infinite_local_derivative);
    tcase_add_test(tests, norms);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, in_f32);
    tcase_add_test(tests, grad_of_grad);
    tcase_add_test(tests, through_a_recorded_backward);
    tcase_add_test(tests, several_sweeps);
    tcase_add_test(tests, inside_a_segment);
}

int main(void) { return run_on_one_tape("parts", add_tests); }
