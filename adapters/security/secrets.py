from secrets import token_bytes


def new_secret() -> bytes:
    return token_bytes(32)
