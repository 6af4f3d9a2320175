"""What every route needs: bodies, forms, errors, schemas, request ids, security headers."""
