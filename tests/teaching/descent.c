/* The lesson on descent: its loss is a parabola, of which all is known in closed form. */
#include "lesson_output.h"

#include "../../examples/teaching/descent.c"

static double parabola(double w) { return 0.1 + 2.5 * (w - 1.4) * (w - 1.4); }

/* The table has the weights and losses of the closed form: the distance to 1.4 is multiplied by 1 - 5 rate. */
START_TEST(the_ways_are_those_of_the_closed_form)
{
    const struct {
        const char *w, *loss;
        double rate;
    } ways[] = {{"small w", "small loss", 0.02}, {"good w", "good loss", 0.15}, {"large w", "large loss", 0.42}};
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    for (int k = 0; k < COUNT(ways); k++)
        for (int i = 0; i <= STEPS; i++) {
            const double w = 1.4 - 2.4 * pow(1 - 5 * ways[k].rate, i);
            ck_assert_double_eq_tol(cell_of("step", i, ways[k].w), w, 1e-6);
            ck_assert_double_eq_tol(cell_of("step", i, ways[k].loss), parabola(w), 1e-6);
        }
    for (int i = 0; i < CURVE; i++)
        ck_assert_double_eq_tol(cell_of("curve w", i, "loss"), parabola(cell_of("curve w", i, "curve w")), 1e-6);
}
END_TEST

/* One step of the exercise ends at the lowest point; with the other rate w goes back and forth. */
START_TEST(the_exercise_has_the_rates_of_the_factors_0_and_minus_1)
{
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    for (int i = 0; i < STEPS; i++) {
        ck_assert_double_eq_tol(cell_of("exercise", i, "w at 0.2"), i == 0 ? -1 : 1.4, 1e-6);
        ck_assert_double_eq_tol(cell_of("exercise", i, "w at 0.4"), i % 2 == 0 ? -1 : 3.8, 1e-6);
    }
}
END_TEST

/* The curvature is that of second differences, and the largest rate parts what comes nearer from what runs away. */
START_TEST(descent_runs_away_above_2_over_the_curvature)
{
    const double curvature = (parabola(0.3 + 0.5) - 2 * parabola(0.3) + parabola(0.3 - 0.5)) / 0.25;
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    ck_assert_double_eq_tol(said("curvature"), curvature, 1e-9);
    ck_assert_double_eq_tol(said("largest rate"), 2 / curvature, 1e-9);
    ck_assert_double_eq_tol(said("rate of one step"), 1 / curvature, 1e-9);
    way below = {.rate = said("largest rate") - 0.001}, above = {.rate = said("largest rate") + 0.001};
    descend(&below);
    descend(&above);
    for (int i = 0; i < STEPS; i++) {
        ck_assert_double_lt(below.loss[i + 1], below.loss[i]);
        ck_assert_double_gt(above.loss[i + 1], above.loss[i]);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, the_ways_are_those_of_the_closed_form);
    tcase_add_test(tests, the_exercise_has_the_rates_of_the_factors_0_and_minus_1);
    tcase_add_test(tests, descent_runs_away_above_2_over_the_curvature);
}

#undef main
int main(void) { return run_tests("descent", add_tests); }
