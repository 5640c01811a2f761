"""rows.csv against cqlsh's COPY TO. Every difference that is allowed stands in ALLOWED, and nowhere else."""
import math
import re
import sys
from datetime import datetime, timedelta

from .compare_types import java_float, timestamp_millis, to_float32

ALLOWED = {
    'floats': "COPY rounds to FLOATPRECISION (5) or DOUBLEPRECISION (12) digits, and uses the first for any float inside a "
              'collection; ours has all digits, so it must round to the same text.',
    'order': 'cqlsh prints sets and maps in the order in which Python sorts their elements, ours in the order of their type.',
    'fields': "The driver renames UDT fields that Python can't have as names (field_0_ for \"Name x\"): the value decides.",
    'names of types': "cqlsh does not find a UDT whose name needs quotes, and prints Python's Point(x=1, Y='b'): not compared. The same "
                      'values are compared in JSON.',
    'tuples': "A null inside of a tuple is None, False, or the quoted text 'None', where cqlsh does not fail on it.",
    'timestamps': "The driver counts seconds in a float and cqlsh cuts it off: a timestamp may lose a millisecond.",
    'empty': 'COPY prints nothing for an empty text as for null; ours has "" there.',
}


def records(text):
    """The dialect of COPY: '\\' escapes the next character. Yields lists of (value, quoted)."""
    record, field, quoted, inside, at, size = [], [], False, False, 0, len(text)
    while at < size:
        char = text[at]
        if char == '\\':
            at += 1
            field.append(text[at] if at < size else '')
        elif char == '"':
            inside = not inside
            quoted = True
        elif inside:
            field.append(char)
        elif char == ',':
            record.append((''.join(field), quoted))
            field, quoted = [], False
        elif char in '\r\n':
            if char == '\r' and text[at + 1:at + 2] == '\n':
                at += 1
            record.append((''.join(field), quoted))
            yield record
            record, field, quoted = [], [], False
        else:
            field.append(char)
        at += 1
    if record or field or quoted:
        record.append((''.join(field), quoted))
        yield record


# ---- values inside a field ------------------------------------------------------------------------------------------

class Unreadable(Exception):
    pass


NULL_IN_TUPLE = re.compile(r'(?:None|null|)(?=, |\))')
CLOSERS = re.compile(r', |: |[\]})]|$')


def read(kind, text):
    """A field's text as a tree that can be compared: sets and maps sorted, UDTs by position."""
    value, at = read_at(kind, text, 0, True)
    if at != len(text):
        raise Unreadable(f'{text!r} goes on after {at} for a {kind.name}')
    return value


def read_at(kind, text, at, top=False):
    name = kind.name
    if name in ('list', 'vector'):
        items, at = read_items(text, at, '[', ']', lambda i: kind.args[0])
        return [v for _, v in items], at
    if name == 'tuple':
        items, at = read_items(text, at, '(', ')', lambda i: kind.args[min(i, len(kind.args) - 1)])
        return ('tuple', [v for _, v in items]), at
    if name == 'set':
        items, at = read_items(text, at, '{', '}', lambda i: kind.args[0])
        return ('set', sorted((v for _, v in items), key=sort_key)), at
    if name == 'map':
        items, at = read_items(text, at, '{', '}', lambda i: kind.args[1], lambda t, p: read_at(kind.args[0], t, p))
        return ('map', sorted(items, key=lambda kv: sort_key(kv[0]))), at
    if name == 'udt':
        items, at = read_items(text, at, '{', '}', lambda i: kind.args[min(i, len(kind.args) - 1)], read_field_name(kind))
        return ('udt', [v for _, v in items]), at
    if top:
        return scalar(kind, text), len(text)
    if text.startswith("'", at):
        match = re.compile(r"'(?:[^']|'')*'").match(text, at)
        if not match:
            raise Unreadable(f'no end of the quote at {at}')
        return scalar(kind, match.group()), match.end()
    end = CLOSERS.search(text, at).start()
    return scalar(kind, text[at:end]), end


def read_field_name(kind):
    names = sorted(kind.fields, key=len, reverse=True)

    def read_name(text, at):
        for name in names:
            if text.startswith(name + ': ', at):
                return name, at + len(name)
        match = re.compile(r'field_\d+_').match(text, at)
        if not match:
            raise Unreadable(f'no field of the type at {at} of {text!r}')
        return match.group(), match.end()
    return read_name


