"""The embedded queue delivers every message whole, whoever looks in between and whoever dies while writing."""

import os
import time
from queue import Empty

import pytest
from kombu import Connection

from portal.celery import app


@pytest.fixture
def open_channel(tmp_path):
    """Channels on one folder, as the processes of an installation have them."""
    options = {"data_folder_in": tmp_path, "data_folder_out": tmp_path, "control_folder": tmp_path / "control"}
    connections = []

    def opened():
        transport = "portal.core.queue:Transport"
        connections.append(Connection("filesystem://localhost//", transport=transport, transport_options=options))
        return connections[-1].channel()

    yield opened
    for connection in connections:
        connection.release()


def test_messages_come_in_the_order_of_sending(open_channel):
    channel = open_channel()
    for number in range(3):
        channel._put("jobs", {"number": number})
        time.sleep(0.002)
    assert [channel._get("jobs")["number"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Empty):
        channel._get("jobs")


def test_a_message_that_cannot_be_read_is_passed_over(open_channel, tmp_path, caplog):
    channel = open_channel()
    # Messages are taken by name, which begins with the machine's running time: nothing is older than zero.
    (tmp_path / "0_a.jobs.msg").write_bytes(b"")
    (tmp_path / "0_b.jobs.msg").write_bytes(b'{"number": ')
    channel._put("jobs", {"number": 3})
    assert channel._get("jobs") == {"number": 3}
    assert caplog.text.count("passed over") == 2


def test_a_worker_that_looks_while_a_message_is_written_sees_none_yet(open_channel, monkeypatch):
    sender, receiver = open_channel(), open_channel()
    put_in_place = os.replace
    looks = []

    def look_first(part, whole):
        with pytest.raises(Empty):
            receiver._get("jobs")
        looks.append(whole)
        put_in_place(part, whole)

    monkeypatch.setattr("portal.core.queue.os.replace", look_first)
    sender._put("jobs", {"number": 1})
    assert len(looks) == 1
    assert receiver._get("jobs") == {"number": 1}


def test_the_embedded_installation_uses_it(settings):
    assert settings.CELERY_BROKER_TRANSPORT == "portal.core.queue:Transport"
    with app.connection_for_write() as connection:
        assert connection.transport_cls == "portal.core.queue:Transport"
