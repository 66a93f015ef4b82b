/* Values of tensors. */
#include "values.h"

/* ---- Which one is shown ------------------------------------------------------------------------------------------ */

/* What a leaf, or the one that a view is of, was before its first change is what the recording used; NULL if it was not
 * kept. */
static const void *data_before_change(ad_tensor x)
{
    ad_tensor leaf = x;
    while (ad_operator_of(leaf))
        leaf = ad_operand(leaf, 0);
    const size_t n = ad_leaf_change_count(leaf.tape);
    for (size_t i = 0; i < n; i++) {
        const ad_leaf_change *change = ad_leaf_change_at(leaf.tape, i);
        if (change->leaf.id == leaf.id)
            return change->before.data;
    }
    return NULL;
}

ad_numbers ad_value_now(ad_tensor x)
{
    return (ad_numbers){ad_type_of(x), ad_shape_of(x), ad_size_of(x), -1, ad_look_at(x)};
}

ad_value_state ad_value_to_show(ad_tensor x, ad_numbers *value)
{
    *value = (ad_numbers){ad_type_of(x), ad_shape_of(x), ad_size_of(x), -1, NULL};
    if (ad_is_dropped(x))
        return AD_VALUE_DROPPED;
    value->data = ad_look_at(x);
    if (!ad_is_changed(x))
        return AD_VALUE_USED;
    const void *before = data_before_change(x);
    value->data = before ? before : value->data;
    return before ? AD_VALUE_BEFORE : AD_VALUE_AFTER;
}

bool ad_find_value(ad_tensor x, ad_numbers *value)
{
    const ad_value_state state = ad_value_to_show(x, value);
    return state == AD_VALUE_USED || state == AD_VALUE_BEFORE;
}

/* ---- Elements ---------------------------------------------------------------------------------------------------- */

double ad_element_of(const void *data, ad_type type, size_t i)
{
    if (type == AD_I32)
        return ((const int32_t *)data)[i];
    return type == AD_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

bool ad_is_all_zero(const ad_numbers *x)
{
    for (size_t i = 0; x->data && i < x->n; i++)
        if (ad_element_of(x->data, x->type, i) != 0)
            return false;
    return x->n > 0 && (x->data || x->norm == 0);
}

bool ad_is_byproduct(ad_tensor y)
{
    const ad_operator *op = ad_operator_of(y);
    return op && ad_result_number(y) >= (op->n_results ? op->n_results : 1);
}
