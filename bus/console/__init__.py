"""Who asks the ledger over HTTP: the API, and the pages over it. Calls queries; decides nothing itself."""
