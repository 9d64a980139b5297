"""The programs of the end-to-end tests, built from Go modules and kept outside the checkout."""
