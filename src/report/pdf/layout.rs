//! Blocks on pages: first where every line goes, then the drawing, then the tree of tags over what was drawn.

use super::font::{Face, MISSING, Shaped};
use crate::report::Overall;
use crate::report::sheet::{Block, Sheet, Table};
use krilla::Document;
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind,
    TagTree,
};
use std::num::NonZeroU16;

/// A4, in points.
const WIDTH: f32 = 595.28;
const HEIGHT: f32 = 841.89;
const MARGIN: f32 = 48.0;
const TEXT_WIDTH: f32 = WIDTH - 2.0 * MARGIN;
/// From one line to the next, in sizes of the font.
const LEADING: f32 = 1.36;
/// Between two columns.
const GAP: f32 = 6.0;
/// Share of the names in a list of facts.
const NAMES: f32 = 0.28;

const BODY: f32 = 9.0;
const SMALL: f32 = 8.0;
const FOOT: f32 = 7.0;

const BLACK: (u8, u8, u8) = (26, 26, 26);
const GREY: (u8, u8, u8) = (190, 190, 190);

/// The way from blocks to pages.
pub(super) struct Layout<'l> {
    document: &'l mut Document,
    sheet: &'l Sheet,
    /// What stands below every page.
    footer: &'l str,
    regular: Face,
    bold: Face,
    pages: Vec<Vec<Mark>>,
    y: f32,
    /// The tree of tags; the root is the first.
    nodes: Vec<Branch>,
    headings: Vec<(String, usize, f32)>,
    /// Whether a letter was not in the font.
    replaced: bool,
}

/// Something on a page.
enum Mark {
    Line {
        x: f32,
        y: f32,
        size: f32,
        bold: bool,
        colour: (u8, u8, u8),
        shaped: Shaped,
        /// The tag that it belongs to, and its place among that one's children; none where it only repeats.
        owner: Option<(usize, usize)>,
    },
    Rule {
        y: f32,
    },
}

struct Branch {
    tag: Option<TagKind>,
    children: Vec<Child>,
}

enum Child {
    Branch(usize),
    /// Where a line will be, once it is drawn.
    Line(Option<Identifier>),
}

/// How text is set.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    bold: bool,
    colour: (u8, u8, u8),
}

impl Style {
    const BODY: Self = Self { size: BODY, bold: false, colour: BLACK };
    const SMALL: Self = Self { size: SMALL, bold: false, colour: BLACK };

    fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    fn leading(self) -> f32 {
        self.size * LEADING
    }
}

impl<'l> Layout<'l> {
    pub(super) fn new(document: &'l mut Document, sheet: &'l Sheet, footer: &'l str) -> Result<Self, String> {
        let root = Branch { tag: None, children: Vec::new() };
        Ok(Self {
            document,
            sheet,
            footer,
            regular: Face::regular()?,
            bold: Face::bold()?,
            pages: vec![Vec::new()],
            y: MARGIN,
            nodes: vec![root],
            headings: Vec::new(),
            replaced: false,
        })
    }

    pub(super) fn write(mut self) -> Result<(), String> {
        let sheet = self.sheet;
        self.heading(1, &sheet.title);
        for block in &sheet.blocks {
            match block {
                Block::Heading(level, text) => self.heading(u16::from(*level), text),
                Block::Answer(overall, text) => self.answer(*overall, text),
                Block::Text(text) => self.paragraph(text),
                Block::Facts(facts) => self.facts(facts),
                Block::Table(table) => self.table(table),
            }
        }
        if self.replaced {
            self.y += 6.0;
            self.paragraph(sheet.language.text("report.letters"));
        }
        self.draw()
    }

    fn paragraph(&mut self, text: &str) {
        let node = self.branch(0, Tag::P.into());
        self.lines(text, MARGIN, TEXT_WIDTH, Style::BODY, node);
        self.y += 2.0;
    }

