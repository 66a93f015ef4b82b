/* Schedules: factors against numbers computed elsewhere, plateaus against a table, and steps of networks that obey
 * them. */
#include <math.h>
#include <string.h>

#include <gradtape/network.h>

#include "../support/one_tape.h"

/* ---- Factors ----------------------------------------------------------------------------------------------------- */

START_TEST(schedules_have_names)
{
    static const char *const names[] = {"constant", "step", "exponential", "cosine", "polynomial", "plateau"};
    ck_assert_uint_eq(nn_schedule_count(), COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        ck_assert_str_eq(nn_schedule_at(i)->name, names[i]);
        ck_assert_ptr_eq(nn_schedule_named(names[i]), nn_schedule_at(i));
        ck_assert(*nn_schedule_at(i)->formula);
    }
    ck_assert_ptr_null(nn_schedule_at(COUNT(names)));
    ck_assert_ptr_null(nn_schedule_named("linear"));
    ck_assert_ptr_null(nn_schedule_named(NULL));
}
END_TEST

/* python3 -c "from mpmath import *; mp.dps = 30; f = mpf('0.1')
 * for s in 0, 1, 3, 4, 8, 20: print(f**(s // 4), mpf('0.9')**(mpf(s) / 4),
 *     f + (1 - f) * (1 + cos(pi * min(s, 8) / 8)) / 2, f + (1 - f) * (1 - mpf(min(s, 8)) / 8)**2.5)" */
START_TEST(factors_are_those_of_the_formulas)
{
    static const struct {
        nn_schedule_options options;
        int64_t step;
        double wanted;
    } cases[] = {
        {{0}, 1000, 1},
        {{.rule = &nn_schedule_step, .steps = 4}, 3, 1},
        {{.rule = &nn_schedule_step, .steps = 4}, 4, 0.1},
        {{.rule = &nn_schedule_step, .steps = 4}, 20, 1e-5},
        {{.rule = &nn_schedule_step, .steps = 4, .factor = 0.5}, 11, 0.25},
        {{.rule = &nn_schedule_step, .steps = 1}, INT64_MAX, 0},
        {{.rule = &nn_schedule_step, .steps = INT64_MAX}, INT64_MAX, 0.1},
        {{.rule = &nn_schedule_step, .steps = 4, .floor = 0.001}, 20, 0.001},
        {{.rule = &nn_schedule_exponential, .steps = 4}, 0, 1},
        {{.rule = &nn_schedule_exponential, .steps = 4}, 1, 0.974003746425296764},
        {{.rule = &nn_schedule_exponential, .steps = 4}, 4, 0.9},
        {{.rule = &nn_schedule_exponential, .steps = 4}, 10, 0.768433471420916178},
        {{.rule = &nn_schedule_exponential, .steps = 4, .floor = 0.8}, 10, 0.8},
        {{.rule = &nn_schedule_cosine, .steps = 8, .floor = 0.1}, 0, 1},
        {{.rule = &nn_schedule_cosine, .steps = 8, .floor = 0.1}, 1, 0.96574578963007904},
        {{.rule = &nn_schedule_cosine, .steps = 8, .floor = 0.1}, 3, 0.722207544564290397},
        {{.rule = &nn_schedule_cosine, .steps = 8, .floor = 0.1}, 8, 0.1},
        {{.rule = &nn_schedule_cosine, .steps = 8}, 20, 0},
        {{.rule = &nn_schedule_polynomial, .steps = 8}, 2, 0.75},
        {{.rule = &nn_schedule_polynomial, .steps = 8, .power = 2.5, .floor = 0.1}, 1, 0.744558948268479747},
        {{.rule = &nn_schedule_polynomial, .steps = 8, .power = 2.5, .floor = 0.1}, 3, 0.377934559975736465},
        {{.rule = &nn_schedule_polynomial, .steps = 8, .power = 2.5, .floor = 0.1}, 20, 0.1},
        {{.rule = &nn_schedule_plateau}, 1000, 1},
        /* The warm-up comes first, and the way down begins after it. */
        {{.warm_up = 4}, 0, 0.25},
        {{.warm_up = 4}, 3, 1},
        {{.warm_up = 4}, 4, 1},
        {{.warm_up = 4}, -7, 0.25},
        {{.rule = &nn_schedule_plateau, .warm_up = 4}, 1, 0.5},
        {{.rule = &nn_schedule_cosine, .steps = 8, .floor = 0.1, .warm_up = 5}, 2, 0.6},
        {{.rule = &nn_schedule_cosine, .steps = 8, .floor = 0.1, .warm_up = 5}, 5, 1},
        {{.rule = &nn_schedule_cosine, .steps = 8, .floor = 0.1, .warm_up = 5}, 8, 0.722207544564290397},
        /* Options that are wrong give 1. */
        {{.rule = &nn_schedule_cosine}, 8, 1},
        {{.rule = &nn_schedule_cosine, .steps = 4, .power = 2}, 8, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const double got = nn_schedule_factor(&cases[i].options, cases[i].step);
        ck_assert_msg(fabs(got - cases[i].wanted) <= 4e-16, "case %zu: %.17g, not %.17g", i, got, cases[i].wanted);
    }
    ck_assert(nn_schedule_factor(NULL, 3) == 1);
}
END_TEST

/* Losses, and how often the factor fell after each: a loss is better by more than a tenth of the best. */
START_TEST(a_plateau_falls_after_its_patience)
{
    static const struct {
        double loss;
        int falls;
    } at[] = {{10, 0},  {9.5, 0},   {9.1, 1}, {8.9, 1}, {8.5, 1},
              {NAN, 2}, {8, 2},     {7, 2},   {7, 2},   {(double)-INFINITY, 3},
              {-1, 3},  {-1.05, 3}, {-1.2, 3}};
    const nn_schedule_options o = {
        .rule = &nn_schedule_plateau, .factor = 0.5, .patience = 2, .threshold = 0.1, .floor = 0.2};
    static const double factors[] = {1, 0.5, 0.25, 0.2};
    nn_plateau p = {0};
    for (size_t i = 0; i < COUNT(at); i++) {
        const double got = nn_plateau_observe(&p, &o, at[i].loss);
        ck_assert_msg(p.falls == at[i].falls && got == factors[p.falls], "loss %zu: %.17g after %d falls", i, got,
                      (int)p.falls);
    }
    ck_assert(nn_plateau_observe(NULL, &o, 1) == 1 && nn_plateau_observe(&p, NULL, 1) == 1);
    ck_assert(nn_plateau_observe(&p, &(nn_schedule_options){.rule = &nn_schedule_cosine, .steps = 3}, 1) == 1);
}
END_TEST

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

static const nn_layer layers[] = {NN_DENSE(.units = 3, .activation = AD_TANH), NN_DENSE(.units = 2)};

static nn_network *open_network(void)
{
    nn_network *net = nn_network_open(
        t, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(2), .type = AD_F64, .seed = 4});
    expect_ok(t);
    return net;
}

