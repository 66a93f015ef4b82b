/* What a step that searches promises, whatever the loss: the same bits, memory, errors that change nothing. */
#include "../support/searches.h"

/* ---- The same bits ----------------------------------------------------------------------------------------------- */

/* A run that goes on on another tape, with the same parameters and states, gives the same bits. */
START_TEST(a_run_goes_on)
{
    static const int history[] = {1, 3, 10};
    const bool is_fixed = _i % 2;
    const ad_type type = _i / 2 % 2 ? AD_F32 : AD_F64;
    for (size_t k = 0; k < COUNT(history); k++) {
        const nn_optimiser_options o = {
            .rule = &nn_lbfgs, .history = history[k], .rate = is_fixed ? 0.1 : 0, .l2 = 0.125};
        problem p = open_problem(rosenbrock, type, rosenbrock_start(), 10);
        everything middle = {0};
        for (int step = 0; step < 24; step++) {
            if (step == 11)
                middle = take_everything();
            ck_assert_int_eq(step_of(&p, &o, is_fixed, NULL), AD_OK);
        }
        const everything whole = take_everything();
        p = open_problem(rosenbrock, type, rosenbrock_start(), 10);
        nn_optimiser_prepare(&o, &p.x, 1);
        ck_assert_uint_eq(ad_kept_count(t), middle.n);
        for (size_t i = 0; i < middle.n; i++)
            ad_assign(ad_kept_at(t, i), middle.at[i].data);
        for (int step = 11; step < 24; step++)
            ck_assert_int_eq(step_of(&p, &o, is_fixed, NULL), AD_OK);
        expect_everything(&whole, "gone on");
        forget_everything(&middle);
        forget_everything(&whole);
    }
}
END_TEST

/* With another history, or with parameters that did not always go together, a step is as the first one. */
START_TEST(pairs_that_do_not_fit_are_forgotten)
{
    const nn_optimiser_options before = {.rule = &nn_lbfgs, .history = 4}, after = {.rule = &nn_lbfgs, .history = 3};
    for (int is_fixed = 0; is_fixed < 2; is_fixed++) {
        problem p = open_problem(ill_conditioned, AD_F64, rosenbrock_start(), 20);
        for (int step = 0; step < 3; step++)
            ck_assert_int_eq(step_of(&p, &before, is_fixed, NULL), AD_OK);
        double x[20];
        memcpy(x, ad_f64(p.x), sizeof x);
        ck_assert_int_eq(step_of(&p, &after, is_fixed, NULL), AD_OK);
        double wanted[20];
        memcpy(wanted, ad_f64(p.x), sizeof wanted);
        problem fresh = open_problem(ill_conditioned, AD_F64, x, 20);
        ck_assert_int_eq(step_of(&fresh, &after, is_fixed, NULL), AD_OK);
        ck_assert(!memcmp(wanted, ad_f64(fresh.x), sizeof wanted));
    }
}
END_TEST

/* 1000 + (x / 10^9 - 1)^2: rounding hides what the first short step does. */
static ad_tensor flat(const problem *p)
{
    return ad_shift(ad_sum(ad_square(ad_shift(ad_scale(p->x, 1e-9), -1))), 1000);
}

START_TEST(a_loss_that_is_flat_at_first)
{
    problem p = open_problem(flat, AD_F64, (const double[]){0}, 1);
    nn_search_result r;
    const nn_minimise_options how = {.tolerance = 1e-15};
    ck_assert_int_eq(nn_minimise(&lbfgs, &p.x, 1, objective, &p, &how, &r), AD_OK);
    ck_assert_msg(r.loss < 1000.001 && r.evaluations < 60, "%g, %lld", r.loss, (long long)r.evaluations);
}
END_TEST

