"""Files of prices, positions and resources for the methods of margin."""
