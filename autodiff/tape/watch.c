/* What a watched tape keeps. */
#include "watch.h"

#include <math.h>
#include <string.h>

#include "entries.h"
#include "frames.h"
#include "status.h"

/* ---- Keeping ----------------------------------------------------------------------------------------------------- */

/* Divided by the largest first, so that no square overflows or vanishes. */
static double norm_of(const ad_value *x, size_t n)
{
    double largest = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double size = fabs(ad_number_at(x, i));
        if (!(size <= largest)) /* NaN too */
            largest = size;
        if (isnan(largest))
            return largest;
    }
    if (largest == 0 || isinf(largest))
        return largest;
    for (size_t i = 0; i < n; i++) {
        const double share = ad_number_at(x, i) / largest;
        sum += share * share;
    }
    return largest * sqrt(sum);
}

bool ad_room_for_numbers(ad_tape *t, ad_watched *watched, const ad_value *value)
{
    const size_t n = ad_elements(value), bytes = n * ad_bytes_of(value->type);
    if (n > AD_MOST_COPIED || ad_arena_take(&watched->numbers, bytes ? bytes : 1))
        return true;
    ad_fail_memory(t, "watch");
    return false;
}

bool ad_keep_numbers(ad_tape *t, ad_watched *watched, const ad_value *value, ad_numbers *numbers)
{
    const size_t n = ad_elements(value);
    *numbers = (ad_numbers){(ad_type)value->type, *value->shape, n, norm_of(value, n), NULL};
    if (n > AD_MOST_COPIED)
        return true;
    const size_t bytes = n * ad_bytes_of(value->type);
    void *copy = ad_arena_take(&watched->numbers, bytes ? bytes : 1);
    if (!copy) {
        ad_fail_memory(t, "watch");
        return false;
    }
    if (bytes)
        memcpy(copy, value->data, bytes);
    numbers->data = copy;
    return true;
}

bool ad_watch_change(ad_tape *t, uint32_t id, const char *by)
{
    const ad_entry *e = ad_entry_at(t, id);
    ad_watched *watched = &t->watch->changes;
    ad_leaf_change change = {.leaf = ad_handle(t, id), .by = by};
    if (e->value.flags & AD_IS_BORROWED)
        return true;
    if (!ad_more_room(t, &watched->items, sizeof change) || !ad_keep_numbers(t, watched, &e->value, &change.before))
        return false;
    ((ad_leaf_change *)watched->items.items)[watched->items.n++] = change;
    return true;
}

/* ---- Forgetting -------------------------------------------------------------------------------------------------- */

static void forget(ad_watched *watched)
{
    watched->items.n = 0;
    watched->is_incomplete = false;
    ad_arena_rewind(&watched->numbers, (ad_arena_mark){0});
}

void ad_forget_watched_changes(ad_tape *t) { forget(&t->watch->changes); }

void ad_forget_band(ad_tape *t, ad_band band)
{
    forget(&t->watch->bands[band]);
    t->watch->sweeps[band] = 0;
    if (band == AD_BAND_BACKWARD)
        ad_forget_watched_changes(t);
}

void ad_forget_watched(ad_tape *t)
{
    for (int band = 0; t->watch && band < AD_BAND_COUNT; band++)
        ad_forget_band(t, (ad_band)band);
}

static bool is_from(ad_tensor x, uint32_t first) { return ad_table_of(x) == AD_STEP && x.id >= first; }

/* Where x goes: false if nowhere. */
static bool move(ad_tensor *x, uint32_t first, const uint32_t *map)
{
    if (!is_from(*x, first))
        return true;
    if (!map || !map[x->id - first])
        return false;
    *x = ad_handle(x->tape, map[x->id - first]);
    return true;
}

void ad_renumber_watched(ad_tape *t, uint32_t first, const uint32_t *map)
{
    for (int band = 0; band < AD_BAND_COUNT; band++) {
        ad_watched *watched = &t->watch->bands[band];
        size_t n = 0;
        for (size_t i = 0; i < watched->items.n; i++) {
            ad_part part = *ad_part_in(watched, i);
            if (move(&part.of, first, map) && move(&part.from, first, map))
                *ad_part_in(watched, n++) = part;
        }
        watched->is_incomplete |= n < watched->items.n;
        watched->items.n = n;
    }
}

void ad_forget_watched_from(ad_tape *t, uint32_t count)
{
    ad_renumber_watched(t, count, NULL);
    ad_leaf_change *changes = t->watch->changes.items.items;
    size_t n = 0;
    for (size_t i = 0; i < t->watch->changes.items.n; i++)
        if (!is_from(changes[i].leaf, count))
            changes[n++] = changes[i];
    t->watch->changes.items.n = n;
}

void ad_free_watch(ad_tape *t)
{
    if (!t->watch)
        return;
    for (int band = 0; band < AD_BAND_COUNT; band++) {
        ad_list_free(&t->memory, &t->watch->bands[band].items, sizeof(ad_part));
        ad_arena_free(&t->watch->bands[band].numbers);
    }
    ad_list_free(&t->memory, &t->watch->changes.items, sizeof(ad_leaf_change));
    ad_arena_free(&t->watch->changes.numbers);
    ad_memory_release(&t->memory, t->watch, 1, sizeof *t->watch);
    t->watch = NULL;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static struct ad_watch *open_watch(ad_tape *t)
{
    struct ad_watch *watch = ad_memory_take(&t->memory, 1, sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct ad_watch){0};
    for (int band = 0; band < AD_BAND_COUNT; band++)
        watch->bands[band].numbers.memory = &t->memory;
    watch->changes.numbers.memory = &t->memory;
    return watch;
}

ad_status ad_watch(ad_tape *t, ad_switch on)
{
    if (!t)
        return AD_BAD_HANDLE;
    if (t->status != AD_OK || ad_refuse_in_rule(t, "watch", "the program turns it on or off"))
        return t->status;
    if (on == AD_ON && !t->watch && !(t->watch = open_watch(t)))
        return ad_fail_memory(t, "watch");
    if (on == AD_ON)
        ad_forget_watched(t);
    t->watching = on == AD_ON;
    return t->status;
}

bool ad_is_watched(const ad_tape *t) { return t && t->watching; }

static const ad_watched *watched_of(const ad_tape *t, ad_band band)
{
    return t && t->watch && (unsigned)band < AD_BAND_COUNT ? &t->watch->bands[band] : NULL;
}

size_t ad_part_count(const ad_tape *t, ad_band band)
{
    const ad_watched *watched = watched_of(t, band);
    return watched ? watched->items.n : 0;
}

const ad_part *ad_part_at(const ad_tape *t, ad_band band, size_t i)
{
    return i < ad_part_count(t, band) ? ad_part_in(watched_of(t, band), i) : NULL;
}

size_t ad_leaf_change_count(const ad_tape *t) { return t && t->watch ? t->watch->changes.items.n : 0; }

const ad_leaf_change *ad_leaf_change_at(const ad_tape *t, size_t i)
{
    return i < ad_leaf_change_count(t) ? (const ad_leaf_change *)t->watch->changes.items.items + i : NULL;
}
