#ifndef AUTODIFF_OPERATORS_MATRICES_H
#define AUTODIFF_OPERATORS_MATRICES_H
/* Matrices in the last two axes: what the families of linear algebra share. */
#include "../../forward/shape_rules.h"
#include "../../forward/with_blas.h"
#include "../../kernels/product.h"
#include "../../tape/names.h"

/* The size of an axis counted from the end: 1 is the last. */
static inline int64_t ad_last(const ad_shape *x, int from_end) { return x->dims[x->rank - from_end]; }

/* The axes before the last two; none of a vector. */
static inline ad_shape ad_leading(const ad_shape *x)
{
    ad_shape y = *x;
    y.rank = x->rank > 2 ? x->rank - 2 : 0;
    return y;
}

/* Whether operand i is square matrices that LAPACK can count; if not, the call fails. */
bool ad_check_square(ad_call *c, int i);

/* Writes "the matrix W [3,3]", or "matrix [1,0] of W [2,2,3,3]" for matrix number `at` of the operand, into text;
 * returns text. */
enum { AD_MATRIX_TEXT = AD_OPERAND_TEXT + AD_SHAPE_TEXT + 32 };
const char *ad_matrix_text(const ad_call *c, int i, size_t at, char text[AD_MATRIX_TEXT]);

/* Which part of a matrix is read. */
typedef enum ad_part { AD_WHOLE, AD_LOWER_PART, AD_UPPER_PART, AD_BELOW_DIAGONAL, AD_ABOVE_DIAGONAL } ad_part;

/* Matrix number `at` of an operand or a result. */
void *ad_matrix_of(const ad_value *x, size_t at);

/* How many matrices a value is; 0 if they are empty. */
size_t ad_matrix_count(const ad_value *x);

/* One matrix, or several, of every size class. */
extern const ad_sample ad_samples_of_square[5];

/* One square result like operand 0. */
void ad_square_shape(ad_call *c);

/* Whether all numbers there are finite. */
bool ad_is_finite_matrix(ad_call *c, int i, size_t at, ad_part part);

/* The same; if not, the call fails. Such matrices do not reach LAPACK: with some of them it does not return. */
bool ad_check_finite_matrix(ad_call *c, int i, size_t at, ad_part part);

/* y [k,n] = x' of x [n,k], of the type of the call's operands. */
void ad_turn(const ad_call *c, size_t n, size_t k, const void *x, void *y);

/* LU of matrix a [n,n], laid out as in lapack.h, into lu. Returns the first pivot, counted from 0, that is 0 or lost: a
 * lost one is smaller than the rounding of the numbers whose difference it is, which is what 0 becomes in a singular
 * matrix. Returns n if there is no such pivot. */
size_t ad_factor(const ad_call *c, size_t n, const void *a, void *lu, int *exchanges);

/* Whether the range of the type is too small for a matrix of x, which is linear in `from`: a number of it is not
 * finite, or all are so small that digits are lost, while `from` is not 0. */
bool ad_is_out_of_range(ad_tensor x, ad_tensor from);

/* x 2^-e, with a largest element between 1 and 2 in each matrix; the exponents e [..., 1, 1] are constants. */
ad_tensor ad_normalised(ad_tensor x, ad_tensor *exponents);

/* x 2^e, by two factors, since 2^e may be out of range where the result is not. */
ad_tensor ad_shifted(ad_tensor x, ad_tensor exponents);

/* x [...] as [..., 1, 1]: a number for each matrix, to broadcast. */
ad_tensor ad_for_matrices(ad_tensor x);

#endif
