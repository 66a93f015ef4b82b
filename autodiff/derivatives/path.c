/* The path of a derivative: finding it, and sweeping back on it. */
#include "path.h"

#include <gradtape/operators.h>

#include <string.h>

#include "../reverse/raw.h"
#include "../reverse/sweep.h"
#include "../tape/handles.h"
#include "../tape/opaque.h"
#include "../tape/reset.h"
#include "../tape/status.h"
#include "../tape/watch.h"
#include "prune.h"

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static void fail_kind(ad_tape *t, const char *who, const char *what, const ad_value *is, const ad_value *must)
{
    char a[AD_SHAPE_TEXT], b[AD_SHAPE_TEXT];
    ad_fail(t, AD_BAD_SHAPE, "%s: %s is %s of %s: it must be %s of %s", who, what, ad_shape_text(is->shape, a),
            ad_type_name((ad_type)is->type), ad_shape_text(must->shape, b), ad_type_name((ad_type)must->type));
}

static const ad_entry *real_tensor(ad_tape *t, ad_tensor x, const char *who, int i)
{
    const ad_entry *e = ad_entry_of(t, x);
    if (!e)
        ad_fail_handle(t, x, who, i);
    else if (e->value.type == AD_I32)
        ad_fail(t, AD_BAD_TYPE, "%s: an i32 tensor has no derivative: it must be f32 or f64", who);
    else if (ad_table_of(x) == AD_TEMPORARY)
        ad_fail_unrecorded(t, x.id, who);
    return t->status == AD_OK ? e : NULL;
}

bool ad_check_like(ad_tape *t, ad_tensor v, ad_tensor like, const char *who, const char *what)
{
    const ad_entry *e = ad_entry_of(t, v), *x = ad_entry_of(t, like);
    if (!e)
        ad_fail_handle(t, v, who, -1);
    else if (e->value.type != x->value.type || !ad_same_dims(e->value.shape, x->value.shape))
        fail_kind(t, who, what, &e->value, &x->value);
    return t->status == AD_OK;
}

bool ad_check_derivative(ad_tape *t, ad_tensor y, const ad_tensor *x, int n, const char *who)
{
    if (!t && n > 0 && x && x[0].tape) /* the tape of x then says what is wrong with y */
        ad_fail_handle(x[0].tape, y, who, -1);
    if (!t || t->status != AD_OK)
        return false;
    if (n < 1 || !x)
        ad_fail(t, AD_BAD_VALUE, "%s: no tensor is given to differentiate by", who);
    else if (!t->recording)
        ad_fail(t, AD_BAD_STATE, "%s: nothing is recorded here: take a position first (ad_position_now)", who);
    else if (!ad_refuse_partly_old(t, who))
        real_tensor(t, y, who, -1);
    for (int i = 0; i < n && t->status == AD_OK; i++)
        real_tensor(t, x[i], who, i);
    return t->status == AD_OK;
}

bool ad_check_one_element(ad_tape *t, ad_tensor y, const char *who)
{
    char text[AD_SHAPE_TEXT];
    const ad_entry *e = ad_entry_of(t, y);
    if (t->status == AD_OK && e && ad_elements(&e->value) != 1)
        ad_fail(t, AD_BAD_SHAPE, "%s: the tensor %s is not a scalar: reduce it (ad_sum, ad_mean), or take ad_vjp", who,
                ad_shape_text(e->value.shape, text));
    return t->status == AD_OK;
}

/* ---- The path ---------------------------------------------------------------------------------------------------- */

/* The entries from x to y that depend on x are flagged. Their gradients are set aside, and put back at the end. */
typedef struct path {
    ad_tape *tape;
    uint32_t last;       /* of STEP */
    uint32_t first;      /* where the path begins */
    size_t aside, outer; /* how many items the tape's lists had before */
    bool has_raw;        /* it has an operator that cannot be differentiated twice */
    bool has_unrecorded; /* it has gradients that ad_backward did not record, and what was made from them */
} path;

static path path_to(ad_tape *t, uint32_t last)
{
    return (path){.tape = t, .last = last, .aside = t->aside.n, .outer = t->outer.n};
}

bool ad_is_differentiable_result(const ad_entry *e)
{
    return e->value.result < ad_result_count(e->op) && e->value.type != AD_I32;
}

