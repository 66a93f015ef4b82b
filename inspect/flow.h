#ifndef INSPECT_FLOW_H
#define INSPECT_FLOW_H
/* How gradients flow, and what is said of it. */
#include "sink.h"
#include "words.h"

/* From where on something is said. The numbers for updates and saturation are those of A. Karpathy's lectures. */
typedef struct ad_flow_limits {
    double bar_from, bar_to;    /* the root mean squares at the ends of the bar */
    double vanished;            /* the gradient of the first layer against that of the last */
    double exploded;            /* so too, the other way round */
    double above_median, above; /* of one parameter: against the median of all, and by itself */
    double too_slow, slow;      /* an update against its weight */
    double fast, too_fast;      /* so too */
    size_t rows;                /* of a batch, for its units to be looked at */
    double dead;                /* the share of units that are 0 in all rows */
    double tanh, logistic;      /* how far from 0, or from 0 and 1, a number is saturated */
    double saturated;           /* the share of such numbers */
} ad_flow_limits;
extern const ad_flow_limits ad_flow_limit;

/* Writes a sentence for each layer of which units are dead or numbers saturated. */
void ad_put_units(ad_sink *sink, ad_ink ink, ad_tape *t);

#endif
