#ifndef GRADTAPE_NN_HISTORY_H
#define GRADTAPE_NN_HISTORY_H
/* Private to nn: what an estimator keeps of its fits, in bounded memory. */
#include <gradtape/history.h>
#include <gradtape/memory.h>

/* Which of many are kept: those whose number is a multiple of `every`, and the last one. */
typedef struct nn_thinned {
    int64_t every, seen; /* 0: 1; how many there were */
    size_t n;            /* that are kept */
} nn_thinned;

struct nn_history {
    nn_history_row *rows; /* [room] */
    size_t room;
    nn_thinned kept;
    nn_flow *flow; /* [flow_room]: `width` of each step that is kept */
    size_t flow_room, width;
    nn_thinned steps;
    nn_history_row best;
    nn_fit_end end;
    int64_t goal; /* nn_history_goal */
    double loss; /* the sum over `batches` since the last row */
    int64_t batches;
};

/* Makes room for so many rows more, and for the flow of so many steps more, of `width` parameters each. Returns false
 * if memory is out. */
bool nn_history_reserve(nn_history *history, int64_t rows, int64_t steps, size_t width, ad_memory *memory);

void nn_history_release(nn_history *history, ad_memory *memory);

/* Takes notice of a batch, and adds a row, whose loss is the mean since the row before. */
void nn_history_add_loss(nn_history *history, double loss);
const nn_history_row *nn_history_add(nn_history *history, nn_history_row row);

/* Adds a step, and returns room for its figures, [width]. */
nn_flow *nn_history_add_step(nn_history *history);

#endif
