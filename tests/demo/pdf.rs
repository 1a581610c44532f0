//! Writes PDF files and incremental updates, octet by octet; shares no code with the reader.

use std::collections::BTreeMap;
use std::io::Write;

/// A file that grows by revisions.
#[derive(Clone, Default)]
pub struct Writer {
    pub bytes: Vec<u8>,
    /// Offset of the newest cross-reference section; 0 before the first.
    pub section: usize,
    /// One more than the highest object number.
    pub size: u32,
    /// Where each object stands now.
    pub offsets: BTreeMap<u32, usize>,
    /// Further entries of every trailer.
    pub trailer: String,
}

/// A dictionary with a stream.
pub fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut object = format!("<< {dictionary} /Length {} >>\nstream\n", data.len()).into_bytes();
    object.extend_from_slice(data);
    object.extend_from_slice(b"\nendstream");
    object
}

pub fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

impl Writer {
    pub fn new() -> Self {
        Self { bytes: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(), size: 1, ..Self::default() }
    }

    /// A page with a line of text: 1 catalog, 2 pages, 3 page, 4 content, 5 font.
    pub fn page(catalog: &str, page: &str) -> Self {
        let mut writer = Self::new();
        writer.table(&[
            (1, format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>").into_bytes()),
            (2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec()),
            (3, page_object(page)),
            (4, stream("", b"BT /F1 24 Tf 72 720 Td (Diploma of Ada Example) Tj ET")),
            (5, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec()),
        ]);
        writer
    }

    pub fn objects(&mut self, objects: &[(u32, Vec<u8>)]) -> BTreeMap<u32, usize> {
        let mut offsets = BTreeMap::new();
        for (number, object) in objects {
            offsets.insert(*number, self.bytes.len());
            self.size = self.size.max(number + 1);
            writeln!(self.bytes, "{number} 0 obj").unwrap();
            self.bytes.extend_from_slice(object);
            self.bytes.extend_from_slice(b"\nendobj\n");
        }
        self.offsets.extend(offsets.iter().map(|(number, offset)| (*number, *offset)));
        offsets
    }

    /// A revision with these objects and a cross-reference table.
    pub fn table(&mut self, objects: &[(u32, Vec<u8>)]) {
        let entries = self.objects(objects).into_iter().map(|(number, offset)| (number, Some(offset)));
        let entries = entries.collect();
        self.section(&entries);
    }

    /// A cross-reference table with these entries, free ones without an offset, and what closes a revision.
    pub fn section(&mut self, entries: &BTreeMap<u32, Option<usize>>) {
        let (before, first) = (self.section, self.section == 0);
        self.section = self.bytes.len();
        self.bytes.extend_from_slice(b"xref\n");
        if first {
            self.bytes.extend_from_slice(b"0 1\n0000000000 65535 f \n");
        }
        for (number, offset) in entries {
            match offset {
                Some(offset) => write!(self.bytes, "{number} 1\n{offset:010} 00000 n \n").unwrap(),
                None => write!(self.bytes, "{number} 1\n0000000000 00001 f \n").unwrap(),
            }
        }
        let previous = if first { String::new() } else { format!("/Prev {before}") };
        let (size, more) = (self.size, self.trailer.clone());
        write!(self.bytes, "trailer\n<< /Size {size} /Root 1 0 R {previous} {more} >>\n").unwrap();
        self.close();
    }

    pub fn close(&mut self) {
        let section = self.section;
        write!(self.bytes, "startxref\n{section}\n%%EOF\n").unwrap();
    }

    /// A revision whose objects stand in an object stream, with a cross-reference stream under a PNG predictor.
    pub fn compressed(&mut self, objects: &[(u32, Vec<u8>)]) {
        let holder = objects.iter().map(|(number, _)| number + 1).max().unwrap().max(self.size);
        let (mut header, mut body) = (String::new(), Vec::new());
        for (number, object) in objects {
            header += &format!("{number} {} ", body.len());
            body.extend_from_slice(object);
            body.push(b'\n');
        }
        let plain = [header.as_bytes(), &body].concat();
        let dictionary =
            format!("/Type /ObjStm /N {} /First {} /Filter /FlateDecode", objects.len(), header.len());
        let holder_offset = self.objects(&[(holder, stream(&dictionary, &deflated(&plain)))])[&holder];
        let mut rows: BTreeMap<u32, [u8; 6]> = BTreeMap::new();
        for (index, (number, _)) in objects.iter().enumerate() {
            let stream = holder.to_be_bytes();
            rows.insert(*number, [2, stream[0], stream[1], stream[2], stream[3], index as u8]);
            self.size = self.size.max(number + 1);
        }
        let at = |offset: usize| (offset as u32).to_be_bytes();
        let place = at(holder_offset);
        rows.insert(holder, [1, place[0], place[1], place[2], place[3], 0]);
        let number = self.size.max(holder + 1);
        self.size = number + 1;
        let before = self.section;
        self.section = self.bytes.len();
        let place = at(self.section);
        rows.insert(number, [1, place[0], place[1], place[2], place[3], 0]);
        let (mut index, mut data, mut above) = (String::new(), Vec::new(), [0_u8; 6]);
        for (number, row) in rows {
            index += &format!("{number} 1 ");
            data.push(2);
            data.extend(row.iter().zip(above).map(|(octet, above)| octet.wrapping_sub(above)));
            above = row;
        }
        let previous = if before == 0 { String::new() } else { format!("/Prev {before}") };
        let dictionary = format!(
            "/Type /XRef /W [1 4 1] /Index [{index}] /Size {} /Root 1 0 R {previous} {} /Filter /FlateDecode \
             /DecodeParms << /Predictor 12 /Columns 6 >>",
            self.size, self.trailer
        );
        writeln!(self.bytes, "{number} 0 obj").unwrap();
        self.bytes.extend_from_slice(&stream(&dictionary, &deflated(&data)));
        self.bytes.extend_from_slice(b"\nendobj\n");
        self.close();
    }
}

pub fn page_object(more: &str) -> Vec<u8> {
    format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> {more} >>"
    )
    .into_bytes()
}

/// Fills the last ByteRange and Contents.
pub fn fill(bytes: &mut [u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) {
    let open = memchr::memmem::rfind(bytes, b"/Contents <00").unwrap() + 10;
    let close = open + memchr::memchr(b'>', &bytes[open..]).unwrap() + 1;
    let range = format!("[0 {open:010} {close:010} {:010}]", bytes.len() - close);
    let at = memchr::memmem::rfind(bytes, b"[0 0000000000 ").unwrap();
    bytes[at..at + range.len()].copy_from_slice(range.as_bytes());
    let covered = [&bytes[..open], &bytes[close..]].concat();
    let value = hex::encode(sign(&covered));
    bytes[open + 1..open + 1 + value.len()].copy_from_slice(value.as_bytes());
}
