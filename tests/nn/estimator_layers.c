/* Networks of an estimator: lists of layers, dropout, states, groups. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/update.h>

#include "../support/check.h"
#include "../support/models.h"

enum { ROWS = 33 };

static rows_of rows;

static const struct {
    const nn_head *head;
    int64_t k;
} heads[] = {{&nn_head_softmax, 3}, {&nn_head_one_logit, 2}, {&nn_head_independent, 2}, {&nn_head_huber, 2}};

static model open_head(int i, nn_regressor_options o)
{
    o.seed = 8;
    return open_model(heads[i].head, heads[i].k, o);
}

static void fill_for(int head) { fill_rows(&rows, heads[head].head, heads[head].k, ROWS, 81); }

/* ---- Lists of layers --------------------------------------------------------------------------------------------- */

static const nn_layer block[] = {NN_DENSE(.units = 6, .activation = AD_TANH), NN_DROPOUT(0.1), NN_DENSE(.units = 6)};
static const nn_layer everything[] = {
    NN_DENSE(.units = 6), NN_BATCH_NORM(.momentum = 0.2), NN_ACTIVATION(.function = NN_ELU), NN_DROPOUT(0.2),
    NN_RESIDUAL(block),   NN_LAYER_NORM(.epsilon = 1e-5),
};

START_TEST(networks_of_layers_learn)
{
    fill_for(_i);
    const model m = open_head(_i, (nn_regressor_options){.layers = NN_LAYERS(everything)});
    fit_well(m, &rows.data, 11, 3);
    const double before = model_evaluate(m, &rows.data).loss;
    fit_well(m, &rows.data, 11, 300);
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert_int_eq(e.global_step, 303);
    ck_assert_msg(e.loss < 0.7 * before, "the loss goes from %g to %g", before, e.loss);
    const size_t n = model_parameter_count(m);
    ck_assert_str_eq(ad_name_of(model_parameter(m, 0)), "dense/weights");
    ck_assert_str_eq(ad_name_of(model_parameter(m, 4)), "batch_norm/running_mean");
    ck_assert_str_eq(ad_name_of(model_parameter(m, n - 2)), "logits/weights");
    const nn_network *net = m.c ? nn_classifier_network(m.c) : nn_regressor_network(m.r);
    ck_assert_uint_eq(nn_network_part_count(net), n);
    ck_assert_uint_eq(nn_network_layer_count(net), 10);
    close_model(m);
}
END_TEST

/* The same network by hidden_units and by layers. Masks are drawn by a layer's place, so dropout is the same too. */
START_TEST(hidden_units_are_layers)
{
    const nn_layer plain[] = {
        {.kind = &nn_dense, .name = "hiddenlayer_0", .options = &(nn_dense_options){.units = 7, .activation = AD_ELU}},
        {.kind = &nn_dense, .name = "hiddenlayer_1", .options = &(nn_dense_options){.units = 5, .activation = AD_ELU}}};
    const nn_layer dropped[] = {plain[0], NN_DROPOUT(0.3), plain[1], NN_DROPOUT(0.3)};
    fill_for(_i);
    for (int with_dropout = 0; with_dropout < 2; with_dropout++) {
        const nn_layers list = {with_dropout ? dropped : plain, with_dropout ? 4 : 2};
        const model a = open_head(
            _i,
            (nn_regressor_options){.hidden_units = {7, 5}, .activation = AD_ELU, .dropout = with_dropout ? 0.3 : 0});
        const model b = open_head(_i, (nn_regressor_options){.layers = list});
        fit_well(a, &rows.data, 10, 20);
        fit_well(b, &rows.data, 10, 20);
        ck_assert_uint_eq(model_hash(a), model_hash(b));
        ck_assert_uint_eq(model_parameter_count(a), 6);
        for (size_t i = 0; i < 6; i++)
            ck_assert_str_eq(ad_name_of(model_parameter(a, i)), ad_name_of(model_parameter(b, i)));
        close_model(a);
        close_model(b);
    }
}
END_TEST

