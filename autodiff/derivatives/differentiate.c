/* Derivatives as functions of tensors: the reverse walk on a path that is found for the call, with what is recorded on
 * the way and not needed taken off the tape again (compact.h). */
#include <gradtape/differentiate.h>
#include <gradtape/operators.h>

#include <string.h>

#include "prune.h"
#include "../tape/opaque.h"
#include "../reverse/pullback.h"
#include "../tape/versions.h"

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
        ad_fail(t, AD_BAD_STATE, "%s: a gradient that ad_backward did not record is a constant: it has no derivative",
                who);
    return t->status == AD_OK ? e : NULL;
}

/* v must be like x. */
static bool check_like(ad_tape *t, ad_tensor v, const ad_entry *x, const char *who, const char *what)
{
    const ad_entry *e = ad_entry_of(t, v);
    if (!e)
        ad_fail_handle(t, v, who, -1);
    else if (e->value.type != x->value.type || !ad_same_dims(e->value.shape, x->value.shape))
        fail_kind(t, who, what, &e->value, &x->value);
    return t->status == AD_OK;
}

static bool may_begin(ad_tape *t, ad_tensor y, const ad_tensor *x, int n, const char *who)
{
    if (!t && n > 0 && x && x[0].tape) /* whose tape says then what y is */
        ad_fail_handle(x[0].tape, y, who, -1);
    if (!t || t->status != AD_OK)
        return false;
    if (n < 1 || !x)
        ad_fail(t, AD_BAD_VALUE, "%s: no tensor is given to differentiate by", who);
    else if (!t->recording)
        ad_fail(t, AD_BAD_STATE, "%s: nothing is recorded here: mark first (ad_mark_now)", who);
    else if (!ad_refuse_partly_old(t, who))
        real_tensor(t, y, who, -1);
    for (int i = 0; i < n && t->status == AD_OK; i++)
        real_tensor(t, x[i], who, i);
    return t->status == AD_OK;
}

static bool check_scalar(ad_tape *t, ad_tensor y, const char *who)
{
    char text[AD_SHAPE_TEXT];
    const ad_entry *e = ad_entry_of(t, y);
    if (t->status == AD_OK && e && ad_elements(&e->value) != 1)
        ad_fail(t, AD_BAD_SHAPE, "%s: the tensor %s is not a scalar: reduce it (ad_sum, ad_mean), or take ad_vjp", who,
                ad_shape_text(e->value.shape, text));
    return t->status == AD_OK;
}

/* ---- The path ---------------------------------------------------------------------------------------------------- */

/* The entries that depend on x, up to y, are flagged; their links are set aside, to be put back. */
typedef struct path {
    ad_tape *tape;
    uint32_t last;   /* of STEP */
    uint32_t first;  /* where it begins */
    uint32_t *aside; /* pairs: an id, and its link */
    size_t n_aside, room;
    uint32_t *outer; /* what is on the path of the walk whose rule or kernel this one runs in */
    size_t n_outer, outer_room;
    bool has_raw; /* an operator is on it that cannot be differentiated twice */
} path;

/* Whether an entry is a result that can have a derivative. */
static bool is_result(const ad_entry *e) { return e->value.result < ad_result_count(e->op) && e->value.type != AD_I32; }

/* Takes one entry off the path of the walk around. */
static bool suspend(path *p, uint32_t id)
{
    ad_entry *e = ad_entry_at(p->tape, id);
    if (!(e->value.flags & AD_ON_PATH))
        return true;
    uint32_t *outer = ad_more_room(p->tape, p->outer, p->n_outer, &p->outer_room, sizeof *outer);
    if (!outer)
        return false;
    p->outer = outer;
    p->outer[p->n_outer++] = id;
    e->value.flags &= (uint8_t)~AD_ON_PATH;
    return true;
}

/* A walk inside another must not take that one's path for its own. */
static bool suspend_outer(path *p)
{
    ad_tape *t = p->tape;
    bool done = true;
    if (t->functional_walks == 0)
        return true;
    for (uint32_t id = 1; id < t->ends[AD_STEP] && done; id++)
        done = suspend(p, id);
    for (uint32_t k = 0; k < ad_kept_number(t) && done; k++)
        done = suspend(p, (uint32_t)AD_KEPT << AD_INDEX_BITS | k);
    return done;
}

