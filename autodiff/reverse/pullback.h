#ifndef AUTODIFF_PULLBACK_H
#define AUTODIFF_PULLBACK_H
/* What a gradient rule works on, and the walks that run rules. */
#include "../tape/gradients.h"

enum { AD_NEAR = 4 }; /* how many operands are few */

struct ad_pullback {
    ad_tape *tape;
    ad_entry *entry;             /* result 0 of the call */
    uint32_t id;                 /* its id; the other results follow it */
    bool may_move;               /* the gradient of result 0 is not needed after the rule: an operand may have it */
    uint8_t wanted;              /* the flag of what wants one: AD_WANTS_GRADIENT, or in a functional walk AD_ON_PATH */
    bool is_plain;               /* nothing is recorded, traced or was changed: the quick ways are right */
    const uint32_t *operands;    /* their ids */
    int near;                    /* how many operands have their entries in x: all if they are few, none after a mark */
    ad_entry *x[AD_NEAR];        /* so that they need not be looked for at each question of the rule */
    uint32_t dy[AD_MAX_RESULTS]; /* ids of the results' gradients; 0: none was computed */
    uint32_t dy_generation;      /* of the first of them */
    int capture;                 /* -1; or the one operand whose contribution goes to `captured` instead */
    ad_tensor captured;
    ad_mark mark; /* the last that the rule took */
};

/* Adds g, a valid handle of the type of the entry `owner`, which is e, to its gradient; a g that is wider is summed to
 * its shape. In pullback.c. */
void ad_contribute(ad_tape *t, uint32_t owner, ad_entry *e, ad_tensor g);

/* ---- Walks and rules --------------------------------------------------------------------------------------------- */

/* A walk from y back to the first entry. A functional one, which must be recorded, goes only by what is AD_ON_PATH and
 * leaves its gradients linked there; the other leaves those of leaves, and with `keep` of all, and on failure none. */
typedef struct ad_walk_back {
    ad_tensor y, dy; /* dy inert: ones */
    uint32_t first;  /* where the path begins; 0: with the first entry */
    bool keep, functional;
} ad_walk_back;
void ad_run_walk(ad_tape *t, const ad_walk_back *walk);

static inline bool ad_has_rule(const ad_operator *op) { return op->vjp || op->backward; }

/* Runs the gradient rule. */
void ad_run_rule(ad_pullback *p);

/* Does so for an operator whose gradient is numeric; in numeric_rule.c. */
void ad_run_numeric_rule(ad_pullback *p);

/* Whether a rule or a kernel is running, and so an error: what these must not call asks this first. `instead` says what
 * they may do. */
bool ad_refuse_in_rule(ad_tape *t, const char *who, const char *instead);

#endif
