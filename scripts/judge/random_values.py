"""Random CQL types, and random values of a type as CQL literals."""
import uuid
from decimal import Decimal

from . import compare_types as types

PRIMITIVES = ('ascii bigint blob boolean date decimal double duration float inet int smallint text time timestamp timeuuid '
              'tinyint uuid varint').split()
# Every kind of char that JSON, CSV, CQL, CompositeType or a file name treats in its own way.
WORDS = ('a', 'b', 'Ab', 'x y', "it's", '"q"', 'back\\slash', 'new\nline', 'cr\r', 'tab\t', 'a:b', 'a\\', 'a!', '!', ':', 'a/b', '50%',
         '%2F', '.', '..', '.hidden', 'a.json', 'é', 'ü~', '日本', '😀', '\x01', '\x7f', '\x85', '\u2028', '\x00', ',', 'a,b', '{', '[1]', 'null', '@',
         'NaN', '-1', ' lead', 'trail ', "''", '$$', 'zz')
ASCII = tuple(w for w in WORDS if w.isascii())
DOUBLES = ('NaN', 'Infinity', '-Infinity', '0.0', '-0.0', '1.0', '-1.5', '0.1', '1.7976931348623157E308', '4.9E-324', '2.2250738585072014E-308',
           '1.0E7', '9999999.0', '0.001', '0.0001', '1.79814545080213197E18', '2.0E-3', '123456789.125')
FLOATS = ('NaN', 'Infinity', '-Infinity', '0.0', '-0.0', '1.0', '-2.5', '0.1', '3.4028235E38', '1.4E-45', '1.17549435E-38', '1.0E7', '0.001',
          '16777216.0', '3.3554432E7')
INETS = ('127.0.0.1', '255.255.255.255', '0.0.0.0', '::', '::1', 'fe80::1', '2001:db8::ff00:42:8329', '1:2:3:4:5:6:7:8')
DAYS = ("'1970-01-01'", "'1969-12-31'", "'0001-01-01'", "'9999-12-31'", "'2024-02-29'", "'1582-10-10'", "'1000-01-01'")
RANGES = {'tinyint': 8, 'smallint': 16, 'int': 32, 'bigint': 64}


# ---- types ----------------------------------------------------------------------------------------------------------

def random_type(rng, depth, udts, frozen=False, no_duration=False):
    """A type's text, nested at most `depth` deep. frozen: as part of another type, or of the primary key."""
    if depth <= 0 or rng.random() < 0.45:
        return rng.choice([p for p in PRIMITIVES if not (no_duration and p == 'duration')])
    shape = rng.choice(['list', 'set', 'map', 'tuple', 'udt', 'vector'])
    inner = lambda hashed=False: random_type(rng, depth - 1, udts, True, no_duration or hashed)  # noqa: E731
    if shape == 'udt':
        names = [n for n, fields in udts.items() if depth_of(n, udts) <= depth and not (no_duration and has_duration(n, udts))]
        if not names:
            return random_type(rng, 0, udts, frozen, no_duration)
        text = quote(rng.choice(names))
        return f'frozen<{text}>' if frozen else text
    if shape == 'tuple':
        # One inner type is left out: "(x)" in CQL is x in parentheses, no tuple.
        return 'tuple<%s>' % ', '.join(inner() for _ in range(rng.randint(2, 3)))
    if shape == 'vector':
        return f'vector<{inner()}, {rng.randint(1, 4)}>'
    # Cassandra refuses durations in sets and as map keys: they have no order.
    text = {'list': lambda: f'list<{inner()}>', 'set': lambda: f'set<{inner(True)}>',
            'map': lambda: f'map<{inner(True)}, {inner()}>'}[shape]()
    return f'frozen<{text}>' if frozen or rng.random() < 0.25 else text


def depth_of(name, udts):
    def deep(kind):
        return 1 + max(map(deep, kind.args)) if kind.args else 0
    return deep(types.parse(quote(name), udts))


def has_duration(name, udts):
    return types.parse(quote(name), udts).holds('duration')


def quote(name):
    import re
    return name if re.fullmatch('[a-z][a-z0-9_]*', name) and name not in ('select', 'from', 'order', 'table') else '"%s"' % name.replace('"', '""')


# ---- values ---------------------------------------------------------------------------------------------------------

