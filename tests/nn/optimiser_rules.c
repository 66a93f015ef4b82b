/* The rules of the optimisers: the trajectories of other libraries (golden/optimisers.json: NumPy, read against torch
 * and Keras), what each row has in common with all others, and a row of the user's own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/json_reader.h"
#include "../support/one_tape.h"

enum { RULES = 11, MOST = 16, ROWS = 40 };

/* ---- Trajectories ------------------------------------------------------------------------------------------------ */

/* A run of the file that another suite tests. */
static bool is_of_another_suite(const json *run) { return !strcmp(json_text(json_in(run, "optimiser")), "lbfgs"); }

static double option(const json *options, const char *name)
{
    return json_has(options, name) ? json_number(json_in(options, name)) : 0;
}

static bool has_switch(const json *options, const char *name)
{
    return json_has(options, name) && json_in(options, name)->is_true;
}

/* The options of a run, in this library's words. The sum of squares cannot begin with 0: it begins with next to it. */
static nn_optimiser_options options_of(const json *run, ad_type type)
{
    const json *o = json_in(run, "options");
    const char *name = json_text(json_in(run, "optimiser"));
    const bool is_sgd = !strcmp(name, "sgd"), has_momentum = option(o, "momentum") > 0;
    nn_optimiser_options of = {.rule = has_switch(o, "nesterov")                         ? &nn_nesterov
                                       : is_sgd && has_momentum                          ? &nn_momentum
                                       : is_sgd                                          ? &nn_gradient_descent
                                       : option(o, "decay") > 0 && !strcmp(name, "adam") ? &nn_adamw
                                                                                         : nn_optimiser_named(name),
                               .rate = option(o, "rate"),
                               .l2 = option(o, "l2"),
                               .l1 = option(o, "l1"),
                               .clip_norm = option(o, "clip_norm"),
                               .momentum = option(o, "momentum"),
                               .beta1 = option(o, "beta1"),
                               .beta2 = option(o, "beta2"),
                               .epsilon = option(o, "epsilon"),
                               .initial_accumulator = option(o, "initial_accumulator"),
                               .epsilon_inside = has_switch(o, "epsilon_inside"),
                               .centred = has_switch(o, "centred"),
                               .epsilon_hat = has_switch(o, "epsilon_hat"),
                               .from_zero = !strcmp(name, "ftrl")};
    ck_assert_ptr_nonnull(of.rule);
    if (of.rule == &nn_rmsprop)
        of.rho = option(o, "decay");
    else
        of.decay = option(o, "decay");
    if (of.rule == &nn_adagrad && of.initial_accumulator == 0)
        of.initial_accumulator = type == AD_F32 ? 1e-30 : 1e-200;
    return of;
}

static size_t numbers_of(const json *list, double *to, size_t most)
{
    ck_assert_int_le(list->n, (int)most);
    for (int i = 0; i < list->n; i++)
        to[i] = json_number(json_at(list, i));
    return (size_t)list->n;
}

/* The rows of a matrix, one behind another, each with a 1 at its end if it is that of a logistic problem. */
static void matrix_of(const json *rows, bool with_one, double *to)
{
    for (int i = 0; i < rows->n; i++) {
        to += numbers_of(json_at(rows, i), to, MOST);
        if (with_one)
            *to++ = 1;
    }
}

static ad_tensor loss_of(const json *problem, ad_tensor w)
{
    static double a[ROWS * MOST], c[ROWS];
    const ad_type type = ad_type_of(w);
    const int64_t d = (int64_t)ad_size_of(w);
    if (!strcmp(json_text(json_in(problem, "kind")), "quadratic")) {
        matrix_of(json_in(problem, "A"), false, a);
        numbers_of(json_in(problem, "c"), c, COUNT(c));
        const ad_tensor off = ad_reshape(ad_sub(w, input_of(type, AD_SHAPE(d), c)), AD_SHAPE(d, 1));
        return ad_scale(ad_sum(ad_mul(off, ad_matmul(input_of(type, AD_SHAPE(d, d), a), off))), 0.5);
    }
    matrix_of(json_in(problem, "X"), true, a);
    const int64_t n = (int64_t)numbers_of(json_in(problem, "y"), c, COUNT(c));
    const ad_tensor z =
        ad_reshape(ad_matmul(input_of(type, AD_SHAPE(n, d), a), ad_reshape(w, AD_SHAPE(d, 1))), AD_SHAPE(n));
    return ad_mean(ad_sub(ad_softplus(z), ad_mul(input_of(type, AD_SHAPE(n), c), z)));
}

