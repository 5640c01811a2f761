"""Random user types and tables."""
from . import compare_types as types
from .random_values import literal, quote, random_type

CODECS = ("{'enabled': 'false'}", "{'class': 'LZ4Compressor', %s}", "{'class': 'SnappyCompressor', %s}",
          "{'class': 'DeflateCompressor', %s}", "{'class': 'ZstdCompressor', %s}")
ODD_NAMES = ('Name', 'two words', 'select', 'q"uote', 'comma,', 'co:lon', 'größe', 'x/y', 'UPPER')
NOT_FINITE = ('NaN', 'Infinity', '-Infinity')
# A multi-cell column whose name begins with a byte above 127 can't be read by the server: these only for simple columns.
HIGH_NAMES = ('étage', '日')
FIELD_NAMES = ('a', 'b', 'c', 'Field D', 'e_5')


class Column:
    def __init__(self, name, type_text, role, udts, descending=False):
        self.name, self.type_text, self.role, self.descending = name, type_text, role, descending
        self.reparse(udts)
        self.multicell = role in ('static', 'regular') and not type_text.startswith('frozen') and self.kind.name in ('list', 'set', 'map', 'udt')
        self.dropped = False
        self.domain = []

    def reparse(self, udts):
        self.kind = types.parse(self.type_text, udts)

    @property
    def cql(self):
        return quote(self.name)


def random_udts(rng, count):
    """{name: [(field, type)]}, each made of those before it."""
    udts = {}
    for number in range(count):
        name = rng.choice([f'u{number}', f'u{number}', f'U {number}'])
        fields = rng.sample(FIELD_NAMES, rng.randint(1, 4))
        udts[name] = [(f, random_type(rng, rng.randint(0, 2), dict(udts), frozen=True)) for f in fields]
    return udts


def create_type(keyspace, name, udts):
    return f'CREATE TYPE {keyspace}.{quote(name)} ({", ".join(f"{quote(f)} {t}" for f, t in udts[name])})'


