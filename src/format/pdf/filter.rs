//! Stream filters (ISO 32000-2, 7.4): those that cross-reference and object streams, certificates and attached files
//! use. Every octet that comes out is taken from the document's budget.

use super::object::{Dictionary, Error};
use super::parse::{Budget, hexadecimal, is_space};
use flate2::{Decompress, FlushDecompress, Status};
use std::borrow::Cow;

/// Octets that are inflated at a time.
const PIECE: usize = 64 << 10;
/// Filters one behind the other.
const MOST_FILTERS: usize = 4;
/// Octets of a row under a predictor.
const MOST_ROW: usize = 1 << 20;

/// One filter with its parameters.
pub(super) struct Filter {
    pub(super) name: Vec<u8>,
    pub(super) parameters: Option<Dictionary>,
}

/// The decoded data of a stream.
pub(super) fn decode<'a>(
    data: &'a [u8],
    filters: &[Filter],
    position: usize,
    budget: &Budget,
) -> Result<Cow<'a, [u8]>, Error> {
    if filters.len() > MOST_FILTERS {
        return Err(Error::OverLimit("filters of a PDF stream", MOST_FILTERS));
    }
    let mut decoded = Cow::Borrowed(data);
    for Filter { name, parameters } in filters {
        let next = match name.as_slice() {
            b"FlateDecode" | b"Fl" => {
                let plain = inflate(&decoded, position, budget)?;
                match parameters {
                    Some(parameters) => predicted(plain, parameters, position)?,
                    None => plain,
                }
            }
            b"ASCIIHexDecode" | b"AHx" => {
                let end = memchr::memchr(b'>', &decoded).unwrap_or(decoded.len());
                let text = decoded.get(..end).unwrap_or_default();
                hexadecimal(text).ok_or_else(|| Error::at(position, "broken ASCIIHexDecode data"))?
            }
            b"ASCII85Decode" | b"A85" => {
                ascii85(&decoded).ok_or_else(|| Error::at(position, "broken ASCII85Decode data"))?
            }
            other => {
                let name = String::from_utf8_lossy(other.get(..40).unwrap_or(other));
                return Err(Error::at(position, format!("the filter {name:?} is not read")));
            }
        };
        budget.decoded(next.len())?;
        decoded = Cow::Owned(next);
    }
    Ok(decoded)
}

fn inflate(data: &[u8], position: usize, budget: &Budget) -> Result<Vec<u8>, Error> {
    let mut inflater = Decompress::new(true);
    let mut plain: Vec<u8> = Vec::new();
    // By pieces: room that was reserved and stays empty takes no memory, unless somebody writes to it.
    let mut piece = vec![0; PIECE.min(budget.decodable().saturating_add(1))];
    loop {
        let consumed = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let input = data.get(consumed..).unwrap_or_default();
        let before = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(input, &mut piece, FlushDecompress::None);
        let written = inflater.total_out().saturating_sub(before.1);
        let written = usize::try_from(written).unwrap_or(usize::MAX);
        plain.extend_from_slice(piece.get(..written).unwrap_or_default());
        if plain.len() > budget.decodable() {
            return Err(budget.over_decoded());
        }
        match status {
            Ok(Status::StreamEnd) => return Ok(plain),
            Ok(_) if before != (inflater.total_in(), inflater.total_out()) => {}
            Ok(_) | Err(_) => return Err(Error::at(position, "broken FlateDecode data")),
        }
    }
}

/// 7.4.4.4: PNG predictors; TIFF's is not read.
fn predicted(plain: Vec<u8>, parameters: &Dictionary, position: usize) -> Result<Vec<u8>, Error> {
    let number =
        |key, default| parameters.integer(key).map_or(Some(default), |value| usize::try_from(value).ok());
    let refuse = |what: &str| Err(Error::at(position, what));
    match number("Predictor", 1) {
        Some(1) => return Ok(plain),
        Some(10..=15) => {}
        _ => return refuse("this predictor is not read"),
    }
    let (Some(columns), Some(colors), Some(bits)) =
        (number("Columns", 1), number("Colors", 1), number("BitsPerComponent", 8))
    else {
        return refuse("predictor parameters out of range");
    };
    let pixel_bits = colors.saturating_mul(bits);
    let row_length = columns.saturating_mul(pixel_bits).div_ceil(8);
    let back = pixel_bits.div_ceil(8);
    if row_length == 0 || row_length > MOST_ROW || back == 0 {
        return refuse("predictor parameters out of range");
    }
    let mut out: Vec<u8> = Vec::with_capacity(plain.len());
    let mut above = vec![0_u8; row_length];
    for row in plain.chunks(row_length + 1) {
        let Some((kind, row)) = row.split_first() else { break };
        let mut current: Vec<u8> = Vec::with_capacity(row_length);
        for (index, octet) in row.iter().enumerate() {
            let left = |line: &[u8]| index.checked_sub(back).and_then(|i| line.get(i)).copied().unwrap_or(0);
            let (left, up, corner) = (left(&current), above.get(index).copied().unwrap_or(0), left(&above));
            let predicted = match kind {
                0 => 0,
                1 => left,
                2 => up,
                3 => left.midpoint(up),
                4 => paeth(left, up, corner),
                _ => return refuse("an unknown PNG predictor"),
            };
            current.push(octet.wrapping_add(predicted));
        }
        out.extend_from_slice(&current);
        current.resize(row_length, 0);
        above = current;
    }
    Ok(out)
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let estimate = a + b - c;
    let [to_a, to_b, to_c] = [a, b, c].map(|value| (estimate - value).abs());
    if to_a <= to_b && to_a <= to_c {
        left
    } else if to_b <= to_c {
        up
    } else {
        corner
    }
}

/// 7.4.3.
fn ascii85(text: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut group) = (Vec::with_capacity(text.len()), Vec::with_capacity(5));
    for octet in text.iter().filter(|octet| !is_space(**octet)) {
        match octet {
            b'~' => break,
            b'z' if group.is_empty() => out.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => group.push(octet - b'!'),
            _ => return None,
        }
        if group.len() == 5 {
            out.extend_from_slice(&four(&group)?);
            group.clear();
        }
    }
    if group.is_empty() {
        return Some(out);
    }
    let octets = group.len().checked_sub(1).filter(|octets| *octets > 0)?;
    group.resize(5, 84);
    out.extend_from_slice(four(&group)?.get(..octets)?);
    Some(out)
}

fn four(group: &[u8]) -> Option<[u8; 4]> {
    let value =
        group.iter().try_fold(0_u32, |value, digit| value.checked_mul(85)?.checked_add(u32::from(*digit)));
    value.map(u32::to_be_bytes)
}
