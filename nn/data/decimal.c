/* Decimal numbers to the nearest f64. The first 19 digits are multiplied by 128 bits of a power of five, which decides
 * for them (D. Lemire, "Number parsing at a gigabyte per second", 2021; that no case is left undecided is shown by
 * N. Mushtak and D. Lemire, "Fast number parsing without fallback", 2023). Where later digits matter, whole numbers of
 * any size are compared. Nothing is computed in floating point, so neither the locale nor the rounding of the caller's
 * thread changes a result. */
#include "decimal.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "powers_of_ten.h"

enum { FRACTION_BITS = 52, BIAS = 1023, INFINITE = 2047, SURE_DIGITS = 19 /* that u64 always holds */ };

#define HIDDEN_BIT (UINT64_C(1) << FRACTION_BITS)
#define MOST_EXPONENT (INT64_C(1) << 60)

/* ---- The first 19 digits ----------------------------------------------------------------------------------------- */

/* A product of 128 bits. */
typedef struct product {
    uint64_t upper, lower;
} product;

static product multiply(uint64_t a, uint64_t b)
{
    const uint64_t a1 = a >> 32, a0 = (uint32_t)a, b1 = b >> 32, b0 = (uint32_t)b;
    const uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)middle;
    return (product){.upper = a1 * b1 + (middle >> 32) + (other >> 32), .lower = other << 32 | (uint32_t)low};
}

/* w times the power of five, the upper 128 bits of it. The lower half of the power is used only where it could change
 * the 55 bits that count. */
static product scale(uint64_t w, const uint64_t power[2])
{
    product p = multiply(w, power[0]);
    if ((p.upper & 0x1FF) == 0x1FF) {
        const product more = multiply(w, power[1]);
        p.lower += more.upper;
        p.upper += p.lower < more.upper;
    }
    return p;
}

/* The bits of the positive f64 nearest to w * 10^q. */
static uint64_t nearest(uint64_t w, int64_t q)
{
    if (w == 0 || q < NN_LEAST_POWER)
        return 0;
    if (q > NN_LARGEST_POWER)
        return (uint64_t)INFINITE << FRACTION_BITS;
    const int zeros = __builtin_clzll(w);
    const product p = scale(w << zeros, nn_powers_of_five[q - NN_LEAST_POWER]);
    const int top = (int)(p.upper >> 63), cut = 64 - FRACTION_BITS - 3 + top;
    /* floor(q log2(10)) = q + floor(q log2(5)); an arithmetic shift rounds down. */
    int64_t exponent = (217706 * q >> 16) + 63 + BIAS + top - zeros;
    uint64_t bits = p.upper >> cut; /* the leading 1, 52 bits and one more for rounding */
    if (exponent <= 0) {            /* below the least normal number: fewer bits; it is never half-way */
        if (exponent <= -63)
            return 0;
        bits >>= 1 - exponent;
        return (bits + 1) >> 1; /* which may be the least normal number */
    }
    /* Half-way between two: to the even one. Only so small powers have it. */
    if (p.lower <= 1 && q >= -4 && q <= 23 && (bits & 3) == 1 && bits << cut == p.upper)
        bits--;
    bits = (bits + 1) >> 1;
    /* The hidden bit adds 1 to the exponent, and a carry out of the bits another one. */
    bits += (uint64_t)(exponent - 1) << FRACTION_BITS;
    return bits >> FRACTION_BITS < INFINITE ? bits : (uint64_t)INFINITE << FRACTION_BITS;
}

/* ---- All digits -------------------------------------------------------------------------------------------------- */

/* Half-way points between two numbers of f64 have at most 767 digits; of what is behind that many only whether it is 0
 * matters. So the numbers to be compared have less than 2,700 bits. */
enum { LIMBS = 96, MOST_DIGITS = 768 };

typedef struct whole {
    uint32_t limbs[LIMBS]; /* the lowest first */
    int n;                 /* the highest is not 0 */
} whole;

