"""Index.db, Summary.db, Filter.db, Partitions.db and Rows.db as docs/FORMAT.md draws them, held against what Data.db has; for
format_walk. `walked` has the partitions that were read there."""
from .format_bytes import Bytes, murmur, same, signed
from .format_statistics import values

BLOCK = 65536
WIDTHS = (8, 12, 16, 24, 40, 12, 16, 24, 32, 40, 64)


def index(walk):
    at, entries = walk.at('Index.db'), []
    for partition in walk.walked:
        entries.append((at.at, partition.key))
        same((at.take(at.u(16)), at.vint()), (partition.key, partition.begin), 'Index.db: key and position')
        end = at.vint() + at.at
        if end > at.at:
            same((at.vint(), walk.deletion(at)), (partition.head, partition.deletion), 'row index: head and deletion time')
            n = at.vint()
            first, offsets = at.at, []
            for _ in range(n):
                offsets.append(at.at - first)
                block(walk, at, partition)
            same(at.array(n, lambda: at.u(32)), offsets, 'row index: offsets')
            walk.seen['row index'] += 1
        same(at.at, end, 'end of a row index')
    at.over('Index.db')
    return entries


def block(walk, at, partition):
    prefixes = [prefix(walk, at), prefix(walk, at)]
    offset = at.vint()
    end = offset + at.signed_vint() + BLOCK
    openings = [deletion for start, _, _, deletion in partition.unfiltered if start < end]
    same(walk.deletion(at) if at.bool() else None, openings[-1], 'row index: the range that is open')
    inside = [(kind, clustering) for start, kind, clustering, _ in partition.unfiltered if offset <= start < end]
    same(prefixes, [inside[0], inside[-1]], 'row index: first and last clustering')
    starts = [start for start, *_ in partition.unfiltered] + [partition.size - 1, partition.size]
    same((offset in starts, end in starts), (True, True), 'row index: offset and length')


def prefix(walk, at):
    kind = at.u(8)
    return kind, values(at, walk.clustering if kind == 4 else walk.clustering[:at.u(16)])