static void follow(const json *file, const json *run, ad_type type)
{
    const double tolerance = type == AD_F64 ? 1e-12 : 1e-5;
    const char *name = json_text(json_in(run, "name"));
    const json *problem = json_in(json_in(file, "problems"), json_text(json_in(run, "problem")));
    const nn_optimiser_options o = options_of(run, type);
    double w0[MOST];
    const size_t d = numbers_of(json_in(problem, "w0"), w0, MOST);
    const ad_tensor w = ad_param(t, type, AD_SHAPE((int64_t)d), NULL, name);
    ad_assign(w, ad_data(input_of(type, AD_SHAPE((int64_t)d), w0)));
    const json *losses = json_in(run, "loss"), *after = json_in(run, "w");
    ck_assert_int_eq(losses->n, 20);
    for (int step = 0; step < losses->n; step++) {
        const ad_tensor loss = loss_of(problem, w);
        const double wanted_loss = json_number(json_at(losses, step));
        ck_assert_msg(fabs(ad_item(loss) - wanted_loss) <= tolerance * (1 + fabs(wanted_loss)),
                      "%s, step %d: loss %.17g, not %.17g", name, step, ad_item(loss), wanted_loss);
        ad_backward(loss);
        ck_assert_msg(nn_optimiser_step(&o, &w, 1) == AD_OK, "%s: %s", name, ad_message(t));
        ad_reset(t);
        for (size_t i = 0; i < d; i++) {
            const double wanted_w = json_number(json_at(json_at(after, step), (int)i));
            ck_assert_msg(fabs(number_at(w, i) - wanted_w) <= tolerance * (1 + fabs(wanted_w)),
                          "%s, step %d: w[%zu] is %.17g, not %.17g", name, step, i, number_at(w, i), wanted_w);
        }
    }
}

START_TEST(trajectories_are_those_of_other_libraries)
{
    char path[600];
    const char *folder = getenv("GRADTAPE_GOLDEN_DIR");
    snprintf(path, sizeof path, "%s/optimisers.json", folder ? folder : "tests/golden");
    json *file = json_read_file(path);
    const json *runs = json_in(file, "runs");
    int followed = 0;
    for (int i = 0; i < runs->n; i++) {
        if (is_of_another_suite(json_at(runs, i)))
            continue;
        close_tape();
        open_tape();
        follow(file, json_at(runs, i), _i ? AD_F32 : AD_F64);
        followed++;
    }
    json_free(file);
    ck_assert_int_eq(followed, 19);
}
END_TEST

/* ---- What all rules have in common ------------------------------------------------------------------------------- */

/* Options that take every state and every part of the rule. */
static nn_optimiser_options busy(size_t rule, int decay)
{
    nn_optimiser_options o = {.rule = nn_optimiser_at(rule), .rate = 0.01};
    if (o.rule == &nn_rmsprop) {
        o.momentum = 0.5;
        o.centred = true;
    }
    if (o.rule != &nn_ftrl)
        o.decay = decay ? 0.1 : 0;
    o.l1 = decay ? 0.001 : 0;
    o.l2 = decay ? 0.01 : 0;
    o.clip_value = decay ? 0.9 : 0;
    o.clip_norm = decay ? 3 : 0;
    return o;
}

enum { LONG = 20000 };

