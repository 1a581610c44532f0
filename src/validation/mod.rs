//! EN 319 102-1: signatures → indication, sub-indication, findings.
