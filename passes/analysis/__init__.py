"""What passes want to know about a program, computed once and kept as long as it holds."""
