"""What each account may use and has used: quotas, the ledger, and the admin's pages."""
