/* Writes each sample tape into a folder, as JSON and as DOT: write_samples FOLDER. */
#include <stdio.h>

#include <gradtape/show.h>

#include "../support/sample_tapes.h"

static int write_both(const char *folder, const sample_tape *sample)
{
    static const sample_writer writers[] = {{"json", ad_write_json}, {"dot", ad_write_dot}};
    ad_tape *t = ad_tape_open(NULL);
    record_sample(t, sample->name);
    return write_sample(t, folder, sample->name, writers, 2);
}

int main(int n, char **arguments)
{
    int failed = 0;
    for (int i = 0; n == 2 && i < sample_tape_count; i++)
        failed += write_both(arguments[1], &sample_tapes[i]);
    return n != 2 || failed;
}