/* A parameter of several blocks after some steps on gradients that vary. */
static void run_long(const nn_optimiser_options *o, ad_type type, void *to)
{
    static double start[LONG];
    fill_with_some(start, LONG, 3);
    const ad_tensor w = ad_param(t, type, AD_SHAPE(LONG), NULL, "w");
    ad_assign(w, ad_data(input_of(type, AD_SHAPE(LONG), start)));
    for (int step = 0; step < 4; step++) {
        ad_backward(ad_sum(ad_sin(ad_scale(w, step + 1))));
        ck_assert_int_eq(nn_optimiser_step(o, &w, 1), AD_OK);
        ad_reset(t);
    }
    memcpy(to, ad_data(w), LONG * (type == AD_F32 ? sizeof(float) : sizeof(double)));
    expect_ok(t);
}

START_TEST(threads_give_the_same_bits)
{
    static char one[LONG * sizeof(double)], more[LONG * sizeof(double)];
    for (int way = 0; way < 4; way++) {
        const nn_optimiser_options o = busy((size_t)_i, way / 2);
        for (int threads = 1; threads <= 4; threads++) {
            close_tape();
            open_tape();
            ad_set_threads(threads);
            run_long(&o, way % 2 ? AD_F32 : AD_F64, threads == 1 ? one : more);
            ck_assert_msg(threads == 1 || !memcmp(one, more, LONG * (way % 2 ? sizeof(float) : sizeof(double))),
                          "%s, %d threads", o.rule->name, threads);
        }
    }
    ad_set_threads(0);
}
END_TEST

/* Decay, l1 and l2 in the rule's pass are those of the plain formulas: x <- (1 - a decay) x, and a gradient of l1
 * sign(x)
 * + l2 x more. */
START_TEST(decay_l1_and_l2_are_those_of_plain_formulas)
{
    enum { N = 2500 };
    static double start[N], after[N];
    const nn_optimiser_options plain = {.rule = nn_optimiser_at((size_t)_i), .rate = 0.01};
    nn_optimiser_options o = plain;
    if (o.rule->own_penalties)
        return;
    o.l2 = 0.5;
    o.l1 = 0.125;
    o.decay = 3;
    fill_with_some(start, N, 4);
    start[7] = 0;
    ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(N), start, "w"), v = ad_param(t, AD_F64, AD_SHAPE(N), start, "v");
    nn_optimiser_options no_decay = plain;
    if (o.rule == &nn_adamw)
        no_decay.decay = 1e-300; /* 0 would be its default */
    for (int step = 0; step < 3; step++) {
        ad_backward(ad_sum(ad_sin(w)));
        nn_optimiser_step(&o, &w, 1);
        ad_reset(t);
        for (size_t i = 0; i < N; i++)
            after[i] = (1 - 0.01 * 3) * ad_f64(v)[i];
        /* The gradient is taken at v, the update is made from what decay left. */
        const ad_tensor penalty =
            ad_add(ad_scale(ad_sum(ad_square(v)), 0.25), ad_scale(ad_sum(ad_mul(v, ad_sign(v))), 0.125));
        ad_backward(ad_add(ad_sum(ad_sin(v)), penalty));
        ad_assign(v, after);
        nn_optimiser_step(&no_decay, &v, 1);
        ad_reset(t);
        for (size_t i = 0; i < N; i++)
            ck_assert_msg(fabs(ad_f64(w)[i] - ad_f64(v)[i]) < 1e-13, "%s, step %d: w[%zu] is %.17g, not %.17g",
                          o.rule->name, step, i, ad_f64(w)[i], ad_f64(v)[i]);
    }
}
END_TEST

START_TEST(nothing_is_allocated_by_later_steps)
{
    for (int way = 0; way < 2; way++) {
        const nn_optimiser_options o = busy((size_t)_i, way);
        close_tape();
        open_tape();
        const ad_tensor p[] = {PARAM(2, "p"), PARAMS("q", 1, 2, 3)};
        for (int step = 0; step < 200; step++) {
            const size_t calls = memory.calls;
            ad_backward(ad_add(ad_square(p[0]), ad_sum(ad_square(p[1]))));
            nn_optimiser_step(&o, p, 2);
            ad_reset(t);
            ck_assert_msg(step == 0 || memory.calls == calls, "%s, step %d", o.rule->name, step);
        }
    }
    expect_ok(t);
}
END_TEST

