/* The lesson on XOR: its losses and outputs against what can be said without the engine. */
#include "lesson_output.h"

#include "../../examples/teaching/xor.c"

/* What the network gives for a point, from its parameters. */
static double output(parameters p, double x1, double x2)
{
    double z = element(p.b2, 0);
    for (int k = 0; k < 2; k++)
        z += element(p.w2, k) * tanh(element(p.w1, k) * x1 + element(p.w1, 2 + k) * x2 + element(p.b1, k));
    return 1 / (1 + exp(-z));
}

/* The mean loss of four outputs in a column of the table. */
static double loss_of(const char *table, const char *column)
{
    double sum = 0;
    for (int i = 0; i < POINTS; i++) {
        const double y = cell_of(table, i, column);
        sum -= log(targets[i] > 0 ? y : 1 - y) / POINTS;
    }
    return sum;
}

START_TEST(without_a_hidden_layer_the_loss_ends_at_ln_2)
{
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    ck_assert_double_eq_tol(said("loss, one layer"), log(2), 1e-6);
    for (int i = 0; i < POINTS; i++)
        ck_assert_double_eq_tol(cell_of("x1", i, "one layer"), 0.5, 1e-4);
}
END_TEST

/* Without biases (0, 0) gives 1/2 whatever the weights are: also for weights that were never trained. */
START_TEST(without_biases_the_origin_gives_one_half)
{
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    ck_assert_double_eq(cell_of("x1", 0, "no biases"), 0.5);
    for (int i = 0; i < ROWS; i++)
        ck_assert_double_gt(cell_of("step", i, "no biases"), log(2) / 4);
    for (uint64_t seed = 0; seed < 20; seed++) {
        ad_tape *t = ad_tape_open(NULL);
        const network n = {.units = 2};
        const parameters p = make_parameters(t, &n);
        ad_fill_uniform(p.w1, (const double[]){-9, 9}, seed, 5);
        ad_fill_uniform(p.w2, (const double[]){-9, 9}, seed, 6);
        ck_assert_double_eq(
            element(ad_logistic(logits(p, hidden(p, ad_input(t, AD_F64, AD_SHAPE(POINTS, 2), points)))), 0), 0.5);
        close_tape(t);
    }
}
END_TEST

/* Gradient Descent in plain C ends at the same hidden values. At the last two points, whose targets differ, they are
 * nearly the same, and both units are saturated, so that both outputs stay near 1/2. */
START_TEST(without_biases_two_more_points_stay_at_one_half)
{
    double w[2][2], v[2], h[POINTS][2];
    ad_tape *t = ad_tape_open(NULL);
    const parameters p = make_parameters(t, &(network){.units = 2});
    for (int k = 0; k < 2; k++)
        w[0][k] = element(p.w1, k), w[1][k] = element(p.w1, 2 + k), v[k] = element(p.w2, k);
    close_tape(t);
    for (int step = 0; step <= STEPS; step++) {
        double dw[2][2] = {{0}}, dv[2] = {0};
        for (int i = 0; i < POINTS; i++) {
            for (int k = 0; k < 2; k++)
                h[i][k] = tanh(points[i][0] * w[0][k] + points[i][1] * w[1][k]);
            const double dz = (1 / (1 + exp(-h[i][0] * v[0] - h[i][1] * v[1])) - targets[i]) / POINTS;
            for (int k = 0; k < 2; k++) {
                dv[k] += dz * h[i][k];
                for (int j = 0; j < 2; j++)
                    dw[j][k] += dz * v[k] * (1 - h[i][k] * h[i][k]) * points[i][j];
            }
        }
        for (int k = 0; k < 2 && step < STEPS; k++)
            w[0][k] -= dw[0][k], w[1][k] -= dw[1][k], v[k] -= dv[k];
    }
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    for (int i = 2; i < POINTS; i++)
        for (int k = 0; k < 2; k++) {
            char name[100];
            snprintf(name, sizeof name, "no biases, h%d at (1, %d)", k + 1, i - 2);
            ck_assert_double_eq_tol(said(name), h[i][k], 5.1e-4);
            ck_assert_double_gt(fabs(h[i][k]), 0.98);
            ck_assert_double_lt(fabs(h[2][k] - h[3][k]), 0.02);
        }
    for (int i = 2; i < POINTS; i++)
        ck_assert_double_eq_tol(cell_of("x1", i, "no biases"), 0.5, 0.01);
}
END_TEST