/* What a plateau counts, from its defaults on. */
START_TEST(a_plateau_counts_from_the_best_or_its_last_fall)
{
    const nn_schedule_options o = {.rule = &nn_schedule_plateau};
    nn_plateau by_default = {0};
    for (int i = 0; i <= 10; i++)
        ck_assert(nn_plateau_observe(&by_default, &o, i ? 1 - 0.995e-4 : 1) == (i < 10 ? 1 : 0.1));
    ck_assert(nn_plateau_observe(&by_default, &o, 1 - 1.005e-4) == 0.1 && by_default.best < 1);
    const nn_schedule_options two = {.rule = &nn_schedule_plateau, .factor = 0.5, .patience = 2, .threshold = 0.5};
    static const struct {
        double loss;
        int falls;
    } at[] = {{8, 0}, {8, 0}, {8, 1}, {8, 1}, {8, 2}, {8, 2}, {3, 2}, {3, 2}, {1.5, 3}, {1.5, 3}, {1.4, 3}, {1.4, 3}};
    nn_plateau p = {0};
    for (size_t i = 0; i < COUNT(at); i++) {
        nn_plateau_observe(&p, &two, at[i].loss);
        ck_assert_msg(p.falls == at[i].falls, "loss %zu: %d falls", i, (int)p.falls);
    }
    const nn_schedule_options steep = {.rule = &nn_schedule_exponential, .factor = 0.5, .steps = 1, .floor = 0.25};
    ck_assert(nn_schedule_factor(&steep, 1) == 0.5 && nn_schedule_factor(&steep, 5000) == 0.25);
}
END_TEST

