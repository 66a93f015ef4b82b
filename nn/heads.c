/* The heads: a row each, with its loss and its prediction in operators. */
#include <gradtape/heads.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/operators.h>

#include "options/fields.h"
#include "shape_text.h"

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static int64_t outputs_of(const nn_head *head, int64_t k) { return head->outputs ? head->outputs(k) : k; }

static bool is_real(ad_tensor x) { return ad_type_of(x) == AD_F32 || ad_type_of(x) == AD_F64; }

static bool fits_logits(const nn_head *head, const ad_shape *z)
{
    return z->rank == 2 && z->dims[1] >= outputs_of(head, head->least) &&
           (head->most == 0 || z->dims[1] <= outputs_of(head, head->most));
}

static const char *logits_text(const nn_head *head, char text[80])
{
    const int64_t least = outputs_of(head, head->least);
    if (head->least == head->most)
        snprintf(text, 80, "f32 or f64 [n,%" PRId64 "]", least);
    else
        snprintf(text, 80, "f32 or f64 [n,k], k at least %" PRId64, least);
    return text;
}

/* The type and the shape that y must have, and how a message says it. */
static const char *wanted_of(const nn_head *head, ad_tensor z, ad_type *type, ad_shape *shape)
{
    static const char *const texts[NN_TASK_COUNT] = {
        [NN_CLASSES] = "i32 [n]", [NN_LABELS] = "i32 [n,k]", [NN_REGRESSION] = "[n,k] of the type of z"};
    *type = head->task == NN_REGRESSION ? ad_type_of(z) : AD_I32;
    *shape = ad_shape_of(z);
    if (head->task == NN_CLASSES)
        shape->rank = 1;
    return texts[head->task];
}

/* The type and the shape of a tensor: "f32 [2,3]". */
enum { TENSOR_TEXT = NN_SHAPE_TEXT + 8 };
static const char *tensor_text(ad_tensor x, char text[TENSOR_TEXT])
{
    char shape[NN_SHAPE_TEXT];
    const ad_shape dims = ad_shape_of(x);
    snprintf(text, TENSOR_TEXT, "%s %s", ad_type_name(ad_type_of(x)), nn_shape_text(&dims, shape));
    return text;
}

static bool check_logits(const nn_head *head, ad_tensor z)
{
    char got[TENSOR_TEXT], text[80];
    const ad_shape shape = ad_shape_of(z);
    if (ad_status_of(z.tape) == AD_OK && !(is_real(z) && fits_logits(head, &shape)))
        ad_fail(z.tape, is_real(z) ? AD_BAD_SHAPE : AD_BAD_TYPE, "%s: z is %s: it must be %s", head->name,
                tensor_text(z, got), logits_text(head, text));
    return ad_status_of(z.tape) == AD_OK;
}

static bool check_truth(const nn_head *head, ad_tensor z, ad_tensor y)
{
    char a[TENSOR_TEXT], b[TENSOR_TEXT], text[80];
    const ad_shape shape = ad_shape_of(z), got = ad_shape_of(y);
    ad_type type;
    ad_shape wanted;
    const char *truth = wanted_of(head, z, &type, &wanted);
    const bool good_types = is_real(z) && ad_type_of(y) == type;
    if (ad_status_of(z.tape) == AD_OK && !(good_types && fits_logits(head, &shape) && nn_same_shape(&got, &wanted)))
        ad_fail(z.tape, good_types ? AD_BAD_SHAPE : AD_BAD_TYPE, "%s: z is %s and y is %s: z must be %s, y %s",
                head->name, tensor_text(z, a), tensor_text(y, b), logits_text(head, text), truth);
    return ad_status_of(z.tape) == AD_OK;
}

/* Checks what a loss is given, and fills in the options. If something is wrong, the tape of z is in error. */
static bool check(const nn_head *head, ad_tensor z, ad_tensor y, const nn_head_options *given, nn_head_options *o)
{
    char message[200];
    *o = given ? *given : (nn_head_options){0};
    nn_fields_resolve(head->fields, o);
    if (y.tape != z.tape)
        ad_fail(z.tape, AD_BAD_HANDLE, "%s: y is not on the tape of z: make both on one tape", head->name);
    else if (check_truth(head, z, y) && !nn_fields_check(head->fields, o, message, sizeof message))
        ad_fail(z.tape, AD_BAD_VALUE, "%s: %s", head->name, message);
    return ad_status_of(z.tape) == AD_OK;
}

