/* Guards: choices that a replay makes again. */
#include "guards.h"

#include <gradtape/replay.h>

#include <stdio.h>

#include "../tape/names.h"
#include "recompute.h"
#include "rows.h"

static void guard_shape(ad_call *c)
{
    char text[AD_OPERAND_TEXT];
    if (ad_elements(c->x[0]) == 1)
        ad_result(c, 0, AD_I32, &AD_SCALAR);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "the condition %s must have one element", ad_operand_text(c, 0, text));
}

static void guard_run(ad_call *c) { *(int32_t *)c->y[0]->data = *(const int32_t *)c->x[0]->data != 0; }

static const ad_operator guard = {
    .name = "guard",
    .arity = 1,
    .types = "i",
    .properties = AD_NOT_DIFFERENTIABLE,
    .shape = guard_shape,
    .run = guard_run,
    .formula = "1 if the condition is not 0, else 0",
    .gradient = "none",
};

bool ad_guard(ad_tensor condition, const char *name)
{
    const ad_tensor y = ad_name(ad_apply1(&guard, condition), name);
    return !ad_is_inert(y) && *ad_i32(y);
}

bool ad_guard_greater(ad_tensor a, ad_tensor b, const char *name)
{
    return ad_guard(ad_apply2(&ad_operator_greater, a, b), name);
}

bool ad_is_guard(const ad_entry *e) { return e->op == &guard; }

bool ad_decides_as_recorded(ad_tape *t, const ad_entry *e, uint32_t id)
{
    const int32_t before = e->scalar.i32;
    if (!ad_recompute(t, id))
        return false;
    if (e->scalar.i32 == before)
        return true;
    t->replay.state = AD_RECORDING_CHANGED;
    snprintf(t->replay.reason, sizeof t->replay.reason, "the guard %.100s is %s now and was %s when recorded",
             ad_name_or(e, "without a name"), before ? "false" : "true", before ? "true" : "false");
    return false;
}

const ad_entry *ad_guard_from(const ad_tape *t, uint32_t first)
{
    for (uint32_t id = first; id < t->ends[AD_STEP]; id++)
        if (ad_is_guard(ad_entry_at(t, id)))
            return ad_entry_at(t, id);
    return NULL;
}
