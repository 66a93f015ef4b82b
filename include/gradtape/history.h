#ifndef GRADTAPE_HISTORY_H
#define GRADTAPE_HISTORY_H
/* The history of an estimator's fits: a row after each epoch, each validation, and each NN_HISTORY_STEPS steps. It goes
 * on from fit to fit.
 *
 *   const nn_history *h = nn_classifier_history(c);
 *   for (size_t i = 0; i < nn_history_count(h); i++)
 *       printf("%g %g\n", nn_history_at(h, i)->loss, nn_history_at(h, i)->validation_loss);
 *   nn_write_history(h, file);
 *
 * A long training takes no more memory: where NN_HISTORY_ROWS rows are full, every second one goes, and from then on
 * only every second one is kept. The last row is always there. */
#include <stdio.h>

#include <gradtape/show.h>

/* It belongs to its estimator, and changes in fits only. */
typedef struct nn_history nn_history;

#define NN_HISTORY_ROWS 4096
#define NN_HISTORY_STEPS 100

/* A row (show.h). `step` counts from when the estimator was opened. Both figures of validation are NaN without one; the
 * accuracy of a regressor always is. */
typedef ad_training_row nn_history_row;

/* Returns the number of rows, and one of them, in the order of time; NULL for an i out of range. A row lasts until the
 * next fit; in a callback only until it returns, since the next step may add a row. */
AD_API size_t nn_history_count(const nn_history *history);
AD_API const nn_history_row *nn_history_at(const nn_history *history, size_t i);

/* Returns the row of the best validation, by what the fits watch (monitor); a copy that is kept even where its row
 * went. step 0: there is none. Its weights are kept only by fits with patience. */
AD_API nn_history_row nn_history_best(const nn_history *history);

/* Why a fit ended. */
typedef enum nn_fit_end {
    NN_END_NONE,     /* there was no fit yet, or it goes on */
    NN_END_STEPS,    /* its steps were done */
    NN_END_PATIENCE, /* validation got no better (patience) */
    NN_END_MINIMUM,  /* a search found no lower loss (nn_lbfgs) */
    NN_END_STOPPED,  /* its callback stopped it */
    NN_END_FAILED,
    NN_END_COUNT
} nn_fit_end;

/* Returns why the last fit ended. */
AD_API nn_fit_end nn_history_end(const nn_history *history);

/* Returns the step at which the last fit was to end, counted since the estimator was opened; in a callback that of the
 * fit that runs. 0: no fit has begun, or a library that did not write it saved the model. A fit that was interrupted
 * has made fewer steps: it goes on with `.to_step` = this. */
AD_API int64_t nn_history_goal(const nn_history *history);

/* Returns "steps", "patience" and so on; NULL for a number outside the list. */
AD_API const char *nn_fit_end_name(int end);

/* How the gradient of a parameter flowed in a step that was watched (watch_every of a fit; show.h). The name lasts as
 * long as the estimator. */
typedef ad_training_flow nn_flow;

/* Return the number of them, and one, in the order of time, and in each step in the order of the parameters; NULL for
 * an i out of range. Frozen parameters have none. As rows, whole steps go where NN_HISTORY_ROWS / 4 steps are full. */
AD_API size_t nn_history_flow_count(const nn_history *history);
AD_API const nn_flow *nn_history_flow_at(const nn_history *history, size_t i);

/* Returns all of it for a page (ad_write_html): the history's own arrays, which last as a row does. None for NULL:
 *
 *   ad_tensor loss;
 *   nn_classifier_record(c, &test, 7, &loss);
 *   ad_training training = nn_history_training(nn_classifier_history(c));
 *   ad_write_html(loss.tape, "row_7.html", &(ad_write_options){.training = &training}); */
AD_API ad_training nn_history_training(const nn_history *history);

/* Writes the rows as CSV with a header: step,epoch,loss,rate,validation_loss,validation_accuracy. Numbers have 9
 * digits and a point in every locale; what was not evaluated is empty. Errors: the history or the file is NULL; the
 * file cannot be written (AD_BAD_FILE). */
AD_API ad_shown nn_write_history(const nn_history *history, FILE *to);

#endif
