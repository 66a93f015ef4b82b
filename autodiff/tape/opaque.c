/* Opaque constants. Their operator's formula says what they are; its kernel refuses to run again. */
#include "opaque.h"

#include "leaves.h"
#include "names.h"

static void refuse_to_run(ad_call *c)
{
    /* In a replay the result is that of an entry. */
    const char *name = ad_name_or((const ad_entry *)(const void *)c->y[0], "");
    ad_call_fail(c, AD_BAD_STATE, "%s%s%s cannot be computed again: record anew", c->op->formula, *name ? ", " : "",
                 name);
}

static ad_tensor enter(ad_tape *t, const ad_entry *value, const ad_operator *op)
{
    const ad_tensor x = ad_constant(t, value);
    if (ad_is_inert(x))
        return x;
    ad_entry *e = ad_entry_at(t, x.id);
    e->op = op;
    e->value.n_results = 1;
    return x;
}

ad_tensor ad_enter_gradient(ad_tape *t, const ad_entry *e)
{
    static const ad_operator gradient = {.name = "gradient",
                                         .properties = AD_NOT_DIFFERENTIABLE,
                                         .run = refuse_to_run,
                                         .formula = "a number that ad_backward did not record"};
    return enter(t, e, &gradient);
}

ad_tensor ad_enter_survivor(ad_tape *t, const ad_entry *image)
{
    static const ad_operator survivor = {.name = "return_to",
                                         .properties = AD_NOT_DIFFERENTIABLE,
                                         .run = refuse_to_run,
                                         .formula = "a tensor that survived a return to a position"};
    return enter(t, image, &survivor);
}

bool ad_is_opaque(const ad_entry *e) { return e->op && e->op->run == refuse_to_run; }
