/* The fuzz target for libFuzzer: files of each format that the library reads (file_readers.h). `sh tests/fuzz.sh
 * SECONDS` builds and runs it. `build/tests/fuzz/read_files FILE...` reads a finding again, with any compiler. */
#include "file_readers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fuzz_read_file(bytes, n);
    return 0;
}
