/* Looking at a model's file without making the model. */
#include <string.h>

#include "model.h"

/* What is returned, and what it lies in. */
typedef struct looking {
    nn_model_info info; /* first */
    nn_model_reader reader;
    ad_memory memory;
} looking;

/* Lists the tensors. Returns false if memory is out. */
static bool list_tensors(looking *l)
{
    const nn_file_content *content = &l->reader.file.content;
    nn_model_tensor *tensors = nn_store_take(&l->reader.store, content->n_tensors, sizeof *tensors);
    for (size_t i = 0; tensors && i < content->n_tensors; i++) {
        const nn_file_tensor *t = &content->tensors[i];
        tensors[i] = (nn_model_tensor){.name = t->name, .type = t->type_name, .rank = t->rank};
        memcpy(tensors[i].sizes, t->sizes, sizeof t->sizes);
    }
    l->info.tensors = tensors;
    l->info.n_tensors = tensors ? content->n_tensors : 0;
    return tensors;
}

static void fill_in(looking *l)
{
    nn_model_reader *r = &l->reader;
    nn_model_info *info = &l->info;
    const nn_json *training = nn_json_member(r->root, "training"), *own = nn_json_member(r->root, "own");
    info->is_whole = r->file.is_whole;
    info->estimator = nn_model_text(r, r->root, "estimator", false);
    info->version = nn_model_text(r, r->root, "version", false);
    info->options = nn_model_text(r, r->root, "options", false);
    info->own_head = nn_model_text(r, own, "head", true);
    info->own_optimiser = nn_model_text(r, own, "optimiser", true);
    info->own_schedule = nn_model_text(r, own, "schedule", true);
    info->step = nn_model_whole(r, training, "step", INT64_MAX);
    info->epoch = nn_model_whole(r, training, "epoch", INT64_MAX);
    info->place = nn_model_whole(r, training, "place", INT64_MAX);
    info->rows = nn_model_whole(r, training, "rows", INT64_MAX);
    info->rate = nn_model_real(r, training, "rate");
    info->end = nn_model_text(r, training, "end", false);
    info->goal = nn_model_later_whole(r, training, "goal", INT64_MAX);
    info->note = nn_model_read_note(r);
    info->best.step = nn_model_whole(r, training, "best_step", INT64_MAX);
    info->best.epoch = nn_model_whole(r, training, "best_epoch", INT64_MAX);
    info->best.loss = nn_model_real(r, training, "best_loss");
    info->best.rate = nn_model_real(r, training, "best_rate");
    info->best.validated = nn_model_flag(r, training, "best_validated");
    info->best.validation_loss = nn_model_real(r, training, "best_validation_loss");
    info->best.validation_accuracy = nn_model_real(r, training, "best_validation_accuracy");
    if (!nn_model_read_schema(r, &info->schema))
        info->schema = (nn_schema){.n = 0};
    if (!list_tensors(l))
        nn_model_fail(r, AD_NO_MEMORY, "memory is out for the list of its tensors");
}

nn_model_info *nn_model_look(const char *path, const ad_allocator *allocator)
{
    ad_memory memory = ad_memory_over(allocator);
    looking *l = ad_memory_take(&memory, 1, sizeof *l);
    if (!l)
        return NULL;
    *l = (looking){.memory = memory};
    if (nn_model_open(&l->reader, path, &(nn_load_options){.allocator = allocator}, true) == AD_OK)
        fill_in(l);
    l->info.status = l->reader.status;
    l->info.message = l->reader.message;
    return &l->info;
}

void nn_model_info_close(nn_model_info *info)
{
    looking *l = (looking *)info;
    if (!l)
        return;
    nn_model_close(&l->reader);
    ad_memory memory = l->memory;
    ad_memory_release(&memory, l, 1, sizeof *l);
}
