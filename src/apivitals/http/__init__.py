"""What an HTTP request or WebSocket session took, measured from outside the application."""
