#ifndef GRADTAPE_NN_SOURCE_H
#define GRADTAPE_NN_SOURCE_H
/* Private to nn: where the bytes of a data set come from. All readers of formats share it: a file or a FILE of the
 * caller's, plain or gzipped, or a part of a file that a zip archive says is a member. */
#include <stdint.h>

#include <zlib.h>

#include "dataset.h"

#define NN_NAME_BYTES 320       /* of a path in a message; two of them fit into one */
#define NN_SHOWN_BYTES 200      /* of a text in quotes, 'abc', in a message */
#define NN_NO_LENGTH UINT64_MAX /* of a FILE: nobody knows before its end */

typedef struct nn_source {
    nn_dataset *dataset; /* gives memory and keeps messages */
    FILE *file;          /* the caller's, or NULL */
    int descriptor;      /* of a path: ours; else -1 */
    bool is_inflated;    /* gzip or deflate: `stream` inflates it */
    bool is_gzip;
    bool is_member;
    bool ended;         /* the last of inflated data and its checksum have been read */
    uint64_t length;    /* of the file, or of the member's content; NN_NO_LENGTH */
    uint64_t left;      /* bytes that may yet be taken from the file */
    uint64_t taken;     /* bytes that were */
    uint32_t checksum;  /* of the member's content so far */
    uint32_t expected;  /* of all of it */
    uint64_t given;     /* bytes of the member's content so far */
    z_stream stream;    /* its next_in and avail_in are what is taken and not used, plain bytes too */
    const char *remedy; /* ends messages: "download it again" */
    char name[NN_NAME_BYTES + NN_SHOWN_BYTES + 2]; /* for messages */
    size_t path_bytes;                             /* of it, before the name of a member */
    unsigned char input[16384];
} nn_source;

/* A part of a file that is a member of an archive. */
typedef struct nn_member {
    uint64_t at;       /* where its bytes begin in the file */
    uint64_t packed;   /* how many they are there */
    uint64_t length;   /* and inflated */
    uint32_t checksum; /* CRC-32 of the content */
    bool is_deflated;
} nn_member;

/* Each opens a source and finds out whether it is gzipped. After any of them, whatever it returned, nn_source_close
 * gives back what it holds; a FILE stays open. A FILE that is
 * spooled is copied into a temporary file without a name, so that the source can go to any byte. */
ad_status nn_source_open(nn_source *source, nn_dataset *dataset, const char *path, const char *remedy);
ad_status nn_source_open_stream(nn_source *source, nn_dataset *dataset, nn_stream stream, const char *remedy);
ad_status nn_source_open_spooled(nn_source *source, nn_dataset *dataset, nn_stream stream, const char *remedy);
void nn_source_close(nn_source *source);

/* Goes back to the beginning of a file, which must be as long as it was, and finds out again whether it is gzipped. */
ad_status nn_source_rewind(nn_source *source);

/* Goes to a byte of a file that is not gzipped, leaves the member if it is in one, and reads plainly from there on. */
ad_status nn_source_seek(nn_source *source, uint64_t at);

/* Goes to a member, and reads it and nothing else; `name` stands in messages behind the file's. Lengths are checked
 * against the file by the caller. */
ad_status nn_source_enter(nn_source *source, const nn_member *member, const char *name);

/* Reads `bytes` bytes of content, or as many as there are. Checksums are compared when the end is met, so a reader must
 * ask for one byte more than it wants. */
ad_status nn_source_read(nn_source *source, void *to, size_t bytes, size_t *got);

/* What comes out of the source, in messages: "the file has", "gzip holds". */
const char *nn_source_holds(const nn_source *source);

/* True if so many bytes of deflate could give so many of content. */
bool nn_deflate_could_hold(uint64_t packed, uint64_t bytes);

/* Keeps AD_BAD_FILE with the name of the source before the message. */
ad_status nn_source_fail(const nn_source *source, const char *format, ...) AD_PRINTF(2, 3);

/* Keeps AD_NO_MEMORY: so many bytes are needed. */
ad_status nn_source_fail_memory(const nn_source *source, size_t bytes);

/* A path as messages show it: of a long one the end, because that is where paths differ. */
void nn_show_path(char name[NN_NAME_BYTES], const char *path);

/* The name of a FILE in messages. */
const char *nn_stream_name(nn_stream stream);

/* 'TEXT' as messages show what a file holds: cut, control characters escaped. Returns `shown`. */
const char *nn_show_bytes(char shown[NN_SHOWN_BYTES], const void *bytes, size_t n);

#endif
