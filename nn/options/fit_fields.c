/* The table of the options of a fit. */
#include "estimator_fields.h"

/* A row: its member, its type, then its meaning and what else there is. */
#define ROW(member, kind, ...)                                                                                         \
    {                                                                                                                  \
        .name = #member, .type = NN_FIELD_##kind, .offset = offsetof(nn_fit_options, member), .meaning = __VA_ARGS__   \
    }

/* A number of rows or steps; 0 is no such number: the option is not given. */
#define ABOVE_ZERO .range = NN_AT_LEAST(1), .can_be_unset = true

static const nn_field fit_rows[] = {
    ROW(batch_size, INTEGER, "rows of a batch; lbfgs takes all rows", ABOVE_ZERO, .standard = NN_DEFAULT_BATCH),
    ROW(steps, INTEGER, "to add; with neither steps, to_step nor epochs a fit takes one epoch", ABOVE_ZERO),
    ROW(to_step, INTEGER, "the step to reach, counted since the estimator was opened", ABOVE_ZERO),
    ROW(epochs, INTEGER, "to add", ABOVE_ZERO),
    ROW(validation_share, REAL, "the share of the rows that is held out and evaluated",
        .range = NN_FROM_TO_BELOW(0, 1)),
    ROW(validate_every, INTEGER, "steps from one evaluation to the next; otherwise one after each epoch", ABOVE_ZERO),
    ROW(patience, INTEGER, "evaluations without a better one after which the fit ends; 0: never",
        .range = NN_AT_LEAST(0)),
    ROW(monitor, CHOICE, "the figure that says which evaluation is better", .choice = nn_monitor_name),
    ROW(least_improvement, REAL, "by more than this an evaluation must be better", .range = NN_AT_LEAST(0)),
    ROW(overfit_one_batch, SWITCH, "every step takes the first batch again"),
    ROW(watch_every, INTEGER, "steps from one that is watched to the next; 0: none is", .range = NN_AT_LEAST(0)),
    ROW(warm_start, TEXT, "a safetensors file with the weights to begin with"),
    ROW(save, TEXT, "the path to which the model is saved when the fit ends"),
    ROW(save_every, INTEGER, "steps from one save to the next; 0: only at the end", .range = NN_AT_LEAST(0)),
    ROW(keep, INTEGER, "files before the last one that are kept", .range = NN_FROM_TO(0, NN_MOST_KEPT)),
};

const nn_fields nn_fit_fields = NN_FIELDS(fit_rows);