static void resume_outer(path *p)
{
    for (size_t i = 0; i < p->n_outer; i++)
        ad_entry_at(p->tape, p->outer[i])->value.flags |= AD_ON_PATH;
    ad_memory_release(&p->tape->memory, p->outer, p->outer_room, sizeof *p->outer);
}

static bool step_on(path *p, uint32_t id)
{
    ad_entry *e = ad_entry_at(p->tape, id);
    if (e->value.flags & AD_ON_PATH)
        return true;
    uint32_t *aside = p->aside;
    if (e->link && !(aside = ad_more_room(p->tape, aside, p->n_aside, &p->room, 2 * sizeof *aside)))
        return false;
    if (e->link) {
        p->aside = aside;
        p->aside[2 * p->n_aside] = id;
        p->aside[2 * p->n_aside++ + 1] = e->link;
    }
    e->link = 0;
    e->value.flags |= AD_ON_PATH;
    return true;
}

/* By-products are not differentiated. */
static bool depends(const path *p, const ad_entry *e)
{
    if (!e->op || e->op->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS) || !is_result(e))
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
        if (!depends(p, e))
            continue;
        p->has_raw = p->has_raw || !e->op->vjp || ad_is_carried(e->op);
        done = step_on(p, id);
    }
    return done;
}

static void step_off(ad_entry *e)
{
    if (e->value.flags & AD_ON_PATH)
        e->link = 0;
    e->value.flags &= (uint8_t)~AD_ON_PATH;
}

