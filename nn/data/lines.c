/* The lines of a source. */
#include "lines.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "../lengthen.h"

#define FIRST_ROOM ((size_t)1 << 16)

ad_status nn_lines_fail(const nn_lines *l, const char *format, ...)
{
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return nn_dataset_fail(l->source->dataset, AD_BAD_FILE, "%s:%" PRId64 ": %s", l->source->name, l->number, reason);
}

static ad_status widen(nn_lines *l)
{
    const size_t wider = l->room ? 2 * l->room : FIRST_ROOM;
    char *block = nn_lengthen(&l->source->dataset->memory, l->block, l->n, l->room, wider, 1);
    if (!block)
        return nn_source_fail_memory(l->source, wider);
    l->block = block;
    l->room = wider;
    return AD_OK;
}

ad_status nn_lines_open(nn_lines *l, nn_source *source)
{
    *l = (nn_lines){.source = source};
    return widen(l);
}

void nn_lines_close(nn_lines *l)
{
    ad_memory_release(&l->source->dataset->memory, l->block, l->room, 1);
    l->block = NULL;
}

/* Moves what is not used to the front, and fills the room behind it; there is more room if that is all of it. */
static ad_status refill(nn_lines *l)
{
    size_t got = 0;
    l->n -= l->used;
    memmove(l->block, l->block + l->used, l->n);
    l->used = 0;
    ad_status status = l->n == l->room ? widen(l) : AD_OK;
    if (status == AD_OK)
        status = nn_source_read(l->source, l->block + l->n, l->room - l->n, &got);
    l->n += got;
    l->has_ended = l->n < l->room;
    return status;
}

/* The line up to `end`, behind which the next begins at `next`. */
static ad_status take(nn_lines *l, const char *end, const char *next)
{
    l->at = l->block + l->used;
    l->end = end > l->at && end[-1] == '\r' ? end - 1 : end;
    l->limit = l->block + l->n;
    l->used = (size_t)(next - l->block);
    l->number++;
    if (memchr(l->at, '\0', (size_t)(l->end - l->at)))
        return nn_lines_fail(l, "a NUL byte, which text has not; is it a binary file, or UTF-16? Save it as UTF-8");
    return AD_OK;
}

ad_status nn_lines_next(nn_lines *l, bool *has_line)
{
    for (;;) {
        const char *from = l->block + l->used, *behind = l->block + l->n;
        const char *end = memchr(from, '\n', (size_t)(behind - from));
        *has_line = end || (l->has_ended && from < behind);
        if (*has_line)
            return end ? take(l, end, end + 1) : take(l, behind, behind);
        if (l->has_ended)
            return AD_OK;
        ad_status status = refill(l);
        if (status != AD_OK)
            return status;
    }
}
