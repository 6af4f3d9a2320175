"""HOW GOOD IS IT. Measures the engine on labelled clips, by ISO/IEC 30107-3; stands on liveness alone."""
