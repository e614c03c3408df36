"""RecipientInfos (RFC 5652 section 6.2, RFC 9629) and keys: one module for each kind of recipient."""
