/* Targets that are scaled for the network: what is learnt of them, what comes back, and what a file has of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../nn/files/safetensors.h"
#include "../support/check.h"
#include "../support/data_files.h"
#include "../support/models.h"

enum { ROWS = 60, MOST_K = 3 };

static rows_of rows, others, held;
static char path[5000];
static float predicted[ROWS * MOST_K], plain_predicted[ROWS * MOST_K];

static const struct {
    const nn_head *head;
    int64_t k;
} heads[] = {{&nn_head_squared, 1}, {&nn_head_squared, 3}, {&nn_head_huber, 2}, {&nn_head_absolute, 1}};

static void fill_path(void)
{
    open_clouds();
    snprintf(path, sizeof path, "%s", path_in_folder("m.safetensors"));
}

/* ---- What was learnt --------------------------------------------------------------------------------------------- */

/* What a file has of a model's targets. */
typedef struct learnt {
    int64_t k;
    double mean[MOST_K], deviation[MOST_K];
} learnt;

static void read_numbers(const nn_safetensors *file, const char *name, learnt *to, double *numbers)
{
    char message[500];
    const nn_file_tensor *t = nn_safetensors_find(file, name);
    ck_assert_msg(t && t->type == NN_FILE_F64 && t->rank == 1 && t->sizes[0] <= MOST_K, "%s", name);
    to->k = t->sizes[0];
    ck_assert_int_eq(nn_safetensors_read(file, t, numbers, message, sizeof message), AD_OK);
}

static learnt learnt_in(const char *from)
{
    learnt l = {0};
    char message[500];
    ad_memory own = ad_memory_over(NULL);
    nn_store store = {.memory = &own};
    nn_safetensors file;
    const ad_status status = nn_safetensors_open(&file, from, &store, message, sizeof message);
    ck_assert_msg(status == AD_OK, "%s", message);
    read_numbers(&file, "gradtape.target.mean", &l, l.mean);
    read_numbers(&file, "gradtape.target.deviation", &l, l.deviation);
    nn_safetensors_close(&file);
    nn_store_release(&store);
    return l;
}

static void save_good(const nn_regressor *r, const char *to)
{
    ck_assert_msg(nn_regressor_save(r, to, NULL) == AD_OK, "%s", nn_regressor_message(r));
}

static learnt learnt_of(const nn_regressor *r)
{
    save_good(r, path_in_folder("learnt"));
    return learnt_in(path_in_folder("learnt"));
}

static nn_regressor *open_standard(nn_regressor_options o)
{
    o.target_scaling = NN_TARGETS_STANDARD;
    o.allocator = &memory.allocator;
    nn_regressor *r = nn_regressor_open(&o);
    ck_assert_msg(r && nn_regressor_status(r) == AD_OK, "%s", nn_regressor_message(r));
    return r;
}

static void fit_good(nn_regressor *r, const nn_data *data, nn_fit_options o)
{
    const ad_status status = nn_regressor_fit(r, data, &o);
    ck_assert_msg(status == AD_OK, "fit: %s", nn_regressor_message(r));
}

/* What one step of a fit to these data learns of k targets. */
static learnt learn(const nn_data *data, int64_t k)
{
    nn_regressor *r = open_standard((nn_regressor_options){.n_targets = k});
    fit_good(r, data, (nn_fit_options){.steps = 1});
    const learnt l = learnt_of(r);
    nn_regressor_close(r);
    return l;
}

static void expect_learnt(const learnt *l, const double *mean, const double *deviation, double tolerance)
{
    for (int64_t j = 0; j < l->k; j++) {
        ck_assert_msg(fabs(l->mean[j] - mean[j]) <= tolerance * deviation[j], "%.17g is not %.17g", l->mean[j],
                      mean[j]);
        ck_assert_msg(fabs(l->deviation[j] - deviation[j]) <= tolerance * deviation[j], "%.17g is not %.17g",
                      l->deviation[j], deviation[j]);
    }
}

/* By numpy.average, with weights and without, of all rows and of a view; a deviation of 0 is 1 here. */
static const struct {
    bool is_weighed, is_view;
    double mean[3], deviation[3];
} by_numpy[] = {
    {false, false, {428046.0, 0.000195, 7}, {309091.47595116025, 0.00089160435919377, 1}},
    {false, true, {424444.25, -1.25e-05, 7}, {240065.29127341066, 0.0012526846171323411, 1}},
    {true, false, {420880.3333333333, -0.00015703703703703707, 7}, {338444.08570933784, 0.000513606095028554, 1}},
    {true, true, {483555.4, -0.0007, 7}, {147110.8, 0.0011, 1}},
};

