/* Proposals: the list of them, and giving them to their states. */
#include "proposals.h"

#include <gradtape/update.h>

#include <string.h>

#include "entries.h"
#include "frames.h"
#include "update.h"
#include "versions.h"
#include "watch.h"

/* ---- The list ---------------------------------------------------------------------------------------------------- */

/* The number of the last proposal for a state, from 1. The state has an extra: ad_room_for_proposal made it. */
static uint32_t *last_for(const ad_tape *t, uint32_t state) { return &ad_entry_at(t, state)->extra->proposal; }

bool ad_room_for_proposal(ad_tape *t, uint32_t state)
{
    return ad_extra_of(t, state) && ad_more_room(t, &t->proposals, sizeof(ad_proposal)) &&
           ad_room_for(t, &t->changes, t->proposals.n + 1, sizeof(ad_change));
}

void ad_note_proposal(ad_tape *t, uint32_t state, uint32_t value)
{
    *ad_proposal_at(t, t->proposals.n++) = (ad_proposal){state, value, *last_for(t, state)};
    *last_for(t, state) = (uint32_t)t->proposals.n;
}

void ad_forget_proposals_from(ad_tape *t, uint32_t count)
{
    while (t->proposals.n && ad_proposal_at(t, t->proposals.n - 1)->value >= count) {
        const ad_proposal *last = ad_proposal_at(t, --t->proposals.n);
        *last_for(t, last->state) = last->earlier;
    }
    if (t->settled > t->proposals.n)
        t->settled = t->proposals.n;
}

ad_tensor ad_proposed(ad_tensor state)
{
    ad_tape *t = state.tape;
    const ad_entry *e = ad_require_state(state, "proposed");
    if (!e)
        return ad_inert(t);
    const uint32_t number = e->extra ? e->extra->proposal : 0;
    return number > t->settled ? ad_handle(t, ad_proposal_at(t, number - 1)->value) : state;
}

/* ---- Committing -------------------------------------------------------------------------------------------------- */

/* Whether proposal i is the last one for its state. */
static bool is_in_force(const ad_tape *t, size_t i) { return *last_for(t, ad_proposal_at(t, i)->state) == i + 1; }

/* Keeps what the states were, all or nothing. */
static bool watch_changes(ad_tape *t)
{
    const size_t before = t->watch->changes.items.n;
    for (size_t i = t->settled; i < t->proposals.n; i++)
        if (is_in_force(t, i) && !ad_watch_change(t, ad_proposal_at(t, i)->state, "commit")) {
            t->watch->changes.items.n = before;
            return false;
        }
    return true;
}

static void take_over(ad_tape *t, const ad_proposal *p)
{
    const ad_value *state = &ad_entry_at(t, p->state)->value;
    ad_count_change(t, p->state);
    memcpy(state->data, ad_entry_at(t, p->value)->value.data, ad_elements(state) * ad_bytes_of(state->type));
}

ad_status ad_check_commit(ad_tape *t)
{
    if (t && t->status == AD_OK && !ad_refuse_in_rule(t, "commit", "commit when the step is done") && t->proposals.n)
        ad_refuse_partly_old(t, "commit");
    return ad_status_of(t);
}

/* What a watched tape keeps of changes to come: taken once, and given back. */
static bool make_room_to_watch(ad_tape *t, const ad_tensor *leaves, size_t n, size_t times)
{
    ad_watched *watched = &t->watch->changes;
    const ad_arena_mark mark = {watched->numbers.current, watched->numbers.at};
    bool good = ad_room_for(t, &watched->items, n * times + t->proposals.n, sizeof(ad_leaf_change));
    for (size_t i = 0; good && i < n * times; i++)
        good = ad_room_for_numbers(t, watched, &ad_entry_at(t, leaves[i / times].id)->value);
    for (size_t i = t->settled; good && i < t->proposals.n; i++)
        good = ad_room_for_numbers(t, watched, &ad_entry_at(t, ad_proposal_at(t, i)->state)->value);
    ad_arena_rewind(&watched->numbers, mark);
    return good;
}

ad_status ad_reserve_changes(ad_tape *t, const ad_tensor *leaves, size_t n, size_t times)
{
    if (ad_check_commit(t) != AD_OK)
        return ad_status_of(t);
    if (n && !leaves)
        return ad_fail(t, AD_BAD_VALUE, "reserve_changes: the %zu leaves are NULL", n);
    for (size_t i = 0; i < n; i++)
        if (leaves[i].tape != t)
            return ad_fail(t, AD_BAD_HANDLE, "reserve_changes: leaf %zu belongs to another tape", i);
        else if (!ad_require_persistent(leaves[i], "reserve_changes"))
            return t->status;
    size_t changes;
    if (!ad_multiply_sizes(n, times, &changes) || changes > SIZE_MAX - t->proposals.n)
        return ad_fail_memory(t, "reserve_changes");
    if (ad_room_for(t, &t->changes, changes + t->proposals.n, sizeof(ad_change)) && t->watching)
        make_room_to_watch(t, leaves, n, times);
    return t->status;
}

ad_status ad_commit(ad_tape *t)
{
    if (ad_check_commit(t) != AD_OK || (t->watching && !watch_changes(t)))
        return ad_status_of(t);
    for (size_t i = t->settled; i < t->proposals.n; i++)
        if (is_in_force(t, i))
            take_over(t, ad_proposal_at(t, i));
    ad_settle_proposals(t);
    return AD_OK;
}
