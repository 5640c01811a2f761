"""scripts/format_walk: reads SSTables with nothing but what docs/FORMAT.md says, and holds their components against each other.

It shares no line with sstablefs: where both read the same files, the document is enough to write a reader.
"""
import argparse
import pathlib
import sys
import zlib
from collections import Counter, namedtuple

from . import format_indexes as indexes
from .format_bytes import CODECS, Bytes, Wrong, same, signed
from .format_statistics import Statistics, values

LIVE = -1 << 63
# `unfiltered` has for each its offset, kind, clustering, and the deletion time that is open behind it.
Partition = namedtuple('Partition', 'begin key deletion head unfiltered size')


class Walk(Statistics):
    """The components of one SSTable. `files` are bytes by the component's name."""

    def __init__(self, version, files):
        self.files, self.seen = files, Counter()
        self.toc()
        super().__init__(version, self.at('Statistics.db').data)
        self.data()
        if 'Filter.db' in files:
            indexes.bloom(self)
        if 'Partitions.db' in files:
            indexes.partitions(self)
            return
        entries = indexes.index(self)
        if 'Summary.db' in files:
            indexes.summary(self, entries)

    def at(self, component, at=0):
        self.seen[component] = 1
        return Bytes(self.files[component], at)

    def toc(self):
        for line in self.at('TOC.txt').data.decode().splitlines():
            same(line in self.files or line.startswith(('SAI+', 'SI_')), True, f'{line} of TOC.txt is there')

    def uncompressed(self):
        data = self.at('Data.db').data
        same(int(self.at('Digest.crc32').data), zlib.crc32(data), 'Digest.crc32')
        if 'CompressionInfo.db' not in self.files:
            at = self.at('CRC.db')
            piece = at.i(32)
            for begin in range(0, len(data), piece):
                same(at.u(32), zlib.crc32(data[begin:begin + piece]), f'CRC.db: piece at {begin}')
            # A compaction that opened its result early leaves an empty piece.
            same(at.take(at.end - at.at) in (b'', bytes(4)), True, 'end of CRC.db')
            return data
        at = self.at('CompressionInfo.db')
        codec = CODECS[at.utf()]
        at.array(at.i(32), lambda: (at.utf(), at.utf()))
        length, largest, total = at.i(32), at.i(32) if self.na else 1 << 31, at.i(64)
        offsets = at.array(at.i(32), lambda: at.i(64))
        at.over('CompressionInfo.db')
        same(offsets[0], 0, 'first chunk')
        out = b''
        for begin, end in zip(offsets, offsets[1:] + [len(data)]):
            stored = Bytes(data, begin, end).take(end - 4 - begin)
            same(Bytes(data, end - 4).u(32), zlib.crc32(stored), f'checksum of the chunk at {begin}')
            chunk = codec(stored) if len(stored) < largest else stored[:total - len(out)]
            same(len(chunk), min(length, total - len(out)), 'uncompressed length of a chunk')
            out += chunk
        same(len(out), total, 'uncompressed length')
        return out

    def deletion(self, at):
        """Timestamp and local deletion time, None for a live one."""
        if not self.oa:
            local, marked = at.i(32), at.i(64)
            return None if (marked, local) == (LIVE, 0x7fffffff) else (marked, local)
        if at.peek() & 0x80:
            return same(at.u(8), 0x80, 'a live deletion time')
        return at.i(64), at.u(32)

    def data(self):
        at = Bytes(self.uncompressed())
        self.walked, self.counted = [], [0, 0]
        while at.at < at.end:
            begin = at.at
            key, deletion, unfiltered = at.take(at.u(16)), self.deletion(at), []
            if self.statics:
                self.unfiltered(at, 0)
            head = previous = at.at - begin
            opened = None
            while at.peek() != 1:
                start = at.at
                kind, clustering, opened = self.unfiltered(at, previous, opened)
                unfiltered.append((start - begin, kind, clustering, opened))
                previous = at.at - start
            at.take(1)
            self.walked.append(Partition(begin, key, deletion, head, unfiltered, at.at - begin))
        same([len(self.walked), *self.counted], [self.partitions, self.rows, self.cells], 'partitions, rows and cells of Statistics.db')
        if self.oa:
            same(self.ends, (self.walked[0].key, self.walked[-1].key), 'first and last key of Statistics.db')

    def unfiltered(self, at, previous, opened=None):
        """Kind, clustering, and the deletion time of the range that is open behind it."""
        flags = at.u(8)
        static = flags & 0x80 and at.u(8) & 1
        if flags & 2:
            same(flags, 2, 'flags of a marker')
            kind, n = at.u(8), at.u(16)
            clustering = values(at, self.clustering[:n])
        else:
            kind, clustering = 4, [] if static else values(at, self.clustering)
        end = at.vint() + at.at
        same(at.vint(), previous, f'size of the unfiltered before the one that ends at {end}')
        if flags & 2:
            deletions = at.array(2 if kind in (2, 5) else 1, lambda: self.differences(at))
            opened = deletions[-1] if kind in (1, 2, 5, 7) else None
        else:
            self.body(at, flags, self.statics if static else self.regulars, static)
        same(at.at, end, 'end of an unfiltered')
        return kind, clustering, opened

    def timestamp(self, at):
        return signed(self.least_timestamp + at.vint())

    def differences(self, at):
        timestamp, local = self.timestamp(at), self.least_local + at.vint() & 0xffffffff
        return timestamp, local

    def body(self, at, flags, columns, static):
        timestamps = [self.timestamp(at)] if flags & 4 else []
        if flags & 8:
            at.vint(), at.vint()
        if flags & 0x10:
            timestamps.append(self.differences(at)[0])
        if not flags & 0x20:
            columns = present(at, columns)
        count = 0
        for many, length in columns:
            if not many:
                timestamps += self.cell(at, False, length)
                count += 1
                continue
            if flags & 0x40:
                timestamps.append(self.differences(at)[0])
            n = at.vint()
            count += n > 0
            for _ in range(n):
                timestamps += self.cell(at, True, None)
        for timestamp in timestamps:
            if timestamp != LIVE and not self.timestamps[0] <= timestamp <= self.timestamps[1]:
                raise Wrong(f'timestamp {timestamp} before {at.at} is not within those of Statistics.db')
        # A static row that has nothing is no row.
        if not static or columns or flags & 0x14:
            self.counted[0] += 1
            self.counted[1] += count

    def cell(self, at, path, length):
        flags = at.u(8)
        timestamps = [] if flags & 8 else [self.timestamp(at)]
        if flags & 3 and not flags & 0x10:
            at.vint()
        if flags & 2 and not flags & 0x10:
            at.vint()
        if path:
            at.named()
        if not flags & 4:
            at.value(length)
        return timestamps


