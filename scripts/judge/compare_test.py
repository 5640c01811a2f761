"""Plants faults in a copy of right answers: the comparer must see each. Run: python3 -m unittest judge.compare_test (in scripts/)."""
import json
import shutil
import tempfile
import unittest
from pathlib import Path

from . import compare_csv, compare_json, compare_names, compare_types
from .compare_mount import NEEDED, compare
from .compare_report import Report

# What Cassandra 5.0.6 and cqlsh answered for this table.
SCHEMA = {'keyspace': 'k', 'table': 't', 'udts': {}, 'columns': [
    dict(zip(('name', 'kind', 'position', 'type', 'order'), c)) for c in (
        ('a', 'partition_key', 0, 'int', 'none'), ('b', 'partition_key', 1, 'text', 'none'), ('c', 'clustering', 0, 'int', 'asc'),
        ('s', 'static', -1, 'double', 'none'), ('Ex', 'regular', -1, 'set<double>', 'none'), ('d', 'regular', -1, 'float', 'none'),
        ('m', 'regular', -1, 'map<float, text>', 'none'))]}
SELECT = r'''{"a": 1, "b": "", "c": 3, "s": 1.1, "\"Ex\"": null, "d": 0.1, "m": null}
{"a": 1, "b": "statics", "c": null, "s": 1.1, "\"Ex\"": null, "d": null, "m": null}
{"a": 1, "b": "x'\"y", "c": 2, "s": 1.1, "\"Ex\"": [0.1, 1.5, 3.0E300], "d": 1.17549435E-38, "m": {"0.1": "a\\b\"c"}}
{"a": 1, "b": "x'\"y", "c": 4, "s": 1.1, "\"Ex\"": null, "d": null, "m": {"0.5": ""}}
'''
DISTINCT = r'''{"a": 1, "b": ""}
{"a": 1, "b": "statics"}
{"a": 1, "b": "x'\"y"}
'''
COPY = r'''a,b,c,Ex,d,m,s
1,,3,,0.1,,1.1
1,statics,,,,,1.1
1,x'\\\\\"y,2,"{0.1, 1.5, 3e+300}",1.1755e-38,{0.1: 'a\\\\b\"c'},1.1
1,x'\\\\\"y,4,,,{0.5: ''},1.1'''.replace(r"x'\\\\\"y", r"x'\"y")
CSV = r'''a,b,c,Ex,d,m,s
1,"",3,,0.1,,1.1
1,statics,,,,,1.1
1,x'\"y,2,"{0.1, 1.5, 3.0E300}",1.1754944E-38,{0.1: 'a\\\\b\"c'},1.1
1,x'\"y,4,,,{0.5: ''},1.1
'''
DUMP = '\n'.join('{"table kind":"REGULAR","partition":{"key":["1",%s],"position":0},"rows":[{"cells":[{"value":1.1}]}]}' % json.dumps(b)
                 for b in ('', 'statics', 'x\'"y', 'dead'))
NAMES = ['1:', '1:statics', '1:x\'"y']
CHANGES = [('rows.jsonl', '"c": 3', '"c": 4'), ('rows.jsonl', '1.1754944E-38', '1.1754943E-38'), ('rows.jsonl', '"m": null}\n', '"m": {}}\n'),
           ('rows.jsonl', '3.0E300', '3.00E300'), ('rows.jsonl', '": "', '":"'), ('rows.json', '"c": 3', '"c": 4'), ('rows.json', ']\n', ''),
           ('rows.csv', '1,"",3', '1,,3'), ('rows.csv', ',4,,,', ',4,"",,'), ('rows.csv', '3.0E300', '3.1E300'), ('rows.csv', '3.0E300', '3.00E300'),
           ('rows.csv', 'Ex,d', 'd,Ex'), ('rows.csv', '1.1\n1,stat', '1.2\n1,stat'), ('rows.csv', r'\"', '""'),
           ('json/1:statics.json', '"s": 1.1', '"s": 1.2'), ('jsonl/1:statics.jsonl', '"s": 1.1', '"s": 1.2'),
           ('csv/1:statics.csv', '1.1', '1.3'), ('sstables/3/dump.jsonl', '"position":0', '"position":1'), ('sstables/3/dump.jsonl', '1.1}', '1.10}')]


