//! What `sealgate serve` is told: flags, over environment variables, over the file, over what holds otherwise.

use super::clients::ClientsSource;
use super::logging::LogSection;
use super::online::FetchArgs;
use super::receipts::ReceiptSection;
use super::refresh::Refresh;
use super::registers::RegisterSource;
use super::sync::MirrorSource;
use super::{Failure, TrustSource, exit, policy};
use crate::config::{
    Document, Limits, Listen, Mistake, Planned, Seconds, Shared, TlsSection, UnixSection, Wrong, given,
    overlay, plan,
};
use crate::credential::accreditation::Registers;
use crate::fetch::Library;
use crate::http::{Address, Bounds, Clients, ClientsSettings, Policies};
use crate::receipt::Signer;
use crate::report::AcceptancePolicy;
use crate::validation::Policy;
use clap::{Args, Command};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use toml::{Table, Value};

/// Everything that can be set. `deploy/sealgate.toml` explains each key.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Settings {
    /// Where to listen: an address, `unix:` and a path, or `systemd:` and a passed socket's name; may be repeated.
    /// 127.0.0.1:8080 otherwise.
    #[arg(long, value_name = "ADDR", env = "SEALGATE_LISTEN", value_delimiter = '\n')]
    listen: Vec<Listen>,
    /// Let anybody use the service who can connect, even from other machines.
    #[arg(
        long,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_possible_values = true,
        value_name = "BOOL",
        env = "SEALGATE_ALLOW_UNAUTHENTICATED"
    )]
    allow_unauthenticated: Option<bool>,
    #[command(flatten)]
    unix: UnixSection,
    #[command(flatten)]
    tls: TlsSection,
    #[command(flatten)]
    trust: TrustSection,
    #[command(flatten)]
    verification: VerificationSection,
    #[command(flatten)]
    receipt: ReceiptSection,
    /// `[clients]`: who may ask.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    clients: Option<ClientsSettings>,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    fetch: FetchArgs,
    #[command(flatten)]
    log: LogSection,
}

/// `[trust]`.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct TrustSection {
    #[command(flatten)]
    #[serde(flatten)]
    source: TrustSource,
    #[command(flatten)]
    #[serde(flatten)]
    mirror: MirrorSource,
    /// Seconds between two looks at whether trusted lists changed, a tenth more or less, and sooner where a list is due
    /// or failed; 0: never. 21600 otherwise.
    #[arg(long, value_name = "S", env = "SEALGATE_REFRESH")]
    refresh: Option<Seconds>,
}

/// Between two looks at the lists, where nothing is said.
const REFRESH: Seconds = Seconds(Duration::from_secs(21600));

/// `[verification]`.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct VerificationSection {
    /// The validation policy: `default`, which holds otherwise, `qualified-seal`, or a file; further ones can be asked
    /// for by name.
    #[arg(long, value_name = "NAME|FILE", env = "SEALGATE_POLICY", value_delimiter = '\n')]
    policy: Vec<String>,
    /// The acceptance policy: `default`, which holds otherwise, `admissions`, or a file; further ones can be asked for
    /// by name.
    #[arg(long, value_name = "NAME|FILE", env = "SEALGATE_ACCEPTANCE", value_delimiter = '\n')]
    acceptance: Vec<String>,
    #[command(flatten)]
    #[serde(flatten)]
    registers: RegisterSource,
    /// Threads that verify; the number of processors otherwise.
    #[arg(long, value_name = "N", env = "SEALGATE_THREADS")]
    threads: Option<NonZeroUsize>,
}

/// More threads than any machine has use for.
const MOST_THREADS: usize = 1024;

impl Settings {
    /// What holds where nothing is said; the number of threads is the machine's.
    fn defaults() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        Self {
            listen: vec![Listen { address: Some(Address::Tcp(address)), ..Listen::default() }],
            allow_unauthenticated: Some(false),
            unix: UnixSection { mode: "660".parse().ok(), ..UnixSection::default() },
            tls: TlsSection::default(),
            trust: TrustSection {
                source: TrustSource::defaults(),
                mirror: MirrorSource::default(),
                refresh: Some(REFRESH),
            },
            verification: VerificationSection {
                policy: vec![Policy::BUILT_IN[0].to_owned()],
                acceptance: vec![AcceptancePolicy::BUILT_IN[0].to_owned()],
                ..VerificationSection::default()
            },
            receipt: ReceiptSection::default(),
            clients: None,
            limits: Limits::defaults(),
            fetch: FetchArgs::defaults(),
            log: LogSection::defaults(),
        }
    }
}

/// Where the settings of a command come from.
#[derive(Debug, Args)]
pub(super) struct Sources {
    /// The configuration file; deploy/sealgate.toml is one that explains every key. Flags count more, and before the
    /// file the environment variables named here; where several values can be given, a variable has one a line.
    #[arg(long, value_name = "FILE", env = "SEALGATE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    clients: ClientsSource,
    #[command(flatten)]
    given: Settings,
}