/* A step of the network; a plateau is observed, and the rate multiplied by hand. */
static ad_status step_by(nn_network *net, nn_optimiser_options o, nn_plateau *plateau, int64_t step)
{
    const nn_pass pass = nn_training(net, step);
    const ad_tensor loss =
        ad_mean(ad_square(nn_run(net, pass, some_input(t, AD_F64, AD_SHAPE(6, 2), 1 + (uint64_t)step))));
    ad_backward(loss);
    if (o.schedule.rule == &nn_schedule_plateau) {
        o.rate *= nn_plateau_observe(plateau, &o.schedule, 1);
        o.schedule = (nn_schedule_options){0};
    }
    const ad_status status = nn_step(net, pass, &o);
    ad_reset(t);
    return status;
}

enum { STEPS = 8, CUT = 4, NUMBERS = 300 };

static nn_optimiser_options options_of(size_t optimiser, size_t schedule)
{
    const nn_schedule *rule = nn_schedule_at(schedule);
    nn_optimiser_options o = {.rule = nn_optimiser_at(optimiser), .rate = 0.01, .clip_norm = 0.25};
    o.schedule = (nn_schedule_options){.rule = rule, .warm_up = rule->observes ? 0 : 2};
    if (rule->observes)
        o.schedule.patience = 2;
    else if (rule != &nn_schedule_constant)
        o.schedule.steps = 3;
    return o;
}

/* All parameters and states of the tape, one behind another. */
static size_t take_numbers(double *to)
{
    size_t n = 0;
    for (size_t i = 0; i < ad_kept_count(t); i++) {
        const ad_tensor x = ad_kept_at(t, i);
        ck_assert(n + ad_size_of(x) <= NUMBERS && ad_type_of(x) == AD_F64);
        memcpy(to + n, ad_f64(x), ad_size_of(x) * sizeof *to);
        n += ad_size_of(x);
    }
    return n;
}

static void give_numbers(const double *from)
{
    for (size_t i = 0; i < ad_kept_count(t); from += ad_size_of(ad_kept_at(t, i)), i++)
        ad_assign(ad_kept_at(t, i), from);
}

/* Steps from `first` to before `end` on a tape of its own, begun with the numbers `from`. Nothing is allocated from the
 * second step on. */
static size_t run_from(const double *from, const nn_optimiser_options *o, nn_plateau *plateau, int first, int end,
                       double *to)
{
    close_tape();
    open_tape();
    nn_network *net = open_network();
    if (from) { /* makes the slots */
        nn_plateau other = {0};
        ck_assert_int_eq(step_by(net, *o, &other, 0), AD_OK);
        give_numbers(from);
    }
    for (int step = first; step < end; step++) {
        const size_t calls = memory.calls;
        ck_assert_msg(step_by(net, *o, plateau, step) == AD_OK, "%s", ad_message(t));
        ck_assert_msg(step == first || memory.calls == calls, "step %d allocates", step);
    }
    nn_network_close(net);
    return take_numbers(to);
}

START_TEST(a_run_that_goes_on_has_the_same_bits)
{
    static double whole[NUMBERS], half[NUMBERS], rest[NUMBERS];
    if (nn_optimiser_at((size_t)_i)->search)
        return; /* it has no schedule (lbfgs.c) */
    for (size_t s = 0; s < nn_schedule_count(); s++)
        for (int threads = 1; threads <= 3; threads++) {
            const nn_optimiser_options o = options_of((size_t)_i, s);
            nn_plateau one = {0}, two = {0};
            ad_set_threads(1);
            const size_t n = run_from(NULL, &o, &one, 0, STEPS, whole);
            ad_set_threads(threads);
            run_from(NULL, &o, &two, 0, CUT, half);
            ck_assert_uint_eq(run_from(half, &o, &two, CUT, STEPS, rest), n);
            ck_assert_msg(!memcmp(whole, rest, n * sizeof *whole), "%s with %s", o.rule->name, o.schedule.rule->name);
        }
    ad_set_threads(0);
}
END_TEST

