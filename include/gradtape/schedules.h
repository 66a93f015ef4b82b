#ifndef GRADTAPE_SCHEDULES_H
#define GRADTAPE_SCHEDULES_H
/* Schedules: how the learning rate changes from step to step. A schedule gives a factor on the rate:
 *
 *   nn_optimiser_options o = { .rule = &nn_adam,
 *                              .schedule = { .rule = &nn_schedule_cosine, .steps = 4000, .warm_up = 100 } };
 *
 * Estimators and nn_step obey the schedule of the options; their steps count from 0. A schedule is a row; one of your
 * own is a row in your program. */
#include <gradtape/fields.h>

#if defined(__cplusplus)
extern "C" {
#endif

typedef struct nn_schedule nn_schedule;

/* The options of the schedules. Zero means the default, which is the rule's own. Each rule reads those that its fields
 * name; one that it does not read is an error if it is given. */
typedef struct nn_schedule_options {
    const nn_schedule *rule; /* default nn_schedule_constant */
    int64_t warm_up;         /* steps in which the factor first rises in a line, to 1 at the last of them; default 0 */
    int64_t steps;           /* step, exponential: those in which the factor falls by `factor`; cosine, polynomial:
                                those of the way down. They have no default */
    double factor;           /* by which the factor falls, in (0, 1) */
    double power;            /* of polynomial, above 0 */
    double floor;            /* the factor never falls below it, in [0, 1); a warm-up may begin below it */
    int64_t patience;        /* plateau: evaluations without a better one before the factor falls */
    double threshold;        /* plateau: a loss is better if it is lower by more than this share of the best, in
                                        [0, 1) */
} nn_schedule_options;

/* A schedule. */
struct nn_schedule {
    const char *name;
    const char *formula; /* s are the steps after the warm-up, from 0 on; S is `steps`, b is `factor` */
    const char *source;
    nn_fields fields; /* of nn_schedule_options */
    /* Returns the factor at s, at least 0 and at most 1, before the floor is obeyed. `options` have defaults filled
     * in. */
    double (*factor)(const nn_schedule_options *options, double s);
    /* The factor falls by what was observed (nn_plateau_observe), not by steps: `factor` is NULL, and the fields have
     * the options factor and patience. */
    bool observes;
};

#define NN_SCHEDULE extern __attribute__((visibility("default"))) const nn_schedule

/* 1. */
NN_SCHEDULE nn_schedule_constant;

/* b^floor(s / S). factor 0.1, floor 0. */
NN_SCHEDULE nn_schedule_step;

/* b^(s / S). factor 0.9, floor 0. */
NN_SCHEDULE nn_schedule_exponential;

/* floor + (1 - floor) (1 + cos(pi min(s, S) / S)) / 2 (Loshchilov, Hutter 2017, without restarts). floor 0. The whole
 * way has warm_up + S steps; after it the factor stays at the floor, so that with 0 nothing is learnt any more. */
NN_SCHEDULE nn_schedule_cosine;

/* floor + (1 - floor) (1 - min(s, S) / S)^power. power 1, floor 0. Its way ends as cosine's does. */
NN_SCHEDULE nn_schedule_polynomial;

/* b^k, where k counts how often `patience` evaluations in a row were no better than the best: the validation loss of an
 * estimator's fit. factor 0.1, patience 10, threshold 1e-4, floor 0. */
NN_SCHEDULE nn_schedule_plateau;

/* Return how many schedules the library has, and one of them; NULL for an index out of range. */
AD_API size_t nn_schedule_count(void);
AD_API const nn_schedule *nn_schedule_at(size_t index);

/* Returns the schedule of a name; NULL if the library has none. */
AD_API const nn_schedule *nn_schedule_named(const char *name);

/* Returns the factor at a step, from 0 on, for looking; of plateau only that of the warm-up. NULL, and options that are
 * wrong, give 1. Let nn_step or nn_optimiser_step_at multiply the rate by it: a rate of 0 that you give is the
 * optimiser's default. */
AD_API double nn_schedule_factor(const nn_schedule_options *options, int64_t step);

/* Where a plateau stands: {0} at first. */
typedef struct nn_plateau {
    double best;    /* the lowest loss */
    int64_t waited; /* evaluations since then, or since the factor fell */
    int64_t falls;  /* how often it fell */
    bool has_best;
} nn_plateau;

/* Takes notice of a loss, of which one that is not finite is no better, and returns the factor from now on, without the
 * warm-up. For a loop by hand: multiply the rate by it. Returns 1 if the options are wrong, or of another rule. */
AD_API double nn_plateau_observe(nn_plateau *plateau, const nn_schedule_options *options, double loss);

#if defined(__cplusplus)
}
#endif

#endif
