"""Statistics.db as docs/FORMAT.md draws it, for format_walk."""
import zlib

from .format_bytes import Bytes, same

EPOCH = 1442880000
PACKAGE = 'org.apache.cassandra.db.marshal.'
LENGTHS = {'BooleanType': 1, 'Int32Type': 4, 'FloatType': 4, 'LongType': 8, 'DoubleType': 8, 'TimestampType': 8, 'DateType': 8,
           'UUIDType': 16, 'TimeUUIDType': 16, 'LexicalUUIDType': 16, 'EmptyType': 0}


def length_of(name):
    """Bytes of a value whose type has a fixed length; None for others."""
    name = name.removeprefix(PACKAGE)
    if name.startswith('ReversedType('):
        return length_of(name[len('ReversedType('):-1])
    if name.startswith('VectorType('):
        element, dimension = name[len('VectorType('):-1].rsplit(',', 1)
        element = length_of(element.strip())
        return None if element is None else element * int(dimension)
    return LENGTHS.get(name)


def values(at, lengths):
    """Values of a clustering: None for null."""
    out = []
    for i, length in enumerate(lengths):
        if i % 32 == 0:
            bits = at.vint()
        kind = bits >> 2 * (i % 32) & 3
        out.append(None if kind & 2 else b'' if kind else at.value(length))
    return out


class Statistics:
    def __init__(self, version, data):
        self.version = version
        self.oa = version in ('oa', 'da')
        self.na = self.oa or version >= 'na'
        at = Bytes(data)
        n = at.u(32)
        checksum = zlib.crc32(data[:4])
        self.checksum(at, checksum, 'the number of parts')
        table = [(at.u(32), at.u(32)) for _ in range(n)]
        self.checksum(at, zlib.crc32(data[8:8 + 8 * n], checksum), 'the table')
        same((sorted(kind for kind, _ in table), table[0][1]), ([0, 1, 2, 3], at.at), 'Statistics.db: parts, first offset')
        for (kind, begin), (_, end) in zip(table, table[1:] + [(0, at.end)]):
            end -= 4 * self.na
            self.checksum(Bytes(data, end), zlib.crc32(data[begin:end]), f'part {kind}')
            part = Bytes(data, begin, end)
            (self.validation, self.compaction, self.stats, self.header)[kind](part)
            part.over(f'part {kind} of Statistics.db')

    def checksum(self, at, want, what):
        if self.na:
            same(at.u(32), want, f'Statistics.db: checksum of {what}')

    def validation(self, at):
        self.partitioner = at.utf().rsplit('.', 1)[1]
        at.take(8)

    def compaction(self, at):
        at = Bytes(at.take(at.i(32)))
        same(at.i(32), -2, 'version of the key sketch')

        def varint():
            out = shift = 0
            while True:
                byte = at.u(8)
                out |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return out

        p, _, kind = varint(), varint(), varint()
        if kind == 0:
            n = varint()
            same(n, ((1 << p) // 6 + 1) * 4, 'bytes of registers')
            at.take(n)
        else:
            at.array(varint(), varint)
        at.over('the key sketch')

    def stats(self, at):
        def histogram():
            buckets = at.array(at.i(32), lambda: (at.i(64), at.i(64)))
            same(buckets[0][0], buckets[1][0], 'the first offset of a histogram, which is written twice')
            return sum(count for _, count in buckets)

        def position():
            return at.i(64), at.i(32)

        def bound():
            kind, n = at.u(8), at.u(16)
            return kind, values(at, lengths[:n])

        self.partitions = histogram()
        histogram(), position()
        self.timestamps = at.i(64), at.i(64)
        at.take(4 * 4 + 8)
        same(at.i(32) >= 0, True, 'bins')
        bins = at.array(at.i(32), (lambda: (at.i(64), at.i(32))) if self.oa else (lambda: (at.take(8), at.i(64))))
        at.i(32), at.i(64)
        if self.oa:
            lengths = [length_of(name.decode()) for name in at.array(at.vint(), at.named)]
            self.covered = [bound(), bound()]
        else:
            self.covered = [at.array(at.i(32), lambda: at.take(at.u(16))) for _ in range(2)]
        at.bool()
        self.cells, self.rows = at.i(64), at.i(64)
        if self.version != 'ma':
            position()
        if self.version not in ('ma', 'mb'):
            at.array(at.i(32), lambda: (position(), position()))
        if self.na:
            at.take(16 * at.bool())
            at.bool()
        if self.version == 'me' or self.na and self.version != 'na':
            at.take(16 * at.bool())
        if self.oa:
            at.bool()
            self.ends = at.named(), at.named()
            at.take(8)
            same(at.take(4 * len(bins)), bytes(4 * len(bins)), 'zeroes behind the stats')

    def header(self, at):
        self.least_timestamp, self.least_local = at.vint() + EPOCH * 1000000, at.vint() + EPOCH
        at.vint()
        at.named()
        self.clustering = [length_of(name.decode()) for name in at.array(at.vint(), at.named)]
        self.statics, self.regulars = (at.array(at.vint(), lambda: self.column(at)) for _ in range(2))

    def column(self, at):
        """Whether a column has many cells, and the length of its value."""
        at.named()
        name = at.named().decode().removeprefix(PACKAGE)
        many = ('ListType(', 'SetType(', 'MapType(') + (('UserType(',) if self.version != 'ma' else ())
        return name.startswith(many), length_of(name)
