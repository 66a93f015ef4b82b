#ifndef GRADTAPE_NN_KEEP_H
#define GRADTAPE_NN_KEEP_H
/* Private to nn: what a file was before it is replaced. NAME.1 is the last one before, NAME.2 the one before that. */
#include <stdbool.h>
#include <stdint.h>

#include <gradtape/memory.h>

/* A file in a folder, of which earlier ones are kept. */
typedef struct nn_kept {
    int folder;
    const char *name;
    const char *spare; /* a name that nobody else uses */
    ad_memory *memory;
    bool (*may_replace)(int folder,
                        const char *name); /* whether a file may be moved, and then be another's; NULL: any */
    bool is_foreign;                       /* on an error: it may not */
    int64_t number;                        /* on an error: NAME.number cannot be made, or is in the way */
    int error;                             /* errno; 0: what has the name is not a regular file */
} nn_kept;

/* Makes NAME.1 the same file as NAME, after NAME.1 became NAME.2 and so on up to NAME.keep, each by one rename. Those
 * behind the first number that is missing stay. NAME itself is not touched; if there is none, nothing happens. Where a
 * file cannot have two names, NAME.1 is a copy. Returns false on an error. */
bool nn_keep(nn_kept *kept, int64_t keep);

/* Only sees whether the names can be had. */
bool nn_keep_look(nn_kept *kept, int64_t keep);

#endif