/* Whatever memory a step lacks, no parameter, slot or count has changed, and the next one is as if it had not been. */
START_TEST(a_step_that_fails_counts_nothing)
{
    const nn_optimiser_options o = busy((size_t)_i, 1);
    double wanted[2] = {0, 0};
    for (size_t k = 0; k < 60; k++) {
        close_tape();
        open_tape();
        const ad_tensor p[] = {PARAM(2, "p"), PARAM(3, "q")};
        ad_status failed = AD_OK;
        for (int step = 0; step < 3; step++) {
            ad_backward(ad_add(ad_square(p[0]), ad_square(p[1])));
            if (k)
                counting_fail(&memory, k, COUNTING_FOR_GOOD);
            failed = nn_optimiser_step(&o, p, 2);
            counting_heal(&memory);
            ad_clear_error(t);
            if (failed != AD_OK)
                ck_assert_int_eq(nn_optimiser_step(&o, p, 2), AD_OK);
            ad_reset(t);
        }
        for (size_t i = 0; i < 2; i++) {
            if (!k)
                wanted[i] = ad_item(p[i]);
            ck_assert_msg(ad_item(p[i]) == wanted[i], "%s, allocation %zu", o.rule->name, k);
        }
    }
}
END_TEST

/* Without a gradient and without a penalty, the rule of ftrl leaves a random start where it is. */
START_TEST(ftrl_keeps_the_start)
{
    const double start[] = {0.5, -0.25, 1e-3, 0, -2};
    for (int penalty = 0; penalty < 2; penalty++) {
        close_tape();
        open_tape();
        const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(5), start, "w");
        const nn_optimiser_options o = {.rule = &nn_ftrl, .l1 = penalty * 0.1, .l2 = penalty * 0.2};
        for (int step = 0; step < 3; step++) {
            ad_backward(ad_sum(ad_scale(w, 0)));
            nn_optimiser_step(&o, &w, 1);
            ad_reset(t);
            expect_values(w, start, 1e-15);
        }
    }
    const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(5), start, "v");
    ad_backward(ad_sum(ad_scale(w, 0)));
    nn_optimiser_step(&(nn_optimiser_options){.rule = &nn_ftrl, .from_zero = true}, &w, 1);
    expect_values(w, (double[5]){0}, 1e-15);
}
END_TEST

/* All of rmsprop's switches, of which the trajectories have some, in both types: the plain formula. */
START_TEST(rmsprop_is_its_formula)
{
    enum { N = 5 };
    const bool is_centred = _i & 1, is_inside = _i & 2, is_narrow = _i & 8;
    const ad_type type = is_narrow ? AD_F32 : AD_F64;
    const double momentum = _i & 4 ? 0.7 : 0, e = 0.01, tolerance = is_narrow ? 1e-5 : 1e-14;
    const nn_optimiser_options o = {.rule = &nn_rmsprop,
                                    .rate = 0.05,
                                    .rho = 0.8,
                                    .momentum = momentum,
                                    .epsilon = e,
                                    .epsilon_inside = is_inside,
                                    .centred = is_centred};
    double x[N] = {0.5, -0.25, 1, 2, -3}, s[N] = {0}, m[N] = {0}, v[N] = {0};
    const ad_tensor w = ad_param(t, type, AD_SHAPE(N), NULL, "w");
    ad_assign(w, ad_data(input_of(type, AD_SHAPE(N), x)));
    for (int step = 1; step <= 4; step++) {
        ad_backward(ad_sum(ad_sin(ad_scale(w, step))));
        ck_assert_int_eq(nn_optimiser_step(&o, &w, 1), AD_OK);
        ad_reset(t);
        for (int i = 0; i < N; i++) {
            const double g = step * cos(step * x[i]);
            s[i] = 0.8 * s[i] + 0.2 * g * g;
            m[i] = 0.8 * m[i] + 0.2 * g;
            const double spread = is_centred ? s[i] - m[i] * m[i] : s[i];
            v[i] = momentum * v[i] + (is_inside ? g / sqrt(spread + e) : g / (sqrt(spread) + e));
            x[i] -= 0.05 * v[i];
        }
        expect_values(w, x, tolerance);
    }
}
END_TEST

