"""Pass the test vectors of docs/pseudonyms.md with Python's standard library: a second implementation, which shares
no code with the first. Usage: check_vectors.py DIRECTORY"""

import hashlib
import hmac
import json
import pathlib
import sys
import uuid


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def number(data):
    return int.from_bytes(data, "big")


def derive(master, domain):
    """HKDF-SHA256 with an empty salt, one block."""
    extracted = hmac.new(bytes(32), master, hashlib.sha256).digest()
    return hmac.new(extracted, b"cordon pseudonym v1 " + domain.encode() + b"\x01", hashlib.sha256).digest()


def round_int(key, negative, kind, index, half):
    sign = b"\xff" * 4 if negative else bytes(4)
    return number(sha256(key, sign, bytes([kind, 0, 0, index]), half.to_bytes(4, "big"))[:4])


def int4(key, x, decrypt):
    negative = x < 0
    y = -1 - x if negative else x
    left, right = y >> 16, y & 0xFFFF
    for i in reversed(range(5)) if decrypt else range(5):
        if i % 2 == 0:
            left ^= (round_int(key, negative, 4, i, right) >> 16) & 0x7FFF
        else:
            right ^= round_int(key, negative, 4, i, left) >> 16
    y = left << 16 | right
    return -1 - y if negative else y


def hashes(key):
    words = sha256(key, b"\x30")
    a1, b1, a2, b2 = (number(words[i : i + 4]) for i in (0, 4, 8, 12))
    prime, low31 = 2**32 + 15, 2**31 - 1
    first = lambda x: ((a1 & low31) * x + b1) % prime & 0xFFFFFFFF
    last = lambda x: ((a2 & low31) * x + b2) % prime & low31
    return first, last


def int8(key, x, decrypt):
    negative, low31 = x < 0, 2**31 - 1
    y = -1 - x if negative else x
    left, right = y >> 31, y & low31
    first, last = hashes(key)
    for i in (3, 2, 1, 0) if decrypt else (0, 1, 2, 3):
        if i == 0:
            left ^= first(right)
        elif i == 1:
            right ^= round_int(key, negative, 8, 0, left) & low31
        elif i == 2:
            left ^= round_int(key, negative, 8, 1, right)
        else:
            right ^= last(left)
    y = left << 31 | right
    return -1 - y if negative else y


def uuids(key, text, decrypt):
    data = uuid.UUID(text).bytes
    left, right = number(data[:8]), number(data[8:])
    f = lambda i, half: number(sha256(key, bytes([0x10 + i]), half.to_bytes(8, "big"))[:8])
    for i in reversed(range(4)) if decrypt else range(4):
        if decrypt:
            left, right = right ^ f(i, left), left
        else:
            left, right = right, left ^ f(i, right)
    return str(uuid.UUID(bytes=left.to_bytes(8, "big") + right.to_bytes(8, "big")))


def siv_of(key, text):
    return sha256(key, b"\x20", len(text).to_bytes(8, "big"), text)[:16]


def stream(key, siv, length):
    blocks = (sha256(key, b"\x21", siv, i.to_bytes(4, "big")) for i in range((length + 31) // 32))
    return b"".join(blocks)[:length]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def encrypt_text(key, value):
    text = value.encode()
    if len(text) > 1 << 20:
        return "pd" + sha256(key, b"\x22", sha256(text)).hex()
    padded = text + b"\x80" + bytes(-(len(text) + 1) % 16)
    siv = siv_of(key, text)
    return "px" + (siv + xor(padded, stream(key, siv, len(padded)))).hex()


def decrypt_text(key, token):
    """The text, or None for what is no token."""
    if not token.startswith("px") or set(token[2:]) - set("0123456789abcdef") or len(token) % 2:
        return None
    data = bytes.fromhex(token[2:])
    if len(data) < 32 or len(data) % 16:
        return None
    siv, padded = data[:16], xor(data[16:], stream(key, data[:16], len(data) - 16))
    text = padded.rstrip(b"\0")
    if not text.endswith(b"\x80") or len(padded) - len(text) > 15:
        return None
    text = text[:-1]
    return text.decode() if hmac.compare_digest(siv_of(key, text), siv) else None


def check(file):
    key = derive(bytes.fromhex(file["master"]), file["domain"])
    assert key.hex() == file["key"], "key"
    assert (key + sha256(key, b"\x30")[:16]).hex() == file["setting"], "setting"
    for case in file["cases"]:
        value, pseudonym = case["value"] * case.get("repeat", 1), case["pseudonym"]
        kind = file["type"]
        if kind == "text":
            assert encrypt_text(key, value) == pseudonym, case
            assert pseudonym.startswith("pd") or decrypt_text(key, pseudonym) == value, case
        else:
            cipher, parse = {"int4": (int4, int), "int8": (int8, int), "uuid": (uuids, str)}[kind]
            assert str(cipher(key, parse(value), False)) == pseudonym, case
            assert str(cipher(key, parse(pseudonym), True)) == value, case
    for case in file.get("not_tokens", []):
        assert decrypt_text(key, case["token"]) is None, case
    return len(file["cases"]) + len(file.get("not_tokens", []))


if __name__ == "__main__":
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
    print(sum(check(json.loads(path.read_text())) for path in files), "vectors of", len(files), "files pass")
