/* Reads inputs of the fuzz target fuzz_files again: read_files FILE..., or a folder with such files. Each reader must
 * have one of a folder. Prints how many each read; a finding ends the program. */
#include <stdio.h>
#include <stdlib.h>

#include "file_readers.h"
#include "files.h"

int main(int n_arguments, char **arguments)
{
    static uint8_t bytes[FUZZ_FILE];
    size_t counts[32] = {0};
    int status = EXIT_SUCCESS;
    fuzz_files files = {.n = 0};
    for (int i = 1; i < n_arguments; i++)
        if (!fuzz_files_add(&files, arguments[i])) {
            perror(arguments[i]);
            return EXIT_FAILURE;
        }
    for (size_t i = 0; i < files.n; i++) {
        fprintf(stderr, "%s\n", files.names[i]);
        counts[fuzz_read_file(bytes, fuzz_file_read(files.names[i], bytes))]++;
    }
    for (size_t i = 0; fuzz_readers[i].name; i++) {
        printf("%s: %zu\n", fuzz_readers[i].name, counts[i]);
        if (files.n > 1 && counts[i] == 0)
            status = EXIT_FAILURE;
    }
    fuzz_files_free(&files);
    return status;
}
