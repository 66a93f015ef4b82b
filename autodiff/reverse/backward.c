/* The reverse walk.
 *
 * One loop from the loss to the first entry. An entry's `link` is the id of its gradient: a temporary in an ordinary
 * walk, an entry of the recording in a differentiable one. A rule's contributions come in through ad_give. */
#include <gradtape/backward.h>
#include <gradtape/operators.h>

#include "../tape/opaque.h"
#include "position.h"
#include "pullback.h"
#include "../tape/segments.h"
#include "../tape/versions.h"

/* ---- The walk ---------------------------------------------------------------------------------------------------- */

/* What a tape knows of the rule that runs. A walk may be inside the rule of another. */
typedef struct running {
    ad_pullback *walking;
    const ad_pullback *rule;
    uint32_t floor;
    uint64_t runner;
} running;

static inline running begin_rules(ad_tape *t, ad_pullback *p)
{
    const running outer = {t->walking, t->rule, t->floor, t->runner};
    t->walking = p;
    t->rule = p;
    return outer;
}

static inline void end_rules(ad_tape *t, const running *outer)
{
    t->walking = outer->walking;
    t->rule = outer->rule;
    t->floor = outer->floor;
    t->runner = outer->runner;
}

static inline void run_rule(ad_pullback *p)
{
    p->tape->floor = p->tape->ends[AD_STEP];
    p->tape->runner = ++p->tape->runners;
    if (p->entry->op->vjp)
        p->entry->op->vjp(p);
    else
        ad_run_numeric_rule(p);
    if (p->tape->walking != p) {
        ad_fail(p->tape, AD_BAD_STATE, "%s: its rule took a mark (ad_mark_now) and did not go back to it (ad_rewind)",
                p->entry->op->name);
        ad_go_back(p->tape, &p->mark);
    }
}

void ad_run_rule(ad_pullback *p)
{
    const running outer = begin_rules(p->tape, p);
    run_rule(p);
    end_rules(p->tape, &outer);
}

bool ad_refuse_in_rule(ad_tape *t, const char *who, const char *instead)
{
    if (t->walking && !t->parts)
        ad_fail(t, AD_BAD_STATE, "%s: a gradient rule must not call it", who);
    else if (t->busy || t->parts)
        ad_fail(t, AD_BAD_STATE, "%s: a rule or a kernel must not call it, not with a mark either: %s", who, instead);
    return t->walking || t->busy || t->parts;
}

/* When a rule has run: its temporaries and the gradient that it took are given back. A functional walk reads the
 * gradients it wants at its end, and has no temporaries. */
static bool finish(ad_tape *t, const ad_walk_back *walk, const ad_pullback *p)
{
    ad_recycle_fresh(t);
    if (p->may_move && p->entry->value.n_results == 1) {
        ad_unlink_gradient(t, p->entry);
        return t->status == AD_OK;
    }
    for (uint32_t j = 0; j < p->entry->value.n_results && !walk->functional; j++) {
        ad_entry *result = ad_entry_at(t, p->id + j);
        if (!walk->keep)
            ad_unlink_gradient(t, result);
        else if (result->link && !ad_hold_gradient(t, p->id + j))
            return false;
    }
    return t->status == AD_OK;
}

/* Looks up the operands that a rule will ask for again and again, if they are few. */
static inline void find_near(ad_pullback *p)
{
    const int n = (int)p->entry->value.n_operands;
    p->operands = ad_operands_of(p->entry);
    p->near = p->is_plain && n <= AD_NEAR ? n : 0;
    for (int i = 0; i < p->near; i++)
        p->x[i] = ad_entry_at(p->tape, p->operands[i]);
}

static uint8_t wanted_by(const ad_walk_back *walk) { return walk->functional ? AD_ON_PATH : AD_WANTS_GRADIENT; }

/* For each entry the pullback of the walk is filled in anew. What is left unset is not read: clearing it would take
 * longer than many a rule. */
static inline void begin_pullback(ad_pullback *p, ad_tape *t, const ad_walk_back *walk)
{
    p->tape = t;
    p->capture = -1;
    p->wanted = wanted_by(walk);
    p->may_move = !walk->keep && !walk->functional && !t->recording;
    p->is_plain = !t->recording && !t->tracing && !t->n_changes;
}

