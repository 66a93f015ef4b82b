/* Optimisers: steps against plain loops in f64, slots, and errors that change nothing. */
#include <math.h>
#include <string.h>

#include "../support/one_tape.h"

/* ---- Names and defaults ------------------------------------------------------------------------------------------ */

START_TEST(optimisers_have_names)
{
    static const char *const names[] = {
        "gradient_descent", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw",
        "adamax",           "nadam",    "lion",     "ftrl",    "lbfgs"};
    ck_assert_uint_eq(nn_optimiser_count(), COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        ck_assert_str_eq(nn_optimiser_at(i)->name, names[i]);
        ck_assert_ptr_eq(nn_optimiser_named(names[i]), nn_optimiser_at(i));
        ck_assert(*nn_optimiser_at(i)->formula && *nn_optimiser_at(i)->source);
    }
    ck_assert_ptr_null(nn_optimiser_at(COUNT(names)));
    ck_assert_ptr_null(nn_optimiser_at(SIZE_MAX));
    ck_assert_ptr_null(nn_optimiser_named("Adagrad"));
    ck_assert_ptr_null(nn_optimiser_named(""));
    ck_assert_ptr_null(nn_optimiser_named(NULL));
}
END_TEST

/* Each row has the rate of its source. */
START_TEST(optimisers_have_defaults)
{
    static const double rates[] = {0.05, 0.01, 0.01, 0.05, 0.001, 0.001, 0.001, 0.002, 0.002, 0.0001, 0.001, 1};
    for (size_t i = 0; i < COUNT(rates); i++)
        ck_assert(nn_optimiser_resolve(&(nn_optimiser_options){.rule = nn_optimiser_at(i)}).rate == rates[i]);
    for (int given = 0; given < 2; given++) {
        nn_optimiser_options o = nn_optimiser_resolve(given ? &(nn_optimiser_options){0} : NULL);
        ck_assert(o.rule == &nn_adagrad && o.rate == 0.05 && o.initial_accumulator == 0.1 && o.epsilon == 0);
    }
    nn_optimiser_options o = nn_optimiser_resolve(&(nn_optimiser_options){.rule = &nn_adam, .rate = 0.5});
    ck_assert(o.rate == 0.5 && o.beta1 == 0.9 && o.beta2 == 0.999 && o.epsilon == 1e-8 && o.decay == 0);
    o = nn_optimiser_resolve(&(nn_optimiser_options){.rule = &nn_adamw});
    ck_assert(o.decay == 0.01);
    o = nn_optimiser_resolve(&(nn_optimiser_options){.rule = &nn_rmsprop});
    ck_assert(o.rho == 0.9 && o.epsilon == 1e-7 && o.momentum == 0 && o.beta1 == 0);
    o = nn_optimiser_resolve(&(nn_optimiser_options){.rule = &nn_lion});
    ck_assert(o.beta1 == 0.9 && o.beta2 == 0.99);
    o = nn_optimiser_resolve(&(nn_optimiser_options){.rule = &nn_nadam});
    ck_assert(o.momentum_decay == 0.004);
    o = nn_optimiser_resolve(&(nn_optimiser_options){.rule = &nn_ftrl});
    ck_assert(o.initial_accumulator == 0.1 && o.l1 == 0);
}
END_TEST

/* ---- Steps against plain loops ----------------------------------------------------------------------------------- */

enum { ROWS = 4, IN = 3, OUT = 2, STEPS = 8 };

/* Least squares: the mean of (x w + b - t)^2 over all elements. */
typedef struct regression {
    double x[ROWS * IN], t[ROWS * OUT];
    double w[IN * OUT], b[OUT];           /* the plain twin of the parameters */
    double slot_w[IN * OUT], slot_b[OUT]; /* and of their accumulators */
} regression;

static void open_regression(regression *r, double accumulator)
{
    fill_with_some(r->x, ROWS * IN, 5);
    fill_with_some(r->t, ROWS * OUT, 6);
    fill_with_some(r->w, IN * OUT, 7);
    fill_with_some(r->b, OUT, 8);
    for (size_t i = 0; i < IN * OUT; i++)
        r->slot_w[i] = accumulator;
    for (size_t i = 0; i < OUT; i++)
        r->slot_b[i] = accumulator;
}

