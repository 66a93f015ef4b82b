/* Copying elements between arrays that are laid out differently. */
#include "kernel.h"

#ifdef AD_REAL

#if AD_REAL_BITS == 32 && defined(__AVX__)
#include <immintrin.h>
enum { SQUARE = 8 };

/* Eight rows of eight in registers: pairs, then fours, then halves change places. */
static void transpose_square(const REAL *x, size_t n, REAL *y, size_t m)
{
    __m256 r[SQUARE], s[SQUARE];
    for (size_t i = 0; i < SQUARE; i++)
        r[i] = _mm256_loadu_ps(x + i * n);
    for (size_t i = 0; i < SQUARE; i += 2) {
        s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (size_t i = 0; i < SQUARE; i += 4)
        for (size_t k = 0; k < 2; k++) {
            r[i + 2 * k] = _mm256_shuffle_ps(s[i + k], s[i + k + 2], 0x44);
            r[i + 2 * k + 1] = _mm256_shuffle_ps(s[i + k], s[i + k + 2], 0xEE);
        }
    for (size_t i = 0; i < SQUARE / 2; i++) {
        _mm256_storeu_ps(y + i * m, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_storeu_ps(y + (i + 4) * m, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}
#else
enum { SQUARE = 4 };

static void transpose_square(const REAL *x, size_t n, REAL *y, size_t m)
{
    for (size_t j = 0; j < SQUARE; j++)
        for (size_t i = 0; i < SQUARE; i++)
            y[j * m + i] = x[i * n + j];
}
#endif

/* As many rows of x as are read side by side: their cache lines are still there for the next square. */
enum { ROWS = 64 };

/* y [n,m] = x [m,n] transposed, in squares, and what is left of the edges one by one; size = {m, n}, step = {elements
 * from row to row of y, of x}. */
LOOP(transpose)
{
    const REAL *restrict X = s->array[1];
    REAL *restrict Y = s->array[0];
    const size_t m = s->size[0], n = s->size[1], m_squares = m - m % SQUARE, n_squares = n - n % SQUARE;
    const size_t y_row = s->step[0], x_row = s->step[1];
    for (size_t from = 0; from < m_squares; from += ROWS)
        for (size_t j = 0; j < n_squares; j += SQUARE)
            for (size_t i = from; i < m_squares && i < from + ROWS; i += SQUARE)
                transpose_square(X + i * x_row + j, x_row, Y + j * y_row + i, y_row);
    for (size_t i = 0; i < m; i++)
        for (size_t j = i < m_squares ? n_squares : 0; j < n; j++)
            Y[j * y_row + i] = X[i * x_row + j];
}

#else

#include <string.h>

#include "strided_copy.h"

LOOP_TABLE(transpose)

/* ---- Laying out -------------------------------------------------------------------------------------------------- */

void ad_dense_steps(const ad_shape *shape, size_t bytes, ptrdiff_t steps[AD_MAX_RANK])
{
    size_t step = bytes; /* beside a size of 0 the others may be too large for any product */
    for (int i = shape->rank - 1; i >= 0; i--) {
        steps[i] = (ptrdiff_t)step;
        step *= (size_t)shape->dims[i];
    }
}

void ad_add_axis(ad_strided_copy *copy, int64_t size, ptrdiff_t to_step, ptrdiff_t from_step)
{
    const int last = copy->n_axes - 1;
    copy->is_empty = copy->is_empty || size == 0;
    if (size <= 1)
        return;
    if (last >= 0 && copy->to_step[last] == to_step * size && copy->from_step[last] == from_step * size) {
        copy->size[last] *= (size_t)size;
        copy->to_step[last] = to_step;
        copy->from_step[last] = from_step;
        return;
    }
    copy->size[copy->n_axes] = (size_t)size;
    copy->to_step[copy->n_axes] = to_step;
    copy->from_step[copy->n_axes++] = from_step;
}

/* ---- Copying planes ---------------------------------------------------------------------------------------------- */

/* Two axes of a copy at one place of the others: n rows of k elements. */
typedef struct plane {
    char *to;
    const char *from;
    size_t bytes, n, k;
    ptrdiff_t to_row, from_row, to_step, from_step;
} plane;

enum { SHORT_RUN = 8 };

/* One by one; `bytes` is a number that the compiler knows. */
static inline void copy_elements(const plane *p, size_t bytes)
{
    for (size_t i = 0; i < p->n; i++) {
        char *to = p->to + (ptrdiff_t)i * p->to_row;
        const char *from = p->from + (ptrdiff_t)i * p->from_row;
        for (size_t j = 0; j < p->k; j++)
            memcpy(to + (ptrdiff_t)j * p->to_step, from + (ptrdiff_t)j * p->from_step, bytes);
    }
}

static inline void repeat_elements(const plane *p, size_t bytes)
{
    for (size_t i = 0; i < p->n; i++) {
        char *to = p->to + (ptrdiff_t)i * p->to_row;
        char element[sizeof(double)];
        memcpy(element, p->from + (ptrdiff_t)i * p->from_row, bytes);
        for (size_t j = 0; j < p->k; j++)
            memcpy(to + j * bytes, element, bytes);
    }
}

static void copy_runs(const plane *p)
{
    for (size_t i = 0; i < p->n; i++)
        memcpy(p->to + (ptrdiff_t)i * p->to_row, p->from + (ptrdiff_t)i * p->from_row, p->k * p->bytes);
}

/* Whether the rows of one array are the columns of the other. */
static bool is_transposed(const plane *p)
{
    const ptrdiff_t bytes = (ptrdiff_t)p->bytes;
    return p->to_step == bytes && p->from_row == bytes && p->from_step > 0 && p->to_row > 0 &&
           p->from_step % bytes == 0 && p->to_row % bytes == 0;
}

/* Elements are only copied: those as wide as f32 are copied as f32. */
static void copy_transposed(const plane *p)
{
    const size_t to_row = (size_t)p->to_row / p->bytes, from_row = (size_t)p->from_step / p->bytes;
    const ad_span span = {
        .array = {p->to, (void *)(uintptr_t)p->from}, .step = {to_row, from_row}, .size = {p->k, p->n}};
    ad_loop_for(&transpose_loops, p->bytes == sizeof(double) ? AD_F64 : AD_F32)(&span);
}

static void copy_plane(const plane *p)
{
    const ptrdiff_t bytes = (ptrdiff_t)p->bytes;
    const bool is_wide = p->bytes == sizeof(double);
    if (p->to_step == bytes && p->from_step == bytes && p->k >= SHORT_RUN)
        copy_runs(p);
    else if (is_transposed(p))
        copy_transposed(p);
    else if (p->to_step == bytes && p->from_step == 0)
        is_wide ? repeat_elements(p, sizeof(double)) : repeat_elements(p, sizeof(float));
    else
        is_wide ? copy_elements(p, sizeof(double)) : copy_elements(p, sizeof(float));
}

/* ---- Copying all ------------------------------------------------------------------------------------------------- */

static void remove_axis(ad_strided_copy *copy, int axis)
{
    const size_t after = (size_t)(--copy->n_axes - axis);
    memmove(copy->size + axis, copy->size + axis + 1, after * sizeof copy->size[0]);
    memmove(copy->to_step + axis, copy->to_step + axis + 1, after * sizeof copy->to_step[0]);
    memmove(copy->from_step + axis, copy->from_step + axis + 1, after * sizeof copy->from_step[0]);
}

/* The axis that makes a plane with the last one. It is the axis along which the source is dense, so that the plane can
 * be copied in transposed squares. If there is no such axis, or it is the last one, it is the last but one. */
static int row_axis(const ad_strided_copy *copy)
{
    for (int i = copy->n_axes - 2; i >= 0 && copy->from_step[copy->n_axes - 1] != (ptrdiff_t)copy->bytes; i--)
        if (copy->from_step[i] == (ptrdiff_t)copy->bytes)
            return i;
    return copy->n_axes - 2;
}

/* Takes the two axes of a plane out of a copy. */
static plane take_plane(ad_strided_copy *copy)
{
    plane p = {.to = copy->to, .from = copy->from, .bytes = copy->bytes, .n = 1, .k = 1};
    const int row = row_axis(copy);
    if (copy->n_axes) {
        p.k = copy->size[copy->n_axes - 1];
        p.to_step = copy->to_step[copy->n_axes - 1];
        p.from_step = copy->from_step[--copy->n_axes];
    }
    if (row >= 0) {
        p.n = copy->size[row];
        p.to_row = copy->to_step[row];
        p.from_row = copy->from_step[row];
        remove_axis(copy, row);
    }
    return p;
}

/* Counts the other axes up by one, as an odometer; false after the last. */
static bool advance(const ad_strided_copy *copy, size_t index[], plane *p)
{
    for (int i = copy->n_axes - 1; i >= 0; i--) {
        const bool carry = ++index[i] == copy->size[i];
        const ptrdiff_t by = carry ? -(ptrdiff_t)(copy->size[i] - 1) : 1;
        p->to += by * copy->to_step[i];
        p->from += by * copy->from_step[i];
        if (!carry)
            return true;
        index[i] = 0;
    }
    return false;
}

void ad_copy_strided(const ad_strided_copy *copy)
{
    size_t index[2 * AD_MAX_RANK] = {0};
    ad_strided_copy outer = *copy;
    plane p = take_plane(&outer);
    if (copy->is_empty)
        return;
    do
        copy_plane(&p);
    while (advance(&outer, index, &p));
}

#endif
