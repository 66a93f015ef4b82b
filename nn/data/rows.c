/* Rows that come one by one. */
#include "rows.h"

#include <stdint.h>
#include <string.h>

#include "../lengthen.h"

enum { CHUNK = 1 << 20, ALIGNED = 16 };

bool nn_rows_open(nn_rows *r, ad_memory *memory, const size_t bytes[NN_ROWS_PARTS])
{
    size_t all = 0;
    *r = (nn_rows){.memory = memory};
    for (size_t k = 0; k < NN_ROWS_PARTS; k++) {
        if (bytes[k] > SIZE_MAX / 2 - all)
            return false;
        all += bytes[k];
        r->bytes[k] = bytes[k];
    }
    r->per_chunk = all < CHUNK ? CHUNK / (all ? all : 1) : 1;
    for (size_t k = 0; k < NN_ROWS_PARTS; k++) {
        r->from[k] = r->chunk_bytes;
        r->chunk_bytes += (r->per_chunk * bytes[k] + ALIGNED - 1) / ALIGNED * ALIGNED;
    }
    return true;
}

static bool grow_list(nn_rows *r)
{
    const size_t room = r->room ? 2 * r->room : 16;
    unsigned char **chunks = nn_lengthen(r->memory, r->chunks, r->n_chunks, r->room, room, sizeof *chunks);
    if (!chunks)
        return false;
    r->chunks = chunks;
    r->room = room;
    return true;
}

static bool add_chunk(nn_rows *r)
{
    if (r->n_chunks == r->room && !grow_list(r))
        return false;
    unsigned char *chunk = ad_memory_take(r->memory, r->chunk_bytes, 1);
    if (chunk)
        r->chunks[r->n_chunks++] = chunk;
    return chunk;
}

bool nn_rows_add(nn_rows *r)
{
    if (r->n == r->n_chunks * r->per_chunk && !add_chunk(r))
        return false;
    r->n++;
    return true;
}

void nn_rows_keep_ends(nn_rows *r)
{
    if (r->n <= 2)
        return;
    for (size_t part = 0; part < NN_ROWS_PARTS; part++)
        if (r->bytes[part])
            memcpy(nn_rows_at(r, part, 1), nn_rows_at(r, part, r->n - 1), r->bytes[part]);
    r->n = 2;
    for (const size_t used = (r->n - 1) / r->per_chunk + 1; r->n_chunks > used;)
        ad_memory_release(r->memory, r->chunks[--r->n_chunks], r->chunk_bytes, 1);
}

static bool take_arrays(const nn_rows *r, void *arrays[NN_ROWS_PARTS])
{
    bool are_there = true;
    for (size_t k = 0; k < NN_ROWS_PARTS; k++) {
        arrays[k] = r->bytes[k] && r->n && are_there ? ad_memory_take(r->memory, r->n, r->bytes[k]) : NULL;
        are_there = are_there && (arrays[k] || r->bytes[k] == 0 || r->n == 0);
    }
    for (size_t k = 0; k < NN_ROWS_PARTS && !are_there; k++) {
        ad_memory_release(r->memory, arrays[k], r->n, r->bytes[k]);
        arrays[k] = NULL;
    }
    return are_there;
}

bool nn_rows_to_arrays(nn_rows *r, void *arrays[NN_ROWS_PARTS])
{
    if (!take_arrays(r, arrays))
        return false;
    for (size_t i = 0; i < r->n_chunks; i++) {
        const size_t first = i * r->per_chunk, rest = r->n - first;
        for (size_t k = 0; k < NN_ROWS_PARTS; k++)
            if (arrays[k])
                memcpy((unsigned char *)arrays[k] + first * r->bytes[k], r->chunks[i] + r->from[k],
                       (rest < r->per_chunk ? rest : r->per_chunk) * r->bytes[k]);
        ad_memory_release(r->memory, r->chunks[i], r->chunk_bytes, 1); /* as soon as it is copied */
        r->chunks[i] = NULL;
    }
    nn_rows_close(r);
    return true;
}

void nn_rows_close(nn_rows *r)
{
    for (size_t i = 0; i < r->n_chunks; i++)
        if (r->chunks[i])
            ad_memory_release(r->memory, r->chunks[i], r->chunk_bytes, 1);
    ad_memory_release(r->memory, r->chunks, r->room, sizeof *r->chunks);
    r->chunks = NULL;
    r->n = r->n_chunks = r->room = 0;
}
