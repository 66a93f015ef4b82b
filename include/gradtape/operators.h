#ifndef GRADTAPE_OPERATORS_H
#define GRADTAPE_OPERATORS_H
/* The operators, a header for each family. Each computes its value at once, appends one entry to the tape of its
 * operands and returns its result; on an error (the tape's status and message say which) it returns an inert tensor,
 * and so does every later call.
 *
 * In the comments: y is the result, dy its gradient, dx that of x. Operands are f32 or f64, all of the same type,
 * unless an i32 is named; arithmetic on i32 is an error that names ad_cast. Shapes broadcast as NumPy's, and gradients
 * of broadcast operands are summed back. NaN passes through everything except comparisons, branches not selected,
 * and where IEEE 754 says otherwise (pow, hypot).
 *
 * Under "Backward operators" stands what the rules are made of where a chain of small operators would be slow or would
 * lose the conventions at kinks. They are operators like any other, with rules of their own, so that gradients of every
 * order come out of one table. */
#include <gradtape/operators/activations.h>
#include <gradtape/operators/arithmetic.h>
#include <gradtape/operators/comparisons.h>
#include <gradtape/operators/creation.h>
#include <gradtape/operators/functions.h>
#include <gradtape/operators/fused.h>
#include <gradtape/operators/indexing.h>
#include <gradtape/operators/linear_algebra.h>
#include <gradtape/operators/losses.h>
#include <gradtape/operators/reductions.h>
#include <gradtape/operators/scans.h>
#include <gradtape/operators/shapes.h>
#include <gradtape/operators/softmax.h>

#endif
