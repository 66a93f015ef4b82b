#ifndef TESTS_FIXTURES_H
#define TESTS_FIXTURES_H
/* Small tapes whose values and gradients are known, for the suites of inspect/. */
#include "one_tape.h"

/* Gives y a name; it is made by the macros below. */
#define NAMED(name, y) const ad_tensor name = ad_name(y, #name)

/* examples/gradients.c: y = tanh(0.02 (x + x) x w). */
typedef struct small_graph {
    ad_tensor x, w, s, p, q, r, y;
} small_graph;

static inline small_graph record_small_graph(void)
{
    small_graph g = {.x = PARAM(3, "x"), .w = PARAM(-2, "w")};
    g.s = ad_name(ad_add(g.x, g.x), "s");
    g.p = ad_name(ad_mul(g.s, g.x), "p");
    g.q = ad_name(ad_mul(g.p, g.w), "q");
    g.r = ad_name(ad_scale(g.q, 0.02), "r");
    g.y = ad_name(ad_tanh(g.r), "y");
    return g;
}

/* A network of 2 inputs, 2 units of tanh and 1 output, and one row. */
typedef struct small_network {
    ad_tensor W1, b1, W2, b2, x, t, h, o, e, s, L;
} small_network;

static inline ad_tensor matrix_param(const char *name, int64_t rows, int64_t columns, const double *values)
{
    return ad_param(t, AD_F64, AD_SHAPE(rows, columns), values, name);
}

static inline small_network record_small_network(void)
{
    small_network n = {
        .W1 = matrix_param("W1", 2, 2, (const double[]){0.4, -0.6, 0.3, 0.8}),
        .b1 = PARAMS("b1", 0.3, -0.2),
        .W2 = matrix_param("W2", 2, 1, (const double[]){0.7, -0.5}),
        .b2 = PARAMS("b2", 0.2),
        .x = ad_name(ad_input(t, AD_F64, AD_SHAPE(1, 2), (const double[]){0.5, -1}), "x"),
        .t = ad_name(ad_input(t, AD_F64, AD_SHAPE(1, 1), (const double[]){1}), "t"),
    };
    n.h = ad_name(ad_linear(n.x, n.W1, n.b1, AD_TANH), "h");
    n.o = ad_name(ad_linear(n.h, n.W2, n.b2, AD_IDENTITY), "o");
    n.e = ad_name(ad_sub(n.o, n.t), "e");
    n.s = ad_name(ad_square(n.e), "s");
    n.L = ad_name(ad_sum(n.s), "L");
    return n;
}

/* A gradient that is 0 because relu is flat, one whose factor is 0, and none. */
typedef struct dead_unit {
    ad_tensor x, a, b, h, y;
} dead_unit;

static inline dead_unit record_dead_unit(void)
{
    dead_unit d = {.x = PARAM(-2, "x"), .a = PARAM(3, "a"), .b = PARAM(5, "b")};
    d.h = ad_name(ad_relu(d.x), "h");
    d.y = ad_name(ad_mul(d.h, d.a), "y");
    return d;
}

/* Records, and sweeps back on a watched tape. */
static inline void sweep_watched(ad_tensor y)
{
    ad_watch(t, AD_ON);
    ad_backward(y);
    expect_ok(t);
}

#endif
