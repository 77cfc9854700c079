//! The hub of SignalR in TypeScript: what can be called, what is sent, and a connection that knows both.

use std::fmt::Write as _;

use owlpost_domain::{EventName, event::EventKind};
use owlpost_gateway::{ClientCall, names::write_event_in_pascal_case};
use ts_rs::{Config, ExportError};

/// What does not depend on the tables.
const TYPED_HUB: &str = r#"
/** An item of `StreamEvents`: an event under its own name, such as `incident:created`. */
export interface StreamedEvent {
  /** Its position in the event log, when it has one. */
  eventId?: string;
  event: string;
  payload: unknown;
}

/** What can be streamed. */
export interface IncidentHubStreams {
  /** Events behind `after` (from now on without), those of `rooms` among them. */
  StreamEvents(after?: string | null, rooms?: string[]): StreamedEvent;
}

/** As much of `HubConnection` of `@microsoft/signalr` as `typedHub` needs. */
export interface UntypedHubConnection {
  on(target: string, handler: (payload: never) => void): void;
  off(target: string, handler: (payload: never) => void): void;
  invoke(method: string, ...args: unknown[]): Promise<unknown>;
  send(method: string, ...args: unknown[]): Promise<void>;
  stream(method: string, ...args: unknown[]): StreamOf<unknown>;
}

/** As `IStreamResult` of `@microsoft/signalr`. */
export interface StreamOf<T> {
  subscribe(observer: {
    next(item: T): void;
    error(problem: unknown): void;
    complete(): void;
  }): { dispose(): void };
}

/** A connection that knows its methods and targets. */
export interface TypedHub {
  on<E extends keyof IncidentHubEvents>(
    target: E,
    handler: (payload: IncidentHubEvents[E]) => void,
  ): void;
  off<E extends keyof IncidentHubEvents>(
    target: E,
    handler: (payload: IncidentHubEvents[E]) => void,
  ): void;
  invoke<M extends keyof IncidentHubMethods>(
    method: M,
    ...args: Parameters<IncidentHubMethods[M]>
  ): ReturnType<IncidentHubMethods[M]>;
  send<M extends keyof IncidentHubMethods>(
    method: M,
    ...args: Parameters<IncidentHubMethods[M]>
  ): Promise<void>;
  stream<S extends keyof IncidentHubStreams>(
    method: S,
    ...args: Parameters<IncidentHubStreams[S]>
  ): StreamOf<ReturnType<IncidentHubStreams[S]>>;
}

/** The same connection, typed. */
export function typedHub(connection: UntypedHubConnection): TypedHub {
  return connection as unknown as TypedHub;
}
"#;

/// The whole file; the types it names stand beside it.
pub(crate) fn write_hub_as_typescript(config: &Config) -> Result<String, ExportError> {
    let mut names = vec!["Durable".to_owned()];
    let mut methods = String::new();
    let mut write_method = |method: &str, argument: String, answer: &str| {
        // Writing to memory cannot fail.
        let _ = writeln!(methods, "  {method}({argument}): Promise<{answer}>;");
    };
    for call in ClientCall::ALL {
        let types = call.export_types_of_call(config)?;
        write_method(call.as_hub_method(), format!("request: {}", types.payload), &types.answer);
        names.push(types.payload);
        if types.answer != "void" {
            names.push(types.answer);
        }
    }
    write_method("JoinIncidentRoom", "incidentId: string".to_owned(), "RoomJoinAnswer");
    write_method("LeaveIncidentRoom", "incidentId: string".to_owned(), "void");
    write_method("SendTypingIndicator", "incidentId: string".to_owned(), "void");
    let mut events = String::new();
    for event in EventName::ALL {
        let Some(payload) = event.name_of_payload_type(config) else { continue };
        let durable = if event.kind() == EventKind::Durable { " & Durable" } else { "" };
        let _ = writeln!(events, "  {}: {payload}{durable};", write_event_in_pascal_case(*event));
        names.push(payload);
    }
    names.sort();
    names.dedup();
    let names: String = names.iter().map(|name| format!("  {name},\n")).collect();
    Ok(format!(
        "// Written by `make types` from the tables of calls and events in the code. Do not edit.\n\
         import type {{\n{names}}} from \"./index\";\n\n\
         /** Methods of the hub at `/hub/incidents`. Each takes its request, or the one field of it. */\n\
         export interface IncidentHubMethods {{\n{methods}}}\n\n\
         /** What the hub sends: a target, and its one argument. */\n\
         export interface IncidentHubEvents {{\n{events}}}\n{TYPED_HUB}"
    ))
}
