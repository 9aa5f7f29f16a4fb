def save(text):
    return text.replace(b"b = a + 1", b"b = a + 10")
