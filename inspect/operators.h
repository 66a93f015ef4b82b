#ifndef INSPECT_OPERATORS_H
#define INSPECT_OPERATORS_H
/* What is known of operators of the library by their names: a row an operator. */
#include <gradtape/inspect.h>
#include <gradtape/operators/fused.h>

/* How tightly a formula binds. Inside one that binds more tightly it stands in parentheses. */
enum { AD_BINDS_SUM = 1, AD_BINDS_QUOTIENT, AD_BINDS_PRODUCT, AD_BINDS_POWER, AD_BINDS_CALL };

typedef struct ad_operator_notes {
    const char *name;
    const char *formula;      /* %ij is operand i, which binds at least as tightly as j; # is the first attribute, ~ the
                                 same added or subtracted; NULL: NAME(operands) */
    int binds;                /* how tightly */
    const char *sign;         /* between its two operands in a drawing; NULL: none */
    const char *gradients[3]; /* what each operand gets: %i is operand i, ' is transposed; NULL: see the descriptor */
    bool is_matrix_product;   /* the first two of them are products of two matrices, in that order */
    int factors[2];           /* the factor beside dy: an operand from 1 on, which makes it 0 if it is; 0: none */
    double locals[2];         /* local derivatives that are the same whatever the operands are; 0: there are none */
    ad_activation activation; /* which one it is */
} ad_operator_notes;

/* The row of the operator that made y; an empty one if there is none. */
const ad_operator_notes *ad_notes_of(ad_tensor y);

/* Whether y was made by this operator of the library. */
bool ad_is_made_by(ad_tensor y, const char *name);

/* The activation that y is the result of, also of a layer (linear); AD_IDENTITY: none. Its name; "" for that. */
ad_activation ad_activation_of(ad_tensor y);
const char *ad_activation_name(ad_activation activation);

#endif
