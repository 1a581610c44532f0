//! The sealed payload → what it says and the checks on it.
