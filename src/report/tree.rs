//! `--explain`: everything that was looked at on a seal, as a tree, and what its verdict means.

use super::explain::{self, Block};
use super::palette::{Palette, painted};
use super::text::plain;
use super::{CertificateSummary, RevocationSummary, Seal, TimestampSummary};
use crate::finding::{Finding, Status};
use std::io::{self, Write};

/// A line with those that belong to it.
struct Node {
    text: String,
    children: Vec<Node>,
}

impl Node {
    fn leaf(text: String) -> Self {
        Self { text, children: Vec::new() }
    }
}

/// Writes the tree of a seal, indented.
pub(super) fn write_tree(seal: &Seal, palette: &Palette, out: &mut dyn Write) -> io::Result<()> {
    let mut roots: Vec<Node> = Block::ALL.into_iter().filter_map(|one| block(one, seal, palette)).collect();
    roots.extend(branch(
        "Chain of certificates",
        seal.certificates.iter().map(|one| certificate(one, palette)),
        palette,
    ));
    roots.extend(branch(
        "Time-stamps in it",
        seal.timestamps.iter().map(|one| timestamp(one, palette)),
        palette,
    ));
    roots.extend(branch(
        "Revocation data used",
        seal.revocation.iter().map(|one| revocation(one, palette)),
        palette,
    ));
    write_nodes(&roots, "    ", out)?;
    if let Some(meaning) = seal.sub_indication.and_then(explain::of_sub_indication) {
        writeln!(out, "    {}: {}", painted(palette.strong, meaning.word), meaning.means)?;
        writeln!(out, "    {} {}", painted(palette.strong, "What to do:"), meaning.advice)?;
    }
    Ok(())
}

fn write_nodes(nodes: &[Node], indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let last = nodes.len().saturating_sub(1);
    for (index, node) in nodes.iter().enumerate() {
        let (here, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        writeln!(out, "{indent}{here}{}", node.text)?;
        write_nodes(&node.children, &[indent, below].concat(), out)?;
    }
    Ok(())
}

/// A building block with its findings; those that did not run share a line.
fn block(block: Block, seal: &Seal, palette: &Palette) -> Option<Node> {
    let mine = || seal.findings.iter().filter(|finding| Block::of(finding.check) == block);
    let ran = || mine().filter(|finding| finding.status != Status::NotRun);
    let mut children: Vec<Node> = ran().map(|finding| one(finding, palette)).collect();
    let mut idle: Vec<&str> =
        mine().filter(|one| one.status == Status::NotRun).map(|one| one.check).collect();
    idle.dedup();
    if !idle.is_empty() {
        children
            .push(Node::leaf(painted(palette.faint, format!("- not run: {}", idle.join(", "))).to_string()));
    }
    let worst = ran().map(|finding| finding.status).max_by_key(|status| badness(*status));
    let worst = worst.unwrap_or(Status::NotRun);
    let (title, clause) = block.title();
    let text = format!("{} [{clause}]", painted(palette.status(worst), format!("{} {title}", mark(worst))));
    (!children.is_empty()).then_some(Node { text, children })
}

fn badness(status: Status) -> u8 {
    match status {
        Status::NotRun => 0,
        Status::Passed => 1,
        Status::Warning => 2,
        Status::Failed => 3,
    }
}

fn mark(status: Status) -> &'static str {
    match status {
        Status::Passed => "✓",
        Status::Failed => "✗",
        Status::Warning => "!",
        Status::NotRun => "-",
    }
}

/// A finding: what holds, or what does not and what can be done.
fn one(finding: &Finding, palette: &Palette) -> Node {
    let meanings = explain::explain(finding.check).unwrap_or_default();
    let meaning = meanings.into_iter().find(|meaning| meaning.word == finding.check);
    let name = painted(palette.status(finding.status), format!("{} {}", mark(finding.status), finding.check));
    let holds = finding.status == Status::Passed;
    let means = meaning.as_ref().map_or("", |meaning| meaning.means);
    let detail = plain(&finding.detail.to_string());
    let text = match (holds, detail.is_empty()) {
        (true, true) => format!("{name}: {means} [{}]", finding.clause),
        (true, false) => format!("{name}: {detail}: {means} [{}]", finding.clause),
        (false, _) => format!("{name}: {detail} [{}]", finding.clause),
    };
    let mut node = Node::leaf(text);
    if let (false, Some(meaning)) = (holds, meaning) {
        node.children.push(Node::leaf(format!("asked: {}", meaning.means)));
        node.children.push(Node::leaf(meaning.advice.to_owned()));
    }
    node
}

/// A branch, where there is something on it.
fn branch(title: &str, leaves: impl Iterator<Item = String>, palette: &Palette) -> Option<Node> {
    let children: Vec<Node> = leaves.map(Node::leaf).collect();
    (!children.is_empty()).then(|| Node { text: painted(palette.strong, title).to_string(), children })
}

fn certificate(one: &CertificateSummary, palette: &Palette) -> String {
    let anchor =
        if one.trusted { painted(palette.good, ", trust anchor").to_string() } else { String::new() };
    format!("{}, {} to {}{anchor}", plain(&one.subject), one.not_before, one.not_after)
}

fn timestamp(one: &TimestampSummary, palette: &Palette) -> String {
    let verdict = painted(palette.indication(Some(one.indication)), one.indication);
    let time = one.time.map_or_else(|| "no time".to_owned(), |time| time.to_string());
    let by = one.produced_by.as_deref().map(|by| format!(", by {}", plain(by))).unwrap_or_default();
    let why = one.sub_indication.map(|sub| format!(" {sub}")).unwrap_or_default();
    format!("{}: {time}{by}: {verdict}{why}; {}", one.kind, one.qualification)
}

fn revocation(one: &RevocationSummary, palette: &Palette) -> String {
    let style = if one.status == "good" { palette.good } else { palette.bad };
    let next = one.next_update.map(|next| format!(" to {next}")).unwrap_or_default();
    let fetched = one.fetched.map(|time| format!(", fetched {time}")).unwrap_or_default();
    let certificate = one.certificate.get(..16).unwrap_or(&one.certificate);
    let status = painted(style, one.status);
    format!("{} of {}{next}: {status} for certificate {certificate}{fetched}", one.kind, one.this_update)
}
