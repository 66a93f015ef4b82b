/* Data and options of a training. */
#include "run.h"

#include <stdio.h>
#include <string.h>

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/* What is not given has the command's own default. */
static const char *defaults(const cli_run *run, cli_arguments *a, cli_task task)
{
    const char *scaling = run->data.is_table ? CLI_STANDARD_SCALING_OF_TABLES : CLI_STANDARD_SCALING_OF_ARRAYS;
    const char *more = cli_text(a, "scaling=%s seed=%d", scaling, CLI_STANDARD_SEED);
    if (task == CLI_REGRESSION)
        return cli_text(a, "%s target_scaling=" CLI_STANDARD_TARGET_SCALING " n_targets=%lld", more,
                        (long long)run->data.n_labels);
    return task == CLI_LABELS ? cli_text(a, "%s n_classes=%lld head=independent", more, (long long)run->data.n_labels)
                              : more;
}

/* Class weights are in the order of the classes, so these are said too. */
static int set_class_weights(cli_run *run, cli_arguments *a, cli_task task)
{
    const cli_classes *k = &run->classes;
    if (!a->settings.class_weight.n)
        return CLI_OK;
    if (task != CLI_CLASSES || !k->n)
        return cli_say(CLI_WEIGHTS_OF_CLASSES,
                       task != CLI_CLASSES ? cli_text(a, "--task %s", cli_task_name((int)task)) : "--window");
    const int status = cli_read_class_weights(k, a, &run->data, &run->class_weights);
    run->c.class_weights = (nn_reals){run->class_weights, (size_t)k->n};
    run->c.n_classes = k->n;
    if (k->texts)
        run->c.label_texts = (nn_texts){k->texts, (size_t)k->n};
    else
        run->c.label_integers = (nn_integers){k->integers, (size_t)k->n};
    return status;
}

static int read_fit_options(cli_run *run, cli_arguments *a)
{
    run->fit_text = cli_options_from(a, CLI_FIT, NN_FIT, NULL);
    if (!run->fit_text)
        return a->failed;
    run->fit = *nn_options_fit(run->fit_text);
    if ((run->fit.steps != 0) + (run->fit.to_step != 0) + (run->fit.epochs != 0) > 1)
        return cli_say(CLI_BOTH, run->fit.steps ? "--steps" : "--to-step", run->fit.epochs ? "--epochs" : "--to-step");
    return CLI_OK;
}

static nn_options_kind kind_of(cli_task task) { return task == CLI_REGRESSION ? NN_REGRESSOR : NN_CLASSIFIER; }

static int read_estimator_options(cli_run *run, cli_arguments *a, cli_task task)
{
    run->estimator = cli_options_from(a, CLI_ESTIMATOR, kind_of(task), defaults(run, a, task));
    if (!run->estimator)
        return a->failed;
    if (task == CLI_REGRESSION)
        run->r = *nn_options_regressor(run->estimator);
    else
        run->c = *nn_options_classifier(run->estimator);
    return set_class_weights(run, a, task);
}

/* ---- Data -------------------------------------------------------------------------------------------------------- */

/* Whether missing values are filled in: the option says it, or the model. */
static bool keeps_missing(const cli_arguments *a, const cli_model *model)
{
    const char *impute = cli_given(a, "impute");
    return model ? model->keeps_missing : impute && strcmp(impute, "refuse") != 0;
}

static int read_data(cli_run *run, cli_arguments *a, const cli_model *model)
{
    const cli_task task = model ? model->task : a->settings.task;
    const cli_reading reading = {.path = a->settings.data,
                                 .task = task,
                                 .like = model ? cli_model_schema(model) : (nn_schema){0},
                                 .keeps_missing = keeps_missing(a, model),
                                 .needs_truth = true,
                                 .is_for_training = true};
    const int status = cli_read_data(&run->data, a, &reading);
    if (status != CLI_OK || task != CLI_CLASSES || run->data.feed)
        return status;
    if (run->data.data.rows && !cli_find_classes(&run->classes, a, &run->data.data))
        return cli_say(CLI_NO_MEMORY, " for the classes");
    return model || !run->classes.n ? CLI_OK : cli_check_classes(&run->classes, a, &run->data);
}

/* Finds what is wrong with the options before time is spent on the data. */
static int check_options(cli_arguments *a, cli_task task)
{
    nn_options *estimator = cli_options_from(a, CLI_ESTIMATOR, kind_of(task), NULL);
    nn_options_close(estimator);
    return a->failed;
}

int cli_open_run(cli_run *run, cli_arguments *a, const cli_model *model)
{
    const cli_task task = model ? model->task : a->settings.task;
    *run = (cli_run){.class_weights = NULL};
    int status = read_fit_options(run, a);
    if (status == CLI_OK && !model)
        status = check_options(a, task);
    if (status == CLI_OK && !a->settings.data)
        return cli_miss(a, "data");
    if (status == CLI_OK)
        status = read_data(run, a, model);
    return status == CLI_OK && !model ? read_estimator_options(run, a, task) : status;
}

void cli_close_run(cli_run *run, cli_arguments *a)
{
    cli_close_data(&run->data, a);
    nn_options_close(run->estimator);
    nn_options_close(run->fit_text);
}

/* ---- Goal -------------------------------------------------------------------------------------------------------- */

/* The options that say otherwise: "--steps, --to-step or --epochs". */
static const char *list_goals(cli_arguments *a)
{
    const char *names = "", *last = NULL;
    for (int i = 0; i < cli_option_count; i++) {
        if (!(cli_options[i].flags & CLI_GOAL) || !(cli_options[i].verbs & 1u << a->verb))
            continue;
        names = last ? cli_text(a, "%s%s--%s", names, *names ? ", " : "", last) : names;
        last = cli_options[i].name;
    }
    return cli_text(a, "%s or --%s", names, last ? last : "");
}

int cli_choose_goal(cli_run *run, cli_arguments *a, bool has_validation)
{
    nn_fit_options *fit = &run->fit;
    if (fit->steps || fit->to_step || fit->epochs)
        return CLI_OK;
    if (!has_validation) {
        fit->steps = CLI_STANDARD_STEPS;
        return cli_say(CLI_GOAL_STEPS, cli_count(a, fit->steps), list_goals(a));
    }
    fit->epochs = CLI_STANDARD_EPOCHS;
    if (!fit->patience) {
        const int i = cli_option_of(a->verb, "patience");
        fit->patience = CLI_STANDARD_PATIENCE;
        a->values[i] = (cli_value){CLI_TEXT_OF(CLI_STANDARD_PATIENCE), ""}; /* the model keeps it, for --resume */
    }
    return cli_say(CLI_GOAL_EPOCHS, cli_count(a, fit->epochs), cli_count(a, fit->patience), list_goals(a));
}
