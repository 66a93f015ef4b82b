/* Filling leaves with one value, or with random numbers. */
#include <gradtape/update.h>

#include <float.h>
#include <math.h>

#include "../base/random.h"
#include "handles.h"
#include "update.h"
#include "versions.h"

static void put(ad_entry *e, size_t i, double value)
{
    if (e->value.type == AD_F32)
        ((float *)e->value.data)[i] = (float)value;
    else if (e->value.type == AD_F64)
        ((double *)e->value.data)[i] = value;
    else
        ((int32_t *)e->value.data)[i] = (int32_t)value;
}

void ad_set_all(ad_entry *e, double value)
{
    for (size_t i = 0; i < ad_elements(&e->value); i++)
        put(e, i, value);
}

bool ad_check_fits(ad_tape *t, const ad_entry *e, double value, const char *who)
{
    if (e->value.type != AD_I32 || (value >= INT32_MIN && value <= INT32_MAX && value == floor(value)))
        return true;
    ad_fail(t, AD_BAD_VALUE, "%s: %g does not fit into %s of i32", who, value, ad_leaf_name(e));
    return false;
}

ad_status ad_fill(ad_tensor leaf, double value)
{
    ad_entry *e = ad_require_persistent(leaf, "fill");
    if (!e || !ad_check_fits(leaf.tape, e, value, "fill") || !ad_note_change(leaf.tape, leaf.id, "fill"))
        return ad_status_after(leaf.tape);
    ad_set_all(e, value);
    return AD_OK;
}

/* Of u in [0, 1) a number in [low, high): low + (high - low) u, in a form that does not overflow. Where that rounds to
 * high the number below it is taken. */
static double between(const double range[2], double u, uint8_t type)
{
    const double x = range[0] * (1 - u) + range[1] * u;
    if (type == AD_F64)
        return x < range[1] || range[0] == range[1] ? x : nextafter(range[1], range[0]);
    const float narrow = (float)x, high = (float)range[1];
    return (double)(narrow < high || range[0] == range[1] ? narrow : nextafterf(high, (float)range[0]));
}

ad_status ad_fill_uniform(ad_tensor leaf, const double range[2], uint64_t seed, uint64_t stream)
{
    ad_entry *e = ad_require_persistent(leaf, "fill_uniform");
    if (!e)
        return ad_status_after(leaf.tape);
    if (e->value.type == AD_I32)
        return ad_fail(leaf.tape, AD_BAD_TYPE, "fill_uniform: %s is i32: it must be f32 or f64", ad_leaf_name(e));
    if (!range || !isfinite(range[0]) || !isfinite(range[1]) || range[0] > range[1])
        return ad_fail(leaf.tape, AD_BAD_VALUE, "fill_uniform: the range must be two finite numbers, the lower first");
    if (!ad_note_change(leaf.tape, leaf.id, "fill_uniform"))
        return ad_status_after(leaf.tape);
    for (size_t i = 0; i < ad_elements(&e->value); i++)
        put(e, i, between(range, ad_random_uniform(seed, stream, i), e->value.type));
    return AD_OK;
}

static bool check_normal(ad_tape *t, const ad_entry *e, double mean, double deviation)
{
    const double largest = e->value.type == AD_F32 ? (double)FLT_MAX : DBL_MAX;
    if (e->value.type == AD_I32)
        ad_fail(t, AD_BAD_TYPE, "fill_normal: %s is i32: it must be f32 or f64", ad_leaf_name(e));
    else if (!isfinite(mean) || !isfinite(deviation) || deviation < 0)
        ad_fail(t, AD_BAD_VALUE,
                "fill_normal: the mean %g and the deviation %g must be finite, the deviation at least 0", mean,
                deviation);
    else if (!(fabs(mean) + AD_LARGEST_NORMAL * deviation <= largest))
        ad_fail(t, AD_BAD_VALUE, "fill_normal: numbers of the mean %g and the deviation %g do not fit into %s of %s",
                mean, deviation, ad_leaf_name(e), ad_type_name((ad_type)e->value.type));
    else
        return true;
    return false;
}

ad_status ad_fill_normal(ad_tensor leaf, double mean, double deviation, uint64_t seed, uint64_t stream)
{
    uint32_t words[AD_WORDS];
    double z[2];
    ad_entry *e = ad_require_persistent(leaf, "fill_normal");
    if (!e || !check_normal(leaf.tape, e, mean, deviation) || !ad_note_change(leaf.tape, leaf.id, "fill_normal"))
        return ad_status_after(leaf.tape);
    for (size_t i = 0, n = ad_elements(&e->value); i < n; i++) {
        if (i % AD_WORDS == 0)
            ad_random_words(seed, stream, i, AD_WORDS, words);
        if (i % 2 == 0)
            ad_normal_pair(words + i % AD_WORDS, z);
        put(e, i, mean + deviation * z[i % 2]);
    }
    return AD_OK;
}
