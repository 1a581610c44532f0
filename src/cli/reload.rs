//! Settings that are read anew on SIGHUP, while connections go on.

use super::notify;
use super::settings::{Effective, Prepared, Sources};
use crate::http::{Address, Service, Tls};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::signal::unix::Signal;
use toml::{Table, Value};

/// Whether a key holds anew at once; all others need a restart.
fn at_once(key: &str) -> bool {
    matches!(key, "verification.policy" | "verification.acceptance")
        || key.starts_with("tls.")
        || key.starts_with("clients.")
        || key.starts_with("receipt.")
        || (key.starts_with("listen[") && key.contains("].tls."))
}

/// What a running service was started with.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) sources: Sources,
    /// The settings in effect at the start.
    pub(super) table: Table,
    /// Where it listens, with what holds TLS there.
    pub(super) listeners: Vec<(Address, Option<Arc<Tls>>)>,
    /// The names of the sockets that were passed.
    pub(super) passed: Vec<String>,
}

/// Reads the settings anew each time that is `asked` (SIGHUP): policies, certificates and the key for receipts hold from then on. Settings
/// with a mistake change nothing.
pub(super) async fn on_hangup(running: Running, service: Arc<Service>, mut asked: Signal) {
    let running = Arc::new(running);
    while asked.recv().await.is_some() {
        notify::reloading();
        let (task, runtime) = (Arc::clone(&running), Handle::current());
        let read = tokio::task::spawn_blocking(move || {
            let effective = task.sources.read()?;
            let prepared = effective.prepare(&task.passed, runtime)?;
            Ok::<_, super::Failure>((effective, prepared))
        });
        match read.await {
            Ok(Ok((effective, prepared))) => running.take(&service, &effective, prepared),
            Ok(Err(failure)) => {
                tracing::error!(why = %failure.message, "settings are not read anew; the old ones stay");
            }
            Err(error) => tracing::error!(%error, "settings are not read anew; the old ones stay"),
        }
        // Before trust is in, that is for who loads it to say.
        if service.pipeline.load().is_some() {
            notify::ready();
        }
    }
}

impl Running {
    fn take(&self, service: &Service, effective: &Effective, prepared: Prepared) {
        // Checked with these very policies.
        if let Err(why) = service.clients.replace(&prepared.clients, &prepared.policies.names()) {
            tracing::error!(why = %why.join("; "), "clients stay as they were");
        }
        let names = prepared.policies.names().validation.join(", ");
        service.policies.store(Arc::new(prepared.policies));
        let before = service.signer.swap(prepared.signer.map(Arc::new));
        // A token takes its time to be let go of, and nobody here waits for it.
        tokio::task::spawn_blocking(move || drop(before));
        let mut restart = self.changed(&effective.table);
        for ((address, old), new) in self.listeners.iter().zip(&prepared.listeners) {
            match (old, &new.conditions.tls) {
                (Some(old), Some(new_tls)) if *address == new.address => old.replace(new_tls),
                (None, None) => {}
                // The one who listens there now keeps to what it began with.
                _ => restart.push(format!("TLS on {address}")),
            }
        }
        for key in restart {
            tracing::warn!(key, "changed, and needs a restart");
        }
        tracing::info!(
            validation = %names,
            "settings are read anew: policies, clients, certificates and the key for receipts"
        );
    }

    /// The keys whose values are others than at the start, and hold only after a restart.
    fn changed(&self, table: &Table) -> Vec<String> {
        let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
        flatten("", &self.table, &mut old);
        flatten("", table, &mut new);
        let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
        keys.filter(|key| old.get(*key) != new.get(*key) && !at_once(key)).cloned().collect()
    }
}

fn flatten(at: &str, table: &Table, into: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        match value {
            Value::Table(table) => flatten(&at, table, into),
            Value::Array(array) if array.iter().any(Value::is_table) => {
                for (index, value) in array.iter().enumerate() {
                    if let Value::Table(table) = value {
                        flatten(&format!("{at}[{index}]"), table, into);
                    }
                }
            }
            value => {
                into.insert(at, value.clone());
            }
        }
    }
}
