"""What any room may use, and nobody outside: checks, files, devices, progress."""
