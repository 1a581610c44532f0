//! Changes to the structure of a DER file: elements dropped, doubled, reordered, exchanged for those of other files.

use crate::demo::der::tlv;
use crate::support::Random;
use std::collections::BTreeMap;

/// An element with its identifier octet.
#[derive(Clone)]
pub(crate) enum Der {
    Primitive(u8, Vec<u8>),
    Constructed(u8, Vec<Der>),
}

/// Elements that can stand for each other, by the identifiers and types around them.
pub(crate) type Pool = BTreeMap<String, Vec<Der>>;

/// Elements of one file that are kept for others, under one key.
const MOST: usize = 100;

impl Der {
    /// The first element of BER bytes, of indefinite length or not. `None` where the bytes are none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        Self::next(&mut rest, 0)
    }

    fn next(rest: &mut &[u8], depth: usize) -> Option<Self> {
        let (&identifier, after) = rest.split_first()?;
        let (&first, after) = after.split_first()?;
        if identifier & 0x1f == 0x1f || depth > 64 {
            return None;
        }
        if first == 0x80 {
            *rest = after;
            let mut children = Vec::new();
            loop {
                if let Some(after) = rest.strip_prefix(&[0, 0]) {
                    *rest = after;
                    return Some(Self::Constructed(identifier, children));
                }
                children.push(Self::next(rest, depth + 1)?);
            }
        }
        let (length, after) = if first < 0x80 {
            (usize::from(first), after)
        } else {
            let (octets, after) = after.split_at_checked(usize::from(first & 0x7f))?;
            (octets.iter().fold(0, |length, octet| (length << 8) | usize::from(*octet)), after)
        };
        let (content, after) = after.split_at_checked(length)?;
        *rest = after;
        let children = if identifier & 0x20 == 0 { None } else { Self::all(content, depth + 1) };
        Some(match children {
            Some(children) => Self::Constructed(identifier, children),
            // Octets that hold no elements, although they are said to.
            None => Self::Primitive(identifier, content.to_vec()),
        })
    }

    fn all(mut content: &[u8], depth: usize) -> Option<Vec<Self>> {
        let mut children = Vec::new();
        while !content.is_empty() {
            children.push(Self::next(&mut content, depth)?);
        }
        Some(children)
    }

    /// DER, but for the order in sets.
    pub(crate) fn write(&self) -> Vec<u8> {
        match self {
            Self::Primitive(identifier, content) => tlv(*identifier, content),
            Self::Constructed(identifier, children) => {
                tlv(*identifier, &children.iter().flat_map(Self::write).collect::<Vec<_>>())
            }
        }
    }

    /// The key of a child: where it stands, and its type where it is named by one.
    fn key(&self, around: &str) -> String {
        match self {
            Self::Primitive(identifier, _) => format!("{around}/{identifier:02x}"),
            Self::Constructed(identifier, children) => match children.first() {
                Some(Self::Primitive(6, oid)) => format!("{identifier:02x}:{}", hex::encode(oid)),
                _ => format!("{around}/{identifier:02x}"),
            },
        }
    }

    /// Adds all elements to a pool.
    pub(crate) fn collect(&self, around: &str, pool: &mut Pool) {
        let key = self.key(around);
        if let Self::Constructed(_, children) = self {
            children.iter().for_each(|child| child.collect(&key, pool));
        }
        let known = pool.entry(key).or_default();
        if known.len() < MOST {
            known.push(self.clone());
        }
    }

    fn containers(&self) -> usize {
        match self {
            Self::Primitive(..) => 0,
            Self::Constructed(_, children) => 1 + children.iter().map(Self::containers).sum::<usize>(),
        }
    }

    /// One change; the words say which.
    pub(crate) fn mutate(&self, pool: &Pool, rng: &mut Random) -> (String, Self) {
        let mut changed = self.clone();
        let mut words = String::from("nothing");
        let mut number = rng.below(self.containers().max(1));
        changed.at(&mut number, "", &mut |children, key| words = change(children, key, pool, rng));
        (words, changed)
    }

    /// Runs `change` on the children of the container with this number.
    fn at(&mut self, number: &mut usize, around: &str, change: &mut dyn FnMut(&mut Vec<Self>, &str)) {
        let key = self.key(around);
        let Self::Constructed(_, children) = self else { return };
        if *number == 0 {
            *number = usize::MAX;
            return change(children, &key);
        }
        *number = number.wrapping_sub(1);
        children.iter_mut().for_each(|child| child.at(number, &key, change));
    }
}

fn change(children: &mut Vec<Der>, around: &str, pool: &Pool, rng: &mut Random) -> String {
    if children.is_empty() {
        return format!("{around} is empty");
    }
    let (index, other, kind) = (rng.below(children.len()), rng.below(children.len()), rng.below(6));
    let key = children[index].key(around);
    let stand_in = pool.get(&key).map(|all| all[rng.below(all.len())].clone());
    let verb = match (kind, stand_in) {
        (0, _) => {
            children.remove(index);
            "dropped"
        }
        (1, _) => {
            let double = children[index].clone();
            children.insert(other, double);
            "doubled"
        }
        (2, _) => {
            children.swap(index, other);
            "reordered"
        }
        (3, Some(stand_in)) => {
            children.insert(other, stand_in);
            "added another file's"
        }
        (4, Some(stand_in)) => {
            children[index] = stand_in;
            "replaced by another file's"
        }
        _ => match &mut children[index] {
            Der::Primitive(_, content) if !content.is_empty() => {
                let at = rng.below(content.len());
                content[at] ^= 1 << rng.below(8);
                "flipped a bit of"
            }
            Der::Primitive(..) | Der::Constructed(..) => {
                children.remove(index);
                "dropped"
            }
        },
    };
    format!("{verb} {key}")
}
