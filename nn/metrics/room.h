#ifndef GRADTAPE_NN_METRICS_ROOM_H
#define GRADTAPE_NN_METRICS_ROOM_H
/* Private to this folder: the figures of an outcome while they are computed, and the rows of the table. */
#include <gradtape/metrics.h>

#include "../total.h"

/* A row with its score, for sorting. */
typedef struct nn_scored {
    double score, weight;
    int64_t row;
    bool is_positive;
} nn_scored;

/* One figure while it is computed. */
typedef struct nn_figure_room {
    const struct nn_metric_row *row;
    ad_shape shape;
    size_t count;
    double *values;
    bool *defined;
    const char *undefined;
} nn_figure_room;

struct nn_metrics {
    ad_memory memory;
    ad_status status;
    char message[400];
    nn_outcome of;      /* its arrays are there while the figures are computed */
    int64_t counted;    /* rows whose weight is not 0 */
    double weight;      /* of all rows */
    size_t n_table;     /* NN_CLASSES: [true, predicted]; NN_LABELS: [columns, true, predicted] */
    nn_total *table;    /* [n_table] weights of rows */
    double *hits;       /* [columns] right, of the class or label */
    double *alarms;     /* [columns] called so, but wrong */
    double *misses;     /* [columns] not called so, but true */
    int32_t *predicted; /* [rows] or [rows, columns] */
    nn_scored *ranked;  /* [rows] */
    size_t n_figures, n_values;
    nn_figure_room *figures; /* [n_figures] */
    double *values;          /* [n_values], of all figures; `defined` likewise */
    bool *defined;
};

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* The shape of a figure. */
typedef enum nn_figure_kind {
    NN_ONE,   /* [] */
    NN_EACH,  /* [columns] */
    NN_RANKS, /* [columns - 1] */
    NN_TABLE  /* of counts */
} nn_figure_kind;

/* How many classes an outcome must have. */
typedef enum nn_class_count { NN_ANY_CLASSES, NN_TWO_CLASSES, NN_MORE_CLASSES } nn_class_count;

/* A row of the table: what the public one has, and how it is computed. */
typedef struct nn_metric_row {
    nn_metric shown;
    nn_figure_kind kind;
    void (*compute)(const nn_metrics *m, nn_figure_room *f);
    int which; /* of precision, recall and f1, or of the errors or the means of a regression */
    nn_class_count classes;
} nn_metric_row;

/* The rows of a file. */
typedef struct nn_metric_rows {
    const nn_metric_row *at;
    size_t count;
    bool need_probabilities; /* NN_CLASSES may lack them */
} nn_metric_rows;

extern const nn_metric_rows nn_rows_by_counts, nn_rows_by_probabilities, nn_rows_by_scores, nn_rows_of_regression;

/* ---- Giving numbers ---------------------------------------------------------------------------------------------- */

extern const char nn_few_rows[]; /* why a figure of one row is not defined */

/* Gives element i of a figure; a number that is not finite is not defined. */
void nn_give(nn_figure_room *f, size_t i, double value);

/* Says why the figure, or an element of it, is not defined. */
void nn_refuse(nn_figure_room *f, const char *why);

/* Whether there are rows; if not, the figure says so. */
bool nn_has_rows(const nn_metrics *m, nn_figure_room *f);

/* Whether there are at least so many rows, without weights; if not, the figure says so. */
bool nn_has_rows_for_error(const nn_metrics *m, nn_figure_room *f, int64_t least);

/* A number of a row. */
typedef double nn_row_number(const nn_metrics *m, int64_t row);

/* Gives the mean over the rows, and its standard error: the deviation with divisor n - 1, over the root of n. */
void nn_give_mean(const nn_metrics *m, nn_figure_room *f, nn_row_number *number);
void nn_give_standard_error(const nn_metrics *m, nn_figure_room *f, nn_row_number *number);

/* The weight of a row, element i of an array of the outcome's type, and the probability of a class or label. */
static inline double nn_weight_at(const nn_outcome *of, int64_t row) { return of->weights ? of->weights[row] : 1; }
double nn_number_in(const void *array, nn_element element, size_t i);
double nn_probability_of(const nn_metrics *m, int64_t row, int64_t column);

#endif
