/* k-fold cross-validation. */
#include <gradtape/cross_validation.h>

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include <gradtape/split.h>

#include "../total.h"
#include "estimator.h"

enum { DEFAULT_FOLDS = 5, MESSAGE = NN_ESTIMATOR_MESSAGE + 60 };

struct nn_cross_validation {
    ad_memory memory;
    ad_status status;
    char message[MESSAGE];
    nn_evaluation *folds; /* [room], of which the first n are there */
    int64_t n, room;
};

static void fail(nn_cross_validation *v, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

static void fail(nn_cross_validation *v, ad_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(v->message, sizeof v->message, format, arguments);
    va_end(arguments);
    v->status = status;
    v->n = 0;
}

/* ---- Folds ------------------------------------------------------------------------------------------------------- */

/* What a fold is trained and tested with, and what the estimator said. */
typedef struct fold {
    const void *options;
    nn_data train, test;
    const nn_fit_options *fit;
    char message[NN_ESTIMATOR_MESSAGE];
} fold;

typedef nn_evaluation run_fold(fold *f);

/* Whom the callback of each fit asks. */
typedef struct asked {
    nn_callback *callback;
    void *context;
    int64_t fold, folds;
} asked;

/* The caller's callback is told the fold. */
static bool tell_fold(const nn_progress *progress, void *context)
{
    const asked *a = context;
    nn_progress with_fold = *progress;
    with_fold.fold = a->fold;
    with_fold.folds = a->folds;
    return a->callback(&with_fold, a->context);
}

static nn_evaluation run_classifier(fold *f)
{
    nn_classifier *c = nn_classifier_open(f->options);
    const ad_status status = c ? nn_classifier_fit(c, &f->train, f->fit) : AD_NO_MEMORY;
    const nn_evaluation e = status == AD_OK ? nn_classifier_evaluate(c, &f->test) : nn_no_evaluation(status);
    snprintf(f->message, sizeof f->message, "%s", c ? nn_classifier_message(c) : "memory is out for a classifier");
    nn_classifier_close(c);
    return e;
}

static nn_evaluation run_regressor(fold *f)
{
    nn_regressor *r = nn_regressor_open(f->options);
    const ad_status status = r ? nn_regressor_fit(r, &f->train, f->fit) : AD_NO_MEMORY;
    const nn_evaluation e = status == AD_OK ? nn_regressor_evaluate(r, &f->test) : nn_no_evaluation(status);
    snprintf(f->message, sizeof f->message, "%s", r ? nn_regressor_message(r) : "memory is out for a regressor");
    nn_regressor_close(r);
    return e;
}

static void run_folds(nn_cross_validation *v, const nn_split *split, run_fold *run, const void *options,
                      const nn_fit_options *fit)
{
    asked told = {.callback = fit->callback, .context = fit->context, .folds = v->room};
    nn_fit_options own = *fit;
    own.callback = fit->callback ? tell_fold : NULL;
    own.context = &told;
    for (int64_t i = 0; i < v->room; i++) {
        told.fold = i + 1;
        fold f = {.options = options, .train = nn_split_train(split, i), .test = nn_split_test(split, i), .fit = &own};
        v->folds[v->n++] = run(&f);
        const ad_status status = v->folds[i].status;
        if (status == AD_OK)
            continue;
        fail(v, status, "fold %" PRId64 " of %" PRId64 ": %s", i + 1, v->room,
             f.message[0] ? f.message : ad_status_meaning(status));
        return;
    }
}

static void run_all(nn_cross_validation *v, const nn_data *data, const nn_cross_validation_options *how, bool plain,
                    run_fold *run, const void *options)
{
    nn_split *split = nn_split_open(data, &(nn_split_options){.folds = how->folds ? how->folds : DEFAULT_FOLDS,
                                                              .plain = how->plain || plain,
                                                              .seed = how->seed,
                                                              .allocator = how->allocator});
    if (how->fit.save)
        fail(v, AD_BAD_VALUE, "cross_validate: fit.save: each fold would write the same file; leave it out");
    else if (!split)
        fail(v, AD_NO_MEMORY, "cross_validate: memory is out for the folds");
    else if (nn_split_status(split) != AD_OK)
        fail(v, nn_split_status(split), "cross_validate: %s", nn_split_message(split));
    else {
        const int64_t n = nn_split_count(split);
        v->folds = ad_memory_take(&v->memory, (size_t)n, sizeof *v->folds);
        if (!v->folds)
            fail(v, AD_NO_MEMORY, "cross_validate: memory is out for the evaluations of %" PRId64 " folds", n);
        v->room = v->folds ? n : 0;
        run_folds(v, split, run, options, &how->fit);
    }
    nn_split_close(split);
}

static nn_cross_validation *cross_validate(const nn_data *data, const nn_cross_validation_options *how, bool plain,
                                           run_fold *run, const void *options)
{
    static const nn_cross_validation_options none = {0};
    how = how ? how : &none;
    ad_memory memory = ad_memory_over(how->allocator);
    nn_cross_validation *v = ad_memory_take(&memory, 1, sizeof *v);
    if (!v)
        return NULL;
    *v = (nn_cross_validation){.memory = memory};
    run_all(v, data, how, plain, run, options);
    return v;
}

nn_cross_validation *nn_classifier_cross_validate(const nn_classifier_options *options, const nn_data *data,
                                                  const nn_cross_validation_options *how)
{
    const bool has_classes = !options || !options->head || options->head->task == NN_CLASSES;
    return cross_validate(data, how, !has_classes, run_classifier, options);
}

nn_cross_validation *nn_regressor_cross_validate(const nn_regressor_options *options, const nn_data *data,
                                                 const nn_cross_validation_options *how)
{
    return cross_validate(data, how, true, run_regressor, options);
}

void nn_cross_validation_close(nn_cross_validation *v)
{
    if (!v)
        return;
    ad_memory memory = v->memory; /* a copy: the meter must outlive the block that it is in */
    ad_memory_release(&memory, v->folds, (size_t)v->room, sizeof *v->folds);
    ad_memory_release(&memory, v, 1, sizeof *v);
}

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

int64_t nn_cross_validation_count(const nn_cross_validation *v) { return v ? v->n : 0; }

nn_evaluation nn_cross_validation_fold(const nn_cross_validation *v, int64_t i)
{
    return v && i >= 0 && i < v->n ? v->folds[i] : nn_no_evaluation(AD_BAD_VALUE);
}

nn_spread nn_cross_validation_figure(const nn_cross_validation *v, const char *name)
{
    nn_total sum = {0}, squares = {0};
    nn_spread spread = {.undefined = "there is no cross-validation, or it failed"};
    for (int64_t i = 0; i < nn_cross_validation_count(v); i++) {
        const nn_evaluation_figure f = nn_evaluation_named(&v->folds[i], name);
        if (i == 0)
            spread.undefined = f.undefined;
        if (f.undefined)
            continue;
        nn_add(&sum, f.value);
        spread.n++;
    }
    if (spread.n == 0)
        return spread;
    const double n = (double)spread.n;
    spread.undefined = NULL;
    spread.mean = nn_total_of(&sum) / n;
    for (int64_t i = 0; i < v->n; i++) {
        const nn_evaluation_figure f = nn_evaluation_named(&v->folds[i], name);
        if (!f.undefined)
            nn_add(&squares, (f.value - spread.mean) * (f.value - spread.mean));
    }
    spread.standard_error = spread.n < 2 ? 0 : sqrt(nn_total_of(&squares) / (n - 1) / n);
    return spread;
}

ad_status nn_cross_validation_status(const nn_cross_validation *v) { return v ? v->status : AD_BAD_HANDLE; }

const char *nn_cross_validation_message(const nn_cross_validation *v)
{
    return v ? v->message
             : "the cross-validation is NULL: nn_classifier_cross_validate or nn_regressor_cross_validate found no "
               "memory, or was not called";
}
