/* Dropout: the share of zeros, what is kept, and what the masks depend on. */
#include <math.h>
#include <stdlib.h>

#include "../support/one_layer.h"

enum { ROWS = 200, COLUMNS = 500, ELEMENTS = ROWS * COLUMNS };

static const double rates[] = {0.05, 0.3, 0.5, 0.9};

/* A network of one layer of dropout. */
static nn_network *open_dropout(double rate, uint64_t seed, const char *name)
{
    const nn_layer layers[] = {NN_DROPOUT(rate)};
    nn_network *net = nn_network_open(
        t, &(nn_network_options){
               .layers = NN_LAYERS(layers), .input = AD_SHAPE(COLUMNS), .type = real, .seed = seed, .name = name});
    expect_ok(t);
    return net;
}

static ad_tensor ones(void) { return ad_ones(t, real, AD_SHAPE(ROWS, COLUMNS)); }

/* The share of zeros is the rate to within six standard deviations, and so the mean is kept; the others are exactly
 * x / (1 - rate). */
REAL_TEST(a_share_is_zero_and_the_mean_is_kept)
for (int r = 0; r < COUNT(rates); r++) {
    nn_network *net = open_dropout(rates[r], 3, NULL);
    const ad_tensor y = nn_run(net, nn_training(net, 0), ones());
    const double kept = real == AD_F32 ? (double)(float)(1 / (1 - rates[r])) : 1 / (1 - rates[r]);
    double zeros = 0, sum = 0;
    for (size_t i = 0; i < ELEMENTS; i++) {
        const double value = number_at(y, i);
        if (value != 0 && value != kept)
            ck_abort_msg("rate %g: %.17g instead of 0 or %.17g", rates[r], value, kept);
        zeros += value == 0;
        sum += value;
    }
    const double deviation = sqrt(rates[r] * (1 - rates[r]) / ELEMENTS);
    ck_assert_msg(fabs(zeros / ELEMENTS - rates[r]) < 6 * deviation, "rate %g: %g are 0", rates[r], zeros / ELEMENTS);
    ck_assert_msg(fabs(sum / ELEMENTS - 1) < 6 * deviation / (1 - rates[r]), "rate %g: the mean is %g", rates[r],
                  sum / ELEMENTS);
    nn_network_close(net);
}
END_REAL_TEST

/* Each row and each column has its share of zeros: masks do not repeat along an axis. */
REAL_TEST(every_row_and_column_has_its_share)
nn_network *net = open_dropout(0.5, 3, NULL);
const ad_tensor y = nn_run(net, nn_training(net, 0), ones());
int in_row[ROWS] = {0}, in_column[COLUMNS] = {0};
for (size_t i = 0; i < ELEMENTS; i++) {
    in_row[i / COLUMNS] += ad_data(y) && number_at(y, i) == 0;
    in_column[i % COLUMNS] += number_at(y, i) == 0;
}
for (int i = 0; i < ROWS; i++)
    ck_assert_double_lt(fabs((double)in_row[i] / COLUMNS - 0.5), 6 * sqrt(0.25 / COLUMNS));
for (int i = 0; i < COLUMNS; i++)
    ck_assert_double_lt(fabs((double)in_column[i] / ROWS - 0.5), 6 * sqrt(0.25 / ROWS));
nn_network_close(net);
END_REAL_TEST

REAL_TEST(inference_and_rate_0_are_x)
nn_network *net = open_dropout(0.5, 3, "half"), *none = open_dropout(0, 3, "none");
const ad_tensor x = ad_normal(t, real, AD_SHAPE(ROWS, COLUMNS), 1);
expect_same_bits(nn_run(net, nn_inference(net), x), x);
expect_same_bits(nn_run(none, nn_inference(none), x), x);
expect_same_bits(nn_run(none, nn_training(none, 4), x), x);
nn_network_close(net);
nn_network_close(none);
END_REAL_TEST

/* The gradient passes where the value does, by the same factor. */
REAL_TEST(the_gradient_has_the_mask)
nn_network *net = open_dropout(0.3, 3, NULL);
const ad_tensor x = ad_param(t, real, AD_SHAPE(ROWS, COLUMNS), NULL, "x");
ad_fill(x, 1);
const ad_tensor y = nn_run(net, nn_training(net, 0), x);
ad_backward(ad_sum(y));
expect_same_bits(ad_gradient(x), y);
nn_network_close(net);
END_REAL_TEST

/* ---- What masks depend on ---------------------------------------------------------------------------------------- */

/* The share of places where two masks agree. */
static double agreement(ad_tensor a, ad_tensor b)
{
    double same = 0;
    for (size_t i = 0; i < ELEMENTS; i++)
        same += (number_at(a, i) == 0) == (number_at(b, i) == 0);
    return same / ELEMENTS;
}

