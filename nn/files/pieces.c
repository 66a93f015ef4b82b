/* The elements of a tensor in a file, a piece at a time. */
#include "pieces.h"

#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are little-endian, and so must be the processor"
#endif

const char *nn_file_type_name(nn_file_type type)
{
#define NAME_OF(name, bytes) #name,
    static const char *const names[] = {NN_FILE_TYPE_LIST(NAME_OF)};
#undef NAME_OF
    return names[type];
}

size_t nn_file_element(nn_file_type type)
{
#define BYTES_OF(name, bytes) bytes,
    static const size_t bytes[] = {NN_FILE_TYPE_LIST(BYTES_OF)};
#undef BYTES_OF
    return bytes[type];
}

bool nn_file_bytes(const nn_file_tensor *t, uint64_t *bytes)
{
    *bytes = nn_file_element(t->type);
    for (int i = 0; i < t->rank; i++) {
        const uint64_t size = (uint64_t)t->sizes[i];
        if (size > 0 && *bytes > UINT64_MAX / size)
            return false;
        *bytes *= size;
    }
    return true;
}

bool nn_next_piece(nn_piece *p, const nn_file_tensor *t, size_t most)
{
    const uint64_t rows = (uint64_t)t->sizes[0], columns = (uint64_t)t->sizes[1];
    p->column += p->columns;
    if (p->rows == 0 || p->column == columns) { /* the end of a row, or the beginning */
        p->row += p->rows;
        p->column = 0;
    }
    if (p->row == rows || columns == 0)
        return false;
    const uint64_t whole = most / columns, rest = columns - p->column;
    p->rows = whole == 0 ? 1 : (size_t)(rows - p->row < whole ? rows - p->row : whole);
    p->columns = whole == 0 && rest > most ? most : (size_t)rest;
    return true;
}

/* Elements are copied one by one: `to` and `from` begin at the first one, and step from row to row and column to column
 * by so many elements. The compiler makes one move of a memcpy of constant size. */
#define COPY_ELEMENTS(bytes)                                                                                           \
    for (size_t j = 0; j < columns; j++)                                                                               \
        for (size_t i = 0; i < rows; i++)                                                                              \
    memcpy(to + (i * to_row + j * to_column) * (bytes), from + (i * from_row + j * from_column) * (bytes), bytes)

static void copy_elements(size_t bytes, size_t rows, size_t columns, char *to, size_t to_row, size_t to_column,
                          const char *from, size_t from_row, size_t from_column)
{
    if (bytes == 8)
        COPY_ELEMENTS(8);
    else if (bytes == 4)
        COPY_ELEMENTS(4);
    else
        COPY_ELEMENTS(1);
}

/* The transposed element [column, row] of a piece's first one. */
static size_t first_transposed(const nn_piece *p, const nn_file_tensor *t)
{
    return ((size_t)p->column * (size_t)t->sizes[0] + (size_t)p->row) * nn_file_element(t->type);
}

void nn_gather_piece(const nn_piece *p, const nn_file_tensor *t, void *in_order, const void *transposed)
{
    copy_elements(nn_file_element(t->type), p->rows, p->columns, in_order, p->columns, 1,
                  (const char *)transposed + first_transposed(p, t), 1, (size_t)t->sizes[0]);
}

void nn_scatter_piece(const nn_piece *p, const nn_file_tensor *t, const void *in_order, void *transposed)
{
    copy_elements(nn_file_element(t->type), p->rows, p->columns, (char *)transposed + first_transposed(p, t), 1,
                  (size_t)t->sizes[0], in_order, p->columns, 1);
}
