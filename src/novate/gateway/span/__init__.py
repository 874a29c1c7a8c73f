"""Files of SPAN: parameter files in and out, positions in, a columnar cache."""
