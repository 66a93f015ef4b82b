/* Which way a product is computed, and into which blocks it is cut. */
#include <limits.h>

#include "../base/blas.h"
#include "kernel.h"
#include "product.h"

bool ad_product_fits(const ad_product *p) { return p->m <= INT_MAX && p->n <= INT_MAX && p->k <= INT_MAX; }

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

/* ---- Which way --------------------------------------------------------------------------------------------------- */

static double work_of(const ad_product *p) { return (double)p->m * (double)p->n * (double)p->k; }

/* What decides is the least of the sizes m, n and k (of a' b: of m and k). All limits were measured on some hundred
 * shapes. In this order:
 * - The product of one column and one row goes to OpenBLAS only if the row is short.
 * - A thin product goes to OpenBLAS (is_thin).
 * - Rows whose distance is a multiple of ALIASED share few places in a cache. Up to `aliased` tiles are faster; up to
 * `packed` tiles that read copies, if each number of a meets ENOUGH_COLUMNS, the copy of a has at most MOST_COPIED
 * bytes, and b has at most half of LARGE_B, or any number with AVX-512. All others go to OpenBLAS.
 * - Up to `least` tiles are faster, but not of a b with a large b, which is read again for each few rows (is_far).
 * - Beyond `least` tiles are faster while what they read again stays in the second-level cache: n (of a' b: m too) is
 * at most `columns`, and b has at most SMALL_B bytes. */
typedef struct limit {
    int16_t least, columns, aliased, packed; /* packed 0: never; ANY: always */
} limit;

typedef enum way { NN, TN, NT, WAYS } way; /* a b; a' b and a' b'; a b' */

enum { ANY = INT16_MAX };

static const limit limits[2][AD_PROCESSORS][WAYS] = {
    [AD_F32] = {[AD_BASELINE] = {{64, 0, 32, 0}, {32, 0, 32, 0}, {32, 0, 32, 0}},
                [AD_AVX2] = {{64, 400, 32, 300}, {96, 200, 32, 300}, {320, 0, 256, 0}},
                [AD_AVX512] = {{100, 640, 50, ANY}, {512, 4096, 128, ANY}, {400, 0, 32, ANY}}},
    [AD_F64] = {[AD_BASELINE] = {{64, 0, 32, 0}, {32, 0, 32, 0}, {32, 0, 32, 0}},
                [AD_AVX2] = {{50, 300, 50, 256}, {48, 128, 32, 256}, {256, 0, 256, 0}},
                [AD_AVX512] = {{100, 640, 32, 0}, {256, 4096, 300, ANY}, {300, 0, 64, ANY}}},
};

/* In bytes. */
enum { ALIASED = 4096, SMALL_B = 2000000, LARGE_B = 10000000, LONG_ROW = 8192, MOST_COPIED = 1 << 22 };
enum { ENOUGH_COLUMNS = 256 };

static int64_t bytes_of(const ad_product *p) { return (int64_t)ad_bytes_of((uint8_t)p->type); }

static bool is_aliased(const ad_product *p)
{
    const int64_t row_of_a = p->transpose_a ? p->m : p->k, row_of_b = p->transpose_b ? p->k : p->n;
    return row_of_a * bytes_of(p) % ALIASED == 0 || row_of_b * bytes_of(p) % ALIASED == 0;
}

static double bytes_of_b(const ad_product *p) { return (double)p->n * (double)p->k * (double)bytes_of(p); }

static bool is_far(const ad_product *p)
{
    return bytes_of_b(p) > LARGE_B || (bytes_of_b(p) > LARGE_B / 2 && p->n * bytes_of(p) > LONG_ROW);
}

/* Whether so few of a tile's columns are used that OpenBLAS's kernels for small products, which it has for AVX-512
 * alone, or no vectors at all are faster. */
static bool is_thin(const ad_product *p)
{
    const uint8_t processor = ad_processor();
    const int64_t lanes = (processor == AD_AVX512 ? 64 : 16) / bytes_of(p);
    const int64_t used = ad_parts_of(p->n, lanes) * lanes;
    if (processor == AD_AVX512 && ad_blas_has_small_kernels())
        return p->n < lanes / 2 || p->k < 3 || (p->m < 3 && p->transpose_b) ||
               (work_of(p) < 1e6 && (double)used > 1.1 * (double)p->n);
    return processor == AD_BASELINE && p->n % (2 * lanes) != 0;
}

static way way_of(const ad_product *p) { return p->transpose_a ? TN : p->transpose_b ? NT : NN; }

static const limit *limit_of(const ad_product *p) { return &limits[p->type][ad_processor()][way_of(p)]; }

static int64_t least_of(const ad_product *p)
{
    const int64_t of_a = AD_SMALLER(p->m, p->k);
    return p->transpose_a ? of_a : AD_SMALLER(of_a, p->n);
}

static bool is_for_packing(const ad_product *p)
{
    const limit *most = limit_of(p);
    const int64_t least = least_of(p);
    const double bytes_of_a = (double)p->m * (double)p->k * (double)bytes_of(p);
    return is_aliased(p) && least > most->aliased && least <= most->packed && p->n >= ENOUGH_COLUMNS &&
           bytes_of_a <= MOST_COPIED && (ad_processor() == AD_AVX512 || bytes_of_b(p) <= LARGE_B / 2);
}

static bool is_for_blas(const ad_product *p)
{
    const way w = way_of(p);
    const limit *most = limit_of(p);
    const int64_t least = least_of(p);
    if (p->k == 1 && p->n >= AD_WIDE_OUTER)
        return false;
    if (is_thin(p))
        return true;
    if (is_aliased(p))
        return least > most->aliased;
    if (least <= most->least)
        return w == NN && is_far(p);
    return p->n > most->columns || (w == TN && p->m > most->columns) || bytes_of_b(p) > SMALL_B;
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
    return ad_parts_of(ad_parts_of(size, blocks), unit) * unit;
}

static ad_cut cut_of(const ad_product *p)
{
    const double work = work_of(p);
    const bool is_small = work < not_worth_cutting;
    ad_cut c = {.m = p->m, .n = p->n, .half = p->k, .packs = !is_small && is_for_packing(p)};
    c.by_blas = work > 0 && !c.packs && is_for_blas(p);
    if (is_small)
        return c;
    const double most = c.by_blas ? MOST_CALLS : MOST_BLOCKS;
    int64_t blocks = (int64_t)AD_SMALLER(work / (c.by_blas ? worth_a_call : worth_a_block), most);
    blocks = blocks < 2 ? 2 : blocks;
    const bool halves_sums = !p->transpose_a && !p->transpose_b && p->m * p->n <= SMALL_RESULT && p->k >= LONG_SUM;
    if (halves_sums && !c.by_blas && !c.packs) {
        c.half = ad_parts_of(p->k, 2);
        blocks = ad_parts_of(blocks, 2);
    }
    if (p->m >= p->n && !c.packs)
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

size_t ad_products_at_once(const ad_product *p)
{
    return ad_is_one_block(p) ? (size_t)(worth_a_block / (work_of(p) + 1)) + 1 : 0;
}

size_t ad_product_workspace(const ad_product *p)
{
    return p->cut.packs ? (size_t)(p->m * p->k) : p->cut.half < p->k ? (size_t)(p->m * p->n) : 0;
}
