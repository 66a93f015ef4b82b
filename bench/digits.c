#include "digits.h"

#include <stdint.h>
#include <stdlib.h>

#include <gradtape/random.h>

nn_data make_digits(void)
{
    const size_t n = (size_t)DIGIT_ROWS * DIGIT_COLUMNS;
    uint8_t *pixels = malloc(n);
    int32_t *labels = malloc(DIGIT_ROWS * sizeof *labels);
    if (!pixels || !labels)
        exit(1);
    for (size_t i = 0; i < n; i += 4) {
        const uint32_t bits = ad_random_bits(1, 0, i / 4);
        for (size_t j = 0; j < 4; j++)
            pixels[i + j] = (bits >> 8 * j & 255) < 205 ? 0 : (uint8_t)(bits >> 8 * j);
    }
    for (int i = 0; i < DIGIT_ROWS; i++)
        labels[i] = (int32_t)(ad_random_bits(1, 1, (uint64_t)i) % DIGIT_CLASSES);
    return (nn_data){
        .features = pixels, .element = NN_U8, .rows = DIGIT_ROWS, .columns = DIGIT_COLUMNS, .labels = labels};
}

/* A view's arrays are const for its readers; these were made here. */
void free_digits(nn_data *data)
{
    free((void *)(uintptr_t)data->features);
    free((void *)(uintptr_t)data->labels);
    *data = (nn_data){0};
}
