#ifndef GRADTAPE_HEADS_H
#define GRADTAPE_HEADS_H
/* Heads: what a network's last layer means. A head says how many logits there are, what the loss of an example is, and
 * what is predicted. A head is a row; one of your own is a row in your program. Estimators (classifier.h, regressor.h)
 * take a head by its address; a loop by hand may call its functions:
 *
 *   ad_tensor z = nn_run(net, pass, x);
 *   ad_backward(ad_mean(nn_head_huber.loss(z, y, &(nn_head_options){ .delta = 0.5 })));
 */
#include <gradtape/fields.h>
#include <gradtape/metrics.h>
#include <gradtape/tensor.h>

#if defined(__cplusplus)
extern "C" {
#endif

/* The options of the heads. Zero means the default. Each head reads those that its fields name. */
typedef struct nn_head_options {
    double label_smoothing; /* s in [0, 1): the target is (1 - s) of the label plus s of the uniform distribution;
                               default 0 */
    double delta;           /* of Huber's loss, above 0, may be infinite; default 1 */
} nn_head_options;

/* A figure of an evaluation: its name, and the number among the metrics (metrics.h) that it is. */
typedef struct nn_head_figure {
    const char *name;
    nn_task task;       /* of the metric: that of the head; for two classes also NN_SCORES, by a score that rises with
                           the probability of class 1 */
    const char *metric; /* its name */
    int element;        /* of a metric that is an array */
    int64_t k;          /* the only k that has the figure; 0: any k has it */
} nn_head_figure;

/* A head. `k` is the number of classes, labels or targets. It outlives the estimators that use it. Threads that predict
 * at once call its functions at once. */
typedef struct nn_head {
    const char *name;
    const char *loss_formula;
    const char *prediction_formula;
    nn_task task;        /* of its predictions: NN_CLASSES, NN_LABELS or NN_REGRESSION */
    int64_t least, most; /* what k may be; 0: 1, and 2^31 - 1 */
    nn_fields fields; /* of nn_head_options: those that the head reads; an estimator checks them. Others are ignored */
    /* Returns the number of logits for k. NULL: k. */
    int64_t (*outputs)(int64_t k);
    /* Returns the loss of each example, [n]. z are the logits [n,outputs], f32 or f64. y is what is true: i32 [n],
     * classes from 0 (NN_CLASSES); i32 [n,k], 0 or 1 (NN_LABELS); of the type of z, [n,k], with a gradient if it wants
     * one (NN_REGRESSION). `options` NULL: all defaults. Errors: another shape, type or tape; a label or an option out
     * of range; those of the operators. */
    ad_tensor (*loss)(ad_tensor z, ad_tensor y, const nn_head_options *options);
    /* Returns what is predicted, [n,k]: probabilities of classes or of labels; for a regression z itself. Error: z has
     * another shape or type. */
    ad_tensor (*predict)(ad_tensor z);
    /* What an evaluation gives beside accuracy and loss; at most NN_MAX_FIGURES (estimator.h). */
    const nn_head_figure *figures;
    size_t n_figures;
} nn_head;

#define NN_HEAD extern __attribute__((visibility("default"))) const nn_head

/* The losses of softmax, one_logit and independent are finite for any finite logits.
 *
 * softmax: one of k classes, by k logits (ad_softmax_cross_entropy). With two classes an evaluation has auc and what
 * belongs to it. */
NN_HEAD nn_head_softmax;

/* one_logit: one of two classes, by the logit z of class 1 (ad_logistic_cross_entropy). It predicts [n,2]: 1 - p and p,
 * each with all its digits, as logistic(-z) and logistic(z). */
NN_HEAD nn_head_one_logit;

/* independent: k labels, each of which may hold or not (ad_logistic_cross_entropy; the mean over the labels). With
 * label_smoothing each label has a uniform distribution of its own: the target is s / 2 or 1 - s / 2. */
NN_HEAD nn_head_independent;

/* squared, absolute, huber: k targets, by k numbers (ad_squared_error, ad_absolute_error, ad_huber; the mean over the
 * targets). */
NN_HEAD nn_head_squared;
NN_HEAD nn_head_absolute;
NN_HEAD nn_head_huber;

/* Return how many heads the library has, and one of them; NULL for an index out of range. */
AD_API size_t nn_head_count(void);
AD_API const nn_head *nn_head_at(size_t index);

/* Returns the head of a name; NULL if the library has none. */
AD_API const nn_head *nn_head_named(const char *name);

#if defined(__cplusplus)
}
#endif

#endif
