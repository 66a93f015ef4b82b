#ifndef AUTODIFF_TAPE_WATCH_H
#define AUTODIFF_TAPE_WATCH_H
/* What a watched tape keeps: parts of gradients (reverse/parts.c takes them) and values of leaves before a change. */
#include <gradtape/inspect.h>

#include "tape.h"

/* Some items and the numbers that belong to them. */
typedef struct ad_watched {
    ad_list items;
    ad_arena numbers;
    bool is_incomplete; /* parts are missing: their entries are gone, or the sweep failed */
} ad_watched;

struct ad_watch {
    ad_watched bands[AD_BAND_COUNT]; /* ad_part */
    ad_watched changes;              /* ad_leaf_change */
    int sweeps[AD_BAND_COUNT];       /* how many began in each band */
};

static inline ad_part *ad_part_in(const ad_watched *watched, size_t i) { return (ad_part *)watched->items.items + i; }

/* Copies the numbers of a value. Returns false if there is no memory (the tape is then in error). */
bool ad_keep_numbers(ad_tape *t, ad_watched *watched, const ad_value *value, ad_numbers *numbers);

/* Takes as much memory as that copies, for a caller that rewinds the numbers again: the next copies then have room.
 * Returns false if there is none (the tape is then in error). */
bool ad_room_for_numbers(ad_tape *t, ad_watched *watched, const ad_value *value);

/* Keeps the value of a leaf that is about to be changed. Returns false if there is no memory (the tape is then in
 * error). */
bool ad_watch_change(ad_tape *t, uint32_t id, const char *by);

/* Forget all parts and changes; parts of one band; changes; those that have to do with entries from `count` on. */
void ad_forget_watched(ad_tape *t);
void ad_forget_band(ad_tape *t, ad_band band);
void ad_forget_watched_changes(ad_tape *t);
void ad_forget_watched_from(ad_tape *t, uint32_t count);

/* Entries from `first` on were moved: entry first + i to map[i], or nowhere (0). Results of a call stay together. */
void ad_renumber_watched(ad_tape *t, uint32_t first, const uint32_t *map);

void ad_free_watch(ad_tape *t);

#endif