static void plain_update(const nn_optimiser_options *o, double *x, double *slot, const double *dx, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        slot[i] += dx[i] * dx[i];
        x[i] -= o->rule != &nn_gradient_descent ? o->rate * dx[i] / sqrt(slot[i]) : o->rate * dx[i];
    }
}

static void plain_step(regression *r, const nn_optimiser_options *o)
{
    double dw[IN * OUT] = {0}, db[OUT] = {0};
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < OUT; k++) {
            double difference = r->b[k] - r->t[i * OUT + k];
            for (int j = 0; j < IN; j++)
                difference += r->x[i * IN + j] * r->w[j * OUT + k];
            const double dz = 2 * difference / (ROWS * OUT);
            db[k] += dz;
            for (int j = 0; j < IN; j++)
                dw[j * OUT + k] += r->x[i * IN + j] * dz;
        }
    plain_update(o, r->w, r->slot_w, dw, IN * OUT);
    plain_update(o, r->b, r->slot_b, db, OUT);
}

/* A parameter of either type from numbers in f64. */
static ad_tensor param_of(ad_type type, ad_shape shape, const double *x, const char *name)
{
    ad_tensor parameter = ad_param(t, type, shape, NULL, name);
    ad_assign(parameter, ad_data(input_of(type, shape, x)));
    return parameter;
}

/* Computes the gradients of both parameters. */
static void regression_backward(const regression *r, ad_tensor w, ad_tensor b)
{
    const ad_type type = ad_type_of(w);
    ad_tensor x = input_of(type, AD_SHAPE(ROWS, IN), r->x), y = input_of(type, AD_SHAPE(ROWS, OUT), r->t);
    ad_backward(ad_mean(ad_square(ad_sub(ad_add(ad_matmul(x, w), b), y))));
    expect_ok(t);
}

static const nn_optimiser_options optimiser_cases[] = {
    {0},
    {.rule = &nn_adagrad, .rate = 0.4, .initial_accumulator = 0.01},
    {.rule = &nn_gradient_descent},
    {.rule = &nn_gradient_descent, .rate = 0.3},
};

START_TEST(steps_are_those_of_plain_loops)
{
    const nn_optimiser_options *given = &optimiser_cases[_i / 2];
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    const double tolerance = type == AD_F64 ? 1e-14 : 1e-6;
    nn_optimiser_options o = *given;
    o.rate = o.rate > 0 ? o.rate : 0.05;
    regression r;
    open_regression(&r, o.initial_accumulator > 0 ? o.initial_accumulator : 0.1);
    ad_tensor p[] = {param_of(type, AD_SHAPE(IN, OUT), r.w, "w"), param_of(type, AD_SHAPE(OUT), r.b, "b")};
    for (int step = 0; step < STEPS; step++) {
        regression_backward(&r, p[0], p[1]);
        ck_assert_int_eq(nn_optimiser_step(_i < 2 ? NULL : given, p, 2), AD_OK);
        ad_reset(t);
        plain_step(&r, &o);
        expect_values(p[0], r.w, tolerance);
        expect_values(p[1], r.b, tolerance);
    }
    ck_assert_uint_eq(ad_kept_count(t), o.rule != &nn_gradient_descent ? 4 : 2);
    if (o.rule != &nn_gradient_descent) {
        expect_values(ad_slot(p[0], "Adagrad", 99), r.slot_w, tolerance);
        expect_values(ad_slot(p[1], "Adagrad", 99), r.slot_b, tolerance);
    }
}
END_TEST

/* ---- Slots ------------------------------------------------------------------------------------------------------- */

