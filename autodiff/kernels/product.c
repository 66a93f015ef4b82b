/* Matrix products.
 *
 * A product is cut into blocks that depend on its sizes alone, so that any number of threads computes the same bits. A
 * block is computed by tiles (product_tile.h), or by OpenBLAS where that is faster. */
#include "kernel.h"

/* c [m,n] = a b over a part of k. c and b have rows of elements side by side, `c_row` and `b_row` apart; the element of
 * a at row i and k is a[i a_row + k a_step]. */
typedef struct block {
    const void *a, *b, *bias; /* bias NULL: none */
    void *c;
    size_t m, n, k;
    size_t a_row, a_step, b_row, c_row;
    bool transpose_b; /* b is [n,k] */
    bool relu;
} block;

#ifdef AD_REAL

#include "product_tile.h"
#include "turn.h"

/* k is cut so that what a column of tiles reads of b stays in the nearest cache. */
enum { MOST_DEPTH = 256 };

typedef struct depth {
    size_t from, k;
    bool is_first, is_last;
} depth;

ALWAYS_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* The tile at row i and column j: b is that part of it whose rows are b_row apart. */
ALWAYS_INLINE void run_at(const block *s, const depth *d, size_t i, size_t rows, size_t j, const REAL *b, size_t b_row)
{
    tile t = {.a = (const REAL *)s->a + i * s->a_row + d->from * s->a_step,
              .b = b,
              .bias = s->bias && d->is_last ? (const REAL *)s->bias + j : NULL,
              .c = (REAL *)s->c + i * s->c_row + j,
              .k = d->k,
              .a_row = s->a_row,
              .a_step = s->a_step,
              .b_row = b_row,
              .c_row = s->c_row,
              .adds = !d->is_first,
              .relu = s->relu && d->is_last};
    end_tile(&t, rows, s->n - j);
}

/* Rows are shared evenly among tiles. */
#define FOR_ROWS(s, i, end)                                                                                            \
    for (size_t tiles = ((s)->m + TILE_ROWS - 1) / TILE_ROWS, at = 0, i = 0, end; at < tiles; at++, i = end)           \
        if ((end = (s)->m * (at + 1) / tiles))

static void run_depth(const block *s, const depth *d)
{
    const REAL *b = (const REAL *)s->b + d->from * s->b_row;
    FOR_ROWS(s, i, end)
    for (size_t j = 0; j < s->n; j += TILE_COLUMNS)
        run_at(s, d, i, end - i, j, b + j, s->b_row);
}

/* Columns of b' are turned to rows, as many as a tile has columns. */
NEVER_INLINE void run_depth_transposed(const block *s, const depth *d)
{
    REAL panel[MOST_DEPTH * TILE_COLUMNS];
    const REAL *b = (const REAL *)s->b + d->from;
    for (size_t j = 0; j < s->n; j += TILE_COLUMNS) {
        turn(panel, TILE_COLUMNS, b + j * s->b_row, s->b_row, smaller(s->n - j, TILE_COLUMNS), d->k);
        FOR_ROWS(s, i, end)
        run_at(s, d, i, end - i, j, panel, TILE_COLUMNS);
    }
}

KERNEL(multiply, block)
{
    const size_t parts = s->k <= MOST_DEPTH ? 1 : (s->k + MOST_DEPTH - 1) / MOST_DEPTH;
    for (size_t part = 0; part < parts; part++) {
        const size_t from = s->k * part / parts, end = s->k * (part + 1) / parts;
        const depth d = {.from = from, .k = end - from, .is_first = part == 0, .is_last = part + 1 == parts};
        if (s->transpose_b)
            run_depth_transposed(s, &d);
        else
            run_depth(s, &d);
    }
}

/* c = c + partial + bias in array 0: n rows of size[0] columns; arrays 1 and 2 are the bias and the partial sums, if
 * there are. With a constant of 1, what is below 0 becomes 0. */