START_TEST(mean_and_deviation_are_those_of_numpy)
{
    static const float x[6] = {1, 2, 3, 4, 5, 6};
    static const double y[18] = {250000, 3.5e-4, 7, 410000, -1.25e-3, 7, 899999, 2e-5,   7,
                                 100000, 9.5e-4, 7, 130500, -4e-4,    7, 777777, 1.5e-3, 7};
    static const double weights[6] = {1, 0.5, 2, 0, 3, 0.25};
    static const int32_t index[4] = {5, 1, 1, 3};
    for (int i = 0; i < COUNT(by_numpy); i++) {
        nn_data data = {.features = x, .rows = 6, .columns = 1, .targets = y, .target_element = NN_F64, .n_targets = 3};
        data.weights = by_numpy[i].is_weighed ? weights : NULL;
        if (by_numpy[i].is_view) {
            data.rows = 4;
            data.index = index;
            data.array_rows = 6;
        }
        const learnt l = learn(&data, 3);
        ck_assert_int_eq(l.k, 3);
        expect_learnt(&l, by_numpy[i].mean, by_numpy[i].deviation, 1e-14);
        ck_assert_double_eq(l.mean[2], 7);
        ck_assert_double_eq(l.deviation[2], 1);
    }
}
END_TEST

START_TEST(targets_of_each_element)
{
    static const float x[4] = {1, 2, 3, 4}, f32[4] = {1, 2, 3, 6};
    static const double f64[4] = {1, 2, 3, 6};
    static const uint8_t u8[4] = {1, 2, 3, 6};
    static const int32_t i32[4] = {1, 2, 3, 6};
    static const void *const targets[] = {f32, f64, u8, i32};
    static const nn_element elements[] = {NN_F32, NN_F64, NN_U8, NN_I32};
    const double mean = 3, deviation = sqrt(3.5);
    for (int i = 0; i < 4; i++) {
        const nn_data data = {
            .features = x, .rows = 4, .columns = 1, .targets = targets[i], .target_element = elements[i]};
        const learnt l = learn(&data, 1);
        expect_learnt(&l, &mean, &deviation, 1e-15);
    }
}
END_TEST

/* A target that is the same in each row that counts, whatever stands in the others. */
START_TEST(a_constant_target_is_divided_by_1)
{
    static const double constants[] = {0.1, 250000, 0, -1e9, 1e-40};
    for (int c = 0; c < COUNT(constants); c++) {
        fill_rows(&rows, &nn_head_squared, 1, ROWS, 3);
        for (int i = 0; i < ROWS; i++) {
            rows.weights[i] = i % 3 * 0.7;
            rows.targets[i] = i % 3 ? constants[c] : 1e10 * i;
        }
        rows.data.weights = rows.weights;
        const learnt l = learn(&rows.data, 1);
        ck_assert_double_eq(l.mean[0], constants[c]);
        ck_assert_double_eq(l.deviation[0], 1);
    }
    static const int32_t index[3] = {5, 4, 8};
    nn_data view = rows.data; /* of rows that count and are all the same */
    view.index = index;
    view.rows = 3;
    view.array_rows = ROWS;
    for (int i = 0; i < 3; i++)
        rows.targets[index[i]] = 0.1;
    const learnt l = learn(&view, 1);
    ck_assert_double_eq(l.mean[0], 0.1);
    ck_assert_double_eq(l.deviation[0], 1);
    for (int i = 0; i < ROWS; i++)
        rows.targets[i] = 250000;
    rows.data.weights = NULL;
    nn_regressor *r = open_standard((nn_regressor_options){.seed = 1});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 300});
    ck_assert_int_eq(nn_regressor_predict(r, &rows.data, predicted), AD_OK);
    for (int i = 0; i < ROWS; i++)
        ck_assert_float_eq_tol(predicted[i], 250000, 1);
    nn_regressor_close(r);
}
END_TEST

/* As many rows as the weight says; a common factor that is a power of two changes no bit. */
START_TEST(weights_are_numbers_of_rows)
{
    int64_t n = 0;
    fill_rows(&rows, &nn_head_squared, 2, ROWS, 5);
    fill_rows(&others, &nn_head_squared, 2, 1, 1);
    for (int64_t i = 0; i < ROWS; i++)
        for (int again = 0; again < i % 3; again++)
            copy_row(&others, n++, &rows, i, 2);
    others.data.rows = n;
    const learnt repeated = learn(&others.data, 2);
    rows.data.weights = rows.weights;
    for (int i = 0; i < ROWS; i++)
        rows.weights[i] = i % 3;
    const learnt weighed = learn(&rows.data, 2);
    expect_learnt(&weighed, repeated.mean, repeated.deviation, 1e-14);
    for (int i = 0; i < ROWS; i++)
        rows.weights[i] *= 0x1p-100;
    const learnt small = learn(&rows.data, 2);
    ck_assert_mem_eq(&small, &weighed, sizeof small);
}
END_TEST

/* A deviation that is small beside the mean keeps its digits. */
START_TEST(an_offset_costs_no_digits)
{
    fill_rows(&rows, &nn_head_squared, 1, ROWS, 5);
    for (int i = 0; i < ROWS; i++)
        rows.targets[i] = i % 2 ? 0x1p40 + 0x1p-10 : 0x1p40 - 0x1p-10;
    rows.targets[0] = 0x1p40 - 0x1p-10;
    const learnt l = learn(&rows.data, 1);
    ck_assert_double_eq(l.mean[0], 0x1p40);
    ck_assert_double_eq(l.deviation[0], 0x1p-10);
    /* The mean is rounded by as much as the deviation is. */
    for (int i = 0; i < ROWS; i++)
        rows.targets[i] = i % 3 ? 1 : 1 + 0x1p-52;
    const learnt close_by = learn(&rows.data, 1);
    ck_assert_double_eq_tol(close_by.deviation[0], 0x1p-52 * sqrt(2. / 9), 1e-12 * 0x1p-52);
}
END_TEST

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

