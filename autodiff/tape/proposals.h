#ifndef AUTODIFF_TAPE_PROPOSALS_H
#define AUTODIFF_TAPE_PROPOSALS_H
/* Proposals: new values of states, which wait for ad_commit. The value of a proposal is a result of its own, a copy of
 * what the program gives (forward/propose.c). So it goes where its entry goes, and a replay computes it again. */
#include "tape.h"

static inline ad_proposal *ad_proposal_at(const ad_tape *t, size_t i) { return (ad_proposal *)t->proposals.items + i; }

/* Whether an entry is the value of a proposal. It reads all its operands but the first, the state. All there are have
 * one descriptor. */
static inline bool ad_is_proposal(const ad_tape *t, const ad_entry *e)
{
    return e->op && t->proposals.n && e->op == ad_entry_at(t, ad_proposal_at(t, 0)->value)->op;
}

/* Makes room for one more proposal for a state, and for the change of the state when it is committed. Returns false if
 * there is no memory (the tape is then in error). */
bool ad_room_for_proposal(ad_tape *t, uint32_t state);

/* Notes a proposal. The lists have room. */
void ad_note_proposal(ad_tape *t, uint32_t state, uint32_t value);

/* Forgets the proposals whose values are entries from `count` on, which are about to go. */
void ad_forget_proposals_from(ad_tape *t, uint32_t count);

/* No proposal that there is waits for ad_commit any more, until a replay. */
static inline void ad_settle_proposals(ad_tape *t) { t->settled = t->proposals.n; }

/* A replay computes all proposals anew: they wait again. */
static inline void ad_renew_proposals(ad_tape *t) { t->settled = 0; }

#endif