static inline bool pull(ad_pullback *p, const ad_walk_back *walk, ad_entry *e, uint32_t id)
{
    p->entry = e;
    p->id = id;
    uint32_t any = p->dy[0] = e->link;
    for (uint32_t j = 1; j < e->value.n_results; j++)
        any |= p->dy[j] = ad_entry_at(p->tape, id + j)->link;
    if (!any)
        return true;
    if (p->dy[0])
        p->dy_generation = ad_entry_at(p->tape, p->dy[0])->generation;
    find_near(p);
    run_rule(p);
    return finish(p->tape, walk, p);
}

/* Whether the rule has to run: a result is wanted and, in a functional walk, an operand, because what lies below the
 * tensors that it differentiates by is none of its business. */
static inline bool is_wanted(const ad_tape *t, const ad_walk_back *walk, const ad_entry *e, uint32_t id)
{
    const uint8_t flag = wanted_by(walk);
    uint8_t results = e->value.flags, operands = walk->functional ? 0 : flag;
    for (uint32_t j = 1; j < e->value.n_results; j++)
        results |= ad_entry_at(t, id + j)->value.flags;
    for (uint32_t i = 0; walk->functional && i < e->value.n_operands; i++)
        operands |= ad_entry_at(t, ad_operands_of(e)[i])->value.flags;
    return results & operands & flag;
}

static inline bool visit(ad_tape *t, const ad_walk_back *walk, uint32_t id, ad_pullback *p)
{
    ad_entry *e = ad_entry_at(t, id);
    if (e->value.data != &e->scalar && id > AD_AHEAD)
        ad_prefetch_entry(ad_entry_at(t, id - AD_AHEAD));
    if (e->value.result > 0 || (!e->link && e->value.n_results <= 1))
        return true;
    if (e->op && ad_has_rule(e->op) && is_wanted(t, walk, e, id))
        return pull(p, walk, e, id);
    return walk->functional || ad_hold_gradient(t, id);
}

/* Entries down to and without `end`. */
static void visit_down(ad_tape *t, const ad_walk_back *walk, uint32_t from, uint32_t end)
{
    ad_pullback p;
    begin_pullback(&p, t, walk);
    const running outer = begin_rules(t, &p);
    for (uint32_t id = from; id > end && t->status == AD_OK; id--)
        if (!visit(t, walk, id, &p))
            break;
    end_rules(t, &outer);
}

/* Gradients that do not belong to a functional walk may be there, of a walk around it. */
static bool any_gradient(const ad_tape *t, const ad_walk_back *walk, ad_stretch s, uint32_t last)
{
    for (uint32_t id = s.first; id <= s.last && id <= last; id++) {
        const ad_entry *e = ad_entry_at(t, id);
        if (e->link && (!walk->functional || e->value.flags & AD_ON_PATH))
            return true;
    }
    return false;
}

/* A segment that a gradient reaches is computed again for its rules; what they record may need it longer. */
static void visit_segment(ad_tape *t, const ad_walk_back *walk, size_t segment, uint32_t from)
{
    const ad_stretch s = t->segments[segment];
    if (!any_gradient(t, walk, s, from) || (!s.live && !ad_revive_segment(t, segment)))
        return;
    visit_down(t, walk, from < s.last ? from : s.last, s.first - 1);
    if (!s.live && !t->recording)
        ad_drop_segment(t, segment);
}

static void visit_all(ad_tape *t, const ad_walk_back *walk, uint32_t from)
{
    const uint32_t end = walk->first ? walk->first - 1 : 0;
    for (size_t i = t->n_segments; i-- > 0 && t->status == AD_OK;) {
        const ad_stretch s = t->segments[i];
        if (s.first > from)
            continue;
        if (s.last <= end)
            break;
        if (from > s.last)
            visit_down(t, walk, from, s.last);
        visit_segment(t, walk, i, from);
        from = s.first - 1;
    }
    visit_down(t, walk, from, end);
}

/* A walk that failed leaves no gradients at all. */
static void clean_up(ad_tape *t, uint32_t last)
{
    ad_recycle_fresh(t);
    for (uint32_t id = 1; id <= last; id++)
        ad_unlink_gradient(t, ad_entry_at(t, id));
    ad_drop_gradients(t, true);
}

/* The walk begins with the gradient of y. If that is recycled when y's rule has run, a seed need not be copied: what it
 * shows does not change until then. */
