/* Pullbacks: what a rule sees, and how what it gives is added up. */
#include "pullback.h"

#include <gradtape/operators.h>

#include "../forward/finite.h"
#include "../tape/versions.h"
#include "../kernels/broadcast.h"

/* ---- Contributions ----------------------------------------------------------------------------------------------- */

/* Whether nothing else sees the data of a temporary. */
static bool is_exclusive(const ad_entry *e)
{
    return e->value.shape->rank == 0 || (e->u.storage && e->u.storage->references == 1);
}

/* A held temporary that shares g's data: its counted storage, or for an owner that goes at the same reset the data of
 * an entry of STEP. Other data, that of a view included, is copied: a leaf's changes in place, a parameter's outlives
 * a reset, and what lies in a segment is dropped. */
static uint32_t share(ad_tape *t, uint32_t g, uint32_t owner)
{
    ad_entry *source = ad_entry_at(t, g);
    const bool is_view = source->op && source->op->properties & AD_VIEW;
    const bool stays = source->op && !is_view && !(source->extra && source->extra->storage);
    const bool lives_as_long = g >> AD_INDEX_BITS == AD_STEP && owner >> AD_INDEX_BITS == AD_STEP && stays;
    if (source->value.shape->rank == 0 || !(lives_as_long || (ad_is_temporary(g) && source->u.storage)))
        return ad_copy_as_temporary(t, g);
    uint32_t id = ad_append(t, AD_TEMPORARY);
    if (!id || !ad_furnish_shared(t, id, (ad_type)source->value.type, source->value.shape, g))
        return 0;
    ad_entry_at(t, id)->value.flags |= AD_IS_HELD;
    return id;
}

/* The first contribution: moved if the rule made it and nobody else holds it, otherwise shared. */
static inline uint32_t adopt(ad_tape *t, uint32_t g, uint32_t owner)
{
    ad_entry *e = ad_entry_at(t, g);
    /* A leaf changes in place, also where a view shows it; its number at this moment does not. */
    if (t->recording)
        return !ad_entry_at(t, ad_origin_of(t, g))->op ? ad_scale(ad_handle(t, g), 1).id : g;
    bool own = ad_is_temporary(g) && (e->value.flags & (AD_IS_FRESH | AD_IS_HELD)) == AD_IS_FRESH;
    if (!own || !is_exclusive(e))
        return share(t, g, owner);
    e->value.flags |= AD_IS_HELD;
    return g;
}

static inline bool is_dy_of_rule(const ad_tape *t, uint32_t id) { return t->walking && t->walking->dy[0] == id; }

/* Whether the running rule may still read this gradient: it was given it, or made it and gave it to an operand that is
 * another one too. */
static inline bool is_read_by_rule(ad_tape *t, uint32_t id)
{
    return is_dy_of_rule(t, id) || ad_entry_at(t, id)->value.flags & AD_IS_FRESH;
}

/* A later contribution: added in place where nobody else sees the sum, else into a new tensor. */
static uint32_t add_to(ad_tape *t, uint32_t sum, uint32_t g, uint32_t owner)
{
    ad_entry *e = ad_entry_at(t, sum);
    const bool lent = is_dy_of_rule(t, sum);
    if (!t->recording && ad_is_temporary(sum) && sum != g && !is_read_by_rule(t, sum) && is_exclusive(e)) {
        ad_accumulate(t, &e->value, &ad_entry_at(t, g)->value);
        return sum;
    }
    ad_tensor total = ad_add(ad_handle(t, sum), ad_handle(t, g));
    if (ad_is_inert(total))
        return sum;
    if (lent && !t->recording)
        t->walking->entry->link = sum; /* given back to the result, which releases it when the rule has run */
    else
        ad_release_gradient(t, sum);
    return adopt(t, total.id, owner);
}

/* The gradient of the rule's result becomes that of its operand, as it is. Not where it outlives the walk, and so
 * perhaps its data: a leaf's. */
static inline bool move_dy(ad_tape *t, ad_entry *e, uint32_t g, const ad_entry *given)
{
    ad_pullback *p = t->walking;
    if (e->link || !p || !p->may_move || g != p->dy[0] || p->entry->link != g)
        return false;
    if (!e->op && given->value.shape->rank && !given->u.storage)
        return false;
    e->link = g;
    p->entry->link = 0;
    return true;
}