/* Dropout drops in training, differently with each step, and not in use. */
START_TEST(dropout_is_of_training)
{
    float p[2][ROWS * 3];
    fill_for(_i);
    const model plain = open_head(_i, (nn_regressor_options){.hidden_units = {8}});
    const model m = open_head(_i, (nn_regressor_options){.hidden_units = {8}, .dropout = 0.5});
    fit_well(plain, &rows.data, ROWS, 1);
    fit_well(m, &rows.data, ROWS, 1);
    ck_assert_uint_ne(model_hash(m), model_hash(plain));
    for (int again = 0; again < 2; again++)
        ck_assert_int_eq(model_predict(m, &rows.data, p[again]), AD_OK);
    ck_assert_mem_eq(p[0], p[1], (size_t)(ROWS * heads[_i].k) * sizeof(float));
    close_model(plain);
    close_model(m);
}
END_TEST

static bool note_loss(const nn_progress *progress, void *context)
{
    ((double *)context)[progress->step - 1] = progress->loss;
    return true;
}

/* One row again and again, at a rate that changes nothing: only masks can change its loss. */
START_TEST(masks_differ_from_step_to_step)
{
    double losses[6];
    int same = 0;
    fill_for(_i);
    rows.data.rows = 1;
    const model m = open_head(_i, (nn_regressor_options){.hidden_units = {8},
                                                         .activation = AD_TANH,
                                                         .dropout = 0.5,
                                                         .optimiser = {.rule = &nn_gradient_descent, .rate = 1e-30}});
    const nn_fit_options o = {.steps = 6, .callback = note_loss, .context = losses};
    ck_assert_int_eq(model_fit(m, &rows.data, &o), AD_OK);
    for (int i = 1; i < 6; i++)
        same += losses[i] == losses[0];
    ck_assert_int_le(same, 1);
    close_model(m);
}
END_TEST

static uint64_t trained_hash(nn_regressor_options o, bool overwrite)
{
    nn_dense_options dense = {.units = 6, .activation = AD_TANH};
    nn_batch_norm_options norm = {.momentum = 0.3};
    char name[] = "first", group[] = "slow", pattern[] = "logits/*", group_name[] = "slow";
    nn_layer inner[] = {{.kind = &nn_dense, .options = &dense}};
    nn_residual_options residual = {.layers = NN_LAYERS(inner)};
    nn_layer list[] = {{.kind = &nn_dense, .name = name, .options = &dense, .group = group},
                       {.kind = &nn_batch_norm, .options = &norm},
                       {.kind = &nn_residual, .options = &residual}};
    nn_group groups[] = {{.name = group_name, .rate = 0.5}, {.pattern = pattern, .frozen = true}};
    o.layers = (nn_layers)NN_LAYERS(list);
    o.groups = groups;
    o.n_groups = 2;
    const model m = open_head(0, o);
    if (overwrite) {
        memset(&dense, 0x41, sizeof dense);
        memset(&norm, 0x41, sizeof norm);
        memset(&residual, 0x41, sizeof residual);
        memset(inner, 0x41, sizeof inner);
        memset(list, 0x41, sizeof list);
        memset(groups, 0x41, sizeof groups);
        memset(name, 'A', sizeof name - 1);
        memset(group, 'B', sizeof group - 1);
        memset(pattern, 'C', sizeof pattern - 1);
        memset(group_name, 'D', sizeof group_name - 1);
    }
    fit_well(m, &rows.data, 11, 7);
    const uint64_t hash = model_hash(m);
    close_model(m);
    return hash;
}

START_TEST(layers_and_groups_are_copied)
{
    fill_for(0);
    ck_assert_uint_eq(trained_hash((nn_regressor_options){0}, true), trained_hash((nn_regressor_options){0}, false));
}
END_TEST

/* ---- Groups ------------------------------------------------------------------------------------------------------ */

static void take(model m, size_t i, float *numbers)
{
    const ad_tensor x = model_parameter(m, i);
    memcpy(numbers, ad_f32(x), ad_size_of(x) * sizeof *numbers);
}

