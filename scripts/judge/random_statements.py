"""Random SELECT statements that a server should take."""
from .random_selects_terms import Terms
from .random_values import literal

ORDERED = ['<', '<=', '>', '>=']


def may_repeat_keys(column, value):
    """Of equal keys in a map's literal the server takes one by the order of a hash table: such literals are no question."""
    return column.kind.holds('map') and value.count(':') > 1


class Statements:
    """Random statements on one table."""

    def __init__(self, rng, table):
        self.rng, self.table = rng, table
        self.terms = Terms(rng, table)

    def value(self, column):
        known = [v for v in column.domain if not may_repeat_keys(column, v)]
        if known and self.rng.random() < 0.85:
            return self.rng.choice(known)
        while True:
            value = literal(self.rng, column.kind, nulls=False, ordered=True)
            if not may_repeat_keys(column, value):
                return value

    def restriction(self, column, operators):
        operator = self.rng.choice(operators)
        if operator == 'IN':
            values = ', '.join(self.value(column) for _ in range(self.rng.randint(1, 3)))
            return f'{column.cql} IN ({values})'
        return f'{column.cql} {operator} {self.value(column)}'

    def tuple_relation(self, columns):
        """(a, b) > (1, 2), or = or IN."""
        rng = self.rng
        columns = columns[:rng.randint(1, len(columns))]
        values = lambda: '(%s)' % ', '.join(self.value(c) for c in columns)  # noqa: E731
        names = '(%s)' % ', '.join(c.cql for c in columns)
        operator = rng.choice(['=', 'IN'] + ([] if any(c.kind.holds('duration') for c in columns) else ORDERED))
        if operator == 'IN':
            return f'{names} IN ({", ".join(values() for _ in range(rng.randint(1, 3)))})'
        return f'{names} {operator} {values()}'

    def clustering_relations(self):
        rng, table, relations = self.rng, self.table, []
        for number, column in enumerate(table.clustering):
            shape = rng.random()
            if shape < 0.35:
                relations.append(self.restriction(column, ['=']))
            elif shape < 0.5:
                relations.append(self.restriction(column, ['IN']))
            elif shape < 0.65:
                relations.append(self.tuple_relation(table.clustering[number:]))
                break
            else:
                if not column.kind.holds('duration'):
                    relations.append(self.restriction(column, ORDERED))
                    if rng.random() < 0.3:
                        # The other bound, too.
                        turned = ['>', '>='] if '<' in relations[-1].split(' ')[1] else ['<', '<=']
                        relations.append(self.restriction(column, turned))
                break
        return relations

    def filter_relation(self):
        rng, table = self.rng, self.table
        column = rng.choice(table.partition + table.clustering + table.values)
        kind = column.kind
        if kind.holds('duration') or table.counter and column in table.values:
            return []
        if column.multicell and kind.name == 'udt':
            return []
        if kind.name in ('list', 'set', 'map') and rng.random() < 0.7:
            element = kind.args[-1]
            if kind.name == 'map' and rng.random() < 0.5:
                return [f'{column.cql} CONTAINS KEY {literal(rng, kind.args[0], nulls=False)}']
            if kind.name == 'map' and rng.random() < 0.5:
                key, value = (literal(rng, a, nulls=False) for a in kind.args)
                return [f'{column.cql}[{key}] = {value}']
            return [f'{column.cql} CONTAINS {literal(rng, element, nulls=False)}']
        if column.multicell or table.counter:
            return []
        return [self.restriction(column, ['=', '<', '<=', '>', '>=', 'IN', '='])]

    def where(self):
        """Relations, and whether they name single partitions: by = only, or with IN."""
        rng, table = self.rng, self.table
        shape = rng.choice(['all', 'key', 'key', 'key', 'slice', 'slice', 'slice', 'slice', 'token', 'filter', 'filter'])
        relations, keys = [], None
        if shape in ('key', 'slice'):
            many = rng.random() < 0.25
            relations += [self.restriction(c, ['IN' if many else '=']) for c in table.partition]
            keys = 'IN' if many else '='
        if shape == 'slice':
            relations += self.clustering_relations()
        if shape == 'token':
            key = ', '.join(c.cql for c in table.partition)
            relations.append(f'token({key}) {rng.choice(ORDERED)} {rng.randrange(-2**63, 2**63)}')
            if rng.random() < 0.3:
                relations.append(f'token({key}) {"<" if ">" in relations[0] else ">"} token({", ".join(self.value(c) for c in table.partition)})')
        if shape == 'filter' or rng.random() < 0.15:
            named = ' '.join(relations)
            relations += [r for r in self.filter_relation() if r.split(' ')[0] not in named]
        rng.shuffle(relations)
        return relations, keys

    def selected(self, aggregates):
        rng, table = self.rng, self.table
        if aggregates:
            return ', '.join(['count(*)'] + [self.terms.aggregate() for _ in range(rng.randint(0, 3))])
        columns = table.partition + table.clustering + table.values
        chosen = [c.cql for c in rng.sample(columns, rng.randint(0, len(columns)))]
        chosen += [self.terms.term() for _ in range(rng.choice([0, 1, 1, 2, 3]))]
        chosen = chosen or [columns[0].cql]
        if rng.random() < 0.1:
            chosen[-1] += ' AS ' + rng.choice(['x', '"Two words"', 'other'])
        return ', '.join(chosen)

    def group_by(self):
        rng, table = self.rng, self.table
        keys = table.partition + table.clustering[:rng.randint(0, len(table.clustering))]
        names = [c.cql for c in keys]
        if keys[-1] in table.clustering and keys[-1].kind.name in ('timestamp', 'date', 'time') and rng.random() < 0.7:
            unit = rng.choice(['1d', '2d', '1mo', '7d'] + ([] if keys[-1].kind.name == 'date' else ['1h', '90m']))
            if keys[-1].kind.name == 'time':
                unit = rng.choice(['1h', '90m', '1s'])
            names[-1] = f'floor({names[-1]}, {unit})'
        return ' GROUP BY ' + ', '.join(names)

    def order_by(self):
        rng, table = self.rng, self.table
        turned = rng.random() < 0.5
        order = [f'{c.cql} {"DESC" if c.descending != turned else "ASC"}' for c in table.clustering]
        return ' ORDER BY ' + ', '.join(order[:rng.randint(1, len(order))])

    def distinct(self):
        rng, table = self.rng, self.table
        names = [c.cql for c in table.partition + [c for c in table.values if c.role == 'static' and rng.random() < 0.6]]
        where = ''
        if rng.random() < 0.4:
            where = ' WHERE ' + ' AND '.join(self.restriction(c, ['=', 'IN']) for c in table.partition)
        limit = f' LIMIT {rng.randint(1, 4)}' if rng.random() < 0.3 else ''
        return f'SELECT JSON DISTINCT {", ".join(names)} FROM {table.full_name}{where}{limit} ALLOW FILTERING'

    def next(self):
        rng, table = self.rng, self.table
        if rng.random() < 0.05:
            return self.distinct()
        relations, keys = self.where()
        aggregates, tail = rng.random() < 0.2, ''
        selected = '*' if rng.random() < 0.25 else self.selected(aggregates)
        # The server sorts the texts of a JSON * instead of its columns where partitions are given with IN.
        keys = None if selected == '*' and keys == 'IN' else keys
        if aggregates and selected != '*' and rng.random() < 0.6:
            tail += self.group_by()
        if keys and table.clustering and rng.random() < 0.45 and 'GROUP' not in tail:
            tail += self.order_by()
        if rng.random() < 0.15 and ('GROUP' in tail or selected == '*' or not aggregates):
            tail += f' PER PARTITION LIMIT {rng.randint(1, 3)}'
        if rng.random() < 0.3:
            tail += f' LIMIT {rng.choice([1, 2, 5, 20])}'
        where = ' WHERE ' + ' AND '.join(relations) if relations else ''
        return f'SELECT JSON {selected} FROM {table.full_name}{where}{tail} ALLOW FILTERING'