void ad_contribute(ad_tape *t, uint32_t owner, ad_entry *e, ad_tensor g)
{
    const ad_entry *given = ad_entry_at(t, g.id);
    if (given->value.shape != e->value.shape && !ad_same_dims(given->value.shape, e->value.shape)) {
        g = ad_sum_to(g, *e->value.shape);
        if (ad_is_inert(g))
            return;
        given = ad_entry_at(t, g.id);
    }
    if (!move_dy(t, e, g.id, given))
        e->link = e->link ? add_to(t, e->link, g.id, owner) : adopt(t, g.id, owner);
}

/* ---- Pullbacks: what rules see ----------------------------------------------------------------------------------- */

static inline uint32_t operand_id(const ad_pullback *p, int i) { return ad_operands_of(p->entry)[i]; }

/* Whether i counts one of n operands or results; if not, the rule is wrong, and the tape is in error. */
static inline bool is_place(const ad_pullback *p, int i, uint32_t n, const char *what)
{
    if (i >= 0 && (uint32_t)i < n)
        return true;
    ad_fail(p->tape, AD_BAD_VALUE, "%s: its rule asks for %s %d of %u", p->entry->op->name, what, i, n);
    return false;
}

AD_APART static bool wants_far(const ad_pullback *p, int i)
{
    if (!is_place(p, i, p->entry->value.n_operands, "operand"))
        return false;
    if (p->capture >= 0)
        return i == p->capture;
    return ad_entry_at(p->tape, operand_id(p, i))->value.flags & p->wanted;
}

static inline bool is_near(const ad_pullback *p, int i) { return (unsigned)i < (unsigned)p->near; }

bool ad_wants(const ad_pullback *p, int i)
{
    return is_near(p, i) ? p->x[i]->value.flags & p->wanted : wants_far(p, i);
}

static bool is_wider(const ad_shape *g, const ad_shape *x)
{
    ad_shape both = *g;
    return ad_broadcast(&both, x) && ad_equal_dims(&both, g);
}

/* Whether a gradient has the operand's type, and its shape or a wider one. */
static bool fits_operand(const ad_pullback *p, int i, const ad_entry *g)
{
    char given[AD_SHAPE_TEXT], wanted[AD_SHAPE_TEXT];
    const ad_value *x = &ad_entry_at(p->tape, operand_id(p, i))->value;
    if (g->value.type != x->type)
        ad_fail(p->tape, AD_BAD_TYPE, "%s: its rule gives operand %d, of %s, a gradient of %s: mend it with ad_cast",
                p->entry->op->name, i, ad_type_name((ad_type)x->type), ad_type_name((ad_type)g->value.type));
    else if (!ad_same_dims(g->value.shape, x->shape) && !is_wider(g->value.shape, x->shape))
        ad_fail(p->tape, AD_BAD_SHAPE,
                "%s: its rule gives operand %d, %s, a gradient %s: it must be as the operand or wider",
                p->entry->op->name, i, ad_shape_text(x->shape, wanted), ad_shape_text(g->value.shape, given));
    return p->tape->status == AD_OK;
}

static void give_anything(ad_pullback *p, int i, ad_tensor g)
{
    ad_tape *t = p->tape;
    if (!ad_wants(p, i) || t->status != AD_OK)
        return;
    if (!ad_entry_of(t, g)) {
        ad_fail(t, AD_BAD_HANDLE, "%s: its rule gives operand %d a gradient that is inert, stale or of another tape",
                p->entry->op->name, i);
        return;
    }
    if (p->capture >= 0) {
        p->captured = ad_is_inert(p->captured) ? g : ad_add(p->captured, g);
        return;
    }
    const uint32_t id = operand_id(p, i);
    if (!ad_may_read(t, g.id) || !fits_operand(p, i, ad_entry_at(t, g.id)))
        return;
    ad_contribute(t, id, ad_entry_at(t, id), g);
    if (t->tracing && t->status == AD_OK)
        ad_trace_gradient(p, id);
}

/* A temporary for a scalar, quickly: they are the gradients of which there are many. This and the next say false,
 * having done nothing, for whatever is not that plain. */
