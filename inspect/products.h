#ifndef INSPECT_PRODUCTS_H
#define INSPECT_PRODUCTS_H
/* A part of a gradient as products of numbers. */
#include "escape.h"

/* Writes element k of a part as upstream * local, or as a sum of such products, and what it gives:
 * "0.5 * 0.0594608 = 0.0297304". Returns false, and writes nothing, where the call is not known to multiply so, or a
 * number is gone. */
bool ad_put_products(ad_sink *sink, const ad_part *part, size_t k);

/* Writes the words of a part that is a product of matrices: "x' dz = [2, 1] [1, 2]". Returns false, and writes nothing,
 * if it is none. */
bool ad_put_matrix_product(ad_sink *sink, ad_ink ink, const ad_part *part);

#endif
