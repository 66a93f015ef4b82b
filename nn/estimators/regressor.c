/* The ready-made regressor: an estimator whose head tells numbers. */
#include <gradtape/regressor.h>

#include <inttypes.h>
#include <stdio.h>

#include "../options/estimator_fields.h"
#include "estimator.h"

struct nn_regressor {
    nn_estimator e; /* first: an estimator frees it */
};

/* Checks the options, once defaults are filled in, and takes them over. */
static ad_status take_options(nn_regressor *r, const nn_regressor_options *o)
{
    char text[300];
    if (o->head->task != NN_REGRESSION)
        return nn_estimator_fail(&r->e, AD_BAD_VALUE,
                                 "regressor: its head tells no numbers: use nn_head_squared or another of regression");
    const char *mistake = nn_head_mistake(o->head, o->n_targets, "n_targets", text, sizeof text);
    if (mistake)
        return nn_estimator_fail(&r->e, AD_BAD_VALUE, "regressor: %s", mistake);
    const nn_estimator_options common = NN_ESTIMATOR_OPTIONS("regressor", o);
    r->e.truth = (nn_truth){.head = o->head,
                            .k = o->n_targets,
                            .targets = o->target_scaling == NN_TARGETS_AS_THEY_ARE ? NULL : &r->e.targets};
    return nn_estimator_take_options(&r->e, &common, o->hidden_units);
}

nn_regressor *nn_regressor_open(const nn_regressor_options *options)
{
    nn_regressor_options o = options ? *options : (nn_regressor_options){0};
    nn_regressor *r = nn_estimator_open(sizeof *r, o.allocator);
    if (!r)
        return NULL;
    o.head = o.head ? o.head : &nn_head_squared;
    nn_estimator_resolve(&r->e, "regressor", nn_regressor_fields, &o);
    o.optimiser = nn_optimiser_resolve(&o.optimiser);
    ad_status status = take_options(r, &o);
    if (status == AD_OK)
        status = nn_estimator_check_options(&r->e, nn_regressor_fields, &o);
    r->e.options_are_bad = status != AD_OK;
    if (status != AD_NO_MEMORY)
        return r;
    nn_regressor_close(r);
    return NULL;
}

void nn_regressor_close(nn_regressor *r) { nn_estimator_close(r ? &r->e : NULL, sizeof *r); }

ad_status nn_regressor_fit(nn_regressor *r, const nn_data *data, const nn_fit_options *options)
{
    if (!r)
        return AD_BAD_HANDLE;
    const ad_status status = nn_estimator_fit(&r->e, data, &r->e.truth, &r->e.truth, options);
    if (r->e.is_to_close && !r->e.is_fitting)
        nn_regressor_close(r);
    return status;
}

ad_status nn_regressor_record(nn_regressor *r, const nn_data *data, int64_t row, ad_tensor *loss)
{
    if (loss)
        *loss = (ad_tensor){0};
    return r ? nn_estimator_record(&r->e, data, &r->e.truth, row, loss) : AD_BAD_HANDLE;
}

ad_status nn_regressor_predict(const nn_regressor *r, const nn_data *data, float *predictions)
{
    nn_use use = {
        .who = "predict", .data = data, .consume = nn_write_predictions, .out = predictions, .needs_finite = true};
    return r ? nn_estimator_use(&r->e, &use) : AD_BAD_HANDLE;
}

nn_evaluation nn_regressor_evaluate(const nn_regressor *r, const nn_data *data)
{
    return r ? nn_estimator_evaluate(&r->e, data, &r->e.truth) : nn_no_evaluation(AD_BAD_HANDLE);
}

/* ---- Looking in -------------------------------------------------------------------------------------------------- */

ad_status nn_regressor_status(const nn_regressor *r) { return r ? nn_estimator_status(&r->e) : AD_BAD_HANDLE; }

const char *nn_regressor_message(const nn_regressor *r)
{
    return r ? nn_estimator_message(&r->e)
             : "the regressor is NULL: nn_regressor_open found no memory, or was not called";
}

ad_status nn_regressor_clear_error(nn_regressor *r) { return r ? nn_estimator_clear_error(&r->e) : AD_BAD_HANDLE; }

const char *nn_regressor_settings(const nn_regressor *r) { return r ? r->e.settings : ""; }

const nn_network *nn_regressor_network(const nn_regressor *r) { return r ? r->e.network : NULL; }

size_t nn_regressor_parameter_count(const nn_regressor *r) { return r ? nn_network_part_count(r->e.network) : 0; }

ad_tensor nn_regressor_parameter(nn_regressor *r, size_t index)
{
    return r ? nn_estimator_parameter(&r->e, index) : (ad_tensor){0};
}

nn_schema nn_regressor_schema(const nn_regressor *r) { return r ? nn_estimator_schema(&r->e) : (nn_schema){0}; }

ad_status nn_regressor_compare_columns(const nn_regressor *r, const nn_data *data, char *text, size_t size)
{
    return r ? nn_estimator_compare_columns(&r->e, data, text, size) : AD_BAD_HANDLE;
}

const nn_history *nn_regressor_history(const nn_regressor *r) { return r ? &r->e.history : NULL; }

ad_usage nn_regressor_usage(const nn_regressor *r) { return r ? nn_estimator_usage(&r->e) : (ad_usage){0}; }
