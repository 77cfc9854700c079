"""python-socketio as an application uses it: `python client.py sync` or `python client.py asyncio`.

Every handler takes exactly one argument, as the payload is the only one the protocol of Owl Post promises: a handler
that is given more raises TypeError, and the application never hears the event. Commands are lines of JSON on standard
input, what happens are lines of JSON on standard output: see helpers/foreignClients.mjs.
"""

import asyncio
import json
import os
import sys
import threading
import traceback

import socketio

RECONNECTION = {"reconnection_delay": 0.02, "reconnection_delay_max": 0.2}
write_lock = threading.Lock()


def write_line_about_client(sio: "socketio.Client | socketio.AsyncClient", client: int, **fields: object) -> None:
    """Says what happened, and how the client stands now. Threads of several clients call it."""
    state = {"client": client, "connected": sio.connected, "id": sio.get_sid(), "transport": sio.eio.current_transport}
    with write_lock:
        print(json.dumps({**state, **fields}), flush=True)


def write_failure_with_traceback(error: BaseException) -> None:
    """Reports what the library lets fall on the floor, such as a handler with too few arguments."""
    with write_lock:
        print(json.dumps({"failure": "".join(traceback.format_exception(error))}), flush=True)


def read_refusal_of_server(data: object) -> dict[str, object]:
    """The message and code of a refused connection; the library hands its own failures to the handler as text."""
    if not isinstance(data, dict):
        return {"payload": str(data)}
    return {"payload": data.get("message"), "code": (data.get("data") or {}).get("code")}


def read_options_of_command(command: dict) -> dict:
    """What `connect` takes."""
    return {"auth": command["auth"], "transports": command["transports"], "wait_timeout": 10}


class SyncHost:
    """Clients of `socketio.Client`: websocket-client and requests, a thread for each message."""

    def __init__(self) -> None:
        self.clients: dict[int, socketio.Client] = {}

    def run_commands_until_end(self) -> None:
        threading.excepthook = lambda hook: write_failure_with_traceback(hook.exc_value)
        for line in sys.stdin:
            self.execute_command_of_test(json.loads(line))

    def execute_command_of_test(self, command: dict) -> None:
        client = command["client"]
        if command["do"] == "open":
            # To connect blocks until the server has answered.
            threading.Thread(target=self.open_client_for_command, args=(command,), daemon=True).start()
        elif command["do"] == "emit":
            self.emit_event_for_command(command)
        else:
            threading.Thread(target=self.clients[client].disconnect, daemon=True).start()

    def open_client_for_command(self, command: dict) -> None:
        client = command["client"]
        sio = socketio.Client(reconnection=command["reconnection"], handle_sigint=False, **RECONNECTION)
        self.clients[client] = sio
        for event in command["events"]:
            self.register_handler_of_event(sio, client, event)
        sio.on("connect", lambda: write_line_about_client(sio, client, happened="connect", payload=sio.get_sid()))
        sio.on("disconnect", lambda reason: write_line_about_client(sio, client, happened="disconnect", payload=reason))
        sio.on(
            "connect_error",
            lambda data: write_line_about_client(sio, client, happened="connect_error", **read_refusal_of_server(data)),
        )
        try:
            sio.connect(command["url"], **read_options_of_command(command))
            # It is upgraded by now, and may have told all there is to tell before.
            write_line_about_client(sio, client)
        except socketio.exceptions.ConnectionError:
            pass  # The handler of connect_error has told.

    def register_handler_of_event(self, sio: socketio.Client, client: int, event: str) -> None:
        def handle_event_with_payload(payload):
            write_line_about_client(sio, client, event=event, payload=payload, more=[])

        sio.on(event, handle_event_with_payload)

    def emit_event_for_command(self, command: dict) -> None:
        sio, client, ack = self.clients[command["client"]], command["client"], command.get("ack")

        def handle_answer_with_payload(payload):
            write_line_about_client(sio, client, ack=ack, payload=payload)

        sio.emit(command["event"], command["payload"], callback=None if ack is None else handle_answer_with_payload)


class AsyncHost:
    """Clients of `socketio.AsyncClient`: aiohttp, all of them in one loop."""

    def __init__(self) -> None:
        self.clients: dict[int, socketio.AsyncClient] = {}
        self.tasks: set[asyncio.Task] = set()

    def run_commands_until_end(self) -> None:
        asyncio.run(self.read_commands_in_loop())

    async def read_commands_in_loop(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.report_exception_of_loop(context))
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            # In a task each, so that what the library raises ends at the handler above.
            task = loop.create_task(self.execute_command_of_test(json.loads(line)))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def report_exception_of_loop(self, context: dict) -> None:
        write_failure_with_traceback(context.get("exception") or RuntimeError(context["message"]))

    async def execute_command_of_test(self, command: dict) -> None:
        if command["do"] == "open":
            await self.open_client_for_command(command)
        elif command["do"] == "emit":
            await self.emit_event_for_command(command)
        else:
            await self.clients[command["client"]].disconnect()

    async def open_client_for_command(self, command: dict) -> None:
        client = command["client"]
        sio = socketio.AsyncClient(reconnection=command["reconnection"], handle_sigint=False, **RECONNECTION)
        self.clients[client] = sio
        for event in command["events"]:
            self.register_handler_of_event(sio, client, event)
        sio.on("connect", lambda: write_line_about_client(sio, client, happened="connect", payload=sio.get_sid()))
        sio.on("disconnect", lambda reason: write_line_about_client(sio, client, happened="disconnect", payload=reason))
        sio.on(
            "connect_error",
            lambda data: write_line_about_client(sio, client, happened="connect_error", **read_refusal_of_server(data)),
        )
        try:
            await sio.connect(command["url"], **read_options_of_command(command))
            write_line_about_client(sio, client)
        except socketio.exceptions.ConnectionError:
            pass  # The handler of connect_error has told.

    def register_handler_of_event(self, sio: socketio.AsyncClient, client: int, event: str) -> None:
        async def handle_event_with_payload(payload):
            write_line_about_client(sio, client, event=event, payload=payload, more=[])

        sio.on(event, handle_event_with_payload)

    async def emit_event_for_command(self, command: dict) -> None:
        sio, client, ack = self.clients[command["client"]], command["client"], command.get("ack")

        async def handle_answer_with_payload(payload):
            write_line_about_client(sio, client, ack=ack, payload=payload)

        await sio.emit(command["event"], command["payload"], callback=None if ack is None else handle_answer_with_payload)


{"sync": SyncHost, "asyncio": AsyncHost}[sys.argv[1]]().run_commands_until_end()
# Threads of clients that are still there must not hold the program.
os._exit(0)