static inline bool give_scalar(ad_pullback *p, ad_entry *e, ad_tensor g)
{
    const ad_tape *t = p->tape;
    ad_entry *given = ad_temporary_of(t, g);
    if (!given || given->value.shape != &ad_scalar_shape_value || given->value.type != AD_F64 ||
        e->value.shape != &ad_scalar_shape_value || e->value.type != AD_F64)
        return false;
    if (e->link) {
        ad_entry *sum = ad_entry_at(t, e->link);
        if (e->link == g.id || e->link == p->dy[0] || !ad_is_temporary(e->link) || sum->value.flags & AD_IS_FRESH)
            return false;
        sum->scalar.f64 += given->scalar.f64;
        return true;
    }
    if ((given->value.flags & (AD_IS_FRESH | AD_IS_HELD)) == AD_IS_FRESH)
        given->value.flags |= AD_IS_HELD;
    else if (p->may_move && g.id == p->dy[0] && p->entry->link == g.id)
        p->entry->link = 0;
    else
        return false;
    e->link = g.id;
    return true;
}

/* A first contribution that the rule made and nobody else sees. */
static bool give_first(const ad_pullback *p, ad_entry *e, ad_tensor g)
{
    ad_entry *given = ad_temporary_of(p->tape, g);
    if (!given || e->link || e->value.type != given->value.type ||
        (given->value.flags & (AD_IS_FRESH | AD_IS_HELD)) != AD_IS_FRESH || !is_exclusive(given) ||
        !ad_same_dims(e->value.shape, given->value.shape))
        return false;
    given->value.flags |= AD_IS_HELD;
    e->link = g.id;
    return true;
}

AD_APART static void give_tensor(ad_pullback *p, int i, ad_tensor g)
{
    if (!is_near(p, i) || p->tape->status != AD_OK || !give_first(p, p->x[i], g))
        give_anything(p, i, g);
}

void ad_give(ad_pullback *p, int i, ad_tensor g)
{
    if (is_near(p, i) && p->tape->status == AD_OK &&
        (!(p->x[i]->value.flags & p->wanted) || give_scalar(p, p->x[i], g)))
        return;
    give_tensor(p, i, g);
}

AD_APART ad_tensor ad_dy_at(ad_pullback *p, int j)
{
    if (!is_place(p, j, p->entry->value.n_results, "the gradient of result"))
        return ad_inert(p->tape);
    return p->dy[j] ? ad_handle(p->tape, p->dy[j]) : ad_zeros_like(ad_y_at(p, j));
}

bool ad_has_dy(const ad_pullback *p, int j)
{
    return is_place(p, j, p->entry->value.n_results, "the gradient of result") && p->dy[j];
}

ad_tensor ad_dy(ad_pullback *p)
{
    return p->dy[0] ? (ad_tensor){.tape = p->tape, .id = p->dy[0], .generation = p->dy_generation} : ad_dy_at(p, 0);
}

AD_APART static ad_tensor far_x(const ad_pullback *p, int i)
{
    const bool is_there = is_place(p, i, p->entry->value.n_operands, "operand");
    return is_there ? ad_handle(p->tape, operand_id(p, i)) : ad_inert(p->tape);
}

ad_tensor ad_x(ad_pullback *p, int i)
{
    if (!is_near(p, i))
        return far_x(p, i);
    return (ad_tensor){.tape = p->tape, .id = p->operands[i], .generation = p->x[i]->generation};
}

ad_tensor ad_y_at(ad_pullback *p, int j)
{
    const bool is_there = is_place(p, j, p->entry->value.n_results, "result");
    return is_there ? ad_handle(p->tape, p->id + (uint32_t)j) : ad_inert(p->tape);
}
ad_tensor ad_y(ad_pullback *p) { return ad_y_at(p, 0); }
int ad_x_count(const ad_pullback *p) { return (int)p->entry->value.n_operands; }

const ad_attribute *ad_attribute_at(const ad_pullback *p, int a)
{
    static const ad_attribute none;
    if (a >= 0 && a < AD_MAX_ATTRIBUTES && p->entry->op->attributes[a].kind != AD_ATTRIBUTE_NONE)
        return &p->entry->extra->attributes[a];
    ad_fail(p->tape, AD_BAD_VALUE, "%s: its rule asks for attribute %d, which it does not declare", p->entry->op->name,
            a);
    return &none;
}
