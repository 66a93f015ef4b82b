/* Every call of the allocator is made to fail, once and for good. Each time there must be AD_NO_MEMORY, or success
 * without that memory; no crash and no leak; and once there is memory again, the same object must give the right
 * numbers.
 *
 * A scenario is a row of `scenarios`: it gets an allocator that is about to fail and does all the work with it. */
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "../support/check.h"
#include "../support/counting.h"
#include "../support/operators_of_tests.h"

/* Some work on a tape. Returns a number in which all its results have a part: NaN after an error. */
typedef double tape_work(ad_tape *t);

/* ---- Small helpers ----------------------------------------------------------------------------------------------- */

/* The elements, each weighed by its place; NaN if x cannot be read. */
static double digest(ad_tensor x)
{
    const void *data = ad_data(x);
    double sum = 0;
    for (size_t i = 0, n = ad_size_of(x); data && i < n; i++) {
        const ad_type type = ad_type_of(x);
        const double value = type == AD_F32   ? (double)((const float *)data)[i]
                             : type == AD_F64 ? ((const double *)data)[i]
                                              : (double)((const int32_t *)data)[i];
        sum += (double)(i + 1) * value;
    }
    return data ? sum : (double)NAN;
}

enum { MOST = 4096 };

/* `n` numbers in [low, high), always the same for a stream. */
static const double *numbers(uint64_t stream, int64_t n, double low, double high)
{
    static double room[MOST];
    ck_assert(n <= MOST);
    for (int64_t i = 0; i < n; i++)
        room[i] = low + (high - low) * ad_random_uniform(99, stream, (uint64_t)i);
    return room;
}

static ad_tensor param(ad_tape *t, uint64_t stream, int64_t m, int64_t n, const char *name)
{
    return ad_param(t, AD_F64, AD_SHAPE(m, n), numbers(stream, m * n, -1, 1), name);
}

static ad_tensor variable(ad_tape *t, uint64_t stream, int64_t m, int64_t n)
{
    return ad_variable(t, AD_F64, AD_SHAPE(m, n), numbers(stream, m * n, -1, 1));
}

/* ---- An operator that has all that a row can have ---------------------------------------------------------------- */

static void blend_shape(ad_call *c)
{
    for (int j = 0; j < c->n_y; j++)
        ad_result(c, j, AD_F64, c->x[0]->shape);
}

/* The by-product is the sum, which the rule does not need: it is there to be kept. */
static void blend_run(ad_call *c)
{
    const size_t n = ad_elements(c->y[0]);
    double *sum = ad_scratch(c, n, sizeof *sum), *y[3] = {c->y[0]->data, c->y[1]->data, c->y[2]->data};
    for (size_t i = 0; sum && i < n; i++) {
        double square = sum[i] = 0;
        for (int k = 0; k < c->n_x; k++) {
            const double x = ((const double *)c->x[k]->data)[i];
            sum[i] += x;
            square += x * x;
        }
        y[0][i] = c->attributes[0].real * sum[i];
        y[1][i] = square;
        y[2][i] = sum[i];
    }
}

/* y = c (a + b + ...), z = a^2 + b^2 + ... :  da = c dy + 2 a dz */
static void blend_vjp(ad_pullback *p)
{
    for (int i = 0; i < ad_x_count(p); i++) {
        ad_tensor dy = ad_scale(ad_dy_at(p, 0), ad_attribute_at(p, 0)->real);
        ad_give(p, i, ad_add(dy, ad_mul(ad_scale(ad_x(p, i), 2), ad_dy_at(p, 1))));
    }
}

static const ad_operator blend = {
    .name = "blend",
    .arity = AD_VARIADIC,
    .n_results = 2,
    .n_byproducts = 1,
    .attributes = {{"c", AD_ATTRIBUTE_REAL}},
    .shape = blend_shape,
    .run = blend_run,
    .vjp = blend_vjp,
};

/* ---- Work on a tape ---------------------------------------------------------------------------------------------- */

/* A few hundred, so that tables and arenas grow. */
static double make_leaves(ad_tape *t)
{
    double sum = 0;
    char name[32];
    for (int i = 0; i < 700; i++) {
        snprintf(name, sizeof name, "layer_%d/weights", i);
        sum += digest(ad_param(t, AD_F64, AD_SHAPE(3, 1), (double[]){i, 2, 3}, name));
        sum += digest(ad_state(t, AD_I32, AD_SCALAR, &i, i % 2 ? name : NULL));
        sum += digest(ad_name(ad_input(t, AD_F32, AD_SHAPE(2), (float[]){1, 2}), name));
        sum += digest(ad_borrow(t, AD_F64, AD_SHAPE(2), (double[]){4, 5})) + digest(ad_scalar(t, i));
    }
    return sum + digest(ad_variable(t, AD_F64, AD_SHAPE(50, 400), NULL));
}

