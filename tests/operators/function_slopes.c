/* Arithmetic and functions where something on the way to a gradient leaves the range or loses its digits, and the
 * gradient does not; and constants that have more digits than f32. All references are mpmath's with 60 digits. */
#include <math.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

enum { COPIES = 21 };

static const double eps_of[] = {[AD_F32] = 0x1p-23, [AD_F64] = 0x1p-52};

static void assert_near(const char *name, const char *what, double x, double got, double want, double allowed)
{
    const bool right = isinf(want) || want == 0 ? got == want : fabs(got - want) <= allowed * fabs(want);
    ck_assert_msg(right, "%s: %s at %a is %.17g, not %.17g", name, what, x, got, want);
}

/* n equal numbers, so that the loops over whole vectors run; rank 0 for n = 1. */
static ad_tensor equal_numbers(ad_type type, double x, size_t n)
{
    double values[COPIES];
    for (size_t i = 0; i < n; i++)
        values[i] = x;
    return variable_of(type, n == 1 ? AD_SCALAR : AD_SHAPE((int64_t)n), values, n);
}

/* ---- Range --------------------------------------------------------------------------------------------------- */

enum { ROUNDINGS = 8 };

static const struct {
    const char *name;
    ad_tensor (*of)(ad_tensor x);
    ad_type type;
    double x, dy, dx;
} one_operand[] = {
    {"reciprocal", ad_reciprocal, AD_F32, 0x1.4p+70, 0x1.4p+70, -6.7762635780344027e-22},
    {"reciprocal", ad_reciprocal, AD_F32, 0x1.4p+70, 0x1.8p+126, -5.859375e-5},
    {"reciprocal", ad_reciprocal, AD_F32, 0x1.4p-70, 0x1.4p-70, -9.4447329657392904e+20},
    {"sqrt", ad_sqrt, AD_F32, 0x1.4p+70, 0x1.4p+70, 19207677669.988921},
    {"sqrt", ad_sqrt, AD_F32, 0x1.4p+70, 0x1.4p-70, 1.3780832881767197e-32},
    {"sqrt", ad_sqrt, AD_F32, 0x1.4p+70, 0x1.8p+126, 1.6608708479465223e+27},
    {"rsqrt", ad_rsqrt, AD_F32, 0x1.4p+70, 0x1.4p+70, -1.3015628661377063e-11},
    {"rsqrt", ad_rsqrt, AD_F32, 0x1.4p+70, 0x1.8p+126, -1125449.8634759134},
    {"rsqrt", ad_rsqrt, AD_F32, 0x1.4p-70, 0x1.4p-70, -15366142135.991137},
    {"cbrt", ad_cbrt, AD_F32, 0x1.4p+70, 0x1.4p+70, 3795030.8889848277},
    {"cbrt", ad_cbrt, AD_F32, 0x1.4p+70, 0x1.4p-70, 2.7228011298814384e-36},
    {"cbrt", ad_cbrt, AD_F32, 0x1.4p+70, 0x1.8p+126, 3.2815295419183857e+23},
    {"square", ad_square, AD_F32, 0x1.4p+70, 0x1.4p-70, 3.125},
    {"square", ad_square, AD_F32, 0x1.4p+70, 0x1.8p-126, 5.2041704279304213e-17},
    {"square", ad_square, AD_F32, 0x1.4p-70, 0x1.4p+70, 3.125},
    {"log", ad_log, AD_F32, 0x1.4p+70, 0x1.4p+70, 1.0},
    {"log", ad_log, AD_F32, 0x1.4p+70, 0x1.8p+126, 86469112845513523.0},
    {"log", ad_log, AD_F32, 0x1.4p-70, 0x1.4p-70, 1.0},
    {"log2", ad_log2, AD_F32, 0x1.4p+70, 0x1.4p+70, 1.4426950408889634},
    {"log2", ad_log2, AD_F32, 0x1.4p+70, 0x1.8p+126, 1.2474856029229052e+17},
    {"log2", ad_log2, AD_F32, 0x1.4p-70, 0x1.4p-70, 1.4426950408889634},
    {"log10", ad_log10, AD_F32, 0x1.4p+70, 0x1.4p+70, 0.43429448190325183},
    {"log10", ad_log10, AD_F32, 0x1.4p+70, 0x1.8p+126, 37553058563876113.0},
    {"log10", ad_log10, AD_F32, 0x1.4p-70, 0x1.4p-70, 0.43429448190325183},
    {"log1p", ad_log1p, AD_F32, 0x1.4p+70, 0x1.4p+70, 1.0},
    {"log1p", ad_log1p, AD_F32, 0x1.4p+70, 0x1.8p+126, 86469112845513523.0},
    {"log1p", ad_log1p, AD_F32, 0x1.4p-70, 0x1.4p+70, 1.4757395258967641e+21},
    {"atan", ad_atan, AD_F32, 0x1.4p+70, 0x1.4p+70, 6.7762635780344027e-22},
    {"atan", ad_atan, AD_F32, 0x1.4p+70, 0x1.8p+126, 5.859375e-5},
    {"atan", ad_atan, AD_F32, 0x1.4p-70, 0x1.4p+70, 1.4757395258967641e+21},
    {"asinh", ad_asinh, AD_F32, 0x1.4p+70, 0x1.4p+70, 1.0},
    {"asinh", ad_asinh, AD_F32, 0x1.4p+70, 0x1.8p+126, 86469112845513523.0},
    {"asinh", ad_asinh, AD_F32, 0x1.4p-70, 0x1.4p+70, 1.4757395258967641e+21},
    {"acosh", ad_acosh, AD_F32, 0x1.4p+70, 0x1.4p+70, 1.0},
    {"acosh", ad_acosh, AD_F32, 0x1.4p+70, 0x1.8p+126, 86469112845513523.0},
    {"acosh", ad_acosh, AD_F32, 0x1.8p+126, 0x1.4p+70, 1.1564823173178714e-17},
    {"digamma", ad_digamma, AD_F32, 0x1.4p+70, 0x1.4p+70, 1.0},
    {"digamma", ad_digamma, AD_F32, 0x1.4p+70, 0x1.8p+126, 86469112845513523.0},
    {"digamma", ad_digamma, AD_F32, 0x1.4p-70, 0x1.4p-70, 9.4447329657392904e+20},
    {"expm1", ad_expm1, AD_F32, -0x1.b80000p+6, 0x1.8p+126, 2.1551509954638614e-10},
    {"expm1", ad_expm1, AD_F32, -0x1.7c0000p+6, 0x1.8p+126, 0.0007045226044471926},
    {"expm1", ad_expm1, AD_F32, 0x1.9p+6, 0x1.8p-126, 473979.97718301317},
    {"erf", ad_erf, AD_F32, 0x1.6p+3, 0x1.8p+126, 4.0615655031749832e-15},
    {"erf", ad_erf, AD_F32, -0x1.2e0000p+3, 0x1.8p+126, 0.3001076144835836},
    {"erfc", ad_erfc, AD_F32, 0x1.6p+3, 0x1.8p+126, -4.0615655031749832e-15},
    {"erfc", ad_erfc, AD_F32, 0x1.2e0000p+3, 0x1.8p+126, -0.3001076144835836},
    {"reciprocal", ad_reciprocal, AD_F64, 0x1.4p+520, 0x1.4p+520, -2.3307314785000646e-157},
    {"reciprocal", ad_reciprocal, AD_F64, 0x1.4p+520, 0x1.8p+1020, -9.1552734375e-7},
    {"reciprocal", ad_reciprocal, AD_F64, 0x1.4p-520, 0x1.4p-520, -2.7459190640522439e+156},
    {"sqrt", ad_sqrt, AD_F64, 0x1.4p+520, 0x1.4p+520, 1.0356759311654432e+78},
    {"sqrt", ad_sqrt, AD_F64, 0x1.4p+520, 0x1.4p-520, 8.790799866948438e-236},
    {"sqrt", ad_sqrt, AD_F64, 0x1.4p+520, 0x1.8p+1020, 4.0682062390812633e+228},
    {"rsqrt", ad_rsqrt, AD_F64, 0x1.4p+520, 0x1.4p+520, -2.4138824942921645e-79},
    {"rsqrt", ad_rsqrt, AD_F64, 0x1.4p+520, 0x1.8p+1020, -9.4818963424570602e+71},
    {"rsqrt", ad_rsqrt, AD_F64, 0x1.4p-520, 0x1.4p-520, -8.2854074493235453e+77},
    {"cbrt", ad_cbrt, AD_F64, 0x1.4p+520, 0x1.4p+520, 5.4164490800514431e+51},
    {"cbrt", ad_cbrt, AD_F64, 0x1.4p+520, 0x1.4p-520, 4.5974728599387534e-262},
    {"cbrt", ad_cbrt, AD_F64, 0x1.4p+520, 0x1.8p+1020, 2.127618425614571e+202},
    {"square", ad_square, AD_F64, 0x1.4p+520, 0x1.4p-520, 3.125},
    {"square", ad_square, AD_F64, 0x1.4p+520, 0x1.8p-1020, 1.1456011363123518e-150},
    {"square", ad_square, AD_F64, 0x1.4p-520, 0x1.4p+520, 3.125},
    {"log", ad_log, AD_F64, 0x1.4p+520, 0x1.4p+520, 1.0},
    {"log", ad_log, AD_F64, 0x1.4p+520, 0x1.8p+1020, 3.9280687294753702e+150},
    {"log", ad_log, AD_F64, 0x1.4p-520, 0x1.4p-520, 1.0},
    {"log2", ad_log2, AD_F64, 0x1.4p+520, 0x1.4p+520, 1.4426950408889634},
    {"log2", ad_log2, AD_F64, 0x1.4p+520, 0x1.8p+1020, 5.6670052762851278e+150},
    {"log2", ad_log2, AD_F64, 0x1.4p-520, 0x1.4p-520, 1.4426950408889634},
    {"log10", ad_log10, AD_F64, 0x1.4p+520, 0x1.4p+520, 0.43429448190325183},
    {"log10", ad_log10, AD_F64, 0x1.4p+520, 0x1.8p+1020, 1.7059385737478706e+150},
    {"log10", ad_log10, AD_F64, 0x1.4p-520, 0x1.4p-520, 0.43429448190325183},
    {"log1p", ad_log1p, AD_F64, 0x1.4p+520, 0x1.4p+520, 1.0},
    {"log1p", ad_log1p, AD_F64, 0x1.4p+520, 0x1.8p+1020, 3.9280687294753702e+150},
    {"log1p", ad_log1p, AD_F64, 0x1.4p-520, 0x1.4p+520, 4.2904985375816311e+156},
    {"atan", ad_atan, AD_F64, 0x1.4p+520, 0x1.4p+520, 2.3307314785000646e-157},
    {"atan", ad_atan, AD_F64, 0x1.4p+520, 0x1.8p+1020, 9.1552734375e-7},
    {"atan", ad_atan, AD_F64, 0x1.4p-520, 0x1.4p+520, 4.2904985375816311e+156},
    {"asinh", ad_asinh, AD_F64, 0x1.4p+520, 0x1.4p+520, 1.0},
    {"asinh", ad_asinh, AD_F64, 0x1.4p+520, 0x1.8p+1020, 3.9280687294753702e+150},
    {"asinh", ad_asinh, AD_F64, 0x1.4p-520, 0x1.4p+520, 4.2904985375816311e+156},
    {"acosh", ad_acosh, AD_F64, 0x1.4p+520, 0x1.4p+520, 1.0},
    {"acosh", ad_acosh, AD_F64, 0x1.4p+520, 0x1.8p+1020, 3.9280687294753702e+150},
    {"acosh", ad_acosh, AD_F64, 0x1.8p+1020, 0x1.4p+520, 2.5457803029163372e-151},
    {"digamma", ad_digamma, AD_F64, 0x1.4p+520, 0x1.4p+520, 1.0},
    {"digamma", ad_digamma, AD_F64, 0x1.4p+520, 0x1.8p+1020, 3.9280687294753702e+150},
    {"digamma", ad_digamma, AD_F64, 0x1.4p-520, 0x1.4p-520, 2.7459190640522439e+156},
    {"expm1", ad_expm1, AD_F64, -0x1.9p+9, 0x1.8p+1020, 6.1816058995426874e-41},
    {"expm1", ad_expm1, AD_F64, -0x1.680000p+9, 0x1.8p+1020, 3.4249944018505193e-6},
    {"expm1", ad_expm1, AD_F64, 0x1.770000p+9, 0x1.8p-1020, 7.0203232435763386e+18},
    {"erf", ad_erf, AD_F64, 0x1.ep+4, 0x1.8p+1020, 2.5948256523992588e-84},
    {"erf", ad_erf, AD_F64, -0x1.ab0000p+4, 0x1.8p+1020, 0.0092208806285906163},
    {"erfc", ad_erfc, AD_F64, 0x1.ep+4, 0x1.8p+1020, -2.5948256523992588e-84},
    {"erfc", ad_erfc, AD_F64, 0x1.ab0000p+4, 0x1.8p+1020, -0.0092208806285906163},
};

