"""What a comparison found: differences, and how much was compared, so that nothing can pass by comparing nothing."""
import collections


class Report:
    def __init__(self, show=20):
        self.show = show
        self.compared = collections.Counter()
        self.differences = []
        self.shown = 0

    def count(self, what, number=1):
        self.compared[what] += number

    def differs(self, where, text):
        self.differences.append((str(where), text))

    def expect(self, condition, where, text):
        if not condition:
            self.differs(where, text)
        return condition

    def tables_with_differences(self):
        return sorted({where.split(' ')[0] for where, _ in self.differences})

    def show_new(self):
        """Prints the differences since the last time, for what takes long."""
        for where, text in self.differences[self.shown:self.show]:
            print(f'DIFFERS {where}: {text}', flush=True)
        self.shown = max(self.shown, min(len(self.differences), self.show))

    def finish(self, needed=()):
        """Prints the verdict; True when all is equal and each of `needed` was compared at least once."""
        self.show_new()
        if len(self.differences) > self.show:
            print(f'… and {len(self.differences) - self.show} more')
        empty = [what for what in needed if not self.compared[what]]
        for what in empty:
            print(f'NOTHING COMPARED of {what}: this run proves nothing about it')
        print('compared: ' + (', '.join(f'{n} {what}' for what, n in sorted(self.compared.items())) or 'nothing'))
        print(f'{len(self.differences)} differences')
        return not self.differences and not empty
