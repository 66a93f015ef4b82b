#ifndef AUTODIFF_TAPE_SCOPES_H
#define AUTODIFF_TAPE_SCOPES_H
/* Scopes: named stretches of the recording. */
#include "tape.h"

/* Brings the scopes back to what they were when the position of frame f was taken. */
void ad_return_scopes(ad_tape *t, const ad_frame *f);

#endif