ALWAYS_INLINE void end_rows(const ad_span *s, bool has_bias, bool has_partial, bool relu)
{
    const size_t h = s->size[0];
    const REAL *restrict bias = s->array[1], *restrict partial = s->array[2];
    REAL *restrict c = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < h; j++) {
            REAL z = c[i * h + j];
            z = has_partial ? z + partial[i * h + j] : z;
            z = has_bias ? z + bias[j] : z;
            c[i * h + j] = relu && z < 0 ? 0 : z;
        }
}

LOOP(end_product)
{
    const bool relu = s->constant == 1;
    if (!s->array[1])
        end_rows(s, false, true, false);
    else if (s->array[2])
        relu ? end_rows(s, true, true, true) : end_rows(s, true, true, false);
    else
        relu ? end_rows(s, true, false, true) : end_rows(s, true, false, false);
}

#else

#include <limits.h>

#include <gradtape/threads.h>

#include "../base/blas.h"
#include "../base/openblas.h"
#include "product.h"

KERNEL_TABLE(multiply, block)
LOOP_TABLE(end_product)

#define SMALLER(a, b) ((a) < (b) ? (a) : (b))

bool ad_product_fits(const ad_product *p) { return p->m <= INT_MAX && p->n <= INT_MAX && p->k <= INT_MAX; }

/* ---- Stacks ------------------------------------------------------------------------------------------------------ */

size_t ad_matrix_at(const ad_shape *lead, const ad_shape *own, size_t index)
{
    size_t at = 0, dense = 1;
    for (int axis = lead->rank - 1; axis >= 0; axis--) {
        const size_t size = (size_t)lead->dims[axis], i = index % size;
        const int mine = axis - (lead->rank - own->rank);
        index /= size;
        if (mine < 0)
            continue;
        if (own->dims[mine] > 1)
            at += i * dense;
        dense *= (size_t)own->dims[mine];
    }
    return at;
}

/* The rows of a stack that meets one matrix are the rows of one matrix. */
static void make_one(ad_product *p)
{
    const size_t n = ad_count_of(&p->leads->c);
    const bool is_one = !p->transpose_a && ad_count_of(&p->leads->b) == 1 && ad_count_of(&p->leads->a) == n &&
                        n <= (size_t)INT_MAX / (size_t)(p->m ? p->m : 1);
    if (is_one)
        p->m *= (int64_t)n;
    if (is_one || n == 1)
        p->leads = NULL;
}

/* size / part, rounded up. */
static int64_t ceiling(int64_t size, int64_t part) { return (size + part - 1) / part; }

/* ---- Which way --------------------------------------------------------------------------------------------------- */

static double work_of(const ad_product *p) { return (double)p->m * (double)p->n * (double)p->k; }

/* Tiles are faster while the least of the sizes m, n and k (of a' b: of m and k) is at most the first of these numbers,
 * or while what they read again for each few rows stays in the second-level cache: n (of a' b: m too) is at most the
 * second, and b is not large. Measured; bench/matmul has such shapes. */
typedef struct limit {
    int16_t least, columns;
} limit;

typedef enum way { NN, TN, NT, WAYS } way; /* a b, a' b, a b' */

static const limit limits[2][AD_PROCESSORS][WAYS] = {
    [AD_F32] = {[AD_BASELINE] = {{64, 0}, {32, 0}, {32, 0}},
                [AD_AVX2] = {{64, 400}, {96, 200}, {320, 0}},
                [AD_AVX512] = {{100, 640}, {512, 4096}, {400, 0}}},
    [AD_F64] = {[AD_BASELINE] = {{64, 0}, {32, 0}, {32, 0}},
                [AD_AVX2] = {{50, 300}, {48, 128}, {256, 0}},
                [AD_AVX512] = {{100, 640}, {256, 4096}, {300, 0}}},
};

/* The same where rows are so far apart that they share few places in a cache. */
static const int16_t aliased_limits[2][AD_PROCESSORS][WAYS] = {
    [AD_F32] = {[AD_BASELINE] = {32, 32, 32}, [AD_AVX2] = {16, 32, 256}, [AD_AVX512] = {64, 128, 128}},
    [AD_F64] = {[AD_BASELINE] = {32, 32, 32}, [AD_AVX2] = {16, 32, 256}, [AD_AVX512] = {32, 64, 64}},
};
enum { ALIASED = 4096 }; /* bytes */

