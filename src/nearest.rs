//! What a mistyped name may have meant.

/// The end of an error's sentence: the nearest of the known names, or all where they are few; else nothing.
#[must_use]
pub fn instead<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = known.iter().map(|name| (distance(word, name), *name)).min();
    match nearest {
        Some((distance, name)) if distance <= (name.len() / 3).max(2) => format!("; the nearest is `{name}`"),
        _ if known.len() <= 16 => format!("; known are {}", known.join(", ")),
        _ => String::new(),
    }
}

/// Levenshtein distance of two names; what is longer than any name is far from all.
fn distance(one: &str, other: &str) -> usize {
    if one.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (index, a) in one.chars().enumerate() {
        let mut left = index.saturating_add(1);
        let mut diagonal = std::mem::replace(row.first_mut().unwrap_or(&mut 0), left);
        for (cell, b) in row.iter_mut().skip(1).zip(other.chars()) {
            let changed = diagonal.saturating_add(usize::from(!a.eq_ignore_ascii_case(&b)));
            left = changed.min(left.saturating_add(1)).min(cell.saturating_add(1));
            diagonal = std::mem::replace(cell, left);
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_or_all() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance(&"a".repeat(65), "abc"), usize::MAX);
        assert_eq!(instead("reveiw", ["accept", "review", "reject"]), "; the nearest is `review`");
        assert_eq!(instead("something else", ["accept", "review"]), "; known are accept, review");
    }
}