class PlantedFaults(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.put('expected/k/t/', {'schema.json': json.dumps(SCHEMA), 'select.jsonl': SELECT, 'distinct.jsonl': DISTINCT, 'copy.csv': COPY,
                                   '3.dump.jsonl': DUMP})
        ours = SELECT.replace('1.17549435E-38', '1.1754944E-38')
        rows = ours.splitlines()
        files = {'rows.jsonl': ours, 'rows.json': self.array(rows), 'rows.csv': CSV, 'sstables/3/dump.jsonl': DUMP}
        csv = CSV.splitlines()
        for name, which in zip(NAMES, ([0], [1], [2, 3])):
            files[f'json/{name}.json'] = self.array([rows[i] for i in which])
            files[f'jsonl/{name}.jsonl'] = ''.join(rows[i] + '\n' for i in which)
            files[f'csv/{name}.csv'] = ''.join(line + '\n' for line in [csv[0]] + [csv[i + 1] for i in which])
        self.put('mount/k/t/', files)

    @staticmethod
    def array(rows):
        return '[\n' + ',\n'.join(rows) + '\n]\n'

    def put(self, folder, files):
        for name, text in files.items():
            path = self.folder / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def judge(self):
        report = Report(0)
        compare(report, self.folder / 'expected', self.folder / 'mount')
        return report

    def test_right_answers_are_equal(self):
        report = self.judge()
        self.assertEqual(report.differences, [])
        self.assertTrue(all(report.compared[what] for what in NEEDED + ('rows of rows.csv', 'dumped partitions', 'dead keys')))

    def test_each_change_is_seen(self):
        for path, old, new in CHANGES:
            with self.subTest(path=path, old=old, new=new):
                file = self.folder / 'mount/k/t' / path
                before = file.read_text()
                self.assertIn(old, before)
                file.write_text(before.replace(old, new, 1))
                self.assertTrue(self.judge().differences)
                file.write_text(before)

    def test_missing_and_surplus_files_are_seen(self):
        mount = self.folder / 'mount/k/t'
        for path in ('rows.jsonl', 'rows.json', 'rows.csv', 'json/1:.json', 'jsonl/1:.jsonl', 'csv/1:.csv', 'sstables/3/dump.jsonl'):
            with self.subTest(path=path):
                (mount / path).rename(self.folder / 'aside')
                self.assertTrue(self.judge().differences)
                (self.folder / 'aside').rename(mount / path)
        for path in ('json/1:dead.json', 'json/2:.json', 'csv/1:.json'):
            with self.subTest(path=path):
                (mount / path).write_text('[]\n')
                self.assertTrue(self.judge().differences)
                (mount / path).unlink()

    def test_lost_duplicated_and_reordered_rows_are_seen(self):
        file = self.folder / 'mount/k/t/rows.jsonl'
        lines = file.read_text().splitlines(True)
        for changed in (lines[:-1], lines + lines[-1:], [lines[1], lines[0], *lines[2:]], [], lines[:-1] + [lines[-1].rstrip('\n')]):
            with self.subTest(changed=changed):
                file.write_text(''.join(changed))
                self.assertTrue(self.judge().differences)

    def test_comparing_nothing_is_no_success(self):
        shutil.rmtree(self.folder / 'expected/k')
        self.assertFalse(self.judge().finish(NEEDED))


class Values(unittest.TestCase):
    def test_java_floats(self):
        for text in ('1.0', '1.0E7', '9999999.0', '0.001', '1.0E-4', '4.9E-324', '1.7976931348623157E308', '-0.0', '123.456', '2.0E-3'):
            value = float(text)
            self.assertEqual(float(compare_types.java_float(value)), value)
        self.assertEqual(compare_types.java_float(0.002), '0.002')
        self.assertEqual(compare_types.java_float(5e-324), '4.9E-324')
        self.assertEqual(compare_types.java_float(1.401298464324817e-45, 32), '1.4E-45')
        self.assertEqual(compare_types.java_float(1e23), '1.0E23')

    def test_json_allows_only_the_shortest_digits(self):
        self.assertTrue(compare_json.equal('{"a": 1.79814545080213197E18}', '{"a": 1.798145450802132E18}'))
        self.assertFalse(compare_json.equal('{"a": 1.79814545080213197E18}', '{"a": 1.7981454508021321E18}'))
        self.assertFalse(compare_json.equal('{"a": 0.123456789}', '{"a": 0.12345679}', {'a': [64]}))
        self.assertTrue(compare_json.equal('{"a": {"1.17549435E-38": 1}}', '{"a": {"1.1754944E-38": 1}}', {'a': [32]}))
        self.assertFalse(compare_json.equal('{"a": 10.00}', '{"a": 10.0}', {}))
        self.assertFalse(compare_json.equal('{"a": "1.50"}', '{"a": "1.5"}', {}))

    def test_file_names(self):
        kinds = [compare_types.parse('text', {}), compare_types.parse('int', {})]
        self.assertEqual(compare_names.file_name(kinds, [b'.a/b%:', b'\0\0\0\x07'], '.json'), '%2Ea%2Fb%25\\::7.json')
        self.assertEqual(compare_names.file_name(kinds[:1], [b'a:b\0'], '.csv'), 'a:b%00.csv')
        self.assertEqual(compare_names.file_name(kinds[:1], [b'a~12'], '.csv'), 'a%7E12.csv')
        pair = compare_types.parse('tuple<text, text>', {})
        back = compare_types.to_bytes(pair, ['a:', '@'])
        self.assertEqual(compare_names.file_name([pair], [back], '.csv'), 'a\\::\\@.csv')
        self.assertRegex(compare_names.file_name([pair], [compare_types.to_bytes(pair, ['a\\', 'b'])], '.csv'), r'^a\\:b~-?\d+\.csv$')
        name = compare_names.file_name(kinds[:1], [('é' * 200).encode()], '.json')
        self.assertLessEqual(len(name.encode()), 255)
        self.assertRegex(name, r'^é+~-?\d+\.json$')

    def test_tokens(self):
        # SELECT token(…) of Cassandra 5.0.6.
        self.assertEqual(compare_names.murmur3_token(b'\0\0\0\1'), -4069959284402364209)

    def test_a_null_in_a_tuple_is_a_quoted_none(self):
        kind = compare_types.parse('tuple<text, timestamp, int>', {})
        self.assertIsNone(compare_csv.fields_equal(kind, "('None', 'None', 1)", '(, , 1)'))
        self.assertEqual(compare_csv.fields_equal(kind, "('Nine', 'None', 1)", '(, , 1)'), 'differs')
        self.assertEqual(compare_csv.fields_equal(kind, '(, , 1)', "('None', , 1)"), 'differs')

    def test_csv_trees(self):
        kind = compare_types.parse('set<double>', {})
        self.assertIsNone(compare_csv.fields_equal(kind, '{0.1, 1.5}', '{1.5, 0.1}'))
        self.assertEqual(compare_csv.fields_equal(kind, '{0.1, 1.5}', '{0.1}'), 'differs')
        kind = compare_types.parse('map<time, frozen<u>>', {'u': [('a', 'text'), ('b', 'int')]})
        self.assertIsNone(compare_csv.fields_equal(kind, "{01:02:03.000000004: {a: 'x, }', field_1_: }}", "{01:02:03.000000004: {a: 'x, }', b: }}"))


if __name__ == '__main__':
    unittest.main()
