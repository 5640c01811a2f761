"""The numbers, checksums and compressions of docs/FORMAT.md, in plain Python: for format_walk, which reads SSTables by the document alone."""
import ctypes
import zlib

M64 = (1 << 64) - 1


class Wrong(Exception):
    """The bytes are not what the document says."""


def same(got, want, what):
    if got != want:
        raise Wrong(f'{what}: {got!r} instead of {want!r}')


class Bytes:
    """Reads numbers and texts from `data`, in order, beginning at `at`."""

    def __init__(self, data, at=0, end=None):
        self.data, self.at, self.end = data, at, len(data) if end is None else end

    def take(self, n):
        if not 0 <= n <= self.end - self.at:
            raise Wrong(f'{n} bytes at {self.at} of {self.end}')
        self.at += n
        return self.data[self.at - n:self.at]

    def u(self, bits):
        return int.from_bytes(self.take(bits // 8), 'big')

    def i(self, bits):
        return int.from_bytes(self.take(bits // 8), 'big', signed=True)

    def vint(self):
        first = self.u(8)
        more = 8 - (first ^ 0xff).bit_length()
        return (first & (0xff >> more)) << 8 * more | self.u(8 * more)

    def signed_vint(self):
        value = self.vint()
        return value >> 1 ^ -(value & 1)

    def little(self, n):
        return int.from_bytes(self.take(n), 'little')

    def bool(self):
        byte = self.u(8)
        same(byte < 2, True, 'a bool')
        return byte == 1

    def peek(self):
        return Bytes(self.data, self.at, self.end).u(8)

    def utf(self):
        return self.take(self.u(16)).decode()

    def named(self):
        return self.take(self.vint())

    def value(self, length):
        return self.named() if length is None else self.take(length)

    def array(self, n, read):
        return [read() for _ in range(n)]

    def over(self, what):
        same(self.at, self.end, f'end of {what}')


def murmur(key):
    """Both halves of the 128-bit hash, as unsigned numbers; the bytes behind the last block of 16 are signed."""
    c1, c2 = 0x87c37b91114253d5, 0x4cf5ad432745937f

    def turn(x, n):
        return (x << n | x >> 64 - n) & M64

    def mix(k, a, n, b):
        return turn(k * a & M64, n) * b & M64

    def last(k):
        k = (k ^ k >> 33) * 0xff51afd7ed558ccd & M64
        k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53 & M64
        return k ^ k >> 33

    h1 = h2 = 0
    blocks = len(key) // 16 * 16
    for i in range(0, blocks, 16):
        h1 = (turn(h1 ^ mix(int.from_bytes(key[i:i + 8], 'little'), c1, 31, c2), 27) + h2) * 5 + 0x52dce729 & M64
        h2 = (turn(h2 ^ mix(int.from_bytes(key[i + 8:i + 16], 'little'), c2, 33, c1), 31) + h1) * 5 + 0x38495ab5 & M64
    k = [0, 0]
    for i, byte in enumerate(key[blocks:]):
        k[i // 8] ^= (byte - (byte >> 7 << 8)) << 8 * (i % 8) & M64
    h1 ^= mix(k[0], c1, 31, c2) ^ len(key)
    h2 ^= mix(k[1], c2, 33, c1) ^ len(key)
    h1 = h1 + h2 & M64
    h2 = h2 + h1 & M64
    h1, h2 = last(h1), last(h2)
    h1 = h1 + h2 & M64
    return h1, h2 + h1 & M64


def signed(value):
    """The lower 64 bits of a number, as a signed one."""
    return (value + (1 << 63) & M64) - (1 << 63)


def back(out, distance, n):
    """Appends `n` bytes from `distance` before the end, which may run into those that it appends."""
    if not 0 < distance <= len(out):
        raise Wrong('a compressed chunk refers to bytes before its begin')
    for _ in range(n):
        out.append(out[-distance])


def lz4(chunk):
    size, at, out = int.from_bytes(chunk[:4], 'little'), Bytes(chunk, 4), bytearray()

    def length(n):
        while n >= 15:
            more = at.u(8)
            n += more
            if more < 255:
                break
        return n

    while at.at < at.end:
        token = at.u(8)
        out += at.take(length(token >> 4))
        if at.at < at.end:
            distance = at.little(2)
            back(out, distance, length(token & 15) + 4)
    same(len(out), size, 'LZ4: uncompressed length')
    return bytes(out)


def snappy(chunk):
    at, out, size, shift = Bytes(chunk), bytearray(), 0, 0
    while True:
        byte = at.u(8)
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    while at.at < at.end:
        tag = at.u(8)
        kind, n = tag & 3, tag >> 2
        if kind == 0:
            out += at.take((at.little(n - 59) if n >= 60 else n) + 1)
        elif kind == 1:
            back(out, tag >> 5 << 8 | at.u(8), (n & 7) + 4)
        else:
            back(out, at.little(2 if kind == 2 else 4), n + 1)
    same(len(out), size, 'Snappy: uncompressed length')
    return bytes(out)


def zstd(chunk):
    library = ctypes.CDLL('libzstd.so.1')
    library.ZSTD_decompress.restype = library.ZSTD_getFrameContentSize.restype = ctypes.c_size_t
    size = library.ZSTD_getFrameContentSize(chunk, ctypes.c_size_t(len(chunk)))
    if size > 1 << 26:
        raise Wrong('Zstd: no uncompressed length')
    out = ctypes.create_string_buffer(size)
    same(library.ZSTD_decompress(out, ctypes.c_size_t(size), chunk, ctypes.c_size_t(len(chunk))), size, 'Zstd')
    return out.raw


CODECS = {'LZ4Compressor': lz4, 'SnappyCompressor': snappy, 'DeflateCompressor': zlib.decompress, 'ZstdCompressor': zstd}
