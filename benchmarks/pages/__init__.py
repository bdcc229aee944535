"""What the pages say of what was measured: one module for each page, and one for the pictures."""