/* What a fixed step has begun does no harm to a search, and the other way round. */
START_TEST(steps_of_both_kinds_mix)
{
    problem p = open_problem(ill_conditioned, AD_F64, rosenbrock_start(), 20);
    const nn_optimiser_options o = {.rule = &nn_lbfgs, .rate = 0.5};
    nn_search_result r;
    for (int step = 0; step < 60; step++)
        ck_assert_int_eq(step_of(&p, &o, step % 3 == 0, &r), AD_OK);
    ck_assert(number_at(ad_slot_number(p.x, "LBFGS_moved", 0), 0) == 0);
    ck_assert_msg(r.gradient < 100 && isfinite(r.loss), "%g", r.gradient);
}
END_TEST

enum { LONG = 60000 };

static ad_tensor waves(const problem *p)
{
    return ad_mean(ad_add(ad_sin(ad_scale(p->x, 3)), ad_scale(ad_square(p->x), 0.3)));
}

START_TEST(threads_give_the_same_bits)
{
    static double start[LONG];
    static char one[LONG * sizeof(double)];
    const bool is_fixed = _i % 2;
    const ad_type type = _i / 2 % 2 ? AD_F32 : AD_F64;
    fill_with_some(start, LONG, 3);
    for (int threads = 1; threads <= 3; threads++) {
        ad_set_threads(threads);
        problem p = open_problem(waves, type, start, LONG);
        for (int step = 0; step < 6; step++)
            ck_assert_int_eq(
                step_of(&p, &(nn_optimiser_options){.rule = &nn_lbfgs, .history = 3, .l2 = 1e-6}, is_fixed, NULL),
                AD_OK);
        const size_t bytes = LONG * (type == AD_F32 ? sizeof(float) : sizeof(double));
        if (threads == 1)
            memcpy(one, ad_data(p.x), bytes);
        ck_assert_msg(!memcmp(one, ad_data(p.x), bytes), "%d threads", threads);
    }
    ad_set_threads(0);
}
END_TEST

START_TEST(nothing_is_allocated_by_later_steps)
{
    for (int is_watched = 0; is_watched < 2; is_watched++) {
        problem p = open_problem(rosenbrock, AD_F64, rosenbrock_start(), 100);
        ad_watch(t, is_watched ? AD_ON : AD_OFF);
        for (int step = 0; step < 200; step++) {
            const size_t calls = memory.calls;
            ck_assert_int_eq(step_of(&p, &lbfgs, _i, NULL), AD_OK);
            ck_assert_msg(step == 0 || is_watched || memory.calls == calls, "step %d: %zu", step, memory.calls - calls);
        }
    }
}
END_TEST

/* Whatever memory a step lacks, everything is as it was, and the next step is as if it had not been. */
START_TEST(a_step_without_memory_changes_nothing)
{
    const bool is_fixed = _i % 2, is_watched = _i / 2 % 2;
    const nn_optimiser_options o = {.rule = &nn_lbfgs, .history = 2, .rate = is_fixed ? 0.1 : 0};
    everything wanted = {0};
    bool failed = true;
    for (size_t k = 0; k < 2000 && failed; k++) {
        problem p = open_problem(rosenbrock, AD_F64, rosenbrock_start(), 6);
        ad_watch(t, is_watched ? AD_ON : AD_OFF);
        failed = k == 0;
        for (int step = 0; step < 4; step++) {
            const everything before = take_everything();
            if (k && step % 3 == 0)
                counting_fail(&memory, k, step ? COUNTING_ONCE : COUNTING_FOR_GOOD);
            step_of(&p, &o, is_fixed, NULL);
            counting_heal(&memory);
            if (ad_clear_error(t) != AD_OK) {
                failed = true;
                ad_reset(t);
                expect_everything(&before, "without memory");
                ck_assert_int_eq(step_of(&p, &o, is_fixed, NULL), AD_OK);
            }
            forget_everything(&before);
        }
        if (k == 0)
            wanted = take_everything();
        expect_everything(&wanted, "after it");
    }
    ck_assert(!failed);
    forget_everything(&wanted);
}
END_TEST

/* Three large parameters, of which a watched tape copies much: none is lost where one finds no memory. */
enum { LARGE = 3000 };

