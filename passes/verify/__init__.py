"""What is wrong with a program, found before it runs; one file each."""
