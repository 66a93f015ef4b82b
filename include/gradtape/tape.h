#ifndef GRADTAPE_TAPE_H
#define GRADTAPE_TAPE_H
/* The tape.
 *
 * Intended use, in this order:
 *   1. ad_tape_open() gives a tape.
 *   2. Leaves enter it: ad_param (kept until close), ad_input and ad_variable (gone at reset). See tensor.h.
 *   3. Operators (operators.h) compute their value at once and append one entry each.
 *   4. ad_backward(loss) visits the entries from the last to the first (backward.h).
 *   5. The caller reads values and gradients, or updates parameters in place (update.h).
 *   6. ad_reset() forgets the step and keeps parameters and memory. Continue at 2.
 *   7. ad_status_of() or ad_clear_error() is the one check for all of it. ad_tape_close() frees everything.
 *
 * A tape belongs to one thread at a time; tapes in different threads are independent.
 *
 * While a product or a factorisation of matrices runs on any tape, OpenBLAS has one thread in the whole process, so
 * that results do not depend on its number of threads. Afterwards it has its earlier number again. A product of the
 * host that runs meanwhile may take longer. Each thread that computes needs a buffer of OpenBLAS: 128 MB of address
 * space. Where there is not room for all, fewer threads compute; without any, such an operator is an error
 * (AD_NO_MEMORY). */
#include <stddef.h>
#include <stdint.h>

#include <gradtape/memory.h>
#include <gradtape/status.h>

/* A tape. Its members are the engine's own. */
typedef struct ad_tape ad_tape;

/* An argument that turns something on or off. */
typedef enum ad_switch { AD_OFF, AD_ON } ad_switch;

/* Zero means the default. */
typedef struct ad_tape_options {
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} ad_tape_options;

/* Opens a tape. `options` may be NULL. Returns NULL only when memory is out. The caller closes the tape. */
AD_API ad_tape *ad_tape_open(const ad_tape_options *options);

/* Frees the tape, all its tensors and all its memory. NULL is allowed. Using the tape or its tensors afterwards is
 * undefined. */
AD_API void ad_tape_close(ad_tape *tape);

/* Forgets everything recorded since the tape was opened or last reset, and keeps the memory for the next step.
 * - Parameters and states stay, with their values, gradients and handles. Handles of parameters' gradients stay valid
 *   too (backward.h). All other handles become stale.
 * - An error stays.
 * Returns the tape's status. Error: a call in a kernel or a rule (operator.h). */
AD_API ad_status ad_reset(ad_tape *tape);

/* Returns the tape's first error, AD_OK if there was none. NULL gives AD_BAD_HANDLE. */
AD_API ad_status ad_status_of(const ad_tape *tape);

/* Returns the message of the tape's first error, "" if there was none; for NULL a text that says so. It belongs to the
 * tape and lasts until ad_clear_error. */
AD_API const char *ad_message(const ad_tape *tape);

/* Clears the error, so that the tape can be used again. Returns the status that was cleared. */
AD_API ad_status ad_clear_error(ad_tape *tape);

/* Puts the tape in error with your own message, unless it is in error already. A status that is not an error, such as
 * AD_OK, becomes AD_BAD_STATE. A NULL format gives a message that says so. Returns the tape's status. */
AD_API ad_status ad_fail(ad_tape *tape, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Returns the allocator of a tape, for memory of your own that belongs to it; that of malloc for NULL. */
AD_API ad_allocator ad_allocator_of(const ad_tape *tape);

/* Returns the memory that the tape has taken. */
AD_API ad_usage ad_usage_of(const ad_tape *tape);

/* Returns the number of entries recorded since the last reset. */
AD_API size_t ad_entry_count(const ad_tape *tape);

#endif
