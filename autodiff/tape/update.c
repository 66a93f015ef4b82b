/* In-place changes of leaves. Everything is checked before the first element changes. */
#include <gradtape/threads.h>
#include <gradtape/update.h>

#include "../kernels/kernel.h"

#ifdef AD_REAL

#include <math.h>

/* x -= rate dx */
LOOP(descend)
{
    const REAL *restrict D = s->array[1], rate = (REAL)s->constant;
    REAL *restrict X = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        X[i] -= rate * D[i];
}

/* x *= factor */
LOOP(shrink)
{
    const REAL factor = (REAL)s->constant;
    REAL *restrict X = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        X[i] *= factor;
}

/* a += dx^2, x -= rate dx / sqrt(a), for n elements */
static void adagrad_of(REAL *restrict X, const REAL *restrict D, REAL *restrict A, size_t n, REAL rate)
{
    for (size_t i = 0; i < n; i++) {
        A[i] += D[i] * D[i];
        X[i] -= rate * D[i] / R(sqrt)(A[i]);
    }
}

#if AD_REAL_BITS == 32 && defined(__AVX2__)
#include "../kernels/vector.h"

#if defined(__AVX512F__)
#define OF_VECTOR(function) _mm512_##function
#define ESTIMATE_RSQRT _mm512_rsqrt14_ps
#define ALL_ABOVE(a, bound) (_mm512_cmp_ps_mask(a, bound, _CMP_GT_OQ) == 0xFFFF)
#else
#define OF_VECTOR(function) _mm256_##function
#define ESTIMATE_RSQRT _mm256_rsqrt_ps
#define ALL_ABOVE(a, bound) (_mm256_movemask_ps(_mm256_cmp_ps(a, bound, _CMP_GT_OQ)) == 0xFF)
#endif
#define SUB_MUL(a, b, c) OF_VECTOR(fnmadd_ps)(b, c, a) /* a - b c */

/* The same in vectors: an estimate r of 1 / sqrt(a), mended by e = 1 - a r^2 in the series of r (1 - e)^(-1/2), which
 * ends below the last digit; the error is less than 1.5 * 2^-24. Square root and division take longer. They are taken
 * where there is no estimate, which e shows: for a sum of squares that is 0, denormal, infinite or NaN. Returns how
 * many elements are done. */
static size_t adagrad_in_vectors(float *X, const float *D, float *A, size_t n, float rate)
{
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
        const VECTOR d = LOAD(D + i), a = MULTIPLY_ADD(d, d, LOAD(A + i)), r = ESTIMATE_RSQRT(a);
        const VECTOR e = SUB_MUL(BROADCAST(1), a * r, r), series = MULTIPLY_ADD(BROADCAST(0.375F), e, BROADCAST(0.5F));
        if (!ALL_ABOVE(e, BROADCAST(-0.01F))) {
            adagrad_of(X + i, D + i, A + i, VECTOR_LANES, rate);
            continue;
        }
        STORE(X + i, SUB_MUL(LOAD(X + i), rate * d, MULTIPLY_ADD(r * e, series, r)));
        STORE(A + i, a);
    }
    return i;
}
#else
static size_t adagrad_in_vectors(const REAL *X, const REAL *D, const REAL *A, size_t n, REAL rate)
{
    (void)X, (void)D, (void)A, (void)n, (void)rate;
    return 0;
}
#endif

LOOP(adagrad)
{
    REAL *X = s->array[0], *D = s->array[1], *A = s->array[2];
    const REAL rate = (REAL)s->constant;
    const size_t done = adagrad_in_vectors(X, D, A, s->n, rate);
    adagrad_of(X + done, D + done, A + done, s->n - done, rate);
}

#else

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "copies.h"
#include "entries.h"
#include "handles.h"
#include "update.h"
#include "versions.h"

LOOP_TABLE(descend)
LOOP_TABLE(shrink)
LOOP_TABLE(adagrad)