START_TEST(optimisers_have_slots)
{
    ad_tensor p[] = {ad_param(t, AD_F64, AD_SHAPE(2, 3), NULL, "hiddenlayer_0/weights"),
                     ad_param(t, AD_F32, AD_SHAPE(4), NULL, "logits/biases")};
    nn_optimiser_options o = {.rule = &nn_gradient_descent};
    ck_assert_int_eq(nn_optimiser_prepare(&o, p, 2), AD_OK);
    ck_assert_uint_eq(ad_kept_count(t), 2);
    ck_assert_int_eq(nn_optimiser_prepare(NULL, p, 1), AD_OK);
    ck_assert_uint_eq(ad_kept_count(t), 3);
    o = (nn_optimiser_options){.initial_accumulator = 0.25};
    for (int twice = 0; twice < 2; twice++) {
        ck_assert_int_eq(nn_optimiser_prepare(&o, p, 2), AD_OK);
        ck_assert_uint_eq(ad_kept_count(t), 4);
    }
    ad_tensor first = ad_kept_at(t, 2), second = ad_kept_at(t, 3);
    expect_leaf(first, "hiddenlayer_0/weights/Adagrad", AD_F64, AD_SHAPE(2, 3));
    expect_leaf(second, "logits/biases/Adagrad", AD_F32, AD_SHAPE(4));
    for (size_t i = 0; i < 6; i++)
        ck_assert(ad_f64(first)[i] == 0.1);
    for (size_t i = 0; i < 4; i++)
        ck_assert(ad_f32(second)[i] == 0.25F);
    expect_ok(t);
}
END_TEST

START_TEST(a_slot_is_found_again)
{
    ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(2), NULL, "w"), v = ad_param(t, AD_F64, AD_SHAPE(2), NULL, "v");
    ad_tensor slot = ad_slot(w, "mean", 3), other = ad_slot(w, "square", 4), of_v = ad_slot(v, "mean", 5);
    ck_assert_uint_ne(slot.id, other.id);
    ck_assert_uint_ne(slot.id, of_v.id);
    ck_assert_str_eq(ad_name_of(other), "w/square");
    ck_assert_str_eq(ad_name_of(of_v), "v/mean");
    ck_assert_uint_eq(ad_slot(w, "mean", 100).id, slot.id);
    ck_assert_uint_eq(ad_slot(w, "square", 100).id, other.id);
    ck_assert(ad_f64(slot)[0] == 3 && ad_f64(slot)[1] == 3 && ad_f64(other)[1] == 4 && ad_f64(of_v)[0] == 5);
    ad_reset(t);
    ck_assert_uint_eq(ad_slot(v, "mean", 100).id, of_v.id);
    ck_assert_uint_eq(ad_kept_count(t), 5);
    expect_ok(t);
}
END_TEST

START_TEST(slots_that_are_refused)
{
    char long_name[122];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    ad_tensor w = ad_param(t, AD_F32, AD_SHAPE(2), NULL, "w"), x = ad_input(t, AD_F32, AD_SHAPE(2), NULL);
    const char *const names[] = {NULL, "a/b", "/", long_name, ""};
    for (size_t i = 0; i < COUNT(names); i++) {
        ck_assert_msg(ad_is_inert(ad_slot(w, names[i], 1)), "the name '%s' was taken", names[i] ? names[i] : "NULL");
        expect_error_with(t, AD_BAD_VALUE, "slot: a name of 1 to 120 characters without '/' is needed", "");
    }
    ck_assert(ad_is_inert(ad_slot(x, "mean", 1)));
    expect_error_with(t, AD_BAD_STATE, "slot", "parameters");
    ad_reset(t);
    ck_assert(ad_is_inert(ad_slot(x, "mean", 1)));
    expect_error_with(t, AD_BAD_HANDLE, "slot", "");
    ck_assert(ad_is_inert(ad_slot((ad_tensor){.tape = t}, "mean", 1)));
    expect_error_with(t, AD_BAD_HANDLE, "slot", "");
    ck_assert(ad_is_inert(ad_slot((ad_tensor){0}, "mean", 1)));
    ck_assert_uint_eq(ad_kept_count(t), 1);
    ck_assert(!ad_is_inert(ad_slot(w, long_name + 1, 1)));
    expect_ok(t);
}
END_TEST

/* ---- Errors change nothing --------------------------------------------------------------------------------------- */

