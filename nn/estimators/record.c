/* Recording one row for a look: the loss of a trained estimator, watched. */
#include "estimator.h"

#include <inttypes.h>

#include <gradtape/backward.h>
#include <gradtape/inspect.h>
#include <gradtape/operators.h>

/* The loss of one row, with a name for every tensor. What is true is copied: a batch to come takes its room. */
static ad_tensor loss_of_row(nn_estimator *e, const nn_data *data, const nn_matching *matching, const nn_truth *truth,
                             int64_t row)
{
    const bool classes = truth->head->task == NN_CLASSES;
    nn_encoding_gather(&e->encoding, matching, data, NULL, row, 1, e->batch.raw, e->batch.features);
    const ad_tensor x = ad_name(ad_input(e->tape, AD_F32, AD_SHAPE(1, e->encoding.inputs), e->batch.features), "x");
    nn_batch_gather_truth(&e->batch, truth, data, NULL, row, 1);
    const ad_tensor y = ad_name(ad_input(e->tape, truth->classes ? AD_I32 : AD_F32,
                                         classes ? AD_SHAPE(1) : AD_SHAPE(1, truth->k), e->batch.truth),
                                classes          ? "label"
                                : truth->classes ? "labels"
                                                 : "target");
    const ad_tensor z = nn_run(e->network, nn_inference(e->network), x);
    return ad_name(ad_mean(nn_head_losses(truth->head, z, y, &e->options.head_options)), "loss");
}

static ad_status check_record(nn_estimator *e, const nn_data *data, nn_matching *matching, const nn_truth *truth,
                              int64_t row, const ad_tensor *loss)
{
    const ad_status status = nn_estimator_check(e, data, truth, true, "record", matching, &e->memory);
    if (status != AD_OK)
        return status;
    if (!e->tape)
        return nn_estimator_fail(e, AD_BAD_STATE, "record: the model was not fitted yet");
    if (row < 0 || row >= data->rows)
        return nn_estimator_fail(e, AD_BAD_VALUE, "record: row %" PRId64 " is outside 0..%" PRId64 " of the data", row,
                                 data->rows - 1);
    return loss ? AD_OK : nn_estimator_fail(e, AD_BAD_VALUE, "record: the room for the loss is NULL");
}

static ad_status record(nn_estimator *e, const nn_data *data, const nn_matching *matching, const nn_truth *truth,
                        int64_t row, ad_tensor *loss)
{
    const int64_t width = nn_truth_width(truth->head, truth->k);
    nn_estimator_prepare_tape(e); /* it may borrow the batch */
    if (!nn_batch_reserve(&e->batch, 1, &e->encoding, matching, width, &e->memory))
        return nn_estimator_fail(e, AD_NO_MEMORY, "record: memory is out for a row");
    ad_watch(e->tape, AD_ON);
    e->is_recorded = true;
    const ad_tensor mean = loss_of_row(e, data, matching, truth, row);
    if (ad_backward(mean) != AD_OK) {
        const ad_status status = nn_estimator_fail_with_tape(e, e->tape, "record");
        nn_estimator_prepare_tape(e);
        return status;
    }
    *loss = mean;
    return AD_OK;
}

ad_status nn_estimator_record(nn_estimator *e, const nn_data *data, const nn_truth *truth, int64_t row, ad_tensor *loss)
{
    nn_matching matching = {.is_same = false};
    ad_status status = check_record(e, data, &matching, truth, row, loss);
    if (status == AD_OK)
        status = record(e, data, &matching, truth, row, loss);
    nn_matching_release(&matching);
    return status;
}
