/* Entries of which nobody knows how they were made. */
#include "opaque.h"

#include <string.h>

#include "../reverse/pullback.h"

/* ---- Constants --------------------------------------------------------------------------------------------------- */

void ad_refuse_to_run(ad_call *c)
{
    /* In a replay the result is that of an entry. */
    const char *name = ad_name_or((const ad_entry *)(const void *)c->y[0], "");
    ad_call_fail(c, AD_BAD_STATE, "%s%s%s cannot be computed again: record anew", c->op->formula, *name ? ", " : "",
                 name);
}

ad_tensor ad_forget_how(ad_tensor input, const ad_operator *op)
{
    if (ad_is_inert(input))
        return input;
    ad_entry *e = ad_entry_at(input.tape, input.id);
    e->op = op;
    e->value.n_results = 1;
    return input;
}

bool ad_is_forgotten(const ad_entry *e) { return e->op && e->op->run == ad_refuse_to_run; }

ad_tensor ad_enter_gradient(ad_tape *t, const ad_entry *e)
{
    static const ad_operator gradient = {.name = "gradient",
                                         .properties = AD_NOT_DIFFERENTIABLE,
                                         .run = ad_refuse_to_run,
                                         .formula = "a number that ad_backward did not record"};
    return ad_forget_how(ad_constant(t, e), &gradient);
}

/* ---- What a rule carries out ------------------------------------------------------------------------------------- *
 * In a walk that is recorded a constant would be wrong: the value depends on what the rule was given. So it enters as
 * the result of an operator that is made for the call, of all that the rule could read, and that cannot be
 * differentiated either. */

typedef struct carried {
    ad_operator op;        /* the first member: its address is this one's */
    const ad_entry *image; /* the value, until it is there */
} carried;

static const carried *carried_of(const ad_operator *op) { return (const carried *)(const void *)op; }

static void carried_shape(ad_call *c)
{
    const ad_value *value = &carried_of(c->op)->image->value;
    ad_result(c, 0, (ad_type)value->type, value->shape);
}

static void carried_run(ad_call *c)
{
    const ad_entry *image = carried_of(c->op)->image;
    if (image)
        memcpy(c->y[0]->data, image->value.data,
               ad_elements(&image->value) * ad_type_bytes((ad_type)image->value.type));
    else
        ad_call_fail(c, AD_BAD_STATE,
                     "its rule carried a value out of a mark (ad_rewind), which cannot be computed again: record anew");
}

static void carried_vjp(ad_pullback *p)
{
    ad_fail(p->tape, AD_BAD_STATE,
            "%s: its rule carried a value out of a mark (ad_rewind), so its gradient cannot be differentiated",
            p->entry->op->name);
}

/* All operands of the rule's call, and the gradients of its results. */
static int gather_operands(ad_tape *t, const ad_pullback *p, ad_tensor *x)
{
    const ad_value *value = &p->entry->value;
    int n = 0;
    for (uint32_t i = 0; i < value->n_operands; i++)
        x[n++] = ad_handle(t, ad_operands_of(p->entry)[i]);
    for (uint32_t j = 0; j < value->n_results; j++)
        if (p->dy[j])
            x[n++] = ad_handle(t, p->dy[j]);
    return n;
}

static ad_tensor enter_from_rule(ad_tape *t, const ad_pullback *p, const ad_entry *image)
{
    ad_tensor y = ad_inert(t);
    carried *g = ad_arena_take(&t->step, sizeof *g);
    ad_storage *room = ad_pool_take(&t->pool, (p->entry->value.n_operands + AD_MAX_RESULTS) * sizeof(ad_tensor));
    if (g && room) {
        ad_tensor *x = ad_storage_data(room);
        const int n = gather_operands(t, p, x);
        *g = (carried){{.name = p->entry->op->name, .arity = n, .types = "*"}, image};
        g->op.shape = carried_shape;
        g->op.run = carried_run;
        g->op.vjp = carried_vjp;
        ad_apply(t, &g->op, x, n, NULL, &y);
        g->image = NULL;
    } else {
        ad_fail_memory(t, "rewind");
    }
    if (room)
        ad_pool_drop(&t->pool, room);
    return y;
}

bool ad_is_carried(const ad_operator *op) { return op->vjp == carried_vjp; }

ad_tensor ad_enter_kept(ad_tape *t, const ad_entry *image)
{
    static const ad_operator kept = {.name = "rewind",
                                     .properties = AD_NOT_DIFFERENTIABLE,
                                     .run = ad_refuse_to_run,
                                     .formula = "a tensor that came along from after a mark"};
    return t->walking ? enter_from_rule(t, t->walking, image) : ad_forget_how(ad_constant(t, image), &kept);
}
