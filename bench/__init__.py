"""What is measured, and how: each figure in the documentation names its command here."""
