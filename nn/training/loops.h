/* The loops of optimisers over one block, for REAL and OF(name): rules.c includes this file for f32 and for f64.
 * Numbers are rounded by IEEE operations only, so that all processors give the same bits. */

/* What a rule computes with, in the type of the block. */
typedef struct OF(numbers) {
    REAL rate, keep, take, keep_square, take_square, epsilon, inside, factor, change, l1, l2;
} OF(numbers);

#define X REAL *restrict x = b->x
#define G const REAL *restrict g = b->dx
#define SLOT(name, i) REAL *restrict name = b->state[i]
#define EACH for (size_t i = 0; i < b->n; i++)

FOR_EACH_PROCESSOR
static void OF(gradient_descent)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    EACH x[i] -= c.rate * g[i];
}

FOR_EACH_PROCESSOR
static void OF(momentum)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(v, 0);
    EACH
    {
        v[i] = c.keep * v[i] + g[i];
        x[i] -= c.rate * v[i];
    }
}

FOR_EACH_PROCESSOR
static void OF(nesterov)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(v, 0);
    EACH
    {
        v[i] = c.keep * v[i] + g[i];
        x[i] -= c.rate * (g[i] + c.keep * v[i]);
    }
}

FOR_EACH_PROCESSOR
static void OF(adagrad)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(s, 0);
    EACH
    {
        s[i] += g[i] * g[i];
        x[i] -= c.rate * g[i] / (ROOT(s[i]) + c.epsilon);
    }
}

FOR_EACH_PROCESSOR
static void OF(rmsprop)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(s, 0);
    EACH
    {
        s[i] = c.keep_square * s[i] + c.take_square * (g[i] * g[i]);
        x[i] -= c.rate * (g[i] / (ROOT(s[i] + c.inside) + c.epsilon));
    }
}

FOR_EACH_PROCESSOR
static void OF(rmsprop_with_momentum)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(s, 0);
    SLOT(v, 1);
    EACH
    {
        s[i] = c.keep_square * s[i] + c.take_square * (g[i] * g[i]);
        v[i] = c.keep * v[i] + g[i] / (ROOT(s[i] + c.inside) + c.epsilon);
        x[i] -= c.rate * v[i];
    }
}

/* A variance that rounding makes negative is 0. */
FOR_EACH_PROCESSOR
static void OF(rmsprop_centred)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(s, 0);
    SLOT(m, 1);
    EACH
    {
        s[i] = c.keep_square * s[i] + c.take_square * (g[i] * g[i]);
        m[i] = c.keep_square * m[i] + c.take_square * g[i];
        const REAL variance = s[i] - m[i] * m[i];
        x[i] -= c.rate * (g[i] / (ROOT((variance < 0 ? 0 : variance) + c.inside) + c.epsilon));
    }
}

FOR_EACH_PROCESSOR
static void OF(rmsprop_centred_with_momentum)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(s, 0);
    SLOT(m, 1);
    SLOT(v, 2);
    EACH
    {
        s[i] = c.keep_square * s[i] + c.take_square * (g[i] * g[i]);
        m[i] = c.keep_square * m[i] + c.take_square * g[i];
        const REAL variance = s[i] - m[i] * m[i];
        v[i] = c.keep * v[i] + g[i] / (ROOT((variance < 0 ? 0 : variance) + c.inside) + c.epsilon);
        x[i] -= c.rate * v[i];
    }
}

/* Rate and epsilon are corrected instead of the two means. */
FOR_EACH_PROCESSOR
static void OF(adam)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(m, 0);
    SLOT(s, 1);
    EACH
    {
        m[i] = c.keep * m[i] + c.take * g[i];
        s[i] = c.keep_square * s[i] + c.take_square * (g[i] * g[i]);
        x[i] -= c.rate * m[i] / (ROOT(s[i]) + c.epsilon);
    }
}

