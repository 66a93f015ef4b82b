#ifndef GRADTAPE_NN_ESTIMATOR_FIELDS_H
#define GRADTAPE_NN_ESTIMATOR_FIELDS_H
/* Private to nn: the tables of the options of estimators. What text cannot say has no row: layers, groups, allocator.
 */
#include <gradtape/fields.h>

extern const nn_fields nn_classifier_fields; /* of nn_classifier_options */
extern const nn_fields nn_regressor_fields;  /* of nn_regressor_options */

#endif
