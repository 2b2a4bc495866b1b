"""The record: appended line by line, torn lines isolated, followed while it grows."""

import os

from chaos.record import CHILD, RUNNER, Tail, Voice, read


def test_events_come_back_in_order_with_who_said_them(tmp_path):
    path = tmp_path / "record"
    runner, child = Voice(path, by=RUNNER, run=0), Voice(path, by=CHILD, run=2)
    runner.say("spawn", child=2)
    child.say("begin", seq=1, change={"put": {"键": {"值": 1.5}}})
    record = read(path)
    assert [(e["event"], e["by"], e["run"]) for e in record.events] == [
        ("spawn", RUNNER, 0),
        ("begin", CHILD, 2),
    ]
    assert record.first("begin")["change"] == {"put": {"键": {"值": 1.5}}}
    assert record.events[0]["t"] <= record.events[1]["t"]


def test_a_torn_line_is_counted_and_swallows_nothing(tmp_path):
    path = tmp_path / "record"
    voice = Voice(path, by=CHILD, run=1)
    voice.say("one")
    with path.open("ab") as file:
        file.write(b'\n{"event": "tor')
    voice.say("two")
    record = read(path)
    assert [event["event"] for event in record.events] == ["one", "two"]
    assert record.torn_lines == 1


def test_a_tail_gives_each_event_once_and_waits_for_the_end_of_a_line(tmp_path):
    path = tmp_path / "record"
    tail = Tail(path)
    assert tail.news() == []
    path.write_bytes(b'\n{"event": "one"}\n\n{"event": ')
    assert [event["event"] for event in tail.news()] == ["one"]
    with path.open("ab") as file:
        file.write(b'"two"}\n')
    assert [event["event"] for event in tail.news()] == ["two"]
    assert tail.torn_lines == 0


def test_a_voice_takes_a_descriptor(tmp_path):
    path = tmp_path / "record"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    voice = Voice(descriptor, by=CHILD, run=1)
    voice.say("here")
    voice.close()
    assert read(path).first("here") is not None
