/* Opening and closing a tape. */
#include <gradtape/tape.h>

#include "../kernels/kernel.h"
#include "entries.h"
#include "watch.h"

ad_tape *ad_tape_open(const ad_tape_options *options)
{
    ad_processor_prepare();
    ad_memory memory = ad_memory_over(options ? options->allocator : NULL);
    ad_tape *t = ad_memory_take(&memory, 1, sizeof *t);
    if (!t)
        return NULL;
    *t = (ad_tape){.memory = memory, .recording = true, .first = 1};
    for (uint32_t which = 0; which < AD_TABLES; which++)
        t->ends[which] = which << AD_INDEX_BITS;
    t->ends[AD_STEP] = t->first; /* id 0 is the inert tensor's */
    t->step.memory = t->late.memory = t->persistent.memory = t->pool.memory = &t->memory;
    t->step.beside = &t->pool;
    t->pool.beside = &t->step;
    return t;
}

void ad_tape_close(ad_tape *t)
{
    if (!t)
        return;
    for (uint32_t i = 0; i < AD_TABLES; i++)
        ad_free_table(t, i);
    ad_arena_free(&t->step);
    ad_arena_free(&t->late);
    ad_arena_free(&t->persistent);
    ad_pool_free(&t->pool);
    ad_list_free(&t->memory, &t->with_gradient, sizeof(uint32_t));
    ad_list_free(&t->memory, &t->changes, sizeof(ad_change));
    ad_list_free(&t->memory, &t->copies, sizeof(ad_copy));
    ad_list_free(&t->memory, &t->proposals, sizeof(ad_proposal));
    ad_list_free(&t->memory, &t->segments, sizeof(ad_segment));
    ad_list_free(&t->memory, &t->aside, sizeof(ad_aside));
    ad_list_free(&t->memory, &t->outer, sizeof(uint32_t));
    ad_list_free(&t->memory, &t->scopes, sizeof(ad_stretch));
    ad_free_watch(t);
    ad_memory memory = t->memory;
    ad_memory_release(&memory, t, 1, sizeof *t);
}

ad_allocator ad_allocator_of(const ad_tape *t) { return t ? t->memory.allocator : ad_memory_over(NULL).allocator; }

ad_usage ad_usage_of(const ad_tape *t) { return t ? t->memory.usage : (ad_usage){0}; }

size_t ad_entry_count(const ad_tape *t) { return t ? ad_count_entries(t, t->first, t->ends[AD_STEP]) : 0; }
