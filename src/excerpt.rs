//! How much of a hostile text is shown.

/// The first characters of a text, at most this many.
#[must_use]
pub fn excerpt(text: &str, characters: usize) -> &str {
    if text.len() <= characters {
        return text;
    }
    let end = text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn whole_characters_are_kept() {
        assert_eq!(excerpt("", 0), "");
        assert_eq!(excerpt("añb", 2), "añ");
        assert_eq!(excerpt("añb", 3), "añb");
        assert_eq!(excerpt("ñ", 1), "ñ");
        assert_eq!(excerpt("ab", 0), "");
    }
}
