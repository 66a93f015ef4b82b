/* Guards: choices that a replay makes again. */
#include "guards.h"

#include <gradtape/operators.h>
#include <gradtape/replay.h>

#include "../tape/opaque.h"

static void guard_shape(ad_call *c)
{
    char text[AD_OPERAND_TEXT];
    if (ad_elements(c->x[0]) == 1)
        ad_result(c, 0, AD_I32, &AD_SCALAR);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "the condition %s must have one element", ad_operand_text(c, 0, text));
}

static void guard_run(ad_call *c) { *(int32_t *)c->y[0]->data = *(const int32_t *)c->x[0]->data != 0; }

static const ad_operator guard = {.name = "guard",
                                  .arity = 1,
                                  .types = "i",
                                  .properties = AD_NOT_DIFFERENTIABLE,
                                  .shape = guard_shape,
                                  .run = guard_run,
                                  .formula = "1 if the condition is not 0, else 0",
                                  .gradient = "none"};

bool ad_guard(ad_tensor condition, const char *name)
{
    const ad_tensor y = ad_name(ad_apply1(&guard, condition), name);
    return !ad_is_inert(y) && *ad_i32(y);
}

bool ad_guard_greater(ad_tensor a, ad_tensor b, const char *name) { return ad_guard(ad_greater(a, b), name); }

/* ---- Kept and lost ----------------------------------------------------------------------------------------------- */

static const ad_operator lost = {.name = "guard",
                                 .properties = AD_NOT_DIFFERENTIABLE,
                                 .run = ad_refuse_to_run,
                                 .formula = "a choice that was made after a mark and rewound"};

bool ad_is_guard(const ad_entry *e) { return e->op == &guard || e->op == &lost; }

const char *ad_guard_from(const ad_tape *t, uint32_t first)
{
    for (uint32_t id = first; id < t->ends[AD_STEP]; id++) {
        const ad_entry *e = ad_entry_at(t, id);
        if (ad_is_guard(e))
            return ad_name_or(e, "");
    }
    return NULL;
}

/* One says as much as many. */
void ad_lose_guard(ad_tape *t, const char *name)
{
    const uint32_t count = t->ends[AD_STEP];
    if (count == 1 || ad_entry_at(t, count - 1)->op != &lost)
        ad_name(ad_forget_how(ad_input(t, AD_I32, AD_SCALAR, NULL), &lost), name);
}