static void leave(path *p, const ad_tensor *x, int n)
{
    ad_tape *t = p->tape;
    for (uint32_t id = p->first ? p->first : 1; id <= p->last; id++)
        step_off(ad_entry_at(t, id));
    for (int i = 0; i < n; i++)
        step_off(ad_entry_at(t, x[i].id));
    for (size_t i = 0; i < p->n_aside; i++)
        ad_entry_at(t, p->aside[2 * i])->link = p->aside[2 * i + 1];
    ad_memory_release(&t->memory, p->aside, p->room, 2 * sizeof *p->aside);
    resume_outer(p);
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

/* Where a call began to record. */
typedef struct beginning {
    uint32_t first, pins;
    ad_arena_mark arena;
} beginning;

static beginning begin(const ad_tape *t)
{
    return t ? (beginning){t->ends[AD_STEP], t->pins, ad_arena_now(&t->step)} : (beginning){0};
}

/* Ends a call: its results are handed over, or on an error none, and nothing that it recorded stays. */
static ad_status conclude(ad_tape *t, beginning b, ad_tensor *results, int n)
{
    if (t && t->status == AD_OK && t->ends[AD_STEP] > b.first)
        ad_compact(t, b.first, results, n);
    if (t && t->status == AD_OK)
        return AD_OK;
    if (t && t->ends[AD_STEP] > b.first)
        ad_drop_from(t, b.first, b.arena, b.pins);
    if (t)
        t->generation++;
    for (int i = 0; i < n; i++)
        results[i] = ad_inert(t);
    return ad_status_of(t);
}

/* ---- One walk ---------------------------------------------------------------------------------------------------- */

/* Room for n tensors in storage that is dropped when they are done with; NULL, and the tape is in error, if there is no
 * memory. */
static ad_tensor *tensors(ad_tape *t, size_t n, ad_storage **storage)
{
    size_t bytes;
    *storage = ad_multiply(n, sizeof(ad_tensor), &bytes) ? ad_pool_take(&t->pool, bytes) : NULL;
    if (!*storage)
        ad_fail_memory(t, "differentiate");
    return *storage ? ad_storage_data(*storage) : NULL;
}

static void drop(ad_tape *t, ad_storage *storage)
{
    if (storage)
        ad_pool_drop(&t->pool, storage);
}

/* Walks from y, and gives the gradients of x; inert where no path leads. */
static void walk_path(ad_tensor y, ad_tensor v, const ad_tensor *x, int n, ad_tensor *dx)
{
    ad_tape *t = y.tape;
    path p = {.tape = t, .last = ad_table_of(y) == AD_STEP ? y.id : 0};
    if (find_path(&p, x, n)) {
        t->functional_walks++;
        if (ad_entry_at(t, y.id)->value.flags & AD_ON_PATH)
            ad_run_walk(t, &(ad_walk_back){.y = y, .dy = v, .first = p.first, .functional = true});
        t->functional_walks--;
        for (int i = 0; i < n; i++)
            dx[i] = ad_entry_at(t, x[i].id)->link ? ad_handle(t, ad_entry_at(t, x[i].id)->link) : ad_inert(t);
    }
    leave(&p, x, n);
}

/* The gradients of sum(v y), v inert: of y. Nothing is taken off the tape. dx may be x, which is read to the end. */
static bool walk_to(ad_tensor y, ad_tensor v, const ad_tensor *x, int n, ad_tensor *dx)
{
    ad_tape *t = y.tape;
    ad_storage *room;
    ad_tensor *g = t->status == AD_OK ? tensors(t, (size_t)n, &room) : NULL;
    if (!g)
        return false;
    walk_path(y, v, x, n, g);
    for (int i = 0; i < n && t->status == AD_OK; i++)
        g[i] = ad_is_inert(g[i]) ? ad_zeros_like(x[i]) : g[i];
    if (t->status == AD_OK)
        memcpy(dx, g, (size_t)n * sizeof *g);
    drop(t, room);
    return t->status == AD_OK;
}

ad_status ad_grad(ad_tensor y, const ad_tensor *x, int n, ad_tensor *dx)
{
    if (!dx)
        return ad_fail(y.tape, AD_BAD_VALUE, "grad: the room for results is NULL");
    const beginning b = begin(y.tape);
    if (may_begin(y.tape, y, x, n, "grad") && check_scalar(y.tape, y, "grad"))
        walk_to(y, ad_inert(y.tape), x, n, dx);
    return conclude(y.tape, b, dx, n);
}

/* A gradient of an ordinary backward enters the recording as a constant. */
static ad_tensor recorded(ad_tensor v)
{
    return ad_table_of(v) == AD_TEMPORARY ? ad_enter_gradient(v.tape, ad_entry_of(v.tape, v)) : v;
}

ad_status ad_vjp(ad_tensor y, ad_tensor v, const ad_tensor *x, int n, ad_tensor *dx)
{
    if (!dx)
        return ad_fail(y.tape, AD_BAD_VALUE, "vjp: the room for results is NULL");
    const beginning b = begin(y.tape);
    if (may_begin(y.tape, y, x, n, "vjp") && check_like(y.tape, v, ad_entry_of(y.tape, y), "vjp", "v"))
        walk_to(y, recorded(v), x, n, dx);
    return conclude(y.tape, b, dx, n);
}

/* ---- Twice ------------------------------------------------------------------------------------------------------- */

static bool check_velocities(ad_tape *t, const ad_tensor *x, const ad_tensor *v, int n, const char *who)
{
    if (!v)
        ad_fail(t, AD_BAD_VALUE, "%s: the velocities are NULL", who);
    for (int i = 0; i < n && t->status == AD_OK; i++)
        check_like(t, v[i], ad_entry_of(t, x[i]), who, "a velocity");
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
    ad_tensor *g = tensors(t, (size_t)n, &room), u = ad_zeros_like(y);
    if (g && t->status == AD_OK && walk_to(y, u, x, n, g)) {
        const ad_tensor s = inner_product(g, v, n);
        if (t->status == AD_OK)
            walk_to(s, ad_inert(t), &u, 1, dy);
    }
    drop(t, room);
}

ad_tensor ad_jvp(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n)
{
    const beginning b = begin(y.tape);
    ad_tensor dy = ad_inert(y.tape);
    if (may_begin(y.tape, y, x, n, "jvp") && check_velocities(y.tape, x, v, n, "jvp"))
        jvp_into(y, x, v, n, &dy);
    conclude(y.tape, b, &dy, 1);
    return dy;
}

/* An entry that was recorded with other operands wants what its new ones want. */
static void inherit_wants(ad_tape *t, ad_entry *e)
{
    const bool passes = is_result(e) && !(e->op->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS));
    for (uint32_t i = 0; passes && i < e->value.n_operands; i++)
        e->value.flags |= ad_entry_at(t, ad_operands_of(e)[i])->value.flags & AD_WANTS_GRADIENT;
}

