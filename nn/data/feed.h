#ifndef GRADTAPE_NN_FEED_H
#define GRADTAPE_NN_FEED_H
/* Private to nn: rows of a feed, window by window, as data in memory. What reads all rows once, in their order, takes
 * data by parts: data in memory are one part. */
#include <gradtape/feed.h>

/* Returns the first and the last row, or the only one, in memory: what is true of columns is true of them. They have no
 * weights, because both may be 0. */
nn_data nn_feed_ends(const nn_feed *feed);

/* Returns a row without features for each different label; no rows: there are no labels. */
nn_data nn_feed_labels(const nn_feed *feed);

/* How often each feature is missing, [columns]. */
const int64_t *nn_feed_missing(const nn_feed *feed);

/* The largest weight of a row, 1 without weights. */
double nn_feed_largest_weight(const nn_feed *feed);

/* The rows that are in memory by default. */
int64_t nn_feed_default_window(const nn_feed *feed);

/* Data in memory that stand for these when columns and what is true of rows are checked: themselves, or the ends of
 * their feed. */
static inline nn_data nn_in_memory(const nn_data *data) { return data->feed ? nn_feed_ends(data->feed) : *data; }

/* ---- Parts ------------------------------------------------------------------------------------------------------- *
 *   for (nn_parts p = nn_parts_of(data); nn_next_part(&p);)
 *       ... p.part ...
 * A file that cannot be read any more ends the parts: nn_feed_status then says so. */

typedef struct nn_parts {
    const nn_data *whole;
    nn_data part;
    int64_t next; /* the row behind it */
} nn_parts;

nn_parts nn_parts_of(const nn_data *whole);
bool nn_next_part(nn_parts *parts);

#endif
