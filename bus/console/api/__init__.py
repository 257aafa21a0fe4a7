"""The API `/api/v1`, a file a kind of thing: each route reads by a query of the ledger, records, answers."""
