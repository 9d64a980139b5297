"""What the load balancer adds to messages, and what it says itself."""

from e2e.load_balancer.http1 import Headers, Request, Response

_HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}


def own_response(status: int, text: str) -> Response:
    """Answer in a target's place."""
    body = f"{text}\n".encode()
    headers = (
        (b"server", b"load-balancer-stand-in"),
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(body)).encode()),
    )
    return Response(status, headers, body)


def to_target(request: Request, client: str) -> Request:
    """Add who the client is; the length again, since bodies are whole here."""
    kept = [(name, value) for name, value in _end_to_end(request.headers)]
    before = [value for name, value in kept if name.lower() == b"x-forwarded-for"]
    dropped = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port", b"content-length"}
    headers = [(name, value) for name, value in kept if name.lower() not in dropped]
    headers += [
        (b"x-forwarded-for", b", ".join([*before, client.encode()])),
        (b"x-forwarded-proto", b"http"),
        (b"x-forwarded-port", b"80"),
    ]
    if request.body:
        headers.append((b"content-length", str(len(request.body)).encode()))
    return Request(request.method, request.target, headers, request.body)


def to_client(response: Response) -> Response:
    return Response(response.status, _end_to_end(response.headers), response.body)


def _end_to_end(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