/* With penalties, from a start that has a 0, by rates that change, in both types: the plain formula. */
START_TEST(ftrl_is_its_formula)
{
    enum { N = 5 };
    const bool is_from_zero = _i & 1, is_narrow = _i & 2;
    const ad_type type = is_narrow ? AD_F32 : AD_F64;
    static const double rates[] = {0.1, 0.05, 0.2, 0.1};
    const double l1 = 0.05, l2 = 0.02, tolerance = is_narrow ? 1e-5 : 1e-14;
    nn_optimiser_options o = {
        .rule = &nn_ftrl, .rate = rates[0], .initial_accumulator = 0.3, .l1 = l1, .l2 = l2, .from_zero = is_from_zero};
    double x[N] = {0.5, -0.25, 0, 2, -0.01}, s[N], z[N];
    for (int i = 0; i < N; i++) {
        const double sign = x[i] > 0 ? 1 : x[i] < 0 ? -1 : 0;
        s[i] = 0.3;
        z[i] = is_from_zero ? 0 : -(sqrt(0.3) / rates[0] + 2 * l2) * x[i] - sign * l1;
    }
    const ad_tensor w = ad_param(t, type, AD_SHAPE(N), NULL, "w");
    ad_assign(w, ad_data(input_of(type, AD_SHAPE(N), x)));
    for (int step = 1; step <= 4; step++) {
        const double a = rates[step - 1], before = rates[step > 1 ? step - 2 : 0];
        o.rate = a;
        ad_backward(ad_sum(ad_sin(ad_scale(w, 0.1 * step))));
        ck_assert_int_eq(nn_optimiser_step(&o, &w, 1), AD_OK);
        ad_reset(t);
        for (int i = 0; i < N; i++) {
            const double g = 0.1 * step * cos(0.1 * step * x[i]), r = sqrt(s[i] + g * g);
            z[i] += g - (r / a - sqrt(s[i]) / before) * x[i];
            s[i] += g * g;
            x[i] = fabs(z[i]) <= l1 ? 0 : ((z[i] > 0 ? l1 : -l1) - z[i]) / (r / a + 2 * l2);
        }
        expect_values(w, x, tolerance);
    }
}
END_TEST

/* Every default, those that are 0 too. */
START_TEST(defaults_are_those_of_the_sources)
{
    const nn_optimiser_options wanted[] = {
        {.rule = &nn_gradient_descent, .rate = 0.05},
        {.rule = &nn_momentum, .rate = 0.01, .momentum = 0.9},
        {.rule = &nn_nesterov, .rate = 0.01, .momentum = 0.9},
        {.rule = &nn_adagrad, .rate = 0.05, .initial_accumulator = 0.1},
        {.rule = &nn_rmsprop, .rate = 0.001, .rho = 0.9, .epsilon = 1e-7},
        {.rule = &nn_adam, .rate = 0.001, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8},
        {.rule = &nn_adamw, .rate = 0.001, .decay = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8},
        {.rule = &nn_adamax, .rate = 0.002, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8},
        {.rule = &nn_nadam, .rate = 0.002, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .momentum_decay = 0.004},
        {.rule = &nn_lion, .rate = 0.0001, .beta1 = 0.9, .beta2 = 0.99},
        {.rule = &nn_ftrl, .rate = 0.001, .initial_accumulator = 0.1},
        {.rule = &nn_lbfgs, .rate = 1, .history = 10}};
    ck_assert_uint_eq(nn_optimiser_count(), COUNT(wanted));
    for (size_t i = 0; i < COUNT(wanted); i++) {
        const nn_optimiser_options *w = &wanted[i];
        const nn_optimiser_options o = nn_optimiser_resolve(&(nn_optimiser_options){.rule = w->rule});
        ck_assert_msg(o.rate == w->rate && o.decay == w->decay && o.l1 == 0 && o.l2 == 0 && o.clip_value == 0 &&
                          o.clip_norm == 0 && o.initial_accumulator == w->initial_accumulator &&
                          o.momentum == w->momentum && o.beta1 == w->beta1 && o.beta2 == w->beta2 && o.rho == w->rho &&
                          o.epsilon == w->epsilon && o.momentum_decay == w->momentum_decay && o.history == w->history &&
                          !o.epsilon_inside && !o.centred && !o.epsilon_hat && !o.from_zero,
                      "%s", w->rule->name);
    }
}
END_TEST

