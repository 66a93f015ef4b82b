#ifndef INSPECT_JSON_H
#define INSPECT_JSON_H
/* A tape as JSON. docs/tape.schema.json describes it. */
#include "sink.h"

/* Up to so many elements of a tensor are written one by one; of more, statistics. */
enum { AD_MOST_WRITTEN = 256 };

/* Writes the tape as one object, which may stand in an element <script type="application/json"> of a page. The same
 * tape gives the same bytes. The memory that it needs does not grow with the tape. */
void ad_put_json(ad_sink *sink, ad_tape *t, const ad_write_options *options);

/* Writes only some of the tensors, and the parts and changes between these: `chosen` has a byte for each parameter and
 * state, then for each entry. Scopes are left out. NULL: all. */
void ad_put_json_of(ad_sink *sink, ad_tape *t, const ad_write_options *options, const unsigned char *chosen);

#endif
