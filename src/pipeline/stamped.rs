//! Time-stamps that belong to no seal, each judged as a seal is: in one trust domain after the other.

use super::contained::Task;
use crate::recorder::Stage;
use crate::report::StandaloneTimestamp;
use crate::signature::Standalone;
use crate::validation;

impl Task<'_> {
    /// What came of them, in order.
    pub(super) fn stamped(&self, alone: Standalone<'_>) -> Vec<StandaloneTimestamp> {
        if alone.over.is_empty() {
            return Vec::new();
        }
        let judge = |snapshot| validation::validate_timestamps(&alone, &self.validation_context(snapshot));
        let found = self.pipeline.staged(Stage::Validation, || {
            let mut found = judge(&self.pipeline.snapshot);
            for snapshot in self.pipeline.further.iter() {
                if found.iter().all(|stamp| stamp.domain.is_some()) {
                    break;
                }
                for (stamp, other) in found.iter_mut().zip(judge(snapshot)) {
                    if stamp.domain.is_none() && other.domain.is_some() {
                        *stamp = other;
                    }
                }
            }
            found
        });
        let over = alone.over.into_iter();
        found.iter().zip(over).map(|(stamp, over)| StandaloneTimestamp::of(stamp, over)).collect()
    }
}
