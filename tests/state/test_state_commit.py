# SPDX-License-Identifier: MIT
"""What waits for a commit: the doorbell, replies, events, in order; and how many share one."""

import json
import threading
import time

from snapshot import VOLATILE, cci, impatient
from vfio_user import BAR2, EVENTFD, MSIX, TRIGGER, Client, Mailbox, eventfds

UUID = "01020304-0506-0708-090a-0b0c0d0e0f10"


def plant(line, ident):
    return json.dumps({"execute": "swcxl-plant-poison", "id": ident,
                       "arguments": {"start": VOLATILE + 64 * line, "length": 64}})


def counters(qmp):
    return qmp.cmd("swcxl-query-stats")["state"]


def write_a_mebibyte(qmp, seed=1):
    """Asks for a change whose commit takes a while, and does not wait for it."""
    qmp.send({"execute": "swcxl-write-media", "arguments": {
        "start": VOLATILE, "data": (bytes(range(seed, seed + 64)) * (1 << 14)).hex()}})


def catch(qmp, mailbox, ring):
    """Has a change committed, and calls ring() again and again meanwhile, until the command of
    one of them has to wait. True: it waits."""
    write_a_mebibyte(qmp)
    qmp.socket.setblocking(False)
    try:
        while True:
            ring()
            if mailbox.get(Mailbox.CONTROL) & 1:
                return True
            try:
                qmp.buffer += qmp.socket.recv(4096)
                return False
            except BlockingIOError:
                pass
    finally:
        qmp.socket.settimeout(20)


def finish(mailbox):
    """Waits as Linux does."""
    deadline = time.monotonic() + 2
    while mailbox.get(Mailbox.CONTROL) & 1:
        assert time.monotonic() < deadline
    return mailbox.get(Mailbox.STATUS, 8) >> 32 & 0xffff


def test_a_doorbell_waits_and_its_mailbox_with_it(start):
    """Even that of a read, which shows what is not durable yet. What is written meanwhile is
    ignored, and the interrupt comes with the reply."""
    device = start()
    with Client(device.socket) as client, device.qmp() as qmp:
        mailbox = Mailbox(client)
        vectors = eventfds(client.irq_info(MSIX).count)
        client.set_irqs(EVENTFD | TRIGGER, MSIX, 0, len(vectors), [v.fd for v in vectors])
        irq = vectors[mailbox.vector]
        lines = 0

        def ring():
            nonlocal lines
            irq.fired()
            mailbox.enable_interrupts(doorbell=True)  # a reply that was too early lost it below
            mailbox.put_payload((VOLATILE + (2 << 20) + 64 * lines).to_bytes(8, "little"))
            mailbox.put(Mailbox.COMMAND, 0x4301 | 8 << 16, 8)
            mailbox.put(Mailbox.CONTROL, 1)
            lines += 1

        for _ in range(20):
            waits = catch(qmp, mailbox, ring)
            if waits:
                mailbox.put_payload(b"ignored!")
                mailbox.put(Mailbox.COMMAND, 0x4000, 8)
                mailbox.put(Mailbox.CONTROL, 0)
                seen = (mailbox.payload(8), mailbox.get(Mailbox.COMMAND, 8), irq.fired(),
                        mailbox.get(Mailbox.CONTROL))
            qmp.recv_reply()
            if waits and seen[3] & 1:  # it was still waiting when all of that was done
                break
        assert seen == ((VOLATILE + (2 << 20) + 64 * (lines - 1)).to_bytes(8, "little"),
                        0x4301 | 8 << 16, 0, 3)
        assert finish(mailbox) == 0
        irq.wait()
        assert mailbox.get(Mailbox.CONTROL) == 2
        assert qmp.cmd("swcxl-query-device")["media"]["injected-lines"] == lines
        for vector in vectors:
            vector.close()


def test_a_reset_does_not_wait(start):
    """The reply of a mailbox that is reset is never seen."""
    device = start()
    with Client(device.socket) as client, device.qmp() as qmp:
        mailbox = Mailbox(client)

        def ring():
            mailbox.put(Mailbox.COMMAND, 0xffff, 8)
            mailbox.put(Mailbox.CONTROL, 1)

        for _ in range(20):
            waits = catch(qmp, mailbox, ring)
            client.reset()
            gone = mailbox.get(Mailbox.CONTROL), mailbox.get(Mailbox.STATUS, 8)
            qmp.recv_reply()
            if waits:
                break
        assert waits and gone == (0, 0)
        assert (mailbox.get(Mailbox.CONTROL), mailbox.get(Mailbox.STATUS, 8)) == (0, 0)


