/* Opaque constants. Their operator's formula says what they are; its kernel refuses to run again. */
#include "opaque.h"

#include <stdio.h>

#include "entries.h"
#include "leaves.h"
#include "names.h"

static void refuse_to_run(ad_call *c);

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

#define UNRECORDED .name = "gradient", .run = refuse_to_run, .formula = "a number that ad_backward did not record"

/* A sweep that comes to it does not run this: reverse/raw.c fails before. */
static void has_no_rule(ad_call *c, const void *const *dy, void *const *dx) { (void)c, (void)dy, (void)dx; }

static const ad_operator gradient = {UNRECORDED, .backward = has_no_rule};

/* It is called after its owner, as messages say it. */
static ad_tensor name_after(ad_tensor x, const ad_entry *owner)
{
    char text[160];
    if (!owner || !*ad_name_or(owner, ""))
        return x;
    snprintf(text, sizeof text, "the gradient of %.120s", ad_name_or(owner, ""));
    return ad_name(x, text);
}

ad_tensor ad_enter_gradient(ad_tape *t, const ad_entry *e, bool unrecorded)
{
    static const ad_operator constant = {UNRECORDED, .properties = AD_NOT_DIFFERENTIABLE};
    const uint32_t owner = unrecorded ? e->owner : 0;
    const ad_tensor x = enter(t, e, unrecorded ? &gradient : &constant);
    if (ad_is_inert(x) || !unrecorded)
        return x;
    ad_entry_at(t, x.id)->value.flags |= AD_WANTS_GRADIENT;
    return name_after(x, owner ? ad_entry_at(t, owner) : NULL);
}

bool ad_is_unrecorded(uint32_t id, const ad_entry *e)
{
    return ad_is_temporary(id) ? !(e->value.flags & AD_IS_FRESH) && e->owner : e->op == &gradient;
}

/* One that is an entry is called after its owner already. */
void ad_fail_unrecorded(ad_tape *t, uint32_t id, const char *who)
{
    char text[AD_TENSOR_TEXT];
    const ad_entry *e = ad_entry_at(t, id);
    const uint32_t owner = ad_is_temporary(id) && ad_is_unrecorded(id, e) ? e->owner : 0;
    ad_fail(t, AD_BAD_STATE,
            "%s: %s%s was not recorded by ad_backward, so it has no derivative: " AD_RECORD_GRADIENT
            "; if a constant is meant, take ad_detach of it",
            who, owner ? "the gradient of " : "", ad_tensor_text(t, owner ? owner : id, text));
}

static const ad_operator survivor = {.name = "return_to",
                                     .properties = AD_NOT_DIFFERENTIABLE,
                                     .run = refuse_to_run,
                                     .formula = "a tensor that survived a return to a position"};

ad_tensor ad_enter_survivor(ad_tape *t, const ad_entry *image) { return enter(t, image, &survivor); }

/* It runs in a replay only: the result is that of an entry. */
static void refuse_to_run(ad_call *c)
{
    char text[AD_TENSOR_TEXT];
    ad_tensor_text(c->tape, ad_id_around(c->tape, AD_STEP, c->y[0]), text);
    if (c->op == &survivor)
        ad_fail(c->tape, AD_BAD_STATE,
                "replay: %s survived a return to a position, so it cannot be computed again: record anew", text);
    else
        ad_fail(c->tape, AD_BAD_STATE,
                "replay: %s was not recorded by ad_backward, so it cannot be computed again: " AD_RECORD_GRADIENT,
                text);
}

bool ad_is_opaque(const ad_entry *e) { return e->op && e->op->run == refuse_to_run; }
