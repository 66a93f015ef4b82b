/* Saving in a fit. */
#include <sys/stat.h>

#include "fit.h"
#include "model.h"

ad_status nn_begin_saving(const nn_fit *f)
{
    char message[500];
    nn_estimator *e = f->e;
    const char *path = f->options->save;
    if (!path)
        return AD_OK;
    const ad_status tried = nn_safetensors_try(path, f->options->keep, &e->memory, message, sizeof message);
    if (tried != AD_OK)
        return nn_estimator_fail(e, tried, "fit: save: %s", message);
    return nn_estimator_save(e, NULL, 0, "fit: save");
}

/* A file of the same step is replaced, and none that is kept gives way to it. */
static ad_status save(nn_fit *f)
{
    const int64_t step = f->e->step;
    const bool is_new = step != f->saved && step != f->first;
    f->saved = step;
    return nn_estimator_save(f->e, f->options->save, is_new ? f->options->keep : 0, "fit: save");
}

ad_status nn_save_step(nn_fit *f)
{
    const nn_fit_options *o = f->options;
    const bool is_due = o->save && o->save_every > 0 && f->e->step % o->save_every == 0 && f->end == NN_END_NONE;
    return is_due ? save(f) : AD_OK;
}

/* The first fit of an estimator failed before it saved: what lies at the path is the file of another model. */
static bool is_file_of_another(const nn_fit *f, ad_status status)
{
    struct stat found;
    return status != AD_OK && status != AD_STOPPED && f->first == 0 && f->saved == 0 &&
           stat(f->options->save, &found) == 0;
}

ad_status nn_end_saving(nn_fit *f, ad_status status)
{
    if (!f->options->save || f->e->step == 0 || is_file_of_another(f, status))
        return status;
    const ad_status saved = save(f);
    return status == AD_OK || (status == AD_STOPPED && saved != AD_OK) ? saved : status;
}
