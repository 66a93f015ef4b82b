#ifndef AUTODIFF_TAPE_HANDLES_H
#define AUTODIFF_TAPE_HANDLES_H
/* Handles: whether they are valid, and what is wrong with them if not. */
#include "tape.h"

/* The entry of x for a call named `who`. On failure it returns NULL, and the tape, if there is one, is in error. */
ad_entry *ad_require(ad_tensor x, const char *who);

/* The same for a call that only reads: a tape in error can be read, because that is when its values are looked at. */
ad_entry *ad_require_to_read(ad_tensor x, const char *who);

/* The same for a call that does not read the value: a segment may have dropped it. */
const ad_entry *ad_require_to_look(ad_tensor x, const char *who);

/* Whether x is valid, except that its segment dropped its data. */
bool ad_is_value_dropped(const ad_tape *t, ad_tensor x);

/* Puts the tape in error: says why x, operand i of `who` (i < 0: its only one), is not a valid tensor of t. */
void ad_fail_handle(ad_tape *t, ad_tensor x, const char *who, int i);

/* The handle that the caller had of an entry before its segment dropped it. */
ad_tensor ad_handle_as_recorded(ad_tape *t, uint32_t id);

#endif
