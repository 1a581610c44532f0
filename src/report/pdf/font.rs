//! The font of reports: its widths and glyphs.
//!
//! Open Sans (Apache-2.0), the letters of European languages; `fonts/README.md` tells how the files were made.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use unicode_normalization::UnicodeNormalization;

/// What stands for a letter that the font does not have.
pub(super) const MISSING: char = '\u{fffd}';

/// A font at hand.
pub(super) struct Face {
    pub(super) font: Font,
    reader: FontRef<'static>,
    units: f32,
}

/// Text with its glyphs.
pub(super) struct Shaped {
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    /// In units of the font's size.
    pub(super) width: f32,
}

impl Face {
    pub(super) fn regular() -> Result<Self, String> {
        Self::new(include_bytes!("fonts/OpenSans-Regular.ttf"))
    }

    pub(super) fn bold() -> Result<Self, String> {
        Self::new(include_bytes!("fonts/OpenSans-Bold.ttf"))
    }

    fn new(bytes: &'static [u8]) -> Result<Self, String> {
        let font = Font::new(bytes.into(), 0).ok_or("the font cannot be read")?;
        let reader = FontRef::new(bytes).map_err(|error| error.to_string())?;
        let units = font.units_per_em();
        Ok(Self { font, reader, units })
    }

    /// Text in the letters that there are; composed, since nothing here places accents.
    pub(super) fn readable(&self, text: &str) -> String {
        let letters = self.reader.charmap();
        let known = |c: char| if letters.map(c).is_some() { c } else { MISSING };
        crate::report::text::plain(text).nfc().map(known).collect()
    }

    /// The glyphs of readable text, one after the other.
    pub(super) fn shape(&self, text: &str) -> Shaped {
        let letters = self.reader.charmap();
        let widths = self.reader.glyph_metrics(Size::unscaled(), LocationRef::default());
        let mut width = 0.0;
        let mut glyphs = Vec::with_capacity(text.len());
        for (start, c) in text.char_indices() {
            let glyph = letters.map(c).or_else(|| letters.map(MISSING)).unwrap_or_default();
            let advance = widths.advance_width(glyph).unwrap_or_default() / self.units;
            let end = start.saturating_add(c.len_utf8());
            let id = GlyphId::new(glyph.to_u32());
            glyphs.push(KrillaGlyph::new(id, advance, 0.0, 0.0, 0.0, start..end, None));
            width += advance;
        }
        Shaped { text: text.to_owned(), glyphs, width }
    }

    /// Readable text in lines no wider than `width` in units of the font's size; a word that is wider is cut.
    pub(super) fn lines(&self, text: &str, width: f32) -> Vec<Shaped> {
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        let fits = |text: &str| self.shape(text).width <= width;
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fits(&longer) {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            let mut piece = String::new();
            for c in word.chars() {
                piece.push(c);
                if !fits(&piece) && piece.chars().count() > 1 {
                    piece.pop();
                    lines.push(std::mem::replace(&mut piece, c.to_string()));
                }
            }
            line = piece;
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines.iter().map(|line| self.shape(line)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;
    use skrifa::outline::{DrawSettings, OutlinePen};

    /// Counts what is drawn.
    #[derive(Default)]
    struct Strokes(usize);

    impl OutlinePen for Strokes {
        fn move_to(&mut self, _: f32, _: f32) {
            self.0 += 1;
        }
        fn line_to(&mut self, _: f32, _: f32) {
            self.0 += 1;
        }
        fn quad_to(&mut self, _: f32, _: f32, _: f32, _: f32) {
            self.0 += 1;
        }
        fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, _: f32, _: f32) {
            self.0 += 1;
        }
        fn close(&mut self) {}
    }

    fn draws(face: &Face, c: char) -> bool {
        let Some(glyph) = face.reader.charmap().map(c) else { return false };
        let mut strokes = Strokes::default();
        let outline = face.reader.outline_glyphs().get(glyph).unwrap();
        outline.draw(DrawSettings::unhinted(Size::new(16.0), LocationRef::default()), &mut strokes).unwrap();
        strokes.0 > 2
    }

    #[test]
    fn every_letter_of_every_catalogue_is_drawn() {
        for face in [Face::regular().unwrap(), Face::bold().unwrap()] {
            assert!(draws(&face, MISSING) && !draws(&face, '\u{4e2d}'));
            for language in Language::ALL {
                let read = |file: &str| -> std::collections::HashMap<String, String> {
                    serde_json::from_str(file).unwrap()
                };
                for (key, text) in language.files().into_iter().flat_map(read) {
                    for c in text.nfc().filter(|c| !c.is_whitespace()) {
                        assert!(draws(&face, c), "{language:?}: {key}: {c:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn text_of_any_kind_loses_no_letter() {
        let face = Face::regular().unwrap();
        let text = "\u{4e2d}\u{6587} \u{5d0}\u{200b}\u{feff}\u{1f393} a\u{308} Ωξ Łódź";
        assert_eq!(face.readable(text), "\u{fffd}\u{fffd} \u{fffd}\u{fffd}\u{fffd}\u{fffd} ä Ωξ Łódź");
        // Whatever the width, the lines are the text without what stands between words.
        for width in [0.1, 3.0, 7.5, 1000.0] {
            let lines = face.lines(&face.readable(text), width);
            let all: String = lines.iter().flat_map(|line| line.text.split_whitespace()).collect();
            assert_eq!(all, face.readable(text).split_whitespace().collect::<String>());
            assert!(lines.iter().all(|line| line.width <= width || line.text.chars().count() == 1));
            assert!(lines.iter().all(|line| line.glyphs.len() == line.text.chars().count()));
        }
    }
}
