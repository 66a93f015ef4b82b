#ifndef INSPECT_DOT_H
#define INSPECT_DOT_H
/* A tape as a graph in Graphviz's language, DOT.
 *
 * - Each tensor is a box, called by its id: k0, #1. Leaves have round corners. A by-product is dashed.
 * - An edge goes from an operand to the result. It has the number of the operand's place where there are several.
 * - The results of a call of several hang on an ellipse with the operator's name.
 * - Scopes are clusters. */
#include "sink.h"

/* Writes the tape. The same tape gives the same bytes. The memory that it needs does not grow with the tape. */
void ad_put_dot(ad_sink *sink, ad_tape *t, const ad_write_options *options);

#endif
