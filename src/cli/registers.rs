//! `--accreditations` and `--deqar`: registers that are asked for accreditations.

use super::Failure;
use crate::credential::accreditation::{Deqar, Folder, Register, Registers, Service};
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
    /// An accreditation service as the official one: ADDRESS/rdf?uri= and ADDRESS/id?notation= are asked. May be
    /// repeated.
    #[arg(long, value_name = "ADDRESS")]
    accreditation_service: Vec<String>,
}

impl RegisterSource {
    /// Reads them, once.
    pub(super) fn read(&self) -> Result<Registers, Failure> {
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
        let services = self.accreditation_service.iter().map(|address| Service::new(address)).collect();
        Ok(Registers { at_hand: registers, services })
    }
}
