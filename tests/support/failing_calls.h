#ifndef TESTS_FAILING_CALLS_H
#define TESTS_FAILING_CALLS_H
/* Calls of the system that fail on command. A program that is linked with this file calls the functions here in place
 * of libc's:
 *
 *   failing_calls = (struct failing_calls){.kinds = CALL_ANY, .at = 3, .error = EIO};
 *   ... the third call of those kinds fails ...
 *   failing_calls = (struct failing_calls){0};
 *
 * Only calls of this process count, and of one thread at a time. */
#include <stdbool.h>

enum {
    CALL_OPEN = 1,
    CALL_READ = 2,
    CALL_WRITE = 4,
    CALL_FLUSH = 8,
    CALL_RENAME = 16,
    CALL_LINK = 32,
    CALL_UNLINK = 64,
    CALL_LOCK = 128,
    CALL_MODE = 256,
    CALL_ANY = 511,
};

extern struct failing_calls {
    int kinds;                          /* which ones count */
    int at;                             /* the one that fails, from 1; 0: none */
    int error;                          /* with this errno */
    bool for_good;                      /* and so do all after it */
    bool are_interrupted;               /* each fails with EINTR first, and reads and writes do 7 bytes at most */
    bool has_no_links;                  /* linkat fails with EPERM, which does not count */
    int calls;                          /* that counted so far */
    int failed;                         /* that failed so far */
    void (*before)(int kind, int call); /* is called before each one that counts; its number, from 1 */
} failing_calls;

#endif
