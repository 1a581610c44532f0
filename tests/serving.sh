# For scripts that ask a service: source it.

# serving BINARY LOG OPTION...: a service on a free port of loopback; sets `address` and `service`, its process.
serving() {
    local binary=$1 log=$2
    shift 2
    # A log of an earlier service says that trust is loaded, too.
    : >"$log"
    RUST_LOG=info "$binary" serve --listen 127.0.0.1:0 --offline "$@" 2>"$log" &
    service=$!
    for _ in $(seq 600); do
        if grep -q "trust is loaded" "$log"; then
            address=$(grep -om1 '127\.0\.0\.1:[1-9][0-9]*' "$log")
            return
        fi
        kill -0 "$service" 2>/dev/null || break
        sleep 0.1
    done
    kill "$service" 2>/dev/null || true
    cat "$log" >&2
    echo "the service did not start" >&2
    exit 1
}
