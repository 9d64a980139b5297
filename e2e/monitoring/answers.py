"""What the HTTP servers of the stand-ins here share. Runs in pods: stdlib alone."""

import json
from http.server import BaseHTTPRequestHandler

TEXT = "text/plain; version=0.0.4"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def json(self, content: object, status: int = 200) -> None:
        self.answer(json.dumps(content), "application/json", status)

    def answer(self, text: str, kind: str = TEXT, status: int = 200) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet: the kubelet asks every few seconds."""
