/* Matrix products.
 *
 * A product is cut into blocks that depend on its sizes alone, so that any number of threads computes the same bits. A
 * block is computed by tiles (product_tile.h), or by OpenBLAS where that is faster. Where the cache cannot hold rows of
 * a and b as they lie, tiles read copies: of a all, which is packed first, and of b the columns of one tile. */
#include "product.h"

#include "kernel.h"

/* c [m,n] = a b over a part of k. c and b have rows of elements side by side, `c_row` and `b_row` apart; the element of
 * a at row i and k is a[i a_row + k a_step]. Where a is packed, the tile of `rows` rows from row i on begins at
 * a[i k], and its element of row r and column l is [l rows + r] from there. */
typedef struct block {
    const void *a, *b, *bias; /* bias NULL: none */
    void *c;
    size_t m, n, k;
    size_t a_row, a_step, b_row, c_row;
    bool transpose_b; /* b is [n,k] */
    bool is_packed;
    bool relu;
} block;

/* a is packed in so many parts, which threads share: more would be less than a tile of most products. */
enum { PACKING_PARTS = 16 };

typedef struct packing {
    const block *whole; /* with a as it lies */
    void *packed;
    size_t part;
} packing;

#ifdef AD_REAL

#include "product_tile.h"
#include "turn.h"

/* k is cut so that what tiles of the same columns read of b stays in the nearest caches. */
enum { MOST_DEPTH = 256, NEAREST_CACHE = 32768 };

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
    if (s->is_packed) {
        t.a = (const REAL *)s->a + i * s->k + d->from * rows;
        t.a_row = 1;
        t.a_step = rows;
    }
    end_tile(&t, rows, s->n - j);
}

/* Rows, or a sum over k, are shared evenly among so many parts: where part `at` begins. */
ALWAYS_INLINE size_t begin_of(size_t n, size_t parts, size_t at) { return n / parts * at + smaller(at, n % parts); }

static size_t count_parts(size_t n, size_t most) { return n <= most ? 1 : (n + most - 1) / most; }

/* A tile of rows takes all columns. Where b is too large for the nearest cache, all rows take the columns of one tile
 * before the next, so that this part of b stays there; but not of a', where the numbers of a row lie far apart. */
static void run_depth(const block *s, const depth *d)
{
    const size_t tiles = count_parts(s->m, TILE_ROWS), bytes_of_b = d->k * s->n * sizeof(REAL);
    const size_t wide = s->a_step == 1 && bytes_of_b > NEAREST_CACHE ? TILE_COLUMNS : s->n;
    const REAL *b = (const REAL *)s->b + d->from * s->b_row;
    for (size_t from = 0; from < s->n; from += wide)
        for (size_t at = 0, i = 0, end; at < tiles; at++, i = end) {
            end = begin_of(s->m, tiles, at + 1);
            for (size_t j = from; j < smaller(from + wide, s->n); j += TILE_COLUMNS)
                run_at(s, d, i, end - i, j, b + j, s->b_row);
        }
}

ALWAYS_INLINE void copy_rows_of(REAL *restrict y, size_t y_step, const REAL *restrict x, size_t x_step, size_t rows,
                                const size_t columns)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(y + i * y_step, x + i * x_step, columns * sizeof(REAL));
}

/* Rows of at most TILE_COLUMNS elements. A number of columns that is known here becomes a few moves. */
ALWAYS_INLINE void copy_rows(REAL *restrict y, size_t y_step, const REAL *restrict x, size_t x_step, size_t rows,
                             size_t columns)
{
    if (columns == TILE_COLUMNS)
        copy_rows_of(y, y_step, x, x_step, rows, TILE_COLUMNS);
    else if (columns == TILE_ROWS)
        copy_rows_of(y, y_step, x, x_step, rows, TILE_ROWS);
    else
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j += VECTOR_LANES) {
                const size_t some = smaller(columns - j, VECTOR_LANES);
                store_first(some, y + i * y_step + j, load_first(some, x + i * x_step + j));
            }
}

/* Copies the columns of a tile, from column j of b on, to a panel [k,TILE_COLUMNS]; b' is turned. */
ALWAYS_INLINE void fill_panel(REAL *restrict panel, const block *s, const depth *d, size_t j)
{
    const REAL *b = s->b;
    const size_t columns = smaller(s->n - j, TILE_COLUMNS);
    if (s->transpose_b)
        turn(panel, TILE_COLUMNS, b + j * s->b_row + d->from, s->b_row, columns, d->k);
    else
        copy_rows(panel, TILE_COLUMNS, b + d->from * s->b_row + j, s->b_row, d->k, columns);
}

