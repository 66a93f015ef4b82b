#ifndef GRADTAPE_SHOW_H
#define GRADTAPE_SHOW_H
/* Showing a tape: as text, as JSON, as a drawing for Graphviz, and as a page for a browser.
 *
 *   ad_watch(t, AD_ON);                  before the sweep, so that its parts are kept (inspect.h)
 *   ad_backward(loss);
 *   ad_print(t, stdout, NULL);           a table of the tape
 *   ad_explain(loss, w, stdout);         where the gradient of w comes from, with numbers
 *   ad_write_html(t, "step.html", NULL); a page that goes through the step
 *
 * - All of these take a tape in error too, which is when a tape is looked at. They record nothing, and change no
 * status, value or gradient.
 * - Gradients are those of the last ad_backward. Inner ones are shown if the tape was watched, or ad_backward_with kept
 *   them. What was not computed is never shown as 0.
 * - A value is the one that the recording used. Of a leaf that was changed since, and of a view of one, it is the value
 * before the change if the tape was watched, and the one now is shown beside it. Where the value before was not kept,
 * or is larger than AD_MOST_COPIED, it is the one now. "changed" says so in both cases.
 * - A tensor is called by its name, else by its number: #3 is the third that was recorded, k0 the first parameter or
 *   state. In text a name is cut to 24 characters, and control characters are written as \x1b.
 * - The decimal point is a point in every locale. The same tape gives the same bytes.
 * - A file is written under another name beside `path` and then renamed: if it cannot be written whole, the old one
 *   stays. */
#include <stdio.h>

#include <gradtape/inspect.h>

/* How a call ended. AD_OK: all was written. Else the message says what was wrong and how to mend it. */
typedef struct ad_shown {
    ad_status status;
    char message[240];
} ad_shown;

/* ---- Text -------------------------------------------------------------------------------------------------------- */

/* Zero means the default. */
typedef struct ad_print_options {
    bool all;   /* every line, also of by-products; false: of more than 60 entries the first and last 30. ad_print_flow
                   takes no notice of it. */
    bool exact; /* numbers with all their digits (17, f32: 9); false: 6 digits */
    bool ascii; /* ASCII characters only; false: so too, unless the locale is UTF-8 */
} ad_print_options;

/* Prints a table of the tape: a line for each parameter, state and entry with its name, operator, operands, shape,
 * value, gradient and local derivatives. The gradients are those of the tensor that the sweep began at; the first line
 * names it, and the next one where numbers stop being finite. A value of more than 8 elements is given by its range.
 * Operands with long names are given by their numbers. Lines have at most 100 columns; the memory that it needs does
 * not grow with the tape. Errors: the tape or the file is NULL; the file cannot be written (AD_BAD_FILE). */
AD_API ad_shown ad_print(ad_tape *tape, FILE *to, const ad_print_options *options);

/* Prints a tensor row by row, with its shape, type and range, and its gradient if it has one. Of more than 1,000
 * elements the first and the last of each axis are printed. Errors: x is not valid, or its segment dropped its value;
 * those of ad_print. */
AD_API ad_shown ad_print_tensor(ad_tensor x, FILE *to, const ad_print_options *options);

/* Prints where the gradient of x comes from: for each operand's place at which x was used, upstream * local = part; the
 * parts add up to the gradient. y is the tensor that the sweep began at. Elements of larger tensors are explained by
 * the norms of parts, and one element (the largest) by numbers. Errors: the tape was not watched in the last sweep; the
 * sweep did not begin at y; no part reached x: the message says why; those of ad_print. */
AD_API ad_shown ad_explain(ad_tensor y, ad_tensor x, FILE *to);

/* Prints in one line why the gradient of x is 0, or why there is none: a rule that is flat there, a factor that is 0,
 * no path, a detach. If it is not 0, the line says so. Errors: as of ad_explain. */
AD_API ad_shown ad_why_zero(ad_tensor x, FILE *to);

/* Writes y as an infix formula of leaves into `text`, of `size` bytes: "tanh(0.02 (x + x) x w)". What is used twice and
 * is not short gets its name and is not written out. At most 400 characters, then "..". Errors: y is not valid; text is
 * NULL; size is below 8 (AD_BAD_VALUE). */
AD_API ad_shown ad_formula(ad_tensor y, char *text, size_t size);

