/* Evaluating an estimator: accuracy, loss, and the figures of its head. */
#include "estimator.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../data/view.h"
#include "../total.h"

/* ---- Adding up --------------------------------------------------------------------------------------------------- */

/* Sums over rows by their weights, and what the figures are made of; NULL: no figure needs it. */
typedef struct totals {
    const nn_data *data;
    const nn_truth *truth;
    nn_total loss, right, weight;
    double *predictions; /* [rows, k] */
    double *scores;      /* [rows], of two classes: the odds of class 1, which have digits where p is nearly 1 */
    double *targets;     /* [rows, k] */
    /* [rows, width] and [rows] of the view: arrays of the caller, or gathered from them */
    const int32_t *labels;
    const double *weights;
} totals;

static void add_losses(totals *sum, const float *loss, const nn_batch *batch, bool has_calls, int64_t first, int64_t n)
{
    const int64_t width = batch->width;
    const int32_t *labels = batch->truth;
    for (int64_t i = 0; loss && i < n; i++) {
        const double weight = sum->data->weights ? sum->data->weights[nn_row_of(sum->data, first + i)] : 1;
        if (weight == 0)
            continue; /* 0 times an infinite loss would be NaN */
        nn_add(&sum->weight, weight);
        nn_add(&sum->loss, weight * (double)loss[i]);
        if (has_calls && !memcmp(batch->called + i * width, labels + i * width, (size_t)width * sizeof *labels))
            nn_add(&sum->right, weight);
    }
}

/* What rises with the probability of class 1. Logits keep their digits where it is nearly 0 or 1; of a head of a user's
 * own, whose logits mean what it says, its odds are taken. */
static double score_of(const nn_head *head, const float *p, const float *z, int64_t i)
{
    if (head == &nn_head_softmax)
        return (double)z[2 * i + 1] - (double)z[2 * i];
    return head == &nn_head_one_logit ? (double)z[i] : (double)p[2 * i + 1] / (double)p[2 * i];
}

static void keep_predictions(totals *sum, ad_tensor predictions, ad_tensor logits, int64_t first, int64_t n)
{
    const float *p = ad_f32(predictions), *z = ad_f32(logits);
    const nn_targets *targets = sum->truth->targets;
    const int64_t k = sum->truth->k;
    if (targets)
        nn_targets_back(targets, predictions, sum->data, first, n, NN_F64, sum->predictions + first * k);
    for (int64_t i = 0; p && !targets && i < n * k; i++)
        sum->predictions[first * k + i] = (double)p[i];
    for (int64_t i = 0; p && z && sum->scores && i < n; i++)
        sum->scores[first + i] = score_of(sum->truth->head, p, z, i);
}