/* Descent by a factor is descent by the rate times the factor. */
START_TEST(nn_step_obeys_the_schedule)
{
    static double by_schedule[NUMBERS], by_hand[NUMBERS];
    const nn_schedule_options schedule = {.rule = &nn_schedule_cosine, .steps = 6, .warm_up = 3};
    for (int hand = 0; hand < 2; hand++) {
        close_tape();
        open_tape();
        nn_network *net = open_network();
        nn_optimiser_options o = {.rule = &nn_momentum, .rate = 0.5};
        for (int step = 0; step < 9; step++) { /* the factor of step 9 is 0 */
            if (hand)
                o.rate = 0.5 * nn_schedule_factor(&schedule, step);
            else
                o.schedule = schedule;
            ck_assert_int_eq(step_by(net, o, NULL, step), AD_OK);
        }
        take_numbers(hand ? by_hand : by_schedule);
        nn_network_close(net);
    }
    ck_assert(!memcmp(by_schedule, by_hand, sizeof by_hand));
}
END_TEST

/* A rate that becomes 0 changes nothing; a rate that only changes leaves x where it is if the gradient is 0, by ftrl
 * too, whose x is a sum divided by a rate. */
START_TEST(a_rate_changes_no_parameter_by_itself)
{
    for (size_t i = 0; i < nn_optimiser_count(); i++) {
        static double before[NUMBERS], after[NUMBERS];
        if (nn_optimiser_at(i)->search)
            continue;
        close_tape();
        open_tape();
        nn_network *net = open_network();
        nn_optimiser_options o = {.rule = nn_optimiser_at(i),
                                  .schedule = {.rule = &nn_schedule_polynomial, .steps = 4}};
        for (int step = 0; step < 8; step++) {
            if (step == 4)
                take_numbers(before);
            ck_assert_int_eq(step_by(net, o, NULL, step), AD_OK);
        }
        take_numbers(after);
        ck_assert_msg(!memcmp(before, after, sizeof after), "%s", o.rule->name);
        nn_network_close(net);
    }
    close_tape();
    open_tape();
    const ad_tensor x = PARAMS("x", 0.5, -2);
    for (int step = 0; step < 5; step++) {
        ad_backward(ad_scale(ad_sum(x), step ? 0 : 1e-3));
        nn_optimiser_step(&(nn_optimiser_options){.rule = &nn_ftrl, .rate = 0.5 / (1 << step)}, &x, 1);
        ad_reset(t);
    }
    ck_assert(fabs(ad_f64(x)[0] - 0.5) < 0.01 && fabs(ad_f64(x)[1] + 2) < 0.01);
}
END_TEST

/* A step at a step has the bits of nn_step by the schedule. */
START_TEST(a_step_at_a_step_is_nn_step)
{
    static double by_network[NUMBERS], by_hand[NUMBERS];
    const nn_optimiser_options o = {
        .rule = &nn_adam, .rate = 0.1, .schedule = {.rule = &nn_schedule_cosine, .steps = 6, .warm_up = 3}};
    for (int hand = 0; hand < 2; hand++) {
        close_tape();
        open_tape();
        nn_network *net = open_network();
        ad_tensor parts[4];
        ck_assert_uint_eq(nn_network_part_count(net), COUNT(parts));
        for (size_t i = 0; i < COUNT(parts); i++)
            parts[i] = nn_network_part(net, i);
        for (int step = 0; step < 11; step++) { /* from step 9 on the factor is 0 */
            const nn_pass pass = nn_training(net, step);
            ad_backward(
                ad_mean(ad_square(nn_run(net, pass, some_input(t, AD_F64, AD_SHAPE(6, 2), 1 + (uint64_t)step)))));
            ck_assert_int_eq(hand ? nn_optimiser_step_at(&o, parts, COUNT(parts), step) : nn_step(net, pass, &o),
                             AD_OK);
            ad_reset(t);
            if (step == 8)
                take_numbers(by_network + (hand ? NUMBERS / 2 : 0));
        }
        ck_assert(take_numbers(by_hand + (hand ? NUMBERS / 2 : 0)) <= NUMBERS / 2);
        nn_network_close(net);
    }
    ck_assert(!memcmp(by_network, by_network + NUMBERS / 2, NUMBERS / 2 * sizeof *by_hand));
    ck_assert(!memcmp(by_hand, by_hand + NUMBERS / 2, NUMBERS / 2 * sizeof *by_hand));
    ck_assert(!memcmp(by_hand, by_network, NUMBERS / 2 * sizeof *by_hand)); /* by a factor of 0 nothing changes */
}
END_TEST