/* One scalar that depends on x [24,30] through every kind of operator, in tensors of many sizes. */
static ad_tensor record_everything(ad_tape *t, ad_tensor x, ad_tensor w)
{
    int32_t picked[16], labels[16];
    for (int i = 0; i < 16; i++) {
        picked[i] = (7 * i) % 24;
        labels[i] = i % 10;
    }
    ad_tensor rows = ad_gather_rows(ad_matmul(x, w), ad_input(t, AD_I32, AD_SHAPE(16), picked));
    ad_tensor loss = ad_mean(ad_softmax_cross_entropy(rows, ad_input(t, AD_I32, AD_SHAPE(16), labels)));
    ad_tensor cube = ad_name(ad_reshape(x, AD_SHAPE(4, 6, -1)), "cube"), many[12], y[AD_MAX_RESULTS];
    loss = ad_add(loss, ad_sum(ad_logsumexp_over(cube, AD_AXES(0, 2))));
    loss = ad_add(loss, ad_sum(ad_mul(ad_max_over(cube, AD_KEEP_AXES(1)), ad_mean_over(cube, AD_KEEP_AXES(-1, 0)))));
    for (int i = 0; i < COUNT(many); i++)
        many[i] = ad_scale(ad_softmax(ad_broadcast_to(ad_sum_over(x, AD_AXES(0)), AD_SHAPE(9, 30)), 1), i + 1);
    ad_apply(t, &blend, many, COUNT(many), (const ad_attribute[]){{.real = 0.25}}, y);
    loss = ad_add(loss, ad_mean(ad_maximum(ad_pow_constant(y[1], 1.5), ad_transpose(ad_transpose(y[0])))));
    ad_tensor narrow = ad_cast(ad_tanh(ad_detach(x)), AD_F32), batches = ad_reshape(x, AD_SHAPE(3, 8, 30));
    loss = ad_add(loss, ad_cast(ad_sum(ad_sum_to(narrow, AD_SHAPE(30))), AD_F64));
    return ad_add(loss, ad_mean(ad_matmul_nt(batches, ad_elu(batches))));
}

static double record(ad_tape *t)
{
    const size_t before = ad_entry_count(t);
    ad_tensor x = variable(t, 1, 24, 30), w = param(t, 2, 30, 10, "w");
    double value = ad_item(record_everything(t, x, w));
    return value + digest(ad_arange(t, AD_I32, 3000)) + (double)(ad_entry_count(t) - before);
}

static double backward(ad_tape *t)
{
    ad_tensor x = variable(t, 1, 24, 30), w = param(t, 2, 30, 10, "w"), loss = record_everything(t, x, w);
    ad_backward(loss);
    return ad_item(loss) + digest(ad_gradient(x)) + digest(ad_gradient(w));
}

static double backward_kept(ad_tape *t)
{
    ad_tensor x = variable(t, 1, 24, 30), w = param(t, 2, 30, 10, "w"), y = ad_tanh(ad_matmul(x, w)), z = y;
    for (int i = 0; i < 150; i++)
        z = ad_reshape(ad_add(z, i % 3 ? y : z), i % 2 ? AD_SHAPE(24, 10) : AD_SHAPE(24, 10));
    ad_backward_with(ad_mean(z), &(ad_backward_options){.keep = true});
    return digest(ad_gradient(x)) + digest(ad_gradient(w)) + digest(ad_gradient(y)) + digest(ad_gradient(z));
}

static double backward_accumulated(ad_tape *t)
{
    ad_tensor x = variable(t, 1, 24, 30), w = param(t, 2, 30, 10, "w");
    for (int i = 0; i < 3; i++)
        ad_backward_with(record_everything(t, x, w), &(ad_backward_options){.accumulate = i > 0});
    return digest(ad_gradient(x)) + digest(ad_gradient(w));
}

/* The gradient of half the squared gradient is Hessian times gradient; and a gradient that outlives its recording. */
static double backward_twice(ad_tape *t)
{
    ad_tensor x = variable(t, 1, 24, 30), w = param(t, 2, 30, 10, "w");
    ad_backward_with(record_everything(t, x, w), &(ad_backward_options){.differentiable = true});
    ad_tensor dx = ad_gradient(x), dw = ad_gradient(w);
    ad_tensor half = ad_scale(ad_add(ad_sum(ad_square(dx)), ad_sum(ad_square(dw))), 0.5);
    ad_backward_with(half, &(ad_backward_options){.differentiable = true});
    double second = digest(ad_gradient(x)) + digest(ad_gradient(w));
    ad_reset(t);
    return second + digest(ad_gradient(w));
}

/* A gradient as the seed of the next backward. */
static double backward_seeded(ad_tape *t)
{
    ad_tensor w = param(t, 2, 30, 10, "w"), y = ad_exp(w);
    ad_backward(ad_mean(y));
    for (int i = 0; i < 3; i++)
        ad_backward_with(y, &(ad_backward_options){.seed = ad_gradient(w), .keep = true});
    return digest(ad_gradient(w)) + digest(ad_gradient(y));
}

