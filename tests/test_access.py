"""Who may call: hosts, origins and keys, over a socket."""

from pathlib import Path

import pytest
from serving import Served, is_problem, serving

JSON = {"Content-Type": "application/json"}


def status_of(served: Served, *headers: bytes, path: bytes = b"/livez") -> int:
    lines = b"".join(header + b"\r\n" for header in headers)
    reply = served.exchange(b"GET %s HTTP/1.1\r\nConnection: close\r\n%s\r\n" % (path, lines))
    return int(reply.split()[1])


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000"]
)
def test_the_names_of_loopback_are_allowed(shared: Served, host: str) -> None:
    assert shared.client.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example",
     "[::1", "[]", "[::2]", "0.0.0.0", "10.0.0.1", ":8000", "\N{FULLWIDTH FULL STOP}", "a b"],
)  # fmt: skip
def test_a_foreign_host_is_refused(shared: Served, host: str) -> None:
    for path in ("/livez", "/docs", "/v1/articles"):
        headers = {b"Host": host.encode()}
        is_problem(shared.client.get(path, headers=headers), 403, "host_not_allowed")


def test_a_request_without_a_host_is_refused(shared: Served) -> None:
    old = shared.exchange(b"GET /livez HTTP/1.0\r\n\r\n")
    assert int(old.split()[1]) == 403
    assert status_of(shared) in (400, 403)
    assert status_of(shared, b"Host:") in (400, 403)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost:1", "null", "", "http://[", "file://",
     "http://127.0.0.1.evil.example"],
)  # fmt: skip
def test_a_page_of_another_origin_is_refused(shared: Served, origin: str) -> None:
    headers = {"Origin": origin, **JSON}
    response = shared.client.post("/v1/articles", json={"text": "From a page."}, headers=headers)
    is_problem(response, 403, "origin_not_allowed")


def test_a_page_of_the_same_origin_is_allowed(shared: Served) -> None:
    for url in (shared.url, f"http://localhost:{shared.port}", f"http://[::1]:{shared.port}"):
        headers = {"Origin": url, "Host": url.removeprefix("http://").upper()}
        assert shared.client.get("/v1/articles", headers=headers).status_code == 200


def test_a_host_of_the_settings_is_allowed(tmp_path: Path) -> None:
    with serving(tmp_path, allowed_hosts="news.example, Other.Example") as served:
        for host, status in (("news.example:80", 200), ("other.example", 200), ("x.example", 403)):
            assert served.client.get("/livez", headers={"Host": host}).status_code == status


def test_with_keys_every_call_needs_one(tmp_path: Path) -> None:
    with serving(tmp_path, api_keys=" first ,, sécret ") as served:
        client = served.client

        def status(authorization: bytes) -> int:
            return status_of(
                served, b"Host: localhost", b"Authorization: " + authorization, path=b"/v1/articles"
            )

        missing = client.get("/v1/articles")
        is_problem(missing, 401, "unauthorized")
        assert missing.headers["www-authenticate"] == "Bearer"
        for right in ("Bearer first", "bearer first", "BEARER  first ", "Bearer sécret"):
            assert status(right.encode()) == 200, right
        for wrong in (
            b"Bearer", b"Bearer ", b"Bearer firs", b"Bearer first2", b"first", b"Basic first",
            b"Bearer first,", b"Bearer \xff\xfe", "Bearer sécret".encode("latin-1"), b"\xff", b"",
        ):  # fmt: skip
            assert status(wrong) == 401, wrong
        is_problem(client.get("/v1/nothing"), 401, "unauthorized")
        is_problem(client.delete("/v1/articles/x"), 401, "unauthorized")
        for path in ("/livez", "/readyz", "/docs"):
            assert client.get(path).status_code == 200
        assert client.get("/livez", headers={"Host": "news.example"}).status_code == 200
        # before the body is read
        reply = served.exchange(
            b"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"
        )
        assert reply.startswith(b"HTTP/1.1 401 ")


def test_blank_keys_are_no_keys(tmp_path: Path) -> None:
    with serving(tmp_path, api_keys=" , ") as served:
        assert status_of(served, b"Host: evil.example", b"Authorization: Bearer ") == 403
        assert served.client.get("/v1/articles").status_code == 200
