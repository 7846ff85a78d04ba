"""What training shows: the pages of its tree, and views with addresses of their own."""
