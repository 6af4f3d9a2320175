"""Test money over HTTP: faucet, wallets, a read-only RPC of the test chain."""