NEVER_INLINE void run_depth_by_panels(const block *s, const depth *d)
{
    REAL panel[MOST_DEPTH * TILE_COLUMNS];
    const size_t tiles = count_parts(s->m, TILE_ROWS);
    for (size_t j = 0; j < s->n; j += TILE_COLUMNS) {
        fill_panel(panel, s, d, j);
        for (size_t at = 0, i = 0, end; at < tiles; at++, i = end) {
            end = begin_of(s->m, tiles, at + 1);
            run_at(s, d, i, end - i, j, panel, TILE_COLUMNS);
        }
    }
}

/* The product of one column and one row has no sums to keep: each row is written in one run. As in every sum, a product
 * of -0 becomes 0. The numbers of b lie side by side, also of b'. */
static void run_outer(const block *s)
{
    const REAL *restrict a = s->a, *restrict b = s->b;
    for (size_t i = 0; i < s->m; i++) {
        REAL *restrict c = (REAL *)s->c + i * s->c_row;
        for (size_t j = 0; j < s->n; j++)
            c[j] = a[i * s->a_row] * b[j] + 0;
    }
}

KERNEL(multiply, block)
{
    if (s->k == 1 && s->n >= AD_WIDE_OUTER && !s->bias && !s->relu && !s->is_packed) {
        run_outer(s);
        return;
    }
    const size_t parts = count_parts(s->k, MOST_DEPTH);
    for (size_t part = 0; part < parts; part++) {
        const size_t from = begin_of(s->k, parts, part), end = begin_of(s->k, parts, part + 1);
        const depth d = {.from = from, .k = end - from, .is_first = part == 0, .is_last = part + 1 == parts};
        if (s->transpose_b || s->is_packed)
            run_depth_by_panels(s, &d);
        else
            run_depth(s, &d);
    }
}

/* a' is copied K_AT_ONCE of its rows at a time, for all tiles: neighbouring tiles share lines of a cache. */
enum { K_AT_ONCE = 16 };