/* Gradient descent on all rows: the update of a group is `rate` times that without groups, and none if it is frozen. */
START_TEST(groups_have_rates)
{
    const nn_group groups[] = {{.pattern = "hiddenlayer_0/*", .frozen = true}, {.pattern = "*/weights", .rate = 0.25}};
    float first[64], plain[64], grouped[64];
    fill_for(_i);
    nn_regressor_options o = {.hidden_units = {5}, .optimiser = {.rule = &nn_gradient_descent, .rate = 1e-30}};
    const model unmoved = open_head(_i, o);
    o.optimiser.rate = 0.1;
    const model a = open_head(_i, o);
    o.groups = groups;
    o.n_groups = 2;
    const model b = open_head(_i, o);
    fit_well(unmoved, &rows.data, ROWS, 1);
    fit_well(a, &rows.data, ROWS, 1);
    fit_well(b, &rows.data, ROWS, 1);
    static const double factors[] = {0, 0, 0.25, 1};
    for (size_t i = 0; i < 4; i++) {
        take(unmoved, i, first);
        take(a, i, plain);
        take(b, i, grouped);
        for (size_t j = 0; j < ad_size_of(model_parameter(a, i)); j++)
            ck_assert_double_eq_tol((double)grouped[j] - (double)first[j],
                                    factors[i] * ((double)plain[j] - (double)first[j]), 1e-7);
    }
    const nn_network *net = b.c ? nn_classifier_network(b.c) : nn_regressor_network(b.r);
    ck_assert(nn_network_is_frozen(net, 0) && nn_network_is_frozen(net, 1) && !nn_network_is_frozen(net, 2));
    close_model(unmoved);
    close_model(a);
    close_model(b);
}
END_TEST

/* ---- Lists that do not fit --------------------------------------------------------------------------------------- */

static void expect_fit_error(model m, ad_status status, const char *part, const char *other)
{
    ck_assert_int_eq(model_fit(m, &rows.data, &(nn_fit_options){.batch_size = 11, .steps = 2}), status);
    ck_assert_msg(strstr(model_message(m), part) && strstr(model_message(m), other), "'%s' or '%s' is missing in: %s",
                  part, other, model_message(m));
    ck_assert_int_eq(model_clear(m), status);
    ck_assert_uint_eq(model_parameter_count(m), 0);
    ck_assert_int_eq(model_evaluate(m, &rows.data).status, AD_BAD_STATE);
    ck_assert_int_eq(model_clear(m), AD_BAD_STATE);
}

static const nn_layer four[] = {NN_DENSE(.units = 4)};
static const nn_layer of_four[] = {NN_RESIDUAL(four)};

/* A residual of 4 units does not fit 3 features; it does fit 4, and the estimator can still learn them. */
START_TEST(a_list_that_does_not_fit_the_data)
{
    fill_for(_i);
    const model m = open_head(_i, (nn_regressor_options){.layers = NN_LAYERS(of_four)});
    rows.data.columns = 3;
    for (int again = 0; again < 2; again++)
        expect_fit_error(m, AD_BAD_SHAPE, "fit: network: residual: ", "[3]");
    rows.data.columns = COLUMNS;
    fit_well(m, &rows.data, 11, 4);
    const model fresh = open_head(_i, (nn_regressor_options){.layers = NN_LAYERS(of_four)});
    fit_well(fresh, &rows.data, 11, 4);
    ck_assert_uint_eq(model_hash(m), model_hash(fresh));
    close_model(m);
    close_model(fresh);
}
END_TEST

START_TEST(lists_that_never_fit)
{
    const nn_layer no_kind[] = {{.name = "nothing"}}, no_units[] = {NN_DENSE(.activation = AD_TANH)};
    const nn_layer logits[] = {{.kind = &nn_dense, .name = "logits", .options = &(nn_dense_options){.units = 3}}};
    const nn_layer grouped[] = {{.kind = &nn_dense, .options = &(nn_dense_options){.units = 3}, .group = "slow"}};
    const nn_layer rate[] = {NN_DENSE(.units = 5), NN_DROPOUT(1)};
    const nn_group bad_group[] = {{.rate = 2}}, bad_rate[] = {{.pattern = "*", .rate = -1}},
                   all[] = {{.pattern = "*", .frozen = true}};
    const struct {
        nn_regressor_options o;
        ad_status status;
        const char *part, *other;
    } cases[] = {
        {{.layers = NN_LAYERS(no_kind)}, AD_BAD_VALUE, "fit: network: ", "kind"},
        {{.layers = NN_LAYERS(no_units)}, AD_BAD_VALUE, "fit: network: dense: units is 0", ""},
        {{.layers = NN_LAYERS(logits)}, AD_BAD_VALUE, "fit: network: ", "logits"},
        {{.layers = NN_LAYERS(grouped)}, AD_BAD_VALUE, "fit: network: ", "\"slow\""},
        {{.layers = NN_LAYERS(rate)}, AD_BAD_VALUE, "fit: network: dropout: rate is 1", "[5]"},
        {{.groups = bad_group, .n_groups = 1}, AD_BAD_VALUE, "fit: network: group 0 has neither", ""},
        {{.groups = bad_rate, .n_groups = 1}, AD_BAD_VALUE, "fit: network: group 0 has the rate factor -1", ""},
        {{.groups = all, .n_groups = 1}, AD_BAD_VALUE, "fit: every parameter is frozen: leave some for training", ""},
    };
    fill_for(_i);
    for (int c = 0; c < COUNT(cases); c++) {
        const model m = open_head(_i, cases[c].o);
        ck_assert_str_eq(model_message(m), "");
        expect_fit_error(m, cases[c].status, cases[c].part, cases[c].other);
        close_model(m);
    }
}
END_TEST

