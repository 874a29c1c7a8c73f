"""What pays when a member fails: layers, the size of the default fund, and the drill."""
