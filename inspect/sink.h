#ifndef INSPECT_SINK_H
#define INSPECT_SINK_H
/* Where output goes: a FILE of the caller's, a new file that takes its name when it is whole, or an array. The first
 * failure is kept, and nothing is written after it. */
#include <gradtape/show.h>

typedef struct ad_sink {
    const char *who; /* the function that was called, in messages: "print" */
    FILE *file;
    ad_shown shown;   /* how it went so far */
    char *path;       /* of a new file; NULL: the caller's FILE */
    char *unfinished; /* the name that it has until it is whole; it lies behind the path */
    size_t bytes;     /* of both names */
    ad_memory memory;
    char *text; /* the array; NULL: none */
    size_t room;
} ad_sink;

/* A sink over the caller's FILE. Messages name the function that calls this, here and below. */
#define ad_sink_over(file) ad_sink_over_for(__func__, file)
ad_sink ad_sink_over_for(const char *function, FILE *file);

/* A sink that makes a file, with memory from the tape's allocator. It is closed by ad_sink_close, also after a failure.
 */
#define ad_sink_open(t, path) ad_sink_open_for(__func__, t, path)
ad_sink ad_sink_open_for(const char *function, const ad_tape *t, const char *path);

/* A sink into an array of `size` bytes, at least 1: a string, which ends before the first character that has no room.
 */
ad_sink ad_sink_into(char *text, size_t size);

/* Finishes: what was written is flushed, a new file gets its name or is removed. */
ad_shown ad_sink_close(ad_sink *sink);

/* Fails, if nothing failed before. */
void ad_sink_fail(ad_sink *sink, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Fails, with what x is to the function that was called, unless x is valid. */
bool ad_sink_check_tensor(ad_sink *sink, const char *what, ad_tensor x);

static inline bool ad_sink_is_good(const ad_sink *sink) { return sink->shown.status == AD_OK; }

/* Writes. A format must print no number with a point (%g, %f): ad_put_number does. */
void ad_put(ad_sink *sink, const char *text);
void ad_put_bytes(ad_sink *sink, const char *bytes, size_t n);
void ad_put_format(ad_sink *sink, const char *format, ...) AD_PRINTF(2, 3);

#endif
