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
} nn_ruled;

/* An ad_update_rule: decay, l2 and the rule itself, in one pass. */
void nn_rule_block(const ad_update_block *block);

#endif
