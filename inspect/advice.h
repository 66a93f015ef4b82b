#ifndef INSPECT_ADVICE_H
#define INSPECT_ADVICE_H
/* What is wrong with gradients, updates and units, and what helps: in sentences, for text and for the page. */
#include "flow.h"

/* Where sentences go, and how they are written. */
typedef struct ad_speech {
    ad_sink *sink;
    ad_ink ink;
    void (*put_sentence)(ad_sink *sink, const char *text);
    void (*put_count)(ad_sink *sink, ad_tensor y, size_t dead); /* the number of dead units of y */
} ad_speech;

/* Writes a sentence with the remedy for each thing that is wrong. */
void ad_put_advice(const ad_flow *flow, const ad_speech *to);

/* Writes the one of a trend that vanishes or explodes. */
void ad_put_trend(ad_tape *tape, const ad_trend *trend, const ad_speech *to);

#endif
