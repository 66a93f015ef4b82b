#ifndef TESTS_CHECKER_H
#define TESTS_CHECKER_H
/* Checks the gradient rule of an operator at both orders, whatever the operator. test_operators does it with every row
 * of the table and demands that nothing is found; test_wrong_rules does it with rules that are wrong on purpose, which
 * must be found.
 *
 * Each real operand is x = low + (high - low) logistic(q), of the row's domain, so that a smooth non-linear function
 * lies below the operator; for a domain of matrices x is (x + x') / 2 of that where it is symmetric, plus its diagonal.
 * Above it lies L = sum v (softplus(y) + y y / 10) for each result y: y is used three times, and its upstream gradient
 * is random. The first order is L by every q and v, the second S = sum <w, dL/dq> with random w by every q and v. */
#include <gradtape/gradtape.h>

enum { CHECKER_OPERANDS = 24, CHECKER_NUMBERS = 2048 };

/* One call of an operator. */
typedef struct checker_call {
    const ad_operator *row;
    int n_x;
    ad_shape x[CHECKER_OPERANDS];
    ad_attribute attributes[AD_MAX_ATTRIBUTES];
    bool same_operand;  /* operand 0 stands in every place */
    bool between_views; /* operands and results go through chains of reshape, transpose and detach */
} checker_call;

/* How an operand enters a check. */
typedef enum checker_kind {
    CHECKER_FREE,     /* a function of a parameter, which is moved */
    CHECKER_CONSTANT, /* a variable that is not moved and whose gradient is exactly 0 */
    CHECKER_INDEX,    /* i32 */
} checker_kind;

/* The values of all operands: those of operand i are at[first[i]] to at[first[i + 1] - 1]. */
typedef struct checker_numbers {
    size_t first[CHECKER_OPERANDS + 1];
    double at[CHECKER_NUMBERS];
} checker_numbers;

/* Whether a row is to be tested: all are, unless the environment names one in GRADTAPE_ROW. */
bool checker_is_asked(const char *row);

/* The k-th sample of a row as a call. */
checker_call checker_call_of(const ad_operator *row, int k);

/* 'r', 'i' or '*': what the row says of operand i. */
char checker_letter(const ad_operator *row, int i);
checker_kind checker_kind_of(const checker_call *call, int i);
size_t checker_size(const ad_shape *shape);
int checker_result_count(const ad_operator *row);

/* Draws values in the domains of the row; the same for the same row and seed. */
void checker_draw(const checker_call *call, uint64_t seed, checker_numbers *numbers);

/* Random numbers in [-1.5, -0.5] or [0.5, 1.5]: none of them hides what it is multiplied by. */
void checker_fill_random(double *values, size_t n, uint64_t seed, uint64_t stream);

/* Draws a direction in which operands can be moved: for each number that checker_draw gives, one of order 1. */
void checker_draw_direction(const checker_call *call, uint64_t seed, checker_numbers *direction);

/* How far operand i can be moved along such a direction, both ways, without leaving the domain of the row, and without
 * meeting its kink or another number; 1e-3 at most. */
double checker_step(const checker_call *call, int i);

/* Operand i as an input: i32 where the row asks for it, else of `type`, rounded to f32 so that both types get the
 * same. */
ad_tensor checker_input(ad_tape *tape, ad_type type, const checker_call *call, const checker_numbers *numbers, int i);

/* Checks both orders. Returns "" if all is right, otherwise what is wrong; the text lasts until the next check. Values
 * are drawn anew until every parameter showed a gradient that is not zero (one side of a kink may have none), at most
 * 16 times; only where an operand or a result is empty need nothing be shown. */
const char *checker_gradients(const checker_call *call);

#endif
