/* Backward, reading gradients, and updating leaves. */
#include "machine.h"

#include <math.h>
#include <string.h>

static bool has_gradient(const fuzz_machine *m, const fuzz_slot *slot, const void *context)
{
    (void)context;
    return fuzz_is_well(m) && slot->kind != FUZZ_OF_GRADIENT && ad_has_gradient(slot->x);
}

static bool surely_wants(const fuzz_machine *m, const fuzz_slot *slot, const void *context)
{
    (void)m;
    (void)context;
    return slot->wants == FUZZ_WANTS_SURELY;
}

static fuzz_slot new_leaf(fuzz_machine *m, int leaf, ad_type type, const ad_shape *shape, uint32_t seed)
{
    fuzz_numbers numbers;
    fuzz_draw(&(ad_domain){.low = -2, .high = 2}, type, shape, seed, false, &numbers);
    return fuzz_leaf(m, leaf, type, shape, &numbers);
}

/* A rule may refuse numbers, the inverse of a singular matrix for instance; what a call accepted has no wrong shapes,
 * types or handles. No derivative passes through a gradient that is not recorded. */
static bool is_excused(const fuzz_machine *m)
{
    const ad_status status = ad_status_of(m->tape);
    const bool is_unrecorded = m->has_unrecorded && strstr(ad_message(m->tape), "was not recorded by ad_backward");
    return status == AD_OK || status == AD_BAD_VALUE || status == AD_NOT_FINITE || is_unrecorded || m->has_misbehaved ||
           fuzz_is_refused(m);
}

/* ---- Backward ---------------------------------------------------------------------------------------------------- */

/* What a good backward must leave behind. A rule ran if both ends of its call have a gradient. */
static void check_gradients(fuzz_machine *m, const fuzz_slot *y, bool keep)
{
    FUZZ_EXPECT(!keep || ad_has_gradient(y->x), "backward gives its own tensor no gradient");
    for (int i = 0; i < m->n_slots; i++)
        fuzz_read(m, &m->slots[i]);
    for (int k = 0; k < m->n_calls; k++) {
        const fuzz_call *c = &m->calls[k];
        bool at_result = false, at_operand = false;
        for (int j = 0; j < c->n_y; j++)
            at_result = at_result || ad_has_gradient(c->y[j].x);
        for (int i = 0; i < c->n_x; i++)
            at_operand = at_operand || (c->x[i].kind != FUZZ_OF_GRADIENT && ad_has_gradient(c->x[i].x));
        FUZZ_EXPECT(keep || !at_result, "%s keeps a gradient that nobody asked for", c->row->name);
        if (at_result && at_operand && m->report->ran)
            m->report->ran[fuzz_row_index(c->row)] |= FUZZ_RAN_RULE;
    }
    FUZZ_EXPECT(fuzz_is_well(m), "gradients cannot be asked for: %s", ad_message(m->tape));
}

static void spoil_backward(fuzz_machine *m, const fuzz_instruction *in, fuzz_slot *y, ad_backward_options *o)
{
    switch (in->sample % 8) {
    case 0: o->seed = (ad_tensor){.tape = m->tape}; break;
    case 1: o->seed = m->n_slots ? m->slots[in->pick[1] % m->n_slots].x : y->x; break;
    case 2: o->seed = m->n_gone ? m->gone[in->pick[1] % FUZZ_GONE] : y->x; break;
    case 3: o->seed = ad_kept_at(m->other, 0); break;
    case 4: y->x = (ad_tensor){.tape = m->tape}; break;
    case 5: y->x = m->n_gone ? m->gone[in->pick[1] % FUZZ_GONE] : (ad_tensor){0}; break;
    case 6: o->seed = (ad_tensor){0}; break;
    default: *y = m->n_slots ? m->slots[in->pick[1] % m->n_slots] : *y;
    }
}

void fuzz_backward(fuzz_machine *m, const fuzz_instruction *in)
{
    const fuzz_slot *found = fuzz_find(m, in->pick[0], surely_wants, NULL);
    fuzz_slot y = found ? *found : new_leaf(m, FUZZ_VARIABLE, AD_F64, &AD_SCALAR, in->pick[1]);
    ad_backward_options options = {.keep = in->type & FUZZ_KEEP,
                                   .accumulate = in->type & FUZZ_ACCUMULATE,
                                   .differentiable = in->type & FUZZ_DIFFERENTIABLE};
    const bool well = fuzz_is_well(m), wild = fuzz_is_wild(in);
    if (fuzz_count(&y.shape) != 1 || in->type & FUZZ_SEED)
        options.seed = new_leaf(m, FUZZ_INPUT, y.type, &y.shape, in->pick[2]).x;
    if (wild)
        spoil_backward(m, in, &y, &options);
    m->is_sweeping = true;
    const ad_status status = ad_backward_with(y.x, &options);
    m->is_sweeping = false;
    ad_clear_error(m->other);
    FUZZ_EXPECT(status != AD_OK || (well && fuzz_is_well(m)), "backward succeeds on a tape in error");
    FUZZ_EXPECT(!well || wild || m->is_changed || is_excused(m), "a good backward fails: %s", ad_message(m->tape));
    fuzz_drop(m, FUZZ_OF_GRADIENT, false);
    /* What it adds to plain numbers records these. */
    if (options.accumulate && options.differentiable && (!m->is_recorded || m->is_mixed))
        m->has_unrecorded = true;
    /* One that fails leaves gradients as they were, or none; one that accumulates may leave some as they were. */
    if (status == AD_OK) {
        m->is_mixed = options.accumulate && (m->is_mixed || options.differentiable != m->is_recorded);
        m->is_recorded = options.differentiable || (options.accumulate && m->is_recorded);
    }
    m->report->reached_backward = m->report->reached_backward || (status == AD_OK && !m->has_failed);
    if (status == AD_OK)
        check_gradients(m, &y, options.keep);
}

