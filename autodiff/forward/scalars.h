#ifndef AUTODIFF_FORWARD_SCALARS_H
#define AUTODIFF_FORWARD_SCALARS_H
/* Calls on scalars, quickly. A call on scalars has no shape to find, and what it must remember fits into an entry. All
 * other calls take the general path, which also reports errors. */
#include "../tape/frames.h"
#include "map.h"

/* What is known of a call while its operands are taken. The span that its loop gets stands beside it: a struct whose
 * address is given away is kept in memory. Only what a loop over one element reads is set there. */
typedef struct ad_scalar_call {
    bool recording;
    uint32_t end;  /* the first id of a table that operands cannot be from */
    uint8_t type;  /* of all operands */
    uint8_t flags; /* of any operand */
} ad_scalar_call;

static inline bool ad_may_be_scalar(const ad_tape *t, const ad_operator *op, int n, const ad_attribute *attributes)
{
    return op && op->run == ad_map && t && t->status == AD_OK && !t->checking && !(t->changes.n && t->frame) &&
           op->shape == ad_broadcast_shape && n == op->arity &&
           (attributes || op->attributes[0].kind == AD_ATTRIBUTE_NONE) &&
           (t->recording ? n <= 2 && !attributes : n < AD_SPAN_ARRAYS);
}

#define AD_SCALAR_CALL(records)                                                                                        \
    {                                                                                                                  \
        .recording = (records), .end = (uint32_t)((records) ? AD_TEMPORARY : AD_TABLES) << AD_INDEX_BITS,              \
        .type = AD_I32                                                                                                 \
    }

/* Takes x as operand i, if it can be one as it is. */
static inline bool ad_take_scalar(ad_scalar_call *c, ad_span *span, const ad_tape *t, ad_tensor x, int i)
{
    if (x.tape != t || x.id - 1 >= c->end - 1 || x.id >= t->ends[x.id >> AD_INDEX_BITS])
        return false;
    const ad_entry *e = ad_entry_at(t, x.id);
    if (e->generation != x.generation || e->value.shape != &ad_scalar_shape_value ||
        (i ? e->value.type != c->type : e->value.type == AD_I32))
        return false;
    c->type = e->value.type;
    c->flags |= e->value.flags;
    span->array[i + 1] = e->value.data;
    span->step[i + 1] = 0;
    return true;
}

/* Runs the row's own loop on the numbers in the entries. a and b are the ids of the first operands of n. Returns an
 * inert tensor if there is no memory. */
static inline ad_tensor ad_run_scalar(const ad_scalar_call *c, ad_span *span, ad_tape *t, const ad_operator *op, int n,
                                      const ad_attribute *attributes, uint32_t a, uint32_t b)
{
    uint32_t id;
    ad_entry *e = ad_append(t, c->recording ? AD_STEP : AD_TEMPORARY, &id);
    if (!e)
        return ad_inert(t);
    ad_make_scalar(e, c->type);
    span->array[0] = &e->scalar;
    span->n = 1;
    span->constant = attributes ? attributes[0].real : 0;
    if (c->recording) {
        e->op = op;
        e->value.n_results = 1;
        e->value.n_operands = (uint32_t)n;
        e->value.flags = c->flags & AD_WANTS_GRADIENT;
        e->u.operands[0] = a;
        e->u.operands[1] = b;
    }
    op->loops->of[c->type][AD_BASELINE](span); /* of one element a loop without vectors is the fastest */
    return (ad_tensor){.tape = t, .id = id, .generation = e->generation};
}

#endif