/* The tables of entries grow past the first list of their chunks. */
static double chain(ad_tape *t)
{
    ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){0.5}), y = x;
    for (int i = 0; i < 6000; i++)
        y = i % 2 ? ad_neg(y) : ad_shift(y, 1);
    ad_backward_with(y, &(ad_backward_options){.keep = true});
    return ad_item(y) + ad_item(ad_gradient(x));
}

static double train(ad_tape *t)
{
    ad_tensor p[] = {param(t, 3, 20, 40, "w1"), param(t, 4, 1, 40, "b1"), param(t, 5, 40, 3, "w2")}, slots[3];
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        slots[i] = ad_state(t, AD_F64, ad_shape_of(p[i]), NULL, "slot");
        ad_fill(slots[i], 0.1);
    }
    ad_fill_uniform(p[1], (const double[]){-1, 1}, 4, 4);
    for (int step = 0; step < 4; step++) {
        int64_t n = step == 2 ? 7 : 32;
        ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(n, 20), numbers(6, n * 20, -1, 1));
        ad_tensor h = ad_relu(ad_add(ad_matmul(x, p[0]), p[1])), loss = ad_mean(ad_square(ad_matmul(h, p[2])));
        ad_backward(loss);
        sum += ad_item(loss);
        ad_reset(t);
        for (int i = 0; i < 3; i++)
            i < 2 ? ad_descend_adagrad(p[i], slots[i], 0.05) : ad_descend(p[i], 0.05);
    }
    return sum + digest(p[0]) + digest(p[1]) + digest(p[2]) + digest(slots[0]);
}

static double inspect(ad_tape *t)
{
    ad_tensor x = variable(t, 1, 24, 30), w = param(t, 2, 30, 10, "w"), y = ad_name(ad_tanh(ad_matmul(x, w)), "y");
    double sum = 0;
    for (int i = 0; i < 30; i++)
        sum += digest(ad_local_gradient(y, 0)) + digest(ad_local_gradient(ad_operand(y, 0), i % 2));
    return sum + ad_operand_count(y);
}

static ad_tensor checked_function(ad_tape *t, void *w)
{
    ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(40, 3), numbers(7, 120, -1, 1));
    return ad_mean(ad_softplus(ad_matmul(x, *(ad_tensor *)w)));
}

/* It checks every parameter of the tape, so it keeps to one, which a repeated call finds again. */
static double gradcheck(ad_tape *t)
{
    ad_tensor w = ad_kept_count(t) ? ad_kept_at(t, 0) : param(t, 2, 3, 2, "w");
    ad_gradcheck_result result = {.verdict = AD_GRADIENT_WRONG};
    if (ad_gradcheck(t, checked_function, &w, NULL, &result) != AD_OK)
        return (double)NAN;
    ck_assert_int_eq(result.verdict, AD_GRADIENT_RIGHT);
    return digest(w) + digest(ad_gradient(w));
}

/* All functional forms, on a path long enough for its lists to grow, by tensors that have gradients. */
static double derivatives(ad_tape *t)
{
    ad_tensor x[] = {variable(t, 1, 3, 2), param(t, 2, 2, 2, "w")}, h = ad_matmul(x[0], x[1]), dx[2];
    for (int i = 0; i < 100; i++)
        h = i % 2 ? ad_tanh(h) : ad_add(h, ad_scale(x[0], 0.01));
    const ad_tensor loss = ad_mean(ad_square(h));
    double sum = 0;
    ad_backward_with(loss, &(ad_backward_options){.keep = true});
    ad_grad(loss, x, 2, dx);
    sum += digest(dx[0]) + digest(dx[1]);
    ad_vjp(h, h, x, 2, dx);
    sum += digest(dx[0]) + digest(dx[1]) + digest(ad_jvp(h, x, x, 2));
    ad_hvp(loss, x, x, 2, dx);
    sum += digest(dx[0]) + digest(dx[1]) + digest(ad_hessian(loss, x[1]));
    return sum + digest(ad_jacobian(h, x[0])) + digest(ad_jacobian(h, x[1])) + digest(ad_gradient(x[0]));
}

/* Positions at large, and in kernels and rules. */
static double positions(ad_tape *t)
{
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(40), numbers(1, 40, 1, 2), "x"), keep[3];
    double sum = 0;
    for (int round = 0; round < 4; round++) {
        const ad_position position = ad_position_now(t);
        const ad_tensor y = least_by_envelope(ad_mul(root_by_newton(x), x));
        ad_backward_with(ad_sum(y), &(ad_backward_options){.differentiable = round % 2, .keep = true});
        ad_tensor dx;
        ad_grad(ad_sum(y), &x, 1, &dx);
        keep[0] = keep[2] = dx;
        keep[1] = y;
        ad_fill(x, 1 + 0.1 * round);
        ad_return_to(t, position, keep, 3);
        sum += digest(keep[0]) + digest(keep[1]) + digest(keep[2]) + digest(ad_gradient(x));
    }
    return sum;
}

