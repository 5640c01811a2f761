"""Dumps as values: what `sstabledump -l -t` prints, so far as writing an SSTable again has to give back the same."""
import json

# `position` is the place in the Data file, `expired` depends on the time of the dump.
IGNORED = ('position', 'expired')


def partitions(text, keep=None):
    """Of each line the partition. keep: whether a column still is one of the table, for its name and a time of writing."""
    for line in filter(None, text.split('\n')):
        found = json.loads(line, object_pairs_hook=ordered, parse_float=str)
        if keep:
            found['rows'] = [row for row in (without_dropped(row, keep) for row in found['rows']) if row]
            if not found['rows'] and 'deletion_info' not in found['partition']:
                continue
        yield found


def ordered(pairs):
    """Without fields of a user type that are null: those that were added later are not printed for what is older."""
    return {name: value for name, value in pairs if name not in IGNORED and (value is not None or name == 'value')}


# The last time that nb has for an expiration: Cell.MAX_DELETION_TIME_2038_LEGACY_CAP.
LAST_OF_NB = 2**31 - 2


def capped(value):
    """With no expiration behind the last that nb has."""
    if isinstance(value, list):
        return [capped(item) for item in value]
    if isinstance(value, dict):
        return {name: str(min(int(item), LAST_OF_NB)) if name == 'expires_at' and isinstance(item, str) else capped(item) for name, item in value.items()}
    return value


def has_null_clusterings(found):
    """NaN and both infinities are printed as null."""
    def nulls(value):
        return value is None or isinstance(value, list) and any(map(nulls, value)) or isinstance(value, dict) and any(map(nulls, value.values()))
    bounds = (bound for partition in found for row in partition['rows'] for bound in (row, row.get('start', {}), row.get('end', {})))
    return any(nulls(bound.get('clustering', [])) for bound in bounds)


def without_dropped(row, keep):
    """Cells of dropped columns are left out when a dump is read; a row that has nothing else is not there."""
    if 'cells' not in row:
        return row
    cells = [cell for cell in row['cells'] if keep(cell['name'], written(row, cell))]
    if len(cells) == len(row['cells']):
        return row
    if not cells and 'liveness_info' not in row and 'deletion_info' not in row:
        return None
    return {**row, 'cells': cells}


def written(row, cell):
    times = [cell.get('tstamp'), cell.get('deletion_info', {}).get('marked_deleted'), row.get('liveness_info', {}).get('tstamp')]
    return int(next(time for time in times if time is not None))


def difference(expected, actual):
    """Where two lists of partitions first part; None where they are equal."""
    for number, (left, right) in enumerate(zip(expected, actual)):
        if left != right:
            found = first_difference(left, right, f'partition {left["partition"]["key"]}')
            return found or f'partition {number}: {left} and {right}'
    if len(expected) != len(actual):
        return f'{len(expected)} partitions went in, {len(actual)} are in the dump'
    return None


def first_difference(expected, actual, path):
    if isinstance(expected, dict) and isinstance(actual, dict) and list(expected) == list(actual):
        parts = [(f'{path}.{name}', value, actual[name]) for name, value in expected.items()]
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        parts = [(f'{path}[{i}]', *pair) for i, pair in enumerate(zip(expected, actual))]
    else:
        return None if expected == actual else f'{path}: {json.dumps(expected)[:300]} went in, {json.dumps(actual)[:300]} came out'
    return next(filter(None, (first_difference(left, right, where) for where, left, right in parts)), None)
