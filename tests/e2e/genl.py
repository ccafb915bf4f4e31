# SPDX-License-Identifier: GPL-2.0
"""Just enough generic netlink to speak kmod/uapi/svcnat.h without svcctl."""
import os
import re
import socket
import struct

HERE = os.path.dirname(os.path.abspath(__file__))


def constants():
    """Enumerators and flags of the uapi header, without their SVCNAT_ prefix."""
    text = "".join(open(os.path.join(HERE, "../../kmod/uapi", name)).read()
                   for name in ("svcnat.h", "svcnat_service.h"))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    found = {}
    for body in re.findall(r"enum \w+ \{(.*?)\}", text, re.S):
        for n, name in enumerate(re.findall(r"\w+", body)):
            found[name.replace("SVCNAT_", "", 1)] = n
    for name, n in re.findall(r"#define SVCNAT_(\w+)\s+\(1U << (\d+)\)", text):
        found[name] = 1 << int(n)
    return found


C = constants()
NESTED = 1 << 15


def attr(kind, data):
    return struct.pack("HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def nest(kind, *parts):
    return attr(kind | NESTED, b"".join(parts))


def u8(kind, v):
    return attr(kind, struct.pack("B", v))


def u32(kind, v):
    return attr(kind, struct.pack("I", v))


def u64(kind, v):
    return attr(kind, struct.pack("Q", v))


def port(kind, v):
    return attr(kind, struct.pack(">H", v))


def string(kind, v):
    return attr(kind, v.encode() + b"\0")


def address(kind, v):
    return attr(kind, socket.inet_pton(socket.AF_INET6 if ":" in v else socket.AF_INET, v))


def attrs(data):
    """Attributes as a list of (type, bytes)."""
    out = []
    while len(data) >= 4:
        length, kind = struct.unpack_from("HH", data)
        out.append((kind & 0x3FFF, data[4:length]))
        data = data[(length + 3) & ~3:]
    return out


class Refused(Exception):
    def __init__(self, code, text):
        super().__init__(f"{os.strerror(code)}: {text}")
        self.errno, self.text = code, text


class Genl:
    """@room: for what the first reads take, by which the kernel sizes parts of a dump."""

    def __init__(self, room=1 << 20):
        self.room = room
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.bind((0, 0))
        self.sock.setsockopt(270, 11, 1)  # NETLINK_EXT_ACK
        self.seq = self.puts = 0
        self.family = 16  # the controller
        reply = self.ask(3, string(2, "svcnat"))
        info = dict(attrs(reply[0]))
        self.family = struct.unpack("H", info[1])[0]
        group = dict(attrs(dict(attrs(info[7]))[1]))
        self.group = struct.unpack("I", group[2])[0]

    def send(self, cmd, *parts, flags=5):
        self.seq += 1
        if cmd == C["CMD_COMMIT"]:
            parts += (u32(C["A_PUTS"], self.puts),)
        self.puts = 0 if cmd == C["CMD_BEGIN"] else self.puts + (cmd == C["CMD_PUT"])
        body = struct.pack("BBH", cmd, 1, 0) + b"".join(parts)
        self.sock.send(struct.pack("IHHII", 16 + len(body), self.family, flags, self.seq, 0) + body)

    def error(self, flags, data):
        code, length = struct.unpack_from("iI", data)
        tlvs = data[4 + (16 if flags & 0x100 else length):]
        text = dict(attrs(tlvs)).get(1, b"") if flags & 0x200 else b""
        return -code, text.rstrip(b"\0").decode()

    def ask(self, cmd, *parts, flags=5):
        """Bodies of the replies; the last message is an acknowledgement or DONE."""
        self.send(cmd, *parts, flags=flags)
        out = []
        while True:
            data = self.sock.recv(self.room)
            while data:
                length, kind, mflags, seq, _ = struct.unpack_from("IHHII", data)
                body, data = data[16:length], data[(length + 3) & ~3:]
                if seq != self.seq:
                    continue
                if kind == 2:
                    code, text = self.error(mflags, body)
                    if code:
                        raise Refused(code, text)
                    return out
                if kind == 3:
                    return out
                out.append(body[4:])

    def dump(self, cmd, *parts):
        return self.ask(cmd, *parts, flags=0x301)


def backend(addr, number, flags=None):
    parts = [address(C["BACKEND_A_ADDR"], addr), port(C["BACKEND_A_PORT"], number)]
    if flags is not None:
        parts.append(u32(C["BACKEND_A_FLAGS"], flags))
    return nest(C["SERVICE_A_BACKEND"], *parts)


def frontend(kind, number, addr=None, flags=None):
    parts = [u8(C["FRONTEND_A_KIND"], C["FRONTEND_" + kind]), port(C["FRONTEND_A_PORT"], number)]
    if addr:
        parts.append(address(C["FRONTEND_A_ADDR"], addr))
    if flags is not None:
        parts.append(u32(C["FRONTEND_A_FLAGS"], flags))
    return nest(C["SERVICE_A_FRONTEND"], *parts)


def identity(name, family=2, proto=6):
    return (string(C["SERVICE_A_NAME"], name) + u8(C["SERVICE_A_FAMILY"], family) +
            u8(C["SERVICE_A_PROTO"], proto))


def service(name, *parts, family=2, proto=6):
    return nest(C["A_SERVICE"], identity(name, family, proto), *parts)


def generation(genl):
    return struct.unpack("Q", dict(attrs(genl.ask(C["CMD_INFO_GET"])[0]))[C["A_GENERATION"]])[0]


def names(genl):
    bodies = (dict(attrs(dict(attrs(b))[C["A_SERVICE"]])) for b in
              genl.dump(C["CMD_SERVICE_GET"]))
    return sorted(b[C["SERVICE_A_NAME"]].rstrip(b"\0").decode() for b in bodies)


def apply(genl, *parts, replace=False):
    genl.ask(C["CMD_BEGIN"], u64(C["A_GENERATION"], generation(genl)),
             u32(C["A_TXN_FLAGS"], C["TXN_F_REPLACE"] if replace else 0))
    for part in parts:
        genl.ask(C["CMD_PUT"], part)
    genl.ask(C["CMD_COMMIT"])