/* From entry `first` on, what reads from[i] reads to[i] instead, which has the same value. */
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

/* The x move with constant velocities, also where the v given depend on x: the second walk sees constants u in their
 * place, and what it records reads the v, so that the result can be differentiated by them. */
static void hvp_into(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n, ad_tensor *hv)
{
    ad_tape *t = y.tape;
    ad_storage *room;
    ad_tensor *g = tensors(t, 3 * (size_t)n, &room);
    if (!g)
        return;
    ad_tensor *u = g + n, *w = u + n;
    for (int i = 0; i < n; i++) {
        w[i] = recorded(v[i]);
        u[i] = ad_detach(w[i]);
    }
    const uint32_t first = t->ends[AD_STEP];
    if (t->status == AD_OK && walk_to(y, ad_inert(t), x, n, g)) {
        const ad_tensor s = inner_product(g, u, n);
        if (t->status == AD_OK && walk_to(s, ad_inert(t), x, n, hv))
            substitute(t, first, u, w, n);
    }
    drop(t, room);
}

ad_status ad_hvp(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n, ad_tensor *hv)
{
    if (!hv)
        return ad_fail(y.tape, AD_BAD_VALUE, "hvp: the room for results is NULL");
    const beginning b = begin(y.tape);
    if (may_begin(y.tape, y, x, n, "hvp") && check_scalar(y.tape, y, "hvp") && check_velocities(y.tape, x, v, n, "hvp"))
        hvp_into(y, x, v, n, hv);
    return conclude(y.tape, b, hv, n);
}

/* ---- Matrices ---------------------------------------------------------------------------------------------------- */

/* Element i of a tensor like x is 1, the others 0. */
static ad_tensor unit(ad_tensor x, size_t i)
{
    ad_tape *t = x.tape;
    const ad_entry *e = ad_entry_of(t, x);
    if (!e)
        return ad_inert(t);
    const ad_tensor one = ad_input(t, (ad_type)e->value.type, *e->value.shape, NULL);
    if (ad_is_inert(one))
        return one;
    ad_value *value = &ad_entry_at(t, one.id)->value;
    if (value->type == AD_F32)
        ((float *)value->data)[i] = 1;
    else
        ((double *)value->data)[i] = 1;
    return one;
}

/* Rows: each the gradient of one element of y. */
static void fill_rows(ad_tensor y, ad_tensor x, ad_tensor *rows, size_t n)
{
    for (size_t i = 0; i < n && ad_status_of(y.tape) == AD_OK; i++)
        walk_to(y, unit(y, i), &x, 1, &rows[i]);
}

static ad_shape joined(const ad_shape *a, const ad_shape *b)
{
    ad_shape y = *a;
    for (int i = 0; i < b->rank; i++)
        y.dims[y.rank++] = b->dims[i];
    return y;
}

/* n rows like x, one below the other, in the shape given. */
static ad_tensor stacked(ad_tensor x, const ad_tensor *rows, size_t n, ad_shape shape)
{
    ad_tape *t = x.tape;
    if (t->status != AD_OK)
        return ad_inert(t);
    if (n == 0)
        return ad_zeros(t, ad_type_of(x), shape);
    return ad_reshape(ad_stack(rows, (int)n, 0), shape);
}

static ad_tensor by_rows(ad_tensor y, ad_tensor x, size_t n, ad_shape shape)
{
    ad_tape *t = y.tape;
    ad_storage *room;
    ad_tensor *rows = tensors(t, n, &room), all = ad_inert(t);
    if (rows) {
        fill_rows(y, x, rows, n);
        all = stacked(x, rows, n, shape);
    }
    drop(t, room);
    return all;
}

/* Whether an operator between x and y cannot be differentiated twice. */
static bool path_has_raw(ad_tensor y, ad_tensor x)
{
    path p = {.tape = y.tape, .last = ad_table_of(y) == AD_STEP ? y.id : 0};
    find_path(&p, &x, 1);
    leave(&p, &x, 1);
    return p.has_raw;
}

