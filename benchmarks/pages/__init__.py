"""What the pages say of what was measured: one room for each page, and one for the pictures."""