static ad_tensor record_segments(ad_tape *t, ad_tensor h, ad_tensor w)
{
    for (int i = 0; i < 70; i++) {
        ad_tensor y[2];
        ad_segment_begin(t);
        h = ad_tanh(ad_matmul(ad_reshape(ad_exp(ad_scale(h, 0.5)), AD_SHAPE(3, 4)), w));
        apply_two_results(h, ad_add(h, ad_input(t, AD_F64, AD_SHAPE(3, 4), NULL)), y);
        h = cube_in_numbers(y[1]);
        ad_segment_end(t, &h, 1);
    }
    return ad_sum(h);
}

static double segments(ad_tape *t)
{
    const ad_tensor x = variable(t, 1, 3, 4), w = param(t, 2, 4, 4, "w"), loss = record_segments(t, x, w);
    double sum = 0;
    for (int way = 0; way < 3; way++) {
        ad_backward_with(loss, &(ad_backward_options){.differentiable = way == 1});
        sum += digest(ad_gradient(x)) + digest(ad_gradient(w));
    }
    return sum;
}

/* Backward from joined parts: the gradient of a part is its run of the seed w. Nothing else is made in the sweep, so
 * that no memory is free for the gradients: each is a request. */
static double joined(ad_tape *t, bool in_segment)
{
    enum { N = 500, PART = 2 * N };
    const ad_tensor a = param(t, 1, N, 2, NULL), b = variable(t, 2, N, 2);
    for (int stack = 0; stack < 2; stack++) {
        if (in_segment)
            ad_segment_begin(t);
        const ad_tensor x[] = {a, ad_scale(b, 2), a};
        const ad_tensor y = stack ? ad_stack(x, 3, 0) : ad_concat(x, 3, 0);
        if (in_segment)
            ad_segment_end(t, &y, 1);
        const ad_tensor w = ad_input(t, AD_F64, ad_shape_of(y), numbers(3, 3 * PART, -1, 1));
        if (ad_backward_with(y, &(ad_backward_options){.seed = w}) != AD_OK)
            return (double)NAN;
        for (size_t i = 0; i < PART; i++) {
            ck_assert_double_eq(number_at(ad_gradient(a), i), number_at(w, i) + number_at(w, 2 * PART + i));
            ck_assert_double_eq(number_at(ad_gradient(b), i), 2 * number_at(w, PART + i));
        }
    }
    return digest(ad_gradient(a)) + digest(ad_gradient(b));
}

static double joined_plainly(ad_tape *t) { return joined(t, false); }
static double joined_in_segments(ad_tape *t) { return joined(t, true); }

static double replays(ad_tape *t)
{
    const ad_tensor x = variable(t, 1, 3, 4), w = param(t, 2, 4, 4, "w"), loss = record_segments(t, x, w);
    const ad_tensor top = ad_max(ad_matmul(x, w)), rooted = root_by_newton(ad_exp(w));
    ad_tensor dx;
    ad_replay_report report;
    ad_grad(top, &x, 1, &dx);
    double sum = ad_guard_greater(ad_exp(loss), ad_neg(ad_exp(top)), "above");
    for (int round = 0; round < 3; round++) {
        ad_assign(x, numbers(20 + (uint64_t)round, 12, -1, 1));
        ad_feed(w, AD_SHAPE(4, 4), numbers(30 + (uint64_t)round, 16, -1, 1));
        ad_replay_with(t, NULL, &report);
        sum += digest(top) + digest(rooted) + digest(dx);
    }
    return sum;
}

/* ---- Running work on a tape -------------------------------------------------------------------------------------- */

static double run_undisturbed(tape_work *work)
{
    ad_tape *t = ad_tape_open(NULL);
    double result = work(t);
    expect_ok(t);
    ck_assert(isfinite(result));
    ad_tape_close(t);
    return result;
}

/* The tape is out of memory, and says so in one of the ways there are. */
static void expect_out_of_memory(const ad_tape *t)
{
    static const char *const shapes = "^([a-z0-9_]+: memory is out( for [0-9]+ bytes of scratch)?"
                                      "|memory is out for a tensor \\[[0-9,]*\\] of (f32|f64|i32)"
                                      "|[a-z]+: memory is out for a result \\[[0-9,]*\\] of (f32|f64), which takes "
                                      "twice its size to make)$";
    regex_t shape;
    ck_assert_msg(ad_status_of(t) == AD_NO_MEMORY, "%s: %s", ad_status_name(ad_status_of(t)), ad_message(t));
    ck_assert_int_eq(regcomp(&shape, shapes, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&shape, ad_message(t), 0, NULL, 0) == 0, "it says: %s", ad_message(t));
    regfree(&shape);
}

