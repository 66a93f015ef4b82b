/* Rows drawn at random. */
#include <gradtape/random.h>
#include <gradtape/split.h>

#include "data_check.h"
#include "view.h"

#define SAMPLE ((UINT64_C(1) << 55) + 1) /* beside the numbers of nn_split_open */

/* Number `draw` of a sample, uniform in 0 .. n-1. The modulo bias is below n / 2^64. */
static int64_t number_below(int64_t n, uint64_t seed, uint64_t draw)
{
    const uint64_t stream = ad_stream(AD_STREAM_SPLIT, SAMPLE);
    const uint64_t high = ad_random_bits(seed, stream, 2 * draw), low = ad_random_bits(seed, stream, 2 * draw + 1);
    return (int64_t)((high << 32 | low) % (uint64_t)n);
}

/* Algorithm R (Vitter 1985) gives n of the rows, Fisher and Yates their order. */
static void draw(int64_t rows, int64_t n, uint64_t seed, int32_t *index)
{
    uint64_t draws = 0;
    for (int64_t i = 0; i < n; i++)
        index[i] = (int32_t)i;
    for (int64_t i = n; i < rows; i++) {
        const int64_t at = number_below(i + 1, seed, draws++);
        if (at < n)
            index[at] = (int32_t)i;
    }
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t at = number_below(i + 1, seed, draws++);
        const int32_t other = index[at];
        index[at] = index[i];
        index[i] = other;
    }
}

nn_data nn_sample(const nn_data *data, int64_t n, uint64_t seed, int32_t *index)
{
    char message[400];
    if (!index || nn_view_check(data, message, sizeof message) != AD_OK || n < 1 || n > data->rows)
        return (nn_data){0};
    nn_data sample = *data;
    draw(data->rows, n, seed, index);
    for (int64_t i = 0; i < n; i++)
        index[i] = (int32_t)nn_row_of(data, index[i]);
    sample.index = index;
    sample.array_rows = nn_array_rows(data);
    sample.rows = n;
    return sample;
}
