"""Decodes blocks as FORMAT.md says, slowly, with nothing but Python: an independent check of the format.

    python3 decode.py BLOCK [BASE] > BYTES
"""

import struct
import sys

WIDTHS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 2, 6: 4, 7: 4, 8: 8, 9: 8}
FLOATS = {2, 4, 5, 7, 9}
# Exponent and mantissa bits, for the formats that are converted.
FIELDS = {4: (5, 10), 5: (8, 7), 7: (8, 23), 9: (11, 52)}
CONVERSIONS = {(7, 5), (7, 4), (7, 9), (9, 7), (5, 7), (4, 7)}


def check(data):
    remainder = 0
    for byte in data:
        for shift in range(7, -1, -1):
            carry = (remainder >> 15) ^ (byte >> shift & 1)
            remainder = (remainder << 1) & 0xFFFF
            if carry:
                remainder ^= 0x1021
    return remainder


def convert(value, source, target):
    """One number's bits, by exact arithmetic on integers: the value is significand * 2**power."""
    exponent_bits, mantissa_bits = FIELDS[source]
    sign = value >> (exponent_bits + mantissa_bits)
    exponent = value >> mantissa_bits & (1 << exponent_bits) - 1
    mantissa = value & (1 << mantissa_bits) - 1
    to_exponent_bits, to_mantissa_bits = FIELDS[target]
    to_sign = sign << (to_exponent_bits + to_mantissa_bits)
    infinity = (1 << to_exponent_bits) - 1 << to_mantissa_bits
    if exponent == (1 << exponent_bits) - 1:
        if mantissa == 0:
            return to_sign | infinity
        shift = to_mantissa_bits - mantissa_bits
        payload = mantissa << shift if shift >= 0 else mantissa >> -shift
        quiet = 0 if source in (4, 5) else 1 << to_mantissa_bits - 1
        return to_sign | infinity | payload | quiet
    bias = (1 << exponent_bits - 1) - 1
    significand = mantissa | (1 << mantissa_bits if exponent else 0)
    if significand == 0:
        return to_sign
    power = max(exponent, 1) - bias - mantissa_bits
    to_bias = (1 << to_exponent_bits - 1) - 1
    # The target's step at this magnitude; subnormal numbers share the smallest.
    smallest = 1 - to_bias - to_mantissa_bits
    step = max(power + significand.bit_length() - 1 - to_mantissa_bits, smallest)
    if power >= step:
        rounded = significand << power - step
    else:
        drop = step - power
        rounded, rest, half = significand >> drop, significand & (1 << drop) - 1, 1 << drop - 1
        rounded += rest > half or (rest == half and rounded & 1)
    # Adding instead of masking lets a carry go into the exponent.
    bits = rounded + (step - smallest << to_mantissa_bits)
    return to_sign | min(bits, infinity)


class Reader:
    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, count):
        taken = self.data[self.place : self.place + count]
        assert len(taken) == count, "truncated"
        self.place += count
        return taken

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value


def code_lengths(reader):
    lengths, nibbles = [], []

    def nibble():
        if not nibbles:
            byte = reader.byte()
            nibbles.extend([byte & 15, byte >> 4])
        return nibbles.pop(0)

    while len(lengths) < 256:
        value = nibble()
        if value == 14:
            lengths += [0] * (nibble() + 2)
        elif value == 15:
            low = nibble()
            lengths += [0] * (low + 16 * nibble() + 18)
        else:
            assert value <= 11, "code length"
            lengths.append(value)
    assert len(lengths) == 256 and not any(nibbles), "code lengths"
    assert sum(2 ** (11 - length) for length in lengths if length) == 2**11, "incomplete code"
    return lengths


def code_of(lengths):
    codes, code, before = {}, 0, 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths) if length):
        code <<= length - before
        codes[length, code] = symbol
        code, before = code + 1, length
    return codes


def huffman(reader, count):
    return streams(reader, count, [code_of(code_lengths(reader))], [0] * count)


