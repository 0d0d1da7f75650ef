"""What readers are shown: ``terminal``, ``json`` and ``sarif`` are for diagnostics, ``html`` for IR in notebooks."""
