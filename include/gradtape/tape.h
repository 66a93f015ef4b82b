#ifndef GRADTAPE_TAPE_H
#define GRADTAPE_TAPE_H
/* The tape.
 *
 * Intended use, in this order:
 *   1. ad_tape_open() gives a tape.
 *   2. Leaves enter it: ad_param (kept until close), ad_input and ad_variable (gone at reset). See tensor.h.
 *   3. Operators (operators.h) compute their value at once and append one entry each.
 *   4. ad_backward(loss) walks the entries from the last to the first (backward.h).
 *   5. The caller reads values and gradients, or updates parameters in place (update.h).
 *   6. ad_reset() forgets the step and keeps parameters and memory; go on at 2.
 *   7. ad_status_of() or ad_clear_error() is the one check for all of it; ad_tape_close() frees everything.
 *
 * A tape belongs to one thread at a time; tapes in different threads are independent. The first tape of a process sets
 * OpenBLAS to one thread for the whole process: results do not depend on how many it would have used. */
#include <stddef.h>
#include <stdint.h>

#include <gradtape/memory.h>
#include <gradtape/status.h>

typedef struct ad_tape ad_tape;

typedef struct ad_tape_options {
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} ad_tape_options;

/* Opens a tape; `options` may be NULL. Returns NULL only when memory is out. The caller closes the tape. */
AD_API ad_tape *ad_tape_open(const ad_tape_options *options);

/* Frees the tape, all its tensors and all its memory. NULL is allowed. Any use of the tape or of its tensors after this
 * is undefined. */
AD_API void ad_tape_close(ad_tape *tape);

/* Forgets everything recorded since the tape was opened or last reset, and keeps the memory for the next step.
 * Parameters and states stay, with their values and gradients; handles of all other tensors become stale (but for
 * gradients of parameters, backward.h). An error stays too. In a kernel or a rule it is an error (operator.h). Returns
 * the tape's status. */
AD_API ad_status ad_reset(ad_tape *tape);

/* The tape's first error, AD_OK if there was none; AD_BAD_HANDLE for NULL. */
AD_API ad_status ad_status_of(const ad_tape *tape);

/* The message of the tape's first error, "" if there was none. It belongs to the tape and lasts until ad_clear_error.
 */
AD_API const char *ad_message(const ad_tape *tape);

/* Clears the error, so that the tape can be used again, and returns what it was. */
AD_API ad_status ad_clear_error(ad_tape *tape);

/* Puts the tape in error with a message of your own, unless it is in error already. Returns the tape's status. What is
 * no error, such as AD_OK, counts as AD_BAD_STATE; a NULL format says that there was no message. */
AD_API ad_status ad_fail(ad_tape *tape, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Memory that the tape has taken, and the number of entries recorded since it was last reset. */
AD_API ad_usage ad_usage_of(const ad_tape *tape);
AD_API size_t ad_entry_count(const ad_tape *tape);

#endif
