/* Operators whose gradient is numeric. Their rule applies an operator that is made for the call: its operands are the
 * gradients of the results, the results and the operands; its results are the gradients of the operands. It can be
 * recorded like any other, and it is where differentiating a second time ends. */
#include <gradtape/operators.h>

#include <stdio.h>
#include <string.h>

#include "pullback.h"

enum { MOST_OPERANDS = 3 * AD_MAX_RESULTS };

typedef struct numeric {
    ad_operator op; /* the first member: its address is this one's */
    const ad_operator *original;
    int n_dy, n_y, n_x;
    unsigned wanted; /* bit i: dx of operand i */
    char name[80];
} numeric;

static const numeric *numeric_of(const ad_operator *op) { return (const numeric *)(const void *)op; }

static ad_value *operand(const ad_call *c, const numeric *g, int i) { return c->x[g->n_dy + g->n_y + i]; }

static void numeric_shape(ad_call *c)
{
    const numeric *g = numeric_of(c->op);
    for (int i = 0; i < g->n_x; i++) {
        const ad_value *x = operand(c, g, i);
        const bool wanted = g->wanted >> i & 1;
        ad_result(c, i, wanted ? (ad_type)x->type : AD_F32, wanted ? x->shape : &AD_SCALAR);
    }
}

static void numeric_run(ad_call *c)
{
    const numeric *g = numeric_of(c->op);
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
    const char *name = numeric_of(p->entry->op)->original->name;
    ad_fail(
        p->tape, AD_BAD_STATE,
        "%s: its gradient is numeric (backward) and cannot be differentiated: give the operator a rule in operators "
        "(vjp) to go on from there",
        name);
}

static void describe(numeric *g, const ad_pullback *p)
{
    const ad_operator *op = p->entry->op;
    *g = (numeric){.original = op, .n_dy = ad_result_count(op), .n_y = p->entry->value.n_results};
    g->n_x = op->arity;
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
    snprintf(g->name, sizeof g->name, "%.60s_backward", op->name);
}

static int gather_operands(const numeric *g, ad_pullback *p, ad_tensor x[MOST_OPERANDS])
{
    int n = 0;
    for (int j = 0; j < g->n_dy; j++)
        x[n++] = ad_dy_at(p, j);
    for (int j = 0; j < g->n_y; j++)
        x[n++] = ad_y_at(p, j);
    for (int i = 0; i < g->n_x; i++)
        x[n++] = ad_x(p, i);
    return n;
}

void ad_run_numeric_rule(ad_pullback *p)
{
    ad_tape *t = p->tape;
    numeric here, *g = t->recording ? ad_arena_take(&t->step, sizeof *g) : &here;
    ad_tensor x[MOST_OPERANDS], dx[AD_MAX_RESULTS];
    if (!g) {
        ad_fail_memory(t, p->entry->op->name);
        return;
    }
    describe(g, p);
    const int n = gather_operands(g, p, x);
    ad_apply(t, &g->op, x, n, p->entry->extra ? p->entry->extra->attributes : NULL, dx);
    for (int i = 0; i < g->n_x && t->status == AD_OK; i++)
        if (g->wanted >> i & 1)
            ad_give(p, i, dx[i]);
}
