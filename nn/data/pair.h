#ifndef GRADTAPE_NN_PAIR_H
#define GRADTAPE_NN_PAIR_H
/* Private to nn: data sets that are a pair of files or FILEs, one with features, one with what is true of each row. */
#include "source.h"

/* What differs between formats. Each reader takes a source that stands at its beginning; `features` is the name of the
 * features in messages. */
typedef struct nn_pair_format {
    const char *function; /* that reads paths, for messages; the one for FILEs has _stream behind it */
    const char *file;     /* "an IDX file" */
    const char *remedy;
    ad_status (*read_features)(nn_source *source, nn_data *data);
    ad_status (*read_truth)(nn_source *source, const char *features, nn_data *data);
} nn_pair_format;

/* Read a pair; labels NULL or without a FILE: features only. They are the whole of a public call. */
ad_status nn_pair_read_paths(nn_dataset *dataset, const char *features, const char *labels,
                             const nn_pair_format *format);
ad_status nn_pair_read_streams(nn_dataset *dataset, nn_stream features, nn_stream labels, const nn_pair_format *format);

#endif