/* Prices from 100,000 to 900,000. */
static void fill_prices(void)
{
    fill_rows(&rows, &nn_head_squared, 1, ROWS, 7);
    for (int i = 0; i < ROWS; i++)
        rows.targets[i] = 5e5 + 2.5e5 * (double)rows.x[i * COLUMNS] - 1.5e5 * (double)rows.x[i * COLUMNS + 2];
}

static double r2_of(nn_regressor *r, const nn_data *data)
{
    const nn_evaluation e = nn_regressor_evaluate(r, data);
    const nn_evaluation_figure f = nn_evaluation_named(&e, "r2");
    ck_assert_msg(e.status == AD_OK && !f.undefined, "%s", nn_regressor_message(r));
    return f.value;
}

START_TEST(prices_are_learnt)
{
    fill_prices();
    nn_regressor *r = open_standard((nn_regressor_options){.seed = 42});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 2000});
    ck_assert_double_gt(r2_of(r, &rows.data), 0.99);
    ck_assert_double_lt(nn_regressor_evaluate(r, &rows.data).loss, 0.01);
    nn_regressor_close(r);
    r = nn_regressor_open(&(nn_regressor_options){.seed = 42, .allocator = &memory.allocator});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 2000});
    ck_assert_double_lt(r2_of(r, &rows.data), 0);
    nn_regressor_close(r);
}
END_TEST

START_TEST(targets_of_several_units_are_learnt_alike)
{
    static const double unit[] = {1e-5, 3e5, 1}, offset[] = {0.02, -1e6, 40};
    fill_rows(&rows, &nn_head_squared, 3, ROWS, 8);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < 3; j++)
            rows.targets[3 * i + j] = offset[j] + unit[j] * (double)rows.x[i * COLUMNS + j];
    nn_regressor *r = open_standard((nn_regressor_options){.n_targets = 3, .seed = 1});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 3000});
    ck_assert_int_eq(nn_regressor_predict(r, &rows.data, predicted), AD_OK);
    for (int i = 0; i < 3 * ROWS; i++)
        ck_assert_double_eq_tol((double)predicted[i], rows.targets[i], 0.02 * unit[i % 3]);
    nn_regressor_close(r);
}
END_TEST

/* ---- By hand ----------------------------------------------------------------------------------------------------- */

static void move_targets(rows_of *r, int64_t k)
{
    for (int64_t i = 0; i < r->data.rows * k; i++)
        r->targets[i] = 4e5 + 1e5 * (double)(i % k + 1) * r->targets[i];
}

/* The same rows with targets that are scaled by hand. */
static nn_data scale_by_hand(const rows_of *r, const learnt *l, double *to)
{
    nn_data data = r->data;
    for (int64_t i = 0; i < data.rows * l->k; i++)
        to[i] = (r->targets[i] - l->mean[i % l->k]) / l->deviation[i % l->k];
    data.targets = to;
    return data;
}

typedef struct losses {
    double at[200];
    int64_t n;
} losses;

static bool keep_losses(const nn_progress *p, void *context)
{
    losses *l = context;
    ck_assert_int_lt(l->n, 198);
    l->at[l->n++] = p->loss;
    l->at[l->n++] = p->validation.loss;
    return true;
}

/* Stops early, with a schedule that observes. */
static nn_fit_options fit_options(const nn_data *validation, losses *l)
{
    return (nn_fit_options){.batch_size = 7,
                            .steps = 90,
                            .validation = validation,
                            .validate_every = 5,
                            .patience = 6,
                            .callback = keep_losses,
                            .context = l};
}

/* What is scaled by hand learns the same bits; losses have the units of the scaled targets. */
START_TEST(scaling_by_hand_gives_the_same_bits)
{
    static double y[ROWS * MOST_K], held_y[ROWS * MOST_K];
    static losses own, by_hand;
    const int64_t k = heads[_i].k;
    nn_regressor_options o = {.hidden_units = {5}, .activation = AD_TANH, .seed = 4};
    o.optimiser.schedule = (nn_schedule_options){.rule = &nn_schedule_plateau, .patience = 1, .factor = 0.5};
    o.head_options.delta = 0.5;
    fill_rows(&rows, heads[_i].head, k, ROWS, 11);
    fill_rows(&held, heads[_i].head, k, 20, 12);
    move_targets(&rows, k);
    move_targets(&held, k);
    rows.data.weights = _i % 2 ? rows.weights : NULL;
    own.n = by_hand.n = 0;
    const model plain = open_model(heads[_i].head, k, o);
    o.target_scaling = NN_TARGETS_STANDARD;
    const model m = open_model(heads[_i].head, k, o);
    fit_good(m.r, &rows.data, fit_options(&held.data, &own));
    const learnt l = learnt_of(m.r);
    const nn_data scaled = scale_by_hand(&rows, &l, y), scaled_held = scale_by_hand(&held, &l, held_y);
    fit_good(plain.r, &scaled, fit_options(&scaled_held, &by_hand));
    ck_assert_uint_eq(model_hash(m), model_hash(plain));
    ck_assert_int_eq(own.n, by_hand.n);
    ck_assert_mem_eq(own.at, by_hand.at, (size_t)own.n * sizeof *own.at);
    ck_assert_double_eq(model_evaluate(m, &held.data).loss, model_evaluate(plain, &scaled_held).loss);
    ck_assert_int_eq(model_predict(m, &rows.data, predicted), AD_OK);
    ck_assert_int_eq(model_predict(plain, &rows.data, plain_predicted), AD_OK);
    for (int64_t i = 0; i < ROWS * k; i++)
        ck_assert_float_eq(predicted[i], (float)(l.mean[i % k] + l.deviation[i % k] * (double)plain_predicted[i]));
    close_model(m);
    close_model(plain);
}
END_TEST

