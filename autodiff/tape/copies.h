#ifndef AUTODIFF_TAPE_COPIES_H
#define AUTODIFF_TAPE_COPIES_H
/* Leaves that the program assigned from a result of the recording, as a running mean is. A replay computes the result
 * anew, but does not assign it: the leaf would stay as it is, without a word. What is noted is where the numbers came
 * from. Which result that is, or whether it is one, is looked for only where a replay finds the note old. */
#include "tape.h"

/* Whether the address lies in memory that a result's data may lie in. */
bool ad_is_on_tape(const ad_tape *t, const void *data);

/* Notes that the leaf has the numbers that lie there. The list has room. */
void ad_note_copy(ad_tape *t, uint32_t leaf, const void *data);

/* Forgets the note on a leaf that is about to be changed. */
void ad_forget_copy(ad_tape *t, uint32_t leaf);

/* Forgets the notes on leaves and results from `count` on, which are about to go. */
void ad_forget_copies_from(ad_tape *t, uint32_t count);

/* A replay ran: the notes there are become old. */
void ad_age_copies(ad_tape *t);

/* Whether no note is old, except on leaves that the recording does not read. If one is, the tape is in error, which
 * names the leaf. */
bool ad_check_copies(ad_tape *t);

#endif
