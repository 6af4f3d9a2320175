"""What keeps a service running: webhooks, retention, erasure, insight, health check, tracing."""
