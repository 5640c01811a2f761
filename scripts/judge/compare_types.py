"""CQL types for the comparer: their text form, the bytes of a value given as SELECT JSON prints it, and the key text of bytes.

Written from Cassandra's AbstractType.getString and serializers, apart from the Rust code, so that the two can disagree.
"""
import decimal
import ipaddress
import json
import math
import re
import struct
import uuid
from datetime import datetime, timezone

NAMES = re.compile(r'"(?:[^"]|"")*"|[A-Za-z0-9_]+|[<>,]')
FIXED = {'boolean': 1, 'int': 4, 'bigint': 8, 'float': 4, 'double': 8, 'timestamp': 8, 'uuid': 16, 'timeuuid': 16}


class Type:
    """name: a primitive, or list, set, map, tuple, vector, udt; args: inner types; size: of a vector; udt, fields: names of a UDT."""

    def __init__(self, name, args=(), size=None, udt=None, fields=None):
        self.name, self.args, self.size, self.udt, self.fields = name, tuple(args), size, udt, fields

    def holds(self, *names):
        return self.name in names or any(a.holds(*names) for a in self.args)


def parse(text, udts):
    """udts: {name: [[field, type text], ...]} of the keyspace."""
    tokens = NAMES.findall(text)
    pos = 0

    def one():
        nonlocal pos
        name = tokens[pos]
        pos += 1
        if name.startswith('"'):
            name = name[1:-1].replace('""', '"')
        args, size = [], None
        if pos < len(tokens) and tokens[pos] == '<':
            pos += 1
            while tokens[pos] != '>':
                if tokens[pos] == ',':
                    pos += 1
                elif name == 'vector' and args:
                    size = int(tokens[pos])
                    pos += 1
                else:
                    args.append(one())
            pos += 1
        if name == 'frozen':
            return args[0]
        if name in udts and not args:
            return Type('udt', [parse(t, udts) for _, t in udts[name]], udt=name, fields=[f for f, _ in udts[name]])
        return Type({'varchar': 'text'}.get(name, name), args, size)
    return one()


# ---- floats as Java prints them -------------------------------------------------------------------------------------

