/* A head as an estimator uses it: checked when the estimator is opened, and whenever it gives something. */
#include "head.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/estimator.h>

#include "../data/view.h"
#include "../options/writer.h"
#include "../shape_text.h"

/* ---- The row ----------------------------------------------------------------------------------------------------- */

static bool is_metric(nn_task task, const char *name)
{
    size_t i = 0;
    while (i < nn_metric_count() && !(nn_metric_at(i)->task == task && !strcmp(nn_metric_at(i)->name, name)))
        i++;
    return i < nn_metric_count();
}

/* Scores are those of class 1 of two. */
static bool has_task(const nn_head *head, const nn_head_figure *f)
{
    return f->task == head->task || (f->task == NN_SCORES && head->task == NN_CLASSES && f->k == 2);
}

static const char *mistake_in_figures(const nn_head *head, char *text, size_t size)
{
    if (head->n_figures > NN_MAX_FIGURES || (head->n_figures && !head->figures)) {
        snprintf(text, size, "the head %s has %zu figures%s: it must be an array of at most %d", head->name,
                 head->n_figures, head->figures ? "" : " at NULL", NN_MAX_FIGURES);
        return text;
    }
    for (size_t i = 0; i < head->n_figures; i++) {
        const nn_head_figure *f = &head->figures[i];
        if (f->name && f->metric && has_task(head, f) && is_metric(f->task, f->metric))
            continue;
        snprintf(text, size, "figure %zu of the head %s is none: it must have a name, and a metric of its task%s", i,
                 head->name, head->task == NN_CLASSES ? ", or of scores for k = 2" : "");
        return text;
    }
    return NULL;
}

const char *nn_head_mistake(const nn_head *head, int64_t k, const char *option, char *text, size_t size)
{
    const int64_t least = head->least > 1 ? head->least : 1, most = head->most ? head->most : INT32_MAX;
    char shown[NN_OPTION_TEXT];
    const char *missing = !head->name ? "name" : !head->loss ? "loss" : !head->predict ? "predict" : NULL;
    if (missing)
        snprintf(text, size, "the head %s has no %s: fill that member in", head->name ? head->name : "without a name",
                 missing);
    else if (k < least || k > most)
        snprintf(text, size, "%s is %" PRId64 ": it must be %" PRId64 " to %" PRId64 " for the head %s",
                 nn_option_text(shown, option, NULL), k, least, most, head->name);
    else if (head->outputs && head->outputs(k) < 1)
        snprintf(text, size, "the head %s asks for %" PRId64 " logits: its outputs must give 1 or more", head->name,
                 head->outputs(k));
    else
        return mistake_in_figures(head, text, size);
    return text;
}

/* ---- What it gives ----------------------------------------------------------------------------------------------- */

/* Whether a head gave y of this shape. If not, the tape of z is in error. */
static bool check_given(const nn_head *head, const char *member, ad_tensor z, ad_tensor y, ad_shape wanted)
{
    char got_text[NN_SHAPE_TEXT], wanted_text[NN_SHAPE_TEXT];
    if (ad_status_of(z.tape) != AD_OK)
        return false;
    if (y.tape != z.tape || ad_is_inert(y))
        return ad_fail(z.tape, AD_BAD_HANDLE, "%s: its %s gave no tensor of the tape of z", head->name, member) ==
               AD_OK;
    const ad_shape got = ad_shape_of(y);
    const bool same = ad_type_of(y) == ad_type_of(z) && nn_same_shape(&got, &wanted);
    if (!same)
        ad_fail(z.tape, ad_type_of(y) == ad_type_of(z) ? AD_BAD_SHAPE : AD_BAD_TYPE,
                "%s: its %s gave %s %s: it must give %s %s", head->name, member, ad_type_name(ad_type_of(y)),
                nn_shape_text(&got, got_text), ad_type_name(ad_type_of(z)), nn_shape_text(&wanted, wanted_text));
    return same;
}

ad_tensor nn_head_losses(const nn_head *head, ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    const ad_tensor losses = head->loss(z, y, options);
    return check_given(head, "loss", z, losses, AD_SHAPE(ad_shape_of(z).dims[0])) ? losses
                                                                                  : (ad_tensor){.tape = z.tape};
}

ad_tensor nn_head_predictions(const nn_head *head, int64_t k, ad_tensor z, const nn_data *data, int64_t first)
{
    const ad_tensor y = head->predict(z);
    const int64_t n = ad_shape_of(z).dims[0];
    const float *p = check_given(head, "predict", z, y, AD_SHAPE(n, k)) ? ad_f32(y) : NULL;
    int64_t i = 0;
    while (p && i < n * k && isfinite(p[i]))
        i++;
    if (p && i < n * k)
        ad_fail(z.tape, AD_NOT_FINITE, "row %" PRId64 ": the prediction of the head %s is %s",
                nn_row_of(data, first + i / k), head->name, isnan(p[i]) ? "NaN" : "infinite");
    return p && i == n * k ? y : (ad_tensor){.tape = z.tape};
}