/* Labels must be 0 or 1. The classes of softmax are checked by its operator. */
static bool check_labels(const nn_head *head, ad_tensor y)
{
    const ad_shape shape = ad_shape_of(y);
    const int64_t columns = shape.rank == 1 ? 1 : shape.dims[1];
    const int32_t *label = ad_i32(y);
    char column[40] = "";
    for (int64_t i = 0; label && i < (int64_t)ad_size_of(y); i++) {
        if (label[i] == 0 || label[i] == 1)
            continue;
        if (shape.rank > 1)
            snprintf(column, sizeof column, ", column %" PRId64, i % columns);
        ad_fail(y.tape, AD_BAD_VALUE, "%s: the label of row %" PRId64 "%s is %" PRId32 ": it must be 0 or 1",
                head->name, i / columns, column, label[i]);
        break;
    }
    return ad_status_of(y.tape) == AD_OK;
}

static ad_tensor inert_of(ad_tensor z) { return (ad_tensor){.tape = z.tape}; }

/* ---- Classes ----------------------------------------------------------------------------------------------------- */

/* Without smoothing the operator is the plain ad_softmax_cross_entropy. */
static ad_tensor softmax_loss(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    nn_head_options o;
    if (!check(&nn_head_softmax, z, y, options, &o))
        return inert_of(z);
    return ad_softmax_cross_entropy_with(z, y, &(ad_cross_entropy_options){.smoothing = o.label_smoothing});
}

static ad_tensor softmax_predict(ad_tensor z)
{
    return check_logits(&nn_head_softmax, z) ? ad_softmax(z, 1) : inert_of(z);
}

/* The target of each label: s / 2 for 0 and 1 - s / 2 for 1. It is looked up, so that a replay on other labels refuses
 * those that are neither. */
static ad_tensor targets_of(ad_tensor z, ad_tensor y, double smoothing)
{
    const double of_label[] = {smoothing / 2, 1 - smoothing / 2};
    return ad_gather_rows(ad_cast(ad_input(z.tape, AD_F64, AD_SHAPE(2), of_label), ad_type_of(z)), y);
}

static int64_t one(int64_t k)
{
    (void)k;
    return 1;
}

static ad_tensor one_logit_loss(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    nn_head_options o;
    if (!check(&nn_head_one_logit, z, y, options, &o) || !check_labels(&nn_head_one_logit, y))
        return inert_of(z);
    return ad_logistic_cross_entropy(ad_squeeze(z, AD_AXES(1)), targets_of(z, y, o.label_smoothing));
}

/* 1 - p is the logistic of -z: a difference would lose the digits of a small one. */
static ad_tensor one_logit_predict(ad_tensor z)
{
    if (!check_logits(&nn_head_one_logit, z))
        return inert_of(z);
    return ad_logistic(ad_concat((const ad_tensor[]){ad_neg(z), z}, 2, 1));
}

static ad_tensor independent_loss(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    nn_head_options o;
    if (!check(&nn_head_independent, z, y, options, &o) || !check_labels(&nn_head_independent, y))
        return inert_of(z);
    return ad_mean_over(ad_logistic_cross_entropy(z, targets_of(z, y, o.label_smoothing)), AD_AXES(1));
}