static void add_rows(const nn_estimator *e, nn_reader *r, const nn_use *use, ad_tensor logits, int64_t first, int64_t n)
{
    totals *sum = use->out;
    const nn_head *head = sum->truth->head;
    const ad_tensor y = nn_batch_truth(&r->batch, r->tape, sum->truth, sum->data, NULL, first, n);
    const nn_head_options plain = {.delta = e->options.head_options.delta};
    const bool has_calls =
        sum->truth->classes && nn_call(head, sum->truth->k, logits, sum->data, first, r->batch.called);
    add_losses(sum, ad_f32(nn_head_losses(head, logits, y, &plain)), &r->batch, has_calls, first, n);
    if (sum->predictions)
        keep_predictions(sum, nn_head_predictions(head, sum->truth->k, logits, sum->data, first), logits, first, n);
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

static bool has_figure(const nn_truth *truth, const nn_head_figure *figure)
{
    return figure->k == 0 || figure->k == truth->k;
}

static bool has_figures(const nn_truth *truth)
{
    bool any = false;
    for (size_t i = 0; i < truth->head->n_figures; i++)
        any |= has_figure(truth, &truth->head->figures[i]);
    return any;
}

/* The figures of a task. */
static nn_metrics *open_metrics(const totals *sum, nn_task task, const ad_allocator *allocator)
{
    const nn_outcome outcome = {.task = task,
                                .rows = sum->data->rows,
                                .columns = sum->truth->k,
                                .labels = sum->labels,
                                .targets = sum->targets,
                                .probabilities = sum->predictions,
                                .scores = sum->scores,
                                .predictions = sum->predictions,
                                .element = NN_F64,
                                .weights = sum->weights};
    return nn_metrics_open(&outcome, allocator);
}

static nn_evaluation_figure figure_of(const nn_metrics *metrics, const nn_head_figure *wanted)
{
    const nn_figure f = nn_metrics_figure(metrics, wanted->metric);
    const size_t i = (size_t)wanted->element;
    if (f.undefined && (i >= f.count || !f.defined[i]))
        return (nn_evaluation_figure){.name = wanted->name, .undefined = f.undefined};
    if (i >= f.count)
        return (nn_evaluation_figure){.name = wanted->name, .undefined = "the metric has no such element"};
    return (nn_evaluation_figure){.name = wanted->name, .value = f.values[i]};
}

/* Adds the figures of the head to the evaluation. Returns its status. */
static ad_status give_figures(const nn_estimator *e, const totals *sum, nn_evaluation *evaluation)
{
    const nn_head *head = sum->truth->head;
    const ad_allocator allocator = nn_shared_allocator(e->shared);
    nn_metrics *of[NN_TASK_COUNT] = {NULL};
    ad_status status = AD_OK;
    for (size_t i = 0; i < head->n_figures && status == AD_OK; i++) {
        const nn_head_figure *wanted = &head->figures[i];
        if (!has_figure(sum->truth, wanted))
            continue;
        if (!of[wanted->task])
            of[wanted->task] = open_metrics(sum, wanted->task, &allocator);
        status = of[wanted->task] ? nn_metrics_status(of[wanted->task]) : AD_NO_MEMORY;
        if (status == AD_OK)
            evaluation->figures[evaluation->n_figures++] = figure_of(of[wanted->task], wanted);
        else
            nn_estimator_fail(e, status, "evaluate: %s%s",
                              of[wanted->task] ? nn_metrics_message(of[wanted->task]) : "memory is out",
                              sum->data->index && status != AD_NO_MEMORY ? " (the row is its place in the index)" : "");
    }
    for (int task = 0; task < NN_TASK_COUNT; task++)
        nn_metrics_close(of[task]);
    return status;
}

/* Labels and weights in the order of the view. Returns false if memory is out. */
static bool gather(totals *sum, nn_store *store)
{
    const nn_data *data = sum->data;
    const int32_t *classes = sum->truth->classes;
    const size_t rows = (size_t)data->rows, width = (size_t)nn_truth_width(sum->truth->head, sum->truth->k);
    sum->labels = classes;
    sum->weights = data->weights;
    if (!data->index)
        return true;
    int32_t *labels = classes ? nn_store_take(store, rows, width * sizeof *labels) : NULL;
    double *weights = data->weights ? nn_store_take(store, rows, sizeof *weights) : NULL;
    for (size_t i = 0; i < rows; i++) {
        const size_t row = (size_t)data->index[i];
        if (labels)
            memcpy(labels + i * width, classes + row * width, width * sizeof *labels);
        if (weights)
            weights[i] = data->weights[row];
    }
    sum->labels = labels;
    sum->weights = weights;
    return !classes == !labels && !data->weights == !weights;
}

/* Makes the arrays that the figures need. Returns false if memory is out. */
static bool make_room(totals *sum, nn_store *store)
{
    const nn_truth *truth = sum->truth;
    const size_t rows = (size_t)sum->data->rows, k = (size_t)truth->k;
    if (!has_figures(truth))
        return true;
    sum->predictions = nn_store_take(store, rows, k * sizeof *sum->predictions);
    const bool has_scores = truth->head->task == NN_CLASSES && k == 2;
    if (has_scores)
        sum->scores = nn_store_take(store, rows, sizeof *sum->scores);
    if (truth->head->task == NN_REGRESSION)
        sum->targets = nn_store_take(store, rows, k * sizeof *sum->targets);
    for (size_t i = 0; sum->targets && i < rows; i++)
        for (size_t j = 0, from = (size_t)nn_row_of(sum->data, (int64_t)i) * k; j < k; j++)
            sum->targets[i * k + j] = nn_target_at(sum->data, (int64_t)(from + j));
    return gather(sum, store) && sum->predictions && (!has_scores || sum->scores) &&
           (truth->head->task != NN_REGRESSION || sum->targets);
}

/* ---- Evaluations ------------------------------------------------------------------------------------------------- */

nn_evaluation nn_no_evaluation(ad_status status)
{
    return (nn_evaluation){.status = status, .accuracy = (double)NAN, .loss = (double)NAN, .global_step = -1};
}

/* Evaluates data that were checked. */
static nn_evaluation evaluate_use(const nn_estimator *e, const nn_use *use, bool with_figures)
{
    totals *sum = use->out;
    ad_status status = AD_OK;
    const ad_allocator allocator = nn_shared_allocator(e->shared);
    ad_memory memory = ad_memory_over(&allocator);
    nn_store store = {.memory = &memory};
    nn_evaluation evaluation = {.global_step = e->step};
    if (with_figures && !make_room(sum, &store))
        status = nn_estimator_fail(e, AD_NO_MEMORY, "evaluate: memory is out for %" PRId64 " rows", use->data->rows);
    if (status == AD_OK)
        status = nn_estimator_run(e, use);
    if (status == AD_OK && sum->predictions)
        status = give_figures(e, sum, &evaluation);
    nn_store_release(&store);
    if (status != AD_OK)
        return nn_no_evaluation(status);
    const double weight = nn_total_of(&sum->weight);
    evaluation.accuracy = use->truth->classes ? nn_total_of(&sum->right) / weight : (double)NAN;
    evaluation.loss = nn_total_of(&sum->loss) / weight;
    return evaluation;
}

static nn_evaluation evaluate(const nn_estimator *e, const char *who, const nn_data *data, const nn_truth *truth,
                              bool with_figures)
{
    totals sum = {.data = data, .truth = truth};
    nn_use use = {.who = who, .data = data, .truth = truth, .consume = add_rows, .out = &sum, .needs_finite = true};
    const ad_status status = nn_estimator_check_use(e, &use);
    const nn_evaluation found = status == AD_OK ? evaluate_use(e, &use, with_figures) : nn_no_evaluation(status);
    nn_estimator_end_use(&use);
    return found;
}

nn_evaluation nn_estimator_evaluate(const nn_estimator *e, const nn_data *data, const nn_truth *truth)
{
    return evaluate(e, "evaluate", data, truth, true);
}

nn_evaluation nn_estimator_validate(const nn_estimator *e, const nn_data *data, const nn_truth *truth)
{
    char who[64];
    snprintf(who, sizeof who, "fit: validation after step %" PRId64, e->step);
    return evaluate(e, who, data, truth, false);
}

nn_evaluation_figure nn_evaluation_named(const nn_evaluation *e, const char *name)
{
    if (!e || e->status != AD_OK)
        return (nn_evaluation_figure){.name = name, .undefined = "there is no evaluation, or it failed"};
    const bool has_accuracy = !isnan(e->accuracy);
    const nn_evaluation_figure own[] = {
        {"accuracy", has_accuracy ? e->accuracy : 0, has_accuracy ? NULL : "numbers are not right or wrong"},
        {"loss", e->loss, NULL},
        {"global_step", (double)e->global_step, NULL},
    };
    for (size_t i = 0; name && i < sizeof own / sizeof own[0]; i++)
        if (!strcmp(own[i].name, name))
            return own[i];
    for (size_t i = 0; name && i < e->n_figures; i++)
        if (!strcmp(e->figures[i].name, name))
            return e->figures[i];
    return (nn_evaluation_figure){.name = name, .undefined = "the evaluation has no figure of this name"};
}
