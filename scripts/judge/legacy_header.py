"""3.0 wrote frozen user types into the header of Statistics.db without saying so, and 5.0.6 takes them for ones that are not frozen
(CASSANDRA-15035). This says so, as the servers in between did when they found such files."""

import struct

USER = b"org.apache.cassandra.db.marshal.UserType("
FROZEN = b"org.apache.cassandra.db.marshal.FrozenType(%s)"
HEADER = 3


def read_vint(data, at):
    first = data[at]
    extra = 8 - (first ^ 0xFF).bit_length()
    value = first & (0xFF >> extra) if extra < 8 else 0
    for byte in data[at + 1:at + 1 + extra]:
        value = value << 8 | byte
    return value, at + 1 + extra


def write_vint(value):
    extra = max(0, (value.bit_length() - 1) // 7) if value < 1 << 56 else 8
    raw = bytearray(value.to_bytes(extra + 1, "big") if extra < 8 else b"\xff" + value.to_bytes(8, "big"))
    if extra < 8:
        raw[0] |= 0xFF & ~(0xFF >> extra)
    return bytes(raw)


def freeze_user_types(path):
    """For a Statistics.db without checksums (before na): the types of static and regular columns."""
    data = path.read_bytes()
    count, = struct.unpack_from(">i", data)
    parts = dict(struct.unpack_from(">ii", data, 4 + 8 * i) for i in range(count))
    start = parts[HEADER]
    if start != max(parts.values()):
        raise ValueError(f"{path}: the header is not the last part")
    out, at = bytearray(), start

    def vint():
        nonlocal at
        value, at = read_vint(data, at)
        out.extend(write_vint(value))
        return value

    def text(change=lambda raw: raw):
        nonlocal at
        length, at = read_vint(data, at)
        raw = change(data[at:at + length])
        at += length
        out.extend(write_vint(len(raw)) + raw)

    for _ in range(3):
        vint()
    text()
    for _ in range(vint()):
        text()
    for _ in range(2):
        for _ in range(vint()):
            text()
            text(lambda raw: FROZEN % raw if raw.startswith(USER) else raw)
    if at != len(data):
        raise ValueError(f"{path}: {len(data) - at} bytes behind the header")
    if bytes(out) != data[start:]:
        path.write_bytes(data[:start] + bytes(out))