/* The variance of a gradient that is always the same is 0, which rounding takes to either side: no root is NaN. */
START_TEST(rmsprop_has_no_negative_variance)
{
    for (int momentum = 0; momentum < 2; momentum++) {
        const nn_optimiser_options o = {
            .rule = &nn_rmsprop, .rho = 0.5, .momentum = 0.5 * momentum, .centred = true, .epsilon = 1e-10};
        const ad_tensor w = ad_param(t, AD_F32, AD_SHAPE(64), NULL, momentum ? "w" : "v");
        double slopes[64];
        fill_with_some(slopes, 64, 5);
        const ad_tensor by = input_of(AD_F32, AD_SHAPE(64), slopes);
        float kept[64];
        memcpy(kept, ad_data(by), sizeof kept);
        for (int step = 0; step < 100; step++) {
            ad_backward(ad_sum(ad_mul(w, ad_input(t, AD_F32, AD_SHAPE(64), kept))));
            ck_assert_int_eq(nn_optimiser_step(&o, &w, 1), AD_OK);
            ad_reset(t);
        }
        for (size_t i = 0; i < 64; i++)
            ck_assert(isfinite(number_at(w, i)));
    }
    expect_ok(t);
}
END_TEST

/* Where no gradient comes from the start on, x stays what it is. */
START_TEST(a_gradient_of_0_changes_nothing)
{
    const double start[] = {0.5, -0.25, 1e-3, 0, -2};
    for (int narrow = 0; narrow < 2; narrow++) {
        nn_optimiser_options o = busy((size_t)_i, 0);
        o.decay = o.rule == &nn_adamw ? 1e-300 : 0;
        const ad_tensor w = ad_param(t, narrow ? AD_F32 : AD_F64, AD_SHAPE(5), NULL, narrow ? "w" : "v");
        ad_assign(w, ad_data(input_of(narrow ? AD_F32 : AD_F64, AD_SHAPE(5), start)));
        for (int step = 0; step < 3; step++) {
            ad_backward(ad_sum(ad_scale(w, 0)));
            ck_assert_int_eq(nn_optimiser_step(&o, &w, 1), AD_OK);
            ad_reset(t);
        }
        expect_values(w, start, narrow ? 1e-6 : 1e-15);
    }
}
END_TEST

/* Steps are counted for each parameter, in its own state. */
START_TEST(each_parameter_counts_its_steps)
{
    const ad_tensor p[] = {PARAM(2, "p"), PARAM(2, "q")};
    const nn_optimiser_options o = {.rule = &nn_nadam};
    for (int step = 0; step < 5; step++) {
        ad_backward(ad_add(ad_square(p[0]), ad_square(p[1])));
        nn_optimiser_step(&o, p, step % 2 ? 1 : 2);
        ad_reset(t);
    }
    ck_assert(ad_item(ad_slot_number(p[0], "NAdam_step", 0)) == 5);
    ck_assert(ad_item(ad_slot_number(p[1], "NAdam_step", 0)) == 3);
    ck_assert_str_eq(ad_name_of(ad_slot_number(p[1], "NAdam_product", 0)), "q/NAdam_product");
    ck_assert(ad_is_inert(ad_slot(ad_param(t, AD_F32, AD_SCALAR, NULL, "r"), "a/b", 0)));
    ad_clear_error(t);
    ck_assert(!ad_is_inert(ad_slot(p[0], "NAdam_mean", 0)));
}
END_TEST

