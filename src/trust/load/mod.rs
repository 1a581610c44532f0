//! Sources → snapshot: list of lists by its pins and pivots, then every national list by its own signature.
