#ifndef GRADTAPE_NN_NEAR_H
#define GRADTAPE_NN_NEAR_H
/* Private to nn: what was meant by a word that is wrong. */

/* Returns the name that is nearest to a word: the fewest letters to add, to leave out, to change or to swap with the
 * next one. Large and small letters of ASCII are equal. Returns NULL if no name is near: at most 2 letters, or a third
 * of a longer word, but only 1 of a word of 3 or fewer. `name` gives the names from 0 on, NULL after the last one; ""
 * is none. Of equals the first is taken. Where no name is near, it returns the shortest that is a whole part of the
 * word, between underscores, or of which the word, of 3 letters or more, is such a part: schedule_steps for steps, rate
 * for learning_rate. */
const char *nn_nearest(const char *word, const char *(*name)(int i, const void *context), const void *context);

#endif
