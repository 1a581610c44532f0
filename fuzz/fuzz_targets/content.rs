//! What checks on the content read from outside: status lists, registers of accreditations, statements on applicants.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate::credential::Applicant;
use sealgate::credential::accreditation::records;
use sealgate::credential::status::StatusList;
use sealgate::format::Limits;

fuzz_target!(|data: &[u8]| {
    if let Ok(list) = StatusList::parse(data, &Limits::default()) {
        for index in [0, 1, list.entries(1), u64::MAX] {
            let _ = list.status(index, 1);
        }
    }
    let _ = records(data);
    let _ = Applicant::parse(data);
});