/* What it refuses, and rules that have no schedule. */
START_TEST(a_step_at_a_step_is_checked)
{
    const ad_tensor x = PARAMS("x", 0.5, -2);
    const nn_optimiser_options plateau = {.schedule = {.rule = &nn_schedule_plateau}}, plain = {.rate = 0.5},
                               lbfgs = {.rule = &nn_lbfgs},
                               scheduled = {.rule = &nn_lbfgs, .schedule = {.rule = &nn_schedule_cosine, .steps = 4}};
    ad_backward(ad_sum(ad_square(x)));
    ck_assert_int_eq(nn_optimiser_step_at(&plateau, &x, 1, 0), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "optimiser: the schedule plateau goes by losses, of which a step knows none",
                      "");
    ck_assert_int_eq(nn_optimiser_step_at(&plain, &x, 1, -1), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "optimiser: the step is -1: steps count from 0", "");
    ck_assert_int_eq(nn_optimiser_step_at(&scheduled, &x, 1, 1), AD_BAD_VALUE);
    ad_clear_error(t);
    ck_assert(ad_version_of(x) == 0 && ad_f64(x)[0] == 0.5);
    ck_assert_int_eq(nn_optimiser_step_at(&lbfgs, &x, 1, 7), AD_OK);
    ck_assert(fabs(ad_f64(x)[0] - 0.3) <= 1e-15 && fabs(ad_f64(x)[1] + 1.2) <= 1e-15); /* rate g / |g|_1, g = (1, -4) */
    ck_assert_int_eq(nn_optimiser_step_at(NULL, &x, 1, INT64_MAX), AD_OK);
}
END_TEST

/* ---- Rows of a user's own, and bad input ------------------------------------------------------------------------- */

static double half(const nn_schedule_options *o, double s)
{
    (void)o;
    return s < 2 ? 0.5 : 1.5;
}
static double not_a_number(const nn_schedule_options *o, double s)
{
    (void)o;
    (void)s;
    return NAN;
}
static const nn_schedule own = {.name = "own", .factor = half}, broken = {.name = "broken", .factor = not_a_number},
                         nameless = {.factor = half}, idle = {.name = "idle"},
                         observer = {.name = "observer", .observes = true};

START_TEST(a_row_of_ones_own)
{
    nn_network *net = open_network();
    const nn_optimiser_options o = {.schedule = {.rule = &own}}, b = {.schedule = {.rule = &broken}};
    ck_assert(nn_schedule_factor(&o.schedule, 1) == 0.5);
    ck_assert_int_eq(step_by(net, o, NULL, 1), AD_OK);
    ck_assert_int_eq(step_by(net, o, NULL, 2), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "the schedule own gives a factor of 1.5: it must be at least 0 and at most 1",
                      "");
    ck_assert_int_eq(step_by(net, b, NULL, 2), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "the schedule broken gives a factor of nan", "");
    nn_network_close(net);
}
END_TEST

/* A row that observes has both options, and no function. */
START_TEST(rows_that_observe_and_lack_something_are_refused)
{
    static const nn_field patience = {"patience",       "evaluations",
                                      NN_FIELD_INTEGER, offsetof(nn_schedule_options, patience),
                                      .standard = 1,    .range = NN_AT_LEAST(1)},
                          factor = {"factor",        "of a fall",
                                    NN_FIELD_REAL,   offsetof(nn_schedule_options, factor),
                                    .standard = 0.5, .range = NN_ABOVE(0)};
    const nn_field both[] = {patience, factor};
    const nn_schedule rows[] = {{.name = "whole", .fields = NN_FIELDS(both), .observes = true},
                                {.name = "impatient", .fields = {&factor, 1}, .observes = true},
                                {.name = "even", .fields = {&patience, 1}, .observes = true},
                                {.name = "double", .fields = NN_FIELDS(both), .observes = true, .factor = half}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const ad_tensor w = ad_param(t, AD_F64, AD_SCALAR, NULL, rows[i].name);
        ad_backward(ad_square(w));
        const nn_optimiser_options o = {.schedule = {.rule = &rows[i]}};
        ck_assert_int_eq(nn_optimiser_step(&o, &w, 1), AD_BAD_VALUE);
        ck_assert_msg((i > 0) == (strstr(ad_message(t), "the options factor and patience among its fields") != NULL),
                      "%s", ad_message(t));
        ad_clear_error(t);
        ad_reset(t);
    }
}
END_TEST

