# Build: pinned toolchain, locked dependencies.
FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin sealgate

# Run: no shell, no package manager, not root; needs no writable file system.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/sealgate /usr/local/bin/sealgate
USER nonroot
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/sealgate"]
# Who reaches the container's port decides who may ask: publish it to loopback, or configure clients instead.
CMD ["serve", "--listen", "0.0.0.0:8080", "--allow-unauthenticated", "--trust-lists", "/var/lib/sealgate/trust-lists"]