/* A leaf is updated in blocks, whatever the number of threads. */
enum { UPDATE_BLOCK = 8192 };

typedef struct update {
    ad_loop *loop;
    ad_span span; /* of the whole leaf */
    size_t element_bytes;
} update;

static void update_block(void *context, size_t block)
{
    const update *u = context;
    ad_span span = u->span;
    const size_t first = block * UPDATE_BLOCK;
    span.n = u->span.n - first < UPDATE_BLOCK ? u->span.n - first : UPDATE_BLOCK;
    for (int i = 0; i < AD_SPAN_ARRAYS && span.array[i]; i++)
        span.array[i] = (char *)span.array[i] + first * u->element_bytes;
    u->loop(&span);
}

static void run_update(const ad_loops *loops, const ad_entry *e, ad_span span)
{
    update u = {loops->of[e->value.type][ad_processor()], span, ad_bytes_of(e->value.type)};
    u.span.n = ad_elements(&e->value);
    ad_parallel((u.span.n + UPDATE_BLOCK - 1) / UPDATE_BLOCK, update_block, &u);
}

/* The entry of a leaf that the tape owns; NULL, and an error, for anything else. */
static ad_entry *any_leaf(ad_tensor x, const char *who)
{
    ad_entry *e = ad_require(x, who);
    if (!e || (ad_is_leaf(x.tape, x.id) && !(e->value.flags & AD_IS_BORROWED)))
        return e;
    ad_fail(x.tape, AD_BAD_STATE, "%s: only leaves are changed in place; this is %s", who,
            ad_is_leaf(x.tape, x.id) ? "borrowed: change your own array, and say so with ad_touch" : "none");
    return NULL;
}

ad_entry *ad_require_persistent(ad_tensor x, const char *who)
{
    ad_entry *e = ad_require(x, who);
    if (!e || x.id >> AD_INDEX_BITS == AD_PERSISTENT)
        return e;
    ad_fail(x.tape, AD_BAD_STATE, "%s: only parameters and states are changed in place; this is neither", who);
    return NULL;
}

const ad_entry *ad_require_state(ad_tensor x, const char *who)
{
    char text[AD_TENSOR_TEXT];
    const ad_entry *e = ad_require(x, who);
    if (!e || e->value.flags & AD_IS_STATE)
        return e;
    ad_fail(x.tape, AD_BAD_STATE, "%s: %s is no state: values are proposed for what ad_state made%s", who,
            ad_tensor_text(x.tape, x.id, text),
            ad_table_of(x) == AD_PERSISTENT ? "; a parameter is changed by its optimiser" : "");
    return NULL;
}

/* The gradient of a parameter that is to be updated; NULL, and an error, if there is none. */
static ad_entry *gradient_to_use(ad_tensor x, const ad_entry *e, const char *who)
{
    if (e->gradient)
        return ad_entry_at(x.tape, e->gradient);
    ad_fail(x.tape, AD_NO_GRADIENT,
            "%s: the gradient of %s was not computed: run ad_backward on a loss that depends on it", who,
            ad_leaf_name(e));
    return NULL;
}

static bool check_rate(ad_tensor x, double rate, const char *who)
{
    if (isfinite(rate))
        return true;
    ad_fail(x.tape, AD_BAD_VALUE, "%s: the rate %g is not finite", who, rate);
    return false;
}

ad_status ad_assign(ad_tensor leaf, const void *data)
{
    ad_entry *e = any_leaf(leaf, "assign");
    if (!e)
        return ad_status_after(leaf.tape);
    const size_t n = ad_elements(&e->value);
    if (!data && n)
        return ad_fail(leaf.tape, AD_BAD_VALUE, "assign: the data for %s is NULL", ad_leaf_name(e));
    ad_copy copy;
    const bool is_copy = n && ad_find_copied(leaf.tape, data, &copy);
    if ((is_copy && !ad_more_room(leaf.tape, &leaf.tape->copies, sizeof(ad_copy))) ||
        !ad_note_change(leaf.tape, leaf.id, "assign"))
        return ad_status_after(leaf.tape);
    if (is_copy)
        ad_note_copy(leaf.tape, leaf.id, &copy);
    if (n)
        memcpy(e->value.data, data, n * ad_bytes_of(e->value.type));
    return AD_OK;
}

