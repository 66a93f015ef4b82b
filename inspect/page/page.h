#ifndef INSPECT_PAGE_H
#define INSPECT_PAGE_H
/* The page: what its parts share. page.c says what stands where; page.html, page.css and script/ are the text around
 * it, which the build makes an array of. */
#include "../layout.h"
#include "../values.h"

typedef struct ad_page {
    ad_sink *sink;
    ad_tape *t;
    const ad_write_options *options; /* never NULL */
    ad_folds folds;
    ad_tensor loss;          /* what the last watched sweep began at; inert if there was none */
    size_t opened;           /* the node at which the page opens; SIZE_MAX: there is none */
    bool failed_back;        /* the tape's error ended a sweep */
    ad_tensor bad;           /* of a tape without error: the first tensor that is not finite; inert if there is none */
    bool is_bad_used;        /* the loss depends on it */
    const ad_part *bad_part; /* else the first part of a gradient that is not finite; NULL: there is none */
    unsigned char
        *drawn; /* for each node: 1 if the data of the page has it, 2 if not all parts of its gradient; NULL: all */
    unsigned char *functional; /* for each node: whether its call gave a part in the functional sweep; NULL: none did */
} ad_page;

/* ---- The text around ----------------------------------------------------------------------------------------------
 */

/* Text, and what the page writes after it. */
typedef struct ad_page_piece {
    const char *text;
    size_t length;
    const char *then; /* "" after the last */
} ad_page_piece;

extern const ad_page_piece ad_page_pieces[];

/* ---- Numbers (numbers.c) ------------------------------------------------------------------------------------------
 */

/* A number for people: so many significant digits without zeros at the end, a real minus. An exponent is written for
 * very small and large ones. */
enum { AD_SHOWN_TEXT = 80 };
char *ad_shown_number(double x, int digits, char text[AD_SHOWN_TEXT]);

/* The same in at most 8 characters, with as many of the digits as go. */
char *ad_short_number(double x, int digits, char text[AD_SHOWN_TEXT]);

/* What a number is. `what` and `of` go into the attributes data-what, data-of and data-id. */
typedef struct ad_figure {
    const char *what; /* "value", "gradient", "local", "part", .. */
    ad_tensor of;
    ad_tensor from;  /* of a local derivative or a part: who gives it; else inert */
    int place;       /* from 1; 0: none */
    ptrdiff_t index; /* of an element; -1: none */
    ad_type type;    /* says how many digits are exact */
    double x;
} ad_figure;

/* Writes the attributes of a number: data-what, data-of, data-id, data-from, data-place, data-index, data-exact. */
void ad_put_figure_attributes(ad_sink *sink, const ad_figure *figure);

/* Writes a number in an element of its own. */
void ad_put_figure(ad_sink *sink, const ad_figure *figure, int digits);

/* ---- The parts of the page ----------------------------------------------------------------------------------------
 */

/* The drawings: of the whole tape, then of the inside of each fold that one of them shows (graph.c). False: memory. */
bool ad_put_drawings(ad_page *page);

/* Writes how wide the line of a gradient is, as an attribute: its size on a logarithmic scale (graph.c). */
void ad_put_link_width(ad_sink *sink, double part);

/* A box of a drawing whose letters have this size (boxes.c). */
void ad_put_box(ad_page *page, const ad_box *box, int size);

/* The tables of the views tape, tensors and layers (tables.c, layers.c). */
void ad_put_tape_table(ad_page *page);
void ad_put_tensor_table(ad_page *page);
void ad_put_layer_table(ad_page *page);

/* The views neurons, activations and training: each a whole section, or nothing where the tape has none of it
 * (neurons.c, activations.c, training.c). */
void ad_put_neurons(ad_page *page);
void ad_put_activations(ad_page *page);
void ad_put_training(ad_page *page);

/* What the script needs beside the JSON of the tape: words (data.c), pictures of large tensors (pictures.c). */
void ad_put_page_data(ad_page *page);
void ad_put_pictures(ad_page *page);

/* The nodes of which tables have rows: all, or of too many the first and the last ones. */
enum { AD_MOST_ROWS = 240 };
bool ad_has_row(const ad_page *page, size_t node);

#endif
