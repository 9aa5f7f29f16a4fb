def save(text):
    return text.replace(b"secret = 42", b"other = 42")
