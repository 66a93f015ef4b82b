#ifndef AUTODIFF_TAPE_COPIES_H
#define AUTODIFF_TAPE_COPIES_H
/* Leaves that the program assigned from a result of the recording, as a running mean is. A replay computes the result
 * anew, but does not assign it: the leaf would stay as it is, without a word. What is noted is where the numbers came
 * from. Which result that is, or whether it is one, is looked for only where a replay finds the note old. The same
 * holds for a gradient that ad_backward did not record, and for what a leaf has that was assigned so itself. */
#include "tape.h"

/* Whether the numbers that lie there are such ones. If so, `copy` says from where they are. */
bool ad_find_copied(const ad_tape *t, const void *data, ad_copy *copy);

/* Notes that the leaf has these numbers. The list has room. */
void ad_note_copy(ad_tape *t, uint32_t leaf, const ad_copy *copy);

/* Forgets the note on a leaf that is about to be changed. */
void ad_forget_copy(ad_tape *t, uint32_t leaf);

/* Leaves and results from `count` on are about to go. */
void ad_forget_copies_from(ad_tape *t, uint32_t count);

/* A replay ran: the notes there are become old. */
void ad_age_copies(ad_tape *t);

/* Whether no note is old, except on leaves that the recording does not read. If one is, the tape is in error, which
 * names the leaf. */
bool ad_check_copies(ad_tape *t);

#endif
