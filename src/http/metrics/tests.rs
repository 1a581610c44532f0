//! Labels are bounded whatever comes, and a flood is a line and a count a minute.

use super::refusals::Refused;
use super::verdicts::qualification;
use super::*;
use crate::report::{Overall, Seal};
use crate::validation::TrustedService;
use std::io::Write;
use tracing_subscriber::fmt::MakeWriter;

fn series(metrics: &Metrics, name: &str) -> usize {
    let families = metrics.registry.gather();
    families.iter().filter(|family| family.name() == name).map(|family| family.get_metric().len()).sum()
}

#[test]
fn a_thousand_values_that_nobody_foresaw_are_one_series() {
    let metrics = Metrics::new().unwrap();
    let (time, detail) = (Time::from_seconds(0), crate::catalogue::Words::NONE);
    let finding = || {
        crate::finding::Finding::new(
            "x",
            crate::finding::Status::Failed,
            detail.clone(),
            "EN 319 102-1, 5.1.3",
        )
    };
    let mut seals = Vec::new();
    for number in 0..1000 {
        let mut seal = Seal::undecided(finding(), time);
        seal.qualification = format!("hostile {number}");
        let territory = format!("<{number}>");
        seal.trusted_service = Some(TrustedService {
            territory,
            provider: "Jane Doe".into(),
            service: "Jane Doe".into(),
            service_type: String::new(),
            status: String::new(),
        });
        seals.push(seal);
    }
    let pipeline = crate::pipeline::Pipeline::new(
        Arc::new(crate::trust::Snapshot::without_lists(&crate::trust::domain::Domain::eu().unwrap())),
        Arc::default(),
    );
    let mut verdict = pipeline.unreadable("Jane Doe", &crate::pipeline::Request::at(time));
    verdict.seals = seals;
    verdict.verdict = Overall::Failed;
    metrics.verdict(&verdict);
    for name in ["sealgate_seals_total", "sealgate_seal_indications_total", "sealgate_verdicts_total"] {
        assert_eq!(series(&metrics, name), 1, "{name}");
    }
    let one = metrics.registry.gather();
    let one = one.iter().find(|family| family.name() == "sealgate_seals_total").unwrap();
    assert_eq!(one.get_metric()[0].get_counter().get_value(), 1000.0);
    let labels: Vec<&str> = one.get_metric()[0].get_label().iter().map(|label| label.value()).collect();
    assert_eq!(labels, ["none", "none", "other", "other"], "format, indication, qualification, territory");
}

#[test]
fn territories_are_told_apart_up_to_a_bound_and_qualifications_as_they_are() {
    let registry = Registry::new();
    let verdicts = Verdicts::new(&Maker(&registry)).unwrap();
    assert_eq!(verdicts.territory("EE"), "EE");
    let letters = || (b'A'..=b'Z').map(char::from);
    let all = letters().flat_map(|first| letters().map(move |second| format!("{first}{second}")));
    let told: std::collections::BTreeSet<String> = all.map(|one| verdicts.territory(&one)).collect();
    assert_eq!(told.len(), 65, "64 and `other`");
    assert_eq!(verdicts.territory("EE"), "EE");
    assert_eq!(qualification("QESeal"), "QESeal");
    assert_eq!(qualification("qeseal"), "other");
}

/// What was logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_refusals_is_a_line_and_then_a_count_a_minute() {
    let lines = Lines::default();
    let log = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    let _log = tracing::subscriber::set_default(log);
    let metrics = Metrics::new().unwrap();
    let take = || String::from_utf8(std::mem::take(&mut *lines.0.lock().unwrap())).unwrap();
    for number in 0..1000 {
        metrics.refused(Refused::ProxyHeader, &format!("no header {number}"));
        metrics.refused(Refused::Request("wrong-key"), &"wrong-key");
        metrics.refused(Refused::Request("no-key"), &"no-key");
    }
    let said = take();
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.contains("connection refused; ") && said.contains("a key was refused; "), "{said}");
    tokio::time::sleep(Duration::from_secs(61)).await;
    let said = take();
    assert!(said.contains("connection refused: so many more within a minute count=999"), "{said}");
    assert_eq!(said.lines().count(), 2, "{said}");
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(take(), "", "it is over");
    metrics.refused(Refused::ProxyHeader, &"again");
    assert_eq!(take().lines().count(), 1);
    let counted = |reason: &str| {
        let families = metrics.registry.gather();
        let all = families.iter().filter(|family| family.name().ends_with("_refused_total"));
        let mut all = all.flat_map(|family| family.get_metric());
        let of = |metric: &&prometheus::proto::Metric| metric.get_label()[0].value() == reason;
        all.find(of).map(|metric| metric.get_counter().get_value())
    };
    assert_eq!(counted("proxy-header"), Some(1001.0));
    assert_eq!((counted("wrong-key"), counted("no-key")), (Some(1000.0), Some(1000.0)));
}
