#ifndef GRADTAPE_STATUS_H
#define GRADTAPE_STATUS_H
/* Errors are values. A tape and a classifier keep their first error; a data set keeps the error of its last read. An
 * error is a status and a message that names what was wrong and how to fix it.
 *
 * The library never prints, aborts or exits, with one exception: AD_ABORT=1 in the environment makes a tape write its
 * first error to stderr and abort, so that a debugger stops at the call that was wrong. */

/* AD_API marks a public function. AD_PRINTF lets the compiler check a format and its arguments. */
#if defined(__cplusplus)
#define AD_API extern "C" __attribute__((visibility("default")))
#elif defined(__GNUC__)
#define AD_API __attribute__((visibility("default")))
#else
#define AD_API
#endif
#if defined(__GNUC__)
#define AD_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define AD_PRINTF(text, first)
#endif

/* The list gives the enumeration, its names and their meanings. */
#define AD_STATUS_LIST(X)                                                                                              \
    X(AD_OK, "no error")                                                                                               \
    X(AD_NO_MEMORY, "the allocator gave no memory")                                                                    \
    X(AD_BAD_HANDLE, "a tensor or an object is inert, stale, NULL or of another tape")                                 \
    X(AD_BAD_SHAPE, "shapes do not fit the operation, or a size is negative or too large")                             \
    X(AD_BAD_TYPE, "an element type does not fit the operation")                                                       \
    X(AD_BAD_VALUE, "a value, a label or an option is out of its range")                                               \
    X(AD_BAD_STATE, "the call does not fit what was done before it")                                                   \
    X(AD_NO_GRADIENT, "the gradient was not computed")                                                                 \
    X(AD_NOT_FINITE, "a number is infinite or NaN where it must be finite")                                            \
    X(AD_BAD_FILE, "a file cannot be read, or its content is not what its format says")                                \
    X(AD_STOPPED, "a callback asked to stop")                                                                          \
    X(AD_CHANGED, "the recording no longer fits: a guard decides otherwise, or a shape is another")

#define AD_STATUS_NAME(name, meaning) name,
typedef enum ad_status { AD_STATUS_LIST(AD_STATUS_NAME) AD_STATUS_COUNT } ad_status;
#undef AD_STATUS_NAME

/* Returns the name of a status, for instance "AD_BAD_SHAPE". A number outside the list gives "unknown status". */
AD_API const char *ad_status_name(ad_status status);

/* Returns the meaning of a status, as in the list above. */
AD_API const char *ad_status_meaning(ad_status status);

#endif
