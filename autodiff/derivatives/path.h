#ifndef AUTODIFF_DERIVATIVES_PATH_H
#define AUTODIFF_DERIVATIVES_PATH_H
/* Derivatives on a path: the entries that lead from what a call differentiates by to y. A call finds its path, sweeps
 * back on it, and takes off the tape again what it recorded on the way. */
#include "../tape/entries.h"

/* ---- Checks: on a failure the tape is in error and its message begins with `who` --------------------------------- */

/* Whether y can be differentiated by n tensors here. */
bool ad_check_derivative(ad_tape *t, ad_tensor y, const ad_tensor *x, int n, const char *who);

/* Whether y has one element. */
bool ad_check_one_element(ad_tape *t, ad_tensor y, const char *who);

/* Whether v, which is `what`, has the type and the shape of x. */
bool ad_check_like(ad_tape *t, ad_tensor v, ad_tensor x, const char *who, const char *what);

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

/* Where a call begins to record. */
ad_place ad_begin_derivative(const ad_tape *t);

/* Ends a call: of what it recorded only its results stay, and what these need; on an error nothing does, and the
 * results are inert. Returns the tape's status. */
ad_status ad_end_derivative(ad_tape *t, ad_place begin, ad_tensor *results, int n);

/* Room for n tensors in a storage, which ad_drop_room gives back. Returns NULL, and the tape is in error, if there is
 * no memory. */
ad_tensor *ad_room_for_tensors(ad_tape *t, size_t n, ad_storage **storage);
void ad_drop_room(ad_tape *t, ad_storage *storage);

/* The gradients of sum(v y) by n tensors; v inert: of y. Zeros where no path leads. Nothing is taken off the tape. dx
 * may be x, which is read to the end. Returns false if the tape is in error. */
bool ad_sweep_to(ad_tensor y, ad_tensor v, const ad_tensor *x, int n, ad_tensor *dx);

/* A gradient that was not recorded enters the recording as a constant. */
ad_tensor ad_recorded(ad_tensor v);

/* Whether an operator between x and y cannot be differentiated twice. */
bool ad_path_has_raw(ad_tensor y, ad_tensor x);

/* Whether the entry is a result that can have a derivative, and no by-product. */
bool ad_is_differentiable_result(const ad_entry *e);

#endif