KERNEL(pack_a, packing)
{
    const block *w = s->whole;
    const size_t tiles = count_parts(w->m, TILE_ROWS), end = begin_of(tiles, PACKING_PARTS, s->part + 1);
    const size_t first = begin_of(tiles, PACKING_PARTS, s->part), most = w->a_step == 1 ? w->k : K_AT_ONCE;
    for (size_t k = 0; k < w->k; k += most)
        for (size_t at = first; at < end; at++) {
            const size_t i = begin_of(w->m, tiles, at), rows = begin_of(w->m, tiles, at + 1) - i;
            const REAL *a = (const REAL *)w->a + i * w->a_row + k * w->a_step;
            REAL *packed = (REAL *)s->packed + i * w->k + k * rows;
            if (w->a_step == 1)
                turn(packed, rows, a, w->a_row, rows, w->k);
            else
                copy_rows(packed, rows, a, w->a_step, smaller(w->k - k, most), rows);
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
        relu ? end_rows(s, false, s->array[2], true) : end_rows(s, false, true, false);
    else if (s->array[2])
        relu ? end_rows(s, true, true, true) : end_rows(s, true, true, false);
    else
        relu ? end_rows(s, true, false, true) : end_rows(s, true, false, false);
}

#else

#include <gradtape/threads.h>

#include "../base/blas.h"
#include "../base/openblas.h"

KERNEL_TABLE(multiply, block)
KERNEL_TABLE(pack_a, packing)
LOOP_TABLE(end_product)

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

static void run_block(const ad_product *p, const block *s)
{
    if (p->cut.by_blas)
        multiply_by_blas(p, s);
    else
        multiply_kernels[p->type][ad_processor()](s);
}

/* The block of the result at (i,j), over one half of the sum. */
static void multiply_at(const job *w, int64_t i, int64_t j, int64_t half)
{
    const ad_product *p = w->p;
    const size_t bytes = ad_bytes_of((uint8_t)p->type);
    const int64_t k = half * p->cut.half;
    block s = whole(p);
    s.m = (size_t)AD_SMALLER(p->cut.m, p->m - i);
    s.n = (size_t)AD_SMALLER(p->cut.n, p->n - j);
    s.k = (size_t)AD_SMALLER(p->cut.half, p->k - k);
    s.is_packed = p->cut.packs;
    s.a = s.is_packed ? p->workspace : (const char *)p->a + ((size_t)i * s.a_row + (size_t)k * s.a_step) * bytes;
    s.b = (const char *)p->b + (size_t)(p->transpose_b ? j * p->k + k : k * p->n + j) * bytes;
    s.c = (char *)(half ? p->workspace : p->c) + (size_t)(i * p->n + j) * bytes;
    if (w->halves == 1 && !p->cut.by_blas) {
        s.bias = p->bias ? (const char *)p->bias + (size_t)j * bytes : NULL;
        s.relu = p->relu;
    }
    run_block(p, &s);
}

static void multiply_block(void *context, size_t number)
{
    const job *w = context;
    const ad_cut *cut = &w->p->cut;
    const int64_t tiles = w->rows * w->columns, tile = (int64_t)number % tiles, half = (int64_t)number / tiles;
    multiply_at(w, tile / w->columns * cut->m, tile % w->columns * cut->n, half);
}

static void pack_part(void *context, size_t number)
{
    const ad_product *p = context;
    const block all = whole(p);
    pack_a_kernels[p->type][ad_processor()](&(packing){.whole = &all, .packed = p->workspace, .part = number});
}

/* On all threads if OpenBLAS can have a buffer for each, or else on one. The bits are the same. */
static void run_blocks(const ad_product *p, size_t blocks, ad_task *task, void *context)
{
    const size_t most = (size_t)ad_threads(), threads = blocks < most ? blocks : most;
    const bool widens = p->cut.by_blas && threads > 1;
    if (widens && !ad_openblas_widen((int)threads - 1)) {
        for (size_t i = 0; i < blocks; i++)
            task(context, i);
        return;
    }
    ad_parallel(blocks, task, context);
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
    char *partial = w->halves > 1 ? (char *)p->workspace + at : NULL;
    ad_loop_for(&end_product_loops,
                (uint8_t)p->type)(&(ad_span){.n = (size_t)AD_SMALLER(rows, p->m - first),
                                             .array = {(char *)p->c + at, (void *)(uintptr_t)p->bias, partial},
                                             .size = {(size_t)p->n},
                                             .constant = p->relu});
}

/* Copies a where tiles read a copy. */
static void prepare(const ad_product *p)
{
    if (p->cut.packs)
        ad_parallel(PACKING_PARTS, pack_part, (void *)(uintptr_t)p);
}

static void multiply_prepared(const ad_product *p)
{
    job w = {.p = p, .halves = 1};
    if (ad_is_one_block(p)) {
        multiply_at(&w, 0, 0, 0);
    } else {
        w.rows = ad_parts_of(p->m, p->cut.m);
        w.columns = ad_parts_of(p->n, p->cut.n);
        w.halves = p->k > p->cut.half ? 2 : 1;
        run_blocks(p, (size_t)(w.rows * w.columns * w.halves), multiply_block, &w);
    }
    if (w.halves > 1 || (p->cut.by_blas && (p->bias || p->relu)))
        ad_parallel((size_t)ad_parts_of(p->m, rows_to_end(p)), end_block, &w);
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

/* Where number i of the matrices of each is. */
typedef struct places {
    const void *a, *b;
    void *c;
} places;

static places places_of(const pile *w, size_t i)
{
    const ad_product *p = w->p;
    const size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k, bytes = ad_bytes_of((uint8_t)p->type);
    return (places){.a = (const char *)p->a + number_in(w, w->all_a, &p->leads->a, i) * m * k * bytes,
                    .b = (const char *)p->b + number_in(w, w->all_b, &p->leads->b, i) * k * n * bytes,
                    .c = (char *)p->c + i * m * n * bytes};
}

/* Matrices that are one block each. */
static void multiply_some(void *context, size_t number)
{
    const pile *w = context;
    const size_t end = AD_SMALLER(w->n, (number + 1) * w->at_once);
    block s = whole(w->p);
    for (size_t i = number * w->at_once; i < end; i++) {
        const places at = places_of(w, i);
        s.a = at.a;
        s.b = at.b;
        s.c = at.c;
        run_block(w->p, &s);
    }
}

/* All of a stack have one plan. Large matrices are cut themselves, one after the other. */
static void multiply_all(const ad_product *p)
{
    pile w = {.p = p, .n = ad_count_of(&p->leads->c), .at_once = ad_products_at_once(p)};
    w.all_a = ad_same_dims(&p->leads->a, &p->leads->c);
    w.all_b = ad_same_dims(&p->leads->b, &p->leads->c);
    if (w.at_once) {
        run_blocks(p, (w.n + w.at_once - 1) / w.at_once, multiply_some, &w);
        return;
    }
    ad_product one = *p;
    one.leads = NULL;
    one.a = NULL;
    for (size_t i = 0; i < w.n; i++) {
        const places at = places_of(&w, i);
        const bool is_same_a = one.a == at.a;
        one.a = at.a;
        one.b = at.b;
        one.c = at.c;
        if (!is_same_a)
            prepare(&one);
        multiply_prepared(&one);
    }
}

void ad_multiply(const ad_product *p)
{
    if (p->m == 0 || p->n == 0 || (p->leads && ad_count_of(&p->leads->c) == 0))
        return;
    if (p->leads) {
        multiply_all(p);
        return;
    }
    prepare(p);
    multiply_prepared(p);
}

#endif