/* The figures are those of what is predicted, in the units of the data. */
START_TEST(figures_have_the_units_of_the_data)
{
    static const char *const names[] = {"rmse", "mae", "r2"}, *const metric_names[] = {"rmse", "mae", "r2_uniform"};
    static double p[ROWS * MOST_K];
    const int64_t k = heads[_i].k;
    fill_rows(&rows, heads[_i].head, k, ROWS, 13);
    move_targets(&rows, k);
    rows.data.weights = _i % 2 ? rows.weights : NULL;
    const model m = open_model(heads[_i].head, k,
                               (nn_regressor_options){.target_scaling = NN_TARGETS_STANDARD, .hidden_units = {3}});
    fit_well(m, &rows.data, 8, 50);
    ck_assert_int_eq(model_predict(m, &rows.data, predicted), AD_OK);
    for (int64_t i = 0; i < ROWS * k; i++)
        p[i] = (double)predicted[i];
    nn_metrics *metrics = nn_metrics_open(&(nn_outcome){.task = NN_REGRESSION,
                                                        .rows = ROWS,
                                                        .columns = k,
                                                        .targets = rows.targets,
                                                        .predictions = p,
                                                        .element = NN_F64,
                                                        .weights = rows.data.weights},
                                          NULL);
    const nn_evaluation e = model_evaluate(m, &rows.data);
    for (int i = 0; i < COUNT(names); i++) {
        const nn_evaluation_figure f = nn_evaluation_named(&e, names[i]);
        ck_assert_msg(!f.undefined, "%s: %s", names[i], f.undefined);
        ck_assert_double_eq(f.value, nn_metrics_figure(metrics, metric_names[i]).values[0]);
    }
    ck_assert_double_gt(nn_evaluation_named(&e, "rmse").value, 100 * e.loss);
    nn_metrics_close(metrics);
    close_model(m);
}
END_TEST

/* Rows that one pass of a prediction does not hold. */
START_TEST(many_rows_come_back)
{
    static float all[2 * MODEL_ROWS], one[2];
    fill_rows(&rows, &nn_head_squared, 2, MODEL_ROWS, 14);
    move_targets(&rows, 2);
    nn_regressor *r = open_standard((nn_regressor_options){.n_targets = 2, .hidden_units = {3}});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 30});
    ck_assert_int_eq(nn_regressor_predict(r, &rows.data, all), AD_OK);
    double square = 0;
    for (int i = 0; i < MODEL_ROWS; i++) {
        nn_data row = rows.data;
        row.features = rows.x + i * COLUMNS;
        row.rows = 1;
        ck_assert_int_eq(nn_regressor_predict(r, &row, one), AD_OK);
        for (int j = 0; j < 2; j++) {
            ck_assert_float_eq_tol(one[j], all[2 * i + j], 1);
            const double away = (double)all[2 * i + j] - rows.targets[2 * i + j];
            square += away * away;
        }
    }
    const nn_evaluation e = nn_regressor_evaluate(r, &rows.data);
    const double mse = square / (2 * MODEL_ROWS);
    ck_assert_double_eq_tol(nn_evaluation_named(&e, "mse").value, mse, 1e-9 * mse);
    nn_regressor_close(r);
}
END_TEST

/* A row that is recorded has the scaled target, and its loss is that of the row. */
START_TEST(a_record_has_the_scaled_target)
{
    fill_prices();
    nn_regressor *r = open_standard((nn_regressor_options){.seed = 2});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 30});
    const learnt l = learnt_of(r);
    ad_tensor loss;
    ck_assert_int_eq(nn_regressor_record(r, &rows.data, 4, &loss), AD_OK);
    ck_assert_int_eq(nn_regressor_predict(r, &rows.data, predicted), AD_OK);
    const double away = ((double)predicted[4] - rows.targets[4]) / l.deviation[0];
    ck_assert_double_eq_tol(ad_item(loss), away * away, 1e-5);
    nn_regressor_close(r);
}
END_TEST

/* ---- Heads of one's own ------------------------------------------------------------------------------------------ */

/* Logits are pairs; the prediction is their sum. */
static int64_t two_outputs(int64_t k) { return 2 * k; }

static ad_tensor predict_sum(ad_tensor z) { return ad_sum_over(z, AD_KEEP_AXES(1)); }