ad_status ad_touch(ad_tensor leaf)
{
    const ad_entry *e = ad_require(leaf, "touch");
    if (e && !ad_is_leaf(leaf.tape, leaf.id))
        ad_fail(leaf.tape, AD_BAD_STATE, "touch: only leaves are changed in place; this is none");
    else if (e && !(e->value.flags & AD_IS_BORROWED))
        ad_fail(leaf.tape, AD_BAD_STATE,
                "touch: the leaf is not borrowed, or is a scalar, which is copied: change it with ad_assign");
    return e && ad_status_of(leaf.tape) == AD_OK && ad_note_change(leaf.tape, leaf.id, "touch")
               ? AD_OK
               : ad_status_after(leaf.tape);
}

ad_status ad_descend(ad_tensor x, double rate)
{
    ad_entry *e = ad_require_persistent(x, "descend");
    const ad_entry *g = e && check_rate(x, rate, "descend") ? gradient_to_use(x, e, "descend") : NULL;
    if (!g || !ad_note_change(x.tape, x.id, "descend"))
        return ad_status_after(x.tape);
    run_update(&descend_loops, e, (ad_span){.array = {e->value.data, g->value.data}, .constant = rate});
    return AD_OK;
}

ad_status ad_shrink(ad_tensor x, double share)
{
    ad_entry *e = ad_require_persistent(x, "shrink");
    if (!e)
        return ad_status_after(x.tape);
    if (e->value.type == AD_I32)
        return ad_fail(x.tape, AD_BAD_TYPE, "shrink: %s is i32: only f32 and f64 can shrink", ad_leaf_name(e));
    if (!(share >= 0 && share <= 1))
        return ad_fail(x.tape, AD_BAD_VALUE, "shrink: the share is %g: it must be at least 0 and at most 1", share);
    if (!ad_note_change(x.tape, x.id, "shrink"))
        return ad_status_after(x.tape);
    run_update(&shrink_loops, e, (ad_span){.array = {e->value.data}, .constant = 1 - share});
    return AD_OK;
}

/* The entry of a state that is updated with x, `noun` in messages; NULL, and an error, if it cannot be one. */
static ad_entry *state_of(ad_tensor x, const ad_entry *e, ad_tensor state, const char *who, const char *noun)
{
    if (!ad_entry_of(x.tape, state)) {
        char text[80];
        snprintf(text, sizeof text, "%s: %s", who, noun);
        ad_fail_handle(x.tape, state, text, -1);
    }
    ad_entry *s = x.tape->status == AD_OK ? ad_require_persistent(state, who) : NULL;
    if (!s)
        return NULL;
    if (!(s->value.flags & AD_IS_STATE) || s->value.type != e->value.type ||
        !ad_same_dims(s->value.shape, e->value.shape))
        ad_fail(x.tape, AD_BAD_SHAPE, "%s: %s of %s must be a state of its shape and type", who, noun, ad_leaf_name(e));
    else
        return s;
    return NULL;
}

ad_status ad_descend_adagrad(ad_tensor x, ad_tensor accumulator, double rate)
{
    static const char who[] = "descend_adagrad";
    ad_entry *e = ad_require_persistent(x, who), *a = e ? state_of(x, e, accumulator, who, "the accumulator") : NULL;
    const ad_entry *g = a && check_rate(x, rate, who) ? gradient_to_use(x, e, who) : NULL;
    if (!g || !ad_note_change(x.tape, x.id, who) || !ad_note_change(x.tape, accumulator.id, who))
        return ad_status_after(x.tape);
    const ad_span span = {.array = {e->value.data, g->value.data, a->value.data}, .constant = rate};
    run_update(&adagrad_loops, e, span);
    return AD_OK;
}