/// The settings that hold in effect, and where each is from.
#[derive(Debug)]
pub(super) struct Effective {
    settings: Settings,
    /// The same as TOML.
    pub(super) table: Table,
    /// What flags and environment give.
    given: Table,
    document: Option<Document>,
}

impl Sources {
    /// Reads the file, and lays flags and environment over it.
    ///
    /// # Errors
    /// All mistakes in the file.
    pub(super) fn read(&self) -> Result<Effective, Failure> {
        let document = self.config.as_deref().map(Document::read::<Settings>).transpose();
        let document = document.map_err(|mistakes| all(mistakes.iter().map(Mistake::to_string)))?;
        let given = given(&self.given).map_err(Failure::usage)?;
        let mut table = self::given(&Settings::defaults()).map_err(Failure::usage)?;
        if let Some(document) = &document {
            overlay(&mut table, document.values().clone());
        }
        overlay(&mut table, given.clone());
        let settings = Settings::deserialize(Value::Table(table.clone()));
        let mut settings = settings.map_err(|error| Failure::usage(error.message()))?;
        settings.clients = self.clients.read()?.or(settings.clients);
        Ok(Effective { settings, table, given, document })
    }
}

/// Everything that the service is made of, read and checked; nothing is bound.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) listeners: Vec<Planned>,
    pub(super) policies: Policies,
    /// Whose names of policies are among these.
    pub(super) clients: ClientsSettings,
    pub(super) registers: Registers,
    /// Signs receipts; `None` where no key is named.
    pub(super) signer: Option<Signer>,
    pub(super) library: Option<Library>,
    pub(super) bounds: Bounds,
    pub(super) queue: usize,
    pub(super) threads: usize,
    pub(super) refresh: Refresh,
}

impl Effective {
    /// How the service logs.
    pub(super) fn log(&self) -> &LogSection {
        &self.settings.log
    }

    /// Reads all that the settings name. Sockets of these names were passed by the service manager.
    ///
    /// # Errors
    /// All mistakes.
    pub(super) fn prepare(&self, passed: &[String], runtime: Handle) -> Result<Prepared, Failure> {
        let Settings { trust, verification, receipt, limits, fetch, .. } = &self.settings;
        let mut failures: Vec<Failure> = trust.source.check();
        let listeners = self.listeners(passed).map_err(|wrong| self.tell(&wrong, &mut failures)).ok();
        let bounds = limits.bounds().map_err(|wrong| self.tell(&wrong, &mut failures)).ok();
        let mut keep = |failure| failures.push(failure);
        let policies = policies(verification).map_err(&mut keep).ok();
        let clients = self.settings.clients.clone().unwrap_or_else(ClientsSettings::local_only);
        let checked = policies.as_ref().map(|policies| Clients::new(&clients, &policies.names()));
        for why in checked.and_then(Result::err).into_iter().flatten() {
            keep(Failure::usage(format!("clients: {why}")));
        }
        let registers = verification.registers.read().map_err(&mut keep).ok();
        let signer = receipt.signer().map_err(&mut keep).ok();
        let library = fetch.library().map_err(&mut keep).ok();
        let fetcher = trust.mirror.fetcher(fetch, runtime).map_err(&mut keep).ok();
        let cores = || std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        let threads = verification.threads.map_or_else(cores, NonZeroUsize::get);
        if threads > MOST_THREADS {
            keep(Failure::usage(format!("--threads: more than {MOST_THREADS}")));
        }
        if let (
            Some(listeners),
            Some((bounds, queue)),
            Some(policies),
            Some(registers),
            Some(signer),
            Some(library),
            Some(fetcher),
            [],
        ) = (listeners, bounds, policies, registers, signer, library, fetcher, &*failures)
        {
            let interval = trust.refresh.unwrap_or(REFRESH).0;
            let refresh = Refresh { trust: trust.source.clone(), fetcher, interval };
            return Ok(Prepared {
                listeners,
                policies,
                clients,
                registers,
                signer,
                library,
                bounds,
                queue,
                threads,
                refresh,
            });
        }
        let usage = failures.iter().any(|failure| failure.code == exit::USAGE);
        let mut told: Vec<String> = Vec::new();
        for failure in failures {
            let text = self.placed(failure.message);
            // Two readers of one file say the same of it.
            if !told.contains(&text) {
                told.push(text);
            }
        }
        Err(Failure { code: if usage { exit::USAGE } else { exit::TRUST }, ..all(told.into_iter()) })
    }

