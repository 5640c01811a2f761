"""Collections, tuples, user types and vectors: frozen and not, nested three deep, changed element by element."""

from ..case import Case

KS = "collections"


def insert(table, columns, values, timestamp, ttl=None):
    using = f"USING TIMESTAMP {timestamp}" + (f" AND TTL {ttl}" if ttl else "")
    return f"INSERT INTO {KS}.{table} ({columns}) VALUES ({values}) {using}"


def update(table, change, where, timestamp, ttl=None):
    using = f"USING TIMESTAMP {timestamp}" + (f" AND TTL {ttl}" if ttl else "")
    return f"UPDATE {KS}.{table} {using} SET {change} WHERE {where}"


def delete(table, what, where, timestamp):
    return f"DELETE {what} FROM {KS}.{table} USING TIMESTAMP {timestamp} WHERE {where}"


def lists():
    t = "lists"
    return Case(KS, t, "k int PRIMARY KEY, i list<int>, t list<text>, f frozen<list<double>>", [
        [insert(t, "k, i, t, f", "1, [3, 1, 2, 1], ['b', '', 'it''s', 'two\nlines'], [1.5, -0.0, NaN]", 10),
         insert(t, "k, i, t, f", "2, [], [], []", 10),
         insert(t, "k, i", "3, [7]", 10)],
        [update(t, "i = i + [9, 8]", "k = 1", 20),
         update(t, "t = ['front'] + t", "k = 1", 20),
         update(t, "i = i + [1]", "k = 4", 20)],
        # Deletion and change of an element by its place reads before it writes: alone in its phase.
        [delete(t, "i[0]", "k = 1", 30), update(t, "t[1] = 'changed'", "k = 1", 30)],
        [update(t, "i = [5, 5]", "k = 3", 40), delete(t, "t", "k = 2", 40)],
    ])


def sets():
    t = "sets"
    return Case(KS, t, "k text PRIMARY KEY, i set<int>, t set<text>, u set<uuid>, d set<decimal>, f frozen<set<text>>", [
        [insert(t, "k, i, t, u, d, f", "'a', {5, -5, 0}, {'b', 'a', 'é', ''}, {f47ac10b-58cc-4372-a567-0e02b2c3d479, "
                "00000000-0000-1000-8000-000000000000}, {1.5, -2, 1E+3}, {'z', 'Z', '😀'}", 10),
         insert(t, "k, i", "'gone', {1, 2}", 10), insert(t, "k, f", "'empty', {}", 10)],
        [update(t, "i = i + {7, 8}, t = t - {'b'}", "k = 'a'", 20), delete(t, "i[0]", "k = 'a'", 21),
         update(t, "i = {9}", "k = 'gone'", 20), update(t, "t = t + {'only'}", "k = 'made'", 20)],
        [delete(t, "u", "k = 'a'", 30), update(t, "i = i - {9}", "k = 'gone'", 30)],
    ])


def maps():
    t = "maps"
    return Case(KS, t, "k bigint, c int, m map<text, int>, n map<int, text>, ts map<timestamp, blob>, f frozen<map<text, text>>, "
                "PRIMARY KEY (k, c)", [
        [insert(t, "k, c, m, n, ts, f", "1, 1, {'a': 1, 'b': 2, '': 3, 'q\"': 4}, {-1: 'minus', 1: 'plus'}, "
                "{'2024-01-01T00:00:00Z': 0xff, 0: 0x}, {'k': 'v', 'a': ''}", 10),
         insert(t, "k, c, m", "1, 2, {'x': 10}", 10), insert(t, "k, c, f", "2, 1, {}", 10)],
        [update(t, "m['a'] = 100, m['c'] = 5, n = n + {3: 'three'}", "k = 1 AND c = 1", 20),
         delete(t, "m['b']", "k = 1 AND c = 1", 20), update(t, "m = {'y': 11}", "k = 1 AND c = 2", 20)],
        [update(t, "m = m - {'c'}", "k = 1 AND c = 1", 30), delete(t, "n", "k = 1 AND c = 1", 30),
         update(t, "m['late'] = 1", "k = 1 AND c = 1", 15)],
    ], order="c DESC")


