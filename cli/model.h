#ifndef GRADTAPE_CLI_MODEL_H
#define GRADTAPE_CLI_MODEL_H
/* A model of the command: a classifier or a regressor. */
#include <gradtape/cross_validation.h>
#include <gradtape/model.h>

#include "arguments.h"
#include "data.h"

/* Either c or r is there. */
typedef struct cli_model {
    nn_classifier *c;
    nn_regressor *r;  /* of CLI_REGRESSION */
    const char *path; /* for messages */
    cli_task task;
    /* Of a model that was loaded. */
    int64_t n_outputs;    /* classes, labels or targets */
    bool has_one_logit;   /* for two classes */
    bool keeps_missing;   /* it has something for missing values */
    nn_texts passed_over; /* columns that its training ignored or took as ids */
    nn_model_info *info;  /* steps, goal, note; NULL: the model is new */
} cli_model;

/* Loads the model of --model, and takes over from the run that trained it how tables are written (delimiter, decimal,
 * header, missing), unless that is given. A mistake is said. Returns a status. The caller closes the model, also after
 * an error. */
int cli_load_model(cli_model *model, cli_arguments *a);

/* Opens a new one: a regressor for regression, else a classifier. A mistake is said. Returns a status. */
int cli_open_model(cli_model *model, cli_task task, const nn_classifier_options *c, const nn_regressor_options *r);

void cli_close_model(cli_model *model);

/* The same calls for both (classifier.h, regressor.h, model.h). */
ad_status cli_fit(cli_model *model, const nn_data *data, const nn_fit_options *options);
nn_evaluation cli_evaluate_model(const cli_model *model, const nn_data *data);
const char *cli_model_message(const cli_model *model);
nn_schema cli_model_schema(const cli_model *model);
const nn_history *cli_model_history(const cli_model *model);
const char *cli_model_settings(const cli_model *model);
ad_status cli_check_data(const cli_model *model, const nn_data *data);
ad_status cli_set_note(cli_model *model, const char *note);
ad_status cli_compare_columns(const cli_model *model, const nn_data *data, char *text, size_t size);
ad_status cli_record(cli_model *model, const nn_data *data, int64_t row, ad_tensor *loss);

/* What gradtape train keeps in a model: lines of options. "": the note is a program's own, or there is none. */
const char *cli_note_of(const cli_model *model);

/* Returns how output i of a model that was loaded is called: a class, or the column of a label or target ("target", or
 * "0", "1", ... where columns have no names). The name lives as long as the arguments. */
const char *cli_output_name_at(const cli_model *model, cli_arguments *a, int64_t i);

/* Reads the data of --data for a model: its columns by name, what is missing as it has it; warns of columns and of
 * values of categories that it does not know. */
int cli_read_data_for(cli_data *data, cli_arguments *a, const cli_model *model, bool needs_truth);

#endif
