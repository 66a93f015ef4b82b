#ifndef GRADTAPE_SEGMENTS_H
#define GRADTAPE_SEGMENTS_H
/* Re-materialisation: less memory for more time. A segment is a part of the recording that keeps only its outputs. When
 * backward reaches the segment, its values are computed again, used, and dropped again.
 *
 * A network of n equal layers in segments of sqrt(n) layers holds the values of 2 sqrt(n) layers instead of n. It costs
 * one more forward pass (Chen, Xu, Zhang, Guestrin 2016, "Training deep nets with sublinear memory cost").
 *
 *   ad_segment_begin(t);
 *   for (int i = 0; i < 30; i++)
 *       h = ad_tanh(ad_matmul(h, w[i]));
 *   ad_segment_end(t, &h, 1);
 *
 * Gradients are the same bits as without segments: kernels are deterministic, and random operators draw the same
 * numbers again. */
#include <gradtape/tensor.h>

/* Begins a segment. Errors: a segment is open already (segments do not nest); a call in a kernel or a rule
 * (operator.h). */
AD_API ad_status ad_segment_begin(ad_tape *tape);

/* Ends the segment and drops the values recorded in it.
 * - The n `outputs` are kept. So are inputs and variables made in the segment, gradients recorded in it, proposals
 *   (ad_proposed), constants that cannot be computed again (replay.h), scalars, and what an output or a gradient is a
 *   view of.
 * - Reading a dropped tensor is an error that says it is not kept.
 * - While the segment is open nothing is dropped, and backward works as always.
 * - After a differentiable backward or ad_grad has passed through the segment, its values stay and can be read.
 * - Backward is an error that names both versions if a leaf that the segment reads was updated since.
 * Errors: no segment is open; an output is not valid; a call in a kernel or a rule (operator.h). With an output that is
 * not valid the segment ends all the same, and keeps all its values. */
AD_API ad_status ad_segment_end(ad_tape *tape, const ad_tensor *outputs, int n);

#endif
