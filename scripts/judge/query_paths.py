"""scripts/query_paths: random SELECTs on random tables, asked of a real server and through the paths of a mount.

Each statement is the name of a file in cql/ where it is short enough, and the same question a path below where/."""
import collections
import json
import random
import re
import sys
from pathlib import Path

from .random_generate import arguments, server_with_tables
from .random_mount import Mount, binary
from .random_selects import Statements, same

LONGEST_NAME, LONGEST_PATH = 255, 4000
# Types whose literals need no quotes in a path.
PLAIN = {'text', 'varchar', 'ascii', 'inet', 'date', 'time', 'timestamp'}
CLAUSES = re.compile(r'^(?: GROUP BY (?P<group>.*?))?(?: ORDER BY (?P<order>.*?))?(?: PER PARTITION LIMIT (?P<per>\d+))?(?: LIMIT (?P<limit>\d+))?$')


def encoded(text):
    return ''.join(f'%{ord(c):02X}' if c in '/%\x7f' or c < ' ' else c for c in text)


class Questions(Statements):
    """Remembers of a statement what its path is made of."""

    def restriction(self, column, operators):
        text = super().restriction(column, operators)
        operator, _, value = text.removeprefix(column.cql + ' ').partition(' ')
        plain = value[1:-1].replace("''", "'") if value[:1] == "'" == value[-1:] else ''
        if column.kind.name in PLAIN and operator != 'IN' and plain.strip(' \t\n\r\0\v\f') == plain != '' and plain[0] not in "'$(" \
                and not re.fullmatch(r'-?\d+', plain) and self.rng.random() < 0.7:
            self.plain[text] = f'{column.cql}{operator}{plain}'
        self.relations.append(text)
        return text

    def where(self):
        self.relations, keys = super().where()
        return self.relations, keys

    def selected(self, *about):
        self.columns = super().selected(*about)
        return self.columns

    def next(self):
        """A statement, and the components of its path: None when it can't be one."""
        self.plain, self.relations, self.columns = {}, [], '*'
        statement, distinct = super().next(), []
        if statement.startswith('SELECT JSON DISTINCT '):
            self.columns, distinct = statement.removeprefix('SELECT JSON DISTINCT ').partition(' FROM ')[0], ['@distinct']
        where = ' WHERE ' + ' AND '.join(self.relations) if self.relations else ''
        head = f'SELECT JSON {"DISTINCT " if distinct else ""}{self.columns} FROM {self.table.full_name}{where}'
        clauses = CLAUSES.match(statement.removeprefix(head).removesuffix(' ALLOW FILTERING'))
        if not statement.startswith(head) or clauses is None:
            return statement, None
        options = {'select': self.columns if self.columns != '*' else None, 'group': clauses['group'], 'order': clauses['order'],
                   'per-partition': clauses['per'], 'limit': clauses['limit']}
        components = distinct + [self.plain.get(r, r) for r in self.relations]
        components += [f'@{name}={value}' for name, value in options.items() if value is not None]
        self.rng.shuffle(components)
        return statement, [encoded(c) for c in components]


class Asked:
    """Compares what files hold with what the server answers, and counts."""

    def __init__(self, point):
        self.point, self.counts = Path(point), collections.Counter()

    def compare(self, kind, statement, path, theirs):
        try:
            ours = path.read_bytes().decode().split('\n')[:-1]
        except OSError as error:
            explain = path.parent / (path.name.removesuffix('.jsonl') + '.explain.json' if kind == 'cql' else 'explain.json')
            why = explain.read_text()[:600] if explain.exists() else ''
            self.wrong(f'{error}\n{why}', kind, statement, path)
            return
        if same(theirs, ours):
            self.counts[f'{kind}: equal'] += 1
            self.counts[f'{kind}: equal rows'] += len(theirs)
            return
        differing = next((f'\n    {a[:500]}\n    {b[:500]}' for a, b in zip(theirs, ours) if a != b), '')
        self.wrong(f'server: {len(theirs)} rows, sstablefs: {len(ours)} rows{differing}', kind, statement, path)

    def wrong(self, what, kind, statement, path):
        self.counts[f'{kind}: different'] += 1
        print(f'DIFFERENT {kind}: {statement}\n  {path}\n  {what}', flush=True)

    def count(self, statement, folder, theirs):
        try:
            number, explained = (folder / 'count').read_text(), json.loads((folder / 'explain.json').read_text())
        except OSError as error:
            return self.wrong(str(error), 'count', statement, folder)
        if number != f'{len(theirs)}\n' or 'statement' not in explained or 'error' in explained:
            return self.wrong(f'server: {len(theirs)} rows, count: {number} {explained}', 'count', statement, folder)
        self.counts['count: equal'] += 1
        return None

    def ask(self, server, table, statement, components):
        name = encoded(statement) + '.jsonl'
        fits = len(name.encode()) <= LONGEST_NAME
        in_cql = self.point / 'cql' / name
        try:
            theirs = list(server.rows(statement))
        except Exception as error:  # the driver has a dozen classes of errors for what a server refuses
            self.counts['refused by the server: ' + str(error)[:90]] += 1
            if fits and in_cql.exists():
                self.counts['of these answered by sstablefs'] += 1
            return
        if fits:
            self.compare('cql', statement, in_cql, theirs)
        folder = self.point / table.keyspace / table.name / 'where'
        folder = folder.joinpath(*components) if components is not None else None
        if folder is None or any(len(c.encode()) > LONGEST_NAME for c in components) or len(str(folder).encode()) > LONGEST_PATH:
            self.counts['where: too long'] += 1
            return
        self.compare('where', statement, folder / 'rows.jsonl', theirs)
        self.count(statement, folder, theirs)


def main():
    options = arguments('query_paths', __doc__).parse_args()
    print(f'query_paths --version {options.version} --tables {options.tables} --statements {options.statements} --seed {options.seed}', flush=True)
    program, rng = binary(options.binary), random.Random(options.seed)
    with server_with_tables('query_paths', options.version, options.tables, rng) as (folder, server, tables):
        questions = [Questions(rng, table) for table in tables]
        with Mount(program, server.data, folder / 'mnt', log=folder / 'mount.log') as mount:
            asked = Asked(mount.point)
            for _ in range(options.statements):
                question = rng.choice(questions)
                asked.ask(server, question.table, *question.next())
            print(f'{mount.status("VmHWM") // 1024} MiB at most in the daemon')
    counts = asked.counts
    for what, number in sorted(counts.items()):
        print(f'{number:8} {what}')
    different = sum(number for what, number in counts.items() if what.endswith('different'))
    few = min(counts['cql: equal'], counts['where: equal'], counts['count: equal']) < options.statements // 4
    return 1 if different or few else 0


if __name__ == '__main__':
    sys.exit(main())