    fn branch(&mut self, parent: usize, tag: TagKind) -> usize {
        let index = self.nodes.len();
        self.nodes.push(Branch { tag: Some(tag), children: Vec::new() });
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.children.push(Child::Branch(index));
        }
        index
    }

    /// Room for so much on this page, else on a new one; whether that began.
    fn room(&mut self, height: f32) -> bool {
        let full = self.y + height > HEIGHT - MARGIN;
        if full {
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
        full
    }

    fn face(&self, style: Style) -> &Face {
        if style.bold { &self.bold } else { &self.regular }
    }

    fn broken(&mut self, text: &str, width: f32, style: Style) -> Vec<Shaped> {
        let face = self.face(style);
        let text = face.readable(text);
        let lines = face.lines(&text, width / style.size);
        self.replaced |= text.contains(MISSING);
        lines
    }

    fn lines(&mut self, text: &str, x: f32, width: f32, style: Style, node: usize) {
        for shaped in self.broken(text, width, style) {
            self.room(style.leading());
            self.y += style.leading();
            self.line(shaped, x, style, Some(node));
        }
    }

    /// Puts a line where the writing is now.
    fn line(&mut self, shaped: Shaped, x: f32, style: Style, node: Option<usize>) {
        if shaped.glyphs.is_empty() {
            return;
        }
        let owner = node.and_then(|node| {
            let children = &mut self.nodes.get_mut(node)?.children;
            children.push(Child::Line(None));
            Some((node, children.len().saturating_sub(1)))
        });
        let Style { size, bold, colour } = style;
        let y = self.y - size * 0.3;
        if let Some(page) = self.pages.last_mut() {
            page.push(Mark::Line { x, y, size, bold, colour, shaped, owner });
        }
    }

    fn rule(&mut self) {
        let y = self.y + 1.5;
        if let Some(page) = self.pages.last_mut() {
            page.push(Mark::Rule { y });
        }
        self.y += 2.0;
    }

    fn heading(&mut self, level: u16, text: &str) {
        let size = match level {
            1 => 17.0,
            2 => 12.5,
            _ => 10.5,
        };
        let style = Style { size, bold: true, colour: BLACK };
        // A heading stands with what it heads.
        self.room(style.leading() + 60.0);
        self.y += if level == 1 { 0.0 } else { 8.0 };
        self.headings.push((text.to_owned(), self.pages.len().saturating_sub(1), self.y));
        let level = NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN);
        let node = self.branch(0, Tag::Hn(level, Some(text.to_owned())).into());
        self.lines(text, MARGIN, TEXT_WIDTH, style, node);
        self.y += 3.0;
    }

    fn answer(&mut self, overall: Overall, text: &str) {
        let colour = match overall {
            Overall::Passed => (20, 90, 40),
            Overall::Failed | Overall::Unreadable => (150, 0, 25),
            Overall::Indeterminate | Overall::Unsigned => (115, 75, 0),
        };
        let node = self.branch(0, Tag::P.into());
        self.y += 4.0;
        self.lines(text, MARGIN, TEXT_WIDTH, Style { size: 11.5, bold: true, colour }, node);
        self.y += 6.0;
    }

    fn facts(&mut self, facts: &[(String, String)]) {
        let table = self.branch(0, Tag::Table.into());
        let body = self.branch(table, Tag::TBody.into());
        let names = TEXT_WIDTH * NAMES;
        for (name, value) in facts {
            let row = self.branch(body, Tag::TR.into());
            let header = self.branch(row, Tag::TH(TableHeaderScope::Row).into());
            let cell = self.branch(row, Tag::TD.into());
            let cells = [
                Cell { text: name, x: MARGIN, width: names - GAP, style: Style::BODY, node: header },
                Cell {
                    text: value,
                    x: MARGIN + names,
                    width: TEXT_WIDTH - names,
                    style: Style::BODY.bold(),
                    node: cell,
                },
            ];
            self.row(&cells, &[]);
        }
        self.y += 4.0;
    }

    fn table(&mut self, table: &Table) {
        let shares: f32 = table.columns.iter().map(|(_, share)| f32::from(*share)).sum();
        let mut places = Vec::new();
        let mut x = MARGIN;
        for (_, share) in &table.columns {
            let width = TEXT_WIDTH * f32::from(*share) / shares.max(1.0);
            places.push((x, width - GAP));
            x += width;
        }
        let node = self.branch(0, Tag::Table.into());
        let caption = self.branch(node, Tag::Caption.into());
        self.y += 4.0;
        self.room(60.0);
        self.lines(&table.caption, MARGIN, TEXT_WIDTH, Style::BODY.bold(), caption);
        let head = self.branch(node, Tag::THead.into());
        let row = self.branch(head, Tag::TR.into());
        let mut names = Vec::new();
        for ((name, _), (x, width)) in table.columns.iter().zip(&places) {
            let node = self.branch(row, Tag::TH(TableHeaderScope::Column).into());
            names.push(Cell { text: name, x: *x, width: *width, style: Style::SMALL.bold(), node });
        }
        self.row(&names, &[]);
        self.rule();
        let body = self.branch(node, Tag::TBody.into());
        for texts in &table.rows {
            let row = self.branch(body, Tag::TR.into());
            let mut cells = Vec::new();
            for (index, (text, (x, width))) in texts.iter().zip(&places).enumerate() {
                let tag = match index {
                    0 => Tag::TH(TableHeaderScope::Row).into(),
                    _ => Tag::TD.into(),
                };
                let node = self.branch(row, tag);
                cells.push(Cell { text, x: *x, width: *width, style: Style::SMALL, node });
            }
            self.row(&cells, &names);
            self.rule();
        }
        self.y += 4.0;
    }

    /// Cells side by side, line by line, so that a row of any height goes over pages; one that is not high does not. `names`
    /// of columns stand again above what is on a new page.
    fn row(&mut self, cells: &[Cell<'_>], names: &[Cell<'_>]) {
        let mut broken = Vec::new();
        for cell in cells {
            broken.push((cell, self.broken(cell.text, cell.width, cell.style).into_iter()));
        }
        let height = cells.iter().map(|cell| cell.style.leading()).fold(0.0, f32::max);
        let lines = broken.iter().map(|(_, lines)| lines.len()).max().unwrap_or_default();
        let whole: f32 = std::iter::repeat_n(height, lines).sum();
        if whole < HEIGHT / 3.0 && self.room(whole) {
            self.again(names);
        }
        loop {
            let next: Vec<_> =
                broken.iter_mut().filter_map(|(cell, lines)| Some((*cell, lines.next()?))).collect();
            if next.is_empty() {
                return;
            }
            if self.room(height) {
                self.again(names);
            }
            self.y += height;
            for (cell, shaped) in next {
                self.line(shaped, cell.x, cell.style, Some(cell.node));
            }
        }
    }

    /// Names of columns that were read before.
    fn again(&mut self, names: &[Cell<'_>]) {
        let mut end = self.y;
        for cell in names {
            let top = self.y;
            for shaped in self.broken(cell.text, cell.width, cell.style) {
                self.y += cell.style.leading();
                self.line(shaped, cell.x, cell.style, None);
            }
            end = end.max(self.y);
            self.y = top;
        }
        self.y = end;
        if !names.is_empty() {
            self.rule();
        }
    }

    fn draw(mut self) -> Result<(), String> {
        let pages = std::mem::take(&mut self.pages);
        let count = pages.len();
        let footer = self.regular.shape(&self.regular.readable(self.footer));
        for (number, marks) in pages.into_iter().enumerate() {
            let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or("no page of this size")?;
            let mut page = self.document.start_page_with(settings);
            let mut surface = page.surface();
            for mark in marks {
                match mark {
                    Mark::Rule { y } => rule(&mut surface, y),
                    Mark::Line { x, y, size, bold, colour, shaped, owner } => {
                        fill(&mut surface, colour);
                        let face = if bold { &self.bold } else { &self.regular };
                        let tag = match owner {
                            Some(_) => ContentTag::Span(SpanTag::empty()),
                            None => artifact(ArtifactType::PaginationOther),
                        };
                        let identifier = surface.start_tagged(tag);
                        draw(&mut surface, face, &shaped, (x, y), size);
                        surface.end_tagged();
                        let place = owner.and_then(|(node, child)| {
                            self.nodes.get_mut(node).and_then(|node| node.children.get_mut(child))
                        });
                        if let Some(place) = place {
                            *place = Child::Line(Some(identifier));
                        }
                    }
                }
            }
            fill(&mut surface, BLACK);
            surface.start_tagged(artifact(ArtifactType::Footer));
            let y = HEIGHT - MARGIN / 2.0;
            draw(&mut surface, &self.regular, &footer, (MARGIN, y), FOOT);
            surface.end_tagged();
            let shown = self.regular.shape(&format!("{} / {count}", number.saturating_add(1)));
            surface.start_tagged(artifact(ArtifactType::PageNumber));
            draw(&mut surface, &self.regular, &shown, (WIDTH - MARGIN - shown.width * FOOT, y), FOOT);
            surface.end_tagged();
            surface.finish();
            page.finish();
        }
        let mut outline = Outline::new();
        for (text, page, y) in &self.headings {
            let place = XyzDestination::new(*page, Point::from_xy(MARGIN, *y));
            outline.push_child(OutlineNode::new(text.clone(), place));
        }
        self.document.set_outline(outline);
        let mut tree = TagTree::new().with_lang(Some(self.sheet.language.tag().to_owned()));
        for child in tags(&mut self.nodes, 0) {
            tree.push(child);
        }
        self.document.set_tag_tree(tree);
        Ok(())
    }
}

