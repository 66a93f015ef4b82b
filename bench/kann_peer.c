/* Trains the network of bench/mlp_step.c with KANN and times one step. bench/run.sh --peers compiles this beside KANN's
 * sources; the build of the library does not need it.
 *
 * Network 784-300-100-10, ReLU, softmax cross-entropy, on one thread. KANN has no Adagrad, so its RMSprop updates. The
 * rows are random, and a fifth of the numbers is not 0, as in bench/digits.c; they are gathered as kann_train_fnn1 does
 * it. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kann.h>

#include "arguments.h"
#include "timing.h"

enum { ROWS = 6000, COLUMNS = 784, CLASSES = 10, BATCH = 50, BLOCK = 20, MOST_BLOCKS = 4096 };

static const float rate = 0.001F, decay = 0.9F;

static kann_t *make_network(void)
{
    kad_node_t *t = kann_layer_input(COLUMNS);
    t = kad_relu(kann_layer_dense(t, 300));
    t = kad_relu(kann_layer_dense(t, 100));
    return kann_new(kann_layer_cost(t, CLASSES, KANN_C_CEM), 0);
}

/* KANN takes pointers to floats that are not const. */
static float rows[ROWS][COLUMNS], truths[ROWS][CLASSES];

static void make_rows(void)
{
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++)
            rows[i][j] = kann_drand() < 0.8 ? 0 : (float)kann_drand();
        truths[i][(int)(kann_drand() * CLASSES)] = 1;
    }
}

static double time_steps(kann_t *net, float *slots)
{
    static float x[BATCH * COLUMNS], y[BATCH * CLASSES];
    float *px = x, *py = y;
    const int n = kad_size_var(net->n, net->v);
    kann_feed_bind(net, KANN_F_IN, 0, &px);
    kann_feed_bind(net, KANN_F_TRUTH, 0, &py);
    const double start = seconds_now();
    for (int step = 0; step < BLOCK; step++) {
        for (int i = 0; i < BATCH; i++) {
            const int row = (int)(kann_drand() * ROWS);
            memcpy(x + i * COLUMNS, rows[row], sizeof rows[row]);
            memcpy(y + i * CLASSES, truths[row], sizeof truths[row]);
        }
        kann_cost(net, 0, 1);
        kann_RMSprop(n, rate, NULL, decay, net->g, net->x, slots);
    }
    return (seconds_now() - start) / BLOCK;
}

static const struct argp_option options[] = {{"steps", 's', "N", 0, "Steps to measure (1000)", 0}, {0}};

static error_t take(int key, char *text, struct argp_state *state)
{
    if (key != 's')
        return ARGP_ERR_UNKNOWN;
    *(long *)state->input = positive_argument(text, (long)BLOCK * MOST_BLOCKS, "steps", state);
    return 0;
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {.options = options, .parser = take, .doc = "Time a training step of KANN."};
    static double seconds[MOST_BLOCKS];
    long steps = 1000;
    argp_parse(&parser, argc, argv, 0, NULL, &steps);
    make_rows();
    kann_t *net = make_network();
    float *slots = calloc((size_t)kad_size_var(net->n, net->v), sizeof *slots);
    if (!slots)
        return 1;
    kann_switch(net, 1);
    kann_set_batch_size(net, BATCH);
    time_steps(net, slots);
    const size_t blocks = (size_t)((steps + BLOCK - 1) / BLOCK);
    for (size_t i = 0; i < blocks; i++)
        seconds[i] = time_steps(net, slots);
    const timing step = timing_of(seconds, blocks);
    printf("{\"peer\":\"kann\",\"threads\":1,\"us_step_median\":%.1f,\"us_step_min\":%.1f}\n", 1e6 * step.median,
           1e6 * step.min);
    free(slots);
    kann_delete(net);
    return 0;
}
