#ifndef GRADTAPE_CROSS_VALIDATION_H
#define GRADTAPE_CROSS_VALIDATION_H
/* k-fold cross-validation: an estimator is trained k times, each time on all rows but those of one fold, and evaluated
 * on these.
 *
 *   nn_cross_validation *v = nn_classifier_cross_validate(&options, &data, &(nn_cross_validation_options){
 *       .folds = 5, .fit = { .epochs = 50 } });
 *   nn_spread accuracy = nn_cross_validation_figure(v, "accuracy");
 *   if (nn_cross_validation_status(v)) fprintf(stderr, "%s\n", nn_cross_validation_message(v));
 *   else printf("%.3f +- %.3f\n", accuracy.mean, accuracy.standard_error);
 *   nn_cross_validation_close(v); */
#include <gradtape/classifier.h>
#include <gradtape/regressor.h>

/* The evaluations of the folds. */
typedef struct nn_cross_validation nn_cross_validation;

/* Zero means the default. */
typedef struct nn_cross_validation_options {
    int64_t folds;                 /* default 5 */
    bool plain;                    /* not by classes (split.h): so too for independent labels, and for a regressor */
    uint64_t seed;                 /* of the folds */
    nn_fit_options fit;            /* of each training, callback, context and warm_start too; it saves nothing */
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} nn_cross_validation_options;

/* Train and evaluate. Each fold has an estimator of its own, opened by `options`. The data are not copied. `how` may be
 * NULL. A fold gives the same bits as a fit and an evaluation by hand on the two parts of a split. Return NULL only
 * when memory for the object is out. The caller closes it. Errors are kept: those of nn_split_open; those of opening,
 * fitting and evaluating, a fit that saves, and a callback that stops a fit (AD_STOPPED), whose message names the fold,
 * counted from 1; memory. The first one ends the cross-validation. */
AD_API nn_cross_validation *nn_classifier_cross_validate(const nn_classifier_options *options, const nn_data *data,
                                                         const nn_cross_validation_options *how);
AD_API nn_cross_validation *nn_regressor_cross_validate(const nn_regressor_options *options, const nn_data *data,
                                                        const nn_cross_validation_options *how);

/* Frees it. NULL is allowed. */
AD_API void nn_cross_validation_close(nn_cross_validation *validation);

/* Return the number of folds, 0 after an error, and the evaluation of one of them. For an i out of range its status is
 * AD_BAD_VALUE. */
AD_API int64_t nn_cross_validation_count(const nn_cross_validation *validation);
AD_API nn_evaluation nn_cross_validation_fold(const nn_cross_validation *validation, int64_t i);

/* A figure over the folds. */
typedef struct nn_spread {
    double mean;           /* of the folds in which it is defined; 0 if there are none */
    double standard_error; /* of that mean: sample deviation / sqrt(n); 0 for n below 2 */
    int64_t n;             /* the folds in which it is defined */
    const char *undefined; /* why it is not, if n is 0; else NULL */
} nn_spread;

/* Returns the figure of a name (nn_evaluation_named). */
AD_API nn_spread nn_cross_validation_figure(const nn_cross_validation *validation, const char *name);

/* Return the error and its message; AD_OK and "" if there is none. NULL gives AD_BAD_HANDLE, and a text that says so.
 */
AD_API ad_status nn_cross_validation_status(const nn_cross_validation *validation);
AD_API const char *nn_cross_validation_message(const nn_cross_validation *validation);

#endif