static ad_tensor independent_predict(ad_tensor z)
{
    return check_logits(&nn_head_independent, z) ? ad_logistic(z) : inert_of(z);
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

static ad_tensor squared_loss(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    nn_head_options o;
    if (!check(&nn_head_squared, z, y, options, &o))
        return inert_of(z);
    return ad_mean_over(ad_squared_error(z, y), AD_AXES(1));
}

static ad_tensor absolute_loss(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    nn_head_options o;
    if (!check(&nn_head_absolute, z, y, options, &o))
        return inert_of(z);
    return ad_mean_over(ad_absolute_error(z, y), AD_AXES(1));
}

static ad_tensor huber_loss(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    nn_head_options o;
    if (!check(&nn_head_huber, z, y, options, &o))
        return inert_of(z);
    return ad_mean_over(ad_huber(z, y, o.delta), AD_AXES(1));
}

static ad_tensor squared_predict(ad_tensor z) { return check_logits(&nn_head_squared, z) ? z : inert_of(z); }
static ad_tensor absolute_predict(ad_tensor z) { return check_logits(&nn_head_absolute, z) ? z : inert_of(z); }
static ad_tensor huber_predict(ad_tensor z) { return check_logits(&nn_head_huber, z) ? z : inert_of(z); }

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

/* Name, task, metric, element, and k. */
static const nn_head_figure of_two_classes[] = {
    {"accuracy_baseline", NN_CLASSES, "accuracy_baseline", 0, 2},
    {"auc", NN_SCORES, "roc_auc", 0, 2},
    {"average_precision", NN_SCORES, "average_precision", 0, 2},
    {"precision", NN_CLASSES, "precision_per_class", 1, 2},
    {"recall", NN_CLASSES, "recall_per_class", 1, 2},
    {"prediction/mean", NN_CLASSES, "prediction_mean", 0, 2},
    {"label/mean", NN_CLASSES, "label_mean", 0, 2},
};

static const nn_head_figure of_labels[] = {
    {"subset_accuracy", NN_LABELS, "subset_accuracy", 0, 0},
    {"hamming_loss", NN_LABELS, "hamming_loss", 0, 0},
    {"precision_micro", NN_LABELS, "precision_micro", 0, 0},
    {"recall_micro", NN_LABELS, "recall_micro", 0, 0},
    {"f1_micro", NN_LABELS, "f1_micro", 0, 0},
    {"f1_macro", NN_LABELS, "f1_macro", 0, 0},
};

static const nn_head_figure of_targets[] = {
    {"mse", NN_REGRESSION, "mse", 0, 0},
    {"mae", NN_REGRESSION, "mae", 0, 0},
    {"rmse", NN_REGRESSION, "rmse", 0, 0},
    {"r2", NN_REGRESSION, "r2_uniform", 0, 0},
    {"prediction/mean", NN_REGRESSION, "prediction_mean_per_target", 0, 1},
    {"label/mean", NN_REGRESSION, "label_mean_per_target", 0, 1},
};

#define FIGURES(array) .figures = array, .n_figures = sizeof(array) / sizeof((array)[0])

/* ---- The table --------------------------------------------------------------------------------------------------- */

static const nn_field smoothing_fields[] = {
    {"label_smoothing", "the share of the uniform distribution in the target", NN_FIELD_REAL,
     offsetof(nn_head_options, label_smoothing), .range = NN_FROM_TO_BELOW(0, 1)},
};

static const nn_field huber_fields[] = {
    {"delta", "the error from which on the loss is linear", NN_FIELD_REAL, offsetof(nn_head_options, delta),
     .standard = 1, .range = {.high = HUGE_VAL, .above_low = true}},
};

const nn_head nn_head_softmax = {
    .name = "softmax",
    .loss_formula = "-sum(h log_softmax(z)), h = (1 - s) one_hot(y) + s / k",
    .prediction_formula = "softmax(z)",
    .task = NN_CLASSES,
    .least = 2,
    .fields = NN_FIELDS(smoothing_fields),
    .loss = softmax_loss,
    .predict = softmax_predict,
    FIGURES(of_two_classes),
};

const nn_head nn_head_one_logit = {
    .name = "one_logit",
    .loss_formula = "softplus(z) - t z, t = (1 - s) y + s / 2",
    .prediction_formula = "logistic(-z), logistic(z)",
    .task = NN_CLASSES,
    .least = 2,
    .most = 2,
    .fields = NN_FIELDS(smoothing_fields),
    .outputs = one,
    .loss = one_logit_loss,
    .predict = one_logit_predict,
    FIGURES(of_two_classes),
};

const nn_head nn_head_independent = {
    .name = "independent",
    .loss_formula = "mean of softplus(z) - t z, t = (1 - s) y + s / 2",
    .prediction_formula = "logistic(z)",
    .task = NN_LABELS,
    .least = 1,
    .fields = NN_FIELDS(smoothing_fields),
    .loss = independent_loss,
    .predict = independent_predict,
    FIGURES(of_labels),
};

const nn_head nn_head_squared = {
    .name = "squared",
    .loss_formula = "mean of (z - y)^2",
    .prediction_formula = "z",
    .task = NN_REGRESSION,
    .least = 1,
    .loss = squared_loss,
    .predict = squared_predict,
    FIGURES(of_targets),
};

const nn_head nn_head_absolute = {
    .name = "absolute",
    .loss_formula = "mean of |z - y|",
    .prediction_formula = "z",
    .task = NN_REGRESSION,
    .least = 1,
    .loss = absolute_loss,
    .predict = absolute_predict,
    FIGURES(of_targets),
};

const nn_head nn_head_huber = {
    .name = "huber",
    .loss_formula = "mean of e^2 / 2, e = |z - y|; delta (e - delta / 2) where e > delta",
    .prediction_formula = "z",
    .task = NN_REGRESSION,
    .least = 1,
    .fields = NN_FIELDS(huber_fields),
    .loss = huber_loss,
    .predict = huber_predict,
    FIGURES(of_targets),
};

static const nn_head *const heads[] = {&nn_head_softmax, &nn_head_one_logit, &nn_head_independent,
                                       &nn_head_squared, &nn_head_absolute,  &nn_head_huber};

size_t nn_head_count(void) { return sizeof heads / sizeof heads[0]; }

const nn_head *nn_head_at(size_t index) { return index < nn_head_count() ? heads[index] : NULL; }

const nn_head *nn_head_named(const char *name)
{
    for (size_t i = 0; name && i < nn_head_count(); i++)
        if (!strcmp(heads[i]->name, name))
            return heads[i];
    return NULL;
}