START_TEST(gradients_in_range)
{
    const ad_type type = one_operand[_i].type;
    for (size_t n = 1; n <= COPIES; n += COPIES - 1) {
        const ad_tensor x = equal_numbers(type, one_operand[_i].x, n), dy = equal_numbers(type, one_operand[_i].dy, n);
        ad_tensor dx;
        ad_vjp(one_operand[_i].of(x), dy, &x, 1, &dx);
        expect_ok(t);
        for (size_t i = 0; i < n; i++)
            assert_near(one_operand[_i].name, "dx", one_operand[_i].x, number_at(dx, i), one_operand[_i].dx,
                        ROUNDINGS * eps_of[type]);
    }
}
END_TEST

static const struct {
    const char *name;
    ad_tensor (*of)(ad_tensor a, ad_tensor b);
    ad_type type;
    double a, b, dy, da, db;
} two_operands[] = {
    {"div", ad_div, AD_F32, 0x1.4p+66, 0x1.4p-66, 0x1.8p-120, 6.6613381477509392e-17, -3.6267774588438875e+23},
    {"div", ad_div, AD_F32, 0x1.4p-66, 0x1.4p+66, 0x1.8p+120, 21617278211378381.0, -3.9704669402545328e-24},
    {"div", ad_div, AD_F32, 0x1.8p-120, 0x1.4p-66, 0x1.4p+66, INFINITY, -3.6267774588438875e+23},
    {"hypot", ad_hypot, AD_F32, 0x1.4p+66, 0x1.4p+66, 0x1.4p-66, 1.197885481783886e-20, 1.197885481783886e-20},
    {"hypot", ad_hypot, AD_F32, 0x1.4p+66, 0x1.4p+66, 0x1.8p-120, 7.9795202564440126e-37, 7.9795202564440126e-37},
    {"hypot", ad_hypot, AD_F32, 0x1.4p+66, 0x1.4p-66, 0x1.4p+66, 9.2233720368547758e+19, 1.6940658945086007e-20},
    {"hypot", ad_hypot, AD_F32, 0x1.4p+66, 0x1.4p-66, 0x1.8p+120, 1.9938419936773738e+36, 0.0003662109375},
    {"hypot", ad_hypot, AD_F32, 0x1.4p+66, 0x1.8p+120, 0x1.4p-66, 7.8366290054819167e-37, 1.6940658945086007e-20},
    {"hypot", ad_hypot, AD_F32, 0x1.4p+66, 0x1.8p-120, 0x1.4p+66, 9.2233720368547758e+19, 1.128474576789396e-36},
    {"atan2", ad_atan2, AD_F32, 0x1.4p+66, 0x1.4p-66, 0x1.8p+120, 3.9704669402545328e-24, -21617278211378381.0},
    {"atan2", ad_atan2, AD_F32, 0x1.4p-66, 0x1.4p+66, 0x1.8p+120, 21617278211378381.0, -3.9704669402545328e-24},
    {"atan2", ad_atan2, AD_F32, 0x1.8p+120, 0x1.4p-66, 0x1.4p+66, 0, -4.6259292692714856e-17},
    {"atan2", ad_atan2, AD_F32, 0x1.8p+120, 0x1.4p-66, 0x1.8p+120, 0, -1.0},
    {"atan2", ad_atan2, AD_F32, 0x1.8p+120, 0x1.8p-120, 0x1.4p+66, 0, -4.6259292692714856e-17},
    {"atan2", ad_atan2, AD_F32, 0x1.8p+120, 0x1.8p-120, 0x1.8p+120, 0, -1.0},
    {"pow", ad_pow, AD_F32, 0x1.203afap-50, -0x1p+1, 0x1.4484c0p-100, -1999999984577191.4, -34.538776250229917},
    {"pow", ad_pow, AD_F32, 0x1.4484c0p-100, -0x1p+0, 0x1.4484c0p-100, -9.9999999682892316e+29, -69.077552786650294},
    {"pow", ad_pow, AD_F32, 0x1.93e594p+99, 0x1.4p+1, 0x1.a95a5cp-117, 25000001014.342733, INFINITY},
    {"pow", ad_pow, AD_F32, 0x1.ef2d10p-84, 0x1.4p+1, 0x1.93e594p+99, 7.9056945011150812e-8, -1.8203534657577052e-31},
    {"pow", ad_pow, AD_F32, 0x1.4484c0p-100, 0x1p-4, 0x1.79ca10p-67, 8334508.6617519567, -9.2116394217382546e-21},
    {"fmod", ad_fmod, AD_F32, 0x1.93e594p+99, 0x1.4484c0p-100, 0x1.b38fb8p-127, 9.9999993504564039e-39,
     -9.9999994692202895e+21},
    {"div", ad_div, AD_F64, 0x1.4p+516, 0x1.4p-516, 0x1.8p-1010, 2.3461911271676964e-149, -1.0797393106903671e+162},
    {"div", ad_div, AD_F64, 0x1.4p-516, 0x1.4p+516, 0x1.8p+1010, 6.137607389805266e+148, -1.3336552496910465e-162},
    {"div", ad_div, AD_F64, 0x1.8p-1010, 0x1.4p-516, 0x1.4p+516, INFINITY, -1.0797393106903671e+162},
    {"hypot", ad_hypot, AD_F64, 0x1.4p+516, 0x1.4p+516, 0x1.4p-516, 4.120190083930859e-156, 4.120190083930859e-156},
    {"hypot", ad_hypot, AD_F64, 0x1.4p+516, 0x1.4p+516, 0x1.8p-1010, 9.6667534171629076e-305, 9.6667534171629076e-305},
    {"hypot", ad_hypot, AD_F64, 0x1.4p+516, 0x1.4p-516, 0x1.4p+516, 2.6815615859885194e+155, 5.8268286962501615e-156},
    {"hypot", ad_hypot, AD_F64, 0x1.4p+516, 0x1.4p-516, 0x1.8p+1010, 1.6458372206381066e+304, 3.5762786865234375e-7},
    {"hypot", ad_hypot, AD_F64, 0x1.4p+516, 0x1.8p+1010, 0x1.4p-516, 9.4936484629640592e-305, 5.8268286962501615e-156},
    {"hypot", ad_hypot, AD_F64, 0x1.4p+516, 0x1.8p+1010, 0x1.8p-1010, 0, 1.3670853786668245e-304},
    {"atan2", ad_atan2, AD_F64, 0x1.4p+516, 0x1.4p-516, 0x1.8p+1010, 1.3336552496910465e-162, -6.137607389805266e+148},
    {"atan2", ad_atan2, AD_F64, 0x1.4p+516, 0x1.8p-1010, 0x1.4p+516, 0, -1.0},
    {"atan2", ad_atan2, AD_F64, 0x1.4p-516, 0x1.4p+516, 0x1.8p+1010, 6.137607389805266e+148, -1.3336552496910465e-162},
    {"atan2", ad_atan2, AD_F64, 0x1.8p+1010, 0x1.4p-516, 0x1.4p+516, 0, -1.6292993938664558e-149},
    {"atan2", ad_atan2, AD_F64, 0x1.8p+1010, 0x1.4p-516, 0x1.8p+1010, 0, -1.0},
    {"atan2", ad_atan2, AD_F64, 0x1.8p+1010, 0x1.8p-1010, 0x1.4p+516, 0, -1.6292993938664558e-149},
    {"pow", ad_pow, AD_F64, 0x1.a2fe76a3f9475p-499, -0x1p+1, 0x1.87e92154ef7acp-665, -1.9999999999999999e+250,
     -3.4538776394910684e+102},
    {"pow", ad_pow, AD_F64, 0x1.56e1fc2f8f359p-997, -0x1p+0, 0x1.56e1fc2f8f359p-997, -9.9999999999999997e+299,
     -690.77552789821371},
    {"pow", ad_pow, AD_F64, 0x1.4e718d7d7625ap+664, 0x1.4p+1, 0x1.d0b15a491eb84p-931, 2.4999999999999998e+20,
     4.6051701859880908e+222},
    {"pow", ad_pow, AD_F64, 0x1.87e92154ef7acp-665, 0x1.4p+1, 0x1.7e43c8800759cp+996, 2.5000000000000001,
     -4.6051701859880914e-198},
    {"pow", ad_pow, AD_F64, 0x1.56e1fc2f8f359p-997, 0x1p-4, 0x1.87e92154ef7acp-665, 1.1114246312743267e+80,
     -1.2283918982201609e-216},
    {"fmod", ad_fmod, AD_F64, 0x1.4e718d7d7625ap+664, 0x1.87e92154ef7acp-665, 0x1.56e1fc2f8f359p-997, 1.0e-300,
     -1.0e+100},
};

