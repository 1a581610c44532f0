//! One SVG for a scenario: latency, throughput and memory over time.

use crate::number::{real, real_len};
use crate::record::Point;
use crate::run::Ran;
use std::fmt::Write;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 130.0;
const PANEL: f64 = 180.0;
const GAP: f64 = 50.0;

/// A line of a panel; `None` interrupts it.
struct Line {
    name: &'static str,
    colour: &'static str,
    values: Vec<(f64, Option<f64>)>,
}

/// A pair of axes with lines.
struct Panel {
    title: &'static str,
    logarithmic: bool,
    lines: Vec<Line>,
}

/// The plot of a scenario.
///
/// # Errors
/// Formatting fails.
pub(super) fn svg(ran: &Ran) -> Result<String, std::fmt::Error> {
    let seconds = ran.scenario.seconds();
    let panels = [latency(ran), throughput(ran), memory(ran)];
    let height = (PANEL + GAP) * real_len(panels.len()) + 20.0;
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>"#
    );
    let mut top = GAP - 10.0;
    for panel in &panels {
        draw(&mut out, panel, ran, seconds, top)?;
        top += PANEL + GAP;
    }
    out.push_str("</svg>\n");
    Ok(out)
}

/// Points of whole intervals; the last collects what came after the end.
fn series(ran: &Ran, value: impl Fn(&Point) -> Option<f64>) -> Vec<(f64, Option<f64>)> {
    let whole = ran.record.points.len().saturating_sub(1);
    let points = ran.record.points.iter().take(whole).enumerate();
    points.map(|(index, point)| ((real_len(index) + 0.5) * ran.record.interval, value(point))).collect()
}

fn latency(ran: &Ran) -> Panel {
    let quantile = |quantile: f64| {
        series(ran, |point| {
            let some = !point.latency.is_empty();
            some.then(|| real(point.latency.value_at_quantile(quantile)) / 1e3)
        })
    };
    Panel {
        title: "latency of 200 since due, ms",
        logarithmic: true,
        lines: vec![
            Line { name: "p50", colour: "#1b7837", values: quantile(0.5) },
            Line { name: "p99", colour: "#2166ac", values: quantile(0.99) },
            Line { name: "max", colour: "#b2182b", values: quantile(1.0) },
        ],
    }
}

fn throughput(ran: &Ran) -> Panel {
    let a_second =
        |count: fn(&Point) -> u64| series(ran, |point| Some(real(count(point)) / ran.record.interval));
    Panel {
        title: "requests a second",
        logarithmic: false,
        lines: vec![
            Line { name: "offered", colour: "#999999", values: a_second(|point| point.offered) },
            Line { name: "200", colour: "#1b7837", values: a_second(|point| point.good) },
            Line { name: "503", colour: "#b2182b", values: a_second(|point| point.refused) },
        ],
    }
}

fn memory(ran: &Ran) -> Panel {
    let mib = |bytes: u64| Some(real(bytes) / 1_048_576.0);
    let values =
        ran.samples.iter().map(|sample| (sample.at.as_secs_f64(), mib(sample.server.resident))).collect();
    let title = "resident memory of the server, MiB";
    Panel { title, logarithmic: false, lines: vec![Line { name: "resident", colour: "#762a83", values }] }
}

