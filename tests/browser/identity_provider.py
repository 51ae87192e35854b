"""A small OpenID Connect provider on this machine, so that a login is a real one."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, KEY = "causalpima", RSAKey.generate_key(2048, {"kid": "test"})


class _Provider(BaseHTTPRequestHandler):
    """Asks who one is by links, believes it, and signs that."""

    issued: dict[str, tuple[str, str]]

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == "/.well-known/openid-configuration":
            places = {"authorization": "authorize", "token": "token"}
            told = {f"{name}_endpoint": f"{self.issuer}/{at}" for name, at in places.items()}
            told |= {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
            told["id_token_signing_alg_values_supported"] = ["RS256"]
            self._answer(told)
        elif path == "/keys":
            self._answer({"keys": [KEY.as_dict(private=False)]})
        elif path == "/authorize":
            links = "".join(self._link(who, asked) for who in ("Anna", "Ben"))
            self._send(200, f"<title>Who are you?</title>{links}".encode(), "text/html")
        else:
            self._send(404, b"", "text/plain")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        who, nonce = self.issued.pop(form["code"][0])
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": who, "name": who, "aud": CLIENT, "nonce": nonce}
        claims |= {"iat": now, "exp": now + 600}
        token = jwt.encode({"alg": "RS256", "kid": "test"}, claims, KEY)
        self._answer({"access_token": "-", "token_type": "Bearer", "id_token": token})

    def _link(self, who: str, asked: dict[str, list[str]]) -> str:
        code = secrets.token_urlsafe()
        self.issued[code] = who, asked["nonce"][0]
        query = urlencode({"code": code, "state": asked["state"][0]})
        return f'<p><a href="{asked["redirect_uri"][0]}?{query}">{who}</a></p>'

    def _answer(self, content: dict[str, object]) -> None:
        self._send(200, json.dumps(content).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def identity_provider() -> Iterator[str]:
    """The provider on a free port; gives what belongs into `secrets.toml`."""
    handler = type("Provider", (_Provider,), {"issued": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield "\n".join(
            [
                "[auth]",
                'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"',
                f'cookie_secret = "{secrets.token_hex()}"',
                f'client_id = "{CLIENT}"',
                'client_secret = "none"',
                f'server_metadata_url = "http://127.0.0.1:{server.server_port}'
                '/.well-known/openid-configuration"',
            ]
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
