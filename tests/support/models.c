/* A classifier or a regressor, and rows that it can learn. */
#include "models.h"

#include <string.h>

#include "check.h"

model open_classifier(nn_classifier_options options)
{
    options.allocator = &memory.allocator;
    const model m = {nn_classifier_open(&options), NULL};
    ck_assert_ptr_nonnull(m.c);
    return m;
}

model open_model(const nn_head *head, int64_t k, nn_regressor_options common)
{
    nn_classifier_options o = {.layers = common.layers,
                               .n_classes = k,
                               .head = head,
                               .head_options = common.head_options,
                               .activation = common.activation,
                               .dropout = common.dropout,
                               .optimiser = common.optimiser,
                               .groups = common.groups,
                               .n_groups = common.n_groups,
                               .scaling = common.scaling,
                               .scaling_constant = common.scaling_constant,
                               .impute = common.impute,
                               .seed = common.seed};
    memcpy(o.hidden_units, common.hidden_units, sizeof o.hidden_units);
    if (head->task != NN_REGRESSION)
        return open_classifier(o);
    common.head = head;
    common.n_targets = k;
    common.allocator = &memory.allocator;
    const model m = {NULL, nn_regressor_open(&common)};
    ck_assert_ptr_nonnull(m.r);
    return m;
}

void close_model(model m)
{
    nn_classifier_close(m.c);
    nn_regressor_close(m.r);
}

ad_status model_fit(model m, const nn_data *data, const nn_fit_options *options)
{
    return m.c ? nn_classifier_fit(m.c, data, options) : nn_regressor_fit(m.r, data, options);
}

nn_evaluation model_evaluate(model m, const nn_data *data)
{
    return m.c ? nn_classifier_evaluate(m.c, data) : nn_regressor_evaluate(m.r, data);
}

ad_status model_record(model m, const nn_data *data, int64_t row, ad_tensor *loss)
{
    return m.c ? nn_classifier_record(m.c, data, row, loss) : nn_regressor_record(m.r, data, row, loss);
}

ad_status model_clear(model m) { return m.c ? nn_classifier_clear_error(m.c) : nn_regressor_clear_error(m.r); }

const char *model_message(model m) { return m.c ? nn_classifier_message(m.c) : nn_regressor_message(m.r); }

const char *model_settings(model m) { return m.c ? nn_classifier_settings(m.c) : nn_regressor_settings(m.r); }

size_t model_parameter_count(model m)
{
    return m.c ? nn_classifier_parameter_count(m.c) : nn_regressor_parameter_count(m.r);
}

ad_tensor model_parameter(model m, size_t i)
{
    return m.c ? nn_classifier_parameter(m.c, i) : nn_regressor_parameter(m.r, i);
}

ad_status model_predict(model m, const nn_data *data, float *out)
{
    return m.c ? nn_classifier_predict_proba(m.c, data, out) : nn_regressor_predict(m.r, data, out);
}

void fit_well(model m, const nn_data *data, int64_t batch_size, int64_t steps)
{
    const ad_status status = model_fit(m, data, &(nn_fit_options){.batch_size = batch_size, .steps = steps});
    ck_assert_msg(status == AD_OK, "fit: %s: %s", ad_status_name(status), model_message(m));
}

uint64_t model_hash(model m)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    if (model_parameter_count(m) == 0)
        return 0;
    ad_tape *tape = model_parameter(m, 0).tape;
    for (size_t i = 0; i < ad_kept_count(tape); i++) {
        const ad_tensor x = ad_kept_at(tape, i);
        const unsigned char *bytes = ad_data(x);
        for (size_t j = 0, n = ad_size_of(x) * ad_type_bytes(ad_type_of(x)); j < n; j++)
            h = (h ^ bytes[j]) * UINT64_C(0x100000001b3);
    }
    return h;
}

void fill_rows(rows_of *r, const nn_head *head, int64_t k, int64_t rows, uint64_t stream)
{
    const bool classes = head->task == NN_CLASSES;
    *r = (rows_of){.data = {.features = r->x, .rows = rows, .columns = COLUMNS}};
    for (int64_t i = 0; i < rows * COLUMNS; i++)
        r->x[i] = (float)cloud_noise(stream, i);
    for (int64_t i = 0; i < rows; i++) {
        r->weights[i] = (double)(i % 5) / 2;
        for (int64_t j = 0; j < (classes ? 1 : k); j++) {
            const float *x = r->x + i * COLUMNS;
            const double signal = (double)x[j] - 2 * (double)x[j + 1] * (double)x[0];
            r->targets[i * k + j] = 3 * signal + (double)j;
            r->labels[classes ? i : i * k + j] = (int32_t)((signal > 0.2) + (classes && k > 2 && signal > 0.8));
        }
    }
    if (head->task == NN_REGRESSION) {
        r->data.targets = r->targets;
        r->data.target_element = NN_F64;
        r->data.n_targets = k;
    } else {
        r->data.labels = r->labels;
    }
}

void copy_row(rows_of *r, int64_t to, const rows_of *source, int64_t from, int64_t width)
{
    memcpy(r->x + to * COLUMNS, source->x + from * COLUMNS, COLUMNS * sizeof *r->x);
    memcpy(r->labels + to * width, source->labels + from * width, (size_t)width * sizeof *r->labels);
    memcpy(r->targets + to * width, source->targets + from * width, (size_t)width * sizeof *r->targets);
}
