#ifndef TESTS_MODELS_H
#define TESTS_MODELS_H
/* A classifier or a regressor, for tests of what both do. Both take their memory from `memory` (classifiers.h). */
#include "classifiers.h"

/* One of them; the other is NULL. */
typedef struct model {
    nn_classifier *c;
    nn_regressor *r;
} model;

/* Opens one with a head; `common` has the options that both have, layers and groups too. */
model open_model(const nn_head *head, int64_t k, nn_regressor_options common);
model open_classifier(nn_classifier_options options);
void close_model(model m);

ad_status model_fit(model m, const nn_data *data, const nn_fit_options *options);
nn_evaluation model_evaluate(model m, const nn_data *data);
ad_status model_record(model m, const nn_data *data, int64_t row, ad_tensor *loss);
ad_status model_clear(model m);
const char *model_message(model m);
const char *model_settings(model m);
size_t model_parameter_count(model m);
ad_tensor model_parameter(model m, size_t i);

/* Writes all that a model makes of data to out [rows,k], and returns the status: probabilities or numbers. */
ad_status model_predict(model m, const nn_data *data, float *out);

/* A fit that must succeed. */
void fit_well(model m, const nn_data *data, int64_t batch_size, int64_t steps);

/* FNV-1a over all that is kept on the tape: parameters, states and slots. 0: there is no network. */
uint64_t model_hash(model m);

/* Rows and what is true of them, for any head. */
enum { MODEL_ROWS = 600, MODEL_MOST_K = 3 };
typedef struct rows_of {
    float x[MODEL_ROWS * COLUMNS];
    int32_t labels[MODEL_ROWS * MODEL_MOST_K];
    double targets[MODEL_ROWS * MODEL_MOST_K], weights[MODEL_ROWS];
    nn_data data;
} rows_of;

/* Fills rows that a head with k can learn. The data have no weights; `weights` are 0, 0.5, ..., 2 in turn. */
void fill_rows(rows_of *r, const nn_head *head, int64_t k, int64_t rows, uint64_t stream);

/* Copies row `from` of other rows, with the `width` labels or targets that are true of it, to row `to`. */
void copy_row(rows_of *r, int64_t to, const rows_of *source, int64_t from, int64_t width);

#endif
