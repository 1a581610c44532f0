//! Certificate and seal qualification (TS 119 615).
