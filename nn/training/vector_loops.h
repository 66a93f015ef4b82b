/* The loops of vectors over one stretch, for REAL and OF(name): vectors.c includes this file for f32 and for f64. All
 * is computed in f64 by IEEE operations in a fixed order, so that all processors give the same bits. */

enum { OF(LANES) = 8 };

/* sum a b */
FOR_EACH_PROCESSOR
static double OF(dot)(const REAL *restrict a, const REAL *restrict b, size_t n)
{
    double sum[OF(LANES)] = {0};
    size_t i = 0;
    for (; i + OF(LANES) <= n; i += OF(LANES))
        for (size_t k = 0; k < OF(LANES); k++)
            sum[k] += (double)a[i + k] * (double)b[i + k];
    for (size_t k = 0; i + k < n; k++)
        sum[k] += (double)a[i + k] * (double)b[i + k];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

/* sum |g + l2 x| */
FOR_EACH_PROCESSOR
static double OF(sizes)(const REAL *restrict g, const REAL *restrict x, size_t n, double l2)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += fabs((double)g[i] + l2 * (double)x[i]);
    return sum;
}

/* The largest |g + l2 x|; NaN if one is NaN. */
FOR_EACH_PROCESSOR
static double OF(largest)(const REAL *restrict g, const REAL *restrict x, size_t n, double l2)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        const double size = fabs((double)g[i] + l2 * (double)x[i]);
        most = size <= most || most != most ? most : size;
    }
    return most;
}

/* to <- keep to + factor v */
FOR_EACH_PROCESSOR
static void OF(combine)(REAL *restrict to, const REAL *restrict v, size_t n, double keep, double factor)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (REAL)(keep * (double)to[i] + factor * (double)v[i]);
}

/* to <- g + l2 x - keep to */
FOR_EACH_PROCESSOR
static void OF(slope)(REAL *restrict to, const REAL *restrict g, const REAL *restrict x, size_t n, const double by[2])
{
    for (size_t i = 0; i < n; i++)
        to[i] = (REAL)((double)g[i] + by[0] * (double)x[i] - by[1] * (double)to[i]);
}

/* x <- start + rate way */
FOR_EACH_PROCESSOR
static void OF(place)(REAL *restrict x, const REAL *restrict start, const REAL *restrict way, size_t n, double rate)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (REAL)((double)start[i] + rate * (double)way[i]);
}
