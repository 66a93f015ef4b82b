/* UTF-8. */
#include "utf8.h"

size_t nn_utf8_length(const char *bytes, size_t n)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *b = (const unsigned char *)bytes;
    if (n == 0 || b[0] < 0x80)
        return n > 0;
    const size_t length = b[0] >> 5 == 6 ? 2 : b[0] >> 4 == 14 ? 3 : b[0] >> 3 == 30 ? 4 : 0;
    if (length == 0 || length > n)
        return 0;
    uint32_t character = b[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (b[i] >> 6 != 2)
            return 0;
        character = character << 6 | (b[i] & 0x3fU);
    }
    const bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
    return character < smallest[length] || character > 0x10ffff || is_surrogate ? 0 : length;
}

bool nn_is_utf8(const char *bytes, size_t n)
{
    size_t length = 1;
    for (size_t i = 0; i < n && length > 0; i += length)
        length = (unsigned char)bytes[i] < 0x80 ? 1 : nn_utf8_length(bytes + i, n - i);
    return length > 0;
}

size_t nn_utf8_write(uint32_t character, char to[4])
{
    if (character < 0x80) {
        to[0] = (char)character;
        return 1;
    }
    const size_t n = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; character >>= 6)
        to[i] = (char)(0x80 | (character & 0x3f));
    to[0] = (char)((0xf00U >> n & 0xff) | character);
    return n;
}
