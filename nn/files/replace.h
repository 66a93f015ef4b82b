#ifndef GRADTAPE_NN_REPLACE_H
#define GRADTAPE_NN_REPLACE_H
/* Private to nn: a file that is replaced as a whole. The new one is written under another name beside it, flushed to
 * the disk, and renamed. At each moment the path is that of the old file or of the new one, whatever fails.
 *
 *   nn_replacement r;
 *   if (nn_replace_begin(&r, path, memory, message, size) && nn_replace_write(&r, bytes, n))
 *       nn_replace_end(&r, keep);
 *   nn_replace_close(&r);
 *   return r.status;
 *
 * - A path that is a link to a file: that file is replaced, and the link stays. What is no regular file is refused.
 * - The new file has the permissions of the old one, and its owner where that is allowed; else those of any new file.
 * - The other name is .NAME.saving, or .gradtape-HHHHHHHH.saving where NAME is too long. It is locked (flock) while it
 *   is written. One that is not locked was left by a program that was killed: the next save removes it. One that is
 *   locked is being written: the second save fails at once.
 * - Every function writes the message once, and returns false from the first error on. The message names the path, and
 *   says that the old file is as it was. */
#include <stdint.h>

#include <gradtape/memory.h>

#include "../options/writer.h"

typedef struct nn_replacement {
    ad_status status;
    nn_writer message;
    ad_memory *memory;
    const char *path; /* as the caller has it */
    char *names;      /* one block of `bytes` bytes with the three below */
    size_t bytes;
    const char *name;                                  /* in the folder; links were followed */
    const char *unfinished;                            /* the other name */
    const char *spare;                                 /* for nn_keep */
    int folder, descriptor;                            /* -1: none */
    bool has_unfinished, has_old;                      /* the other name is ours; there is an old file */
    bool is_replaced;                                  /* the new file has the path */
    unsigned mode, user, group;                        /* of the old file */
    bool (*may_replace)(int folder, const char *name); /* of nn_kept; set behind nn_replace_begin */
} nn_replacement;

/* Begins. AD_BAD_FILE: the path cannot be written. AD_NO_MEMORY. After it, whatever it returned, nn_replace_close gives
 * back everything, and removes what was not ended. */
bool nn_replace_begin(nn_replacement *r, const char *path, ad_memory *memory, char *message, size_t size);
void nn_replace_close(nn_replacement *r);

/* Ends it because of what the old file is: `remedy` begins with a semicolon. Returns false. */
bool nn_replace_refuse(nn_replacement *r, const char *what, const char *remedy);

/* Writes behind what was written; over it. */
bool nn_replace_write(nn_replacement *r, const void *bytes, size_t n);
bool nn_replace_write_at(nn_replacement *r, const void *bytes, size_t n, uint64_t at);

/* Whether `keep` files can be kept (nn_keep_look). */
bool nn_replace_look(nn_replacement *r, int64_t keep);

/* Flushes, keeps what the file was (nn_keep), and renames. */
bool nn_replace_end(nn_replacement *r, int64_t keep);

#endif
