#ifndef GRADTAPE_NN_PROGRESS_H
#define GRADTAPE_NN_PROGRESS_H
/* Private to nn: the end of a line that shows progress. */
#include <gradtape/progress.h>

/* Ends the line that nn_show_progress left open, if there is one: a fit that failed or was stopped calls it, so that
 * what is written next does not stand behind the line. */
void nn_end_progress(nn_shown *shown);

#endif
