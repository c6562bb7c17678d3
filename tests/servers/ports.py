import socket


def free_port() -> int:
    """On 127.0.0.1, and nobody else's as long as nobody else asks for one."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
