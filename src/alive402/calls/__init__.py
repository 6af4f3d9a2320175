"""One paid call: checked, reserved, answered, stored, settled. Jobs, admission, rate limits."""