START_TEST(bad_schedules_are_refused)
{
    static const struct {
        nn_schedule_options options;
        const char *message;
    } cases[] = {
        {{.power = 2},
         "the schedule has options that constant does not read: give another, for instance schedule=cosine"},
        {{.rule = &nn_schedule_cosine, .steps = 3, .factor = 0.5},
         "schedule_factor is an option of step, exponential and plateau; cosine does not read it"},
        {{.rule = &nn_schedule_plateau, .steps = 3}, "schedule_steps is an option of step, exponential, cosine and"},
        {{.rule = &own, .patience = 3}, "schedule_patience is an option of plateau; own does not read it"},
        {{.rule = &nn_schedule_step}, "schedule_steps are missing: step needs them, and they have no default"},
        {{.rule = &nn_schedule_step, .steps = -2}, "schedule_steps is -2: it must be at least 1"},
        {{.rule = &nn_schedule_step, .steps = 2, .factor = 1}, "factor is 1: it must be above 0 and below 1"},
        {{.rule = &nn_schedule_step, .steps = 2, .factor = (double)NAN}, "factor is nan: it must be above 0"},
        {{.rule = &nn_schedule_cosine, .steps = 2, .floor = 1},
         "schedule_floor is 1: it must be at least 0 and below 1; the factor begins at 1, and would never come"},
        {{.rule = &nn_schedule_cosine, .steps = -1, .floor = 2}, "schedule_steps is -1: it must be at least 1"},
        {{.rule = &nn_schedule_cosine, .steps = 2, .floor = -1}, "floor is -1: it must be at least 0"},
        {{.rule = &nn_schedule_polynomial, .steps = 2, .power = -1}, "power is -1: it must be above 0"},
        {{.rule = &nn_schedule_plateau, .patience = -1}, "patience is -1: it must be at least 1"},
        {{.rule = &nn_schedule_plateau, .threshold = 1}, "threshold is 1: it must be at least 0 and"},
        {{.rule = &nn_schedule_cosine, .steps = 2, .warm_up = -1}, "warm_up is -1: it must be at least 0"},
        {{.rule = &nameless}, "the schedule's rule has no name or no factor"},
        {{.rule = &idle}, "the schedule's rule has no name or no factor"},
        {{.rule = &observer}, "the schedule's rule observes: it needs the options factor and patience"},
    };
    nn_network *net = open_network();
    const ad_tensor w = nn_network_part(net, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const nn_optimiser_options o = {.schedule = cases[i].options};
        ck_assert_int_eq(nn_optimiser_prepare(&o, &w, 1), AD_BAD_VALUE);
        ck_assert_msg(cases[i].options.floor >= 1 && cases[i].options.steps > 0
                          ? strstr(ad_message(t), "and would never come down to it") != NULL
                          : !strstr(ad_message(t), "come down"),
                      "%s", ad_message(t));
        expect_error_with(t, AD_BAD_VALUE, cases[i].message, "");
        ck_assert_int_eq(nn_optimiser_step(&o, &w, 1), AD_BAD_VALUE);
        expect_error_with(t, AD_BAD_VALUE, cases[i].message, "");
        ck_assert(nn_schedule_factor(&o.schedule, 4) == 1);
    }
    const nn_optimiser_options plateau = {.schedule = {.rule = &nn_schedule_plateau}},
                               warm = {.schedule = {.warm_up = 2}};
    ck_assert_int_eq(nn_step(net, nn_training(net, 0), &plateau), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "step: the schedule plateau goes by the losses", "");
    ck_assert_int_eq(nn_optimiser_step(&plateau, &w, 1), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "the options have a schedule, and nn_optimiser_step knows no step", "");
    ck_assert_int_eq(nn_optimiser_step(&warm, &w, 1), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "the options have a warm-up", "");
    nn_network_close(net);
}
END_TEST

/* ---- Clipping ---------------------------------------------------------------------------------------------------- */

