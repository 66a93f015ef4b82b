/* The parts of a call on scalars as numbers. */
#include "scalar_parts.h"

#include <string.h>

#include "../forward/scalars.h"
#include "accumulate.h"

typedef union number {
    float f32;
    double f64;
} number;

/* The gradient of a leaf that an earlier sweep recorded, or that a rule around this sweep still sees. */
AD_NOINLINE static bool add_slowly(ad_tape *t, uint32_t x, uint8_t type, const number *part)
{
    uint32_t id;
    ad_entry *g = ad_append(t, AD_TEMPORARY, &id);
    if (!g)
        return false;
    ad_make_scalar(g, type);
    memcpy(&g->scalar, part, sizeof *part);
    ad_add_gradient(t, AD_GIVEN, NULL, x, ad_handle(t, id));
    ad_recycle_fresh(t);
    return t->status == AD_OK;
}

/* Makes a number the gradient of x, which has none. Returns false if there is no memory. */
AD_NOINLINE static bool begin_sum(ad_tape *t, ad_entry *x, uint8_t type, const number *part)
{
    uint32_t id;
    ad_entry *sum = ad_take_temporary(t, &id);
    if (!sum)
        return false;
    ad_make_scalar(sum, type);
    sum->value.flags = AD_IS_GRADIENT;
    memcpy(&sum->scalar, part, sizeof *part);
    x->gradient = id;
    return true;
}

/* Adds a part to the gradient of the operand x. */
static inline bool add_number(ad_tape *t, uint32_t x, uint32_t gradient, uint8_t type, const number *part)
{
    ad_entry *sum = ad_entry_at(t, gradient);
    if (!ad_is_own_number(gradient, sum))
        return add_slowly(t, x, type, part);
    if (type == AD_F64)
        sum->scalar.f64 += part->f64;
    else
        sum->scalar.f32 += part->f32;
    return true;
}

/* The part of each operand that wants one: dy, or an operator on the numbers of the call. */
static inline void find_parts(const ad_entry *e, ad_entry *const *x, void *const *of, number *parts)
{
    const struct ad_part_rule *rule = e->op->parts;
    for (uint32_t i = 0; i < e->value.n_operands; i++, rule++) {
        if (!(x[i]->value.flags & AD_WANTS_GRADIENT))
            continue;
        if (rule->op)
            ad_run_one(rule->op, ad_has_no_attributes(rule->op) ? NULL : e->extra->attributes, e->value.type, &parts[i],
                       of[rule->of[0]], of[rule->of[1]], of[rule->of[2]]);
        else
            memcpy(&parts[i], of[AD_DY], sizeof parts[i]);
    }
}

bool ad_give_numbers(ad_tape *t, ad_entry *e, ad_entry *dy)
{
    const uint32_t *operands = ad_operands_of(e), n = e->value.n_operands;
    uint32_t spare = e->gradient; /* until a sum has its place */
    ad_entry *x[AD_PART_ARITY];
    void *of[AD_PART_OPERANDS];
    number parts[AD_PART_ARITY];
    of[AD_DY] = &dy->scalar;
    of[AD_Y] = e->value.data;
    for (uint32_t i = 0; i < n; i++) {
        x[i] = ad_entry_at(t, operands[i]);
        of[AD_X0 + i] = x[i]->value.data;
    }
    find_parts(e, x, of, parts);
    e->gradient = 0;
    bool done = true;
    for (uint32_t i = 0; i < n && done; i++) {
        if (!(x[i]->value.flags & AD_WANTS_GRADIENT))
            continue;
        if (x[i]->gradient) {
            done = add_number(t, operands[i], x[i]->gradient, e->value.type, &parts[i]);
        } else if (spare && ad_make_another(dy)) {
            memcpy(&dy->scalar, &parts[i], sizeof parts[i]);
            x[i]->gradient = spare;
            spare = 0;
        } else {
            done = begin_sum(t, x[i], e->value.type, &parts[i]);
        }
    }
    if (spare)
        ad_recycle(t, dy, spare);
    return done;
}