START_TEST(gradients_of_two_in_range)
{
    const ad_type type = two_operands[_i].type;
    for (size_t n = 1; n <= COPIES; n += COPIES - 1) {
        const ad_tensor x[] = {equal_numbers(type, two_operands[_i].a, n), equal_numbers(type, two_operands[_i].b, n)};
        ad_tensor d[2];
        ad_vjp(two_operands[_i].of(x[0], x[1]), equal_numbers(type, two_operands[_i].dy, n), x, 2, d);
        expect_ok(t);
        for (size_t i = 0; i < n; i++) {
            const double a = two_operands[_i].a;
            assert_near(two_operands[_i].name, "da", a, number_at(d[0], i), two_operands[_i].da,
                        ROUNDINGS * eps_of[type]);
            assert_near(two_operands[_i].name, "db", a, number_at(d[1], i), two_operands[_i].db,
                        ROUNDINGS * eps_of[type]);
        }
    }
}
END_TEST

/* ---- Saturation ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    ad_tensor (*of)(ad_tensor x);
    double x, first, second;
} saturated[] = {
    {"asin", ad_asin, 0x1.fffffffffe000p-1, 741455.20018963384, 4.0761930704155676e+17},
    {"acos", ad_acos, 0x1.fffffffffe000p-1, -741455.20018963384, -4.0761930704155676e+17},
    {"asin", ad_asin, -0x1.fffffffffe000p-1, 741455.20018963384, -4.0761930704155676e+17},
    {"acos", ad_acos, -0x1.fffffffffe000p-1, -741455.20018963384, 4.0761930704155676e+17},
    {"asin", ad_asin, 0x1p-30, 1.0, 9.3132257461547852e-10},
    {"acos", ad_acos, 0x1p-30, -1.0, -9.3132257461547852e-10},
    {"asin", ad_asin, -0x1p-1, 1.1547005383792515, -0.76980035891950102},
    {"acos", ad_acos, -0x1p-1, -1.1547005383792515, 0.76980035891950102},
    {"atanh", ad_atanh, 0x1.fffffffffe000p-1, 549755813888.25, 6.0446290980731459e+23},
    {"atanh", ad_atanh, -0x1.fffffffffe000p-1, 549755813888.25, -6.0446290980731459e+23},
    {"atanh", ad_atanh, 0x1p-30, 1.0, 1.862645149230957e-9},
    {"atanh", ad_atanh, 0x1p-1, 1.3333333333333333, 1.7777777777777778},
    {"acosh", ad_acosh, 0x1.0000000001000p+0, 741455.20018929667, -4.0761930704174213e+17},
    {"acosh", ad_acosh, 0x1p+1, 0.57735026918962576, -0.38490017945975051},
    {"acosh", ad_acosh, 0x1p+100, 7.8886090522101181e-31, -6.2230152778611417e-61},
    {"log1p", ad_log1p, -0x1.fffffffffe000p-1, 1099511627776.0, -1.2089258196146292e+24},
    {"log1p", ad_log1p, 0x1p-60, 1.0, -1.0},
    {"log1p", ad_log1p, 0x1p+100, 7.8886090522101181e-31, -6.2230152778611417e-61},
    {"erf", ad_erf, 0x1.ap+4, 2.9470349932662695e-294, -1.5324581964984602e-292},
    {"erfc", ad_erfc, 0x1.ap+4, -2.9470349932662695e-294, 1.5324581964984602e-292},
    {"erf", ad_erf, -0x1.44ccccccccccdp+4, 1.2135062342325594e-179, 4.9268353109841912e-178},
    {"erfc", ad_erfc, -0x1.44ccccccccccdp+4, -1.2135062342325594e-179, -4.9268353109841912e-178},
    {"erf", ad_erf, 0x1.6cccccccccccdp+2, 8.7544192721660102e-15, -9.9800379702692519e-14},
    {"erfc", ad_erfc, 0x1.6cccccccccccdp+2, -8.7544192721660102e-15, 9.9800379702692519e-14},
    {"erf", ad_erf, 0x1p-40, 1.1283791670955126, -2.0525097481286367e-12},
    {"erfc", ad_erfc, 0x1p-40, -1.1283791670955126, 2.0525097481286367e-12},
    {"atan", ad_atan, 0x1p-60, 1.0, -1.7347234759768071e-18},
    {"atan", ad_atan, 0x1p+100, 6.2230152778611417e-61, -9.8181869305954531e-91},
    {"atan", ad_atan, -0x1.8p+1, 0.1, 0.06},
    {"asinh", ad_asinh, 0x1p-60, 1.0, -8.6736173798840355e-19},
    {"asinh", ad_asinh, 0x1p+100, 7.8886090522101181e-31, -6.2230152778611417e-61},
    {"asinh", ad_asinh, -0x1.8p+1, 0.31622776601683793, 0.09486832980505138},
    {"tan", ad_tan, 0x1.921fb54442d18p+0, 2.6670937881135712e+32, 8.7113894062206534e+48},
    {"tan", ad_tan, 0x1p-60, 1.0, 1.7347234759768071e-18},
    {"sinh", ad_sinh, 0x1p-60, 1.0, 8.6736173798840355e-19},
    {"cosh", ad_cosh, 0x1p-60, 8.6736173798840355e-19, 1.0},
    {"sinh", ad_sinh, 0x1.4p+5, 1.1769263341850999e+17, 1.1769263341850999e+17},
    {"cosh", ad_cosh, 0x1.4p+5, 1.1769263341850999e+17, 1.1769263341850999e+17},
    {"sinh", ad_sinh, -0x1.4p+5, 1.1769263341850999e+17, -1.1769263341850999e+17},
    {"cosh", ad_cosh, -0x1.4p+5, -1.1769263341850999e+17, 1.1769263341850999e+17},
    {"expm1", ad_expm1, -0x1.4p+5, 4.248354255291589e-18, 4.248354255291589e-18},
    {"expm1", ad_expm1, 0x1p-60, 1.0, 1.0},
    {"reciprocal", ad_reciprocal, 0x1p-100, -1.6069380442589903e+60, 4.0740719526689722e+90},
    {"rsqrt", ad_rsqrt, 0x1p-100, -7.1362384635297994e+44, 1.3569385457497992e+75},
    {"sqrt", ad_sqrt, 0x1p-100, 562949953421312.0, -3.5681192317648997e+44},
    {"cbrt", ad_cbrt, 0x1p-100, 3.9043174597326256e+19, -3.2995402475410791e+49},
    {"reciprocal", ad_reciprocal, 0x1p+100, -6.2230152778611417e-61, 9.8181869305954531e-91},
    {"rsqrt", ad_rsqrt, 0x1p+100, -3.5032461608120427e-46, 4.1453609064453334e-76},
    {"sqrt", ad_sqrt, 0x1p+100, 4.4408920985006262e-16, -1.7516230804060213e-46},
    {"cbrt", ad_cbrt, 0x1p+100, 2.8458523738671648e-21, -1.4966544531828113e-51},
};

/* In f64, and in f32 where x is a number of f32 too and the derivatives are in its range. */
START_TEST(slopes_and_curvatures)
{
    for (ad_type type = AD_F32; type <= AD_F64; type++) {
        const double x_value = saturated[_i].x, first = fabs(saturated[_i].first), second = fabs(saturated[_i].second);
        const bool in_f32 = (double)(float)x_value == x_value && first > 1e-36 && second > 1e-36 && second < 1e38;
        if (type == AD_F32 && !in_f32)
            continue;
        const ad_tensor x = equal_numbers(type, x_value, 1);
        ad_tensor dx;
        ad_grad(saturated[_i].of(x), &x, 1, &dx);
        assert_near(saturated[_i].name, "slope", x_value, ad_item(dx), saturated[_i].first, ROUNDINGS * eps_of[type]);
        assert_near(saturated[_i].name, "curvature", x_value, ad_item(ad_hessian(saturated[_i].of(x), x)),
                    saturated[_i].second, 2 * ROUNDINGS * eps_of[type]);
        expect_ok(t);
    }
}
END_TEST