def to_float32(value):
    try:
        return struct.unpack('>f', struct.pack('>f', value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def java_float(value, bits=64):
    """Double.toString or Float.toString of JDK 19 and later: the shortest digits (two at least) that read back the same."""
    if bits == 32:
        value = to_float32(value)
    if math.isnan(value):
        return 'NaN'
    if math.isinf(value):
        return 'Infinity' if value > 0 else '-Infinity'
    if value == 0:
        return '-0.0' if math.copysign(1, value) < 0 else '0.0'

    for digits in range(2, 18):
        text = '%.*e' % (digits - 1, abs(value))
        if (to_float32(float(text)) if bits == 32 else float(text)) == abs(value):
            break
    mantissa, exponent = text.split('e')
    exponent = int(exponent)
    figures = mantissa.replace('.', '').rstrip('0') or '0'
    sign = '-' if value < 0 else ''
    if -3 <= exponent < 7:
        if exponent >= 0:
            figures = figures.ljust(exponent + 2, '0')
            return f'{sign}{figures[:exponent + 1]}.{figures[exponent + 1:]}'
        return f'{sign}0.{"0" * (-exponent - 1)}{figures}'
    return f'{sign}{figures[0]}.{figures[1:] or "0"}E{exponent}'


# ---- SELECT JSON value -> bytes -------------------------------------------------------------------------------------

def vint_bytes(value):
    """Signed vint, as in a duration."""
    return unsigned_vint((value << 1) ^ (value >> 63) if value >= 0 else ((-value) << 1) - 1)


def unsigned_vint(value):
    size = next((n for n in range(8) if value < 1 << (7 * (n + 1))), 8)
    if size == 8:
        return b'\xff' + value.to_bytes(8, 'big')
    first = (0xff << (8 - size)) & 0xff
    raw = bytearray(value.to_bytes(size + 1, 'big'))
    raw[0] |= first
    return bytes(raw)


def integer_bytes(value):
    return value.to_bytes(((value if value >= 0 else ~value).bit_length() + 8) // 8, 'big', signed=True)


def timestamp_millis(text):
    day, clock = text.replace('T', ' ').rstrip('Z').split(' ')
    year, month, dom = day.rsplit('-', 2)
    hour, minute, second = clock.split(':')
    days = days_of(int(year), int(month), int(dom))
    return days * 86400000 + int(hour) * 3600000 + int(minute) * 60000 + round(float(second) * 1000)


def days_of(year, month, day):
    """Days since 1970-01-01 in the proleptic Gregorian calendar, for any year."""
    shift = (year - 2000) // 400
    base = datetime(year - shift * 400, month, day, tzinfo=timezone.utc)
    return (base - datetime(1970, 1, 1, tzinfo=timezone.utc)).days + shift * 146097


def time_nanos(text):
    hour, minute, second = text.split(':')
    whole, _, part = second.partition('.')
    return ((int(hour) * 60 + int(minute)) * 60 + int(whole)) * 10**9 + int(part.ljust(9, '0') or '0')


def to_bytes(kind, value):
    """value: from json.loads with parse_float=str. Empty text for a type that is no text means zero bytes."""
    name = kind.name
    if name in ('text', 'ascii'):
        return value.encode()
    if name == 'blob':
        return bytes.fromhex(value[2:])
    if value == '' and name not in ('list', 'set', 'map', 'tuple', 'udt', 'vector'):
        return b''
    if name in ('tinyint', 'smallint', 'int', 'bigint', 'counter'):
        return int(value).to_bytes({'tinyint': 1, 'smallint': 2, 'int': 4}.get(name, 8), 'big', signed=True)
    if name == 'varint':
        return integer_bytes(int(value))
    if name == 'decimal':
        number = decimal.Decimal(str(value)).as_tuple()
        unscaled = int(''.join(map(str, number.digits))) * (-1 if number.sign else 1)
        return struct.pack('>i', -number.exponent) + integer_bytes(unscaled)
    if name in ('float', 'double'):
        return struct.pack('>f' if name == 'float' else '>d', float(value))
    if name == 'boolean':
        return b'\1' if value in (True, 'true') else b'\0'
    if name in ('uuid', 'timeuuid'):
        return uuid.UUID(value).bytes
    if name == 'inet':
        return ipaddress.ip_address(value).packed
    if name == 'timestamp':
        return struct.pack('>q', timestamp_millis(value))
    if name == 'date':
        year, month, day = value.rsplit('-', 2)
        return struct.pack('>I', days_of(int(year), int(month), int(day)) + (1 << 31))
    if name == 'time':
        return struct.pack('>q', time_nanos(value))

    def element(inner, item):
        if item is None:
            return b'\xff\xff\xff\xff'
        raw = to_bytes(inner, item)
        return struct.pack('>i', len(raw)) + raw
    if name in ('list', 'set'):
        return struct.pack('>i', len(value)) + b''.join(element(kind.args[0], v) for v in value)
    if name == 'map':
        return struct.pack('>i', len(value)) + b''.join(
            element(kind.args[0], map_key(kind.args[0], k)) + element(kind.args[1], v) for k, v in value.items())
    if name == 'tuple':
        return b''.join(element(t, v) for t, v in zip(kind.args, value))
    if name == 'udt':
        return b''.join(element(t, value.get(field_name(f))) for t, f in zip(kind.args, kind.fields))
    if name == 'vector':
        if fixed_size(kind.args[0]) is not None:
            return b''.join(to_bytes(kind.args[0], v) for v in value)
        raws = [to_bytes(kind.args[0], v) for v in value]
        return b''.join(unsigned_vint(len(r)) + r for r in raws)
    raise ValueError(f'no bytes for a value of type {name}')


def fixed_size(kind):
    if kind.name == 'vector':
        inner = fixed_size(kind.args[0])
        return None if inner is None else inner * kind.size
    return FIXED.get(kind.name)


def map_key(kind, text):
    """SELECT JSON prints the key of a map as a string, whatever its type."""
    if kind.name in ('list', 'set', 'map', 'tuple', 'udt', 'vector'):
        return json.loads(text, parse_float=str)
    return text


def field_name(name):
    """A column or UDT field as SELECT JSON names it: quoted where it is not lower case, and its own quotes kept as they are."""
    return name if name == name.lower() else f'"{name}"'


# ---- bytes -> key text (AbstractType.getString) ---------------------------------------------------------------------

def get_string(kind, raw):
    name = kind.name
    if name in ('text', 'ascii'):
        return raw.decode()
    if name in ('blob', 'list', 'set', 'map', 'vector'):
        return raw.hex()
    if name in ('tuple', 'udt'):
        return tuple_string(kind, raw)
    if not raw:
        return ''
    if name == 'boolean':
        return 'true' if raw != b'\0' else 'false'
    if name in ('tinyint', 'smallint', 'int', 'bigint', 'varint', 'counter'):
        return str(int.from_bytes(raw, 'big', signed=True))
    if name == 'decimal':
        return java_decimal(int.from_bytes(raw[4:], 'big', signed=True), struct.unpack('>i', raw[:4])[0])
    if name == 'float':
        return java_float(struct.unpack('>f', raw)[0], 32)
    if name == 'double':
        return java_float(struct.unpack('>d', raw)[0])
    if name in ('uuid', 'timeuuid'):
        return str(uuid.UUID(bytes=raw))
    if name == 'inet':
        if len(raw) == 4:
            return '.'.join(map(str, raw))
        return ':'.join('%x' % part for part in struct.unpack('>8H', raw))
    if name == 'timestamp':
        millis = struct.unpack('>q', raw)[0]
        return '%sT%02d:%02d:%02d.%03dZ' % (date_text(millis // 86400000), millis // 3600000 % 24, millis // 60000 % 60,
                                           millis // 1000 % 60, millis % 1000)
    if name == 'date':
        return date_text(struct.unpack('>I', raw)[0] - (1 << 31))
    if name == 'time':
        nanos = struct.unpack('>q', raw)[0]
        seconds = nanos // 10**9
        return '%02d:%02d:%02d.%09d' % (seconds // 3600, seconds // 60 % 60, seconds % 60, nanos % 10**9)
    raise ValueError(f'no key text for type {name}')


def tuple_string(kind, raw):
    parts, at = [], 0
    for inner in kind.args:
        if at >= len(raw):
            break
        size = struct.unpack_from('>i', raw, at)[0]
        at += 4
        if size < 0:
            parts.append('@')
            continue
        parts.append(get_string(inner, raw[at:at + size]).replace(':', '\\:').replace('@', '\\@'))
        at += size
    # TupleType writes the ':' before it looks at the next field, and stops without one at the end of the bytes.
    return ':'.join(parts)


def date_text(days):
    shift = (days + 719162) // 146097
    day = datetime(1, 1, 1).toordinal() + (days + 719162 - shift * 146097)
    base = datetime.fromordinal(day)
    year = base.year + shift * 400
    return ('%04d' % year if 0 <= year <= 9999 else '%+05d' % year) + base.strftime('-%m-%d')


def java_decimal(unscaled, scale):
    """BigDecimal.toString."""
    digits = str(abs(unscaled))
    sign = '-' if unscaled < 0 else ''
    exponent = len(digits) - 1 - scale
    if scale == 0:
        return sign + digits
    if scale > 0 and exponent >= -6:
        if scale >= len(digits):
            return f'{sign}0.{digits.rjust(scale, "0")}'
        return f'{sign}{digits[:-scale]}.{digits[-scale:]}'
    mantissa = digits[0] + ('.' + digits[1:] if len(digits) > 1 else '')
    return f'{sign}{mantissa}E{exponent:+d}' if exponent else sign + mantissa