/* A tape that could not be opened, or one that may fail while it works. */
static ad_tape *open_and_work(counting *memory, tape_work *work, double expected)
{
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory->allocator});
    if (!t) {
        ck_assert_msg(memory->refused > 0, "no tape, though there was memory");
        return NULL;
    }
    double result = work(t);
    if (ad_status_of(t) == AD_OK) {
        ck_assert_double_eq(result, expected);
        return t;
    }
    expect_out_of_memory(t);
    ck_assert_msg(memory->refused > 0, "there was memory, but: %s", ad_message(t));
    return t;
}

static void run_on_tape(counting *memory, tape_work *work)
{
    static double expected;
    static tape_work *known;
    if (known != work)
        expected = run_undisturbed(known = work);
    ad_tape *t = open_and_work(memory, work, expected);
    /* With and without a reset, before and after there is memory again. */
    if (memory->fail_at % 3 == 1)
        ad_reset(t);
    counting_heal(memory);
    if (memory->refused % 2)
        ad_reset(t);
    if (!t)
        t = ad_tape_open(&(ad_tape_options){.allocator = &memory->allocator});
    ad_clear_error(t);
    for (int again = 0; again < 2; again++) {
        double result = work(t);
        ck_assert_msg(ad_status_of(t) == AD_OK, "with memory again: %s", ad_message(t));
        ck_assert_msg(result == expected, "with memory again: %.17g, not %.17g", result, expected);
        ck_assert_int_eq(ad_reset(t), AD_OK);
    }
    ad_tape_close(t);
}

static void run_leaves(counting *memory) { run_on_tape(memory, make_leaves); }
static void run_record(counting *memory) { run_on_tape(memory, record); }
static void run_backward(counting *memory) { run_on_tape(memory, backward); }
static void run_kept(counting *memory) { run_on_tape(memory, backward_kept); }
static void run_accumulated(counting *memory) { run_on_tape(memory, backward_accumulated); }
static void run_twice(counting *memory) { run_on_tape(memory, backward_twice); }
static void run_seeded(counting *memory) { run_on_tape(memory, backward_seeded); }
static void run_chain(counting *memory) { run_on_tape(memory, chain); }
static void run_train(counting *memory) { run_on_tape(memory, train); }

/* The same scenarios, watched: the same numbers, or no memory. */
static double watched(ad_tape *t, tape_work *work)
{
    ad_watch(t, AD_ON);
    ad_scope_begin(t, "work");
    const double value = work(t);
    return value + (double)ad_part_count(t, AD_BAND_BACKWARD) + (double)ad_part_count(t, AD_BAND_FUNCTIONAL);
}

static double train_watched(ad_tape *t) { return watched(t, train); }
static double derivatives_watched(ad_tape *t) { return watched(t, derivatives); }
static double twice_watched(ad_tape *t) { return watched(t, backward_twice); }
static void run_train_watched(counting *memory) { run_on_tape(memory, train_watched); }
static void run_derivatives_watched(counting *memory) { run_on_tape(memory, derivatives_watched); }
static void run_twice_watched(counting *memory) { run_on_tape(memory, twice_watched); }
static void run_inspect(counting *memory) { run_on_tape(memory, inspect); }
static void run_gradcheck(counting *memory) { run_on_tape(memory, gradcheck); }

/* A derivative that fails changes nothing: neither stored gradients nor the number of entries. */
static void run_intact(counting *memory)
{
    const size_t k = memory->fail_at;
    const counting_failure failure = memory->failure;
    counting_heal(memory);
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory->allocator});
    const ad_tensor x[] = {variable(t, 1, 30, 30), param(t, 2, 30, 30, "w")};
    ad_tensor h[90], dx[2];
    h[0] = ad_matmul(x[0], x[1]);
    for (int i = 1; i < COUNT(h); i++)
        h[i] = ad_tanh(ad_add(h[i - 1], x[0]));
    const ad_tensor loss = ad_sum(h[COUNT(h) - 1]);
    ad_backward_with(loss, &(ad_backward_options){.keep = true});
    const double before = digest(ad_gradient(x[0])) + digest(ad_gradient(x[1])) + digest(ad_gradient(h[40]));
    const size_t entries = ad_entry_count(t);
    counting_fail(memory, k, failure);
    const ad_status status = ad_hvp(loss, x, x, 2, dx);
    counting_heal(memory);
    ck_assert_int_eq(ad_clear_error(t), status);
    ck_assert(status == AD_OK || (status == AD_NO_MEMORY && memory->refused && ad_is_inert(dx[0])));
    ck_assert(status == AD_OK || ad_entry_count(t) == entries);
    ck_assert_double_eq(digest(ad_gradient(x[0])) + digest(ad_gradient(x[1])) + digest(ad_gradient(h[40])), before);
    ck_assert_int_eq(ad_hvp(loss, x, x, 2, dx), AD_OK);
    ad_tape_close(t);
}

