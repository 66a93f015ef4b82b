/* L-BFGS: the trajectory and the minima of other libraries (golden/optimisers.json), functions that are hard to
 * minimise, and what a step promises. Evaluations are compared with those of SciPy 1.17:
 *   minimize(f, x0, jac=True, method='L-BFGS-B', options=dict(maxcor=10, gtol=1e-6, ftol=0)).nfev */
#include "../../nn/network/node.h"
#include "../support/json_reader.h"
#include "../support/searches.h"

enum { MOST = 16, ROWS = 40 };

static size_t numbers_of(const json *list, double *to, size_t most)
{
    ck_assert_int_le(list->n, (int)most);
    for (int i = 0; i < list->n; i++)
        to[i] = json_number(json_at(list, i));
    return (size_t)list->n;
}

static void matrix_of(const json *rows, bool with_one, double *to)
{
    for (int i = 0; i < rows->n; i++) {
        to += numbers_of(json_at(rows, i), to, MOST);
        if (with_one)
            *to++ = 1;
    }
}

/* (x - c)' A (x - c) / 2, and the mean of softplus(z) - y z, z = X x with a 1 at the end of each row. */
static ad_tensor of_file(const problem *p)
{
    static double a[ROWS * MOST], c[ROWS];
    const int64_t d = (int64_t)ad_size_of(p->x);
    const ad_type type = ad_type_of(p->x);
    if (!strcmp(json_text(json_in(p->data, "kind")), "quadratic")) {
        matrix_of(json_in(p->data, "A"), false, a);
        numbers_of(json_in(p->data, "c"), c, COUNT(c));
        const ad_tensor off = ad_reshape(ad_sub(p->x, input_of(type, AD_SHAPE(d), c)), AD_SHAPE(d, 1));
        return ad_scale(ad_sum(ad_mul(off, ad_matmul(input_of(type, AD_SHAPE(d, d), a), off))), 0.5);
    }
    matrix_of(json_in(p->data, "X"), true, a);
    const int64_t n = (int64_t)numbers_of(json_in(p->data, "y"), c, COUNT(c));
    const ad_tensor z =
        ad_reshape(ad_matmul(input_of(type, AD_SHAPE(n, d), a), ad_reshape(p->x, AD_SHAPE(d, 1))), AD_SHAPE(n));
    return ad_mean(ad_sub(ad_softplus(z), ad_mul(input_of(type, AD_SHAPE(n), c), z)));
}

static ad_tensor sum_of(const problem *p) { return ad_sum(p->x); }

static ad_tensor constant(const problem *p) { return ad_sum(ad_scale(p->x, 0)); }

/* ---- Running ----------------------------------------------------------------------------------------------------- */

/* Steps by hand, in which the loss never rises, to a gradient below `tolerance`, or to the end. */
static nn_search_result descend(problem *p, const nn_optimiser_options *o, double tolerance)
{
    nn_search_result r = {0};
    double last = INFINITY;
    for (int step = 0; step < 5000 && !r.has_ended && (step == 0 || r.gradient > tolerance); step++) {
        ck_assert_msg(nn_search_step(o, &p->x, 1, objective, p, &r) == AD_OK, "%s", ad_message(t));
        ck_assert_msg(r.loss <= r.loss_before && r.loss <= last, "step %d: from %.17g to %.17g", step, last, r.loss);
        ck_assert(step == 0 || r.loss_before == last);
        ck_assert(r.has_ended ? r.loss == r.loss_before : r.loss < r.loss_before);
        ck_assert_uint_eq(ad_entry_count(t), 0);
        last = r.loss;
    }
    return r;
}