static bool is_aliased(const ad_product *p)
{
    const int64_t bytes = (int64_t)ad_bytes_of((uint8_t)p->type);
    return (p->transpose_b ? p->k : p->n) * bytes % ALIASED == 0 || (p->transpose_a && p->m * bytes % ALIASED == 0);
}

static double bytes_of_b(const ad_product *p)
{
    return (double)p->n * (double)p->k * (double)ad_bytes_of((uint8_t)p->type);
}

/* Whether b is so large, or its rows so long, that each reading of it for a few rows of a costs much. */
static bool is_far(const ad_product *p)
{
    return bytes_of_b(p) > 10e6 || (bytes_of_b(p) > 4e6 && bytes_of_b(p) > 8192.0 * (double)p->k);
}

/* Whether so few of a tile's columns are used that OpenBLAS's kernels for small products, which it has for AVX-512
 * alone, or no vectors at all are faster. */
static bool is_thin(const ad_product *p)
{
    const uint8_t processor = ad_processor();
    const int64_t lanes = (processor == AD_AVX512 ? 64 : 16) / (int64_t)ad_bytes_of((uint8_t)p->type);
    const int64_t used = ceiling(p->n, lanes) * lanes;
    if (processor == AD_AVX512 && ad_blas_has_small_kernels())
        return p->n < lanes / 2 || p->k < 3 || (p->m < 3 && p->transpose_b) ||
               (work_of(p) < 1e6 && (double)used > 1.1 * (double)p->n);
    return processor == AD_BASELINE && p->n % (2 * lanes) != 0;
}

