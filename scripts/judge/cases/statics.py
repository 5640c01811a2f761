"""Static columns and counters."""

from ..case import Case

KS = "statics"


def plain():
    t = f"{KS}.plain"
    return Case(KS, "plain", "k int, c int, s text static, m map<text, int> static, v int, PRIMARY KEY (k, c)", [
        [f"INSERT INTO {t} (k, s) VALUES (1, 'static only') USING TIMESTAMP 10",
         f"INSERT INTO {t} (k, s, m) VALUES (2, 'both', {{'a': 1}}) USING TIMESTAMP 10", f"INSERT INTO {t} (k, c, v) VALUES (2, 1, 1) USING TIMESTAMP 10",
         f"INSERT INTO {t} (k, c, v) VALUES (3, 1, 1) USING TIMESTAMP 10", f"INSERT INTO {t} (k, m) VALUES (4, {{'x': 1}}) USING TIMESTAMP 10",
         f"INSERT INTO {t} (k, s) VALUES (5, 'gone') USING TIMESTAMP 10", f"INSERT INTO {t} (k, c, s) VALUES (6, 1, 'stays') USING TIMESTAMP 10"],
        [f"UPDATE {t} USING TIMESTAMP 20 SET m['b'] = 2 WHERE k = 2", f"DELETE s FROM {t} USING TIMESTAMP 20 WHERE k = 5",
         f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 6 AND c = 1", f"DELETE m['x'] FROM {t} USING TIMESTAMP 20 WHERE k = 4",
         # A range deletion of all rows leaves the static part.
         f"DELETE FROM {t} USING TIMESTAMP 20 WHERE k = 2 AND c > 0"],
        [f"INSERT INTO {t} (k, s) VALUES (1, 'changed') USING TIMESTAMP 30", f"DELETE FROM {t} USING TIMESTAMP 30 WHERE k = 3"],
    ], order="c DESC")


def only_statics():
    """No regular column."""
    t = f"{KS}.only_statics"
    return Case(KS, "only_statics", "k text, c text, a int static, l list<text> static, PRIMARY KEY (k, c)", [
        [f"INSERT INTO {t} (k, a) VALUES ('s', 1) USING TIMESTAMP 10", f"INSERT INTO {t} (k, c, a) VALUES ('b', 'x', 2) USING TIMESTAMP 10",
         f"INSERT INTO {t} (k, c) VALUES ('c', 'y') USING TIMESTAMP 10", f"INSERT INTO {t} (k, l) VALUES ('l', ['p', 'q']) USING TIMESTAMP 10"],
        [f"UPDATE {t} USING TIMESTAMP 20 SET l = l + ['r'] WHERE k = 'l'", f"DELETE a FROM {t} USING TIMESTAMP 20 WHERE k = 's'"],
    ])


def every_static():
    """Statics of many types between regular columns of many types: the two are numbered apart."""
    t = f"{KS}.every_static"
    return Case(KS, "every_static", "k int, c timeuuid, a int, b text static, d decimal static, e set<text>, f frozen<list<int>> static, g uuid static, "
                "h boolean, i tuple<int, text> static, j inet static, z varint, PRIMARY KEY (k, c)", [
        [f"INSERT INTO {t} (k, c, a, e, h, z) VALUES (1, c2d3b1a0-9e8f-11ee-8c90-0242ac120002, 1, {{'e'}}, true, 9) USING TIMESTAMP 10",
         f"INSERT INTO {t} (k, b, d, f, g, i, j) VALUES (1, 'b', 1.5, [1, 2], f47ac10b-58cc-4372-a567-0e02b2c3d479, (1, 't'), '::1') USING TIMESTAMP 10",
         f"INSERT INTO {t} (k, d) VALUES (2, -0.0) USING TIMESTAMP 10"],
        [f"INSERT INTO {t} (k, c, b, a) VALUES (1, c2d3b1a1-9e8f-11ee-8c90-0242ac120002, 'b2', 2) USING TIMESTAMP 20",
         f"DELETE d, g FROM {t} USING TIMESTAMP 20 WHERE k = 1"],
    ])


def counted():
    t = f"{KS}.counted"
    return Case(KS, "counted", "k text, c int, n counter, m counter, PRIMARY KEY (k, c)", [
        [f"UPDATE {t} SET n = n + {c + 1}, m = m - 1 WHERE k = '{k}' AND c = {c}" for k in "abc" for c in range(3) for _ in range(2)],
        [f"UPDATE {t} SET n = n - 100 WHERE k = 'a' AND c = {c}" for c in range(3)]
        + [f"UPDATE {t} SET m = m + 9223372036854775807 WHERE k = 'b' AND c = 0", f"DELETE n FROM {t} WHERE k = 'c' AND c = 1"],
        [f"UPDATE {t} SET n = n + 5 WHERE k = 'a' AND c = 2", f"UPDATE {t} SET n = n + 1 WHERE k = 'd' AND c = 0", f"DELETE FROM {t} WHERE k = 'c' AND c = 2"],
    ])


def counted_statics():
    t = f"{KS}.counted_statics"
    return Case(KS, "counted_statics", "k int, c text, total counter static, n counter, PRIMARY KEY (k, c)", [
        [f"UPDATE {t} SET total = total + 1 WHERE k = {k}" for k in range(4) for _ in range(3)]
        + [f"UPDATE {t} SET n = n + 7 WHERE k = 1 AND c = '{c}'" for c in "xy"],
        [f"UPDATE {t} SET total = total - 10 WHERE k = 2", f"UPDATE {t} SET n = n + 1 WHERE k = 2 AND c = 'z'", f"DELETE total FROM {t} WHERE k = 3"],
    ], order="c DESC")


def counted_simple():
    t = f"{KS}.counted_simple"
    return Case(KS, "counted_simple", "k bigint PRIMARY KEY, n counter", [
        [f"UPDATE {t} SET n = n + {k} WHERE k = {k}" for k in range(-20, 20)],
        [f"UPDATE {t} SET n = n - {k * k} WHERE k = {k}" for k in range(-20, 20, 3)],
        [f"UPDATE {t} SET n = n + 1 WHERE k = {k}" for k in range(-20, 20, 4)],
    ], compact_after=1)


CASES = [plain(), only_statics(), every_static(), counted(), counted_statics(), counted_simple()]
