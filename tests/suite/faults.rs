//! Faults of clients, of the machine and of our own: the service answers on.

mod clients;