static void run_derivatives(counting *memory) { run_on_tape(memory, derivatives); }
static void run_positions(counting *memory) { run_on_tape(memory, positions); }
static void run_segments(counting *memory) { run_on_tape(memory, segments); }
static void run_joined(counting *memory) { run_on_tape(memory, joined_plainly); }
static void run_joined_in_segments(counting *memory) { run_on_tape(memory, joined_in_segments); }
static void run_replays(counting *memory) { run_on_tape(memory, replays); }

/* ---- Scenarios --------------------------------------------------------------------------------------------------- */

/* A scenario opens its objects with memory->allocator, and closes them. When the allocator has failed, it calls
 * counting_heal and shows that the objects work again. */
static const struct {
    const char *name;
    void (*run)(counting *memory);
} scenarios[] = {
    {"leaves", run_leaves},
    {"recording", run_record},
    {"backward", run_backward},
    {"backward, gradients kept", run_kept},
    {"backward, accumulated", run_accumulated},
    {"backward, differentiable and again", run_twice},
    {"backward, seeded", run_seeded},
    {"a chain", run_chain},
    {"training", run_train},
    {"training, watched", run_train_watched},
    {"derivatives, watched", run_derivatives_watched},
    {"backward, differentiable and again, watched", run_twice_watched},
    {"inspection", run_inspect},
    {"gradcheck", run_gradcheck},
    {"derivatives", run_derivatives},
    {"derivatives that change nothing", run_intact},
    {"positions", run_positions},
    {"segments", run_segments},
    {"replay", run_replays},
    {"joined parts", run_joined},
    {"joined parts in segments", run_joined_in_segments},
};

static void run_scenario(int index, counting_failure failure)
{
    size_t k = 0;
    for (bool failed = true; failed;) {
        counting memory;
        counting_open(&memory);
        counting_fail(&memory, ++k, failure);
        scenarios[index].run(&memory);
        counting_check_released(&memory);
        failed = memory.refused > 0;
    }
    counting_print_refused(k - 1, scenarios[index].name);
    ck_assert_msg(k > 3, "%s: only %zu calls of the allocator: the test shows nothing", scenarios[index].name, k - 1);
}

START_TEST(one_call_fails) { run_scenario(_i, COUNTING_ONCE); }
END_TEST

START_TEST(all_calls_fail_from_one_on) { run_scenario(_i, COUNTING_FOR_GOOD); }
END_TEST

/* ---- Every operator at the brim ----------------------------------------------------------------------------------- *
 * Arenas ask the allocator seldom, so that few of an operator's own requests would ever fail. Here the tape's free room
 * is used up, to all but a few bytes, before the operator is called. */

enum { SWEEP_FROM = 7000, SWEEP_TO = 17000, SWEEP_STEP = 16, FILLERS = 130 };
#ifdef TESTS_FEW_TERMS /* under a sanitizer */
enum { FILLERS_STEP = 3 };
#else
enum { FILLERS_STEP = 1 };
#endif

static char letter_of(const ad_operator *op, int i)
{
    size_t n = op->types ? strlen(op->types) : 0;
    return n == 0 ? 'r' : op->types[(size_t)i < n ? (size_t)i : n - 1];
}

/* A number of the operand's domain. */
static double draw(const ad_domain *d, uint64_t i)
{
    const bool given = d->low != 0 || d->high != 0;
    const double low = given ? d->low : -2, high = given ? d->high : 2;
    double u = low + (high - low) * ad_random_uniform(7, 0, i);
    if (d->gap > 0 && fabs(u - d->kink) < d->gap)
        u = d->kink + d->gap;
    return u;
}

/* Makes matrices symmetric and adds to their diagonals, as the domain says. */
static void shape_matrices(const ad_domain *d, const ad_shape *shape, size_t count, double *x)
{
    const size_t n = d->symmetric || d->diagonal != 0 ? (size_t)shape->dims[shape->rank - 1] : 0;
    for (size_t at = 0; n && at < count; at += n * n)
        for (size_t i = 0; i < n; i++) {
            x[at + i * n + i] += d->diagonal;
            for (size_t j = 0; d->symmetric && j < i; j++)
                x[at + i * n + j] = x[at + j * n + i];
        }
}

static ad_tensor sample_operand(ad_tape *t, const ad_operator *op, const ad_sample *sample, int i, bool as_param)
{
    double real[MOST];
    int32_t whole[MOST];
    size_t n = 1;
    for (int axis = 0; axis < sample->x[i].rank; axis++)
        n *= (size_t)sample->x[i].dims[axis];
    ck_assert_uint_le(n, MOST);
    for (size_t j = 0; j < n; j++) {
        real[j] = draw(&op->domain[i], 100 * (uint64_t)i + j);
        whole[j] = (int32_t)lround(real[j]);
    }
    shape_matrices(&op->domain[i], &sample->x[i], n, real);
    if (letter_of(op, i) == 'i')
        return ad_input(t, AD_I32, sample->x[i], whole);
    return (as_param ? ad_param(t, AD_F64, sample->x[i], real, NULL) : ad_input(t, AD_F64, sample->x[i], real));
}

