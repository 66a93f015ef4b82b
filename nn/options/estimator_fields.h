#ifndef GRADTAPE_NN_ESTIMATOR_FIELDS_H
#define GRADTAPE_NN_ESTIMATOR_FIELDS_H
/* Private to nn: the tables of the options of estimators and of fits. What text cannot say has no row: layers, groups,
 * validation data, callback, allocator. */
#include <gradtape/estimator.h>
#include <gradtape/fields.h>

extern const nn_fields nn_classifier_fields; /* of nn_classifier_options */
extern const nn_fields nn_regressor_fields;  /* of nn_regressor_options */
extern const nn_fields nn_fit_fields;        /* of nn_fit_options, in which 0 stands for itself or for `standard` */

enum {
    NN_DEFAULT_BATCH = 32, /* rows of a batch */
    NN_MOST_KEPT = 1000    /* files before the last one that can be kept */
};

#endif