/* Minimises both ways: the same numbers; by nn_minimise in at most twice so many evaluations. */
static nn_search_result minimise(problem *p, const nn_optimiser_options *o, int64_t scipy)
{
    const snapshot start = snapshot_of(p->x);
    nn_search_result r;
    ck_assert_msg(nn_minimise(o, &p->x, 1, objective, p, &(nn_minimise_options){.steps = 5000}, &r) == AD_OK, "%s",
                  ad_message(t));
    ck_assert_int_eq(r.evaluations, p->computed);
    ck_assert_msg(r.evaluations <= 2 * scipy, "%lld evaluations, SciPy needs %lld", (long long)r.evaluations,
                  (long long)scipy);
    double *x = malloc(ad_size_of(p->x) * sizeof *x);
    for (size_t i = 0; i < ad_size_of(p->x); i++)
        x[i] = number_at(p->x, i);
    problem again = open_problem(p->loss, ad_type_of(p->x), x, (int64_t)ad_size_of(p->x));
    again.data = p->data;
    ad_assign(again.x, start.data);
    free(start.data);
    const nn_search_result by_hand = descend(&again, o, 1e-6);
    ck_assert(by_hand.loss == r.loss && by_hand.gradient == r.gradient && by_hand.has_ended == r.has_ended);
    for (size_t i = 0; i < ad_size_of(again.x); i++)
        ck_assert(number_at(again.x, i) == x[i]);
    free(x);
    *p = again;
    return r;
}

/* ---- Other libraries' numbers ------------------------------------------------------------------------------------ */

static json *read_file(void)
{
    char path[600];
    const char *folder = getenv("GRADTAPE_GOLDEN_DIR");
    snprintf(path, sizeof path, "%s/optimisers.json", folder ? folder : "tests/golden");
    return json_read_file(path);
}

START_TEST(a_fixed_step_follows_torch)
{
    json *file = read_file();
    const json *run = json_find(json_in(file, "runs"), "name", "lbfgs_fixed_step");
    const json *options = json_in(run, "options"), *data = json_in(json_in(file, "problems"), "quadratic");
    const ad_type type = _i ? AD_F32 : AD_F64;
    double w0[MOST];
    const size_t d = numbers_of(json_in(data, "w0"), w0, MOST);
    problem p = open_problem(of_file, type, w0, (int64_t)d);
    p.data = data;
    const nn_optimiser_options o = {.rule = &nn_lbfgs,
                                    .rate = json_number(json_in(options, "rate")),
                                    .history = (int64_t)json_number(json_in(options, "history"))};
    for (int step = 0; step < 20; step++) {
        const ad_tensor loss = objective(t, &p);
        const double wanted = json_number(json_at(json_in(run, "loss"), step));
        const double tolerance = type == AD_F64 ? 1e-12 : 2e-4;
        ck_assert_msg(fabs(ad_item(loss) - wanted) <= tolerance * (1 + fabs(wanted)), "step %d: %.17g, not %.17g", step,
                      ad_item(loss), wanted);
        ad_backward(loss);
        ck_assert_msg(nn_optimiser_step(&o, &p.x, 1) == AD_OK, "%s", ad_message(t));
        ad_reset(t);
        for (size_t i = 0; i < d; i++) {
            const double w = json_number(json_at(json_at(json_in(run, "w"), step), (int)i));
            ck_assert_msg(fabs(number_at(p.x, i) - w) <= tolerance * (1 + fabs(w)),
                          "step %d: w[%zu] is %.17g, not %.17g", step, i, number_at(p.x, i), w);
        }
    }
    json_free(file);
}
END_TEST

START_TEST(minima_are_those_of_scipy)
{
    static const char *const names[] = {"quadratic", "logistic"};
    json *file = read_file();
    const json *wanted = json_in(json_in(file, "optimum"), names[_i]);
    double w0[MOST];
    const json *data = json_in(json_in(file, "problems"), names[_i]);
    const size_t d = numbers_of(json_in(data, "w0"), w0, MOST);
    problem p = open_problem(of_file, AD_F64, w0, (int64_t)d);
    p.data = data;
    const nn_optimiser_options o = {.rule = &nn_lbfgs, .l2 = json_number(json_in(wanted, "l2_half_squared"))};
    const nn_search_result r =
        minimise(&p, &o, (int64_t)json_number(json_in(json_in(wanted, "scipy_lbfgsb"), "evaluations")));
    ck_assert(fabs(r.loss - json_number(json_in(wanted, "loss"))) <= 1e-10 && r.gradient <= 1e-6);
    for (size_t i = 0; i < d; i++)
        ck_assert(fabs(number_at(p.x, i) - json_number(json_at(json_in(wanted, "w"), (int)i))) < 1e-4);
    json_free(file);
}
END_TEST