class Table:
    def __init__(self, rng, keyspace, number, udts):
        self.rng, self.keyspace, self.name, self.udts = rng, keyspace, f't{number}', udts
        self.counter = rng.random() < 0.08
        self.wide = not self.counter and rng.random() < 0.12
        self.nulls = rng.random() < 0.25  # nulls inside tuples, which COPY TO can't print
        self.names = set()
        clusterings = 1 if self.wide else rng.choice([0, 0, 1, 1, 1, 2, 2, 3, 4])
        self.partition = [self.key_column('p', i, 'partition') for i in range(rng.choice([1, 1, 1, 2, 2, 3]))]
        self.clustering = [self.key_column('c', i, 'clustering') for i in range(clusterings)]
        self.statics = self.value_columns('s', rng.choice([0, 0, 1, 2]) if self.clustering else 0, 'static')
        self.regulars = self.value_columns('v', rng.choice([0, 1, 2, 3, 4, 6]) or (1 if self.counter or self.wide else 0), 'regular')
        if self.wide:
            self.regulars.append(Column(self.free_name('pad', 0, True), 'text', 'regular', udts))
        self.fill_domains()
        self.default_ttl = 0 if self.counter or rng.random() < 0.93 else rng.choice([864000, 31536000])

    @property
    def values(self):
        return [c for c in self.statics + self.regulars if not c.dropped]

    @property
    def full_name(self):
        return f'{self.keyspace}.{self.name}'

    def free_name(self, stem, number, multicell):
        name = f'{stem}{number}'
        if self.rng.random() < 0.08:
            name = self.rng.choice(ODD_NAMES if multicell else ODD_NAMES + HIGH_NAMES)
        while name in self.names:
            name += '_'
        self.names.add(name)
        return name

    def key_column(self, stem, number, role):
        depth = self.rng.choice([0, 0, 0, 0, 0, 0, 1, 2])
        text = random_type(self.rng, depth, self.udts, frozen=True, no_duration=True)
        if self.wide and role == 'clustering':
            text = self.rng.choice(['int', 'text', 'bigint', 'timestamp'])
        return Column(self.free_name(stem, number, True), text, role, self.udts, role == 'clustering' and self.rng.random() < 0.4)

    def value_columns(self, stem, count, role):
        columns = []
        for number in range(count):
            text = 'counter' if self.counter else random_type(self.rng, self.rng.choice([0, 1, 1, 2, 3]), self.udts)
            columns.append(Column(self.free_name(stem, number, text in self.udts or '<' in text), text, role, self.udts))
        return columns

    def fill_domains(self):
        """Few values for each key column, so that mutations meet; one of them NaN or an infinity, all of which are null in JSON."""
        for column in self.partition + self.clustering:
            size = 60 if self.wide and column.role == 'clustering' else self.rng.randint(2, 5)
            for _ in range(size):
                value = self.key_value(column)
                column.domain.append(value)
            if column.role == 'partition' and column.kind.name == 'text' and self.rng.random() < 0.1:
                column.domain.append("'%s'" % (self.rng.choice(['long/key', 'ü%', 'x']) * self.rng.choice([60, 128, 300])))

    def key_value(self, column):
        unbounded = any(v in NOT_FINITE for v in column.domain)
        while True:
            value = literal(self.rng, column.kind, nulls=False, finite=bool(column.kind.args) or unbounded, ordered=True)
            # The server refuses a partition key of no bytes at all, and takes {} for a set also where a map stands.
            if not (len(self.partition) == 1 and value in ("''", '0x') or '{}' in value and column.kind.holds('map')):
                return value

    def create(self):
        rng = self.rng
        columns = [f'{c.cql} {c.type_text}{" static" if c.role == "static" else ""}'
                   for c in self.partition + self.clustering + self.statics + self.regulars]
        key = '(%s)' % ', '.join(c.cql for c in self.partition)
        key = ', '.join([key] + [c.cql for c in self.clustering])
        codec = rng.choice(CODECS)
        if '%s' in codec:
            more = f"'chunk_length_in_kb': {rng.choice([4, 4, 16, 64])}"
            if rng.random() < 0.3:
                more += f", 'min_compress_ratio': {rng.choice([1.05, 1.5, 4])}"  # chunks that save too little are kept as they are
            codec %= more
        options = [f'compression = {codec}',
                   # Compaction only where this test asks for it.
                   "compaction = {'class': 'SizeTieredCompactionStrategy', 'enabled': 'false'}",
                   f'gc_grace_seconds = {rng.choice([0, 864000, 864000])}', f'bloom_filter_fp_chance = {rng.choice([0.0001, 0.01, 0.5, 1.0])}',
                   f'default_time_to_live = {self.default_ttl}']
        if rng.random() < 0.3:
            options.append('min_index_interval = 1 AND max_index_interval = 2')
        if self.clustering:
            order = ', '.join(f'{c.cql} {"DESC" if c.descending else "ASC"}' for c in self.clustering)
            options.insert(0, f'CLUSTERING ORDER BY ({order})')
        return f'CREATE TABLE {self.full_name} ({", ".join(columns)}, PRIMARY KEY ({key})) WITH {" AND ".join(options)}'


def alterable_types(udts, tables):
    """Types that may get a field: not those inside of a vector (a running server forgets such a change until it is started
    again), nor those of a key (refused)."""
    barred = set()

    def visit(kind, inside):
        if kind.udt and inside:
            barred.add(kind.udt)
        for inner in kind.args:
            visit(inner, inside or kind.name == 'vector')
    for name in udts:
        visit(types.parse(quote(name), udts), False)
    for table in tables:
        for column in table.partition + table.clustering + table.statics + table.regulars:
            visit(column.kind, column.role in ('partition', 'clustering'))
    return [name for name, fields in udts.items() if name not in barred and len(fields) < len(FIELD_NAMES)]
