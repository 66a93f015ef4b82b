/* Applying an operator: check, find operands, shape, run, record. */
#include <string.h>

#include "../tape/handles.h"
#include "../tape/opaque.h"
#include "../tape/reset.h"
#include "../tape/status.h"
#include "../tape/versions.h"
#include "call.h"
#include "check.h"
#include "scalars.h"

enum { FEW_OPERANDS = 8 };

/* ---- Recording --------------------------------------------------------------------------------------------------- */

/* The bytes of a call's attributes. The last takes no more room than its kind needs: most calls have one, a number. */
static size_t attribute_bytes(const ad_operator *op)
{
    size_t n = 0;
    while (n < AD_MAX_ATTRIBUTES && op->attributes[n].kind != AD_ATTRIBUTE_NONE)
        n++;
    if (n == 0)
        return 0;
    const ad_attribute_kind last = op->attributes[n - 1].kind;
    const bool is_number = last == AD_ATTRIBUTE_REAL || last == AD_ATTRIBUTE_INTEGER || last == AD_ATTRIBUTE_TYPE;
    return (n - 1) * sizeof(ad_attribute) + (is_number ? sizeof(int64_t) : sizeof(ad_attribute));
}

/* A copy in the arena of the step. Returns NULL for nothing, or if there is no memory. */
static const void *copy_to_step(ad_tape *t, const void *from, size_t bytes)
{
    void *copy = bytes ? ad_arena_take(&t->step, bytes) : NULL;
    return copy ? memcpy(copy, from, bytes) : NULL;
}

/* What does not fit into an entry: more than two operands, and attributes. All results share it. */
static bool record_extra(const ad_running_call *r, ad_extra *shared)
{
    const ad_call *c = &r->call;
    const size_t n_x = c->n_x > 2 ? (size_t)c->n_x : 0, attributes = attribute_bytes(c->op);
    shared->operands = copy_to_step(c->tape, r->x_ids, n_x * sizeof *r->x_ids);
    shared->attributes = copy_to_step(c->tape, c->attributes, attributes);
    if ((!n_x || shared->operands) && (!attributes || shared->attributes))
        return true;
    ad_fail_memory(c->tape, c->op->name);
    return false;
}

static bool record_result(const ad_running_call *r, int j, const ad_extra *shared, bool wants)
{
    const ad_call *c = &r->call;
    ad_entry *e = ad_entry_at(c->tape, r->y_ids[j]);
    if (shared->operands || shared->attributes) {
        ad_extra *extra = ad_extra_of(c->tape, r->y_ids[j]);
        if (!extra)
            return false;
        extra->operands = shared->operands;
        extra->attributes = shared->attributes;
    }
    e->op = c->op;
    e->value.result = (uint8_t)j;
    e->value.n_results = (uint8_t)c->n_y;
    e->value.n_operands = (uint32_t)c->n_x;
    for (int i = 0; i < c->n_x && i < 2; i++)
        e->u.operands[i] = r->x_ids[i];
    if (j < ad_result_count(c->op) && wants && e->value.type != AD_I32)
        e->value.flags |= AD_WANTS_GRADIENT;
    return true;
}

static bool record(const ad_running_call *r)
{
    const ad_call *c = &r->call;
    ad_extra shared = {0};
    if (!record_extra(r, &shared))
        return false;
    unsigned flags = 0;
    for (int i = 0; i < c->n_x; i++)
        flags |= c->x[i]->flags;
    const bool wants = flags & AD_WANTS_GRADIENT && !(c->op->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS));
    for (int j = 0; j < c->n_y; j++)
        if (!record_result(r, j, &shared, wants))
            return false;
    *ad_checked_place(c->tape, c->op) = c->op;
    return true;
}

/* ---- The general path -------------------------------------------------------------------------------------------- */

/* Finds operand i. A gradient that was not recorded enters a recording as a constant. */
static bool find_operand(ad_tape *t, const ad_operator *op, ad_tensor x, int i, uint32_t *id, ad_value **value)
{
    const ad_entry *e = ad_entry_of(t, x);
    if (!e) {
        ad_fail_handle(t, x, op->name, i);
        return false;
    }
    if (t->recording && ad_table_of(x) == AD_TEMPORARY)
        x = ad_enter_gradient(t, e);
    *id = x.id;
    *value = &ad_entry_at(t, x.id)->value;
    return x.id != 0 && ad_may_read(t, x.id);
}

/* Applies the operator to n operands. There is room for their ids and values. */
static bool apply_to(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
                     ad_value **values, uint32_t *ids, ad_tensor *y)
{
    for (int i = 0; i < n; i++)
        if (!find_operand(t, op, x[i], i, &ids[i], &values[i]))
            return false;
    ad_running_call r;
    ad_begin_call(&r, t, op, attributes, n, ad_result_count(op) + op->n_byproducts, values);
    r.x_ids = ids;
    if (!ad_check_types(&r.call) || !ad_run_shape_rule(&r) || !ad_run_kernel(&r) || (t->recording && !record(&r)))
        return false;
    for (int j = 0; j < ad_result_count(op); j++)
        y[j] = ad_handle(t, r.y_ids[j]);
    return true;
}

