/* The one file that calls BLAS: matrix products, and systems with a triangle.
 *
 * A product is cut into blocks that depend on its sizes alone, so that any number of threads computes the same bits.
 * OpenBLAS's kernels for AVX-512 do not pack the operands of a small product, and are up to a quarter faster there.
 * With these kernels blocks are just small enough for that. docs/performance.md has the measurements. */
#include "blas.h"

#include <cblas.h>
#include <limits.h>
#include <string.h>

#include <gradtape/threads.h>

#include "openblas.h"

/* All in multiply-adds. */
static const double not_worth_cutting = 4e5; /* a smaller product is one block */
static const double small_product = 1e6;     /* up to this size OpenBLAS's kernels for small products are used */
static const double large_product = 4e7;     /* from this size on its other kernels are as fast */
static const double large_block = 3e7;       /* of such a product: a block that is worth a thread */

/* A long sum over k is cut in two if its result is small, as that of a batch. */
enum { SMALL_RESULT = 1 << 16, LONG_SUM = 128, MOST_LARGE_BLOCKS = 4 };

static bool has_small_kernels;

void ad_blas_prepare(void)
{
    const char *core = openblas_get_corename();
    has_small_kernels = !strcmp(core, "SkylakeX") || !strcmp(core, "Cooperlake") || !strcmp(core, "SapphireRapids");
}

bool ad_blas_fits(const ad_product *p) { return p->m <= INT_MAX && p->n <= INT_MAX && p->k <= INT_MAX; }

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

typedef struct cut {
    int64_t m, n, k; /* the size of a block */
    int64_t half;    /* of the sum over k: taken whole (then it is k), or in two halves that are added at the end */
} cut;

/* size / block, rounded up. */
static int64_t ceiling(int64_t size, int64_t block) { return (size + block - 1) / block; }

/* The number of blocks: as many as make them small, or else a few for the threads. */
static int64_t block_count(const ad_product *p)
{
    const double work = (double)p->m * (double)p->n * (double)p->k;
    if (work < not_worth_cutting)
        return 1;
    if (has_small_kernels && p->type == AD_F32 && !p->transpose_b && work < large_product)
        return (int64_t)(work / small_product) + 1;
    const int64_t blocks = (int64_t)(work / large_block);
    return blocks < 2 ? 2 : blocks > MOST_LARGE_BLOCKS ? MOST_LARGE_BLOCKS : blocks;
}

/* The size of all blocks except the last. It is even, which suits vectors. */
static int64_t block_size(int64_t size, int64_t blocks)
{
    const int64_t block = ceiling(size, blocks);
    return block + block % 2 < size ? block + block % 2 : size;
}

static cut cut_of(const ad_product *p)
{
    cut c = {p->m, p->n, p->k, p->k};
    const int64_t blocks = block_count(p);
    if (blocks == 1)
        return c;
    if (!p->transpose_a && !p->transpose_b && p->m * p->n <= SMALL_RESULT && p->k >= LONG_SUM) {
        c.k = block_size(p->k, blocks + blocks % 2);
        c.half = ceiling(ceiling(p->k, c.k), 2) * c.k;
    } else if (p->m >= p->n) {
        c.m = block_size(p->m, blocks);
    } else {
        c.n = block_size(p->n, blocks);
    }
    return c;
}

size_t ad_blas_partial(const ad_product *p) { return cut_of(p).half < p->k ? (size_t)(p->m * p->n) : 0; }

/* ---- Multiplying ------------------------------------------------------------------------------------------------- */

typedef struct job {
    const ad_product *p;
    cut cut;
    int64_t rows, columns; /* blocks of the result */
} job;

#define SMALLER(a, b) ((a) < (b) ? (a) : (b))

