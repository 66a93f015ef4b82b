#ifndef INSPECT_ESCAPE_H
#define INSPECT_ESCAPE_H
/* Names and numbers as text: never broken by what a name holds, or by the locale. */
#include "sink.h"

/* What text is written into. It says which characters are written otherwise than they are. */
typedef enum ad_ink {
    AD_INK_TEXT,  /* control characters and those that turn the direction of writing as \x1b, \u202e */
    AD_INK_ASCII, /* so too, and what is not ASCII as ? */
    AD_INK_HTML,  /* text or the value of an attribute of a page */
    AD_INK_JSON,  /* inside a string of JSON that may stand in a page: < is \u003c */
    AD_INK_DOT,   /* inside a quoted string of DOT */
} ad_ink;

/* AD_INK_TEXT if the locale is UTF-8, else AD_INK_ASCII. */
ad_ink ad_ink_of_locale(void);

/* Returns the character at *at, which ends with 0, and steps on. Bytes that are no UTF-8 give U+FFFD, one by one. */
uint32_t ad_next_character(const char **at);

/* Writes text of any bytes, at most `most` characters of it: a longer one is cut, and ends with "..". */
void ad_put_text(ad_sink *sink, ad_ink ink, const char *text, size_t most);

/* The most characters of a name, in text and in pages. */
enum { AD_NAME_IN_TEXT = 24, AD_NAME_IN_PAGE = 200, AD_NO_NAME = 0 };

/* Writes the number of x: k0, #3; "gradient" for one that was not recorded. */
void ad_put_identity(ad_sink *sink, ad_tensor x);

/* Writes the name of x, or its number; that for AD_NO_NAME too. */
void ad_put_name(ad_sink *sink, ad_ink ink, ad_tensor x, size_t most);

/* The same into text, for AD_INK_TEXT and AD_INK_ASCII. */
enum { AD_NAME_TEXT = 8 * AD_NAME_IN_TEXT };
char *ad_name_text(ad_ink ink, ad_tensor x, char text[AD_NAME_TEXT]);

/* A number with so many significant digits (%.*g), the decimal point a point; "nan", "inf", "-inf". */
enum { AD_NUMBER_TEXT = 40 };
char *ad_number_text(double number, int digits, char text[AD_NUMBER_TEXT]);

/* Writes such a number. */
void ad_put_number(ad_sink *sink, double number, int digits);

/* The digits of numbers that are read by people. */
enum { AD_FEW_DIGITS = 6 };

/* The digits that give back each number of a type: 17, for f32 9. */
int ad_exact_digits(ad_type type);

/* Writes a shape: "[2, 3]", "[]" for a scalar. */
void ad_put_shape(ad_sink *sink, ad_shape shape);

#endif
