"""The components of an SSTable beside those that Cassandra wrote for the same data."""
import re

# Fields of sstablemetadata that the data does not decide. Every difference that is allowed stands here, and nowhere else.
ALLOWED = {
    'SSTable': 'the name.',
    'Compression ratio': 'another library finds other matches: within 5 %, where Data.db has more than a KiB.',
    'SSTable Level': 'a compaction gives it.',
    'Originating host id': 'the node that wrote it; a file from outside has none.',
    'Replay positions covered': 'places in the commit log of that node.',
    'Repaired at': 'a repair sets it.',
    'EncodingStats minTTL': 'a flush counts cells that others in the memtable have replaced, a compaction takes the least of its sources: ours is of the data.',
    'EncodingStats minLocalDeletionTime': 'as minTTL.',
    'EncodingStats minTimestamp': 'as minTTL.',
}
SIZE_LIMIT = 0.02
RATIO_LIMIT = 0.05
FILTER_LIMIT = 0.03
# Interpolated to the second of the question, which may not be the same for both files.
DROPPABLE, DROPPABLE_LIMIT = 'Estimated droppable tombstones', 1e-6
# Of a few partitions a byte more or less is much.
FEW_BYTES = 24


def fields(text):
    """{field: the lines of its value}."""
    found, name = {}, None
    for line in text.splitlines():
        match = re.match(r'([A-Za-z][A-Za-z ]*?)(?: \(.*\))?: ?(.*)$', line)
        if match and not line.startswith(' '):
            name = match[1]
            found[name] = [match[2]]
        elif name:
            found[name].append(line)
    return found


def metadata(server, paths):
    """sstablemetadata of each, as fields."""
    texts = []
    for start in range(0, len(paths), 200):
        output = server.run('sstablemetadata', *paths[start:start + 200]).decode()
        texts += re.split(r'(?m)^(?=SSTable: )', output)[1:]
    if len(texts) != len(paths):
        raise RuntimeError(f'sstablemetadata told of {len(texts)} SSTables instead of {len(paths)}')
    return [fields(text) for text in texts]


def components(data):
    prefix = data.name.removesuffix('Data.db')
    return {path.name.removeprefix(prefix): path.stat().st_size for path in data.parent.glob(prefix + '*') if '+' not in path.name}


def compare(report, server, jobs, altered):
    """jobs: written with the options of their tables, in the format of their source. altered: whether the schema of a
    table was altered after some of its SSTables were written: then ours have other columns and types."""
    paths = [path for job in jobs for path in (job.source, job.data)]
    found = metadata(server, paths)
    for job, expected, ours in zip(jobs, found[::2], found[1::2]):
        if job.lossy or altered((job.keyspace, job.table)):
            continue
        report.count('SSTables beside those of Cassandra')
        same_codec = expected['Compressor'] == ours['Compressor']
        if not same_codec:
            # The table's options were altered after it was written.
            report.count('written with other options')
        compare_files(report, job, same_codec)
        compare_fields(report, job, expected, ours, same_codec)


def compare_files(report, job, same_codec):
    expected, ours = components(job.source), components(job.data)
    if same_codec:
        report.expect(expected.keys() == ours.keys(), job.where, f'components {sorted(ours)}, of Cassandra {sorted(expected)}')
    for name, limit in (('Data.db', SIZE_LIMIT), ('Filter.db', FILTER_LIMIT)):
        if name in expected and name in ours and (same_codec or name != 'Data.db'):
            allowed = max(FEW_BYTES, expected[name] * limit)
            report.expect(abs(ours[name] - expected[name]) <= allowed, job.where, f'{name} has {ours[name]} bytes, of Cassandra {expected[name]}')


def compare_fields(report, job, expected, ours, same_codec):
    report.expect(expected.keys() - {'Compression ratio'} == ours.keys() - {'Compression ratio'}, job.where,
                  f'sstablemetadata has the fields {sorted(expected.keys() ^ ours.keys())} only for one')
    for name in expected.keys() & ours.keys():
        if name == 'Compression ratio' and same_codec and job.source.stat().st_size > 1024:
            theirs, found = float(expected[name][0]), float(ours[name][0])
            report.expect(abs(found - theirs) <= RATIO_LIMIT * theirs, job.where, f'{name} {found}, of Cassandra {theirs}')
        elif name == 'Compressor' and not same_codec:
            continue
        elif name == DROPPABLE:
            found, theirs = float(ours[name][0]), float(expected[name][0])
            report.expect(abs(found - theirs) <= DROPPABLE_LIMIT, job.where, f'{name} {found}, of Cassandra {theirs}')
        elif name not in ALLOWED:
            report.expect(expected[name] == ours[name], job.where, f'{name}: {short(ours[name])}, of Cassandra {short(expected[name])}')


def short(lines):
    return ' / '.join(line.strip() for line in lines)[:300]
