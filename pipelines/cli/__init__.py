"""The command ``learned-normal``, one module per group of commands."""