static void multiply_add(whole *x, uint32_t factor, uint32_t summand)
{
    uint64_t carry = summand;
    for (int i = 0; i < x->n; i++) {
        carry += (uint64_t)x->limbs[i] * factor;
        x->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        x->limbs[x->n++] = (uint32_t)carry;
}

static void multiply_by_power(whole *x, uint32_t factor, int64_t exponent)
{
    for (; exponent > 0; exponent--)
        multiply_add(x, factor, 0);
}

static void shift_left(whole *x, int64_t bits)
{
    multiply_by_power(x, UINT32_C(1) << 31, bits / 31);
    multiply_add(x, UINT32_C(1) << bits % 31, 0);
}

static int compare(const whole *x, const whole *y)
{
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    int i = x->n - 1;
    while (i > 0 && x->limbs[i] == y->limbs[i])
        i--;
    return x->limbs[i] < y->limbs[i] ? -1 : x->limbs[i] > y->limbs[i];
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The number that digits give which begin with one that is not 0. `exponent`, of the last digit, becomes that of the
 * last one taken. */
static void take_digits(whole *x, const char *at, const char *end, int64_t *exponent)
{
    int taken = 0;
    uint32_t rest = 0;
    x->n = 0;
    for (; at < end; at++) {
        if (!is_digit(*at))
            continue;
        if (taken < MOST_DIGITS) {
            multiply_add(x, 10, (uint32_t)(*at - '0'));
            taken++;
        } else {
            rest |= (uint32_t)(*at - '0');
            ++*exponent;
        }
    }
    multiply_add(x, 10, rest != 0);
    --*exponent;
}

/* Compares the number of all digits with the point half-way between the positive f64 of these bits and the next. */
static int compare_with_half_way(const char *at, const char *end, int64_t exponent, uint64_t bits)
{
    whole x, y = {.n = 0};
    take_digits(&x, at, end, &exponent);
    const int64_t power = bits >> FRACTION_BITS ? (int64_t)(bits >> FRACTION_BITS) : 1;
    const uint64_t fraction = (bits & (HIDDEN_BIT - 1)) | (bits >> FRACTION_BITS ? HIDDEN_BIT : 0);
    const uint64_t half_way = 2 * fraction + 1; /* times 2^e */
    const int64_t e = power - BIAS - FRACTION_BITS - 1;
    multiply_add(&y, 1, (uint32_t)(half_way >> 32));
    shift_left(&y, 32);
    multiply_add(&y, 1, (uint32_t)half_way);
    /* x 5^exponent 2^exponent against y 2^e, with no power below 0 */
    multiply_by_power(exponent > 0 ? &x : &y, 5, exponent > 0 ? exponent : -exponent);
    shift_left(exponent > e ? &x : &y, exponent > e ? exponent - e : e - exponent);
    return compare(&x, &y);
}

/* The bits of a number of more than 19 digits, among which is perhaps a point. `exponent` is that of the last one. */
static uint64_t nearest_of_many(const char *at, const char *end, int64_t exponent)
{
    uint64_t w = 0;
    int taken = 0;
    while (at < end && (!is_digit(*at) || *at == '0'))
        at++;
    const char *first = at;
    for (; at < end && taken < SURE_DIGITS; at++)
        if (is_digit(*at)) {
            w = 10 * w + (uint64_t)(*at - '0');
            taken++;
        }
    int64_t left = 0;
    for (; at < end; at++)
        left += is_digit(*at);
    const uint64_t low = nearest(w, exponent + left);
    if (left == 0 || low == nearest(w + 1, exponent + left))
        return low;
    const int order = compare_with_half_way(first, end, exponent, low);
    return low + (order > 0 || (order == 0 && (low & 1)));
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

/* Eight bytes, the first one lowest. In this form compilers make one load of it. */
static uint64_t load(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 | (uint64_t)b[4] << 32 |
           (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
}

/* How many of eight bytes are digits, up to the first that is not. Exclusive or has made digits 0 to 9. What is added
 * carries into other bytes only behind that one. */
static int count_digits(uint64_t word)
{
    const uint64_t others = (word | (word + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
    return others ? __builtin_ctzll(others) / 8 : 8;
}

/* The number of eight digits, the first one lowest: pairs, then fours, then all. */
static uint64_t join_digits(uint64_t word)
{
    word = (word & UINT64_C(0x00FF00FF00FF00FF)) * 10 + (word >> 8 & UINT64_C(0x00FF00FF00FF00FF));
    word = (word & UINT64_C(0x0000FFFF0000FFFF)) * 100 + (word >> 16 & UINT64_C(0x0000FFFF0000FFFF));
    return (word & UINT64_C(0xFFFFFFFF)) * 10000 + (word >> 32);
}

/* Appends digits to w, which wraps. Returns where they end. */
static const char *read_digits(const char *at, const char *end, uint64_t *w)
{
    static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    while (end - at >= 8) {
        const uint64_t word = load(at) ^ UINT64_C(0x3030303030303030);
        const int n = count_digits(word);
        if (n == 0)
            return at;
        *w = *w * powers[n] + join_digits(word << (64 - 8 * n));
        at += n;
        if (n < 8)
            return at;
    }
    for (; at < end && is_digit(*at); at++)
        *w = 10 * *w + (uint64_t)(*at - '0');
    return at;
}

/* Adds an exponent that begins behind its e. Returns where it ends; NULL if it has no digit. One that is very large
 * stays very large. */
static const char *read_exponent(const char *at, const char *end, int64_t *exponent)
{
    const bool is_negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    if (at == end || !is_digit(*at))
        return NULL;
    int64_t e = 0;
    for (; at < end && is_digit(*at); at++)
        e = e < MOST_EXPONENT / 10 ? 10 * e + (*at - '0') : MOST_EXPONENT;
    *exponent += is_negative ? -e : e;
    return at;
}

const char *nn_decimal_read(const char *at, const char *end, char point, double *x)
{
    const bool is_negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    const char *const first = at;
    uint64_t w = 0;
    int64_t exponent = 0;
    at = read_digits(at, end, &w);
    ptrdiff_t digits = at - first;
    if (at < end && *at == point) {
        const char *const fraction = ++at;
        at = read_digits(at, end, &w);
        exponent = fraction - at;
        digits += at - fraction;
    }
    if (digits == 0)
        return NULL;
    const char *const behind = at;
    int64_t last = exponent; /* of the last digit */
    if (at < end && (*at == 'e' || *at == 'E') && !(at = read_exponent(at + 1, end, &last)))
        return NULL;
    uint64_t bits = digits <= SURE_DIGITS ? nearest(w, last) : nearest_of_many(first, behind, last);
    bits |= (uint64_t)is_negative << 63;
    memcpy(x, &bits, sizeof bits);
    return at;
}
