/* Derivatives as functions of tensors, each a sweep or two. */
#include <gradtape/differentiate.h>
#include <gradtape/operators.h>

#include "path.h"

/* ---- One sweep --------------------------------------------------------------------------------------------------- */

ad_status ad_grad(ad_tensor y, const ad_tensor *x, int n, ad_tensor *dx)
{
    if (!dx)
        return ad_fail(y.tape, AD_BAD_VALUE, "grad: the room for results is NULL");
    const ad_place begin = ad_begin_derivative(y.tape);
    if (ad_check_derivative(y.tape, y, x, n, "grad") && ad_check_one_element(y.tape, y, "grad"))
        ad_sweep_to(y, ad_inert(y.tape), x, n, dx, "grad");
    return ad_end_derivative(y.tape, begin, dx, n);
}

ad_status ad_vjp(ad_tensor y, ad_tensor v, const ad_tensor *x, int n, ad_tensor *dx)
{
    if (!dx)
        return ad_fail(y.tape, AD_BAD_VALUE, "vjp: the room for results is NULL");
    const ad_place begin = ad_begin_derivative(y.tape);
    if (ad_check_derivative(y.tape, y, x, n, "vjp") && ad_check_like(y.tape, v, y, "vjp", "v"))
        ad_sweep_to(y, ad_recorded(v), x, n, dx, "vjp");
    return ad_end_derivative(y.tape, begin, dx, n);
}

/* ---- Two sweeps -------------------------------------------------------------------------------------------------- */

static bool check_velocities(ad_tape *t, const ad_tensor *x, const ad_tensor *v, int n, const char *who)
{
    if (!v)
        ad_fail(t, AD_BAD_VALUE, "%s: the velocities are NULL", who);
    for (int i = 0; i < n && t->status == AD_OK; i++)
        ad_check_like(t, v[i], x[i], who, "a velocity");
    return t->status == AD_OK;
}

static ad_tensor added(ad_tensor a, ad_tensor b)
{
    const bool same = ad_type_of(a) == ad_type_of(b);
    return same ? ad_add(a, b) : ad_add(ad_cast(a, AD_F64), ad_cast(b, AD_F64));
}

/* sum of g_i v_i */
static ad_tensor inner_product(const ad_tensor *g, const ad_tensor *v, int n)
{
    ad_tensor s = ad_sum(ad_mul(g[0], v[0]));
    for (int i = 1; i < n; i++)
        s = added(s, ad_sum(ad_mul(g[i], v[i])));
    return s;
}

/* With u = 0 of y's shape: g = vjp(u) is linear in u, and jvp(v) is the gradient of sum(g v) by u. */
static void jvp_into(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n, ad_tensor *dy)
{
    ad_tape *t = y.tape;
    ad_storage *room;
    ad_tensor *g = ad_room_for_tensors(t, 2 * (size_t)n, &room), *w = g ? g + n : NULL;
    for (int i = 0; g && i < n; i++)
        w[i] = ad_recorded(v[i]); /* before u, and so not on its path */
    const ad_tensor u = g ? ad_zeros_like(y) : ad_inert(t);
    if (g && t->status == AD_OK && ad_sweep_to(y, u, x, n, g, "jvp")) {
        const ad_tensor s = inner_product(g, w, n);
        if (t->status == AD_OK)
            ad_sweep_to(s, ad_inert(t), &u, 1, dy, "jvp");
    }
    ad_pool_drop(&t->pool, room);
}

ad_tensor ad_jvp(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n)
{
    const ad_place begin = ad_begin_derivative(y.tape);
    ad_tensor dy = ad_inert(y.tape);
    if (ad_check_derivative(y.tape, y, x, n, "jvp") && check_velocities(y.tape, x, v, n, "jvp"))
        jvp_into(y, x, v, n, &dy);
    ad_end_derivative(y.tape, begin, &dy, 1);
    return dy;
}

/* An entry wants a gradient if one of its new operands does. */
static void inherit_wants(ad_tape *t, ad_entry *e)
{
    const bool passes = ad_is_differentiable_result(e) && !(e->op->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS));
    for (uint32_t i = 0; passes && i < e->value.n_operands; i++)
        e->value.flags |= ad_entry_at(t, ad_operands_of(e)[i])->value.flags & AD_WANTS_GRADIENT;
}

/* Entries from `first` on that read from[i] read to[i] instead. Both have the same value. */
static void substitute(ad_tape *t, uint32_t first, const ad_tensor *from, const ad_tensor *to, int n)
{
    for (uint32_t id = first; id < t->ends[AD_STEP]; id++) {
        ad_entry *e = ad_entry_at(t, id);
        if (!e->op)
            continue;
        uint32_t *operands = (uint32_t *)(uintptr_t)ad_operands_of(e);
        for (uint32_t k = 0; k < e->value.n_operands; k++)
            for (int i = 0; i < n; i++)
                if (operands[k] == from[i].id)
                    operands[k] = to[i].id;
        inherit_wants(t, e);
    }
}

/* The x move with constant velocities, even if the v depend on x: the sweeps see constants u in the place of the v.
 * Afterwards what they recorded reads the v again, so that the result can be differentiated by them. */
static void hvp_into(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n, ad_tensor *hv)
{
    ad_tape *t = y.tape;
    ad_storage *room;
    ad_tensor *g = ad_room_for_tensors(t, 3 * (size_t)n, &room);
    if (!g)
        return;
    ad_tensor *u = g + n, *w = u + n;
    for (int i = 0; i < n; i++) {
        w[i] = ad_recorded(v[i]);
        u[i] = ad_detach(w[i]);
    }
    const uint32_t first = t->ends[AD_STEP];
    if (t->status == AD_OK && ad_sweep_to(y, ad_inert(t), x, n, g, "hvp")) {
        const ad_tensor s = inner_product(g, u, n);
        if (t->status == AD_OK && ad_sweep_to(s, ad_inert(t), x, n, hv, "hvp"))
            substitute(t, first, u, w, n);
    }
    ad_pool_drop(&t->pool, room);
}

ad_status ad_hvp(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n, ad_tensor *hv)
{
    if (!hv)
        return ad_fail(y.tape, AD_BAD_VALUE, "hvp: the room for results is NULL");
    const ad_place begin = ad_begin_derivative(y.tape);
    if (ad_check_derivative(y.tape, y, x, n, "hvp") && ad_check_one_element(y.tape, y, "hvp") &&
        check_velocities(y.tape, x, v, n, "hvp"))
        hvp_into(y, x, v, n, hv);
    return ad_end_derivative(y.tape, begin, hv, n);
}
