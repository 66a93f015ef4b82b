/* The gradient of a Gaussian mixture's log-posterior, beside the one that ADBench calculates by hand: gmm FILE. */
#include "gmm_objective.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char *argv[])
{
    gmm data;
    known_gradient known;
    double largest;
    if (argc != 2 || !gmm_read(&data, argv[1])) {
        fprintf(stderr, "usage: gmm FILE, one of examples/adbench/gmm_*.txt\n");
        return 2;
    }
    if (!read_known_gradient(argv[1], &known)) {
        gmm_free(&data);
        free_known_gradient(&known);
        return 2;
    }
    ad_tape *t = ad_tape_open(NULL);
    const recording r = gmm_record(t, &data);
    bool is_right = ad_backward(r.loss) == AD_OK;
    if (is_right)
        is_right = print_gradient(&r, &known, &largest);
    else
        fprintf(stderr, "%s\n", ad_message(t));
    ad_tape_close(t);
    free_known_gradient(&known);
    gmm_free(&data);
    return is_right ? 0 : 1;
}
