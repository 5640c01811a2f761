"""What a server answers about a table: all rows, every key by itself, single rows and slices. Keys are kept as bytes."""
import itertools

from cassandra import DriverException, RequestExecutionException
from cassandra.concurrent import execute_concurrent
from cassandra.protocol import ProtocolHandler, ResultMessage, read_int
from cassandra.query import BoundStatement, SimpleStatement

from .case import quote

ROWS_OF_A_PARTITION = 12
SLICED_PARTITIONS = 30


class _RawResult(ResultMessage):
    """Values as the bytes that the server sent: whatever the driver makes of a value, the same goes back."""

    def recv_results_rows(self, f, protocol_version, user_type_map, result_metadata, column_encryption_policy):
        self.recv_results_metadata(f, user_type_map)
        columns = self.column_metadata or result_metadata
        rows = [tuple(self.recv_row(f, len(columns))) for _ in range(read_int(f))]
        self.column_names = [c[2] for c in columns]
        self.column_types = [c[3] for c in columns]
        self.parsed_rows = rows


class RawHandler(ProtocolHandler):
    message_types_by_opcode = {**ProtocolHandler.message_types_by_opcode, ResultMessage.opcode: _RawResult}


class Reads:
    def __init__(self, cluster):
        self.session = cluster.connect()
        self.session.client_protocol_handler = RawHandler

    def rows(self, query):
        return list(self.session.execute(SimpleStatement(query, fetch_size=1000)))

    def select(self, name):
        """SELECT JSON *: a line a row."""
        return [row[0].decode() for row in self.rows(f'SELECT JSON * FROM {full(name)}')]

    def ask(self, text, values):
        """One prepared SELECT JSON for each of many lists of values; gives lists of lines."""
        prepared = self.session.prepare(text)
        statements = []
        for row in values:
            bound = BoundStatement(prepared, fetch_size=100000)
            bound.values = list(row)
            statements.append((bound, None))
        for success, result in execute_concurrent(self.session, statements, concurrency=32, raise_on_first_error=True):
            yield [row[0].decode() for row in result]

    def check(self, report, where, name, schema, expected):
        """expected: the lines that SELECT JSON * gives. Counts what it asked for."""
        try:
            found = self.select(name)
            report.count('rows', len(expected))
            if report.expect(found == expected, where, lines_differ(expected, found)):
                self.check_keys(report, where, name, Columns(schema), expected)
        except (DriverException, RequestExecutionException) as error:  # what the server says of an SSTable that it can't read
            report.differs(where, f'{type(error).__name__}: {error}')

    def check_keys(self, report, where, name, columns, lines):
        keys = self.rows(f'SELECT {columns.names(columns.key + columns.clustering)} FROM {full(name)}')
        if not report.expect(len(keys) == len(lines), where, f'{len(keys)} keys of {len(lines)} rows'):
            return
        width = len(columns.key)
        partitions = [(key, [(row[width:], line) for row, line in rows]) for key, rows in
                      itertools.groupby(zip(keys, lines), lambda pair: pair[0][:width])]
        partitions = [(key, list(rows)) for key, rows in partitions]
        head = f'SELECT JSON * FROM {full(name)} WHERE ' + ' AND '.join(f'{quote(c)} = ?' for c in columns.key)
        report.count('keys by point read', len(partitions))
        for (key, rows), found in zip(partitions, self.ask(head, [key for key, _ in partitions])):
            report.expect(found == [line for _, line in rows], f'{where} key {hexes(key)}',
                          lines_differ([line for _, line in rows], found))
        if not columns.clustering:
            return
        wide = sorted(partitions, key=lambda pair: -len(pair[1]))[:SLICED_PARTITIONS]
        self.check_rows(report, where, head, columns, wide)
        for reverse in (False, True):
            self.check_slices(report, where, head, columns, wide, reverse)

    def check_rows(self, report, where, head, columns, partitions):
        picked = []
        for key, rows in partitions:
            rows = [(clustering, line) for clustering, line in rows if None not in clustering]
            picked += [(key + clustering, line) for clustering, line in rows[::max(1, len(rows) // ROWS_OF_A_PARTITION)]]
        text = head + ''.join(f' AND {quote(c)} = ?' for c in columns.clustering)
        report.count('rows by point read', len(picked))
        for (key, line), found in zip(picked, self.ask(text, [key for key, _ in picked])):
            report.expect(found == [line], f'{where} row {hexes(key)}', lines_differ([line], found))

    def check_slices(self, report, where, head, columns, partitions, reverse):
        """From one value of the first clustering column up to another."""
        first, descending = columns.clustering[0], columns.descending[0]
        lower, upper = ('<=', '>') if descending else ('>=', '<')
        order = ', '.join(f'{quote(c)} {"ASC" if d == reverse else "DESC"}' for c, d in zip(columns.clustering, columns.descending))
        text = f'{head} AND {quote(first)} {lower} ? AND {quote(first)} {upper} ? ORDER BY {order}'
        picked = []
        for key, rows in partitions:
            rows = [(clustering[0], line) for clustering, line in rows if clustering[0] is not None]
            size = len(rows)
            for start, end in {(size // 3, size * 2 // 3), (0, size // 2), (size // 2, size - 1), (size - 2, size - 1)}:
                if 0 <= start < end:
                    picked.append((key, rows[start][0], rows[end][0], rows))
        report.count('slices', len(picked))
        for (key, low, high, rows), found in zip(picked, self.ask(text, [key + (low, high) for key, low, high, _ in picked])):
            values = [value for value, _ in rows]
            expected = [line for _, line in rows[values.index(low):values.index(high)]]
            expected = expected[::-1] if reverse else expected
            report.expect(found == expected, f'{where} slice {hexes(key + (low, high))} {order}', lines_differ(expected, found))


class Columns:
    def __init__(self, schema):
        def of(kind):
            return sorted((c for c in schema['columns'] if c['kind'] == kind), key=lambda c: c['position'])
        self.key = [c['name'] for c in of('partition_key')]
        self.clustering = [c['name'] for c in of('clustering')]
        self.descending = [c['order'] == 'desc' for c in of('clustering')]

    @staticmethod
    def names(columns):
        return ', '.join(map(quote, columns))


def full(name):
    return f'{quote(name[0])}.{quote(name[1])}'


def hexes(key):
    return ':'.join('null' if part is None else part.hex()[:60] for part in key)


def lines_differ(expected, found):
    for number, (left, right) in enumerate(zip(expected, found)):
        if left != right:
            return f'line {number + 1} of {len(expected)}:\n      expected {left[:400]}\n      found    {right[:400]}'
    return f'{len(expected)} lines expected, {len(found)} found'