/* ---- Gradients as tensors ---------------------------------------------------------------------------------------- */

/* The gradient of a tensor, and its product with that tensor, which can be differentiated again if the gradient is
 * recorded. */
void fuzz_gradient(fuzz_machine *m, const fuzz_instruction *in)
{
    const fuzz_slot *x = fuzz_find(m, in->pick[0], has_gradient, NULL);
    if (!x)
        return;
    const fuzz_slot of = *x;
    fuzz_slot g = of;
    g.x = ad_gradient(of.x);
    g.kind = FUZZ_OF_GRADIENT;
    g.wants = m->is_recorded ? FUZZ_WANTS_MAYBE : FUZZ_WANTS_NOT;
    m->has_unrecorded = m->has_unrecorded || !m->is_recorded || m->is_mixed;
    FUZZ_EXPECT(!ad_is_inert(g.x), "the gradient is inert: %s", ad_message(m->tape));
    fuzz_push(m, &g);
    fuzz_slot product = of;
    product.x = ad_mul(g.x, of.x);
    product.kind = FUZZ_STEP;
    FUZZ_EXPECT(!ad_is_inert(product.x) || fuzz_is_refused(m), "gradient times tensor: %s", ad_message(m->tape));
    fuzz_push(m, &product);
}

static bool has_derivative(const fuzz_call *c, int i)
{
    return c->row->vjp && fuzz_has_rule(c->row) && c->n_x > 0 && c->x[i].type != AD_I32 && c->y[0].type != AD_I32;
}

void fuzz_local_gradient(fuzz_machine *m, const fuzz_instruction *in)
{
    if (!m->n_calls || !fuzz_is_well(m))
        return;
    const fuzz_call *c = &m->calls[(m->n_calls - 1 + m->n_calls - in->pick[0] % m->n_calls) % m->n_calls];
    int i = c->n_x ? in->pick[1] % c->n_x : 0;
    const bool good = !fuzz_is_wild(in) && has_derivative(c, i) && !m->is_changed;
    if (fuzz_is_wild(in))
        i = in->pick[1] - 3;
    const ad_tensor g = ad_local_gradient(c->y[0].x, i);
    FUZZ_EXPECT(!good || is_excused(m), "the local gradient of %s: %s", c->row->name, ad_message(m->tape));
    if (!fuzz_is_well(m) || i < 0 || i >= c->n_x)
        return;
    const fuzz_slot slot = {.x = g, .type = c->x[i].type, .shape = c->x[i].shape, .kind = FUZZ_STEP};
    fuzz_read(m, &slot);
    fuzz_push(m, &slot);
}

/* ---- Updates ----------------------------------------------------------------------------------------------------- */

static bool is_kept(const fuzz_machine *m, const fuzz_slot *slot, const void *context)
{
    (void)m;
    (void)context;
    return slot->kind == FUZZ_KEPT;
}

static void descend(fuzz_machine *m, const fuzz_instruction *in, const fuzz_slot *x)
{
    const double rate = fuzz_is_wild(in) && in->pick[1] == 0 ? (double)INFINITY : in->pick[1] / 256.0;
    if (fuzz_is_well(m) && !ad_has_gradient(x->x) && !fuzz_is_wild(in))
        return;
    ad_tensor accumulator = fuzz_is_wild(in) ? m->slots[in->pick[2] % m->n_slots].x : ad_slot(x->x, "Adagrad", 0.1);
    if (in->sample % 2)
        ad_descend(x->x, rate);
    else
        ad_descend_adagrad(x->x, accumulator, rate);
}

static void change(fuzz_machine *m, const fuzz_instruction *in, const fuzz_slot *x)
{
    fuzz_numbers numbers;
    fuzz_draw(&(ad_domain){.low = -2, .high = 2}, x->type, &x->shape, fuzz_seed_of(in), in->how & FUZZ_SPECIAL,
              &numbers);
    switch (in->sample % 6) {
    case 2: ad_fill(x->x, fuzz_is_wild(in) ? 1e10 * in->pick[1] : in->pick[1] - 100.0); break;
    case 3: ad_assign(x->x, fuzz_is_wild(in) && in->pick[1] % 2 ? NULL : &numbers); break;
    case 4:
        if (x->type != AD_I32 || fuzz_is_wild(in))
            ad_fill_uniform(x->x, (const double[]){-1, fuzz_is_wild(in) ? -2 : 1}, in->pick[1], in->pick[2]);
        break;
    case 5: ad_version_of(x->x); break;
    default: descend(m, in, x);
    }
}

/* An update of a kept leaf succeeds; a wild one takes anything. */
void fuzz_update(fuzz_machine *m, const fuzz_instruction *in)
{
    const fuzz_slot *x = fuzz_find(m, in->pick[0], is_kept, NULL);
    const bool well = fuzz_is_well(m);
    if (fuzz_is_wild(in) && m->n_slots)
        x = &m->slots[in->pick[0] % m->n_slots];
    if (!x)
        return;
    const fuzz_slot leaf = *x;
    change(m, in, &leaf);
    m->is_changed = true;
    FUZZ_EXPECT(fuzz_is_well(m) || !well || fuzz_is_wild(in) || fuzz_is_refused(m), "a good update fails: %s",
                ad_message(m->tape));
}