/* Takes one entry off the path of the outer sweep. */
static bool suspend(path *p, uint32_t id)
{
    ad_entry *e = ad_entry_at(p->tape, id);
    if (!(e->value.flags & AD_ON_PATH))
        return true;
    ad_list *outer = &p->tape->outer;
    if (!ad_more_room(p->tape, outer, sizeof id))
        return false;
    ((uint32_t *)outer->items)[outer->n++] = id;
    e->value.flags &= (uint8_t)~AD_ON_PATH;
    return true;
}

/* A sweep inside another must not mistake the outer path for its own. */
static bool suspend_outer(path *p)
{
    ad_tape *t = p->tape;
    bool done = true;
    if (!ad_is_in_functional_sweep(t))
        return true;
    for (uint32_t id = t->first; id < t->ends[AD_STEP] && done; id++)
        done = suspend(p, id);
    for (uint32_t k = 0; k < ad_persistent_count(t) && done; k++)
        done = suspend(p, (uint32_t)AD_PERSISTENT << AD_INDEX_BITS | k);
    return done;
}

static void resume_outer(path *p)
{
    ad_list *outer = &p->tape->outer;
    while (outer->n > p->outer)
        ad_entry_at(p->tape, ((uint32_t *)outer->items)[--outer->n])->value.flags |= AD_ON_PATH;
}

static bool step_on(path *p, uint32_t id)
{
    ad_entry *e = ad_entry_at(p->tape, id);
    if (e->value.flags & AD_ON_PATH)
        return true;
    if (e->gradient) {
        ad_list *list = &p->tape->aside;
        if (!ad_more_room(p->tape, list, sizeof(ad_aside)))
            return false;
        ((ad_aside *)list->items)[list->n++] = (ad_aside){id, e->gradient};
    }
    e->gradient = 0;
    e->value.flags |= AD_ON_PATH;
    return true;
}

/* By-products are not differentiated. */
static bool depends(const path *p, const ad_entry *e)
{
    if (!e->op || e->op->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS) || !ad_is_differentiable_result(e))
        return false;
    for (uint32_t i = 0; i < e->value.n_operands; i++)
        if (ad_entry_at(p->tape, ad_operands_of(e)[i])->value.flags & AD_ON_PATH)
            return true;
    return false;
}

static bool find_path(path *p, const ad_tensor *x, int n)
{
    bool done = suspend_outer(p);
    p->first = p->last + 1;
    for (int i = 0; i < n && done; i++) {
        done = step_on(p, x[i].id);
        const uint32_t id = ad_table_of(x[i]) == AD_STEP ? x[i].id : 0;
        p->first = id < p->first ? id : p->first;
    }
    for (uint32_t id = p->first + 1; id <= p->last && done; id++) {
        const ad_entry *e = ad_entry_at(p->tape, id);
        const bool unrecorded = ad_is_unrecorded(id, e);
        p->has_unrecorded = p->has_unrecorded || unrecorded;
        if (!unrecorded && !depends(p, e))
            continue;
        p->has_raw = p->has_raw || !e->op->vjp || ad_is_raw(e->op);
        done = step_on(p, id);
    }
    return done;
}

/* A derivative that reached an unrecorded gradient, which may depend on x, is incomplete. Where it is one of the x the
 * derivative ends. */
static void refuse_unrecorded(const path *p, const ad_tensor *x, int n, const char *who)
{
    for (uint32_t id = p->first + 1; p->has_unrecorded && id <= p->last; id++) {
        const ad_entry *e = ad_entry_at(p->tape, id);
        bool is_x = false;
        for (int i = 0; i < n; i++)
            is_x = is_x || x[i].id == id;
        if (e->gradient && !is_x && e->value.flags & AD_ON_PATH && ad_is_unrecorded(id, e))
            ad_fail_unrecorded(p->tape, id, who);
    }
}

static void step_off(ad_entry *e)
{
    if (e->value.flags & AD_ON_PATH)
        e->gradient = 0;
    e->value.flags &= (uint8_t)~AD_ON_PATH;
}

