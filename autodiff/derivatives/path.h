#ifndef AUTODIFF_DERIVATIVES_PATH_H
#define AUTODIFF_DERIVATIVES_PATH_H
/* Derivatives on a path: the entries between the tensors x that a call differentiates by and its y. A call finds its
 * path, runs a functional sweep on it, and prunes what it recorded on the way. */
#include "../tape/entries.h"

/* ---- Checks: on a failure the tape is in error and its message begins with `who` --------------------------------- */

/* Whether y can be differentiated by n tensors here. */
bool ad_check_derivative(ad_tape *t, ad_tensor y, const ad_tensor *x, int n, const char *who);

/* Whether y has one element. */
bool ad_check_one_element(ad_tape *t, ad_tensor y, const char *who);

/* Whether v has the type and the shape of x. The message calls v `what`. */
bool ad_check_like(ad_tape *t, ad_tensor v, ad_tensor x, const char *who, const char *what);

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

/* Where a call begins to record. */
ad_place ad_begin_derivative(ad_tape *t);

/* Ends a call. Only its results, and what they need, stay on the tape. On an error nothing stays, and the results are
 * inert. Returns the tape's status. */
ad_status ad_end_derivative(ad_tape *t, ad_place begin, ad_tensor *results, int n);

/* Room for n tensors in a storage. The caller gives it back with ad_pool_drop. Returns NULL if there is no memory (the
 * tape is then in error). */
ad_tensor *ad_room_for_tensors(ad_tape *t, size_t n, ad_storage **storage);

/* The gradients of sum(v y), or of y if v is inert, by n tensors: zeros where no path leads. Prunes nothing. dx may be
 * the array x. Returns false if the tape is in error. A message may begin with `who`. */
bool ad_sweep_to(ad_tensor y, ad_tensor v, const ad_tensor *x, int n, ad_tensor *dx, const char *who);

/* v itself. A gradient that was not recorded enters the recording as an opaque constant. */
ad_tensor ad_recorded(ad_tensor v);

/* Whether an operator on the path from x to y cannot be differentiated twice. */
bool ad_path_has_raw(ad_tensor y, ad_tensor x);

/* Whether the entry is a result that can have a derivative, and no by-product. */
bool ad_is_differentiable_result(const ad_entry *e);

#endif
