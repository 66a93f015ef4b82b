/* The lesson on vanishing gradients: its gradients against the complex step, f(w + ih) / ih (Squire, Trapp 1998), of a
 * forward pass in plain C. It has no error of differences, so that it reaches gradients of 1e-8. */
#include "lesson_output.h"

#include <complex.h>

#include "../../examples/teaching/vanishing.c"

typedef double complex number;

static number logistic_of(number z) { return 1 / (1 + cexp(-z)); }
static number relu_of(number z) { return creal(z) > 0 ? z : 0; }
static number tanh_of(number z) { return (cexp(z) - cexp(-z)) / (cexp(z) + cexp(-z)); }

static number w[ALL][UNITS * UNITS], rows[ROWS][UNITS];
static bool is_active[LAYERS][UNITS]; /* a unit is above 0 in some row */

/* The mean loss of all rows; notes active units. */
static number loss_in_plain_c(number (*activation)(number))
{
    number sum = 0;
    for (int r = 0; r < ROWS; r++) {
        number h[UNITS], next[UNITS], z = 0;
        double inputs = 0;
        for (int j = 0; j < UNITS; j++) {
            h[j] = rows[r][j];
            inputs += creal(h[j]);
        }
        for (int l = 0; l < LAYERS; l++) {
            for (int j = 0; j < UNITS; j++) {
                next[j] = 0;
                for (int i = 0; i < UNITS; i++)
                    next[j] += h[i] * w[l][j * UNITS + i];
                next[j] = activation(next[j]);
                is_active[l][j] = is_active[l][j] || creal(next[j]) > 0;
            }
            memcpy(h, next, sizeof h);
        }
        for (int i = 0; i < UNITS; i++)
            z += h[i] * w[LAYERS][i];
        sum += clog(1 + cexp(inputs > 0 ? -z : z)) / ROWS;
    }
    return sum;
}

/* Takes the numbers of a recording. */
static void take(ad_tape *t)
{
    for (int l = 0; l < ALL; l++)
        for (size_t i = 0; i < ad_size_of(ad_param_at(t, (size_t)l)); i++)
            w[l][i] = ad_f32(ad_param_at(t, (size_t)l))[i];
    for (size_t i = 0; i < ad_entry_count(t); i++)
        if (strcmp(ad_name_of(ad_recorded_at(t, i)), "x") == 0)
            for (int j = 0; j < ROWS * UNITS; j++)
                rows[j / UNITS][j % UNITS] = ad_f32(ad_recorded_at(t, i))[j];
}

/* The root mean square of the gradient of a layer's weights. */
static double rms_by_complex_step(number (*activation)(number), int layer)
{
    const int n = layer < LAYERS ? UNITS * UNITS : UNITS;
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const number before = w[layer][i];
        w[layer][i] += 1e-100 * I;
        const double slope = cimag(loss_in_plain_c(activation)) / 1e-100;
        w[layer][i] = before;
        sum += slope * slope / n;
    }
    return sqrt(sum);
}

static const struct {
    const char *table, *column, *per_layer;
    ad_tensor (*recorded)(ad_tensor);
    number (*plain)(number);
    double variance; /* of the weights */
} networks[] = {{"layer", "logistic", "logistic per layer", ad_logistic, logistic_of, 1.0 / UNITS},
                {"layer", "relu", "relu per layer", ad_relu, relu_of, 2.0 / UNITS},
                {"tanh layer", "tanh", "tanh per layer", ad_tanh, tanh_of, 1.0 / UNITS}};

START_TEST(the_gradients_are_those_of_the_complex_step)
{
    double flow[ALL];
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor loss = record(t, networks[_i].recorded, sqrt(networks[_i].variance));
    take(t);
    ck_assert_double_eq_tol(ad_item(loss), creal(loss_in_plain_c(networks[_i].plain)), 1e-6);
    for (int l = 0; l < ALL; l++) {
        flow[l] = rms_by_complex_step(networks[_i].plain, l);
        ck_assert_double_eq_tol(cell_of(networks[_i].table, l, networks[_i].column) / flow[l], 1, 1e-4);
    }
    ck_assert_double_eq_tol(said(networks[_i].per_layer), pow(flow[0] / flow[LAYERS], 1.0 / LAYERS), 1e-4);
    close_tape(t);
}
END_TEST

/* What the prose says in words. */
START_TEST(logistic_layers_lose_three_quarters_and_relu_layers_do_not)
{
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    ck_assert_double_lt(said("logistic per layer"), 0.25);
    ck_assert_double_lt(said("logistic over all layers"), pow(0.25, LAYERS));
    ck_assert_double_gt(said("relu per layer"), 0.8);
    ck_assert_double_gt(said("tanh per layer"), 0.8);
    ck_assert_ptr_nonnull(
        strstr(printed, "The gradient shrinks to 0.17 of itself per layer (logistic' is at most 1/4)"));
}
END_TEST

/* A step of the rate 0.1 changes the first logistic layer by less than a hundred-millionth, and in f32 most of its
 * weights not at all. */
START_TEST(the_first_logistic_layer_hardly_changes)
{
    ad_tape *t = ad_tape_open(NULL);
    record(t, ad_logistic, sqrt(1.0 / UNITS));
    take(t);
    double squares = 0;
    for (int i = 0; i < UNITS * UNITS; i++)
        squares += creal(w[0][i]) * creal(w[0][i]);
    const double change = 0.1 * rms_by_complex_step(logistic_of, 0);
    ck_assert_double_lt(change * UNITS / sqrt(squares), 1e-8);
    int unchanged = 0;
    for (int i = 0; i < UNITS * UNITS; i++)
        unchanged += (float)(creal(w[0][i]) + change) == (float)creal(w[0][i]);
    ck_assert_int_gt(unchanged, UNITS * UNITS / 2);
    close_tape(t);
}
END_TEST

/* print_flow names the layers in which a quarter of the units, or more, give 0 for every row, and no others. */
START_TEST(dead_units_are_those_of_a_plain_forward_pass)
{
    int layers = 0;
    ad_tape *t = ad_tape_open(NULL);
    record(t, ad_relu, sqrt(2.0 / UNITS));
    take(t);
    loss_in_plain_c(relu_of);
    close_tape(t);
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    for (int l = 0; l < LAYERS; l++) {
        int dead = 0;
        char sentence[100];
        for (int j = 0; j < UNITS; j++)
            dead += !is_active[l][j];
        snprintf(sentence, sizeof sentence, "Of 8 units of h%d, %d are dead", l + 1, dead);
        ck_assert_msg((dead >= 2) == (strstr(printed, sentence) != NULL), "%s", sentence);
        layers += dead >= 2;
    }
    ck_assert_int_gt(layers, 0);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, the_gradients_are_those_of_the_complex_step, 0, COUNT(networks));
    tcase_add_test(tests, logistic_layers_lose_three_quarters_and_relu_layers_do_not);
    tcase_add_test(tests, the_first_logistic_layer_hardly_changes);
    tcase_add_test(tests, dead_units_are_those_of_a_plain_forward_pass);
}

#undef main
int main(void) { return run_tests("vanishing", add_tests); }
