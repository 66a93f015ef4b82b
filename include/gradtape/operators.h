#ifndef GRADTAPE_OPERATORS_H
#define GRADTAPE_OPERATORS_H
/* The operators, a header for each family. An operator computes its value at once, appends one entry to the tape of its
 * operands and returns a handle of its result. On an error it returns an inert tensor, and so does every later call;
 * the tape's status and message say which error it was.
 *
 * In the comments `f :  dx = g` means: the result y is f, and the gradient of x is g, where dy is the gradient of y.
 * Operands are f32 or f64, all of one type, unless a comment names another type; arithmetic on i32 is an error that
 * names ad_cast. An ad_scalar (tensor.h) takes the type of the other operands. Shapes broadcast as in NumPy; the
 * gradient of a broadcast operand is summed back to its shape. NaN passes through every operator, except comparisons,
 * branches not selected, and where IEEE 754 says otherwise (pow, hypot).
 *
 * Where a chain of small operators would be slow, or would lose a convention at a kink, a gradient rule calls an
 * operator made for it. These backward operators are declared in operators/backward.h, which this header does not
 * include.
 *
 * The source of an operator is autodiff/operators/NAME.c, or a file of the folder autodiff/operators/NAME, where NAME.h
 * is the header that declares it. A backward operator stands beside the forward operator whose rule calls it. */
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
