#ifndef DIGIT_H
#define DIGIT_H
/* The files of the lesson on a digit, and images as text. */
#include <math.h>
#include <string.h>

#include "lesson.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE, MARGIN = 4, DIGITS = 10, GREY_LEVELS = 255 };

/* Reads the image; its pixels go from 0 to 1. */
static inline bool read_image(const char *path, float pixels[PIXELS])
{
    nn_dataset *d = nn_dataset_open(NULL);
    nn_dataset_read_idx(d, path, NULL);
    const nn_data image = nn_dataset_data(d);
    const bool fits = image.rows == 1 && image.columns == PIXELS && image.element == NN_U8;
    if (nn_dataset_status(d))
        fprintf(stderr, "digit: %s\n", nn_dataset_message(d));
    else if (!fits)
        fprintf(stderr, "digit: %s: it is not one image of 28 x 28 bytes\n", path);
    for (int i = 0; i < PIXELS && fits; i++)
        pixels[i] = (float)((const uint8_t *)image.features)[i] / GREY_LEVELS;
    nn_dataset_close(d);
    return fits;
}

/* Returns whether the network has one hidden layer, and takes such an image. */
static inline bool is_for_digits(nn_classifier *network, const char *path)
{
    const bool is = nn_classifier_parameter_count(network) == 4 && nn_classifier_class_count(network) == DIGITS &&
                    ad_shape_of(nn_classifier_parameter(network, 0)).dims[0] == PIXELS;
    if (!is)
        fprintf(stderr, "digit: %s: it is not a network with 784 inputs, one hidden layer and ten classes\n", path);
    return is;
}

/* Prints two images side by side, two characters a pixel, without the margin that is empty in all of MNIST. */
static inline void print_images(const float *a, const float *b)
{
    static const char grey[] = " .:-=+*#%@";
    for (int i = MARGIN; i < SIDE - MARGIN; i++) {
        for (int j = MARGIN; j < 2 * SIDE - MARGIN; j++) {
            const bool is_between = j >= SIDE - MARGIN && j < SIDE + MARGIN;
            const float pixel = (j < SIDE ? a : b)[i * SIDE + j % SIDE];
            const char c = is_between ? ' ' : grey[(int)(9 * pixel)];
            printf("%c%c", c, c);
        }
        printf("\n");
    }
}

/* Prints the pixels' numbers as a table, in percent of `whole`. */
static inline void print_percent(const char *title, const float *numbers, float whole)
{
    double percent[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        percent[i] = round(100.0 * (double)(numbers[i] / whole)) + 0; /* not -0 */
    print_grid((grid){.title = title, .rows = SIDE, .columns = SIDE, .right = SIDE - 1, .bottom = SIDE - 1}, percent);
}

#endif