static ad_tensor loss_of_three(ad_tape *tape, void *context)
{
    const ad_tensor *x = context;
    const ad_tensor far = ad_mul(ad_shift(x[1], -1), ad_shift(x[2], 2));
    (void)tape;
    return ad_mean(ad_add(ad_add(ad_square(ad_shift(x[0], -3)), ad_square(far)), ad_square(ad_add(x[1], x[2]))));
}

START_TEST(large_parameters_without_memory)
{
    static const char *const names[] = {"a", "b", "c"};
    static double start[LARGE];
    const nn_optimiser_options o = {.rule = &nn_lbfgs, .history = 2, .l2 = 0.01};
    fill_with_some(start, LARGE, 4);
    bool failed = true;
    size_t refused = 0;
    for (size_t k = 1; k < 2000 && failed; k++) {
        close_tape();
        open_tape();
        ad_tensor x[3];
        for (int i = 0; i < COUNT(x); i++)
            x[i] = ad_param(t, AD_F64, AD_SHAPE(LARGE), start, names[i]);
        for (int step = 0; step < _i; step++)
            ck_assert_int_eq(nn_search_step(&o, x, 3, loss_of_three, x, NULL), AD_OK);
        ad_watch(t, AD_ON);
        const everything before = take_everything();
        counting_fail(&memory, k, COUNTING_ONCE);
        nn_search_step(&o, x, 3, loss_of_three, x, NULL);
        counting_heal(&memory);
        failed = ad_clear_error(t) != AD_OK;
        refused += failed;
        ad_reset(t);
        if (failed)
            expect_everything(&before, "without memory");
        forget_everything(&before);
    }
    ck_assert(!failed && refused > 0);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* What the objective of the tests below does in its n-th call. */
typedef struct mischief {
    problem p;
    int64_t at; /* 1: where the step begins */
    int kind;
} mischief;

static ad_tensor mischievous(ad_tape *tape, void *context)
{
    mischief *m = context;
    const ad_tensor loss = objective(tape, &m->p);
    if (m->p.computed != m->at)
        return loss;
    switch (m->kind) {
    case 0: return (ad_tensor){0};
    case 1: return ad_square(m->p.x);
    case 2: return ad_cast(loss, AD_I32);
    case 3: ad_fail(tape, AD_STOPPED, "the program stops"); return loss;
    case 4: return ad_detach(loss);
    default: return ad_sum(ad_square(ad_param(tape, AD_F64, AD_SCALAR, &(double){1}, NULL)));
    }
}

START_TEST(an_objective_that_fails_changes_nothing)
{
    static const struct {
        ad_status status;
        const char *message;
    } wanted[] = {{AD_BAD_HANDLE, "lbfgs: the objective returned no tensor of the tape of the parameters"},
                  {AD_BAD_SHAPE, "lbfgs: the loss is [4]: it must be a scalar, for instance by ad_mean"},
                  {AD_BAD_TYPE, "lbfgs: the loss is i32: it must be f32 or f64"},
                  {AD_STOPPED, "the program stops"},
                  {AD_NO_GRADIENT, ""},
                  {AD_NO_GRADIENT, "x"}};
    for (int64_t at = 1; at <= 3; at++)
        for (int has_steps = 0; has_steps < 2; has_steps++) {
            mischief m = {.p = open_problem(rosenbrock, AD_F64, rosenbrock_start(), 4), .kind = _i};
            for (int step = 0; step < 3 * has_steps; step++)
                step_of(&m.p, &lbfgs, step == 2, NULL);
            m.p.computed = 0;
            m.at = at;
            const everything before = take_everything();
            nn_search_result r;
            const ad_status status =
                nn_search_step(&(nn_optimiser_options){.rule = &nn_lbfgs, .rate = 100}, &m.p.x, 1, mischievous, &m, &r);
            ck_assert_int_eq(m.p.computed, at);
            ck_assert_int_eq(status, ad_status_of(t));
            if (_i != 4)
                ck_assert_int_eq(status, wanted[_i].status);
            expect_error_with(t, status, wanted[_i].message);
            ck_assert_uint_eq(ad_entry_count(t), 0);
            if (_i != 5)
                expect_everything(&before, "an objective that fails");
            forget_everything(&before);
        }
}
END_TEST

/* A loss that depends on more than the parameters: in its second call it is lower than ever again. */
static ad_tensor restless(ad_tape *tape, void *context)
{
    problem *p = context;
    ad_tensor loss = objective(tape, p);
    return ad_shift(loss, p->computed == 2 ? -100 : 1000 * (double)p->computed);
}

static ad_tensor sum_of(const problem *p) { return ad_sum(p->x); }

START_TEST(a_loss_that_is_not_the_same_twice)
{
    problem p = open_problem(sum_of, AD_F64, rosenbrock_start(), 2);
    nn_search_step(&lbfgs, &p.x, 1, restless, &p, NULL);
    expect_error_with(t, AD_BAD_STATE, "lbfgs: the loss was -1", "for the same parameters: it must not depend on");
    EXPECT(p.x, -1.2, 1);
}
END_TEST

START_TEST(losses_that_are_not_finite)
{
    static const double outside[] = {0.5, 2};
    problem p = open_problem(fenced, AD_F64, outside, 2);
    for (int way = 0; way < 2; way++) {
        nn_search_result r;
        ck_assert_int_eq(way ? nn_minimise(&lbfgs, &p.x, 1, objective, &p, NULL, &r)
                             : nn_search_step(&lbfgs, &p.x, 1, objective, &p, &r),
                         AD_NOT_FINITE);
        expect_error_with(t, AD_NOT_FINITE, "lbfgs: the loss is", "where the step begins: it must be finite there");
        EXPECT(p.x, 0.5, 2);
    }
}
END_TEST

static ad_tensor root(const problem *p) { return ad_sum(ad_sqrt(p->x)); }

START_TEST(a_gradient_that_is_not_finite)
{
    static const double edge[] = {1, 0};
    problem p = open_problem(root, AD_F64, edge, 2);
    ck_assert_int_eq(nn_search_step(&lbfgs, &p.x, 1, objective, &p, NULL), AD_NOT_FINITE);
    expect_error_with(t, AD_NOT_FINITE, "lbfgs: the gradient of x is not finite where the step begins");
    EXPECT(p.x, 1, 0);
    close_tape();
    open_tape();
    p.x = ad_param(t, AD_F64, AD_SHAPE(2), edge, NULL);
    nn_search_step(&lbfgs, &p.x, 1, objective, &p, NULL);
    expect_error_with(t, AD_NOT_FINITE, "lbfgs: the gradient of parameter 0 is not finite where the step begins");
}
END_TEST

static const nn_field own_fields[] = {
    {"rate", "of a step", NN_FIELD_REAL, offsetof(nn_optimiser_options, rate), .standard = 1, .range = NN_ABOVE(0)},
    {"history", "of pairs", NN_FIELD_INTEGER, offsetof(nn_optimiser_options, history), .standard = 4,
     .range = NN_FROM_TO(1, 100)}};
/* The history of another type, default or range than the library's. */
#define ODD_FIELDS(odd_type, odd_standard)                                                                             \
    {                                                                                                                  \
        {                                                                                                              \
            "rate",        "of a step",         NN_FIELD_REAL, offsetof(nn_optimiser_options, rate),                   \
            .standard = 1, .range = NN_ABOVE(0)},                                                                      \
        {                                                                                                              \
            "history", "of pairs", odd_type, offsetof(nn_optimiser_options, history), .standard = (odd_standard),      \
                                                                                      .range = NN_FROM_TO(-1000, 1000) \
        }                                                                                                              \
    }
static const nn_field wide_fields[] = ODD_FIELDS(NN_FIELD_INTEGER, 4), none_fields[] = ODD_FIELDS(NN_FIELD_INTEGER, 0),
                      real_fields[] = ODD_FIELDS(NN_FIELD_REAL, 4);
static const nn_fields of_rate = {own_fields, 1};

static void no_update(const ad_update_block *block) { (void)block; }

static ad_status no_search(nn_search *search, nn_search_result *result)
{
    (void)search, (void)result;
    return AD_OK;
}

START_TEST(bad_options_are_refused)
{
    const nn_optimiser own = {.name = "own", .fields = NN_FIELDS(own_fields), .search = no_search},
                       both = {.name = "both",
                               .fields = NN_FIELDS(own_fields),
                               .update = no_update,
                               .search = nn_lbfgs.search},
                       wide = {.name = "wide", .fields = NN_FIELDS(wide_fields), .search = nn_lbfgs.search},
                       none = {.name = "none", .fields = NN_FIELDS(none_fields), .search = nn_lbfgs.search},
                       by_real = {.name = "real", .fields = NN_FIELDS(real_fields), .search = nn_lbfgs.search},
                       no_history = {.name = "short", .fields = of_rate, .search = nn_lbfgs.search};
    const struct {
        nn_optimiser_options options;
        const char *message;
    } cases[] = {
        {{.rule = &nn_lbfgs, .rate = -1}, "optimiser: rate is -1: it must be above 0"},
        {{.rule = &nn_lbfgs, .history = -1}, "optimiser: history is -1: it must be at least 1"},
        {{.rule = &nn_lbfgs, .history = 101}, "optimiser: history is 101: it must be at least 1 and at most 100"},
        {{.rule = &nn_lbfgs, .l2 = -1}, "optimiser: l2 is -1: it must be at least 0"},
        {{.rule = &nn_lbfgs, .decay = 0.1}, "lbfgs does not read it"},
        {{.rule = &nn_lbfgs, .l1 = 0.1}, "lbfgs does not read it"},
        {{.rule = &nn_lbfgs, .clip_norm = 1}, "optimiser: lbfgs does not obey clip_norm"},
        {{.rule = &nn_lbfgs, .clip_value = 1}, "optimiser: lbfgs does not obey clip_value"},
        {{.rule = &nn_lbfgs, .schedule = {.warm_up = 1}}, "optimiser: lbfgs does not obey a schedule"},
        {{.rule = &nn_lbfgs, .schedule = {.rule = &nn_schedule_cosine, .steps = 5}},
         "optimiser: lbfgs does not obey a schedule"},
        {{.rule = &own}, "optimiser: the optimiser's rule has a search of its own"},
        {{.rule = &both}, "optimiser: the optimiser's rule searches: it must have no update"},
        {{.rule = &no_history}, "optimiser: the optimiser's rule searches: it needs history among its fields"},
        {{.rule = &wide, .history = 1000}, "optimiser: history is 1000: it must be at least 1 and at most 100"},
        {{.rule = &wide, .history = 101}, "optimiser: history is 101: it must be at least 1 and at most 100"},
        {{.rule = &wide, .history = -1}, "optimiser: history is -1: it must be at least 1 and at most 100"},
        {{.rule = &none}, "optimiser: history is 0: it must be at least 1 and at most 100"},
        {{.rule = &by_real}, "optimiser: the optimiser's rule searches: its field history must be of the type"},
    };
    problem p = open_problem(rosenbrock, AD_F64, rosenbrock_start(), 2);
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int is_fixed = 0; is_fixed < 2; is_fixed++) {
            step_of(&p, &cases[i].options, is_fixed, NULL);
            expect_error_with(t, AD_BAD_VALUE, cases[i].message);
            EXPECT(p.x, -1.2, 1);
            ck_assert_uint_eq(ad_kept_count(t), 1);
        }
}
END_TEST

