/* Gradients of the last ad_backward. */
#include "gradients.h"

#include <gradtape/backward.h>

#include "statistics.h"

/* The first part of the last sweep. */
static size_t last_sweep(const ad_tape *t)
{
    const size_t n = ad_part_count(t, AD_BAND_BACKWARD);
    const int sweep = n ? ad_backward_part(t, n - 1)->sweep : 0;
    size_t from = 0, to = n;
    while (from < to) {
        const size_t middle = (from + to) / 2;
        if (ad_backward_part(t, middle)->sweep < sweep)
            from = middle + 1;
        else
            to = middle;
    }
    while (from < n && ad_backward_part(t, from)->origin == AD_FROM_BEFORE)
        from++;
    return from;
}

bool ad_is_part_of(const ad_part *part, ad_tensor x)
{
    if (part->of.id != x.id)
        return false;
    const bool is_leaf = !ad_operator_of(x);
    return is_leaf || part->sweep == ad_backward_part(x.tape, ad_part_count(x.tape, AD_BAND_BACKWARD) - 1)->sweep;
}

ad_tensor ad_sweep_began_at(const ad_tape *t)
{
    const ad_part *seed = ad_backward_part(t, last_sweep(t));
    return seed ? seed->of : (ad_tensor){0};
}

/* Rules run from the last entry to the first, so that the parts of a sweep stand in the falling order of who gave them.
 */
size_t ad_parts_from(ad_tensor y, size_t *n)
{
    const ad_tape *t = y.tape;
    const uint32_t call = y.id - (uint32_t)ad_result_number(y);
    const size_t end = ad_part_count(t, AD_BAND_BACKWARD);
    size_t from = last_sweep(t) + 1, to = end;
    while (from < to) {
        const size_t middle = (from + to) / 2;
        if (ad_backward_part(t, middle)->from.id > call)
            from = middle + 1;
        else
            to = middle;
    }
    *n = 0;
    while (from + *n < end && ad_backward_part(t, from + *n)->from.id == call)
        ++*n;
    return from;
}

const ad_part *ad_part_to(ad_tensor y, int place)
{
    size_t n;
    const size_t first = ad_parts_from(y, &n);
    for (size_t i = first; i < first + n; i++)
        if (ad_backward_part(y.tape, i)->place == place)
            return ad_backward_part(y.tape, i);
    return NULL;
}

static ad_numbers numbers_of(ad_tensor g)
{
    ad_numbers numbers = ad_value_now(g);
    numbers.norm = ad_statistics_of(numbers.data, numbers.type, numbers.n).norm;
    return numbers;
}

bool ad_find_gradient(ad_tensor x, ad_numbers *gradient)
{
    if (!ad_is_dropped(x) && ad_has_gradient(x)) {
        *gradient = numbers_of(ad_gradient(x));
        return true;
    }
    size_t n;
    const size_t first = ad_parts_from(x, &n);
    const ad_part *part = n ? ad_backward_part(x.tape, first) : NULL;
    const int j = ad_result_number(x);
    if (part && j < part->n_upstream && ad_is_computed(&part->upstream[j])) {
        *gradient = part->upstream[j];
        return true;
    }
    return false;
}