static ad_tensor loss_of_sum(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    return nn_head_squared.loss(predict_sum(z), y, options);
}

static const nn_head sum_head = {.name = "sum",
                                 .task = NN_REGRESSION,
                                 .most = 1,
                                 .outputs = two_outputs,
                                 .loss = loss_of_sum,
                                 .predict = predict_sum};

START_TEST(predictions_of_an_own_head_come_back)
{
    fill_prices();
    nn_regressor *r = open_standard((nn_regressor_options){.head = &sum_head, .seed = 3});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 2000});
    ck_assert_int_eq(nn_regressor_predict(r, &rows.data, predicted), AD_OK);
    for (int i = 0; i < ROWS; i++)
        ck_assert_double_eq_tol((double)predicted[i], rows.targets[i], 1e4);
    ck_assert_double_lt(nn_regressor_evaluate(r, &rows.data).loss, 0.01);
    nn_regressor_close(r);
}
END_TEST

/* ---- Rows that are held out, feeds ------------------------------------------------------------------------------- */

START_TEST(rows_that_are_held_out_are_not_learnt_from)
{
    fill_prices();
    nn_split *split = nn_split_open(&rows.data, &(nn_split_options){.share = 0.3, .plain = true, .seed = 9});
    const nn_data train_rows = nn_split_train(split, 0), held_rows = nn_split_test(split, 0);
    for (int64_t i = 0; i < held_rows.rows; i++)
        rows.targets[held_rows.index[i]] *= 3;
    const learnt wanted_numbers = learn(&train_rows, 1), all = learn(&rows.data, 1);
    nn_regressor *r = open_standard((nn_regressor_options){.seed = 9});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 3, .validation_share = 0.3});
    const learnt got = learnt_of(r);
    ck_assert_mem_eq(&got, &wanted_numbers, sizeof got);
    ck_assert_double_ne(got.mean[0], all.mean[0]);
    nn_regressor_close(r);
    nn_split_close(split);
}
END_TEST

/* A table of prices, with weights of which the first and the last are 0. */
static const char *write_prices(void)
{
    static file_bytes b;
    char text[200];
    b.n = 0;
    fill_prices();
    put_text(&b, "a,b,c,d,price,w\n");
    for (int i = 0; i < ROWS; i++) {
        const float *x = rows.x + i * COLUMNS;
        snprintf(text, sizeof text, "%.4f,%.4f,%.4f,%.4f,%.2f,%d\n", (double)x[0], (double)x[1], (double)x[2],
                 (double)x[3], rows.targets[i], i == ROWS - 1 ? 0 : i % 4);
        put_text(&b, text);
    }
    return save_bytes("t.csv", &b);
}

/* In windows of any size a feed learns what data in memory learn. In one window the whole file is the same. */
START_TEST(a_feed_learns_what_data_in_memory_learn)
{
    static const char *const price[] = {"price"};
    const nn_csv_options csv = {.targets = {price, 1}, .weight = "w"};
    char csv_path[5000];
    snprintf(csv_path, sizeof csv_path, "%s", write_prices());
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    ck_assert_msg(nn_dataset_read_csv(set, csv_path, &csv) == AD_OK, "%s", nn_dataset_message(set));
    const nn_data in_memory = nn_dataset_data(set);
    nn_regressor *a = open_standard((nn_regressor_options){.hidden_units = {4}, .seed = 5});
    fit_good(a, &in_memory, (nn_fit_options){.batch_size = 8, .steps = 40});
    save_good(a, path);
    const learnt wanted_numbers = learnt_in(path);
    for (int64_t window = 8; window <= 64; window += 8) {
        nn_feed *feed =
            nn_feed_open_csv(csv_path, &csv, &(nn_feed_options){.window = window, .allocator = &memory.allocator});
        const nn_data fed = nn_feed_data(feed);
        nn_regressor *b = open_standard((nn_regressor_options){.hidden_units = {4}, .seed = 5});
        fit_good(b, &fed, (nn_fit_options){.batch_size = 8, .steps = 40});
        save_good(b, path_in_folder("fed"));
        const learnt got = learnt_in(path_in_folder("fed"));
        ck_assert_mem_eq(&got, &wanted_numbers, sizeof got);
        ck_assert_double_lt(nn_regressor_evaluate(b, &in_memory).loss, 1);
        if (window >= ROWS)
            expect_same_files(path, path_in_folder("fed"));
        nn_regressor_close(b);
        nn_feed_close(feed);
    }
    nn_regressor_close(a);
    nn_dataset_close(set);
}
END_TEST

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static nn_regressor *load_good(const char *from)
{
    nn_regressor *r = nn_regressor_load(from, &(nn_load_options){.allocator = &memory.allocator});
    ck_assert_msg(nn_regressor_status(r) == AD_OK, "%s", nn_regressor_message(r));
    return r;
}