/* Two parameters with their gradients, and what they were. */
typedef struct pair {
    ad_tensor p[2];
    double w[IN * OUT], b[OUT];
} pair;

static pair open_pair(void)
{
    regression r;
    pair both;
    open_regression(&r, 1);
    both.p[0] = param_of(AD_F64, AD_SHAPE(IN, OUT), r.w, "w");
    both.p[1] = param_of(AD_F64, AD_SHAPE(OUT), r.b, "b");
    regression_backward(&r, both.p[0], both.p[1]);
    memcpy(both.w, r.w, sizeof r.w);
    memcpy(both.b, r.b, sizeof r.b);
    return both;
}

static void expect_both_unchanged(const pair *both)
{
    ck_assert_msg(!memcmp(ad_f64(both->p[0]), both->w, sizeof both->w), "w changed though the step failed");
    ck_assert_msg(!memcmp(ad_f64(both->p[1]), both->b, sizeof both->b), "b changed though the step failed");
}

static void no_update(const ad_update_block *block) { (void)block; }

static const nn_optimiser nameless = {.update = no_update}, idle = {.name = "idle"},
                          rateless = {.name = "rateless", .update = no_update};

START_TEST(bad_options_of_an_optimiser_are_refused)
{
    static const struct {
        nn_optimiser_options options;
        const char *message;
    } cases[] = {
        {{.rule = &nameless}, "the optimiser's rule has no name or no update"},
        {{.rule = &idle}, "the optimiser's rule has no name or no update"},
        {{.rule = &rateless}, "the optimiser's rule does not read rate"},
        {{.rate = -0.1}, "optimiser: rate is -0.1: it must be above 0"},
        {{.rate = (double)NAN}, "optimiser: rate is nan: it must be above 0"},
        {{.rate = (double)INFINITY}, "optimiser: rate is inf: it must be above 0 and at most 1e+300"},
        {{.rule = &nn_gradient_descent, .rate = -1}, "optimiser: rate is -1: it must be above 0"},
        {{.initial_accumulator = -0.1}, "optimiser: initial_accumulator is -0.1: it must be above 0"},
        {{.initial_accumulator = (double)NAN}, "optimiser: initial_accumulator is nan: it must be above 0"},
        {{.decay = -1}, "optimiser: decay is -1: it must be at least 0"},
        {{.decay = 21}, "optimiser: the rate times the decay must be at most 1"},
        {{.l2 = -1}, "optimiser: l2 is -1: it must be at least 0"},
        {{.epsilon = -1}, "optimiser: epsilon is -1: it must be at least 0"},
        {{.rule = &nn_adam, .epsilon = -1}, "optimiser: epsilon is -1: it must be above 0"},
        {{.rule = &nn_adam, .beta1 = 1}, "optimiser: beta1 is 1: it must be at least 0 and below 1"},
        {{.rule = &nn_lion, .beta2 = -0.5}, "optimiser: beta2 is -0.5: it must be at least 0 and below 1"},
        {{.rule = &nn_momentum, .momentum = 1}, "optimiser: momentum is 1: it must be at least 0 and below 1"},
        {{.rule = &nn_rmsprop, .rho = 2}, "optimiser: rho is 2: it must be at least 0 and below 1"},
        {{.rule = &nn_nadam, .momentum_decay = -1}, "optimiser: momentum_decay is -1: it must be above 0"},
        {{.rule = &nn_ftrl, .l1 = -1}, "optimiser: l1 is -1: it must be at least 0"},
        {{.rule = &nn_adam, .momentum = 0.9},
         "optimiser: momentum is an option of momentum, nesterov and rmsprop; adam does not read it"},
        {{.rule = &nn_ftrl, .decay = 0.1}, "adamax, nadam and lion; ftrl does not read it"},
        {{.l1 = -1}, "optimiser: l1 is -1: it must be at least 0"},
        {{.clip_value = -1}, "optimiser: clip_value is -1: it must be at least 0"},
        {{.clip_value = (double)NAN}, "optimiser: clip_value is nan: it must be at least 0"},
        {{.clip_norm = -0.5}, "optimiser: clip_norm is -0.5: it must be at least 0"},
        {{.clip_norm = (double)INFINITY}, "optimiser: clip_norm is inf: it must be at least 0 and at most 1e+300"},
        {{.schedule = {.rule = &nn_schedule_cosine}}, "optimiser: schedule_steps are missing: cosine needs them"},
        {{.schedule = {.warm_up = -1}}, "optimiser: warm_up is -1: it must be at least 0"},
        {{.rule = &nn_adamax, .epsilon_hat = true}, "epsilon_hat is an option of adam and adamw; adamax does not"},
        {{.rule = &nn_lion, .initial_accumulator = 1}, "initial_accumulator is an option of adagrad and ftrl; lion"},
    };
    pair both = open_pair();
    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert_int_eq(nn_optimiser_prepare(&cases[i].options, both.p, 2), AD_BAD_VALUE);
        expect_error_with(t, AD_BAD_VALUE, cases[i].message, "");
        ck_assert_int_eq(nn_optimiser_step(&cases[i].options, both.p, 2), AD_BAD_VALUE);
        expect_error_with(t, AD_BAD_VALUE, cases[i].message, "");
        expect_both_unchanged(&both);
    }
    ck_assert_uint_eq(ad_kept_count(t), 2);
    ck_assert_int_eq(nn_optimiser_step(NULL, both.p, 2), AD_OK);
}
END_TEST

