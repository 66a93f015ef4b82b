/* Functions that the library calls, and that misbehave: those of ad_gradcheck, and kernels and rules of an operator. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

static fuzz_machine *at_work; /* the machine that kernels and rules belong to; programs run one after the other */

typedef struct checked {
    fuzz_machine *m;
    unsigned way;
    int calls, wrong_call; /* the call that misbehaves */
} checked;

/* The sum of squares of the tape's parameters in f64. */
static ad_tensor good_loss(ad_tape *t, void *context)
{
    (void)context;
    ad_tensor loss = ad_scalar(t, 1);
    for (size_t i = 0; i < ad_param_count(t); i++)
        loss = ad_add(loss, ad_sum(ad_square(ad_cast(ad_param_at(t, i), AD_F64))));
    return loss;
}

static void check_inside(ad_tape *t)
{
    const size_t n = ad_param_count(t);
    ad_gradcheck_result *results = calloc(n + 1, sizeof *results);
    if (results)
        ad_gradcheck(t, good_loss, NULL, NULL, results);
    free(results);
}

static void go_back(ad_tape *t, unsigned way, ad_tensor *y)
{
    const ad_position position = ad_position_now(t);
    const ad_tensor inner = ad_scale(*y, 1);
    if (way == FUZZ_LEAVES_POSITION)
        return;
    ad_tensor survive = inner;
    ad_return_to(t, position, &survive, 1);
    if (way == FUZZ_RETURNS_TWICE)
        ad_return_to(t, position, NULL, 0);
    *y = survive;
}

static void change_kept(ad_tape *t)
{
    if (ad_param_count(t))
        ad_fill(ad_param_at(t, 0), 0.5);
}

/* What a misbehaving function does; it returns y or what takes its place. */
static ad_tensor misbehave(fuzz_machine *m, unsigned way, ad_tensor y)
{
    ad_tape *t = m->tape;
    switch (way) {
    case FUZZ_MAKES_PARAM: ad_param(t, AD_F64, AD_SHAPE(3), NULL, "late"); break;
    case FUZZ_MAKES_STATE: ad_state(t, AD_F64, AD_SHAPE(3), NULL, "late"); break;
    case FUZZ_OF_SHAPE: return ad_input(t, AD_F64, AD_SHAPE(2, 5, 1), NULL);
    case FUZZ_OF_TYPE: return ad_input(t, AD_I32, AD_SCALAR, NULL);
    case FUZZ_INERT: return (ad_tensor){.tape = y.id % 2 ? t : NULL};
    case FUZZ_STALE: return m->gone[0];
    case FUZZ_OF_OTHER: return ad_kept_at(m->other, 0);
    case FUZZ_FAILS: ad_fail(t, AD_BAD_VALUE, "asked to"); break;
    case FUZZ_FAILS_AND_CLEARS:
        ad_fail(t, AD_BAD_VALUE, "asked to");
        ad_clear_error(t);
        break;
    case FUZZ_RESETS: ad_reset(t); break;
    case FUZZ_LEAVES_POSITION:
    case FUZZ_RETURNS:
    case FUZZ_RETURNS_TWICE: go_back(t, way, &y); break;
    case FUZZ_RETURNS_OUTSIDE:
        ad_return_to(t, m->n_positions ? m->positions[0].position : (ad_position){0}, NULL, 0);
        break;
    case FUZZ_CHECKS: check_inside(t); break;
    case FUZZ_REPLAYS: ad_replay(t); break;
    case FUZZ_BEGINS: ad_segment_begin(t); break;
    case FUZZ_ENDS: ad_segment_end(t, &y, 1); break;
    case FUZZ_DERIVES: ad_backward(y); break;
    case FUZZ_CHANGES: change_kept(t); break;
    default: break;
    }
    return y;
}

/* ---- Gradcheck --------------------------------------------------------------------------------------------------- */

static ad_tensor loss_of(ad_tape *t, void *context)
{
    checked *c = context;
    const ad_tensor loss = good_loss(t, NULL);
    return c->calls++ == c->wrong_call ? misbehave(c->m, c->way, loss) : loss;
}

/* The results stand in memory of exactly their size, so that a write behind them is found. */
static ad_status check(fuzz_machine *m, checked *c)
{
    const size_t n = ad_param_count(m->tape);
    ad_gradcheck_result *results = malloc(n ? n * sizeof *results : 1);
    if (!results)
        return ad_status_of(m->tape);
    const ad_status status = ad_gradcheck(m->tape, loss_of, c, NULL, results);
    for (size_t i = 0; i < n; i++)
        FUZZ_EXPECT((unsigned)results[i].verdict <= AD_GRADIENT_ALL_ZERO, "verdict %d is none", results[i].verdict);
    free(results);
    return status;
}