static ad_tensor apply_sample(ad_tape *t, const ad_operator *op, const ad_sample *sample, const ad_tensor *x)
{
    ad_tensor y[AD_MAX_RESULTS];
    ad_apply(t, op, x, sample->n_x, sample->attributes, y);
    return y[0];
}

/* NaN is a result like any other here. */
static bool same_bits(double a, double b) { return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0; }

/* The result of a sample on a tape whose arena is filled with a name of this length; counts a failure in *failures.
 * Returns false if the name did not fit. */
static bool record_at_brim(const ad_operator *op, const ad_sample *sample, size_t length, int *failures)
{
    static char name[SWEEP_TO + 1];
    counting memory;
    counting_open(&memory);
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    ad_tensor x[AD_SAMPLE_OPERANDS] = {{0}}, filler = ad_scalar(t, 0);
    for (int i = 0; i < sample->n_x; i++)
        x[i] = sample_operand(t, op, sample, i, false);
    double expected = digest(apply_sample(t, op, sample, x));
    expect_ok(t);
    memset(name, 'n', length);
    name[length] = 0;
    counting_fail(&memory, 1, COUNTING_FOR_GOOD);
    bool fits = !ad_is_inert(ad_name(filler, name));
    size_t entries = ad_entry_count(t);
    ad_tensor y = apply_sample(t, op, sample, x);
    bool failed = ad_is_inert(y);
    *failures += failed && fits;
    ck_assert_int_eq(ad_clear_error(t), failed ? AD_NO_MEMORY : AD_OK);
    const size_t results = (size_t)((op->n_results ? op->n_results : 1) + op->n_byproducts);
    ck_assert_uint_eq(ad_entry_count(t), entries + (failed ? 0 : results));
    counting_heal(&memory);
    double got = digest(failed ? apply_sample(t, op, sample, x) : y);
    ck_assert_msg(same_bits(got, expected), "%s: %.17g, not %.17g: %s", op->name, got, expected, ad_message(t));
    ad_tape_close(t);
    counting_check_released(&memory);
    return fits;
}

/* The longest name that fits: with it the arena is full, and with each shorter one a little more room is left. */
static size_t longest_name(const ad_operator *op, const ad_sample *sample)
{
    size_t fits = 0, too_long = SWEEP_TO;
    while (fits + SWEEP_STEP < too_long) {
        const size_t middle = (fits + too_long) / 2;
        int failures = 0;
        if (record_at_brim(op, sample, middle, &failures))
            fits = middle;
        else
            too_long = middle;
    }
    return fits;
}

/* From the full arena on, until there is room enough: every allocation of the call is refused once. */
START_TEST(a_recording_at_the_brim)
{
    const ad_operator *op = ad_operator_at((size_t)_i);
    for (int s = 0; s < op->n_samples; s++) {
        int failures = 0, before = -1;
        size_t length = longest_name(op, &op->samples[s]);
        for (; failures > before; length -= SWEEP_STEP) {
            before = failures;
            record_at_brim(op, &op->samples[s], length, &failures);
        }
        /* A scalar lies in its entry: where there are no attributes either, it needs no room at all. */
        bool needs_room = op->attributes[0].kind != AD_ATTRIBUTE_NONE;
        ck_assert_msg(failures > 0 || !needs_room, "%s, sample %d, never failed", op->name, s);
        counting_print_refused((size_t)failures, op->name);
    }
}
END_TEST

static ad_tensor new_input(ad_tape *t, const double *x) { return ad_input(t, AD_F64, AD_SHAPE(3), x); }
static ad_tensor new_variable(ad_tape *t, const double *x) { return ad_variable(t, AD_F64, AD_SHAPE(3), x); }
static ad_tensor new_borrow(ad_tape *t, const double *x) { return ad_borrow(t, AD_F64, AD_SHAPE(3), x); }
static ad_tensor new_param(ad_tape *t, const double *x) { return ad_param(t, AD_F64, AD_SHAPE(3), x, "a name"); }
static ad_tensor new_state(ad_tape *t, const double *x) { return ad_state(t, AD_F64, AD_SHAPE(3), x, "a name"); }

static ad_tensor (*const leaves[])(ad_tape *t, const double *x) = {
    new_input, new_variable, new_borrow, new_param, new_state,
};

