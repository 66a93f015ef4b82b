/* Writes each sample tape into a folder, as JSON and as DOT: write_samples FOLDER. */
#include <stdio.h>

#include <gradtape/show.h>

#include "../support/sample_tapes.h"

static int write_sample(const char *folder, const sample_tape *sample)
{
    char path[2][500];
    ad_tape *t = ad_tape_open(NULL);
    record_sample(t, sample->name);
    snprintf(path[0], sizeof path[0], "%s/%s.json", folder, sample->name);
    snprintf(path[1], sizeof path[1], "%s/%s.dot", folder, sample->name);
    const ad_shown shown[] = {ad_write_json(t, path[0], NULL), ad_write_dot(t, path[1], NULL)};
    ad_tape_close(t);
    for (int i = 0; i < 2; i++)
        if (shown[i].status != AD_OK)
            fprintf(stderr, "%s: %s\n", path[i], shown[i].message);
    return shown[0].status != AD_OK || shown[1].status != AD_OK;
}

int main(int n, char **arguments)
{
    int failed = 0;
    for (int i = 0; n == 2 && i < sample_tape_count; i++)
        failed += write_sample(arguments[1], &sample_tapes[i]);
    return n != 2 || failed;
}
