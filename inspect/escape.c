/* Names and numbers as text. */
#include "escape.h"

#include <langinfo.h>
#include <math.h>
#include <string.h>

ad_ink ad_ink_of_locale(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? AD_INK_TEXT : AD_INK_ASCII; }

/* ---- Characters -------------------------------------------------------------------------------------------------- */

enum { REPLACEMENT = 0xfffd };

uint32_t ad_next_character(const char **at)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)*at;
    const int n = bytes[0] < 0x80 ? 1 : bytes[0] >> 5 == 6 ? 2 : bytes[0] >> 4 == 14 ? 3 : bytes[0] >> 3 == 30 ? 4 : 0;
    uint32_t character = n < 2 ? bytes[0] : bytes[0] & (0x7fU >> n);
    int i = 1;
    for (; i < n && bytes[i] >> 6 == 2; i++)
        character = character << 6 | (bytes[i] & 0x3fU);
    const bool is_good = n > 0 && i == n && character >= smallest[n] && character <= 0x10ffff &&
                         (character < 0xd800 || character > 0xdfff);
    *at += is_good ? n : 1;
    return is_good ? character : REPLACEMENT;
}

static size_t encode(uint32_t character, char bytes[4])
{
    if (character < 0x80) {
        bytes[0] = (char)character;
        return 1;
    }
    const size_t n = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; character >>= 6)
        bytes[i] = (char)(0x80 | (character & 0x3f));
    bytes[0] = (char)((0xf00U >> n & 0xff) | character);
    return n;
}

/* C0, DEL, C1, and the characters that turn the direction of writing or are not seen. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

/* How a character that cannot stand as it is is written; NULL if it can. */
static const char *escaped(ad_ink ink, uint32_t c, char text[16])
{
    const bool is_quoted = ink == AD_INK_JSON || ink == AD_INK_DOT;
    if (is_control(c))
        snprintf(text, 16, c < 0x100 ? "%s\\x%02x" : "%s\\u%04x", is_quoted ? "\\" : "", (unsigned)c);
    else if (ink == AD_INK_ASCII && c >= 0x80)
        return "?";
    else if (is_quoted && (c == '"' || c == '\\'))
        snprintf(text, 16, "\\%c", (int)c);
    else if (ink == AD_INK_DOT && c == '&')
        return "&amp;";
    else if (ink == AD_INK_JSON && c == '<')
        return "\\u003c";
    else if (ink == AD_INK_HTML && strchr("<>&\"'", (int)(c < 0x80 ? c : '.')))
        snprintf(text, 16, "&#%u;", (unsigned)c);
    else
        return NULL;
    return text;
}

void ad_put_text(ad_sink *sink, ad_ink ink, const char *text, size_t most)
{
    const char *cut = text; /* where the text ends if it is too long */
    for (size_t i = 0; *cut && i + 2 < most; i++)
        ad_next_character(&cut);
    const char *end = cut;
    for (int i = 0; *end && i < 2; i++)
        ad_next_character(&end);
    const bool is_long = *end != 0;
    for (const char *at = text; is_long ? at < cut : *at;) {
        char other[16], bytes[4];
        const uint32_t character = ad_next_character(&at);
        const char *written = escaped(ink, character, other);
        if (written)
            ad_put(sink, written);
        else
            ad_put_bytes(sink, bytes, encode(character, bytes));
    }
    if (is_long)
        ad_put(sink, "..");
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

void ad_put_identity(ad_sink *sink, ad_tensor x)
{
    const size_t number = ad_number_of(x);
    if (number == SIZE_MAX)
        ad_put(sink, "gradient");
    else if (ad_is_kept(x))
        ad_put_format(sink, "k%zu", number);
    else
        ad_put_format(sink, "#%zu", number + 1);
}

void ad_put_name(ad_sink *sink, ad_ink ink, ad_tensor x, size_t most)
{
    const char *name = ad_name_of(x);
    if (*name && most > 0)
        ad_put_text(sink, ink, name, most);
    else
        ad_put_identity(sink, x);
}

char *ad_name_text(ad_ink ink, ad_tensor x, char text[AD_NAME_TEXT])
{
    ad_sink sink = ad_sink_into(text, AD_NAME_TEXT);
    ad_put_name(&sink, ink, x, AD_NAME_IN_TEXT);
    return text;
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

char *ad_number_text(double number, int digits, char text[AD_NUMBER_TEXT])
{
    if (isnan(number))
        return strcpy(text, "nan");
    char *to = text;
    snprintf(text, AD_NUMBER_TEXT, "%.*g", digits, number);
    for (const char *from = text; *from; from++) {
        const bool is_point = !strchr("0123456789+-einf", *from);
        if (is_point && to > text && to[-1] == '.') /* a point of several bytes */
            continue;
        *to++ = is_point ? '.' : *from;
    }
    *to = 0;
    return text;
}

void ad_put_number(ad_sink *sink, double number, int digits)
{
    char text[AD_NUMBER_TEXT];
    ad_put(sink, ad_number_text(number, digits, text));
}

int ad_exact_digits(ad_type type) { return type == AD_F32 ? 9 : 17; }

void ad_put_shape(ad_sink *sink, ad_shape shape)
{
    ad_put(sink, "[");
    for (int i = 0; i < shape.rank; i++)
        ad_put_format(sink, "%s%lld", i ? ", " : "", (long long)shape.dims[i]);
    ad_put(sink, "]");
}