def read_items(text, at, opener, closer, kind_of, read_key=None):
    if not text.startswith(opener, at):
        raise Unreadable(f'{opener} expected at {at} of {text!r}')
    at += 1
    items = []
    if text.startswith(closer, at):
        return items, at + 1
    while True:
        key = None
        if read_key:
            key, at = read_key(text, at)
            if not text.startswith(': ', at):
                raise Unreadable(f"': ' expected at {at} of {text!r}")
            at += 2
        if opener == '{' and text.startswith((', ', closer), at):
            value = ''  # a null field of a UDT
        elif opener == '(' and (null := NULL_IN_TUPLE.match(text, at)):
            value, at = '', null.end()
        else:
            value, at = read_at(kind_of(len(items)), text, at)
        items.append((key, value))
        if text.startswith(closer, at):
            return items, at + 1
        if not text.startswith(', ', at):
            raise Unreadable(f"', ' expected at {at} of {text!r}")
        at += 2


class Float:
    """A float's text; `rounded` is what cqlsh would print for it with a precision."""

    def __init__(self, text, bits):
        self.text, self.value, self.bits = text, float(text), bits

    def __repr__(self):
        return self.text

    def equals(self, ours):
        if self.text == ours.text:
            return True
        value = to_float32(ours.value) if self.bits == 32 else ours.value
        return any(cqlsh_float(value, precision) == self.text for precision in (5, 12, 9, 17))


class Timestamp:
    def __init__(self, text):
        self.text = text.strip("'")

    def __repr__(self):
        return self.text

    def equals(self, ours):
        return self.text == ours.text or self.text == cqlsh_timestamp(ours.text)


def cqlsh_timestamp(text):
    if '+' not in text:  # of a year that Python does not know: cqlsh prints milliseconds
        return text
    instant = datetime(1970, 1, 1) + timedelta(seconds=timestamp_millis(text.removesuffix('+0000')) / 1000.0)
    head, _, _ = text.rpartition('.')
    return '%s.%03d+0000' % (head, instant.microsecond * 0.001)


def cqlsh_float(value, precision):
    if math.isnan(value):
        return 'NaN'
    if math.isinf(value):
        return 'Infinity' if value > 0 else '-Infinity'
    exponent = int(math.log10(abs(value))) if abs(value) > sys.float_info.epsilon else -sys.maxsize - 1
    if -4 <= exponent < precision:
        precision += exponent + 1
    return '%.*g' % (precision, value)


def scalar(kind, text):
    if kind.name in ('float', 'double') and text not in ('', "''"):
        try:
            return Float(text, 32 if kind.name == 'float' else 64)
        except ValueError:
            raise Unreadable(f'{text!r} is no {kind.name}')
    if kind.name == 'timestamp' and text not in ('', "''", "'None'"):
        return Timestamp(text)
    return text


def sort_key(value):
    if isinstance(value, Float):
        # NaN last; digits beyond cqlsh's precision must not decide the order of near-equal elements alone.
        return ('f', value.value != value.value, value.value)
    if isinstance(value, (list, tuple)):
        return ('l', [sort_key(v) for v in value])
    return ('s', str(value))


def same(expected, ours):
    if isinstance(expected, (Float, Timestamp)) and type(expected) is type(ours):
        return expected.equals(ours)
    if isinstance(expected, tuple) and isinstance(ours, tuple) and expected[0] == ours[0] == 'tuple':
        return len(expected[1]) == len(ours[1]) and all(
            o == '' and e in ('', 'False', "'None'") or same(e, o) for e, o in zip(expected[1], ours[1]))
    if isinstance(expected, (list, tuple)) and isinstance(ours, (list, tuple)):
        return len(expected) == len(ours) and all(map(same, expected, ours))
    return type(expected) is type(ours) and expected == ours


def fields_equal(kind, expected, ours):
    """None, or what is wrong."""
    if expected == ours and not kind.holds('float', 'double'):
        return None
    if not kind.args and kind.name not in ('float', 'double', 'timestamp'):
        return 'differs'
    if (expected == '') != (ours == ''):
        return 'one is nothing'
    if expected == '':
        return None
    try:
        tree = read(kind, expected)
    except Unreadable as error:
        return None if expected == ours or has_quoted_udt(kind) else f"COPY's text can't be read back: {error}"
    try:
        mine = read(kind, ours)
    except Unreadable as error:
        return f'{error}'
    wrong = [f for f in floats(mine) if not is_shortest(f)]
    if wrong:
        return f'{wrong[0]} is not the shortest form of its float'
    return None if same(tree, mine) else 'differs'


def has_quoted_udt(kind):
    return bool(kind.udt) and not re.fullmatch('[a-z][a-z0-9_]*', kind.udt) or any(map(has_quoted_udt, kind.args))


def floats(tree):
    if isinstance(tree, Float):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for part in tree:
            yield from floats(part)


def is_shortest(number):
    return number.text == java_float(number.value, number.bits)