static bool is_small(const fuzz_machine *m)
{
    size_t n = 0;
    for (size_t i = 0; i < ad_param_count(m->tape); i++)
        n += ad_size_of(ad_param_at(m->tape, i));
    return n <= 256;
}

static uint64_t hash_params(const fuzz_machine *m, size_t n)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < n; i++)
        hash = hash * 31 + fuzz_hash(ad_param_at(m->tape, i));
    return hash;
}

void fuzz_gradcheck(fuzz_machine *m, const fuzz_instruction *in)
{
    checked c = {.m = m, .way = in->sample % FUZZ_MISBEHAVIOURS, .wrong_call = in->pick[0] % 7};
    const bool well = fuzz_is_well(m);
    if (!well || !is_small(m))
        return;
    const size_t n = ad_param_count(m->tape);
    const uint64_t before = hash_params(m, n);
    const ad_status status = check(m, &c);
    ad_clear_error(m->other);
    FUZZ_EXPECT(status == ad_status_of(m->tape), "gradcheck gives another status than the tape's");
    FUZZ_EXPECT(status == AD_OK || c.way || fuzz_is_refused(m) || n == 0, "a good gradcheck fails: %s",
                ad_message(m->tape));
    const bool is_wrong = c.way == FUZZ_CHANGES || c.way == FUZZ_INERT || c.way == FUZZ_MAKES_PARAM;
    FUZZ_EXPECT(status != AD_OK || !is_wrong || c.calls <= c.wrong_call, "gradcheck takes a function that misbehaves");
    fuzz_forget_step(m);
    m->is_changed = true;
    if (c.calls > c.wrong_call)
        fuzz_reach(m, FUZZ_IN_GRADCHECK, c.way);
    const ad_status left = ad_clear_error(m->tape);
    FUZZ_EXPECT(hash_params(m, n) == before, "gradcheck changes parameters");
    if (left != AD_OK)
        ad_fail(m->tape, left, "gradcheck failed");
    ad_reset(m->tape);
    fuzz_forget_step(m);
}

/* ---- An operator that misbehaves --------------------------------------------------------------------------------- */

static void run_copy(ad_call *c)
{
    const int64_t way = c->attributes[0].integer, run = c->attributes[1].integer;
    const ad_value *x = c->x[0];
    memcpy(c->y[0]->data, x->data, ad_elements(x) * (x->type == AD_F64 ? sizeof(double) : sizeof(float)));
    if (++at_work->kernel_runs != run)
        return;
    const fuzz_place place = at_work->is_sweeping ? FUZZ_IN_RECOMPUTED
                             : run == 1           ? FUZZ_IN_KERNEL
                                                  : FUZZ_IN_LATER_KERNEL;
    fuzz_reach(at_work, place, (unsigned)way);
    misbehave(at_work, (unsigned)way, ad_scalar(c->tape, 1));
}

static void copy_vjp(ad_pullback *p)
{
    const ad_tensor dy = ad_dy(p);
    const unsigned way = (unsigned)ad_attribute_at(p, 0)->integer;
    if (ad_attribute_at(p, 1)->integer == 0) {
        fuzz_reach(at_work, FUZZ_IN_RULE, way);
        ad_give(p, 0, misbehave(at_work, way, dy));
    } else
        ad_give(p, 0, dy);
}

static const ad_operator copy = {
    .name = "fuzz_copy",
    .arity = 1,
    .attributes = {{"way", AD_ATTRIBUTE_INTEGER}, {"run", AD_ATTRIBUTE_INTEGER}},
    .shape = ad_same_shape,
    .run = run_copy,
    .vjp = copy_vjp,
};

static bool is_real(const fuzz_machine *m, const fuzz_slot *slot, const void *context)
{
    (void)m;
    (void)context;
    return slot->type != AD_I32 && slot->wants == FUZZ_WANTS_SURELY && fuzz_count(&slot->shape) <= FUZZ_ELEMENTS;
}

/* Applies it: it misbehaves in its rule, in its first run, or when it runs again. */
void fuzz_custom(fuzz_machine *m, const fuzz_instruction *in)
{
    const fuzz_slot *x = fuzz_is_well(m) ? fuzz_find(m, in->pick[0], is_real, NULL) : NULL;
    if (!x)
        return;
    fuzz_slot y = *x;
    const ad_attribute attributes[AD_MAX_ATTRIBUTES] = {{.integer = in->sample % FUZZ_MISBEHAVIOURS},
                                                        {.integer = in->pick[1] % 3}};
    at_work = m;
    m->kernel_runs = 0;
    m->has_misbehaved = true;
    y.kind = FUZZ_STEP;
    ad_apply(m->tape, &copy, &x->x, 1, attributes, &y.x);
    ad_clear_error(m->other);
    FUZZ_EXPECT(ad_is_inert(y.x) == !fuzz_is_well(m), "fuzz_copy gives a result and an error, or neither");
    fuzz_push(m, &y);
}
