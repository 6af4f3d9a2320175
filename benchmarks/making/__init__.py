"""Makes what the benchmarks judge: attacks, from clips and stills of people."""
