def save(text: bytes) -> bytes:
    return text.replace(b"half = 1 / 0", b"half = 1 / 2")
