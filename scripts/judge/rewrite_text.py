"""JSON and CSV that a mount shows, imported into the same tables of a server: SELECT must give what it gave."""
from .random_mount import Mount
from .rewrite_reads import lines_differ

# What text does not say. Every table that may come back otherwise, or not at all, is known here, and nowhere else.
ALLOWED = {
    'floats': 'NaN and infinities are null in SELECT JSON; in a key or as an element that is refused.',
    'views': 'are written through their base table.',
    'counters': 'hold the counts of each node, which only a server can add to.',
    'empty elements': 'cqlsh prints the duration 0s as nothing, and a list of it as an empty list.',
}
EMPTY_ELEMENTS = {('primitives', 'durations')}
# A table with more keys is read as a whole.
MOST_FILES = 500
INPUTS = ('rows.jsonl', 'rows.json', 'rows.csv', 'json', 'csv')


def judge(report, server, tables, expected_of, scratch, format):
    with Mount(tables.program, tables.data, scratch / 'mnt', '--now', tables.now, log=scratch / 'mount.log') as mount:
        made = {kind: write(report, tables, mount.point, scratch / 'text' / kind, kind, format) for kind in INPUTS}
    for kind, sources in made.items():
        what = f'from {kind}'
        server.load(report, what, sources)
        for name in sources:
            expected = expected_of[name]
            found = server.reads.select(name)
            report.count(f'tables {what}')
            report.expect(same(expected, found, name, kind), f'{name[0]}.{name[1]} {what}', lines_differ(expected, found))
        server.empty()


def write(report, tables, mount, out, kind, format):
    """{table: folder of its SSTables}"""
    sources = {}
    for name in tables.names:
        folder = mount / name[0] / name[1]
        files = sorted((folder / kind).iterdir()) if kind in ('json', 'csv') else [folder / kind]
        if not files or len(files) > MOST_FILES:
            continue
        result = tables.run('import', tables.data, f'{name[0]}.{name[1]}', *files, '--out', out, '--format', format, check=False)
        said = result.stderr.decode().strip()
        refusal = must_refuse(tables, name)
        if refusal:
            report.expect(result.returncode == 1 and refusal in said, f'{name[0]}.{name[1]} from {kind}', f'not refused as {refusal}: {said[:300]}')
        elif result.returncode and 'csv' not in kind and 'null' in said and has_floats(tables.schemas[name]):
            report.count('refused for what is null in JSON')
        elif result.returncode:
            report.differs(f'{name[0]}.{name[1]} from {kind}', f'refused: {said[:500]}')
        elif (out / name[0] / name[1]).is_dir():
            sources[name] = out / name[0] / name[1]
    return sources


def must_refuse(tables, name):
    if name in tables.counters:
        return 'counters'
    return 'materialized view' if name in tables.views else None


def has_floats(schema):
    types = [c['type'] for c in schema['columns']] + [type for fields in schema['udts'].values() for _, type in fields]
    return any('float' in type or 'double' in type for type in types)


def same(expected, found, name, kind):
    if 'csv' in kind and name in EMPTY_ELEMENTS:
        return [line.replace('[""]', 'null') for line in expected] == found
    return expected == found