/* Options that f64 holds and f32 does not: an accumulator that becomes 0 there makes 0 / 0 where the gradient is 0, and
 * a rate that becomes infinite makes inf 0. They are out of range for a parameter of f32, and not for one of f64. */
START_TEST(options_that_f32_does_not_hold)
{
    static const nn_optimiser_options cases[] = {
        {.initial_accumulator = 1e-60}, {.rate = 1e200}, {.rule = &nn_gradient_descent, .rate = 1e200}};
    const ad_type type = _i / COUNT(cases) ? AD_F64 : AD_F32;
    const double one[] = {1, 2}, mask[] = {0, 1};
    ad_tensor w = param_of(type, AD_SHAPE(2), one, "w");
    ad_backward(ad_sum(ad_mul(w, input_of(type, AD_SHAPE(2), mask))));
    ad_status status = nn_optimiser_step(&cases[_i % COUNT(cases)], &w, 1);
    ck_assert_int_eq(ad_clear_error(t), status);
    ck_assert_msg(number_at(w, 0) == 1, "a weight without a gradient became %g", number_at(w, 0));
    ck_assert_int_eq(status, type == AD_F32 ? AD_BAD_VALUE : AD_OK);
    ck_assert(type == AD_F64 || number_at(w, 1) == 2);
}
END_TEST

/* A step over the pair and a third tensor that cannot be updated, in any place of the list, with each optimiser. */
static void expect_step_fails(const pair *both, ad_tensor third, ad_status status, const char *word)
{
    for (size_t rule = 0; rule < nn_optimiser_count(); rule++)
        for (int place = 0; place < 3; place++) {
            ad_tensor all[3] = {both->p[0], both->p[1], both->p[1]};
            all[2] = all[place];
            all[place] = third;
            nn_optimiser_options o = {.rule = nn_optimiser_at(rule)};
            ck_assert_int_eq(nn_optimiser_step(&o, all, 3), status);
            expect_error_with(t, status, word);
            expect_both_unchanged(both);
        }
}

START_TEST(a_missing_gradient_changes_nothing)
{
    pair both = open_pair();
    ad_tensor lonely = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){1, 2}, "lonely");
    expect_step_fails(&both, lonely, AD_NO_GRADIENT, "lonely");
    ck_assert(ad_f64(lonely)[0] == 1 && ad_f64(lonely)[1] == 2);
    /* A state never has a gradient. */
    expect_step_fails(&both, ad_state(t, AD_F64, AD_SHAPE(2), NULL, "mean"), AD_NO_GRADIENT, "mean");
    ck_assert_int_eq(nn_optimiser_step(NULL, both.p, 2), AD_OK);
}
END_TEST