/* Two parameters, and the gradients 3 and (4, 12): their norm is 13. */
START_TEST(gradients_are_clipped_together)
{
    static const struct {
        double value, norm, unit, wanted[3];
    } cases[] = {
        {0, 26, 1, {3, 4, 12}},
        {0, 6.5, 1, {1.5, 2, 6}},
        {5, 0, 1, {3, 4, 5}},
        {4, 3.2015621187164243, 1, {1.5, 2, 2}}, /* sqrt(41) / 2 */
        {0, 0.0625, 1e200, {3 * 0.0625 / 13, 4 * 0.0625 / 13, 12 * 0.0625 / 13}},
        {0, 1e-201, 1e-200, {3e-201 / 13, 4e-201 / 13, 12e-201 / 13}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        close_tape();
        open_tape();
        const ad_tensor p[] = {PARAM(0, "p"), PARAMS("q", 0, 0)};
        const double c[] = {4 * cases[i].unit, 12 * cases[i].unit};
        ad_backward(ad_add(ad_scale(p[0], 3 * cases[i].unit), ad_sum(ad_mul(p[1], input_of(AD_F64, AD_SHAPE(2), c)))));
        const nn_optimiser_options o = {
            .rule = &nn_gradient_descent, .rate = 1, .clip_value = cases[i].value, .clip_norm = cases[i].norm};
        ck_assert_int_eq(nn_optimiser_step(&o, p, 2), AD_OK);
        const double got[] = {-ad_f64(p[0])[0], -ad_f64(p[1])[0], -ad_f64(p[1])[1]};
        for (int j = 0; j < 3; j++)
            ck_assert_msg(fabs(got[j] - cases[i].wanted[j]) <= 1e-15 * cases[i].wanted[j], "case %zu: %.17g", i,
                          got[j]);
    }
}
END_TEST

/* A gradient that is not finite is named, and nothing has changed; without clipping only in small parameters. */
START_TEST(a_gradient_that_is_not_finite_is_refused)
{
    enum { N = 40000, SMALL = 16384 };
    static double c[N];
    for (int way = 0; way < 32; way++) {
        const ad_type type = way & 1 ? AD_F32 : AD_F64;
        const bool clips = way & 4, is_large = way & 16;
        const int64_t n = is_large ? N : SMALL;
        close_tape();
        open_tape();
        const ad_tensor p[] = {ad_param(t, type, AD_SHAPE(3), NULL, "first"),
                               ad_param(t, type, AD_SHAPE(n), NULL, way & 8 ? NULL : "second")};
        for (size_t i = 0; i < N; i++)
            c[i] = 1;
        c[n - 7] = way & 2 ? NAN : -INFINITY;
        ad_backward(ad_add(ad_sum(p[0]), ad_sum(ad_mul(p[1], input_of(type, AD_SHAPE(n), c)))));
        const nn_optimiser_options o = {.clip_norm = clips ? 1 : 0, .clip_value = clips && way & 2 ? 1 : 0};
        if (is_large && !clips) {
            ck_assert_int_eq(nn_optimiser_step(&o, p, 2), AD_OK);
            continue;
        }
        ck_assert_int_eq(nn_optimiser_step(&o, p, 2), AD_NOT_FINITE);
        expect_error_with(t, AD_NOT_FINITE,
                          is_large ? "element 39993 of the gradient of" : "element 16377 of the gradient of",
                          way & 8 ? "parameter 1" : "second");
        ck_assert(ad_version_of(p[0]) == 0 && ad_version_of(p[1]) == 0);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, schedules_have_names);
    tcase_add_test(tests, factors_are_those_of_the_formulas);
    tcase_add_test(tests, a_plateau_falls_after_its_patience);
    tcase_add_test(tests, a_plateau_counts_from_the_best_or_its_last_fall);
    tcase_add_test(tests, rows_that_observe_and_lack_something_are_refused);
    tcase_add_loop_test(tests, a_run_that_goes_on_has_the_same_bits, 0, (int)nn_optimiser_count());
    tcase_add_test(tests, nn_step_obeys_the_schedule);
    tcase_add_test(tests, a_rate_changes_no_parameter_by_itself);
    tcase_add_test(tests, a_step_at_a_step_is_nn_step);
    tcase_add_test(tests, a_step_at_a_step_is_checked);
    tcase_add_test(tests, a_row_of_ones_own);
    tcase_add_test(tests, bad_schedules_are_refused);
    tcase_add_test(tests, gradients_are_clipped_together);
    tcase_add_test(tests, a_gradient_that_is_not_finite_is_refused);
}

int main(void) { return run_on_one_tape("schedules", add_tests); }
