#ifndef GRADTAPE_NN_ZIP_H
#define GRADTAPE_NN_ZIP_H
/* Private to nn: members of a zip archive (PKWARE's APPNOTE 6.3), stored or deflated. */
#include "source.h"

/* A member as the central directory describes it. */
typedef struct nn_zip_entry {
    nn_member member; /* its `at` is that of the local header */
    unsigned flags, method;
    uint64_t disk; /* the part of an archive in parts, 0 for all others */
    size_t name_bytes;
    const unsigned char *name;
} nn_zip_entry;

typedef struct nn_zip {
    nn_source *source;
    uint64_t count;
    uint64_t at; /* where the directory begins in the file: members end before it */
    size_t bytes;
    unsigned char *directory; /* [bytes] */
    char names[200];          /* of its members, for messages: 'x', 'y' */
} nn_zip;

/* Reads the central directory of an open source, and checks its shape. nn_zip_close gives it back, after an error too;
 * the source stays open. */
ad_status nn_zip_open(nn_zip *zip, nn_source *source);
void nn_zip_close(nn_zip *zip);

/* How many members have just this name; the last of them in *entry. */
uint64_t nn_zip_find(const nn_zip *zip, const char *name, size_t bytes, nn_zip_entry *entry);

/* Checks a member and lets the source read it: it then gives the content and compares its checksum at the end. */
ad_status nn_zip_enter(const nn_zip *zip, const nn_zip_entry *entry);

#endif