/* A variable has a gradient but is not changed in place: the parameters before it in the list must not be either. */
START_TEST(a_variable_changes_nothing)
{
    pair both = open_pair();
    ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(1, IN), (const double[]){1, 2, 3});
    ad_backward(ad_sum(ad_square(ad_add(ad_matmul(x, both.p[0]), both.p[1]))));
    ck_assert(ad_has_gradient(x) && ad_has_gradient(both.p[0]) && ad_has_gradient(both.p[1]));
    expect_step_fails(&both, x, AD_BAD_STATE, "parameters");
    nn_optimiser_step(NULL, (const ad_tensor[]){both.p[0], x}, 2);
    expect_error_with(t, AD_BAD_STATE, "optimiser: only parameters are updated; number 1 is none", "");
}
END_TEST

START_TEST(bad_handles_change_nothing)
{
    pair both = open_pair();
    ad_tensor stale = ad_variable(t, AD_F64, AD_SCALAR, NULL);
    ad_reset(t);
    expect_step_fails(&both, stale, AD_BAD_HANDLE, "");
    expect_step_fails(&both, (ad_tensor){.tape = t}, AD_BAD_HANDLE, "");
    ck_assert_int_eq(nn_optimiser_step(NULL, NULL, 0), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_optimiser_prepare(NULL, NULL, 0), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_optimiser_step(NULL, &(ad_tensor){0}, 1), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_optimiser_step(NULL, both.p, 2), AD_OK);
}
END_TEST

/* The same parameters on the test's tape and on another. */
static pair open_pair_on(ad_tape *other)
{
    ad_tape *own = t;
    t = other;
    pair both = open_pair();
    t = own;
    return both;
}

START_TEST(parameters_of_two_tapes_are_refused)
{
    ad_tape *there = ad_tape_open(NULL);
    pair both = open_pair(), foreign = open_pair_on(there);
    const ad_tensor mixed[2][2] = {{both.p[0], foreign.p[1]}, {foreign.p[0], both.p[1]}};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(nn_optimiser_prepare(NULL, mixed[i], 2), AD_BAD_HANDLE);
        ck_assert_int_eq(nn_optimiser_step(NULL, mixed[i], 2), AD_BAD_HANDLE);
        ck_assert_ptr_nonnull(strstr(ad_message(i ? there : t), "tape"));
        ck_assert_int_eq(ad_clear_error(i ? there : t), AD_BAD_HANDLE);
        ad_clear_error(i ? t : there);
        expect_both_unchanged(&both);
        expect_both_unchanged(&foreign);
    }
    ck_assert_uint_eq(ad_kept_count(t), 2);
    ck_assert_uint_eq(ad_kept_count(there), 2);
    ck_assert_int_eq(nn_optimiser_step(NULL, both.p, 2), AD_OK);
    expect_both_unchanged(&foreign);
    ck_assert_int_eq(nn_optimiser_step(NULL, foreign.p, 2), AD_OK);
    ck_assert_mem_eq(ad_f64(foreign.p[0]), ad_f64(both.p[0]), sizeof both.w);
    ad_tape_close(there);
}
END_TEST

/* DESIGN: what mixes two tapes puts both in error, so that neither owner misses it. */
START_TEST(two_tapes_are_both_in_error)
{
    ad_tape *there = ad_tape_open(NULL);
    pair both = open_pair(), foreign = open_pair_on(there);
    nn_optimiser_step(NULL, (const ad_tensor[]){both.p[0], foreign.p[1]}, 2);
    ck_assert_str_eq(ad_message(t), "optimiser: parameter 1 is not of the tape of the first");
    ck_assert_str_eq(ad_message(there), "optimiser: the first parameter is not of the tape of number 1");
    ad_status here = ad_status_of(t), far = ad_clear_error(there);
    ad_tape_close(there);
    ck_assert_int_eq(here, AD_BAD_HANDLE);
    ck_assert_int_eq(far, AD_BAD_HANDLE);
}
END_TEST

