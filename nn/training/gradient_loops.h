/* The loops over gradients, for REAL and OF(name): gradients.c includes this file for f32 and for f64. */

FOR_EACH_PROCESSOR
static bool OF(are_finite)(const REAL *g, size_t n)
{
    int bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= !(SIZE(g[i]) <= LARGEST);
    return !bad;
}

/* The sum of the squares of unit g, where g is brought into [-bound, bound] first. Each lane has its own sum, so that
 * the order of the sums is the same on all processors. */
FOR_EACH_PROCESSOR
static double OF(squares)(const REAL *g, size_t n, double bound, double unit)
{
    double lane[LANES] = {0}, sum = 0;
    for (size_t i = 0; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            const double x = (double)g[i + j], low = x < -bound ? -bound : x, clipped = low > bound ? bound : low;
            lane[j] += (clipped * unit) * (clipped * unit);
        }
    for (size_t i = n - n % LANES; i < n; i++) {
        const double x = (double)g[i], low = x < -bound ? -bound : x, clipped = low > bound ? bound : low;
        lane[i % LANES] += (clipped * unit) * (clipped * unit);
    }
    for (size_t j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}