/* ---- Hard functions ---------------------------------------------------------------------------------------------- */

/* SciPy: 45 and 631 evaluations. */
START_TEST(rosenbrocks_valley)
{
    static const struct {
        int64_t d, scipy;
    } cases[] = {{2, 45}, {100, 631}};
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int narrow = 0; narrow < 2; narrow++) {
            problem p = open_problem(rosenbrock, narrow ? AD_F32 : AD_F64, rosenbrock_start(), cases[i].d);
            const nn_search_result r = minimise(&p, &lbfgs, cases[i].scipy);
            ck_assert_msg(r.loss < (narrow ? 1e-9 : 1e-12), "%g", r.loss);
            for (size_t k = 0; k < (size_t)cases[i].d; k++)
                ck_assert(fabs(number_at(p.x, k) - 1) < (narrow ? 1e-3 : 1e-5));
        }
}
END_TEST

/* SciPy: 571 evaluations, and 1,265 with maxcor=1. */
START_TEST(an_ill_conditioned_quadratic)
{
    double start[20];
    for (int i = 0; i < COUNT(start); i++)
        start[i] = 1;
    problem p = open_problem(ill_conditioned, AD_F64, start, COUNT(start));
    ck_assert(minimise(&p, &lbfgs, 571).loss < 1e-11);
    p = open_problem(ill_conditioned, AD_F32, start, COUNT(start));
    ck_assert(minimise(&p, &lbfgs, 571).loss < 1e-10);
    p = open_problem(ill_conditioned, AD_F64, start, COUNT(start));
    ck_assert(minimise(&p, &(nn_optimiser_options){.rule = &nn_lbfgs, .history = 1}, 1265).loss < 1e-11);
}
END_TEST

/* SciPy gives up where the loss is infinite; each number has its own minimum near by. */
START_TEST(a_loss_that_is_infinite_in_places)
{
    static const double start[] = {-0.9, -0.5, 0.1, 0.5, 0.99};
    for (int narrow = 0; narrow < 2; narrow++)
        for (int rate = 1; rate < 1000000; rate *= 100) {
            problem p = open_problem(fenced, narrow ? AD_F32 : AD_F64, start, COUNT(start));
            const nn_search_result r = minimise(&p, &(nn_optimiser_options){.rule = &nn_lbfgs, .rate = rate}, 100);
            ck_assert_msg(r.gradient < (narrow ? 3e-3 : 1e-6), "%g", r.gradient);
            for (size_t i = 0; i < COUNT(start); i++)
                ck_assert(fabs(number_at(p.x, i)) < 1);
        }
    problem p = open_problem(fenced, AD_F64, start, COUNT(start)); /* the tape finds the infinity itself */
    ad_check_finite(t, AD_ON);
    ck_assert(minimise(&p, &lbfgs, 100).gradient < 1e-6);
}
END_TEST

/* Nothing bounds it: steps are as long as they may be. */
START_TEST(a_linear_loss)
{
    static const double start[] = {1, 2};
    problem p = open_problem(sum_of, _i ? AD_F32 : AD_F64, start, 2);
    nn_search_result r;
    double last = 3;
    for (int step = 0; step < 100; step++) {
        ck_assert_int_eq(nn_search_step(&lbfgs, &p.x, 1, objective, &p, &r), AD_OK);
        ck_assert(r.loss <= last && isfinite(r.loss) && isfinite(number_at(p.x, 0)) && isfinite(number_at(p.x, 1)));
        last = r.loss;
    }
    ck_assert(r.loss < -1e20);
}
END_TEST

