#ifndef AUTODIFF_FORWARD_TABLE_H
#define AUTODIFF_FORWARD_TABLE_H
/* The table of operators. */
#include <gradtape/operator.h>

/* Whether the descriptor is a row of the table. */
bool ad_is_row(const ad_operator *op);

#endif
