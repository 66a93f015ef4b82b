/* Raw results: numeric gradients, and survivors in a rule. */
#include "raw.h"

#include <stdio.h>
#include <string.h>

#include "../tape/opaque.h"
#include "../tape/status.h"

/* All operands of a numeric gradient: gradients of the results, the results, the operands. */
enum { MOST_OPERANDS = 3 * AD_MAX_RESULTS };

typedef struct raw {
    ad_operator op; /* the first member: its address is this one's */
    char name[80];
    const ad_entry *image;       /* of a survivor: its value, until the result has it */
    const ad_operator *original; /* of a numeric gradient: whose it is */
    int n_dy, n_y, n_x;
    unsigned wanted; /* bit i: dx of operand i */
} raw;

static const raw *raw_of(const ad_operator *op) { return (const raw *)(const void *)op; }

/* ---- Survivors in a rule ----------------------------------------------------------------------------------------- */

static void survivor_shape(ad_call *c)
{
    const ad_value *value = &raw_of(c->op)->image->value;
    ad_result(c, 0, (ad_type)value->type, value->shape);
}

static void survivor_run(ad_call *c)
{
    const ad_entry *image = raw_of(c->op)->image;
    if (image)
        memcpy(c->y[0]->data, image->value.data, ad_elements(&image->value) * ad_bytes_of(image->value.type));
    else
        ad_call_fail(
            c, AD_BAD_STATE,
            "its rule carried a value out of a position (ad_return_to), which cannot be computed again: record anew");
}

static void survivor_vjp(ad_pullback *p)
{
    ad_fail(p->tape, AD_BAD_STATE,
            "%s: its rule carried a value out of a position (ad_return_to), so its gradient cannot be differentiated",
            p->entry->op->name);
}

bool ad_is_raw(const ad_operator *op) { return op->vjp == survivor_vjp; }

/* All operands of the rule's call, and the gradients of its results. */
static int gather_inputs(const ad_pullback *p, ad_tensor *x)
{
    const ad_value *value = &p->entry->value;
    int n = 0;
    for (uint32_t i = 0; i < value->n_operands; i++)
        x[n++] = ad_handle(p->tape, ad_operands_of(p->entry)[i]);
    for (uint32_t j = 0; j < value->n_results; j++)
        if (p->dy[j])
            x[n++] = ad_handle(p->tape, p->dy[j]);
    return n;
}

ad_tensor ad_enter_from_rule(ad_pullback *p, const ad_entry *image)
{
    ad_tape *t = p->tape;
    ad_tensor y = ad_inert(t);
    raw *g = ad_arena_take(&t->step, sizeof *g);
    ad_storage *room = ad_pool_take(&t->pool, (p->entry->value.n_operands + AD_MAX_RESULTS) * sizeof(ad_tensor));
    if (g && room) {
        ad_tensor *x = ad_storage_data(room);
        const int n = gather_inputs(p, x);
        *g = (raw){.image = image};
        g->op = (ad_operator){.name = p->entry->op->name,
                              .arity = n,
                              .types = "*",
                              .shape = survivor_shape,
                              .run = survivor_run,
                              .vjp = survivor_vjp};
        ad_apply(t, &g->op, x, n, NULL, &y);
        g->image = NULL;
    } else {
        ad_fail_memory(t, "return_to");
    }
    ad_pool_drop(&t->pool, room);
    return y;
}

/* ---- Numeric gradients ------------------------------------------------------------------------------------------- */

static void numeric_shape(ad_call *c)
{
    const raw *g = raw_of(c->op);
    for (int i = 0; i < g->n_x; i++) {
        const ad_value *x = c->x[g->n_dy + g->n_y + i];
        const bool wanted = g->wanted >> i & 1;
        ad_result(c, i, wanted ? (ad_type)x->type : AD_F32, wanted ? x->shape : &AD_SCALAR);
    }
}

static void numeric_run(ad_call *c)
{
    const raw *g = raw_of(c->op);
    const void *dy[AD_MAX_RESULTS] = {0};
    void *dx[AD_MAX_RESULTS] = {0};
    ad_call inner = *c;
    inner.op = g->original;
    inner.n_x = g->n_x;
    inner.n_y = g->n_y;
    inner.x = c->x + g->n_dy + g->n_y;
    inner.y = c->x + g->n_dy;
    for (int j = 0; j < g->n_dy; j++)
        dy[j] = c->x[j]->data;
    for (int i = 0; i < g->n_x; i++)
        if (g->wanted >> i & 1)
            dx[i] = c->y[i]->data;
        else
            *(float *)c->y[i]->data = 0;
    g->original->backward(&inner, dy, dx);
}

static void numeric_vjp(ad_pullback *p)
{
    ad_fail(p->tape, AD_BAD_STATE,
            "%s: its gradient is numeric (backward) and cannot be differentiated: give the operator a rule in "
            "operators (vjp) to go on from there",
            raw_of(p->entry->op)->original->name);
}

static void describe_numeric(raw *g, const ad_pullback *p)
{
    const ad_operator *op = p->entry->op;
    *g = (raw){.original = op, .n_dy = ad_result_count(op), .n_y = p->entry->value.n_results, .n_x = op->arity};
    snprintf(g->name, sizeof g->name, "%.60s_backward", op->name);
    g->op = (ad_operator){.name = g->name,
                          .arity = g->n_dy + g->n_y + g->n_x,
                          .n_results = g->n_x,
                          .types = "*",
                          .shape = numeric_shape,
                          .run = numeric_run,
                          .vjp = numeric_vjp};
    memcpy(g->op.attributes, op->attributes, sizeof op->attributes);
    for (int i = 0; i < g->n_x; i++)
        if (ad_wants(p, i))
            g->wanted |= 1U << i;
}

void ad_run_raw_rule(ad_pullback *p)
{
    ad_tape *t = p->tape;
    if (ad_is_opaque(p->entry)) {
        ad_fail_unrecorded(t, p->frame.id, "backward"); /* a functional sweep does not come here */
        return;
    }
    raw here, *g = t->recording ? ad_arena_take(&t->step, sizeof *g) : &here;
    ad_tensor x[MOST_OPERANDS], dx[AD_MAX_RESULTS];
    if (!g) {
        ad_fail_memory(t, p->entry->op->name);
        return;
    }
    describe_numeric(g, p);
    int n = 0;
    for (int j = 0; j < g->n_dy; j++)
        x[n++] = ad_dy_at(p, j);
    for (int j = 0; j < g->n_y; j++)
        x[n++] = ad_y_at(p, j);
    for (int i = 0; i < g->n_x; i++)
        x[n++] = ad_x(p, i);
    ad_apply(t, &g->op, x, n, ad_entry_attributes(p->entry), dx);
    for (int i = 0; i < g->n_x && t->status == AD_OK; i++)
        if (g->wanted >> i & 1)
            ad_give(p, i, dx[i]);
}