def test_events_stand_before_the_reply_that_they_led_to(start):
    device = start()
    with device.qmp() as qmp, device.qmp() as other:
        qmp.send(plant(0, "a"))
        qmp.send({"execute": "query-status", "id": "b"})
        first, second, third = qmp.recv(), qmp.recv(), qmp.recv()
        assert first["event"] == "SWCXL_EVENT_RECORD"
        assert (second["id"], third["id"]) == ("a", "b")
        assert other.wait_event("SWCXL_EVENT_RECORD")["data"] == first["data"]


def test_replies_keep_their_order(start):
    """Of several clients that do not wait, changes, reads and errors mixed."""
    device = start()
    n, results = 400, {}

    def client(number):
        with device.qmp() as qmp:
            def send():
                for i in range(n):
                    if i % 4 == 3:
                        qmp.send({"execute": "swcxl-query-poison", "id": i,
                                  "arguments": {"start": VOLATILE, "length": 64}})
                    elif i % 7 == 6:
                        qmp.send({"execute": "swcxl-plant-poison", "id": i})
                    else:
                        qmp.send(plant(number * n + i, i))
            sender = threading.Thread(target=send)
            sender.start()
            results[number] = [qmp.recv_reply() for _ in range(n)]
            sender.join()

    threads = [threading.Thread(target=client, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        replies = results[number]
        assert [reply["id"] for reply in replies] == list(range(n))
        for i, reply in enumerate(replies):
            assert ("error" in reply) == (i % 4 != 3 and i % 7 == 6), reply


def test_many_changes_share_a_commit(start):
    device = start()
    with device.qmp() as qmp:
        before = counters(qmp)
        for i in range(20):
            qmp.cmd("swcxl-plant-poison", start=VOLATILE + 64 * i, length=64)
        one_by_one = counters(qmp)
        assert one_by_one["commits"] == before["commits"] + 20
        qmp.send("".join(plant(1000 + 2 * i, i) for i in range(3000)))
        for i in range(3000):
            assert qmp.recv_reply() == {"return": {}, "id": i}
        pipelined = counters(qmp)
    assert pipelined["changes"] >= one_by_one["changes"] + 3000
    assert pipelined["commits"] < one_by_one["commits"] + 600
    assert pipelined["failures"] == 0


def test_what_changes_nothing_costs_no_commit(start):
    device = start()
    with Client(device.socket) as client, device.qmp() as qmp:
        mailbox = Mailbox(client)
        mailbox.ok(0x4000)
        before = counters(qmp)
        for opcode in 0x4000, 0x4100, 0x4200:
            mailbox.ok(opcode)
        qmp.cmd("swcxl-write-media", start=0, data="55" * 4096)  # volatile
        cci(qmp, 0x0301, bytes(8))
        qmp.cmd("swcxl-query-poison")
        assert counters(qmp) == before


def test_a_background_operation_completes_when_it_is_durable(start):
    device = start("--poison-list-max", 2000)
    with Client(device.socket) as client, device.qmp() as qmp:
        for i in range(500):
            qmp.send(json.dumps({"execute": "swcxl-plant-poison", "arguments": {
                "start": VOLATILE + 128 * i, "length": 64, "known": False}}))
        assert all(qmp.recv_reply() == {"return": {}} for _ in range(500))
        mailbox = Mailbox(client)
        mailbox.ok(0x4304, VOLATILE.to_bytes(8, "little") + (1000).to_bytes(8, "little") + b"\1", 1)
        qmp.cmd("swcxl-clock-step", nanoseconds=10 ** 9)
        qmp.wait_event("SWCXL_BACKGROUND_COMPLETED")
        device.proc.kill()
    device.wait()
    with start("--poison-list-max", 2000).qmp() as qmp:
        assert all(row["known"] for row in qmp.cmd("swcxl-query-poison"))


# ---- more than can be written --------------------------------------------------------------------

def test_clients_wait_when_changes_come_too_fast(start):
    """With a bound of 64 KiB: a write of 1 MiB is more. Everything is done, in its order."""
    with impatient():
        device = start()
    with Client(device.socket) as client, device.qmp() as qmp, device.qmp() as other:
        mailbox = Mailbox(client)
        for i in range(4):
            write_a_mebibyte(qmp, i)
            other.send(plant(100000 + i, i))
            client.put(BAR2, mailbox.base + Mailbox.COMMAND, 0x4000, 8, posted=True)
            client.put(BAR2, mailbox.base + Mailbox.CONTROL, 1, posted=True)
        for i in range(4):
            assert qmp.recv_reply() == {"return": {}}
            assert other.recv_reply() == {"return": {}, "id": i}
        assert finish(mailbox) == 0
        assert qmp.cmd("swcxl-read-media", start=VOLATILE + (1 << 20) - 4,
                       length=4)["data"] == "3f404142"
        assert counters(qmp)["failures"] == 0 and counters(qmp)["pauses"] > 0