/* The first step makes the slots: where memory is out for one of them, no parameter has changed. */
START_TEST(a_step_without_memory_changes_nothing)
{
    pair both = open_pair();
    double big[4000];
    fill_with_some(big, COUNT(big), 9);
    ad_tensor wide = ad_param(t, AD_F64, AD_SHAPE(4000), big, "wide");
    ad_tensor all[] = {both.p[0], wide, both.p[1]};
    ad_backward(ad_add(ad_add(ad_sum(ad_square(both.p[0])), ad_sum(ad_square(both.p[1]))), ad_sum(ad_square(wide))));
    expect_ok(t);
    size_t k = 0;
    ad_status status = AD_NO_MEMORY;
    while (status != AD_OK && k++ < 100) {
        counting_fail(&memory, k, k % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE);
        status = nn_optimiser_step(NULL, all, 3);
        ck_assert_int_eq(status, memory.calls < k ? AD_OK : AD_NO_MEMORY);
        ck_assert_int_eq(ad_clear_error(t), status);
        if (status == AD_OK)
            break;
        expect_both_unchanged(&both);
        ck_assert_mem_eq(ad_f64(wide), big, sizeof big);
    }
    counting_heal(&memory);
    ck_assert_uint_gt(k, 1);
    ck_assert_mem_ne(ad_f64(wide), big, sizeof big);
    /* Three parameters and a slot for each: a failure leaves no second one. */
    ck_assert_uint_eq(ad_kept_count(t), 6);
}
END_TEST

/* ---- Proposals --------------------------------------------------------------------------------------------------- */

START_TEST(a_step_commits_what_is_proposed)
{
    pair both = open_pair();
    const ad_tensor mean = ad_state(t, AD_F64, AD_SHAPE(OUT), NULL, "mean");
    const nn_optimiser_options o = {.rule = nn_optimiser_at((size_t)_i), .rate = 0.01};
    ad_propose(mean, ad_add(mean, both.p[1]));
    for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(nn_optimiser_step(&o, both.p, 2), AD_OK);
        expect_values(mean, both.b, 0); /* once, of what b was */
        ck_assert_uint_eq(ad_version_of(mean), 1);
    }
    ck_assert(memcmp(ad_f64(both.p[1]), both.b, sizeof both.b) != 0);
    expect_ok(t);
}
END_TEST

START_TEST(a_step_that_fails_commits_nothing)
{
    pair both = open_pair();
    const ad_tensor mean = ad_state(t, AD_F64, AD_SHAPE(OUT), NULL, "mean");
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(2), NULL);
    ad_propose(mean, both.p[1]);
    expect_step_fails(&both, ad_param(t, AD_F64, AD_SHAPE(2), NULL, "lonely"), AD_NO_GRADIENT, "lonely");
    ad_feed(x, AD_SHAPE(3), (const double[]){1, 2, 3});
    expect_step_fails(&both, both.p[0], AD_BAD_STATE, "commit: the recording does not fit any more");
    EXPECT(mean, 0, 0);
    ck_assert_uint_eq(ad_version_of(mean), 0);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, optimisers_have_names);
    tcase_add_test(tests, optimisers_have_defaults);
    tcase_add_loop_test(tests, steps_are_those_of_plain_loops, 0, 2 * COUNT(optimiser_cases));
    tcase_add_test(tests, optimisers_have_slots);
    tcase_add_test(tests, a_slot_is_found_again);
    tcase_add_test(tests, slots_that_are_refused);
    tcase_add_test(tests, bad_options_of_an_optimiser_are_refused);
    tcase_add_loop_test(tests, options_that_f32_does_not_hold, 0, 6);
    tcase_add_test(tests, a_missing_gradient_changes_nothing);
    tcase_add_test(tests, a_variable_changes_nothing);
    tcase_add_test(tests, bad_handles_change_nothing);
    tcase_add_test(tests, parameters_of_two_tapes_are_refused);
    tcase_add_test(tests, two_tapes_are_both_in_error);
    tcase_add_test(tests, a_step_without_memory_changes_nothing);
    tcase_add_loop_test(tests, a_step_commits_what_is_proposed, 0, 11);
    tcase_add_test(tests, a_step_that_fails_commits_nothing);
}

int main(void) { return run_on_one_tape("optimisers", add_tests); }
