"""One table of a mount against the answers of a real server. The only comparer: golden, random and live tests use it."""
import gzip
import json
import os
from pathlib import Path

from . import compare_csv, compare_json, compare_names
from .compare_schema import Schema
from .compare_types import field_name

# What `compare` must have compared at least once before it may call anything equal.
NEEDED = ('rows of rows.jsonl', 'partition files', 'partition names')


def load_text(path):
    """PATH or PATH.gz; None where there is neither."""
    if path.exists():
        return path.read_bytes().decode()
    packed = path.with_name(path.name + '.gz')
    return gzip.decompress(packed.read_bytes()).decode() if packed.exists() else None


def lines_of(text):
    """Only '\\n' ends a line: JSON may hold other line ends inside a string."""
    lines = text.split('\n')
    return lines[:-1] if lines[-1] == '' else lines


class Table:
    def __init__(self, report, expected, mount, schema=None):
        self.report, self.expected, self.mount = report, Path(expected), Path(mount)
        self.label = '/'.join(self.mount.parts[-2:])
        description = load_text(self.expected / 'schema.json')
        if description is None and schema is None:
            raise FileNotFoundError(f'{self.expected}: no schema.json beside the answers')
        self.schema = schema or Schema(json.loads(description))
        self.floats = {field_name(name): [bits for inner, bits in (('float', 32), ('double', 64)) if kind.holds(inner)]
                       for name, kind in self.schema.kinds.items()}
        self.rows = lines_of(load_text(self.expected / 'select.jsonl') or '')
        self.keys = lines_of(load_text(self.expected / 'distinct.jsonl') or '')
        self.dumps = {path.name.split('.')[0]: load_text(path.with_name(path.name.removesuffix('.gz')))
                      for path in sorted(self.expected.iterdir()) if '.dump.jsonl' in path.name}
        self.partitions = self.group_rows()
        self.names = self.name_keys()

    # ---- what is expected ----

    def group_rows(self):
        groups = {}
        for line in self.rows:
            groups.setdefault(json.dumps(self.schema.key_of(compare_json.load(line))), []).append(line)
        return groups

    def name_keys(self):
        """[(DISTINCT line, key parts as bytes)], each key found among those that sstabledump printed."""
        dumped = self.dumped_keys()
        found, taken = [], set()
        for line in self.keys:
            readings = compare_names.key_parts(self.schema.key_kinds, self.schema.key_of(compare_json.load(line)))
            if dumped:
                fitting = [r for r in readings if self.loose(self.text_parts(r)) in dumped and tuple(r) not in taken]
                if not fitting:
                    self.report.differs(self.label, 'the comparer itself is wrong: it makes '
                                        f'{self.text_parts(readings[0])} of key {line}, which sstabledump does not know')
                    fitting = readings
                readings = fitting
            taken.add(tuple(readings[0]))
            found.append((line, readings[0]))
        return found

    def text_parts(self, raws):
        return tuple(compare_names.types.get_string(k, r) for k, r in zip(self.schema.key_kinds, raws))

    def dumped_keys(self):
        return {self.loose(parts) for parts in self.dumped_parts()}

    def dumped_parts(self):
        return {tuple(json.loads(line)['partition']['key']) for text in self.dumps.values() for line in lines_of(text)}

    def loose(self, parts):
        """With few digits of each float: the dump's are those of JDK 17, ours the shortest."""
        return tuple(compare_json.JAVA_FLOAT.sub(lambda m: '%.6g' % float(m.group()), part) if kind.holds('float', 'double') else part
                     for kind, part in zip(self.schema.key_kinds, parts))

    # ---- what the mount says ----

    def read(self, path):
        """The text of a file of the mount, or None with a difference noted. Partition files must have their exact size."""
        try:
            raw = (self.mount / path).read_bytes()
            self.last_size = os.stat(self.mount / path).st_size
            return raw.decode()
        except (OSError, UnicodeDecodeError) as error:
            self.report.differs(f'{self.label} {path}', f'{error}')
            return None

    def compare(self):
        self.compare_whole()
        self.compare_listing()
        for line, raws in self.names:
            self.compare_partition(line, raws)
        self.compare_dead_keys()
        self.compare_dumps()
        self.report.count('tables')

    def compare_whole(self):
        text = self.read('rows.jsonl')
        if text is not None:
            self.report.count('rows of rows.jsonl', self.compare_lines('rows.jsonl', self.rows, text))
            if self.last_size:
                self.check_size('rows.jsonl', text)
        text = self.read('rows.json')
        if text is not None:
            self.report.count('rows of rows.json', self.compare_array('rows.json', self.rows, text))
        self.csv_records = None
        text = self.read('rows.csv')
        if text is not None:
            self.compare_csv(text)

    def compare_lines(self, where, expected, text):
        place = f'{self.label} {where}'
        if text and not text.endswith('\n'):
            self.report.differs(place, 'no line end after the last row')
        return self.compare_rows(place, expected, lines_of(text), self.floats)

    def compare_array(self, where, expected, text):
        """An array, one row a line."""
        place = f'{self.label} {where}'
        try:
            json.loads(text)
        except ValueError as error:
            self.report.differs(place, f'no JSON: {error}')
            return 0
        body = text.strip()
        rows = [line.strip().removesuffix(',') for line in lines_of(body[1:-1].strip('\n'))]
        rows = [row for row in rows if row]
        if not self.report.expect(body.startswith('[') and body.endswith(']') and text.endswith('\n'), place,
                                  f'not an array with a line end: {text[:40]!r} … {text[-40:]!r}'):
            return 0
        return self.compare_rows(place, expected, rows, self.floats)

    def compare_rows(self, place, expected, actual, floats=None):
        same = 0
        for number, (e, a) in enumerate(zip(expected, actual), 1):
            if compare_json.equal(e, a, floats):
                same += 1
            else:
                self.report.differs(place, f'row {number} {compare_json.difference(e, a)}')
                break
        if len(expected) != len(actual):
            more = expected[len(actual):] or actual[len(expected):]
            self.report.differs(place, f'{len(expected)} rows expected, {len(actual)} read; first surplus: {more[0][:300]}')
        return same

    def check_size(self, where, text):
        size = len(text.encode())
        self.report.expect(self.last_size == size, f'{self.label} {where}', f'stat says {self.last_size} bytes, reading gives {size}')

    def compare_listing(self):
        for folder, extension in (('json', '.json'), ('jsonl', '.jsonl'), ('csv', '.csv')):
            place = f'{self.label} {folder}/'
            try:
                actual = os.listdir(self.mount / folder)
            except OSError as error:
                self.report.differs(place, f'{error}')
                continue
            expected = [compare_names.file_name(self.schema.key_kinds, raws, extension) for _, raws in self.names]
            missing = [n for n in expected if n not in set(actual)]
            surplus = [n for n in actual if n not in set(expected)]
            self.report.expect(not missing, place, f'{len(missing)} keys of DISTINCT are not listed: {missing[:3]}')
            self.report.expect(not surplus, place, f'{len(surplus)} names are listed that DISTINCT does not know: {surplus[:3]}')
            self.report.expect(len(actual) == len(set(actual)), place, 'a name is listed twice')
            self.report.count('partition names', len(expected))

    def compare_partition(self, line, raws):
        if self.keys.count(line) > 1:
            # Keys with NaN and infinities: all null in JSON, so nothing says which rows belong to which.
            path = 'csv/' + compare_names.file_name(self.schema.key_kinds, raws, '.csv')
            self.csv_at += len(list(compare_csv.records(self.read(path) or ''))[1:])
            self.report.count('keys that JSON does not tell apart')
            return
        rows = self.partitions.get(json.dumps(self.schema.key_of(compare_json.load(line))), [])
        if self.report.expect(rows, self.label, f'the answers contradict each other: SELECT has no row of DISTINCT key {line}'):
            name = lambda extension: compare_names.file_name(self.schema.key_kinds, raws, extension)  # noqa: E731
            path = 'json/' + name('.json')
            text = self.read(path)
            if text is not None:
                self.compare_array(path, rows, text)
                self.check_size(path, text)
            path = 'jsonl/' + name('.jsonl')
            text = self.read(path)
            if text is not None:
                self.compare_lines(path, rows, text)
                self.check_size(path, text)
            path = 'csv/' + name('.csv')
            text = self.read(path)
            if text is not None:
                self.compare_csv_partition(path, raws, len(rows), text)
                self.check_size(path, text)
            self.report.count('partition files', 3)

    # ---- CSV ----

    def compare_csv(self, text):
        place = f'{self.label} rows.csv'
        ours = list(compare_csv.records(text))
        self.report.expect(text.endswith('\n'), place, 'no line end after the last row')
        header = [value for value, _ in ours[0]] if ours else []
        self.report.expect(header == self.schema.copy_columns, place, f'header {header}, not {self.schema.copy_columns}')
        self.csv_records = ours
        self.csv_at = 1
        self.compare_nulls(place, ours[1:])
        expected_text = load_text(self.expected / 'copy.csv')
        if expected_text is None:
            self.report.count("tables that COPY can't print")
            return
        expected = list(compare_csv.records(expected_text))
        if not expected:  # COPY of no rows writes no header
            self.report.expect(len(ours) == 1, place, f'COPY has no rows, ours {len(ours) - 1}')
            return
        self.report.expect(header == [v for v, _ in expected[0]], place, f"header {header}, COPY's {[v for v, _ in expected[0]]}")
        self.report.expect(len(ours) == len(expected), place, f'{len(expected) - 1} rows expected, {len(ours) - 1} read')
        for number, (e, o) in enumerate(zip(expected[1:], ours[1:]), 1):
            if len(o) != len(header):
                self.report.differs(place, f'row {number} has {len(o)} fields: {o}')
                break
            wrong = self.wrong_field(header, e, o)
            if wrong:
                self.report.differs(place, f'row {number} {wrong}')
                break
            self.report.count('rows of rows.csv')

    def wrong_field(self, header, expected, ours):
        for name, (e, _), (o, _) in zip(header, expected, ours):
            kind = self.schema.kinds.get(name)
            wrong = kind and compare_csv.fields_equal(kind, e, o)
            if wrong:
                return f'column {name} {wrong}:\n      expected {e[:300]!r}\n      actual   {o[:300]!r}'
        return None

    def compare_nulls(self, place, ours):
        """The row of the same number in SELECT JSON says where null is and where an empty text."""
        for number, (line, record) in enumerate(zip(self.rows, ours), 1):
            row = compare_json.load(line)
            for name, (value, quoted) in zip(self.schema.copy_columns, record):
                known = row.get(field_name(name))
                kind = self.schema.kinds[name]
                if known is None and kind.name not in ('float', 'double') and (value, quoted) != ('', False):
                    return self.report.differs(place, f'row {number}: {name} is null, read {value[:100]!r}')
                if known == '' and kind.name in ('text', 'ascii') and (value, quoted) != ('', True):
                    return self.report.differs(place, f'row {number}: {name} is an empty text, read {value!r} without quotes')
                if known not in (None, '') and value == '' and kind.name != 'counter':
                    return self.report.differs(place, f'row {number}: {name} is {str(known)[:100]!r}, read nothing')
        return None

    def compare_csv_partition(self, path, raws, count, text):
        """The rows of csv/KEY.csv are the next ones of rows.csv, which is compared with COPY."""
        if self.csv_records is None:
            return
        place = f'{self.label} {path}'
        ours = list(compare_csv.records(text))
        self.report.expect(ours[:1] == self.csv_records[:1], place, 'another header than rows.csv')
        self.report.expect(ours[1:] == self.csv_records[self.csv_at:self.csv_at + count], place, 'other rows than rows.csv has for this key')
        self.csv_at += count

    # ---- keys without rows, and single SSTables ----

    def compare_dead_keys(self):
        """A key that sstabledump prints and DISTINCT does not return is no file."""
        if any(kind.holds('float', 'double') for kind in self.schema.key_kinds):
            return  # the dump's digits are not always ours
        living = {self.text_parts(raws) for _, raws in self.names}
        for parts in sorted(self.dumped_parts() - living):
            text = parts[0]
            if len(parts) > 1:
                text = ':'.join(p.replace(':', '\\:') + ('!' if p.endswith(('\\', '!')) else '') for p in parts)
            name = compare_names.encode(text) + '.json'
            if len(name.encode()) > 255:
                continue
            found = os.path.lexists(self.mount / 'json' / name)
            self.report.expect(not found, f'{self.label} json/{name}', 'is a file, but DISTINCT does not return this key')
            self.report.count('dead keys')

    def compare_dumps(self):
        if not self.dumps:
            self.report.count('tables without dumps')
            return
        try:
            actual = sorted(os.listdir(self.mount / 'sstables'))
        except OSError as error:
            self.report.differs(f'{self.label} sstables/', f'{error}')
            return
        self.report.expect(actual == sorted(self.dumps), f'{self.label} sstables/', f'{sorted(self.dumps)} expected, {actual} listed')
        for identifier, expected in self.dumps.items():
            where = f'sstables/{identifier}/dump.jsonl'
            text = self.read(where)
            if text is None:
                continue
            place = f'{self.label} {where}'
            self.report.expect(text.endswith('\n') == expected.endswith('\n'), place, 'the end of the last line is another')
            self.report.count('dumped partitions', self.compare_rows(place, lines_of(expected), lines_of(text)))


def compare(report, expected, mount, only=None):
    """expected: a directory of KEYSPACE/TABLE/ with answers; mount: of KEYSPACE/TABLE/ to judge."""
    for folder in sorted(Path(expected).glob('*/*/')):
        name = '/'.join(folder.parts[-2:])
        if only and name not in only:
            continue
        if load_text(folder / 'select.jsonl') is None:
            continue
        place = Path(mount) / name
        if report.expect(place.is_dir(), name, f'no directory {place}'):
            Table(report, folder, place).compare()
