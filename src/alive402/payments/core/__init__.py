"""Values, protocols and errors of a payment. Imports none of its siblings."""
