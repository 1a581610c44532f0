//! Many distinct credentials for load tests: `generate-demo --many OUT KIND=COUNT...`.
//!
//! `compact` is a compact level B credential of about 5 KB; `archival-BYTES` a sealed EDC at level LTA of about
//! that size. They go to `OUT/KIND/`, the lists that vouch for their seals to `OUT/trust-lists/`.

use super::demo::{Demo, Options, Order};
use rayon::prelude::*;
use sealgate::time::Time;
use std::path::Path;

/// More would fill a disk by mistake.
const MOST: u64 = 1_000_000;

pub(crate) fn write(reference: Time, out: &Path, orders: &[String]) {
    let demo = Demo::generate(&Options::at(reference));
    super::write_lists(&demo, &out.join("trust-lists"));
    for order in orders {
        let (kind, count) = order.split_once('=').expect("KIND=COUNT");
        let count: u64 = count.parse().expect("a count");
        assert!(count <= MOST, "{count} are too many");
        let bytes = kind.strip_prefix("archival-").map(|bytes| bytes.parse().expect("a size in bytes"));
        assert!(bytes.is_some() || kind == "compact", "{kind}: known are compact and archival-BYTES");
        let folder = out.join(kind);
        (0..count).into_par_iter().for_each(|index| {
            let (order, ending) = match bytes {
                Some(bytes) => (Order::archival(index, bytes), "jsonld"),
                None => (Order::compact(index), "jwt"),
            };
            super::write(&folder.join(format!("{index:06}.{ending}")), &demo.issue(&order));
        });
    }
}
