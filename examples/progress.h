#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H
#include <gradtape/classifier.h>

/* A callback for nn_classifier_fit: loss, steps a second and time left on stderr; a line that moves where that is a
 * terminal, a plain line now and then where it is not. */
nn_callback show_progress;

#endif