/* Prints a line for each parameter: the root mean square of its gradient, a bar (logarithmic, from 1e-9 to 1), its
 * update and a verdict; then a sentence with the remedy where gradients vanish or explode, or units are dead or
 * saturated.
 * - The update is the norm of all changes since the sweep against the norm of the value before them. It is known of a
 *   watched tape.
 * Errors: no parameter has a gradient (AD_NO_GRADIENT); those of ad_print. */
AD_API ad_shown ad_print_flow(ad_tape *tape, FILE *to, const ad_print_options *options);

/* Prints activations and their derivatives as the engine computes them: a line for each, with its values at 33 points
 * from -4 to 4 as bars of 8 levels, the whole numbers between which they lie, and the same of its derivative. `name` is
 * that of an operator (activations.h: "logistic"), or "identity"; NULL prints all. Of one by name, two more lines have
 * the formulas, the value and the derivative at 0, and the largest derivative. leaky_relu has the slope 0.01.
 *
 *   ad_plot_activation("relu", stdout, NULL);
 *
 * Errors: there is no activation of that name (AD_BAD_VALUE): the message lists those that there are; memory; those
 * of ad_print about the file. */
AD_API ad_shown ad_plot_activation(const char *name, FILE *to, const ad_print_options *options);

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* A row of a training, after one of its steps. */
typedef struct ad_training_row {
    int64_t step;   /* steps completed */
    int64_t epoch;  /* of the last batch, from 0 */
    double loss;    /* mean loss of the batches since the row before */
    double rate;    /* of the last update */
    bool validated; /* without validation both figures are ignored; NaN: not known */
    double validation_loss;
    double validation_accuracy; /* from 0 to 1 */
} ad_training_row;

/* How the gradient of a parameter flowed in a step. */
typedef struct ad_training_flow {
    int64_t step;
    const char *name;    /* of the parameter */
    double gradient_rms; /* the root mean square of its gradient */
    double update_ratio; /* that of its change, against that of its value before; NaN: not known, or the value was 0 */
} ad_training_flow;

/* Figures of a training, for the page. All is the caller's. A loop of one's own keeps them so:
 *
 *   ad_training_row rows[STEPS];
 *   for (int i = 0; i < STEPS; i++)
 *       rows[i] = (ad_training_row){.step = i + 1, .loss = one_step(t)};
 *   ad_training training = {.rows = rows, .n_rows = STEPS};
 *   ad_write_html(t, "training.html", &(ad_write_options){.training = &training});
 *
 * An estimator keeps them by itself: nn_history_training (history.h). */
typedef struct ad_training {
    const ad_training_row *rows; /* their steps rise */
    size_t n_rows;
    const ad_training_flow *flows; /* their steps do not fall; in each step, the parameters from the first layer on */
    size_t n_flows;
    const ad_training_row *best; /* of the validations; NULL: the row of the lowest validation loss, or else of the
                                    highest accuracy */
} ad_training;

/* The most rows, and the most flows, of a page: so many have 4,096 parameters in the 1,024 steps of which a history
 * keeps flows (history.h). */
#define AD_MOST_TRAINING 4194304

/* Zero means the default. */
typedef struct ad_write_options {
    const char *title; /* NULL: the formula of the loss */
    bool open_all;     /* of the page only: draws every entry, of more than 300 those around a chosen one; false: folds
                          scopes and repeated blocks until at most 40 boxes are left, or nothing is left to fold */
    const ad_training *training; /* of the page only: the view Training; NULL: the page has none */
} ad_write_options;

/* Writes the tape as JSON; docs/tape.schema.json describes it. NaN and infinities are strings. Errors, here and below:
 * the tape or the path is NULL; the file cannot be written (AD_BAD_FILE); memory. */
AD_API ad_shown ad_write_json(ad_tape *tape, const char *path, const ad_write_options *options);

/* Writes the tape as a graph in Graphviz's language, DOT. */
AD_API ad_shown ad_write_dot(ad_tape *tape, const char *path, const ad_write_options *options);

/* Writes one self-contained page that goes through the step: forward pass, error, reverse pass part by part, and
 * descent. The views graph, tape, layers and tensors are always there. Three more appear where there is something to
 * show:
 * - Neurons: the tape has a network of layers of at most 16 units and 16 inputs each.
 * - Activations: the tape has an activation other than the identity.
 * - Training: `.training` was given, with at least one row or flow.
 * Errors: of the training, rows or flows are NULL and their number is not 0, or are more than AD_MOST_TRAINING; a step
 * is below 0, or out of order; a name is NULL; the best row was not validated (AD_BAD_VALUE). */
AD_API ad_shown ad_write_html(ad_tape *tape, const char *path, const ad_write_options *options);

#endif
