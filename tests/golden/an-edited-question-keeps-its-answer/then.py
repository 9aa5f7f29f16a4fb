def save(text: bytes) -> bytes:
    return text.replace(b"what is a scan?", b"what is a prefix scan?")
