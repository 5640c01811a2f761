"""Random SELECTs on the golden tables of older releases, which a 5.0.6 server has imported."""
import json
import tempfile
from pathlib import Path

from .files import table_directory
from .golden import create
from .legacy import MURMUR, OTHER_PARTITIONERS, RELEASES, describe, import_tables, is_super, numbers
from .legacy_cases import cases
from .random_schema import Column
from .random_values import quote
from .server import SCRIPTS, Server

TESTDATA = SCRIPTS.parent / 'testdata'
ROLES = {'partition_key': 'partition', 'clustering': 'clustering', 'static': 'static', 'regular': 'regular'}
QUOTED = ('ascii', 'text', 'date', 'inet', 'time', 'timestamp')
# A statement is one argument of a command, which has its limit.
LONGEST = 60_000


class Imported:
    """A table that is there, as random statements are made for one; see random_schema.Table."""

    def __init__(self, server, case):
        self.keyspace, self.name, self.full_name = case.keyspace, case.name, case.table
        description = describe(server, case)
        self.counter = any(c['type'] == 'counter' for c in description['columns'])
        parts = {role: [] for role in ROLES.values()}
        for column in sorted(description['columns'], key=lambda c: (c['position'], c['name'])):
            role = ROLES[column['kind']]
            parts[role].append(Column(column['name'], column['type'], role, description['udts'], column['order'] == 'desc'))
        self.partition, self.clustering = parts['partition'], parts['clustering']
        self.values = parts['static'] + parts['regular']
        for column in self.partition + self.clustering:
            found = server.rows(f'SELECT JSON {column.cql} FROM {self.full_name} LIMIT 300')
            values = (next(iter(json.loads(row, parse_int=str, parse_float=str).values())) for row in found)
            texts = dict.fromkeys(literal(column.kind, value) for value in values)
            column.domain = [text for text in texts if text is not None and len(text) < LONGEST]


def literal(kind, value):
    """A value of SELECT JSON as CQL has it; None where that is not so simple."""
    if value is None:
        return None
    if kind.name in QUOTED:
        return "'%s'" % value.replace("'", "''")
    if kind.name in ('list', 'set', 'tuple', 'vector'):
        parts, around = [literal(kind.args[n if kind.name == 'tuple' else 0], v) for n, v in enumerate(value)], {'set': '{}', 'tuple': '()'}.get(kind.name, '[]')
        return None if None in parts else around[0] + ', '.join(parts) + around[1]
    if kind.name == 'udt':
        fields = [(quote(f), literal(k, value[f])) for f, k in zip(kind.fields, kind.args) if value.get(f) is not None]
        return None if None in dict(fields).values() else '{%s}' % ', '.join(f'{f}: {v}' for f, v in fields)
    if kind.name == 'map':
        return None
    return str(value).lower() if kind.name == 'boolean' else str(value)


def is_asked(version, case):
    """A server can have it: neither super columns nor the order of another partitioner; and there are SSTables of it."""
    here = not is_super(case) and OTHER_PARTITIONERS.get(case.keyspace, MURMUR) == MURMUR
    return here and table_directory(TESTDATA / version / 'data', case.keyspace, case.name)


def sessions(versions, port, ask):
    """Imports the tables of each version and calls `ask` with the server, the version and its tables."""
    with tempfile.TemporaryDirectory(prefix='random_selects.') as folder, Server(Path(folder) / 'server', port) as server:
        server.start('oa', auto_snapshot='false')
        for version in versions:
            known = [c for c in cases(numbers(RELEASES[version][0])) if is_asked(version, c)]
            create(server, known)
            failed = import_tables(server, TESTDATA / version, known, Path(folder))
            if failed:
                raise RuntimeError(f'{version}: not imported: {failed}')
            server.nodetool('flush')
            ask(server, version, [Imported(server, case) for case in known])
            for keyspace in dict.fromkeys(case.keyspace for case in known):
                server.execute(f'DROP KEYSPACE {quote(keyspace)}')
