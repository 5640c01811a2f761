"""The schema that the comparer needs to read values, taken from the server and kept beside the expected answers as schema.json."""
import json

from . import compare_types as types


def describe(session, keyspace, table):
    """From system_schema of a running server. session: of the Python driver, with rows as tuples."""
    udts = {name: list(zip(fields, kinds)) for name, fields, kinds in session.execute(
        'SELECT type_name, field_names, field_types FROM system_schema.types WHERE keyspace_name = %s', (keyspace,))}
    columns = [dict(zip(('name', 'kind', 'position', 'type', 'order'), row)) for row in session.execute(
        'SELECT column_name, kind, position, type, clustering_order FROM system_schema.columns '
        'WHERE keyspace_name = %s AND table_name = %s', (keyspace, table))]
    return {'keyspace': keyspace, 'table': table, 'udts': udts, 'columns': columns}


def dumps(description):
    return json.dumps(description, indent=1, ensure_ascii=False, sort_keys=True) + '\n'


class Schema:
    def __init__(self, description):
        udts = description['udts']
        self.kinds = {c['name']: types.parse(c['type'], udts) for c in description['columns']}
        self.key = self.of(description, 'partition_key')
        self.clustering = self.of(description, 'clustering')
        rest = sorted(c['name'] for c in description['columns'] if c['kind'] in ('static', 'regular'))
        self.copy_columns = self.key + self.clustering + rest
        self.key_kinds = [self.kinds[name] for name in self.key]

    @staticmethod
    def of(description, kind):
        columns = [c for c in description['columns'] if c['kind'] == kind]
        return [c['name'] for c in sorted(columns, key=lambda c: c['position'])]

    def key_of(self, row):
        """row: a line of SELECT JSON, read. The values of its partition key."""
        return [row[types.field_name(name)] for name in self.key]
