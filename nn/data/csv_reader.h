#ifndef GRADTAPE_NN_CSV_READER_H
#define GRADTAPE_NN_CSV_READER_H
/* Private to nn: a table that is read, and what is still to be done when its last row was. */
#include "csv_columns.h"
#include "rows.h"

/* The parts of rows. */
enum { NN_CSV_FEATURES, NN_CSV_TARGETS, NN_CSV_WEIGHTS, NN_CSV_IDS, NN_CSV_LABELS };

typedef struct nn_csv_reader {
    nn_csv_options options;
    nn_csv_records records;
    nn_csv_columns columns;
    nn_content content;
    nn_text_pool pool;
    nn_levels *levels; /* [columns]: of categories, and of labels */
    nn_rows rows;
    /* Set before it is opened: */
    bool is_of_feed;  /* ids are not kept, and numbers must fit f32, as training has them */
    bool is_again;    /* not the first pass of the feed: `like` names columns by their places */
    size_t n_columns; /* those that the first pass found, and labels */
    nn_texts labels;
    /* The row that is read. */
    void *features, *targets;
    bool has_row; /* the record at hand is a row that was not taken yet */
} nn_csv_reader;

static inline void nn_csv_put_element(const nn_csv_reader *r, void *to, size_t i, double x)
{
    if (r->options.as_f32)
        ((float *)to)[i] = (float)x;
    else
        ((double *)to)[i] = x;
}

static inline double nn_csv_element(const nn_csv_reader *r, const void *from, size_t i)
{
    return r->options.as_f32 ? (double)((const float *)from)[i] : ((const double *)from)[i];
}

/* Opens a table: its first record and columns. Before that the reader is {0}, except for its content and what is set
 * for a feed. After any of these calls, whatever they returned, nn_csv_close gives back what the reader holds, but not
 * its content and the source. */
ad_status nn_csv_open(nn_csv_reader *reader, nn_source *source, const nn_csv_options *options, char delimiter);

/* Reads rows until there are `most`, or the table ends. */
ad_status nn_csv_read(nn_csv_reader *reader, size_t most);

/* Passes over n rows, whose values are not looked at. */
ad_status nn_csv_skip(nn_csv_reader *reader, int64_t n);

void nn_csv_close(nn_csv_reader *reader);

/* Keeps AD_NO_MEMORY. */
ad_status nn_csv_fail_memory(const nn_csv_reader *reader);

/* The rows become the arrays of the content: levels in their order, labels as numbers or texts, schema, notes. */
ad_status nn_csv_finish(nn_csv_reader *reader);

/* Makes arrays of some rows of a feed's table. `like` has all levels, and `labels` all labels; others are an error. The
 * content gets no schema. */
ad_status nn_csv_finish_part(nn_csv_reader *reader);

#endif
