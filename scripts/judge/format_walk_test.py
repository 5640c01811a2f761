"""A wrong byte anywhere that format_walk reads is found: each byte of small golden SSTables, changed one at a time."""
import pathlib
import unittest
from collections import Counter

from .format_walk import fault, sstables

TESTDATA = pathlib.Path(__file__).resolve().parents[2] / 'testdata'
# One with clusterings and a plain Data.db, one with statics and chunks; of each version with other components.
TABLES = ('me/data/deletions/rows', 'na/data/statics/plain', 'nb/data/statics/plain', 'oa/data/deletions/rows', 'da/data/deletions/rows',
          'da/data/sizes/wide_plain')
EACH_BYTE_COUNTS = {'Data.db', 'Index.db', 'Filter.db', 'Digest.crc32', 'Partitions.db'}
LARGEST = 2000
EVERY = 3


class PlantedBytes(unittest.TestCase):
    def test_changed_bytes_are_found(self):
        tried, found = Counter(), Counter()
        for table in TABLES:
            folder, name = (TESTDATA / table).parent, (TESTDATA / table).name
            paths = list(folder.glob(f'{name}-*'))
            self.assertTrue(paths, f'no golden table {table}')
            for data, version, files in list(sstables(paths))[:2]:
                self.assertIsNone(fault(version, files, Counter()), data)
                for component, original in files.items():
                    for i in range(0, min(len(original), LARGEST), EVERY):
                        changed = bytearray(original)
                        changed[i] ^= 1 << i % 8
                        wrong = fault(version, files | {component: bytes(changed)}, Counter())
                        tried[component] += 1
                        found[component] += wrong is not None
                        if component in EACH_BYTE_COUNTS or component == 'Statistics.db' and version != 'me':
                            self.assertIsNotNone(wrong, f'{data}: {component}, byte {i}')
        for component in ('Summary.db', 'Rows.db', 'TOC.txt', 'CompressionInfo.db', 'CRC.db', 'Statistics.db'):
            self.assertGreater(found[component], tried[component] / 3, component)
        print({component: f'{found[component]} of {tried[component]}' for component in tried})


if __name__ == '__main__':
    unittest.main()
