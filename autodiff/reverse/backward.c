/* ad_backward: checks, and a sweep that is not functional. */
#include <gradtape/backward.h>

#include "../tape/gradients.h"
#include "../tape/handles.h"
#include "../tape/opaque.h"
#include "../tape/status.h"
#include "parts.h"

/* Whether e is a constant where the program may have meant what it was computed from: what ad_detach gave, a survivor,
 * an input, as which ad_local_gradient gives its result. */
static bool is_cut_off(const ad_tape *t, const ad_entry *e)
{
    if (e->value.type == AD_I32)
        return false;
    if (!e->op || e->value.n_operands == 0)
        return !e->op ? !ad_takes_type(e) : ad_is_opaque(e);
    return e->op->properties & AD_STOPS && ad_entry_at(t, ad_operands_of(e)[0])->value.flags & AD_WANTS_GRADIENT;
}

/* Whether such a constant is among what tensor `id` was computed from. */
static bool depends_on_cut_off(ad_tape *t, uint32_t id)
{
    bool found = false;
    const uint32_t last = id;
    ad_entry_at(t, id)->value.flags |= AD_ON_PATH; /* no functional sweep runs */
    for (; id >= t->first && id <= last; id--) {
        ad_entry *e = ad_entry_at(t, id);
        const bool is_on_path = e->value.flags & AD_ON_PATH;
        e->value.flags &= (uint8_t)~AD_ON_PATH;
        found = found || (is_on_path && is_cut_off(t, e));
        for (uint32_t i = 0; is_on_path && i < e->value.n_operands; i++)
            if (ad_operands_of(e)[i] < id)
                ad_entry_at(t, ad_operands_of(e)[i])->value.flags |= AD_ON_PATH;
    }
    return found;
}

static void fail_unwanted(ad_tape *t, uint32_t id)
{
    if (ad_is_temporary(id))
        ad_fail_unrecorded(t, id, "backward");
    else
        ad_fail(
            t, AD_BAD_STATE, "backward: the tensor depends on no parameter or variable: nothing wants a gradient%s",
            id >> AD_INDEX_BITS == AD_STEP && depends_on_cut_off(t, id)
                ? "; what ad_detach, ad_input, ad_local_gradient and ad_return_to give is a constant: ad_variable "
                  "and ad_param make what wants one; where the derivative of a gradient is meant, " AD_RECORD_GRADIENT
                : "");
}

static bool check_seed(ad_tape *t, uint32_t id, const ad_entry *e, const ad_backward_options *options)
{
    char a[AD_SHAPE_TEXT], b[AD_SHAPE_TEXT];
    if (!(e->value.flags & AD_WANTS_GRADIENT)) {
        fail_unwanted(t, id);
        return false;
    }
    if (!options->seed.id && !options->seed.tape) {
        if (e->value.shape->rank == 0 || ad_elements(&e->value) == 1)
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

/* A seed that is an earlier gradient must outlive the gradients that are about to be dropped: it is copied. */
static ad_tensor keep_seed(ad_tape *t, ad_tensor seed, bool recorded)
{
    const ad_entry *e = ad_entry_of(t, seed);
    if (recorded)
        return ad_enter_gradient(t, e, ad_is_unrecorded(seed.id, e));
    const uint32_t id = ad_copy_as_gradient(t, seed.id);
    return id ? ad_handle(t, id) : ad_inert(t);
}

ad_status ad_backward_with(ad_tensor y, const ad_backward_options *options)
{
    static const ad_backward_options none = {0};
    options = options ? options : &none;
    ad_tape *t = y.tape;
    ad_entry *e = ad_require(y, "backward");
    if (!e || (t->frame && ad_refuse_in_rule(t, "backward", "take ad_grad")) ||
        (t->replay.state != AD_RECORDING_CURRENT && ad_refuse_partly_old(t, "backward")) ||
        !check_seed(t, y.id, e, options))
        return ad_status_after(t);
    const bool is_gradient = options->seed.id && ad_table_of(options->seed) == AD_TEMPORARY;
    const ad_tensor seed = is_gradient ? keep_seed(t, options->seed, options->differentiable) : options->seed;
    if (t->status != AD_OK)
        return t->status;
    if (t->watch)
        ad_watch_backward(t, options->accumulate);
    if (options->accumulate)
        ad_drop_inner_gradients(t);
    else
        ad_drop_gradients(t, true);
    t->sweeps++;
    ad_run_sweep(t, &(ad_sweep){.y = y, .dy = seed, .keep = options->keep, .recording = options->differentiable});
    if (is_gradient)
        ad_release_gradient(t, seed.id);
    return t->status;
}

ad_status ad_backward(ad_tensor loss) { return ad_backward_with(loss, NULL); }
