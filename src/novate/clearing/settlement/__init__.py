"""Settlement within the day: trade by trade, by batch, or continuously net (C26 to C33)."""
