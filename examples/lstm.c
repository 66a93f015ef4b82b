/* The gradient of a recurrent predictor's loss, beside the one that ADBench calculates by hand: lstm FILE. */
#include "lstm_objective.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char *argv[])
{
    lstm data;
    size_t n_known = 0;
    if (argc != 2 || !lstm_read(&data, argv[1])) {
        fprintf(stderr, "usage: lstm FILE, one of examples/adbench/lstm_*.txt\n");
        return 2;
    }
    double *known = read_known_gradient(argv[1], &n_known);
    ad_tape *t = ad_tape_open(NULL);
    const recording r = lstm_record(t, &data);
    bool is_right = ad_backward(r.loss) == AD_OK;
    if (is_right)
        is_right = print_gradient(&r, known, n_known) <= 1e-10;
    else
        fprintf(stderr, "%s\n", ad_message(t));
    ad_tape_close(t);
    free(known);
    lstm_free(&data);
    return is_right ? 0 : 1;
}
