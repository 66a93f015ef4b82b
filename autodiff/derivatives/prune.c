/* Pruning: removing the entries that no result needs. */
#include "prune.h"

#include <string.h>

#include "../forward/guards.h"
#include "../tape/entries.h"
#include "../tape/reset.h"
#include "../tape/segments.h"
#include "../tape/status.h"
#include "../tape/watch.h"

static void need(uint32_t *needed, const ad_tape *t, uint32_t id, uint32_t first)
{
    if (id >> AD_INDEX_BITS == AD_STEP && id >= first)
        needed[id - ad_entry_at(t, id)->value.result - first] = 1;
}

/* Notes in `map` the first result of each call that stays. */
static void find_needed(uint32_t *map, const ad_tape *t, uint32_t first, const ad_tensor *results, int n)
{
    for (int i = 0; i < n; i++)
        need(map, t, results[i].id, first);
    for (uint32_t id = t->ends[AD_STEP] - 1; id >= first; id--) {
        const ad_entry *e = ad_entry_at(t, id);
        if (ad_is_guard(e))
            need(map, t, id, first);
        for (uint32_t i = 0; map[id - first] && e->op && i < e->value.n_operands; i++)
            need(map, t, ad_operands_of(e)[i], first);
    }
}

/* Where the n results of the call at `from` go: to `to`, or behind entries there whose ids are used up, at the latest
 * to where they are. */
static uint32_t place_for(ad_tape *t, uint32_t to, uint32_t from, uint32_t n)
{
    for (uint32_t j = 0; to < from && j < n;) {
        if (ad_is_used_up(ad_entry_at(t, to + j))) {
            ad_retire(t, to++);
            j = 0;
        } else {
            j++;
        }
    }
    return to;
}

/* Moves the call at `from` with all its results down to `to`. `new_id` has the new ids of what was moved before. */
static void move_call(ad_tape *t, uint32_t from, uint32_t to, const uint32_t *new_id, uint32_t first)
{
    const uint32_t n = ad_entry_at(t, from)->op ? ad_entry_at(t, from)->value.n_results : 1;
    for (uint32_t j = 0; j < n; j++) {
        ad_entry *source = ad_entry_at(t, from + j), *e = ad_entry_at(t, to + j);
        const bool own_number = source->value.data == &source->scalar;
        const uint32_t generation = ad_is_used_up(e) ? e->generation : ad_next_generation(e);
        *e = *source;
        if (own_number)
            e->value.data = &e->scalar;
        e->generation = generation;
        uint32_t *operands = e->value.n_operands > 2 ? (uint32_t *)(uintptr_t)e->extra->operands : e->u.operands;
        /* The results of a call share its list of more than two operands, which is renumbered once. */
        for (uint32_t i = 0; e->op && (j == 0 || e->value.n_operands <= 2) && i < e->value.n_operands; i++)
            if (operands[i] >= first && operands[i] >> AD_INDEX_BITS == AD_STEP)
                operands[i] = new_id[operands[i] - first];
    }
}

/* Moves the calls that stay down over those that go, and writes their new ids to `map`. Returns the new end. */
static uint32_t close_up(uint32_t *map, ad_tape *t, uint32_t first)
{
    uint32_t to = first;
    for (uint32_t id = first, size; id < t->ends[AD_STEP]; id += size) {
        const ad_entry *e = ad_entry_at(t, id);
        size = e->op ? e->value.n_results : 1;
        if (!map[id - first]) {
            ad_release_storage(t, id, size);
            continue;
        }
        to = place_for(t, to, id, size);
        move_call(t, id, to, map, first);
        for (uint32_t j = 0; j < size; j++)
            map[id - first + j] = to + j;
        to += size;
    }
    return to;
}

bool ad_prune(ad_tape *t, uint32_t first, ad_tensor *results, int n)
{
    const uint32_t total = t->ends[AD_STEP] - first;
    ad_storage *room = ad_pool_take(&t->pool, total * sizeof(uint32_t));
    if (!room) {
        ad_fail_memory(t, "differentiate");
        return false;
    }
    uint32_t *map = ad_storage_data(room);
    memset(map, 0, total * sizeof *map);
    find_needed(map, t, first, results, n);
    ad_end_step_at(t, close_up(map, t, first));
    if (t->checked_own)
        ad_forget_descriptors(t);
    if (t->watch)
        ad_renumber_watched(t, first, map);
    for (int i = 0; i < n; i++) {
        const bool moved = ad_table_of(results[i]) == AD_STEP && results[i].id >= first;
        results[i] = ad_handle(t, moved ? map[results[i].id - first] : results[i].id);
    }
    ad_pool_drop(&t->pool, room);
    return true;
}