def by_class(reader, exponents):
    top, flags = reader.varint(), reader.byte()
    classes = [min(max(top - exponent, 0), 7) for exponent in exponents]
    assert {place for place in range(8) if flags >> place & 1} == set(classes), "classes"
    codes = [code_of(code_lengths(reader)) if flags >> place & 1 else None for place in range(8)]
    return streams(reader, len(classes), codes, classes)


def streams(reader, count, codes, classes):
    sizes = [reader.varint() for _ in range(4)]
    plane = []
    for part, size in enumerate(sizes):
        stream = reader.take(size)
        bits = (byte >> place & 1 for byte in stream for place in range(8))
        for _ in range(count // 4 if part < 3 else count - 3 * (count // 4)):
            length = code = 0
            known = codes[classes[len(plane)]]
            while (length, code) not in known:
                code, length = code << 1 | next(bits), length + 1
            plane.append(known[length, code])
        rest = list(bits)
        assert len(rest) < 8 and not any(rest), "stream"
    return bytes(plane)


def plane(reader, count, sparse_levels=2, exponents=None):
    coding = reader.byte()
    if coding == 4 and exponents is not None:
        return by_class(reader, exponents)
    if coding == 0:
        return reader.take(count)
    if coding == 1:
        return reader.take(1) * count
    if coding == 2:
        return huffman(reader, count)
    assert coding == 3 and sparse_levels, "plane coding"
    common, number = reader.take(1), reader.varint()
    bitmap = plane(reader, (count + 7) // 8, sparse_levels - 1)
    others = iter(plane(reader, number, 0))
    marks = [bitmap[place // 8] >> place % 8 & 1 for place in range(count)]
    assert sum(marks) == number == sum(byte.bit_count() for byte in bitmap), "bitmap"
    return bytes(next(others) if mark else common[0] for mark in marks)


def numbers(data, width):
    return [int.from_bytes(data[place : place + width], "little") for place in range(0, len(data) - width + 1, width)]


def ordered(value, bits):
    top = 1 << bits - 1
    return value ^ (top - 1) if value & top else value


def decode(block, base):
    magic, version, element, transform, base_element, depth, length, stated = struct.unpack("<BBBBBBIH", block[:12])
    assert magic == 0xB7 and version == 0 and stated == check(block[:10]), "header"
    assert (depth > 0) == (base_element > 0) == (transform in (2, 3)) and depth <= 2, "header"
    reader, width = Reader(block[12:]), WIDTHS[element]
    bits, count = 8 * width, length // width
    mask = (1 << bits) - 1
    reference = base
    if base_element not in (0, element):
        assert (base_element, element) in CONVERSIONS, "conversion"
        converted = [convert(value, base_element, element) for value in numbers(base, WIDTHS[base_element])]
        reference = b"".join(value.to_bytes(width, "little") for value in converted)
    if transform == 0:
        decoded = reader.take(length)
    elif transform == 3:
        decoded = reference
    else:
        exponents = None
        if transform == 2 and element in FIELDS:
            exponent_bits, mantissa_bits = FIELDS[element]
            exponents = [value >> mantissa_bits & (1 << exponent_bits) - 1 for value in numbers(reference, width)]
        planes = [plane(reader, count, exponents=exponents) for _ in range(width if count else 0)]
        values = [int.from_bytes(parts, "little") for parts in zip(*planes)]
        if transform == 2:
            differences = [value >> 1 ^ (mask if value & 1 else 0) for value in values]
            bases = numbers(reference, width)
            if element in FLOATS:
                bases = [ordered(value, bits) for value in bases]
            values = [value + other & mask for value, other in zip(bases, differences, strict=True)]
            if element in FLOATS:
                values = [ordered(value, bits) for value in values]
        elif element in FLOATS:
            values = [value >> 1 | (value & 1) << bits - 1 for value in values]
        decoded = b"".join(value.to_bytes(width, "little") for value in values)
        decoded += reader.take(length - count * width)
    assert reader.place == len(reader.data) and len(decoded) == length, "length"
    return decoded


if __name__ == "__main__":
    contents = [open(path, "rb").read() for path in sys.argv[1:]]
    sys.stdout.buffer.write(decode(contents[0], contents[1] if len(contents) > 1 else None))
