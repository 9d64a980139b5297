"""The deploy path on a real engine and a real Kubernetes. README.md says what is real."""