def present(at, columns):
    encoded = at.vint()
    if len(columns) < 64:
        return [column for i, column in enumerate(columns) if not encoded >> i & 1]
    there = len(columns) - encoded
    if there < len(columns) // 2:
        return [columns[i] for i in at.array(there, at.vint)]
    missing = set(at.array(encoded, at.vint))
    return [column for i, column in enumerate(columns) if i not in missing]


def sstables(paths):
    """Path of Data.db, version, and the bytes of each component."""
    for path in paths:
        for data in sorted(path.rglob('*-Data.db')):
            prefix = data.name.removesuffix('Data.db')
            files = {file.name.removeprefix(prefix): file.read_bytes() for file in data.parent.glob(f'{prefix}*')}
            yield data, prefix[:2], files


def fault(version, files, seen):
    """What is not as the document says; None for an SSTable that is."""
    try:
        seen.update(Walk(version, files).seen)
    except (Wrong, LookupError, ValueError, ArithmeticError, RecursionError, zlib.error) as e:
        return f'{type(e).__name__}: {e}'
    return None


def main():
    arguments = argparse.ArgumentParser(prog='format_walk', description=__doc__.split('\n\n')[0])
    arguments.add_argument('paths', type=pathlib.Path, nargs='+', help='folders with SSTables below them')
    given = arguments.parse_args()
    count, seen, wrong = Counter(), Counter(), 0
    for data, version, files in sstables(given.paths):
        count[version] += 1
        found = fault(version, files, seen)
        if found:
            wrong += 1
            print(f'{data}: {found}')
    print('SSTables:', ', '.join(f'{n} {version}' for version, n in sorted(count.items())))
    print('components:', ', '.join(f'{n} {component}' for component, n in sorted(seen.items())))
    print(f'{count.total()} SSTables, {wrong} of them not as docs/FORMAT.md says')
    sys.exit(1 if wrong or not count else 0)


if __name__ == '__main__':
    main()
