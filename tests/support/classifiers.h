#ifndef TESTS_CLASSIFIERS_H
#define TESTS_CLASSIFIERS_H
/* Small classifiers and the data that they learn: what the suites of the classifier, of training and of batches share.
 */
#include <gradtape/gradtape.h>

#include "counting.h"

enum { MAX_ROWS = 1500, MAX_COLUMNS = 6, CLASSES = 3, COLUMNS = 4 };

/* A data set and the arrays that it is a view of. */
typedef struct table {
    nn_data data;
    float x[MAX_ROWS * MAX_COLUMNS];
    int32_t labels[MAX_ROWS];
} table;

/* Numbers in [-1, 1), always the same for a stream. */
double cloud_noise(uint64_t stream, int64_t i);

/* Clouds around a corner for each class, so far apart that a plane separates them. */
void fill_clouds(table *t, int64_t rows, uint64_t stream);

/* Label 1 where the signs of both features differ: no plane separates the classes. */
void fill_exclusive_or(table *t, int64_t rows);

/* The fixture: every classifier takes its memory from an allocator that watches, and learns 47 rows of `train`. */
extern counting memory;
extern table train, test;
void open_clouds(void);
void close_clouds(void);

nn_classifier *open_with(nn_classifier_options options);
extern const nn_classifier_options small_net;
nn_classifier *open_small(void);
void fit(nn_classifier *c, const table *t, int64_t batch_size, int64_t steps);

/* All that can be seen of a classifier from outside: parameters, slots, step, and what it makes of data. */
typedef struct state {
    int64_t step;
    size_t n;
    float kept[2000];
    float logits[MAX_ROWS * CLASSES];
} state;

/* For a test to take states into. */
extern state wanted, other_state;

void take_state_on(nn_classifier *c, const nn_data *data, state *s);
void take_state(nn_classifier *c, state *s);
bool same_state(const state *a, const state *b);

/* The classifier is closed; until then it must be bit for bit as `as`. */
void close_as(nn_classifier *c, const state *as, const char *what);

/* The small net with a rate that is absurd from step 120 on: the weights of step 121 are bad. */
nn_classifier *open_sudden(void);

/* The parameters and states of both classifiers are the same, bit for bit. */
void expect_same_parts(nn_classifier *c, nn_classifier *as);

/* The state of the small net after one fit. */
void state_after(state *s, const table *t, int64_t batch_size, int64_t steps);

/* What a callback saw, and when it is to stop. */
typedef struct diary {
    nn_progress seen[256];
    int64_t n;
    int64_t stop_at; /* 0: never */
} diary;

bool keep_diary(const nn_progress *progress, void *context);
ad_status fit_with_diary(nn_classifier *c, const table *t, int64_t batch_size, int64_t steps, diary *d);

#endif