FOR_EACH_PROCESSOR
static void OF(adamax)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(m, 0);
    SLOT(u, 1);
    EACH
    {
        const REAL kept = c.keep_square * u[i], size = (g[i] < 0 ? -g[i] : g[i]) + c.epsilon;
        m[i] = c.keep * m[i] + c.take * g[i];
        u[i] = kept > size ? kept : size;
        x[i] -= c.rate * m[i] / u[i];
    }
}

/* `rate` is that of the mean, `factor` that of the gradient. */
FOR_EACH_PROCESSOR
static void OF(nadam)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(m, 0);
    SLOT(s, 1);
    EACH
    {
        m[i] = c.keep * m[i] + c.take * g[i];
        s[i] = c.keep_square * s[i] + c.take_square * (g[i] * g[i]);
        x[i] -= (c.rate * m[i] + c.factor * g[i]) / (ROOT(s[i]) + c.epsilon);
    }
}

/* The sign of 0 is 0, and that of NaN is NaN. */
FOR_EACH_PROCESSOR
static void OF(lion)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(m, 0);
    EACH
    {
        const REAL way = c.keep * m[i] + c.take * g[i], step = way > 0 ? c.rate : -c.rate;
        m[i] = c.keep_square * m[i] + c.take_square * g[i];
        x[i] -= way > 0 || way < 0 ? step : way;
    }
}

/* `factor` is 1 / rate, `change` what it has grown by since the last step. */
FOR_EACH_PROCESSOR
static void OF(ftrl)(const ad_update_block *b, OF(numbers) c)
{
    X;
    G;
    SLOT(s, 0);
    SLOT(z, 1);
    EACH
    {
        const REAL before = ROOT(s[i]), square = s[i] + g[i] * g[i], root = ROOT(square);
        const REAL linear = z[i] + (g[i] - ((root - before) * c.factor + before * c.change) * x[i]);
        const REAL bound = linear > 0 ? c.l1 : -c.l1, moved = (bound - linear) / (root * c.factor + 2 * c.l2);
        s[i] = square;
        z[i] = linear;
        x[i] = linear <= c.l1 && linear >= -c.l1 ? 0 : moved;
    }
}

/* The z for which x is what it is. */
FOR_EACH_PROCESSOR
static void OF(ftrl_start)(const ad_update_block *b, OF(numbers) c)
{
    const REAL *restrict x = b->x;
    SLOT(s, 0);
    SLOT(z, 1);
    EACH
    {
        const REAL bound = x[i] > 0 ? c.l1 : x[i] < 0 ? -c.l1 : 0;
        z[i] = -(ROOT(s[i]) * c.factor + 2 * c.l2) * x[i] - bound;
    }
}

FOR_EACH_PROCESSOR
static void OF(shrink)(REAL *restrict x, size_t n, REAL factor)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* What is NaN stays NaN, and is found before. */
FOR_EACH_PROCESSOR
static void OF(clip)(const REAL *restrict g, size_t n, REAL bound, REAL scale, REAL *restrict to)
{
    for (size_t i = 0; i < n; i++) {
        const REAL low = g[i] < -bound ? -bound : g[i];
        to[i] = (low > bound ? bound : low) * scale;
    }
}

/* `g` may be `to`. */
FOR_EACH_PROCESSOR
static void OF(penalise)(const REAL *restrict x, const REAL *g, size_t n, REAL l1, REAL l2, REAL *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = g[i] + (l2 * x[i] + (x[i] > 0 ? l1 : x[i] < 0 ? -l1 : 0));
}

static OF(numbers) OF(rounded)(numbers c)
{
    return (OF(numbers)){(REAL)c.rate,        (REAL)c.keep,    (REAL)c.take,   (REAL)c.keep_square,
                         (REAL)c.take_square, (REAL)c.epsilon, (REAL)c.inside, (REAL)c.factor,
                         (REAL)c.change,      (REAL)c.l1,      (REAL)c.l2};
}

#undef X
#undef G
#undef SLOT
#undef EACH
