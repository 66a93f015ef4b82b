#ifndef GRADTAPE_NN_SCHEDULES_H
#define GRADTAPE_NN_SCHEDULES_H
/* Private to nn. */
#include <gradtape/schedules.h>

/* Returns the options with every default filled in. */
nn_schedule_options nn_schedule_resolve(const nn_schedule_options *options);

/* What is wrong with resolved options, perhaps in `text` of `size` bytes; NULL if nothing is. */
const char *nn_schedule_mistake(const nn_schedule_options *options, char *text, size_t size);

/* nn_schedule_factor for resolved options in which nothing is wrong. That of a row of a user's own may be any number:
 * nn_step_by checks it. */
double nn_schedule_factor_at(const nn_schedule_options *options, int64_t step);

#endif
