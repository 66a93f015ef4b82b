#ifndef GRADTAPE_NN_ROWS_H
#define GRADTAPE_NN_ROWS_H
/* Private to nn: rows that come one by one, nobody knows how many. They stand in chunks until they become arrays, so
 * nothing is copied while they grow. */
#include <stddef.h>

#include <gradtape/memory.h>

#define NN_ROWS_PARTS 5

typedef struct nn_rows {
    ad_memory *memory;
    size_t bytes[NN_ROWS_PARTS]; /* of a row in each part; 0: there is no such part */
    size_t n;                    /* rows */
    /* A chunk has some rows of each part, the parts one behind the other. */
    size_t per_chunk;
    size_t from[NN_ROWS_PARTS]; /* where a part begins in a chunk */
    size_t chunk_bytes;
    unsigned char **chunks;
    size_t n_chunks, room;
} nn_rows;

/* Begins with no rows. Returns false if a row is larger than memory. */
bool nn_rows_open(nn_rows *rows, ad_memory *memory, const size_t bytes[NN_ROWS_PARTS]);

/* Adds a row of garbage. Returns false if memory is out. */
bool nn_rows_add(nn_rows *rows);

/* A row of a part. */
static inline void *nn_rows_at(const nn_rows *rows, size_t part, size_t row)
{
    return rows->chunks[row / rows->per_chunk] + rows->from[part] + row % rows->per_chunk * rows->bytes[part];
}

/* Of more rows than two, the first and the last one stay. */
void nn_rows_keep_ends(nn_rows *rows);

/* Makes each part an array of just the rows that there are, which the caller releases; NULL for a part that is not
 * there, and for all if there are no rows. The rows are gone. Returns false if memory is out: the rows are then as
 * they were, and there are no arrays. */
bool nn_rows_to_arrays(nn_rows *rows, void *arrays[NN_ROWS_PARTS]);

void nn_rows_close(nn_rows *rows);

#endif