fn draw(out: &mut String, panel: &Panel, ran: &Ran, seconds: f64, top: f64) -> std::fmt::Result {
    let (right, bottom) = (WIDTH - RIGHT, top + PANEL);
    let (low, high) = bounds(panel);
    let x = |at: f64| LEFT + (right - LEFT) * (at / seconds).clamp(0.0, 1.0);
    let scale = |value: f64| if panel.logarithmic { value.max(low).log10() } else { value };
    let y = |value: f64| bottom - PANEL * (scale(value) - scale(low)) / (scale(high) - scale(low));
    write!(out, r#"<text x="{LEFT}" y="{}" font-weight="bold">{}</text>"#, top - 8.0, panel.title)?;
    for value in ticks(panel, low, high) {
        let y = y(value);
        write!(out, r##"<path d="M{LEFT} {y:.1}H{right}" stroke="#dddddd"/>"##)?;
        write!(
            out,
            r#"<text x="{}" y="{:.1}" text-anchor="end">{}</text>"#,
            LEFT - 6.0,
            y + 4.0,
            short(value)
        )?;
    }
    let mut starts = 0.0;
    for phase in &ran.scenario.phases {
        let at = x(starts);
        write!(out, r##"<path d="M{at:.1} {top}V{bottom}" stroke="#888888" stroke-dasharray="3 3"/>"##)?;
        write!(
            out,
            r##"<text x="{:.1}" y="{}" fill="#555555">{}</text>"##,
            at + 3.0,
            top + 12.0,
            escape(&phase.name)
        )?;
        starts += phase.seconds;
    }
    write!(
        out,
        r#"<text x="{LEFT}" y="{0}">0</text><text x="{right}" y="{0}" text-anchor="end">{seconds} s</text>"#,
        bottom + 15.0
    )?;
    write!(out, r##"<path d="M{LEFT} {top}V{bottom}H{right}" fill="none" stroke="#333333"/>"##)?;
    let mut legend = top + 20.0;
    for line in &panel.lines {
        let mut path = String::new();
        let mut pen_up = true;
        for (at, value) in &line.values {
            let Some(value) = value else {
                pen_up = true;
                continue;
            };
            write!(path, "{}{:.1} {:.1}", if pen_up { 'M' } else { 'L' }, x(*at), y(*value))?;
            pen_up = false;
        }
        write!(
            out,
            r#"<path d="{path}" fill="none" stroke="{}" stroke-width="1.5" stroke-linecap="round"/>"#,
            line.colour
        )?;
        write!(
            out,
            r#"<text x="{}" y="{legend}" fill="{}">{}</text>"#,
            right + 10.0,
            line.colour,
            line.name
        )?;
        legend += 18.0;
    }
    Ok(())
}

/// The lowest and highest value of the axis.
fn bounds(panel: &Panel) -> (f64, f64) {
    let values = || panel.lines.iter().flat_map(|line| line.values.iter().filter_map(|(_, value)| *value));
    let high = values().fold(0.0, f64::max);
    if panel.logarithmic {
        let low = values().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
        let low = if low.is_finite() { 10_f64.powf(low.log10().floor()) } else { 0.1 };
        return (low, 10_f64.powf(high.max(low * 10.0).log10().ceil()));
    }
    let step = step(high.max(1e-3));
    (0.0, (high / step).ceil().max(1.0) * step)
}

fn ticks(panel: &Panel, low: f64, high: f64) -> Vec<f64> {
    let step = step(high);
    let next = |value: &f64| Some(if panel.logarithmic { value * 10.0 } else { value + step });
    std::iter::successors(Some(low), next).take_while(|value| *value <= high * 1.001).take(20).collect()
}

/// 1, 2 or 5 times a power of ten that gives up to about five steps.
fn step(high: f64) -> f64 {
    let power = 10_f64.powf((high / 5.0).log10().floor());
    [1.0, 2.0, 5.0].map(|m| m * power).into_iter().find(|step| high / step <= 5.0).unwrap_or(10.0 * power)
}

fn short(value: f64) -> String {
    if value >= 1.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value}") }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(logarithmic: bool, values: &[f64]) -> Panel {
        let values = values.iter().map(|value| (0.0, Some(*value))).collect();
        Panel { title: "", logarithmic, lines: vec![Line { name: "", colour: "", values }] }
    }

    #[test]
    fn axes_hold_every_value_and_have_round_ticks() {
        let linear = panel(false, &[3.0, 872.0]);
        assert_eq!(bounds(&linear), (0.0, 1000.0));
        assert_eq!(ticks(&linear, 0.0, 1000.0), [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]);
        let decades = panel(true, &[0.3, 42.0]);
        let (low, high) = bounds(&decades);
        assert!((low - 0.1).abs() < 1e-9 && (high - 100.0).abs() < 1e-9);
        assert_eq!(ticks(&decades, low, high).len(), 4);
        assert_eq!(bounds(&panel(true, &[])), (0.1, 1.0));
        assert_eq!(bounds(&panel(false, &[])).0, 0.0);
    }
}