START_TEST(bad_calls_are_refused)
{
    problem p = open_problem(rosenbrock, AD_F64, rosenbrock_start(), 2);
    const ad_tensor twice[] = {p.x, p.x}, input = ad_input(t, AD_F64, AD_SHAPE(2), NULL);
    nn_search_step(NULL, &p.x, 1, objective, &p, NULL);
    expect_error_with(t, AD_BAD_VALUE, "search_step: adagrad does not search: take lbfgs, or nn_optimiser_step");
    nn_search_step(&lbfgs, &p.x, 1, NULL, &p, NULL);
    expect_error_with(t, AD_BAD_VALUE, "search_step: the objective is NULL");
    nn_search_step(&lbfgs, twice, 2, objective, &p, NULL);
    expect_error_with(t, AD_BAD_VALUE, "optimiser: lbfgs: parameter 1 is parameter 0 again");
    nn_search_step(&lbfgs, &input, 1, objective, &p, NULL);
    expect_error_with(t, AD_BAD_STATE, "optimiser: only parameters are updated; number 0 is none");
    nn_minimise(&lbfgs, &p.x, 1, objective, &p, &(nn_minimise_options){.steps = -1}, NULL);
    expect_error_with(t, AD_BAD_VALUE, "minimise: steps is -1: it must be at least 0");
    nn_minimise(&lbfgs, &p.x, 1, objective, &p, &(nn_minimise_options){.tolerance = (double)NAN}, NULL);
    expect_error_with(t, AD_BAD_VALUE, "minimise: tolerance is nan: it must be at least 0");
    ck_assert_int_eq(nn_search_step(&lbfgs, NULL, 0, objective, &p, NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_search_step(&lbfgs, &p.x, 0, objective, &p, NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_minimise(&lbfgs, NULL, 1, objective, &p, NULL, NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(p.computed, 0);
    ad_fail(t, AD_STOPPED, "earlier");
    ck_assert_int_eq(nn_search_step(&lbfgs, &p.x, 1, objective, &p, NULL), AD_STOPPED);
    ck_assert_int_eq(p.computed, 0);
    expect_error_with(t, AD_STOPPED, "earlier");
    EXPECT(p.x, -1.2, 1);
    expect_ok(t);
}
END_TEST

/* A row of one's own that has the library's search: other defaults. */
START_TEST(a_row_with_the_librarys_search)
{
    const nn_optimiser own = {.name = "own", .fields = NN_FIELDS(own_fields), .search = nn_lbfgs.search};
    problem p = open_problem(rosenbrock, AD_F64, rosenbrock_start(), 10);
    nn_search_result r;
    ck_assert_int_eq(nn_minimise(&(nn_optimiser_options){.rule = &own}, &p.x, 1, objective, &p, NULL, &r), AD_OK);
    ck_assert(r.loss < 1e-10);
}
END_TEST

START_TEST(minimise_obeys_its_options)
{
    problem p = open_problem(rosenbrock, AD_F64, rosenbrock_start(), 10);
    nn_search_result r, last;
    ck_assert_int_eq(nn_minimise(&lbfgs, &p.x, 1, objective, &p, &(nn_minimise_options){.steps = 7}, &r), AD_OK);
    ck_assert(!r.has_ended && r.gradient > 1e-6 && r.evaluations == p.computed && r.loss < r.loss_before);
    ck_assert_int_eq(nn_minimise(&lbfgs, &p.x, 1, objective, &p, &(nn_minimise_options){.tolerance = 1}, &last), AD_OK);
    ck_assert(last.gradient <= 1 && last.gradient > 1e-6 && last.loss < r.loss);
    p.computed = 0; /* now it is small enough where it begins */
    ck_assert_int_eq(nn_minimise(&lbfgs, &p.x, 1, objective, &p, &(nn_minimise_options){.tolerance = 1}, &r), AD_OK);
    ck_assert(r.evaluations == 1 && p.computed == 1 && !r.has_ended && r.loss == last.loss && r.loss_before == r.loss);
    ck_assert(r.gradient == last.gradient);
    expect_ok(t);
}
END_TEST

/* ---- States and networks ----------------------------------------------------------------------------------------- */

/* The loss proposes to count a state up. */
static ad_tensor counted;
static ad_tensor counting_objective(ad_tape *tape, void *context)
{
    const ad_tensor loss = objective(tape, context);
    ad_propose(counted, ad_shift(ad_proposed(counted), 1));
    return loss;
}

START_TEST(a_step_commits_once)
{
    problem p = open_problem(rosenbrock, AD_F64, rosenbrock_start(), 4);
    counted = ad_state(t, AD_F64, AD_SCALAR, NULL, "counted");
    nn_search_result r = {0};
    int steps = 0;
    while (!r.has_ended && steps < 500) {
        ck_assert_int_eq(nn_search_step(&lbfgs, &p.x, 1, counting_objective, &p, &r), AD_OK);
        steps += !r.has_ended;
        EXPECT(counted, steps);
    }
    ck_assert(r.has_ended);
    const everything before = take_everything();
    ck_assert_int_eq(nn_search_step(&lbfgs, &p.x, 1, counting_objective, &p, &r), AD_OK);
    ck_assert(r.has_ended && r.loss == r.loss_before);
    expect_everything(&before, "a step that found nothing");
    forget_everything(&before);
}
END_TEST

/* x times the number that it has as data: a gradient that stays. */
static ad_tensor slope_of_data(const problem *p) { return ad_sum(ad_scale(p->x, *(const double *)p->data)); }

/* It takes more than 1,000 steps with one pair. */
static ad_tensor steep(const problem *p)
{
    double h[20];
    for (int i = 0; i < COUNT(h); i++)
        h[i] = pow(10, 7.0 * i / (COUNT(h) - 1));
    return ad_sum(ad_mul(ad_square(p->x), input_of(AD_F64, AD_SHAPE(COUNT(h)), h)));
}

/* What it does by default: a gradient of 1e-6 is small enough, and 1,000 steps are the most. */
START_TEST(minimise_has_defaults)
{
    static const double slopes[] = {0.995e-6, 1.005e-6}, zero = 0;
    nn_search_result r;
    for (int i = 0; i < COUNT(slopes); i++) {
        problem p = open_problem(slope_of_data, AD_F64, &zero, 1);
        p.data = &slopes[i];
        const nn_minimise_options one = {.steps = 1};
        ck_assert_int_eq(nn_minimise(&lbfgs, &p.x, 1, objective, &p, &one, &r), AD_OK);
        ck_assert((r.evaluations == 1) == (i == 0));
    }
    problem p = open_problem(steep, AD_F64, rosenbrock_start(), 20);
    counted = ad_state(t, AD_F64, AD_SCALAR, NULL, "counted");
    const nn_optimiser_options o = {.rule = &nn_lbfgs, .history = 1};
    ck_assert_int_eq(nn_minimise(&o, &p.x, 1, counting_objective, &p, NULL, &r), AD_OK);
    ck_assert_msg(!r.has_ended && r.gradient > 1e-6 && number_at(counted, 0) == 1000, "%g %g", r.gradient,
                  number_at(counted, 0));
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_run_goes_on, 0, 4);
    tcase_add_test(tests, pairs_that_do_not_fit_are_forgotten);
    tcase_add_test(tests, a_loss_that_is_flat_at_first);
    tcase_add_test(tests, steps_of_both_kinds_mix);
    tcase_add_loop_test(tests, threads_give_the_same_bits, 0, 4);
    tcase_add_loop_test(tests, nothing_is_allocated_by_later_steps, 0, 2);
    tcase_add_loop_test(tests, a_step_without_memory_changes_nothing, 0, 4);
    tcase_add_loop_test(tests, large_parameters_without_memory, 0, 2);
    tcase_add_loop_test(tests, an_objective_that_fails_changes_nothing, 0, 6);
    tcase_add_test(tests, a_loss_that_is_not_the_same_twice);
    tcase_add_test(tests, losses_that_are_not_finite);
    tcase_add_test(tests, a_gradient_that_is_not_finite);
    tcase_add_test(tests, bad_options_are_refused);
    tcase_add_test(tests, bad_calls_are_refused);
    tcase_add_test(tests, a_row_with_the_librarys_search);
    tcase_add_test(tests, minimise_obeys_its_options);
    tcase_add_test(tests, minimise_has_defaults);
    tcase_add_test(tests, a_step_commits_once);
}

int main(void) { return run_on_one_tape("search_step", add_tests); }
