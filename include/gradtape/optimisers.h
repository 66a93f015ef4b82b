#ifndef GRADTAPE_OPTIMISERS_H
#define GRADTAPE_OPTIMISERS_H
/* Optimisers: they read gradients and update parameters in place.
 *
 *   nn_optimiser_options o = { .rule = &nn_adam, .rate = 0.01 };
 *   ad_backward(loss);
 *   nn_optimiser_step(&o, parameters, n);
 *
 * An optimiser is a row; one of your own is a row in your program. */
#include <gradtape/schedules.h>
#include <gradtape/update.h>

#if defined(__cplusplus)
extern "C" {
#endif

typedef struct nn_optimiser nn_optimiser;

/* The options of the optimisers. Zero means the default, which is the rule's own. Each rule reads those that its fields
 * name; one that it does not read is an error if it is given. */
typedef struct nn_optimiser_options {
    const nn_optimiser *rule; /* default nn_adagrad */
    double rate;              /* learning rate, above 0 */
    double decay; /* decoupled from the gradient: before each update x <- (1 - rate decay) x (Loshchilov, Hutter 2019).
                     In a network it is that of weights: biases and gains decay only if a group asks for it */
    double l2;    /* l2 x is added to the gradient, before the decay. In a network the factors of `decay` hold for it */
    double l1;    /* l1 sign(x) is added to the gradient, before the decay; in a network the factors of `decay` hold for
                     it */
    /* For every rule: */
    double clip_value; /* first each number of a gradient is brought into [-clip_value, clip_value]; 0: not */
    double clip_norm;  /* then all gradients together are multiplied by min(1, clip_norm / their norm), before l1 and l2
                          (Pascanu et al. 2013); 0: not */
    nn_schedule_options schedule;
    /* For the rules that read them: */
    double initial_accumulator; /* what the sum of squares begins with, above 0 */
    double momentum;            /* the share of the last velocity that is kept */
    double beta1, beta2;        /* the shares of the last means that are kept */
    double rho;                 /* the same for rmsprop's mean of squares */
    double epsilon;             /* added to a root, so that no division is by 0 */
    double momentum_decay;      /* how fast nadam's momentum grows */
    int64_t history;            /* lbfgs: how many pairs are kept, 1 to 100 */
    bool epsilon_inside;        /* rmsprop: epsilon is added inside the root */
    bool centred;               /* rmsprop: by the variance of the gradients, not the mean of their squares */
    bool epsilon_hat;           /* adam: epsilon is added before the root is corrected (that of the paper's 7.1) */
    bool from_zero;             /* ftrl: its linear term begins with 0, so that the first step forgets what x was */
} nn_optimiser_options;

/* A slot: a state that a rule keeps for each parameter (ad_slot), of the parameter's shape and type. */
typedef struct nn_optimiser_slot {
    const char *name; /* it is called PARAMETER/name */
    double initial;
} nn_optimiser_slot;

/* What a rule finds in the `context` of a block (update.h): how this parameter is updated now. */
typedef struct nn_update {
    nn_optimiser_options options; /* with defaults filled in; rate, decay, l2 and l1 times the factors of the group */
    int64_t step;                 /* how often the parameter was updated by the rule, this time included; 0 for a rule
                                     without a counter */
    double carried[2];            /* what `carry` gave last time, and now; 1 at first */
} nn_update;

/* Records a loss on the tape and returns it: a scalar of f32 or f64. It is called several times in one step, each time
 * on a tape that was reset, and gives the same loss for the same parameters. */
typedef ad_tensor nn_objective(ad_tape *tape, void *context);

/* How one step of a search ended. */
typedef struct nn_search_result {
    double loss;         /* at the end, with the penalty l2 / 2 |x|^2 */
    double loss_before;  /* at the beginning, likewise */
    double gradient;     /* the largest |g| at the end, likewise */
    int64_t evaluations; /* of the loss and its gradient */
    bool has_ended;      /* no lower loss was found: nothing has changed, and another step would not change it either */
} nn_search_result;

typedef struct nn_search nn_search; /* what a search sees: private to the library's rules */
typedef ad_status nn_search_rule(nn_search *search, nn_search_result *result);

/* An optimiser. */
struct nn_optimiser {
    const char *name;
    const char *formula; /* g is the gradient, a the rate, t the step from 1 on */
    const char *source;
    nn_fields fields; /* of nn_optimiser_options; the default of rate is here */
    /* Gives the slots for options in which the defaults are filled in, at most AD_MAX_UPDATE_STATES, and returns their
     * number. NULL: none. */
    int (*slots)(const nn_optimiser_options *options, nn_optimiser_slot *slots);
    /* The name of the number in which the steps of each parameter are counted (ad_slot_number). NULL: they are not. The
     * names of the slots, of this number and of the next differ. */
    const char *counter;
    /* The name of a number that goes from step to step, and the function that makes it from the last one, for a rule
     * that has a counter. NULL: none. */
    const char *carried;
    double (*carry)(const nn_optimiser_options *options, int64_t step, double last);
    /* Updates a block, of f32 or f64. What is in `context` is a const nn_update. `decay` is done; l1 sign(x) + l2 x is
     * added to the gradient, unless own_penalties says that the rule itself does what l1 and l2 ask for. */
    ad_update_rule *update;
    bool own_penalties;
    /* Instead of `update`, for a rule that looks at all parameters at once and evaluates the loss where it likes: one
     * step (nn_search_step). NULL: none. A row of your own takes that of nn_lbfgs, for other defaults; it needs rate
     * and history among its fields, history as a whole number from 1 to 100. */
    nn_search_rule *search;
};

#define NN_OPTIMISER extern __attribute__((visibility("default"))) const nn_optimiser

/* x <- x - a g. Rate 0.05, as in TensorFlow's DNNClassifier. */
NN_OPTIMISER nn_gradient_descent;

/* v <- momentum v + g;  x <- x - a v (Polyak 1964; Sutskever et al. 2013, with v in units of the gradient). Rate 0.01,
 * as in Keras, momentum 0.9. */
NN_OPTIMISER nn_momentum;

/* v <- momentum v + g;  x <- x - a (g + momentum v) (Nesterov 1983, in the form of Sutskever et al. 2013). Rate 0.01,
 * as in Keras, momentum 0.9. */
NN_OPTIMISER nn_nesterov;

/* s <- s + g^2;  x <- x - a g / (sqrt(s) + epsilon), where s begins with initial_accumulator (Duchi, Hazan, Singer
 * 2011). Rate 0.05, as in TensorFlow's DNNClassifier, initial_accumulator 0.1, epsilon 0. */
NN_OPTIMISER nn_adagrad;

/* s <- rho s + (1 - rho) g^2;  x <- x - a g / (sqrt(s) + epsilon) (Tieleman, Hinton 2012, lecture 6.5).
 * - With epsilon_inside the divisor is sqrt(s + epsilon).
 * - With centred the root is that of s - m^2, where m <- rho m + (1 - rho) g (Graves 2013).
 * - With momentum what is subtracted is a v, where v <- momentum v + g / divisor.
 * Rate 0.001, rho 0.9, epsilon 1e-7, all as in Keras, momentum 0. */
NN_OPTIMISER nn_rmsprop;

/* m <- beta1 m + (1 - beta1) g;  s <- beta2 s + (1 - beta2) g^2;  x <- x - a M / (sqrt(S) + epsilon), where M = m / (1
 * - beta1^t) and S = s / (1 - beta2^t) (Kingma, Ba 2015). With epsilon_hat: x <- x - a sqrt(1 - beta2^t) / (1 -
 * beta1^t) m / (sqrt(s) + epsilon). Rate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8, all as in the paper. */
NN_OPTIMISER nn_adam;

/* Adam with decay (Loshchilov, Hutter 2019). Rate 0.001, as in the paper, decay 0.01, as in PyTorch, the others as
 * Adam's. */
NN_OPTIMISER nn_adamw;

/* m as Adam's;  u <- max(beta2 u, |g| + epsilon);  x <- x - a / (1 - beta1^t) m / u (Kingma, Ba 2015, section 7). Rate
 * 0.002, beta1 0.9, beta2 0.999, all as in the paper, epsilon 1e-8. */
NN_OPTIMISER nn_adamax;

/* m and s as Adam's;  x <- x - a (b m / (1 - P b) + (1 - c) g / (1 - P)) / (sqrt(S) + epsilon), where c and b are this
 * step's momentum and the next one's, beta1 (1 - 0.96^(t momentum_decay) / 2), and P the product of all up to this step
 * (Dozat 2016). Rate 0.002, beta1 0.9, beta2 0.999, epsilon 1e-8, momentum_decay 0.004, all as in PyTorch. */
NN_OPTIMISER nn_nadam;

/* x <- x - a sign(beta1 m + (1 - beta1) g);  m <- beta2 m + (1 - beta2) g (Chen et al. 2023). Rate 0.0001, beta1 0.9,
 * beta2 0.99, all as in the authors' program. */
NN_OPTIMISER nn_lion;

/* r = sqrt(s + g^2);  z <- z + g - (r / a - sqrt(s) / A) x;  s <- s + g^2;  x <- 0 where |z| <= l1, else (sign(z) l1 -
 * z) / (r / a + 2 l2), where A is the rate of the step before, at first a, and s begins with initial_accumulator
 * (McMahan et al. 2013). z begins with that for which x is what it is, so that the start of a network with hidden
 * layers is not lost: -(sqrt(s) / a + 2 l2) x - sign(x) l1. Rate 0.001, initial_accumulator 0.1, l1 0, l2 0, all as in
 * Keras. It has no decay. */
NN_OPTIMISER nn_ftrl;

/* L-BFGS: x <- x + a d, where d is the quasi-Newton direction that the last `history` pairs of steps and changes of the
 * gradient give by the two-loop recursion (Nocedal, Wright 2006, algorithm 7.4), scaled by s'y / y'y. It is for the
 * full batch, by nn_search_step: `a` is found by a line search for the strong Wolfe conditions (algorithms 3.5, 3.6),
 * so that the loss never rises. By nn_optimiser_step, which sees no loss, a is the rate, at the first step at most rate
 * / |g|_1. A pair is left out if s'y is at most 1e-10 |s| |y|; by nn_optimiser_step, if it is at most 1e-10. In a
 * search the rate is the step that is tried first, at most 1e6; where no pair is kept yet, rate / |g|_1 if that is
 * less. Rate 1, history 10. It has no decay, and no l1. In a fit of an estimator each step takes all rows, and the fit
 * ends where no lower loss is found. */
NN_OPTIMISER nn_lbfgs;

/* Return how many optimisers the library has, and one of them; NULL for an index out of range. */
AD_API size_t nn_optimiser_count(void);
AD_API const nn_optimiser *nn_optimiser_at(size_t index);

/* Returns the optimiser of a name; NULL if the library has none. */
AD_API const nn_optimiser *nn_optimiser_named(const char *name);

/* Returns the options with every default filled in. */
AD_API nn_optimiser_options nn_optimiser_resolve(const nn_optimiser_options *options);

/* Makes the optimiser's slots for those of the n parameters that have none yet. A slot is a state of the tape called
 * PARAMETER/Adagrad, PARAMETER/Adam_mean and so on (ad_slot). The steps of a parameter are counted in one too,
 * PARAMETER/Adam_step: a run that goes on with the same states gives the same bits, and a step that fails does not
 * count. nn_optimiser_step makes missing slots itself; call this early if a failure at the first step would be worse.
 * Errors: an option out of range, or one that the rule does not read; memory. Returns the tape's status. */
AD_API ad_status nn_optimiser_prepare(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n);

/* Updates each of the n parameters once from its gradient, and then commits what was proposed for states (ad_commit,
 * update.h). All of it is checked first: on an error nothing has changed. The same bits come for any number of threads.
 * Rules may alternate on a parameter, each with slots of its own; but nn_ftrl makes x from its slots, so that what
 * others changed since its last step is lost, and nn_lbfgs takes all change of the gradient for that of its own step.
 * Errors: a gradient that was never computed (one of an earlier ad_backward counts, across ad_reset too), or is not
 * finite (AD_NOT_FINITE, which names the parameter and the element; without clipping gradients of more than 16,384
 * elements are not looked at); a schedule, since it knows no step (nn_step does);
 * those of nn_optimiser_prepare and of ad_commit. Returns the tape's status. */
AD_API ad_status nn_optimiser_step(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n);

/* The same at a step, from 0 on, by which the schedule of the options goes. Errors: a step below 0; a schedule that
 * observes (plateau); those of nn_optimiser_step. */
AD_API ad_status nn_optimiser_step_at(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n,
                                      int64_t step);

/* Makes one step of a rule that searches (nn_lbfgs), by a loss over all data. The tape is reset before each evaluation
 * and at the end; proposals for states are committed once, those of the last evaluation. On an error, and if
 * `has_ended` is set, parameters and slots are as they were. The same bits come for any number of threads. Errors: a
 * rule that does not search; clip_value, clip_norm or a schedule, which such a rule does not obey; the loss is not a
 * scalar, not finite where the step begins, or not the same for the same parameters; a parameter that is given twice;
 * those of nn_optimiser_step. Returns the tape's status. `result` may be NULL. */
AD_API ad_status nn_search_step(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n,
                                nn_objective *loss, void *context, nn_search_result *result);

/* How nn_minimise ends. Zero means the default. */
typedef struct nn_minimise_options {
    int64_t steps;    /* at most; default 1,000 */
    double tolerance; /* it ends where no |g| is above it; default 1e-6 */
} nn_minimise_options;

/* Makes steps by nn_search_step until the gradient is small, no lower loss is found, or the steps are used up. *result
 * gets the last one, with all evaluations. Errors: a negative option; those of nn_search_step. */
AD_API ad_status nn_minimise(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n,
                             nn_objective *loss, void *context, const nn_minimise_options *how,
                             nn_search_result *result);

#if defined(__cplusplus)
}
#endif

#endif
