#ifndef GRADTAPE_NN_RULES_H
#define GRADTAPE_NN_RULES_H
/* Private to nn: how a rule is run over a parameter. */
#include <gradtape/optimisers.h>

/* The context of nn_rule_block. */
typedef struct nn_ruled {
    const nn_optimiser *rule;
    nn_update update;
    double share; /* by which x shrinks first */
    int n_slots;
    bool clips; /* whether the gradient is brought into [-bound, bound] and then multiplied by scale */
    double bound, scale;
} nn_ruled;

/* An ad_update_rule: clipping, l1, l2, decay and the rule itself, in one pass. */
void nn_rule_block(const ad_update_block *block);

#endif
