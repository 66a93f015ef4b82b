/* Pullbacks: what a gradient rule sees, and what it gives. */
#include "pullback.h"

#include "../forward/finite.h"
#include "../forward/rows.h"
#include "../kernels/accumulate.h"
#include "../tape/versions.h"
#include "accumulate.h"
#include "parts.h"

/* ---- Operands and results ---------------------------------------------------------------------------------------- */

/* Whether i counts one of n operands or results. If not, the rule is wrong, and the tape is in error. */
static inline bool is_place(const ad_pullback *p, int i, uint32_t n, const char *what)
{
    if (i >= 0 && (uint32_t)i < n)
        return true;
    ad_fail(p->tape, AD_BAD_VALUE, "%s: its rule asks for %s %d of %u", p->entry->op->name, what, i, n);
    return false;
}

static inline uint32_t operand_id(const ad_pullback *p, int i) { return ad_operands_of(p->entry)[i]; }

AD_NOINLINE static bool wants_uncached(const ad_pullback *p, int i)
{
    if (!is_place(p, i, p->entry->value.n_operands, "operand"))
        return false;
    if (p->capture >= 0)
        return i == p->capture;
    return ad_entry_at(p->tape, operand_id(p, i))->value.flags & p->wanted;
}

bool ad_wants(const ad_pullback *p, int i)
{
    return (unsigned)i < (unsigned)p->n_cached ? p->x[i]->value.flags & p->wanted : wants_uncached(p, i);
}

static ad_tensor zeros_like(ad_tensor y)
{
    const ad_entry *e = ad_entry_of(y.tape, y);
    const ad_attribute attributes[] = {{.integer = e->value.type}, {.shape = *e->value.shape}, {.real = 0}};
    ad_tensor zeros;
    ad_apply(y.tape, &ad_operator_full, NULL, 0, attributes, &zeros);
    return zeros;
}

AD_NOINLINE ad_tensor ad_dy_at(ad_pullback *p, int j)
{
    if (!is_place(p, j, p->entry->value.n_results, "the gradient of result"))
        return ad_inert(p->tape);
    return p->dy[j] ? ad_handle(p->tape, p->dy[j]) : zeros_like(ad_y_at(p, j));
}

bool ad_has_dy(const ad_pullback *p, int j)
{
    return is_place(p, j, p->entry->value.n_results, "the gradient of result") && p->dy[j];
}

ad_tensor ad_dy(ad_pullback *p)
{
    return p->dy[0] ? (ad_tensor){.tape = p->tape, .id = p->dy[0], .generation = p->dy_generation} : ad_dy_at(p, 0);
}

AD_NOINLINE static ad_tensor uncached_x(const ad_pullback *p, int i)
{
    const bool is_there = is_place(p, i, p->entry->value.n_operands, "operand");
    return is_there ? ad_handle(p->tape, operand_id(p, i)) : ad_inert(p->tape);
}

ad_tensor ad_x(ad_pullback *p, int i)
{
    if ((unsigned)i >= (unsigned)p->n_cached)
        return uncached_x(p, i);
    return (ad_tensor){.tape = p->tape, .id = p->operands[i], .generation = p->x[i]->generation};
}

const ad_shape *ad_x_shape(const ad_pullback *p, int i)
{
    if ((unsigned)i < (unsigned)p->n_cached)
        return p->x[i]->value.shape;
    const bool is_there = is_place(p, i, p->entry->value.n_operands, "operand");
    return is_there ? ad_entry_at(p->tape, operand_id(p, i))->value.shape : &ad_scalar_shape_value;
}

ad_tensor ad_y_at(ad_pullback *p, int j)
{
    const bool is_there = is_place(p, j, p->entry->value.n_results, "result");
    return is_there ? ad_handle(p->tape, p->frame.id + (uint32_t)j) : ad_inert(p->tape);
}

ad_tensor ad_y(ad_pullback *p)
{
    return (ad_tensor){.tape = p->tape, .id = p->frame.id, .generation = p->entry->generation};
}

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

/* ---- Giving ------------------------------------------------------------------------------------------------------ */

/* Whether the shape is as wide as x, or wider. */
static bool is_wider(const ad_shape *g, const ad_shape *x)
{
    ad_shape both = *g;
    return ad_same_dims(g, x) || (ad_broadcast(&both, x) && ad_equal_dims(&both, g));
}