/* ---- States ------------------------------------------------------------------------------------------------------ */

static const nn_layer normed[] = {NN_DENSE(.units = 5), NN_BATCH_NORM(.momentum = 0.2), NN_DROPOUT(0.2)};

/* 33 rows in batches of 8 leave one row over, which batch_norm cannot take: it joins the batch before. An epoch has
 * four steps, and each row is in one of them. A fit in batches of another size goes on. */
START_TEST(a_row_that_is_left_over)
{
    fill_for(_i);
    const model m = open_head(_i, (nn_regressor_options){.layers = NN_LAYERS(normed)});
    ck_assert_int_eq(model_fit(m, &rows.data, &(nn_fit_options){.batch_size = 8}), AD_OK);
    ck_assert_int_eq(model_evaluate(m, &rows.data).global_step, 4);
    fit_well(m, &rows.data, 8, 8);
    fit_well(m, &rows.data, 32, 1);
    fit_well(m, &rows.data, 11, 3);
    fit_well(m, &rows.data, 33, 2);
    fit_well(m, &rows.data, 2, 40);
    close_model(m);
}
END_TEST

/* Batches of one row cannot be trained. All is as it was. */
START_TEST(batches_of_one_row)
{
    fill_for(_i);
    const model m = open_head(_i, (nn_regressor_options){.layers = NN_LAYERS(normed)});
    const model good = open_head(_i, (nn_regressor_options){.layers = NN_LAYERS(normed)});
    fit_well(good, &rows.data, 8, 2);
    fit_well(m, &rows.data, 8, 2);
    for (int again = 0; again < 3; again++) {
        ck_assert_int_eq(model_fit(m, &rows.data, &(nn_fit_options){.batch_size = 1}), AD_BAD_SHAPE);
        ck_assert_msg(strstr(model_message(m), "fit: run: batch_norm: ") && strstr(model_message(m), "batch"), "%s",
                      model_message(m));
        ck_assert_uint_eq(model_hash(m), model_hash(good));
    }
    ck_assert_int_eq(model_clear(m), AD_BAD_SHAPE);
    fit_well(m, &rows.data, 8, 9);
    fit_well(good, &rows.data, 8, 9);
    ck_assert_uint_eq(model_hash(m), model_hash(good));
    close_model(m);
    close_model(good);
}
END_TEST

/* A feature that is finite, but whose square is not, would make the running variance infinite for ever. */
START_TEST(running_values_stay_finite)
{
    const nn_layer only_norm[] = {NN_BATCH_NORM()};
    float x[8][2] = {{0}};
    const int32_t labels[8] = {0, 1, 0, 1, 0, 1, 0, 1};
    for (int i = 0; i < 8; i++)
        x[i][0] = (float)(i % 2), x[i][1] = (float)i;
    const nn_data data = {.features = x, .rows = 8, .columns = 2, .labels = labels};
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.n_classes = 2, .layers = NN_LAYERS(only_norm)});
    ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 3}), AD_OK);
    x[5][1] = 1e20F;
    ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 3}), AD_NOT_FINITE);
    ck_assert_msg(strstr(nn_classifier_message(c), "batch_norm/running_variance is not finite"), "%s",
                  nn_classifier_message(c));
    ck_assert_int_eq(nn_classifier_evaluate(c, &data).global_step, 3);
    x[5][1] = 5;
    ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 3}), AD_OK);
    nn_classifier_close(c);
}
END_TEST

