//! `--accreditations` and `--deqar`: registers that are asked for accreditations.

use super::Failure;
use crate::credential::accreditation::{Deqar, Folder, Register};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// Where accreditations are looked up.
#[derive(Debug, Args)]
pub(super) struct RegisterSource {
    /// A folder of accreditations (*.json, *.jsonld): the QDR's JSON or ELM v3 JSON-LD. May be repeated.
    #[arg(long, value_name = "DIR")]
    accreditations: Vec<PathBuf>,
    /// DEQAR's file of institutions, deqar-institutions.csv.
    #[arg(long, value_name = "FILE")]
    deqar: Option<PathBuf>,
}

impl RegisterSource {
    /// Reads them, once.
    pub(super) fn read(&self) -> Result<Arc<[Arc<dyn Register>]>, Failure> {
        let mut registers: Vec<Arc<dyn Register>> = Vec::new();
        for folder in &self.accreditations {
            let register =
                Folder::read(folder).map_err(|error| Failure::usage(format!("--accreditations {error}")))?;
            registers.push(Arc::new(register));
        }
        if let Some(file) = &self.deqar {
            let register = Deqar::read(file).map_err(|error| Failure::usage(format!("--deqar {error}")))?;
            registers.push(Arc::new(register));
        }
        Ok(registers.into())
    }
}