/* The same for many operands. */
static bool apply_to_many(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
                          ad_tensor *y)
{
    ad_storage *room = ad_pool_take(&t->pool, (size_t)n * (sizeof(ad_value *) + sizeof(uint32_t)));
    if (!room) {
        ad_fail_memory(t, op->name);
        return false;
    }
    ad_value **values = ad_storage_data(room);
    const bool done = apply_to(t, op, x, n, attributes, values, (uint32_t *)(values + n), y);
    ad_pool_drop(&t->pool, room);
    return done;
}

/* Returns false, having done nothing, for whatever is not a plain call on scalars. */
static bool apply_to_scalars(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n,
                             const ad_attribute *attributes, ad_tensor *y)
{
    ad_scalar_call c = ad_begin_scalar(t->recording);
    ad_span span;
    for (int i = 0; i < n; i++)
        if (!ad_take_scalar(&c, &span, t, x[i], i))
            return false;
    const ad_tensor made = ad_run_scalar(&c, &span, t, op, n, attributes, x[0].id, n > 1 ? x[1].id : 0);
    if (ad_is_inert(made))
        return false;
    *y = made;
    return true;
}

static ad_tape *tape_among(const ad_tensor *x, int n)
{
    ad_tape *t = NULL;
    for (int i = 0; !t && i < n; i++)
        t = x[i].tape;
    return t;
}

/* Operands of two tapes put both in error, also where one is in error already. */
static void fail_other_tapes(const ad_tape *t, const ad_operator *op, const ad_tensor *x, int n)
{
    for (int i = 0; i < n; i++)
        if (x[i].tape != t && x[i].tape && x[i].id && x[i].tape->status == AD_OK)
            ad_fail_handle(x[i].tape, x[0], op && op->name ? op->name : "apply", 0);
}

/* Whether there are operands and room for results, and a tape without an error. */
static bool check_arguments(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, const ad_tensor *y)
{
    const bool no_operands = n > 0 && !x;
    if (!y || no_operands)
        ad_fail(t, AD_BAD_VALUE, "%s: the %s NULL", op && op->name ? op->name : "apply",
                no_operands ? "operands are" : "room for results is");
    else if (t && t->status != AD_OK)
        fail_other_tapes(t, op, x, n);
    return t && t->status == AD_OK;
}

/* Gives no result before it has read all operands: y may be x. */
void ad_apply(ad_tape *tape, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
              ad_tensor *y)
{
    ad_tape *t = n > 0 && x ? tape_among(x, n) : tape;
    if (check_arguments(t, op, x, n, y)) {
        if (ad_may_be_scalar(t, op, n, attributes) && apply_to_scalars(t, op, x, n, attributes, y))
            return;
        uint32_t ids[FEW_OPERANDS];
        ad_value *values[FEW_OPERANDS];
        const ad_place before = ad_place_now(t);
        if (ad_check_call(t, op, n, attributes) &&
            (n <= FEW_OPERANDS ? apply_to(t, op, x, n, attributes, values, ids, y)
                               : apply_to_many(t, op, x, n, attributes, y)))
            return;
        ad_drop_from(t, before);
    }
    for (int j = 0; y && j < AD_MAX_RESULTS && (j == 0 || (op && j < ad_result_count(op))); j++)
        y[j] = ad_inert(t);
}

/* ---- One and two operands ---------------------------------------------------------------------------------------- */

AD_NOINLINE static ad_tensor apply_few(const ad_operator *op, ad_tensor a, ad_tensor b, int n)
{
    const ad_tensor x[] = {a, b};
    ad_tensor y[AD_MAX_RESULTS];
    y[0] = ad_inert(a.tape);
    ad_apply(a.tape, op, x, n, NULL, y);
    return y[0];
}

/* What is recorded and what is not are compiled apart: this is the shortest way there is. */
static inline ad_tensor apply_two(const ad_operator *op, ad_tensor a, ad_tensor b, bool recording)
{
    ad_scalar_call c = ad_begin_scalar(recording);
    ad_span span;
    if (ad_take_scalar(&c, &span, a.tape, a, 0) && ad_take_scalar(&c, &span, a.tape, b, 1))
        return ad_run_scalar(&c, &span, a.tape, op, 2, NULL, a.id, b.id);
    return apply_few(op, a, b, 2);
}

static inline ad_tensor apply_one(const ad_operator *op, ad_tensor x, bool recording)
{
    ad_scalar_call c = ad_begin_scalar(recording);
    ad_span span;
    if (ad_take_scalar(&c, &span, x.tape, x, 0))
        return ad_run_scalar(&c, &span, x.tape, op, 1, NULL, x.id, 0);
    return apply_few(op, x, ad_inert(NULL), 1);
}

ad_tensor ad_apply1(const ad_operator *op, ad_tensor x)
{
    if (!ad_may_be_scalar(x.tape, op, 1, NULL))
        return apply_few(op, x, ad_inert(NULL), 1);
    return x.tape->recording ? apply_one(op, x, true) : apply_one(op, x, false);
}

ad_tensor ad_apply2(const ad_operator *op, ad_tensor a, ad_tensor b)
{
    if (!ad_may_be_scalar(a.tape, op, 2, NULL))
        return apply_few(op, a, b, 2);
    return a.tape->recording ? apply_two(op, a, b, true) : apply_two(op, a, b, false);
}