def summary(walk, entries):
    at = walk.at('Summary.db')
    interval, n, length, level, full = at.i(32), at.i(32), at.i(64), at.i(32), at.i(32)
    same((interval > 0, 0 < level <= 128), (True, True), 'Summary.db: min_index_interval, sampling level')
    base = at.at
    offsets = at.array(n, lambda: at.little(4)) + [length]
    for i, (begin, end) in enumerate(zip(offsets, offsets[1:])):
        same(base + begin, at.at, 'Summary.db: offset of a sample')
        key, position = at.take(end - begin - 8), at.little(8)
        same((position, key) in entries, True, 'Summary.db: a sample is in Index.db')
        if level == 128:
            same((position, key), entries[i * interval], 'Summary.db: a sample')
    same(at.at, base + length, 'Summary.db: length of the samples')
    same(full, -(-len(entries) // interval), 'Summary.db: samples at the full level')
    same([at.take(at.i(32)), at.take(at.i(32))], [entries[0][1], entries[-1][1]], 'Summary.db: first and last key')
    at.over('Summary.db')


def bloom(walk):
    at = walk.at('Filter.db')
    hashes, words = at.i(32), at.i(32)
    same((0 < hashes <= 20, at.at + words * 8), (True, at.end), 'Filter.db: hash count and words')
    want = bytearray(words * 8)
    for partition in walk.walked:
        h1, h2 = murmur(partition.key)
        for i in range(hashes):
            bit = abs(signed(h2 + i * h1)) % (words * 64)
            want[bit // 8] |= 1 << bit % 8
    if not walk.na:
        want = b''.join(want[i:i + 8][::-1] for i in range(0, len(want), 8))
    same(at.take(words * 8), bytes(want), 'Filter.db')


def trie(data, at, path=b''):
    """Path, payload flags and the place of the payload of each node that has one, in order."""
    node = Bytes(data, at)
    first = node.u(8)
    kind, flags = first >> 4, first & 15
    children = []
    if kind in (1, 3):
        distance = flags if kind == 1 else flags << 8 | node.u(8)
        children, flags = [(node.u(8), distance)], 0
    elif kind in (2, 4):
        children = [(node.u(8), node.u(8 if kind == 2 else 16))]
    elif kind >= 5:
        if kind < 10:
            keys = node.take(node.u(8))
        else:
            begin = node.u(8)
            keys = range(begin, begin + node.u(8) + 1)
        width = WIDTHS[kind - 5]
        packed = node.take((len(keys) * width + 7) // 8)
        number = int.from_bytes(packed, 'big')
        distances = [number >> len(packed) * 8 - (i + 1) * width & (1 << width) - 1 for i in range(len(keys))]
        children = [(key, distance) for key, distance in zip(keys, distances) if distance or kind < 10]
    same(at // 4096, (node.at - 1) // 4096, 'pages of a node')
    if flags:
        yield path, flags, node.at
    for key, distance in children:
        same(0 < distance <= at, True, f'distance of a child of the node at {at}')
        yield from trie(data, at - distance, path + bytes([key]))


def comparable(key):
    """Token and key as the path in Partitions.db, for Murmur3Partitioner."""
    token = signed(murmur(key)[0])
    token = (1 << 63) - 1 if token == -1 << 63 else token
    out = bytearray(b'\x40' + (token + (1 << 63)).to_bytes(8, 'big') + b'\x40')
    zeroes = False
    for byte in key:
        if byte == 0:
            out.append(0xfe if zeroes else 0)
        else:
            out += b'\xff' * zeroes + bytes([byte])
        zeroes = byte == 0
    return bytes(out) + bytes([0xfe if zeroes else 0, 0x38])


def common(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def partitions(walk):
    data = walk.at('Partitions.db').data
    footer = Bytes(data, len(data) - 24)
    ends, keys, root = footer.i(64), footer.i(64), footer.i(64)
    at = Bytes(data, ends, len(data) - 24)
    same((at.take(at.u(16)), at.take(at.u(16))), (walk.walked[0].key, walk.walked[-1].key), 'Partitions.db: first and last key')
    at.over('the keys of Partitions.db')
    found = list(trie(data, root))
    same((len(found), keys), (len(walk.walked),) * 2, 'Partitions.db: keys')
    paths = [comparable(partition.key) for partition in walk.walked]
    for i, ((path, flags, payload), partition) in enumerate(zip(found, walk.walked)):
        at = Bytes(data, payload)
        if flags >= 8:
            same(at.u(8), murmur(partition.key)[1] & 255, 'Partitions.db: hash of a key')
            flags -= 7
        position = at.i(8 * flags)
        if position < 0:
            same(~position, partition.begin, 'Partitions.db: position')
        else:
            rows(walk, position, partition)
        if walk.partitioner == 'Murmur3Partitioner':
            differ = [common(paths[i], paths[j]) + 1 for j in (i - 1, i + 1) if 0 <= j < keys]
            same(path, paths[i][:max(differ, default=0)], 'Partitions.db: path of a key')


def rows(walk, position, partition):
    at = walk.at('Rows.db', position)
    same(at.take(at.u(16)), partition.key, 'Rows.db: key')
    base = at.at
    same(at.vint(), partition.begin, 'Rows.db: position in Data.db')
    root, blocks = base + at.signed_vint(), at.vint()
    same(walk.deletion(at), partition.deletion, 'Rows.db: deletion time')
    offsets = []
    for _, flags, payload in trie(at.data, root):
        payload = Bytes(at.data, payload)
        offsets.append(payload.i(8 * (flags & 7)))
        before = [deletion for start, _, _, deletion in partition.unfiltered if start < offsets[-1]]
        opened = walk.deletion(payload) if flags & 8 else None
        same(opened, before[-1] if before else None, 'Rows.db: the range that is open')
    starts = [start for start, *_ in partition.unfiltered]
    same([offset in starts for offset in offsets], [True] * blocks + [False], 'Rows.db: blocks')
    same(offsets[-1] in (partition.size - 1, partition.size), True, 'Rows.db: the last offset')
    walk.seen['row index'] += 1
