"""The ledger: double entry, two-phase transfers, linked chains; nothing else may hold a balance.

    requests (n, 64 bytes) --Ledger.transfers--> results (n, one byte)
         |                                          ^
         v                                          |
    batches -> ladder -> moving / resolving -> stored transfer + balances      (one kernel, rules L1 to L34)

`docs/ledger-rules.md` is the rulebook; a file here names the rules that it holds.
"""
