"""What readers are shown: ``terminal`` and ``json`` are for diagnostics, ``html`` for IR in notebooks."""
