#ifndef AUTODIFF_KERNELS_TURN_H
#define AUTODIFF_KERNELS_TURN_H
/* Transposes of matrices in the nearest cache. Tiles are turned in registers: element by element a transpose costs as
 * much as a few sums over the matrix. */
#include "kernel.h"

#ifdef AD_REAL

/* Tiles of so many rows and columns, where a vector holds so many elements. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#if defined(__AVX512F__) || (defined(__AVX2__) && AD_REAL_BITS == 32)
#define TILES_OF_8
#endif
#if defined(__AVX2__) || (defined(__SSE2__) && AD_REAL_BITS == 32)
#define TILES_OF_4
#endif
#if defined(__SSE2__) && AD_REAL_BITS == 64
#define TILES_OF_2
#endif
#endif
#endif

/* The rows i and i + distance, for each i without that bit, exchange blocks of so many lanes. */
#define EXCHANGE(n, distance, FIRST, SECOND)                                                                           \
    for (size_t i = 0; i < (n); i++)                                                                                   \
        if ((i & (distance)) == 0) {                                                                                   \
            const __typeof__(*row) a = row[i], b = row[i + (distance)];                                                \
            row[i] = __builtin_shufflevector(a, b, FIRST);                                                             \
            row[i + (distance)] = __builtin_shufflevector(a, b, SECOND);                                               \
        }
#define LANES_OF(...) __VA_ARGS__

/* A tile of x, whose rows are x_step apart, becomes one of y. */
#define TURN_TILE(n, exchanges)                                                                                        \
    ALWAYS_INLINE void turn_##n(REAL *restrict y, size_t y_step, const REAL *restrict x, size_t x_step)                \
    {                                                                                                                  \
        typedef REAL lanes __attribute__((vector_size((n) * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));         \
        lanes row[n];                                                                                                  \
        for (size_t i = 0; i < (n); i++)                                                                               \
            row[i] = *(const lanes *)(x + i * x_step);                                                                 \
        exchanges;                                                                                                     \
        for (size_t i = 0; i < (n); i++)                                                                               \
            *(lanes *)(y + i * y_step) = row[i];                                                                       \
    }

#ifdef TILES_OF_8
TURN_TILE(8, EXCHANGE(8, 1U, LANES_OF(0, 8, 2, 10, 4, 12, 6, 14), LANES_OF(1, 9, 3, 11, 5, 13, 7, 15))
                 EXCHANGE(8, 2U, LANES_OF(0, 1, 8, 9, 4, 5, 12, 13), LANES_OF(2, 3, 10, 11, 6, 7, 14, 15))
                     EXCHANGE(8, 4U, LANES_OF(0, 1, 2, 3, 8, 9, 10, 11), LANES_OF(4, 5, 6, 7, 12, 13, 14, 15)))
#endif
#ifdef TILES_OF_4
TURN_TILE(4, EXCHANGE(4, 1U, LANES_OF(0, 4, 2, 6), LANES_OF(1, 5, 3, 7))
                 EXCHANGE(4, 2U, LANES_OF(0, 1, 4, 5), LANES_OF(2, 3, 6, 7)))
#endif
#ifdef TILES_OF_2
TURN_TILE(2, EXCHANGE(2, 1U, LANES_OF(0, 2), LANES_OF(1, 3)))
#endif

/* Columns from j on, in whole tiles. The last tile of rows overlaps the one before, and writes its numbers again. */
#define TURN_TILES(n, turn_n)                                                                                          \
    for (; j + (n) <= columns && rows >= (n); j += (n)) {                                                              \
        for (size_t i = 0; i + (n) <= rows; i += (n))                                                                  \
            turn_n(y + j * y_step + i, y_step, x + i * x_step + j, x_step);                                            \
        if (rows % (n) != 0)                                                                                           \
            turn_n(y + j * y_step + rows - (n), y_step, x + (rows - (n)) * x_step + j, x_step);                        \
    }

/* y[j][i] = x[i][j]. Rows of x are x_step apart, those of y y_step. */
ALWAYS_INLINE void turn(REAL *restrict y, size_t y_step, const REAL *restrict x, size_t x_step, size_t rows,
                        size_t columns)
{
    size_t j = 0;
#ifdef TILES_OF_8
    TURN_TILES(8, turn_8)
#endif
#ifdef TILES_OF_4
    TURN_TILES(4, turn_4)
#endif
#ifdef TILES_OF_2
    TURN_TILES(2, turn_2)
#endif
    y += j * y_step, x += j;
    for (size_t l = 0, left = columns - j; l < left; l++)
        for (size_t i = 0; i < rows; i++)
            y[l * y_step + i] = x[i * x_step + l];
}

#endif
#endif
