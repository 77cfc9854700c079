"""One client of STOMP, by another library than stompjs: `python stomp_client.py stomp.py|stompman`.

The first line of standard input is JSON with `host`, `port`, `path`, `token` and `destinations`, which are subscribed to. From
then on each line is a SEND, `{ destination, body }`. What happens are lines of JSON on standard output: `{ event, payload,
headers }` of a message, `{ opened }`, `{ error }`. At the end of its input the program ends with 0.
"""

import asyncio
import json
import os
import sys
import threading

write_lock = threading.Lock()


def write_line_about_client(**fields: object) -> None:
    """Says what happened. Threads of the library call it."""
    with write_lock:
        print(json.dumps(fields), flush=True)


def write_message_of_server(headers: dict, body: str) -> None:
    """One message, by the name of its event."""
    write_line_about_client(event=headers["event"], payload=json.loads(body), headers=dict(headers))


def run_client_of_stomp_py(opening: dict) -> None:
    """By websocket, in threads. What it calls a passcode is the token."""
    import stomp

    subscribed = threading.Event()

    class Listener(stomp.ConnectionListener):
        def on_message(self, frame) -> None:
            write_message_of_server(frame.headers, frame.body)

        def on_error(self, frame) -> None:
            write_line_about_client(error=frame.headers["message"])

        def on_receipt(self, frame) -> None:
            subscribed.set()

    address = [(opening["host"], opening["port"])]
    connection = stomp.WSStompConnection(address, ws_path=opening["path"], heartbeats=(1000, 1000))
    connection.set_listener("", Listener())
    connection.connect("anybody", opening["token"], wait=True)
    for number, destination in enumerate(opening["destinations"]):
        receipt = {"receipt": "last"} if number + 1 == len(opening["destinations"]) else {}
        connection.subscribe(destination, id=number, ack="client-individual", headers=receipt)
    subscribed.wait(10)
    write_line_about_client(opened=True)
    for line in sys.stdin:
        message = json.loads(line)
        connection.send(message["destination"], message["body"])
    connection.disconnect()


async def run_client_of_stompman(opening: dict) -> None:
    """By websocket, in one task."""
    import stompman
    from stompman.connection_ws import WebSocketConnection

    server = stompman.ConnectionParameters(
        host=opening["host"], port=opening["port"], ws_uri_path=opening["path"], login="anybody", passcode=opening["token"]
    )

    def tell_error_of_server(frame) -> None:
        write_line_about_client(error=frame.headers["message"])

    async def tell_message_of_server(frame) -> None:
        write_message_of_server(frame.headers, frame.body.decode())
        if "ack" in frame.headers:
            await frame.ack()

    options = {"connection_class": WebSocketConnection, "on_error_frame": tell_error_of_server}
    async with stompman.Client([server], **options) as client:
        for destination in opening["destinations"]:
            await client.subscribe_with_manual_ack(destination, tell_message_of_server, receipt_timeout=10)
        write_line_about_client(opened=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            message = json.loads(line)
            await client.send(message["body"].encode(), message["destination"])
        os._exit(0)


opening = json.loads(sys.stdin.readline())
if sys.argv[1] == "stompman":
    asyncio.run(run_client_of_stompman(opening))
else:
    run_client_of_stomp_py(opening)
# Threads of the library must not hold the program.
os._exit(0)