START_TEST(a_constant_loss_ends_at_once)
{
    static const double start[] = {1, 2};
    problem p = open_problem(constant, _i ? AD_F32 : AD_F64, start, 2);
    nn_search_result r;
    for (int step = 0; step < 3; step++) {
        ck_assert_int_eq(nn_search_step(&lbfgs, &p.x, 1, objective, &p, &r), AD_OK);
        ck_assert(r.has_ended && r.loss == 0 && r.loss_before == 0 && r.gradient == 0 && r.evaluations == 1);
        EXPECT(p.x, 1, 2);
    }
    ck_assert_int_eq(nn_minimise(&lbfgs, &p.x, 1, objective, &p, NULL, &r), AD_OK);
    ck_assert(r.has_ended && r.evaluations == 1);
}
END_TEST

/* ---- What a step promises ---------------------------------------------------------------------------------------- */

/* A small network and its examples. */
enum { EXAMPLES = 30 };

typedef struct task {
    nn_network *network;
    nn_pass pass;
    double x[EXAMPLES * 2];
    int32_t y[EXAMPLES];
} task;

static ad_tensor task_loss(ad_tape *tape, void *context)
{
    const task *k = context;
    const ad_tensor x = ad_input(tape, AD_F64, AD_SHAPE(EXAMPLES, 2), k->x);
    const ad_tensor y = ad_input(tape, AD_I32, AD_SHAPE(EXAMPLES), k->y);
    return ad_mean(ad_softmax_cross_entropy(nn_run(k->network, k->pass, x), y));
}

static const nn_layer layers[] = {NN_DENSE(.units = 8, .activation = AD_TANH), NN_BATCH_NORM(.momentum = 0.5),
                                  NN_DENSE(.units = 2)};

static task open_task(const nn_group *groups, size_t n_groups)
{
    close_tape();
    open_tape();
    task k;
    fill_with_some(k.x, COUNT(k.x), 5);
    for (int i = 0; i < EXAMPLES; i++)
        k.y[i] = k.x[2 * i] * k.x[2 * i + 1] > 0;
    k.network = nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(layers),
                                                         .input = AD_SHAPE(2),
                                                         .type = AD_F64,
                                                         .seed = 3,
                                                         .groups = groups,
                                                         .n_groups = n_groups});
    k.pass = nn_training(k.network, 0);
    expect_ok(t);
    return k;
}

static ad_tensor part_named(const task *k, const char *name)
{
    for (size_t i = 0; i < nn_network_part_count(k->network); i++)
        if (!strcmp(ad_name_of(nn_network_part(k->network, i)), name))
            return nn_network_part(k->network, i);
    ck_abort_msg("no part %s", name);
}

/* A loop by hand over the parameters of a network, and the private step of estimators: the same bits. */
START_TEST(a_network_by_hand)
{
    double by_hand[200];
    for (int way = 0; way < 2; way++) {
        task k = open_task(NULL, 0);
        ad_tensor trained[8];
        size_t n = 0;
        for (size_t i = 0; i < nn_network_part_count(k.network); i++)
            if (nn_network_role(k.network, i) != NN_STATE)
                trained[n++] = nn_network_part(k.network, i);
        nn_search_result r = {0};
        for (int step = 0; step < 60; step++) {
            const double last = r.loss;
            ck_assert_msg((way ? nn_network_search(k.network, k.pass, &lbfgs, task_loss, &k, &r)
                               : nn_search_step(&lbfgs, trained, n, task_loss, &k, &r)) == AD_OK,
                          "%s", ad_message(t));
            ck_assert(step == 0 || (r.loss_before == last && r.loss <= last));
        }
        ck_assert_msg(r.loss < 1e-5, "%g", r.loss);
        size_t at = 0;
        for (size_t i = 0; i < nn_network_part_count(k.network); i++)
            for (size_t e = 0; e < ad_size_of(nn_network_part(k.network, i)); e++, at++) {
                const double x = number_at(nn_network_part(k.network, i), e);
                ck_assert(way == 0 || x == by_hand[at]);
                by_hand[at] = x;
            }
        nn_network_close(k.network);
    }
}
END_TEST

