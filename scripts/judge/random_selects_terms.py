"""Random expressions to select: functions, casts, elements, arithmetic."""
from .random_values import RANGES, literal, quote

INTEGERS = {*RANGES, 'varint'}
NUMBERS = {*INTEGERS, 'float', 'double', 'decimal'}
TIMES = {'timestamp', 'date', 'timeuuid'}
NUMERIC_CASTS = ['tinyint', 'smallint', 'int', 'bigint', 'float', 'double', 'decimal', 'varint', 'text', 'ascii']
CASTS = {**{name: NUMERIC_CASTS for name in NUMBERS}, 'ascii': ['text', 'ascii'], 'text': ['text'], 'boolean': ['text', 'ascii'], 'inet': ['text', 'ascii'],
         'uuid': ['text', 'ascii'], 'timeuuid': ['text', 'ascii', 'timestamp', 'date'], 'timestamp': ['text', 'ascii', 'date'],
         'date': ['text', 'ascii', 'timestamp'], 'time': ['text', 'ascii'], 'counter': NUMERIC_CASTS}
PLAIN = 'ascii bigint blob boolean date decimal double float inet int smallint text time timestamp timeuuid tinyint uuid varint'.split()


class Terms:
    def __init__(self, rng, table):
        self.rng, self.table = rng, table

    def columns(self):
        return self.table.partition + self.table.clustering + self.table.values

    def term(self):
        """A term on a random column."""
        column = self.rng.choice(self.columns())
        kinds = [self.of_value, self.of_value, self.of_value, self.of_cells, self.masked, self.other]
        return self.rng.choice(kinds)(column)

    def of_value(self, column):
        return self.value(column.cql, column.kind, column)

    def value(self, text, kind, column=None):
        """Something made of a value of a type."""
        rng, name = self.rng, kind.name
        choices = [lambda: f'to_json({text})']
        if name in CASTS:
            choices += [lambda: f'CAST({text} AS {rng.choice(CASTS[name])})'] * 3
        if name in PLAIN and name != 'blob':
            choices += [lambda: f'{name}_as_blob({text})', lambda: f'blob_as_{name}({name}_as_blob({text}))']
        if name in NUMBERS:
            choices += [lambda: self.math(text, name), lambda: self.arithmetic(text, name)] * 3
        if name in TIMES:
            choices += [lambda: f'{rng.choice(["to_date", "to_timestamp", "to_unix_timestamp", "toDate"])}({text})'] * 3
        if name == 'timestamp':
            choices += [lambda: f'{rng.choice(["min_timeuuid", "max_timeuuid", "mintimeuuid"])}({text})'] * 2
            choices += [lambda: f'floor({text}, {rng.choice(["1h", "1d", "2d", "1mo"])})', lambda: f'{text} {rng.choice("+-")} {rng.choice(["1d", "1mo", "2h", "1y3d"])}']
        if name == 'date':
            choices += [lambda: f'floor({text}, {rng.choice(["1d", "1mo", "1y"])})', lambda: f'{text} {rng.choice("+-")} {rng.choice(["1d", "1mo", "2y"])}']
        if name == 'time':
            choices += [lambda: f'floor({text}, {rng.choice(["1h", "30m", "1s"])})']
        if name in ('text', 'ascii'):
            choices += [lambda: f"{text} + {rng.choice(['text', ''])!r}"] if name == 'text' else []
        if name in ('list', 'set', 'map'):
            choices += [lambda: f'collection_count({text})'] * 2
        if name in ('list', 'set'):
            choices += [lambda: f'{rng.choice(["collection_min", "collection_max"])}({text})'] * 2
            if kind.args[0].name in NUMBERS:
                choices += [lambda: f'{rng.choice(["collection_sum", "collection_avg"])}({text})'] * 3
        if name == 'map':
            choices += [lambda: f'{rng.choice(["map_keys", "map_values"])}({text})'] * 3
        if name in ('map', 'set') and column:
            element = lambda: literal(rng, kind.args[0], nulls=False, ordered=True)  # noqa: E731
            choices += [lambda: f'{text}[{element()}]'] * 3
            choices += [lambda: f'{text}[{rng.choice([element(), ""])}..{rng.choice([element(), ""])}]'] * 3
        if name == 'udt' and column:
            number = rng.randrange(len(kind.args))
            field = f'{text}.{quote(kind.fields[number])}'
            choices += [lambda: field] * 3 + [lambda: self.value(field, kind.args[number])] * 2
        if name == 'vector' and kind.args[0].name == 'float':
            choices += [lambda: f'similarity_{rng.choice(["cosine", "euclidean", "dot_product"])}({text}, {self.floats(kind.size)})'] * 4
        return rng.choice(choices)() if choices else text

    def floats(self, size):
        return '[%s]' % ', '.join(self.rng.choice(['1.0', '0.5', '-2.0', '3.25']) for _ in range(size))

    def math(self, text, name):
        return f'{self.rng.choice(["abs", "exp", "log", "log10", "round"])}({text})'

    def arithmetic(self, text, name):
        rng = self.rng
        others = [c.cql for c in self.columns() if c.kind.name in NUMBERS]
        other = rng.choice(others + ['2', '-3', '1.5', '(int) 7', '(decimal) 2.5', '(tinyint) 3', '(varint) 12'])
        operator = rng.choice(['+', '-', '*', '/', '%']) if not other[0].isalpha() and other[0] != '"' else rng.choice(['+', '-', '*'])
        return rng.choice([f'{text} {operator} {other}', f'{text} {operator} {other}', f'-{text}', f'{text} * 2 + 1', f'({text} + 1) * 2'])

    def of_cells(self, column):
        """writetime and what is like it."""
        if column not in self.table.values or self.table.counter:
            return column.cql
        rng = self.rng
        what = column.cql
        names = ['writetime', 'ttl', 'maxwritetime']
        if column.multicell and column.kind.name in ('map', 'set') and rng.random() < 0.5:
            element = lambda: literal(rng, column.kind.args[0], nulls=False, ordered=True)  # noqa: E731
            what += rng.choice([f'[{element()}]', f'[{element()}..{element()}]', f'[{element()}..]'])
        if column.multicell and column.kind.name == 'udt' and rng.random() < 0.5:
            what += '.' + quote(rng.choice(column.kind.fields))
        return f'{rng.choice(names)}({what})'

    def masked(self, column):
        rng, text, name = self.rng, column.cql, column.kind.name
        choices = [f'mask_null({text})', f'mask_default({text})', f'mask_hash({text})', f"mask_hash({text}, 'SHA-512')"]
        if name in ('text', 'ascii'):
            choices += [f'mask_inner({text}, 1, 2)', f"mask_outer({text}, 1, null, '#')", f'mask_inner({text}, null, 1)', f'mask_outer({text}, 2, 1)']
        if name in PLAIN:
            choices.append(f'mask_replace({text}, {literal(rng, column.kind, nulls=False, ordered=True)})')
        return rng.choice(choices)

    def other(self, column):
        rng, table = self.rng, self.table
        key = ', '.join(c.cql for c in table.partition)
        return rng.choice([f'token({key})', f'token({key})', "(text) 'x'", '(int) 5', '(double) 1.5', f'({column.cql}, {table.partition[0].cql})',
                           f'[{table.partition[0].cql}]', "(list<int>) [1, 2]"])

    def aggregate(self):
        rng = self.rng
        columns = [c for c in self.columns() if not c.kind.holds('duration')] or self.table.partition
        column = rng.choice(columns)
        names = ['count'] + (['min', 'max'] if column.kind.name != 'vector' else [])
        names += ['sum', 'avg'] * 2 if column.kind.name in NUMBERS else []
        of = column.cql
        if rng.random() < 0.15 and column.kind.name in NUMBERS:
            of = f'CAST({of} AS {rng.choice(["bigint", "double", "decimal", "varint"])})'
        return f'{rng.choice(names)}({of})'