/* Whether g can be a part of the gradient of operand i. If not, the tape is in error. */
static bool check_part(const ad_pullback *p, int i, ad_tensor g)
{
    char given[AD_SHAPE_TEXT], wanted[AD_SHAPE_TEXT];
    ad_tape *t = p->tape;
    const char *name = p->entry->op->name;
    const ad_entry *part = ad_entry_of(t, g);
    const ad_value *x = &ad_entry_at(t, operand_id(p, i))->value;
    if (!part)
        ad_fail(t, AD_BAD_HANDLE, "%s: its rule gives operand %d a gradient that is inert, stale or of another tape",
                name, i);
    else if (!ad_may_read(t, g.id))
        return false;
    else if (part->value.type != x->type)
        ad_fail(t, AD_BAD_TYPE, "%s: its rule gives operand %d, of %s, a gradient of %s: mend it with ad_cast", name, i,
                ad_type_name((ad_type)x->type), ad_type_name((ad_type)part->value.type));
    else if (!is_wider(part->value.shape, x->shape))
        ad_fail(t, AD_BAD_SHAPE, "%s: its rule gives operand %d, %s, a gradient %s: it must be as the operand or wider",
                name, i, ad_shape_text(x->shape, wanted), ad_shape_text(part->value.shape, given));
    return t->status == AD_OK;
}

/* local_gradient's: the part goes to the caller. */
static void capture(ad_pullback *p, ad_tensor g)
{
    p->captured = ad_is_inert(p->captured) ? g : ad_apply2(&ad_operator_add, p->captured, g);
}

AD_NOINLINE static void give(ad_pullback *p, int i, ad_tensor g)
{
    ad_tape *t = p->tape;
    if (!ad_wants(p, i) || t->status != AD_OK)
        return;
    if (t->frame != &p->frame) {
        ad_fail(t, AD_BAD_STATE,
                "%s: its rule gives a part at a position: return first (ad_return_to), and let the part survive",
                p->entry->op->name);
        return;
    }
    if (p->capture >= 0 && ad_entry_of(t, g)) {
        capture(p, g);
        return;
    }
    if (!check_part(p, i, g))
        return;
    const uint32_t x = operand_id(p, i);
    if (t->watching) {
        g = ad_sum_to_shape(g, ad_entry_at(t, x)->value.shape);
        if (!g.id || !ad_watch_part(p, i, g))
            return;
    }
    ad_add_gradient(t, AD_GIVEN, p, x, g);
    if (t->checking && t->status == AD_OK)
        ad_check_gradient(t, &p->frame, p->dy[0], ad_entry_at(t, x));
}

/* Adds a part that is a temporary, where it need not be summed, shared or copied. Returns false, having done nothing,
 * for every other. */
static inline bool give_quickly(ad_pullback *p, ad_entry *x, ad_tensor g)
{
    const ad_tape *t = p->tape;
    if (g.tape != t || !ad_is_temporary(g.id) || g.id >= t->ends[AD_TEMPORARY])
        return false;
    ad_entry *given = ad_entry_at(t, g.id);
    if (given->generation != g.generation || given->value.type != x->value.type ||
        !ad_same_dims(given->value.shape, x->value.shape))
        return false;
    if (!x->gradient)
        return ad_take_part(p, x, given, g.id);
    ad_entry *sum = ad_entry_at(t, x->gradient);
    if (!ad_may_add_into(p, sum, x->gradient, g.id))
        return false;
    ad_accumulate(&sum->value, given->value.data);
    return true;
}

void ad_give(ad_pullback *p, int i, ad_tensor g)
{
    if ((unsigned)i < (unsigned)p->n_cached && p->tape->status == AD_OK &&
        (!(p->x[i]->value.flags & p->wanted) || give_quickly(p, p->x[i], g)))
        return;
    give(p, i, g);
}

bool ad_give_run(ad_pullback *p, int i, ad_tensor g, size_t from)
{
    ad_tape *t = p->tape;
    const bool is_quick = p->is_plain && t->frame == &p->frame && !t->recording && t->status == AD_OK;
    const ad_entry *given = is_quick ? ad_entry_of(t, g) : NULL;
    if (!given)
        return false;
    ad_entry *x = ad_entry_at(t, p->operands[i]);
    const char *data = (const char *)given->value.data + from * ad_bytes_of(x->value.type);
    if (!x->gradient) {
        x->gradient = ad_make_gradient(t, (ad_type)x->value.type, x->value.shape, data);
        return true;
    }
    ad_entry *sum = ad_entry_at(t, x->gradient);
    if (!ad_may_add_into(p, sum, x->gradient, g.id))
        return false;
    ad_accumulate(&sum->value, data);
    return true;
}