    fn listeners(&self, passed: &[String]) -> Result<Vec<Planned>, Vec<Wrong>> {
        let Settings { listen, allow_unauthenticated, unix, tls, .. } = &self.settings;
        let inherited: Vec<Listen>;
        let said = self.given.contains_key("listen")
            || self.document.as_ref().is_some_and(|document| document.values().contains_key("listen"));
        let listen = if said || passed.is_empty() {
            listen
        } else {
            let mut names = passed.to_vec();
            names.dedup();
            let address = |name| Some(Address::Inherited(name));
            inherited = names
                .into_iter()
                .map(|name| Listen { address: address(name), ..Listen::default() })
                .collect();
            &inherited
        };
        let anonymous = allow_unauthenticated.unwrap_or(false);
        let authentication = self.settings.clients.as_ref().is_some_and(ClientsSettings::serve_others);
        plan(listen, Shared { unix, tls, anonymous, authentication })
    }

    fn tell(&self, wrong: &[Wrong], failures: &mut Vec<Failure>) {
        failures.extend(wrong.iter().map(|Wrong { key, why }| {
            let listener = key.strip_prefix("listen[").and_then(|rest| rest.split_once(']')?.0.parse().ok());
            let listener = listener.and_then(|index: usize| self.settings.listen.get(index));
            match (&self.document, flag_of(key)) {
                _ if self.given.contains_key("listen") && listener.is_some() => {
                    let address = listener.and_then(|listen| listen.address.as_ref());
                    let address = address.map(ToString::to_string).unwrap_or_default();
                    Failure::usage(format!("--listen {address}: {why}"))
                }
                (_, Some(flag)) => Failure::usage(format!("{flag}: {why}")),
                (Some(document), None) => Failure::usage(document.mistake(key, why).to_string()),
                (None, None) => Failure::usage(format!("{key}: {why}")),
            }
        }));
    }

    /// What is said of a flag, said of the file's key instead, where the value is from there.
    fn placed(&self, message: String) -> String {
        let end = message.find([' ', ':']).unwrap_or(message.len());
        let Some((document, (flag, rest))) = self.document.as_ref().zip(message.split_at_checked(end)) else {
            return message;
        };
        let mut keys = document.keys().filter(|key| flag_of(key).is_some_and(|of| of == flag));
        match keys.next() {
            Some(key) if !gives(&self.given, key) => {
                document.mistake(key, rest.trim_start_matches([':', ' '])).to_string()
            }
            _ => message,
        }
    }
}

/// Several failures as one, each on a line of its own.
fn all(told: impl Iterator<Item = String>) -> Failure {
    Failure::usage(told.collect::<Vec<_>>().join("\nsealgate: "))
}

/// Whether a table has a value at a key with its sections.
fn gives(table: &Table, key: &str) -> bool {
    match key.split_once('.') {
        Some((section, key)) => {
            table.get(section).and_then(Value::as_table).is_some_and(|table| gives(table, key))
        }
        None => table.contains_key(key),
    }
}

/// The flag over a key: `trust.lists` → `--trust-lists`, `limits.queue` → `--queue`.
fn flag_of(key: &str) -> Option<String> {
    let whole = key.replace(['.', '_'], "-");
    let last = key.rsplit('.').next().unwrap_or_default().replace('_', "-");
    let flags = Sources::augment_args(Command::new("sealgate"));
    let known = |name: &str| flags.get_arguments().any(|flag| flag.get_long() == Some(name));
    let name = [whole, last].into_iter().find(|name| !key.contains('[') && known(name))?;
    Some(format!("--{name}"))
}

fn policies(section: &VerificationSection) -> Result<Policies, Failure> {
    let acceptance = |name: &str| policy::read_acceptance(name).map(Arc::new);
    Ok(Policies {
        validation: named("--policy", &section.policy, Policy::BUILT_IN, policy::read, Policy::name)?,
        acceptance: named(
            "--acceptance",
            &section.acceptance,
            AcceptancePolicy::BUILT_IN,
            acceptance,
            AcceptancePolicy::name,
        )?,
    })
}

/// The policies named, then those built in; the first is followed where a request names none.
fn named<P, const N: usize>(
    option: &str,
    named: &[String],
    built_in: [&str; N],
    read: impl Fn(&str) -> Result<Arc<P>, Failure>,
    name_of: impl Fn(&P) -> &str,
) -> Result<Vec<Arc<P>>, Failure> {
    let mut policies: Vec<Arc<P>> = Vec::new();
    for name in named {
        let policy = read(name)
            .map_err(|failure| Failure { message: format!("{option}: {}", failure.message), ..failure })?;
        if policies.iter().any(|known| name_of(known) == name_of(&policy)) {
            return Err(Failure::usage(format!("{option} {name}: `{}` is named twice", name_of(&policy))));
        }
        policies.push(policy);
    }
    for name in built_in {
        if policies.iter().all(|known| name_of(known) != name) {
            policies.push(read(name)?);
        }
    }
    Ok(policies)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
