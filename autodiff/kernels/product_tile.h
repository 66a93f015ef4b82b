#ifndef AUTODIFF_KERNELS_PRODUCT_TILE_H
#define AUTODIFF_KERNELS_PRODUCT_TILE_H
/* One tile of a matrix product: its sums stay in registers while k runs. For each k there are one or two vectors of b
 * to load, and a number of a for each row to broadcast. */
#include "vector.h"

#ifdef AD_REAL

/* As many rows as leave registers for two vectors of b and one of a. AVX-512 takes a from memory as it multiplies. */
#if defined(__AVX512F__)
#define TILE_ROWS 14
#elif defined(__AVX2__)
#define TILE_ROWS 6
#else
#define TILE_ROWS 4
#endif
enum { TILE_VECTORS = 2, TILE_COLUMNS = TILE_VECTORS * VECTOR_LANES };

/* c [rows,columns] = a b, or c + a b if `adds`; then the bias is added, and with relu what is below 0 becomes 0. */
typedef struct tile {
    const REAL *a, *b, *bias; /* bias NULL: none */
    REAL *c;
    size_t k, a_row, a_step, b_row, c_row; /* steps between elements, as in a block (product.c) */
    size_t last;                           /* elements of the last vector of a row, 1 to VECTOR_LANES */
    bool adds, relu;
} tile;

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* For each vector v of each row i of a tile. */
#define EACH_SUM(action)                                                                                               \
    UNROLL for (int i = 0; i < rows; i++) { UNROLL for (int v = 0; v < vectors; v++) action; }

/* Whether vector v of a row is the last one, and a part. */
#define IS_PART (is_part && v == vectors - 1)

/* A vector, or the first n elements of one. */
ALWAYS_INLINE VECTOR load_some(const REAL *x, bool is_part, size_t n) { return is_part ? load_first(n, x) : LOAD(x); }

/* The sums become numbers of c. */
ALWAYS_INLINE void end_sums(const int rows, const int vectors, const bool is_part, const tile *t,
                            VECTOR sum[TILE_ROWS][TILE_VECTORS])
{
    const size_t row = t->c_row, last = t->last;
    REAL *c = t->c;
    if (t->adds)
        EACH_SUM(sum[i][v] = sum[i][v] + load_some(c + (size_t)i * row + VECTOR_LANES * v, IS_PART, last))
    if (t->bias)
        EACH_SUM(sum[i][v] = sum[i][v] + load_some(t->bias + VECTOR_LANES * v, IS_PART, last))
    if (t->relu)
        EACH_SUM(sum[i][v] = POSITIVE(sum[i][v]))
    EACH_SUM(if (IS_PART) store_first(last, c + (size_t)i * row + VECTOR_LANES * v, sum[i][v]);
             else STORE(c + (size_t)i * row + VECTOR_LANES * v, sum[i][v]))
}

/* With constant rows and vectors all loops but that over k unroll. Each third row has a pointer of its own, from which
 * an address reaches the two after it. */
ALWAYS_INLINE void run_tile(const int rows, const int vectors, const bool is_part, const tile *t)
{
    VECTOR sum[TILE_ROWS][TILE_VECTORS];
    const REAL *a[(TILE_ROWS + 2) / 3], *b = t->b;
    const size_t a_row = t->a_row, a_step = t->a_step, b_row = t->b_row, last = t->last;
    UNROLL for (int i = 0; i < rows; i++)
    {
        a[i / 3] = i % 3 ? a[i / 3] : t->a + (size_t)i * a_row;
        UNROLL for (int v = 0; v < vectors; v++) { sum[i][v] = BROADCAST(0); }
    }
    for (size_t k = 0; k < t->k; k++) {
        VECTOR x[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) x[v] = load_some(b + VECTOR_LANES * v, IS_PART, last);
        UNROLL for (int i = 0; i < rows; i++)
        {
            const VECTOR y = BROADCAST(a[i / 3][(size_t)(i % 3) * a_row]);
            UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = MULTIPLY_ADD(y, x[v], sum[i][v]);
        }
        b += b_row;
        UNROLL for (int i = 0; i < rows; i += 3) a[i / 3] += a_step;
    }
    if (is_part && last < VECTOR_LANES)
        end_sums(rows, vectors, true, t, sum);
    else
        end_sums(rows, vectors, false, t, sum);
}

/* Three for each number of rows: two whole vectors, one and a part, and a part alone. */
#define TILES_OF(rows)                                                                                                 \
    NEVER_INLINE void whole_##rows(const tile *t) { run_tile(rows, 2, false, t); }                                     \
    NEVER_INLINE void wide_##rows(const tile *t) { run_tile(rows, 2, true, t); }                                       \
    NEVER_INLINE void narrow_##rows(const tile *t) { run_tile(rows, 1, true, t); }
#define NAMES_OF(rows) {whole_##rows, wide_##rows, narrow_##rows},

#define UP_TO_4(of) of(1) of(2) of(3) of(4)
#define UP_TO_6(of) UP_TO_4(of) of(5) of(6)
#define UP_TO_14(of) UP_TO_6(of) of(7) of(8) of(9) of(10) of(11) of(12) of(13) of(14)
#if TILE_ROWS == 14
#define FOR_TILES UP_TO_14
#elif TILE_ROWS == 6
#define FOR_TILES UP_TO_6
#else
#define FOR_TILES UP_TO_4
#endif

FOR_TILES(TILES_OF)

/* The tile of so many rows, where so many columns are left. */
ALWAYS_INLINE void end_tile(tile *t, size_t rows, size_t columns)
{
    static void (*const tiles[TILE_ROWS][3])(const tile *) = {FOR_TILES(NAMES_OF)};
    const bool is_whole = columns >= TILE_COLUMNS, is_narrow = columns <= VECTOR_LANES;
    t->last = is_narrow ? columns : columns - VECTOR_LANES;
    tiles[rows - 1][is_whole ? 0 : is_narrow ? 2 : 1](t);
}

#endif
#endif