/* Columns: g = vjp(u) is linear in u, and column j is the gradient of element j of g by u. */
static ad_tensor columns_of(ad_tensor g, ad_tensor u, ad_tensor y, ad_tensor x, ad_shape shape)
{
    ad_tape *t = y.tape;
    const ad_shape of_y = ad_shape_of(y), of_x = ad_shape_of(x), across = joined(&of_x, &of_y);
    const size_t n = ad_count_of(&of_x);
    ad_storage *room;
    ad_tensor all = ad_inert(t), *columns = tensors(t, n, &room);
    if (columns) {
        fill_rows(g, u, columns, n);
        all = ad_reshape(stacked(y, columns, n, across), AD_SHAPE((int64_t)n, (int64_t)ad_count_of(&of_y)));
        all = ad_reshape(ad_transpose(all), shape);
        all = ad_type_of(all) == ad_type_of(x) ? all : ad_cast(all, ad_type_of(x)); /* as by rows */
    }
    drop(t, room);
    return all;
}

/* By columns, but for a rule that turns out to carry a value out of a mark, which has only rows. */
static ad_tensor by_columns(ad_tensor y, ad_tensor x, size_t rows, ad_shape shape)
{
    ad_tensor u = ad_zeros_like(y), g;
    if (ad_is_inert(u) || !walk_to(y, u, &x, 1, &g))
        return ad_inert(y.tape);
    return path_has_raw(g, u) ? by_rows(y, x, rows, shape) : columns_of(g, u, y, x, shape);
}

/* Whether there will be room for the rows and for what is made of them, which is better known before than after the
 * work. */
static bool has_room(ad_tape *t, const ad_shape *shape, ad_type type, const char *who)
{
    char text[AD_SHAPE_TEXT];
    const size_t n = ad_count_of(shape), bytes = 2 * ad_type_bytes(type);
    void *room = ad_memory_take(&t->memory, n, bytes);
    if (!room)
        ad_fail(t, AD_NO_MEMORY, "%s: memory is out for a result %s of %s, which takes twice its size to make", who,
                ad_shape_text(shape, text), ad_type_name(type));
    ad_memory_release(&t->memory, room, n, bytes);
    return room != NULL;
}

static ad_tensor jacobian(ad_tensor y, ad_tensor x, const char *who)
{
    ad_tape *t = y.tape;
    const ad_shape of_y = ad_shape_of(y), of_x = ad_shape_of(x);
    if (of_y.rank + of_x.rank > AD_MAX_RANK) {
        ad_fail(t, AD_BAD_SHAPE, "%s: the result would have %d axes, %d of y and %d of x: there can be at most %d", who,
                of_y.rank + of_x.rank, of_y.rank, of_x.rank, AD_MAX_RANK);
        return ad_inert(t);
    }
    const ad_shape shape = joined(&of_y, &of_x);
    const size_t rows = ad_count_of(&of_y), columns = ad_count_of(&of_x);
    if (!ad_check_shape(t, who, &shape, sizeof(double)) || !has_room(t, &shape, ad_type_of(x), who))
        return ad_inert(t);
    return rows <= columns || path_has_raw(y, x) ? by_rows(y, x, rows, shape) : by_columns(y, x, rows, shape);
}

ad_tensor ad_jacobian(ad_tensor y, ad_tensor x)
{
    const beginning b = begin(y.tape);
    ad_tensor all = ad_inert(y.tape);
    if (may_begin(y.tape, y, &x, 1, "jacobian"))
        all = jacobian(y, x, "jacobian");
    conclude(y.tape, b, &all, 1);
    return all;
}

ad_tensor ad_hessian(ad_tensor y, ad_tensor x)
{
    const beginning b = begin(y.tape);
    ad_tensor all = ad_inert(y.tape), g;
    if (may_begin(y.tape, y, &x, 1, "hessian") && check_scalar(y.tape, y, "hessian") &&
        walk_to(y, ad_inert(y.tape), &x, 1, &g))
        all = jacobian(g, x, "hessian");
    conclude(y.tape, b, &all, 1);
    return all;
}
