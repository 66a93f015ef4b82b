#ifndef INSPECT_PAGE_UNITS_H
#define INSPECT_PAGE_UNITS_H
/* What the units of a batch are: before the activation z, after it y. */
#include "../values.h"

typedef struct ad_units {
    ad_numbers y, z;                  /* the data of z is NULL where it was not kept: it is then computed */
    ad_numbers inputs, weights, bias; /* from these: [n,d], [d,h], [h] */
    size_t n;                         /* how many are known */
} ad_units;

/* The units of the activation that y is the result of. */
ad_units ad_units_of(ad_tensor y);

/* z and y of unit i. */
void ad_unit_at(const ad_units *units, size_t i, double *z, double *y);

#endif