/* Other rows do not change what was learnt; a model that is loaded goes on with the same bits. */
START_TEST(a_model_goes_on_from_its_file)
{
    char whole[5000];
    snprintf(whole, sizeof whole, "%s", path_in_folder("whole"));
    fill_prices();
    nn_regressor *r = open_standard((nn_regressor_options){.hidden_units = {4}, .seed = 6});
    fit_good(r, &rows.data, (nn_fit_options){.to_step = 11});
    save_good(r, path);
    const learnt first = learnt_in(path);
    ck_assert_int_eq(nn_regressor_predict(r, &rows.data, plain_predicted), AD_OK);
    nn_regressor *again = load_good(path);
    ck_assert_str_eq(nn_regressor_settings(again), nn_regressor_settings(r));
    ck_assert_int_eq(nn_regressor_predict(again, &rows.data, predicted), AD_OK);
    ck_assert_mem_eq(predicted, plain_predicted, ROWS * sizeof *predicted);
    for (int i = 0; i < ROWS; i++)
        rows.targets[i] += 1e5 * i;
    fit_good(r, &rows.data, (nn_fit_options){.to_step = 30});
    fit_good(again, &rows.data, (nn_fit_options){.to_step = 30});
    save_good(r, whole);
    save_good(again, path);
    expect_same_files(path, whole);
    const learnt last = learnt_in(path);
    ck_assert_mem_eq(&first, &last, sizeof first);
    nn_regressor_close(r);
    nn_regressor_close(again);
}
END_TEST

static bool has_text(const char *file, const char *text)
{
    static file_bytes b;
    load_bytes(file, &b);
    for (size_t i = 0; i + strlen(text) <= b.n; i++)
        if (!memcmp(b.at + i, text, strlen(text)))
            return true;
    return false;
}

/* A file without scaled targets says nothing of them. */
START_TEST(files_of_plain_targets_are_as_before)
{
    fill_prices();
    nn_regressor *r = nn_regressor_open(&(nn_regressor_options){.allocator = &memory.allocator});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 3, .save = path});
    ck_assert_ptr_nonnull(
        strstr(nn_regressor_settings(r), "n_targets=1 head=squared delta=1 target_scaling=none activation"));
    nn_regressor_close(r);
    ck_assert(has_text(path, "\"options\\\":\\\"n_targets=1 head=squared delta=1 activation=relu"));
    ck_assert(!has_text(path, "target_scaling"));
    ck_assert(!has_text(path, "gradtape.target"));
    r = load_good(path);
    ck_assert_ptr_nonnull(
        strstr(nn_regressor_settings(r), "n_targets=1 head=squared delta=1 target_scaling=none activation"));
    nn_regressor_close(r);
}
END_TEST

/* A warm start takes the weights, and learns the scaling of its own rows. */
START_TEST(a_warm_start_learns_its_own_scaling)
{
    fill_prices();
    nn_regressor *r = open_standard((nn_regressor_options){.seed = 6});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 40, .save = path});
    nn_regressor_close(r);
    const learnt first = learnt_in(path);
    for (int i = 0; i < ROWS; i++)
        rows.targets[i] *= 2;
    r = open_standard((nn_regressor_options){.seed = 7});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 1, .warm_start = path});
    const learnt l = learnt_of(r);
    ck_assert_double_eq(l.mean[0], 2 * first.mean[0]);
    ck_assert_double_eq(l.deviation[0], 2 * first.deviation[0]);
    nn_regressor_close(r);
}
END_TEST

/* What is wrong with the file of a model of two targets. */
static const struct {
    const char *from, *to; /* in its metadata */
    const char *name, *new_name;
    int64_t size;
    double number;
    const char *message;
} wrong[] = {
    {NULL, NULL, "gradtape.target.mean", "x", 0, 0, "it has no tensor \"gradtape.target.mean\", which the model needs"},
    {NULL, NULL, "gradtape.target.deviation", "x", 0, 0, "it has no tensor \"gradtape.target.deviation\", which"},
    {NULL, NULL, "gradtape.target.mean", NULL, 1, 0, "gradtape.target.mean has 1 columns, not 2"},
    {NULL, NULL, "gradtape.target.deviation", NULL, 1, 0, "gradtape.target.deviation has 1 columns, not 2"},
    {NULL, NULL, "gradtape.target.mean", NULL, 0, NAN, "its targets have a mean that is not finite"},
    {NULL, NULL, "gradtape.target.mean", NULL, 0, HUGE_VAL, "its targets have a mean that is not finite"},
    {NULL, NULL, "gradtape.target.deviation", NULL, 0, NAN, "or a deviation that is not finite and above 0"},
    {NULL, NULL, "gradtape.target.deviation", NULL, 0, HUGE_VAL, "or a deviation that is not finite and above 0"},
    {NULL, NULL, "gradtape.target.deviation", NULL, 0, -1, "or a deviation that is not finite and above 0"},
    {NULL, NULL, "gradtape.target.deviation", NULL, 0, -0.0, "or a deviation that is not finite and above 0"},
    {"target_scaling=standard ", "", NULL, NULL, 0, 0, "its tensor \"gradtape.target.deviation\" is none of the model"},
    {"target_scaling=standard", "target_scaling=some", NULL, NULL, 0, 0, ": its options: target_scaling is 'some'"},
};

static file_bytes bytes_of_file;

