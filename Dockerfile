# Build: pinned toolchain, locked dependencies, always in the same folder.
FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
# `--build-arg FEATURES=otlp` for traces to an OpenTelemetry collector.
ARG FEATURES=
RUN cargo build --release --locked --features "$FEATURES" --bin sealgate && mkdir /cache

# Run: no shell, no package manager, not root; writes nowhere but into the folder of the trusted lists.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/sealgate /usr/local/bin/sealgate
# A volume that is mounted here begins as this user's.
COPY --from=build --chown=65532:65532 --chmod=0700 /cache /var/cache/sealgate
USER 65532:65532
ENV SEALGATE_CONFIG=/etc/sealgate/sealgate.toml SEALGATE_CACHE=/var/cache/sealgate
EXPOSE 8443
HEALTHCHECK --start-period=60s --interval=15s --timeout=6s \
    CMD ["/usr/local/bin/sealgate", "health", "--url", "https://127.0.0.1:8443"]
ENTRYPOINT ["/usr/local/bin/sealgate"]
# The configuration is mounted: without one, and without clients in it, the image serves nobody.
CMD ["serve"]
