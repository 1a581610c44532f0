//! The report as a page that stands alone: no script, nothing loaded, made to be printed.

use super::Verdict;
use super::sheet::{Block, Sheet, Table};
use crate::catalogue::Language;
use std::fmt::Write as _;
use std::io::{self, Write};

/// What a report in HTML may do (CSP 3): nothing but the style in it.
pub const HTML_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

const STYLE: &str = "
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid #767676; } h3, h4 { font-size: 1rem; }
.answer { font-size: 1.15rem; padding: .8rem 1rem; border: 1px solid; border-left-width: .5rem; }
.passed { border-color: #1b6e2d; } .failed, .unreadable { border-color: #a4001a; } .indeterminate, .unsigned { border-color: #8a5a00; }
dl { display: grid; grid-template-columns: minmax(9rem, 30%) 1fr; gap: .15rem 1rem; } dt { color: #444; } dd { margin: 0; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; margin: 1rem 0; font-size: .9rem; } caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem .25rem 0; border-bottom: 1px solid #ccc; font-weight: 400; } thead th { font-weight: 600; }
@media (max-width: 40rem) { table { font-size: .75rem; hyphens: auto; } dl { display: block; } dd { margin: 0 0 .4rem; } }
@media print {
@page { size: A4; margin: 13mm 14mm; }
:root { font-size: 9pt; } body { font-size: 1rem; line-height: 1.35; max-width: none; margin: 0; padding: 0; }
h1 { margin: 0 0 .6rem; } h2 { margin: 1rem 0 .3rem; } h3, h4 { margin: .7rem 0 .2rem; } p, dl { margin: .4rem 0; } dl { gap: 0 1rem; }
.answer { padding: .4rem .8rem; } table { font-size: .88rem; line-height: 1.25; margin: .6rem 0; } th, td { padding: .1rem .5rem .1rem 0; }
tr, .answer { break-inside: avoid; } h2, h3, h4, caption, thead { break-after: avoid; }
}
";

/// Writes the report in a language.
///
/// # Errors
/// Those of the writer.
pub fn write_html(verdict: &Verdict, language: Language, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(page(&Sheet::of(verdict, language)).as_bytes())
}

fn page(sheet: &Sheet) -> String {
    let mut html = String::new();
    let (tag, title) = (sheet.language.tag(), escaped(&sheet.title));
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    for block in &sheet.blocks {
        write_block(block, &mut html);
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn write_block(block: &Block, html: &mut String) {
    let _ = match block {
        Block::Heading(level, text) => writeln!(html, "<h{level}>{}</h{level}>", escaped(text)),
        Block::Answer(overall, text) => {
            writeln!(html, "<p class=\"answer {}\">{}</p>", overall.as_str(), escaped(text))
        }
        Block::Text(text) => writeln!(html, "<p>{}</p>", escaped(text)),
        Block::Facts(facts) => {
            html.push_str("<dl>\n");
            for (name, value) in facts {
                let _ = writeln!(html, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value));
            }
            writeln!(html, "</dl>")
        }
        Block::Table(table) => write_table(table, html),
    };
}

fn write_table(table: &Table, html: &mut String) -> std::fmt::Result {
    writeln!(html, "<table>\n<caption>{}</caption>\n<colgroup>", escaped(&table.caption))?;
    let shares: u16 = table.columns.iter().map(|(_, share)| u16::from(*share)).sum();
    for (_, share) in &table.columns {
        let percent = u16::from(*share).saturating_mul(100).checked_div(shares).unwrap_or_default();
        write!(html, "<col style=\"width:{percent}%\">")?;
    }
    writeln!(html, "</colgroup>\n<thead><tr>")?;
    for (name, _) in &table.columns {
        write!(html, "<th scope=\"col\">{}</th>", escaped(name))?;
    }
    writeln!(html, "</tr></thead>\n<tbody>")?;
    for row in &table.rows {
        html.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            match index {
                0 => write!(html, "<th scope=\"row\">{cell}</th>")?,
                _ => write!(html, "<td>{cell}</td>")?,
            }
        }
        html.push_str("</tr>\n");
    }
    writeln!(html, "</tbody>\n</table>")
}

/// Text between tags; what turns or hides text is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in super::text::plain(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