/* The penalty is that of the groups' factors, frozen parameters stay, and running values are counted once. */
START_TEST(a_network_with_groups)
{
    const nn_group groups[] = {{.pattern = "dense_0/biases", .frozen = true},
                               {.pattern = "dense_1/weights", .decay = 3},
                               {.pattern = "dense_1/biases", .decay = 2}};
    task k = open_task(groups, COUNT(groups));
    const nn_optimiser_options o = {.rule = &nn_lbfgs, .l2 = 0.5};
    double penalty = 0;
    for (int i = 0; i < 3; i++) {
        const ad_tensor x = part_named(&k, i == 0 ? "dense_0/weights" : groups[i].pattern);
        for (size_t e = 0; e < ad_size_of(x); e++)
            penalty += (i == 0 ? 0.25 : 0.25 * groups[i].decay) * number_at(x, e) * number_at(x, e);
    }
    const double loss = ad_item(task_loss(t, &k));
    nn_search_result r;
    ck_assert_msg(nn_network_search(k.network, k.pass, &o, task_loss, &k, &r) == AD_OK, "%s", ad_message(t));
    ck_assert_msg(fabs(r.loss_before - loss - penalty) < 1e-14, "%g %g %g", r.loss_before, loss, penalty);
    ck_assert(r.loss < r.loss_before && r.evaluations > 1);
    ck_assert(number_at(part_named(&k, "dense_0/biases"), 0) == 0);
    ck_assert(number_at(part_named(&k, "dense_1/biases"), 0) != 0);
    const ad_tensor mean = part_named(&k, "batch_norm/running_mean");
    task_loss(t, &k);
    for (size_t e = 0; e < ad_size_of(mean);
         e++) /* the batch's mean is m, the running one is m / 2 and would be 3/4 m */
        ck_assert(fabs(number_at(ad_proposed(mean), e) - 1.5 * number_at(mean, e)) < 1e-14);
    nn_network_close(k.network);
}
END_TEST

START_TEST(networks_that_are_not_searched)
{
    const nn_group slow = {.pattern = "dense_1/*", .rate = 0.5}, all = {.pattern = "*", .frozen = true};
    task k = open_task(&slow, 1);
    nn_network_search(k.network, k.pass, &lbfgs, task_loss, &k, NULL);
    expect_error_with(t, AD_BAD_VALUE, "the rate of the group of dense_1/weights must be 1, not 0.5");
    nn_network_search(k.network, nn_inference(k.network), &lbfgs, task_loss, &k, NULL);
    expect_error_with(t, AD_BAD_STATE, "search: the pass is for inference");
    nn_network_search(k.network, k.pass, &lbfgs, NULL, &k, NULL);
    expect_error_with(t, AD_BAD_VALUE, "search: the objective is NULL");
    ck_assert_int_eq(nn_network_search(NULL, k.pass, &lbfgs, task_loss, &k, NULL), AD_BAD_HANDLE);
    nn_network_close(k.network);
    k = open_task(NULL, 0);
    ad_assign(part_named(&k, "batch_norm/running_mean"),
              (const double[]){INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY});
    nn_network_search(k.network, k.pass, &lbfgs, task_loss, &k, NULL);
    expect_error_with(t, AD_NOT_FINITE, "search: the new value of batch_norm/running_mean is not finite");
    nn_network_close(k.network);
    k = open_task(&all, 1);
    nn_network_search(k.network, k.pass, &lbfgs, task_loss, &k, NULL);
    expect_error_with(t, AD_BAD_STATE, "search: the network has no parameters that are trained");
    nn_network_close(k.network);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_fixed_step_follows_torch, 0, 2);
    tcase_add_loop_test(tests, minima_are_those_of_scipy, 0, 2);
    tcase_add_test(tests, rosenbrocks_valley);
    tcase_add_test(tests, an_ill_conditioned_quadratic);
    tcase_add_test(tests, a_loss_that_is_infinite_in_places);
    tcase_add_loop_test(tests, a_linear_loss, 0, 2);
    tcase_add_loop_test(tests, a_constant_loss_ends_at_once, 0, 2);
    tcase_add_test(tests, a_network_by_hand);
    tcase_add_test(tests, a_network_with_groups);
    tcase_add_test(tests, networks_that_are_not_searched);
}

int main(void) { return run_on_one_tape("lbfgs", add_tests); }