/* ---- Constants ----------------------------------------------------------------------------------------------- */

static const struct {
    double c, x, y, dx;
} powers[] = {
    {0.1, 0x1p-1, 0.933032991537, 0.186606598307},
    {0.1, 0x1.8p+1, 1.11612317403, 0.0372041058011},
    {0.1, 0x1.79ca10p-67, 0.00999999996827, 1.00000002856e+17},
    {0.1, 0x1.2a05f2p+33, 10.0, 1.0e-10},
    {0.1, 0x1.cac084p-8, 0.608849291983, 8.69784675985},
    {0.1, 0x1.08b2a2p+83, 316.227764632, 3.16227778482e-24},
    {0.3333333333333333, 0x1p-1, 0.793700525984, 0.529133683989},
    {0.3333333333333333, 0x1.8p+1, 1.44224957031, 0.160249952256},
    {0.3333333333333333, 0x1.79ca10p-67, 2.15443466724e-7, 7.18144911871e+12},
    {0.3333333333333333, 0x1.2a05f2p+33, 2154.43469003, 7.18144896677e-8},
    {0.3333333333333333, 0x1.cac084p-8, 0.191293120245, 9.10919592099},
    {0.3333333333333333, 0x1.08b2a2p+83, 215443465.858, 7.18144917646e-18},
    {-0.7, 0x1p-1, 1.62450479271, -2.2743067098},
    {-0.7, 0x1.8p+1, 0.463463056772, -0.108141379913},
    {-0.7, 0x1.79ca10p-67, 1.00000002221e+14, -7.00000037764e+33},
    {-0.7, 0x1.2a05f2p+33, 1.0e-7, -7.0e-18},
    {-0.7, 0x1.cac084p-8, 32.2426970437, -3224.26960485},
    {2.2, 0x1p-1, 0.217637640824, 0.957605619626},
    {2.2, 0x1.8p+1, 11.2115784565, 8.22182420146},
    {2.2, 0x1.2a05f2p+33, 1.0e+22, 2.2e+12},
    {2.2, 0x1.cac084p-8, 1.81641766784e-5, 0.00570874106557},
    {-1.1, 0x1p-1, 2.14354692507, -4.71580323516},
    {-1.1, 0x1.8p+1, 0.298652819947, -0.109506033981},
    {-1.1, 0x1.2a05f2p+33, 1.0e-11, -1.1e-21},
    {-1.1, 0x1.cac084p-8, 234.634646585, -36871.1576109},
};

