#ifndef GRADTAPE_FEED_H
#define GRADTAPE_FEED_H
/* Data that are larger than memory: a table stays in its file, and a fit reads it once in each epoch, a window of rows
 * at a time.
 *
 *   nn_feed *feed = nn_feed_open_csv("clicks.csv", &(nn_csv_options){ .label = "clicked" }, NULL);
 *   nn_data data = nn_feed_data(feed);
 *   nn_classifier_fit(c, &data, &(nn_fit_options){ .epochs = 3 });
 *   nn_feed_close(feed);
 *
 * - The file is read once when the feed is opened. All that is wrong in it is found then, with its line.
 * - The rows of a window are taken in a random order, and windows in the order of the file. Rows that lie far apart
 *   never meet in a batch, so the file should be in no order that says anything about the labels: shuffle it once.
 * - A fit learns scaling, means and levels from all rows, to the same bits as in memory. A fit with a window of
 *   all rows has the bits of a fit in memory.
 * - A fit that goes on, in another process too, goes on at its place in the file, if window and batch are the same.
 * - The file stays open, so it may be removed or replaced by another. It must not be written to: what a fit finds of
 * that is an error (another length, a new label or category, a value that is none). */
#include <gradtape/csv.h>

/* A feed. It belongs to one thread at a time. */
typedef struct nn_feed nn_feed;

/* Zero means the default. */
typedef struct nn_feed_options {
    int64_t window; /* rows in memory at a time; 0: as many as 16 MiB hold. A fit takes as many as whole batches have */
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} nn_feed_options;

/* Opens a table as nn_dataset_read_csv reads it. `csv` is copied; it and `options` may be NULL. The id column is
 * ignored. Returns NULL only when memory for the object is out. The caller closes it. Errors are kept: those of
 * nn_dataset_read_csv; `window` is negative. Memory: a window twice, and each different level and label once. */
AD_API nn_feed *nn_feed_open_csv(const char *path, const nn_csv_options *csv, const nn_feed_options *options);

/* Frees the feed. NULL is allowed. */
AD_API void nn_feed_close(nn_feed *feed);

/* Returns the data of the feed for a fit: all rows, without arrays. They last until nn_feed_close. Such a fit takes no
 * validation_share: give it validation data in memory. Every other function refuses these data. After an error they
 * have no rows. */
AD_API nn_data nn_feed_data(nn_feed *feed);

/* Reads n rows from row `first` on, or as many as there are, which become the window, and returns them as data in
 * memory: to predict and evaluate a feed part by part. They last until the next window, also one that a fit reads. Rows
 * behind the last window are read on from there; for rows before it the file is read from its beginning. After an
 * error, and from the last row on, the data have no rows. */
AD_API nn_data nn_feed_window(nn_feed *feed, int64_t first, int64_t n);

/* Return the error and its message; AD_OK and "" if there is none. NULL gives AD_BAD_HANDLE, and a text that says so.
 */
AD_API ad_status nn_feed_status(const nn_feed *feed);
AD_API const char *nn_feed_message(const nn_feed *feed);

#endif