/* ---- Rows of the user's own -------------------------------------------------------------------------------------- */

/* A step of the size of the rate against the sign of the gradient, and a slot that counts in each element. */
static void sign_update(const ad_update_block *b)
{
    const nn_update *u = b->context;
    for (size_t i = 0; i < b->n; i++) {
        const double g = b->type == AD_F32 ? (double)((const float *)b->dx)[i] : ((const double *)b->dx)[i];
        const double step = g > 0 ? u->options.rate : g < 0 ? -u->options.rate : 0;
        if (b->type == AD_F32) {
            ((float *)b->x)[i] -= (float)step;
            ((float *)b->state[0])[i] += (float)u->step;
        } else {
            ((double *)b->x)[i] -= step;
            ((double *)b->state[0])[i] += (double)u->step;
        }
    }
}

static int sign_slots(const nn_optimiser_options *o, nn_optimiser_slot *slots)
{
    (void)o;
    slots[0] = (nn_optimiser_slot){"Sign_sum", 10};
    return 1;
}

static int many_slots(const nn_optimiser_options *o, nn_optimiser_slot *slots)
{
    (void)o, (void)slots;
    return AD_MAX_UPDATE_STATES + 1;
}

static const nn_field sign_fields[] = {
    {"rate", "of a step", NN_FIELD_REAL, offsetof(nn_optimiser_options, rate), .standard = 0.5, .range = NN_ABOVE(0)},
    {"decay", "of weights", NN_FIELD_REAL, offsetof(nn_optimiser_options, decay), .range = NN_AT_LEAST(0)}};
static const nn_optimiser sign = {.name = "sign",
                                  .formula = "x <- x - a sign(g)",
                                  .source = "this test",
                                  .fields = NN_FIELDS(sign_fields),
                                  .slots = sign_slots,
                                  .counter = "Sign_step",
                                  .update = sign_update};
static const nn_optimiser greedy = {
    .name = "greedy", .fields = NN_FIELDS(sign_fields), .slots = many_slots, .update = sign_update};

START_TEST(a_row_of_ones_own)
{
    const ad_tensor w = ad_param(t, AD_F32, AD_SHAPE(2), (const float[]){2, -2}, "w");
    nn_optimiser_options o = {.rule = &sign};
    for (int step = 0; step < 2; step++) {
        ad_backward(ad_sum(ad_square(w)));
        ck_assert_int_eq(nn_optimiser_step(&o, &w, 1), AD_OK);
        ad_reset(t);
    }
    EXPECT(w, 1, -1);
    EXPECT(ad_slot(w, "Sign_sum", 0), 13, 13);
    o.decay = 0.5;
    ad_backward(ad_sum(ad_square(w)));
    ck_assert_int_eq(nn_optimiser_step(&o, &w, 1), AD_OK);
    EXPECT(w, 0.25, -0.25);
    o.momentum = 0.5;
    ck_assert_int_eq(nn_optimiser_step(&o, &w, 1), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE,
                      "momentum is an option of momentum, nesterov and rmsprop; sign does not read it");
    o = (nn_optimiser_options){.rule = &greedy};
    ck_assert_int_eq(nn_optimiser_step(&o, &w, 1), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "optimiser: greedy has 5 slots: it must have 0 to 4");
}
END_TEST

static double carry_nothing(const nn_optimiser_options *o, int64_t step, double last)
{
    (void)o, (void)step, (void)last;
    return NAN;
}

static int equal_slots(const nn_optimiser_options *o, nn_optimiser_slot *slots)
{
    (void)o;
    slots[0] = slots[1] = (nn_optimiser_slot){"Sign_sum", 0};
    return 2;
}

