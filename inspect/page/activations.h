#ifndef INSPECT_PAGE_ACTIVATIONS_H
#define INSPECT_PAGE_ACTIVATIONS_H
/* The view Activations: what its parts share. activations.c says which activations it has, and writes the table. */
#include "page.h"
#include "plot.h"

enum { AD_MOST_PANELS = 24, AD_MOST_USERS = 4 };

#define AD_PRIME "\xe2\x80\xb2"
#define AD_MINUS_4_TO_4                                                                                                \
    "\xe2\x88\x92"                                                                                                     \
    "4 to 4"

/* The set figures of an activation, at these places. */
enum { AD_AT_0, AD_AT_LOW, AD_AT_HIGH, AD_AT_STEEPEST, AD_AT_LEFT, AD_AT_PLACES };
typedef struct ad_panel_figures {
    double z[AD_AT_PLACES], value[AD_AT_PLACES], derivative[AD_AT_PLACES];
    size_t low, high, steepest;
    const char *steepest_at;
} ad_panel_figures;

/* An activation, and who applies it. */
typedef struct ad_panel {
    const ad_curve *curve;
    double attribute;
    size_t n_users;
    ad_tensor users[AD_MOST_USERS]; /* the first of them */
    ad_panel_figures figures;
} ad_panel;

/* Those of the tape stand first, in the order of their use. */
typedef struct ad_activations {
    ad_page *page;
    ad_allocator allocator;
    ad_panel panels[AD_MOST_PANELS];
    size_t n, n_used;
    size_t uses_left_out; /* of attributes that found no panel left */
} ad_activations;

/* ---- Figures (activations_figures.c) ----------------------------------------------------------------------------- */

/* The panel of an activation; NULL: there is none. */
ad_panel *ad_find_panel(ad_activations *v, const ad_curve *curve, double attribute);

/* Finds the figures of each panel. False: memory. */
bool ad_find_panel_figures(ad_activations *v);

/* Writes the title, with the attribute if it is not the usual one. */
void ad_put_panel_name(ad_sink *sink, const ad_panel *p);

/* Writes the value or the derivative at place i of the figures. */
void ad_put_panel_value(ad_sink *sink, const ad_panel *p, size_t i);
void ad_put_panel_derivative(ad_sink *sink, const ad_panel *p, size_t i);

/* Writes a formula of its row. */
void ad_put_panel_words(ad_sink *sink, const ad_panel *p, const char *words);

/* ---- Drawings ---------------------------------------------------------------------------------------------------- */

/* Writes the figure of the book, and what it says in words (activations_book.c). False: memory. */
bool ad_put_book(ad_activations *v);

/* Writes a small drawing for each (activations_panels.c). False: memory. */
bool ad_put_panels(const ad_activations *v);

#endif