static void leave(path *p, const ad_tensor *x, int n)
{
    ad_tape *t = p->tape;
    for (uint32_t id = p->first ? p->first : t->first; id <= p->last; id++)
        step_off(ad_entry_at(t, id));
    for (int i = 0; i < n; i++)
        step_off(ad_entry_at(t, x[i].id));
    while (t->aside.n > p->aside) {
        const ad_aside *set_aside = (const ad_aside *)t->aside.items + --t->aside.n;
        ad_entry_at(t, set_aside->id)->gradient = set_aside->gradient;
    }
    resume_outer(p);
}

/* Where the path ends: at the last result of y's call, so that no gradient of the others is taken for one of this
 * sweep.
 */
static uint32_t end_of(ad_tensor y)
{
    const ad_entry *e = ad_entry_at(y.tape, y.id);
    const uint32_t last = e->op ? y.id - e->value.result + e->value.n_results - 1 : y.id;
    return ad_table_of(y) == AD_STEP ? last : 0;
}

bool ad_path_has_raw(ad_tensor y, ad_tensor x)
{
    path p = path_to(y.tape, end_of(y));
    find_path(&p, &x, 1);
    leave(&p, &x, 1);
    return p.has_raw;
}

/* ---- The sweep --------------------------------------------------------------------------------------------------- */

/* Sweeps from y, and gives the gradients of x; inert where no path leads. */
static void sweep_path(ad_tensor y, ad_tensor v, const ad_tensor *x, int n, ad_tensor *dx, const char *who)
{
    ad_tape *t = y.tape;
    path p = path_to(t, end_of(y));
    if (find_path(&p, x, n)) {
        if (ad_entry_at(t, y.id)->value.flags & AD_ON_PATH)
            ad_run_sweep(t, &(ad_sweep){.y = y, .dy = v, .first = p.first, .functional = true, .recording = true});
        refuse_unrecorded(&p, x, n, who);
        for (int i = 0; i < n; i++)
            dx[i] = ad_entry_at(t, x[i].id)->gradient ? ad_handle(t, ad_entry_at(t, x[i].id)->gradient) : ad_inert(t);
    }
    leave(&p, x, n);
}

bool ad_sweep_to(ad_tensor y, ad_tensor v, const ad_tensor *x, int n, ad_tensor *dx, const char *who)
{
    ad_tape *t = y.tape;
    ad_storage *room;
    ad_tensor *g = t->status == AD_OK ? ad_room_for_tensors(t, (size_t)n, &room) : NULL;
    if (!g)
        return false;
    sweep_path(y, v, x, n, g, who);
    for (int i = 0; i < n && t->status == AD_OK; i++)
        g[i] = ad_is_inert(g[i]) ? ad_zeros_like(x[i]) : g[i];
    if (t->status == AD_OK)
        memcpy(dx, g, (size_t)n * sizeof *g);
    ad_pool_drop(&t->pool, room);
    return t->status == AD_OK;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

ad_place ad_begin_derivative(ad_tape *t)
{
    if (t && t->watch && !ad_callback_around(t))
        ad_forget_band(t, AD_BAND_FUNCTIONAL);
    return t ? AD_PLACE_NOW(t) : (ad_place){0};
}

ad_status ad_end_derivative(ad_tape *t, ad_place begin, ad_tensor *results, int n)
{
    if (t && t->status == AD_OK && t->ends[AD_STEP] > begin.entries)
        ad_prune(t, begin.entries, results, n);
    if (t && t->status == AD_OK)
        return AD_OK;
    if (t && t->ends[AD_STEP] > begin.entries)
        ad_drop_from(t, begin);
    for (int i = 0; i < n; i++)
        results[i] = ad_inert(t);
    return ad_status_of(t);
}

ad_tensor *ad_room_for_tensors(ad_tape *t, size_t n, ad_storage **storage)
{
    size_t bytes;
    *storage = ad_multiply_sizes(n, sizeof(ad_tensor), &bytes) ? ad_pool_take(&t->pool, bytes) : NULL;
    if (!*storage)
        ad_fail_memory(t, "differentiate");
    return *storage ? ad_storage_data(*storage) : NULL;
}

ad_tensor ad_recorded(ad_tensor v)
{
    const ad_entry *e = ad_table_of(v) == AD_TEMPORARY ? ad_entry_of(v.tape, v) : NULL;
    return e ? ad_enter_gradient(v.tape, e, ad_is_unrecorded(v.id, e)) : v;
}
