#ifndef TESTS_MIXED_COLUMNS_H
#define TESTS_MIXED_COLUMNS_H
/* A table of numbers and categories with missing values, and what scikit-learn 1.9 makes of it: SimpleImputer,
 * StandardScaler's formula over the values that are there, MinMaxScaler, OneHotEncoder(handle_unknown="ignore"), fitted
 * to the first six rows. */
#include <math.h>

#include <gradtape/data.h>

enum { MIXED_ROWS = 9, MIXED_LEARNT = 6, MIXED_COLUMNS = 5, MIXED_INPUTS = 12 };

/* The last three rows are for testing: level 1 of colour is only there. */
static const double mixed_features[MIXED_ROWS][MIXED_COLUMNS] = {
    {21.5, 2, 0.25, -1.0, 0},
    {(double)NAN, 0, 1.5, 2.0, 1},
    {40.0, 2, (double)NAN, 4.5, (double)NAN},
    {33.25, (double)NAN, -3, 0.5, 1},
    {18.0, 3, 2.75, 8.0, 0},
    {(double)NAN, 0, 0.0, -2.25, (double)NAN},
    {50.0, 1, 0.5, 1.0, (double)NAN},
    {(double)NAN, (double)NAN, (double)NAN, (double)NAN, 1},
    {20.0, 3, -1.0, 3.0, 0}};

static const char *const mixed_colours[] = {"red", "green", "blue", "grey"};
static const char *const mixed_shapes[] = {"round", "long"};

/* Columns without features stand among those that have some. */
static const nn_column mixed_columns[] = {
    {.name = "name", .kind = NN_COLUMN_ID},
    {.name = "age"},
    {.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = {mixed_colours, 4}},
    {.name = "label", .kind = NN_COLUMN_LABEL, .width = 1},
    {.name = "size", .width = 2},
    {.name = "shape", .kind = NN_COLUMN_CATEGORY, .width = 1, .levels = {mixed_shapes, 2}},
};

/* The features as numbers, in `element`, f32 or f64, from a row on. */
static inline nn_data mixed_data(nn_element element, void *room, int64_t first, int64_t rows)
{
    for (int64_t i = 0; i < rows * MIXED_COLUMNS; i++)
        if (element == NN_F64)
            ((double *)room)[i] = mixed_features[first + i / MIXED_COLUMNS][i % MIXED_COLUMNS];
        else
            ((float *)room)[i] = (float)mixed_features[first + i / MIXED_COLUMNS][i % MIXED_COLUMNS];
    return (nn_data){.features = room,
                     .element = element,
                     .rows = rows,
                     .columns = MIXED_COLUMNS,
                     .schema = NN_SCHEMA(mixed_columns)};
}

/* Inputs with an input for each number that may be missing: columns 1 and 7. Of the scalings none, global, feature and
 * minmax. */
static const nn_scaling_kind mixed_scalings[] = {NN_SCALE_NONE, NN_SCALE_GLOBAL, NN_SCALE_FEATURE, NN_SCALE_MINMAX};
static const double mixed_inputs[4][MIXED_ROWS][MIXED_INPUTS] = {
    /* none */
    {{21.5, 0, 0, 1, 0, 0, 0.25, 0, -1, 1, 0, 0},
     {28.1875, 1, 1, 0, 0, 0, 1.5, 0, 2, 0, 1, 0},
     {40, 0, 0, 1, 0, 0, 0.3, 1, 4.5, 0, 0, 1},
     {33.25, 0, 0, 0, 0, 1, -3, 0, 0.5, 0, 1, 0},
     {18, 0, 0, 0, 1, 0, 2.75, 0, 8, 1, 0, 0},
     {28.1875, 1, 1, 0, 0, 0, 0, 0, -2.25, 0, 0, 1},
     {50, 0, 0, 0, 0, 0, 0.5, 0, 1, 0, 0, 1},
     {28.1875, 1, 0, 0, 0, 1, 0.3, 1, 1.958333333, 0, 1, 0},
     {20, 0, 0, 0, 1, 0, -1, 0, 3, 1, 0, 0}},
    /* global */
    {{1.005345276, 0, 0, 1, 0, 0, -0.625462901, 0, -0.721392793, 1, 0, 0},
     {1.518570202, 1, 1, 0, 0, 0, -0.529533008, 0, -0.491161051, 0, 1, 0},
     {2.425107688, 0, 0, 1, 0, 0, -0.621625705, 1, -0.299301265, 0, 0, 1},
     {1.907086267, 0, 0, 0, 0, 1, -0.874880622, 0, -0.606276922, 0, 1, 0},
     {0.736741576, 0, 0, 0, 1, 0, -0.433603115, 0, -0.030697566, 1, 0, 0},
     {1.518570202, 1, 1, 0, 0, 0, -0.644648879, 0, -0.817322686, 0, 0, 1},
     {3.19254683, 0, 0, 0, 0, 0, -0.606276922, 0, -0.567904965, 0, 0, 1},
     {1.518570202, 1, 0, 0, 0, 1, -0.621625705, 1, -0.494358714, 0, 1, 0},
     {0.890229405, 0, 0, 0, 1, 0, -0.721392793, 0, -0.414417137, 1, 0, 0}},
    /* feature */
    {{-0.7551896, 0, 0, 1, 0, 0, -0.026046613, 0, -0.856666118, 1, 0, 0},
     {0, 1, 1, 0, 0, 0, 0.625118713, 0, 0.01206572, 0, 1, 0},
     {1.333933032, 0, 0, 1, 0, 0, 0, 1, 0.736008918, 0, 0, 1},
     {0.571685585, 0, 0, 0, 0, 1, -1.719076462, 0, -0.422300199, 0, 1, 0},
     {-1.150429017, 0, 0, 0, 1, 0, 1.27628404, 0, 1.749529396, 1, 0, 0},
     {0, 1, 1, 0, 0, 0, -0.156279678, 0, -1.218637717, 0, 0, 1},
     {2.46318851, 0, 0, 0, 0, 0, 0.104186452, 0, -0.277511559, 0, 0, 1},
     {0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0},
     {-0.924577922, 0, 0, 0, 1, 0, -0.677211939, 0, 0.301642999, 1, 0, 0}},
    /* minmax */
    {{0.159090909, 0, 0, 1, 0, 0, 0.565217391, 0, 0.12195122, 1, 0, 0},
     {0.463068182, 1, 1, 0, 0, 0, 0.782608696, 0, 0.414634146, 0, 1, 0},
     {1, 0, 0, 1, 0, 0, 0.573913043, 1, 0.658536585, 0, 0, 1},
     {0.693181818, 0, 0, 0, 0, 1, 0, 0, 0.268292683, 0, 1, 0},
     {0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0},
     {0.463068182, 1, 1, 0, 0, 0, 0.52173913, 0, 0, 0, 0, 1},
     {1.454545455, 0, 0, 0, 0, 0, 0.608695652, 0, 0.317073171, 0, 0, 1},
     {0.463068182, 1, 0, 0, 0, 1, 0.573913043, 1, 0.410569106, 0, 1, 0},
     {0.090909091, 0, 0, 0, 1, 0, 0.347826087, 0, 0.512195122, 1, 0, 0}},
};

/* Input j without those two columns. */
static inline int mixed_input_of_mean(int j) { return j < 1 ? j : j < 6 ? j + 1 : j + 2; }

#endif