struct Cell<'c> {
    text: &'c str,
    x: f32,
    width: f32,
    style: Style,
    node: usize,
}

/// The children of a branch as krilla has them. Branches are no deeper than a cell of a table.
fn tags(nodes: &mut [Branch], index: usize) -> Vec<Node> {
    let children = nodes.get_mut(index).map(|node| std::mem::take(&mut node.children)).unwrap_or_default();
    let mut all = Vec::new();
    for child in children {
        match child {
            Child::Line(identifier) => all.extend(identifier.map(Node::from)),
            Child::Branch(index) => {
                let tag = nodes.get_mut(index).and_then(|node| node.tag.take());
                let children = tags(nodes, index);
                all.extend(tag.map(|tag| Node::from(TagGroup::with_children(tag, children))));
            }
        }
    }
    all
}

fn fill(surface: &mut Surface<'_>, (red, green, blue): (u8, u8, u8)) {
    surface.set_fill(Some(Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() }));
}

fn artifact(kind: ArtifactType) -> ContentTag<'static> {
    ContentTag::Artifact(Artifact::with_kind(kind))
}

fn draw(surface: &mut Surface<'_>, face: &Face, shaped: &Shaped, (x, y): (f32, f32), size: f32) {
    let Shaped { text, glyphs, .. } = shaped;
    surface.draw_glyphs(Point::from_xy(x, y), glyphs, face.font.clone(), text, size, false);
}

/// A line across the page that is no content.
fn rule(surface: &mut Surface<'_>, y: f32) {
    let mut path = PathBuilder::new();
    let Some(rect) = Rect::from_xywh(MARGIN, y, TEXT_WIDTH, 0.4) else { return };
    path.push_rect(rect);
    let Some(path) = path.finish() else { return };
    fill(surface, GREY);
    surface.start_tagged(artifact(ArtifactType::Layout));
    surface.draw_path(&path);
    surface.end_tagged();
}
