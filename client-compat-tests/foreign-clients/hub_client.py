"""One client of the hub, by another library than Microsoft's: `python hub_client.py pysignalr|signalrcore FORMAT TRANSPORT`.

The first line of standard input is JSON with `url` and `token`. From then on each line is a call, `{ method, args }`. What
happens are lines of JSON on standard output: `{ event, payload }`, `{ answer }` or `{ error }` of a call, `{ opened }`.
At the end of its input the program ends with 0.
"""

import asyncio
import json
import os
import sys
import threading

TARGETS = ["ConnectionAcknowledged", "IncidentCreated", "CommentCreated", "PresenceJoin", "PresenceTyping", "Error"]
write_lock = threading.Lock()


def write_line_about_client(**fields: object) -> None:
    """Says what happened. Threads of the library call it."""
    with write_lock:
        print(json.dumps(fields), flush=True)


def write_answer_of_completion(message) -> None:
    """The end of a call."""
    if message.error:
        write_line_about_client(error=message.error)
    else:
        write_line_about_client(answer=message.result)


async def run_client_of_pysignalr(opening: dict, _format: str, _transport: str) -> None:
    """JSON by websocket is what this library has. Its factory of tokens is asked after it has negotiated."""
    from pysignalr.client import SignalRClient

    client = SignalRClient(opening["url"], headers={"Authorization": f"Bearer {opening['token']}"})
    for target in TARGETS:
        client.on(target, make_handler_of_target(target))

    async def tell_that_it_opened() -> None:
        write_line_about_client(opened=True)

    async def tell_answer_of_call(message) -> None:
        write_answer_of_completion(message)

    client.on_open(tell_that_it_opened)
    client.on_error(tell_answer_of_call)
    running = asyncio.create_task(client.run())
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        call = json.loads(line)
        await client.send(call["method"], call["args"], tell_answer_of_call)
    running.cancel()


def make_handler_of_target(target: str):
    async def tell_event_of_target(arguments: list) -> None:
        write_line_about_client(event=target, payload=arguments[0])

    return tell_event_of_target


def run_client_of_signalrcore(opening: dict, encoding: str, transport: str) -> None:
    """JSON and MessagePack by websocket, JSON by server-sent events; its polls have no token."""
    from signalrcore.hub_connection_builder import HubConnectionBuilder
    from signalrcore.protocol.messagepack_protocol import MessagePackHubProtocol
    from signalrcore.types import HttpTransportType

    kinds = {"websocket": HttpTransportType.web_sockets, "sse": HttpTransportType.server_sent_events}
    options = {"access_token_factory": lambda: opening["token"], "transport": kinds[transport]}
    builder = HubConnectionBuilder().with_url(opening["url"], options=options)
    if encoding == "msgpack":
        builder = builder.with_hub_protocol(MessagePackHubProtocol())
    hub = builder.build()
    for target in TARGETS:
        hub.on(target, lambda arguments, target=target: write_line_about_client(event=target, payload=arguments[0]))
    hub.on_open(lambda: write_line_about_client(opened=True))
    # Also calls that fail end there, not where their answers do.
    hub.on_error(lambda problem: write_line_about_client(error=getattr(problem, "error", str(problem))))
    hub.start()
    for line in sys.stdin:
        call = json.loads(line)
        hub.send(call["method"], call["args"], on_invocation=write_answer_of_completion)
    # To stop joins a thread that waits for the socket, and on Linux that hears of its closing with the next bytes only.
    stopping = threading.Thread(target=hub.stop, daemon=True)
    stopping.start()
    stopping.join(timeout=1)


library, encoding, transport = sys.argv[1:4]
opening = json.loads(sys.stdin.readline())
if library == "pysignalr":
    asyncio.run(run_client_of_pysignalr(opening, encoding, transport))
else:
    run_client_of_signalrcore(opening, encoding, transport)
# Threads of the library must not hold the program.
os._exit(0)