/* A leaf that fails leaves neither an entry nor a parameter behind; with memory again it is there. */
static void make_leaf_at_brim(int index, size_t length, int *failures)
{
    static char name[SWEEP_TO + 1];
    const double x[] = {1, 2, 3};
    counting memory;
    counting_open(&memory);
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    ad_tensor p = new_param(t, x), filler = ad_scalar(t, 0);
    memset(name, 'n', length);
    name[length] = 0;
    counting_fail(&memory, 1, COUNTING_FOR_GOOD);
    ad_name(index < 3 ? filler : p, name);
    ad_clear_error(t);
    size_t entries = ad_entry_count(t), kept = ad_kept_count(t);
    ad_tensor y = leaves[index](t, x);
    bool failed = ad_is_inert(y);
    *failures += failed;
    ck_assert_int_eq(ad_clear_error(t), failed ? AD_NO_MEMORY : AD_OK);
    ck_assert_uint_eq(ad_entry_count(t) + ad_kept_count(t), entries + kept + !failed);
    counting_heal(&memory);
    ck_assert_double_eq(digest(failed ? leaves[index](t, x) : y), 14);
    ad_tape_close(t);
    counting_check_released(&memory);
}

START_TEST(a_leaf_at_the_brim)
{
    int failures = 0;
    for (size_t length = SWEEP_FROM; length < SWEEP_TO; length += SWEEP_STEP)
        make_leaf_at_brim(_i, length, &failures);
    ck_assert_int_gt(failures, 0);
    counting_print_refused((size_t)failures, "a leaf");
}
END_TEST

static double gradients(const ad_tensor *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        if (ad_type_of(x[i]) != AD_I32)
            sum += ad_has_gradient(x[i]) ? digest(ad_gradient(x[i])) : 0;
    return sum;
}

/* The gradients of `n` parameters of 64 bytes stay in the pool, since the next backward accumulates. */
static void fill_pool(ad_tape *t, int n)
{
    ad_tensor sum = ad_scalar(t, 0);
    for (int i = 0; i < n; i++)
        sum = ad_add(sum, ad_sum(ad_param(t, AD_F64, AD_SHAPE(8), NULL, NULL)));
    ad_backward(sum);
}

static void backward_at_brim(const ad_operator *op, const ad_sample *sample, int fillers, int *failures)
{
    counting memory;
    counting_open(&memory);
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    ad_tensor x[AD_SAMPLE_OPERANDS] = {{0}};
    for (int i = 0; i < sample->n_x; i++)
        x[i] = sample_operand(t, op, sample, i, true);
    fill_pool(t, fillers);
    ad_tensor loss = ad_sum(apply_sample(t, op, sample, x));
    expect_ok(t);
    counting_fail(&memory, 1, COUNTING_FOR_GOOD);
    ad_status status = ad_backward_with(loss, &(ad_backward_options){.accumulate = true});
    counting_heal(&memory);
    ck_assert_int_eq(ad_clear_error(t), status);
    ck_assert_msg(status == AD_OK || status == AD_NO_MEMORY, "%s", ad_status_name(status));
    double got = gradients(x, sample->n_x);
    *failures += status != AD_OK;
    for (size_t i = 0; status != AD_OK && i < ad_kept_count(t); i++)
        ck_assert(!ad_has_gradient(ad_kept_at(t, i)));
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    double expected = gradients(x, sample->n_x);
    ck_assert_msg(status != AD_OK || same_bits(got, expected), "%s: %.17g, not %.17g", op->name, got, expected);
    ad_reset(t);
    ad_backward(ad_sum(apply_sample(t, op, sample, x)));
    ad_clear_error(t);
    ad_tape_close(t);
    counting_check_released(&memory);
}

static bool is_differentiable(const ad_operator *op)
{
    return op->vjp && !(op->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS)) && letter_of(op, 0) != 'i';
}

START_TEST(backward_at_the_brim)
{
    const ad_operator *op = ad_operator_at((size_t)_i);
    int failures = 0;
    for (int first = 1; first == 1 || (failures == 0 && first <= FILLERS_STEP); first++)
        for (int s = 0; is_differentiable(op) && s < op->n_samples; s++)
            for (int fillers = first; fillers < FILLERS; fillers += FILLERS_STEP)
                backward_at_brim(op, &op->samples[s], fillers, &failures);
    ck_assert_msg(failures > 0 || !is_differentiable(op), "%s never failed", op->name);
    counting_print_refused((size_t)failures, op->name);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

int main(void)
{
    Suite *s = suite_create("faults");
    TCase *each = tcase_create("each call"), *brim = tcase_create("brim");
    tcase_add_loop_test(each, one_call_fails, 0, COUNT(scenarios));
    tcase_add_loop_test(each, all_calls_fail_from_one_on, 0, COUNT(scenarios));
    suite_add_tcase(s, each);
    tcase_add_loop_test(brim, a_leaf_at_the_brim, 0, COUNT(leaves));
    tcase_add_loop_test(brim, a_recording_at_the_brim, 0, (int)ad_operator_count());
    tcase_add_loop_test(brim, backward_at_the_brim, 0, (int)ad_operator_count());
    suite_add_tcase(s, brim);
    return run_suites(srunner_create(s));
}
