"""Facts about functions, kept and given again until a pass changes what they rest on."""