static void seed(ad_tape *t, const ad_walk_back *walk, ad_tensor dy)
{
    ad_entry *y = ad_entry_at(t, walk->y.id);
    const ad_value *value = &ad_entry_at(t, dy.id)->value;
    const bool lent = y->op && value->shape->rank && !ad_is_temporary(dy.id) && !walk->keep && !t->recording;
    if (!lent) {
        ad_contribute(t, walk->y.id, y, dy);
        return;
    }
    const uint32_t id = ad_append(t, AD_TEMPORARY);
    if (!id || !ad_furnish_shared(t, id, (ad_type)value->type, value->shape, dy.id))
        return;
    ad_entry_at(t, id)->value.flags |= AD_IS_HELD;
    y->link = id;
}

enum { MOST_WALKS = 32 }; /* one inside the rule or the kernel of the other */

void ad_run_walk(ad_tape *t, const ad_walk_back *walk)
{
    if (t->busy == MOST_WALKS)
        ad_fail(t, AD_BAD_STATE, "%s: its rule differentiates through itself: detach what it reads (ad_detach)",
                t->rule ? t->rule->entry->op->name : "an operator");
    const ad_tensor dy = ad_is_inert(walk->dy) ? ad_ones_like(walk->y) : walk->dy;
    if (t->status == AD_OK)
        seed(t, walk, dy);
    ad_recycle_fresh(t);
    const uint32_t last = ad_table_of(walk->y) == AD_STEP ? walk->y.id : 0;
    t->busy++;
    visit_all(t, walk, last);
    t->busy--;
    if (t->status != AD_OK && !walk->functional)
        clean_up(t, last);
}

static bool check_seed(ad_tape *t, const ad_entry *e, const ad_backward_options *options)
{
    char a[AD_SHAPE_TEXT], b[AD_SHAPE_TEXT];
    if (!(e->value.flags & AD_WANTS_GRADIENT)) {
        ad_fail(t, AD_BAD_STATE, "backward: the tensor depends on no parameter or variable: nothing wants a gradient");
        return false;
    }
    if (ad_is_inert(options->seed) && !options->seed.tape) {
        if (ad_elements(&e->value) == 1)
            return true;
        ad_fail(t, AD_BAD_SHAPE, "backward: the tensor %s is not a scalar: reduce it (ad_sum, ad_mean) or give a seed",
                ad_shape_text(e->value.shape, a));
        return false;
    }
    ad_entry *seed = ad_entry_of(t, options->seed);
    if (!seed)
        ad_fail_handle(t, options->seed, "backward: seed", -1);
    else if (seed->value.type != e->value.type || !ad_same_dims(seed->value.shape, e->value.shape))
        ad_fail(t, AD_BAD_SHAPE, "backward: the seed is %s of %s, the tensor %s of %s: they must be equal",
                ad_shape_text(seed->value.shape, a), ad_type_name((ad_type)seed->value.type),
                ad_shape_text(e->value.shape, b), ad_type_name((ad_type)e->value.type));
    return t->status == AD_OK;
}

/* A seed that is an earlier gradient must outlive the gradients that are about to be dropped: a held temporary. */
static ad_tensor keep_seed(ad_tape *t, ad_tensor seed, bool recorded)
{
    if (recorded)
        return ad_enter_gradient(t, ad_entry_of(t, seed));
    const uint32_t id = ad_copy_as_temporary(t, seed.id);
    return id ? ad_handle(t, id) : ad_inert(t);
}

ad_status ad_backward_with(ad_tensor y, const ad_backward_options *options)
{
    static const ad_backward_options none = {0};
    options = options ? options : &none;
    ad_tape *t = y.tape;
    ad_entry *e = ad_require(y, "backward");
    if (!e || ad_refuse_in_rule(t, "backward", "take ad_grad") || ad_refuse_partly_old(t, "backward") ||
        !check_seed(t, e, options))
        return ad_status_of(t) == AD_OK ? AD_BAD_HANDLE : ad_status_of(t);
    const bool is_gradient = !ad_is_inert(options->seed) && ad_table_of(options->seed) == AD_TEMPORARY;
    const ad_tensor seed = is_gradient ? keep_seed(t, options->seed, options->differentiable) : options->seed;
    if (t->status != AD_OK)
        return t->status;
    if (options->accumulate)
        ad_drop_inner_gradients(t);
    else
        ad_drop_gradients(t, true);
    t->recording = options->differentiable;
    ad_run_walk(t, &(ad_walk_back){.y = y, .dy = seed, .keep = options->keep});
    t->recording = true;
    if (is_gradient)
        ad_release_gradient(t, seed.id);
    return t->status;
}

ad_status ad_backward(ad_tensor loss) { return ad_backward_with(loss, NULL); }
