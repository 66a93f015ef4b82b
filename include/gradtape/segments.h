#ifndef GRADTAPE_SEGMENTS_H
#define GRADTAPE_SEGMENTS_H
/* Re-materialisation: less memory for more time. A segment is a stretch of the recording of which only the outputs are
 * kept; when backward comes to it, it is computed again from what it was made from, and dropped again. Of a network of
 * n equal layers in segments of sqrt(n) layers, the memory for values is that of 2 sqrt(n) layers instead of n, for one
 * more forward pass (Chen, Xu, Zhang, Guestrin 2016, "Training deep nets with sublinear memory cost").
 *
 *   ad_segment_begin(t);
 *   for (int i = 0; i < 30; i++)
 *       h = ad_tanh(ad_matmul(h, w[i]));
 *   ad_segment_end(t, &h, 1);
 *
 * Gradients are the same bits as without segments: kernels are deterministic, and random operators draw the same
 * numbers again. */
#include <gradtape/tensor.h>

/* Begins a segment. Segments do not nest, and none begins or ends in a kernel or a rule (operator.h). */
AD_API ad_status ad_segment_begin(ad_tape *tape);

/* Ends the segment and drops the values of what was recorded in it, but for the n `outputs`, for inputs and variables
 * made in it, for gradients that are recorded in it, and for views of those. Handles of dropped tensors then are an
 * error that says they are not kept. After a differentiable backward, or ad_grad, has come through the segment its
 * values stay, and so do those handles. While a segment is open nothing is dropped yet, and backward works as always.
 * An update between the segment and backward, of a leaf that it would be computed from again, is an error that names
 * both versions. Errors: no open segment; an output that is not valid. The segment is ended all the same, and keeps all
 * its values. */
AD_API ad_status ad_segment_end(ad_tape *tape, const ad_tensor *outputs, int n);

#endif
