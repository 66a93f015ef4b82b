#ifndef INSPECT_FORMULA_H
#define INSPECT_FORMULA_H
/* A tensor as an infix formula of leaves. */
#include "escape.h"

/* ad_formula in AD_INK_TEXT or AD_INK_ASCII, whatever the locale. */
ad_shown ad_formula_in(ad_ink ink, ad_tensor y, char *text, size_t size);

#endif
