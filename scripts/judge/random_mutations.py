"""Random mutations of a random table: CQL statements for one round, that is, between two flushes."""
from .random_values import literal, quote

BASE = 1_700_000_000_000_000  # microseconds; far before the clock, so that a mutation without USING TIMESTAMP is the newest
STEP = 500
PER_ROUND = 8
# Types whose values may have zero bytes. boolean may too, but then SELECT JSON fails.
MAY_BE_EMPTY = 'ascii bigint decimal double float inet int text timestamp timeuuid uuid varint'.split()
SHORT_TTLS = (1, 2)
LONG_TTLS = (86400, 604800, 31536000)
BEYOND_2038 = 630720000  # nb can't hold the time of expiration


class Mutations:
    """State of one table: which round it is (timestamps grow with it) and whether the server's clock has been used."""

    def __init__(self, table, version):
        self.table, self.rng = table, table.rng
        self.long_ttls = LONG_TTLS if version == 'nb' else LONG_TTLS + (BEYOND_2038,)
        self.round = 0
        self.server_time = self.rng.random() < 0.3
        self.big = table.wide

    def statements(self, count):
        makers = [self.insert] * 6 + [self.update] * 6 + [self.delete_row, self.delete_cells, self.delete_partition] + [self.batch] * 2
        if self.table.counter:
            makers = [self.count_up] * 8 + [self.delete_row, self.delete_partition]
        elif self.table.clustering:
            makers += [self.delete_range] * (4 if self.big else 2)
        if self.big:
            makers += [self.insert] * 30
        if self.table.statics and not self.table.counter:
            makers += [self.insert_static]
        made = []
        while len(made) < count:
            statement = self.rng.choice(makers)()
            if statement:
                made.append(statement)
        return made

    # ---- parts ----

    def timestamp(self):
        """Few different ones, so that many mutations tie."""
        if self.server_time and self.rng.random() < 0.2:
            return None
        return BASE + STEP * self.rng.randrange(PER_ROUND * (self.round + 1))

    def drop_time(self):
        """In milliseconds, as the server keeps it, and never older than a cell: with one that is newer the server can't read the table."""
        return BASE + STEP * PER_ROUND * (self.round + 1)

    def using(self, ttl=True, batch=False):
        if self.table.counter or batch:
            return ''
        parts = []
        stamp = self.timestamp()
        if stamp is not None:
            parts.append(f'TIMESTAMP {stamp}')
        if ttl and self.rng.random() < 0.2:
            parts.append(f'TTL {self.rng.choice(SHORT_TTLS if self.rng.random() < 0.4 else self.long_ttls)}')
        return f' USING {" AND ".join(parts)}' if parts else ''

    def value(self, column):
        if column.name.startswith('pad'):
            return "'%s'" % (self.rng.choice('abcdefgh') * self.rng.choice([10, 300, 1500, 5000]))
        if self.rng.random() < 0.07:
            return 'null'
        if column.kind.name in MAY_BE_EMPTY and self.rng.random() < 0.03:
            return f'blob_as_{column.kind.name}(0x)'
        return literal(self.rng, column.kind, self.table.nulls)

    def element(self, kind):
        """A key of a map, or an element of a set."""
        return literal(self.rng, kind.args[0], self.table.nulls, ordered=True)

    def key(self, clustering=True):
        columns = self.table.partition + (self.table.clustering if clustering else [])
        return [(c, self.rng.choice(c.domain)) for c in columns]

    @staticmethod
    def where(pairs):
        return ' AND '.join(f'{c.cql} = {v}' for c, v in pairs)

    # ---- statements ----

    def insert(self, batch=False):
        values = [(c, self.value(c)) for c in self.table.values if self.rng.random() < 0.6]
        if self.big:
            values = [(c, v) for c, v in values if c.role != 'static' or self.rng.random() < 0.1]
        return self.insert_of(self.key() + values, batch)

    def insert_static(self):
        statics = [c for c in self.table.statics if not c.dropped]
        if not statics:
            return None
        return self.insert_of(self.key(clustering=False) + [(c, self.value(c)) for c in statics])

    def insert_of(self, pairs, batch=False):
        names, values = ', '.join(c.cql for c, _ in pairs), ', '.join(v for _, v in pairs)
        return f'INSERT INTO {self.table.full_name} ({names}) VALUES ({values}){self.using(batch=batch)}'

    def update(self, batch=False):
        columns = [c for c in self.table.values if self.rng.random() < 0.5]
        if not columns:
            return None
        only_static = all(c.role == 'static' for c in columns)
        changes = [self.assignment(c) for c in columns]
        return (f'UPDATE {self.table.full_name}{self.using(batch=batch)} SET {", ".join(changes)} '
                f'WHERE {self.where(self.key(clustering=not only_static))}')

    def assignment(self, column):
        rng, name, kind = self.rng, column.cql, column.kind
        if column.multicell and rng.random() < 0.75:
            if kind.name == 'udt':
                at = rng.randrange(len(kind.fields))
                new = 'null' if rng.random() < 0.2 else literal(rng, kind.args[at], self.table.nulls)
                return f'{name}.{quote(kind.fields[at])} = {new}'
            if kind.name == 'map' and rng.random() < 0.4:
                new = 'null' if rng.random() < 0.2 else literal(rng, kind.args[1], self.table.nulls)
                return f'{name}[{self.element(kind)}] = {new}'
            if kind.name == 'list' and rng.random() < 0.3:
                return f'{name}[{rng.randrange(2)}] = {literal(rng, kind.args[0], self.table.nulls)}'
            some = literal(rng, kind, self.table.nulls)
            if kind.name == 'list':
                return rng.choice([f'{name} = {name} + {some}', f'{name} = {some} + {name}', f'{name} = {name} - {some}'])
            if kind.name == 'map' and rng.random() < 0.3:
                return f'{name} = {name} - {{{self.element(kind)}}}'
            return f'{name} = {name} {"+" if kind.name == "map" else rng.choice("+-")} {some}'
        return f'{name} = {self.value(column)}'

    def count_up(self):
        counters = [c for c in self.table.values if self.rng.random() < 0.6]
        if not counters:
            return None
        only_static = all(c.role == 'static' for c in counters)
        changes = ', '.join(f'{c.cql} = {c.cql} {self.rng.choice("+-")} {self.rng.choice([0, 1, 7, 1000000, 2**40])}' for c in counters)
        return f'UPDATE {self.table.full_name} SET {changes} WHERE {self.where(self.key(clustering=not only_static))}'

    def delete_row(self, batch=False):
        return f'DELETE FROM {self.table.full_name}{self.using(False, batch)} WHERE {self.where(self.key())}'

    def delete_partition(self):
        if self.rng.random() < (0.9 if self.big else 0.5):
            return None
        return f'DELETE FROM {self.table.full_name}{self.using(False)} WHERE {self.where(self.key(clustering=False))}'

    def delete_cells(self, batch=False):
        columns = [c for c in self.table.values if self.rng.random() < 0.4]
        if not columns:
            return None
        only_static = all(c.role == 'static' for c in columns)
        targets = ', '.join(self.target(c) for c in columns)
        return (f'DELETE {targets} FROM {self.table.full_name}{self.using(False, batch)} '
                f'WHERE {self.where(self.key(clustering=not only_static))}')

    def target(self, column):
        if column.multicell and self.rng.random() < 0.6:
            kind = column.kind
            if kind.name == 'udt':
                return f'{column.cql}.{quote(self.rng.choice(kind.fields))}'
            if kind.name in ('map', 'set'):
                return f'{column.cql}[{self.element(kind)}]'
            return f'{column.cql}[{self.rng.randrange(2)}]'
        return column.cql

    def delete_range(self, batch=False):
        """A prefix of the clustering columns, then an open or closed slice of the next; sometimes of several as a tuple."""
        rng, clustering = self.rng, self.table.clustering
        depth = rng.randrange(len(clustering))
        parts = [f'{c.cql} = {rng.choice(c.domain)}' for c in self.table.partition + clustering[:depth]]
        targets = clustering[depth:depth + (rng.randint(1, len(clustering) - depth) if rng.random() < 0.3 else 1)]
        if len({c.descending for c in targets}) > 1:
            targets = targets[:1]  # a slice of several columns of mixed order is refused in DELETE
        left = targets[0].cql if len(targets) == 1 else '(%s)' % ', '.join(c.cql for c in targets)

        def bound():
            values = [rng.choice(c.domain) for c in targets]
            return values[0] if len(values) == 1 else '(%s)' % ', '.join(values)
        shape = rng.random()
        if shape < 0.75:
            parts.append(f'{left} {rng.choice([">", ">="])} {bound()}')
        if shape > 0.35:
            parts.append(f'{left} {rng.choice(["<", "<="])} {bound()}')
        return f'DELETE FROM {self.table.full_name}{self.using(False, batch)} WHERE {" AND ".join(parts)}'

    def batch(self):
        """One timestamp for several statements, of the batch or of the server."""
        makers = [self.insert, self.update, self.delete_row, self.delete_cells] + ([self.delete_range] if self.table.clustering else [])
        made = [m for m in (self.rng.choice(makers)(batch=True) for _ in range(self.rng.randint(2, 4))) if m]
        if not made:
            return None
        return f'BEGIN UNLOGGED BATCH{self.using(False)} {"; ".join(made)}; APPLY BATCH'
