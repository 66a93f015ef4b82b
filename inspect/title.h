#ifndef INSPECT_TITLE_H
#define INSPECT_TITLE_H
/* What a tape that is written is called. */
#include "escape.h"

/* Writes the title of the options, else the name of the loss and its formula, "y = tanh(r)", nothing if there is no
 * loss. A tape of more than 4,096 entries shows no formula. `options` may be NULL. */
void ad_put_title(ad_sink *sink, ad_ink ink, const ad_tape *t, const ad_write_options *options);

#endif