def element_ttls():
    """Elements that live at different lengths; the short ones are dead by the time of the answers."""
    t = "element_ttls"
    return Case(KS, t, "k int PRIMARY KEY, s set<text>, m map<int, int>, l list<int>", [
        [insert(t, "k, s, m, l", "1, {'kept'}, {1: 1}, [1]", 10),
         update(t, "s = s + {'long'}, m[2] = 2, l = l + [2]", "k = 1", 20, ttl=300000000),
         update(t, "s = s + {'short'}, m[3] = 3, l = l + [3]", "k = 1", 30, ttl=1),
         insert(t, "k, s", "2, {'all', 'dead'}", 10, ttl=1)],
        [update(t, "m[2] = 22", "k = 1", 40, ttl=1), update(t, "m[4] = 4", "k = 1", 40)],
    ])


def nested():
    t = "nested"
    return Case(KS, t, "k int PRIMARY KEY, "
                "lol list<frozen<list<int>>>, mos map<text, frozen<set<int>>>, som set<frozen<map<text, int>>>, "
                "three map<text, frozen<list<frozen<map<int, text>>>>>, deep frozen<map<text, list<set<int>>>>, "
                "lot list<frozen<tuple<int, text>>>, tol tuple<list<int>, map<text, int>>", [
        [insert(t, "k, lol, mos, som", "1, [[1, 2], [], [3]], {'a': {3, 1}, 'b': {}}, {{'x': 1}, {}}", 10),
         insert(t, "k, three, deep", "1, {'t': [{1: 'a', 2: ''}, {}], 'u': []}, {'z': [{2, 1}, {}], 'a': []}", 10),
         insert(t, "k, lot, tol", "1, [(1, 'one'), (2, null), (null, 'three')], ([1, 2], {'k': 5})", 10)],
        [update(t, "mos['c'] = {9}, lol = lol + [[4]]", "k = 1", 20), update(t, "som = som - {{'x': 1}}", "k = 1", 20),
         insert(t, "k, tol, lot", "2, (null, {}), []", 10)],
    ], copy=False)  # COPY fails on nulls in tuples


def nested_keys():
    t = "nested_keys"
    return Case(KS, t, "k frozen<map<text, list<int>>>, c frozen<set<text>>, d frozen<list<int>>, v int, PRIMARY KEY (k, c, d)", [
        [insert(t, "k, c, d, v", f"{k}, {c}, {d}, {i}", 10 + i) for i, (k, c, d) in enumerate([
            ("{'a': [1]}", "{'x', 'y'}", "[1, 2]"), ("{'a': [1]}", "{'x'}", "[1]"), ("{'a': [1]}", "{'x'}", "[-1, 5]"),
            ("{'a': [1]}", "{}", "[]"), ("{}", "{''}", "[0]"), ("{'b': [], 'a': [2]}", "{'x', 'xx'}", "[2147483647]")])],
        [delete(t, "", "k = {'a': [1]} AND c = {'x'} AND d = [1]", 100)],
    ], order="c ASC, d DESC")


def tuples():
    t = "tuples"
    return Case(KS, t, "k tuple<int, text>, c tuple<text, boolean, int>, v tuple<uuid, list<int>, tuple<int, text>>, "
                "l frozen<list<tuple<int, int>>>, PRIMARY KEY (k, c)", [
        [insert(t, "k, c, v, l", "(1, 'one'), ('a', true, 5), (f47ac10b-58cc-4372-a567-0e02b2c3d479, [1], (1, 'x')), [(1, 2)]", 10),
         insert(t, "k, c, v", "(1, 'one'), ('a', false, 5), (00000000-0000-0000-0000-000000000000, [], (2, ''))", 10),
         insert(t, "k, c", "(-1, 'it''s: a @ key'), ('b', true, -5)", 10)],
        [insert(t, "k, c, l", "(1, 'one'), ('', true, 0), []", 20), delete(t, "v", "k = (1, 'one') AND c = ('a', true, 5)", 20)],
    ], order="c DESC")


def tuple_nulls():
    t = "tuple_nulls"
    return Case(KS, t, "k int, c tuple<int, text>, v tuple<int, tuple<text, int>>, PRIMARY KEY (k, c)", [
        [insert(t, "k, c, v", f"1, {c}, {v}", 10 + i) for i, (c, v) in enumerate([
            ("(1, null)", "(null, null)"), ("(null, 'x')", "(1, (null, 2))"), ("(null, null)", "(2, null)"), ("(1, '')", "(3, ('', null))")])],
    ], copy=False)  # COPY fails on nulls in tuples


