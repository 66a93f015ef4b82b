/* The gradient of a recurrent predictor's loss, beside the one that ADBench calculates by hand: lstm FILE. */
#include "lstm_objective.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char *argv[])
{
    lstm data;
    known_gradient known;
    double largest;
    if (argc != 2 || !lstm_read(&data, argv[1])) {
        fprintf(stderr, "usage: lstm FILE, one of examples/adbench/lstm_*.txt\n");
        return 2;
    }
    if (!read_known_gradient(argv[1], &known)) {
        lstm_free(&data);
        free_known_gradient(&known);
        return 2;
    }
    ad_tape *t = ad_tape_open(NULL);
    const recording r = lstm_record(t, &data);
    bool is_right = ad_backward(r.loss) == AD_OK;
    if (is_right)
        is_right = print_gradient(&r, &known, &largest);
    else
        fprintf(stderr, "%s\n", ad_message(t));
    ad_tape_close(t);
    free_known_gradient(&known);
    lstm_free(&data);
    return is_right ? 0 : 1;
}
