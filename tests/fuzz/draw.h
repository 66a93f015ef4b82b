#ifndef TESTS_FUZZ_DRAW_H
#define TESTS_FUZZ_DRAW_H
/* Values in a row's domain, and shapes and attributes that are good or wild. */
#include <gradtape/gradtape.h>

enum { FUZZ_ELEMENTS = 2048 }; /* the most that a tensor may have to be an operand */

/* Room for the elements of a leaf. */
typedef union fuzz_numbers {
    float f32[FUZZ_ELEMENTS];
    double f64[FUZZ_ELEMENTS];
    int32_t i32[FUZZ_ELEMENTS];
} fuzz_numbers;

/* The number of elements of a legal shape, FUZZ_ELEMENTS + 1 for all that have more. */
size_t fuzz_count(const ad_shape *shape);

bool fuzz_same_shape(const ad_shape *a, const ad_shape *b);

/* 'r', 'i' or '*': what the row says of operand i; and where its values come from. */
char fuzz_letter(const ad_operator *row, int i);
ad_domain fuzz_domain(const ad_operator *row, int i);

/* Draws values of a domain; `special`: some of them are infinite, NaN, 0 or huge. */
void fuzz_draw(const ad_domain *domain, ad_type type, const ad_shape *shape, uint32_t seed, bool special,
               fuzz_numbers *numbers);

/* A small legal shape; a shape that may be anything; an attribute that may be anything of its kind. */
ad_shape fuzz_shape(uint8_t which);
ad_shape fuzz_wild_shape(uint32_t seed);
ad_attribute fuzz_wild_attribute(ad_attribute_kind kind, uint32_t seed);

#endif
