/* Prints the page of the manual, or with an argument the completion of bash: meson installs both. */
#include "help.h"

int main(int argc, char *argv[])
{
    (void)argv;
    if (argc > 1)
        cli_print_completion(stdout);
    else
        cli_print_manual(stdout);
    return ferror(stdout) || fflush(stdout) != 0;
}
