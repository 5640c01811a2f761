"""Statements with a mistake in them: some are still right, the server says which."""
import re

TOKEN = re.compile(r"""\s+|'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_]*|0x[0-9a-fA-F]*|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\.|[<>!]=|.""", re.S)
STRAY = ['(', ')', '[', ']', '{', '}', ',', ';', '.', '..', '*', '=', '<', '<=', '?', '$', '@', "'", '"', '/*', 'AND', 'OR', 'NOT', 'WHERE', 'FROM', 'SELECT', 'IN',
         'null', 'NaN', 'true', '-', '+', '0x1', '0xzz', "'text'", '1.5', '99999999999999999999999', '1h', 'P1Y', 'token', 'no_such', '"No such"', 'count', 'AS',
         'LIMIT', 'ORDER', 'BY', 'GROUP', 'DISTINCT', 'JSON', 'CAST', 'CONTAINS', 'KEY', 'ASC', 'DESC', 'FILTERING', 'é', '\x01']
TAILS = [' LIMIT 0', ' LIMIT -1', " LIMIT 'a'", ' LIMIT 5 LIMIT 5', ' ORDER BY no_such', ' GROUP BY no_such', ' PER PARTITION LIMIT 0', ' USING TTL 5', ' OFFSET 3',
         ' ALLOW', ' ALLOW FILTERING ALLOW FILTERING', ' ;;', ' WHERE', ' AND 1 = 1', ' IF EXISTS']


class Mistakes:
    def __init__(self, rng):
        self.rng = rng

    def in_statement(self, statement):
        rng = self.rng
        for _ in range(rng.choice([1, 1, 1, 2])):
            statement = rng.choice([self.delete, self.double, self.swap, self.replace, self.replace, self.insert, self.tail, self.exchange])(statement)
        return statement

    def tokens(self, statement):
        tokens = TOKEN.findall(statement)
        return tokens, [i for i, t in enumerate(tokens) if not t.isspace() and i > 2]

    def delete(self, statement):
        tokens, places = self.tokens(statement)
        del tokens[self.rng.choice(places)]
        return ''.join(tokens)

    def double(self, statement):
        tokens, places = self.tokens(statement)
        place = self.rng.choice(places)
        tokens.insert(place, tokens[place] + ' ')
        return ''.join(tokens)

    def swap(self, statement):
        tokens, places = self.tokens(statement)
        a, b = self.rng.choice(places), self.rng.choice(places)
        tokens[a], tokens[b] = tokens[b], tokens[a]
        return ''.join(tokens)

    def replace(self, statement):
        tokens, places = self.tokens(statement)
        tokens[self.rng.choice(places)] = self.rng.choice(STRAY)
        return ''.join(tokens)

    def insert(self, statement):
        tokens, places = self.tokens(statement)
        tokens.insert(self.rng.choice(places), f' {self.rng.choice(STRAY)} ')
        return ''.join(tokens)

    def exchange(self, statement):
        """A value or a name by another of the statement."""
        tokens, places = self.tokens(statement)
        tokens[self.rng.choice(places)] = tokens[self.rng.choice(places)]
        return ''.join(tokens)

    def tail(self, statement):
        return statement.replace(' ALLOW FILTERING', '') + self.rng.choice(TAILS)
