#ifndef AUTODIFF_REVERSE_PULLBACK_H
#define AUTODIFF_REVERSE_PULLBACK_H
/* What a gradient rule works on. */
#include "../tape/frames.h"

enum { AD_CACHED_OPERANDS = 4 };

struct ad_pullback {
    ad_frame frame; /* the rule's; it has the entry and its id */
    ad_tape *tape;
    ad_entry *entry;          /* result 0 of the call; the other results follow it */
    bool may_move;            /* the gradient of result 0 is not needed after the rule: an operand may have it */
    uint8_t wanted;           /* the flag of what wants one: AD_WANTS_GRADIENT, or in a functional sweep AD_ON_PATH */
    bool is_plain;            /* nothing is recorded, looked at or was changed: the quick ways are right */
    bool gives_numbers;       /* of a sweep: it may add parts up as numbers (scalar_parts.h) */
    const uint32_t *operands; /* their ids */
    int n_cached;             /* operands whose entries are in x: all if they are few, none after a position */
    ad_entry *x[AD_CACHED_OPERANDS];
    uint32_t dy[AD_MAX_RESULTS]; /* ids of the results' gradients; 0: none was computed */
    uint32_t dy_generation;      /* of the first of them */
    uint64_t draws;              /* of a watched rule: those of the tape when it began */
    int capture;                 /* -1; or the one operand whose part goes to `captured` instead */
    ad_tensor captured;
};

/* The pullback of a rule's frame, its first member. */
static inline ad_pullback *ad_pullback_of(const ad_frame *rule) { return (ad_pullback *)(uintptr_t)rule; }

/* Gives operand i, which wants a gradient, the elements of g from number `from` on, as many as it has, without a slice.
 * g has its type. Returns false, having done nothing, where the rule has to give a slice: one that is recorded or
 * looked at, or a part that must not be added into the gradient that is there. */
bool ad_give_run(ad_pullback *p, int i, ad_tensor g, size_t from);

#endif