START_TEST(with_biases_all_four_points_are_right)
{
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    for (int i = 0; i < POINTS; i++)
        ck_assert_double_lt(fabs(cell_of("x1", i, "with biases") - targets[i]), 0.05);
    ck_assert_double_eq_tol(said("loss, with biases"), loss_of("x1", "with biases"), 2e-5);
    ck_assert_double_eq_tol(said("loss, no biases"), loss_of("x1", "no biases"), 2e-5);
}
END_TEST

/* A line parts one point at most from the others; these get the share of their targets, 1/3. */
START_TEST(one_hidden_unit_parts_one_point)
{
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    ck_assert_double_gt(cell_of("unit x1", 1, "one hidden unit"), 0.95);
    for (int i = 0; i < POINTS; i++)
        if (i != 1)
            ck_assert_double_eq_tol(cell_of("unit x1", i, "one hidden unit"), 1 / 3.0, 0.02);
    ck_assert_double_eq_tol(said("loss, one hidden unit"), loss_of("unit x1", "one hidden unit"), 2e-5);
    ck_assert_double_gt(said("loss, one hidden unit"), 0.75 * (log(3) - 2 / 3.0 * log(2)));
}
END_TEST

/* The plane has the outputs at its points, and on the lines a hidden unit gives 0: by plain C from the weights. */
START_TEST(the_plane_is_what_the_weights_give)
{
    network n = {.units = 2, .has_biases = true};
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    ad_tape *t = ad_tape_open(NULL);
    const parameters p = make_parameters(t, &n);
    ad_tensor z = logits(p, hidden(p, ad_input(t, AD_F64, AD_SHAPE(POINTS, 2), points)));
    ad_tensor loss = ad_mean(ad_logistic_cross_entropy(z, ad_input(t, AD_F64, AD_SHAPE(POINTS, 1), targets)));
    for (int i = 0; i < STEPS; i++) {
        ad_backward(loss);
        for (size_t k = 0; k < ad_param_count(t); k++)
            ad_descend(ad_param_at(t, k), 1);
        ad_replay(t);
    }
    for (int r = 0; r < SIDE; r++)
        ck_assert_double_eq(cell_of("x2", r, "x2"), 1.5 - 0.125 * r);
    for (int r = 0; r < SIDE; r++)
        for (int c = 0; c < SIDE; c++) {
            char column[20];
            snprintf(column, sizeof column, "%g", -0.5 + 0.125 * c);
            ck_assert_double_eq_tol(cell_of("x2", r, column), output(p, -0.5 + 0.125 * c, 1.5 - 0.125 * r), 6e-4);
        }
    for (int i = 0; i < 21; i++)
        for (int k = 0; k < 2; k++) {
            const double x2 = cell_of("line x1", i, k ? "h2 = 0" : "h1 = 0"), x1 = cell_of("line x1", i, "line x1");
            const double h = element(p.w1, k) * x1 + element(p.w1, 2 + k) * x2 + element(p.b1, k);
            ck_assert_double_eq_tol(h, 0, 1e-5);
        }
    close_tape(t);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, without_a_hidden_layer_the_loss_ends_at_ln_2);
    tcase_add_test(tests, without_biases_the_origin_gives_one_half);
    tcase_add_test(tests, without_biases_two_more_points_stay_at_one_half);
    tcase_add_test(tests, with_biases_all_four_points_are_right);
    tcase_add_test(tests, one_hidden_unit_parts_one_point);
    tcase_add_test(tests, the_plane_is_what_the_weights_give);
}

#undef main
int main(void) { return run_tests("xor", add_tests); }