/* Writes the file again with what is wrong with it, and a right checksum. */
static void make_wrong(int i)
{
    static double number[2];
    static char json[20000];
    char message[500];
    ad_memory own = ad_memory_over(NULL);
    nn_store store = {.memory = &own};
    nn_safetensors file;
    nn_file_tensor tensors[40];
    ck_assert_int_eq(nn_safetensors_open(&file, path, &store, message, sizeof message), AD_OK);
    const size_t n = file.content.n_tensors;
    ck_assert_uint_le(n, COUNT(tensors));
    for (size_t t = 0; t < n; t++) {
        tensors[t] = file.content.tensors[t];
        void *data = nn_store_take(&store, (size_t)(tensors[t].end - tensors[t].begin) + 1, 1);
        ck_assert_int_eq(nn_safetensors_read(&file, &tensors[t], data, message, sizeof message), AD_OK);
        tensors[t].data = data;
        if (!wrong[i].name || strcmp(tensors[t].name, wrong[i].name) != 0)
            continue;
        memcpy(number, data, sizeof number);
        number[1] = wrong[i].number != 0 || signbit(wrong[i].number) ? wrong[i].number : number[1];
        tensors[t].data = number;
        tensors[t].name = wrong[i].new_name ? wrong[i].new_name : tensors[t].name;
        tensors[t].sizes[0] = wrong[i].size ? wrong[i].size : 2;
    }
    snprintf(json, sizeof json, "%s", nn_safetensors_text(&file, "gradtape"));
    char *at = wrong[i].from ? strstr(json, wrong[i].from) : NULL;
    ck_assert(!wrong[i].from || at);
    if (at) {
        char *rest = strdup(at + strlen(wrong[i].from));
        snprintf(at, sizeof json - (size_t)(at - json), "%s%s", wrong[i].to, rest);
        free(rest);
    }
    const nn_file_text texts[] = {{"format", "pt"}, {"gradtape", json}};
    const nn_file_content content = {tensors, n, texts, 2};
    ck_assert_int_eq(nn_safetensors_write(&content, path, 0, &own, message, sizeof message), AD_OK);
    nn_safetensors_close(&file);
    nn_store_release(&store);
}

static void save_two(void)
{
    fill_rows(&rows, &nn_head_squared, 2, ROWS, 21);
    move_targets(&rows, 2);
    nn_regressor *r = open_standard((nn_regressor_options){.n_targets = 2});
    fit_good(r, &rows.data, (nn_fit_options){.steps = 4, .save = path});
    nn_regressor_close(r);
}

START_TEST(wrong_files_are_refused)
{
    save_two();
    make_wrong(_i);
    nn_regressor *r = nn_regressor_load(path, &(nn_load_options){.allocator = &memory.allocator});
    ck_assert_int_eq(nn_regressor_status(r), AD_BAD_FILE);
    ck_assert_msg(strstr(nn_regressor_message(r), wrong[_i].message) != NULL, "%s", nn_regressor_message(r));
    ck_assert_uint_eq(nn_regressor_parameter_count(r), 0);
    nn_regressor_close(r);
}
END_TEST

