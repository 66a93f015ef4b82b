#!/usr/bin/env python3
"""Prints nn/data/powers_of_ten.h: 128 bits of each power of five that reading decimal numbers needs (Lemire 2021, "Number
parsing at a gigabyte per second", section 5). All are cut, but those from -27 to -1 are rounded up, as the proof there
wants it. Usage: python3 nn/data/powers_of_ten.py > nn/data/powers_of_ten.h
"""
FIRST, LAST = -342, 308


def bits_of_power(q):
    """The 128 bits from the first 1 of 5^q on."""
    power = 5 ** abs(q)
    if q >= 0:
        return power << 128 >> power.bit_length()
    # Just 128 bits come out, because 5^-q is no power of two.
    return (1 << power.bit_length() + 127) // power + (q >= -27)


rows = [bits_of_power(q) for q in range(FIRST, LAST + 1)]
assert all(row.bit_length() == 128 for row in rows)
print(f"""#ifndef GRADTAPE_NN_POWERS_OF_TEN_H
#define GRADTAPE_NN_POWERS_OF_TEN_H
/* Private to nn: the first 128 bits of powers of five, upper and lower half. 10^q is 5^q and a shift. This file is
 * printed by powers_of_ten.py. */
#include <stdint.h>

enum {{ NN_LEAST_POWER = {FIRST}, NN_LARGEST_POWER = {LAST} }};

/* clang-format off */
static const uint64_t nn_powers_of_five[NN_LARGEST_POWER - NN_LEAST_POWER + 1][2] = {{""")
for q in range(FIRST, LAST + 1, 2):
    pair = (f"{{0x{row >> 64:016x}, 0x{row & (1 << 64) - 1:016x}}}" for row in rows[q - FIRST:q - FIRST + 2])
    print(f"    {', '.join(pair)}, /* from {q} on */")
print("""};
/* clang-format on */

#endif""")
