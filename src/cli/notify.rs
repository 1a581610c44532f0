//! What the service manager is told (sd_notify(3)); nothing where there is none.

use sd_notify::NotifyState;

/// Trust is loaded, or settings are read anew.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Settings are being read anew.
pub(super) fn reloading() {
    // The time tells a reload from one that was asked for before.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(why) => tracing::warn!(%why, "the service manager could not be told"),
    }
}

/// The end has begun.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(why) = sd_notify::notify(state) {
        tracing::warn!(%why, "the service manager could not be told");
    }
}