/* ---- Rules of the caller's --------------------------------------------------------------------------------------- */

typedef struct ruling {
    ad_update_rule *rule;
    ad_update_block whole;
    int n_states;
} ruling;

static void rule_block(void *context, size_t block)
{
    const ruling *r = context;
    const size_t first = block * UPDATE_BLOCK, bytes = first * ad_bytes_of((uint8_t)r->whole.type);
    ad_update_block b = r->whole;
    b.n = r->whole.n - first < UPDATE_BLOCK ? r->whole.n - first : UPDATE_BLOCK;
    b.first = first;
    b.x = (char *)b.x + bytes;
    b.dx = (const char *)b.dx + bytes;
    for (int i = 0; i < r->n_states; i++)
        b.state[i] = (char *)b.state[i] + bytes;
    r->rule(&b);
}

/* Takes the states of x; false, and an error, if one cannot be updated with it. */
static bool take_states(ad_tensor x, const ad_entry *e, const ad_tensor *states, ruling *r)
{
    for (int i = 0; i < r->n_states; i++) {
        char noun[32];
        snprintf(noun, sizeof noun, "state %d", i);
        const ad_entry *s = state_of(x, e, states[i], "update_by", noun);
        for (int j = 0; s && j <= i; j++)
            if (states[i].id == (j < i ? states[j].id : x.id)) {
                ad_fail(x.tape, AD_BAD_VALUE, "update_by: state %d of %s is %s: each must be another", i,
                        ad_leaf_name(e), j < i ? "given twice" : "the same as what is updated");
                s = NULL;
            }
        if (!s)
            return false;
        r->whole.state[i] = s->value.data;
    }
    return true;
}

static bool check_ruling(ad_tensor x, const ad_entry *e, const ad_tensor *states, const ruling *r)
{
    if (!r->rule)
        ad_fail(x.tape, AD_BAD_VALUE, "update_by: the rule for %s is NULL", ad_leaf_name(e));
    else if (r->n_states < 0 || r->n_states > AD_MAX_UPDATE_STATES)
        ad_fail(x.tape, AD_BAD_VALUE, "update_by: %d states for %s: it must be 0 to %d", r->n_states, ad_leaf_name(e),
                AD_MAX_UPDATE_STATES);
    else if (r->n_states && !states)
        ad_fail(x.tape, AD_BAD_VALUE, "update_by: the %d states of %s are NULL", r->n_states, ad_leaf_name(e));
    else if (e->value.type == AD_I32)
        ad_fail(x.tape, AD_BAD_TYPE, "update_by: %s is i32: only f32 and f64 are updated", ad_leaf_name(e));
    else
        return true;
    return false;
}

ad_status ad_update_by(ad_tensor x, const ad_tensor *states, int n_states, ad_update_rule *rule, const void *context)
{
    ad_entry *e = ad_require_persistent(x, "update_by");
    if (!e)
        return ad_status_after(x.tape);
    ruling r = {rule, {.n = ad_elements(&e->value), .type = (ad_type)e->value.type, .context = context}, n_states};
    const ad_entry *g =
        check_ruling(x, e, states, &r) && take_states(x, e, states, &r) ? gradient_to_use(x, e, "update_by") : NULL;
    bool noted = g && ad_note_change(x.tape, x.id, "update_by");
    for (int i = 0; noted && i < n_states; i++)
        noted = ad_note_change(x.tape, states[i].id, "update_by");
    if (!noted)
        return ad_status_after(x.tape);
    r.whole.x = e->value.data;
    r.whole.dx = g->value.data;
    ad_parallel((r.whole.n + UPDATE_BLOCK - 1) / UPDATE_BLOCK, rule_block, &r);
    return AD_OK;
}

#endif
