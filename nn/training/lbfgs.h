#ifndef GRADTAPE_NN_LBFGS_H
#define GRADTAPE_NN_LBFGS_H
/* Private to nn: L-BFGS.
 *
 * Each parameter has these slots:
 * - LBFGS_step_i and LBFGS_change_i, i from 0 to history - 1: pairs of a step and the change of the gradient on it;
 * - LBFGS_start, LBFGS_way, LBFGS_slope: what a step works with. They are 0 between steps;
 * - LBFGS_move and LBFGS_gradient: the last step of nn_optimiser_step, which has no pair yet, and its gradient;
 * and these numbers: LBFGS_pairs, how many pairs were kept so far, the last of them in place (pairs - 1) mod history;
 * LBFGS_history; LBFGS_moved, 1 if LBFGS_move is used. */
#include "line_search.h"

/* How many pairs may be kept. */
enum { NN_LBFGS_LEAST_HISTORY = 1, NN_LBFGS_MOST_HISTORY = 100 };

/* The search of the row: one step by a line search. */
nn_search_rule nn_lbfgs_search;

/* What is wrong with resolved options whose rule searches, perhaps in `text` of `size` bytes: its row, or what such a
 * rule does not obey. NULL if nothing is. */
const char *nn_lbfgs_mistake(const nn_optimiser_options *options, char *text, size_t size);

/* Makes the slots. */
ad_status nn_lbfgs_prepare(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n);

/* Returns how many slots each parameter has, without the numbers. */
size_t nn_lbfgs_slot_count(const nn_optimiser_options *options);

/* One step of a fixed size, and ad_commit, once all has been checked that any rule asks for. */
ad_status nn_lbfgs_step(const nn_optimiser_options *options, const ad_tensor *parameters, const nn_factors *factors,
                        size_t n);

/* Checks that no parameter is given twice, and that no factor changes a rate. The tape is in error if not. */
bool nn_lbfgs_check(const nn_optimiser_options *options, const ad_tensor *parameters, const nn_factors *factors,
                    size_t n);

#endif
