#ifndef GRADTAPE_OPTIONS_H
#define GRADTAPE_OPTIONS_H
/* The options of an estimator, of a table or of a fit from one line of text, as a command line or a file has it:
 *
 *   nn_options *o = nn_options_parse("hidden_units=300,100 n_classes=10 rate=0.1", NN_CLASSIFIER, NULL);
 *   nn_classifier *c = nn_options_status(o) ? NULL : nn_classifier_open(nn_options_classifier(o));
 *   if (!c) fprintf(stderr, "%s\n", nn_options_message(o));
 *   nn_options_close(o);
 *
 * Options are written name=value, in any order, with spaces or line ends between them. An option that is left out has
 * its default. The names are those of the structs, those of head_options and of optimiser among them: rate. The option
 * `optimiser` is the name of its rule. `layers`, `groups`, `allocator`, and the `validation` and `callback` of a fit
 * cannot be written. What an optimiser's option is by default, and whether it is read at all, is the rule's to say:
 * optimiser=adam rate=0.001 beta1=0.9.
 * - Whole numbers and numbers are decimal, with a point in every locale: rate=0.05, rate=5e-2. A number that is 0 is 0,
 *   not the default.
 * - Names are those that the library gives: activation=tanh, scaling=feature, head=huber.
 * - Lists have commas, without spaces: hidden_units=300,100 label_texts=bird,cat.
 * - A text with a space, a comma or a quote stands in quotes: label_texts="great tit",cat. In quotes, \" is a quote, \\
 *   a backslash, and \x0a the byte of that number.
 *
 * nn_classifier_settings and nn_regressor_settings give such a line. */
#include <gradtape/classifier.h>
#include <gradtape/csv.h>
#include <gradtape/regressor.h>

/* What options are for. NN_CSV: a table as text (csv.h): label=species categorical=colour,shape delimiter=;. NN_FIT: a
 * fit (estimator.h): batch_size=50 epochs=20 save=m.safetensors */
typedef enum nn_options_kind { NN_CLASSIFIER, NN_REGRESSOR, NN_CSV, NN_FIT, NN_OPTIONS_COUNT } nn_options_kind;

/* Returns the table of the options that text can say, in the order in which settings have them: fields of
 * nn_classifier_options, nn_regressor_options, nn_csv_options or nn_fit_options, for help and reference tables. For
 * another kind it is empty. */
AD_API nn_fields nn_options_fields(nn_options_kind kind);

/* Options that were read from text. They own all that they point to. They do not change, so threads may share them. */
typedef struct nn_options nn_options;

/* Reads options. `text` NULL is "": all defaults. `allocator` is copied; NULL: malloc and free. It is for the options
 * that are read, and not among them. Returns NULL only when memory for the object is out; the caller closes it. Errors
 * are kept: an unknown name, with the name that was perhaps meant; a name twice; a name without a value; a value that
 * is none or out of its range, with what it must be; a quote that is not closed; another kind (AD_BAD_VALUE); memory.
 * What depends on several options is checked when the estimator is opened or the fit begins, layers and groups at the
 * first fit. */
AD_API nn_options *nn_options_parse(const char *text, nn_options_kind kind, const ad_allocator *allocator);

/* Frees the options. NULL is allowed. */
AD_API void nn_options_close(nn_options *options);

/* Return the options; NULL if they are of another kind, or in error. They last until nn_options_close. An estimator and
 * a reader copy them; a fit needs them until it ends. In a copy of those of a fit, validation data and a callback can
 * be added. */
AD_API const nn_classifier_options *nn_options_classifier(const nn_options *options);
AD_API const nn_regressor_options *nn_options_regressor(const nn_options *options);
AD_API const nn_csv_options *nn_options_csv(const nn_options *options);
AD_API const nn_fit_options *nn_options_fit(const nn_options *options);

/* Return the error and its message; AD_OK and "" if there is none. NULL gives AD_BAD_HANDLE, and a text that says so.
 */
AD_API ad_status nn_options_status(const nn_options *options);
AD_API const char *nn_options_message(const nn_options *options);

#endif
