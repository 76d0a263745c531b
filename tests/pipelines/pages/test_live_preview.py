"""The live page as a browser asks for it: parts of a stream, the status, and who may not ask."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.request import urlopen

import pytest

from camera_analysis.privacy.live_frames import LivePicture, LiveStatus
from pipelines.pages.live_preview import LiveServer


class Three:
    """Three pictures, then the end."""

    def next_picture(self, after, timeout_s):
        number = after + 1
        if number > 3:
            return None
        return LivePicture(number=number, jpeg=b"jpeg %d" % number, hidden="")

    def status(self):
        return LiveStatus(
            pictures=3, dropped=7, frames_per_s=12.5, latency_s=0.08, hidden="", ended=True
        )


@contextmanager
def serving(token=None):
    server = LiveServer(Three(), "127.0.0.1", 0, token)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ask(server, path, host=None):
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()
    finally:
        connection.close()


def test_page_names_stream_and_status():
    with serving() as server:
        status, kind, body = ask(server, "/")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert b'src="stream"' in body and b'fetch("status")' in body


def test_stream_sends_each_picture_as_a_part():
    with serving() as server:
        status, kind, body = ask(server, "/stream")
    assert (status, kind) == (200, "multipart/x-mixed-replace; boundary=picture")
    parts = body.split(b"--picture\r\n")[1:]
    assert [part.split(b"\r\n\r\n")[1].strip() for part in parts] == [
        b"jpeg 1",
        b"jpeg 2",
        b"jpeg 3",
    ]


def test_status_tells_rate_latency_and_dropped_frames():
    with serving() as server:
        _, kind, body = ask(server, "/status")
    told = json.loads(body)
    assert kind == "application/json"
    assert (told["frames_per_s"], told["latency_s"], told["dropped"]) == (12.5, 0.08, 7)


@pytest.mark.parametrize("path", ["/", "/stream", "/picture.jpg", "/status", "/status?token=wrong"])
def test_without_the_token_nothing_is_told(path):
    with serving(token="secret") as server:
        assert ask(server, path)[0] == 403
        status, _, body = ask(server, path.split("?")[0] + "?token=secret")
    assert status == 200 and body


def test_page_with_a_token_asks_with_it():
    with serving(token="secret") as server:
        _, _, body = ask(server, "/?token=secret")
        assert server.page_address.endswith("/?token=secret")
    assert b'src="stream?token=secret"' in body


def test_another_name_for_this_machine_is_refused():
    with serving() as server:
        port = server.server_address[1]
        assert ask(server, "/picture.jpg", host=f"localhost:{port}")[0] == 200
        assert ask(server, "/picture.jpg", host=f"evil.example:{port}")[0] == 403


@pytest.mark.parametrize(("path", "host"), [("/", "["), ("http://[/", "localhost")])
def test_an_address_that_is_none_is_a_bad_request(path, host):
    with serving() as server:
        assert ask(server, path, host=host)[0] == 400


def test_page_runs_its_own_script_alone():
    with serving() as server:
        with urlopen(server.page_address, timeout=10) as answer:
            policy, body = answer.headers["Content-Security-Policy"], answer.read().decode()
    nonce = re.findall(r'<script nonce="([^"]+)">', body)
    assert len(nonce) == body.count("<script") == 1
    assert "default-src 'none'" in policy and f"script-src 'nonce-{nonce[0]}'" in policy


def test_unknown_path_is_not_found():
    with serving() as server:
        assert ask(server, "/../etc/passwd")[0] == 404


def test_token_of_any_letters_is_told_so_that_it_is_understood():
    with serving(token='a&b"c d') as server:
        told = server.page_address.split("?")[1]
        status, _, body = ask(server, f"/?{told}")
    assert status == 200
    assert f'src="stream?{told}"'.encode() in body and b'"c' not in body


def test_other_addresses_need_a_token():
    with pytest.raises(ValueError, match=r"0\.0\.0\.0 can be reached by other machines"):
        LiveServer(Three(), "0.0.0.0", 0, None)


def test_a_page_for_all_is_told_by_the_name_of_this_machine(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "porch")
    with LiveServer(Three(), "0.0.0.0", 0, "secret") as server:
        assert server.page_address == f"http://porch:{server.server_port}/?token=secret"