START_TEST(exponents_are_not_rounded)
{
    for (size_t n = 1; n <= COPIES; n += COPIES - 1) {
        const ad_tensor x = equal_numbers(AD_F32, powers[_i].x, n), y = ad_pow_constant(x, powers[_i].c);
        ad_tensor dx;
        ad_vjp(y, equal_numbers(AD_F32, 1, n), &x, 1, &dx);
        expect_ok(t);
        for (size_t i = 0; i < n; i++) {
            assert_near("pow_constant", "y", powers[_i].x, number_at(y, i), powers[_i].y, 1.5 * 0x1p-24);
            assert_near("pow_constant", "dx", powers[_i].x, number_at(dx, i), powers[_i].dx, 4 * 0x1p-24);
        }
    }
}
END_TEST

/* The reference is one rounding of the product in f64, and of the sum to a unit in the last place. */
START_TEST(constants_are_not_rounded)
{
    static const double constants[] = {0.1, -0.7, 1.0 / 3, 1e-3, 0.7e-30, -0.9e25, 1e39, -1e-46, 1e-42, 3, 0, INFINITY};
    static const double x[COPIES] = {1, -0.1F, 1e-3F,    3e38F,     -1e-38F, 1e-45F,
                                     0, -0.0,  INFINITY, -INFINITY, 7,       1 / 3.0F};
    for (size_t k = 0; k < COUNT(constants); k++) {
        const double c = constants[k];
        const ad_tensor many = variable_of(AD_F32, AD_SHAPE(COPIES), x, COPIES);
        const ad_tensor scaled = ad_scale(many, c), shifted = ad_shift(many, c);
        for (size_t i = 0; i < COPIES; i++) {
            const double product = (double)(float)(c * (double)(float)x[i]),
                         sum = (double)(float)(c + (double)(float)x[i]);
            const ad_tensor one = equal_numbers(AD_F32, x[i], 1);
            const double got[] = {number_at(scaled, i), ad_item(ad_scale(one, c)), number_at(shifted, i),
                                  ad_item(ad_shift(one, c))};
            for (int way = 0; way < 4; way++) {
                const double want = way < 2 ? product : sum;
                if (isnan(want))
                    ck_assert(isnan(got[way]));
                else
                    ck_assert_msg(way < 2 ? got[way] == want && !signbit(got[way]) == !signbit(want)
                                          : got[way] == want || fabs(got[way] - want) <= 0x1p-23 * fabs(want),
                                  "%s of %a by %a is %a, not %a", way < 2 ? "scale" : "shift", x[i], c, got[way], want);
            }
        }
    }
    expect_ok(t);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, gradients_in_range, 0, COUNT(one_operand));
    tcase_add_loop_test(tests, gradients_of_two_in_range, 0, COUNT(two_operands));
    tcase_add_loop_test(tests, slopes_and_curvatures, 0, COUNT(saturated));
    tcase_add_loop_test(tests, exponents_are_not_rounded, 0, COUNT(powers));
    tcase_add_test(tests, constants_are_not_rounded);
}

int main(void) { return run_on_one_tape("function_slopes", add_tests); }
