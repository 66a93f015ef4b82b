#ifndef INSPECT_FLOW_H
#define INSPECT_FLOW_H
/* How gradients flow from the last layer to the first: what is found of each parameter. */
#include "escape.h"

/* From where on something is said. The numbers for updates and saturation are those of A. Karpathy's lectures. */
#define AD_BAR_FROM 1e-9 /* the root mean squares at the ends of the bar */
#define AD_BAR_TO 1
#define AD_VANISHED_BELOW 1e-4      /* the gradient of the first layer against that of the last */
#define AD_EXPLODED_ABOVE 1e4       /* so too */
#define AD_FAR_ABOVE_MEDIAN 1e3     /* one parameter against the median of all, */
#define AD_FAR_ABOVE 1              /* and by itself */
#define AD_LARGE_RMS 1e3            /* one parameter, whatever the others are */
#define AD_TINY_RMS 1e-12           /* all parameters */
#define AD_UPDATE_TOO_SLOW 1e-5     /* below; an update against its weight */
#define AD_UPDATE_SLOW 1e-4         /* so too */
#define AD_UPDATE_FAST 1e-2         /* above */
#define AD_UPDATE_TOO_FAST 1e-1     /* so too */
#define AD_ROWS_TO_JUDGE_UNITS 20   /* of a batch */
#define AD_DEAD_SHARE 0.25          /* of the units of a layer: 0 in all rows */
#define AD_SATURATED_TANH 0.97      /* a number is this far from 0, */
#define AD_SATURATED_LOGISTIC 0.015 /* or as near to 0 or 1 */
#define AD_SATURATED_SHARE 0.5      /* of such numbers */

/* What is found of a parameter. */
typedef enum ad_flow_verdict {
    AD_FLOW_OK,
    AD_FLOW_SLOW,
    AD_FLOW_FAST,
    AD_FLOW_TOO_SLOW,
    AD_FLOW_TOO_FAST,
    AD_FLOW_VANISHED,
    AD_FLOW_EXPLODED,
    AD_FLOW_ALL_TINY, /* these two by themselves, not against others; the words are those of the two above */
    AD_FLOW_LARGE,
    AD_FLOW_NOT_FINITE,
    AD_FLOW_ALL_ZERO,
    AD_FLOW_NOT_COMPUTED
} ad_flow_verdict;

/* Its word: "too slow". */
const char *ad_flow_verdict_word(ad_flow_verdict verdict);

/* What is known of the update of a parameter: of all its changes since the sweep. */
typedef enum ad_update_kind { AD_UPDATE_NONE, AD_UPDATE_FROM_ZERO, AD_UPDATE_UNKNOWN, AD_UPDATE_KNOWN } ad_update_kind;

typedef struct ad_flow_row {
    ad_tensor x;
    size_t first_use; /* the first entry that reads it */
    double norm, rms; /* of its gradient */
    ad_update_kind kind;
    double update; /* against the value before it */
    ad_flow_verdict verdict;
} ad_flow_row;

/* Weights and biases are compared each with their like: where activations grow from layer to layer as gradients do the
 * other way, the gradients of weights say nothing. */
enum { AD_BIASES, AD_WEIGHTS, AD_LAYER_KINDS };

/* What happens from the last layer to the first. */
typedef struct ad_trend {
    double last, step; /* the rms of the last layer, and by how much a layer changes it */
    bool vanishes, explodes;
} ad_trend;

/* Layers of a kind that are compared, one after the other. */
typedef struct ad_layers {
    double first, last;
    size_t n, rising, falling;
} ad_layers;

/* Adds the next layer, whose gradient has this rms: finite and above 0. */
void ad_add_layer(ad_layers *layers, double rms);
ad_trend ad_trend_of(const ad_layers *layers);

typedef struct ad_flow {
    ad_tape *tape;
    ad_memory memory;
    ad_flow_row *rows; /* of the parameters, in the order of their first use */
    size_t n, room;
    ad_trend trends[AD_LAYER_KINDS];
} ad_flow;

/* The kind of a parameter. */
int ad_layer_kind(ad_tensor x);

/* Judges the parameters. Returns false if memory is out. The caller frees the flow, also then. */
bool ad_find_flow(ad_flow *flow, ad_tape *t);
void ad_free_flow(ad_flow *flow);

/* Where a root mean square stands on the bar: from 0 to 1. */
double ad_place_on_bar(double rms);

#endif