static bool stop_at_third(const nn_progress *progress, void *context)
{
    (void)context;
    return progress->step != 3;
}

/* A fit that is stopped, and one whose loss is not finite, leave weights, slots and running values as they were. */
START_TEST(fits_that_end_early_keep_states)
{
    fill_for(_i);
    const model m = open_head(_i, (nn_regressor_options){.layers = NN_LAYERS(normed)});
    const model good = open_head(_i, (nn_regressor_options){.layers = NN_LAYERS(normed)});
    const nn_fit_options stopped = {.batch_size = 11, .steps = 9, .callback = stop_at_third};
    ck_assert_int_eq(model_fit(m, &rows.data, &stopped), AD_STOPPED);
    ck_assert_str_eq(model_message(m), "");
    fit_well(good, &rows.data, 11, 3);
    ck_assert_uint_eq(model_hash(m), model_hash(good));
    static rows_of bad;
    memcpy(&bad, &rows, sizeof bad);
    bad.data.features = bad.x;
    for (int64_t i = 0; i < ROWS * COLUMNS; i++)
        bad.x[i] = i / COLUMNS % 2 ? 3e38F : -3e38F; /* finite, but their variance is not */
    ck_assert_int_eq(model_fit(m, &bad.data, &(nn_fit_options){.batch_size = 11}), AD_NOT_FINITE);
    ck_assert_int_eq(model_clear(m), AD_NOT_FINITE);
    ck_assert_uint_eq(model_hash(m), model_hash(good));
    fit_well(m, &rows.data, 11, 5);
    fit_well(good, &rows.data, 11, 5);
    ck_assert_uint_eq(model_hash(m), model_hash(good));
    close_model(m);
    close_model(good);
}
END_TEST

/* Questions and records do not move running values, and draw no masks. */
START_TEST(questions_change_no_state)
{
    float p[ROWS * 3];
    ad_tensor loss;
    fill_for(_i);
    const model m = open_head(_i, (nn_regressor_options){.layers = NN_LAYERS(normed)});
    const model good = open_head(_i, (nn_regressor_options){.layers = NN_LAYERS(normed)});
    for (int step = 0; step < 6; step++) {
        fit_well(m, &rows.data, 11, 1);
        const uint64_t before = model_hash(m);
        ck_assert_int_eq(model_predict(m, &rows.data, p), AD_OK);
        ck_assert_int_eq(model_evaluate(m, &rows.data).status, AD_OK);
        ck_assert_msg(model_record(m, &rows.data, step, &loss) == AD_OK, "%s", model_message(m));
        ck_assert_uint_eq(model_hash(m), before);
    }
    fit_well(good, &rows.data, 11, 6);
    ck_assert_uint_eq(model_hash(m), model_hash(good));
    close_model(m);
    close_model(good);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_loop_test(tests, networks_of_layers_learn, 0, COUNT(heads));
    tcase_add_loop_test(tests, hidden_units_are_layers, 0, COUNT(heads));
    tcase_add_loop_test(tests, dropout_is_of_training, 0, COUNT(heads));
    tcase_add_loop_test(tests, masks_differ_from_step_to_step, 0, COUNT(heads));
    tcase_add_test(tests, layers_and_groups_are_copied);
    tcase_add_loop_test(tests, groups_have_rates, 0, COUNT(heads));
    tcase_add_loop_test(tests, a_list_that_does_not_fit_the_data, 0, COUNT(heads));
    tcase_add_loop_test(tests, lists_that_never_fit, 0, COUNT(heads));
    tcase_add_loop_test(tests, a_row_that_is_left_over, 0, COUNT(heads));
    tcase_add_loop_test(tests, batches_of_one_row, 0, COUNT(heads));
    tcase_add_test(tests, running_values_stay_finite);
    tcase_add_loop_test(tests, fits_that_end_early_keep_states, 0, COUNT(heads));
    tcase_add_loop_test(tests, questions_change_no_state, 0, COUNT(heads));
}

int main(void) { return run_tests("estimator_layers", add_tests); }
