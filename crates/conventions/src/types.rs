//! TypeScript types of every payload and answer, for `packages/client` and for whoever writes another client.

use std::{fs, io, path::Path};

use owlpost_domain::{Comment, ErrorCode, EventName, Incident, Notification, User, payload};
use owlpost_gateway::ClientCall;
use ts_rs::{Config, ExportError, TS};

use crate::hub_types::write_hub_as_typescript;

/// Writes one file per type into `folder`, an `index.ts` of them all, and `hub.ts`, which names them for SignalR.
pub fn write_typescript_types_into(folder: &Path) -> io::Result<()> {
    let config = Config::new().with_out_dir(folder).with_large_int("number");
    export_every_payload_type(&config).map_err(io::Error::other)?;
    let mut names: Vec<String> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".ts").map(str::to_owned))
        // Files of types are named as they are; the others are made of them, or of the OpenAPI document.
        .filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
        .collect();
    names.sort();
    let index: String =
        names.iter().map(|name| format!("export type {{ {name} }} from \"./{name}\";\n")).collect();
    fs::write(folder.join("index.ts"), index)?;
    fs::write(folder.join("hub.ts"), write_hub_as_typescript(&config).map_err(io::Error::other)?)
}

fn export_every_payload_type(config: &Config) -> Result<(), ExportError> {
    macro_rules! export {
        ($($ty:ty),+ $(,)?) => { $(<$ty as TS>::export_all(config)?;)+ };
    }
    export![User, Incident, Comment, Notification, ErrorCode, payload::Durable,];
    EventName::export_payload_types_to(config)?;
    ClientCall::ALL.iter().try_for_each(|call| call.export_types_of_call(config).map(drop))
}
