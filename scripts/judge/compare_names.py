"""Partition key -> key text -> file name, and the token that a cut name ends in. DESIGN's KEY rule, written apart from the Rust code."""
import itertools
import re
import struct

from . import compare_types as types

MASK = (1 << 64) - 1


def key_bytes(kinds, raws):
    if len(raws) == 1:
        return raws[0]
    return b''.join(struct.pack('>H', len(r)) + r + b'\0' for r in raws)


def key_parts(kinds, values):
    """Every reading of a key as SELECT JSON prints it: NaN and the infinities are all null there, so a null has three."""
    choices = []
    for kind, value in zip(kinds, values):
        if value is None and kind.name in ('float', 'double'):
            choices.append([types.to_bytes(kind, v) for v in ('nan', 'inf', '-inf')])
        else:
            choices.append([types.to_bytes(kind, value)])
    return [list(raws) for raws in itertools.product(*choices)]


def key_text(kinds, raws):
    parts = [types.get_string(k, r) for k, r in zip(kinds, raws)]
    if len(parts) == 1:
        return parts[0]
    escaped = []
    for part in parts:
        part = part.replace(':', '\\:')
        escaped.append(part + '!' if part.endswith(('\\', '!')) else part)
    return ':'.join(escaped)


def reads_back(kind, raw):
    """Whether the key text of these bytes is theirs alone: a tuple with a part that ends in '\\' reads as another."""
    if kind.name not in ('tuple', 'udt'):
        return True
    fields, at = [], 0
    while at < len(raw):
        size = struct.unpack_from('>i', raw, at)[0]
        at += 4
        fields.append(None if size < 0 else raw[at:at + size])
        at += max(size, 0)
    text = types.get_string(kind, raw)
    pieces = re.split(r'(?<!\\):', text) if text else []  # Cassandra reads no text as no fields, also where it is one empty field
    if len(pieces) != len(fields):
        return False
    for inner, field, piece in zip(kind.args, fields, pieces):
        if (field is None) != (piece == '@'):
            return False
        if field is not None:
            plain = piece.replace('\\:', ':').replace('\\@', '@')
            if plain != types.get_string(inner, field) or not reads_back(inner, field):
                return False
    return True


def encode(text):
    """A text that ends as a cut name does, in '~' and a number, is kept apart from those."""
    tilde = re.search(r'~(?:0|-?[1-9]\d*)$', text)
    out = []
    for index, char in enumerate(text):
        code = ord(char)
        if tilde and index == tilde.start() or char in '/%' or code < 0x20 or 0x7f <= code < 0xa0 or (char == '.' and index == 0):
            out.append(''.join('%%%02X' % b for b in char.encode()))
        else:
            out.append(char)
    return ''.join(out)


def file_name(kinds, raws, extension, token=None):
    """extension: with its dot. token: what Cassandra's own token() said, if known; else murmur3 of the key.

    A name ends in '~' and the token where the text is too long, is empty, or would read back as another key.
    """
    name = encode(key_text(kinds, raws))
    if name and len((name + extension).encode()) <= 255 and all(map(reads_back, kinds, raws)):
        return name + extension
    if token is None:
        token = murmur3_token(key_bytes(kinds, raws))
    end = f'~{token}{extension}'
    room = 255 - len(end)
    pieces, used = [], 0
    for piece in split_escapes(name):
        size = len(piece.encode())
        if used + size > room:
            break
        pieces.append(piece)
        used += size
    return ''.join(pieces) + end


def split_escapes(name):
    """A percent escape is one piece: a name is never cut inside it. The bytes of one character stay together too."""
    index = 0
    while index < len(name):
        size = 1
        if name[index] == '%':
            size = 3
            first = int(name[index + 1:index + 3], 16)
            size *= 1 if first < 0xc0 else 2 if first < 0xe0 else 3 if first < 0xf0 else 4
        yield name[index:index + size]
        index += size


def murmur3_token(key):
    """The first half of Cassandra's MurmurHash.hash3_x64_128, whose tail bytes are signed."""
    def rotate(value, bits):
        return ((value << bits) | (value >> (64 - bits))) & MASK

    def mix(value):
        value ^= value >> 33
        value = value * 0xff51afd7ed558ccd & MASK
        value ^= value >> 33
        value = value * 0xc4ceb9fe1a85ec53 & MASK
        return value ^ value >> 33
    c1, c2 = 0x87c37b91114253d5, 0x4cf5ad432745937f
    h1 = h2 = 0
    blocks = len(key) // 16
    for block in range(blocks):
        k1, k2 = struct.unpack_from('<QQ', key, block * 16)
        h1 ^= rotate(k1 * c1 & MASK, 31) * c2 & MASK
        h1 = ((rotate(h1, 27) + h2) * 5 + 0x52dce729) & MASK
        h2 ^= rotate(k2 * c2 & MASK, 33) * c1 & MASK
        h2 = ((rotate(h2, 31) + h1) * 5 + 0x38495ab5) & MASK
    tail = key[blocks * 16:]
    k1 = k2 = 0
    for index, byte in enumerate(tail):
        signed = byte - 256 if byte > 127 else byte
        if index < 8:
            k1 ^= signed << (8 * index) & MASK
        else:
            k2 ^= signed << (8 * (index - 8)) & MASK
    if len(tail) > 8:
        h2 ^= rotate(k2 * c2 & MASK, 33) * c1 & MASK
    if tail:
        h1 ^= rotate(k1 * c1 & MASK, 31) * c2 & MASK
    h1 ^= len(key)
    h2 ^= len(key)
    h1 = (h1 + h2) & MASK
    h2 = (h2 + h1) & MASK
    h1, h2 = mix(h1), mix(h2)
    h1 = (h1 + h2) & MASK
    token = h1 - (1 << 64) if h1 >> 63 else h1
    return (1 << 63) - 1 if token == -(1 << 63) else token
