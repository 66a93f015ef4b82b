#ifndef GRADTAPE_NN_PIECES_H
#define GRADTAPE_NN_PIECES_H
/* Private to nn: the elements of a tensor in a file, a piece at a time, so that one that lies transposed in memory is
 * written and read without a second copy of all of it. */
#include <stdbool.h>

#include "safetensors.h"

/* Returns the name of a type in files. */
const char *nn_file_type_name(nn_file_type type);

/* Bytes of an element; bytes of all, false if they do not fit into 64 bits. */
size_t nn_file_element(nn_file_type type);
bool nn_file_bytes(const nn_file_tensor *tensor, uint64_t *bytes);

/* Some rows as a whole, or a part of one: its elements lie side by side in the file. */
typedef struct nn_piece {
    uint64_t row, column; /* of the first element */
    size_t rows, columns; /* 0 rows before the first piece */
} nn_piece;

/* Goes to the next piece, of `most` elements at most; false after the last one. The tensor is of rank 2. */
bool nn_next_piece(nn_piece *piece, const nn_file_tensor *tensor, size_t most);

/* Copy a piece between where it lies in the file's order and a whole transposed tensor. */
void nn_gather_piece(const nn_piece *piece, const nn_file_tensor *tensor, void *in_order, const void *transposed);
void nn_scatter_piece(const nn_piece *piece, const nn_file_tensor *tensor, const void *in_order, void *transposed);

#endif
