/* Using an estimator: its network over data, in inference. */
#include "estimator.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../data/view.h"

enum { USE_BATCH = 512 };

/* Finite features may still overflow on their way through the network. */
static bool check_logits(ad_tensor logits, const nn_data *data, int64_t first)
{
    const float *z = ad_f32(logits);
    const size_t n = z ? ad_size_of(logits) : 0;
    const ad_shape shape = ad_shape_of(logits);
    size_t i = 0;
    while (i < n && isfinite(z[i]))
        i++;
    if (i < n)
        ad_fail(logits.tape, AD_NOT_FINITE,
                "row %" PRId64 ": a logit is not finite: its features or the network's weights are too large",
                nn_row_of(data, first + (int64_t)i / shape.dims[1]));
    return z && i == n;
}

static int64_t batch_of(const nn_data *data) { return data->rows < USE_BATCH ? data->rows : USE_BATCH; }

static ad_status run_over(const nn_estimator *e, nn_reader *r, const nn_use *use)
{
    const nn_data *data = use->data;
    const int64_t batch = batch_of(data);
    const int64_t width = nn_truth_width(e->truth.head, e->truth.k);
    const ad_allocator allocator = nn_shared_allocator(e->shared);
    ad_memory memory = ad_memory_over(&allocator);
    if (!nn_batch_reserve(&r->batch, batch, &e->encoding, &use->matching, width, &memory))
        return nn_estimator_fail(e, AD_NO_MEMORY, "%s: memory is out for a batch of %" PRId64 " rows", use->who, batch);
    ad_status status = AD_OK;
    for (int64_t first = 0; first < data->rows && status == AD_OK; first += batch) {
        const int64_t n = data->rows - first < batch ? data->rows - first : batch;
        const ad_tensor x = nn_batch_features(&r->batch, r->tape, &e->encoding, &use->matching, data, NULL, first, n);
        const ad_tensor z = nn_run(e->network, nn_inference(e->network), x);
        if (!use->needs_finite || check_logits(z, data, first))
            use->consume(e, r, use, z, first, n);
        status = ad_status_of(r->tape) == AD_OK ? ad_reset(r->tape) : nn_estimator_fail_with_tape(e, r->tape, use->who);
    }
    return status;
}

ad_status nn_estimator_check_use(const nn_estimator *e, nn_use *use)
{
    const ad_allocator allocator = nn_shared_allocator(e->shared);
    use->memory = ad_memory_over(&allocator);
    const ad_status status = nn_estimator_check(e, use->data, use->truth, true, use->who, &use->matching, &use->memory);
    if (status != AD_OK)
        return status;
    if (!e->tape)
        return nn_estimator_fail(e, AD_BAD_STATE, "%s: the model was not fitted yet", use->who);
    return use->out ? AD_OK : nn_estimator_fail(e, AD_BAD_VALUE, "%s: the array for the results is NULL", use->who);
}

ad_status nn_estimator_run(const nn_estimator *e, const nn_use *use)
{
    nn_reader *reader = nn_take_reader(e->shared);
    if (!reader)
        return nn_estimator_fail(e, AD_NO_MEMORY, "%s: memory is out for a batch of %" PRId64 " rows", use->who,
                                 batch_of(use->data));
    const ad_status status = run_over(e, reader, use);
    nn_give_reader(e->shared, reader);
    return status;
}

void nn_estimator_end_use(nn_use *use) { nn_matching_release(&use->matching); }

ad_status nn_estimator_use(const nn_estimator *e, nn_use *use)
{
    ad_status status = nn_estimator_check_use(e, use);
    if (status == AD_OK)
        status = nn_estimator_run(e, use);
    nn_estimator_end_use(use);
    return status;
}

static void write_numbers(ad_tensor numbers, int64_t first, int64_t n, float *out)
{
    const float *x = ad_f32(numbers);
    const size_t each = x ? ad_size_of(numbers) / (size_t)n : 0;
    if (x)
        memcpy(out + (size_t)first * each, x, (size_t)n * each * sizeof *x);
}

void nn_write_logits(const nn_estimator *e, nn_reader *r, const nn_use *use, ad_tensor logits, int64_t first, int64_t n)
{
    (void)e, (void)r;
    write_numbers(logits, first, n, use->out);
}

void nn_write_predictions(const nn_estimator *e, nn_reader *r, const nn_use *use, ad_tensor logits, int64_t first,
                          int64_t n)
{
    (void)r;
    const ad_tensor predictions = nn_head_predictions(e->truth.head, e->truth.k, logits, use->data, first);
    float *out = (float *)use->out + first * e->truth.k;
    if (!e->truth.targets)
        write_numbers(predictions, first, n, use->out);
    else
        nn_targets_back(e->truth.targets, predictions, use->data, first, n, NN_F32, out);
}
