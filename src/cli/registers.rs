//! `--accreditations` and `--deqar`: registers that are asked for accreditations.

use super::Failure;
use crate::credential::accreditation::{Deqar, Folder, Register, Registers, Service};
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// Where accreditations are looked up.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct RegisterSource {
    /// A folder of accreditations (*.json, *.jsonld): the QDR's JSON or ELM v3 JSON-LD. May be repeated.
    #[arg(long, value_name = "DIR", env = "SEALGATE_ACCREDITATIONS", value_delimiter = '\n')]
    accreditations: Vec<PathBuf>,
    /// DEQAR's file of institutions, deqar-institutions.csv.
    #[arg(long, value_name = "FILE", env = "SEALGATE_DEQAR")]
    deqar: Option<PathBuf>,
    /// An accreditation service as the official one: ADDRESS/rdf?uri= and ADDRESS/id?notation= are asked. May be
    /// repeated.
    #[arg(long, value_name = "ADDRESS", env = "SEALGATE_ACCREDITATION_SERVICE", value_delimiter = '\n')]
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