/* What would be kept in one place: a parameter of one number of f64 could not tell. */
START_TEST(names_of_what_a_row_keeps_differ)
{
    static const struct {
        const char *counter, *carried;
        int (*slots)(const nn_optimiser_options *options, nn_optimiser_slot *slots);
        const char *why;
    } cases[] = {
        {"n", "n", NULL, "the names counter and carried must differ"},
        {"Sign_sum", NULL, sign_slots, "sign keeps two things called Sign_sum: the names of slots, counter and"},
        {"n", "Sign_sum", sign_slots, "sign keeps two things called Sign_sum"},
        {NULL, NULL, equal_slots, "sign keeps two things called Sign_sum"},
        {"n", "m", sign_slots, NULL},
    };
    const ad_tensor x = PARAM(2, "x");
    ad_backward(ad_square(x));
    for (size_t i = 0; i < COUNT(cases); i++) {
        nn_optimiser row = sign;
        row.counter = cases[i].counter;
        row.carried = cases[i].carried;
        row.carry = row.carried ? carry_nothing : NULL;
        row.slots = cases[i].slots;
        ck_assert_int_eq(nn_optimiser_step(&(nn_optimiser_options){.rule = &row}, &x, 1),
                         cases[i].why ? AD_BAD_VALUE : AD_OK);
        if (cases[i].why)
            expect_error_with(t, AD_BAD_VALUE, cases[i].why);
        ck_assert((ad_version_of(x) == 0) == (cases[i].why != NULL));
    }
}
END_TEST

/* The slot of each element is where it stands in the parameter. */
static void place_update(const ad_update_block *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->type == AD_F32)
            ((float *)b->state[0])[i] = (float)(b->first + i);
        else
            ((double *)b->state[0])[i] = (double)(b->first + i);
}

/* A block comes in parts where something is done to the gradient before the rule: each knows where it begins. */
START_TEST(parts_of_a_block_know_their_place)
{
    enum { N = 9000 };
    static const nn_field fields[] = {
        {"rate", "of a step", NN_FIELD_REAL, offsetof(nn_optimiser_options, rate), .standard = 0.5,
         .range = NN_ABOVE(0)},
        {"l2", "of weights", NN_FIELD_REAL, offsetof(nn_optimiser_options, l2), .range = NN_AT_LEAST(0)}};
    const nn_optimiser placing = {
        .name = "placing", .fields = NN_FIELDS(fields), .slots = sign_slots, .update = place_update};
    for (int narrow = 0; narrow < 2; narrow++) {
        const ad_tensor w = ad_param(t, narrow ? AD_F32 : AD_F64, AD_SHAPE(N), NULL, narrow ? "w" : "v");
        ad_backward(ad_sum(ad_square(w)));
        ck_assert_int_eq(nn_optimiser_step(&(nn_optimiser_options){.rule = &placing, .l2 = 0.1}, &w, 1), AD_OK);
        for (size_t i = 0; i < N; i++)
            ck_assert(number_at(ad_slot(w, "Sign_sum", 0), i) == (double)i);
        ad_reset(t);
    }
    expect_ok(t);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, trajectories_are_those_of_other_libraries, 0, 2);
    tcase_add_loop_test(tests, threads_give_the_same_bits, 0, RULES);
    tcase_add_loop_test(tests, decay_l1_and_l2_are_those_of_plain_formulas, 0, RULES);
    tcase_add_loop_test(tests, nothing_is_allocated_by_later_steps, 0, RULES);
    tcase_add_loop_test(tests, a_step_that_fails_counts_nothing, 0, RULES);
    tcase_add_test(tests, ftrl_keeps_the_start);
    tcase_add_loop_test(tests, rmsprop_is_its_formula, 0, 16);
    tcase_add_loop_test(tests, ftrl_is_its_formula, 0, 4);
    tcase_add_test(tests, defaults_are_those_of_the_sources);
    tcase_add_test(tests, rmsprop_has_no_negative_variance);
    tcase_add_loop_test(tests, a_gradient_of_0_changes_nothing, 0, RULES);
    tcase_add_test(tests, each_parameter_counts_its_steps);
    tcase_add_test(tests, a_row_of_ones_own);
    tcase_add_test(tests, names_of_what_a_row_keeps_differ);
    tcase_add_test(tests, parts_of_a_block_know_their_place);
}

int main(void) { return run_on_one_tape("optimiser_rules", add_tests); }
