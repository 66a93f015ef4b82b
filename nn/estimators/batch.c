/* Rows of data, gathered for one run of a network. */
#include "batch.h"

#include <math.h>

#include <gradtape/operators.h>

#include "../data/view.h"

int64_t nn_truth_width(const nn_head *head, int64_t k) { return head->task == NN_CLASSES ? 1 : k; }

void nn_batch_release(nn_batch *b, ad_memory *memory)
{
    ad_memory_release(memory, b->features, (size_t)(b->room * b->inputs), sizeof *b->features);
    ad_memory_release(memory, b->raw, (size_t)(b->room * b->raw_columns), sizeof *b->raw);
    ad_memory_release(memory, b->truth, (size_t)(b->room * b->width), sizeof(float));
    ad_memory_release(memory, b->weights, (size_t)b->room, sizeof *b->weights);
    ad_memory_release(memory, b->called, (size_t)(b->room * b->width), sizeof *b->called);
    *b = (nn_batch){.room = 0};
}

/* Room for [rows, columns] elements. */
static void *take(ad_memory *memory, int64_t rows, int64_t columns, size_t bytes)
{
    size_t count;
    return ad_multiply_sizes((size_t)rows, (size_t)columns, &count) ? ad_memory_take(memory, count, bytes) : NULL;
}

bool nn_batch_reserve(nn_batch *b, int64_t rows, const nn_encoding *encoding, const nn_matching *matching,
                      int64_t width, ad_memory *memory)
{
    const int64_t inputs = encoding->inputs, raw = nn_encoding_raw(encoding, matching);
    if (rows <= b->room && inputs == b->inputs && raw <= b->raw_columns && width == b->width)
        return true;
    nn_batch_release(b, memory);
    *b = (nn_batch){.features = take(memory, rows, inputs, sizeof *b->features),
                    .raw = raw ? take(memory, rows, raw, sizeof *b->raw) : NULL,
                    .truth = take(memory, rows, width, sizeof(float)),
                    .weights = take(memory, rows, 1, sizeof *b->weights),
                    .called = take(memory, rows, width, sizeof *b->called),
                    .room = rows,
                    .inputs = inputs,
                    .raw_columns = raw,
                    .width = width};
    if (b->features && (b->raw || !raw) && b->truth && b->weights && b->called)
        return true;
    nn_batch_release(b, memory);
    return false;
}

/* ---- Gathering --------------------------------------------------------------------------------------------------- */

ad_tensor nn_batch_features(nn_batch *b, ad_tape *tape, const nn_encoding *encoding, const nn_matching *matching,
                            const nn_data *data, const int32_t *rows, int64_t first, int64_t n)
{
    nn_encoding_gather(encoding, matching, data, rows, first, n, b->raw, b->features);
    return ad_borrow(tape, AD_F32, AD_SHAPE(n, encoding->inputs), b->features);
}

double nn_target_at(const nn_data *data, int64_t i)
{
    switch (data->target_element) {
#define CASE(name, text, type)                                                                                         \
    case name: return (double)((const type *)data->targets)[i];
        NN_ELEMENT_LIST(CASE)
#undef CASE
    default: return (double)NAN;
    }
}

void nn_batch_gather_truth(nn_batch *b, const nn_truth *truth, const nn_data *data, const int32_t *rows, int64_t first,
                           int64_t n)
{
    const int64_t width = b->width;
    int32_t *classes = b->truth;
    float *targets = b->truth;
    rows = nn_rows_of(data, rows, first);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0, from = (rows ? rows[i] : first + i) * width; j < width; j++)
            if (truth->classes)
                classes[i * width + j] = truth->classes[from + j];
            else if (truth->targets)
                targets[i * width + j] = (float)nn_target_scaled(truth->targets, j, nn_target_at(data, from + j));
            else
                targets[i * width + j] = (float)nn_target_at(data, from + j);
}

ad_tensor nn_batch_truth(nn_batch *b, ad_tape *tape, const nn_truth *truth, const nn_data *data, const int32_t *rows,
                         int64_t first, int64_t n)
{
    const ad_shape shape = truth->head->task == NN_CLASSES ? AD_SHAPE(n) : AD_SHAPE(n, b->width);
    nn_batch_gather_truth(b, truth, data, rows, first, n);
    return ad_borrow(tape, truth->classes ? AD_I32 : AD_F32, shape, b->truth);
}

/* How much a row counts: its own weight times that of its class. */
static double weight_of(const nn_truth *truth, const nn_data *data, int64_t row)
{
    const double own = data->weights ? data->weights[row] : 1;
    return truth->class_weights ? own * truth->class_weights[truth->classes[row]] : own;
}

bool nn_truth_counts(const nn_truth *truth, const nn_data *data)
{
    int64_t i = 0;
    while (i < data->rows && weight_of(truth, data, nn_row_of(data, i)) == 0)
        i++;
    return i < data->rows;
}

double nn_batch_weigh(nn_batch *b, const nn_truth *truth, const nn_data *data, const int32_t *rows, int64_t n)
{
    double largest = 0, sum = 0;
    b->is_weighed = data->weights || truth->class_weights;
    if (!b->is_weighed)
        return (double)n;
    for (int64_t i = 0; i < n; i++) {
        const double w = weight_of(truth, data, rows[i]);
        largest = w > largest ? w : largest;
    }
    for (int64_t i = 0; i < n && largest > 0; i++) {
        b->weights[i] = (float)(weight_of(truth, data, rows[i]) / largest);
        sum += (double)b->weights[i];
    }
    return sum;
}

ad_tensor nn_batch_mean(nn_batch *b, ad_tensor losses, double sum)
{
    if (!b->is_weighed)
        return ad_mean(losses);
    const ad_tensor weights = ad_borrow(losses.tape, AD_F32, ad_shape_of(losses), b->weights);
    return ad_scale(ad_sum(ad_mul(losses, weights)), 1 / sum);
}

/* ---- Calling ----------------------------------------------------------------------------------------------------- */

static int32_t most_probable(const float *z, int64_t classes)
{
    int32_t best = 0;
    for (int32_t j = 1; j < classes; j++)
        if (z[j] > z[best])
            best = j;
    return best;
}

bool nn_call(const nn_head *head, int64_t k, ad_tensor logits, const nn_data *data, int64_t first, int32_t *called)
{
    /* Softmax keeps the order of its logits. */
    const ad_tensor from = head == &nn_head_softmax ? logits : nn_head_predictions(head, k, logits, data, first);
    const float *p = ad_f32(from);
    const int64_t n = p ? ad_shape_of(from).dims[0] : 0;
    if (head->task == NN_CLASSES)
        for (int64_t i = 0; i < n; i++)
            called[i] = most_probable(p + i * k, k);
    else
        for (int64_t i = 0; i < n * k; i++)
            called[i] = p[i] >= 0.5F;
    return p != NULL;
}
