#ifndef AUTODIFF_TAPE_NAMES_H
#define AUTODIFF_TAPE_NAMES_H
/* Names of tensors, as messages say them. */
#include "tape.h"

/* The name of an entry, or what it is called without one. */
static inline const char *ad_name_or(const ad_entry *e, const char *otherwise)
{
    return e->extra && e->extra->name && *e->extra->name ? e->extra->name : otherwise;
}

/* Writes "W2 [300,10]" for operand i of a call into text, and returns it. */
enum { AD_OPERAND_TEXT = AD_SHAPE_TEXT + 64 };
const char *ad_operand_text(const ad_call *c, int i, char text[AD_OPERAND_TEXT]);

/* Writes what a tensor is called into text, and returns it: its name; without one "state k1 [2]", or "exp #3" for a
 * scalar, by the numbers that ad_print shows; "a gradient" for a temporary. */
enum { AD_TENSOR_TEXT = AD_SHAPE_TEXT + 120 };
const char *ad_tensor_text(ad_tape *t, uint32_t id, char text[AD_TENSOR_TEXT]);

#endif
