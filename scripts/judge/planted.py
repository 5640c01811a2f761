"""scripts/fuzz --planted: puts the bugs of fuzz/planted.txt into a copy of the sources. planted SOURCES COPY"""
import subprocess
import sys
from pathlib import Path

# Which of them is there is said when a target runs.
SWITCH = '''
/// Whether this bug is there now.
pub fn planted(name: &str) -> bool {
    static NAME: std::sync::LazyLock<Option<std::ffi::OsString>> = std::sync::LazyLock::new(|| std::env::var_os("SSTABLEFS_FUZZ_PLANTED"));
    NAME.as_ref().is_some_and(|there| there == name)
}
'''


def bugs(text):
    """(target, file, old, new) of each."""
    for part in text.split('\n@ ')[1:]:
        head, *lines = part.split('\n')
        target, file = head.split()[:2]
        old, new = ('\n'.join(line[1:] for line in lines if line.startswith(sign)) for sign in '-+')
        yield target, file, old, new


def write(path, text):
    """Only when it differs: what is built stays then."""
    if not path.exists() or path.read_bytes() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def main(sources, copy):
    names = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '.', ':!testdata'], cwd=sources, check=True,
                           stdout=subprocess.PIPE).stdout.decode().split('\0')
    changed = {}
    for target, file, old, new in bugs((sources / 'fuzz' / 'planted.txt').read_text()):
        text = changed.get(file) or (sources / file).read_text()
        if text.count(old) != 1:
            sys.exit(f'fuzz/planted.txt: what it replaces for {target} is {text.count(old)} times in {file}')
        changed[file] = text.replace(old, new)
    changed['src/lib.rs'] = (sources / 'src' / 'lib.rs').read_text() + SWITCH
    for name in filter(None, names):
        if (sources / name).is_file():
            write(copy / name, changed[name].encode() if name in changed else (sources / name).read_bytes())


if __name__ == '__main__':
    main(Path(sys.argv[1]), Path(sys.argv[2]))
