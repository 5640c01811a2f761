"""The model of the live test must see wrong rows. Run: python3 -m unittest judge.live_model_test (in scripts/)."""
import unittest

from .live_model import Model


class Wrong(unittest.TestCase):
    def setUp(self):
        """Row (1, 1) has versions 1 to 3, all alive; row (1, 2) is alive, deleted, alive; row (1, 3) was only deleted."""
        self.model = Model()
        for alive in (True, True, True):
            self.model.confirm(self.model.next_version([(1, 1)], alive)[0])
        for alive in (True, False, True):
            self.model.confirm(self.model.next_version([(1, 2)], alive)[0])
        self.model.confirm(self.model.next_version([(1, 3)], False)[0])
        self.model.after_flush({(1, 1): 2, (1, 2): 1, (1, 3): 1})

    def wrong(self, seen, keys=None):
        return list(self.model.wrong(seen, self.model.floor(), self.model.ceiling(), keys))

    def test_possible_rows(self):
        for seen in ({(1, 1): 2}, {(1, 1): 3, (1, 2): 1}, {(1, 1): 3, (1, 2): 3}):
            self.assertEqual(self.wrong(seen), [])

    def test_wrong_rows(self):
        for seen in ({(1, 1): 1}, {(1, 1): 4}, {}, {(1, 1): 3, (1, 2): 2}, {(1, 1): 3, (1, 3): 1}, {(1, 1): 3, (7, 7): 1}):
            with self.subTest(seen=seen):
                self.assertTrue(self.wrong(seen))

    def test_only_the_asked_rows_must_be_there(self):
        self.assertEqual(self.wrong({}, [(1, 2), (1, 3)]), [])
        self.assertTrue(self.wrong({}, [(1, 1)]))


if __name__ == '__main__':
    unittest.main()
