//! A service that answers as the official one does: `rdf?uri=&language=` and `id?notation=&language=` under one address.

use super::{Found, Query, Register, records};
use crate::catalogue::say;
use crate::outside::{Lookup, Outside};
use std::sync::Arc;

/// Where a service is. What it answers must be JSON, as [`records`] reads it; other serialisations of RDF are not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    address: String,
}

impl Service {
    /// The service under an address, e.g. `https://register.example/accreditation`.
    #[must_use]
    pub fn new(address: &str) -> Self {
        Self { address: address.trim_end_matches('/').to_owned() }
    }

    /// The service as a register, for a request that sees these documents.
    #[must_use]
    pub fn asked_through(&self, outside: Arc<dyn Outside>) -> Arc<dyn Register> {
        Arc::new(Asked { service: self.clone(), outside })
    }
}

/// The registers that a gateway is configured with.
#[derive(Debug, Default)]
pub struct Registers {
    /// Those that were read at the start.
    pub at_hand: Vec<Arc<dyn Register>>,
    /// Those that have to be fetched from.
    pub services: Vec<Service>,
}

impl Registers {
    /// The registers for a request that sees these documents: the services only where something may be fetched.
    #[must_use]
    pub fn for_request(&self, outside: Option<&Arc<impl Outside + 'static>>) -> Vec<Arc<dyn Register>> {
        let asked = outside.into_iter().flat_map(|outside| {
            self.services.iter().map(|service| {
                let outside = Arc::clone(outside);
                service.asked_through(outside)
            })
        });
        self.at_hand.iter().cloned().chain(asked).collect()
    }
}

#[derive(Debug)]
struct Asked {
    service: Service,
    outside: Arc<dyn Outside>,
}

impl Register for Asked {
    fn name(&self) -> &str {
        &self.service.address
    }

    fn fetches(&self) -> bool {
        true
    }

    fn find(&self, query: &Query) -> Found {
        let (path, name, value) = match query {
            Query::Uri(uri) => ("rdf", "uri", uri),
            Query::Notation(notation) => ("id", "notation", notation),
            Query::Institution(_) => return Found::nothing(),
        };
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair(name, value)
            .append_pair("language", "en")
            .finish();
        match self.outside.document(&format!("{}/{path}?{query}", self.service.address)) {
            Lookup::Wanted => Found::NotAsked,
            Lookup::Absent => Found::nothing(),
            Lookup::Unreachable(why) => Found::Unreachable(why.into()),
            Lookup::Found(document) => match records(&document.bytes) {
                Ok(records) => Found::Records(records.into_iter().map(Arc::new).collect()),
                Err(why) => Found::Unreachable(say("says.accreditation-no-answer").with("why", why)),
            },
        }
    }
}
