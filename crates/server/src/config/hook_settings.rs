//! Options of the hooks, where tools deliver their alerts.

use clap::Args;
use owlpost_domain::alert_rules::{HookRules, SeverityMap, Template};

use super::parse_value::parse_switch_on_or_off;

/// Alerts that come in.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Alerts")]
pub struct HookSettings {
    /// Title of an incident that alerts become: text with places such as {{ labels.alertname | annotations.summary | "Alert" }},
    /// each filled with the first of its alternatives that is not empty
    #[arg(long, env = "HOOK_TITLE", default_value = HookRules::DEFAULT_TITLE, value_parser = str::parse::<Template>)]
    pub hook_title: Template,
    /// Label that says how bad an alert is
    #[arg(long, env = "HOOK_SEVERITY_LABEL", default_value = HookRules::DEFAULT_SEVERITY_LABEL)]
    pub hook_severity_label: String,
    /// What its values mean, separated by commas; * stands for every other, and for none
    #[arg(long, env = "HOOK_SEVERITIES", default_value = HookRules::DEFAULT_SEVERITIES,
          value_parser = str::parse::<SeverityMap>)]
    pub hook_severities: SeverityMap,
    /// Whether an incident is resolved when all its alerts have ended; without, that is a comment
    #[arg(long, env = "HOOK_RESOLVES", value_parser = parse_switch_on_or_off, default_value = "true",
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub hook_resolves: bool,
}

impl HookSettings {
    /// What the domain takes.
    pub fn to_hook_rules(&self) -> HookRules {
        HookRules {
            title: self.hook_title.clone(),
            severity_label: self.hook_severity_label.trim().to_owned(),
            severities: self.hook_severities.clone(),
            resolves: self.hook_resolves,
        }
    }
}
