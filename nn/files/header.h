#ifndef GRADTAPE_NN_HEADER_H
#define GRADTAPE_NN_HEADER_H
/* Private to nn: the header of a safetensors file, which is JSON:
 * {"__metadata__":{"KEY":"VALUE"},"NAME":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}} */
#include "../options/writer.h"
#include "safetensors.h"

#define NN_HEADER_METADATA "__metadata__"

/* Checks the content, and writes the header with a checksum of eight 0, blanks and a final newline, to a multiple of 8
 * bytes. The newline tells our files from those of others, and ends the header's line on a terminal. `sorted` becomes
 * the tensors, [n_tensors], in the order of the file: by the size of their type, falling, then by their names.
 * `checksum` becomes where in the text the digits stand. AD_BAD_VALUE, AD_NO_MEMORY; the message has no path. */
ad_status nn_header_write(const nn_file_content *content, const nn_file_tensor **sorted, nn_text *text,
                          size_t *checksum, nn_writer *message);

/* Reads a header of n bytes into a file whose length and data are known: content and by_name, in the store. `digits`
 * becomes where in the text the 8 digits of the checksum stand; 0: there is none, or not of 8 characters that are
 * written as they are. AD_BAD_FILE, AD_NO_MEMORY; the message has no path. */
ad_status nn_header_read(nn_safetensors *file, const char *text, size_t n, size_t *digits, nn_writer *message);

#endif