def literal(rng, kind, nulls=True, finite=False, ordered=False):
    """kind: compare_types.Type. nulls: also inside tuples.

    finite: no NaN or infinity, which SELECT JSON prints as null: inside of a partition key the comparer could not tell them apart.
    ordered: no two values that compare as equal and have different bytes, as the decimals 0.0 and 0.00. In a key, a set or as a
    map's key, which bytes remain after a merge is an accident of the order in which Cassandra's heap has the SSTables.
    """
    name = kind.name
    if name in RANGES:
        top = 1 << (RANGES[name] - 1)
        return str(rng.choice([0, 1, -1, top - 1, -top, rng.randrange(-top, top), rng.randrange(-100, 100)]))
    if name == 'decimal' and ordered:
        number = Decimal(decimal(rng)).normalize()
        return str(number + 0) if number else '0'
    if name in SIMPLE:
        value = SIMPLE[name](rng)
        while finite and value in ('NaN', 'Infinity', '-Infinity'):
            value = SIMPLE[name](rng)
        return value

    def inner(number, ordered_too=False):
        return literal(rng, kind.args[number], nulls, finite, ordered or ordered_too)
    if name == 'vector':
        return '[%s]' % ', '.join(inner(0) for _ in range(kind.size))
    if name in ('list', 'set'):
        open_, close = '[]' if name == 'list' else '{}'
        return open_ + ', '.join(inner(0, name == 'set') for _ in range(rng.randint(0, 3))) + close
    if name == 'map':
        return '{%s}' % ', '.join(f'{inner(0, True)}: {inner(1)}' for _ in range(rng.randint(0, 3)))
    if name == 'tuple':
        return '(%s)' % ', '.join('null' if nulls and rng.random() < 0.1 else inner(n) for n in range(len(kind.args)))
    if name == 'udt':
        fields = [n for n in range(len(kind.args)) if rng.random() < 0.85] or [0]
        return '{%s}' % ', '.join(f'{quote(kind.fields[n])}: {"null" if rng.random() < 0.1 else inner(n)}' for n in fields)
    raise ValueError(name)


def text(value):
    return "'%s'" % value.replace("'", "''")


def integer(rng):
    digits = rng.choice([1, 3, 10, 19, 20, 40, 100])
    return str(rng.choice([0, 1, -1, 127, 128, -128, -129, rng.randrange(-10**digits, 10**digits)]))


def decimal(rng):
    unscaled = rng.choice([0, 1, -1, 10, 1000, rng.randrange(-10**12, 10**12)])
    return f'{unscaled}E{rng.choice([0, 0, -1, -2, -5, -7, -12, 3, 12])}' if rng.random() < 0.5 else f'{unscaled / 1000:.3f}'


def instant(rng):
    # Outside of the years 1 to 9999 the Python driver, and so COPY TO, can't read a timestamp.
    return str(rng.choice([0, -1, 1, 1700000000000, 253402300799999, -62135596800000, rng.randrange(-10**12, 2 * 10**12), rng.randrange(2000) * 86400000]))


def clock(rng):
    nanos = rng.choice([0, 86399999999999, 43200000000000, rng.randrange(86400 * 10**9)])
    seconds = nanos // 10**9
    return "'%02d:%02d:%02d.%09d'" % (seconds // 3600, seconds // 60 % 60, seconds % 60, nanos % 10**9)


def duration(rng):
    parts = [f'{rng.randint(1, 99)}{unit}' for unit in ('y', 'mo', 'w', 'd', 'h', 'm', 's', 'ms', 'us', 'ns') if rng.random() < 0.3]
    return rng.choice(['', '-']) + ''.join(parts or ['0s'])


def time_uuid(rng):
    value = rng.getrandbits(128) & ~(0xf000 << 64) & ~(0xc000 << 48) | (0x1000 << 64) | (0x8000 << 48)
    return str(uuid.UUID(int=value))


def any_uuid(rng):
    if rng.random() < 0.3:  # time UUIDs sort apart from the others in a uuid column
        return time_uuid(rng)
    return str(rng.choice([uuid.UUID(int=0), uuid.UUID(int=(1 << 128) - 1), uuid.UUID(int=rng.getrandbits(128), version=4),
                           uuid.UUID(int=rng.getrandbits(128))]))


SIMPLE = {
    'ascii': lambda rng: text(rng.choice(ASCII)),
    'text': lambda rng: text(rng.choice(WORDS) if rng.random() < 0.9 else rng.choice(WORDS) * rng.randint(2, 40)),
    'blob': lambda rng: '0x' + rng.randbytes(rng.choice([0, 1, 2, 5, 20])).hex(),
    'boolean': lambda rng: rng.choice(['true', 'false']),
    'date': lambda rng: rng.choice(DAYS) if rng.random() < 0.7 else str((1 << 31) + rng.randrange(-20000, 40000)),
    'decimal': decimal,
    'double': lambda rng: rng.choice(DOUBLES) if rng.random() < 0.6 else repr(rng.gauss(0, 1) * 10 ** rng.randint(-20, 20)).upper(),
    'duration': duration,
    'float': lambda rng: rng.choice(FLOATS) if rng.random() < 0.6 else repr(rng.gauss(0, 1) * 10 ** rng.randint(-9, 9)).upper(),
    'inet': lambda rng: text(rng.choice(INETS)),
    'time': clock,
    'timestamp': instant,
    'timeuuid': time_uuid,
    'uuid': any_uuid,
    'varint': integer,
}
