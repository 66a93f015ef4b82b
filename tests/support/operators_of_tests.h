#ifndef TESTS_OPERATORS_OF_TESTS_H
#define TESTS_OPERATORS_OF_TESTS_H
/* Operators as users write them, for suites of the engine. All are for f64 only, unless they say otherwise. */
#include <gradtape/gradtape.h>

/* y0 = a b, y1 = a + b^2, with a by-product that the rule reads: 2 b. */
extern const ad_operator two_results;
void apply_two_results(ad_tensor a, ad_tensor b, ad_tensor y[2]);

/* y0 = 1 where x > 0, else 0, of i32; y1 = x^2. */
extern const ad_operator sign_and_square;

/* y = x^3 with a numeric gradient, in f32 or f64. */
extern const ad_operator numeric_cube;
ad_tensor cube_in_numbers(ad_tensor x);

/* y = x + u, u drawn uniformly in [0, 1): an operator that draws. The attribute is the draw. */
extern const ad_operator noise;
ad_tensor add_noise(ad_tensor x, int64_t draw);

/* y = sqrt(x), as the root of (r^2 - x)^2 by Newton's method on the same tape, inside the kernel; in the rule the slope
 * dr/dx = -(dF/dx) / (dF/dr) of F = r^2 - x is differentiated too (implicit functions). */
extern const ad_operator newton_root;
ad_tensor root_by_newton(ad_tensor x);

/* y = min_z (z - x)^2 + z^4 / 4, a minimum found inside the kernel; by the envelope theorem dx is the derivative of
 * what is minimised, at the z that is kept as a by-product. */
extern const ad_operator envelope;
ad_tensor least_by_envelope(ad_tensor x);

#endif