static bool is_for_blas(const ad_product *p)
{
    const way w = p->transpose_a ? TN : p->transpose_b ? NT : NN;
    const limit *most = &limits[p->type][ad_processor()][w];
    const int64_t of_a = SMALLER(p->m, p->k), wide = w == TN && p->m > p->n ? p->m : p->n;
    const int64_t least = w == TN || of_a < p->n ? of_a : p->n;
    if (is_thin(p))
        return true;
    if (is_aliased(p))
        return least > aliased_limits[p->type][ad_processor()][w];
    return (least > most->least && (wide > most->columns || bytes_of_b(p) > 2e6)) || (w == NN && is_far(p));
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

/* All in multiply-adds. */
static const double not_worth_cutting = 4e5; /* a smaller product is one block */
static const double worth_a_block = 1e6;     /* of tiles */
static const double worth_a_call = 8e7;      /* of OpenBLAS */

/* A long sum over k is cut in two if its result is small, as that of a batch. Blocks of tiles have so many rows or
 * columns, which are whole tiles for each processor. */
enum {
    SMALL_RESULT = 1 << 16,
    LONG_SUM = 128,
    MOST_CALLS = 4,
    MOST_BLOCKS = 64,
    ROWS_OF_TILES = 84,
    COLUMNS_OF_TILES = 32
};

/* A multiple of `unit` of which about `blocks` make up the size. */
static int64_t size_of_block(int64_t size, int64_t blocks, int64_t unit)
{
    return ceiling(ceiling(size, blocks), unit) * unit;
}

static ad_cut cut_of(const ad_product *p)
{
    ad_cut c = {p->m, p->n, p->k ? p->k : 1, is_for_blas(p)};
    const double work = work_of(p);
    if (work < not_worth_cutting)
        return c;
    const double most = c.by_blas ? MOST_CALLS : MOST_BLOCKS;
    int64_t blocks = (int64_t)SMALLER(work / (c.by_blas ? worth_a_call : worth_a_block), most);
    blocks = blocks < 2 ? 2 : blocks;
    if (!c.by_blas && !p->transpose_a && !p->transpose_b && p->m * p->n <= SMALL_RESULT && p->k >= LONG_SUM) {
        c.half = ceiling(p->k, 2);
        blocks = ceiling(blocks, 2);
    }
    if (p->m >= p->n)
        c.m = size_of_block(p->m, blocks, c.by_blas ? 2 : ROWS_OF_TILES);
    else
        c.n = size_of_block(p->n, blocks, c.by_blas ? 2 : COLUMNS_OF_TILES);
    return c;
}

void ad_plan_product(ad_product *p)
{
    if (p->leads)
        make_one(p);
    p->cut = cut_of(p);
}

size_t ad_product_partial(const ad_product *p) { return p->cut.half < p->k ? (size_t)(p->m * p->n) : 0; }

/* ---- Multiplying ------------------------------------------------------------------------------------------------- */

typedef struct job {
    const ad_product *p;
    int64_t rows, columns, halves; /* blocks */
} job;

static void multiply_by_blas(const ad_product *p, const block *s)
{
    ad_blas_multiply(&(ad_blas_product){.type = p->type,
                                        .transpose_a = p->transpose_a,
                                        .transpose_b = p->transpose_b,
                                        .m = (int)s->m,
                                        .n = (int)s->n,
                                        .k = (int)s->k,
                                        .a_row = (int)(p->transpose_a ? s->a_step : s->a_row),
                                        .b_row = (int)s->b_row,
                                        .c_row = (int)s->c_row,
                                        .a = s->a,
                                        .b = s->b,
                                        .c = s->c});
}

static block whole(const ad_product *p)
{
    return (block){.a = p->a,
                   .b = p->b,
                   .c = p->c,
                   .m = (size_t)p->m,
                   .n = (size_t)p->n,
                   .k = (size_t)p->k,
                   .a_row = p->transpose_a ? 1 : (size_t)p->k,
                   .a_step = p->transpose_a ? (size_t)p->m : 1,
                   .b_row = (size_t)(p->transpose_b ? p->k : p->n),
                   .c_row = (size_t)p->n,
                   .transpose_b = p->transpose_b};
}

/* The block of the result at (i,j), over one half of the sum. */
static void multiply_at(const job *w, int64_t i, int64_t j, int64_t half)
{
    const ad_product *p = w->p;
    const size_t bytes = ad_bytes_of((uint8_t)p->type);
    const int64_t k = half * p->cut.half;
    block s = whole(p);
    s.m = (size_t)SMALLER(p->cut.m, p->m - i);
    s.n = (size_t)SMALLER(p->cut.n, p->n - j);
    s.k = (size_t)SMALLER(p->cut.half, p->k - k);
    s.a = (const char *)p->a + ((size_t)i * s.a_row + (size_t)k * s.a_step) * bytes;
    s.b = (const char *)p->b + (size_t)(p->transpose_b ? j * p->k + k : k * p->n + j) * bytes;
    s.c = (char *)(half ? p->partial : p->c) + (size_t)(i * p->n + j) * bytes;
    if (p->cut.by_blas) {
        multiply_by_blas(p, &s);
        return;
    }
    if (w->halves == 1 && p->bias) {
        s.bias = (const char *)p->bias + (size_t)j * bytes;
        s.relu = p->relu;
    }
    multiply_kernels[p->type][ad_processor()](&s);
}

static void multiply_block(void *context, size_t number)
{
    const job *w = context;
    const ad_cut *cut = &w->p->cut;
    const int64_t tiles = w->rows * w->columns, tile = (int64_t)number % tiles, half = (int64_t)number / tiles;
    multiply_at(w, tile / w->columns * cut->m, tile % w->columns * cut->n, half);
}

/* On all threads if OpenBLAS can have a buffer for each, or else on one. The bits are the same. */
static void run_blocks(size_t blocks, ad_task *task, job *w)
{
    const size_t most = (size_t)ad_threads(), threads = blocks < most ? blocks : most;
    const bool widens = w->p->cut.by_blas && threads > 1;
    if (widens && !ad_openblas_widen((int)threads - 1)) {
        for (size_t i = 0; i < blocks; i++)
            task(w, i);
        return;
    }
    ad_parallel(blocks, task, w);
    if (widens)
        ad_openblas_end((int)threads - 1);
}

/* ---- Halves and biases ------------------------------------------------------------------------------------------- */

enum { END_BLOCK = 8192 }; /* elements */

static int64_t rows_to_end(const ad_product *p) { return p->n < END_BLOCK ? END_BLOCK / p->n : 1; }

static void end_block(void *context, size_t number)
{
    const job *w = context;
    const ad_product *p = w->p;
    const int64_t rows = rows_to_end(p), first = (int64_t)number * rows;
    const size_t at = (size_t)(first * p->n) * ad_bytes_of((uint8_t)p->type);
    char *partial = w->halves > 1 ? (char *)p->partial + at : NULL;
    ad_loop_for(&end_product_loops,
                (uint8_t)p->type)(&(ad_span){.n = (size_t)SMALLER(rows, p->m - first),
                                             .array = {(char *)p->c + at, (void *)(uintptr_t)p->bias, partial},
                                             .size = {(size_t)p->n},
                                             .constant = p->relu});
}

static void multiply_one(const ad_product *p)
{
    job w = {.p = p};
    w.rows = ceiling(p->m, p->cut.m);
    w.columns = ceiling(p->n, p->cut.n);
    w.halves = p->k > p->cut.half ? 2 : 1;
    const size_t blocks = (size_t)(w.rows * w.columns * w.halves);
    if (blocks == 1)
        multiply_block(&w, 0);
    else
        run_blocks(blocks, multiply_block, &w);
    if (w.halves > 1 || (p->cut.by_blas && p->bias))
        ad_parallel((size_t)ceiling(p->m, rows_to_end(p)), end_block, &w);
}

/* ---- Many matrices ----------------------------------------------------------------------------------------------- */

typedef struct pile {
    const ad_product *p;
    size_t n, at_once; /* matrices; in a block */
    bool all_a, all_b; /* the operand has a matrix for each of the result */
} pile;

static size_t number_in(const pile *w, bool all, const ad_shape *own, size_t i)
{
    return all ? i : own->rank == 0 ? 0 : ad_matrix_at(&w->p->leads->c, own, i);
}

static ad_product matrix_of(const pile *w, size_t i)
{
    ad_product p = *w->p;
    const size_t bytes = ad_bytes_of((uint8_t)p.type);
    p.a = (const char *)p.a + number_in(w, w->all_a, &p.leads->a, i) * (size_t)(p.m * p.k) * bytes;
    p.b = (const char *)p.b + number_in(w, w->all_b, &p.leads->b, i) * (size_t)(p.k * p.n) * bytes;
    p.c = (char *)p.c + i * (size_t)(p.m * p.n) * bytes;
    p.leads = NULL;
    return p;
}

/* Small matrices: each is one block. */
static void multiply_small(void *context, size_t number)
{
    const pile *w = context;
    const size_t end = SMALLER(w->n, (number + 1) * w->at_once);
    for (size_t i = number * w->at_once; i < end; i++) {
        const ad_product p = matrix_of(w, i);
        const block s = whole(&p);
        multiply_kernels[p.type][ad_processor()](&s);
    }
}

/* Large matrices are cut themselves, one after the other. All of a stack have one plan. */
static void multiply_all(const ad_product *p)
{
    pile w = {.p = p, .n = ad_count_of(&p->leads->c)};
    w.all_a = ad_same_dims(&p->leads->a, &p->leads->c);
    w.all_b = ad_same_dims(&p->leads->b, &p->leads->c);
    if (work_of(p) < not_worth_cutting && !p->cut.by_blas) {
        w.at_once = (size_t)(worth_a_block / (work_of(p) + 1)) + 1;
        ad_parallel((w.n + w.at_once - 1) / w.at_once, multiply_small, &w);
        return;
    }
    for (size_t i = 0; i < w.n; i++) {
        const ad_product one = matrix_of(&w, i);
        multiply_one(&one);
    }
}

void ad_multiply(const ad_product *p)
{
    if (p->m == 0 || p->n == 0 || (p->leads && ad_count_of(&p->leads->c) == 0))
        return;
    if (p->leads)
        multiply_all(p);
    else
        multiply_one(p);
}

#endif
