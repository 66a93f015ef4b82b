/* Proposing: the new value of a state is recorded as a copy of what the program gives. */
#include <gradtape/update.h>

#include <string.h>

#include "../tape/frames.h"
#include "../tape/proposals.h"
#include "../tape/status.h"
#include "../tape/update.h"

/* Operand 0 is the state, whose numbers are not read, operand 1 the new value. */
static void propose_shape(ad_call *c)
{
    char state[AD_OPERAND_TEXT], value[AD_OPERAND_TEXT];
    if (ad_same_dims(c->x[0]->shape, c->x[1]->shape))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[0]->shape);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "the value %s must have the shape of the state %s", ad_operand_text(c, 1, value),
                     ad_operand_text(c, 0, state));
}

static void propose_run(ad_call *c)
{
    memcpy(c->y[0]->data, c->x[1]->data, ad_elements(c->y[0]) * ad_bytes_of(c->y[0]->type));
}

static const ad_operator propose = {
    .name = "propose",
    .arity = 2,
    .types = "ss",
    .properties = AD_NOT_DIFFERENTIABLE,
    .shape = propose_shape,
    .run = propose_run,
    .formula = "the second operand: ad_commit gives it to the state",
    .gradient = "none",
};

/* A tape in error and what is no valid handle are left to the call of the operator, which says what is wrong. */
static bool may_propose(ad_tape *t, ad_tensor state)
{
    if (ad_refuse_in_rule(t, "propose", "give the value out as a result, and propose that"))
        return false;
    return t->status != AD_OK || !ad_entry_of(t, state) ||
           (ad_require_state(state, "propose") && ad_room_for_proposal(t, state.id));
}

ad_status ad_propose(ad_tensor state, ad_tensor value)
{
    ad_tape *t = state.tape ? state.tape : value.tape;
    ad_tensor y;
    if (!t || !may_propose(t, state))
        return ad_status_after(t);
    ad_apply(t, &propose, (const ad_tensor[]){state, value}, 2, NULL, &y);
    if (ad_is_inert(y))
        return ad_status_after(t);
    ad_note_proposal(t, state.id, y.id);
    return AD_OK;
}