/* Each bit of the file, and each length. */
START_TEST(damage_is_found)
{
    save_two();
    load_bytes(path, &bytes_of_file);
    for (size_t bit = 0; bit < 8 * bytes_of_file.n; bit += 13) {
        flip_bit(path, bit);
        nn_regressor *r = nn_regressor_load(path, &(nn_load_options){.allocator = &memory.allocator});
        ck_assert_msg(nn_regressor_status(r) == AD_BAD_FILE, "bit %zu", bit);
        nn_regressor_close(r);
        flip_bit(path, bit);
    }
    for (size_t n = 0; n < bytes_of_file.n; n += 7) {
        nn_regressor *r = nn_regressor_load(save_first("cut", &bytes_of_file, n), NULL);
        ck_assert_msg(nn_regressor_status(r) == AD_BAD_FILE, "%zu bytes", n);
        nn_regressor_close(r);
    }
    nn_regressor_close(load_good(path));
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

START_TEST(a_prediction_that_f32_cannot_hold_is_an_error)
{
    static const float x[2] = {1, -1}, far[2] = {0, 1000};
    static const double y[2] = {3e38, -3e38};
    const nn_data near_rows = {.features = x, .rows = 2, .columns = 1, .targets = y, .target_element = NN_F64};
    nn_data far_rows = near_rows;
    far_rows.features = far;
    nn_regressor *r = open_standard((nn_regressor_options){.seed = 1});
    fit_good(r, &near_rows, (nn_fit_options){.steps = 200});
    ck_assert_int_eq(nn_regressor_predict(r, &near_rows, predicted), AD_OK);
    ck_assert_int_eq(nn_regressor_predict(r, &far_rows, predicted), AD_NOT_FINITE);
    ck_assert_str_eq(nn_regressor_message(r),
                     "predict: row 1: the prediction is too large for f32 in the units of the data");
    nn_regressor_clear_error(r);
    ck_assert_int_eq(nn_regressor_evaluate(r, &far_rows).status, AD_NOT_FINITE);
    ck_assert_str_eq(nn_regressor_message(r),
                     "evaluate: row 1: the prediction is too large for f32 in the units of the data");
    nn_regressor_clear_error(r);
    ck_assert_int_eq(nn_regressor_predict(r, &near_rows, predicted), AD_OK);
    nn_regressor_close(r);
}
END_TEST

START_TEST(names_and_numbers_of_the_option)
{
    ck_assert_str_eq(nn_target_scaling_name(NN_TARGETS_AS_THEY_ARE), "none");
    ck_assert_str_eq(nn_target_scaling_name(NN_TARGETS_STANDARD), "standard");
    ck_assert_ptr_null(nn_target_scaling_name(2));
    ck_assert_ptr_null(nn_target_scaling_name(-1));
    nn_options *o = nn_options_parse("target_scaling=standard", NN_REGRESSOR, NULL);
    ck_assert_int_eq(nn_options_regressor(o)->target_scaling, NN_TARGETS_STANDARD);
    nn_options_close(o);
    o = nn_options_parse("target_scaling=standard", NN_CLASSIFIER, NULL);
    ck_assert_int_ne(nn_options_status(o), AD_OK);
    nn_options_close(o);
    nn_regressor *r = nn_regressor_open(
        &(nn_regressor_options){.target_scaling = NN_TARGET_SCALING_COUNT, .allocator = &memory.allocator});
    ck_assert_int_eq(nn_regressor_status(r), AD_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(nn_regressor_message(r), "regressor: target_scaling is 2"));
    nn_regressor_close(r);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Each returns whether an allocation was refused. */
static bool fit_with_failure(size_t k, counting_failure failure)
{
    nn_regressor *r = open_standard((nn_regressor_options){.n_targets = 2});
    counting_fail(&memory, k, failure);
    const size_t refused = memory.refused;
    const ad_status status = nn_regressor_fit(r, &rows.data, &(nn_fit_options){.steps = 2});
    const bool failed = memory.refused > refused;
    counting_heal(&memory);
    ck_assert_msg(status == (failed ? AD_NO_MEMORY : AD_OK), "%zu: %s", k, nn_regressor_message(r));
    nn_regressor_clear_error(r);
    fit_good(r, &rows.data, (nn_fit_options){.steps = 1});
    nn_regressor_close(r);
    return failed;
}

static bool use_with_failure(size_t k, counting_failure failure)
{
    counting_fail(&memory, k, failure);
    const size_t refused = memory.refused;
    nn_regressor *r = nn_regressor_load(path, &(nn_load_options){.allocator = &memory.allocator});
    ad_status status = r ? nn_regressor_status(r) : AD_NO_MEMORY;
    if (status == AD_OK)
        status = nn_regressor_predict(r, &rows.data, predicted);
    if (status == AD_OK)
        status = nn_regressor_evaluate(r, &rows.data).status;
    if (status == AD_OK)
        status = nn_regressor_save(r, path_in_folder("again"), NULL);
    const bool failed = memory.refused > refused;
    counting_heal(&memory);
    ck_assert_msg(status == (failed ? AD_NO_MEMORY : AD_OK), "%zu: %s", k, nn_regressor_message(r));
    nn_regressor_close(r);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    const counting_failure failure = _i ? COUNTING_FOR_GOOD : COUNTING_ONCE;
    save_two();
    size_t k = 1;
    while (fit_with_failure(k, failure))
        k++;
    ck_assert_uint_gt(k, 30);
    counting_print_refused(k - 1, "a fit with scaled targets");
    for (k = 1; use_with_failure(k, failure);)
        k++;
    ck_assert_uint_gt(k, 60);
    counting_print_refused(k - 1, "a model with scaled targets");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, fill_path, close_clouds);
    tcase_add_test(tests, mean_and_deviation_are_those_of_numpy);
    tcase_add_test(tests, targets_of_each_element);
    tcase_add_test(tests, a_constant_target_is_divided_by_1);
    tcase_add_test(tests, weights_are_numbers_of_rows);
    tcase_add_test(tests, an_offset_costs_no_digits);
    tcase_add_test(tests, prices_are_learnt);
    tcase_add_test(tests, targets_of_several_units_are_learnt_alike);
    tcase_add_loop_test(tests, scaling_by_hand_gives_the_same_bits, 0, COUNT(heads));
    tcase_add_loop_test(tests, figures_have_the_units_of_the_data, 0, COUNT(heads));
    tcase_add_test(tests, many_rows_come_back);
    tcase_add_test(tests, a_record_has_the_scaled_target);
    tcase_add_test(tests, predictions_of_an_own_head_come_back);
    tcase_add_test(tests, rows_that_are_held_out_are_not_learnt_from);
    tcase_add_test(tests, a_feed_learns_what_data_in_memory_learn);
    tcase_add_test(tests, a_model_goes_on_from_its_file);
    tcase_add_test(tests, files_of_plain_targets_are_as_before);
    tcase_add_test(tests, a_warm_start_learns_its_own_scaling);
    tcase_add_loop_test(tests, wrong_files_are_refused, 0, COUNT(wrong));
    tcase_add_test(tests, damage_is_found);
    tcase_add_test(tests, a_prediction_that_f32_cannot_hold_is_an_error);
    tcase_add_test(tests, names_and_numbers_of_the_option);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2);
}

int main(void) { return run_in_folder("target_scaling", add_tests); }
