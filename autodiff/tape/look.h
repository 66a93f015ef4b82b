#ifndef AUTODIFF_TAPE_LOOK_H
#define AUTODIFF_TAPE_LOOK_H
/* Looking at what was recorded. */
#include <gradtape/inspect.h>

#include "tape.h"

/* Whether i counts one of the operands of y, whose entry is e. If not, the tape is in error. */
bool ad_check_operand(ad_tensor y, const ad_entry *e, int i, const char *who);

#endif