/* One call: the block of the result at (i,j), over k from k0 to k1, into c. */
static void multiply_block(const job *w, int64_t i, int64_t j, int64_t k0, int64_t k1, void *c)
{
    const ad_product *p = w->p;
    const int64_t lda = p->transpose_a ? p->m : p->k, ldb = p->transpose_b ? p->k : p->n;
    const int m = (int)SMALLER(w->cut.m, p->m - i), n = (int)SMALLER(w->cut.n, p->n - j), k = (int)(k1 - k0);
    const enum CBLAS_TRANSPOSE ta = p->transpose_a ? CblasTrans : CblasNoTrans;
    const enum CBLAS_TRANSPOSE tb = p->transpose_b ? CblasTrans : CblasNoTrans;
    const size_t bytes = p->type == AD_F64 ? sizeof(double) : sizeof(float);
    const void *a = (const char *)p->a + (size_t)(p->transpose_a ? k0 * lda + i : i * lda + k0) * bytes;
    const void *b = (const char *)p->b + (size_t)(p->transpose_b ? j * ldb + k0 : k0 * ldb + j) * bytes;
    void *to = (char *)c + (size_t)(i * p->n + j) * bytes;
    const int beta = k0 % w->cut.half ? 1 : 0;
    if (p->type == AD_F32)
        cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, (int)lda, b, (int)ldb, (float)beta, to, (int)p->n);
    else
        cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, (int)lda, b, (int)ldb, beta, to, (int)p->n);
}

/* One block of the result over one half of the sum, whose blocks are taken in order. */
static void multiply_tile(void *context, size_t block)
{
    const job *w = context;
    const int64_t tiles = w->rows * w->columns, tile = (int64_t)block % tiles, half = (int64_t)block / tiles;
    const int64_t i = tile / w->columns * w->cut.m, j = tile % w->columns * w->cut.n;
    const int64_t end = SMALLER((half + 1) * w->cut.half, w->p->k);
    for (int64_t k0 = half * w->cut.half; k0 < end; k0 += w->cut.k)
        multiply_block(w, i, j, k0, SMALLER(k0 + w->cut.k, end), half ? w->p->partial : w->p->c);
}

/* On all threads if OpenBLAS can have a buffer for each, or else on one. The bits are the same. */
static void multiply_tiles(job *w, size_t tiles)
{
    const size_t most = (size_t)ad_threads(), threads = tiles < most ? tiles : most;
    if (threads > 1 && !ad_openblas_widen((int)threads - 1)) {
        for (size_t tile = 0; tile < tiles; tile++)
            multiply_tile(w, tile);
        return;
    }
    ad_parallel(tiles, multiply_tile, w);
    if (threads > 1)
        ad_openblas_end((int)threads - 1);
}

static void add_partial(const ad_product *p)
{
    const int n = (int)(p->m * p->n);
    if (p->type == AD_F32)
        cblas_saxpy(n, 1, p->partial, 1, p->c, 1);
    else
        cblas_daxpy(n, 1, p->partial, 1, p->c, 1);
}

void ad_blas_multiply(const ad_product *p)
{
    if (p->m == 0 || p->n == 0)
        return;
    if (p->k == 0) {
        memset(p->c, 0, (size_t)p->m * (size_t)p->n * ad_type_bytes(p->type));
        return;
    }
    job w = {.p = p, .cut = cut_of(p)};
    if (w.cut.m == p->m && w.cut.n == p->n && w.cut.k == p->k) {
        multiply_block(&w, 0, 0, 0, p->k, p->c);
        return;
    }
    w.rows = ceiling(p->m, w.cut.m);
    w.columns = ceiling(p->n, w.cut.n);
    const int64_t halves = ceiling(p->k, w.cut.half);
    multiply_tiles(&w, (size_t)(w.rows * w.columns * halves));
    if (halves > 1 && !p->leaves_partial)
        add_partial(p);
}

/* ---- Triangles --------------------------------------------------------------------------------------------------- */

void ad_blas_solve_triangular(ad_type type, ad_triangle_kind kind, int64_t size, int64_t columns, const void *a,
                              void *x)
{
    const enum CBLAS_UPLO uplo = kind.upper ? CblasUpper : CblasLower;
    const enum CBLAS_TRANSPOSE trans = kind.transposed ? CblasTrans : CblasNoTrans;
    const enum CBLAS_DIAG diagonal = kind.unit_diagonal ? CblasUnit : CblasNonUnit;
    const int n = (int)size, k = (int)columns;
    if (type == AD_F32)
        cblas_strsm(CblasRowMajor, CblasLeft, uplo, trans, diagonal, n, k, 1, a, n, x, k);
    else
        cblas_dtrsm(CblasRowMajor, CblasLeft, uplo, trans, diagonal, n, k, 1, a, n, x, k);
}
