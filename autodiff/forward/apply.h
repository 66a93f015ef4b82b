#ifndef AUTODIFF_APPLY_H
#define AUTODIFF_APPLY_H
/* Running what is recorded. */
#include "../tape/tape.h"

/* Runs the kernel of the call whose result 0 is entry `id` again, on the values that its operands have now. Results
 * keep their places. False, and the tape is in error, if the kernel fails. */
bool ad_run_again(ad_tape *t, uint32_t id);

#endif
