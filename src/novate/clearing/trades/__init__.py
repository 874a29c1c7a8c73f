"""The door of the clearing house: from columns of text to trades that are in force."""
