"""Pages in the browser: regions and edges are drawn, a running camera is seen."""
