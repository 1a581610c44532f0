//! Any bytes as the header of PROXY protocol, version 2, that begins a connection.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate::http::{Source, Sources, proxied_client};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fuzz_target!(|data: &[u8]| {
    let proxy = "10.0.0.1:1".parse().ok();
    let network = "10.0.0.0/8".parse::<Source>();
    let sources = Sources(network.into_iter().collect());
    let mut rest = data;
    let read = pin!(proxied_client(&mut rest, proxy, &sources)).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(read) = read else { panic!("it waits for bytes that are all there") };
    let taken = data.len() - rest.len();
    if read.is_ok() {
        // The header says its own length, and nothing beyond it is taken.
        assert_eq!(taken, 16 + usize::from(u16::from_be_bytes([data[14], data[15]])));
    }
    assert!(taken <= 16 + 2048);
});
