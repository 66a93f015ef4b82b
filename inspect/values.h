#ifndef INSPECT_VALUES_H
#define INSPECT_VALUES_H
/* Values of tensors: which one is shown, and its elements. */
#include <gradtape/inspect.h>

/* What is known of a value. */
typedef enum ad_value_state {
    AD_VALUE_DROPPED, /* its segment dropped it */
    AD_VALUE_USED,    /* it is the one that the recording used */
    AD_VALUE_BEFORE,  /* so too: the one before a change of the leaf, or of the leaf that it is a view of */
    AD_VALUE_AFTER,   /* it is the one after such a change: the one that the recording used was not kept */
} ad_value_state;

/* Gives the value of x that is shown, and says which one it is. Its norm is not computed. Where it was dropped, its
 * data is NULL. */
ad_value_state ad_value_to_show(ad_tensor x, ad_numbers *value);

/* Whether x is a leaf that was changed since the recording read it, or a view of one. */
static inline bool ad_is_after_change(ad_value_state state)
{
    return state == AD_VALUE_BEFORE || state == AD_VALUE_AFTER;
}

/* Whether x has a value: its segment did not drop it. */
static inline bool ad_has_value(ad_tensor x) { return !ad_is_dropped(x); }

/* The value that is there now; its data is NULL where it was dropped. */
ad_numbers ad_value_now(ad_tensor x);

/* Gives the value of x that the recording used. Returns false if it is not known. */
bool ad_find_value(ad_tensor x, ad_numbers *value);

/* Element i of an array of a type. */
double ad_element_of(const void *data, ad_type type, size_t i);

/* Whether all numbers are 0. */
bool ad_is_all_zero(const ad_numbers *numbers);

/* Whether y is for its operator's gradient rule only. */
bool ad_is_byproduct(ad_tensor y);

#endif