def user_types():
    t = "user_types"
    types = ["address (street text, number int, tags frozen<set<text>>)", "person (name text, home frozen<address>, scores map<text, int>)"]
    return Case(KS, t, "k int PRIMARY KEY, a address, fa frozen<address>, p frozen<person>, la list<frozen<address>>", [
        [insert(t, "k, a, fa", "1, {street: 'Main', number: 1, tags: {'x', 'y'}}, {street: 'Side', number: 2, tags: {}}", 10),
         insert(t, "k, p, la", "1, {name: 'Ann', home: {street: 'it''s', number: -1, tags: {'t'}}, scores: {'a': 1}}, "
                "[{street: 'L', number: 1, tags: {'q'}}]", 10),
         insert(t, "k, a", "2, {street: 'only'}", 10), insert(t, "k, fa", "2, {number: 7}", 11)],
        [update(t, "a.street = 'changed'", "k = 1", 20), update(t, "a.number = null", "k = 1", 20),
         update(t, "a.tags = {'z'}", "k = 2", 20), insert(t, "k, a", "3, {street: 'whole', number: 3}", 10)],
        [delete(t, "a", "k = 3", 30), update(t, "a = {street: 'new'}", "k = 2", 30), delete(t, "a.street", "k = 1", 30)],
    ], types=types)


def user_type_keys():
    t = "user_type_keys"
    types = ['"Point" (x int, "Y" int)', 'named ("select" text, "a b" int)']
    return Case(KS, t, 'k frozen<"Point">, c frozen<named>, s set<frozen<"Point">>, m map<frozen<"Point">, frozen<named>>, '
                "PRIMARY KEY (k, c)", [
        [insert(t, "k, c, s, m", '{x: 1, "Y": 2}, {"select": \'a\', "a b": 1}, {{x: 3, "Y": 4}, {x: -1, "Y": 0}}, '
                '{{x: 1, "Y": 1}: {"select": \'v\', "a b": 2}}', 10),
         insert(t, "k, c", '{x: 1, "Y": 2}, {"select": \'\', "a b": 1}', 10),
         insert(t, "k, c, s", '{x: 0, "Y": -2}, {"select": \'q:q\', "a b": 1}, {}', 10)],
        [update(t, 's = s - {{x: 3, "Y": 4}}', 'k = {x: 1, "Y": 2} AND c = {"select": \'a\', "a b": 1}', 20)],
    ], types=types, order="c DESC")


def vectors():
    t = "vectors"
    return Case(KS, t, "k vector<int, 2>, c vector<float, 2>, f vector<float, 3>, t vector<text, 2>, n vector<frozen<list<int>>, 2>, "
                "PRIMARY KEY (k, c)", [
        [insert(t, "k, c, f, t, n", "[1, 2], [1.5, -0.5], [0.0, -0.0, 1.0E7], ['a', ''], [[1], []]", 10),
         insert(t, "k, c, f", "[1, 2], [-1.5, 0.5], [1.4E-45, 3.4028235E38, -1.0]", 10),
         insert(t, "k, c, t", "[-1, 2147483647], [0.0, 0.0], ['é', 'it''s']", 10)],
        [insert(t, "k, c, f", "[1, 2], [1.5, -0.5], [2.0, 2.0, 2.0]", 20), delete(t, "t", "k = [1, 2] AND c = [1.5, -0.5]", 20)],
    ], order="c DESC")


def vector_nested():
    t = "vector_nested"
    types = ["pair (a int, b text)"]
    return Case(KS, t, "k int PRIMARY KEY, vv vector<vector<int, 2>, 2>, vt vector<tuple<int, text>, 2>, vu vector<frozen<pair>, 2>, "
                "lv list<frozen<vector<float, 2>>>, mv frozen<map<text, vector<bigint, 1>>>, vb vector<boolean, 3>, vd vector<varint, 2>", [
        [insert(t, "k, vv, vt, vu", "1, [[1, 2], [3, 4]], [(1, 'a'), (2, 'b')], [{a: 1, b: 'x'}, {a: 2, b: 'y'}]", 10),
         insert(t, "k, lv, mv, vb, vd", "1, [[1.0, 2.0], [3.0, 4.0]], {'k': [9223372036854775807]}, [true, false, true], [1, -" + "9" * 30 + "]", 10)],
        [update(t, "lv = lv + [[5.0, 6.0]]", "k = 1", 20), insert(t, "k, vb", "2, [false, false, false]", 20)],
    ], types=types, copy=False)  # COPY fails on vectors of some types


CASES = [lists(), sets(), maps(), element_ttls(), nested(), nested_keys(), tuples(), tuple_nulls(), user_types(), user_type_keys(),
         vectors(), vector_nested()]
