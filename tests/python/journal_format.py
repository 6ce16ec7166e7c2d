"""Journals as docs/demos.md describes them, written and read without mjirl.

`python journal_format.py FOLDER` writes the seeds of tests/fuzz/corpus/journal.
"""

import pathlib
import struct
import sys

MAGIC, HEADER, BEGIN, STEP, REWIND, END, DISCARD = 0x4A4C5249, 1, 2, 3, 4, 5, 6
FRAME = struct.Struct("<IIQII")
HEAD = struct.Struct("<IIQQqiiiiiIII5II")

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def checksum(session, kind, sequence, payload):
    start = struct.pack("<QIIQI", session, MAGIC, kind, sequence, len(payload))
    return crc32c(start + payload)


class Journal:
    """The bytes of a small journal."""

    def __init__(self, session=77, nx=2, nu=1, nz=1, nstate=3, texts=("t", "{}", "<m/>", "{}", "4")):
        self.sizes, self.session, self.sequence, self.bytes = (nx, nu, nz, nstate), session, 0, b""
        encoded = [text.encode() + b"\0" for text in texts]
        head = HEAD.pack(1, 0x01020304, session, 5, 0, nx, nu, nz, nstate, 2, 1, 1, 1,
                         *map(len, encoded), 0)
        self.frame(HEADER, head + b"".join(encoded))

    def frame(self, kind, payload):
        payload += b"\0" * (-len(payload) % 8)
        session = 0 if kind == HEADER else self.session
        crc = checksum(session, kind, self.sequence, payload)
        self.bytes += FRAME.pack(MAGIC, kind, self.sequence, len(payload), crc) + payload
        self.sequence += 1
        return self

    def begin(self, number, condition=0):
        count = self.sizes[0] + self.sizes[3]
        numbers = [number + i / 8 for i in range(count)]
        return self.frame(BEGIN, struct.pack(f"<iiQq{count}d", number, condition, 9, 0, *numbers))

    def step(self, episode, step, value=0.5):
        nx, nu, nz, nstate = self.sizes
        count = 2 * nu + nz + nx + nstate
        numbers = [value + i / 16 for i in range(count)]
        fixed = struct.pack("<iiqIIdd", episode, step, 0, 0, step % 2, -1.5, 0.25)
        return self.frame(STEP, fixed + struct.pack(f"<{count}d", *numbers))

    def rewind(self, episode, step):
        return self.frame(REWIND, struct.pack("<iiq", episode, step, 0))

    def end(self, episode, length, kept=1, success=-1, label=b"good"):
        fixed = struct.pack("<iiiIqII", episode, length, success, kept, 0, len(label), 0)
        return self.frame(END, fixed + label + b"\0")

    def discard(self, episode, discarded=1):
        return self.frame(DISCARD, struct.pack("<iIq", episode, discarded, 0))


def read(data):
    """(head, texts, episodes) of a whole journal; an episode is a dict with its steps' payloads."""
    at, sequence, session, episodes, head, texts = 0, 0, 0, {}, None, None
    while at < len(data):
        magic, kind, number, size, crc = FRAME.unpack_from(data, at)
        payload = data[at + FRAME.size : at + FRAME.size + size]
        assert magic == MAGIC and number == sequence and len(payload) == size and size % 8 == 0
        assert crc == checksum(session, kind, number, payload)
        if kind == HEADER:
            head, rest = HEAD.unpack_from(payload), payload[HEAD.size :]
            session, texts = head[2], []
            for length in head[13:18]:
                texts.append(rest[: length - 1].decode())
                rest = rest[length:]
        else:
            (episode,) = struct.unpack_from("<i", payload)
            take(kind, episodes.setdefault(episode, {"steps": [], "ended": False}), payload)
        at, sequence = at + FRAME.size + size, sequence + 1
    return head, texts, episodes


def take(kind, episode, payload):
    if kind == BEGIN:
        episode["begin"] = payload
    elif kind == STEP:
        assert struct.unpack_from("<i", payload, 4)[0] == len(episode["steps"])
        episode["steps"].append(payload)
    elif kind == REWIND:
        del episode["steps"][struct.unpack_from("<i", payload, 4)[0] :]
    elif kind == END:
        _, length, success, kept, _, size, _ = struct.unpack_from("<iiiIqII", payload)
        assert length == len(episode["steps"])
        episode.update(ended=True, discarded=not kept, success=success,
                       label=payload[32 : 32 + size].decode())
    elif kind == DISCARD:
        episode["discarded"] = bool(struct.unpack_from("<iI", payload)[1])


def seeds():
    def session():
        return Journal().begin(0).step(0, 0).step(0, 1).end(0, 2)

    whole = session().begin(1, 1).step(1, 0).step(1, 1).rewind(1, 1).step(1, 1).end(1, 2, 0)
    whole.discard(0).discard(0, 0).begin(2).step(2, 0)
    damaged = bytearray(whole.bytes)
    damaged[len(session().bytes) + 60] ^= 4
    yield "whole", whole.bytes
    yield "header", Journal().bytes
    yield "torn", whole.bytes[:-5]
    yield "torn_frame", whole.bytes + FRAME.pack(MAGIC, STEP, whole.sequence, 1 << 31, 7)
    yield "zeros", whole.bytes + bytes(4096)
    yield "damaged", bytes(damaged)
    yield "twice", whole.bytes + whole.bytes
    yield "wrong_step", session().begin(1).step(1, 3).bytes
    yield "wrong_end", session().begin(1).step(1, 0).end(1, 7).begin(2).bytes
    yield "backwards", session().begin(0).step(0, 0).bytes
    yield "no_episode", Journal().step(0, 0).rewind(0, 0).end(0, 0).discard(5).bytes
    yield "not_finite", session().begin(1).step(1, 0, float("nan")).bytes
    yield "label_without_end", session().begin(1).end(1, 0, label=b"x" * 15).bytes[:-1] + b"y"
    yield "large_sizes", Journal(nx=1 << 20, nstate=1 << 20).begin(0).bytes
    yield "too_large", Journal(nx=(1 << 31) - 1).bytes
    yield "negative", Journal(nu=-1).bytes
    yield "no_numbers", Journal(nz=0, nstate=0).begin(0).step(0, 0).end(0, 1).bytes
    yield "other_order", struct.pack(">IIQII", MAGIC, 1, 0, 0, 0)
    yield "empty", b""


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds():
        if len(data) < 1 << 16:
            (folder / name).write_bytes(data)
