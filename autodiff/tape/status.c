/* Statuses: their names and meanings, both from the one list, and the first error, which stays on the tape. */
#include "status.h"

#include <inttypes.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *ad_status_name(ad_status status)
{
#define NAME(name, meaning) #name,
    static const char *const names[] = {AD_STATUS_LIST(NAME)};
#undef NAME
    return (unsigned)status < AD_STATUS_COUNT ? names[status] : "unknown status";
}

const char *ad_status_meaning(ad_status status)
{
#define MEANING(name, meaning) meaning,
    static const char *const meanings[] = {AD_STATUS_LIST(MEANING)};
#undef MEANING
    return (unsigned)status < AD_STATUS_COUNT ? meanings[status] : "unknown status";
}

static void abort_if_asked(const ad_tape *t)
{
    const char *asked = getenv("AD_ABORT");
    if (asked && !strcmp(asked, "1")) {
        fprintf(stderr, "gradtape: %s: %s\n", ad_status_name(t->status), t->message);
        abort();
    }
}

static ad_status fail_with(ad_tape *t, ad_status status, const char *prefix, const char *format, va_list arguments)
    AD_PRINTF(4, 0);

static ad_status fail_with(ad_tape *t, ad_status status, const char *prefix, const char *format, va_list arguments)
{
    if (t->status != AD_OK)
        return t->status;
    if (status <= AD_OK || status >= AD_STATUS_COUNT)
        status = AD_BAD_STATE;
    if (!format)
        format = "it failed, and no message was given (NULL)";
    int at = prefix ? snprintf(t->message, sizeof t->message, "%.80s: ", prefix) : 0;
    vsnprintf(t->message + at, sizeof t->message - (size_t)at, format, arguments);
    t->status = status;
    abort_if_asked(t);
    return status;
}

ad_status ad_fail(ad_tape *t, ad_status status, const char *format, ...)
{
    if (!t)
        return AD_BAD_HANDLE;
    va_list arguments;
    va_start(arguments, format);
    fail_with(t, status, NULL, format, arguments);
    va_end(arguments);
    return t->status;
}

void ad_call_fail(ad_call *c, ad_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail_with(c->tape, status, c->op->name, format, arguments);
    va_end(arguments);
}

ad_status ad_fail_memory(ad_tape *t, const char *who) { return ad_fail(t, AD_NO_MEMORY, "%s: memory is out", who); }

ad_status ad_status_of(const ad_tape *t) { return t ? t->status : AD_BAD_HANDLE; }

const char *ad_message(const ad_tape *t)
{
    if (!t)
        return "the tape is NULL: ad_tape_open found no memory, or was not called";
    return t->status == AD_OK ? "" : t->message;
}

ad_status ad_clear_error(ad_tape *t)
{
    if (!t)
        return AD_BAD_HANDLE;
    ad_status status = t->status;
    t->status = AD_OK;
    return status;
}

bool ad_check_shape(ad_tape *t, const char *who, const ad_shape *shape, size_t bytes)
{
    if (shape->rank < 0 || shape->rank > AD_MAX_RANK) {
        ad_fail(t, AD_BAD_SHAPE, "%s: rank %d: it must be 0 to %d", who, shape->rank, AD_MAX_RANK);
        return false;
    }
    char text[AD_SHAPE_TEXT];
    size_t total = bytes;
    bool fits = true, empty = false;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 0) {
            ad_fail(t, AD_BAD_SHAPE, "%s: size %" PRId64 " of axis %d is negative in %s", who, shape->dims[i], i,
                    ad_shape_text(shape, text));
            return false;
        }
        empty = empty || shape->dims[i] == 0;
        fits = fits && !__builtin_mul_overflow(total, (size_t)shape->dims[i], &total);
    }
    if (empty || (fits && total <= PTRDIFF_MAX / 2))
        return true;
    ad_fail(t, AD_BAD_SHAPE, "%s: shape %s has too many elements for this machine's memory", who,
            ad_shape_text(shape, text));
    return false;
}