/* Independent masks of rate 1/2 agree in half of the places, to within six standard deviations. */
REAL_TEST(masks_differ_by_step_seed_and_layer)
const nn_layer two[] = {NN_DROPOUT(0.5), {.kind = &nn_activation}, NN_DROPOUT(0.5)};
nn_network *net = open_dropout(0.5, 3, "net"), *other = open_dropout(0.5, 4, "other");
nn_network *both = nn_network_open(
    t, &(nn_network_options){
           .layers = NN_LAYERS(two), .input = AD_SHAPE(COLUMNS), .type = real, .seed = 3, .name = "both"});
nn_network *second = nn_network_open(
    t, &(nn_network_options){
           .layers = {two + 1, 2}, .input = AD_SHAPE(COLUMNS), .type = real, .seed = 3, .name = "second"});
const ad_tensor masks[] = {
    nn_run(net, nn_training(net, 0), ones()),
    nn_run(net, nn_training(net, 1), ones()),
    nn_run(net, nn_training(net, 2), ones()),
    nn_run(net, nn_training(net, INT64_C(1) << 55), ones()),
    nn_run(other, nn_training(other, 0), ones()),
    nn_run(second, nn_training(second, 0), ones()), /* its layer has number 1 */
};
for (int i = 0; i < COUNT(masks); i++)
    for (int j = 0; j < i; j++)
        ck_assert_msg(fabs(agreement(masks[i], masks[j]) - 0.5) < 3 / sqrt(ELEMENTS), "masks %d and %d agree in %g", i,
                      j, agreement(masks[i], masks[j]));
/* Two layers of one step zero 3/4 between them. */
const ad_tensor y = nn_run(both, nn_training(both, 0), ones());
double zeros = 0;
for (size_t i = 0; i < ELEMENTS; i++)
    zeros += number_at(y, i) == 0;
ck_assert_double_lt(fabs(zeros / ELEMENTS - 0.75), 6 * sqrt(0.1875 / ELEMENTS));
nn_network_close(net);
nn_network_close(other);
nn_network_close(both);
nn_network_close(second);
END_REAL_TEST

/* Nothing else changes a mask: not what else was drawn or run, not a reset, not another network. */
REAL_TEST(masks_are_the_same_for_the_same_step)
nn_network *net = open_dropout(0.5, 3, "net");
const snapshot first = snapshot_of(nn_run(net, nn_training(net, 5), ones()));
ad_uniform(t, real, AD_SHAPE(7), 3);
const uint64_t draws = ad_draw_count(t);
nn_run(net, nn_training(net, 6), ones());
ck_assert_uint_eq(ad_draw_count(t), draws);
expect_unchanged(nn_run(net, nn_training(net, 5), ones()), first);
const snapshot again = snapshot_of(nn_run(net, nn_training(net, 5), ones()));
ad_reset(t);
nn_network *same = open_dropout(0.5, 3, "same");
expect_unchanged(nn_run(same, nn_training(same, 5), ones()), again);
nn_network_close(net);
nn_network_close(same);
END_REAL_TEST

/* A replay draws anew, unless it is told to repeat what was drawn. */
REAL_TEST(a_replay_draws_anew_or_again)
nn_network *net = open_dropout(0.5, 3, NULL);
const ad_tensor y = nn_run(net, nn_training(net, 0), ones());
const snapshot before = snapshot_of(y);
ck_assert_int_eq(ad_replay_with(t, &(ad_replay_options){.repeat_draws = true}, NULL), AD_OK);
ck_assert_mem_eq(ad_data(y), before.data, before.bytes);
ck_assert_int_eq(ad_replay(t), AD_OK);
ck_assert_mem_ne(ad_data(y), before.data, before.bytes);
free(before.data);
nn_network_close(net);
END_REAL_TEST

START_TEST(steps_out_of_range_are_refused)
{
    nn_network *net = open_dropout(0.5, 3, NULL);
    static const int64_t steps[] = {-1, INT64_C(1) << 56, INT64_MAX, INT64_MIN};
    for (int i = 0; i < COUNT(steps); i++) {
        ck_assert(ad_is_inert(nn_run(net, nn_training(net, steps[i]), ones())));
        expect_error_with(t, AD_BAD_VALUE, "run: the step ", " of the pass must be 0 or more and below 2^56");
    }
    nn_run(net, nn_training(net, (INT64_C(1) << 56) - 1), ones());
    expect_ok(t);
    nn_network_close(net);
}
END_TEST

static void add_tests(TCase *tests)
{
    ADD(a_share_is_zero_and_the_mean_is_kept);
    ADD(every_row_and_column_has_its_share);
    ADD(inference_and_rate_0_are_x);
    ADD(the_gradient_has_the_mask);
    ADD(masks_differ_by_step_seed_and_layer);
    ADD(masks_are_the_same_for_the_same_step);
    ADD(a_replay_draws_anew_or_again);
    tcase_add_test(tests, steps_out_of_range_are_refused);
}

int main(void) { return run_on_one_tape("dropout", add_tests); }
