"""The text format: lexer, parser and printer."""
